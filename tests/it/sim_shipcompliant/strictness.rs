//! What the simulator accepts is what the vendor's document accepts, property by property; and what a framework
//! answers before any operation is reached.

use serde_json::{Value, json};

use super::play::{Play, commit, error, order, submission};
use crate::support::contract::{contract, contract_or_skip};

/// Every object in a body, by JSON pointer.
fn objects(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            found.push(at.to_owned());
            map.iter().for_each(|(name, inner)| objects(inner, &format!("{at}/{name}"), found));
        }
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(index, inner)| objects(inner, &format!("{at}/{index}"), found));
        }
        _ => {}
    }
}

/// The body with one thing changed, in every way that is worth trying; each with a word for it.
fn mutations(body: &Value) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    objects(body, "", &mut found);
    let mut mutations = Vec::new();
    for at in found {
        let names: Vec<String> = body.pointer(&at).unwrap().as_object().unwrap().keys().cloned().collect();
        let mut edit = |what: String, edit: &dyn Fn(&mut serde_json::Map<String, Value>)| {
            let mut body = body.clone();
            edit(body.pointer_mut(&at).unwrap().as_object_mut().unwrap());
            mutations.push((what, body));
        };
        edit(format!("extra property at {at}"), &|map| {
            map.insert("externalKey".to_owned(), json!("x"));
        });
        for name in &names {
            edit(format!("{at}/{name} left out"), &|map| {
                map.remove(name);
            });
            edit(format!("{at}/{name} null"), &|map| {
                map.insert(name.clone(), Value::Null);
            });
            for wrong in [json!(true), json!(["x"]), json!({ "x": 1 }), json!(7.5)] {
                edit(format!("{at}/{name} = {wrong}"), &|map| {
                    map.insert(name.clone(), wrong.clone());
                });
            }
        }
    }
    mutations
}

/// Sends every mutation and compares the verdicts. Bodies of the right type may still be refused by a rule, but then
/// never as a malformed request.
async fn compare(play: &Play, method: &str, path: &str, body: &Value, stricter: &[&str]) {
    let contract = contract().unwrap();
    let known = contract.path_of(method, &format!("/api/v1{path}")).unwrap();
    let (status, answer) = play.call(method, path, Some(body)).await;
    assert_eq!(status, 200, "{method} {path}: {answer:#}");
    for (what, mutation) in mutations(body) {
        let (_, answer) = play.call(method, path, Some(&mutation)).await;
        let errors = answer["errors"].as_array().cloned().unwrap_or_default();
        let malformed = errors.iter().any(|error| error["type"] == "Request");
        let forbidden = !contract.request(method, &known, &mutation).is_empty();
        if !stricter.contains(&what.as_str()) {
            assert_eq!(malformed, forbidden, "{method} {path}: {what}\n{answer:#}");
        }
        if malformed {
            assert!(
                errors.iter().all(|error| error["key"].is_string()),
                "{what}: each error names its place"
            );
        }
    }
}

