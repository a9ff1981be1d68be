//! Facts about an order that have an id and versions of their own: fulfilments, refunds, the work the channel has planned for
//! it (fulfilment orders, with their holds), and shipments that another system tells of.
//!
//! A shipment belongs to the one connection it comes from and to its id there. It only ever goes forward; going back is a
//! fact of its own.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{ConnectionName, RemoteId};
use crate::words::open_enum;

open_enum! {
    /// Whether a fulfilment stands.
    FulfillmentStatus {
        /// Made, waiting for a service.
        Pending = "pending",
        /// Accepted by a service.
        Open = "open",
        /// It stands: the goods left, or are leaving.
        Success = "success",
        /// Undone.
        Cancelled = "cancelled",
        /// The service could not do it.
        Error = "error",
        /// The service refused it.
        Failure = "failure",
    }
}

open_enum! {
    /// Where a parcel is, as far as the channel was told.
    DeliveryStatus {
        /// A label was bought.
        LabelPurchased = "label_purchased",
        /// A label was printed.
        LabelPrinted = "label_printed",
        /// The carrier knows of it.
        Confirmed = "confirmed",
        /// The carrier has it.
        CarrierPickedUp = "carrier_picked_up",
        /// On its way.
        InTransit = "in_transit",
        /// Late.
        Delayed = "delayed",
        /// On the van.
        OutForDelivery = "out_for_delivery",
        /// Nobody was in.
        AttemptedDelivery = "attempted_delivery",
        /// Waiting for its receiver.
        ReadyForPickup = "ready_for_pickup",
        /// With its receiver.
        Delivered = "delivered",
        /// Handed over where its receiver came for it.
        PickedUp = "picked_up",
        /// It will not arrive.
        Failure = "failure",
        /// Not handed over, where the shop brings its goods itself.
        NotDelivered = "not_delivered",
    }
}

impl DeliveryStatus {
    /// How far the parcel has come by it; nothing where the word is not known.
    pub fn rank(&self) -> Option<Rank> {
        Some(match self {
            Self::LabelPurchased | Self::LabelPrinted | Self::Confirmed => Rank::Labelled,
            Self::CarrierPickedUp | Self::InTransit | Self::Delayed => Rank::InTransit,
            Self::OutForDelivery => Rank::OutForDelivery,
            Self::AttemptedDelivery | Self::ReadyForPickup => Rank::Attempted,
            Self::Failure | Self::NotDelivered => Rank::Failed,
            Self::Delivered | Self::PickedUp => Rank::Delivered,
            Self::Other(_) => return None,
        })
    }
}

/// Goods of an order that left together, as the channel records it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fulfillment {
    /// The fulfilment's id at the channel.
    pub id: RemoteId,
    /// Whether it stands.
    pub status: FulfillmentStatus,
    /// The furthest that the parcel was said to have come; nothing once cancelled.
    pub delivery: Option<DeliveryStatus>,
    /// Carrier as the channel names it.
    pub carrier: Option<String>,
    /// Tracking numbers, in order, without repeats.
    pub numbers: Vec<String>,
    /// Tracking pages, paired with the numbers where both are given.
    pub urls: Vec<String>,
    /// Where it left from.
    pub location: Option<RemoteId>,
    /// Units by line.
    pub lines: BTreeMap<RemoteId, u32>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Its version.
    pub updated_at: Timestamp,
}

impl Fulfillment {
    /// Whether goods of it count as shipped.
    pub fn stands(&self) -> bool {
        self.status == FulfillmentStatus::Success
    }

    /// How far the parcel has come, as far as the channel was told.
    pub fn rank(&self) -> Option<Rank> {
        self.delivery.as_ref().filter(|_| self.stands()).and_then(DeliveryStatus::rank)
    }

    /// Whether the parcel arrived.
    pub fn is_delivered(&self) -> bool {
        self.rank() == Some(Rank::Delivered)
    }

    /// Takes in that the parcel came so far, if that is further than was known; gives whether it is. Of two words for one
    /// rank the same is kept in whatever order they come.
    pub fn advance(&mut self, to: &DeliveryStatus) -> bool {
        let known = self.delivery.as_ref();
        let further =
            to.rank().is_some() && known.is_none_or(|known| (to.rank(), to) > (known.rank(), known));
        let advances = further && self.stands();
        if advances {
            self.delivery = Some(to.clone());
        }
        advances
    }
}

open_enum! {
    /// What happens to the stock of a refunded line.
    Restock {
        /// Taken off the order before it shipped.
        Cancel = "cancel",
        /// Came back.
        Return = "return",
        /// Stays with the customer.
        NoRestock = "no_restock",
        /// As older orders recorded it.
        LegacyRestock = "legacy_restock",
    }
}

/// What a part of a refund comes to, in the shop's currency.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundValue {
    /// After discounts and before taxes.
    pub subtotal: Decimal,
    /// The tax on it.
    pub tax: Decimal,
}

/// Units of one line refunded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundLine {
    /// The order's line.
    pub line: RemoteId,
    /// Units.
    pub quantity: u32,
    /// What becomes of the stock.
    pub restock: Restock,
    /// What they come to; absent from what was kept before amounts were.
    #[serde(default)]
    pub value: Option<RefundValue>,
}

