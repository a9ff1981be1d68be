//! Where an order may go and by which service: told with the choices, held where it was released, and over by itself.

use crossdock::domain::address::Address;
use crossdock::domain::mirror::Desired;
use crossdock::domain::order::{LineKind, OrderDocument};
use crossdock::domain::places::Place;
use crossdock::domain::reason::{Reason, ReasonCode};
use crossdock::domain::record::{Fact, Origin, merge};
use crossdock::domain::route::{Pattern, Route};
use crossdock::domain::service::ServiceRule;
use crossdock::engine::desired::desired;
use crossdock::simulator::shopify::{self, NewOrder, NewShipping};
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::Value;

use crate::support::winery::{ROUTE, Setup, Winery};
use crate::support::{address, dec, document, fulfillment, line, record, route, second};

fn place(country: &str, province: &str) -> Place {
    Place { country: country.into(), province: Some(province.into()) }
}

/// A service that takes everything.
fn rule(service: &str) -> ServiceRule {
    ServiceRule {
        service: Pattern(service.into()),
        countries: Vec::new(),
        provinces: Vec::new(),
        except_provinces: Vec::new(),
        po_boxes: true,
        max_weight_grams: None,
        min_value: None,
        max_value: None,
    }
}

fn mainland(service: &str) -> ServiceRule {
    ServiceRule {
        countries: vec!["US".into()],
        except_provinces: ["AK", "HI", "PR"].map(|code| place("US", code)).to_vec(),
        ..rule(service)
    }
}

fn with(services: Vec<ServiceRule>) -> Route {
    Route { services, ..route() }
}

fn to(country: &str, province: &str, postal_code: &str) -> OrderDocument {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let (country, province, postal_code) = (text(country), text(province), text(postal_code));
    OrderDocument { ship_to: Some(Address { country, province, postal_code, ..address() }), ..document() }
}

fn reason(document: OrderDocument, route: &Route) -> Option<Reason> {
    match desired(&record(document), route).unwrap() {
        Desired::Undecided(reason) => Some(reason),
        Desired::Present(_) => None,
        absent @ Desired::Absent(_) => panic!("{absent:?}"),
    }
}

fn code(document: OrderDocument, route: &Route) -> Option<ReasonCode> {
    reason(document, route).map(|reason| reason.code)
}

#[test]
fn a_service_takes_what_one_of_its_rows_takes() {
    let canada = ServiceRule {
        countries: vec!["CA".into()],
        provinces: vec![place("CA", "ON")],
        max_weight_grams: Some(2000),
        ..rule("FXG")
    };
    let route = with(vec![mainland("FX*"), canada]);
    let none = None;
    let refused = Some(ReasonCode::ServiceUnavailable);
    let table = [
        (to("US", "NY", "10007"), none.clone()),
        (to("us", "US-NY", "10007"), none.clone()),
        (to("US", "AK", "99501"), refused.clone()),
        (to("US", "Alaska", "99501"), refused.clone()),
        (to("US", "PR", "00901"), refused.clone()),
        (to("PR", "", "00901"), refused.clone()),
        (to("VI", "", "00802"), none.clone()),
        (to("DE", "", "10115"), refused.clone()),
        (to("", "", "10007"), refused.clone()),
        (to("CA", "QC", "H2X 1Y4"), refused),
        // Two bottles of 1360 g.
        (to("CA", "ON", "K1A 0B1"), Some(ReasonCode::OverThreshold)),
    ];
    for (document, expected) in table {
        assert_eq!(code(document.clone(), &route), expected, "{:?}", document.ship_to);
    }
    // A service without a row takes everything.
    assert_eq!(code(to("DE", "", "10115"), &with(vec![mainland("UP*")])), none);
}

