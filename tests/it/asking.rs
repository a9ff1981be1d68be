//! The admin API: who may ask, what is answered, and what a wrong question gets.

mod lists;
mod privacy;
mod replays;

use reqwest::Method;
use serde_json::json;

use crate::support::server::{Server, TOKEN, json as read};

#[tokio::test]
async fn only_the_token_opens_the_api() {
    let server = Server::start().await;
    for path in ["summary", "orders", "orders/1", "deliveries/1", "exceptions", "nothing/at/all"] {
        let url = format!("{}/api/v1/{path}", server.url);
        for request in [
            server.http.get(&url),
            server.http.get(&url).bearer_auth("guess"),
            server.http.get(&url).bearer_auth(format!("{TOKEN}!")),
            server.http.get(&url).bearer_auth(&TOKEN[1..]),
            server.http.get(&url).basic_auth("x", Some(TOKEN)),
            server.http.get(&url).header("authorization", TOKEN),
            server.http.post(&url),
        ] {
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), 401, "{path}");
            assert_eq!(answer.headers()["www-authenticate"], "Bearer");
            assert_eq!(answer.headers()["content-type"], "application/problem+json");
            assert_eq!(read(answer).await["code"], "unauthorized");
        }
    }
    assert_eq!(server.api("summary").await["deliveries"], 0);
}

#[tokio::test]
async fn a_question_that_makes_no_sense_is_told_why() {
    let server = Server::start().await;
    for (body, status, words) in [
        (json!({}), 400, "exactly one of deliveries, orders and range"),
        (json!({ "orders": ["#1"], "deliveries": [1] }), 400, "exactly one of"),
        (json!({ "orders": ["#404"] }), 404, "no order is named «#404»; nothing was replayed"),
        (json!({ "deliveries": [9] }), 404, "there is no delivery 9; nothing was replayed"),
        (json!({ "range": {} }), 400, "a range needs since or until"),
        (json!({ "range": { "since": "yesterday" } }), 400, "since"),
        (
            json!({ "range": { "since": "2026-11-22T10:00:00Z", "state": "aplied" } }),
            400,
            "«aplied» is not known",
        ),
        (json!({ "everything": true }), 400, "unknown field `everything`"),
    ] {
        let (answered, problem) = server.tell("replay", &body).await;
        assert_eq!(answered, status, "{body}");
        assert!(problem["detail"].as_str().unwrap().contains(words), "{body} → {}", problem["detail"]);
    }
}

