//! What leaves in more than one parcel, and what becomes of bundles and of people's own fulfilments in it.

use crossdock::simulator::shiphero::{NewPackage, NewShipment, Options, Units};
use crossdock::simulator::shopify::order::FulfillmentStatus;
use crossdock::simulator::shopify::{FulfillUnits, NewFulfillment, NewOrder, Payment, Tracking};
use serde_json::{Value, json};

use super::edits::{line, order_of_two, told, winery, winery_with};
use crate::support::winery::{House, Winery};

const PINOT: &str = "PN-2022-750";
const CHARDONNAY: &str = "CH-2023-750";
/// Two numbers that are UPS's.
const NUMBERS: [&str; 2] = ["1Z999AA10123456784", "1Z12345E6605272234"];

fn rich() -> Options {
    Options { credits: 1_000_000, credits_a_second: 100_000, ..Options::default() }
}

/// A paid order of one line.
async fn order_of(winery: &Winery, sku: &str, quantity: u32) -> i64 {
    let lines = vec![line(sku, quantity)];
    winery.place(NewOrder { lines, payment: Payment::Paid, ..NewOrder::default() }).await
}

/// Units of the lines with these SKUs.
fn units(packed: &Value, wanted: &[(&str, i64)]) -> Vec<Units> {
    let lines = packed["line_items"].as_array().unwrap();
    let units = |(sku, quantity): &(&str, i64)| {
        let line = lines.iter().find(|line| line["sku"] == *sku).unwrap();
        Units { line_item: line["legacy_id"].as_i64().unwrap(), quantity: *quantity }
    };
    wanted.iter().map(units).collect()
}

/// Ships these parcels as one shipment.
async fn ship(winery: &Winery, id: i64, parcels: &[&[(&str, i64)]]) {
    let packed = winery.packed(id);
    let package = |(at, parcel): (usize, &&[(&str, i64)])| NewPackage {
        tracking_number: NUMBERS.get(at).map(|number| (*number).to_owned()),
        carrier: NUMBERS.get(at).map(|_| "UPS".to_owned()),
        units: units(&packed, parcel),
        ..NewPackage::default()
    };
    let shipment = NewShipment {
        units: units(&packed, &parcels.concat()),
        packages: parcels.iter().enumerate().map(package).collect(),
        ..NewShipment::default()
    };
    winery.house().ship(winery.number(id), &shipment).await.unwrap();
}

/// Units and numbers of the fulfilments that stand.
fn made(winery: &Winery, id: i64) -> Vec<(u32, Vec<String>)> {
    let made = winery.shop.order(id).unwrap().fulfillments;
    let made = made.iter().filter(|made| made.status == FulfillmentStatus::Success);
    made.map(|made| (made.quantity(), made.numbers.clone())).collect()
}

fn units_made(winery: &Winery, id: i64) -> u32 {
    made(winery, id).iter().map(|(units, _)| units).sum()
}

#[tokio::test]
async fn a_line_in_very_many_parcels_is_told_parcel_by_parcel_and_nobody_is_asked() {
    // More than a pass has rounds beside its parcels, and more than the first page of a shipment shows.
    for count in [14, 18] {
        let winery = winery().await;
        let id = order_of(&winery, PINOT, count).await;
        let parcel: &[(&str, i64)] = &[(PINOT, 1)];
        ship(&winery, id, &vec![parcel; count as usize]).await;
        winery.sync().await;
        let made = made(&winery, id);
        assert_eq!(made.len(), count as usize);
        assert!(made.iter().all(|(units, numbers)| (*units, numbers.len()) == (1, 1)), "{made:?}");
        assert_eq!(told(&winery, id).await, [""; 0]);
    }
}

