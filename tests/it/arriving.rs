//! What happens to parcels after they left, through real requests: the shop's own reach the compliance service, the warehouse's
//! and the compliance service's reach the shop.

use std::time::Duration;

use crossdock::domain::fulfillment::DeliveryStatus;
use crossdock::simulator::shiphero::{NewPackage, NewShipment, Units, Way};
use crossdock::simulator::shopify::order::ShipmentStatus;
use crossdock::simulator::shopify::{FulfillUnits, NewFulfillment, NewOrder, NewShipmentEvent, Tracking};
use serde_json::{Value, json};

use crate::support::winery::{House, Winery, order_body};

/// A little more than the time between two looks at an open order.
const POLL: Duration = Duration::from_secs(330);
/// A little more than the time between two looks at an order of the warehouse whose parcels are on their way.
const SCANS: Duration = Duration::from_hours(13);

impl Winery {
    /// The shop ships units of the order's one line by itself; gives the fulfilment.
    async fn ship_by_the_shop(&self, id: i64, quantity: u32, number: &str) -> i64 {
        let line_id = self.shop.order(id).unwrap().lines[0].id;
        let numbers = vec![number.to_owned()];
        let tracking = Tracking { company: Some("FedEx".into()), numbers, urls: Vec::new() };
        let lines = vec![FulfillUnits { line_id, quantity }];
        let new = NewFulfillment { lines, tracking, ..NewFulfillment::default() };
        let made = self.shop.fulfill(id, &new).unwrap();
        self.sync().await;
        made
    }

    /// The shop learns how far a parcel has come.
    async fn scan_at_the_shop(&self, id: i64, fulfillment: i64, status: ShipmentStatus) {
        let event =
            NewShipmentEvent { status, message: None, happened_at: None, estimated_delivery_at: None };
        self.shop.set_shipment_status(id, fulfillment, &event).unwrap();
        self.sync().await;
    }

    fn status_there(&self, key: &str) -> Value {
        self.account.order(key).unwrap()["shipments"][0]["shipmentStatus"].clone()
    }

    /// How far each parcel has come, as the shop was told, by its number.
    fn ways(&self, id: i64) -> Vec<(String, Vec<ShipmentStatus>)> {
        let made = self.shop.order(id).unwrap().fulfillments.into_iter();
        let mut ways: Vec<_> =
            made.map(|f| (f.numbers.concat(), f.events.iter().map(|event| event.status).collect())).collect();
        ways.sort_by(|a, b| a.0.cmp(&b.0));
        ways
    }
}

#[tokio::test]
async fn what_the_shop_shipped_itself_is_delivered_at_shipcompliant_once_all_of_it_was_and_never_less_again()
{
    let winery = Winery::open().await;
    let id = winery.place(NewOrder::default()).await;
    let first = winery.ship_by_the_shop(id, 4, "748900000012").await;
    assert_eq!(winery.status_there("1001"), "Shipped");
    winery.scan_at_the_shop(id, first, ShipmentStatus::Delivered).await;
    assert_eq!(winery.status_there("1001"), "Shipped", "a part has not left");
    let second = winery.ship_by_the_shop(id, 2, "749000000012").await;
    for status in [ShipmentStatus::InTransit, ShipmentStatus::OutForDelivery] {
        winery.scan_at_the_shop(id, second, status).await;
        assert_eq!(winery.status_there("1001"), "Shipped");
    }
    winery.scan_at_the_shop(id, second, ShipmentStatus::Delivered).await;
    assert_eq!(winery.status_there("1001"), "Delivered");

    // A scan that is told late takes nothing back.
    let written = winery.written();
    winery.scan_at_the_shop(id, first, ShipmentStatus::InTransit).await;
    winery.clock.advance(POLL);
    winery.sync().await;
    assert_eq!((winery.status_there("1001"), winery.written()), (json!("Delivered"), written));
    let kept = winery.server.api("orders/1001").await["record"]["fulfillments"].clone();
    assert_eq!(kept[first.to_string()]["delivery"], DeliveryStatus::Delivered.as_str(), "{kept}");

    // But a fulfilment that is cancelled did not leave.
    winery.shop.cancel_fulfillment(id, first).unwrap();
    winery.shop.cancel_fulfillment(id, second).unwrap();
    winery.sync().await;
    assert_eq!(winery.status_there("1001"), "SentToFulfillment");
    assert_eq!(winery.exceptions().await, []);
}

