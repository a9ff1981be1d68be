//! What the customs are told of products lies with the product at the warehouse: read once, and written only where it is
//! kept and only what is ours.

use std::time::Duration;

use crossdock::simulator::fault::{Fault, Script};
use crossdock::simulator::shiphero::Options;
use crossdock::simulator::shopify::{NewHold, Origin, Payment};
use serde_json::{Value, json};

use super::{about_products, abroad, winery};
use crate::packing::edits::{CUSTOMS, order_of_two, winery_with};
use crate::support::winery::{House, Winery};

/// What was written of products since then, call by call.
fn product_writes(winery: &Winery, since: usize) -> Vec<Vec<Value>> {
    let requests = winery.house().requests().into_iter().skip(since);
    let writes = requests.filter(|request| request.operations.iter().any(|name| name == "product_update"));
    writes.map(|request| request.variables.as_object().unwrap().values().cloned().collect()).collect()
}

fn edit_product(winery: &Winery, changes: &Value) {
    winery.house().edit_product(changes).unwrap();
}

#[tokio::test]
async fn a_product_that_is_kept_is_written_once_and_only_where_it_is_other_than_ours() {
    let winery = winery(CUSTOMS).await;
    edit_product(
        &winery,
        &json!({ "sku": "PN-2022-750", "tariff_code": "220421", "customs_description": "Red wine" }),
    );
    winery.place(abroad()).await;
    // The code is the same, however it is spelt.
    let expected = vec![
        json!({ "sku": "CH-2023-750", "tariff_code": "2204.21", "country_of_manufacture": "US" }),
        json!({ "sku": "PN-2022-750", "country_of_manufacture": "US" }),
    ];
    assert_eq!(product_writes(&winery, 0), [expected]);
    let product = winery.house().product("PN-2022-750").unwrap();
    for (name, said) in [
        ("name", "Pinot Noir 2022"),
        ("tariff_code", "220421"),
        ("country_of_manufacture", "US"),
        ("customs_description", "Red wine"),
    ] {
        assert_eq!(product[name], said);
    }

    // The next order costs no call; after an hour they are looked at again.
    let since = winery.house().requests().len();
    winery.place(abroad()).await;
    assert_eq!(about_products(&winery, since), [""; 0]);
    edit_product(
        &winery,
        &json!({ "sku": "CH-2023-750", "tariff_code": "1", "country_of_manufacture": "United States" }),
    );
    winery.clock.advance(Duration::from_hours(2));
    let since = winery.house().requests().len();
    winery.place(abroad()).await;
    let expected = vec![json!({ "sku": "CH-2023-750", "tariff_code": "2204.21" })];
    assert_eq!(product_writes(&winery, since), [expected]);
    assert_eq!(winery.exceptions().await, []);
}

