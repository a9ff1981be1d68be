//! A warehouse that packs: orders reach it once, edits reach it while they can, and what it ships comes back.

mod bad_input;
mod capturing;
pub(crate) mod edits;
mod golden;
mod lost;
mod native;
mod parcels;
mod parts;

use std::time::Duration;

use crossdock::simulator::fault::{Fault, Script};
use crossdock::simulator::shiphero::NewShipment;
use crossdock::simulator::shopify::{CancelOrder, EditOrder, NewOrder, Payment, SetQuantity};
use serde_json::{Value, json};

use crate::support::winery::{House, Setup, Winery, line_body, order_body};

fn unpaid() -> NewOrder {
    NewOrder { payment: Payment::Pending, ..NewOrder::default() }
}

#[tokio::test]
async fn a_new_order_is_entered_once_with_everything_it_needs() {
    let winery = Winery::with_house(House::default()).await;
    let id = winery.place(NewOrder::default()).await;
    let packed = winery.packed(id);
    assert_eq!(packed["order_number"], "#1001");
    assert_eq!(packed["partner_order_id"], id.to_string());
    assert_eq!(packed["holds"]["operator_hold"], false);
    assert_eq!(packed["line_items"].as_array().unwrap().len(), 1, "{packed:#}");
    assert_eq!(packed["line_items"][0]["quantity"], 6);
    assert_eq!(winery.house_writes(), ["order_create"]);
    // Nothing that comes back makes it write again.
    for _ in 0..3 {
        winery.poll_house().await;
    }
    assert_eq!(winery.house_writes(), ["order_create"]);
    assert_eq!(winery.exceptions().await, []);
}

#[tokio::test]
async fn what_the_warehouse_ships_is_fulfilled_at_the_shop_and_told_to_compliance() {
    let winery = Winery::with_house(House::default()).await;
    let id = winery.place(NewOrder::default()).await;
    winery.house().ship(winery.number(id), &NewShipment::default()).await.unwrap();
    winery.sync().await;
    let order = winery.shop.order(id).unwrap();
    assert_eq!(order.fulfillments.len(), 1);
    let label = &winery.packed(id)["shipments"][0]["shipping_labels"][0];
    assert_eq!(order.fulfillments[0].numbers, [label["tracking_number"].as_str().unwrap()]);
    assert_eq!(order.fulfillments[0].quantity(), 6);
    assert_eq!(winery.copy(id).await["observed"]["stage"], "shipped");
    for _ in 0..3 {
        winery.poll_house().await;
    }
    assert_eq!(winery.house_writes(), ["order_create"]);
    assert_eq!(winery.shop.order(id).unwrap().fulfillments.len(), 1);
    assert_eq!(winery.exceptions().await, []);
}

#[tokio::test]
async fn an_unpaid_order_is_held_and_released_once_it_is_paid() {
    let winery = Winery::with_house(House::default()).await;
    let id = winery.place(unpaid()).await;
    assert_eq!(winery.packed(id)["holds"]["operator_hold"], true);
    winery.shop.mark_paid(id, None).unwrap();
    winery.sync().await;
    assert_eq!(winery.packed(id)["holds"]["operator_hold"], false);
    assert_eq!(winery.house_writes(), ["order_create", "order_update_holds"]);
}

#[tokio::test]
async fn a_cancelled_order_is_held_then_cancelled_and_never_force() {
    let winery = Winery::with_house(House::default()).await;
    let id = winery.place(NewOrder::default()).await;
    winery.shop.cancel_order(id, &CancelOrder::default()).unwrap();
    winery.sync().await;
    assert_eq!(winery.packed(id)["fulfillment_status"], "canceled");
    assert_eq!(winery.house_writes(), ["order_create", "order_update_holds", "order_cancel"]);
    let cancel: Value = winery
        .house()
        .requests()
        .into_iter()
        .rev()
        .find(|r| r.operations == ["order_cancel"])
        .unwrap()
        .variables;
    assert_eq!(cancel["order_cancel"]["void_on_platform"], json!(false));
    assert_eq!(cancel["order_cancel"]["force"], json!(false));
    assert_eq!(winery.exceptions().await, []);
}

