//! Webhooks: registering, bodies, signature, retries, and Capture Payment, which waits for its answer.

use std::time::Duration;

use crossdock::simulator::shiphero::{Account, Knobs, NewShipment, Options, Units};
use serde_json::{Value, json};

use super::{Served, line, new_order, number};
use crate::support::receiver::Receiver;
use crate::support::server::sign;

const CREATE: &str = "mutation M($data: CreateWebhookInput!) { webhook_create(data: $data) {
    request_id complexity webhook { id name url shop_name shared_signature_secret } } }";

async fn register(served: &Served, name: &str, url: &str) -> Value {
    let mut answer = served.ask(CREATE, json!({ "data": { "name": name, "url": url } })).await;
    assert!(answer.get("errors").is_none(), "{answer}");
    answer["data"]["webhook_create"]["webhook"].take()
}

/// Lets the sender work until its books say what is expected.
async fn until(account: &Account, what: impl Fn(&Account) -> bool) {
    let waited = async {
        while !what(account) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waited).await.expect("the sender did not get there");
}

#[tokio::test]
async fn a_secret_is_told_once_and_a_webhook_is_registered_once() {
    let served = Served::start(Options::default()).await;
    let made = register(&served, "Shipment Update", "http://127.0.0.1:9/hook").await;
    assert!(made["shared_signature_secret"].as_str().unwrap().len() >= 32);
    let listed = served
        .ask(
            "{ webhooks { data(first: 5) { edges { node { name url shared_signature_secret } } } } }",
            json!({}),
        )
        .await;
    let node = &listed["data"]["webhooks"]["data"]["edges"][0]["node"];
    assert_eq!((&node["name"], &node["shared_signature_secret"]), (&json!("Shipment Update"), &Value::Null));
    let create = async |data: Value| {
        served.ask(CREATE, json!({ "data": data })).await.pointer("/errors/0/message").cloned()
    };
    let again = json!({ "name": "Shipment Update", "url": "http://127.0.0.1:9/other" });
    assert_eq!(create(again.clone()).await, Some(json!("Webhook already exists")));
    assert!(create(json!({ "name": "Order Edited", "url": "http://127.0.0.1:9/" })).await.is_some());
    let delete =
        "mutation M($data: DeleteWebhookInput!) { webhook_delete(data: $data) { request_id complexity } }";
    let gone = served.ask(delete, json!({ "data": { "name": "Shipment Update" } })).await;
    assert!(gone["data"]["webhook_delete"]["request_id"].is_string());
    assert_eq!(
        served.ask(delete, json!({ "data": { "name": "Shipment Update" } })).await["errors"][0]["code"],
        5
    );
    assert_eq!(create(again).await, None);
}

#[tokio::test]
async fn a_shipment_is_told_signed_with_the_lines_the_client_named() {
    let mut endpoint = Receiver::start(200).await;
    let served = Served::start(Options::default()).await;
    let made = register(&served, "Shipment Update", &endpoint.url).await;
    let order = served.create(new_order("#1001")).await;
    let shipment = served.account.ship(number(&order), &NewShipment::default()).await.unwrap();
    served.account.settled().await;
    let received = endpoint.next().await;
    let secret = made["shared_signature_secret"].as_str().unwrap();
    assert_eq!(received.header("x-shiphero-hmac-sha256"), sign(secret, &received.body));
    assert_eq!(received.header("x-shiphero-message-id"), served.account.deliveries()[0].webhook_id);
    let body = received.json();
    assert_eq!(body["webhook_type"], "Shipment Update");
    let told = &body["fulfillment"];
    assert_eq!((&told["order_uuid"], &told["shipment_id"]), (&order["id"], &json!(shipment)));
    assert_eq!(
        (&told["order_number"], &told["partner_order_id"]),
        (&json!("#1001"), &json!("partner-#1001"))
    );
    assert_eq!(told["line_items"][0]["id"], "1380000001", "the id the client gave the line");
    assert_eq!(told["line_items"][0]["shiphero_id"], line(&order, 0)["legacy_id"]);
    assert_eq!(told["created_at"], "2026-11-22 12:00:00");
    let package = &body["packages"][0];
    assert_eq!(package["tracking_number"], package["shipping_label"]["tracking_number"]);
    assert_eq!(package["line_items"].as_array().unwrap().len(), 2);
    assert!(endpoint.taken().is_empty());
}

