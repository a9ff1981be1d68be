//! Orders that a route leaves out: stored, shown with the reason, and never sent.

use crossdock::simulator::shopify::new_order::{NewCustomer, ShippingKind};
use crossdock::simulator::shopify::order::LineKind;
use crossdock::simulator::shopify::{NewLine, NewOrder, NewShipping};
use serde_json::Value;

use crate::support::winery::Winery;

#[tokio::test]
async fn complaint_18_orders_that_do_not_ship_are_kept_with_the_reason_and_never_sent() {
    let digital = |title: &str| NewLine {
        kind: LineKind::Digital,
        title: title.into(),
        sku: None,
        ..NewLine::default()
    };
    let pickup =
        NewShipping { title: "Tasting room".into(), kind: ShippingKind::PickUp, ..NewShipping::default() };
    let source = |name: &str| NewOrder { source_name: name.into(), ..NewOrder::default() };
    let guest = NewOrder {
        customer: None::<NewCustomer>,
        shipping_address: None,
        billing_address: None,
        email: None,
        shipping: Vec::new(),
        ..NewOrder::default()
    };
    let table = [
        (NewOrder { shipping: Vec::new(), ..source("pos") }, "the route leaves out orders from «pos»"),
        // A sale over the counter has neither address nor customer.
        (NewOrder { source_name: "pos".into(), ..guest.clone() }, "the route leaves out orders from «pos»"),
        (source("shopify_draft_order"), "the route leaves out orders from «shopify_draft_order»"),
        (
            NewOrder { shipping: vec![pickup], shipping_address: None, ..NewOrder::default() },
            "the buyer picks it up",
        ),
        (
            NewOrder {
                lines: vec![
                    digital("Guided tasting"),
                    NewLine { kind: LineKind::GiftCard, ..digital("Gift card") },
                ],
                shipping: Vec::new(),
                shipping_address: None,
                ..NewOrder::default()
            },
            "nothing in it ships",
        ),
        (
            NewOrder {
                lines: vec![NewLine { kind: LineKind::GiftCard, ..digital("Gift card") }],
                ..guest.clone()
            },
            "nothing in it ships",
        ),
        (NewOrder { lines: vec![digital("Guided tasting")], ..guest }, "nothing in it ships"),
    ];
    let winery = Winery::open().await;
    let orders = table.len();
    for (at, (order, reason)) in table.into_iter().enumerate() {
        winery.place(order).await;
        let name = 1001 + at;
        let story = winery.server.api(&format!("orders/{name}")).await;
        let copy = &story["order"]["mirrors"][0];
        assert_eq!(
            (copy["state"].as_str(), copy["absence"].as_str()),
            (Some("in_step"), Some(reason)),
            "{name}"
        );
        assert_eq!(copy["key"], Value::Null, "{name}");
        let told = format!("holds nothing: {reason}");
        let timeline = story["timeline"].as_array().unwrap();
        assert!(
            timeline.iter().any(|entry| entry["kind"] == "decision" && entry["text"] == *told),
            "{name}: {told}"
        );
    }
    assert!(winery.account.requests().is_empty(), "{:#?}", winery.account.requests());
    assert!(winery.exceptions().await.is_empty());
    let summary = winery.server.api("summary").await;
    assert_eq!(
        (summary["orders"].as_u64(), summary["in_step"].as_u64()),
        (Some(orders as u64), Some(orders as u64))
    );
}