#[tokio::test]
async fn strictness_is_the_documents() {
    if contract_or_skip("strictness_is_the_documents").is_none() {
        return;
    }
    let play = Play::new().await;
    let mut full = order("1");
    full["discounts"] = json!([{ "amount": 1.0, "code": "A", "type": "x" }]);
    full["shipments"][0]["packages"] = json!([{ "trackingNumber": "1Z" }]);
    full["shipments"][0]["discounts"] = json!([{ "amount": 1.0 }]);
    full["shipments"][0]["fulfillmentExceptionType"] = json!("None");
    compare(&play, "POST", "/salesOrders", &submission(&full), &[]).await;
    compare(&play, "POST", "/salesOrders/check-compliance", &submission(&full), &[]).await;
    compare(&play, "POST", "/salesOrders/check-commit", &commit(&full, "Null"), &[]).await;
    let quote = json!({ "salesOrder": full, "addressOption": { "rejectIfAddressSuggested": true } });
    let needed = ["/salesOrder left out"];
    compare(&play, "POST", "/salesOrders/quote", &quote, &needed).await;
    compare(&play, "POST", "/salesOrders/quote/compliance", &quote, &needed).await;
    let commit = json!({ "commitOption": "AllShipments", "salesOrderKey": "1", "salesTaxCollected": 1,
        "payments": [{ "amount": 1, "type": "Giftcard", "subType": null, "transactionID": "x" }] });
    compare(&play, "POST", "/salesOrders/commit", &commit, &[]).await;
    let status = json!({ "salesOrderKey": "1", "shipmentKey": "1", "shipmentStatus": "Shipped" });
    // The document lets this one be null, but there is no such status.
    compare(&play, "PUT", "/salesOrders/shipments/status", &status, &["/shipmentStatus null"]).await;
    let tracking = json!({ "shipmentKey": "1", "trackingNumbers": ["1Z9"] });
    compare(&play, "POST", "/salesOrders/1/tracking", &tracking, &[]).await;
    let to = json!({ "zip1": "10007", "zip2": "1234", "state": "NY", "city": "x", "street1": "x", "street2": "x" });
    let tax = json!({ "shipToAddress": to, "taxSaleType": "Offsite", "effectiveDate": "2026-11-24T00:00:00Z",
        "shippingAndHandlingCollected": 9, "orderItems": [{ "brandKey": "NINE", "productKey": "22PN750",
            "productQuantity": 6, "productUnitPrice": 38.5 }] });
    compare(&play, "POST", "/salesOrders/quote/sales-tax", &tax, &[]).await;
    let rate = json!({ "address": to, "taxSaleType": "Onsite", "effectiveDate": "2026-11-24T00:00:00Z",
        "licenseRelationship": "Default" });
    compare(&play, "POST", "/salesOrders/quote/sales-tax-rate", &rate, &["/address left out"]).await;
    let address = json!({ "address": super::play::address("NY", "10007") });
    compare(&play, "POST", "/addresses/validate", &address, &[]).await;

    let brand = json!({ "name": "N", "ttbBrandKey": "x", "owner": { "name": "x", "zip": "1", "city": "x" },
        "thisBrandIsBottledByAThirdParty": null, "thisBrandIsProducedByAThirdParty": true,
        "thisBrandOperatesUnderATradeName": true, "thisBrandWasAcquiredFromAThirdParty": false });
    compare(&play, "PUT", "/brands/NINE", &brand, &[]).await;
    let product = json!({ "age": 1, "bottleSizeML": 750, "brandKey": "NINE", "defaultCase": "12",
        "defaultRetailUnitPrice": 1.5, "defaultWholesaleCasePrice": 2, "description": "x", "flavor": "x", "style": "x",
        "gtin": "1", "label": "x", "nabca": "x", "percentAlcohol": 13.5, "productDistribution": "Both",
        "productType": "Wine", "scc": "x", "unimerc": "x", "unitPrice": 1, "upc": "x", "varietal": "x",
        "vintage": 2022, "volumeAmount": 750, "volumeUnit": "Milliliter", "subBrand": "x", "containerType": "Bottle",
        "containersPerSellingUnit": 1, "shippingWeightInLbs": 3.2 });
    compare(&play, "PUT", "/products/22PN750", &product, &[]).await;
}

#[tokio::test]
async fn the_documents_operations_are_all_exercised() {
    if contract_or_skip("the_documents_operations_are_all_exercised").is_none() {
        return;
    }
    let play = Play::new().await;
    let call = async |method: &str, path: &str, body: Value, expected: u16| {
        let (status, answer) = play.call(method, path, Some(&body).filter(|b| !b.is_null())).await;
        assert_eq!(status, expected, "{method} {path}: {answer:#}");
    };
    let none = Value::Null;
    call("POST", "/salesOrders", submission(&order("1")), 200).await;
    call("POST", "/salesOrders", json!({}), 400).await;
    call("POST", "/salesOrders/check-compliance", submission(&order("1")), 200).await;
    call("POST", "/salesOrders/check-compliance", json!({}), 400).await;
    call("POST", "/salesOrders/check-commit", commit(&order("1"), "CompliantShipments"), 200).await;
    call("POST", "/salesOrders/check-commit", commit(&order("1"), "CompliantShipments"), 400).await;
    for (key, status) in [("1", 200), ("2", 404)] {
        call("POST", "/salesOrders/commit", json!({ "commitOption": "Null", "salesOrderKey": key }), status)
            .await;
        let shipped = json!({ "salesOrderKey": key, "shipmentKey": "1", "shipmentStatus": "Shipped" });
        call("PUT", "/salesOrders/shipments/status", shipped, status).await;
        let tracking = json!({ "trackingNumbers": ["A", "B", "C"] });
        call("POST", &format!("/salesOrders/{key}/tracking"), tracking, status).await;
        for path in ["", "/tracking", "/tracking?shipmentKey=1"] {
            call("GET", &format!("/salesOrders/{key}{path}"), none.clone(), status).await;
        }
        for path in ["/tracking/A", "/shipment/1/tracking/B", "/shipment/1/tracking", "/tracking", ""] {
            call("DELETE", &format!("/salesOrders/{key}{path}"), none.clone(), status).await;
        }
    }
    call("POST", "/salesOrders/commit", json!({}), 400).await;
    call("POST", "/salesOrders/2/tracking", json!({}), 400).await;
    for path in ["", "/compliance", "/sales-tax", "/sales-tax-rate"] {
        call("POST", &format!("/salesOrders/quote{path}"), json!({}), 400).await;
    }
    for path in ["/products/NONE", "/brands/NONE"] {
        call("GET", path, none.clone(), 404).await;
    }
    play.account.add_product(
        &crossdock::simulator::shipcompliant::Product { brand: "HILL".to_owned(), key: "22PN750".to_owned() },
        "Wine",
    );
    call("GET", "/products/22PN750", none.clone(), 400).await;
    call("DELETE", "/products/22PN750", none.clone(), 400).await;
    call("DELETE", "/products/22PN750?brandKey=HILL", none.clone(), 200).await;
    call("GET", "/products/22PN750", none.clone(), 200).await;
    call("GET", "/brands/NINE", none, 200).await;
}

