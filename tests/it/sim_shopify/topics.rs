//! Which webhooks each action fires.

use crossdock::simulator::shopify::new_order::Payment;
use crossdock::simulator::shopify::order::{FulfillmentOrder, LineKind, RestockType, ShipmentStatus};
use crossdock::simulator::shopify::{
    CancelOrder, EditOrder, FulfillUnits, HoldUnits, NewFulfillment, NewHold, NewLine, NewOrder, NewRefund,
    NewShipmentEvent, NewShipping, Options, RefundUnits, Release, SetQuantity, Shop, Tracking,
};
use rust_decimal::Decimal;

use super::shop as make;

/// A shop that queues webhooks for an address nobody looks at.
fn shop() -> Shop {
    make(Options { webhook_url: Some("http://127.0.0.1:9/".to_owned()), ..Options::default() }).0
}

/// The topics of the newest event, sorted.
fn fired(shop: &Shop) -> Vec<String> {
    let deliveries = shop.deliveries();
    let event = &deliveries.last().unwrap().event_id;
    let mut topics: Vec<_> =
        deliveries.iter().filter(|d| &d.event_id == event).map(|d| d.topic.clone()).collect();
    topics.sort();
    topics
}

fn pending() -> NewOrder {
    NewOrder { payment: Payment::Pending, ..NewOrder::default() }
}

#[test]
fn payment() {
    let shop = shop();
    let id = shop.place_order(&pending()).unwrap();
    let routed = "fulfillment_orders/order_routing_complete";
    assert_eq!(fired(&shop), [routed, "orders/create", "orders/updated"]);
    shop.authorize_payment(id).unwrap();
    assert_eq!(fired(&shop), ["order_transactions/create", "orders/updated"]);
    shop.mark_paid(id, None).unwrap();
    assert_eq!(fired(&shop), ["order_transactions/create", "orders/paid", "orders/updated"]);
    assert!(shop.mark_paid(id, None).is_err());

    let id = shop.place_order(&NewOrder { payment: Payment::Authorized, ..NewOrder::default() }).unwrap();
    shop.void_payment(id).unwrap();
    assert_eq!(fired(&shop), ["order_transactions/create", "orders/updated"]);
    assert_eq!(shop.rest_order(id).unwrap()["financial_status"], "voided");
}

#[test]
fn edits_and_details() {
    let shop = shop();
    let id = shop.place_order(&pending()).unwrap();
    let line = shop.order(id).unwrap().lines[0].id;
    let edit = EditOrder {
        add: vec![NewLine::default()],
        set_quantity: vec![SetQuantity { line_id: line, quantity: 2 }],
        ..EditOrder::default()
    };
    shop.edit_order(id, &edit).unwrap();
    assert_eq!(fired(&shop), ["orders/edited", "orders/updated"]);
    shop.change_shipping_line(id, &NewShipping::default()).unwrap();
    assert_eq!(fired(&shop), ["orders/edited", "orders/updated"]);
    shop.set_note(id, None).unwrap();
    shop.set_tags(id, &["a".into()]).unwrap();
    shop.set_attributes(id, Vec::new()).unwrap();
    shop.set_shipping_address(id, None).unwrap();
    shop.close(id).unwrap();
    assert_eq!(fired(&shop), ["orders/updated"]);
    let before = shop.deliveries().len();
    shop.close(id).unwrap();
    assert_eq!(shop.deliveries().len(), before, "closing twice is nothing");
    shop.reopen(id).unwrap();
    assert_eq!(fired(&shop), ["orders/updated"]);
    shop.delete_order(id).unwrap();
    assert_eq!(fired(&shop), ["orders/delete"]);
    assert!(shop.order(id).is_none());
}