#[tokio::test]
async fn a_product_that_is_not_kept_is_never_written_and_what_it_lacks_is_asked_of_a_person() {
    let winery = winery(r#"customs = { home = ["US"], incoterms = "DAP" }"#).await;
    let full = |sku: &str| json!({ "sku": sku, "tariff_code": "2204.21", "country_of_manufacture": "US" });
    edit_product(&winery, &full("PN-2022-750"));
    edit_product(&winery, &json!({ "sku": "CH-2023-750", "tariff_code": "2204.21" }));
    let id = winery.place(abroad()).await;
    let told = winery.only_exception("customs_incomplete").await;
    assert!(told["message"].as_str().unwrap().contains("«CH-2023-750»"), "{told}");
    assert_eq!(winery.house_writes(), [""; 0]);
    edit_product(&winery, &full("CH-2023-750"));
    winery.retry(&told).await;
    assert_eq!(winery.exceptions().await, []);
    assert_eq!(winery.packed(id)["incoterms"], "DAP");
    let since = winery.house().requests().len();
    winery.place(abroad()).await;
    assert_eq!(about_products(&winery, since), [""; 0]);
    assert_eq!(product_writes(&winery, 0).len(), 0);
}

#[tokio::test]
async fn a_product_that_the_warehouse_does_not_have_is_asked_of_a_person() {
    let kept = CUSTOMS
        .replace("CH-2023-750 =", "MAGNUM = { tariff_code = \"2204.21\", origin = \"US\" }, CH-2023-750 =");
    let winery = winery(&kept).await;
    let mut order = abroad();
    order.lines[0].sku = Some("MAGNUM".into());
    winery.place(order).await;
    let told = winery.only_exception("unknown_product").await;
    assert!(told["message"].as_str().unwrap().contains("«MAGNUM»"), "{told}");
    assert_eq!(winery.house_writes(), [""; 0]);
}

/// The look for the order, the look for its number, products read, products written, the order entered.
#[tokio::test]
async fn an_answer_about_products_that_is_lost_enters_nothing_twice_and_loses_nothing() {
    for fault in [Fault::ResetBefore, Fault::ResetAfter, Fault::Error(503), Fault::NotJson] {
        for after in 2..5 {
            let winery = winery(CUSTOMS).await;
            // The first call of all asks what the bucket holds.
            winery.place(order_of_two(Payment::Paid)).await;
            let script = |fault| Script { fault, method: None, path: Some("/graphql".into()), times: 1 };
            for _ in 0..after {
                winery.house().faults().script(script(Fault::Delay(0)));
            }
            winery.house().faults().script(script(fault));
            let id = winery.place(abroad()).await;
            for _ in 0..3 {
                winery.sync().await;
            }
            let at = format!("{fault:?} after {after}");
            assert_eq!(winery.house().faults().struck(), 1 + after, "{at}");
            assert_eq!(
                winery.house_writes().iter().filter(|name| *name == "order_create").count(),
                2,
                "{at}"
            );
            assert_eq!(winery.packed(id)["incoterms"], "DAP", "{at}");
            assert_eq!(winery.house().product("CH-2023-750").unwrap()["tariff_code"], "2204.21", "{at}");
            assert_eq!(winery.exceptions().await, [], "{at}");
        }
    }
}

#[tokio::test]
async fn an_update_that_is_done_and_answered_with_an_error_counts_as_done() {
    let winery = winery(CUSTOMS).await;
    winery.place(order_of_two(Payment::Paid)).await;
    winery.house().answer_done_with_errors(1);
    winery.place(abroad()).await;
    assert_eq!(product_writes(&winery, 0).len(), 1);
    assert_eq!(winery.exceptions().await, []);
}

#[tokio::test]
async fn a_code_that_is_corrected_in_the_shop_is_written_when_the_order_is_read_next() {
    let winery = winery(r#"customs = { home = ["US"], incoterms = "DAP", keep_products = true }"#).await;
    let say = |code: &str| {
        for sku in ["PN-2022-750", "CH-2023-750"] {
            let country_code_of_origin = Some("US".into());
            winery.shop.set_origin(
                sku,
                Origin { harmonized_system_code: Some(code.into()), country_code_of_origin },
            );
        }
    };
    say("220421");
    let id = winery.place(abroad()).await;
    say("220422");
    // Holds are read with the order.
    let since = winery.house().requests().len();
    winery.shop.hold(id, &NewHold::default()).unwrap();
    winery.sync().await;
    assert_eq!(product_writes(&winery, since).len(), 1);
    assert_eq!(winery.house().product("CH-2023-750").unwrap()["tariff_code"], "220422");
    assert_eq!(winery.exceptions().await, []);
}

#[tokio::test]
async fn a_brands_products_are_those_of_its_own_account() {
    let options =
        Options { is_3pl: true, customer_accounts: vec![7_001], credits: 1_000_000, ..Options::default() };
    let keys = "customer_account_id = \"7001\"";
    let winery = winery_with(House { options, keys, route: CUSTOMS, ..House::default() }).await;
    winery.place(abroad()).await;
    let asked =
        winery.house().requests().into_iter().filter(|r| r.operations.iter().any(|name| name == "products"));
    let accounts: Vec<Value> = asked.map(|request| request.variables["account"].clone()).collect();
    assert_eq!(accounts, ["7001"]);
    let writes = product_writes(&winery, 0);
    assert!(writes[0].iter().all(|data| data["customer_account_id"] == "7001"), "{writes:#?}");
    assert_eq!(winery.exceptions().await, []);
}