/// Lines given back. A refund never changes once made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// The refund's id at the channel.
    pub id: RemoteId,
    /// When it was made.
    pub created_at: Timestamp,
    /// The day it was made, by the shop's calendar; absent from what was kept before days were.
    #[serde(default)]
    pub day: Option<Date>,
    /// The lines it is for.
    pub lines: Vec<RefundLine>,
    /// What of the shipping it gave back.
    #[serde(default)]
    pub shipping: RefundValue,
}

open_enum! {
    /// How goods reach the buyer.
    DeliveryMethod {
        /// By a carrier.
        Shipping = "shipping",
        /// The buyer fetches them.
        PickUp = "pick_up",
        /// The buyer fetches them at a carrier's point.
        PickupPoint = "pickup_point",
        /// The shop brings them itself.
        Local = "local",
        /// Handed over in the shop.
        Retail = "retail",
        /// Nothing to deliver.
        None = "none",
    }
}

/// Something that keeps goods from leaving, placed at the channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// The hold's id.
    pub id: RemoteId,
    /// Its reason, in the channel's word, lower case.
    pub reason: String,
    /// What its placer wrote.
    pub notes: Option<String>,
    /// Whether we placed it.
    #[serde(default)]
    pub ours: bool,
}

/// Work the channel has planned for an order at one location. Only a reading of the channel's API gives it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FulfillmentOrder {
    /// Its id.
    pub id: RemoteId,
    /// Its status, in the channel's word, lower case.
    pub status: String,
    /// How its goods are delivered.
    pub method: Option<DeliveryMethod>,
    /// Holds on it.
    pub holds: Vec<Hold>,
}

/// How far a shipment has come. Later ranks are greater: a parcel that was given up can still arrive, and one that arrived is
/// not on its way again, whatever is told late.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rank {
    /// It has a label, and has not been handed over.
    Labelled,
    /// It left.
    Shipped,
    /// Its carrier has it.
    InTransit,
    /// It is on the van.
    OutForDelivery,
    /// It was brought, and nobody took it in; it is brought again, or fetched.
    Attempted,
    /// It will not arrive, or goes back to its sender.
    Failed,
    /// It arrived.
    Delivered,
}

impl Rank {
    /// What a channel is told of a parcel on its way; nothing of one that did not leave, or only just did, for that is its
    /// fulfilment.
    pub const fn status(self) -> Option<DeliveryStatus> {
        match self {
            Self::Labelled | Self::Shipped => None,
            Self::InTransit => Some(DeliveryStatus::InTransit),
            Self::OutForDelivery => Some(DeliveryStatus::OutForDelivery),
            Self::Attempted => Some(DeliveryStatus::AttemptedDelivery),
            Self::Failed => Some(DeliveryStatus::Failure),
            Self::Delivered => Some(DeliveryStatus::Delivered),
        }
    }
}

/// When a channel is told of goods that left elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TellShipments {
    /// Of each parcel when it left.
    Each,
    /// Of all of them once everything that is wanted of the order has left.
    Complete,
}

/// Goods of one order that left together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shipment {
    /// Its id where it comes from.
    pub id: RemoteId,
    /// The warehouse that it left from, by whatever its origin calls it, ids first; empty where the origin does not tell.
    #[serde(default)]
    pub warehouse: Vec<String>,
    /// Units by the order's line; absent where the origin only says that the order left.
    pub lines: Option<BTreeMap<RemoteId, u32>>,
    /// Carrier, as its origin writes it.
    pub carrier: Option<String>,
    /// Tracking numbers, in order.
    pub numbers: Vec<String>,
    /// Tracking pages, paired with the numbers, where the origin gives them; an empty one stands for none.
    #[serde(default)]
    pub urls: Vec<String>,
    /// How far it has come.
    pub rank: Rank,
    /// It did not leave after all, or came back before it was handed over.
    pub undone: bool,
    /// Whether its origin tells the channel of it by itself.
    #[serde(default)]
    pub told: bool,
}

/// How goods that left can be followed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tracking {
    /// The carrier's own name, or the merchant's for it.
    pub carrier: Option<String>,
    /// Tracking numbers, in order, without repeats.
    pub numbers: Vec<String>,
    /// Their pages, one for each, where they are others than the carrier's usual ones.
    #[serde(default)]
    pub urls: Vec<String>,
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
        Shipment {
            id,
            warehouse: Vec::new(),
            lines: None,
            carrier: None,
            numbers: Vec::new(),
            urls: Vec::new(),
            rank,
            undone: false,
            told: false,
        }
    }

    #[test]
    fn every_word_has_its_rank_and_what_is_told_of_a_rank_is_a_word_of_it() {
        let ranked = |word: &&&str| DeliveryStatus::parse(word).rank().is_some();
        assert_eq!(DeliveryStatus::KNOWN.iter().filter(ranked).count(), DeliveryStatus::KNOWN.len());
        assert_eq!(DeliveryStatus::parse("teleported").rank(), None);
        let ranks = [Rank::InTransit, Rank::OutForDelivery, Rank::Attempted, Rank::Failed, Rank::Delivered];
        for rank in ranks {
            assert_eq!(rank.status().and_then(|status| status.rank()), Some(rank));
        }
        assert!(ranks.is_sorted() && Rank::Labelled < Rank::Shipped && Rank::Shipped < ranks[0]);
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
