//! Which orders need customs data, what it says, and what it lacks: the rules, as tables.

use std::collections::BTreeMap;

use crossdock::domain::copy::OrderCopy;
use crossdock::domain::customs::{ChannelCustoms, CustomsRule, Declaration};
use crossdock::domain::mirror::Desired;
use crossdock::domain::order::OrderDocument;
use crossdock::domain::reason::{Reason, ReasonCode};
use crossdock::domain::record::OrderRecord;
use crossdock::domain::route::{BundlePart, ProductRef, Route};
use crossdock::engine::desired::desired;

use crate::support::{address, dec, document, fulfillment, line, record, route};

fn declared(code: Option<&str>, origin: Option<&str>) -> Declaration {
    Declaration {
        tariff_code: code.map(str::to_owned),
        origin: origin.map(str::to_owned),
        ..Declaration::default()
    }
}

fn rule() -> CustomsRule {
    CustomsRule {
        home: vec!["US".into()],
        incoterms: "DAP".into(),
        incoterms_when_paid: None,
        tax_id: None,
        keep_products: true,
        products: BTreeMap::from([("PN-2022".into(), declared(Some("2204.21"), Some("US")))]),
    }
}

fn with(rule: CustomsRule) -> Route {
    Route { customs: Some(rule), check_address: false, ..route() }
}

/// The order, going to this country.
fn going_to(country: Option<&str>, province: Option<&str>) -> OrderDocument {
    let mut order = document();
    let mut to = address();
    (to.country, to.province) = (country.map(str::to_owned), province.map(str::to_owned));
    order.ship_to = Some(to);
    order
}

fn abroad() -> OrderDocument {
    going_to(Some("CA"), Some("ON"))
}

fn copy(record: &OrderRecord, route: &Route) -> OrderCopy {
    match desired(record, route) {
        Some(Desired::Present(copy)) => *copy,
        other => panic!("{other:?}"),
    }
}

