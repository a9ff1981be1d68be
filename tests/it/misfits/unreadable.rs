//! Bodies that are signed and make no sense: kept byte for byte, told with a stable code, and in nobody's way.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use crossdock::simulator::shopify::NewOrder;
use serde_json::{Value, json};

use crate::support::winery::{Winery, order_body};

/// Topic, body, and words of what is told.
const BODIES: &[(&str, &[u8], &str)] = &[
    ("orders/create", b"{\"id\": 1, \"name\": \"\xff\xfe\"}", "is not JSON"),
    ("orders/create", b"\x00\x01\x02", "is not JSON"),
    ("orders/create", b"id=1&name=%231001", "is not JSON"),
    ("orders/create", b"{\"id\": 1, ", "ends in the middle of its JSON"),
    ("orders/create", b"{\"id\": 1} {\"id\": 2}", "is not JSON"),
    ("orders/create", b"[{\"id\": 1}]", "is a list, not an object"),
    ("orders/create", b"\"1\"", "orders/create"),
    ("orders/create", b"null", "orders/create"),
    ("orders/create", b"{\"order\": {\"id\": 1}}", "`id` is missing"),
    ("orders/updated", b"{\"id\": 1e17}", "id: expected a 64-bit integer id"),
    ("orders/updated", b"{\"id\": 99999999999999999999}", "id: expected a 64-bit integer id"),
    ("orders/updated", b"{\"id\": 1, \"line_items\": {}}", "line_items: expected"),
    ("orders/edited", b"{\"order_edit\": {\"id\": 1}}", "`order_id` is missing"),
    (
        "fulfillments/create",
        b"{\"id\": 1, \"updated_at\": \"2026-11-22T05:00:00-08:00\"}",
        "order_id: missing",
    ),
    (
        "fulfillments/update",
        b"{\"id\": 1, \"order_id\": 1, \"updated_at\": \"yesterday\"}",
        "updated_at: expected a time",
    ),
    ("refunds/create", b"{\"id\": 1, \"order_id\": 1}", "created_at: missing"),
];

#[tokio::test]
async fn a_body_that_makes_no_sense_is_kept_and_told_and_holds_up_nobody() {
    let winery = Winery::open().await;
    for (at, (topic, body, _)) in BODIES.iter().enumerate() {
        assert_eq!(winery.server.deliver(topic, &format!("w{at}"), body).await, 200, "{at}");
    }
    // A sound order behind all of them.
    winery.place(NewOrder::default()).await;
    assert_eq!(winery.copy("1001").await["state"], "in_step");

    let exceptions = winery.exceptions().await;
    assert_eq!(exceptions.len(), BODIES.len());
    for ((at, (topic, body, words)), (code, exception)) in
        BODIES.iter().enumerate().zip(exceptions.iter().rev())
    {
        let id = i64::try_from(at).unwrap() + 1;
        assert_eq!((code.as_str(), exception["delivery_id"].as_i64()), ("unreadable_delivery", Some(id)));
        let message = exception["message"].as_str().unwrap();
        assert!(message.contains(words), "{topic} {}: {message}", String::from_utf8_lossy(body));
        let shown = winery.server.api(&format!("deliveries/{id}")).await;
        assert_eq!(shown["delivery"]["state"], "exception");
        assert!(shown["delivery"]["reason"].as_str().unwrap().starts_with("unreadable_delivery: "));
        assert_eq!(BASE64.decode(shown["body_base64"].as_str().unwrap()).unwrap(), *body, "byte for byte");
        assert_eq!(shown["body"].is_null(), std::str::from_utf8(body).is_err());
    }
    let summary = winery.server.api("summary").await;
    assert_eq!(
        (&summary["unsorted"], &summary["due"], &summary["out_of_step"]),
        (&json!(0), &json!(0), &json!(0))
    );
}

#[tokio::test]
async fn what_cannot_be_understood_is_understood_anew_by_a_retry_or_a_replay() {
    let winery = Winery::open().await;
    winery.deliver("orders/create", "w1", "{").await;
    let first = winery.only_exception("unreadable_delivery").await;
    // Nothing has changed, so it ends the same way: one is over, one is open.
    winery.retry(&first).await;
    let second = winery.only_exception("unreadable_delivery").await;
    assert_ne!(first["id"], second["id"]);
    let (status, problem) =
        winery.server.tell(&format!("exceptions/{}/retry", first["id"]), &Value::Null).await;
    assert_eq!((status, problem["code"].as_str()), (400, Some("bad_request")), "{problem}");
    let (status, answer) = winery.server.tell("replay", &json!({ "deliveries": [1] })).await;
    assert_eq!((status, answer["deliveries"].as_i64()), (200, Some(1)));
    winery.sync().await;
    winery.only_exception("unreadable_delivery").await;
    assert_eq!(winery.server.api("exceptions?closed=true").await.as_array().unwrap().len(), 3);
    assert_eq!(winery.server.api("deliveries/1").await["delivery"]["state"], "exception");
}

#[tokio::test]
async fn another_shops_delivery_is_told_and_changes_nothing() {
    let winery = Winery::open().await;
    let body = order_body(1, json!({})).to_string();
    let signature = crate::support::server::sign(crate::support::server::SECRET, body.as_bytes());
    // The name of the shop is not signed, so it proves nothing either way.
    let request = winery
        .server
        .http
        .post(format!("{}/webhooks/cellar", winery.server.url))
        .header("Content-Type", "application/json")
        .header("X-Shopify-Topic", "orders/create")
        .header("X-Shopify-Shop-Domain", "another.myshopify.com")
        .header("X-Shopify-API-Version", "2026-10")
        .header("X-Shopify-Webhook-Id", "w1")
        .header("X-Shopify-Hmac-Sha256", signature)
        .body(body);
    assert_eq!(request.send().await.unwrap().status(), 200);
    winery.sync().await;
    let exception = winery.only_exception("wrong_shop").await;
    assert!(exception["message"].as_str().unwrap().contains("another.myshopify.com"));
    assert!(winery.server.api("orders").await.as_array().unwrap().is_empty());
    assert!(winery.account.requests().is_empty());
}
