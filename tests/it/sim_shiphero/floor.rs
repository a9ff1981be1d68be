//! What people do in the warehouse: stock, totes, labels, parts, splits.

use crossdock::simulator::shiphero::{NewPackage, NewShipment, Options, Units};
use serde_json::{Value, json};

use super::{Served, line, new_order, number};

const STOCK: &str =
    "{ product(sku: \"PN-2022-750\") { data { warehouse_products { on_hand allocated available } } } }";

const SHIPMENTS: &str = "query S($o: String, $voided: Boolean) {
  shipments(order_id: $o, voided: $voided) { request_id complexity
  data(first: 10) { pageInfo { hasNextPage endCursor } edges { node {
    id order_id warehouse_id created_date completed total_packages shipped_off_shiphero refunded address { name city }
    line_items(first: 20) { edges { node { line_item_id shipping_label_id quantity
      line_item { partner_line_item_id sku } } } }
    shipping_labels { id legacy_id status carrier shipping_method tracking_number alternate_tracking_id tracking_url
      package_number refunded partner_fulfillment_id label { pdf_location } dimensions { weight }
      shipment_line_items(first: 5) { edges { node { quantity } } } } } } } } }";

async fn shipments(served: &Served, order: &Value) -> Vec<Value> {
    let answer = served.ask(SHIPMENTS, json!({ "o": order["id"] })).await;
    let edges = answer["data"]["shipments"]["data"]["edges"].as_array().unwrap().clone();
    edges.into_iter().map(|mut edge| edge["node"].take()).collect()
}

fn units(order: &Value, at: usize, quantity: i64) -> Units {
    Units { line_item: line(order, at)["legacy_id"].as_i64().unwrap(), quantity }
}

#[tokio::test]
async fn a_shipped_order_is_fulfilled_with_tracking_and_its_stock_is_gone() {
    let served = Served::start(Options::default()).await;
    let order = served.create(new_order("#1001")).await;
    let package = NewPackage { tracking_number: Some("1Z999".into()), ..NewPackage::default() };
    let new = NewShipment { packages: vec![package], ..NewShipment::default() };
    served.account.ship(number(&order), &new).await.unwrap();
    let after = served.read(&order["id"]).await;
    assert_eq!(after["fulfillment_status"], "fulfilled");
    assert_eq!((line(&after, 0)["quantity_shipped"].as_i64(), &after["allocations"]), (Some(2), &json!([])));
    let shipments = shipments(&served, &order).await;
    let label = &shipments[0]["shipping_labels"][0];
    assert_eq!(
        (&label["tracking_number"], &label["carrier"], &label["status"]),
        (&json!("1Z999"), &json!("UPS"), &json!("valid"))
    );
    assert_eq!(shipments[0]["line_items"]["edges"].as_array().unwrap().len(), 2);
    assert_eq!(shipments[0]["line_items"]["edges"][0]["node"]["line_item_id"], line(&order, 0)["id"]);
    let stock = served.ask(STOCK, json!({})).await;
    let stock = &stock["data"]["product"]["data"]["warehouse_products"][0];
    assert_eq!(*stock, json!({ "on_hand": 498, "allocated": 0, "available": 498 }));
    assert!(served.account.ship(number(&order), &NewShipment::default()).await.is_err());
}

#[tokio::test]
async fn an_order_leaves_in_parts_and_parcels() {
    let served = Served::start(Options::default()).await;
    let order = served.create(new_order("#1001")).await;
    let part = NewShipment { units: vec![units(&order, 0, 1)], ..NewShipment::default() };
    served.account.ship(number(&order), &part).await.unwrap();
    let after = served.read(&order["id"]).await;
    assert_eq!(after["fulfillment_status"], "pending");
    assert_eq!(
        (
            line(&after, 0)["quantity_shipped"].as_i64(),
            line(&after, 0)["quantity_pending_fulfillment"].as_i64()
        ),
        (Some(1), Some(1))
    );
    assert_eq!(line(&after, 0)["quantity_allocated"], 1, "what remains is set aside anew");
    let parcel = |at, carrier: &str| NewPackage {
        carrier: Some(carrier.to_owned()),
        units: vec![units(&order, at, 1)],
        ..NewPackage::default()
    };
    let rest = NewShipment { packages: vec![parcel(0, "UPS"), parcel(1, "FedEx")], ..NewShipment::default() };
    served.account.ship(number(&order), &rest).await.unwrap();
    let all = shipments(&served, &order).await;
    assert_eq!(all.len(), 2);
    assert_eq!(all[1]["total_packages"], 2);
    assert_eq!(all[1]["shipping_labels"][1]["carrier"], "FedEx");
    assert_eq!(all[1]["shipping_labels"][1]["package_number"], 2);
    assert_eq!(served.read(&order["id"]).await["fulfillment_status"], "fulfilled");
}