#[test]
fn fulfillment() {
    let shop = shop();
    let id = shop.place_order(&NewOrder::default()).unwrap();
    let line_id = shop.order(id).unwrap().lines[0].id;
    let part = NewFulfillment {
        lines: vec![FulfillUnits { line_id, quantity: 2 }],
        tracking: Tracking { company: Some("UPS".into()), numbers: vec!["1Z".into()], urls: Vec::new() },
        ..NewFulfillment::default()
    };
    let first = shop.fulfill(id, &part).unwrap();
    assert_eq!(fired(&shop), ["fulfillments/create", "orders/partially_fulfilled", "orders/updated"]);
    shop.fulfill(id, &NewFulfillment::default()).unwrap();
    assert_eq!(fired(&shop), ["fulfillments/create", "orders/fulfilled", "orders/updated"]);
    assert!(shop.order(id).unwrap().closed_at.is_some(), "paid and fulfilled is archived");
    shop.update_tracking(id, first, &Tracking::default()).unwrap();
    assert_eq!(fired(&shop), ["fulfillments/update", "orders/updated"]);
    let event = NewShipmentEvent {
        status: ShipmentStatus::Delivered,
        message: None,
        happened_at: None,
        estimated_delivery_at: None,
    };
    shop.set_shipment_status(id, first, &event).unwrap();
    assert_eq!(fired(&shop), ["fulfillment_events/create", "fulfillments/update", "orders/updated"]);
    shop.cancel_fulfillment(id, first).unwrap();
    assert_eq!(fired(&shop), ["fulfillments/update", "orders/updated"]);
    let order = shop.order(id).unwrap();
    assert!(order.closed_at.is_none());
    assert_eq!((order.unfulfilled(line_id), order.fulfilled(line_id)), (2, 4));
    let before = shop.deliveries().len();
    shop.cancel_fulfillment(id, first).unwrap();
    assert_eq!(shop.deliveries().len(), before, "cancelling twice is nothing");
}

#[test]
fn holds() {
    let shop = shop();
    let id = shop.place_order(&NewOrder::default()).unwrap();
    let wanted = shop.order(id).unwrap().fulfillment_orders[0].clone();
    let units = vec![HoldUnits { fulfillment_order_line_id: wanted.lines[0].id, quantity: 2 }];
    shop.hold(id, &NewHold { units, ..NewHold::default() }).unwrap();
    assert_eq!(
        fired(&shop),
        [
            "fulfillment_holds/added",
            "fulfillment_orders/placed_on_hold",
            "fulfillment_orders/split",
            "orders/updated"
        ]
    );
    let order = shop.order(id).unwrap();
    let left: Vec<u32> = order.fulfillment_orders.iter().map(FulfillmentOrder::remaining).collect();
    assert_eq!(left, [2, 4]);
    assert_eq!(order.fulfillable(order.lines[0].id), 4, "what is held cannot be fulfilled");
    let again = NewHold { fulfillment_order_id: Some(wanted.id), ..NewHold::default() };
    shop.hold(id, &again).unwrap();
    assert_eq!(fired(&shop), ["fulfillment_holds/added", "orders/updated"]);
    shop.release(id, &Release::default()).unwrap();
    assert_eq!(
        fired(&shop),
        [
            "fulfillment_holds/released",
            "fulfillment_holds/released",
            "fulfillment_orders/hold_released",
            "orders/updated"
        ]
    );
}

#[test]
fn what_is_scheduled_waits_for_its_day() {
    let shop = shop();
    let day = Some("2026-12-01T08:00:00Z".parse().unwrap());
    let id = shop.place_order(&NewOrder { fulfill_at: day, ..NewOrder::default() }).unwrap();
    assert_eq!(shop.graphql_order(id).unwrap()["displayFulfillmentStatus"], "SCHEDULED");
    assert!(shop.fulfill(id, &NewFulfillment::default()).is_err());
    shop.open_scheduled(id).unwrap();
    assert_eq!(fired(&shop), ["fulfillment_orders/scheduled_fulfillment_order_ready", "orders/updated"]);
    shop.fulfill(id, &NewFulfillment::default()).unwrap();
}

