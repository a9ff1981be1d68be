//! The webhook sender every simulator has: what is to be sent, what was tried, and what came of it.
//!
//! At least once, no order, retries with the original body and id; losing, doubling and shuffling deliveries are
//! knobs. What differs from vendor to vendor (headers, signature, deadlines, the waits between tries, what counts as
//! taken) is a [`Vendor`]. Nothing here decides what an action fires; bodies arrive written.

mod queue;
mod sender;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, watch};

use crate::clock::Clock;
use queue::Queue;
pub(super) use sender::{post, run, signature};

/// How badly the sender behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Knobs {
    /// Probability that a delivery is sent twice.
    pub duplicate: f64,
    /// Probability that a delivery is never sent.
    pub drop: f64,
    /// Each delivery waits a random time up to this many milliseconds.
    pub reorder_ms: u64,
}

/// What came of one try.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// This HTTP status; only 2xx is a success.
    Status(u16),
    /// No answer: refused, reset, too slow; or one that the vendor does not take for a success.
    Error(String),
}

impl Outcome {
    /// Whether it counts as delivered.
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Status(200..=299))
    }
}

/// One try of a delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attempt {
    /// When it began.
    pub at: Timestamp,
    /// What came of it.
    pub outcome: Outcome,
}

/// One webhook and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Delivery {
    /// Running number.
    pub sequence: u64,
    /// The webhook's own id, the same on every try.
    pub webhook_id: String,
    /// Shared by all deliveries of one action.
    pub event_id: String,
    /// Topic.
    pub topic: String,
    /// Which order it is about.
    pub order_id: i64,
    /// When the action happened.
    pub triggered_at: Timestamp,
    /// Size of the body.
    pub bytes: usize,
    /// Every try.
    pub attempts: Vec<Attempt>,
    /// When it was taken.
    pub acknowledged_at: Option<Timestamp>,
    /// Whether all retries failed.
    pub gave_up: bool,
    /// Whether it was lost on purpose.
    pub dropped: bool,
    /// The running number of the delivery it repeats.
    pub duplicate_of: Option<u64>,
}

impl Delivery {
    /// Whether nothing more happens to it.
    pub fn is_finished(&self) -> bool {
        self.acknowledged_at.is_some() || self.gave_up || self.dropped
    }
}

/// Counts of what became of deliveries, as `GET /sim/summary` shows them.
pub(super) fn summary(deliveries: &[Delivery]) -> serde_json::Value {
    let count = |f: fn(&Delivery) -> bool| deliveries.iter().filter(|d| f(d)).count();
    serde_json::json!({
        "total": deliveries.len(),
        "acknowledged": count(|d| d.acknowledged_at.is_some()),
        "gave_up": count(|d| d.gave_up),
        "dropped": count(|d| d.dropped),
        "duplicates": count(|d| d.duplicate_of.is_some()),
        "attempts": deliveries.iter().map(|d| d.attempts.len()).sum::<usize>(),
        "unfinished": count(|d| !d.is_finished()),
    })
}

/// What one vendor's sender does in its own way.
pub(super) trait Vendor: Send + Sync + 'static {
    /// The headers of one try, the signature among them.
    fn headers(&self, parcel: &Parcel) -> Vec<(&'static str, String)>;

    /// How long it waits before it tries again after so many tries; none if it gives up.
    fn wait_after(&self, tries: u32) -> Option<Duration>;

    /// What an answer counts as.
    fn judge(&self, status: u16, _body: &[u8]) -> Outcome {
        Outcome::Status(status)
    }

    /// Told when a delivery was taken (with the time) or given up.
    fn ended(&self, _parcel: &Parcel, _taken: Option<Timestamp>) {}
}

/// How a sender is set up.
pub(super) struct Setup {
    pub(super) user_agent: &'static str,
    pub(super) connect_deadline: Duration,
    pub(super) deadline: Duration,
    pub(super) concurrency: usize,
    pub(super) history: usize,
    pub(super) seed: u64,
}

/// A webhook to be sent.
#[derive(Clone)]
pub(super) struct Outgoing {
    pub(super) topic: String,
    pub(super) order_id: i64,
    /// Which of the vendor's subscriptions it goes to.
    pub(super) subscription: i64,
    pub(super) url: String,
    pub(super) body: Bytes,
}

/// One body on its way.
pub(super) struct Parcel {
    sequence: u64,
    pub(super) webhook_id: String,
    pub(super) event_id: String,
    pub(super) triggered_at: Timestamp,
    pub(super) webhook: Outgoing,
    tries: u32,
}

/// What is to be sent and what was.
pub(super) struct Outbox<V> {
    pub(super) vendor: V,
    queue: Mutex<Queue>,
    wake: Notify,
    unfinished: watch::Sender<usize>,
    concurrency: usize,
    client: Option<reqwest::Client>,
}

impl<V: Vendor> Outbox<V> {
    pub(super) fn new(vendor: V, setup: &Setup) -> Self {
        Self {
            vendor,
            queue: Mutex::new(Queue {
                knobs: Knobs::default(),
                rng: StdRng::seed_from_u64(setup.seed),
                history: setup.history,
                next: 1,
                deliveries: BTreeMap::new(),
                waiting: BTreeMap::new(),
            }),
            wake: Notify::new(),
            unfinished: watch::Sender::new(0),
            concurrency: setup.concurrency.max(1),
            client: sender::client(setup),
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues the webhooks of one action.
    pub(super) fn post(&self, outgoing: Vec<Outgoing>, triggered_at: Timestamp) {
        let mut queue = self.queue();
        let added = queue.add(outgoing, triggered_at);
        if added > 0 {
            // Counted before anybody can take it from the queue.
            self.unfinished.send_modify(|count| *count += added);
            drop(queue);
            self.wake.notify_one();
        }
    }

    /// How badly it behaves at present.
    pub(super) fn knobs(&self) -> Knobs {
        self.queue().knobs
    }

    /// Turns the bad behaviour up or down.
    pub(super) fn set_knobs(&self, knobs: Knobs) {
        self.queue().knobs = knobs;
    }

    /// Everything sent and to be sent, oldest first.
    pub(super) fn deliveries(&self) -> Vec<Delivery> {
        self.queue().deliveries.values().cloned().collect()
    }

    /// How many deliveries are neither taken nor given up.
    pub(super) fn unfinished(&self) -> usize {
        *self.unfinished.borrow()
    }

    /// Waits until nothing is on the wire and nothing is due at the clock's present instant; what is to be sent later waits
    /// on.
    pub(super) async fn caught_up(&self, clock: &Clock) {
        let mut seen = self.unfinished.subscribe();
        loop {
            let unfinished = *seen.borrow_and_update();
            if self.queue().is_idle(unfinished, clock.now()) || seen.changed().await.is_err() {
                return;
            }
        }
    }

    /// Waits until every delivery is taken, given up or dropped.
    pub(super) async fn settled(&self) {
        let mut seen = self.unfinished.subscribe();
        // The sender lives in `self`, so the wait can only end by reaching nothing.
        let _ = seen.wait_for(|count| *count == 0).await;
    }
}
