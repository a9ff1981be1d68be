//! What is to be fulfilled and what was: fulfillment orders with their holds, fulfillments with their tracking.
//!
//! A fulfillment order is never reused: splitting, cancelling a fulfillment and editing close or shrink the old one
//! and open another, as the shop does, so that ids kept by others go stale.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::spelled;

spelled! {
    /// How the buyer gets the goods.
    DeliveryKind {
        /// By a carrier.
        Shipping = "SHIPPING",
        /// Collected at a location.
        PickUp = "PICK_UP",
        /// Brought by the merchant.
        Local = "LOCAL",
        /// Nothing is handed over.
        None = "NONE",
        /// Taken along at the counter.
        Retail = "RETAIL",
    }
}

/// How a fulfillment order is delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryMethod {
    /// Id.
    pub id: i64,
    /// By whom.
    pub kind: DeliveryKind,
    /// The rate's code.
    pub service_code: Option<String>,
    /// What the buyer saw.
    pub presented_name: Option<String>,
}

spelled! {
    /// Where a fulfillment order stands.
    FulfillmentOrderStatus {
        /// Ready to be worked on.
        Open = "OPEN",
        /// Being worked on.
        InProgress = "IN_PROGRESS",
        /// Held back.
        OnHold = "ON_HOLD",
        /// Waiting for its day.
        Scheduled = "SCHEDULED",
        /// Done, or replaced by another.
        Closed = "CLOSED",
        /// Called off.
        Cancelled = "CANCELLED",
    }
}

impl FulfillmentOrderStatus {
    /// Whether nothing more happens to it.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Closed | Self::Cancelled)
    }
}

spelled! {
    /// Why a fulfillment order is held.
    HoldReason {
        /// Not paid.
        AwaitingPayment = "AWAITING_PAYMENT",
        /// Waiting for returned goods.
        AwaitingReturnItems = "AWAITING_RETURN_ITEMS",
        /// Looks like fraud.
        HighRiskOfFraud = "HIGH_RISK_OF_FRAUD",
        /// The address is wrong.
        IncorrectAddress = "INCORRECT_ADDRESS",
        /// No stock.
        InventoryOutOfStock = "INVENTORY_OUT_OF_STOCK",
        /// The buyer may still add something.
        OnlineStorePostPurchaseCrossSell = "ONLINE_STORE_POST_PURCHASE_CROSS_SELL",
        /// Anything else.
        Other = "OTHER",
        /// The day of delivery is not known.
        UnknownDeliveryDate = "UNKNOWN_DELIVERY_DATE",
    }
}

impl HoldReason {
    /// What the merchant reads.
    pub const fn display(self) -> &'static str {
        match self {
            Self::AwaitingPayment => "Awaiting payment",
            Self::AwaitingReturnItems => "Exchange items awaiting return delivery",
            Self::HighRiskOfFraud => "High risk of fraud",
            Self::IncorrectAddress => "Incorrect address",
            Self::InventoryOutOfStock => "Inventory out of stock",
            Self::OnlineStorePostPurchaseCrossSell => "Upsell offer pending",
            Self::Other => "Other",
            Self::UnknownDeliveryDate => "Unknown delivery date",
        }
    }
}

/// A hold on a fulfillment order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Id.
    pub id: i64,
    /// Why.
    pub reason: HoldReason,
    /// In words.
    pub notes: Option<String>,
    /// The holder's own name for it.
    pub handle: Option<String>,
    /// Whether the app that asks placed it.
    pub by_app: bool,
}

/// Units of one line in a fulfillment order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FulfillmentOrderLine {
    /// Id.
    pub id: i64,
    /// Which line.
    pub line_id: i64,
    /// Units it was to fulfill.
    pub total: u32,
    /// Units it has still to fulfill.
    pub remaining: u32,
}

/// Lines to be fulfilled at one location in one way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FulfillmentOrder {
    /// Id.
    pub id: i64,
    /// Where it stands.
    pub status: FulfillmentOrderStatus,
    /// Where it is to be fulfilled.
    pub location_id: i64,
    /// How it is delivered.
    pub delivery: DeliveryMethod,
    /// From when on.
    pub fulfill_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// What holds it back.
    pub holds: Vec<Hold>,
    /// What is to be fulfilled.
    pub lines: Vec<FulfillmentOrderLine>,
}

impl FulfillmentOrder {
    /// Units still to fulfill.
    pub fn remaining(&self) -> u32 {
        self.lines.iter().map(|line| line.remaining).sum()
    }
}

