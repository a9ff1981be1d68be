//! Rows as they are kept and listed.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::words::closed_enum;

closed_enum! {
    /// Where a delivery stands. Every delivery ends as one of the last five.
    DeliveryState {
        /// Committed, not looked at yet.
        Stored = "stored",
        /// Its order is due; or, where the reason says so, is asked for.
        Sorted = "sorted",
        /// It changed the order's record, or had it read anew.
        Applied = "applied",
        /// It said nothing new.
        NoChange = "no_change",
        /// Something newer was known already.
        Stale = "stale",
        /// It had been received before.
        Duplicate = "duplicate",
        /// It could not be understood; a person must look.
        Exception = "exception",
    }
}

/// Which delivery. Ids are unique in a store; the connection says where among many to look for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryRef {
    /// The connection it was received for.
    pub connection: Arc<str>,
    /// Its id.
    pub id: i64,
}

/// A delivery with its body, to be understood.
#[derive(Clone, Debug)]
pub struct StoredDelivery {
    /// Its id.
    pub id: i64,
    /// The connection it was received for.
    pub connection: String,
    /// Its topic.
    pub topic: String,
    /// The headers kept with it, by lower-case name.
    pub headers: std::collections::BTreeMap<String, String>,
    /// When it was received.
    pub received_at: Timestamp,
    /// The delivery it has its body in common with.
    pub duplicate_of: Option<i64>,
    /// The raw body.
    pub body: Vec<u8>,
}

impl StoredDelivery {
    /// Which it is.
    pub fn which(&self) -> DeliveryRef {
        DeliveryRef { connection: Arc::from(self.connection.as_str()), id: self.id }
    }
}

/// A delivery as it is listed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DeliveryRow {
    /// Its id.
    pub id: i64,
    /// The connection it was received for.
    pub connection: String,
    /// Its topic.
    pub topic: String,
    /// The sender's id of it.
    pub webhook_id: String,
    /// The headers kept with it.
    pub headers: Value,
    /// Bytes of its body.
    pub size: i64,
    /// When it was received.
    pub received_at: Timestamp,
    /// Where it stands.
    pub state: DeliveryState,
    /// The delivery it repeats.
    pub duplicate_of: Option<i64>,
    /// The order it is about.
    pub order_id: Option<String>,
    /// Why it ended so.
    pub reason: Option<String>,
}

/// An order as it is listed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OrderRow {
    /// Its channel.
    pub channel: String,
    /// Its id there.
    pub order_id: String,
    /// Its name.
    pub name: String,
    /// How often its record changed.
    pub revision: i64,
    /// When we first heard of it.
    pub created_at: Timestamp,
    /// When its record last changed.
    pub changed_at: Timestamp,
    /// Its copies.
    pub mirrors: Vec<MirrorRow>,
}

/// A mirror as it is listed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MirrorRow {
    /// The destination.
    pub destination: String,
    /// The order's key there.
    pub key: Option<String>,
    /// Where it stands.
    pub state: String,
    /// What it was last seen to hold.
    pub observed: Value,
    /// Why it is not in step.
    pub reason: Option<Value>,
    /// Why it holds nothing, where that is as it should be.
    pub absence: Option<String>,
    /// When it is tried again.
    pub next_at: Option<Timestamp>,
    /// When it last changed.
    pub changed_at: Timestamp,
}

/// One try of a remote operation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AttemptRow {
    /// Its id.
    pub id: i64,
    /// The destination (or the channel, for a reading).
    pub destination: String,
    /// The step it belongs to.
    pub step: String,
    /// The vendor's word for the operation.
    pub operation: String,
    /// Method and path.
    pub request_line: String,
    /// What was sent.
    pub request: Option<String>,
    /// HTTP status.
    pub status: Option<i64>,
    /// What came back.
    pub response: Option<String>,
    /// What went wrong.
    pub error: Option<String>,
    /// When.
    pub at: Timestamp,
    /// Milliseconds it took, with three decimals.
    pub took_ms: rust_decimal::Decimal,
}

/// One entry of an order's story.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TimelineRow {
    /// When.
    pub at: Timestamp,
    /// What kind of entry: `fact`, `decision`, `step`, `exception`, `drift`.
    pub kind: String,
    /// Who or what it comes from.
    pub source: String,
    /// The delivery it comes from.
    pub delivery_id: Option<i64>,
    /// In words.
    pub text: String,
    /// What changed, with before and after.
    pub changes: Option<Value>,
}

/// Something a person must decide.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ExceptionRow {
    /// Its id.
    pub id: i64,
    /// The channel it concerns.
    pub channel: String,
    /// The order.
    pub order_id: Option<String>,
    /// The order's name.
    pub order_name: Option<String>,
    /// The destination.
    pub destination: Option<String>,
    /// The delivery.
    pub delivery_id: Option<i64>,
    /// The stable code.
    pub code: String,
    /// What is wrong.
    pub message: String,
    /// The vendor's words.
    pub vendor: Option<String>,
    /// What can be done.
    pub mend: String,
    /// What has to be done with the goods, where they are on their way: `intercept` or `return`.
    pub task: Option<String>,
    /// Who sees to it.
    pub owner: Option<String>,
    /// By when.
    pub due_at: Option<Timestamp>,
    /// Since when.
    pub opened_at: Timestamp,
    /// When it was over.
    pub closed_at: Option<Timestamp>,
}

/// What waits, for health and metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Deliveries not sorted yet.
    pub unsorted: i64,
    /// Orders due now or later.
    pub due: i64,
    /// Open exceptions.
    pub exceptions: i64,
    /// Of these, those that were to be done by now.
    pub overdue: i64,
    /// Since when the oldest of the first two waits.
    pub oldest: Option<Timestamp>,
}

/// Totals, for health, metrics and the demo. None is counted further than 100 000.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq, Eq)]
pub struct Counts {
    /// Deliveries received.
    pub deliveries: i64,
    /// Of these, repeats.
    pub duplicates: i64,
    /// Not sorted yet.
    pub unsorted: i64,
    /// Orders known.
    pub orders: i64,
    /// Orders due now or later.
    pub due: i64,
    /// Mirrors in step.
    pub in_step: i64,
    /// Mirrors not in step.
    pub out_of_step: i64,
    /// Open exceptions.
    pub exceptions: i64,
    /// Microseconds since 1970 of the oldest delivery not sorted, or order due and not leased.
    pub oldest_wait: Option<i64>,
    /// Which of these are counted no further: there are so many, or more.
    #[serde(default)]
    pub at_least: Vec<String>,
}
