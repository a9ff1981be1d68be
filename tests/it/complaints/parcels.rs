//! What left, when, and under which number.

use std::collections::BTreeMap;
use std::time::Duration;

use crossdock::simulator::shiphero::{Knobs, NewPackage, NewShipment, Units};
use crossdock::simulator::shopify::order::{Fulfillment, ShipmentStatus};
use crossdock::simulator::shopify::{HoldUnits, NewHold, NewOrder, NewShipmentEvent, Payment, Release};
use serde_json::{Value, json};

use crate::packing::edits::{line, order_of_two, told, winery, winery_with};
use crate::support::winery::{HOUSE_SECRET, House, Winery};

/// So many units of the line that stands for the shop's line.
fn of(winery: &Winery, id: i64, line: i64, quantity: i64) -> Units {
    let (packed, line) = (winery.packed(id), line.to_string());
    let mut lines = packed["line_items"].as_array().unwrap().iter();
    let there = lines.find(|there| there["partner_line_item_id"] == line).unwrap();
    Units { line_item: there["legacy_id"].as_i64().unwrap(), quantity }
}

fn parcel(number: &str, units: Vec<Units>) -> NewShipment {
    let package = NewPackage { tracking_number: Some(number.into()), ..NewPackage::default() };
    NewShipment { units, packages: vec![package], ..NewShipment::default() }
}

/// Standing fulfilments as (numbers, units by line).
fn fulfilled(winery: &Winery, id: i64) -> Vec<(Vec<String>, BTreeMap<i64, u32>)> {
    let units = |made: &Fulfillment| made.lines.iter().map(|line| (line.line_id, line.quantity)).collect();
    let made = winery.shop.order(id).unwrap().fulfillments;
    made.iter().map(|made| (made.numbers.clone(), units(made))).collect()
}

/// Nothing was told to the buyer before the whole order had left.
#[tokio::test]
async fn complaint_03_each_parcel_is_told_when_it_leaves_with_its_own_lines() {
    let winery = winery().await;
    let id = winery.place(order_of_two(Payment::Paid)).await;
    let lines = winery.shop.order(id).unwrap().lines;
    let (first, second) = (lines[0].id, lines[1].id);
    let parcels: [(&str, &[(i64, u32)]); 3] = [
        ("748900007001", &[(first, 2)]),
        ("748900007002", &[(first, 1), (second, 2)]),
        ("748900007003", &[(first, 3)]),
    ];
    let mut expected = Vec::new();
    for (number, units) in parcels {
        let leaving = units.iter().map(|(line, count)| of(&winery, id, *line, i64::from(*count))).collect();
        winery.house().ship(winery.number(id), &parcel(number, leaving)).await.unwrap();
        winery.sync().await;
        expected.push((vec![number.to_owned()], units.iter().copied().collect()));
        assert_eq!(fulfilled(&winery, id), expected);
        winery.clock.advance(Duration::from_hours(24));
    }
    assert_eq!(winery.house_writes(), ["order_create"]);
    assert_eq!(told(&winery, id).await, [""; 0]);
}

/// A webhook that came late moved a delivered parcel back to shipped, and a second parcel's number replaced the first's.
#[tokio::test]
async fn complaint_09_what_arrived_stays_so_and_each_parcel_keeps_its_number() {
    for turned in [false, true] {
        let winery = winery().await;
        let id = winery.place(order_of_two(Payment::Paid)).await;
        let lines = winery.shop.order(id).unwrap().lines;
        winery.house().set_knobs(Knobs { drop: 1.0, ..Knobs::default() });
        let mut parcels = [("748900007001", lines[0].id, 6), ("748900007002", lines[1].id, 2)];
        if turned {
            parcels.reverse();
        }
        for (number, line, units) in parcels {
            let leaving = vec![of(&winery, id, line, units)];
            winery.house().ship(winery.number(id), &parcel(number, leaving)).await.unwrap();
        }
        let late = |number: &str| {
            json!({ "webhook_type": "Shipment Update", "fulfillment": {
                "partner_order_id": id.to_string(), "tracking_number": number,
            } })
        };
        winery.deliver_house(&late("748900007002"), Some(HOUSE_SECRET)).await;
        winery.sync().await;
        let made = winery.shop.order(id).unwrap().fulfillments[0].id;
        let arrived = NewShipmentEvent {
            status: ShipmentStatus::Delivered,
            message: None,
            happened_at: None,
            estimated_delivery_at: None,
        };
        winery.shop.set_shipment_status(id, made, &arrived).unwrap();
        winery.sync().await;
        winery.deliver_house(&late("748900007001"), Some(HOUSE_SECRET)).await;
        winery.sync().await;
        winery.poll_house().await;
        let order = winery.shop.order(id).unwrap();
        assert_eq!(order.fulfillments[0].shipment_status, Some(ShipmentStatus::Delivered));
        let mut numbers: Vec<String> = fulfilled(&winery, id).into_iter().flat_map(|(n, _)| n).collect();
        numbers.sort();
        assert_eq!(numbers, ["748900007001", "748900007002"], "turned: {turned}");
        assert_eq!(told(&winery, id).await, [""; 0]);
    }
}

