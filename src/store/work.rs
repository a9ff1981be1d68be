//! Work: orders that are due, leased one pass at a time, and everything a pass wants kept, committed as one.
//!
//! A lease is a token in the work row. Every commit of a pass checks it first, in the same transaction: a worker that
//! woke after its lease was taken over writes nothing.

use jiff::Timestamp;
use serde_json::Value;

use super::deliveries::{BodyRow, stored};
use super::on::{On, execute, fetch_all, fetch_optional};
use super::{DeliveryState, Result, Store, StoredDelivery, from_json, instant, micros, parts, sql, to_json};
use crate::domain::mirror::Mirror;
use crate::domain::reason::Reason;
use crate::domain::record::OrderRecord;
use crate::domain::{ConnectionName, OrderRef, RemoteId};
use crate::transport::Try;

/// The right to work on one order for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The order.
    pub order: OrderRef,
    /// The token that fences writes.
    pub token: String,
    /// How often the order had been touched when the lease was given.
    pub touched: i64,
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
    pub changes: Option<Value>,
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
    pub settled: Vec<(i64, DeliveryState, Option<String>)>,
    /// Deliveries that could not be understood.
    pub unreadable: Vec<(i64, Reason)>,
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
const OWED: i64 = 1;
/// The priority of a look by the clock, which is not owed.
const WATCHED: i64 = 2;

impl Store {
    /// Leases up to `limit` orders that are due at `now`, urgent ones first, then those that waited longest.
    pub async fn claim(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: i64,
        token: String,
    ) -> Result<Vec<Lease>> {
        self.write(move |mut on| {
            Box::pin(async move {
                let rows = fetch_all!(
                    on,
                    (String, String, i64),
                    "UPDATE work SET lease = $1, due_at = $2 WHERE (channel, order_id) IN
                        (SELECT channel, order_id FROM work WHERE due_at <= $3 ORDER BY priority, due_at LIMIT $4)
                     RETURNING channel, order_id, touched",
                    &token,
                    micros(until),
                    micros(now),
                    limit
                )?;
                let lease = |(connection, id, touched): (String, String, i64)| Lease {
                    order: OrderRef { connection, id: id.as_str().into() },
                    token: token.clone(),
                    touched,
                };
                Ok(rows.into_iter().map(lease).collect())
            })
        })
        .await
    }

    /// Lets go, at `now`, of every order that an earlier process held when it died; gives how many. To be called before
    /// the first claim: a store on SQLite is one process's alone, so whatever is leased then is left behind.
    pub async fn release_left_behind(&self, now: Timestamp) -> Result<u64> {
        self.write(move |mut on| Box::pin(async move { Ok(execute!(on, sql::RELEASE_ALL, micros(now))?) }))
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
                execute!(on, sql::TOUCH, &order.connection, order.id.as_str(), micros(at), OWED)?;
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
        let order = order.clone();
        self.read(move |on| Box::pin(load(on, order, others))).await
    }

    /// Adds a line to an order's story, outside any pass.
    pub async fn note(&self, order: OrderRef, entry: Entry) -> Result<()> {
        self.write(move |mut on| Box::pin(async move { add_entry(&mut on, &order, &entry).await })).await
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
        changes: Changes,
        gate: Gate,
        now: Timestamp,
    ) -> Result<Committed> {
        let lease = lease.clone();
        self.write(move |on| Box::pin(commit(on, lease, changes, gate, now))).await
    }
}

async fn load(mut on: On<'_>, order: OrderRef, others: Vec<ConnectionName>) -> Result<Loaded> {
    let (channel, id) = (&order.connection, order.id.as_str());
    let (revision, record) = match fetch_optional!(on, (i64, String), sql::RECORD, channel, id)? {
        Some((revision, record)) => (revision, Some(from_json("record", &record)?)),
        None => (0, None),
    };
    let mirrors = fetch_all!(on, (String,), sql::MIRRORS, channel, id)?;
    let mirrors = mirrors.iter().map(|(mirror,)| from_json("mirror", mirror)).collect::<Result<_>>()?;
    let mut deliveries = fetch_all!(on, BodyRow, sql::PENDING, channel, id)?;
    for other in &others {
        deliveries.extend(fetch_all!(on, BodyRow, sql::PENDING, other, id)?);
    }
    deliveries.sort_by_key(|(id, ..)| *id);
    let deliveries = deliveries.into_iter().map(stored).collect::<Result<_>>()?;
    Ok(Loaded { revision, record, mirrors, deliveries })
}

