//! The loop: sort deliveries to orders, merge their facts, work out what every copy should say, and make it so.
//!
//! [`desired`] and [`plan`] are pure and hold every business rule; the rest moves subjects between due and not due and
//! knows nothing of what is in them. The loop never holds a transaction over network I/O, and every write of a pass is
//! fenced by its lease.

pub mod channel;
mod converge;
mod customs;
mod delivery;
pub mod desired;
mod hearing;
pub mod judging;
mod pass;
pub mod plan;
mod presence;
mod pressure;
mod preview;
pub mod refunding;
pub mod retry;

pub use presence::Presence;
pub use preview::Owed;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::connectors::Registry;
use crate::domain::ConnectionName;
use crate::domain::route::Route;
use crate::store::{Accepted, DeliveryRef, Lease, Loaded, LostClaim, SortedInto, Store, StoreError, Wanted};
use crate::telemetry;
use hearing::{Fresh, LEFT_BEHIND, Next};
use pressure::{BREATH, Pressure};

/// How long a lease lasts without a heartbeat.
const LEASE: Duration = Duration::from_mins(1);
/// How often a pass at work renews its lease.
const HEARTBEAT: Duration = Duration::from_secs(20);
/// How often the loop looks without being woken: the truth where a wake-up was missed.
const POLL: Duration = Duration::from_secs(1);
/// Deliveries sorted at once.
const SORT_BATCH: usize = 256;
/// The rest while this instance has no part in the work.
const NOT_COUNTED: Duration = Duration::from_millis(100);
/// The rest after a storage failure.
const STORAGE_PAUSE: Duration = Duration::from_millis(250);

/// Wakes the loop; clones wake the same one.
#[derive(Clone, Debug, Default)]
pub struct Wake {
    sorter: Arc<Notify>,
    dispatcher: Arc<Notify>,
    pressure: Pressure,
    fresh: Fresh,
}

impl Wake {
    /// Deliveries of these connections were stored: the first of them had waited so long for it, and there may be more than fit
    /// one commit.
    pub fn stored(&self, waited: Duration, connections: &[Arc<str>], accepted: &[Accepted], full: bool) {
        self.pressure.committed(waited, accepted.len(), full);
        let own = connections.iter().zip(accepted).filter_map(|(connection, accepted)| match accepted {
            Accepted::Stored(id) => Some(DeliveryRef { connection: Arc::clone(connection), id: *id }),
            Accepted::Duplicate(_) => None,
        });
        // A repeat may be news, and its own id is not known here.
        let others = accepted.iter().any(|accepted| matches!(accepted, Accepted::Duplicate(_)));
        self.fresh.stored(own, others);
        self.sorter.notify_one();
    }

    /// Deliveries are to be sorted again.
    pub fn unsorted(&self) {
        self.fresh.stored([], true);
        self.sorter.notify_one();
    }

    /// Orders are due.
    pub fn due(&self) {
        self.dispatcher.notify_one();
    }
}

/// The loop over one store.
pub struct Engine {
    store: Store,
    registry: Registry,
    routes: Vec<Route>,
    presence: Presence,
    wake: Wake,
    workers: usize,
    /// Tokens of claims whose answers were lost.
    lost_claims: Mutex<Vec<String>>,
    /// What destinations said changed when they were asked last.
    reported: Mutex<BTreeMap<ConnectionName, hearing::Reported>>,
}

impl Engine {
    /// A loop of `workers` passes at once.
    pub fn new(
        store: Store,
        registry: Registry,
        routes: Vec<Route>,
        presence: Presence,
        wake: Wake,
        workers: usize,
    ) -> Arc<Self> {
        let (lost_claims, reported) = (Mutex::default(), Mutex::default());
        let workers = workers.max(1);
        Arc::new(Self { store, registry, routes, presence, wake, workers, lost_claims, reported })
    }

    /// What is kept.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// What wakes the loop.
    pub fn wake(&self) -> &Wake {
        &self.wake
    }

    /// The clock.
    pub fn clock(&self) -> &Clock {
        self.presence.clock()
    }

    /// This instance among others.
    pub fn presence(&self) -> &Presence {
        &self.presence
    }