#[tokio::test]
async fn an_event_of_a_parcel_alone_is_heard_and_never_takes_back_what_is_known() {
    let winery = Winery::open().await;
    winery.hear_nothing();
    let id = 820_982_911_946_154_505_i64;
    let made = json!({
        "id": 9001, "order_id": id, "status": "success", "created_at": "2026-11-22T05:00:00-08:00",
        "updated_at": "2026-11-22T05:00:00-08:00", "tracking_numbers": ["748900000012"],
        "line_items": [{ "id": id + 1, "quantity": 2 }],
    });
    let mut body = order_body(id, json!({ "name": "#1001" }));
    body["fulfillments"] = json!([made]);
    winery.deliver("orders/create", "w1", body.to_string()).await;
    let event = |nth: u64, status: &str| {
        json!({ "id": 100 + nth, "fulfillment_id": 9001, "order_id": id, "status": status,
            "happened_at": "2026-11-22T06:00:00-08:00",
            "admin_graphql_api_id": format!("gid://shopify/FulfillmentEvent/{}", 100 + nth) })
        .to_string()
    };
    for (nth, status, kept) in [
        (1, "in_transit", "in_transit"),
        (2, "delivered", "delivered"),
        (3, "out_for_delivery", "delivered"),
        (4, "a_word_of_next_year", "delivered"),
    ] {
        winery.deliver("fulfillment_events/create", &format!("e{nth}"), event(nth, status)).await;
        let record = winery.server.api(&format!("orders/{id}")).await["record"].clone();
        assert_eq!(record["fulfillments"]["9001"]["delivery"], kept, "{status}: {record:#}");
    }
    let states = winery.server.api("deliveries?topic=fulfillment_events/create").await;
    let states: Vec<&Value> = states.as_array().unwrap().iter().map(|row| &row["state"]).collect();
    assert_eq!(states, ["no_change", "no_change", "applied", "applied"]);
}

#[tokio::test]
async fn what_shipcompliant_says_arrived_is_told_of_the_shops_own_fulfilments_and_of_no_later_one() {
    let winery = Winery::open().await;
    let id = winery.place(NewOrder::default()).await;
    winery.ship_by_the_shop(id, 4, "748900000012").await;
    assert_eq!(winery.status_there("1001"), "Shipped");
    winery.account.set_status("1001", "1", "Delivered").unwrap();
    let expected = |second: bool| {
        let first = ("748900000012".to_owned(), vec![ShipmentStatus::Delivered]);
        let second = second.then(|| ("749000000012".to_owned(), Vec::new()));
        [first].into_iter().chain(second).collect::<Vec<_>>()
    };
    for _ in 0..3 {
        winery.clock.advance(POLL);
        winery.sync().await;
        assert_eq!(winery.ways(id), expected(false));
    }
    // What leaves after that has not arrived.
    winery.ship_by_the_shop(id, 2, "749000000012").await;
    for _ in 0..3 {
        winery.clock.advance(POLL);
        winery.sync().await;
        assert_eq!(winery.ways(id), expected(true));
    }
    // Nor when the copy, which has its number by now, is looked at again.
    assert_eq!(winery.server.tell("replay", &json!({ "orders": ["1001"] })).await.0, 200);
    winery.sync().await;
    assert_eq!(winery.ways(id), expected(true));
    assert_eq!(winery.exceptions().await, []);
}

#[tokio::test]
async fn what_we_told_shipcompliant_arrived_comes_back_to_nobody() {
    let winery = Winery::open().await;
    let id = winery.place(NewOrder::default()).await;
    let made = winery.ship_by_the_shop(id, 6, "748900000012").await;
    winery.scan_at_the_shop(id, made, ShipmentStatus::Delivered).await;
    assert_eq!(winery.status_there("1001"), "Delivered");
    for _ in 0..3 {
        winery.clock.advance(POLL);
        winery.sync().await;
    }
    assert_eq!(winery.server.tell("replay", &json!({ "orders": ["1001"] })).await.0, 200);
    winery.sync().await;
    assert_eq!(winery.ways(id), [("748900000012".to_owned(), vec![ShipmentStatus::Delivered])]);
    let copies = winery.server.api("orders/1001").await["order"]["mirrors"].clone();
    assert_eq!(copies.as_array().unwrap().len(), 1, "the shop is owed nothing: {copies}");
}