#[tokio::test]
async fn every_wrong_request_gets_a_problem_with_a_stable_code() {
    let server = Server::start().await;
    let table = [
        ("GET", "/api/v1/nothing", "", 404, "not_found", "nothing at this path"),
        ("GET", "/api/v1/", "", 404, "not_found", "nothing at this path"),
        ("GET", "/nothing", "", 404, "not_found", "nothing at this path"),
        ("POST", "/", "", 404, "not_found", "nothing at this path"),
        ("GET", "/api/v1/orders/404", "", 404, "not_found", "no order is named «404»"),
        ("GET", "/api/v1/deliveries/404", "", 404, "not_found", "there is no delivery 404"),
        ("GET", "/api/v1/exceptions/404", "", 404, "not_found", "there is no exception 404"),
        ("POST", "/api/v1/exceptions/404/retry", "", 404, "not_found", "there is no exception 404"),
        ("POST", "/api/v1/orders", "", 405, "method_not_allowed", "another method"),
        ("DELETE", "/api/v1/deliveries/1", "", 405, "method_not_allowed", "another method"),
        ("GET", "/api/v1/replay", "", 405, "method_not_allowed", "another method"),
        ("GET", "/webhooks/cellar", "", 405, "method_not_allowed", "another method"),
        ("POST", "/metrics", "", 405, "method_not_allowed", "another method"),
        ("GET", "/api/v1/deliveries/first", "", 400, "bad_request", "`first`"),
        ("GET", "/api/v1/deliveries/99999999999999999999", "", 400, "bad_request", "`99999999999999999999`"),
        ("POST", "/api/v1/exceptions/last/retry", "", 400, "bad_request", "`last`"),
        ("GET", "/api/v1/orders/%ff", "", 400, "bad_request", "UTF-8"),
        ("GET", "/api/v1/orders?limit=many", "", 400, "bad_request", "limit"),
        ("GET", "/api/v1/orders?before=yesterday", "", 400, "bad_request", "before"),
        ("GET", "/api/v1/orders?before_id=1", "", 400, "bad_request", "before_id goes with before"),
        ("GET", "/api/v1/orders?sate=due", "", 400, "bad_request", "unknown field `sate`"),
        ("GET", "/api/v1/orders?state=instep", "", 400, "bad_request", "choose one of in_step, due"),
        ("GET", "/api/v1/deliveries?state=lost", "", 400, "bad_request", "choose one of stored, sorted"),
        ("GET", "/api/v1/deliveries?order_id=1", "", 400, "bad_request", "unknown field `order_id`"),
        ("GET", "/api/v1/exceptions?code=bad", "", 400, "bad_request", "choose one of unreadable_delivery"),
        ("GET", "/api/v1/exceptions?open=true", "", 400, "bad_request", "unknown field `open`"),
        ("POST", "/api/v1/replay", "{", 400, "bad_request", "JSON"),
        ("POST", "/api/v1/replay", "", 400, "bad_request", "JSON"),
        ("POST", "/api/v1/replay", "[]", 400, "bad_request", "exactly one of"),
        ("POST", "/api/v1/replay", r#"{"deliveries":["1"]}"#, 400, "bad_request", "deliveries[0]"),
    ];
    for (method, path, body, status, code, words) in table {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let request = server.http.request(method.clone(), format!("{}{path}", server.url)).bearer_auth(TOKEN);
        let answer =
            request.header("content-type", "application/json").body(body.to_owned()).send().await.unwrap();
        assert_eq!(answer.status(), status, "{method} {path}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json", "{method} {path}");
        assert_eq!(answer.headers().contains_key("allow"), status == 405, "{method} {path}");
        let problem = read(answer).await;
        assert_eq!((&problem["status"], &problem["code"]), (&json!(status), &json!(code)), "{method} {path}");
        assert_eq!(problem["type"], format!("urn:crossdock:problem:{code}"));
        assert!(problem["title"].is_string());
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(words), "{method} {path}: {detail}");
    }
    let replay = format!("{}/api/v1/replay", server.url);
    let form = server.http.post(&replay).bearer_auth(TOKEN).body("orders=1").send().await.unwrap();
    assert_eq!((form.status().as_u16(), read(form).await["code"].as_str()), (415, Some("not_json")));
    let large =
        server.http.post(&replay).bearer_auth(TOKEN).json(&json!({ "orders": [" ".repeat(3 << 20)] }));
    let large = large.send().await.unwrap();
    assert_eq!((large.status().as_u16(), read(large).await["code"].as_str()), (413, Some("body_too_large")));
}

#[tokio::test]
async fn an_api_with_an_address_of_its_own_is_not_at_the_webhooks() {
    let admin = "\n[connections.cellar.limits]\n";
    let folder = tempfile::tempdir().unwrap();
    let text = crate::support::server::preamble(folder.path(), "http://127.0.0.1:9")
        .replace("[admin]\n", "[admin]\nlisten = \"127.0.0.1:0\"\n");
    let clock = crossdock::clock::Clock::system();
    let server = Server::reopen(folder, &format!("{text}{admin}"), clock, false).await;
    let api = server.app.admin_address.unwrap();
    assert_ne!(api, server.app.address);
    for (base, path, status) in [
        (&server.url, "/api/v1/summary", 404),
        (&server.url, "/livez", 200),
        (&format!("http://{api}"), "/api/v1/summary", 200),
        (&format!("http://{api}"), "/readyz", 200),
        (&format!("http://{api}"), "/metrics", 200),
        (&format!("http://{api}"), "/webhooks/cellar", 404),
    ] {
        let answer = server.http.get(format!("{base}{path}")).bearer_auth(TOKEN).send().await.unwrap();
        assert_eq!(answer.status(), status, "{base}{path}");
    }
}
