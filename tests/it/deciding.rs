//! What a destination should hold of an order: the business rules, as tables.

use std::collections::BTreeMap;

use crossdock::domain::copy::{OrderCopy, PaymentMethod, Stage};
use crossdock::domain::fulfillment::{
    DeliveryMethod, DeliveryStatus, FulfillmentOrder, FulfillmentStatus, Hold, ShipmentRef,
};
use crossdock::domain::mirror::{Absence, Desired};
use crossdock::domain::order::{LineKind, OrderDocument, PaymentState, ShippingLine};
use crossdock::domain::reason::ReasonCode;
use crossdock::domain::record::{Fact, OrderRecord, Origin, merge};
use crossdock::domain::route::{BundlePart, KeyBy, Pattern, ProductRef, Route};
use crossdock::engine::desired::desired;
use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::support::{dec, document, fulfillment, line, order_ref, record, route, second};

fn want(document: OrderDocument) -> Desired {
    desired(&record(document), &route()).unwrap()
}

fn copy_of(desired: Desired) -> OrderCopy {
    match desired {
        Desired::Present(copy) => *copy,
        other => panic!("{other:?}"),
    }
}

fn code_of(desired: Desired) -> ReasonCode {
    match desired {
        Desired::Undecided(reason) => reason.code,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_paid_order_is_wanted_released_with_all_it_says() {
    let copy = copy_of(want(document()));
    assert_eq!((copy.key.as_str(), copy.customer.as_str(), copy.service.as_str()), ("1001", "77", "FXG"));
    assert_eq!(copy.placed_on.to_string(), "2026-11-20");
    assert_eq!(copy.ship_on.to_string(), "2026-11-21");
    assert_eq!(copy.stage, Stage::Released);
    assert_eq!(copy.items.len(), 1);
    assert_eq!((copy.items[0].product.as_str(), copy.items[0].brand.as_deref()), ("PN-2022", Some("NINE")));
    assert_eq!((copy.items[0].quantity, copy.items[0].unit_price), (2, dec("40")));
    assert_eq!((copy.shipping, copy.tax), (dec("15"), Decimal::ZERO));
    assert_eq!(copy.payments[0].amount, dec("95"));
    assert!(copy.numbers.is_empty());
}

#[test]
fn the_payment_gate_opens_for_what_the_route_says() {
    let table = [
        (PaymentState::Paid, Stage::Released),
        (PaymentState::PartiallyRefunded, Stage::Released),
        (PaymentState::Pending, Stage::Held),
        (PaymentState::Authorized, Stage::Held),
        (PaymentState::PartiallyPaid, Stage::Held),
        (PaymentState::Refunded, Stage::Held),
        (PaymentState::Voided, Stage::Held),
        (PaymentState::Other("disputed".into()), Stage::Held),
    ];
    for (payment, stage) in table {
        let copy = copy_of(want(OrderDocument { payment: payment.clone(), ..document() }));
        assert_eq!(copy.stage, stage, "{payment}");
    }
    let route = Route { release: vec![PaymentState::Authorized], ..route() };
    let record = record(OrderDocument { payment: PaymentState::Authorized, ..document() });
    assert_eq!(copy_of(desired(&record, &route).unwrap()).stage, Stage::Released);
}

fn with_work(document: OrderDocument, method: Option<DeliveryMethod>, held: bool) -> OrderRecord {
    let mut record = record(document);
    let hold = Hold { id: "1".into(), reason: "other".into(), notes: None, ours: false };
    let work = FulfillmentOrder {
        id: "1".into(),
        status: "open".into(),
        method,
        holds: if held { vec![hold] } else { Vec::new() },
    };
    record.work = Some(vec![work]);
    record
}

#[test]
fn a_hold_at_the_channel_shuts_the_gate() {
    let held = with_work(document(), Some(DeliveryMethod::Shipping), true);
    assert_eq!(copy_of(desired(&held, &route()).unwrap()).stage, Stage::Held);
}

#[test]
fn what_does_not_ship_is_wanted_nowhere_and_says_why() {
    let mut gift_card = document();
    gift_card.lines[0].kind = LineKind::GiftCard;
    let mut digital = document();
    digital.lines[0].kind = LineKind::Service;
    let mut refunded = document();
    refunded.lines[0].current = 0;
    let pos = OrderDocument { source: Some("pos".into()), ..document() };
    let cancelled = OrderDocument { cancelled_at: Some(second(5)), ..document() };
    let table = [
        (gift_card, Absence::NothingToShip),
        (digital, Absence::NothingToShip),
        (refunded, Absence::NothingLeft),
        (pos, Absence::Source("pos".into())),
        (cancelled, Absence::Cancelled),
    ];
    for (document, absence) in table {
        assert_eq!(want(document), Desired::Absent(absence));
    }
    for method in [DeliveryMethod::PickUp, DeliveryMethod::Retail, DeliveryMethod::None] {
        let record = with_work(document(), Some(method), false);
        assert_eq!(desired(&record, &route()), Some(Desired::Absent(Absence::Pickup)));
    }
}

#[test]
fn filters_leave_orders_out_by_tag_and_test() {
    let tagged = OrderDocument { tags: ["Wholesale".to_owned()].into(), test: true, ..document() };
    let with = |change: fn(&mut Route)| {
        let mut route = route();
        change(&mut route);
        desired(&record(tagged.clone()), &route).unwrap()
    };
    assert_eq!(
        with(|r| r.filter.skip_tags = vec![Pattern("wholesale".into())]),
        Desired::Absent(Absence::Tags)
    );
    assert_eq!(with(|r| r.filter.only_tags = vec![Pattern("club*".into())]), Desired::Absent(Absence::Tags));
    assert_eq!(with(|r| r.filter.skip_test = true), Desired::Absent(Absence::Test));
    assert_eq!(
        with(|r| r.filter.placed_since = "2026-11-21".parse().ok()),
        Desired::Absent(Absence::PlacedBefore("2026-11-21".parse().unwrap()))
    );
    assert!(matches!(with(|r| r.filter.placed_since = "2026-11-20".parse().ok()), Desired::Present(_)));
    assert!(matches!(with(|r| r.filter.only_tags = vec![Pattern("whole*".into())]), Desired::Present(_)));
}

#[test]
fn what_cannot_be_decided_is_a_persons_with_a_code_that_stays() {
    let rate = |title: &str, code: Option<&str>| ShippingLine {
        title: title.into(),
        code: code.map(str::to_owned),
        source: None,
        price: Decimal::ZERO,
    };
    let mut no_sku = document();
    no_sku.lines[0].sku = None;
    let birth = |text: &str| BTreeMap::from([("date of birth".to_owned(), text.to_owned())]);
    let table = [
        (
            OrderDocument { shipping: vec![rate("Carrier pigeon", None)], ..document() },
            ReasonCode::UnmappedShippingMethod,
        ),
        (OrderDocument { shipping: Vec::new(), ..document() }, ReasonCode::MissingShippingMethod),
        (
            OrderDocument {
                shipping: vec![rate("FedEx Ground", None), rate("x", Some("ups_2day"))],
                ..document()
            },
            ReasonCode::AmbiguousShippingMethod,
        ),
        (no_sku, ReasonCode::LineWithoutSku),
        (OrderDocument { ship_to: None, ..document() }, ReasonCode::AddressMissing),
        (OrderDocument { attributes: birth("soon 21"), ..document() }, ReasonCode::BirthDateUnreadable),
        (OrderDocument { attributes: birth("31/12/1990"), ..document() }, ReasonCode::BirthDateUnreadable),
    ];
    for (document, code) in table {
        assert_eq!(code_of(want(document)), code);
    }
    let reason = want(OrderDocument { shipping: vec![rate("Carrier pigeon", Some("cp"))], ..document() });
    let Desired::Undecided(reason) = reason else { panic!() };
    assert!(reason.message.contains("«Carrier pigeon»") && reason.message.contains("«cp»"), "{reason}");
}

#[test]
fn rates_map_by_exact_name_then_code_then_the_longest_pattern() {
    let mut route = route();
    route.methods.push((Pattern("*".into()), "OTHER".into()));
    let code = |title: &str, code: Option<&str>| {
        let mut document = document();
        document.shipping[0].title = title.into();
        document.shipping[0].code = code.map(str::to_owned);
        copy_of(desired(&record(document), &route).unwrap()).service
    };
    assert_eq!(code("FedEx Ground", Some("ups_2day")), "FXG");
    assert_eq!(code("UPS 2nd Day", Some("ups_2day")), "UP2");
    assert_eq!(code("FedEx Standard Overnight®", None), "FXO");
    assert_eq!(code("Something else", None), "OTHER");
}

#[test]
fn a_date_of_birth_is_read_in_the_forms_people_write() {
    for text in ["1987-08-06", "8/6/1987", "08/06/1987", "08-06-1987", "1987-08-06T00:00:00Z", " 1987-08-06 "]
    {
        let attributes = BTreeMap::from([("Date of birth".to_owned(), text.to_owned())]);
        let copy = copy_of(want(OrderDocument { attributes, ..document() }));
        assert_eq!(copy.ship_to.birth_date.unwrap().to_string(), "1987-08-06", "{text}");
        assert_eq!(copy.bill_to.birth_date, copy.ship_to.birth_date);
    }
}

#[test]
fn only_goods_go_and_a_bundle_goes_as_its_parts_to_the_cent() {
    let mut order = document();
    let mut tip = line("2", "TIP", 1, "12.00");
    tip.kind = LineKind::Tip;
    let mut insured = line("3", "INSURANCE-1", 1, "3.00");
    insured.kind = LineKind::Goods;
    let mut bundle = line("4", "TRIO", 2, "100.00");
    bundle.discount = dec("10.00");
    order.lines.extend([tip, insured, bundle]);
    let mut route = route();
    route.not_goods = vec![Pattern("insurance*".into())];
    route.skus.insert("PN-2022".into(), ProductRef { brand: Some("HILL".into()), product: "22PN750".into() });
    // Mapped without a brand: the route's.
    route.skus.insert("CH-2023".into(), ProductRef { brand: None, product: "23CH750".into() });
    let part = |sku: &str, quantity| BundlePart { sku: sku.into(), quantity };
    route.bundles.insert("TRIO".into(), vec![part("PN-2022", 2), part("CH-2023", 1)]);
    let copy = copy_of(desired(&record(order), &route).unwrap());
    let shown: Vec<(&str, Option<&str>, u32, Decimal)> = copy
        .items
        .iter()
        .map(|item| (item.product.as_str(), item.brand.as_deref(), item.quantity, item.unit_price))
        .collect();
    assert_eq!(
        shown,
        [
            ("22PN750", Some("HILL"), 2, dec("40")),
            ("22PN750", Some("HILL"), 2, dec("33.34")),
            ("22PN750", Some("HILL"), 2, dec("33.33")),
            ("23CH750", Some("NINE"), 2, dec("33.33")),
        ]
    );
    let of_bundle: Decimal =
        copy.items[1..].iter().map(|item| item.unit_price * Decimal::from(item.quantity)).sum();
    assert_eq!(of_bundle, dec("200"));
    assert_eq!(copy.items.iter().map(|item| item.discount).sum::<Decimal>(), dec("10"));
}

fn shipped(mut order: OrderDocument, units: u32, change: fn(&mut OrderDocument)) -> OrderRecord {
    change(&mut order);
    let mut record = record(order);
    let parcel = fulfillment("8", &[("1", units)], &["1Z999", "1Z998"], 20);
    merge(&mut record, Fact::Fulfillment(parcel), Origin::Webhook(second(30)));
    record
}

#[test]
fn a_fulfilment_ships_with_its_numbers_and_an_arrival_delivers() {
    let mut record = shipped(document(), 2, |_| {});
    let copy = copy_of(desired(&record, &route()).unwrap());
    assert_eq!((copy.stage, copy.numbers.len()), (Stage::Shipped, 2));
    let parcel = record.fulfillments.values_mut().next().unwrap();
    parcel.delivery = Some(DeliveryStatus::Delivered);
    assert_eq!(copy_of(desired(&record, &route()).unwrap()).stage, Stage::Delivered);
    let parcel = record.fulfillments.values_mut().next().unwrap();
    parcel.status = FulfillmentStatus::Cancelled;
    let copy = copy_of(desired(&record, &route()).unwrap());
    assert_eq!((copy.stage, copy.numbers.len()), (Stage::Released, 0));
}

#[test]
fn a_destination_is_not_told_the_numbers_it_told_us_but_others_are() {
    for (origin, told) in [("compliance", 0), ("warehouse", 2)] {
        let mut record = shipped(document(), 2, |_| {});
        let made_for = ShipmentRef { origin: origin.into(), id: "1".into() };
        record.links.insert("8".into(), made_for);
        let copy = copy_of(desired(&record, &route()).unwrap());
        assert_eq!((copy.stage, copy.numbers.len()), (Stage::Shipped, told), "{origin}");
    }
}

#[test]
fn a_partial_arrival_is_no_delivery_of_the_whole() {
    let mut record = shipped(document(), 1, |_| {});
    record.fulfillments.values_mut().next().unwrap().delivery = Some(DeliveryStatus::Delivered);
    assert_eq!(copy_of(desired(&record, &route()).unwrap()).stage, Stage::Shipped);
}

#[test]
fn a_fulfilment_of_a_gift_card_ships_nothing() {
    let mut order = document();
    let mut card = line("2", "GIFT", 1, "50.00");
    card.kind = LineKind::GiftCard;
    order.lines.push(card);
    let mut record = record(order);
    let issued = fulfillment("8", &[("2", 1)], &[], 20);
    merge(&mut record, Fact::Fulfillment(issued), Origin::Webhook(second(30)));
    assert_eq!(copy_of(desired(&record, &route()).unwrap()).stage, Stage::Released);
}

#[test]
fn what_left_stays_in_the_copy_though_it_was_refunded_since() {
    let record = shipped(document(), 2, |order| order.lines[0].current = 0);
    let copy = copy_of(desired(&record, &route()).unwrap());
    assert_eq!((copy.items[0].quantity, copy.stage), (2, Stage::Shipped));
    // More shipped than ordered is a mistake somewhere; no more than was ordered is ever reported.
    let record = shipped(document(), 9, |_| {});
    assert_eq!(copy_of(desired(&record, &route()).unwrap()).items[0].quantity, 2);
}

#[test]
fn a_cancel_after_goods_left_is_a_persons_until_the_fulfilment_is_undone() {
    let mut record = shipped(document(), 2, |order| order.cancelled_at = Some(second(25)));
    assert_eq!(code_of(desired(&record, &route()).unwrap()), ReasonCode::CancelledAfterShipment);
    record.fulfillments.values_mut().next().unwrap().status = FulfillmentStatus::Cancelled;
    assert_eq!(desired(&record, &route()), Some(Desired::Absent(Absence::Cancelled)));
}

#[test]
fn nothing_is_said_of_an_order_nothing_is_known_of_but_a_cancel() {
    let mut record = OrderRecord::new(order_ref());
    assert_eq!(desired(&record, &route()), None);
    merge(&mut record, Fact::Cancelled, Origin::Webhook(second(1)));
    assert_eq!(desired(&record, &route()), Some(Desired::Absent(Absence::Cancelled)));
}

#[test]
fn keys_customers_and_payments() {
    let guest = copy_of(want(OrderDocument { customer: None, bill_to: None, ..document() }));
    assert_eq!(guest.customer, "guest-5001");
    assert_eq!(guest.bill_to.address, guest.ship_to.address);
    let by_id = Route { key_by: KeyBy::Id, key_prefix: "NH-".into(), ..route() };
    assert_eq!(copy_of(desired(&record(document()), &by_id).unwrap()).key, "NH-5001");
    let table = [
        (vec!["gift_card"], PaymentMethod::GiftCard),
        (vec!["gift_card", "shopify_payments"], PaymentMethod::Card),
        (vec!["Cash on Delivery (COD)"], PaymentMethod::Cash),
        (vec!["manual"], PaymentMethod::Other("manual".into())),
        (vec![], PaymentMethod::Card),
    ];
    for (gateways, method) in table {
        let gateways = gateways.into_iter().map(str::to_owned).collect();
        assert_eq!(copy_of(want(OrderDocument { gateways, ..document() })).payments[0].method, method);
    }
    assert!(
        copy_of(want(OrderDocument { payment: PaymentState::Pending, ..document() })).payments.is_empty()
    );
}

proptest! {
    /// Quantities stay within what was ordered, whatever was refunded and shipped; discounts within what was given.
    #[test]
    fn quantities_and_discounts_stay_within_the_order(
        ordered in 0u32..50, current in 0u32..50, left in 0u32..80, cents in 0i64..10_000,
    ) {
        let mut order = document();
        let discount = Decimal::new(cents, 2);
        (order.lines[0].ordered, order.lines[0].current) = (ordered, current.min(ordered));
        order.lines[0].discount = discount;
        let mut record = record(order);
        if left > 0 {
            let parcel = fulfillment("8", &[("1", left)], &["1Z"], 20);
            merge(&mut record, Fact::Fulfillment(parcel), Origin::Webhook(second(30)));
        }
        if let Desired::Present(copy) = desired(&record, &route()).unwrap() {
            prop_assert!(copy.items[0].quantity <= ordered);
            prop_assert!(copy.items[0].quantity >= current.min(ordered));
            prop_assert!(copy.items[0].discount <= discount && copy.items[0].discount >= Decimal::ZERO);
            if copy.items[0].quantity == ordered {
                prop_assert_eq!(copy.items[0].discount, discount.normalize());
            }
        }
    }
}