spelled! {
    /// Whether a fulfillment stands.
    FulfillmentStatus {
        /// It does.
        Success = "SUCCESS",
        /// It was taken back.
        Cancelled = "CANCELLED",
    }
}

spelled! {
    /// How far a shipment has come.
    ShipmentStatus {
        /// Nobody was there.
        AttemptedDelivery = "ATTEMPTED_DELIVERY",
        /// The carrier has it.
        CarrierPickedUp = "CARRIER_PICKED_UP",
        /// The carrier knows of it.
        Confirmed = "CONFIRMED",
        /// It is late.
        Delayed = "DELAYED",
        /// It arrived.
        Delivered = "DELIVERED",
        /// It did not.
        Failure = "FAILURE",
        /// On its way.
        InTransit = "IN_TRANSIT",
        /// Its label is printed.
        LabelPrinted = "LABEL_PRINTED",
        /// Its label is paid for.
        LabelPurchased = "LABEL_PURCHASED",
        /// In the carrier's van.
        OutForDelivery = "OUT_FOR_DELIVERY",
        /// Waiting to be collected.
        ReadyForPickup = "READY_FOR_PICKUP",
    }
}

/// Where something happened to a shipment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Place {
    /// Street.
    pub address1: Option<String>,
    /// City.
    pub city: Option<String>,
    /// State or province.
    pub province: Option<String>,
    /// Country; that of the shipping address if absent.
    pub country: Option<String>,
    /// Postal code.
    pub zip: Option<String>,
    /// Degrees north.
    pub latitude: Option<Decimal>,
    /// Degrees east.
    pub longitude: Option<Decimal>,
}

/// Something that happened to a shipment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FulfillmentEvent {
    /// Id.
    pub id: i64,
    /// What.
    pub status: ShipmentStatus,
    /// In words.
    pub message: Option<String>,
    /// When it happened.
    pub happened_at: Timestamp,
    /// When the shop learnt of it.
    pub created_at: Timestamp,
    /// When it is expected.
    pub estimated_delivery_at: Option<Timestamp>,
    /// Where.
    pub place: Place,
}

/// Units of one line in a fulfillment, whichever fulfillment orders they came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FulfillmentLine {
    /// Id.
    pub id: i64,
    /// Which line.
    pub line_id: i64,
    /// How many units came from which fulfillment order.
    pub from: Vec<(i64, u32)>,
    /// How many units.
    pub quantity: u32,
}

impl FulfillmentLine {
    /// Units of it that came from this fulfillment order.
    pub fn units_from(&self, fulfillment_order: i64) -> u32 {
        self.from.iter().filter(|(id, _)| *id == fulfillment_order).map(|(_, units)| units).sum()
    }
}

/// Where a fulfillment was sent from, if not from its location.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Origin {
    /// Street.
    pub address1: Option<String>,
    /// Apartment, suite.
    pub address2: Option<String>,
    /// City.
    pub city: Option<String>,
    /// Country code.
    pub country_code: String,
    /// State or province code.
    pub province_code: Option<String>,
    /// Postal code.
    pub zip: Option<String>,
}

/// Something fulfilled: usually one shipment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fulfillment {
    /// Id.
    pub id: i64,
    /// The order's running number of it, from 1.
    pub sequence: u32,
    /// Whether it stands.
    pub status: FulfillmentStatus,
    /// How far the shipment has come.
    pub shipment_status: Option<ShipmentStatus>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// Where the goods left.
    pub location_id: i64,
    /// Where they were sent from, if not from there.
    pub origin: Option<Origin>,
    /// Carrier.
    pub company: Option<String>,
    /// Tracking numbers, one a parcel.
    pub numbers: Vec<String>,
    /// Tracking pages, in the order of the numbers.
    pub urls: Vec<String>,
    /// What is in it.
    pub lines: Vec<FulfillmentLine>,
    /// What happened to it.
    pub events: Vec<FulfillmentEvent>,
}

impl Fulfillment {
    /// Whether anything in it came from this fulfillment order.
    pub fn is_of(&self, fulfillment_order: i64) -> bool {
        self.lines.iter().any(|line| line.units_from(fulfillment_order) > 0)
    }

    /// Units in it.
    pub fn quantity(&self) -> u32 {
        self.lines.iter().map(|line| line.quantity).sum()
    }

    /// When the newest event of this kind happened.
    pub fn when(&self, status: ShipmentStatus) -> Option<Timestamp> {
        self.events.iter().filter(|event| event.status == status).map(|event| event.happened_at).max()
    }

    /// When it is expected.
    pub fn estimated_delivery_at(&self) -> Option<Timestamp> {
        self.events.iter().rev().find_map(|event| event.estimated_delivery_at)
    }
}
