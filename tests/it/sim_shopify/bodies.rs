//! Webhook bodies against Shopify's newest samples, and against the GraphQL form of the same order.

use std::collections::BTreeSet;
use std::time::Duration;

use crossdock::simulator::shopify::order::{RestockType, RiskRecommendation, ShipmentStatus};
use crossdock::simulator::shopify::{
    EditOrder, NewFulfillment, NewLine, NewOrder, NewRefund, NewShipmentEvent, Options, RefundUnits, Shop,
    activity, generate,
};
use rand::SeedableRng;
use rust_decimal::Decimal;
use serde_json::Value;

use super::{Receiver, sample, shop};

/// Where and how two bodies differ in keys or JSON types. Null fits anything, an empty list says nothing.
fn differences(ours: &Value, theirs: &Value, at: &str, found: &mut BTreeSet<String>) {
    match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) => {
            for key in ours.keys().filter(|key| !theirs.contains_key(*key)) {
                found.insert(format!("{at}.{key} is ours"));
            }
            for (key, theirs) in theirs {
                match ours.get(key) {
                    None => drop(found.insert(format!("{at}.{key} is missing"))),
                    Some(ours) => differences(ours, theirs, &format!("{at}.{key}"), found),
                }
            }
        }
        (Value::Array(ours), Value::Array(theirs)) => {
            if let (Some(ours), Some(theirs)) = (ours.first(), theirs.first()) {
                differences(ours, theirs, &format!("{at}[]"), found);
            }
        }
        (Value::Null, _) | (_, Value::Null) => {}
        (Value::Number(ours), Value::Number(theirs)) => {
            // The amounts in a refund's lines are numbers, whole or not.
            let amount = at.contains("subtotal") || at.contains("total_tax");
            let same = amount || ours.is_f64() == theirs.is_f64();
            found.extend((!same).then(|| format!("{at} is {ours} and theirs {theirs}")));
        }
        _ if std::mem::discriminant(ours) != std::mem::discriminant(theirs) => {
            found.insert(format!("{at} is {ours} and theirs {theirs}"));
        }
        _ => {}
    }
}

/// Does everything once and gives the body of each topic as it came over the wire.
async fn bodies() -> (Shop, std::collections::BTreeMap<String, Value>) {
    let mut endpoint = Receiver::start(200).await;
    let (shop, _) = shop(Options { webhook_url: Some(endpoint.url.clone()), ..Options::default() });
    let halt = tokio_util::sync::CancellationToken::new();
    tokio::spawn({
        let (shop, halt) = (shop.clone(), halt.clone());
        async move { shop.run(halt).await }
    });
    let id = shop.place_order(&NewOrder::default()).unwrap();
    shop.edit_order(id, &EditOrder { add: vec![NewLine::default()], ..EditOrder::default() }).unwrap();
    shop.hold(id, &crossdock::simulator::shopify::NewHold::default()).unwrap();
    shop.release(id, &crossdock::simulator::shopify::Release::default()).unwrap();
    shop.call_off(id, None).unwrap();
    shop.assess(id, RiskRecommendation::Investigate).unwrap();
    let tracking = crossdock::simulator::shopify::Tracking {
        company: Some("UPS".into()),
        numbers: vec!["1Z999".into()],
        urls: Vec::new(),
    };
    let fulfillment = shop.fulfill(id, &NewFulfillment { tracking, ..NewFulfillment::default() }).unwrap();
    let event = NewShipmentEvent {
        status: ShipmentStatus::InTransit,
        message: Some("Departed".into()),
        happened_at: None,
        estimated_delivery_at: None,
    };
    shop.set_shipment_status(id, fulfillment, &event).unwrap();
    let line_id = shop.order(id).unwrap().lines[0].id;
    let lines = vec![RefundUnits { line_id, quantity: 1, restock: RestockType::Return, location_id: None }];
    shop.refund(id, &NewRefund { lines, note: Some("Broken".into()), ..NewRefund::default() }).unwrap();
    shop.settled().await;
    let mut bodies = std::collections::BTreeMap::new();
    for _ in shop.deliveries() {
        let received = endpoint.next().await;
        let topic = received.header("x-shopify-topic").to_owned();
        // The fullest order is the last one.
        let body = received.json();
        let longer = |old: &Value| old.to_string().len() < body.to_string().len();
        if bodies.get(&topic).is_none_or(longer) {
            bodies.insert(topic, body);
        }
    }
    halt.cancel();
    (shop, bodies)
}