#[tokio::test]
async fn a_held_order_can_be_picked_but_not_packed() {
    let served = Served::start(Options::default()).await;
    let mut new = new_order("#1001");
    new["holds"] = json!({ "operator_hold": true });
    let order = served.create(new).await;
    let id = number(&order);
    served.account.pick(id, 12, &[units(&order, 0, 2)]).unwrap();
    assert_eq!(served.account.pack(id).unwrap_err().message, "Order is on hold");
    assert_eq!(
        served.account.ship(id, &NewShipment::default()).await.unwrap_err().message,
        "Order is on hold"
    );
    served.account.hold(id, "operator_hold", false).unwrap();
    served.account.pack(id).unwrap();
    served.account.ship(id, &NewShipment::default()).await.unwrap();
    let after = served.read(&order["id"]).await;
    assert_eq!(line(&after, 0)["quantity_shipped"], 2);
    assert_eq!(line(&after, 1)["quantity_shipped"], 0, "what is in the tote leaves, and nothing else");
}

#[tokio::test]
async fn an_order_held_until_a_day_is_ready_on_that_day() {
    let served = Served::start(Options::default()).await;
    let mut new = new_order("#1001");
    new["hold_until_date"] = "2026-11-23".into();
    let order = served.create(new).await;
    assert_eq!(order["allocations"][0]["ready_to_ship"], false);
    served.advance(24 * 3600);
    assert_eq!(served.read(&order["id"]).await["allocations"][0]["ready_to_ship"], true);
}

#[tokio::test]
async fn a_voided_label_brings_its_units_back_to_be_shipped_again() {
    let served = Served::start(Options::default()).await;
    let order = served.create(new_order("#1001")).await;
    let shipment = served.account.ship(number(&order), &NewShipment::default()).await.unwrap();
    served.advance(60);
    served.account.void_label(shipment, None).unwrap();
    let after = served.read(&order["id"]).await;
    assert_eq!(after["fulfillment_status"], "pending");
    assert_eq!(after["updated_at"], "2026-11-22T12:01:00", "only a look at the order shows it");
    assert_eq!(
        (line(&after, 0)["quantity_shipped"].as_i64(), line(&after, 0)["quantity_allocated"].as_i64()),
        (Some(0), Some(2))
    );
    let voided = served.ask(SHIPMENTS, json!({ "o": order["id"], "voided": true })).await;
    let label = &voided["data"]["shipments"]["data"]["edges"][0]["node"]["shipping_labels"][0];
    assert_eq!((&label["status"], &label["refunded"]), (&json!("void"), &json!(true)));
    served.account.ship(number(&order), &NewShipment::default()).await.unwrap();
    assert_eq!(shipments(&served, &order).await.len(), 2);
    assert!(served.account.void_label(shipment, None).is_err());
}

#[tokio::test]
async fn stock_that_is_not_there_is_owed_and_set_aside_when_it_comes() {
    let served = Served::start(Options::default()).await;
    let mut new = new_order("#1001");
    new["line_items"][0]["sku"] = "RARE-1".into();
    let order = served.create(new).await;
    assert_eq!(line(&order, 0)["backorder_quantity"], 2);
    assert_eq!(line(&order, 0)["product"], Value::Null);
    assert_eq!(order["allocations"][0]["ready_to_ship"], false, "one line is set aside, the other is not");
    served.account.set_stock("RARE-1", 5);
    let after = served.read(&order["id"]).await;
    assert_eq!(line(&after, 0)["backorder_quantity"], 0);
    assert_eq!(after["allocations"][0]["ready_to_ship"], true);
    served.account.deallocate(number(&order)).unwrap();
    assert_eq!(served.read(&order["id"]).await["allocations"], json!([]));
    served.account.allocate(number(&order)).unwrap();
    assert_eq!(line(&served.read(&order["id"]).await, 0)["quantity_allocated"], 2);
}

