//! Everything ShipCompliant says no to: told in its words, over by itself once the cause is mended at the shop, and by a
//! retry once it is mended at ShipCompliant.

use crossdock::simulator::shipcompliant::{Options, Product};
use crossdock::simulator::shopify::{Address, Attribute, EditOrder, NewLine, NewOrder, NewShipping};
use serde_json::Value;

use crate::support::winery::{Setup, Winery, unchecked};

fn wine(sku: &str) -> NewLine {
    NewLine { sku: Some(sku.into()), ..NewLine::default() }
}

fn address(street: &str, city: &str, state: &str, zip: &str) -> Address {
    let text = |text: &str| Some(text.to_owned());
    Address {
        first_name: text("Ada"),
        last_name: text("Vintner"),
        address1: text(street),
        city: text(city),
        province_code: text(state),
        country_code: text("US"),
        zip: text(zip),
        ..Address::default()
    }
}

fn to(address: Address) -> NewOrder {
    NewOrder { shipping_address: Some(address), ..NewOrder::default() }
}

fn born(date: &str) -> Vec<Attribute> {
    vec![Attribute { name: "Date of Birth".into(), value: date.into() }]
}

fn text<'v>(exception: &'v Value, key: &str) -> &'v str {
    exception[key].as_str().unwrap_or_default()
}

/// The order is in step, its exception over, and what was told stands in its story.
async fn is_over(winery: &Winery, code: &str) {
    assert!(winery.exceptions().await.is_empty(), "{:#?}", winery.exceptions().await);
    let story = winery.server.api("orders/1001").await;
    let copy = &story["order"]["mirrors"][0];
    assert_eq!((copy["state"].as_str(), &copy["reason"]), (Some("in_step"), &Value::Null));
    assert_eq!(winery.account.order("1001").unwrap()["committed"], true);
    let exceptions = story["exceptions"].as_array().unwrap();
    assert_eq!((exceptions.len(), text(&exceptions[0], "code")), (1, code));
    assert!(exceptions[0]["closed_at"].is_string());
}

/// Trying again while nothing is mended asks once more and tells nobody twice.
async fn stays(winery: &Winery, exception: &Value) {
    let asked = winery.writes().len();
    winery.retry(exception).await;
    assert_eq!(winery.writes().len(), asked + 1);
    let again = winery.only_exception(text(exception, "code")).await;
    assert_eq!((&again["id"], &again["vendor"]), (&exception["id"], &exception["vendor"]));
}

#[tokio::test]
async fn an_unknown_product_is_over_once_it_is_entered_and_retried() {
    let winery = Winery::open().await;
    winery.place(NewOrder { lines: vec![wine("99XX750")], ..NewOrder::default() }).await;
    let exception = winery.only_exception("unknown_product").await;
    assert_eq!(
        text(&exception, "vendor"),
        "Product matching given BrandKey/ProductKey does not exist [NINE,99XX750]. [code 201]"
    );
    assert!(text(&exception, "mend").contains("enter the product in ShipCompliant"), "{exception}");
    assert_eq!((text(&exception, "order_name"), text(&exception, "destination")), ("#1001", "compliance"));
    assert!(winery.account.order("1001").is_none());
    stays(&winery, &exception).await;
    winery.account.add_product(&Product { brand: "NINE".into(), key: "99XX750".into() }, "Wine");
    winery.retry(&exception).await;
    is_over(&winery, "unknown_product").await;
}

#[tokio::test]
async fn an_unknown_product_is_over_once_the_order_holds_another() {
    let winery = Winery::open().await;
    let id = winery.place(NewOrder { lines: vec![wine("99XX750")], ..NewOrder::default() }).await;
    winery.only_exception("unknown_product").await;
    let line = winery.shop.order(id).unwrap().lines[0].id;
    let edit = EditOrder { add: vec![wine("22CH750")], remove: vec![line], ..EditOrder::default() };
    winery.shop.edit_order(id, &edit).unwrap();
    winery.sync().await;
    is_over(&winery, "unknown_product").await;
    let items = winery.account.order("1001").unwrap()["shipments"][0]["shipmentItems"].clone();
    assert_eq!((items.as_array().unwrap().len(), &items[0]["productKey"]), (1, &Value::from("22CH750")));
}

#[tokio::test]
async fn a_refused_address_comes_with_the_suggestion_and_is_over_with_a_new_one() {
    let winery = Winery::with(Setup { route: Some(&unchecked()), ..Setup::default() }).await;
    // A ZIP code of Sacramento, said to be in Nevada.
    let id = winery.place(to(address("500 Harbor Boulevard", "Sacramento", "NV", "95814"))).await;
    let exception = winery.only_exception("address_rejected").await;
    assert_eq!(text(&exception, "vendor"), "Shipping Zip1 does not match city/state.");
    assert_eq!(
        text(&exception, "mend"),
        "correct the address at the channel; suggested: 500 Harbor Blvd, Sacramento, CA, 95814"
    );
    stays(&winery, &exception).await;
    let right = address("500 Harbor Blvd", "Sacramento", "CA", "95814");
    winery.shop.set_shipping_address(id, Some(right)).unwrap();
    winery.sync().await;
    is_over(&winery, "address_rejected").await;
}