async fn commit(
    mut on: On<'_>,
    lease: Lease,
    changes: Changes,
    gate: Gate,
    now: Timestamp,
) -> Result<Committed> {
    let (channel, id) = (&lease.order.connection, lease.order.id.as_str());
    let Some((touched,)) = fetch_optional!(on, (i64,), sql::LEASE_TOUCHED, channel, id, &lease.token)? else {
        return Ok(Committed::Fenced);
    };
    if gate == Gate::Untouched && touched != lease.touched {
        return Ok(Committed::Touched);
    }
    if let Some((revision, record)) = &changes.record {
        let name = record.document.as_ref().map_or("", |document| document.name.as_str());
        let json = to_json("record", record)?;
        execute!(on, sql::SAVE_RECORD, channel, id, name, *revision, &json, micros(now))?;
        for work in record.work.iter().flatten() {
            parts::learn(&mut on, channel, &work.id, &lease.order.id).await?;
        }
    }
    for (delivery, state, why) in &changes.settled {
        execute!(on, sql::SETTLE_DELIVERY, *delivery, state.as_str(), why)?;
    }
    for (delivery, reason) in &changes.unreadable {
        execute!(on, sql::SETTLE_DELIVERY, *delivery, DeliveryState::Exception.as_str(), reason.to_string())?;
        execute!(on, sql::CLOSE_DELIVERY_EXCEPTION, *delivery, micros(now))?;
        let Reason { code, message, vendor, mend } = reason;
        let none = None::<&str>;
        let (order, code) = (Some(id), code.as_str());
        execute!(
            on,
            sql::ADD_EXCEPTION,
            channel,
            order,
            none,
            Some(*delivery),
            code,
            message,
            vendor,
            mend,
            micros(now)
        )?;
    }
    for entry in &changes.timeline {
        add_entry(&mut on, &lease.order, entry).await?;
    }
    for mirror in &changes.mirrors {
        let (destination, key, state) = (&mirror.destination, mirror.key(), mirror.state.as_str());
        let json = to_json("mirror", mirror)?;
        execute!(on, sql::SAVE_MIRROR, channel, id, destination, key, state, &json, micros(now))?;
    }
    for (destination, step, attempt) in &changes.attempts {
        let Try { operation, request_line, request, status, response, error, at, took } = attempt;
        let (request, response) = (request.as_deref(), response.as_deref());
        let (status, took) = (status.map(i64::from), i64::try_from(took.as_micros()).unwrap_or(i64::MAX));
        execute!(
            on,
            sql::ADD_ATTEMPT,
            channel,
            id,
            destination,
            *step,
            *operation,
            request_line,
            request,
            status,
            response,
            error,
            micros(*at),
            took
        )?;
    }
    for exception in &changes.open {
        open_exception(&mut on, &lease.order, exception, now).await?;
    }
    for at in &changes.close {
        if let Some((open, _)) = exception_at(&mut on, &lease.order, at).await? {
            execute!(on, sql::CLOSE_EXCEPTION, open, micros(now))?;
        }
    }
    if let Some((order, urgent)) = &changes.belongs_to {
        if let Some(part) = lease.order.part() {
            parts::learn(&mut on, channel, &part, order).await?;
        }
        parts::hand_over(&mut on, &lease.order, order, *urgent, now).await?;
    }
    match changes.release {
        None => {}
        // What came in meanwhile is due at once.
        Some(_) if touched != lease.touched => {
            execute!(on, sql::RELEASE_UNTIL, channel, id, &lease.token, micros(now), OWED)?;
        }
        Some(Release::Until(at)) => {
            execute!(on, sql::RELEASE_UNTIL, channel, id, &lease.token, micros(at), OWED)?;
        }
        Some(Release::Watch(at)) => {
            execute!(on, sql::RELEASE_UNTIL, channel, id, &lease.token, micros(at), WATCHED)?;
        }
        Some(Release::Finished) => {
            execute!(on, sql::FINISH, channel, id, &lease.token)?;
        }
    }
    Ok(Committed::Yes { again: changes.release.is_some() && touched != lease.touched })
}

async fn add_entry(on: &mut On<'_>, order: &OrderRef, entry: &Entry) -> Result<()> {
    let Entry { at, kind, source, delivery, text, changes } = entry;
    let (channel, id) = (&order.connection, order.id.as_str());
    let changes = changes.as_ref().map(ToString::to_string);
    let (at, changes) = (micros(*at), changes.as_deref());
    execute!(*on, sql::ADD_ENTRY, channel, id, at, *kind, source, *delivery, text, changes)?;
    Ok(())
}

async fn exception_at(on: &mut On<'_>, order: &OrderRef, at: &ExceptionAt) -> Result<Option<(i64, String)>> {
    let destination = match at {
        ExceptionAt::Order => None,
        ExceptionAt::Destination(name) => Some(name),
    };
    let (channel, id) = (&order.connection, order.id.as_str());
    Ok(fetch_optional!(*on, (i64, String), sql::OPEN_EXCEPTION_AT_ORDER, channel, id, destination)?)
}

async fn open_exception(
    on: &mut On<'_>,
    order: &OrderRef,
    exception: &OpenException,
    now: Timestamp,
) -> Result<()> {
    let Reason { code, message, vendor, mend } = &exception.reason;
    let code = code.as_str();
    match exception_at(on, order, &exception.at).await? {
        // The same cause, in the newest words, stays one exception; another cause is another.
        Some((open, known)) if known == code => {
            execute!(*on, sql::CHANGE_EXCEPTION, open, code, message, vendor, mend)?;
        }
        other => {
            if let Some((open, _)) = other {
                execute!(*on, sql::CLOSE_EXCEPTION, open, micros(now))?;
            }
            let destination = match &exception.at {
                ExceptionAt::Order => None,
                ExceptionAt::Destination(name) => Some(name),
            };
            let (channel, id, none) = (&order.connection, Some(order.id.as_str()), None::<i64>);
            execute!(
                *on,
                sql::ADD_EXCEPTION,
                channel,
                id,
                destination,
                none,
                code,
                message,
                vendor,
                mend,
                micros(now)
            )?;
        }
    }
    Ok(())
}
