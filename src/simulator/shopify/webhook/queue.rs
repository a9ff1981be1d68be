//! The sender's queue: which delivery is due when, and what one try's outcome means for the next.
//!
//! A first try is due at once (or within the reordering window), the n-th retry 56 s · 2^(n-1) after the try before
//! it, which fits eight retries into four hours. A delivery on the wire is not in the queue; it comes back with its
//! outcome.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use rand::RngExt;
use rand::rngs::StdRng;

use super::super::state::Outgoing;
use super::{Attempt, Delivery, Knobs, Outcome, Parcel, SubscribedBy, Subscription};

/// How often a delivery is tried again.
const RETRIES: u32 = 8;
/// The wait before the first retry; each next one is twice as long.
const FIRST_RETRY: Duration = Duration::from_secs(56);

pub(super) struct Queue {
    pub(super) url: Option<String>,
    pub(super) topics: BTreeMap<String, Subscription>,
    pub(super) secret: String,
    pub(super) subscribed_by: SubscribedBy,
    pub(super) knobs: Knobs,
    pub(super) rng: StdRng,
    /// How many finished deliveries are remembered.
    pub(super) history: usize,
    pub(super) next: u64,
    pub(super) deliveries: BTreeMap<u64, Delivery>,
    /// What waits for its time, in order.
    pub(super) waiting: BTreeMap<(Timestamp, u64), Parcel>,
}

/// What the sender should do now.
pub(super) enum Next {
    Send(Parcel),
    WaitUntil(Timestamp),
    Nothing,
}

impl Queue {
    /// Queues the webhooks of one action; returns how many are to be sent.
    pub(super) fn add(&mut self, outgoing: Vec<Outgoing>, triggered_at: Timestamp) -> usize {
        let Some(url) = self.url.clone() else { return 0 };
        let event_id = self.uuid();
        let mut added = 0;
        for webhook in outgoing {
            if !self.topics.contains_key(webhook.topic) {
                continue;
            }
            let webhook_id = self.uuid();
            let dropped = self.chance(self.knobs.drop);
            let copies = if !dropped && self.chance(self.knobs.duplicate) { 2 } else { 1 };
            let original = self.next;
            for copy in 0..copies {
                let sequence = self.next;
                self.next += 1;
                self.deliveries.insert(
                    sequence,
                    Delivery {
                        sequence,
                        webhook_id: webhook_id.clone(),
                        event_id: event_id.clone(),
                        topic: webhook.topic.to_owned(),
                        order_id: webhook.order_id,
                        triggered_at,
                        bytes: webhook.body.len(),
                        attempts: Vec::new(),
                        acknowledged_at: None,
                        gave_up: false,
                        dropped,
                        duplicate_of: (copy > 0).then_some(original),
                    },
                );
                if dropped {
                    continue;
                }
                let due = self.scattered(triggered_at);
                self.waiting.insert(
                    (due, sequence),
                    Parcel {
                        sequence,
                        webhook_id: webhook_id.clone(),
                        event_id: event_id.clone(),
                        topic: webhook.topic.to_owned(),
                        triggered_at,
                        url: url.clone(),
                        body: webhook.body.clone(),
                        tries: 0,
                    },
                );
                added += 1;
            }
        }
        self.forget();
        added
    }

    /// What to do at `now`.
    pub(super) fn next(&mut self, now: Timestamp) -> Next {
        match self.waiting.first_entry() {
            None => Next::Nothing,
            Some(entry) if entry.key().0 <= now => Next::Send(entry.remove()),
            Some(entry) => Next::WaitUntil(entry.key().0),
        }
    }

    /// Books one try; returns whether that was the end of the delivery.
    pub(super) fn book(
        &mut self,
        mut parcel: Parcel,
        at: Timestamp,
        ended: Timestamp,
        outcome: Outcome,
    ) -> bool {
        let success = outcome.is_success();
        let finished = success || parcel.tries >= RETRIES;
        if let Some(delivery) = self.deliveries.get_mut(&parcel.sequence) {
            delivery.attempts.push(Attempt { at, outcome });
            if success {
                delivery.acknowledged_at = Some(ended);
            } else {
                delivery.gave_up = finished;
            }
        }
        if success {
            if let Some(subscription) = self.topics.get_mut(&parcel.topic) {
                subscription.last_success = Some(ended);
            }
        } else if finished {
            self.unsubscribe_after_failures(&parcel);
        } else {
            let wait = FIRST_RETRY.saturating_mul(1 << parcel.tries);
            parcel.tries += 1;
            let due = ended.saturating_add(wait).unwrap_or(ended);
            self.waiting.insert((due, parcel.sequence), parcel);
        }
        finished
    }

    fn unsubscribe_after_failures(&mut self, parcel: &Parcel) {
        let dead = self.subscribed_by == SubscribedBy::AdminApi
            && self
                .topics
                .get(&parcel.topic)
                .is_some_and(|s| s.last_success.is_none_or(|success| success < parcel.triggered_at));
        if dead {
            self.topics.remove(&parcel.topic);
        }
    }

    fn chance(&mut self, probability: f64) -> bool {
        probability > 0.0 && self.rng.random_bool(probability.min(1.0))
    }

    fn scattered(&mut self, at: Timestamp) -> Timestamp {
        if self.knobs.reorder_ms == 0 {
            return at;
        }
        let wait = Duration::from_millis(self.rng.random_range(0..=self.knobs.reorder_ms));
        at.saturating_add(wait).unwrap_or(at)
    }

    fn uuid(&mut self) -> String {
        uuid::Builder::from_random_bytes(self.rng.random()).into_uuid().to_string()
    }

    /// Lets go of the oldest finished deliveries beyond what is remembered.
    fn forget(&mut self) {
        while self.deliveries.len() > self.history {
            match self.deliveries.first_entry() {
                Some(entry) if entry.get().is_finished() => drop(entry.remove()),
                _ => break,
            }
        }
    }
}
