//! What a person must decide of shipments: a carrier that nobody knows, a number that is none of its carrier's, a parcel that
//! will not arrive. Pure functions of the record.
//!
//! The goods have left, so nothing waits for it: the fulfilment stands, and says no more than is sure.

use super::shipping::{ours, shipments};
use crate::domain::carrier::{Carriers, Doubt};
use crate::domain::fulfillment::{Fulfillment, Rank};
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::record::OrderRecord;

/// How much of a number is quoted: enough to find it, too little to follow it.
const QUOTED: usize = 4;

/// The first doubt about what the channel was told of shipments; nothing where there is none, or no more.
pub fn doubt(record: &OrderRecord, carriers: &Carriers) -> Option<Reason> {
    let channel = &record.order.connection;
    shipments(record).filter(|(_, shipment)| !shipment.undone).find_map(|(name, shipment)| {
        let origin = &name.origin;
        let mut told = ours(record, &name).filter(|fulfillment| fulfillment.stands()).peekable();
        told.peek()?;
        match carriers.doubt(shipment)? {
            Doubt::Carrier(text) => Some(Reason::new(
                ReasonCode::UnknownCarrier,
                format!(
                    "«{origin}» shipped the order by «{text}», a carrier that nobody here knows; the fulfilment at \
                     «{channel}» names none"
                ),
                format!(
                    "write what it is to the connection «{channel}», as carriers = {{ \"{text}\" = \"Other\" }} or with a \
                     known name, and its page in tracking_urls where it has one; restart, then retry"
                ),
            )),
            Doubt::Number { carrier, number } => {
                // A person may have corrected it at the channel.
                let shown = |fulfillment: &Fulfillment| fulfillment.numbers.contains(&number);
                told.any(shown).then(|| {
                    Reason::new(
                        ReasonCode::TrackingNumberShape,
                        format!(
                            "«{origin}» shipped the order by {carrier} under a tracking number ending in «{}», which is \
                             none of {carrier}'s: its length or its check digit is wrong",
                            end_of(&number)
                        ),
                        format!(
                            "correct the number where the label was made, or at «{channel}»; where it is right as it is, \
                             give {carrier} a page of its own in tracking_urls of the connection «{channel}», restart, \
                             then retry"
                        ),
                    )
                })
            }
        }
    })
}

/// What parcels will not arrive, by their carriers' account; nothing where all arrived after all, or did not leave. All are
/// named, so that one is not passed over because another was settled.
pub fn failed(record: &OrderRecord) -> Option<Reason> {
    let standing = record.fulfillments.values().filter(|fulfillment| fulfillment.stands());
    let at_channel = standing.map(|fulfillment| {
        let made_for = record.links.get(&fulfillment.id);
        let shipment = made_for.and_then(|name| record.shipments.get(&name.origin)?.get(&name.id));
        let elsewhere = shipment.filter(|shipment| !shipment.undone).map(|shipment| shipment.rank);
        let origin = made_for.map_or(&record.order.connection, |name| &name.origin);
        (origin.clone(), fulfillment.rank().max(elsewhere), &fulfillment.numbers)
    });
    let untold =
        shipments(record).filter(|(name, shipment)| !shipment.undone && ours(record, name).next().is_none());
    let untold = untold.map(|(name, shipment)| (name.origin, Some(shipment.rank), &shipment.numbers));
    let failed = at_channel.chain(untold).filter(|(_, rank, _)| *rank == Some(Rank::Failed));
    let parcels: Vec<String> = failed
        .map(|(origin, _, numbers)| {
            let ends: Vec<String> = numbers.iter().map(|number| format!("«{}»", end_of(number))).collect();
            match ends.len() {
                0 => format!("one of «{origin}» without a tracking number"),
                1 => format!("the one of «{origin}» with the tracking number ending in {}", ends[0]),
                _ => format!("one of «{origin}», of tracking numbers ending in {}", ends.join(", ")),
            }
        })
        .collect();
    (!parcels.is_empty()).then(|| {
        Reason::new(
            ReasonCode::DeliveryFailed,
            format!(
                "parcels of the order will not be delivered, for they failed or go back to their sender: {}",
                parcels.join("; ")
            ),
            "ask the carrier, and agree with the customer; it closes by itself when the parcel arrives after all or its \
             fulfilment is cancelled. Once it is settled otherwise, accept it",
        )
    })
}

/// The end of a tracking number.
fn end_of(number: &str) -> &str {
    let start = number.char_indices().rev().nth(QUOTED - 1).map_or(0, |(at, _)| at);
    &number[start..]
}
