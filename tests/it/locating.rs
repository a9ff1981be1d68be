//! At which of the shop's locations goods are fulfilled: the one that stands for the warehouse they left from.

use std::time::Duration;

use crossdock::domain::fulfillment::Shipment;
use crossdock::domain::step::{Step, Telling};
use crossdock::simulator::fault::{Fault, Script};
use crossdock::simulator::shiphero::{NewPackage, NewShipment};
use crossdock::simulator::shopify::order::{Fulfillment, FulfillmentStatus};
use crossdock::simulator::shopify::{NewOrder, Options};
use serde_json::{Value, json};

use crate::packing::edits::{line, told, units};
use crate::support::server;
use crate::support::winery::{House, Setup, Winery};

/// The warehouse's two houses, as its API calls them.
const PRIMARY: &str = "V2FyZWhvdXNlOjc2NzMz";
const ANNEX: &str = "V2FyZWhvdXNlOjc2NzM0";

/// The shop's first two locations.
fn locations() -> [i64; 2] {
    let locations = Options::default().locations;
    [locations[0].id, locations[1].id]
}

/// A winery whose shop maps what `origin` calls a warehouse to its second location.
async fn winery(origin: &str, warehouse: &str, house: Option<House<'_>>) -> Winery {
    mapped(&format!("locations = {{ {origin} = {{ \"{warehouse}\" = \"{}\" }} }}\n", locations()[1]), house)
        .await
}

async fn mapped(keys: &str, house: Option<House<'_>>) -> Winery {
    let connection = "fulfillment_house = \"InHouse\"\n";
    Winery::with(Setup { shop_keys: keys, connection, house, ..Setup::default() }).await
}

async fn ask(winery: &Winery, url: String, query: &str, variables: Value) -> Value {
    let request = winery.server.http.post(url).header("X-Shopify-Access-Token", "shpat_test");
    let request = request.bearer_auth("shiphero-access-simulated");
    let answer = request.json(&json!({ "query": query, "variables": variables })).send().await.unwrap();
    let answer = server::json(answer).await;
    assert_eq!(answer["errors"], Value::Null, "{answer}");
    answer["data"].clone()
}

impl Winery {
    /// An order of six bottles, of which two are to leave from the second location.
    async fn place_at_two_locations(&self) -> i64 {
        let new = NewOrder { lines: vec![line("PN-2022-750", 6)], ..NewOrder::default() };
        let id = self.shop.place_order(&new).unwrap();
        let work = &self.shop.order(id).unwrap().fulfillment_orders[0];
        let query = "mutation($id: ID!, $to: ID!, $lines: [FulfillmentOrderLineItemInput!]) {
            fulfillmentOrderMove(id: $id, newLocationId: $to, fulfillmentOrderLineItems: $lines) {
                movedFulfillmentOrder { id } userErrors { message } } }";
        let gid = |kind: &str, id: i64| format!("gid://shopify/{kind}/{id}");
        let variables = json!({
            "id": gid("FulfillmentOrder", work.id), "to": gid("Location", locations()[1]),
            "lines": [{ "id": gid("FulfillmentOrderLineItem", work.lines[0].id), "quantity": 2 }],
        });
        let url = format!("{}/admin/api/2026-10/graphql.json", self.shop_url);
        let moved = ask(self, url, query, variables).await;
        assert!(moved["fulfillmentOrderMove"]["movedFulfillmentOrder"]["id"].is_string(), "{moved}");
        self.sync().await;
        id
    }

    /// Units leave one of the warehouse's houses, where there are enough of them.
    async fn leave(&self, id: i64, warehouse: &str, count: i64, number: &str) {
        let query = "mutation($stock: UpdateInventoryInput!, $move: ChangeOrderWarehouseInput!) {
            inventory_add(data: $stock) { request_id } order_change_warehouse(data: $move) { request_id } }";
        let packed = self.packed(id);
        let variables = json!({
            "stock": { "sku": "PN-2022-750", "warehouse_id": warehouse, "quantity": 12, "reason": "moved" },
            "move": { "order_id": packed["id"], "warehouse_id": warehouse },
        });
        ask(self, format!("{}/graphql", self.house_url), query, variables).await;
        let package = NewPackage { tracking_number: Some(number.into()), ..NewPackage::default() };
        let new =
            NewShipment { units: units(&packed, count), packages: vec![package], ..NewShipment::default() };
        self.house().ship(self.number(id), &new).await.unwrap();
        self.sync().await;
        self.poll_house().await;
    }

    /// Standing fulfilments as location, units and number.
    fn made(&self, id: i64) -> Vec<(i64, u32, String)> {
        let made = self.shop.order(id).unwrap().fulfillments;
        assert!(made.iter().all(|made| made.status == FulfillmentStatus::Success), "{made:?}");
        let shown = |made: &Fulfillment| (made.location_id, made.quantity(), made.numbers.join(" "));
        made.iter().map(shown).collect()
    }
}

