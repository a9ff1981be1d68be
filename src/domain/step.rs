//! The closed set of steps from what a mirror holds to what it should hold.
//!
//! A step carries everything it needs, so that it can be recorded as an intent before it is tried.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::RemoteId;
use super::copy::{Field, OrderCopy, Stage};
use super::fulfillment::{DeliveryStatus, ShipmentRef, Tracking};
use super::reason::Reason;

/// How a copy is addressed at its destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyRef {
    /// Its key there.
    pub key: String,
    /// The order's id at its channel.
    pub order: RemoteId,
    /// Its own id there, where the destination gives one and it was seen.
    #[serde(default)]
    pub remote: Option<RemoteId>,
    /// Of an order that was split there: the orders that a step is for. Empty where it is one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<RemoteId>,
}

/// In which fields what is seen of a copy is not what it should be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Differences {
    /// Fields that are seen to say something else.
    pub known: BTreeSet<Field>,
    /// Fields that cannot be seen, for lack of a permission: taken to be as they were made, and never to be empty.
    pub hidden: BTreeSet<Field>,
    /// Fields that are seen to say neither what we last made them say nor what they should: a person's, who is asked first.
    pub strayed: BTreeSet<Field>,
}

/// A change of some fields of a copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// The copy.
    pub at: CopyRef,
    /// Which fields change.
    pub fields: BTreeSet<Field>,
    /// What they are to say.
    pub copy: OrderCopy,
    /// The copy as we last made it.
    pub was: OrderCopy,
    /// Its content in the vendor's own terms, as it was seen just before.
    pub content: serde_json::Value,
}

/// One remote operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Enter the order. `again` where the key was used before: refused, or voided by us.
    Submit {
        /// What to enter; its stage is at most `Released` but for a negative order, and it has no tracking.
        copy: Box<OrderCopy>,
        /// The key was used before.
        again: bool,
    },
    /// Change fields of it.
    Revise(Box<Revision>),
    /// Take the order back.
    Cancel {
        /// Which copy.
        at: CopyRef,
    },
    /// Set the stage.
    Advance {
        /// Which copy.
        at: CopyRef,
        /// The stage to set; it can be an earlier one.
        stage: Stage,
    },
    /// Add tracking numbers.
    Track {
        /// Which copy.
        at: CopyRef,
        /// The numbers.
        numbers: BTreeSet<String>,
    },
    /// Remove tracking numbers.
    Untrack {
        /// Which copy.
        at: CopyRef,
        /// The numbers.
        numbers: BTreeSet<String>,
    },
    /// Have it judged again as it is, and change nothing.
    Check {
        /// What is judged.
        copy: Box<OrderCopy>,
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
    /// They came further.
    #[serde(alias = "deliver")]
    Progress(Progress),
    /// A hold of ours goes on work.
    Hold(Box<Holding>),
    /// A hold of ours comes off.
    Unhold(Box<Holding>),
    /// A tag of ours goes on the order.
    Tag(Tagging),
    /// It comes off.
    Untag(Tagging),
    /// What a person has to decide goes into the order's note, beside what people wrote; or out of it.
    Note(Box<Noting>),
    /// The same for programs.
    State(Stating),
}

/// How people at a channel are told that an order needs them; each only where its merchant wants it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signs {
    /// The tag of orders that may not ship, which are held too.
    pub refused_tag: Option<String>,
    /// The tag of orders that were edited or cancelled too late for some copy.
    pub late_tag: Option<String>,
    /// The tag by which a person asks to have an order judged anew; it is theirs, and ours to take off once that was done.
    pub recheck_tag: Option<String>,
    /// Whether what a person has to decide is written into the order's note.
    pub note: bool,
    /// Whether it is kept as the order's state, for programs.
    pub state: bool,
}

/// What stands of ours in the note of an order at the channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noting {
    /// The order's id at the channel.
    pub order: RemoteId,
    /// What people wrote, as it was read just before.
    pub theirs: Option<String>,
    /// What is to stand there of ours.
    pub ours: Option<String>,
}

/// The state of an order at the channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stating {
    /// The order's id at the channel.
    pub order: RemoteId,
    /// The state, as JSON.
    pub state: String,
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
    /// The order's lines that it is for, where not all of the work.
    #[serde(default)]
    pub lines: Option<BTreeSet<RemoteId>>,
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