#[tokio::test]
async fn bodies_have_the_keys_and_types_of_the_newest_samples() {
    let (_, bodies) = bodies().await;
    for (topic, path) in [
        ("orders/create", "payloads/orders-create/3.json"),
        ("orders/updated", "payloads/orders-create/3.json"),
        ("fulfillments/create", "payloads/fulfillments-create/3.json"),
        ("fulfillments/update", "payloads/fulfillments-update/6.json"),
        ("refunds/create", "payloads/refunds-create/6.json"),
        ("orders/edited", "payloads/orders-edited/4.json"),
        ("order_transactions/create", "payloads/order-transactions-create/3.json"),
        ("fulfillment_events/create", "payloads/fulfillment-events-create/1.json"),
        ("fulfillment_orders/hold_released", "payloads/fulfillment-orders-hold-released/1.json"),
        ("fulfillment_orders/cancelled", "payloads/fulfillment-orders-cancelled/1.json"),
        ("orders/risk_assessment_changed", "payloads/orders-risk-assessment-changed/2.json"),
        ("fulfillment_holds/added", "payloads/fulfillment-holds-added/1.json"),
        ("fulfillment_holds/released", "payloads/fulfillment-holds-released/1.json"),
        ("fulfillment_orders/placed_on_hold", "payloads/fulfillment-orders-placed-on-hold/3.json"),
    ] {
        let Some(theirs) = sample(path) else { return };
        let ours = bodies.get(topic).unwrap_or_else(|| panic!("no {topic}"));
        let mut found = BTreeSet::new();
        differences(ours, &theirs, "", &mut found);
        // No difference is intended.
        assert!(found.is_empty(), "{topic}: {found:#?}");
    }
}

#[tokio::test]
async fn both_forms_of_an_order_agree() {
    let (shop, clock) = shop(Options::default());
    let mut rng = rand::rngs::StdRng::seed_from_u64(21);
    for new in generate::orders(20, 60, shop.profile()) {
        let id = shop.place_order(&new).unwrap();
        for _ in 0..6 {
            agree(&shop.rest_order(id).unwrap(), &shop.graphql_order(id).unwrap());
            clock.advance(Duration::from_millis(700));
            activity::act_at_random(&shop, &mut rng, id);
        }
    }
}

fn decimal(value: &Value) -> Decimal {
    value.as_str().unwrap_or_else(|| panic!("{value} is no amount")).parse().unwrap()
}

fn same_money(rest: &Value, graphql: &Value, what: &str) {
    for (ours, theirs) in [("shop_money", "shopMoney"), ("presentment_money", "presentmentMoney")] {
        assert_eq!(decimal(&rest[ours]["amount"]), decimal(&graphql[theirs]["amount"]), "{what}");
        assert_eq!(rest[ours]["currency_code"], graphql[theirs]["currencyCode"], "{what}");
    }
}

