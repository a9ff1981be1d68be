//! What the channel is owed of shipments made elsewhere: a pure function of the record.
//!
//! The record's fulfilments are what is seen at the channel, and its links tell which of them we made. A fulfilment that a
//! person made for the same goods is never made again, and one that a person undid is never made anew. Tracking is told
//! anew only where it is another than we told last, so what a person corrects at the channel stays. How far a parcel has come
//! is told where the channel knows less, and never where it knows as much or more.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::RemoteId;
use crate::domain::carrier::{Carriers, named};
use crate::domain::fulfillment::{Fulfillment, FulfillmentStatus, Rank};
use crate::domain::fulfillment::{Shipment, ShipmentRef, TellShipments, Tracking};
use crate::domain::order::OrderDocument;
use crate::domain::record::OrderRecord;
use crate::domain::step::{Progress, Shipping, Telling};

/// The next step that brings the channel in line with the shipments of `record`, with carriers as `carriers` knows them;
/// nothing where it is.
pub fn next_shipping(record: &OrderRecord, carriers: &Carriers, tell: TellShipments) -> Option<Telling> {
    let order = record.document.as_ref()?;
    let tells = tell == TellShipments::Each || is_complete(record, order);
    shipments(record)
        .find_map(|(name, shipment)| next(record, order, &name, shipment, carriers, tells))
        .or_else(|| next_arrival(record, order))
}

/// Whether everything that is still wanted of the order has left, by the channel's account and that of its shipments.
fn is_complete(record: &OrderRecord, order: &OrderDocument) -> bool {
    let untold: Vec<_> = shipments(record)
        .filter(|(_, shipment)| has_left(shipment))
        .map(|(name, shipment)| missing(record, order, &name, shipment))
        .collect();
    let back = record.withheld_lines();
    order.goods().filter(|line| !back.contains(&line.id)).all(|line| {
        let left = untold.iter().filter_map(|units| units.get(&line.id));
        left.fold(record.shipped_units(&line.id), |sum, units| sum.saturating_add(*units)) >= line.current
    })
}

fn has_left(shipment: &Shipment) -> bool {
    !shipment.undone && shipment.rank >= Rank::Shipped
}

/// The next fulfilment whose numbers arrived by the account of a system that was told of it, and not yet at the channel.
fn next_arrival(record: &OrderRecord, order: &OrderDocument) -> Option<Telling> {
    let arrived = |f: &&Fulfillment| {
        let all = |numbers: &BTreeSet<String>| f.numbers.iter().all(|number| numbers.contains(number));
        !f.numbers.is_empty() && record.arrived.values().any(all)
    };
    let standing = record.fulfillments.values().filter(|f| f.stands() && !f.is_delivered());
    standing.into_iter().find(arrived).and_then(|f| progress(order, f, Rank::Delivered))
}

/// How far the parcel of a fulfilment has come, to be told.
fn progress(order: &OrderDocument, fulfillment: &Fulfillment, rank: Rank) -> Option<Telling> {
    let (order, fulfillment) = (order.id.clone(), fulfillment.id.clone());
    rank.status().map(|status| Telling::Progress(Progress { order, fulfillment, status }))
}

/// Every shipment of the record, with whose it is.
pub(super) fn shipments(record: &OrderRecord) -> impl Iterator<Item = (ShipmentRef, &Shipment)> {
    record.shipments.iter().flat_map(|(origin, shipments)| {
        let name = |id: &RemoteId| ShipmentRef { origin: origin.clone(), id: id.clone() };
        shipments.values().map(move |shipment| (name(&shipment.id), shipment))
    })
}

/// The fulfilments that we made for a shipment.
pub(super) fn ours<'r>(record: &'r OrderRecord, name: &ShipmentRef) -> impl Iterator<Item = &'r Fulfillment> {
    record.fulfillments.values().filter(move |fulfillment| record.links.get(&fulfillment.id) == Some(name))
}

