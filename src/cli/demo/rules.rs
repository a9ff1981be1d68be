//! What ShipCompliant must hold of an order, worked out from the shop's own books.
//!
//! Written apart from the engine, from the rules as a winery would say them, so that the two can disagree: were the demo to
//! ask the engine what is right, it could only ever agree. Nothing here is asynchronous and nothing asks anybody.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde_json::Value;

use crate::simulator::shopify::Order;
use crate::simulator::shopify::order::{
    Address, DeliveryKind, Fulfillment, FulfillmentStatus, Line, LineKind, ShipmentStatus,
    totals::FinancialStatus,
};

/// The route's SKUs, with the product each stands for.
pub(super) const PRODUCTS: &[(&str, &str)] = &[
    ("PN-2022-750", "22PN750"),
    ("PN-2022", "22PN750"),
    ("CH-2022", "22CH750"),
    ("RS-2023", "23RS750"),
    ("CS-2021", "21CS750"),
];
/// The route's bundle: its SKU, and one bottle of each of these.
pub(super) const BUNDLE: (&str, [&str; 3]) = ("TRIO", ["PN-2022", "CH-2022", "CS-2021"]);
/// The route's shipping rates, with the service each stands for.
pub(super) const METHODS: &[(&str, &str)] = &[("FedEx Ground", "FXG"), ("UPS 2nd Day Air", "UP2")];
/// The order attribute with the date of birth.
pub(super) const BIRTH_DATE: &str = "Date of Birth";
/// States that the played winery may not ship to.
pub(super) const FORBIDDEN_STATES: &[&str] = &["AR", "DE", "MS", "UT"];
/// Nobody born on or after this day may be sent wine on the day of the demo, whichever that is.
const TOO_YOUNG: &str = "2006-01-01";

/// What must be true of one order at ShipCompliant, and of what a person is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Demand {
    /// What is committed there; nothing where nothing may be.
    pub(super) copy: Option<Copy>,
    /// The code of the exception that must be open.
    pub(super) exception: Option<&'static str>,
    /// Why nothing is sent at all, in words.
    pub(super) stays_out: Option<&'static str>,
}

/// A committed order, by what matters of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Copy {
    status: String,
    service: String,
    ship_to: Vec<String>,
    born: Option<String>,
    bottles: BTreeMap<String, Decimal>,
    goods: Decimal,
    shipping: Decimal,
    numbers: BTreeSet<String>,
}

impl Demand {
    fn out(why: &'static str) -> Self {
        Self { stays_out: Some(why), ..Self::default() }
    }

    fn exception(code: &'static str) -> Self {
        Self { exception: Some(code), ..Self::default() }
    }
}

/// Whether the law lets the order be shipped, as the played winery has it.
pub(super) fn may_ship(order: &Order) -> bool {
    let state = order.shipping_address.as_ref().and_then(|address| address.province_code.as_deref());
    let born = order.attributes.iter().find(|a| a.name == BIRTH_DATE).map(|a| a.value.as_str());
    !FORBIDDEN_STATES.contains(&state.unwrap_or_default()) && born.is_none_or(|born| born < TOO_YOUNG)
}

