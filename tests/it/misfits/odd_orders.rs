//! Orders with odd ids, words nobody knows, missing parts, and lines that are no goods.

use crossdock::simulator::shopify::new_order::{Known, NewBundle};
use crossdock::simulator::shopify::order::LineKind;
use crossdock::simulator::shopify::{NewLine, NewOrder};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::support::winery::{Setup, Winery, line_body, order_body};

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

/// A tip, a gift card, a fee for alcohol, wine and a bundle, in whichever order they stand; and the gift card leaves with
/// the wine.
#[tokio::test]
async fn complaint_20_only_wine_is_reported_wherever_the_tip_stands() {
    // The shop of these orders is known by its webhooks alone.
    let winery = Winery::with(Setup { unasked: true, ..Setup::default() }).await;
    let custom = json!({ "variant_id": null, "product_id": null, "sku": null, "requires_shipping": false });
    let other = |title: &str, price: &str, more: Value| {
        let mut line = line_body(0, custom.clone());
        (line["title"], line["price"], line["quantity"]) = (title.into(), price.into(), 1.into());
        line["current_quantity"] = 1.into();
        line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        line
    };
    let mut lines = vec![
        other("Tip", "12.00", json!({})),
        line_body(0, json!({})),
        other("Alcohol handling fee", "3.50", json!({})),
        other(
            "Gift card",
            "50.00",
            json!({ "gift_card": true, "variant_id": 7, "product_id": 6, "sku": "GC" }),
        ),
        line_body(
            0,
            json!({ "sku": "TASTING-SET", "title": "Tasting set", "quantity": 1, "current_quantity": 1 }),
        ),
    ];
    for at in 0..lines.len() {
        let id = 2000 + i64::try_from(at).unwrap() * 100;
        for (number, line) in lines.iter_mut().enumerate() {
            line["id"] = (id + 1 + i64::try_from(number).unwrap()).into();
        }
        let (wine, card) = (line_id(&lines, "22PN750"), line_id(&lines, "GC"));
        let body = json!({ "line_items": lines, "total_tip_received": "12.00" });
        winery.deliver("orders/create", &format!("w{id}"), order_body(id, body).to_string()).await;
        let there = winery.account.order(&id.to_string()).unwrap();
        let items = there["shipments"][0]["shipmentItems"].as_array().unwrap();
        let mut sent: Vec<(&str, f64)> = items
            .iter()
            .map(|item| (item["productKey"].as_str().unwrap(), item["productQuantity"].as_f64().unwrap()))
            .collect();
        sent.sort_by(|a, b| a.partial_cmp(b).unwrap());
        assert_eq!(
            sent,
            [("21ZN750", 1.0), ("22PN750", 1.0), ("22PN750", 1.0), ("22PN750", 2.0)],
            "turned by {at}"
        );
        // Only the card left, which is no goods: nothing shipped. Then the wine did.
        let left = |fulfillment: i64, line: i64| {
            json!({
                "id": fulfillment, "order_id": id, "status": "success", "created_at": "2026-11-22T05:00:00-08:00",
                "updated_at": "2026-11-22T05:00:00-08:00", "tracking_numbers": [],
                "line_items": [{ "id": line, "quantity": 1 }],
            })
        };
        for (number, line, status) in [(50, card, "SentToFulfillment"), (51, wine, "Shipped")] {
            let fulfillment = left(id + number, line);
            let members = json!({
                "line_items": lines, "fulfillments": [fulfillment], "total_tip_received": "12.00",
                "updated_at": format!("2026-11-22T05:00:{number}-08:00"),
            });
            let body = order_body(id, members).to_string();
            winery.deliver("orders/updated", &format!("w{}", id + number), body).await;
            let there = winery.account.order(&id.to_string()).unwrap();
            assert_eq!(there["shipments"][0]["shipmentStatus"], status, "turned by {at}");
        }
        lines.rotate_left(1);
    }
    assert!(winery.exceptions().await.is_empty(), "{:#?}", winery.exceptions().await);
}

fn line_id(lines: &[Value], sku: &str) -> i64 {
    lines.iter().find(|line| line["sku"] == sku).unwrap()["id"].as_i64().unwrap()
}