#[tokio::test]
async fn orders_are_split_and_merged_by_people() {
    let served = Served::start(Options::default()).await;
    let order = served.create(new_order("#1001")).await;
    let other = served.account.split(number(&order), &[units(&order, 0, 1)]).unwrap();
    let (kept, split) = (served.read(&order["id"]).await, served.account.order(other).unwrap());
    assert_eq!(line(&kept, 0)["quantity"], 1);
    assert_eq!(
        split["partner_order_id"], kept["partner_order_id"],
        "two orders now answer to one partner id"
    );
    served.account.merge(number(&order), other).unwrap();
    let (master, gone) = (served.read(&order["id"]).await, served.account.order(other).unwrap());
    assert_eq!(master["line_items"]["total_count"], 3);
    assert_eq!(gone["merged_orders"], json!([{ "order_id": order["id"], "is_master": true }]));
    assert_eq!(gone["fulfillment_status"], "canceled");
    assert_eq!(master["merged_orders"][0]["is_master"], false);
}

#[tokio::test]
async fn what_another_house_packed_is_written_down_and_takes_no_stock() {
    let served = Served::start(Options::default()).await;
    let order = served.create(new_order("#1001")).await;
    let address = json!({
        "name": "Ada Byron", "address1": "1 Main St", "city": "Austin", "state": "TX", "zip": "78701", "country": "US",
    });
    let data = json!({
        "order_id": order["id"], "warehouse_id": "V2FyZWhvdXNlOjc2NzMz", "address": address,
        "shipped_off_shiphero": true,
        "line_items": [{ "line_item_id": line(&order, 0)["id"], "quantity": 2 }],
        "labels": [{
            "carrier": "UPS", "shipping_name": "Ground", "shipping_method": "Ground", "cost": "9.50",
            "address": address,
            "dimensions": { "weight": "33" }, "label": { "pdf_location": "https://labels.example/1.pdf" },
            "line_item_ids": [line(&order, 0)["id"]], "tracking_number": "1Z1",
        }],
    });
    let query =
        "mutation M($data: CreateShipmentInput!) { shipment_create(data: $data) { request_id complexity
        shipment { id order { order_number } warehouse { identifier }
          shipping_labels { tracking_number label { pdf_location } } } } }";
    let answer = served.ask(query, json!({ "data": data })).await;
    assert!(answer.get("errors").is_none(), "{answer}");
    assert_eq!(answer["data"]["shipment_create"]["shipment"]["shipping_labels"][0]["tracking_number"], "1Z1");
    let after = served.read(&order["id"]).await;
    assert_eq!(
        (&after["fulfillment_status"], line(&after, 0)["quantity_shipped"].as_i64()),
        (&json!("pending"), Some(2))
    );
    let take = "mutation M($data: UpdateInventoryInput!) {
        inventory_remove(data: $data) { request_id warehouse_product { on_hand } } }";
    let data = json!({ "sku": "PN-2022-750", "warehouse_id": "V2FyZWhvdXNlOjc2NzMz", "quantity": 2, "reason": "elsewhere" });
    let answer = served.ask(take, json!({ "data": data })).await;
    assert_eq!(answer["data"]["inventory_remove"]["warehouse_product"]["on_hand"], 498);
}

#[tokio::test]
async fn products_are_added_and_their_customs_words_changed() {
    let served = Served::start(Options::default()).await;
    let create = "mutation M($data: CreateProductInput!) { product_create(data: $data) { request_id
        product { sku customs_value tariff_code warehouse_products { on_hand customs_value } } } }";
    let data = json!({ "name": "Magnum", "sku": "MAG", "customs_value": "40.00", "tariff_code": "2204.21",
        "warehouse_products": [{ "warehouse_id": "V2FyZWhvdXNlOjc2NzMz", "on_hand": 6 }] });
    let made = served.ask(create, json!({ "data": data })).await;
    assert_eq!(
        made["data"]["product_create"]["product"]["warehouse_products"][0],
        json!({ "on_hand": 6, "customs_value": "40.00" })
    );
    assert_eq!(
        served.ask(create, json!({ "data": data })).await["errors"][0]["message"],
        "Product already exists"
    );
    let update = "mutation M($data: UpdateProductInput!) { product_update(data: $data) {
        product { tariff_code country_of_manufacture customs_value } } }";
    let data = json!({ "sku": "MAG", "country_of_manufacture": "US", "customs_description": "Wine" });
    let changed = served.ask(update, json!({ "data": data })).await;
    assert_eq!(changed["data"]["product_update"]["product"]["country_of_manufacture"], "US");
    assert_eq!(changed["data"]["product_update"]["product"]["tariff_code"], "2204.21");
}
