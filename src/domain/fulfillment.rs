//! Facts about an order that have an id and versions of their own: fulfilments, refunds, and the work the channel has
//! planned for it (fulfilment orders, with their holds).

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::RemoteId;
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
        /// It will not arrive.
        Failure = "failure",
    }
}

/// Goods of an order that left together, as the channel records it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fulfillment {
    /// The fulfilment's id at the channel.
    pub id: RemoteId,
    /// Whether it stands.
    pub status: FulfillmentStatus,
    /// Where the parcel is; nothing once cancelled.
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

    /// Whether the parcel arrived.
    pub fn is_delivered(&self) -> bool {
        self.stands() && self.delivery == Some(DeliveryStatus::Delivered)
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

/// Units of one line refunded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundLine {
    /// The order's line.
    pub line: RemoteId,
    /// Units.
    pub quantity: u32,
    /// What becomes of the stock.
    pub restock: Restock,
}

/// Lines given back. A refund never changes once made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// The refund's id at the channel.
    pub id: RemoteId,
    /// When it was made.
    pub created_at: Timestamp,
    /// The lines it is for.
    pub lines: Vec<RefundLine>,
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
