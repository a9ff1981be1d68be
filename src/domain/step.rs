//! The closed set of steps from what a mirror holds to what it should hold.
//!
//! A step carries everything it needs, so that it can be recorded as an intent before it is tried.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::RemoteId;
use super::copy::{OrderCopy, Stage};
use super::fulfillment::{ShipmentRef, Tracking};
use super::reason::Reason;

/// One remote operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Enter the order. `again` where the key was used before: refused, or voided by us.
    Submit {
        /// What to enter; its stage is at most `Released`, and it has no tracking.
        copy: Box<OrderCopy>,
        /// The key was used before.
        again: bool,
    },
    /// Take the order back.
    Cancel {
        /// The order's key.
        key: String,
    },
    /// Set the stage.
    Advance {
        /// The order's key.
        key: String,
        /// The stage to set; it can be an earlier one.
        stage: Stage,
    },
    /// Add tracking numbers.
    Track {
        /// The order's key.
        key: String,
        /// The numbers.
        numbers: BTreeSet<String>,
    },
    /// Remove tracking numbers.
    Untrack {
        /// The order's key.
        key: String,
        /// The numbers.
        numbers: BTreeSet<String>,
    },
    /// Tell the channel something.
    Tell(Telling),
}

/// What a channel is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Telling {
    /// Goods left.
    Ship(Box<Shipping>),
    /// Their tracking is another.
    Retrack(Box<Shipping>),
    /// They did not leave after all.
    Unship(Box<Shipping>),
    /// They arrived.
    Deliver(Box<Shipping>),
    /// A hold of ours goes on work.
    Hold(Box<Holding>),
    /// A hold of ours comes off.
    Unhold(Box<Holding>),
    /// A tag of ours goes on the order.
    Tag(Tagging),
    /// It comes off.
    Untag(Tagging),
}

/// A hold of ours at the channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holding {
    /// The order's id at the channel.
    pub order: RemoteId,
    /// The work that is held.
    pub work: RemoteId,
    /// The hold's id, once it is placed.
    pub hold: Option<RemoteId>,
    /// Why, for people.
    pub notes: String,
}

/// A tag of ours at the channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tagging {
    /// The order's id at the channel.
    pub order: RemoteId,
    /// The tag.
    pub tag: String,
}

/// What the channel is told of a shipment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shipping {
    /// The order's id at the channel.
    pub order: RemoteId,
    /// The shipment.
    pub shipment: ShipmentRef,
    /// The fulfilment that stands for it there; none yet where it is to be made.
    pub fulfillment: Option<RemoteId>,
    /// Units by line that are to be fulfilled.
    pub lines: BTreeMap<RemoteId, u32>,
    /// How they can be followed.
    #[serde(flatten)]
    pub tracking: Tracking,
}

impl Step {
    /// The step's name, for logs, metrics and the time-line.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Submit { again: false, .. } => "submit",
            Self::Submit { again: true, .. } => "resubmit",
            Self::Cancel { .. } => "cancel",
            Self::Advance { stage: Stage::Held, .. } => "hold",
            Self::Advance { stage: Stage::Released, .. } => "release",
            Self::Advance { stage: Stage::Shipped, .. } => "ship",
            Self::Advance { stage: Stage::Delivered, .. } => "deliver",
            Self::Track { .. } => "track",
            Self::Untrack { .. } => "untrack",
            Self::Tell(telling) => telling.name(),
        }
    }

    /// The order's key at the destination, or its id at the channel.
    pub fn key(&self) -> &str {
        match self {
            Self::Submit { copy, .. } => &copy.key,
            Self::Cancel { key }
            | Self::Advance { key, .. }
            | Self::Track { key, .. }
            | Self::Untrack { key, .. } => key,
            Self::Tell(telling) => telling.order().as_str(),
        }
    }

    /// Whether it lets goods leave: then the gates are read once more in the transaction that records the intent.
    pub fn releases(&self) -> bool {
        match self {
            Self::Submit { copy, .. } => copy.stage >= Stage::Released,
            Self::Advance { stage, .. } => *stage == Stage::Released,
            _ => false,
        }
    }

    /// Whether it stops goods: it goes before other work.
    pub const fn is_urgent(&self) -> bool {
        matches!(
            self,
            Self::Cancel { .. } | Self::Tell(Telling::Hold(_)) | Self::Advance { stage: Stage::Held, .. }
        )
    }
}

impl Telling {
    /// Its name, for logs, metrics and the time-line.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Ship(_) => "ship",
            Self::Retrack(_) => "retrack",
            Self::Unship(_) => "unship",
            Self::Deliver(_) => "deliver",
            Self::Hold(_) => "hold",
            Self::Unhold(_) => "release",
            Self::Tag(_) => "tag",
            Self::Untag(_) => "untag",
        }
    }

    /// The order's id at the channel.
    pub const fn order(&self) -> &RemoteId {
        match self {
            Self::Ship(shipping)
            | Self::Retrack(shipping)
            | Self::Unship(shipping)
            | Self::Deliver(shipping) => &shipping.order,
            Self::Hold(holding) | Self::Unhold(holding) => &holding.order,
            Self::Tag(tagging) | Self::Untag(tagging) => &tagging.order,
        }
    }
}

/// The difference between desired and observed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// They agree.
    Nothing,
    /// Look first: what comes next must not rest on an old sight.
    Observe,
    /// Do this next, then plan again.
    Next(Step),
    /// A person must decide.
    Exception(Reason),
}

/// What a kind of destination can do, as facts that planning goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// The last stage at which content can still change (by taking the order back and entering it again).
    pub revise_until: Stage,
    /// The last stage at which an order can be taken back.
    pub cancel_until: Stage,
    /// How often a copy that is still open is looked at, where the system does not tell by itself.
    pub watch: Option<Duration>,
}
