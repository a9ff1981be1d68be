//! One folder for each kind of outside system, and the traits they share.
//!
//! A connector reads and writes its system and decides nothing: it translates between the vendor's wire and the domain,
//! and says of each failure what it means. A rule that holds for one vendor only lives in that vendor's folder.

pub mod shipcompliant;
pub mod shiphero;
pub mod shopify;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use crate::domain::carrier::Carriers;
use crate::domain::copy::OrderCopy;
use crate::domain::fulfillment::{Fulfillment, Shipment, TellShipments};
use crate::domain::mirror::{Observed, Seen};
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::record::{Fact, Snapshot};
use crate::domain::step::{Capabilities, CopyRef, Differences, Signs, Step, Telling};
use crate::domain::verdict::Verdict;
use crate::domain::{ConnectionName, RemoteId};
use crate::transport::{Fault, Log};

/// Header names by which a vendor's webhooks are told, and how they are signed.
#[derive(Debug)]
pub struct WebhookScheme {
    /// Headers that carry the topic; the first present counts. None where only the body names it.
    pub topic: &'static [&'static str],
    /// Headers that carry the id of the delivery.
    pub id: &'static [&'static str],
    /// Whether the id may be missing: then the signature stands for it, which is the same for the same body only.
    pub id_is_optional: bool,
    /// Headers that carry the base64 HMAC-SHA256 of the raw body.
    pub signature: &'static [&'static str],
    /// Further headers without which a delivery is refused.
    pub required: &'static [&'static [&'static str]],
    /// Headers kept with the delivery where present.
    pub kept: &'static [&'static str],
    /// The body of our answer to a delivery that was taken, as JSON; empty for none.
    pub answer: &'static str,
}

/// What a delivery asks, to be answered on the spot: whether goods of this order may leave now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The order's id at its channel, where the delivery names one.
    pub order: Option<RemoteId>,
    /// Whether the answer is yes where we cannot know.
    pub open_when_unknown: bool,
}

/// An order of which a system says that its copy changed there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The order's id at its channel.
    pub order: RemoteId,
    /// The copy's version there.
    pub version: String,
}

/// A stored delivery, as its connector reads it.
#[derive(Clone, Copy, Debug)]
pub struct Delivery<'a> {
    /// The topic.
    pub topic: &'a str,
    /// The headers kept with it, by lower-case name.
    pub headers: &'a BTreeMap<String, String>,
    /// The raw body.
    pub body: &'a [u8],
}

/// What a delivery says.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// Facts about one order.
    Facts {
        /// The order's id.
        order: RemoteId,
        /// What is said of it.
        facts: Vec<Fact>,
        /// Whether it may stop goods.
        urgent: bool,
        /// Whether every fact carries its own version, so that the same body said twice is said once.
        versioned: bool,
    },
    /// Something happened to the copy of this order, by its id at the channel; what it came to is looked at.
    Copy {
        /// The order's id at its channel.
        order: RemoteId,
        /// Whether it may stop goods.
        urgent: bool,
    },
    /// Something of a part of an order changed; which order it belongs to is not said and has to be asked for.
    Part {
        /// The part's id.
        part: RemoteId,
        /// Whether it may stop goods.
        urgent: bool,
    },
    /// Nothing that is acted on, for this reason.
    Nothing(String),
}

/// A system that sends webhooks.
pub trait Webhooks: Send + Sync {
    /// How its webhooks are told and signed.
    fn scheme(&self) -> &'static WebhookScheme;
    /// Reads a delivery; an error says why it cannot be understood.
    fn read(&self, delivery: Delivery<'_>) -> Result<Heard, Reason>;
    /// What a body asks that has to be answered on the spot.
    fn question(&self, body: &[u8]) -> Option<Question> {
        let _ = body;
        None
    }
    /// The body of the answer to a question, as JSON.
    fn answer(&self, refused: Option<&str>) -> serde_json::Value {
        serde_json::json!({ "allowed": refused.is_none(), "reason": refused })
    }
}

/// A system where orders are born.
pub trait Channel: Send + Sync {
    /// Reads one order in full; nothing where the channel does not know it.
    fn fetch<'a>(
        &'a self,
        order: &'a RemoteId,
        log: &'a Log,
    ) -> BoxFuture<'a, Result<Option<Snapshot>, Fault>>;
    /// Whether it can be asked at all; one that cannot is known by its webhooks alone.
    fn can_be_asked(&self) -> bool;
    /// Which order a part of one belongs to; nothing where the channel does not know the part.
    fn order_of<'a>(
        &'a self,
        part: &'a RemoteId,
        log: &'a Log,
    ) -> BoxFuture<'a, Result<Option<RemoteId>, Fault>>;
    /// When it is told of shipments made elsewhere, if at all.
    fn tells_shipments(&self) -> Option<TellShipments>;
    /// What its merchant says of carriers.
    fn carriers(&self) -> &Carriers;
    /// How its people are told that an order needs them.
    fn signs(&self) -> &Signs;
    /// Tells it something; gives the fulfilment as it is then, where it is about one.
    fn tell<'a>(
        &'a self,
        telling: &'a Telling,
        log: &'a Log,
    ) -> BoxFuture<'a, Result<Option<Fulfillment>, Fault>>;
}

