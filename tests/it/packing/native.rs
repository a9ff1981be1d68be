//! An account that takes the shop's orders by itself: its own integration is played by hand here, and we come second.

use std::time::Duration;

use crossdock::simulator::shiphero::{Knobs, NewPackage, NewShipment};
use crossdock::simulator::shopify::{NewFulfillment, Payment, Tracking};
use serde_json::{Value, json};

use super::edits::{CUSTOMS, Edit, act, order_of_two, shows, told, winery_with, written};
use crate::support::winery::{House, Winery};
use Edit::{Abroad, Address, Fewer, LineAdded, Note, Paid};

async fn native() -> Winery {
    winery_with(House { keys: "mode = \"native\"", ..House::default() }).await
}

/// The account's integration brings an order over, as it stands at the shop.
fn import(winery: &Winery, id: i64) -> i64 {
    let order = winery.shop.order(id).unwrap();
    let address = order.shipping_address.unwrap();
    let address = json!({
        "first_name": address.first_name, "last_name": address.last_name, "address1": address.address1,
        "city": address.city, "state": address.province_code, "zip": address.zip, "country": address.country_code,
        "phone": address.phone,
    });
    let line = |line: &crossdock::simulator::shopify::order::Line| {
        json!({
            "sku": line.sku, "partner_line_item_id": line.id.to_string(), "quantity": line.quantity, "price": "36.00",
        })
    };
    let new = json!({
        "order_number": order.name, "partner_order_id": id.to_string(), "shipping_address": address,
        "billing_address": address, "tags": order.tags,
        "shipping_lines": { "title": "FedEx Ground", "price": "18.00", "carrier": "FedEx", "method": "Ground" },
        "line_items": order.lines.iter().map(line).collect::<Vec<_>>(),
    });
    winery.house().place(&new).unwrap()
}

async fn imported(payment: Payment) -> (Winery, i64) {
    let winery = native().await;
    let id = winery.shop.place_order(&order_of_two(payment)).unwrap();
    import(&winery, id);
    winery.sync().await;
    assert_eq!(told(&winery, id).await, [""; 0]);
    (winery, id)
}

/// The account's integration takes over that there are four bottles of the first wine.
fn take_over_fewer(winery: &Winery, id: i64) {
    let packed = winery.packed(id);
    let lines = packed["line_items"].as_array().unwrap();
    let line = lines.iter().find(|line| line["sku"] == "PN-2022-750").unwrap();
    let line = json!({ "id": line["id"], "quantity": 4, "quantity_pending_fulfillment": 4 });
    winery.house().edit(winery.number(id), &json!({ "line_items": [line] })).unwrap();
}

#[tokio::test]
async fn an_order_is_never_entered_and_a_person_is_told_in_time_that_it_does_not_come() {
    let winery = native().await;
    let id = winery.place(order_of_two(Payment::Paid)).await;
    assert_eq!(told(&winery, id).await, [""; 0], "it may still come");
    let mut looks = 0;
    for _ in 0..40 {
        winery.clock.advance(Duration::from_mins(1));
        winery.server.settle().await;
        looks = winery.house().requests().len();
    }
    assert_eq!(told(&winery, id).await, ["not_imported"]);
    assert!(looks < 30, "it is looked for less and less often: {looks}");
    assert_eq!(winery.house().orders().len(), 0);
    import(&winery, id);
    winery.clock.advance(Duration::from_mins(6));
    winery.sync().await;
    assert_eq!(told(&winery, id).await, [""; 0]);
    assert_eq!(winery.house_writes(), [""; 0], "it says what it should");
}

#[tokio::test]
async fn an_edit_that_the_account_took_over_by_itself_is_not_written_again() {
    let (winery, id) = imported(Payment::Paid).await;
    act(&winery, id, Fewer).await.unwrap();
    take_over_fewer(&winery, id);
    winery.sync().await;
    winery.poll_house().await;
    assert_eq!(winery.house_writes(), [""; 0]);
    assert_eq!(told(&winery, id).await, [""; 0]);
}

#[tokio::test]
async fn goods_that_the_account_takes_over_later_wait_on_hold_and_are_never_written_by_us() {
    let (winery, id) = imported(Payment::Paid).await;
    act(&winery, id, Fewer).await.unwrap();
    winery.sync().await;
    winery.poll_house().await;
    assert_eq!(written(&winery, 0), "hold");
    take_over_fewer(&winery, id);
    winery.clock.advance(Duration::from_mins(5));
    winery.poll_house().await;
    assert_eq!(written(&winery, 0), "hold unhold");
    assert!(shows(&winery, id, Fewer));
    assert_eq!(told(&winery, id).await, [""; 0]);
}

