//! Shipments: goods that left, as a system other than the channel tells it.
//!
//! A shipment belongs to the one connection it comes from and to its id there. It only ever goes forward; going back is a
//! fact of its own.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ConnectionName, RemoteId};

/// How far a shipment has come. Later ranks are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rank {
    /// It left.
    Shipped,
    /// It arrived.
    Delivered,
}

/// Goods of one order that left together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shipment {
    /// Its id where it comes from.
    pub id: RemoteId,
    /// Units by the order's line; absent where the origin only says that the order left.
    pub lines: Option<BTreeMap<RemoteId, u32>>,
    /// Carrier, in the channel's spelling where that is known.
    pub carrier: Option<String>,
    /// Tracking numbers, in order.
    pub numbers: Vec<String>,
    /// How far it has come.
    pub rank: Rank,
    /// It did not leave after all, or came back before it was handed over.
    pub undone: bool,
}

/// One shipment: whose, and its id there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ShipmentRef {
    /// The connection it comes from.
    pub origin: ConnectionName,
    /// Its id there.
    pub id: RemoteId,
}

/// Takes what an origin says of its shipments now into what was known: a rank never goes back, and what is not told any
/// more is undone. Gives whether anything changed.
pub fn take_in(known: &mut BTreeMap<RemoteId, Shipment>, told: Vec<Shipment>) -> bool {
    let before = known.clone();
    for shipment in known.values_mut() {
        shipment.undone |= !told.iter().any(|told| told.id == shipment.id);
    }
    for mut shipment in told {
        if let Some(known) = known.get(&shipment.id) {
            shipment.rank = shipment.rank.max(known.rank);
        }
        known.insert(shipment.id.clone(), shipment);
    }
    *known != before
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shipment(id: &str, rank: Rank) -> Shipment {
        let id = RemoteId::from(id);
        Shipment { id, lines: None, carrier: None, numbers: Vec::new(), rank, undone: false }
    }

    #[test]
    fn a_rank_never_goes_back_and_what_is_not_told_any_more_is_undone() {
        let mut known = BTreeMap::new();
        assert!(take_in(&mut known, vec![shipment("1", Rank::Delivered), shipment("2", Rank::Shipped)]));
        assert!(!take_in(&mut known, vec![shipment("1", Rank::Shipped), shipment("2", Rank::Shipped)]));
        assert_eq!(known[&"1".into()].rank, Rank::Delivered);
        assert!(take_in(&mut known, vec![shipment("1", Rank::Delivered)]));
        assert!(known[&"2".into()].undone);
        assert!(take_in(&mut known, vec![shipment("1", Rank::Delivered), shipment("2", Rank::Shipped)]));
        assert!(!known[&"2".into()].undone, "it left after all");
    }
}
