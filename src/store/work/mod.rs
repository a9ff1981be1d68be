//! Work: orders that are due, leased one pass at a time, and everything a pass wants kept, committed as one.
//!
//! A lease is a token in the work row. Every commit of a pass checks it first, in the same transaction: a worker that
//! woke after its lease was taken over writes nothing.

mod load;
pub(in crate::store) mod parts;
pub(in crate::store) mod passes;

use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::mirror::Mirror;
use crate::domain::reason::Reason;
use crate::domain::record::OrderRecord;
use crate::domain::timeline::Change;
use crate::domain::{ConnectionName, OrderRef, RemoteId};
use crate::store::instances::lease_prefix;
use crate::store::on::{execute, fetch_all, fetch_optional};
use crate::store::{
    DeliveryRef, DeliveryState, Result, Store, StoreError, StoredDelivery, instant, micros, sql, to_json,
};
use crate::transport::Try;
use load::load;
use passes::Keep;

/// The right to work on one order for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The order.
    pub order: OrderRef,
    /// The token that fences writes.
    pub token: String,
    /// How often the order had been touched when the lease was given.
    pub touched: i64,
    /// No delivery that waited for it then has a smaller id, nor has any its body with one, where that is known.
    pub oldest: Option<i64>,
    /// When it runs out, unless it is renewed.
    pub until: Timestamp,
}

/// A claim that failed, or whose answer was lost: what it may have leased is nobody's until it is let go.
#[derive(Debug)]
pub struct LostClaim {
    /// The token of its leases.
    pub token: String,
    /// What went wrong.
    pub why: StoreError,
}

/// An order of which what is kept is to be read.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The order.
    pub order: OrderRef,
    /// Connections besides its channel whose deliveries about it are read.
    pub others: Vec<ConnectionName>,
    /// No delivery that waits for it has a smaller id, nor has any its body with one, where that is known.
    pub oldest: Option<i64>,
}

/// What is kept of an order, as a pass begins.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// How often the record changed.
    pub revision: i64,
    /// The record, if there is one.
    pub record: Option<OrderRecord>,
    /// Its mirrors.
    pub mirrors: Vec<Mirror>,
    /// Deliveries whose facts are not merged yet, in order of arrival.
    pub deliveries: Vec<StoredDelivery>,
}

/// A line of an order's story.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// `fact`, `decision`, `step`, `exception` or `drift`.
    pub kind: &'static str,
    /// The connection or person it comes from.
    pub source: String,
    /// The delivery it comes from.
    pub delivery: Option<i64>,
    /// In words.
    pub text: String,
    /// What changed.
    pub changes: Vec<Change>,
}

impl Entry {
    /// What changed, as it is written.
    pub(in crate::store) fn changes(&self) -> Result<Option<String>> {
        (!self.changes.is_empty()).then(|| to_json("changes", &self.changes)).transpose()
    }
}

/// What an exception is about, besides its order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExceptionAt {
    /// The order itself.
    Order,
    /// Its copy at this destination.
    Destination(ConnectionName),
}

/// An exception to open, or to bring up to date where one is open there already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenException {
    /// What it is about.
    pub at: ExceptionAt,
    /// Why.
    pub reason: Reason,
}

/// How a pass lets go of its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// Nothing is owed.
    Finished,
    /// Something is owed, not before this instant.
    Until(Timestamp),
    /// Nothing is owed, and it is looked at again at this instant.
    Watch(Timestamp),
}

/// What must still be true for a commit to go through, besides the lease.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Gate {
    /// Nothing more.
    #[default]
    None,
    /// Nothing new came in for the order since the pass read it: the commit lets goods leave.
    Untouched,
}