#[tokio::test]
async fn goods_that_the_account_never_takes_over_are_told_to_a_person() {
    let (winery, id) = imported(Payment::Paid).await;
    act(&winery, id, LineAdded).await.unwrap();
    for _ in 0..30 {
        winery.sync().await;
        winery.clock.advance(Duration::from_mins(1));
    }
    assert_eq!(told(&winery, id).await, ["not_imported"]);
    assert_eq!(written(&winery, 0), "hold");
}

#[tokio::test]
async fn what_the_account_does_not_take_over_is_written_by_us() {
    let (winery, id) = imported(Payment::Pending).await;
    assert_eq!(written(&winery, 0), "hold", "it is unpaid");
    for edit in [Address, Note, Paid] {
        act(&winery, id, edit).await.unwrap();
        winery.sync().await;
        assert!(shows(&winery, id, edit), "{edit:?}");
    }
    assert_eq!(written(&winery, 0), "hold update update unhold");
}

#[tokio::test]
async fn a_fulfilment_that_the_account_made_itself_is_not_made_twice_and_follows_its_label() {
    for heard_first in [true, false] {
        let (winery, id) = imported(Payment::Paid).await;
        let label = |number: &str| {
            let package = NewPackage { tracking_number: Some(number.into()), ..NewPackage::default() };
            NewShipment { packages: vec![package], ..NewShipment::default() }
        };
        let tell = || {
            let tracking = Tracking {
                company: Some("FedEx".into()),
                numbers: vec!["748900007001".into()],
                urls: Vec::new(),
            };
            let new = NewFulfillment { tracking, ..NewFulfillment::default() };
            winery.shop.fulfill(id, &new).unwrap();
        };
        let there = winery.number(id);
        // Where the shop's webhook comes before the warehouse's, the goods look as if they had left elsewhere.
        winery.house().set_knobs(Knobs { drop: if heard_first { 1.0 } else { 0.0 }, ..Knobs::default() });
        let shipment = winery.house().ship(there, &label("748900007001")).await.unwrap();
        if !heard_first {
            winery.sync().await;
            assert_eq!(winery.shop.order(id).unwrap().fulfillments.len(), 0, "it is the account's to make");
        }
        tell();
        winery.sync().await;
        winery.poll_house().await;
        winery.house().void_label(shipment, None).unwrap();
        winery.house().ship(there, &label("748900007002")).await.unwrap();
        winery.sync().await;
        winery.poll_house().await;
        let order = winery.shop.order(id).unwrap();
        let numbers: Vec<&Vec<String>> = order.fulfillments.iter().map(|made| &made.numbers).collect();
        assert_eq!(numbers, [&vec!["748900007002".to_owned()]], "heard first: {heard_first}");
        assert_eq!(told(&winery, id).await, [""; 0]);
        assert_eq!(winery.house_writes(), [""; 0]);
    }
}

#[tokio::test]
async fn a_cancel_is_made_there_too_unless_the_account_made_it() {
    for taken_over in [true, false] {
        let (winery, id) = imported(Payment::Paid).await;
        act(&winery, id, Edit::Cancel).await.unwrap();
        if taken_over {
            winery.house().cancel(winery.number(id), "cancelled in the shop").unwrap();
        }
        winery.sync().await;
        let expected = if taken_over { "" } else { "hold cancel" };
        assert_eq!(written(&winery, 0), expected);
        assert_eq!(winery.packed(id)["fulfillment_status"], Value::from("canceled"));
        assert_eq!(told(&winery, id).await, [""; 0]);
    }
}

#[tokio::test]
async fn an_order_abroad_is_told_to_the_customs_though_the_account_took_it_by_itself() {
    let house = House { keys: "mode = \"native\"", route: CUSTOMS, ..House::default() };
    let winery = winery_with(house).await;
    let id = winery.shop.place_order(&order_of_two(Payment::Paid)).unwrap();
    act(&winery, id, Abroad).await.unwrap();
    import(&winery, id);
    winery.sync().await;
    winery.poll_house().await;
    assert!(shows(&winery, id, Abroad), "{:#}", winery.packed(id));
    assert_eq!(written(&winery, 0), "hold update_line_items update unhold");
    assert_eq!(winery.house().product("PN-2022-750").unwrap()["tariff_code"], "2204.21");
    assert_eq!(told(&winery, id).await, [""; 0]);
}
