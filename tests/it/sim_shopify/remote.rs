//! The remote control under `/sim`.

use crossdock::simulator::shopify::Options;
use serde_json::{Value, json};

use super::{Receiver, Served};

#[tokio::test]
async fn every_action_can_be_called() {
    let served = Served::start(Options::default()).await;
    let (status, placed) = served.sim("POST", "/sim/orders", "{}").await;
    assert_eq!(status, 200);
    let id = placed["id"].as_i64().unwrap();
    let order = served.sim("GET", &format!("/sim/orders/{id}"), "").await.1;
    assert_eq!(order["rest"]["id"].as_i64(), Some(id));
    assert_eq!(order["graphql"]["name"], "#1001");
    let line = order["rest"]["line_items"][0]["id"].as_i64().unwrap();

    let mut fulfillment = 0;
    for (action, body) in [
        ("edit", json!({ "add": [{ "title": "Corkscrew", "quantity": 1, "price": "9.50" }] })),
        ("edit", json!({ "set_quantity": [{ "line_id": line, "quantity": 4 }] })),
        ("change_shipping_line", json!({ "title": "UPS Ground", "price": "12.00" })),
        ("set_shipping_address", json!({ "city": "Fresno", "zip": "93721" })),
        ("set_attributes", json!([{ "name": "birthdate", "value": "1980-02-29" }])),
        ("set_tags", json!(["club"])),
        ("set_note", json!("leave at the door")),
        ("set_note", Value::Null),
        ("hold", json!({ "reason": "incorrect_address", "notes": "which door?" })),
        ("release", json!({})),
        ("call_off", json!({})),
        ("assess", json!("investigate")),
        (
            "fulfill",
            json!({ "lines": [{ "line_id": line, "quantity": 1 }], "tracking": { "company": "UPS" } }),
        ),
        ("update_tracking", json!({ "tracking": { "company": "FedEx", "numbers": ["1", "2"] } })),
        ("set_shipment_status", json!({ "event": { "status": "in_transit" } })),
        ("cancel_fulfillment", json!({})),
        ("refund", json!({ "lines": [{ "line_id": line, "quantity": 1, "restock": "cancel" }] })),
        ("close", json!({})),
        ("reopen", json!({})),
        ("cancel", json!({ "reason": "fraud" })),
        ("delete", json!({})),
    ] {
        let mut body = body;
        if ["update_tracking", "set_shipment_status", "cancel_fulfillment"].contains(&action) {
            body["fulfillment_id"] = json!(fulfillment);
        }
        let path = format!("/sim/orders/{id}/{action}");
        let (status, answer) = served.sim("POST", &path, &body.to_string()).await;
        assert_eq!(status, 200, "{action}: {answer}");
        if action == "fulfill" {
            fulfillment = answer["id"].as_i64().unwrap();
        }
    }
    assert_eq!(served.sim("GET", &format!("/sim/orders/{id}"), "").await.0, 404);

    let (_, placed) = served.sim("POST", "/sim/orders", r#"{"payment": "pending"}"#).await;
    let id = placed["id"].as_i64().unwrap();
    for (action, body, expected) in [
        ("authorize", "", 200),
        ("void", "", 200),
        ("mark_paid", r#"{"amount": "10.00"}"#, 200),
        ("mark_paid", "", 200),
        ("mark_paid", "", 422),
        ("edit", r#"{"nonsense": 1}"#, 422),
        ("nonsense", "", 404),
    ] {
        let (status, answer) = served.sim("POST", &format!("/sim/orders/{id}/{action}"), body).await;
        assert_eq!(status, expected, "{action}: {answer}");
        assert_eq!(answer["error"].is_string(), expected != 200);
    }
    let orders = served.sim("GET", "/sim/orders", "").await.1;
    assert_eq!(orders[0]["financial_status"], "paid");
}

#[tokio::test]
async fn webhooks_faults_and_generated_orders_are_set_from_outside() {
    let endpoint = Receiver::start(200).await;
    let served = Served::start(Options::default()).await;
    tokio::spawn({
        let (shop, halt) = (served.shop.clone(), served.halt.clone());
        async move { shop.run(halt).await }
    });
    let settings = json!({ "url": endpoint.url, "topics": ["orders/create"], "duplicate": 1.0 }).to_string();
    let (status, answer) = served.sim("POST", "/sim/webhooks", &settings).await;
    assert_eq!((status, &answer["duplicate"], &answer["signing_secret"]), (200, &json!(1.0), &Value::Null));

    let asked = r#"{"count": 5, "seed": 3}"#;
    let generated = served.sim("POST", "/sim/generate", asked).await.1;
    assert_eq!(generated["ids"].as_array().unwrap().len(), 5);
    served.shop.settled().await;
    let deliveries = served.sim("GET", "/sim/deliveries", "").await.1;
    assert_eq!(deliveries.as_array().unwrap().len(), 10);
    assert_eq!(deliveries[0]["attempts"][0]["outcome"], json!({ "status": 200 }));

    served.sim("POST", "/sim/faults", r#"{"fault": {"error": 503}, "path": "graphql"}"#).await;
    let url = format!("{}/admin/api/2026-10/graphql.json", served.base);
    assert_eq!(served.client.post(url).send().await.unwrap().status(), 503);
    let random = r#"{"seed": 1, "rate": 1.0, "faults": [{"throttle": 2}]}"#;
    assert_eq!(served.sim("POST", "/sim/faults/random", random).await.0, 204);
    assert_eq!(served.sim("DELETE", "/sim/faults", "").await.0, 204);
    let answer = served.ask("{ ordersCount { count precision } }", json!({})).await;
    assert_eq!(answer["data"]["ordersCount"], json!({ "count": 5, "precision": "EXACT" }));
    let summary = served.sim("GET", "/sim/summary", "").await.1;
    assert_eq!(summary["orders"], 5);
    assert_eq!(summary["deliveries"]["acknowledged"], 10);
    assert_eq!(summary["faults_struck"], 1);
    let requests = served.sim("GET", "/sim/requests", "").await.1;
    assert_eq!(requests[0]["answer"]["data"], answer["data"]);
}

/// The same seed gives the same shop, to the last id.
#[tokio::test]
async fn everything_follows_from_the_seed() {
    let make = || {
        let (shop, _) = super::shop(Options {
            seed: 42,
            webhook_url: Some("http://127.0.0.1:9/".into()),
            ..Options::default()
        });
        for new in crossdock::simulator::shopify::generate::orders(8, 30, shop.profile()) {
            shop.place_order(&new).unwrap();
        }
        shop
    };
    let (one, two) = (make(), make());
    assert_eq!(one.orders(), two.orders());
    assert_eq!(one.deliveries(), two.deliveries());
}
