//! Orders that go abroad: the warehouse has what the customs must be told, and has it no longer once they stay at home.

mod products;
mod rules;

use std::collections::BTreeMap;

use crossdock::simulator::shiphero::Options;
use crossdock::simulator::shopify;
use crossdock::simulator::shopify::order::RestockType;
use crossdock::simulator::shopify::{
    Attribute, EditOrder, NewOrder, NewRefund, Origin, Payment, RefundUnits, SetQuantity,
};
use serde_json::{Value, json};

use crate::packing::edits::{CUSTOMS, line, order_of_two, toronto, units, winery_with, written};
use crate::support::winery::{House, Setup, Winery};

/// What an order of two has.
const WINES: [&str; 2] = ["PN-2022-750", "CH-2023-750"];

/// A winery whose route to the warehouse says this of customs, and whose warehouse has credits for all of it.
async fn winery(customs: &str) -> Winery {
    let options = Options { credits: 1_000_000, credits_a_second: 100_000, ..Options::default() };
    winery_with(House { options, route: customs, ..House::default() }).await
}

/// The route's usual words, and the corkscrew's.
fn with_corkscrew() -> String {
    CUSTOMS.replace("CH-2023-750 =", "CORK-1 = { tariff_code = \"8205.51\", origin = \"CN\" }, CH-2023-750 =")
}

/// An order of two wines that goes to Toronto.
fn abroad() -> NewOrder {
    NewOrder { shipping_address: Some(toronto()), ..order_of_two(Payment::Paid) }
}

/// The values of its lines for the customs, by SKU.
fn values(packed: &Value) -> BTreeMap<&str, &Value> {
    let lines = packed["line_items"].as_array().unwrap();
    lines.iter().map(|line| (line["sku"].as_str().unwrap(), &line["customs_value"])).collect()
}

/// One value for each of these SKUs.
fn each<'v>(skus: &[&'static str], value: &'v Value) -> BTreeMap<&'static str, &'v Value> {
    skus.iter().map(|sku| (*sku, value)).collect()
}

/// Calls about products since then, by operation.
fn about_products(winery: &Winery, since: usize) -> Vec<String> {
    let requests = winery.house().requests().into_iter().skip(since);
    requests.flat_map(|request| request.operations).filter(|name| name.starts_with("product")).collect()
}

#[tokio::test]
async fn an_order_abroad_has_terms_tax_number_and_values_and_one_at_home_has_none() {
    let customs = r#"customs = { home = ["US"], incoterms = "DDP", tax_id = "Tax ID", keep_products = true, products = { PN-2022-750 = { tariff_code = "2204.21", origin = "US", value = "21.5" }, CH-2023-750 = { tariff_code = "2204.21", origin = "US" } } }"#;
    let winery = winery(customs).await;
    let told = vec![Attribute { name: "Tax ID".into(), value: "GB123456789".into() }];
    let id = winery.place(NewOrder { attributes: told.clone(), ..abroad() }).await;
    let packed = winery.packed(id);
    assert_eq!((&packed["incoterms"], &packed["tax_id"]), (&json!("DDP"), &json!("GB123456789")));
    let (declared, paid) = (json!("21.5"), json!("36"));
    assert_eq!(values(&packed), BTreeMap::from([("PN-2022-750", &declared), ("CH-2023-750", &paid)]));
    assert_eq!(winery.house_writes(), ["order_create"]);

    let since = winery.house().requests().len();
    let home = winery.place(NewOrder { attributes: told, ..order_of_two(Payment::Paid) }).await;
    let packed = winery.packed(home);
    assert_eq!((&packed["incoterms"], &packed["tax_id"]), (&Value::Null, &Value::Null));
    assert_eq!(values(&packed), each(&WINES, &Value::Null));
    assert_eq!(about_products(&winery, since), [""; 0]);
    for _ in 0..3 {
        winery.poll_house().await;
    }
    assert_eq!(winery.house_writes(), ["order_create", "order_create"]);
    assert_eq!(winery.exceptions().await, []);
}