#[tokio::test]
async fn each_parcel_of_the_warehouse_is_told_its_own_way_and_compliance_that_all_arrived() {
    use ShipmentStatus::{Delivered, InTransit, OutForDelivery};
    let winery = Winery::with_house(House::default()).await;
    let id = winery.place(NewOrder::default()).await;
    let line_item = winery.packed(id)["line_items"][0]["legacy_id"].as_i64().unwrap();
    let parcel = |number: &str, quantity| NewPackage {
        carrier: Some("FedEx".into()),
        tracking_number: Some(number.into()),
        units: vec![Units { line_item, quantity }],
        ..NewPackage::default()
    };
    let packages = vec![parcel("748900000012", 4), parcel("749000000012", 2)];
    let new = NewShipment { packages, ..NewShipment::default() };
    let shipment = winery.house().ship(winery.number(id), &new).await.unwrap();
    winery.sync().await;
    let labels: Vec<i64> = winery.packed(id)["shipments"][0]["shipping_labels"]
        .as_array()
        .unwrap()
        .iter()
        .map(|label| label["legacy_id"].as_i64().unwrap())
        .collect();
    let picked_up = Way { picked_up: true, ..Way::default() };
    let on_the_van = Way { tracking_status: Some("Out for delivery".into()), ..picked_up.clone() };
    let arrived = Way { delivered: true, ..on_the_van.clone() };
    let scans: [(usize, &Way, [Vec<ShipmentStatus>; 2], &str); 5] = [
        (0, &picked_up, [vec![InTransit], vec![]], "Shipped"),
        (1, &on_the_van, [vec![InTransit], vec![OutForDelivery]], "Shipped"),
        (1, &arrived, [vec![InTransit], vec![OutForDelivery, Delivered]], "Shipped"),
        // The warehouse forgets what it said.
        (1, &picked_up, [vec![InTransit], vec![OutForDelivery, Delivered]], "Shipped"),
        (0, &arrived, [vec![InTransit, Delivered], vec![OutForDelivery, Delivered]], "Delivered"),
    ];
    for (label, way, [first, second], compliance) in scans {
        winery.house().scan(shipment, Some(labels[label]), way).unwrap();
        winery.clock.advance(SCANS);
        winery.sync().await;
        let expected = [("748900000012".to_owned(), first), ("749000000012".to_owned(), second)];
        assert_eq!(winery.ways(id), expected);
        assert_eq!(winery.status_there("1001"), compliance);
    }
    assert_eq!(winery.house_writes(), ["order_create"]);
    assert_eq!(winery.exceptions().await, []);

    // What arrived is not looked at any more.
    winery.house().scan(shipment, Some(labels[1]), &arrived).unwrap();
    winery.clock.advance(SCANS);
    winery.sync().await;
    let asked = winery.house().request_count();
    winery.clock.advance(SCANS);
    winery.sync().await;
    assert_eq!(winery.house().request_count(), asked);
}

#[tokio::test]
async fn a_parcel_that_goes_back_to_the_warehouse_is_a_persons_with_the_end_of_its_number() {
    let winery = Winery::with_house(House::default()).await;
    let id = winery.place(NewOrder::default()).await;
    let shipment = winery.house().ship(winery.number(id), &NewShipment::default()).await.unwrap();
    winery.sync().await;
    let back = Way { tracking_status: Some("return_to_sender".into()), ..Way::default() };
    winery.house().scan(shipment, None, &back).unwrap();
    winery.clock.advance(SCANS);
    winery.sync().await;
    let open = winery.only_exception("delivery_failed").await;
    let number = winery.shop.order(id).unwrap().fulfillments[0].numbers[0].clone();
    let message = open["message"].as_str().unwrap();
    assert!(message.contains(&number[number.len() - 4..]) && !message.contains(&number), "{message}");
    let arrived = Way { delivered: true, ..back };
    winery.house().scan(shipment, None, &arrived).unwrap();
    winery.clock.advance(SCANS);
    winery.sync().await;
    assert_eq!(winery.exceptions().await, []);
}
