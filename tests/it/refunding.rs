//! Refunds of goods that had left are entered as negative orders, where the route says so: once each, and to the cent.

use std::collections::BTreeMap;

use crossdock::domain::fulfillment::{Refund, RefundLine, RefundValue, Restock};
use crossdock::domain::mirror::{Absence, Desired};
use crossdock::domain::reason::ReasonCode;
use crossdock::domain::record::OrderRecord;
use crossdock::domain::route::{BundlePart, Refunds, Route};
use crossdock::engine::desired::desired;
use crossdock::engine::refunding::{given_back, negative_order};
use crossdock::simulator::fault::{Fault, Script};
use crossdock::simulator::shopify::order::RestockType;
use crossdock::simulator::shopify::{NewFulfillment, NewLine, NewOrder, NewRefund, RefundUnits};
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::support::contract::contract_or_skip;
use crate::support::winery::{ROUTE, Setup, Winery, line_body, order_body};
use crate::support::{dec, document, fulfillment, record, route, second};

fn negative(since: Option<&str>) -> Route {
    let since = since.map(|day| day.parse().unwrap());
    Route { refunds: Refunds::Negative { since }, ..route() }
}

/// A refund of units of the line `1`, made at that second.
fn refund(id: &str, at: i64, parts: &[(u32, Restock)], subtotal: &str) -> Refund {
    let part = |(quantity, restock): &(u32, Restock)| RefundLine {
        line: "1".into(),
        quantity: *quantity,
        restock: restock.clone(),
        value: Some(RefundValue { subtotal: dec(subtotal), tax: dec("1.01") }),
    };
    let day = Some("2026-11-21".parse().unwrap());
    Refund {
        id: id.into(),
        created_at: second(at),
        day,
        lines: parts.iter().map(part).collect(),
        shipping: RefundValue::default(),
    }
}

/// An order of six bottles of which so many left and so many are still wanted, with refunds.
fn sold(left: u32, wanted: u32, refunds: Vec<Refund>) -> OrderRecord {
    let mut document = document();
    (document.lines[0].ordered, document.lines[0].current) = (6, wanted);
    let mut record = record(document);
    if left > 0 {
        let made = fulfillment("80", &[("1", left)], &[], 5);
        record.fulfillments.insert(made.id.clone(), made);
    }
    record.refunds = refunds.into_iter().map(|refund| (refund.id.clone(), refund)).collect();
    record
}

fn entered(record: &OrderRecord, route: &Route) -> crossdock::domain::copy::OrderCopy {
    match desired(record, route) {
        Some(Desired::Present(copy)) => *copy,
        other => panic!("{other:?}"),
    }
}

