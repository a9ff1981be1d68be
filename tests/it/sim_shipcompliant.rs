//! The ShipCompliant simulator over loopback HTTP: each rule of the account, and the vendor's document as a judge.

mod play;
mod strictness;

use crossdock::simulator::fault::{Fault, Script};
use crossdock::simulator::shipcompliant::{Actor, Change, Event, Options, Product, Refused};
use serde_json::{Value, json};

use play::{Play, address, commit, error, order, order_to, shipment, submission};

fn changes(events: Vec<Event>) -> Vec<Change> {
    events.into_iter().map(|event| event.change).collect()
}

fn compliance(answer: &Value) -> &str {
    answer["salesOrder"]["complianceStatus"].as_str().unwrap()
}

fn broken_rules(answer: &Value, shipment: usize) -> Vec<&str> {
    let rules = answer["salesOrder"]["shipments"][shipment]["rules"].as_array().unwrap();
    let broken = rules.iter().filter(|rule| rule["complianceStatus"] != "Compliant");
    broken.map(|rule| rule["ruleType"].as_str().unwrap()).collect()
}

async fn set_status(play: &Play, key: &str, shipment: &str, status: &str) -> (u16, Value) {
    let body = json!({ "salesOrderKey": key, "shipmentKey": shipment, "shipmentStatus": status });
    play.call("PUT", "/salesOrders/shipments/status", Some(&body)).await
}

#[tokio::test]
async fn an_order_lives_from_commit_to_void_and_its_key_is_free_again() {
    let play = Play::new().await;
    let (status, answer) = play.check_commit(&order("1001")).await;
    assert_eq!((status, compliance(&answer)), (200, "Compliant"));
    let rates = &answer["salesOrder"]["salesTaxRates"];
    assert_eq!(rates["shipmentSalesTaxRates"][0]["freightSalesTaxRate"]["salesTaxDue"], 0.79875);
    assert_eq!(rates["recommendedSalesTaxDue"], 23.29);
    assert!(answer["salesOrder"].get("committed").is_none());

    assert_eq!(set_status(&play, "1001", "1", "SentToFulfillment").await.0, 200);
    let tracking = json!({ "shipmentKey": "1", "trackingNumbers": ["1Z1", "1Z2", "1Z1"] });
    assert_eq!(play.call("POST", "/salesOrders/1001/tracking", Some(&tracking)).await.0, 200);
    assert_eq!(set_status(&play, "1001", "1", "Shipped").await.0, 200);

    let (status, answer) = play.call("GET", "/salesOrders/1001", None).await;
    let found = &answer["salesOrder"];
    assert_eq!(status, 200);
    assert_eq!(found["purchaseDate"], "2026-11-20T00:00:00");
    assert_eq!(found["billTo"]["dateOfBirth"], "1984-05-06T00:00:00");
    assert_eq!(found["payments"][0]["type"], "Creditcard");
    assert_eq!(found["salesTaxDue"], 23.29);
    assert_eq!(found["shipments"][0]["shipmentStatus"], "Shipped");
    assert_eq!(found["shipments"][0]["fulfillmentExceptionType"], "None");
    assert_eq!(
        found["shipments"][0]["packages"],
        json!([{ "trackingNumber": "1Z1", "trackingStatus": "InTransit" },
               { "trackingNumber": "1Z2", "trackingStatus": "InTransit" }])
    );
    assert_eq!(answer["complianceResults"]["shipments"][0]["rules"], json!([]));
    assert_eq!(play.account.order("1001").unwrap()["committed"], true);

    assert_eq!(play.call("DELETE", "/salesOrders/1001", None).await.0, 200);
    for method in ["GET", "DELETE"] {
        let (status, answer) = play.call(method, "/salesOrders/1001", None).await;
        assert_eq!((status, error(&answer)["code"].as_str()), (404, Some("200")));
        assert_eq!(error(&answer)["message"], "SalesOrder does not exist [1001].");
    }
    assert_eq!(set_status(&play, "1001", "1", "Delivered").await.0, 404);
    assert_eq!(play.check_commit(&order("1001")).await.0, 200);

    let told = changes(play.account.history("1001"));
    assert!(matches!(&told[0], Change::Submitted { compliance: Some(status) } if status == "Compliant"));
    assert_eq!(told[1], Change::Committed { shipments: vec!["1".to_owned()] });
    assert_eq!(told.iter().filter(|change| matches!(change, Change::TrackingAdded { .. })).count(), 2);
    assert!(told.contains(&Change::Voided { committed: true }));
    let summary = play.account.summary();
    assert_eq!(summary["orders"], json!({ "committed": 1, "uncommitted": 0, "voided": 1 }));
    assert_eq!(summary["most_live_commits_of_a_key"], 1);
    assert_eq!(summary["double_commits"], 0);
}

