//! A warehouse that packs: orders reach it once, edits reach it while they can, and what it ships comes back.

mod bad_input;
mod capturing;
pub(crate) mod edits;
mod golden;
mod lost;
mod native;

use crossdock::simulator::shiphero::NewShipment;
use crossdock::simulator::shopify::{CancelOrder, NewOrder, Payment};
use serde_json::{Value, json};

use crate::support::winery::{House, Winery};

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
