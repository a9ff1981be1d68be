//! Orders with odd ids, words nobody knows, missing parts, and lines that are no goods.

use crossdock::simulator::shopify::new_order::{Known, NewBundle};
use crossdock::simulator::shopify::order::LineKind;
use crossdock::simulator::shopify::{NewLine, NewOrder};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::support::winery::{Winery, line_body, order_body};

/// The smallest integer that a double cannot hold.
const BEYOND: i64 = (1 << 53) + 1;

#[tokio::test]
async fn ids_beyond_what_a_double_holds_keep_every_digit() {
    let winery = Winery::open().await;
    let line = line_body(BEYOND + 2, json!({ "variant_id": BEYOND + 4 }));
    let shipped = json!({
        "id": BEYOND + 8, "order_id": BEYOND, "status": "success", "created_at": "2026-11-22T05:00:00-08:00",
        "updated_at": "2026-11-22T05:00:00-08:00", "tracking_numbers": ["1Z1"],
        "line_items": [{ "id": BEYOND + 2, "quantity": 2 }],
    });
    let changes = json!({
        "name": "#1001", "customer": { "id": BEYOND + 6 }, "line_items": [line], "fulfillments": [shipped],
    });
    winery.deliver("orders/create", "w1", order_body(BEYOND, changes).to_string()).await;
    let story = winery.server.api(&format!("orders/{BEYOND}")).await;
    assert_eq!(story["order"]["order_id"], "9007199254740993");
    let document = &story["record"]["document"];
    assert_eq!(document["lines"][0]["id"], "9007199254740995");
    assert_eq!(document["lines"][0]["variant"], "9007199254740997");
    assert_eq!(
        story["record"]["fulfillments"]["9007199254741001"]["lines"],
        json!({ "9007199254740995": 2 })
    );
    let copy = winery.account.order("1001").unwrap();
    assert_eq!(copy["customerKey"], "9007199254740999");
    assert_eq!(copy["shipments"][0]["shipmentStatus"], "Shipped");
}

#[tokio::test]
async fn words_nobody_knows_are_kept_as_they_came_and_open_no_gate() {
    let winery = Winery::open().await;
    let fulfillment = json!({
        "id": 9, "order_id": 1, "status": "teleported", "shipment_status": "beamed",
        "created_at": "2026-11-22T05:00:00-08:00", "updated_at": "2026-11-22T05:00:00-08:00",
        "line_items": [{ "id": 2, "quantity": 2 }],
    });
    let changes = json!({
        "name": "#1001", "financial_status": "on_ice", "source_name": "metaverse", "fulfillment_status": "levitating",
        "fulfillments": [fulfillment], "a_field_of_tomorrow": { "deep": [1] },
    });
    winery.deliver("orders/create", "w1", order_body(1, changes).to_string()).await;
    let story = winery.server.api("orders/1").await;
    let document = &story["record"]["document"];
    assert_eq!((&document["payment"], &document["source"]), (&json!("on_ice"), &json!("metaverse")));
    let fulfillment = &story["record"]["fulfillments"]["9"];
    assert_eq!((&fulfillment["status"], &fulfillment["delivery"]), (&json!("teleported"), &json!("beamed")));
    assert_eq!(story["order"]["mirrors"][0]["state"], "in_step");
    // Nobody knows whether it is paid, nor whether anything left: it waits at ShipCompliant.
    let shipment = &winery.account.order("1001").unwrap()["shipments"][0];
    assert_eq!(shipment["shipmentStatus"], "PaymentAccepted");
    assert!(winery.exceptions().await.is_empty());
}

