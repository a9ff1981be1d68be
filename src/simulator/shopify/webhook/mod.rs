//! The webhook sender: what is to be sent, what was tried, and what came of it.
//!
//! It behaves as the real one: at least once, no order, only a 2xx counts, eight retries over the next four hours with
//! the original body and the same webhook id. Losing, doubling and shuffling deliveries are knobs. Nothing here
//! decides what an action fires; bodies arrive written.

mod queue;
mod sender;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use jiff::Timestamp;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, watch};

use super::state::Outgoing;
use queue::Queue;
pub(super) use sender::run;

/// Every topic the simulator fires.
pub const TOPICS: &[&str] = &[
    "orders/create",
    "orders/updated",
    "orders/edited",
    "orders/paid",
    "orders/cancelled",
    "orders/fulfilled",
    "orders/partially_fulfilled",
    "orders/delete",
    "order_transactions/create",
    "refunds/create",
    "fulfillments/create",
    "fulfillments/update",
    "fulfillment_events/create",
    "fulfillment_holds/added",
    "fulfillment_holds/released",
    "fulfillment_orders/placed_on_hold",
    "fulfillment_orders/hold_released",
    "fulfillment_orders/moved",
    "fulfillment_orders/split",
    "fulfillment_orders/scheduled_fulfillment_order_ready",
];

/// Who made the subscriptions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubscribedBy {
    /// The app's configuration: they stay whatever happens.
    #[default]
    App,
    /// The Admin API: one is deleted when a delivery has failed eight retries and none succeeded meanwhile.
    AdminApi,
}

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
    /// No answer: refused, reset, too slow.
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
    /// `X-Shopify-Webhook-Id`.
    pub webhook_id: String,
    /// `X-Shopify-Event-Id`, shared by all deliveries of one action.
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

/// How a sender is set up.
pub(super) struct Setup {
    pub(super) domain: String,
    pub(super) api_version: String,
    pub(super) name: Option<String>,
    pub(super) url: Option<String>,
    pub(super) topics: Vec<String>,
    pub(super) secret: String,
    pub(super) subscribed_by: SubscribedBy,
    pub(super) concurrency: usize,
    pub(super) history: usize,
    pub(super) seed: u64,
}

/// A subscription to one topic.
#[derive(Clone, Debug)]
pub(super) struct Subscription {
    pub(super) id: i64,
    pub(super) last_success: Option<Timestamp>,
}

/// One body on its way.
pub(super) struct Parcel {
    sequence: u64,
    webhook_id: String,
    event_id: String,
    topic: String,
    triggered_at: Timestamp,
    url: String,
    body: Bytes,
    tries: u32,
}

/// What is to be sent and what was.
pub(super) struct Outbox {
    queue: Mutex<Queue>,
    wake: Notify,
    unfinished: watch::Sender<usize>,
    domain: String,
    api_version: String,
    name: Option<String>,
    concurrency: usize,
    client: Option<reqwest::Client>,
}

impl Outbox {
    pub(super) fn new(setup: Setup) -> Self {
        let mut topics = BTreeMap::new();
        subscribe(&mut topics, setup.topics);
        Self {
            queue: Mutex::new(Queue {
                url: setup.url,
                topics,
                secret: setup.secret,
                subscribed_by: setup.subscribed_by,
                knobs: Knobs::default(),
                rng: StdRng::seed_from_u64(setup.seed),
                history: setup.history,
                next: 1,
                deliveries: BTreeMap::new(),
                waiting: BTreeMap::new(),
            }),
            wake: Notify::new(),
            unfinished: watch::Sender::new(0),
            domain: setup.domain,
            api_version: setup.api_version,
            name: setup.name,
            concurrency: setup.concurrency.max(1),
            client: sender::client(),
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

    /// Changes where and how webhooks are sent; what is on its way keeps its address.
    pub(super) fn configure(&self, change: &Settings) {
        let mut queue = self.queue();
        if let Some(url) = &change.url {
            queue.url = Some(url.clone()).filter(|url| !url.is_empty());
        }
        if let Some(topics) = &change.topics {
            queue.topics.clear();
            subscribe(&mut queue.topics, topics.clone());
        }
        if let Some(secret) = &change.signing_secret {
            queue.secret.clone_from(secret);
        }
        if let Some(by) = change.subscribed_by {
            queue.subscribed_by = by;
        }
        queue.knobs.duplicate = change.duplicate.unwrap_or(queue.knobs.duplicate);
        queue.knobs.drop = change.drop.unwrap_or(queue.knobs.drop);
        queue.knobs.reorder_ms = change.reorder_ms.unwrap_or(queue.knobs.reorder_ms);
    }

    /// The settings in force, without the secret.
    pub(super) fn settings(&self) -> Settings {
        let queue = self.queue();
        Settings {
            url: queue.url.clone(),
            topics: Some(queue.topics.keys().cloned().collect()),
            signing_secret: None,
            subscribed_by: Some(queue.subscribed_by),
            duplicate: Some(queue.knobs.duplicate),
            drop: Some(queue.knobs.drop),
            reorder_ms: Some(queue.knobs.reorder_ms),
        }
    }

    /// The subscriptions the Admin API knows of, with their address.
    pub(super) fn subscriptions(&self) -> Vec<(String, i64, String)> {
        let queue = self.queue();
        match (&queue.url, queue.subscribed_by) {
            (Some(url), SubscribedBy::AdminApi) => {
                queue.topics.iter().map(|(topic, s)| (topic.clone(), s.id, url.clone())).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Everything sent and to be sent, oldest first.
    pub(super) fn deliveries(&self) -> Vec<Delivery> {
        self.queue().deliveries.values().cloned().collect()
    }

    /// How many deliveries are neither taken nor given up.
    pub(super) fn unfinished(&self) -> usize {
        *self.unfinished.borrow()
    }

    /// Waits until every delivery is taken, given up or dropped.
    pub(super) async fn settled(&self) {
        let mut seen = self.unfinished.subscribe();
        // The sender lives in `self`, so the wait can only end by reaching nothing.
        let _ = seen.wait_for(|count| *count == 0).await;
    }
}

fn subscribe(topics: &mut BTreeMap<String, Subscription>, names: Vec<String>) {
    for name in names {
        let id = super::state::stable_id("subscription", &name);
        topics.insert(name, Subscription { id, last_success: None });
    }
}

/// What can be changed about the sender while it runs: `POST /sim/webhooks`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where webhooks go; an empty text stops them.
    pub url: Option<String>,
    /// The topics sent.
    pub topics: Option<Vec<String>>,
    /// The secret that bodies are signed with; never read back.
    pub signing_secret: Option<String>,
    /// Who made the subscriptions.
    pub subscribed_by: Option<SubscribedBy>,
    /// See [`Knobs::duplicate`].
    pub duplicate: Option<f64>,
    /// See [`Knobs::drop`].
    pub drop: Option<f64>,
    /// See [`Knobs::reorder_ms`].
    pub reorder_ms: Option<u64>,
}

impl From<Knobs> for Settings {
    fn from(knobs: Knobs) -> Self {
        Self {
            duplicate: Some(knobs.duplicate),
            drop: Some(knobs.drop),
            reorder_ms: Some(knobs.reorder_ms),
            ..Self::default()
        }
    }
}
