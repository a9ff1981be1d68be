//! The remote control: everything people do, over HTTP and without a token.

use crossdock::simulator::shiphero::Options;
use serde_json::{Value, json};

use super::{Served, new_order};

#[tokio::test]
async fn a_whole_day_in_the_warehouse_goes_over_the_remote_control() {
    let served = Served::start(Options::default()).await;
    let (status, placed) = served.sim("/orders", new_order("#1001")).await;
    assert_eq!(status, 200, "{placed}");
    let id = placed["id"].as_i64().unwrap();
    let act = async |action: &str, body: Value| {
        let (status, answer) = served.sim(&format!("/orders/{id}/{action}"), body).await;
        assert_eq!(status, 200, "{action}: {answer}");
        answer
    };
    act("edit", json!({ "packing_note": "by hand", "holds": { "fraud_hold": true } })).await;
    act("hold", json!({ "hold": "fraud_hold", "on": false })).await;
    act("deallocate", json!({})).await;
    act("allocate", json!({})).await;
    act("lock", json!({})).await;
    act("pick", json!({ "tote": 7 })).await;
    act("clear", json!({})).await;
    act("pick", json!({})).await;
    act("pack", json!({})).await;
    let shipment = act("ship", json!({ "bulk": true })).await["id"].clone();
    assert_eq!(served.sim(&format!("/shipments/{shipment}/complete"), json!({})).await.0, 200);
    assert_eq!(served.sim(&format!("/shipments/{shipment}/package-added"), json!({})).await.0, 200);
    assert_eq!(served.sim(&format!("/shipments/{shipment}/void"), json!({})).await.0, 200);
    act("cancel", json!({ "reason": "never mind" })).await;
    let get = async |path: &str| -> Value {
        served.client.get(format!("{}/sim{path}", served.base)).send().await.unwrap().json().await.unwrap()
    };
    let order = get(&format!("/orders/{id}")).await;
    assert_eq!(
        (&order["fulfillment_status"], &order["packing_note"]),
        (&json!("canceled"), &json!("by hand"))
    );
    let history = get(&format!("/orders/{id}/history")).await;
    assert!(history.as_array().unwrap().iter().all(|entry| entry["who"] == "person"));
    assert_eq!(get("/summary").await["shipments"], 1);
    assert_eq!(get("/orders").await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_was_asked_can_be_read_back() {
    let served = Served::start(Options::default()).await;
    served.create(new_order("#1001")).await;
    served.ask("{ me { data { email } } }", json!({})).await;
    let last = served.account.last_requests(1);
    assert_eq!(last[0].operations, ["me"]);
    let first = &served.account.requests()[0];
    assert_eq!(first.operations, ["order_create"]);
    assert_eq!(first.variables["data"]["order_number"], "#1001");
    assert!(first.answer["data"]["order_create"]["order"]["id"].is_string());
    assert_eq!(served.account.summary()["operations"]["order_create"], 1);
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_in_words() {
    let served = Served::start(Options::default()).await;
    let (status, answer) = served.sim("/orders/1/pick", json!({})).await;
    assert_eq!((status, &answer["error"]), (404, &json!("Order not found")));
    let id = served.account.place(&new_order("#1001")).unwrap();
    for (action, body, expected) in [
        ("dance", json!({}), 404),
        ("hold", json!({ "hold": "shipping_method_hold", "on": true }), 422),
        ("pack", json!({}), 422),
        ("pick", json!({ "units": [{ "line_item": 1, "quantity": 1 }] }), 422),
        ("ship", json!({ "colour": "red" }), 422),
        ("split", json!({ "units": [] }), 422),
        ("merge", json!({ "with": id }), 422),
        ("edit", json!({ "email": "not@changed.example" }), 422),
    ] {
        let (status, answer) = served.sim(&format!("/orders/{id}/{action}"), body).await;
        assert_eq!(status, expected, "{action}: {answer}");
        assert!(answer["error"].is_string());
    }
    let (status, _) = served.sim("/done-with-errors", json!({ "times": 1 })).await;
    assert_eq!(status, 204);
    let (status, _) = served.sim("/webhooks", json!({ "duplicate": 1.0 })).await;
    assert_eq!(status, 200);
    assert!((served.account.knobs().duplicate - 1.0).abs() < f64::EPSILON);
}
