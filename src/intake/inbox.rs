//! The inbox's writer: takes what is waiting, commits it as one, then answers each.
//!
//! An answer of stored or duplicate means that the delivery is on disk. The queue is bounded; where it is full, or storage
//! fails, the sender is told to come back, and keeps what it sent.

use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::Verified;
use crate::engine::Wake;
use crate::store::{Accepted, NewDelivery, Store};
use crate::telemetry;

/// Deliveries that may wait for the writer.
const QUEUE: usize = 4096;
/// How long a sender waits for its delivery to be on disk; the shop gives five seconds for all of it. What is committed
/// later is there when it is sent again.
const PATIENCE: Duration = Duration::from_secs(4);
/// Deliveries in one commit.
const BATCH: usize = 32;

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is on disk.
    Stored,
    /// It was on disk before.
    Duplicate,
    /// Storage refuses; nothing was kept.
    Unavailable,
}

struct Waiting {
    delivery: NewDelivery,
    since: Instant,
    answer: oneshot::Sender<Outcome>,
}

/// Where verified deliveries go.
#[derive(Clone)]
pub struct Inbox(Kind);

#[derive(Clone)]
enum Kind {
    Durable(mpsc::Sender<Waiting>),
    Nothing,
}

impl Inbox {
    /// An inbox over `store`; its writer runs until every clone is dropped or `stop` is cancelled and the queue is empty.
    pub fn open(store: Store, wake: Wake, stop: CancellationToken) -> (Self, tokio::task::JoinHandle<()>) {
        let (queue, waiting) = mpsc::channel(QUEUE);
        (Self(Kind::Durable(queue)), tokio::spawn(write(store, wake, waiting, stop)))
    }

    /// An inbox that keeps nothing, to measure what everything before it costs.
    pub const fn keeping_nothing() -> Self {
        Self(Kind::Nothing)
    }

    /// Stores a delivery; returns once it is on disk, or cannot be.
    pub async fn accept(&self, verified: Verified) -> Outcome {
        let Kind::Durable(queue) = &self.0 else { return Outcome::Stored };
        // Packed here, by the task that received it, so that the one writer only writes.
        let delivery = verified.into_delivery();
        let (answer, answered) = oneshot::channel();
        if queue.try_send(Waiting { delivery, since: Instant::now(), answer }).is_err() {
            return Outcome::Unavailable;
        }
        match tokio::time::timeout(PATIENCE, answered).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) | Err(_) => Outcome::Unavailable,
        }
    }
}

async fn write(store: Store, wake: Wake, mut waiting: mpsc::Receiver<Waiting>, stop: CancellationToken) {
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        let taken = tokio::select! {
            taken = waiting.recv_many(&mut batch, BATCH) => taken,
            () = stop.cancelled() => {
                // What was let in before the stop is still answered.
                waiting.close();
                waiting.recv_many(&mut batch, BATCH).await
            }
        };
        if taken == 0 {
            return;
        }
        let mut deliveries = Vec::with_capacity(taken);
        let mut answers = Vec::with_capacity(taken);
        let since = batch.first().map_or_else(Instant::now, |waiting: &Waiting| waiting.since);
        for Waiting { delivery, answer, .. } in batch.drain(..) {
            deliveries.push(delivery);
            answers.push(answer);
        }
        match store.accept(deliveries).await {
            Ok(accepted) => {
                telemetry::deliveries_committed(taken);
                wake.stored(since.elapsed(), &accepted, taken == BATCH);
                for (answer, accepted) in answers.into_iter().zip(accepted) {
                    let _ = answer.send(match accepted {
                        Accepted::Stored(_) => Outcome::Stored,
                        Accepted::Duplicate(_) => Outcome::Duplicate,
                    });
                }
            }
            Err(error) => {
                tracing::error!(%error, deliveries = taken, "deliveries could not be stored; their sender will retry");
                for answer in answers {
                    let _ = answer.send(Outcome::Unavailable);
                }
            }
        }
    }
}
