//! What the channel is owed of shipments made elsewhere: a pure function of the record.
//!
//! The record's fulfilments are what is seen at the channel, and its links tell which of them we made. A fulfilment that a
//! person made for the same goods is never made again, and one that a person undid is never made anew.

use std::collections::BTreeMap;

use crate::domain::RemoteId;
use crate::domain::fulfillment::{DeliveryStatus, Fulfillment, FulfillmentStatus};
use crate::domain::fulfillment::{Rank, Shipment, ShipmentRef};
use crate::domain::order::OrderDocument;
use crate::domain::record::OrderRecord;
use crate::domain::step::{Shipping, Telling};

/// The next step that brings the channel in line with the shipments of `record`; nothing where it is.
pub fn next_shipping(record: &OrderRecord) -> Option<Telling> {
    let order = record.document.as_ref()?;
    let shipments = record.shipments.iter().flat_map(|(origin, shipments)| {
        shipments
            .values()
            .map(|shipment| (ShipmentRef { origin: origin.clone(), id: shipment.id.clone() }, shipment))
    });
    shipments.into_iter().find_map(|(name, shipment)| next(record, order, &name, shipment))
}

fn next(
    record: &OrderRecord,
    order: &OrderDocument,
    name: &ShipmentRef,
    shipment: &Shipment,
) -> Option<Telling> {
    let shipping = |fulfillment: Option<&Fulfillment>, lines| {
        Box::new(Shipping {
            order: order.id.clone(),
            shipment: name.clone(),
            fulfillment: fulfillment.map(|fulfillment| fulfillment.id.clone()),
            lines,
            carrier: shipment.carrier.clone(),
            numbers: shipment.numbers.clone(),
        })
    };
    let ours = || record.fulfillments.values().filter(|f| record.links.get(&f.id) == Some(name));
    let standing = || ours().filter(|fulfillment| fulfillment.stands());
    if shipment.undone {
        return standing().next().map(|f| Telling::Unship(shipping(Some(f), BTreeMap::new())));
    }
    // A person undid at the channel what we made there: that is theirs to settle.
    if ours().any(|fulfillment| fulfillment.status == FulfillmentStatus::Cancelled) {
        return None;
    }
    if shipment.rank == Rank::Labelled {
        return None;
    }
    let missing = if shipment.told { BTreeMap::new() } else { missing(record, order, name, shipment) };
    if !missing.is_empty() && !record.is_cancelled() && !record.is_deleted() {
        return Some(Telling::Ship(shipping(None, missing)));
    }
    if let Some(stale) = standing().find(|f| !shipment.numbers.is_empty() && f.numbers != shipment.numbers) {
        return Some(Telling::Retrack(shipping(Some(stale), BTreeMap::new())));
    }
    let under_way = standing().find(|f| f.delivery != Some(DeliveryStatus::Delivered));
    let arrived = under_way.filter(|_| shipment.rank == Rank::Delivered)?;
    Some(Telling::Deliver(shipping(Some(arrived), BTreeMap::new())))
}

/// Units of a shipment that the channel does not show as left yet: never more than what is wanted of the line and did not
/// leave otherwise.
fn missing(
    record: &OrderRecord,
    order: &OrderDocument,
    name: &ShipmentRef,
    shipment: &Shipment,
) -> BTreeMap<RemoteId, u32> {
    let units = |line: &RemoteId, ours: bool| {
        let standing = record.fulfillments.values().filter(|f| f.stands());
        let counted = standing.filter(|f| (record.links.get(&f.id) == Some(name)) == ours);
        counted.filter_map(|f| f.lines.get(line)).fold(0_u32, |sum, units| sum.saturating_add(*units))
    };
    let mut missing = BTreeMap::new();
    for line in order.goods() {
        let open = line.current.saturating_sub(units(&line.id, false));
        let left = match &shipment.lines {
            Some(lines) => lines.get(&line.id).copied().unwrap_or_default().min(open),
            None => open,
        };
        let owed = left.saturating_sub(units(&line.id, true));
        if owed > 0 {
            missing.insert(line.id.clone(), owed);
        }
    }
    missing
}

/// The fulfilment that a step made whose answer was lost: it stands, nothing is known of whose it is, and it says what the
/// step said.
pub fn left_behind<'r>(record: &'r OrderRecord, step: &Shipping) -> Option<&'r Fulfillment> {
    record.fulfillments.values().find(|fulfillment| {
        fulfillment.stands()
            && !record.links.contains_key(&fulfillment.id)
            && fulfillment.numbers == step.numbers
            && fulfillment
                .lines
                .iter()
                .all(|(line, units)| step.lines.get(line).is_some_and(|told| units <= told))
    })
}