#[tokio::test]
async fn what_is_marked_as_shipped_without_a_label_is_told_without_a_number() {
    let winery = winery().await;
    let id = order_of(&winery, PINOT, 3).await;
    let unlabelled = NewShipment { unlabelled: true, ..NewShipment::default() };
    winery.house().ship(winery.number(id), &unlabelled).await.unwrap();
    winery.sync().await;
    assert_eq!(made(&winery, id), [(3, Vec::new())]);
    assert_eq!(told(&winery, id).await, [""; 0]);
}

/// A shipment of parcels, and how many bundles have left after it.
type Shipped<'r> = (&'r [&'r [(&'r str, i64)]], u32);

/// A winery with one bundle, of these parts.
async fn bundled(parts: &str) -> Winery {
    let maps = format!(
        "order_key = \"id\"\nmethods = {{ \"UPS Ground\" = \"UPS/Ground\", \"FedEx Ground\" = \"FedEx/Ground\" }}\n\
         bundles = {{ \"TASTING-SET\" = {parts} }}\n"
    );
    winery_with(House { options: rich(), maps: Some(&maps), ..House::default() }).await
}

#[tokio::test]
async fn a_bundle_waits_for_a_part_that_is_labelled_and_does_not_count_as_shipped_yet() {
    let winery = bundled(r#"[{ sku = "PN-2022-750" }, { sku = "CH-2023-750" }]"#).await;
    let id = order_of(&winery, "TASTING-SET", 1).await;
    let bulk = units(&winery.packed(id), &[(PINOT, 1)]);
    let bulk = NewShipment { units: bulk, bulk: true, ..NewShipment::default() };
    let bulk = winery.house().ship(winery.number(id), &bulk).await.unwrap();
    ship(&winery, id, &[&[(CHARDONNAY, 1)]]).await;
    winery.sync().await;
    winery.poll_house().await;
    assert_eq!(units_made(&winery, id), 0, "{:?}", made(&winery, id));
    winery.house().complete(bulk).unwrap();
    winery.poll_house().await;
    assert_eq!(units_made(&winery, id), 1);
    assert_eq!(told(&winery, id).await, [""; 0]);
}

#[tokio::test]
async fn a_bundle_has_left_once_all_its_parts_have_in_whatever_parcels() {
    let two_each = r#"[{ sku = "PN-2022-750", quantity = 2 }, { sku = "CH-2023-750", quantity = 2 }]"#;
    let one_each = r#"[{ sku = "PN-2022-750" }, { sku = "CH-2023-750" }]"#;
    // Parts, bundles, and how many bundles have left after each shipment.
    let table: [(&str, u32, &[Shipped<'_>]); 4] = [
        (two_each, 1, &[(&[&[(PINOT, 2)], &[(CHARDONNAY, 2)]], 1)]),
        (
            two_each,
            2,
            &[(&[&[(PINOT, 3)]], 0), (&[&[(PINOT, 1), (CHARDONNAY, 3)]], 1), (&[&[(CHARDONNAY, 1)]], 2)],
        ),
        (one_each, 1, &[(&[&[(PINOT, 1)]], 0), (&[&[(CHARDONNAY, 1)]], 1)]),
        (one_each, 2, &[(&[&[(PINOT, 1), (CHARDONNAY, 1)]], 1), (&[&[(PINOT, 1)], &[(CHARDONNAY, 1)]], 2)]),
    ];
    for (row, (parts, bundles, shipments)) in table.into_iter().enumerate() {
        let winery = bundled(parts).await;
        let id = order_of(&winery, "TASTING-SET", bundles).await;
        for (at, (parcels, left)) in shipments.iter().enumerate() {
            ship(&winery, id, parcels).await;
            winery.sync().await;
            winery.poll_house().await;
            assert_eq!(units_made(&winery, id), *left, "row {row}, shipment {at}: {:?}", made(&winery, id));
        }
        assert_eq!(told(&winery, id).await, [""; 0], "row {row}");
    }
}

#[tokio::test]
async fn a_parcel_that_a_person_told_the_shop_of_is_not_told_twice_at_the_cost_of_another() {
    let winery = winery().await;
    let id = order_of(&winery, PINOT, 2).await;
    ship(&winery, id, &[&[(PINOT, 1)], &[(PINOT, 1)]]).await;
    let line_id = winery.shop.order(id).unwrap().lines[0].id;
    let by_hand = NewFulfillment {
        lines: vec![FulfillUnits { line_id, quantity: 1 }],
        tracking: Tracking {
            company: Some("UPS".into()),
            numbers: vec![NUMBERS[0].into()],
            ..Tracking::default()
        },
        ..NewFulfillment::default()
    };
    winery.shop.fulfill(id, &by_hand).unwrap();
    winery.sync().await;
    let expected: Vec<_> = NUMBERS.iter().map(|number| (1, vec![(*number).to_owned()])).collect();
    assert_eq!(made(&winery, id), expected);
    assert_eq!(told(&winery, id).await, [""; 0]);
}

#[tokio::test]
async fn work_that_is_open_behind_a_page_of_closed_work_is_found() {
    let winery = winery().await;
    let id = winery.place(order_of_two(Payment::Paid)).await;
    // Each fulfilment that is undone leaves work that is closed, and the same again.
    for _ in 0..20 {
        let made = winery.shop.fulfill(id, &NewFulfillment::default()).unwrap();
        winery.shop.cancel_fulfillment(id, made).unwrap();
    }
    winery.sync().await;
    winery.house().ship(winery.number(id), &NewShipment::default()).await.unwrap();
    winery.sync().await;
    assert_eq!(units_made(&winery, id), 8);
    assert_eq!(told(&winery, id).await, [""; 0]);
}

#[tokio::test]
async fn the_same_number_at_another_brand_of_the_3pl_is_no_matter_of_ours() {
    let options = Options { is_3pl: true, customer_accounts: vec![7_001, 7_002], ..rich() };
    let keys = "customer_account_id = \"7001\"";
    let winery = winery_with(House { options, keys, ..House::default() }).await;
    let other = json!({
        "customer_account_id": "7002", "order_number": "#1001",
        "line_items": [{ "sku": PINOT, "partner_line_item_id": "9", "quantity": 1, "price": "9.00" }],
        "shipping_address": { "first_name": "Ann", "last_name": "Other", "address1": "1 Elm St", "city": "Austin",
            "state": "TX", "zip": "78701", "country": "US" },
    });
    winery.house().place(&other).unwrap();
    let id = winery.place(order_of_two(Payment::Paid)).await;
    assert_eq!(told(&winery, id).await, [""; 0]);
    assert_eq!(winery.house_writes(), ["order_create"]);
}

/// What left is on its way, whoever cancels the rest: it stays told, and nothing is entered a second time.
#[tokio::test]
async fn an_order_that_is_cancelled_there_after_a_part_left_keeps_what_left_and_is_not_entered_again() {
    for unheard in [&[][..], &["Shipment Update"]] {
        let winery = winery_with(House { options: rich(), deaf_to: unheard, ..House::default() }).await;
        let id = winery.place(order_of_two(Payment::Paid)).await;
        ship(&winery, id, &[&[(PINOT, 4)]]).await;
        if unheard.is_empty() {
            winery.sync().await;
        }
        winery.house().cancel(winery.number(id), "lost").unwrap();
        winery.poll_house().await;
        let expected = [(4, vec![NUMBERS[0].to_owned()])];
        assert_eq!(made(&winery, id), expected, "{unheard:?}");
        let told = winery.only_exception("rearranged_at_destination").await;
        assert!(told["message"].as_str().unwrap().contains("after a part of it had left"), "{told}");
        winery.retry(&told).await;
        winery.poll_house().await;
        assert_eq!(
            (made(&winery, id), winery.house_writes()),
            (expected.to_vec(), vec!["order_create".to_owned()])
        );
        winery.only_exception("rearranged_at_destination").await;
    }
}