#[tokio::test]
async fn allocation_cancellation_and_stock_are_told_to_those_who_registered() {
    let mut endpoint = Receiver::start(200).await;
    let served = Served::start(Options { concurrency: 1, ..Options::default() }).await;
    for name in
        ["Order Allocated", "Order Deallocated", "Order Canceled", "Inventory Update", "Order Packed Out"]
    {
        register(&served, name, &endpoint.url).await;
    }
    let order = served.create(new_order("#1001")).await;
    let allocated = endpoint.next().await.json();
    assert_eq!(
        (&allocated["webhook_type"], &allocated["ready_to_ship"]),
        (&json!("Order Allocated"), &json!(1))
    );
    assert_eq!(allocated["line_items"][0]["item_uuid"], line(&order, 0)["id"]);
    assert_eq!(allocated["allocation_reference"], order["allocations"][0]["allocation_reference"]);

    served.account.pick(number(&order), 12, &[]).unwrap();
    served.account.pack(number(&order)).unwrap();
    let packed = endpoint.next().await.json();
    assert_eq!(
        (&packed["webhook_type"], &packed["items"][0]["sku"]),
        (&json!("Order Packed Out"), &json!("PN-2022-750"))
    );

    let data = json!({ "order_id": order["id"], "reason": "changed his mind" });
    served.mutate("order_cancel", "CancelOrderInput", data).await.unwrap();
    let (one, two) = (endpoint.next().await.json(), endpoint.next().await.json());
    assert_eq!(
        (&one["webhook_type"], &one["fulfillment-status"]),
        (&json!("Order Canceled"), &json!("canceled"))
    );
    assert_eq!(two["webhook_type"], "Order Deallocated");

    served.account.set_stock("CORK-1", 37);
    let told = endpoint.next().await.json();
    assert_eq!(told["inventory"][0]["on_hand"], "37", "numbers are texts here");
    assert_eq!(told["inventory"][0]["updated_warehouse"]["identifier"], "Primary");
    served.account.settled().await;
    assert!(endpoint.taken().is_empty());
}

#[tokio::test]
async fn a_failing_receiver_is_tried_six_times_with_one_message_id() {
    let mut endpoint = Receiver::start(500).await;
    let served = Served::start(Options::default()).await;
    register(&served, "Order Canceled", &endpoint.url).await;
    let order = served.create(new_order("#1001")).await;
    served.account.cancel(number(&order), "").unwrap();
    let first = endpoint.next().await;
    for tries in 1..=5_usize {
        until(&served.account, |account| account.deliveries()[0].attempts.len() == tries).await;
        served.advance(60 << (tries - 1));
        let again = endpoint.next().await;
        assert_eq!(again.body, first.body);
        assert_eq!(again.header("x-shiphero-message-id"), first.header("x-shiphero-message-id"));
    }
    served.account.settled().await;
    let delivery = &served.account.deliveries()[0];
    assert!(delivery.gave_up && delivery.attempts.len() == 6);
}

#[tokio::test]
async fn the_knobs_double_and_drop() {
    let mut endpoint = Receiver::start(200).await;
    let served = Served::start(Options::default()).await;
    register(&served, "Order Allocated", &endpoint.url).await;
    served.account.set_knobs(Knobs { duplicate: 1.0, ..Knobs::default() });
    served.create(new_order("#1001")).await;
    let (one, two) = (endpoint.next().await, endpoint.next().await);
    assert_eq!(one.header("x-shiphero-message-id"), two.header("x-shiphero-message-id"));
    served.account.set_knobs(Knobs { drop: 1.0, ..Knobs::default() });
    served.create(new_order("#1002")).await;
    served.account.settled().await;
    assert!(endpoint.taken().is_empty());
    assert!(served.account.deliveries()[2].dropped);
}