#[tokio::test]
async fn request_names_are_read_in_either_case() {
    let play = Play::new().await;
    let body = pascal_case(&commit(&order("1"), "AllShipments"));
    let (status, _) = play.send("POST", "/api/v1/salesOrders/check-commit", Some(&body)).await;
    assert_eq!(status, 200);
    assert_eq!(play.account.order("1").unwrap()["shipments"][0]["shipTo"]["city"], "Millbrook");
}

fn pascal_case(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let upper = |name: &str| name[..1].to_uppercase() + &name[1..];
            map.iter().map(|(name, inner)| (upper(name), pascal_case(inner))).collect()
        }
        Value::Array(items) => items.iter().map(pascal_case).collect(),
        other => other.clone(),
    }
}

#[tokio::test]
async fn everything_missing_or_wrong_is_named() {
    let play = Play::new().await;
    let mut wrong = commit(&order("1"), "Everything");
    wrong["salesOrder"]["shipments"][0].as_object_mut().unwrap().remove("shipDate");
    wrong["salesOrder"]["billTo"]["zip1"] = json!("");
    wrong["salesOrder"]["shipments"][0]["shipmentStatus"] = json!("Packed");
    wrong["salesOrder"]["payments"][0]["type"] = json!("Barter");
    wrong["salesOrder"]["externalSalesOrderKey"] = json!("5");
    let (status, answer) = play.call("POST", "/salesOrders/check-commit", Some(&wrong)).await;
    let mut told: Vec<(&str, &str)> = answer["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| (error["key"].as_str().unwrap(), error["type"].as_str().unwrap()))
        .collect();
    told.sort_unstable();
    assert_eq!(status, 400);
    assert_eq!(
        told,
        [
            ("commitOption", "Validation"),
            ("salesOrder.billTo.zip1", "Request"),
            ("salesOrder.externalSalesOrderKey", "Request"),
            ("salesOrder.payments[0].type", "Validation"),
            ("salesOrder.shipments[0].shipDate", "Request"),
            ("salesOrder.shipments[0].shipmentStatus", "Validation"),
        ]
    );
    assert!(play.account.orders().is_empty());
}

#[tokio::test]
async fn the_framework_answers_what_no_operation_does() {
    let play = Play::new().await;
    for path in ["/orders", "/salesOrders/1/shipments", "/wholesaleInvoices/1", ""] {
        assert_eq!(play.send("GET", &format!("/api/v1{path}"), None).await.0, 404, "{path}");
    }
    assert_eq!(play.send("GET", "/", None).await.0, 404);
    assert_eq!(play.send("GET", "/api/v1/salesOrders", None).await.0, 405, "orders cannot be listed");
    let options = crossdock::simulator::shipcompliant::Options::default();
    let url = format!("{}/api/v1/salesOrders", play.base);
    let request =
        |method| play.http.request(method, &url).basic_auth(&options.username, Some(&options.password));
    let put = request(reqwest::Method::PUT).send().await.unwrap();
    assert_eq!((put.status().as_u16(), put.headers()["allow"].to_str().unwrap()), (405, "POST"));
    let text = request(reqwest::Method::POST).body("{}").send().await.unwrap();
    assert_eq!(text.status().as_u16(), 415);
    let broken =
        request(reqwest::Method::POST).header("content-type", "application/json").body("{\"salesOrder\":");
    let broken = broken.send().await.unwrap();
    assert_eq!(broken.status().as_u16(), 400);
    let answer: Value = broken.json().await.unwrap();
    assert_eq!(error(&answer)["type"], "Request");
    let recorded = play.account.requests();
    assert_eq!(recorded.last().unwrap().body, Some(json!("{\"salesOrder\":")));
    let (status, _) = play.call("GET", "/salesOrders/a%2Fb%20c", None).await;
    assert_eq!(status, 404);
}