fn agree(rest: &Value, graphql: &Value) {
    assert_eq!(rest["admin_graphql_api_id"], graphql["id"]);
    assert_eq!(rest["id"].to_string(), graphql["legacyResourceId"].as_str().unwrap());
    for (ours, theirs) in [
        ("name", "name"),
        ("email", "email"),
        ("note", "note"),
        ("order_number", "number"),
        ("currency", "currencyCode"),
        ("presentment_currency", "presentmentCurrencyCode"),
        ("source_name", "sourceName"),
        ("test", "test"),
        ("taxes_included", "taxesIncluded"),
        ("duties_included", "dutiesIncluded"),
    ] {
        assert_eq!(rest[ours], graphql[theirs], "{ours}");
    }
    for (ours, theirs) in [
        ("current_subtotal_price_set", "currentSubtotalPriceSet"),
        ("current_total_price_set", "currentTotalPriceSet"),
        ("current_total_tax_set", "currentTotalTaxSet"),
        ("current_total_discounts_set", "currentTotalDiscountsSet"),
        ("current_shipping_price_set", "currentShippingPriceSet"),
        ("subtotal_price_set", "subtotalPriceSet"),
        ("total_price_set", "totalPriceSet"),
        ("total_tax_set", "totalTaxSet"),
        ("total_discounts_set", "totalDiscountsSet"),
        ("total_shipping_price_set", "totalShippingPriceSet"),
    ] {
        same_money(&rest[ours], &graphql[theirs], ours);
    }
    let outstanding = decimal(&rest["total_outstanding"]);
    assert_eq!(outstanding, decimal(&graphql["totalOutstandingSet"]["shopMoney"]["amount"]));
    for (ours, theirs) in
        [("created_at", "createdAt"), ("updated_at", "updatedAt"), ("closed_at", "closedAt")]
    {
        let time = |value: &Value| value.as_str().map(|text| text.parse::<jiff::Timestamp>().unwrap());
        assert_eq!(time(&rest[ours]), time(&graphql[theirs]), "{ours}");
    }
    let status = rest["financial_status"].as_str().unwrap().to_uppercase();
    assert_eq!(status, graphql["displayFinancialStatus"].as_str().unwrap());

    let list = |value: &Value| value.as_array().unwrap().clone();
    let lines = list(&graphql["lineItems"]["nodes"]);
    assert_eq!(list(&rest["line_items"]).len(), lines.len());
    for (ours, theirs) in list(&rest["line_items"]).iter().zip(&lines) {
        assert_eq!(ours["admin_graphql_api_id"], theirs["id"]);
        for (key, name) in [
            ("quantity", "quantity"),
            ("current_quantity", "currentQuantity"),
            ("fulfillable_quantity", "fulfillableQuantity"),
            ("sku", "sku"),
            ("name", "name"),
            ("gift_card", "isGiftCard"),
            ("requires_shipping", "requiresShipping"),
        ] {
            assert_eq!(ours[key], theirs[name], "{key}");
        }
        same_money(&ours["price_set"], &theirs["originalUnitPriceSet"], "price");
        same_money(&ours["total_discount_set"], &theirs["totalDiscountSet"], "total_discount");
        assert_eq!(ours["sales_line_item_group_id"].is_null(), theirs["lineItemGroup"].is_null());
    }
    let fulfillments = list(&graphql["fulfillments"]);
    for (ours, theirs) in list(&rest["fulfillments"]).iter().zip(&fulfillments) {
        let status = ours["status"].as_str().unwrap().to_uppercase();
        assert_eq!(status, theirs["status"].as_str().unwrap());
        let ours_name = ours["name"].as_str().unwrap().replace('.', "-F");
        assert_eq!(ours_name, theirs["name"].as_str().unwrap());
        let units: u64 = list(&ours["line_items"]).iter().map(|l| l["quantity"].as_u64().unwrap()).sum();
        assert_eq!(Some(units), theirs["totalQuantity"].as_u64());
    }
    for (ours, theirs) in list(&rest["refunds"]).iter().zip(&list(&graphql["refunds"])) {
        let paid: Decimal = list(&ours["transactions"]).iter().map(|t| decimal(&t["amount"])).sum();
        assert_eq!(paid, decimal(&theirs["totalRefundedSet"]["shopMoney"]["amount"]));
        let lines = list(&theirs["refundLineItems"]["nodes"]);
        for (ours, theirs) in list(&ours["refund_line_items"]).iter().zip(&lines) {
            same_money(&ours["subtotal_set"], &theirs["subtotalSet"], "subtotal");
            assert_eq!(
                ours["subtotal"].to_string().parse::<Decimal>().unwrap(),
                decimal(&ours["subtotal_set"]["shop_money"]["amount"])
            );
        }
    }
    // The sums say what their parts say.
    let totals = |key: &str| decimal(&rest[key]);
    let tax = if rest["taxes_included"] == true { Decimal::ZERO } else { totals("total_tax") };
    let shipping: Decimal =
        list(&rest["shipping_lines"]).iter().map(|l| decimal(&l["discounted_price"])).sum();
    assert_eq!(
        totals("total_price"),
        totals("subtotal_price") + shipping + tax + totals("total_tip_received")
    );
}