/// What a step did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// Whether what was entered counts there; true for every other step.
    pub committed: bool,
    /// What the destination judged, where it judges.
    pub verdict: Option<Verdict>,
    /// The copy as it is then, where the answer shows it.
    pub seen: Option<Observed>,
}

impl Effect {
    /// Done as asked.
    pub const DONE: Self = Self { committed: true, verdict: None, seen: None };
}

/// A system that holds copies of orders.
pub trait Destination: Send + Sync {
    /// What it can do.
    fn capabilities(&self) -> Capabilities;
    /// Whether what is seen under a copy's key is that order, and not another one that took the key.
    fn is_same_order(&self, copy: &OrderCopy, seen: &Seen) -> bool;
    /// What left by its own account, in a copy as it was seen; `copy` tells which of its lines are which of the order's.
    fn shipments(&self, seen: &Seen, copy: &OrderCopy) -> Vec<Shipment>;
    /// In what a copy as it was seen does not say what `copy` does; `was` is the copy as we last made it, where we did. Asked
    /// only of destinations where fields change one by one.
    fn differs(&self, copy: &OrderCopy, was: Option<&OrderCopy>, seen: &Seen) -> Differences {
        let _ = (copy, was, seen);
        Differences::default()
    }
    /// What a person must see to there, though it holds what it should.
    fn obstacle(&self, copy: &OrderCopy, seen: &Seen) -> Option<Reason> {
        let _ = (copy, seen);
        None
    }
    /// Looks at one copy.
    fn observe<'a>(&'a self, at: &'a CopyRef, log: &'a Log) -> BoxFuture<'a, Result<Observed, Fault>>;
    /// How often it is asked which copies changed there, where it does not tell of everything by itself.
    fn polls(&self) -> Option<Duration> {
        None
    }
    /// Copies that changed there since an instant.
    fn changes<'a>(&'a self, since: Timestamp, log: &'a Log) -> BoxFuture<'a, Result<Vec<Changed>, Fault>> {
        let _ = (since, log);
        Box::pin(async { Ok(Vec::new()) })
    }
    /// Finds what stands in the way of entering a copy for the first time. It is asked before the intent is kept, so that
    /// nothing but the step itself lies between intent and effect.
    fn forestall<'a>(&'a self, copy: &'a OrderCopy, log: &'a Log) -> BoxFuture<'a, Result<(), Fault>> {
        let _ = (copy, log);
        Box::pin(async { Ok(()) })
    }
    /// Performs one step.
    fn apply<'a>(&'a self, step: &'a Step, log: &'a Log) -> BoxFuture<'a, Result<Effect, Fault>>;
}

/// What a destination says of a step that no plan for its kind holds.
fn not_a_step_here(step: &Step) -> Fault {
    Fault::Refused(Reason::new(
        ReasonCode::Refused,
        format!("{} of order {} is no step of this kind of system", step.name(), step.key()),
        "report this as a fault of crossdock",
    ))
}

/// Any configured system.
pub trait Connection: Send + Sync {
    /// Makes the cheapest authenticated call; says what it found, in one line.
    fn probe<'a>(&'a self, log: &'a Log) -> BoxFuture<'a, Result<String, Fault>>;
    /// Until when its circuit breaker rests, where it does.
    fn resting_until(&self) -> Option<Timestamp>;
}

/// One configured connection, in every role it can play.
#[derive(Clone)]
pub struct Connected {
    /// As any system.
    pub connection: Arc<dyn Connection>,
    /// As a sender of webhooks.
    pub webhooks: Option<Arc<dyn Webhooks>>,
    /// As a channel.
    pub channel: Option<Arc<dyn Channel>>,
    /// As a destination.
    pub destination: Option<Arc<dyn Destination>>,
}

/// Every configured connection by name.
pub type Registry = BTreeMap<ConnectionName, Connected>;
