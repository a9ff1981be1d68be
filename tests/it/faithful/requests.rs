//! Every request that ShipCompliant is sent, held against its own document.

use std::collections::BTreeSet;

use crossdock::simulator::shipcompliant::Request;
use crossdock::simulator::shopify::new_order::{DiscountTarget, NewDiscount, Payment};
use crossdock::simulator::shopify::order::{DiscountKind, DiscountValue, ShipmentStatus};
use crossdock::simulator::shopify::{
    Address, Attribute, CancelOrder, NewFulfillment, NewLine, NewOrder, NewShipmentEvent, NewShipping,
    Tracking,
};
use crossdock::store::ExceptionQuery;
use serde_json::Value;

use crate::support::contract::contract_or_skip;
use crate::support::dec;
use crate::support::winery::{Setup, Winery};

/// All that can be set for an account; without it, nothing of it is sent.
const SETTINGS: &str = "order_type = \"Club\"\nfulfillment_type = \"Club\"\nfulfillment_house = \"InHouse\"\n\
                        license_relationship = \"RetailerToConsumer\"\ntags = [\"shopify\", \"club\"]\n";

/// The parts of an order that are sent where they are known, and left out where not.
const OPTIONAL: [&str; 25] = [
    "salesOrder.billTo.company",
    "salesOrder.billTo.country",
    "salesOrder.billTo.dateOfBirth",
    "salesOrder.billTo.email",
    "salesOrder.billTo.phone",
    "salesOrder.billTo.street2",
    "salesOrder.billTo.zip2",
    "salesOrder.fulfillmentType",
    "salesOrder.payments",
    "salesOrder.payments.amount",
    "salesOrder.payments.type",
    "salesOrder.shipments.fulfillmentHouse",
    "salesOrder.shipments.giftNote",
    "salesOrder.shipments.shipTo.company",
    "salesOrder.shipments.shipTo.country",
    "salesOrder.shipments.shipTo.dateOfBirth",
    "salesOrder.shipments.shipTo.email",
    "salesOrder.shipments.shipTo.phone",
    "salesOrder.shipments.shipTo.street2",
    "salesOrder.shipments.shipTo.zip2",
    "salesOrder.shipments.shipmentItems.brandKey",
    "salesOrder.shipments.shipmentItems.discounts",
    "salesOrder.shipments.shipmentItems.discounts.amount",
    "salesOrder.tags",
    "salesOrder.tags.name",
];

fn address() -> Address {
    NewOrder::default().shipping_address.unwrap()
}

/// A guest's order with nothing on it that could be left out.
fn bare() -> NewOrder {
    let bare = Address { phone: None, country: None, country_code: None, ..address() };
    NewOrder {
        lines: vec![NewLine { sku: Some("22SB750".into()), ..NewLine::default() }],
        customer: None,
        email: None,
        billing_address: None,
        shipping_address: Some(bare),
        payment: Payment::Pending,
        ..NewOrder::default()
    }
}

/// An order with everything on it that can be said.
fn full() -> NewOrder {
    let attribute = |name: &str, value: &str| Attribute { name: name.into(), value: value.into() };
    let whole = Address {
        company: Some("Cork & Barrel".into()),
        address2: Some("Apt 4".into()),
        zip: Some("95814-1234".into()),
        ..address()
    };
    NewOrder {
        billing_address: Some(whole.clone()),
        shipping_address: Some(whole),
        attributes: vec![
            attribute("birthdate", "02/29/1980"),
            attribute("gift message", "Santé & à bientôt"),
            attribute("ship date", "2026-12-01"),
        ],
        discounts: vec![NewDiscount {
            kind: DiscountKind::Code("CLUB15".into()),
            value: DiscountValue::Percent(dec("15")),
            target: DiscountTarget::Order,
        }],
        ..NewOrder::default()
    }
}

fn shipped(number: &str) -> NewFulfillment {
    let tracking = Tracking { company: Some("FedEx".into()), numbers: vec![number.into()], urls: Vec::new() };
    NewFulfillment { tracking, ..NewFulfillment::default() }
}

/// A route that knows an attribute for everything that can be said of an order.
const ROUTE: &str = r#"
methods = { "FedEx Ground" = "FXG", "UPS Ground" = "UPS", "UPS 2nd Day Air" = "UP2" }
skus = { "PN-2022-750" = { brand = "NINE", product = "22PN750" }, "CH-2023-750" = { brand = "NINE", product = "22CH750" } }
birth_date = "birthdate"
ship_date = "ship date"
gift_note = "gift message"
"#;

