//! Mirrors: what a destination should hold of an order, and what it was last seen to hold.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::copy::{OrderCopy, Stage};
use super::reason::Reason;
use super::step::{CopyRef, Step};
use super::verdict::Verdict;
use super::{ConnectionName, RemoteId};
use crate::words::closed_enum;

/// Why a destination should hold nothing of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Absence {
    /// Cancelled before it shipped.
    Cancelled,
    /// Deleted at its channel.
    Deleted,
    /// From a source that the route leaves out (point of sale, drafts).
    Source(String),
    /// Fetched by the buyer.
    Pickup,
    /// No line of it ships.
    NothingToShip,
    /// Every line that shipped was removed or refunded.
    NothingLeft,
    /// A refund of goods that had not left: it changed the order itself.
    NothingHadLeft,
    /// Its tags keep it out of the route.
    Tags,
    /// A test order, which the route leaves out.
    Test,
    /// Placed before the day from which the route takes orders.
    PlacedBefore(Date),
}

impl std::fmt::Display for Absence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Cancelled => "the order is cancelled",
            Self::Deleted => "the order was deleted",
            Self::Source(source) => return write!(f, "the route leaves out orders from «{source}»"),
            Self::Pickup => "the buyer picks it up",
            Self::NothingToShip => "nothing in it ships",
            Self::NothingLeft => "nothing is left to ship",
            Self::NothingHadLeft => "nothing that was refunded had left",
            Self::Tags => "its tags keep it out of the route",
            Self::Test => "the route leaves out test orders",
            Self::PlacedBefore(day) => return write!(f, "the route takes orders placed since {day}"),
        })
    }
}

/// What a mirror should hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Desired {
    /// This copy.
    Present(Box<OrderCopy>),
    /// Nothing.
    Absent(Absence),
    /// A person must decide first.
    Undecided(Reason),
}

impl Desired {
    /// Whether it lets goods leave that have not left yet.
    pub fn releases(&self) -> bool {
        matches!(self, Self::Present(copy) if copy.stage == Stage::Released)
    }

    /// The same, held.
    #[must_use]
    pub fn held(mut self) -> Self {
        if let Self::Present(copy) = &mut self {
            copy.stage = Stage::Held;
        }
        self
    }
}

/// What people made of an order at a destination besides changing it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rearranged {
    /// Another order there ships for it: nothing that is done to this one reaches its goods.
    pub merged: bool,
    /// The orders there that it was split into, the one that is shown among them; empty where it is one.
    #[serde(default)]
    pub parts: Vec<Part>,
}

/// One of the orders at a destination that one order was split into.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Its own id there.
    pub id: RemoteId,
    /// How far it is.
    pub stage: Stage,
    /// Whether something keeps packers from going on with it.
    pub held: bool,
    /// Its content in the vendor's own terms.
    pub content: serde_json::Value,
}

impl Part {
    /// Whether packers may go on with it: neither held nor gone.
    pub fn may_be_packed(&self) -> bool {
        !self.held && self.stage < Stage::Shipped
    }

    /// How far an order is that was split into these, and whether it is held. It has left once every part has, and nobody has
    /// it in hand once nobody has any part; it is held only where no part may be packed.
    pub fn together(parts: &[Self]) -> (Stage, bool) {
        let here = || parts.iter().filter(|part| part.stage < Stage::Shipped);
        let Some(furthest) = here().map(|part| part.stage).max() else {
            let left = parts.iter().map(|part| part.stage).min();
            return (left.unwrap_or(Stage::Released), false);
        };
        let held = here().all(|part| part.held);
        let stage = match furthest {
            Stage::Packing => Stage::Packing,
            _ if held => Stage::Held,
            _ => Stage::Released,
        };
        (stage, held)
    }
}

/// A copy as it was seen at a destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Whether it counts there, or was only kept as refused.
    pub committed: bool,
    /// How far it is: of an order that was split, all of it together.
    pub stage: Stage,
    /// Whether something keeps packers from going on with it, however far it is: with every part, where it was split.
    #[serde(default)]
    pub held: bool,
    /// Its own id there, where that is not its key.
    #[serde(default)]
    pub remote: Option<RemoteId>,
    /// Tracking numbers it holds.
    pub numbers: BTreeSet<String>,
    /// Its content in the vendor's own terms, without stage and tracking, to show what a person changed there.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub content: serde_json::Value,
    /// Whether it was merged or split there.
    #[serde(default)]
    pub rearranged: Rearranged,
    /// What the destination thinks of it, where it judges and a look shows that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Box<Verdict>>,
    /// Its version there, where the destination tells one.
    #[serde(default)]
    pub version: Option<String>,
    /// When it was seen.
    pub at: Timestamp,
}

impl Seen {
    /// Whether packers may go on with it: neither held nor gone, nor out of reach.
    pub fn may_be_packed(&self) -> bool {
        self.committed && !self.held && self.stage < Stage::Shipped && !self.rearranged.merged
    }

    /// How far the one order there is that is shown, and whether it is held, whatever its other parts are.
    pub fn shown(&self) -> (Stage, bool) {
        let shown = self.rearranged.parts.iter().find(|part| self.shows(&part.id));
        shown.map_or((self.stage, self.held), |part| (part.stage, part.held))
    }

    /// Whether the order there with this id is the one that is shown.
    pub fn shows(&self, id: &RemoteId) -> bool {
        self.remote.as_ref() == Some(id)
    }