/// The buyer was told of a parcel when its label was printed, hours before anybody had it in hand.
#[tokio::test]
async fn complaint_12_a_parcel_is_told_at_its_label_or_at_its_scan_as_configured() {
    for (keys, at_label) in [("", 0), ("ship_when = \"completed\"", 0), ("ship_when = \"label\"", 1)] {
        let winery = winery_with(House { keys, ..House::default() }).await;
        let id = winery.place(order_of_two(Payment::Paid)).await;
        let bulk = NewShipment { bulk: true, ..NewShipment::default() };
        let shipment = winery.house().ship(winery.number(id), &bulk).await.unwrap();
        winery.sync().await;
        winery.poll_house().await;
        assert_eq!(fulfilled(&winery, id).len(), at_label, "{keys}");
        winery.clock.advance(Duration::from_hours(3));
        winery.house().complete(shipment).unwrap();
        winery.sync().await;
        let told_now = fulfilled(&winery, id);
        assert_eq!(told_now.len(), 1, "{keys}");
        assert_eq!(told_now[0].1.values().sum::<u32>(), 8, "{keys}");
        assert_eq!(told(&winery, id).await, [""; 0]);
    }
}

/// Lines that were told apart by their product broke where it stood on two lines, where the work was split or moved, and where
/// the warehouse knew the product by another name.
#[tokio::test]
async fn complaint_22_lines_are_known_by_their_ids_whatever_the_product_is_called_and_wherever_the_work_is() {
    let route = r#"skus = { "PN-2022-750" = { product = "PINOT-22" } }"#;
    let winery = winery_with(House { route, ..House::default() }).await;
    winery.house().set_stock("PINOT-22", 500);
    let new = NewOrder { lines: vec![line("PN-2022-750", 2), line("PN-2022-750", 3)], ..NewOrder::default() };
    let id = winery.place(new).await;
    let order = winery.shop.order(id).unwrap();
    let (first, second) = (order.lines[0].id, order.lines[1].id);
    // Holding a part of the work splits it; then one half is moved to another location.
    let work = &order.fulfillment_orders[0];
    let part = work.lines.iter().find(|part| part.line_id == second).unwrap();
    let units = vec![HoldUnits { fulfillment_order_line_id: part.id, quantity: 2 }];
    winery.shop.hold(id, &NewHold { units, ..NewHold::default() }).unwrap();
    winery.shop.release(id, &Release::default()).unwrap();
    let split = winery.shop.order(id).unwrap().fulfillment_orders;
    assert_eq!(split.len(), 2);
    let here = winery.shop.profile().locations[0].id;
    let other = winery.shop.profile().locations.iter().find(|location| location.id != here).unwrap().id;
    let query = "mutation($id: ID!, $to: ID!) { fulfillmentOrderMove(id: $id, newLocationId: $to) {
        movedFulfillmentOrder { id } userErrors { message } } }";
    let gid = |kind: &str, id: i64| format!("gid://shopify/{kind}/{id}");
    let variables = json!({ "id": gid("FulfillmentOrder", split[0].id), "to": gid("Location", other) });
    let url = format!("{}/admin/api/2026-10/graphql.json", winery.shop_url);
    let request = winery.server.http.post(url).header("X-Shopify-Access-Token", "shpat_test");
    let moved = request.json(&json!({ "query": query, "variables": variables })).send().await.unwrap();
    let moved = crate::support::server::json(moved).await;
    assert!(moved["data"]["fulfillmentOrderMove"]["movedFulfillmentOrder"]["id"].is_string(), "{moved}");
    winery.sync().await;

    let skus: Vec<Value> = winery.packed(id)["line_items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| json!([line["sku"], line["quantity"]]))
        .collect();
    assert!(skus.contains(&json!(["PINOT-22", 2])) && skus.contains(&json!(["PINOT-22", 3])), "{skus:?}");
    let parcels = [
        (
            "748900007001",
            vec![of(&winery, id, first, 2), of(&winery, id, second, 1)],
            [(first, 2), (second, 1)],
        ),
        ("748900007002", vec![of(&winery, id, second, 2)], [(first, 2), (second, 3)]),
    ];
    for (number, units, so_far) in parcels {
        winery.house().ship(winery.number(id), &parcel(number, units)).await.unwrap();
        winery.sync().await;
        winery.poll_house().await;
        let mut sums = BTreeMap::new();
        for (line, units) in fulfilled(&winery, id).into_iter().flat_map(|(_, lines)| lines) {
            *sums.entry(line).or_insert(0) += units;
        }
        assert_eq!(sums, BTreeMap::from(so_far), "after {number}");
    }
    assert_eq!(told(&winery, id).await, [""; 0]);
}