fn reason(record: &OrderRecord, route: &Route) -> Reason {
    match desired(record, route) {
        Some(Desired::Undecided(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn only_what_leaves_the_home_countries_of_a_route_that_asks_has_customs_data() {
    let table = [
        (Some("US"), Some("NY"), false),
        (Some("CA"), Some("ON"), true),
        (Some("GB"), None, true),
        // A territory is at home with its state, whichever way it is written.
        (Some("PR"), None, false),
        (Some("US"), Some("PR"), false),
        // That a country is missing is told of elsewhere.
        (None, None, false),
    ];
    for (country, province, has) in table {
        let record = record(going_to(country, province));
        assert_eq!(copy(&record, &with(rule())).customs.is_some(), has, "{country:?} {province:?}");
        assert_eq!(copy(&record, &Route { check_address: false, ..route() }).customs, None);
    }
}

#[test]
fn a_value_is_what_the_buyer_pays_for_a_unit_unless_one_is_declared() {
    let table = [
        ("40.00", "0", 2, None, "40"),
        ("40.00", "15.00", 2, None, "32.5"),
        ("10.00", "1.00", 3, None, "9.67"),
        ("40.00", "80.00", 2, Some("12.5"), "12.5"),
    ];
    for (price, discount, quantity, value, expected) in table {
        let mut order = abroad();
        order.lines = vec![line("1", "PN-2022", quantity, price)];
        order.lines[0].discount = dec(discount);
        let mut rule = rule();
        rule.products.get_mut("PN-2022").unwrap().value = value.map(dec);
        let copy = copy(&record(order), &with(rule));
        assert_eq!(copy.customs_value(&copy.items[0]), Some(dec(expected)), "{price} {discount} {quantity}");
    }
}

#[test]
fn what_is_lacking_is_told_by_sku() {
    let code = Some("2204.21");
    let table = [
        (declared(None, Some("US")), "40", "«PN-2022» has no tariff code"),
        (declared(code, None), "40", "«PN-2022» has no country of origin"),
        (declared(None, None), "40", "«PN-2022» has no tariff code and no country of origin"),
        // A gift is worth something all the same.
        (declared(code, Some("US")), "0", "«PN-2022» has no value"),
    ];
    for (product, price, expected) in table {
        let mut order = abroad();
        order.lines = vec![line("1", "PN-2022", 2, price)];
        let mut rule = rule();
        rule.products.insert("PN-2022".into(), product);
        let told = reason(&record(order.clone()), &with(rule.clone()));
        assert_eq!(told.code, ReasonCode::CustomsIncomplete);
        assert_eq!(told.message, format!("order #1001 goes abroad, and for the customs {expected}"));
        // Of what left nothing is asked.
        let mut gone = record(order.clone());
        gone.fulfillments.insert("9".into(), fulfillment("9", &[("1", 2)], &["1Z"], 1));
        copy(&gone, &with(rule.clone()));
        // Code and origin are the warehouse's affair where its products are not kept.
        let others = CustomsRule { keep_products: false, ..rule };
        match desired(&record(order), &with(others)) {
            Some(Desired::Undecided(_)) => assert_eq!(price, "0"),
            Some(Desired::Present(copy)) => {
                let products = copy.customs.unwrap().products;
                assert_eq!(products, BTreeMap::from([("PN-2022".into(), Declaration::default())]));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn the_route_goes_before_the_shop_and_the_shop_says_nothing_of_a_bundles_parts() {
    let mut order = abroad();
    order.lines =
        vec![line("1", "PN-2022", 2, "40"), line("2", "ZN-2021", 1, "30"), line("3", "SET", 1, "60")];
    let mut record = record(order);
    let shop = || declared(Some("999999"), Some("FR"));
    let goods = ["1", "2", "3"].map(|id| (id.into(), shop()));
    record.customs = Some(ChannelCustoms { duties_paid: false, goods: BTreeMap::from(goods) });
    let parts = ["PN-2022", "CH-2023"].map(|sku| BundlePart { sku: sku.into(), quantity: 1 });
    let mut route = with(rule());
    route.bundles = BTreeMap::from([("SET".into(), parts.to_vec())]);
    let told = reason(&record, &route);
    assert!(
        told.message.ends_with("customs «CH-2023» has no tariff code and no country of origin"),
        "{}",
        told.message
    );
    let rule = route.customs.as_mut().unwrap();
    rule.products.insert("CH-2023".into(), declared(Some("220410"), Some("IT")));
    // What is told is told of the product as the destination calls it.
    let there = ProductRef { brand: None, product: "ZINFANDEL".into() };
    route.skus.insert("ZN-2021".into(), there);
    let customs = copy(&record, &route).customs.unwrap();
    let expected = BTreeMap::from([
        ("PN-2022".to_owned(), declared(Some("2204.21"), Some("US"))),
        ("ZINFANDEL".to_owned(), shop()),
        ("CH-2023".to_owned(), declared(Some("220410"), Some("IT"))),
    ]);
    assert_eq!(customs.products, expected);
}

#[test]
fn the_terms_follow_the_duties_and_the_tax_number_an_attribute() {
    let mut order = abroad();
    order.attributes.insert("VAT number".into(), " GB123 ".into());
    for (when_paid, paid, terms) in
        [(None, false, "DAP"), (None, true, "DAP"), (Some("DDP"), false, "DAP"), (Some("DDP"), true, "DDP")]
    {
        let mut record = record(order.clone());
        record.customs = Some(ChannelCustoms { duties_paid: paid, ..ChannelCustoms::default() });
        let (incoterms_when_paid, tax_id) = (when_paid.map(str::to_owned), Some("vat number".into()));
        let customs =
            copy(&record, &with(CustomsRule { incoterms_when_paid, tax_id, ..rule() })).customs.unwrap();
        assert_eq!((customs.incoterms.as_str(), customs.tax_id.as_deref()), (terms, Some("GB123")));
    }
}