    /// Those parts of it, where it was split.
    pub fn parts(&self, which: impl Fn(&Part) -> bool) -> Vec<RemoteId> {
        self.rearranged.parts.iter().filter(|part| which(part)).map(|part| part.id.clone()).collect()
    }

    /// The content of every order there that holds units of it.
    pub fn contents(&self) -> impl Iterator<Item = &serde_json::Value> {
        let parts = &self.rearranged.parts;
        let whole = parts.is_empty().then_some(&self.content);
        whole.into_iter().chain(parts.iter().map(|part| &part.content))
    }
}

/// What a mirror was last seen to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Observed {
    /// Nobody looked yet.
    #[default]
    Never,
    /// Nothing.
    Absent,
    /// This.
    Present(Seen),
}

closed_enum! {
    /// Where a mirror stands.
    MirrorState {
        /// It holds what it should.
        InStep = "in_step",
        /// Something is owed and about to be done.
        Due = "due",
        /// Something failed and will be tried again.
        Retrying = "retrying",
        /// Something may have happened there; it is looked at before anything else.
        Unknown = "unknown",
        /// A person must decide.
        Exception = "exception",
        /// Nothing will change any more.
        Closed = "closed",
    }
}

/// The copy of one order at one destination, as we keep account of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mirror {
    /// The destination's connection; with a part's name behind it, as [`Mirror::part_name`] gives it, where a part of the
    /// order has a copy of its own.
    pub destination: ConnectionName,
    /// Where it stands.
    pub state: MirrorState,
    /// Digest of the desired state that was last settled: in step, or an exception.
    pub digest: Option<String>,
    /// The copy as we last made it.
    pub applied: Option<OrderCopy>,
    /// What it was last seen to hold.
    pub observed: Observed,
    /// Of an order that was split: those of its parts, beside the one that is shown, whose hold is ours.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub held_parts: BTreeSet<RemoteId>,
    /// A step recorded and not known to have ended.
    pub intent: Option<Step>,
    /// A person asked to look again, whatever the digest says.
    pub look: bool,
    /// A person asked to try again, whatever stands in the way.
    pub forced: bool,
    /// Digest of the desired state for which a person takes the copy as it is: what it lacks is not owed.
    #[serde(default)]
    pub accepted: Option<String>,
    /// Failures in a row.
    pub tries: u32,
    /// When it is to be tried again.
    pub next_at: Option<Timestamp>,
    /// Why it is not in step.
    pub reason: Option<Reason>,
    /// Why it holds nothing, where that is as it should be.
    pub absence: Option<Absence>,
    /// Since when something has been owed: the receipt of the change that it waits for.
    pub owed_since: Option<Timestamp>,
    /// When it is looked at again though nothing is owed.
    #[serde(default)]
    pub watch_at: Option<Timestamp>,
    /// How often it was written to lately.
    #[serde(default)]
    pub pace: Pace,
}

/// Steps at one copy within a stretch of time. What is written again and again does not stay as it is written: something else
/// writes there too, and the two would go on for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    /// When the stretch began.
    pub since: Option<Timestamp>,
    /// Steps since then.
    pub steps: u32,
}

impl Pace {
    /// How many steps a stretch may have: more than a large order with many parcels needs.
    pub const MOST: u32 = 60;
    /// How long a stretch is.
    pub const STRETCH: SignedDuration = SignedDuration::from_mins(10);

    /// Counts a step; gives instead until when to rest, where there were too many.
    pub fn count(&mut self, now: Timestamp) -> Option<Timestamp> {
        let end = self.since.and_then(|since| since.checked_add(Self::STRETCH).ok()).filter(|end| now < *end);
        if end.is_none() {
            *self = Self { since: Some(now), steps: 0 };
        }
        if self.steps >= Self::MOST {
            return end;
        }
        self.steps += 1;
        None
    }
}

impl Mirror {
    /// A mirror nobody has looked at.
    pub fn new(destination: ConnectionName) -> Self {
        Self {
            destination,
            state: MirrorState::Due,
            digest: None,
            applied: None,
            observed: Observed::Never,
            held_parts: BTreeSet::new(),
            intent: None,
            look: false,
            forced: false,
            accepted: None,
            tries: 0,
            next_at: None,
            reason: None,
            absence: None,
            owed_since: None,
            watch_at: None,
            pace: Pace::default(),
        }
    }

    /// The name of a mirror for a part of an order that has a copy of its own at a connection.
    pub fn part_name(connection: &str, part: &str, id: &RemoteId) -> String {
        format!("{connection}/{part}-{id}")
    }

    /// The connection it is at: a name of a connection holds no `/`.
    pub fn connection(&self) -> &str {
        self.destination.split('/').next().unwrap_or(&self.destination)
    }

    /// The order's key there, where we entered it.
    pub fn key(&self) -> Option<&str> {
        self.applied.as_ref().map(|copy| copy.key.as_str())
    }

    /// How `copy` is addressed here: under the id that was seen, where there is one.
    pub fn address(&self, copy: &OrderCopy) -> CopyRef {
        let remote = match &self.observed {
            Observed::Present(seen) => seen.remote.clone(),
            _ => None,
        };
        CopyRef { key: copy.key.clone(), order: copy.order.clone(), remote, parts: Vec::new() }
    }
}