/// What must be true of this order now; `gone` says whether the warehouse shipped something of it.
pub(super) fn demand(order: &Order, gone: bool) -> Demand {
    if matches!(order.source_name.as_str(), "pos" | "shopify_draft_order") {
        return Demand::out("sold over the counter, or drawn up by staff");
    }
    let goods: Vec<&Line> = order.lines.iter().filter(|line| line.kind == LineKind::Goods).collect();
    if goods.is_empty() {
        return Demand::out("nothing in it ships");
    }
    if order.fulfillment_orders.iter().any(|work| work.delivery.kind == DeliveryKind::PickUp) {
        return Demand::out("the buyer picks it up");
    }
    // A gift card is fulfilled by itself once it is paid; only goods leave the building.
    let holds_goods =
        |f: &&Fulfillment| f.lines.iter().any(|l| goods.iter().any(|line| line.id == l.line_id));
    let standing = order.fulfillments.iter().filter(|f| f.status == FulfillmentStatus::Success);
    let left: Vec<&Fulfillment> = standing.filter(holds_goods).collect();
    if order.cancelled_at.is_some() && left.is_empty() && !gone {
        return Demand::default();
    }
    let (mut bottles, mut amount) = (BTreeMap::new(), Decimal::ZERO);
    for line in &goods {
        // A cancel takes every unit off; what was sent to ShipCompliant before stays there for a person to decide about.
        let units = if order.cancelled_at.is_some() { line.quantity } else { line.current_quantity() };
        let units = Decimal::from(units.max(order.fulfilled(line.id)));
        let sku = line.sku.as_deref().unwrap_or_default();
        let parts = if sku == BUNDLE.0 { BUNDLE.1.to_vec() } else { vec![sku] };
        amount += units * line.price.shop;
        for part in parts {
            let Some((_, product)) = PRODUCTS.iter().find(|(known, _)| *known == part) else {
                return Demand::exception("unknown_product");
            };
            *bottles.entry((*product).to_owned()).or_insert(Decimal::ZERO) += units;
        }
    }
    bottles.retain(|_, units| !units.is_zero());
    if bottles.is_empty() {
        return Demand::default();
    }
    let rate = order.shipping_line();
    let method = rate.and_then(|rate| METHODS.iter().find(|(title, _)| *title == rate.title));
    let Some((_, service)) = method else { return Demand::exception("unmapped_shipping_method") };
    let address = order.shipping_address.clone().unwrap_or_default();
    let born = order.attributes.iter().find(|a| a.name == BIRTH_DATE).map(|a| a.value.clone());
    if !may_ship(order) {
        return Demand::exception("not_compliant");
    }
    let cancelled = order.cancelled_at.is_some();
    let copy = Copy {
        // Goods are gone and the order is cancelled: nothing more is to leave, and a person decides.
        status: if cancelled { "PaymentAccepted" } else { status(order, &goods, &left) }.to_owned(),
        service: (*service).to_owned(),
        ship_to: ship_to(&address),
        born,
        bottles,
        goods: amount.normalize(),
        shipping: rate.map(|rate| rate.discounted().shop).unwrap_or_default().normalize(),
        numbers: left.iter().flat_map(|f| f.numbers.iter().cloned()).collect(),
    };
    Demand { copy: Some(copy), exception: cancelled.then_some("cancelled_after_shipment"), stays_out: None }
}

fn status(order: &Order, goods: &[&Line], left: &[&Fulfillment]) -> &'static str {
    if left.is_empty() {
        let paid =
            matches!(order.financial_status(), FinancialStatus::Paid | FinancialStatus::PartiallyRefunded);
        return if paid { "SentToFulfillment" } else { "PaymentAccepted" };
    }
    let whole = goods.iter().all(|line| order.fulfilled(line.id) >= line.current_quantity());
    let arrived = left.iter().all(|f| f.shipment_status == Some(ShipmentStatus::Delivered));
    if whole && arrived { "Delivered" } else { "Shipped" }
}

fn ship_to(address: &Address) -> Vec<String> {
    let Address { first_name, last_name, address1, address2, city, province_code, zip, .. } = address;
    [first_name, last_name, address1, address2, city, province_code, zip]
        .map(|part| part.clone().unwrap_or_default())
        .to_vec()
}

/// What ShipCompliant holds under a key, from its own account of it: only what is committed counts.
pub(super) fn held(document: Option<&Value>) -> Option<Copy> {
    let document = document.filter(|document| document["committed"] == true)?;
    let shipment = &document["shipments"][0];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let number = |value: &Value| value.to_string().parse::<Decimal>().unwrap_or_default().normalize();
    let (mut bottles, mut goods) = (BTreeMap::new(), Decimal::ZERO);
    for item in shipment["shipmentItems"].as_array().into_iter().flatten() {
        let units = number(&item["productQuantity"]);
        *bottles.entry(text(&item["productKey"])).or_insert(Decimal::ZERO) += units;
        goods += units * number(&item["productUnitPrice"]);
    }
    let to = &shipment["shipTo"];
    let parts = ["firstName", "lastName", "street1", "street2", "city", "state", "zip1"];
    let packages = shipment["packages"].as_array().into_iter().flatten();
    Some(Copy {
        status: text(&shipment["shipmentStatus"]),
        service: text(&shipment["shippingService"]),
        ship_to: parts.map(|part| text(&to[part])).to_vec(),
        born: to["dateOfBirth"].as_str().and_then(|born| born.get(..10)).map(str::to_owned),
        bottles,
        goods: goods.normalize(),
        shipping: number(&shipment["shipping"]),
        numbers: packages.map(|package| text(&package["trackingNumber"])).collect(),
    })
}