fn next(
    record: &OrderRecord,
    order: &OrderDocument,
    name: &ShipmentRef,
    shipment: &Shipment,
    carriers: &Carriers,
    tells: bool,
) -> Option<Telling> {
    let tracking = carriers.tracking(shipment);
    let shipping = |fulfillment: Option<&Fulfillment>, lines| {
        Box::new(Shipping {
            order: order.id.clone(),
            shipment: name.clone(),
            warehouse: shipment.warehouse.clone(),
            fulfillment: fulfillment.map(|fulfillment| fulfillment.id.clone()),
            lines,
            tracking: tracking.clone(),
        })
    };
    let standing = || ours(record, name).filter(|fulfillment| fulfillment.stands());
    if shipment.undone {
        return standing().next().map(|f| Telling::Unship(shipping(Some(f), BTreeMap::new())));
    }
    // A person undid at the channel what we made there: that is theirs to settle.
    if ours(record, name).any(|fulfillment| fulfillment.status == FulfillmentStatus::Cancelled) {
        return None;
    }
    if shipment.rank == Rank::Labelled {
        return None;
    }
    let missing = if shipment.told { BTreeMap::new() } else { missing(record, order, name, shipment) };
    if tells && !missing.is_empty() && !record.is_cancelled() && !record.is_deleted() {
        return Some(Telling::Ship(shipping(None, missing)));
    }
    if let Some(stale) = standing().find(|fulfillment| is_stale(record, fulfillment, &tracking)) {
        return Some(Telling::Retrack(shipping(Some(stale), BTreeMap::new())));
    }
    let behind = standing().find(|fulfillment| fulfillment.rank() < Some(shipment.rank))?;
    progress(order, behind, shipment.rank)
}

/// Units of a shipment that the channel does not show as left yet: never more than what is wanted of the line and did not
/// leave otherwise.
fn missing(
    record: &OrderRecord,
    order: &OrderDocument,
    name: &ShipmentRef,
    shipment: &Shipment,
) -> BTreeMap<RemoteId, u32> {
    // A person may have told of it: what nobody knows otherwise and has its numbers is of this shipment, not of another.
    let numbered = |f: &Fulfillment| {
        !shipment.numbers.is_empty() && shipment.numbers.iter().all(|number| f.numbers.contains(number))
    };
    let of_it =
        |f: &Fulfillment| record.links.get(&f.id).map_or_else(|| numbered(f), |linked| linked == name);
    let units = |line: &RemoteId, ours: bool| {
        let standing = record.fulfillments.values().filter(|f| f.stands());
        let counted = standing.filter(|f| of_it(f) == ours);
        counted.filter_map(|f| f.lines.get(line)).fold(0_u32, |sum, units| sum.saturating_add(*units))
    };
    let back = record.withheld_lines();
    let mut missing = BTreeMap::new();
    for line in order.goods() {
        let open = line.current.saturating_sub(units(&line.id, false));
        let left = match &shipment.lines {
            Some(lines) => lines.get(&line.id).copied().unwrap_or_default().min(open),
            // What stayed back was no part of what left as one.
            None if back.contains(&line.id) => 0,
            None => open,
        };
        let owed = left.saturating_sub(units(&line.id, true));
        if owed > 0 {
            missing.insert(line.id.clone(), owed);
        }
    }
    missing
}

/// Whether the tracking that we told of a fulfilment is not what is owed now, and what is owed is not there all the same. A
/// number that is not told any more is no reason to take it from the customer.
fn is_stale(record: &OrderRecord, fulfillment: &Fulfillment, owed: &Tracking) -> bool {
    let told = || match record.told.get(&fulfillment.id) {
        Some(told) => told == owed,
        None => fulfillment.numbers == owed.numbers,
    };
    !owed.numbers.is_empty() && !told() && !shows(fulfillment, owed)
}

/// Whether a fulfilment is seen to say what `tracking` says, as far as the channel keeps it as it was told.
pub fn shows(fulfillment: &Fulfillment, tracking: &Tracking) -> bool {
    let carrier = |text: &str| named(text).map(|carrier| carrier.name);
    let same_carrier = match (&fulfillment.carrier, &tracking.carrier) {
        (Some(seen), Some(told)) => {
            seen == told || carrier(seen).is_some_and(|seen| carrier(told) == Some(seen))
        }
        // Where none is told the channel may well guess one.
        (_, told) => told.is_none(),
    };
    let pages = tracking.urls.is_empty() || fulfillment.urls == tracking.urls;
    fulfillment.numbers == tracking.numbers && same_carrier && pages
}

/// The fulfilment that a step made whose answer was lost: it stands, nothing is known of whose it is, and it says what the
/// step said.
pub fn left_behind<'r>(record: &'r OrderRecord, step: &Shipping) -> Option<&'r Fulfillment> {
    record.fulfillments.values().find(|fulfillment| {
        fulfillment.stands()
            && !record.links.contains_key(&fulfillment.id)
            && fulfillment.numbers == step.tracking.numbers
            && fulfillment
                .lines
                .iter()
                .all(|(line, units)| step.lines.get(line).is_some_and(|told| units <= told))
    })
}