/// Everything a pass wants kept.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// The record, with its new revision.
    pub record: Option<(i64, OrderRecord)>,
    /// Deliveries that are done with: what became of each and why.
    pub settled: Vec<(DeliveryRef, DeliveryState, Option<String>)>,
    /// Deliveries that could not be understood.
    pub unreadable: Vec<(DeliveryRef, Reason)>,
    /// The story's new lines.
    pub timeline: Vec<Entry>,
    /// Mirrors that changed.
    pub mirrors: Vec<Mirror>,
    /// Tries made: destination (or channel), step, try.
    pub attempts: Vec<(ConnectionName, &'static str, Try)>,
    /// Exceptions to open.
    pub open: Vec<OpenException>,
    /// Exceptions that are over.
    pub close: Vec<ExceptionAt>,
    /// The order that turned out to be the one known only by its part, and whether what waited for that may stop goods.
    pub belongs_to: Option<(RemoteId, bool)>,
    /// Lets go of the order.
    pub release: Option<Release>,
    /// Whether, with this, every delivery is settled that waited when the lease was given.
    pub heard: bool,
}

impl Changes {
    /// Whether there is nothing to keep.
    pub fn is_empty(&self) -> bool {
        self.record.is_none()
            && self.settled.is_empty()
            && self.unreadable.is_empty()
            && self.timeline.is_empty()
            && self.mirrors.is_empty()
            && self.attempts.is_empty()
            && self.open.is_empty()
            && self.close.is_empty()
            && self.belongs_to.is_none()
            && self.release.is_none()
    }
}

/// What became of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Committed {
    /// All of it is kept; the order is due again at once where something came in meanwhile and the pass let go of it.
    Yes {
        /// Whether it is due again.
        again: bool,
    },
    /// None of it: the lease is another's now.
    Fenced,
    /// None of it: something new came in, and the gate asked for that not to be so.
    Touched,
}

/// The priority of work that is owed; urgent work has a smaller one.
pub(in crate::store) const OWED: i64 = 1;
/// The priority of a look by the clock, which is not owed.
pub(in crate::store) const WATCHED: i64 = 2;

impl Store {
    /// Leases up to `limit` orders that are due at `now` for an instance, urgent ones first, then those that waited longest;
    /// those whose lease ran out too, where it may take over.
    pub async fn claim(
        &self,
        instance: &str,
        now: Timestamp,
        until: Timestamp,
        limit: i64,
        take_over: bool,
    ) -> std::result::Result<Vec<Lease>, LostClaim> {
        let token = format!("{}{}", lease_prefix(instance), uuid::Uuid::new_v4());
        self.claim_as(token.clone(), now, until, limit, take_over)
            .await
            .map_err(|why| LostClaim { token, why })
    }

    async fn claim_as(
        &self,
        token: String,
        now: Timestamp,
        until: Timestamp,
        limit: i64,
        take_over: bool,
    ) -> Result<Vec<Lease>> {
        self.write(move |mut on| {
            Box::pin(async move {
                let claim = on.dialect().claim;
                let rows = fetch_all!(
                    on,
                    (String, String, i64, Option<i64>),
                    claim,
                    &token,
                    micros(until),
                    micros(now),
                    limit,
                    take_over
                )?;
                let lease = |(connection, id, touched, oldest): (String, String, i64, _)| Lease {
                    order: OrderRef { connection, id: id.as_str().into() },
                    token: token.clone(),
                    touched,
                    oldest,
                    until,
                };
                Ok(rows.into_iter().map(lease).collect())
            })
        })
        .await
    }

    /// Makes every order due at `now` that was put off beyond it, whatever it waits for: the clock by which it was put off was
    /// wrong. What is too early is put off again.
    pub async fn look_at_all(&self, now: Timestamp) -> Result<u64> {
        self.write(move |mut on| Box::pin(async move { Ok(execute!(on, sql::DUE_ALL, micros(now))?) })).await
    }

    /// Lets go, at `now`, of what a claim leased whose answer was lost.
    pub async fn release_lost(&self, claim: &str, now: Timestamp) -> Result<u64> {
        let token = claim.to_owned();
        self.write(move |mut on| {
            Box::pin(async move { Ok(execute!(on, sql::RELEASE_TOKEN, micros(now), &token)?) })
        })
        .await
    }

