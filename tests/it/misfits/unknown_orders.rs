//! Webhooks about orders nobody told us of: the shop is asked, and where it does not know either, a person is.

use crossdock::simulator::shopify::{NewFulfillment, NewOrder, Settings, Tracking};
use serde_json::{Value, json};

use crate::support::winery::{Winery, order_body};

fn fulfillment(id: i64, order: i64, line: i64) -> String {
    json!({
        "id": id, "order_id": order, "status": "success", "created_at": "2026-11-22T05:00:00-08:00",
        "updated_at": "2026-11-22T05:00:00-08:00", "tracking_company": "FedEx", "tracking_numbers": ["794600000000"],
        "line_items": [{ "id": line, "quantity": 2 }],
    })
    .to_string()
}

#[tokio::test]
async fn a_fulfilment_of_an_order_we_missed_brings_the_order_in_from_the_shop() {
    let winery = Winery::open().await;
    // The order was placed while no webhook reached us.
    let all = winery.shop.webhook_settings();
    let only = |topics: &[&str]| Settings {
        topics: Some(topics.iter().map(|topic| (*topic).to_owned()).collect()),
        ..Settings::default()
    };
    winery.shop.configure_webhooks(&only(&[]));
    let id = winery.place(NewOrder::default()).await;
    assert!(winery.server.api("orders").await.as_array().unwrap().is_empty());
    winery.shop.configure_webhooks(&only(&["fulfillments/create"]));
    let tracking = Tracking { company: Some("FedEx".into()), numbers: vec!["7946".into()], urls: Vec::new() };
    winery.shop.fulfill(id, &NewFulfillment { tracking, ..NewFulfillment::default() }).unwrap();
    winery.sync().await;
    let topics: Vec<Value> = winery.server.api("deliveries").await.as_array().unwrap().clone();
    assert_eq!(topics.len(), 1, "nothing but the fulfilment was heard of");
    assert_eq!(winery.copy("1001").await["state"], "in_step");
    let shipment = winery.account.order("1001").unwrap()["shipments"][0].clone();
    assert_eq!(shipment["shipmentStatus"], "Shipped");
    assert_eq!(shipment["packages"][0]["trackingNumber"], "7946");
    winery.shop.configure_webhooks(&all);
}

#[tokio::test]
async fn a_fulfilment_of_an_order_the_shop_does_not_know_is_told_until_the_order_comes() {
    let winery = Winery::open().await;
    winery.deliver("fulfillments/create", "w1", fulfillment(9, 404, 405)).await;
    let exception = winery.only_exception("order_not_found").await;
    assert_eq!(
        (exception["channel"].as_str(), exception["order_id"].as_str()),
        (Some("cellar"), Some("404"))
    );
    assert!(winery.writes().is_empty(), "nothing is entered of an order nobody knows");
    // Asking again asks the shop again, and tells no second person.
    let asked = winery.shop.requests().len();
    winery.retry(&exception).await;
    assert_eq!(winery.shop.requests().len(), asked + 1);
    assert_eq!(winery.only_exception("order_not_found").await["id"], exception["id"]);
    // The order comes late; what was heard of it before counts.
    winery.deliver("orders/create", "w2", order_body(404, json!({ "name": "#1404" })).to_string()).await;
    assert!(winery.exceptions().await.is_empty());
    let shipment = winery.account.order("1404").unwrap()["shipments"][0].clone();
    assert_eq!(shipment["shipmentStatus"], "Shipped");
    assert_eq!(shipment["packages"][0]["trackingNumber"], "794600000000");
}