/// Has every kind of thing happen to orders, so that everything has to be said of them.
async fn everything_happens(winery: &Winery) {
    let shop = &winery.shop;
    let place = async |new: &NewOrder| {
        let id = shop.place_order(new).unwrap();
        winery.sync().await;
        id
    };
    for gateway in ["shopify_payments", "gift_card", "cash", "check", "invoice", "manual"] {
        place(&NewOrder { gateway: gateway.into(), ..NewOrder::default() }).await;
    }
    let cancelled = place(&bare()).await;
    shop.mark_paid(cancelled, None).unwrap();
    winery.sync().await;
    shop.cancel_order(cancelled, &CancelOrder::default()).unwrap();
    winery.sync().await;

    let id = place(&full()).await;
    shop.set_shipping_address(id, Some(Address { address1: Some("7 Elm Street".into()), ..address() }))
        .unwrap();
    winery.sync().await;
    for title in ["Carrier pigeon", "FedEx Ground"] {
        shop.change_shipping_line(id, &NewShipping { title: title.into(), ..NewShipping::default() })
            .unwrap();
        winery.sync().await;
    }
    let fulfillment = shop.fulfill(id, &shipped("FX 1/2")).unwrap();
    winery.sync().await;
    shop.update_tracking(id, fulfillment, &shipped("FX2").tracking).unwrap();
    winery.sync().await;
    let arrived = NewShipmentEvent {
        status: ShipmentStatus::Delivered,
        message: None,
        happened_at: None,
        estimated_delivery_at: None,
    };
    shop.set_shipment_status(id, fulfillment, &arrived).unwrap();
    winery.sync().await;

    let undone = place(&NewOrder::default()).await;
    let fulfillment = shop.fulfill(undone, &shipped("FX3")).unwrap();
    winery.sync().await;
    shop.cancel_fulfillment(undone, fulfillment).unwrap();
    winery.sync().await;

    let utah = Address { province_code: Some("UT".into()), zip: Some("84101".into()), ..address() };
    let refused = place(&NewOrder { shipping_address: Some(utah), ..NewOrder::default() }).await;
    shop.set_shipping_address(refused, Some(address())).unwrap();
    winery.sync().await;
}

/// The names in a document, each with its way down to it.
fn names(value: &Value, at: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let at = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                names(value, &at, found);
                found.insert(at);
            }
        }
        Value::Array(members) => members.iter().for_each(|member| names(member, at, found)),
        _ => {}
    }
}

fn words<'a>(requests: &'a [Request], at: &str) -> BTreeSet<&'a str> {
    let bodies = requests.iter().filter_map(|request| request.body.as_ref());
    bodies.filter_map(|body| body.pointer(at)).filter_map(Value::as_str).collect()
}

#[tokio::test]
async fn every_request_to_shipcompliant_is_one_of_its_document() {
    let Some(contract) = contract_or_skip("every_request_to_shipcompliant_is_one_of_its_document") else {
        return;
    };
    let mut requests = Vec::new();
    for settings in ["", SETTINGS] {
        let winery =
            Winery::with(Setup { connection: settings, route: Some(ROUTE), ..Setup::default() }).await;
        everything_happens(&winery).await;
        let store = winery.server.app.engine.store();
        let open = store.exceptions(ExceptionQuery::default()).await.unwrap();
        assert!(open.is_empty(), "{open:#?}");
        requests.extend(winery.account.requests());
    }

    let mut operations = BTreeSet::new();
    for request in &requests {
        let Request { method, path, body, .. } = request;
        let known = contract.path_of(method, path).unwrap_or_else(|| panic!("no operation {method} {path}"));
        let complaints = contract.request(method, &known, body.as_ref().unwrap_or(&Value::Null));
        assert!(complaints.is_empty(), "{method} {path}: {complaints:#?}\n{body:#?}");
        assert!(request.query.is_none() && request.authorized, "{request:?}");
        operations.insert(format!("{method} {known}"));
    }
    assert_eq!(
        operations.iter().map(String::as_str).collect::<Vec<_>>(),
        [
            "DELETE /api/v1/salesOrders/{salesOrderKey}",
            "DELETE /api/v1/salesOrders/{salesOrderKey}/shipment/{shipmentKey}/tracking/{trackingNumber}",
            "GET /api/v1/salesOrders/{salesOrderKey}",
            "POST /api/v1/salesOrders/check-commit",
            "POST /api/v1/salesOrders/{salesOrderKey}/tracking",
            "PUT /api/v1/salesOrders/shipments/status",
        ]
    );
    assert_eq!(
        words(&requests, "/shipmentStatus").into_iter().collect::<Vec<_>>(),
        ["Delivered", "PaymentAccepted", "SentToFulfillment", "Shipped"]
    );

    requests.retain(|request| request.path.ends_with("/check-commit"));
    let within = |at| words(&requests, at).into_iter().collect::<Vec<_>>();
    assert_eq!(within("/persistOption"), ["Null", "OverrideExisting"]);
    assert_eq!(within("/salesOrder/shipments/0/shipmentStatus"), ["PaymentAccepted", "SentToFulfillment"]);
    let paid_by = ["Cash", "Check", "CreditCard", "GiftCard", "Invoice", "Other"];
    assert_eq!(within("/salesOrder/payments/0/type"), paid_by);
    let bodies: Vec<BTreeSet<String>> = requests
        .iter()
        .map(|request| {
            let mut found = BTreeSet::new();
            names(request.body.as_ref().unwrap(), "", &mut found);
            found
        })
        .collect();
    let ever: BTreeSet<_> = bodies.iter().flatten().collect();
    let sometimes: Vec<_> =
        ever.into_iter().filter(|name| !bodies.iter().all(|b| b.contains(*name))).collect();
    assert_eq!(sometimes, OPTIONAL, "each is sent once at least, and once left out");
}
