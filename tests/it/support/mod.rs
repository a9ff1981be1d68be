//! What several tests start from: an order, a route, a store of its own.

pub(crate) mod contract;
pub(crate) mod engine;
pub(crate) mod read_shop;
pub(crate) mod receiver;
pub(crate) mod server;
pub(crate) mod winery;

use std::collections::{BTreeMap, BTreeSet};

use crossdock::domain::address::Address;
use crossdock::domain::fulfillment::{Fulfillment, FulfillmentStatus};
use crossdock::domain::money::{Money, MoneyBag};
use crossdock::domain::order::{Line, LineKind, OrderDocument, PaymentState, Recommendation, ShippingLine};
use crossdock::domain::record::{Fact, OrderRecord, Origin, Snapshot, merge};
use crossdock::domain::route::{Filter, KeyBy, Pattern, Refunds, Route};
use crossdock::domain::{OrderRef, RemoteId};
use crossdock::store::Store;
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;

pub(crate) fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// Seconds after a fixed instant.
pub(crate) fn second(number: i64) -> Timestamp {
    Timestamp::from_second(1_763_800_000 + number).unwrap()
}

pub(crate) fn usd(amount: &str) -> MoneyBag {
    MoneyBag::same(Money::new(dec(amount), "USD"))
}

pub(crate) fn address() -> Address {
    Address {
        first_name: Some("Emily".into()),
        last_name: Some("Sheehan".into()),
        street1: Some("253 Broadway".into()),
        city: Some("New York".into()),
        province: Some("NY".into()),
        postal_code: Some("10007".into()),
        country: Some("US".into()),
        ..Address::default()
    }
}

pub(crate) fn line(id: &str, sku: &str, quantity: u32, price: &str) -> Line {
    Line {
        id: id.into(),
        kind: LineKind::Goods,
        variant: Some("9".into()),
        sku: Some(sku.to_owned()),
        title: format!("Wine {sku}"),
        vendor: None,
        ordered: quantity,
        current: quantity,
        unit_price: usd(price),
        grams: 1360,
        discount: Decimal::ZERO,
        tax: Decimal::ZERO,
        bundle: None,
        attributes: BTreeMap::new(),
    }
}

/// A paid order of two bottles to New York by FedEx Ground.
pub(crate) fn document() -> OrderDocument {
    OrderDocument {
        id: "5001".into(),
        name: "#1001".into(),
        placed_on: "2026-11-20".parse().unwrap(),
        created_at: second(0),
        updated_at: second(0),
        cancelled_at: None,
        cancel_reason: None,
        test: false,
        source: Some("web".into()),
        currency: "USD".into(),
        payment: PaymentState::Paid,
        gateways: vec!["shopify_payments".into()],
        customer: Some("77".into()),
        email: Some("emily@example.com".into()),
        phone: None,
        bill_to: Some(address()),
        ship_to: Some(address()),
        shipping: vec![ShippingLine {
            title: "FedEx Ground".into(),
            code: Some("fedex_ground".into()),
            source: Some("shopify".into()),
            price: dec("15"),
        }],
        lines: vec![line("1", "PN-2022", 2, "40.00")],
        note: None,
        our_note: None,
        tags: BTreeSet::new(),
        attributes: BTreeMap::new(),
        total: usd("95"),
        tax: usd("0"),
        taxes_included: false,
    }
}

pub(crate) fn order_ref() -> OrderRef {
    OrderRef { connection: "cellar".into(), id: "5001".into() }
}

pub(crate) fn snapshot(document: OrderDocument) -> Fact {
    let (fulfillments, refunds) = (Vec::new(), Vec::new());
    Fact::Snapshot(Box::new(Snapshot {
        document,
        fulfillments,
        refunds,
        work: None,
        risk: None,
        customs: None,
    }))
}

/// A record that heard of this document by webhook.
pub(crate) fn record(document: OrderDocument) -> OrderRecord {
    let mut record = OrderRecord::new(order_ref());
    merge(&mut record, snapshot(document), Origin::Webhook(second(1)));
    record
}

pub(crate) fn fulfillment(id: &str, lines: &[(&str, u32)], numbers: &[&str], version: i64) -> Fulfillment {
    Fulfillment {
        id: id.into(),
        status: FulfillmentStatus::Success,
        delivery: None,
        carrier: Some("FedEx".into()),
        numbers: numbers.iter().map(|number| (*number).to_owned()).collect(),
        urls: Vec::new(),
        location: None,
        lines: lines.iter().map(|(line, units)| (RemoteId::from(*line), *units)).collect(),
        created_at: second(version),
        updated_at: second(version),
    }
}

pub(crate) fn route() -> Route {
    Route {
        from: "cellar".into(),
        to: "compliance".into(),
        filter: Filter { skip_sources: vec![Pattern("pos".into())], ..Filter::default() },
        release: vec![PaymentState::Paid],
        cleared_by: Vec::new(),
        packs: false,
        fraud_hold: vec![Recommendation::Cancel],
        edit_window: SignedDuration::ZERO,
        key_by: KeyBy::Name,
        key_prefix: String::new(),
        methods: vec![
            (Pattern("FedEx Ground".into()), "FXG".into()),
            (Pattern("ups_2day".into()), "UP2".into()),
            (Pattern("*overnight*".into()), "FXO".into()),
        ],
        method_when_missing: None,
        services: Vec::new(),
        check_address: true,
        skus: BTreeMap::new(),
        brand: Some("NINE".into()),
        bundles: BTreeMap::new(),
        customs: None,
        not_goods: Vec::new(),
        birth_date: Some("Date of Birth".into()),
        ship_date: Some("Ship Date".into()),
        gift_note: Some("Gift Message".into()),
        lead_days: 1,
        ship_in_part: false,
        refunds: Refunds::ByHand,
    }
}

/// A store in a folder that goes with the test.
pub(crate) async fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&engine::store_url(folder.path())).await.unwrap();
    (folder, store)
}