#[test]
fn weight_and_value_are_those_of_the_goods_that_are_left() {
    // 2720 g of goods for 80 dollars.
    let limited = |limit: fn(&mut ServiceRule)| {
        let mut rule = rule("FXG");
        limit(&mut rule);
        with(vec![rule])
    };
    let over = Some(ReasonCode::OverThreshold);
    assert_eq!(code(document(), &limited(|rule| rule.max_weight_grams = Some(2720))), None);
    assert_eq!(code(document(), &limited(|rule| rule.max_weight_grams = Some(2719))), over);
    assert_eq!(code(document(), &limited(|rule| rule.max_value = Some(dec("80")))), None);
    assert_eq!(code(document(), &limited(|rule| rule.max_value = Some(dec("79.99")))), over);
    assert_eq!(code(document(), &limited(|rule| rule.min_value = Some(dec("80")))), None);
    assert_eq!(code(document(), &limited(|rule| rule.min_value = Some(dec("80.01")))), over);
    let tight = limited(|rule| (rule.max_weight_grams, rule.max_value) = (Some(2720), Some(dec("80"))));
    // Neither a tip nor what is no goods for the route counts, nor what was taken off.
    let mut extras = document();
    let mut tip = line("2", "TIP", 1, "900");
    tip.kind = LineKind::Tip;
    let mut removed = line("3", "CH-2023", 5, "40");
    removed.current = 0;
    extras.lines.extend([tip, removed, line("4", "INSURANCE", 1, "90")]);
    let insured = Route { not_goods: vec![Pattern("INS*".into())], ..tight.clone() };
    assert_eq!(code(extras, &insured), None);
    let mut discounted = document();
    discounted.lines[0].unit_price = crate::support::usd("45");
    discounted.lines[0].discount = dec("10");
    assert_eq!(code(discounted.clone(), &tight), None, "the value is what is paid");
    discounted.lines[0].discount = dec("9.99");
    assert_eq!(code(discounted, &tight), over);
}

#[test]
fn a_reason_names_the_place_the_limit_and_the_choices_and_nobody() {
    let up2 = ServiceRule { po_boxes: false, ..rule("UP2") };
    let route = with(vec![ServiceRule { po_boxes: false, ..mainland("FX*") }, up2]);
    let told = reason(to("US", "AK", "99501"), &route).unwrap();
    assert_eq!(told.message, "the service «FXG» of order #1001 does not go to AK, US");
    assert_eq!(
        told.mend,
        "give the order a shipping rate that takes it, one of «ups_2day» (UP2); or correct the address at the channel"
    );
    let mut boxed = document();
    boxed.ship_to.as_mut().unwrap().street1 = Some("P.O. Box 4711".into());
    let told = reason(boxed.clone(), &route).unwrap();
    assert_eq!(told.code, ReasonCode::PoBoxRefused);
    assert_eq!(
        told.message,
        "the service «FXG» of order #1001 does not deliver to post-office boxes in NY, US"
    );
    assert_eq!(
        told.mend,
        "no service of the route takes the order as it is: give the order a street address at the channel, or change \
         the route's services and retry"
    );
    assert_eq!(code(boxed, &with(vec![mainland("FX*")])), None, "boxes are served unless told otherwise");
    let heavy = with(vec![ServiceRule { max_weight_grams: Some(1000), ..rule("FXG") }]);
    let told = reason(document(), &heavy).unwrap();
    assert_eq!(
        told.message,
        "the service «FXG» of order #1001 takes 1000 g at most to NY, US, and these goods weigh 2720 g"
    );
    assert_eq!(
        told.mend,
        "give the order a shipping rate that takes it, one of «ups_2day» (UP2), «*overnight*» (FXO); or take lines \
         off the order at the channel"
    );
    let wrong = reason(to("US", "NV", "95814"), &route).unwrap();
    assert_eq!(wrong.code, ReasonCode::AddressInvalid);
    assert_eq!(wrong.message, "the shipping address of order #1001: the postal code lies in CA, not in NV");
    for personal in ["Emily", "Sheehan", "Broadway", "4711", "95814"] {
        assert!(!wrong.message.contains(personal) && !told.message.contains(personal), "{personal}");
    }
    assert_eq!(code(to("US", "NY", ""), &route), Some(ReasonCode::AddressIncomplete));
    let both = reason(to("US", "ZZ", ""), &route).unwrap();
    assert_eq!(both.code, ReasonCode::AddressInvalid);
    let unchecked = Route { check_address: false, ..route };
    assert_eq!(code(to("US", "NY", ""), &unchecked), None);
    assert_eq!(code(to("US", "AK", ""), &unchecked), Some(ReasonCode::ServiceUnavailable));
}

#[test]
fn what_left_is_on_its_way_whatever_its_address() {
    let route = with(vec![mainland("FX*")]);
    for document in [to("US", "AK", "99501"), to("US", "NV", "95814")] {
        let mut record = record(document);
        let parcel = fulfillment("8", &[("1", 2)], &["1Z999"], 20);
        merge(&mut record, Fact::Fulfillment(parcel), Origin::Webhook(second(30)));
        assert!(matches!(desired(&record, &route), Some(Desired::Present(_))));
    }
}