#[tokio::test]
async fn credentials_are_basic_and_a_refusal_has_no_body() {
    let play = Play::new().await;
    let options = Options::default();
    let url = format!("{}/api/v1/salesOrders/1", play.base);
    let attempts = [
        play.http.get(&url),
        play.http.get(&url).basic_auth(&options.username, Some("wrong")),
        play.http.get(&url).bearer_auth("x"),
        play.http.get(&url).header("authorization", "Basic %%%"),
    ];
    for attempt in attempts {
        let response = attempt.send().await.unwrap();
        assert_eq!(response.status().as_u16(), 401);
        assert!(response.headers()["www-authenticate"].to_str().unwrap().starts_with("Basic"));
        assert_eq!(response.text().await.unwrap(), "");
    }
    assert_eq!(play.call("GET", "/salesOrders/1", None).await.0, 404);
    let authorized: Vec<bool> = play.account.requests().iter().map(|request| request.authorized).collect();
    assert_eq!(authorized, [false, false, false, false, true]);
}

#[tokio::test]
async fn a_forbidden_state_is_not_compliant_and_not_committed_unless_all_shipments_are_asked_for() {
    let play = Play::new().await;
    let refused = order_to("7", "UT", "84101");
    let (status, answer) = play.check_commit(&refused).await;
    assert_eq!((status, compliance(&answer)), (200, "NotCompliant"));
    assert_eq!(answer["responseStatus"], "Success");
    assert_eq!(broken_rules(&answer, 0), ["DirectShippingProhibited"]);
    assert_eq!(play.account.order("7").unwrap()["committed"], false);
    let (status, found) = play.call("GET", "/salesOrders/7", None).await;
    assert_eq!((status, &found["complianceResults"]["complianceStatus"]), (200, &json!("NotCompliant")));

    play.account.allow("ut");
    let (_, answer) = play.check_commit(&refused).await;
    assert_eq!(compliance(&answer), "Compliant");
    assert_eq!(play.account.order("7").unwrap()["committed"], true);

    play.account.forbid("UT");
    let other = order_to("8", "UT", "84101");
    let (status, answer) =
        play.call("POST", "/salesOrders/check-commit", Some(&commit(&other, "AllShipments"))).await;
    assert_eq!((status, compliance(&answer)), (200, "NotCompliant"));
    assert_eq!(play.account.order("8").unwrap()["committed"], true);
}

#[tokio::test]
async fn a_committed_key_cannot_be_sent_again() {
    let play = Play::new().await;
    play.check_commit(&order("1")).await;
    for body in [commit(&order("1"), "CompliantShipments"), commit(&order("1"), "AllShipments")] {
        let (status, answer) = play.call("POST", "/salesOrders/check-commit", Some(&body)).await;
        assert_eq!((status, &error(&answer)["code"]), (400, &json!("215")));
    }
    for path in ["/salesOrders", "/salesOrders/check-compliance"] {
        let (status, answer) = play.call("POST", path, Some(&submission(&order("1")))).await;
        assert_eq!((status, &error(&answer)["code"]), (400, &json!("215")), "{path}");
    }
    let again = json!({ "commitOption": "CompliantShipments", "salesOrderKey": "1" });
    let (status, answer) = play.call("POST", "/salesOrders/commit", Some(&again)).await;
    assert_eq!((status, &answer["shipments"]), (200, &json!([{ "key": "1", "isCommitted": true }])));
    assert_eq!(play.account.summary()["double_commits"], 3);

    let play = Play::with(Options { override_committed: true, ..Options::default() }).await;
    play.check_commit(&order("1")).await;
    assert_eq!(play.check_commit(&order_to("1", "CA", "94558")).await.0, 200);
    let mut kept = commit(&order("1"), "CompliantShipments");
    kept["persistOption"] = json!("Null");
    assert_eq!(play.call("POST", "/salesOrders/check-commit", Some(&kept)).await.0, 400);
    assert_eq!(play.account.order("1").unwrap()["shipments"][0]["shipTo"]["state"], "CA");
    assert!(changes(play.account.history("1")).contains(&Change::Overridden));
    assert_eq!(play.account.summary()["most_live_commits_of_a_key"], 1);
}