    /// When the next order comes due.
    pub async fn next_due(&self) -> Result<Option<Timestamp>> {
        self.read(|mut on| {
            Box::pin(async move {
                let row = fetch_optional!(on, (Option<i64>,), sql::NEXT_DUE)?;
                Ok(row.and_then(|(at,)| at).map(instant))
            })
        })
        .await
    }

    /// Makes an order due at `at`.
    pub async fn touch(&self, order: OrderRef, at: Timestamp) -> Result<()> {
        self.write(move |mut on| {
            Box::pin(async move {
                let (channel, id) = (&order.connection, order.id.as_str());
                execute!(on, sql::TOUCH, channel, id, micros(at), OWED, None::<i64>)?;
                Ok(())
            })
        })
        .await
    }

    /// What is kept of an order, with the deliveries of its channel that wait.
    pub async fn load(&self, order: &OrderRef) -> Result<Loaded> {
        self.load_with(order, Vec::new()).await
    }

    /// The same, with the deliveries about it that other connections sent.
    pub async fn load_with(&self, order: &OrderRef, others: Vec<ConnectionName>) -> Result<Loaded> {
        self.load_all(vec![Wanted { order: order.clone(), others, oldest: None }])
            .await
            .pop()
            .unwrap_or(Err(StoreError::Closed))
    }

    /// What is kept of each of these orders, as [`Store::load_with`] gives it; one that cannot be read takes no other with
    /// it.
    pub async fn load_all(&self, orders: Vec<Wanted>) -> Vec<Result<Loaded>> {
        let count = orders.len();
        if count == 0 {
            return Vec::new();
        }
        let loaded = self.read(move |on| Box::pin(async move { load(on, &orders).await }));
        loaded.await.unwrap_or_else(|error| {
            let why = error.to_string();
            (0..count).map(|_| Err(StoreError::Unusable(why.clone()))).collect()
        })
    }

    /// Adds a line to an order's story, outside any pass.
    pub async fn note(&self, order: OrderRef, entry: Entry) -> Result<()> {
        self.write(move |mut on| {
            Box::pin(async move {
                let Entry { at, kind, source, delivery, text, .. } = &entry;
                let (channel, id) = (&order.connection, order.id.as_str());
                let (at, changes) = (micros(*at), entry.changes()?);
                execute!(on, sql::ADD_ENTRY, channel, id, at, *kind, source, *delivery, text, changes)?;
                Ok(())
            })
        })
        .await
    }

    /// Whether anything is known of an order.
    pub async fn knows(&self, order: &OrderRef) -> Result<bool> {
        let order = order.clone();
        self.read(move |mut on| {
            Box::pin(async move {
                let (channel, id) = (&order.connection, order.id.as_str());
                Ok(fetch_optional!(on, (i64,), sql::KNOWS, channel, id)?.is_some())
            })
        })
        .await
    }

    /// The order of a channel that a part belongs to, where that was learnt.
    pub async fn order_of(&self, channel: &str, part: &RemoteId) -> Result<Option<RemoteId>> {
        let (channel, part) = (channel.to_owned(), part.clone());
        self.read(move |mut on| Box::pin(async move { parts::order_of(&mut on, &channel, &part).await }))
            .await
    }

    /// Keeps the lease until `until`; false where it is another's now.
    pub async fn renew(&self, lease: &Lease, until: Timestamp) -> Result<bool> {
        let lease = lease.clone();
        self.write(move |mut on| {
            Box::pin(async move {
                let Lease { order, token, .. } = &lease;
                let renewed =
                    execute!(on, sql::RENEW, &order.connection, order.id.as_str(), token, micros(until))?;
                Ok(renewed > 0)
            })
        })
        .await
    }

    /// Keeps what a pass wants kept, all or nothing, if the lease still holds and the gate allows.
    pub async fn commit(
        &self,
        lease: &Lease,
        changes: impl Into<Arc<Changes>>,
        gate: Gate,
        now: Timestamp,
    ) -> Result<Committed> {
        self.jobs().keep(Keep::new(lease.clone(), changes.into(), gate, now)?).await
    }
}