#[test]
fn a_hold_may_leave_the_order_untouched() {
    let options = Options {
        webhook_url: Some("http://127.0.0.1:9/".into()),
        holds_touch_order: false,
        ..Options::default()
    };
    let (shop, clock) = make(options);
    let id = shop.place_order(&NewOrder::default()).unwrap();
    let before = shop.order(id).unwrap().updated_at;
    clock.advance(std::time::Duration::from_secs(5));
    shop.hold(id, &NewHold::default()).unwrap();
    assert_eq!(fired(&shop), ["fulfillment_holds/added", "fulfillment_orders/placed_on_hold"]);
    assert_eq!(shop.order(id).unwrap().updated_at, before);
}

#[test]
fn refunds_and_cancelling() {
    let shop = shop();
    let id = shop.place_order(&NewOrder::default()).unwrap();
    let line_id = shop.order(id).unwrap().lines[0].id;
    let units = |quantity, restock| RefundUnits { line_id, quantity, restock, location_id: None };
    let back = NewRefund { lines: vec![units(1, RestockType::Cancel)], ..NewRefund::default() };
    shop.refund(id, &back).unwrap();
    assert_eq!(fired(&shop), ["order_transactions/create", "orders/updated", "refunds/create"]);
    let order = shop.order(id).unwrap();
    assert_eq!((order.lines[0].current_quantity(), order.unfulfilled(line_id)), (5, 5));
    // Refunded and not restocked: one unit fewer was bought, but as many are to be sent.
    shop.refund(id, &NewRefund { lines: vec![units(1, RestockType::NoRestock)], ..NewRefund::default() })
        .unwrap();
    let order = shop.order(id).unwrap();
    assert_eq!((order.lines[0].current_quantity(), order.unfulfilled(line_id)), (4, 5));
    let too_much = NewRefund { amount: Some(Decimal::from(10_000)), ..NewRefund::default() };
    assert!(
        shop.refund(id, &too_much).unwrap_err().to_string().starts_with("Refund amount $10000.00 is greater")
    );

    shop.cancel_order(id, &CancelOrder::default()).unwrap();
    assert_eq!(
        fired(&shop),
        ["order_transactions/create", "orders/cancelled", "orders/updated", "refunds/create"]
    );
    let order = shop.rest_order(id).unwrap();
    assert_eq!(order["financial_status"], "refunded");
    assert_eq!(order["current_total_price"], "0.00");
    assert_eq!(order["total_outstanding"], "0.00");
    assert_eq!(order["fulfillment_status"], "restocked");
    let graphql = shop.graphql_order(id).unwrap();
    assert_eq!(graphql["displayFulfillmentStatus"], "FULFILLMENT_NOT_REQUIRED");
    assert!(shop.cancel_order(id, &CancelOrder::default()).is_err());

    let id = shop.place_order(&NewOrder::default()).unwrap();
    shop.fulfill(id, &NewFulfillment::default()).unwrap();
    let refused = shop.cancel_order(id, &CancelOrder::default()).unwrap_err();
    assert_eq!(refused.to_string(), "Cannot cancel an order that has outstanding fulfillments");
}

#[test]
fn gift_cards_are_handed_over_once_paid_and_goods_at_the_counter_at_once() {
    let shop = shop();
    let card =
        NewLine { kind: LineKind::GiftCard, title: "Gift card".into(), quantity: 1, ..NewLine::default() };
    let lines = vec![NewLine::default(), card];
    let id = shop.place_order(&NewOrder { lines, ..pending() }).unwrap();
    assert!(shop.order(id).unwrap().fulfillments.is_empty());
    shop.mark_paid(id, None).unwrap();
    assert_eq!(
        fired(&shop),
        [
            "fulfillments/create",
            "order_transactions/create",
            "orders/paid",
            "orders/partially_fulfilled",
            "orders/updated",
            "orders/updated"
        ]
    );
    let id = shop.place_order(&NewOrder { source_name: "pos".into(), ..NewOrder::default() }).unwrap();
    let order = shop.rest_order(id).unwrap();
    assert_eq!(order["fulfillment_status"], "fulfilled");
    assert_eq!(order["closed_at"], order["created_at"]);
}