#[test]
fn only_what_had_left_is_given_back_and_no_unit_twice() {
    use Restock::{Cancel, LegacyRestock, NoRestock, Return};
    type Case<'c> = (u32, u32, &'c [(&'c str, u32, Restock)], &'c [(&'c str, u32)]);
    let table: &[Case<'_>] = &[
        // Before it left: the order itself is another.
        (0, 4, &[("a", 2, Cancel)], &[]),
        (0, 4, &[("a", 2, NoRestock)], &[]),
        (4, 4, &[("a", 2, Cancel)], &[]),
        (4, 4, &[("a", 2, NoRestock)], &[]),
        // After it left.
        (6, 4, &[("a", 2, Return)], &[("a", 2)]),
        (6, 4, &[("a", 2, NoRestock)], &[("a", 2)]),
        (6, 4, &[("a", 2, LegacyRestock)], &[("a", 2)]),
        (6, 0, &[("a", 2, Return), ("b", 4, NoRestock)], &[("a", 2), ("b", 4)]),
        // Two before and one after: the latest had left.
        (4, 3, &[("a", 2, NoRestock), ("b", 1, NoRestock)], &[("b", 1)]),
        (4, 3, &[("a", 2, Cancel), ("b", 1, Return)], &[("b", 1)]),
        // One that had left, then two that an edit added and that never did.
        (4, 3, &[("a", 1, NoRestock), ("b", 2, Cancel)], &[("a", 1)]),
        // In part before: what the channel still had to send went first.
        (4, 3, &[("a", 3, NoRestock)], &[("a", 1)]),
        // Three left and came back, and three are still to go.
        (3, 3, &[("a", 3, Return)], &[("a", 3)]),
        // No more than left, whatever is said.
        (2, 0, &[("a", 6, Return)], &[("a", 2)]),
        (6, 0, &[("a", 6, Return), ("b", 6, NoRestock)], &[("a", 6)]),
    ];
    let route = negative(None);
    for (left, wanted, refunds, expected) in table {
        let made = |(at, (id, units, restock)): (usize, &(&str, u32, Restock))| {
            refund(id, 10 + i64::try_from(at).unwrap(), &[(*units, restock.clone())], "10")
        };
        let record = sold(*left, *wanted, refunds.iter().enumerate().map(made).collect());
        // The order as it was entered holds all that left.
        let copy = entered(&sold(6, 6, Vec::new()), &route);
        let found = given_back(&record, &route, &copy);
        let found: BTreeMap<&str, u32> =
            found.iter().map(|(id, parts)| (id.as_str(), parts.iter().map(|part| part.1).sum())).collect();
        let expected: BTreeMap<&str, u32> = expected.iter().copied().collect();
        assert_eq!(found, expected, "{left} left, {wanted} wanted, {refunds:?}");
    }
}

#[test]
fn what_left_and_came_back_stays_in_the_order_beside_what_is_still_to_leave() {
    use Restock::{NoRestock, Return};
    for (left, wanted, restock, units) in
        [(3, 3, Return, 6), (6, 4, Return, 6), (6, 4, NoRestock, 6), (0, 4, NoRestock, 4), (0, 4, Return, 4)]
    {
        let refund = refund("a", 10, &[(6 - wanted, restock.clone())], "10");
        let copy = entered(&sold(left, wanted, vec![refund]), &route());
        assert_eq!(copy.items[0].quantity, units, "{left} left, {wanted} wanted, {restock}");
    }
}

#[test]
fn a_route_that_does_not_say_so_or_says_since_when_enters_none() {
    let record = sold(6, 4, vec![refund("a", 10, &[(2, Restock::Return)], "80")]);
    let copy = entered(&record, &route());
    for (route, owed) in [
        (route(), 0),
        (negative(None), 1),
        (negative(Some("2026-11-21")), 1),
        (negative(Some("2026-11-22")), 0),
    ] {
        assert_eq!(given_back(&record, &route, &copy).len(), owed, "{:?}", route.refunds);
    }
}

/// Of three units refunded one had left: it has its share of price and tax, and no more.
#[test]
fn a_refund_of_which_a_part_had_left_gives_back_that_parts_share() {
    let route = negative(None);
    let record = sold(4, 3, vec![refund("a", 10, &[(3, Restock::NoRestock)], "10")]);
    let copy = entered(&sold(6, 6, Vec::new()), &route);
    let Desired::Present(made) = negative_order(&record, &route, Some(&copy), &"a".into(), None) else {
        panic!("owed")
    };
    assert_eq!((made.items[0].quantity, made.items[0].unit_price, made.tax), (1, dec("3.33"), dec("0.34")));
}

#[test]
fn what_was_kept_without_amounts_is_not_guessed_and_what_was_entered_stays() {
    let route = negative(None);
    let mut old = refund("a", 10, &[(2, Restock::Return)], "80");
    old.lines[0].value = None;
    let record = sold(6, 4, vec![old]);
    let copy = entered(&record, &route);
    let id = "a".into();
    match negative_order(&record, &route, Some(&copy), &id, None) {
        Desired::Undecided(reason) => assert_eq!(reason.code, ReasonCode::SourceUnreadable),
        other => panic!("{other:?}"),
    }
    let record = sold(6, 4, vec![refund("a", 10, &[(2, Restock::Return)], "80")]);
    let Desired::Present(made) = negative_order(&record, &route, Some(&copy), &id, None) else {
        panic!("owed")
    };
    // Its fulfilment was cancelled since, or one of a single unit stands in its place.
    let undone = |left| sold(left, 4, vec![refund("a", 10, &[(2, Restock::Return)], "80")]);
    for left in [0, 1] {
        match negative_order(&undone(left), &route, Some(&copy), &id, Some(&made)) {
            Desired::Undecided(reason) => assert_eq!(reason.code, ReasonCode::RefundWithdrawn),
            other => panic!("{left} left: {other:?}"),
        }
    }
    let gone = negative_order(&undone(0), &route, Some(&copy), &id, None);
    assert_eq!(gone, Desired::Absent(Absence::NothingHadLeft));
}

proptest! {
    /// Bundles, odd cents, parts of a line: what a negative order says of prices comes to what was given back.
    #[test]
    fn a_negative_order_comes_to_the_refund_to_the_cent(
        parts in prop::collection::vec(1u32..5, 1..4), back in 1u32..7, cents in 0i64..99_999,
    ) {
        let parts: Vec<BundlePart> = parts
            .into_iter()
            .enumerate()
            .map(|(at, quantity)| BundlePart { sku: format!("P{at}"), quantity })
            .collect();
        let each: u32 = parts.iter().map(|part| part.quantity).sum();
        let sku = document().lines[0].sku.clone().unwrap();
        let route = Route { bundles: [(sku, parts)].into(), ..negative(None) };
        let mut made = refund("a", 10, &[(back, Restock::Return)], "0");
        made.lines[0].value = Some(RefundValue { subtotal: Decimal::new(cents, 2), tax: dec("3.33") });
        let record = sold(6, 6 - back, vec![made]);
        let copy = entered(&record, &route);
        let wanted = negative_order(&record, &route, Some(&copy), &"a".into(), None);
        let Desired::Present(negative) = wanted else { panic!("{wanted:?}") };
        let worth: Decimal = negative.items.iter().map(|item| item.unit_price * Decimal::from(item.quantity)).sum();
        prop_assert_eq!(worth.normalize(), Decimal::new(cents, 2).normalize());
        prop_assert_eq!(negative.items.iter().map(|item| item.quantity).sum::<u32>(), each * back);
        prop_assert!(negative.items.iter().all(|item| item.unit_price.scale() <= 2));
        prop_assert_eq!((negative.tax, negative.shipping), (dec("3.33"), Decimal::ZERO));
    }
}

#[test]
fn shipping_comes_out_of_what_was_entered_and_no_cent_twice() {
    type Case<'c> = (&'c [&'c str], &'c str, &'c [(&'c str, &'c str)]);
    let route = negative(None);
    let back = |cents: &str| RefundValue { subtotal: dec(cents), tax: dec("0.90") };
    // Of 15 that were entered: what refunds gave back, the oldest first, what the order has left, what is taken out of it.
    let table: [Case<'_>; 6] = [
        (&["0"], "15", &[("0", "0")]),
        (&["5"], "10", &[("5", "0.90")]),
        (&["5", "10"], "0", &[("5", "0.90"), ("10", "0.90")]),
        // Given back before the order was entered.
        (&["5"], "15", &[("0", "0")]),
        (&["5", "7"], "8", &[("0", "0"), ("7", "0.90")]),
        (&["6", "7"], "5", &[("3", "0.45"), ("7", "0.90")]),
    ];
    for (at, (given, left, expected)) in table.into_iter().enumerate() {
        let refunds: Vec<Refund> = (10..)
            .zip(given)
            .map(|(second, given)| {
                let made = refund(&format!("{second}"), second, &[(1, Restock::Return)], "40");
                Refund { shipping: back(given), ..made }
            })
            .collect();
        let ids: Vec<_> = refunds.iter().map(|refund| refund.id.clone()).collect();
        let mut record = sold(6, 4, refunds);
        let copy = entered(&record, &route);
        assert_eq!(copy.shipping, dec("15"));
        record.document.as_mut().unwrap().shipping[0].price = dec(left);
        for (id, (shipping, tax)) in ids.iter().zip(expected) {
            match negative_order(&record, &route, Some(&copy), id, None) {
                Desired::Present(made) => {
                    let told = (made.shipping, made.tax - dec("1.01"));
                    assert_eq!(told, (dec(shipping), dec(tax)), "row {at}, refund {id}");
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

/// The route's maps, with refunds entered.
fn entering() -> String {
    format!("{ROUTE}refunds = \"negative_order\"\n")
}

/// Six bottles that left, of which two come back for 75.01.
async fn two_come_back(winery: &Winery) -> (i64, i64) {
    let price = dec("37.50");
    let order =
        NewOrder { lines: vec![NewLine { quantity: 6, price, ..NewLine::default() }], ..NewOrder::default() };
    let id = winery.place(order).await;
    winery.shop.fulfill(id, &NewFulfillment::default()).unwrap();
    winery.sync().await;
    (id, give_back(winery, id, 2, RestockType::Return).await)
}

async fn give_back(winery: &Winery, id: i64, quantity: u32, restock: RestockType) -> i64 {
    let line_id = winery.shop.order(id).unwrap().lines[0].id;
    let units = RefundUnits { line_id, quantity, restock, location_id: None };
    let made = winery.shop.refund(id, &NewRefund { lines: vec![units], ..NewRefund::default() }).unwrap();
    winery.sync().await;
    made
}

/// Negative orders at the account, by key.
fn negatives(winery: &Winery) -> Vec<(String, Value)> {
    winery.account.orders().into_iter().filter(|(key, _)| key.contains("-R")).collect()
}

#[tokio::test]
async fn a_refund_after_shipping_is_entered_once_as_a_negative_order() {
    let route = entering();
    let connection = "fulfillment_house = \"InHouse\"\n";
    let winery = Winery::with(Setup { route: Some(&route), connection, ..Setup::default() }).await;
    let (id, refund) = two_come_back(&winery).await;
    let (key, made) = negatives(&winery).pop().expect("it is entered");
    assert_eq!(key, format!("1001-R{refund}"));
    let first = winery.account.order("1001").unwrap();
    let (shipment, first_shipment) = (&made["shipments"][0], &first["shipments"][0]);
    assert_eq!((&made["committed"], &shipment["shipmentStatus"]), (&json!(true), &json!("Delivered")));
    assert_eq!(shipment["shipTo"], first_shipment["shipTo"]);
    assert_eq!((&made["billTo"], &made["customerKey"]), (&first["billTo"], &first["customerKey"]));
    assert_eq!(made["purchaseDate"], "2026-11-22T00:00:00");
    assert_eq!((&shipment["shipping"], &shipment["fulfillmentHouse"]), (&json!(0.0), &Value::Null));
    let item = &shipment["shipmentItems"][0];
    assert_eq!(
        (&item["productKey"], &item["productQuantity"], &item["productUnitPrice"]),
        (&json!("22PN750"), &json!(-2.0), &json!(37.5))
    );
    let told = &winery.shop.order(id).unwrap().refunds[0];
    let tax: f64 = told.lines[0].tax.shop.to_string().parse().unwrap();
    assert_eq!(made["salesTaxCollected"], json!(if tax > 0.0 { -tax } else { 0.0 }));
    assert_eq!(first_shipment["shipmentItems"][0]["productQuantity"], 6.0, "it stays as it left");
    if let Some(contract) = contract_or_skip("negative orders") {
        let writes = winery.writes();
        let write = writes.last().unwrap();
        let wrong =
            contract.request("POST", "/api/v1/salesOrders/check-commit", write.body.as_ref().unwrap());
        assert_eq!(wrong, Vec::<String>::new());
    }

    // Once: after duplicates, replays, looks by the clock and a restart.
    let written = winery.written().len();
    let body = winery.shop.rest_order(id).unwrap().to_string();
    winery.deliver("orders/updated", "again", body).await;
    let (status, _) = winery.server.tell("replay", &json!({ "orders": ["1001"] })).await;
    assert_eq!(status, 200);
    winery.clock.advance(std::time::Duration::from_mins(6));
    let winery = winery.restart().await;
    winery.sync().await;
    assert_eq!((winery.written().len(), negatives(&winery).len()), (written, 1), "{:#?}", winery.written());
    assert_eq!(winery.exceptions().await, []);

    // Another is one of its own, and the rest of the goods stays with its customer.
    give_back(&winery, id, 3, RestockType::NoRestock).await;
    let units: Vec<f64> = negatives(&winery)
        .iter()
        .map(|(_, order)| order["shipments"][0]["shipmentItems"][0]["productQuantity"].as_f64().unwrap())
        .collect();
    assert_eq!(units, [-2.0, -3.0]);
    let copies = winery.server.api("orders/1001").await["order"]["mirrors"].clone();
    let names: Vec<&str> =
        copies.as_array().unwrap().iter().map(|copy| copy["destination"].as_str().unwrap()).collect();
    assert!(names.contains(&format!("compliance/refund-{refund}").as_str()), "{names:?}");
}

#[tokio::test]
async fn shipping_that_is_given_back_with_goods_is_entered_with_them() {
    let route = entering();
    let winery = Winery::with(Setup { route: Some(&route), ..Setup::default() }).await;
    let id =
        winery.place(NewOrder { tax_rate: dec("0.08"), tax_shipping: true, ..NewOrder::default() }).await;
    winery.shop.fulfill(id, &NewFulfillment::default()).unwrap();
    winery.sync().await;
    let line_id = winery.shop.order(id).unwrap().lines[0].id;
    let units = RefundUnits { line_id, quantity: 1, restock: RestockType::Return, location_id: None };
    let refund = NewRefund { lines: vec![units], shipping: Some(dec("4.10")), ..NewRefund::default() };
    winery.shop.refund(id, &refund).unwrap();
    winery.sync().await;
    let (_, made) = negatives(&winery).pop().expect("it is entered");
    assert_eq!(made["shipments"][0]["shipping"], json!(-4.1));
    let told = &winery.shop.order(id).unwrap().refunds[0];
    let tax = told.lines[0].tax.shop + told.shipping[0].tax.shop;
    assert!(told.shipping[0].tax.shop > Decimal::ZERO);
    let negative: Decimal = made["salesTaxCollected"].to_string().parse().unwrap();
    assert_eq!(negative.normalize(), (-tax).normalize());
    assert_eq!(winery.exceptions().await, []);
}

/// Bodies of older versions tell of it beside the lines, and not in the rate.
#[tokio::test]
async fn shipping_that_an_older_body_tells_of_is_entered_too() {
    let route = entering();
    let winery = Winery::with(Setup { route: Some(&route), unasked: true, ..Setup::default() }).await;
    let left = json!({ "fulfillments": [{
        "id": 7, "order_id": 900, "status": "success", "created_at": "2026-11-22T05:00:00-08:00",
        "updated_at": "2026-11-22T05:00:00-08:00", "line_items": [{ "id": 901, "quantity": 2 }],
        "tracking_numbers": ["794600000001"], "tracking_company": "FedEx",
    }]});
    winery.deliver("orders/updated", "a", order_body(900, left.clone()).to_string()).await;
    let adjustment =
        |kind: &str, amount: &str, tax: &str| json!({ "kind": kind, "amount": amount, "tax_amount": tax });
    let mut refunded = left;
    refunded["updated_at"] = json!("2026-11-22T06:00:00-08:00");
    refunded["refunds"] = json!([{
        "id": 8, "order_id": 900, "created_at": "2026-11-22T06:00:00-08:00",
        "refund_line_items": [{ "line_item_id": 901, "quantity": 1, "restock_type": "return", "subtotal": 40.0, "total_tax": 3.3 }],
        "order_adjustments": [adjustment("shipping_refund", "-4.10", "-0.33"), adjustment("refund_discrepancy", "-1.00", "0.00")],
    }]);
    refunded["line_items"] = json!([line_body(901, json!({ "current_quantity": 1 }))]);
    winery.deliver("orders/updated", "b", order_body(900, refunded).to_string()).await;
    let (_, made) = negatives(&winery).pop().expect("it is entered");
    assert_eq!(
        (&made["shipments"][0]["shipping"], &made["salesTaxCollected"]),
        (&json!(-4.1), &json!(-3.63))
    );
}

#[tokio::test]
async fn shipping_that_is_given_back_before_it_left_is_in_the_order_no_more() {
    let winery = Winery::open().await;
    let id = winery.place(NewOrder::default()).await;
    let before: f64 = winery.account.order("1001").unwrap()["shipments"][0]["shipping"].as_f64().unwrap();
    winery.shop.refund(id, &NewRefund { shipping: Some(dec("4")), ..NewRefund::default() }).unwrap();
    winery.sync().await;
    assert_eq!(winery.account.order("1001").unwrap()["shipments"][0]["shipping"], json!(before - 4.0));
}

#[tokio::test]
async fn a_refund_before_shipping_changes_the_order_itself_and_so_does_every_one_unless_asked() {
    let route = entering();
    let winery = Winery::with(Setup { route: Some(&route), ..Setup::default() }).await;
    let id = winery.place(NewOrder::default()).await;
    for restock in [RestockType::Cancel, RestockType::NoRestock] {
        give_back(&winery, id, 1, restock).await;
    }
    let item = &winery.account.order("1001").unwrap()["shipments"][0]["shipmentItems"][0];
    assert_eq!((item["productQuantity"].as_f64(), negatives(&winery)), (Some(4.0), vec![]));
    let winery = Winery::open().await;
    two_come_back(&winery).await;
    assert_eq!(negatives(&winery), []);
    assert_eq!(winery.exceptions().await, []);
}

#[tokio::test]
async fn an_answer_that_is_lost_enters_no_second_negative_order() {
    let route = entering();
    for lost in
        [Fault::ResetBefore, Fault::ResetAfter, Fault::ErrorAfter(502), Fault::Truncated, Fault::NotJson]
    {
        let winery = Winery::with(Setup { route: Some(&route), ..Setup::default() }).await;
        let id = winery.place(NewOrder::default()).await;
        winery.shop.fulfill(id, &NewFulfillment::default()).unwrap();
        winery.sync().await;
        let path = Some("/api/v1/salesOrders/check-commit".to_owned());
        winery.account.faults().script(Script { fault: lost, method: None, path, times: 1 });
        let refund = give_back(&winery, id, 1, RestockType::Return).await;
        winery.sync().await;
        let key = format!("1001-R{refund}");
        let commits = winery.account.history(&key).into_iter().filter(|event| {
            matches!(event.change, crossdock::simulator::shipcompliant::Change::Committed { .. })
        });
        assert_eq!(commits.count(), 1, "{lost:?}");
        assert_eq!(winery.account.summary()["double_commits"], 0, "{lost:?}: it was looked for");
        assert_eq!(winery.exceptions().await, [], "{lost:?}");
    }
}

#[tokio::test]
async fn a_refund_whose_goods_had_not_left_after_all_asks_a_person() {
    let route = entering();
    let winery = Winery::with(Setup { route: Some(&route), ..Setup::default() }).await;
    let (id, refund) = two_come_back(&winery).await;
    let made = winery.shop.order(id).unwrap().fulfillments[0].id;
    winery.shop.cancel_fulfillment(id, made).unwrap();
    winery.sync().await;
    let told = winery.only_exception("refund_withdrawn").await;
    assert_eq!(told["destination"], format!("compliance/refund-{refund}"));
    assert_eq!(negatives(&winery).len(), 1, "reports may include it");
    // It leaves after all.
    winery.shop.fulfill(id, &NewFulfillment::default()).unwrap();
    winery.sync().await;
    assert_eq!(negatives(&winery).len(), 1);
}
