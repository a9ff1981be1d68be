//! The shop's webhooks: who is subscribed to what, and what Shopify's sender does in its own way.
//!
//! Only a 2xx counts, eight retries over the next four hours; the queue and the wire are `simulator::webhook`'s.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::state::Outgoing;
use crate::simulator::webhook::{self, Parcel, Vendor, signature};
pub(super) use webhook::run;
pub use webhook::{Attempt, Delivery, Knobs, Outcome};

/// How often a delivery is tried again.
const RETRIES: u32 = 8;
/// The wait before the first retry; each next one is twice as long, which fits eight into four hours.
const FIRST_RETRY: Duration = Duration::from_secs(56);

/// The queue of a shop's webhooks.
pub(super) type Outbox = webhook::Outbox<Subscriptions>;

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
    "orders/risk_assessment_changed",
    "order_transactions/create",
    "refunds/create",
    "fulfillments/create",
    "fulfillments/update",
    "fulfillment_events/create",
    "fulfillment_holds/added",
    "fulfillment_holds/released",
    "fulfillment_orders/order_routing_complete",
    "fulfillment_orders/placed_on_hold",
    "fulfillment_orders/hold_released",
    "fulfillment_orders/split",
    "fulfillment_orders/moved",
    "fulfillment_orders/cancelled",
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
struct Subscription {
    id: i64,
    last_success: Option<Timestamp>,
}

/// Who is subscribed to what, and what the headers say.
pub(super) struct Subscriptions {
    domain: String,
    api_version: String,
    name: Option<String>,
    book: Mutex<Book>,
}

struct Book {
    url: Option<String>,
    topics: BTreeMap<String, Subscription>,
    secret: String,
    subscribed_by: SubscribedBy,
}

impl Subscriptions {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Vendor for Subscriptions {
    fn headers(&self, parcel: &Parcel) -> Vec<(&'static str, String)> {
        let secret = self.book().secret.clone();
        let mut headers = vec![
            ("X-Shopify-Topic", parcel.webhook.topic.clone()),
            ("X-Shopify-Hmac-Sha256", signature(&secret, &parcel.webhook.body)),
            ("X-Shopify-Shop-Domain", self.domain.clone()),
            ("X-Shopify-API-Version", self.api_version.clone()),
            ("X-Shopify-Webhook-Id", parcel.webhook_id.clone()),
            ("X-Shopify-Event-Id", parcel.event_id.clone()),
            ("X-Shopify-Triggered-At", format!("{:.9}", parcel.triggered_at)),
        ];
        headers.extend(self.name.clone().map(|name| ("X-Shopify-Name", name)));
        headers
    }

    fn wait_after(&self, tries: u32) -> Option<Duration> {
        (tries <= RETRIES).then(|| FIRST_RETRY.saturating_mul(1 << (tries - 1)))
    }

    fn ended(&self, parcel: &Parcel, taken: Option<Timestamp>) {
        let mut book = self.book();
        let by = book.subscribed_by;
        let topic = &parcel.webhook.topic;
        let Some(subscription) = book.topics.get_mut(topic) else { return };
        if taken.is_some() {
            subscription.last_success = taken;
        } else if by == SubscribedBy::AdminApi
            && subscription.last_success.is_none_or(|success| success < parcel.triggered_at)
        {
            book.topics.remove(topic);
        }
    }
}

pub(super) fn outbox(setup: Setup) -> Outbox {
    let mut topics = BTreeMap::new();
    subscribe(&mut topics, setup.topics);
    let book = Book { url: setup.url, topics, secret: setup.secret, subscribed_by: setup.subscribed_by };
    let vendor = Subscriptions {
        domain: setup.domain,
        api_version: setup.api_version,
        name: setup.name,
        book: Mutex::new(book),
    };
    Outbox::new(
        vendor,
        &webhook::Setup {
            user_agent: "Shopify-Captain-Hook",
            connect_deadline: Duration::from_secs(1),
            deadline: Duration::from_secs(5),
            concurrency: setup.concurrency,
            history: setup.history,
            seed: setup.seed,
        },
    )
}

/// Queues the webhooks of one action, as far as anybody is subscribed to them.
pub(super) fn post(outbox: &Outbox, outgoing: Vec<Outgoing>, triggered_at: Timestamp) {
    let book = outbox.vendor.book();
    let Some(url) = &book.url else { return };
    let outgoing = outgoing
        .into_iter()
        .filter_map(|webhook| {
            let subscription = book.topics.get(webhook.topic)?.id;
            let (topic, url) = (webhook.topic.to_owned(), url.clone());
            Some(webhook::Outgoing {
                topic,
                order_id: webhook.order_id,
                subscription,
                url,
                body: webhook.body,
            })
        })
        .collect();
    drop(book);
    outbox.post(outgoing, triggered_at);
}

/// Changes where and how webhooks are sent; what is on its way keeps its address.
pub(super) fn configure(outbox: &Outbox, change: &Settings) {
    let mut book = outbox.vendor.book();
    if let Some(url) = &change.url {
        book.url = Some(url.clone()).filter(|url| !url.is_empty());
    }
    if let Some(topics) = &change.topics {
        book.topics.clear();
        subscribe(&mut book.topics, topics.clone());
    }
    if let Some(secret) = &change.signing_secret {
        book.secret.clone_from(secret);
    }
    if let Some(by) = change.subscribed_by {
        book.subscribed_by = by;
    }
    drop(book);
    let knobs = outbox.knobs();
    outbox.set_knobs(Knobs {
        duplicate: change.duplicate.unwrap_or(knobs.duplicate),
        drop: change.drop.unwrap_or(knobs.drop),
        reorder_ms: change.reorder_ms.unwrap_or(knobs.reorder_ms),
    });
}

/// The settings in force, without the secret.
pub(super) fn settings(outbox: &Outbox) -> Settings {
    let knobs = outbox.knobs();
    let book = outbox.vendor.book();
    Settings {
        url: book.url.clone(),
        topics: Some(book.topics.keys().cloned().collect()),
        signing_secret: None,
        subscribed_by: Some(book.subscribed_by),
        duplicate: Some(knobs.duplicate),
        drop: Some(knobs.drop),
        reorder_ms: Some(knobs.reorder_ms),
    }
}

/// The subscriptions the Admin API knows of, with their address.
pub(super) fn subscriptions(outbox: &Outbox) -> Vec<(String, i64, String)> {
    let book = outbox.vendor.book();
    match (&book.url, book.subscribed_by) {
        (Some(url), SubscribedBy::AdminApi) => {
            book.topics.iter().map(|(topic, s)| (topic.clone(), s.id, url.clone())).collect()
        }
        _ => Vec::new(),
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