impl Winery {
    /// A picker takes an order up, and the shop edits it to four bottles; gives its number at the warehouse.
    pub(crate) async fn edit_while_picked(&self, id: i64) -> i64 {
        let number = self.number(id);
        self.house().pick(number, 7, &[]).unwrap();
        let line_id = self.shop.order(id).unwrap().lines[0].id;
        let set_quantity = vec![SetQuantity { line_id, quantity: 4 }];
        self.shop.edit_order(id, &EditOrder { set_quantity, ..EditOrder::default() }).unwrap();
        self.sync().await;
        number
    }
}

#[tokio::test]
async fn an_edit_that_comes_while_it_is_picked_waits_on_hold_and_is_made_or_accepted() {
    for accepted in [false, true] {
        let winery = Winery::with_house(House::default()).await;
        let id = winery.place(NewOrder::default()).await;
        let number = winery.edit_while_picked(id).await;
        let told = winery.only_exception("edited_while_packed").await;
        let packed = winery.packed(id);
        assert_eq!(
            (&packed["holds"]["operator_hold"], &packed["line_items"][0]["quantity"]),
            (&json!(true), &json!(6))
        );

        if accepted {
            let accept = format!("exceptions/{}/accept", told["id"]);
            assert_eq!(winery.server.tell(&accept, &Value::Null).await.0, 200);
            winery.sync().await;
        } else {
            winery.house().clear(number).unwrap();
            winery.poll_house().await;
        }
        assert_eq!(winery.exceptions().await, []);
        let packed = winery.packed(id);
        let quantity = if accepted { 6 } else { 4 };
        assert_eq!(packed["line_items"][0]["quantity"], quantity);
        assert_eq!(packed["holds"]["operator_hold"], false, "it goes on");
        // An exception that is over, or of another kind, cannot be accepted.
        let accept = format!("exceptions/{}/accept", told["id"]);
        assert_eq!(winery.server.tell(&accept, &Value::Null).await.0, 400);
    }
}

#[tokio::test]
async fn the_shop_is_told_by_a_tag_that_an_edit_came_too_late_until_it_is_settled() {
    let setup = Setup {
        shop_keys: "late_tag = \"edited-too-late\"\n",
        house: Some(House::default()),
        ..Setup::default()
    };
    let winery = Winery::with(setup).await;
    let id = winery.place(NewOrder::default()).await;
    let number = winery.edit_while_picked(id).await;
    assert_eq!(winery.shop.order(id).unwrap().tags, ["edited-too-late"]);
    // It is for the shop's people, not for the warehouse's.
    assert_eq!(winery.packed(id)["tags"], json!([]));
    winery.house().clear(number).unwrap();
    winery.poll_house().await;
    assert_eq!(winery.shop.order(id).unwrap().tags, Vec::<String>::new());
    assert_eq!(winery.exceptions().await, []);
}

#[tokio::test]
async fn what_changed_before_the_first_poll_was_answered_is_asked_for_too() {
    let winery = Winery::with_house(House::default()).await;
    let id = winery.place(NewOrder::default()).await;
    // A hold there sends no webhook.
    winery.house().hold(winery.number(id), "operator_hold", true).unwrap();
    let down = Script { fault: Fault::Error(503), method: None, path: None, times: 1 };
    winery.house().faults().script(down);
    winery.poll_house().await;
    winery.clock.advance(Duration::from_hours(1));
    winery.poll_house().await;
    let copies = winery.server.api(&format!("orders/{id}")).await["order"]["mirrors"].clone();
    let copy = copies.as_array().unwrap().iter().find(|copy| copy["destination"] == "warehouse").unwrap();
    assert_eq!(copy["observed"]["held"], true);
}

/// Price and quantity stay; only what is taken off is another.
#[tokio::test]
async fn another_discount_alone_reaches_the_warehouse() {
    let winery = edits::winery_unasked().await;
    let off = |amount: &str| json!({ "sku": "PN-2022-750", "discount_allocations": [{ "amount": amount }] });
    let placed = order_body(1, json!({ "line_items": [line_body(2, off("4.00"))] }));
    winery.deliver("orders/create", "placed", placed.to_string()).await;
    assert_eq!(winery.packed(1)["total_discounts"], "4");
    let changes =
        json!({ "line_items": [line_body(2, off("10.00"))], "updated_at": "2026-11-22T04:05:00-08:00" });
    winery.deliver("orders/updated", "another", order_body(1, changes).to_string()).await;
    assert_eq!(winery.packed(1)["total_discounts"], "10");
    assert_eq!(winery.house_writes().len(), 2, "one write");
    assert_eq!(winery.exceptions().await, []);
}