#[tokio::test]
async fn of_two_commits_at_once_one_is_told_that_it_came_second() {
    let play = Play::new().await;
    let order = order("1");
    let (one, other) = tokio::join!(play.check_commit(&order), play.check_commit(&order));
    let mut statuses = [one.0, other.0];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400]);
    let summary = play.account.summary();
    assert_eq!((&summary["double_commits"], &summary["most_live_commits_of_a_key"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn saving_checking_and_committing_are_separate_steps() {
    let play = Play::new().await;
    let commit_by = async |option: &str, key: &str| {
        let body = json!({ "commitOption": option, "salesOrderKey": key, "salesTaxCollected": 23.29,
            "payments": [{ "amount": 1.0, "type": "Cash" }] });
        play.call("POST", "/salesOrders/commit", Some(&body)).await
    };
    assert_eq!(commit_by("AllShipments", "none").await.0, 404);

    assert_eq!(play.call("POST", "/salesOrders", Some(&submission(&order("1")))).await.0, 200);
    let (_, found) = play.call("GET", "/salesOrders/1", None).await;
    assert!(found.get("complianceResults").is_none() && found["salesOrder"]["salesTaxDue"].is_null());
    let (_, answer) = commit_by("CompliantShipments", "1").await;
    assert_eq!(answer["shipments"][0]["isCommitted"], false, "it was never checked");

    let (_, answer) =
        play.call("POST", "/salesOrders/check-compliance", Some(&submission(&order("1")))).await;
    assert_eq!(compliance(&answer), "Compliant");
    assert_eq!(commit_by("Null", "1").await.1["shipments"][0]["isCommitted"], false);
    assert_eq!(commit_by("CompliantShipments", "1").await.1["shipments"][0]["isCommitted"], true);
    let committed = play.account.order("1").unwrap();
    assert_eq!(committed["salesTaxCollected"], 23.29);
    assert_eq!(committed["payments"][0]["type"], "Cash");
    assert_eq!(play.account.summary()["double_commits"], 0);
}

#[tokio::test]
async fn only_compliant_shipments_of_an_order_are_committed() {
    let play = Play::new().await;
    let mut mixed = order("1");
    let mut second = shipment("B");
    second["shipTo"] = address("UT", "84101");
    mixed["shipments"].as_array_mut().unwrap().push(second);
    let (_, answer) = play.check_commit(&mixed).await;
    assert_eq!(compliance(&answer), "NotCompliant");
    assert!(broken_rules(&answer, 0).is_empty());
    assert_eq!(broken_rules(&answer, 1), ["DirectShippingProhibited"]);
    let held = play.account.order("1").unwrap();
    assert_eq!((&held["committed"], &held["committedShipments"]), (&json!(false), &json!(["1"])));
    let all = json!({ "commitOption": "AllShipments", "salesOrderKey": "1" });
    play.call("POST", "/salesOrders/commit", Some(&all)).await;
    assert_eq!(play.account.order("1").unwrap()["committed"], true);
}

#[tokio::test]
async fn what_cannot_be_an_order_is_refused_whole() {
    let play = Play::new().await;
    let refuse = async |edit: &dyn Fn(&mut Value), target: &str, code: Option<&str>, says: &str| {
        let mut wrong = order("1");
        edit(&mut wrong["shipments"][0]);
        let (status, answer) = play.check_commit(&wrong).await;
        let error = error(&answer);
        assert_eq!((status, error["target"].as_str()), (400, Some(target)), "{answer:#}");
        assert_eq!((error["code"].as_str(), error["key"].as_str()), (code, Some("1")));
        assert!(error["message"].as_str().unwrap().contains(says), "{error:#}");
        assert!(play.account.order("1").is_none(), "nothing is stored");
    };
    let unknown = "Product matching given BrandKey/ProductKey does not exist [NINE,Shoe].";
    let item = |edit: fn(&mut Value)| move |s: &mut Value| edit(&mut s["shipmentItems"][0]);
    refuse(&item(|i| i["productKey"] = json!("Shoe")), "Shipment", Some("201"), unknown).await;
    refuse(&item(|i| i["brandKey"] = json!("HILL")), "Shipment", Some("201"), "[HILL,22PN750]").await;
    refuse(&item(|i| i["productQuantity"] = json!(0)), "Shipment", None, "zero").await;
    refuse(&item(|i| i["productQuantity"] = json!(-1)), "Shipment", None, "negative").await;
    refuse(&item(|i| i["productUnitPrice"] = json!(-1)), "Shipment", None, "negative").await;
    refuse(&|s| s["shippingService"] = json!("Ground"), "Shipment", None, "ShippingService").await;
    refuse(&|s| s["shipmentStatus"] = json!("Voided"), "Shipment", None, "Voided").await;
    refuse(&|s| s["shipTo"]["zip1"] = json!("94558"), "Address", None, "Zip1 does not match city/state")
        .await;
    refuse(&|s| s["shipTo"]["street1"] = json!("P.O. Box 4"), "Address", None, "box").await;

    let mut twice = order("1");
    twice["shipments"] = json!([shipment("1"), shipment("1")]);
    assert_eq!(play.check_commit(&twice).await.0, 400);
    let mut empty = order("1");
    empty["shipments"] = json!([]);
    assert_eq!(play.check_commit(&empty).await.0, 400);

    let mut without_brand = order("2");
    without_brand["shipments"][0]["shipmentItems"][0].as_object_mut().unwrap().remove("brandKey");
    assert_eq!(play.check_commit(&without_brand).await.0, 200);
    play.account.add_product(&Product { brand: "HILL".to_owned(), key: "22PN750".to_owned() }, "Wine");
    without_brand["salesOrderKey"] = json!("3");
    assert_eq!(play.check_commit(&without_brand).await.0, 400);
}

#[tokio::test]
async fn street_level_findings_are_as_strict_as_the_request_asks() {
    let play = Play::new().await;
    let check = async |street: &str, ignore: bool, reject: bool| {
        let mut order = order("1");
        order["shipments"][0]["shipTo"]["street1"] = json!(street);
        let mut body = submission(&order);
        body["addressOption"] =
            json!({ "ignoreStreetLevelErrors": ignore, "rejectIfAddressSuggested": reject });
        play.call("POST", "/salesOrders/check-compliance", Some(&body)).await
    };
    assert_eq!(check("12 Mill Ln", false, true).await.0, 200);
    assert_eq!(check("Mill Lane House", true, true).await.0, 200);
    assert_eq!(check("Mill Lane House", false, false).await.0, 400);
    assert_eq!(check("12 Mill Lane", false, false).await.0, 200);
    let (status, answer) = check("12 Mill Lane", true, true).await;
    assert_eq!(status, 400);
    assert_eq!(error(&answer)["data"]["addressSuggestion"]["street1"], "12 Mill Ln");

    let play = Play::with(Options { normalize_addresses: true, ..Options::default() }).await;
    let mut spelled = order("1");
    spelled["shipments"][0]["shipTo"]["street1"] = json!("12 Mill Lane");
    play.check_commit(&spelled).await;
    assert_eq!(play.account.order("1").unwrap()["shipments"][0]["shipTo"]["street1"], "12 Mill Ln");
}

#[tokio::test]
async fn people_must_be_of_age_on_the_ship_date() {
    let required = Options { require_birth_date_in: ["NY".to_owned()].into(), ..Options::default() };
    let play = Play::with(required).await;
    let mut young = order("1");
    young["billTo"]["dateOfBirth"] = json!("2005-11-25T00:00:00Z");
    assert_eq!(broken_rules(&play.check_commit(&young).await.1, 0), ["MinimumAgeRequired"]);
    young["shipments"][0]["shipDate"] = json!("2026-11-25T00:00:00Z");
    assert!(broken_rules(&play.check_commit(&young).await.1, 0).is_empty());

    let mut unknown = order("2");
    unknown["billTo"].as_object_mut().unwrap().remove("dateOfBirth");
    unknown["shipments"][0]["shipTo"].as_object_mut().unwrap().remove("dateOfBirth");
    assert_eq!(broken_rules(&play.check_commit(&unknown).await.1, 0), ["MinimumAgeRequired"]);
    unknown["shipments"][0]["shipTo"] = address("CA", "94558");
    unknown["shipments"][0]["shipTo"].as_object_mut().unwrap().remove("dateOfBirth");
    assert_eq!(compliance(&play.check_commit(&unknown).await.1), "Compliant");
}

#[tokio::test]
async fn volume_is_limited_per_customer_year_and_state_over_what_stands_committed() {
    let limit = Some([("NY".to_owned(), 14)].into());
    let play = Play::with(Options { volume_limit: limit, ..Options::default() }).await;
    assert!(broken_rules(&play.check_commit(&order("1")).await.1, 0).is_empty());
    assert!(broken_rules(&play.check_commit(&order("2")).await.1, 0).is_empty());
    let (_, answer) = play.check_commit(&order("3")).await;
    assert_eq!(broken_rules(&answer, 0), ["CustomerAggregateVolumeLimit"]);

    let mut other = order("4");
    other["customerKey"] = json!("another");
    assert!(broken_rules(&play.check_commit(&other).await.1, 0).is_empty());
    let mut next_year = order("5");
    next_year["shipments"][0]["shipDate"] = json!("2027-01-04T00:00:00Z");
    assert!(broken_rules(&play.check_commit(&next_year).await.1, 0).is_empty());
    assert!(broken_rules(&play.check_commit(&order_to("6", "CA", "94558")).await.1, 0).is_empty());

    play.call("DELETE", "/salesOrders/1", None).await;
    assert!(broken_rules(&play.check_commit(&order("3")).await.1, 0).is_empty(), "a voided order is free");
    set_status(&play, "2", "1", "Voided").await;
    assert!(broken_rules(&play.check_commit(&order("7")).await.1, 0).is_empty(), "so is a voided shipment");
}

#[tokio::test]
async fn a_refund_is_an_order_with_negative_quantities_that_is_delivered() {
    let play = Play::new().await;
    let mut refund = order("R-1");
    refund["shipments"][0]["shipmentStatus"] = json!("Delivered");
    refund["shipments"][0]["shipmentItems"][0]["productQuantity"] = json!(-2);
    refund["shipments"][0]["shipmentItems"][1]["productQuantity"] = json!(-1);
    let (status, answer) = play.check_commit(&refund).await;
    assert_eq!((status, compliance(&answer)), (200, "Compliant"));
    assert!(answer["salesOrder"]["salesTaxRates"]["recommendedSalesTaxDue"].as_f64().unwrap() < 0.0);
}

#[tokio::test]
async fn a_voided_shipment_keeps_its_status() {
    let play = Play::new().await;
    play.check_commit(&order("1")).await;
    assert_eq!(set_status(&play, "1", "1", "Voided").await.0, 200);
    let (status, answer) = set_status(&play, "1", "1", "Shipped").await;
    assert_eq!((status, error(&answer)["target"].as_str()), (400, Some("Shipment")));
    assert_eq!(set_status(&play, "1", "2", "Shipped").await.0, 404);
    assert_eq!(set_status(&play, "1", "1", "Packed").await.0, 400);
    assert_eq!(play.account.set_status("1", "1", "Shipped"), Err(Refused::Voided("1".to_owned())));
    assert_eq!(play.check_commit(&order("1")).await.0, 200, "nothing stands committed under the key");
}

#[tokio::test]
async fn tracking_is_added_listed_and_taken_away_at_every_level() {
    let play = Play::new().await;
    let mut two = order("1");
    two["shipments"] = json!([shipment("1"), shipment("2")]);
    play.check_commit(&two).await;
    let add = async |shipment: Option<&str>, numbers: &[&str]| {
        let body = match shipment {
            Some(shipment) => json!({ "shipmentKey": shipment, "trackingNumbers": numbers }),
            None => json!({ "trackingNumbers": numbers }),
        };
        play.call("POST", "/salesOrders/1/tracking", Some(&body)).await.0
    };
    let list = async |query: &str| {
        let (status, answer) = play.call("GET", &format!("/salesOrders/1/tracking{query}"), None).await;
        assert_eq!(status, 200);
        let numbers = |t: &Value| t["trackingNumbers"].as_array().unwrap().len();
        answer["trackings"].as_array().unwrap().iter().map(numbers).collect::<Vec<_>>()
    };
    let remove = async |path: &str| play.call("DELETE", &format!("/salesOrders/1{path}"), None).await.0;
    assert_eq!(list("").await, Vec::<usize>::new());
    assert_eq!(add(None, &["A"]).await, 400, "which shipment?");
    assert_eq!(add(Some("1"), &[]).await, 400);
    assert_eq!(add(Some("3"), &["A"]).await, 404);
    assert_eq!(add(Some("1"), &["A", "B"]).await, 200);
    assert_eq!(add(Some("1"), &["B", "C"]).await, 200);
    assert_eq!(add(Some("2"), &["A", "D"]).await, 200);
    assert_eq!(list("").await, [3, 2]);
    assert_eq!(list("?shipmentKey=2").await, [2]);
    assert_eq!(list("?shipmentKey=1&shipmentKey=2").await, [3, 2]);
    assert_eq!(remove("/shipment/1/tracking/A").await, 200);
    assert_eq!(list("").await, [2, 2]);
    assert_eq!(remove("/shipment/1/tracking/A").await, 404);
    assert_eq!(remove("/shipment/9/tracking").await, 404);
    assert_eq!(remove("/tracking/D").await, 200);
    assert_eq!(remove("/tracking/D").await, 404);
    assert_eq!(remove("/shipment/1/tracking").await, 200);
    assert_eq!(list("").await, [1]);
    assert_eq!(remove("/tracking").await, 200);
    assert_eq!(remove("/tracking").await, 200);
    let (status, answer) = play.call("GET", "/salesOrders/2/tracking", None).await;
    assert_eq!((status, error(&answer)["target"].as_str()), (404, Some("Tracking")));
}

#[tokio::test]
async fn a_quote_leaves_no_order() {
    let play = Play::new().await;
    let mut quoted = order("1");
    quoted.as_object_mut().unwrap().remove("salesOrderKey");
    let body = json!({ "salesOrder": quoted });
    let (_, answer) = play.call("POST", "/salesOrders/quote", Some(&body)).await;
    assert_eq!((compliance(&answer), &answer["salesOrder"]["key"]), ("Compliant", &Value::Null));
    let (_, answer) = play.call("POST", "/salesOrders/quote/compliance", Some(&body)).await;
    assert_eq!(answer["complianceResults"]["complianceStatus"], "Compliant");
    let to = json!({ "zip1": "10007", "state": "NY" });
    let tax = json!({ "shipToAddress": to, "taxSaleType": "Offsite", "shippingAndHandlingCollected": 9,
        "orderItems": [{ "brandKey": "NINE", "productKey": "22PN750", "productQuantity": 6, "productUnitPrice": 38.5 }] });
    let (_, answer) = play.call("POST", "/salesOrders/quote/sales-tax", Some(&tax)).await;
    assert_eq!(answer["salesTaxDue"], 21.3);
    let rate = json!({ "address": { "zip1": "80304" }, "taxSaleType": "Onsite" });
    let (_, answer) = play.call("POST", "/salesOrders/quote/sales-tax-rate", Some(&rate)).await;
    assert_eq!(answer["taxRates"]["wineSalesTaxPercent"], 8.81);
    let wrong = json!({ "address": { "zip1": "80304", "state": "NY" } });
    assert_eq!(play.call("POST", "/salesOrders/quote/sales-tax-rate", Some(&wrong)).await.0, 400);
    assert!(play.account.orders().is_empty());
}

#[tokio::test]
async fn an_address_is_judged_without_being_refused() {
    let play = Play::new().await;
    let judge = async |street1: &str, state: &str| {
        let address = json!({ "street1": street1, "city": "New York", "state": state, "zip1": "10007" });
        let (status, answer) =
            play.call("POST", "/addresses/validate", Some(&json!({ "address": address }))).await;
        assert_eq!(status, 200);
        answer["validateAddressResult"]["addressStatus"].as_str().unwrap().to_owned()
    };
    assert_eq!(judge("88 Vesey", "NY").await, "Validated");
    assert_eq!(judge("88 Mill Street", "NY").await, "AddressSuggested");
    assert_eq!(judge("88 Vesey", "NJ").await, "ZipCodeDoesNotMatchCityState");
    assert_eq!(judge("PO Box 3", "NY").await, "NonDeliverableAddress");
    assert_eq!(play.call("POST", "/addresses/validate", Some(&json!({ "address": {} }))).await.0, 400);
}

#[tokio::test]
async fn a_merchant_can_rehearse_the_catalogue() {
    let play = Play::new().await;
    let flags = |mut brand: Value| {
        for flag in ["BottledByAThirdParty", "ProducedByAThirdParty"] {
            brand[format!("thisBrandIs{flag}")] = json!(false);
        }
        brand["thisBrandOperatesUnderATradeName"] = json!(true);
        brand["thisBrandWasAcquiredFromAThirdParty"] = json!(null);
        brand
    };
    let brand = flags(json!({ "key": "NEW", "name": "New", "owner": { "name": "Jo", "state": "CA" } }));
    let product = json!({ "brandKey": "NEW", "productKey": "SKU1", "description": "Wine", "productType": "Wine",
        "percentAlcohol": 13.5, "bottleSizeML": 750, "label": "L1", "unitPrice": 20.5 });
    let (status, answer) = play.call("POST", "/products", Some(&product)).await;
    assert_eq!((status, error(&answer)["code"].as_str()), (400, Some("100")), "the brand comes first");
    assert_eq!(play.call("GET", "/brands/NEW", None).await.0, 404);
    assert_eq!(play.call("PUT", "/brands/NEW", Some(&brand)).await.0, 404);
    assert_eq!(play.call("POST", "/brands", Some(&brand)).await.0, 200);
    assert_eq!(error(&play.call("POST", "/brands", Some(&brand)).await.1)["code"], "705");
    let renamed = flags(json!({ "name": "Newer" }));
    assert_eq!(play.call("PUT", "/brands/NEW", Some(&renamed)).await.0, 200);
    assert_eq!(play.call("GET", "/brands/NEW", None).await.1["brand"]["name"], "Newer");

    assert_eq!(play.call("POST", "/products", Some(&product)).await.0, 200);
    assert_eq!(error(&play.call("POST", "/products", Some(&product)).await.1)["code"], "2707");
    let (_, answer) = play.call("GET", "/products/SKU1", None).await;
    assert_eq!(
        (&answer["product"]["volumeAmount"], &answer["product"]["brandName"]),
        (&json!(750.0), &json!("Newer"))
    );
    let changed = json!({ "description": "Red wine", "productType": "Wine" });
    assert_eq!(play.call("PUT", "/products/SKU1?brandKey=NEW", Some(&changed)).await.0, 200);
    assert_eq!(play.call("PUT", "/products/SKU2", Some(&changed)).await.0, 400);
    let mut sold = order("1");
    sold["shipments"][0]["shipmentItems"][0] = json!({ "productKey": "SKU1", "productQuantity": 1 });
    assert_eq!(play.check_commit(&sold).await.0, 200);
    assert_eq!(play.call("DELETE", "/products/SKU1", None).await.0, 200);
    assert_eq!(play.call("DELETE", "/products/SKU1", None).await.0, 404);
    sold["salesOrderKey"] = json!("2");
    assert_eq!(play.check_commit(&sold).await.0, 400);
}

#[tokio::test]
async fn a_lost_answer_leaves_a_committed_order_and_a_record() {
    let play = Play::new().await;
    let script = |fault| Script { fault, method: None, path: Some("check-commit".to_owned()), times: 1 };
    play.account.faults().script(script(Fault::ResetAfter));
    let url = format!("{}/api/v1/salesOrders/check-commit", play.base);
    let options = Options::default();
    let request = play.http.post(url).basic_auth(options.username, Some(options.password));
    assert!(request.json(&commit(&order("1"), "CompliantShipments")).send().await.is_err());
    let requests = play.account.requests();
    assert_eq!(
        (requests.len(), requests[0].status, requests[0].path.as_str()),
        (1, 200, "/api/v1/salesOrders/check-commit")
    );
    assert_eq!(requests[0].body.as_ref().unwrap()["salesOrder"]["salesOrderKey"], "1");
    assert_eq!(requests[0].answer.as_ref().unwrap()["responseStatus"], "Success");
    assert_eq!(play.account.order("1").unwrap()["committed"], true);
    assert_eq!(play.check_commit(&order("1")).await.0, 400);
    assert_eq!(play.account.summary()["double_commits"], 1);
}

#[tokio::test]
async fn people_and_the_fulfilment_house_work_through_the_remote_control() {
    let play = Play::new().await;
    play.check_commit(&order("1")).await;
    let mut watch = play.account.watch();
    watch.mark_unchanged();
    play.clock.advance(std::time::Duration::from_hours(1));
    let status = json!({ "shipmentKey": "1", "shipmentStatus": "Shipped" });
    assert_eq!(play.control("POST", "/orders/1/status", Some(&status)).await.0, 204);
    assert!(watch.has_changed().unwrap());
    let tracking = json!({ "shipmentKey": "1", "trackingNumbers": ["1Z"] });
    assert_eq!(play.control("POST", "/orders/1/tracking", Some(&tracking)).await.0, 204);
    let moved = json!({ "shipmentKey": "1", "address": { "street1": "9 Elm St", "phone": null } });
    assert_eq!(play.control("POST", "/orders/1/ship-to", Some(&moved)).await.0, 204);
    let wrong = json!({ "shipmentKey": "1", "address": { "street": "9 Elm St" } });
    assert_eq!(play.control("POST", "/orders/1/ship-to", Some(&wrong)).await.0, 400);
    let (_, shown) = play.control("GET", "/orders/1", None).await;
    assert_eq!(shown["shipments"][0]["shipTo"]["street1"], "9 Elm St");
    assert_eq!(shown["shipments"][0]["shipTo"]["city"], "Millbrook");
    assert_eq!(shown["shipments"][0]["packages"][0]["trackingStatus"], "InTransit");
    assert_eq!(play.control("POST", "/orders/1/void", None).await.0, 204);
    assert_eq!(play.control("POST", "/orders/1/void", None).await.0, 404);
    assert_eq!(play.control("GET", "/orders", None).await.1, json!({}));

    let (_, history) = play.control("GET", "/history/1", None).await;
    let last = history.as_array().unwrap().last().unwrap();
    assert_eq!(
        last,
        &json!({ "at": "2026-11-22T10:00:00Z", "by": "person", "what": "voided", "committed": true })
    );
    assert!(play.account.history("1").iter().any(|event| event.by == Actor::Integration));

    let goods = json!({ "brandKey": "NINE", "productKey": "TOTE", "productType": "MerchandiseTaxable" });
    assert_eq!(play.control("POST", "/catalogue", Some(&goods)).await.0, 204);
    assert_eq!(play.control("DELETE", "/catalogue/NINE/TOTE", None).await.0, 204);
    assert_eq!(play.control("DELETE", "/catalogue/NINE/TOTE", None).await.0, 404);
    assert_eq!(play.control("PUT", "/forbidden-states/ca", None).await.0, 204);
    assert_eq!(play.control("GET", "/forbidden-states", None).await.1, json!(["AR", "CA", "DE", "MS", "UT"]));
    let fault = json!({ "fault": { "error": 503 }, "path": "salesOrders", "times": 0 });
    assert_eq!(play.control("POST", "/faults", Some(&fault)).await.0, 204);
    assert_eq!(play.send("GET", "/api/v1/salesOrders/1", None).await.0, 503);
    let random = json!({ "seed": 1, "rate": 1.0, "faults": [{ "throttle": 2 }] });
    assert_eq!(play.control("POST", "/faults/random", Some(&random)).await.0, 204);
    assert_eq!(play.control("DELETE", "/faults", None).await.0, 204);
    assert_eq!(play.send("GET", "/api/v1/salesOrders/1", None).await.0, 404);
    assert_eq!(play.control("GET", "/requests?last=1", None).await.1[0]["status"], 404);
    let (_, summary) = play.control("GET", "/summary", None).await;
    assert_eq!(summary["requests"], json!({ "GET salesOrders": 1, "POST salesOrders/check-commit": 1 }));
    assert_eq!(play.control("GET", "/nothing", None).await.0, 404);
}