fn fulfilled(rows: &[(i64, u32, &str)]) -> Vec<(i64, u32, String)> {
    rows.iter().map(|(location, units, number)| (*location, *units, (*number).to_owned())).collect()
}

const FIRST: &str = "748900007001";
const SECOND: &str = "748900007002";

#[tokio::test]
async fn what_left_a_mapped_warehouse_is_fulfilled_at_its_location_whatever_the_warehouse_is_called() {
    let [napa, lodi] = locations();
    let deaf: &[&str] = &["Shipment Update", "Order Allocated", "Order Deallocated"];
    for (called, deaf_to) in [("annex ", &[][..]), ("Annex", deaf), ("76734", deaf), (ANNEX, &[])] {
        let winery = winery("warehouse", called, Some(House { deaf_to, ..House::default() })).await;
        let id = winery.place_at_two_locations().await;
        winery.leave(id, ANNEX, 2, FIRST).await;
        assert_eq!(winery.made(id), fulfilled(&[(lodi, 2, FIRST)]), "{called}");
        // The rest of the order leaves from where no row leads.
        winery.leave(id, PRIMARY, 4, SECOND).await;
        assert_eq!(winery.made(id), fulfilled(&[(lodi, 2, FIRST), (napa, 4, SECOND)]), "{called}");
        assert_eq!(told(&winery, id).await, [""; 0]);
    }
}

#[tokio::test]
async fn without_a_row_the_first_location_with_open_work_is_taken() {
    let [napa, lodi] = locations();
    let other = format!(
        "locations = {{ warehouse = {{ Cellar = \"{lodi}\" }}, compliance = {{ Annex = \"{lodi}\" }} }}\n"
    );
    for keys in ["", &other] {
        let winery = mapped(keys, Some(House::default())).await;
        let id = winery.place_at_two_locations().await;
        winery.leave(id, ANNEX, 2, FIRST).await;
        assert_eq!(winery.made(id), fulfilled(&[(napa, 2, FIRST)]), "{keys}");
    }
}

#[tokio::test]
async fn a_split_order_that_leaves_two_warehouses_is_fulfilled_at_both_locations() {
    let [napa, lodi] = locations();
    let keys = format!("locations = {{ warehouse = {{ Primary = \"{napa}\", Annex = \"{lodi}\" }} }}\n");
    let winery = mapped(&keys, Some(House::default())).await;
    let id = winery.place_at_two_locations().await;
    let whole = winery.number(id);
    let part = winery.house().split(whole, &units(&winery.packed(id), 2)).unwrap();
    let query =
        "mutation($move: ChangeOrderWarehouseInput!) { order_change_warehouse(data: $move) { request_id } }";
    let order = winery.house().order(part).unwrap()["id"].clone();
    let variables = json!({ "move": { "order_id": order, "warehouse_id": ANNEX } });
    ask(&winery, format!("{}/graphql", winery.house_url), query, variables).await;
    for (order, number) in [(part, FIRST), (whole, SECOND)] {
        let packed = winery.house().order(order).unwrap();
        let count = packed["line_items"][0]["quantity"].as_i64().unwrap();
        let package = NewPackage { tracking_number: Some(number.into()), ..NewPackage::default() };
        let new =
            NewShipment { units: units(&packed, count), packages: vec![package], ..NewShipment::default() };
        winery.house().ship(order, &new).await.unwrap();
    }
    winery.sync().await;
    winery.poll_house().await;
    let mut made = winery.made(id);
    made.sort();
    let mut expected = fulfilled(&[(lodi, 2, FIRST), (napa, 4, SECOND)]);
    expected.sort();
    assert_eq!(made, expected);
}