    /// Runs until `stop`, then finishes the passes at work.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let gone = CancellationToken::new();
        let being = tokio::spawn({
            let (engine, gone) = (Arc::clone(&self), gone.clone());
            async move { engine.presence.keep(&engine.store, gone).await }
        });
        let sorting = tokio::spawn(Arc::clone(&self).keep_sorting(stop.clone()));
        let polling = tokio::spawn(Arc::clone(&self).keep_polling(stop.clone()));
        Arc::clone(&self).keep_dispatching(stop).await;
        let _ = sorting.await;
        let _ = polling.await;
        gone.cancel();
        let _ = being.await;
    }

    /// Sorts and converges until nothing is left that could be done at the clock's present instant. For tests and tools:
    /// everything happens in the caller's task, one order after another.
    pub async fn settle(&self) -> Result<(), StoreError> {
        loop {
            while self.sort_batch(Next::Any, SORT_BATCH).await? > 0 {}
            let leases = self.claim(1).await?;
            if leases.is_empty() {
                return Ok(());
            }
            for (lease, loaded) in leases {
                self.pass(lease, loaded).await;
            }
        }
    }

    async fn keep_sorting(self: Arc<Self>, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let (most, _) = self.wake.pressure.share_of(SORT_BATCH);
            // Alone on its store it need not remember which are its own; that would only cost memory.
            let fresh = self.wake.fresh.next(most);
            let next = if self.store.is_shared() { fresh } else { Next::Any };
            match self.sort_batch(next, most).await {
                Ok(0) if self.wake.fresh.is_empty() => tokio::select! {
                    () = self.wake.sorter.notified() => {}
                    () = self.clock().sleep(POLL) => {}
                    () = stop.cancelled() => {}
                },
                Ok(_) if self.wake.pressure.share_of(1).1 => tokio::time::sleep(BREATH).await,
                Ok(_) => {}
                Err(error) => self.storage_failed("sorting deliveries", &error).await,
            }
        }
    }

    /// Sorts what is stored, so many at the most; gives how many deliveries that were.
    async fn sort_batch(&self, next: Next, most: usize) -> Result<usize, StoreError> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let stored = match next {
            Next::Any => self.store.unsorted(most).await?,
            Next::These(own) => self.store.unsorted_of(own).await?,
            Next::LeftBehind => {
                let now = self.clock().now();
                self.store.unsorted_before(now.saturating_sub(LEFT_BEHIND).unwrap_or(now), most).await?
            }
        };
        if stored.is_empty() {
            return Ok(0);
        }
        let mut sorted = Vec::with_capacity(stored.len());
        for delivery in &stored {
            sorted.push(self.sort(delivery).await?);
        }
        for delivery in &sorted {
            let outcome = match &delivery.into {
                SortedInto::Order { .. } | SortedInto::Part { .. } => continue,
                SortedInto::Nothing(state, _) => state.as_str(),
                SortedInto::Exception(reason) => {
                    tracing::warn!(delivery = delivery.id, code = %reason.code, "a delivery could not be understood");
                    "exception"
                }
            };
            telemetry::delivery_settled(&delivery.connection, outcome);
        }
        self.store.sort(sorted, self.clock().now()).await?;
        self.wake.due();
        Ok(stored.len())
    }

    async fn keep_dispatching(self: Arc<Self>, stop: CancellationToken) {
        let passes = TaskTracker::new();
        let free = Arc::new(Notify::new());
        while !stop.is_cancelled() {
            let (share, pressed) = self.wake.pressure.share_of(self.workers);
            let room = share.saturating_sub(passes.len());
            if pressed {
                tokio::time::sleep(BREATH).await;
            }
            if !self.presence.may_work() {
                tokio::time::sleep(NOT_COUNTED).await;
                continue;
            }
            let leases = if room == 0 { Ok(Vec::new()) } else { self.claim(room).await };
            match leases {
                Ok(leases) => {
                    let more = room > 0 && leases.len() == room;
                    for (lease, loaded) in leases {
                        let (engine, free) = (Arc::clone(&self), Arc::clone(&free));
                        passes.spawn(async move {
                            engine.pass(lease, loaded).await;
                            free.notify_one();
                        });
                    }
                    if !more {
                        self.wait_for_work(room, &free, &stop).await;
                    }
                }
                Err(error) => self.storage_failed("claiming orders", &error).await,
            }
        }
        passes.close();
        passes.wait().await;
    }

    /// Waits until something may be due, or (where all workers are busy) until one is free.
    async fn wait_for_work(&self, room: usize, free: &Notify, stop: &CancellationToken) {
        if room == 0 {
            tokio::select! {
                () = free.notified() => {}
                () = stop.cancelled() => {}
            }
            return;
        }
        let poll = self.clock().now().saturating_add(POLL).unwrap_or(Timestamp::MAX);
        let next = self.store.next_due().await.ok().flatten().map_or(poll, |due| due.min(poll));
        tokio::select! {
            () = self.wake.dispatcher.notified() => {}
            () = self.clock().sleep_until(next) => {}
            () = stop.cancelled() => {}
        }
    }

    /// Leases orders that are due, with what is kept of each.
    async fn claim(&self, limit: usize) -> Result<Vec<(Lease, Result<Loaded, StoreError>)>, StoreError> {
        let now = self.clock().now();
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let take_over = self.presence.may_take_over();
        if self.presence.was_set_back() {
            self.store.look_at_all(now).await?;
            self.presence.looked_at_all();
        }
        let lost = self.lost_claims().clone();
        for token in lost {
            self.store.release_lost(&token, now).await?;
            self.lost_claims().retain(|lost| *lost != token);
        }
        let claim = self.store.claim(self.presence.name(), now, later(now, LEASE), limit, take_over);
        let leases = claim.await.map_err(|LostClaim { token, why }| {
            self.lost_claims().push(token);
            why
        })?;
        let orders = leases.iter().map(|lease| Wanted {
            order: lease.order.clone(),
            others: self.tellers(&lease.order.connection),
            oldest: lease.oldest,
        });
        let loaded = self.store.load_all(orders.collect()).await;
        Ok(leases.into_iter().zip(loaded).collect())
    }

    fn lost_claims(&self) -> MutexGuard<'_, Vec<String>> {
        self.lost_claims.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn storage_failed(&self, what: &str, error: &StoreError) {
        if !matches!(error, StoreError::Closed) {
            tracing::error!(%error, "{what} failed; trying again");
        }
        tokio::time::sleep(STORAGE_PAUSE).await;
    }
}

fn later(now: Timestamp, by: Duration) -> Timestamp {
    now.saturating_add(by).unwrap_or(Timestamp::MAX)
}
