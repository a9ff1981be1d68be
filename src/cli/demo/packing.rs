//! What the warehouse must hold of an order, and what the shop must know of its parcels, worked out from both books.
//!
//! Like `rules`, it is written apart from the engine and asks nobody.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::rules::may_ship;
use crate::simulator::shopify::Order;
use crate::simulator::shopify::order::{
    Fulfillment, FulfillmentStatus, Line, LineKind, totals::FinancialStatus,
};

/// The tag of orders that the warehouse packs.
pub(super) const PACKED: &str = "warehouse";
/// The route's shipping rates, with carrier and method of each.
pub(super) const CARRIERS: &[(&str, &str, &str)] =
    &[("FedEx Ground", "FedEx", "Ground"), ("UPS 2nd Day Air", "UPS", "2nd Day Air")];

/// An order at the warehouse, by what matters of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Packing {
    held: bool,
    carrier: String,
    method: String,
    ship_to: Vec<String>,
    bottles: BTreeMap<String, u64>,
}

/// Whether the warehouse packs this order.
pub(super) fn is_packed(order: &Order) -> bool {
    order.tags.iter().any(|tag| tag == PACKED)
}

/// Whether something left, by the warehouse's books.
pub(super) fn left(there: Option<&Value>) -> bool {
    !numbers(there).is_empty()
}

/// Numbers of the parcels that left.
fn numbers(there: Option<&Value>) -> BTreeSet<String> {
    let shipments = there.and_then(|order| order["shipments"].as_array()).into_iter().flatten();
    let labels = shipments.flat_map(|shipment| shipment["shipping_labels"].as_array().into_iter().flatten());
    let valid = labels.filter(|label| label["status"] == "valid");
    valid.filter_map(|label| label["tracking_number"].as_str().map(str::to_owned)).collect()
}

/// What must be there, and the code of the exception that must be open about it.
pub(super) fn demand(order: &Order, there: Option<&Value>) -> (Option<Packing>, Option<&'static str>) {
    let left = left(there);
    let picked = there.is_some_and(|order| {
        order["allocations"]
            .as_array()
            .into_iter()
            .flatten()
            .any(|allocation| allocation["is_locked"] == true)
    });
    let stands = |f: &&Fulfillment| f.status == FulfillmentStatus::Success;
    let told: BTreeSet<&String> = order.fulfillments.iter().filter(stands).flat_map(|f| &f.numbers).collect();
    let mut exception = None;
    if order.cancelled_at.is_some() {
        if !left {
            return (None, None);
        }
        exception = Some("cancelled_after_shipment");
    } else if left
        && told.is_empty()
        && order.fulfillments.iter().any(|f| f.status == FulfillmentStatus::Cancelled)
    {
        exception = Some("fulfillment_cancelled");
    }
    let goods = order.lines.iter().filter(|line| line.kind == LineKind::Goods);
    // What has left stays in the books there, whatever becomes of the order.
    let units = |line: &Line| {
        if order.cancelled_at.is_some() { line.quantity } else { line.current_quantity() }
    };
    let bottles: BTreeMap<String, u64> = goods
        .filter(|line| units(line) > 0)
        .map(|line| (line.sku.clone().unwrap_or_default(), u64::from(units(line))))
        .collect();
    let gone = there.is_some_and(|order| order["fulfillment_status"] == "fulfilled");
    let rate = order.shipping_line().map(|rate| rate.title.as_str());
    let (_, carrier, method) =
        CARRIERS.iter().find(|(title, ..)| Some(*title) == rate).copied().unwrap_or_default();
    let paid = matches!(order.financial_status(), FinancialStatus::Paid | FinancialStatus::PartiallyRefunded);
    let to = order.shipping_address.clone().unwrap_or_default();
    let ship_to = [to.first_name, to.last_name, to.address1, to.city, to.province_code, to.zip];
    let packing = Packing {
        held: !gone && (!paid || !may_ship(order)),
        carrier: carrier.to_owned(),
        method: method.to_owned(),
        ship_to: ship_to.map(Option::unwrap_or_default).to_vec(),
        bottles,
    };
    // What is picked is not changed under the picker's hands.
    if picked && held(there).is_some_and(|held| held.bottles != packing.bottles) {
        let held = held(there).map(|held| Packing { bottles: held.bottles, held: true, ..packing });
        return (held, Some("edited_while_packed"));
    }
    (Some(packing), exception)
}

/// What is there, from the warehouse's own account of it; an order that has left is not held any more.
pub(super) fn held(there: Option<&Value>) -> Option<Packing> {
    let there = there.filter(|order| order["fulfillment_status"] != "canceled")?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let lines = there["line_items"].as_array().into_iter().flatten();
    let kept = lines.filter(|line| line["fulfillment_status"] != "canceled");
    let to = &there["shipping_address"];
    let parts = ["first_name", "last_name", "address1", "city", "state", "zip"];
    Some(Packing {
        held: there["holds"]["operator_hold"] == true,
        carrier: text(&there["shipping_lines"]["carrier"]),
        method: text(&there["shipping_lines"]["method"]),
        ship_to: parts.map(|part| text(&to[part])).to_vec(),
        bottles: kept
            .map(|line| (text(&line["sku"]), line["quantity"].as_u64().unwrap_or_default()))
            .collect(),
    })
}

/// Whether the shop knows of each parcel under its number, and of no other, but where somebody took it back there.
pub(super) fn is_told(order: &Order, there: Option<&Value>) -> bool {
    let stands = |f: &&Fulfillment| f.status == FulfillmentStatus::Success;
    let known: BTreeSet<String> =
        order.fulfillments.iter().filter(stands).flat_map(|f| f.numbers.iter().cloned()).collect();
    let taken_back = order.fulfillments.iter().filter(|f| f.status == FulfillmentStatus::Cancelled);
    let taken_back: BTreeSet<String> = taken_back.flat_map(|f| f.numbers.iter().cloned()).collect();
    let left = numbers(there);
    known.is_subset(&left) && left.iter().all(|number| known.contains(number) || taken_back.contains(number))
}