#[tokio::test]
async fn capture_payment_stops_the_packer_when_the_answer_is_no() {
    let mut endpoint = Receiver::start(402).await;
    let served = Served::start(Options::default()).await;
    let made = register(&served, "Capture Payment", &endpoint.url).await;
    let order = served.create(new_order("#1001")).await;
    let refused = served.account.ship(number(&order), &NewShipment::default()).await.unwrap_err();
    assert!(refused.message.contains("Capture Payment"));
    let asked = endpoint.next().await;
    assert_eq!(
        asked.header("x-shiphero-hmac-sha256"),
        sign(made["shared_signature_secret"].as_str().unwrap(), &asked.body)
    );
    assert_eq!(asked.json()["line_items"][0]["id"], "1380000001");
    let held = served.read(&order["id"]).await;
    assert_eq!(held["holds"]["payment_hold"], true);
    assert_eq!(held["shipments"], json!([]));
    endpoint.answer(200);
    served.account.hold(number(&order), "payment_hold", false).unwrap();
    served.account.ship(number(&order), &NewShipment::default()).await.unwrap();
    assert_eq!(served.read(&order["id"]).await["fulfillment_status"], "fulfilled");
}

#[tokio::test]
async fn webhooks_can_be_registered_from_the_start() {
    let mut endpoint = Receiver::start(200).await;
    let options = Options {
        webhook_url: Some(endpoint.url.clone()),
        webhook_types: vec!["Order Allocated".into()],
        webhook_secret: Some("hush".into()),
        ..Options::default()
    };
    let served = Served::start(options).await;
    served.create(new_order("#1001")).await;
    let received = endpoint.next().await;
    assert_eq!(received.header("x-shiphero-hmac-sha256"), sign("hush", &received.body));
}

#[tokio::test]
async fn totes_and_containers_are_told_each_in_its_own_shape() {
    let mut endpoint = Receiver::start(200).await;
    let served = Served::start(Options { concurrency: 1, ..Options::default() }).await;
    register(&served, "Tote Complete", &endpoint.url).await;
    register(&served, "Package Added", &endpoint.url).await;
    let order = served.create(new_order("#1001")).await;
    let one = Units { line_item: line(&order, 0)["legacy_id"].as_i64().unwrap(), quantity: 1 };
    served.account.pick(number(&order), 12, &[one]).unwrap();
    served.account.pick(number(&order), 12, &[]).unwrap();
    let full = endpoint.next().await.json();
    assert_eq!(full["webhook_type"], "Tote Complete");
    assert_eq!(full["totes"][0]["orders"][0]["order_number"], "#1001", "it names orders by number only");
    assert_eq!(full["totes"][0]["orders"][0]["items"][0], json!({ "sku": "PN-2022-750", "quantity": 2 }));
    let shipment = served.account.ship(number(&order), &NewShipment::default()).await.unwrap();
    served.account.add_package(shipment).unwrap();
    let added = endpoint.next().await.json();
    assert_eq!(added["webhook_type"], Value::Null, "the type stands inside");
    assert_eq!(added["fulfillment"]["webhook_type"], "Package Added");
    assert_eq!(added["fulfillment"]["shipment_id"], shipment);
    served.account.settled().await;
    assert!(endpoint.taken().is_empty());
}

#[tokio::test]
async fn a_webhook_for_one_shop_hears_nothing_of_another() {
    let mut endpoint = Receiver::start(200).await;
    let served = Served::start(Options::default()).await;
    let data =
        json!({ "name": "Order Allocated", "url": endpoint.url, "shop_name": "cellar-nine.myshopify.com" });
    served.ask(CREATE, json!({ "data": data })).await;
    let mut other = new_order("#1");
    other["shop_name"] = "somebody-else.myshopify.com".into();
    served.create(other).await;
    served.create(new_order("#2")).await;
    assert_eq!(endpoint.next().await.json()["order_number"], "#2");
    served.account.settled().await;
    assert_eq!(served.account.deliveries().len(), 1);
}