#[tokio::test]
async fn an_edit_of_the_address_adds_customs_data_and_drops_it_again() {
    let winery = winery(CUSTOMS).await;
    let id = winery.place(order_of_two(Payment::Paid)).await;
    let home = winery.shop.order(id).unwrap().shipping_address;
    for (address, incoterms, value) in [(Some(toronto()), "DAP", json!("36")), (home, "", Value::Null)] {
        let since = winery.house().requests().len();
        winery.shop.set_shipping_address(id, address).unwrap();
        winery.sync().await;
        winery.poll_house().await;
        let packed = winery.packed(id);
        assert_eq!(packed["incoterms"], incoterms);
        assert_eq!(values(&packed), each(&WINES, &value));
        assert_eq!(written(&winery, since), "hold update_line_items update unhold");
    }
    assert_eq!(winery.exceptions().await, []);
}

#[tokio::test]
async fn an_edit_of_the_goods_keeps_their_customs_data_in_step() {
    let winery = winery(&with_corkscrew()).await;
    let id = winery.place(abroad()).await;
    let line_id = winery.shop.order(id).unwrap().lines[0].id;
    let set_quantity = vec![SetQuantity { line_id, quantity: 8 }];
    let edit = EditOrder { add: vec![line("CORK-1", 1)], set_quantity, ..EditOrder::default() };
    winery.shop.edit_order(id, &edit).unwrap();
    winery.shop.mark_paid(id, None).unwrap();
    winery.sync().await;
    let packed = winery.packed(id);
    assert_eq!(values(&packed), each(&["PN-2022-750", "CH-2023-750", "CORK-1"], &json!("36")));
    let lines = packed["line_items"].as_array().unwrap();
    assert!(lines.iter().any(|line| line["sku"] == "PN-2022-750" && line["quantity"] == 8), "{lines:#?}");
    assert_eq!(winery.house().product("CORK-1").unwrap()["tariff_code"], "8205.51");
    assert_eq!(packed["holds"]["operator_hold"], false);
    assert_eq!(winery.exceptions().await, []);
}

#[tokio::test]
async fn what_a_person_changed_there_stays_until_the_shop_changes_it() {
    let winery = winery(&with_corkscrew()).await;
    let id = winery.place(abroad()).await;
    let (number, since) = (winery.number(id), winery.house().requests().len());
    let packed = winery.packed(id);
    let lines = packed["line_items"].as_array().unwrap().iter();
    let undervalued: Vec<Value> =
        lines.map(|line| json!({ "id": line["id"], "customs_value": "30" })).collect();
    winery.house().edit(number, &json!({ "incoterms": "EXW", "line_items": undervalued })).unwrap();
    winery.poll_house().await;
    winery.shop.set_note(id, Some("Fragile".into())).unwrap();
    winery.sync().await;
    assert_eq!(
        (written(&winery, since).as_str(), &winery.packed(id)["incoterms"]),
        ("update", &json!("EXW"))
    );
    // A line that is refunded is goods, and no news for the customs.
    let order = winery.shop.order(id).unwrap();
    let units = RefundUnits {
        line_id: order.lines[1].id,
        quantity: 2,
        restock: RestockType::NoRestock,
        location_id: None,
    };
    winery.shop.refund(id, &NewRefund { lines: vec![units], ..NewRefund::default() }).unwrap();
    winery.sync().await;
    assert_eq!(winery.packed(id)["incoterms"], "EXW");
    // Nor does another product change the terms.
    let edit = EditOrder { add: vec![line("CORK-1", 1)], ..EditOrder::default() };
    winery.shop.edit_order(id, &edit).unwrap();
    winery.sync().await;
    let packed = winery.packed(id);
    assert_eq!((&packed["incoterms"], values(&packed)["CORK-1"]), (&json!("EXW"), &json!("36")));
    assert_eq!(values(&packed)["PN-2022-750"], "30");
    assert_eq!(winery.house().product("CORK-1").unwrap()["country_of_manufacture"], "CN");
    assert_eq!(winery.exceptions().await, []);
}