proptest! {
    /// A service takes an order exactly where some row takes it, whatever the other rows and their order.
    #[test]
    fn more_rows_never_take_less(
        rows in prop::collection::vec((0usize..4, any::<bool>(), prop::option::of(1u64..4000), 0i64..200), 1..5),
        at in 0usize..5,
    ) {
        let places = [("US", "NY", "10007"), ("US", "AK", "99501"), ("CA", "ON", "K1A 0B1"), ("DE", "", "10115")];
        let rule = |(kind, po_boxes, max_weight_grams, value): (usize, bool, Option<u64>, i64)| {
            let rule = match kind { 0 => rule("*"), 1 => mainland("FX*"), 2 => rule("FXG"), _ => ServiceRule {
                countries: vec!["CA".into(), "DE".into()], ..rule("fxg")
            } };
            ServiceRule { po_boxes, max_weight_grams, max_value: Some(Decimal::from(value)), ..rule }
        };
        let rules: Vec<ServiceRule> = rows.into_iter().map(rule).collect();
        let (country, province, postal_code) = places[at % 4];
        let mut order = to(country, province, postal_code);
        if at == 4 {
            order.ship_to.as_mut().unwrap().street1 = Some("PO Box 1".into());
        }
        let alone = rules.iter().any(|rule| code(order.clone(), &with(vec![rule.clone()])).is_none());
        prop_assert_eq!(code(order.clone(), &with(rules.clone())).is_none(), alone);
        let turned = with(rules.into_iter().rev().collect());
        prop_assert_eq!(code(order, &turned).is_none(), alone);
    }
}