#[tokio::test]
async fn what_cannot_be_taken_at_the_mapped_location_is_taken_elsewhere() {
    let [napa, lodi] = locations();
    // More left than is to leave from there: its own comes first.
    let winery = self::winery("warehouse", "Annex", Some(House::default())).await;
    let id = winery.place_at_two_locations().await;
    winery.leave(id, ANNEX, 3, FIRST).await;
    let so_far = [(lodi, 2, FIRST), (napa, 1, FIRST)];
    assert_eq!(winery.made(id), fulfilled(&so_far));
    // And nothing is left there.
    winery.leave(id, ANNEX, 3, SECOND).await;
    assert_eq!(winery.made(id), fulfilled(&[so_far[0], so_far[1], (napa, 3, SECOND)]));
    assert_eq!(told(&winery, id).await, [""; 0]);

    // A location that the shop does not have.
    let winery = mapped("locations = { warehouse = { Annex = \"17\" } }\n", Some(House::default())).await;
    let id = winery.place_at_two_locations().await;
    winery.leave(id, ANNEX, 2, FIRST).await;
    assert_eq!(winery.made(id), fulfilled(&[(napa, 2, FIRST)]));
    assert_eq!(told(&winery, id).await, [""; 0]);
}

#[tokio::test]
async fn a_lost_answer_makes_no_second_fulfilment_at_another_location() {
    let [napa, lodi] = locations();
    for lost in [Fault::ResetAfter, Fault::ErrorAfter(502), Fault::Truncated] {
        let winery = winery("warehouse", "Annex", Some(House::default())).await;
        let id = winery.place_at_two_locations().await;
        let script = |fault| Script { fault, method: None, path: Some("/admin/api".into()), times: 1 };
        // The open work is read, then the fulfilment is made and the answer spoiled.
        winery.shop.faults().script(script(Fault::Delay(0)));
        winery.shop.faults().script(script(lost));
        winery.leave(id, ANNEX, 3, FIRST).await;
        winery.clock.advance(Duration::from_mins(10));
        winery.poll_house().await;
        assert_eq!(winery.made(id), fulfilled(&[(lodi, 2, FIRST), (napa, 1, FIRST)]), "{lost:?}");
        assert_eq!(told(&winery, id).await, [""; 0]);
    }
}

#[tokio::test]
async fn what_left_a_mapped_fulfilment_house_begins_at_its_location() {
    let [napa, lodi] = locations();
    for (house, expected) in [("inhouse", [(lodi, 2), (napa, 4)]), ("WineShipping", [(napa, 4), (lodi, 2)])] {
        let winery = winery("compliance", house, None).await;
        let id = winery.place_at_two_locations().await;
        winery.account.add_tracking("1001", "1", &[FIRST.to_owned()]).unwrap();
        winery.account.set_status("1001", "1", "Shipped").unwrap();
        winery.clock.advance(Duration::from_secs(330));
        winery.sync().await;
        let made: Vec<(i64, u32)> = winery.made(id).into_iter().map(|made| (made.0, made.1)).collect();
        assert_eq!(made, expected, "{house}");
    }
}

#[test]
fn what_was_kept_before_warehouses_were_told_is_still_read() {
    let kept = r#"{"id":"1","lines":null,"carrier":null,"numbers":[],"rank":"shipped","undone":false}"#;
    assert!(serde_json::from_str::<Shipment>(kept).unwrap().warehouse.is_empty());
    let kept = r#"{"tell":{"ship":{"order":"1001","shipment":{"origin":"warehouse","id":"1"},"fulfillment":null,
        "lines":{"1":2},"carrier":null,"numbers":["7489"]}}}"#;
    match serde_json::from_str(kept).unwrap() {
        Step::Tell(Telling::Ship(shipping)) => assert!(shipping.warehouse.is_empty()),
        other => panic!("{other:?}"),
    }
}
