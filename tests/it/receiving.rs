//! `POST /webhooks/{connection}`: every answer, and that what is acknowledged is stored.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::server::{SECRET, Server, json, preamble, sign, specs};

async fn stored(server: &Server) -> i64 {
    server.app.engine.store().counts().await.unwrap().deliveries
}

#[tokio::test]
async fn a_signed_delivery_is_stored_once_and_a_repeat_is_answered_alike() {
    let server = Server::start().await;
    assert_eq!(server.deliver("orders/create", "w1", r#"{"id":1}"#).await, 200);
    assert_eq!(server.deliver("orders/create", "w1", r#"{"id":1}"#).await, 200);
    let rows = server.api("deliveries").await;
    assert_eq!(rows.as_array().unwrap().len(), 2);
    assert_eq!((rows[0]["state"].as_str(), rows[0]["duplicate_of"].as_i64()), (Some("duplicate"), Some(1)));
    assert_eq!(rows[1]["headers"]["x-shopify-shop-domain"], "cellar-nine.myshopify.com");
    let shown = server.api("deliveries/1").await;
    assert_eq!(shown["body"], r#"{"id":1}"#);
}

#[tokio::test]
async fn either_active_secret_signs() {
    let server = Server::start().await;
    let body = br#"{"id":1}"#;
    for (at, secret) in [SECRET, "older hush"].into_iter().enumerate() {
        let request = server.unsigned("orders/create", &format!("w{at}"), body.to_vec());
        let answer = request.header("x-shopify-hmac-sha256", sign(secret, body)).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{secret}");
    }
}

#[tokio::test]
async fn what_is_not_signed_by_us_is_refused_without_a_hint() {
    let server = Server::start().await;
    let body = br#"{"id":1}"#.to_vec();
    let tampered = br#"{"id":2}"#.to_vec();
    for (signature, body) in [
        (sign("another secret", &body), body.clone()),
        (sign(SECRET, &body), tampered),
        ("fake".to_owned(), body.clone()),
        (sign(SECRET, &body).trim_end_matches('=').to_owned(), body.clone()),
    ] {
        let request = server.unsigned("orders/create", "w", body);
        let answer = request.header("X-Shopify-Hmac-Sha256", signature).send().await.unwrap();
        assert_eq!(answer.status(), 401);
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        let problem = json(answer).await;
        assert_eq!(problem["detail"], "the signature is not accepted");
    }
    assert_eq!(stored(&server).await, 0);
}

#[tokio::test]
async fn missing_headers_are_all_named() {
    let server = Server::start().await;
    let url = format!("{}/webhooks/cellar", server.url);
    let problem = |answer| async move { json(answer).await["detail"].as_str().unwrap().to_owned() };
    let bare =
        server.http.post(&url).header("Content-Type", "application/json").body("{}").send().await.unwrap();
    assert_eq!(bare.status(), 400);
    assert_eq!(
        problem(bare).await,
        "missing or empty: x-shopify-topic, x-shopify-webhook-id, x-shopify-hmac-sha256, x-shopify-shop-domain, \
         x-shopify-api-version"
    );
    let request = server.unsigned("orders/create", "w", "{}").header("X-Shopify-Hmac-Sha256", "");
    let empty = request.send().await.unwrap();
    assert_eq!(empty.status(), 400);
    assert_eq!(problem(empty).await, "missing or empty: x-shopify-hmac-sha256");
}

#[tokio::test]
async fn each_wrong_request_has_its_answer() {
    let server = Server::start().await;
    let signed = |body: &[u8], id: &str| {
        let signature = sign(SECRET, body);
        server.unsigned("orders/create", id, body.to_vec()).header("X-Shopify-Hmac-Sha256", signature)
    };
    let status =
        |request: reqwest::RequestBuilder| async move { request.send().await.unwrap().status().as_u16() };
    assert_eq!(status(signed(b"", "empty")).await, 400);
    assert_eq!(status(signed(&vec![b' '; 11 << 20], "large")).await, 413);
    let form = server.http.post(format!("{}/webhooks/cellar", server.url)).body("a=b");
    assert_eq!(status(form.header("Content-Type", "application/x-www-form-urlencoded")).await, 415);
    let nobody = server.http.post(format!("{}/webhooks/nobody", server.url)).body("{}");
    assert_eq!(status(nobody).await, 404);
    assert_eq!(status(server.http.get(format!("{}/webhooks/cellar", server.url))).await, 405);
    assert_eq!(stored(&server).await, 0);
    // No content type is no claim to be something else; suffixes and parameters are JSON still.
    for (at, kind) in ["application/json; charset=utf-8", "application/vnd.api+json"].into_iter().enumerate()
    {
        let body = format!("{{\"id\":{at}}}");
        let signature = sign(SECRET, body.as_bytes());
        let request =
            server.http.post(format!("{}/webhooks/cellar", server.url)).header("Content-Type", kind);
        let request = request.header("X-Shopify-Topic", "orders/create").header("X-Shopify-Webhook-Id", kind);
        let request = request.header("X-Shopify-Shop-Domain", "x").header("X-Shopify-API-Version", "2026-10");
        assert_eq!(
            status(request.header("X-Shopify-Hmac-Sha256", signature).body(body)).await,
            200,
            "{kind}"
        );
    }
}

#[tokio::test]
async fn a_large_body_that_hides_its_length_is_cut_off() {
    let server = Server::start().await;
    let chunks = futures_util::stream::iter((0..12).map(|_| Ok::<_, std::io::Error>(vec![b' '; 1 << 20])));
    let request = server.unsigned("orders/create", "w", "").header("X-Shopify-Hmac-Sha256", "x");
    let request = request.body(reqwest::Body::wrap_stream(chunks));
    // The server may answer, or close while we still send; it never reads to the end.
    if let Ok(answer) = request.send().await {
        assert_eq!(answer.status(), 413);
    }
    assert_eq!(stored(&server).await, 0);
}

#[tokio::test]
async fn a_body_that_drips_in_is_given_up_and_holds_up_nobody() {
    let server = Server::start().await;
    let mut slow = tokio::net::TcpStream::connect(server.app.address).await.unwrap();
    let head = "POST /webhooks/cellar HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\nX-Shopify-Topic: orders/create\r\n\
                X-Shopify-Webhook-Id: slow\r\nX-Shopify-Hmac-Sha256: x\r\nX-Shopify-Shop-Domain: x\r\n\
                X-Shopify-API-Version: x\r\n\r\n{";
    slow.write_all(head.as_bytes()).await.unwrap();
    assert_eq!(server.deliver("orders/create", "quick", "{}").await, 200);
    let mut answer = String::new();
    let read = tokio::time::timeout(Duration::from_secs(5), slow.read_to_string(&mut answer)).await;
    read.expect("answered within the deadline").unwrap();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert_eq!(stored(&server).await, 1);
}

#[tokio::test]
async fn storage_that_refuses_is_told_and_the_sender_keeps_what_it_has() {
    let server = Server::start().await;
    server.app.engine.store().close().await;
    let body = br#"{"id":1}"#;
    let request = server.unsigned("orders/create", "w", body.to_vec());
    let answer = request.header("X-Shopify-Hmac-Sha256", sign(SECRET, body)).send().await.unwrap();
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.headers()["retry-after"], "5");
    let ready = server.http.get(format!("{}/readyz", server.url)).send().await.unwrap();
    assert_eq!(ready.status(), 503);
    let live = server.http.get(format!("{}/livez", server.url)).send().await.unwrap();
    assert_eq!(live.status(), 200);
}

#[tokio::test]
async fn fifty_identical_deliveries_at_once_are_one() {
    let server = std::sync::Arc::new(Server::start().await);
    let tries = (0..50).map(|_| {
        let server = server.clone();
        tokio::spawn(async move { server.deliver("orders/create", "same", r#"{"id":7}"#).await })
    });
    for status in futures_util::future::join_all(tries).await {
        assert_eq!(status.unwrap(), 200);
    }
    let counts = server.app.engine.store().counts().await.unwrap();
    assert_eq!((counts.deliveries, counts.duplicates), (50, 49));
}

#[tokio::test]
async fn a_stop_answers_what_was_let_in_and_keeps_it() {
    let server = Server::start().await;
    let mut tries = tokio::task::JoinSet::new();
    for at in 0..40 {
        let body = format!("{{\"id\":{at}}}");
        let signature = sign(SECRET, body.as_bytes());
        let request = server.unsigned("orders/create", &at.to_string(), body);
        tries.spawn(async move { request.header("X-Shopify-Hmac-Sha256", signature).send().await });
    }
    tokio::task::yield_now().await;
    let Server { app, folder, .. } = server;
    app.stop().await;
    let mut acknowledged = 0;
    while let Some(answer) = tries.join_next().await {
        // A connection that was not accepted in time is refused, and its sender comes back.
        acknowledged += i64::from(answer.unwrap().is_ok_and(|answer| answer.status() == 200));
    }
    let text = preamble(folder.path(), "http://127.0.0.1:9");
    let again = Server::reopen(folder, &text, crossdock::clock::Clock::system(), false).await;
    assert!(stored(&again).await >= acknowledged);
}

#[tokio::test]
async fn every_published_signature_vector_is_answered_as_it_says() {
    let Some(specs) = specs("the signature vectors") else { return };
    let text = std::fs::read_to_string(specs.join("shopify/hmac/vectors.json")).unwrap();
    let vectors: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert!(vectors.len() >= 15);
    for vector in vectors {
        let name = vector["name"].as_str().unwrap();
        let body = match vector["body_base64"].as_str() {
            Some(base64) => BASE64.decode(base64).unwrap(),
            None => [b"{\"p\":\"".as_slice(), &vec![b'x'; 1_048_560], b"\"}"].concat(),
        };
        let folder = tempfile::tempdir().unwrap();
        let text = preamble(folder.path(), "http://127.0.0.1:9");
        // The one vector that is to be refused says which secret is configured instead.
        let note = vector["note"].as_str().unwrap_or_default();
        let configured = note.split("configured secret is \"").nth(1).and_then(|rest| rest.split('"').next());
        let secret = configured.unwrap_or_else(|| vector["secret"].as_str().unwrap());
        std::fs::write(folder.path().join("secret"), secret).unwrap();
        let server = Server::reopen(folder, &text, crossdock::clock::Clock::system(), false).await;
        let hmac = vector["hmac_base64"].as_str().unwrap();
        // Ruby's encoder ends the header in a newline; what a header can carry of that is a blank.
        for signature in [hmac.to_owned(), format!("{hmac} ")] {
            let request = server.unsigned("orders/create", &signature, body.clone());
            let answer = request.header("X-Shopify-Hmac-Sha256", &signature).send().await.unwrap();
            let expected = match (configured, body.is_empty()) {
                (Some(_), _) => 401,
                (None, true) => 400,
                (None, false) => 200,
            };
            assert_eq!(answer.status(), expected, "{name}");
        }
        let kept = i64::from(configured.is_none() && !body.is_empty()) * 2;
        assert_eq!(stored(&server).await, kept, "{name}");
        if kept > 0 {
            let shown = server.api("deliveries/1").await;
            assert_eq!(
                BASE64.decode(shown["body_base64"].as_str().unwrap()).unwrap(),
                body,
                "{name}: byte for byte"
            );
        }
        // Whatever the body holds, looking at it harms nothing.
        server.settle().await;
        assert_eq!(server.app.engine.store().counts().await.unwrap().unsorted, 0, "{name}");
    }
}
