//! The admin API: who may ask, what is answered, and what a wrong question gets.

use serde_json::json;

use crate::support::server::{Server, json as read};

#[tokio::test]
async fn only_the_token_opens_the_api() {
    let server = Server::start().await;
    let url = format!("{}/api/v1/summary", server.url);
    for request in [server.http.get(&url), server.http.get(&url).bearer_auth("guess")] {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 401);
        assert_eq!(answer.headers()["www-authenticate"], "Bearer");
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        assert_eq!(read(answer).await["code"], "unauthorized");
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
        (json!({ "everything": true }), 400, "unknown field `everything`"),
    ] {
        let (answered, problem) = server.tell("replay", &body).await;
        assert_eq!(answered, status, "{body}");
        assert!(problem["detail"].as_str().unwrap().contains(words), "{body} → {}", problem["detail"]);
    }
}