#[tokio::test]
async fn a_refused_address_without_a_suggestion_says_what_to_do() {
    let winery = Winery::open().await;
    winery.place(to(address("PO Box 12", "Sacramento", "CA", "95814"))).await;
    let exception = winery.only_exception("address_rejected").await;
    assert!(text(&exception, "vendor").contains("post office box"), "{exception}");
    let mend = "correct the address at the channel; the order is checked again by itself";
    assert_eq!(text(&exception, "mend"), mend);
}

#[tokio::test]
async fn a_state_that_allows_no_wine_is_told_in_the_rules_words_and_over_with_a_new_address() {
    let winery = Winery::open().await;
    let id = winery.place(to(address("1 Temple Sq", "Salt Lake City", "UT", "84101"))).await;
    let exception = winery.only_exception("not_compliant").await;
    assert_eq!(
        text(&exception, "vendor"),
        "UT does not allow wine to be shipped directly to consumers. – The shipment goes to UT, where no direct \
         shipment is allowed."
    );
    assert_eq!(winery.account.order("1001").unwrap()["committed"], false, "checked, and not committed");
    stays(&winery, &exception).await;
    winery
        .shop
        .set_shipping_address(id, Some(address("500 Harbor Blvd", "Sacramento", "CA", "95814")))
        .unwrap();
    winery.sync().await;
    is_over(&winery, "not_compliant").await;
    assert_eq!(winery.account.order("1001").unwrap()["shipments"][0]["shipTo"]["state"], "CA");
}

#[tokio::test]
async fn a_state_that_allows_wine_at_last_is_over_with_a_retry() {
    let winery = Winery::open().await;
    winery.place(to(address("1 Temple Sq", "Salt Lake City", "UT", "84101"))).await;
    let exception = winery.only_exception("not_compliant").await;
    winery.account.allow("UT");
    winery.retry(&exception).await;
    is_over(&winery, "not_compliant").await;
}

#[tokio::test]
async fn a_buyer_too_young_or_of_unknown_age_is_over_with_the_right_date_of_birth() {
    let winery = {
        let account = Options { require_birth_date_in: ["CA".to_owned()].into(), ..Options::default() };
        Winery::with(Setup { account, ..Setup::default() }).await
    };
    let id = winery.place(NewOrder::default()).await;
    let exception = winery.only_exception("not_compliant").await;
    assert!(text(&exception, "vendor").ends_with("The purchaser's date of birth is missing."), "{exception}");
    // Each try tells the same person the newest words.
    winery.shop.set_attributes(id, born("2010-05-06")).unwrap();
    winery.sync().await;
    let younger = winery.only_exception("not_compliant").await;
    assert!(text(&younger, "vendor").contains("younger than 21"), "{younger}");
    assert_eq!(younger["id"], exception["id"]);
    winery.shop.set_attributes(id, born("5/6/1980")).unwrap();
    winery.sync().await;
    is_over(&winery, "not_compliant").await;
    let sent = winery.writes().pop().unwrap().body.unwrap();
    assert_eq!(sent["salesOrder"]["billTo"]["dateOfBirth"], "1980-05-06T00:00:00Z");
}

#[tokio::test]
async fn a_date_of_birth_that_is_none_is_told_without_quoting_it() {
    let winery = Winery::open().await;
    let order = NewOrder { attributes: born("the sixth of May"), ..NewOrder::default() };
    let id = winery.place(order).await;
    let exception = winery.only_exception("birth_date_unreadable").await;
    assert!(!exception.to_string().contains("sixth"), "{exception}");
    assert!(winery.account.requests().is_empty());
    winery.shop.set_attributes(id, born("1980-05-06")).unwrap();
    winery.sync().await;
    is_over(&winery, "birth_date_unreadable").await;
}

#[tokio::test]
async fn a_shipping_rate_nobody_mapped_is_named_and_over_with_another_rate() {
    let winery = Winery::open().await;
    let pigeon =
        NewShipping { title: "Carrier pigeon".into(), code: Some("PIGEON".into()), ..NewShipping::default() };
    let id = winery.place(NewOrder { shipping: vec![pigeon], ..NewOrder::default() }).await;
    let exception = winery.only_exception("unmapped_shipping_method").await;
    assert_eq!(
        text(&exception, "message"),
        "the route to «compliance» has no service for the shipping rate «Carrier pigeon» (code «PIGEON»)"
    );
    assert!(text(&exception, "mend").contains("methods"), "{exception}");
    assert!(winery.account.requests().is_empty(), "nothing is asked of ShipCompliant for it");
    let ground = NewShipping { title: "UPS Ground".into(), code: None, ..NewShipping::default() };
    winery.shop.change_shipping_line(id, &ground).unwrap();
    winery.sync().await;
    is_over(&winery, "unmapped_shipping_method").await;
    assert_eq!(winery.account.order("1001").unwrap()["shipments"][0]["shippingService"], "UPS");
}

#[tokio::test]
async fn one_order_that_is_refused_holds_up_no_other() {
    let winery = Winery::open().await;
    for sku in ["99XX750", "22CH750", "98XX750", "PN-2022-750"] {
        winery.shop.place_order(&NewOrder { lines: vec![wine(sku)], ..NewOrder::default() }).unwrap();
    }
    winery.sync().await;
    let mut states = Vec::new();
    for name in 1001..=1004 {
        states.push(winery.copy(name).await["state"].as_str().unwrap().to_owned());
    }
    assert_eq!(states, ["exception", "in_step", "exception", "in_step"]);
    let codes: Vec<String> = winery.exceptions().await.into_iter().map(|(code, _)| code).collect();
    assert_eq!(codes, ["unknown_product", "unknown_product"]);
}