#[tokio::test]
async fn what_the_shop_lacks_is_asked_of_a_person_by_sku_and_read_again_on_retry() {
    let winery = winery(r#"customs = { home = ["US"], incoterms = "DAP", keep_products = true }"#).await;
    let origin = |code: Option<&str>| Origin {
        harmonized_system_code: code.map(str::to_owned),
        country_code_of_origin: Some("US".into()),
    };
    winery.shop.set_origin("PN-2022-750", origin(Some("220421")));
    winery.shop.set_origin("CH-2023-750", origin(None));
    let id = winery.place(abroad()).await;
    let told = winery.only_exception("customs_incomplete").await;
    let message = told["message"].as_str().unwrap();
    assert!(message.contains("«CH-2023-750» has no tariff code"), "{message}");
    assert!(!message.contains("PN-2022-750"), "{message}");
    assert_eq!(winery.house_writes(), [""; 0]);
    // Nobody says so by webhook: a person says that it is mended.
    winery.shop.set_origin("CH-2023-750", origin(Some("220410")));
    winery.retry(&told).await;
    assert_eq!(winery.exceptions().await, []);
    assert_eq!(winery.packed(id)["incoterms"], "DAP");
    let product = winery.house().product("CH-2023-750").unwrap();
    assert_eq!(
        (&product["tariff_code"], &product["country_of_manufacture"]),
        (&json!("220410"), &json!("US"))
    );
}

#[tokio::test]
async fn the_terms_are_others_where_the_buyer_paid_the_duties() {
    let customs = CUSTOMS.replace("incoterms =", "incoterms_when_paid = \"DDP\", incoterms =");
    let winery = winery(&customs).await;
    for (duties_included, terms) in [(false, "DAP"), (true, "DDP")] {
        let id = winery.place(NewOrder { duties_included, ..abroad() }).await;
        assert_eq!(winery.packed(id)["incoterms"], terms);
    }
    assert_eq!(winery.exceptions().await, []);
}

/// Nothing of it is to be released, so nothing else asks for a reading.
#[tokio::test]
async fn an_order_that_waits_and_a_line_that_comes_later_are_read_for_what_only_the_shop_tells() {
    let keeps = r#"customs = { home = ["US"], incoterms = "DAP", keep_products = true }"#;
    let pays = r#"customs = { home = ["US"], incoterms = "DAP", incoterms_when_paid = "DDP" }"#;
    for (customs, terms, origin) in [(keeps, "DAP", "FR"), (pays, "DDP", "IT")] {
        let options = Options { credits: 1_000_000, credits_a_second: 100_000, ..Options::default() };
        let topics = ["orders/create", "orders/updated"].map(str::to_owned).to_vec();
        let winery = Winery::with(Setup {
            shop: shopify::Options { topics, ..shopify::Options::default() },
            route: Some(r#"only_tags = ["for compliance"]"#),
            house: Some(House { options, route: customs, ..House::default() }),
            ..Setup::default()
        })
        .await;
        for sku in ["PN-2022-750", "CH-2023-750", "CORK-1"] {
            let code = Some("220421".to_owned());
            let told = Origin { harmonized_system_code: code, country_code_of_origin: Some("FR".into()) };
            winery.shop.set_origin(sku, told);
            let there = json!({ "sku": sku, "tariff_code": "220410", "country_of_manufacture": "IT" });
            winery.house().edit_product(&there).unwrap();
        }
        let order = NewOrder { payment: Payment::Pending, duties_included: true, ..abroad() };
        let id = winery.place(order).await;
        assert_eq!((winery.exceptions().await, &winery.packed(id)["incoterms"]), (Vec::new(), &json!(terms)));
        let edit = EditOrder { add: vec![line("CORK-1", 1)], ..EditOrder::default() };
        winery.shop.edit_order(id, &edit).unwrap();
        winery.sync().await;
        assert_eq!((winery.exceptions().await, values(&winery.packed(id)).len()), (Vec::new(), 3));
        assert_eq!(winery.house().product("CORK-1").unwrap()["country_of_manufacture"], origin);
        assert_eq!(winery.packed(id)["holds"]["operator_hold"], true);
    }
}

#[tokio::test]
async fn another_tax_number_is_told_and_of_a_split_order_a_person() {
    for split in [false, true] {
        let winery = winery(&CUSTOMS.replace("home =", "tax_id = \"Tax ID\", home =")).await;
        let id = winery.place(abroad()).await;
        if split {
            winery.house().split(winery.number(id), &units(&winery.packed(id), 2)).unwrap();
            winery.poll_house().await;
        }
        let since = winery.house().requests().len();
        let number = Attribute { name: "Tax ID".into(), value: "GB123456789".into() };
        winery.shop.set_attributes(id, vec![number]).unwrap();
        winery.sync().await;
        if split {
            winery.only_exception("rearranged_at_destination").await;
            assert_eq!(written(&winery, since), "hold hold");
        } else {
            assert_eq!(winery.exceptions().await, []);
            assert_eq!(written(&winery, since), "hold update unhold");
            assert_eq!(winery.packed(id)["tax_id"], "GB123456789");
        }
    }
}