/// How far a parcel has come, told of its fulfilment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The order's id at the channel.
    pub order: RemoteId,
    /// The fulfilment there.
    pub fulfillment: RemoteId,
    /// What its parcel came to.
    #[serde(default = "delivered")]
    pub status: DeliveryStatus,
}

/// What steps told that were kept before there was more to tell.
const fn delivered() -> DeliveryStatus {
    DeliveryStatus::Delivered
}

/// What the channel is told of a shipment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shipping {
    /// The order's id at the channel.
    pub order: RemoteId,
    /// The shipment.
    pub shipment: ShipmentRef,
    /// The warehouse that it left from, by whatever its origin calls it.
    #[serde(default)]
    pub warehouse: Vec<String>,
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
            Self::Revise(_) => "revise",
            Self::Cancel { .. } => "cancel",
            Self::Advance { stage: Stage::Held, .. } => "hold",
            Self::Advance { stage: Stage::Released | Stage::Packing, .. } => "release",
            Self::Advance { stage: Stage::Shipped, .. } => "ship",
            Self::Advance { stage: Stage::Delivered, .. } => "deliver",
            Self::Track { .. } => "track",
            Self::Untrack { .. } => "untrack",
            Self::Check { .. } => "check",
            Self::Tell(telling) => telling.name(),
        }
    }

    /// The order's key at the destination, or its id at the channel.
    pub fn key(&self) -> &str {
        match self {
            Self::Submit { copy, .. } | Self::Check { copy } => &copy.key,
            Self::Revise(revision) => &revision.at.key,
            Self::Cancel { at }
            | Self::Advance { at, .. }
            | Self::Track { at, .. }
            | Self::Untrack { at, .. } => &at.key,
            Self::Tell(telling) => telling.order().as_str(),
        }
    }

    /// Whether it lets goods leave: then the gates are read once more in the transaction that records the intent.
    pub fn releases(&self) -> bool {
        match self {
            // A negative order too: a fulfilment that was cancelled meanwhile leaves nothing to take out.
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
            Self::Progress(Progress { status: DeliveryStatus::Delivered, .. }) => "deliver",
            Self::Progress(_) => "progress",
            Self::Hold(_) => "hold",
            Self::Unhold(_) => "release",
            Self::Tag(_) => "tag",
            Self::Untag(_) => "untag",
            Self::Note(_) => "note",
            Self::State(_) => "state",
        }
    }

    /// The order's id at the channel.
    pub const fn order(&self) -> &RemoteId {
        match self {
            Self::Ship(shipping) | Self::Retrack(shipping) | Self::Unship(shipping) => &shipping.order,
            Self::Progress(progress) => &progress.order,
            Self::Hold(holding) | Self::Unhold(holding) => &holding.order,
            Self::Tag(tagging) | Self::Untag(tagging) => &tagging.order,
            Self::Note(noting) => &noting.order,
            Self::State(stating) => &stating.order,
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
    /// What is there is what is wanted, but for some fields: take it as made by us, and plan again.
    Adopt(Box<OrderCopy>, BTreeSet<Field>),
    /// It will come by itself; look again in time, and tell a person if it does not.
    Wait(Reason),
    /// A person must decide.
    Exception(Reason),
}

/// What a kind of destination can do, as facts that planning goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// How content changes there.
    pub edits: Edits,
    /// The last stage at which an order can be taken back.
    pub cancel_until: Stage,
    /// Whether its people pack: goods are stopped before anything that must not meet them at work.
    pub packs: bool,
    /// Whether we enter orders there; otherwise they come by themselves and are only kept in step.
    pub enters: bool,
    /// Whether an order of ours that is there without our having entered it is taken as ours: its key is the channel's own
    /// id, and the vendor knows no other guard against entering twice.
    pub adopts: bool,
    /// Whether it judges if an order may ship, and can be asked to do so again.
    pub judges: bool,
    /// How often a copy that is still open is looked at, where the system does not tell by itself.
    pub watch: Option<Duration>,
}

/// How content changes at a kind of destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edits {
    /// By taking the order back and entering it again, up to this stage.
    Anew(Stage),
    /// Field by field: items and their customs data while nobody has them in hand, everything else until the goods left.
    ByField,
}

impl Edits {
    /// The last stage at which a field can change.
    pub fn until(self, field: Field) -> Stage {
        match (self, field) {
            (Self::Anew(stage), _) => stage,
            (Self::ByField, Field::Items | Field::Customs) => Stage::Released,
            (Self::ByField, _) => Stage::Packing,
        }
    }
}