fn shop_address(street: &str, city: &str, state: &str, zip: &str) -> shopify::Address {
    let text = |text: &str| Some(text.to_owned());
    shopify::Address {
        first_name: text("Ada"),
        last_name: text("Vintner"),
        address1: text(street),
        city: text(city),
        province_code: text(state),
        country_code: text("US"),
        zip: text(zip),
        ..shopify::Address::default()
    }
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

impl Winery {
    /// The shipment status, state and service of the one order's copy there.
    fn there(&self) -> (String, String, String) {
        let order = self.account.order("1001").unwrap();
        let shipment = &order["shipments"][0];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        (
            text(&shipment["shipmentStatus"]),
            text(&shipment["shipTo"]["state"]),
            text(&shipment["shippingService"]),
        )
    }
}

const ENTER: &str = "POST /api/v1/salesOrders/check-commit";
const MOVE: &str = "PUT /api/v1/salesOrders/shipments/status";
const VOID: &str = "DELETE /api/v1/salesOrders/1001";

#[tokio::test]
async fn a_bad_address_after_entry_is_held_there_and_over_once_corrected() {
    let winery = Winery::open().await;
    let id = winery.place(NewOrder::default()).await;
    assert_eq!(winery.there().0, "SentToFulfillment");
    // A ZIP code of Sacramento, said to be in Nevada.
    let wrong = shop_address("1 Elm Street", "Reno", "NV", "95814");
    winery.shop.set_shipping_address(id, Some(wrong)).unwrap();
    winery.sync().await;
    let exception = winery.only_exception("address_invalid").await;
    assert_eq!(
        text(&exception, "message"),
        "the shipping address of order #1001: the postal code lies in CA, not in NV"
    );
    assert_eq!(text(&exception, "vendor"), "", "nobody was asked");
    assert_eq!(winery.there(), ("PaymentAccepted".into(), "CA".into(), "FXG".into()));
    assert_eq!(winery.written(), [ENTER, MOVE], "held, and the wrong address was not sent");
    // A replay and a look change nothing.
    winery.retry(&exception).await;
    assert_eq!(winery.written(), [ENTER, MOVE]);

    let right = shop_address("1 Elm Street", "Reno", "NV", "89501");
    winery.shop.set_shipping_address(id, Some(right)).unwrap();
    winery.sync().await;
    assert!(winery.exceptions().await.is_empty());
    assert_eq!(winery.there(), ("SentToFulfillment".into(), "NV".into(), "FXG".into()));
    assert_eq!(winery.written(), [ENTER, MOVE, VOID, ENTER]);
}

#[tokio::test]
async fn an_address_taken_back_is_released_again_without_entering_anew() {
    let winery = Winery::open().await;
    let id = winery.place(NewOrder::default()).await;
    let first = winery.shop.order(id).unwrap().shipping_address;
    let lacking = shopify::Address { zip: None, ..first.clone().unwrap() };
    winery.shop.set_shipping_address(id, Some(lacking)).unwrap();
    winery.sync().await;
    let exception = winery.only_exception("address_incomplete").await;
    assert_eq!(text(&exception, "message"), "the shipping address of order #1001: it lacks its postal code");
    assert_eq!(winery.there().0, "PaymentAccepted");
    winery.shop.set_shipping_address(id, first).unwrap();
    winery.sync().await;
    assert!(winery.exceptions().await.is_empty());
    assert_eq!(
        (winery.there().0.as_str(), winery.written()),
        ("SentToFulfillment", vec![ENTER.to_owned(), MOVE.to_owned(), MOVE.to_owned()])
    );
}

const SERVICES: &str = r#"
[[routes.services]]
service = "FX*"
countries = ["US"]
except_provinces = ["AK", "HI"]
po_boxes = false
[[routes.services]]
service = "UPS"
countries = ["US"]
except_provinces = ["AK"]
po_boxes = false
[[routes.services]]
service = "UP2"
max_weight_grams = 10000
"#;

async fn particular() -> Winery {
    Winery::with(Setup { route: Some(&format!("{ROUTE}{SERVICES}")), ..Setup::default() }).await
}

#[tokio::test]
async fn a_post_office_box_is_refused_before_anybody_is_asked_where_the_service_refuses_it() {
    let winery = particular().await;
    let to = shop_address("P.O. Box 12", "Sacramento", "CA", "95814");
    let id = winery.place(NewOrder { shipping_address: Some(to), ..NewOrder::default() }).await;
    let exception = winery.only_exception("po_box_refused").await;
    assert_eq!(
        text(&exception, "mend"),
        "give the order a shipping rate that takes it, one of «UPS 2nd Day Air» (UP2); or give the order a street \
         address at the channel"
    );
    assert!(winery.account.requests().is_empty() && winery.account.order("1001").is_none());
    winery
        .shop
        .set_shipping_address(id, Some(shop_address("500 Harbor Blvd", "Sacramento", "CA", "95814")))
        .unwrap();
    winery.sync().await;
    assert!(winery.exceptions().await.is_empty());
    assert_eq!(winery.there().0, "SentToFulfillment");
}

#[tokio::test]
async fn a_method_that_does_not_serve_the_place_is_held_with_the_choices_and_over_by_choosing_one() {
    let winery = particular().await;
    let rate = |title: &str| NewShipping { title: title.into(), code: None, ..NewShipping::default() };
    let order = NewOrder {
        shipping_address: Some(shop_address("9 Palm Street", "Honolulu", "HI", "96815")),
        shipping: vec![rate("UPS Ground")],
        ..NewOrder::default()
    };
    let id = winery.place(order).await;
    assert_eq!(winery.there(), ("SentToFulfillment".into(), "HI".into(), "UPS".into()));
    winery.shop.change_shipping_line(id, &rate("FedEx Ground")).unwrap();
    winery.sync().await;
    let exception = winery.only_exception("service_unavailable").await;
    assert_eq!(text(&exception, "message"), "the service «FXG» of order #1001 does not go to HI, US");
    assert_eq!(
        text(&exception, "mend"),
        "give the order a shipping rate that takes it, one of «UPS 2nd Day Air» (UP2), «UPS Ground» (UPS); or correct \
         the address at the channel"
    );
    assert_eq!(winery.there(), ("PaymentAccepted".into(), "HI".into(), "UPS".into()), "held as it was");
    winery.shop.change_shipping_line(id, &rate("UPS 2nd Day Air")).unwrap();
    winery.sync().await;
    assert!(winery.exceptions().await.is_empty());
    assert_eq!(winery.there(), ("SentToFulfillment".into(), "HI".into(), "UP2".into()));
}

#[tokio::test]
async fn an_order_that_is_too_heavy_is_over_once_lines_are_taken_off_whichever_voice_tells() {
    let winery = particular().await;
    let rate = NewShipping { title: "UPS 2nd Day Air".into(), code: None, ..NewShipping::default() };
    // Eight bottles of 1360 g.
    let lines = vec![shopify::NewLine { quantity: 8, ..shopify::NewLine::default() }];
    let id = winery.place(NewOrder { shipping: vec![rate], lines, ..NewOrder::default() }).await;
    let exception = winery.only_exception("over_threshold").await;
    assert_eq!(
        text(&exception, "message"),
        "the service «UP2» of order #1001 takes 10000 g at most to CA, US, and these goods weigh 10880 g"
    );
    // An edit is told by a bare hint, so the order is read.
    let line = winery.shop.order(id).unwrap().lines[0].id;
    let edit = shopify::EditOrder {
        set_quantity: vec![shopify::SetQuantity { line_id: line, quantity: 7 }],
        ..shopify::EditOrder::default()
    };
    winery.shop.edit_order(id, &edit).unwrap();
    winery.sync().await;
    assert!(winery.exceptions().await.is_empty());
    assert_eq!(winery.there().0, "SentToFulfillment");
    let told = winery.server.api("orders/1001").await["record"]["document"]["lines"][0]["grams"].clone();
    assert_eq!(told, 1360);
}
