//! The sender's queue: which delivery is due when, and what one try's outcome means for the next.
//!
//! A first try is due at once (or within the reordering window), a retry when the vendor's wait has passed. A
//! delivery on the wire is not in the queue; it comes back with its outcome.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use rand::RngExt;
use rand::rngs::StdRng;

use super::{Attempt, Delivery, Knobs, Outcome, Outgoing, Parcel};

pub(super) struct Queue {
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
        let event_id = self.uuid();
        let mut added = 0;
        for webhook in outgoing {
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
                        topic: webhook.topic.clone(),
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
                        triggered_at,
                        webhook: webhook.clone(),
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

    /// Whether all of so many unfinished deliveries wait for an instant after `now`.
    pub(super) fn is_idle(&self, unfinished: usize, now: Timestamp) -> bool {
        let due = self.waiting.first_key_value().is_some_and(|((due, _), _)| *due <= now);
        self.waiting.len() == unfinished && !due
    }

    /// Writes one try down; `again` is when the next is due, if there is one.
    pub(super) fn book(
        &mut self,
        parcel: Parcel,
        at: Timestamp,
        ended: Timestamp,
        outcome: Outcome,
        again: Option<Timestamp>,
    ) {
        let success = outcome.is_success();
        if let Some(delivery) = self.deliveries.get_mut(&parcel.sequence) {
            delivery.attempts.push(Attempt { at, outcome });
            if success {
                delivery.acknowledged_at = Some(ended);
            } else {
                delivery.gave_up = again.is_none();
            }
        }
        if let Some(due) = again {
            self.waiting.insert((due, parcel.sequence), parcel);
        }
    }

    fn chance(&mut self, probability: f64) -> bool {
        probability > 0.0 && self.rng.random_bool(probability.min(1.0))
    }

    fn scattered(&mut self, at: Timestamp) -> Timestamp {
        if self.knobs.reorder_ms == 0 {
            return at;
        }
        let wait = Duration::from_millis(self.rng.random_range(1..=self.knobs.reorder_ms));
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
