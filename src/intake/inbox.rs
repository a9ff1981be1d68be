//! The inbox's writer: takes what is waiting, commits it as one, then answers each. Where the store takes several batches
//! at once, the next is on its way before the last is answered.
//!
//! An answer of stored or duplicate means that the delivery is on disk. The queue is bounded; where it is full, or storage
//! fails, the sender is told to come back, and keeps what it sent.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::Verified;
use crate::engine::Wake;
use crate::store::{Accepted, Intake, NewDelivery, Store};
use crate::telemetry;

/// Deliveries that may wait for the writer.
const QUEUE: usize = 4096;
/// How long a sender waits for its delivery to be on disk; the shop gives five seconds for all of it. What is committed
/// later is there when it is sent again.
const PATIENCE: Duration = Duration::from_secs(4);
/// So many in one commit, or more, are a rush.
const RUSH: usize = 32;

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
    let Intake { batch: most, at_once } = store.intake();
    let slots = Arc::new(Semaphore::new(at_once));
    loop {
        // Taken only once it can be written, so that a batch is as large as it can be.
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
        let mut batch = Vec::with_capacity(most);
        let taken = tokio::select! {
            taken = waiting.recv_many(&mut batch, most) => taken,
            () = stop.cancelled() => {
                // What was let in before the stop is still answered.
                waiting.close();
                waiting.recv_many(&mut batch, most).await
            }
        };
        if taken == 0 {
            break;
        }
        let (store, wake) = (store.clone(), wake.clone());
        let writing = async move {
            commit(&store, &wake, batch).await;
            drop(slot);
        };
        if at_once == 1 {
            writing.await;
        } else {
            tokio::spawn(writing);
        }
    }
    // Those on their way are answered too.
    let _ = slots.acquire_many(u32::try_from(at_once).unwrap_or(u32::MAX)).await;
}

/// Stores a batch and tells each of its senders what became of it.
async fn commit(store: &Store, wake: &Wake, batch: Vec<Waiting>) {
    let taken = batch.len();
    let since = batch.first().map_or_else(Instant::now, |waiting| waiting.since);
    let (deliveries, answers): (Vec<_>, Vec<_>) =
        batch.into_iter().map(|Waiting { delivery, answer, .. }| (delivery, answer)).unzip();
    let connections: Vec<Arc<str>> =
        deliveries.iter().map(|delivery| Arc::clone(&delivery.connection)).collect();
    match store.accept(deliveries).await {
        Ok(accepted) => {
            telemetry::deliveries_committed(taken);
            wake.stored(since.elapsed(), &connections, &accepted, taken >= RUSH);
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
