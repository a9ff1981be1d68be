//! What a person must decide of shipments that the channel was told of: a carrier that nobody knows, a number that is none of
//! its carrier's. A pure function of the record.
//!
//! The goods have left, so nothing waits for it: the fulfilment stands, and says no more than is sure.

use super::shipping::{ours, shipments};
use crate::domain::carrier::{Carriers, Doubt};
use crate::domain::fulfillment::Fulfillment;
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
                    let start = number.char_indices().rev().nth(QUOTED - 1).map_or(0, |(at, _)| at);
                    Reason::new(
                        ReasonCode::TrackingNumberShape,
                        format!(
                            "«{origin}» shipped the order by {carrier} under a tracking number ending in «{}», which is \
                             none of {carrier}'s: its length or its check digit is wrong",
                            &number[start..]
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