/// What is missing or null in the order or its line, and what comes of it: an order that is sent, or a code.
#[tokio::test]
async fn a_missing_part_is_done_without_or_told() {
    let sent = "";
    let table = [
        (json!({ "customer": null }), json!({}), sent),
        (json!({ "customer": "absent" }), json!({}), sent),
        (json!({ "customer": { "id": null } }), json!({}), sent),
        (json!({ "billing_address": null }), json!({}), sent),
        (
            json!({ "email": null, "tags": null, "note_attributes": null, "payment_gateway_names": null }),
            json!({}),
            sent,
        ),
        (json!({ "source_name": null, "financial_status": null, "currency": null }), json!({}), sent),
        (json!({ "total_price": null, "total_tax": "absent", "name": null }), json!({}), sent),
        (json!({ "fulfillments": null, "refunds": null, "test": null }), json!({}), sent),
        (json!({}), json!({ "variant_id": null, "product_id": null, "title": null }), sent),
        (json!({}), json!({ "properties": null, "discount_allocations": null, "gift_card": null }), sent),
        (json!({}), json!({ "current_quantity": "absent", "requires_shipping": "absent" }), sent),
        (json!({ "shipping_address": null }), json!({}), "address_missing"),
        (json!({ "shipping_address": "absent" }), json!({}), "address_missing"),
        (json!({ "shipping_address": { "first_name": null, "zip": "  " } }), json!({}), "address_missing"),
        (json!({ "shipping_address": { "city": "New York", "zip": null } }), json!({}), "address_incomplete"),
        (json!({ "shipping_lines": null }), json!({}), "missing_shipping_method"),
        (json!({ "shipping_lines": "absent" }), json!({}), "missing_shipping_method"),
        (json!({ "shipping_lines": [] }), json!({}), "missing_shipping_method"),
        (json!({ "shipping_lines": [{ "title": null }] }), json!({}), "unmapped_shipping_method"),
        (json!({}), json!({ "sku": null }), "line_without_sku"),
        (json!({}), json!({ "sku": " " }), "line_without_sku"),
    ];
    let winery = Winery::open().await;
    for (at, (order, line, code)) in table.into_iter().enumerate() {
        let id = 1000 + i64::try_from(at).unwrap() * 10;
        let mut body = order_body(id, order.clone());
        body["line_items"] = json!([line_body(id + 1, line.clone())]);
        winery.deliver("orders/create", &format!("w{id}"), body.to_string()).await;
        let copy = winery.copy(id).await;
        let state = if code == sent { "in_step" } else { "exception" };
        assert_eq!(copy["state"], state, "{order} {line}: {copy:#}");
        assert_eq!(copy["reason"]["code"].as_str().unwrap_or_default(), code, "{order} {line}");
        assert_eq!(winery.account.order(&id.to_string()).is_some(), code == sent, "{order} {line}");
        if code != sent {
            let mend = copy["reason"]["mend"].as_str().unwrap_or_default();
            assert!(!mend.is_empty(), "{order} {line} has a way out");
        }
    }
    // Guests are told apart, and who pays is who receives where no bill has an address.
    assert_eq!(winery.account.order("1000").unwrap()["customerKey"], "guest-1000");
    assert_eq!(winery.account.order("1030").unwrap()["billTo"]["lastName"], "Sheehan");
}

#[tokio::test]
async fn only_goods_reach_shipcompliant() {
    let winery = Winery::open().await;
    let wine = |sku: &str, quantity, price: &str| NewLine {
        sku: Some(sku.into()),
        title: sku.into(),
        quantity,
        price: price.parse().unwrap(),
        ..NewLine::default()
    };
    let other = |kind, title: &str| NewLine {
        kind,
        title: title.into(),
        sku: None,
        quantity: 1,
        price: Decimal::from(20),
        ..NewLine::default()
    };
    let custom = |kind, title: &str| NewLine {
        product_id: Known::Missing,
        variant_id: Known::Missing,
        ..other(kind, title)
    };
    let order = NewOrder {
        lines: vec![
            wine("PN-2022-750", 6, "36.00"),
            // Sold as one line; the route knows what is in it.
            wine("TASTING-SET", 1, "100.00"),
            custom(LineKind::Tip, "Tip"),
            NewLine { price: Decimal::from(2), ..custom(LineKind::Fee, "Handling of alcohol") },
            other(LineKind::GiftCard, "Gift card"),
            other(LineKind::Digital, "Guided tasting"),
            wine("INSURANCE", 1, "3.00"),
        ],
        // Sold as a group of lines by the shop itself.
        bundles: vec![NewBundle {
            components: vec![wine("22CH750", 3, "28.00"), wine("PN-2022-750", 3, "30.00")],
            ..NewBundle::default()
        }],
        ..NewOrder::default()
    };
    winery.place(order).await;
    let copy = winery.account.order("1001").unwrap();
    let items = copy["shipments"][0]["shipmentItems"].as_array().unwrap();
    let mut sent: Vec<(&str, &str, f64, f64)> = items
        .iter()
        .map(|item| {
            let text = |key: &str| item[key].as_str().unwrap();
            let number = |key: &str| item[key].as_f64().unwrap();
            (text("brandKey"), text("productKey"), number("productQuantity"), number("productUnitPrice"))
        })
        .collect();
    sent.sort_by(|a, b| a.partial_cmp(b).unwrap());
    let expected = [
        ("HILL", "21ZN750", 1.0, 33.33),
        ("NINE", "22CH750", 3.0, 28.0),
        ("NINE", "22PN750", 1.0, 33.33),
        ("NINE", "22PN750", 1.0, 33.34),
        ("NINE", "22PN750", 3.0, 30.0),
        ("NINE", "22PN750", 6.0, 36.0),
    ];
    assert_eq!(sent, expected);
    let lines = winery.server.api("orders/1001").await["record"]["document"]["lines"].clone();
    let mut kinds: Vec<&str> =
        lines.as_array().unwrap().iter().map(|line: &Value| line["kind"].as_str().unwrap()).collect();
    kinds.sort_unstable();
    let known =
        ["bundle_part", "bundle_part", "fee", "gift_card", "goods", "goods", "goods", "service", "tip"];
    assert_eq!(kinds, known, "and the record holds them all");
}
