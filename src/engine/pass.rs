//! One pass over one leased order: merge what came in, settle what is in doubt, bring every copy in step, let go.
//!
//! What the pass wants kept gathers in [`Changes`] and is committed before each remote step (with the step as intent) and
//! at the end; a pass without remote steps is one transaction. A pass that lost its lease writes nothing more.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::converge::Target;
use super::hearing::hear;
use super::{Engine, HEARTBEAT, LEASE, STORAGE_PAUSE, later, retry};
use crate::connectors::Heard;
use crate::domain::ConnectionName;
use crate::domain::mirror::{Mirror, MirrorState};
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::record::{Fact, Merge, OrderRecord, Origin, Recheck, merge, merge_missing};
use crate::domain::timeline::changes;
use crate::store::{
    Changes, Committed, DeliveryState, Entry, ExceptionAt, Gate, Lease, Loaded, OpenException, Release,
    StoreError, StoredDelivery,
};
use crate::telemetry;
use crate::transport::{Fault, Log, Term};

/// How much of a lease has to be left when a call begins that changes something.
const HALF_LEASE: SignedDuration = SignedDuration::from_secs(30);
/// When to ask again for a source that refused.
const SOURCE_REFUSED: Duration = Duration::from_mins(15);
/// The longest wait between tries to read a source.
const SOURCE_LONGEST: Duration = Duration::from_mins(5);

/// Why a pass ended before its end.
#[derive(Debug)]
pub(super) enum Halt {
    /// The lease is another's.
    Fenced,
    /// Something new came in that a release must know of first; the order is due again.
    Touched,
    /// Storage failed; the lease runs out by itself.
    Storage(StoreError),
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Self {
        Self::Storage(error)
    }
}

/// A pass at work.
pub(super) struct Pass<'e> {
    pub(super) engine: &'e Engine,
    lease: Lease,
    /// Until when a call that changes something may be begun.
    pub(super) term: Term,
    revision: i64,
    pub(super) record: OrderRecord,
    /// The record as JSON when it last changed, to tell what a fact changed.
    shown: Value,
    pub(super) mirrors: Vec<Mirror>,
    pub(super) changes: Changes,
    /// When the first of the deliveries of this pass was received.
    pub(super) heard_at: Option<Timestamp>,
    /// When the source is to be asked again.
    ask_again: Option<Timestamp>,
    /// Whether the record holds something that is not kept yet.
    pub(super) unsaved: bool,
}

impl Engine {
    /// Works on one order until nothing can be done for it now.
    pub(super) async fn pass(&self, lease: Lease, loaded: Result<Loaded, StoreError>) {
        let order = lease.order.clone();
        // A call takes half a lease at the most; so whatever is begun by then has ended when another may take over.
        let begun_by = |until: Timestamp| until.saturating_sub(HALF_LEASE).unwrap_or(until);
        let term = Term::new(begun_by(lease.until));
        let working = async {
            match Box::pin(self.work(lease.clone(), loaded, term.clone())).await {
                Ok(()) | Err(Halt::Fenced | Halt::Touched | Halt::Storage(StoreError::Closed)) => {}
                Err(Halt::Storage(error)) => {
                    tracing::error!(%order, %error, "a pass could not be kept");
                    self.let_go(&lease).await;
                }
            }
        };
        let beating = async {
            loop {
                self.clock().sleep(HEARTBEAT).await;
                let until = later(self.clock().now(), LEASE);
                if matches!(self.store.renew(&lease, until).await, Ok(true)) {
                    term.extend(begun_by(until));
                }
            }
        };
        tokio::select! {
            () = working => {}
            () = beating => {}
        }
    }

    /// Lets go of an order of which nothing could be kept, as soon as storage is back: it would wait for its lease to run out.
    async fn let_go(&self, lease: &Lease) {
        loop {
            tokio::time::sleep(STORAGE_PAUSE).await;
            let now = self.clock().now();
            let changes = Changes { release: Some(Release::Until(now)), ..Changes::default() };
            match self.store.commit(lease, changes, Gate::None, now).await {
                Ok(_) | Err(StoreError::Closed) => return,
                Err(_) if now > lease.until => return,
                Err(_) => {}
            }
        }
    }

    async fn work(&self, lease: Lease, loaded: Result<Loaded, StoreError>, term: Term) -> Result<(), Halt> {
        let loaded = loaded?;
        let record = loaded.record.unwrap_or_else(|| OrderRecord::new(lease.order.clone()));
        let mut pass = Pass {
            engine: self,
            lease,
            term,
            revision: loaded.revision,
            shown: shown(&record),
            record,
            mirrors: loaded.mirrors,
            changes: Changes::default(),
            heard_at: loaded.deliveries.iter().map(|delivery| delivery.received_at).min(),
            ask_again: None,
            unsaved: false,
        };
        if let Some(part) = pass.lease.order.part() {
            return pass.ask_whose(&part, &loaded.deliveries).await;
        }
        pass.merge_deliveries(&loaded.deliveries);
        // A cancel stops goods whatever else is in doubt.
        let decided = pass.settle_source().await || pass.record.is_cancelled();
        let mut edits_end = None;
        if decided {
            edits_end = pass.note_edit_windows();
            pass.note_recheck();
            pass.forget_unrouted();
            pass.converge_all().await?;
        }
        // Where nothing could be decided, a mirror whose time has come waits for the source too.
        let targets = self.targets(&pass.record, &pass.mirrors);
        let is_served = |mirror: &&Mirror| targets.iter().any(|target| target.name() == mirror.destination);
        let mirrors = pass.mirrors.iter().filter(|mirror| decided && is_served(mirror));
        let next = mirrors.clone().filter_map(|mirror| mirror.next_at).chain(pass.ask_again).min();
        let watch = mirrors.filter_map(|mirror| mirror.watch_at).min();
        // An order that waits for its edit window to end is owed what comes then.
        let next = next.or(edits_end.filter(|end| watch.is_none_or(|watch| *end <= watch)));
        pass.changes.release = Some(match (next, watch) {
            (Some(next), _) => Release::Until(next),
            (None, Some(watch)) => Release::Watch(watch),
            (None, None) => Release::Finished,
        });
        pass.changes.heard = true;
        pass.commit(Gate::None).await
    }
}

impl Pass<'_> {
    pub(super) fn now(&self) -> Timestamp {
        self.engine.clock().now()
    }

    /// A number to spread this order's waits by.
    pub(super) fn jitter(&self) -> u32 {
        retry::jitter(&self.lease.order, self.now())
    }

    pub(super) fn channel(&self) -> &str {
        &self.lease.order.connection
    }

    pub(super) fn merge_deliveries(&mut self, deliveries: &[StoredDelivery]) {
        for delivery in deliveries {
            let facts = match hear(&self.engine.registry, delivery) {
                Ok(Heard::Facts { facts, .. }) => facts,
                Ok(Heard::Copy { .. }) => {
                    let known = self.mirrors.iter().position(|m| m.destination == delivery.connection);
                    let (state, why) = match known {
                        Some(at) => {
                            self.mirrors[at].look = true;
                            self.keep_mirror(at);
                            (DeliveryState::Applied, "the copy is looked at")
                        }
                        None => (DeliveryState::NoChange, "there is no copy of it"),
                    };
                    self.changes.settled.push((delivery.which(), state, Some(why.to_owned())));
                    telemetry::delivery_settled(&delivery.connection, state.as_str());
                    continue;
                }
                Ok(Heard::Part { .. }) => vec![Fact::Touched(None)],
                Ok(Heard::Nothing(why)) => {
                    self.changes.settled.push((delivery.which(), DeliveryState::NoChange, Some(why)));
                    continue;
                }
                Err(reason) => {
                    self.changes.unreadable.push((delivery.which(), reason));
                    telemetry::delivery_settled(&delivery.connection, "exception");
                    continue;
                }
            };
            self.unsaved = true;
            let origin = Origin::Webhook(delivery.received_at);
            let mut outcome = None;
            for fact in facts {
                outcome = outcome.max(Some(merge(&mut self.record, fact, origin)));
            }
            let (state, why) = match outcome.unwrap_or(Merge::NoChange) {
                Merge::Applied => (DeliveryState::Applied, None),
                Merge::Unsettled => {
                    (DeliveryState::Applied, Some("the order is read from its source".to_owned()))
                }
                Merge::NoChange => (DeliveryState::NoChange, None),
                Merge::Stale => (DeliveryState::Stale, Some("something newer was known already".to_owned())),
            };
            self.changes.settled.push((delivery.which(), state, why));
            telemetry::delivery_settled(&delivery.connection, state.as_str());
            self.tell_changes(&delivery.connection.clone(), Some(delivery.id), &delivery.topic.clone());
        }
    }

    /// Notes which edit windows are over, as a fact by which their gates open; gives the end of the next that is not.
    fn note_edit_windows(&mut self) -> Option<Timestamp> {
        let (now, channel) = (self.now(), self.channel().to_owned());
        let order = self
            .record
            .document
            .as_ref()
            .filter(|_| !self.record.is_cancelled() && !self.record.is_deleted())?;
        let routes = self.engine.routes.iter().filter(|route| route.from == channel);
        let (over, open): (Vec<_>, Vec<_>) =
            routes.filter_map(|route| route.edits_end_at(order)).partition(|end| *end <= now);
        if let Some(end) = over.into_iter().max().filter(|end| self.record.edits_ended_at < Some(*end)) {
            self.record.edits_ended_at = Some(end);
            self.unsaved = true;
            self.tell_changes(&channel, None, "the time for the buyer's own edits is over");
        }
        open.into_iter().min()
    }

    /// What was thought, and asked of people, where no route sends the order any more binds nobody; the copy stays as it is.
    fn forget_unrouted(&mut self) {
        let (engine, channel) = (self.engine, self.channel().to_owned());
        let is_routed = |name: &str| {
            let connection = name.split('/').next().unwrap_or(name);
            engine.routes.iter().any(|route| route.from == channel && route.to == connection)
        };
        let record = &mut self.record;
        let kept = |record: &OrderRecord| {
            (record.verdicts.len(), record.withheld.len(), record.unjudged.len(), record.undecided.len())
        };
        let before = kept(record);
        record.verdicts.retain(|name, _| is_routed(name));
        record.withheld.retain(|name, _| is_routed(name));
        record.unjudged.retain(|name| is_routed(name));
        record.undecided.retain(|name, _| is_routed(name));
        self.unsaved |= kept(record) != before;
        for at in 0..self.mirrors.len() {
            let mirror = &mut self.mirrors[at];
            if mirror.reason.is_none() || mirror.destination == channel || is_routed(&mirror.destination) {
                continue;
            }
            // Should a route come back, it is planned anew.
            (mirror.reason, mirror.digest, mirror.state) = (None, None, MirrorState::Closed);
            let name = mirror.destination.clone();
            self.keep_mirror(at);
            self.changes.close.push(ExceptionAt::Destination(name));
        }
    }

    /// Notes that a person asks at the channel to have the order judged anew.
    fn note_recheck(&mut self) {
        let engine = self.engine;
        let channel = self.channel().to_owned();
        let source = engine.registry.get(&channel).and_then(|connected| connected.channel.as_ref());
        let Some((wanted, order)) = source
            .and_then(|source| source.signs().recheck_tag.as_deref())
            .zip(self.record.document.as_ref())
        else {
            return;
        };
        let Some(tag) = order.tags.iter().find(|tag| tag.eq_ignore_ascii_case(wanted)).cloned() else {
            return;
        };
        if self.record.recheck.is_some() {
            return;
        }
        let judges = engine.copies(&channel).into_iter().filter(Target::judges);
        let waiting = judges.map(|judge| judge.name().to_owned()).collect();
        let text = format!("a re-check was asked for at «{channel}», by the tag «{tag}»");
        self.record.recheck = Some(Recheck { tag, waiting });
        self.unsaved = true;
        self.tell_changes(&channel, None, &text);
    }

    /// Notes in the story what changed in the record since it was last noted.
    fn tell_changes(&mut self, source: &str, delivery: Option<i64>, text: &str) {
        let after = shown(&self.record);
        let changed = changes(&self.shown, &after);
        if changed.is_empty() {
            return;
        }
        self.shown = after;
        self.revision += 1;
        self.changes.timeline.push(Entry {
            at: self.now(),
            kind: "fact",
            source: source.to_owned(),
            delivery,
            text: text.to_owned(),
            changes: changed,
        });
    }

    /// Reads the order from its channel where something is in doubt. False where it could not be read and nothing should
    /// be decided before it is.
    pub(super) async fn settle_source(&mut self) -> bool {
        let (mut rounds, mut missing) = (0, false);
        while self.record.needs_reading() {
            rounds += 1;
            let channel = self.lease.order.connection.clone();
            let Some(source) = self.engine.registry.get(&channel).and_then(|c| c.channel.clone()) else {
                return true;
            };
            // It begins after whatever asked for it, even on a clock that stands still.
            let started = self.record.read_wanted_at.map_or(self.now(), |wanted| wanted.max(self.now()));
            let log = Log::default();
            let fetched = source.fetch(&self.lease.order.id, &log).await;
            self.keep_tries(&channel, "read", &log);
            self.unsaved = true;
            match fetched {
                Ok(Some(snapshot)) => {
                    merge(&mut self.record, Fact::Snapshot(Box::new(snapshot)), Origin::Read(started));
                    self.tell_changes(&channel, None, "read from the source");
                    if self.record.needs_reading() && rounds >= 2 {
                        // The source's copy lags behind what it told us itself; it will catch up.
                        self.ask_later(None);
                        return false;
                    }
                }
                Ok(None) => {
                    merge_missing(&mut self.record, started);
                    // What holds an order is not known either, of one that only webhooks tell of.
                    let known = self.record.document.is_some() && self.record.work.is_some();
                    missing = !known && !self.record.is_deleted();
                    if missing {
                        let id = &self.lease.order.id;
                        self.open_at_order(Reason::new(
                            ReasonCode::OrderNotFound,
                            format!("«{channel}» sent webhooks about order {id} and does not know it"),
                            "nothing, if the order was deleted; for an order older than 60 days the app needs the scope \
                             to read all orders",
                        ));
                    }
                }
                Err(Fault::Refused(reason)) => {
                    self.open_at_order(reason);
                    self.ask_again = Some(later(self.now(), SOURCE_REFUSED));
                    return true;
                }
                Err(Fault::Unauthorized(why)) => {
                    self.open_at_order(unauthorized(&channel, why));
                    self.ask_later(None);
                    return false;
                }
                Err(Fault::Deferred(until)) => {
                    self.ask_again = Some(until);
                    return false;
                }
                Err(Fault::Retry { after, why }) => {
                    tracing::debug!(order = %self.lease.order, why, "the source could not be read");
                    self.ask_later(after);
                    return false;
                }
                Err(Fault::Unknown(_)) => {
                    self.ask_later(None);
                    return false;
                }
            }
        }
        if !missing && self.record.document.is_some() && self.record.doubt.take().is_some() {
            self.unsaved = true;
            self.changes.close.push(ExceptionAt::Order);
        }
        true
    }

    /// Asks the source again after as long as it has been wanted already: 1, 2, 4 … seconds, up to five minutes.
    fn ask_later(&mut self, asked: Option<Duration>) {
        let wanted = self.record.read_wanted_at.unwrap_or(self.now());
        self.ask_again = Some(self.after_waiting(wanted, asked));
    }

    /// When to try again what has been wanted since then.
    pub(super) fn after_waiting(&self, since: Timestamp, asked: Option<Duration>) -> Timestamp {
        let now = self.now();
        let waited = Duration::try_from(now.duration_since(since)).unwrap_or_default();
        let wait = waited.clamp(Duration::from_secs(1), SOURCE_LONGEST).max(asked.unwrap_or_default());
        later(now, wait + Duration::from_millis(self.jitter().into()))
    }

    /// Brings every copy in step: those that routes send out, then the channel's own; and, where any of that changed the
    /// record, the others once more.
    async fn converge_all(&mut self) -> Result<(), Halt> {
        let engine = self.engine;
        let copies = engine.copies(&self.lease.order.connection);
        let revision = self.revision;
        for copy in &copies {
            let at = self.mirror_of(copy.name());
            self.converge(at, copy).await?;
        }
        for refund in engine.refunds(&self.record, &self.mirrors) {
            let at = self.mirror_of(refund.name());
            self.converge(at, &refund).await?;
        }
        if let Some(own) = engine.own(&self.record, &self.mirrors) {
            let at = self.mirror_of(own.name());
            self.converge(at, &own).await?;
        }
        if self.revision != revision {
            for copy in &copies {
                let at = self.mirror_of(copy.name());
                self.converge(at, copy).await?;
            }
        }
        Ok(())
    }

    /// Where the mirror of a connection is; a new one where there is none.
    fn mirror_of(&mut self, connection: &str) -> usize {
        self.mirrors.iter().position(|mirror| mirror.destination == connection).unwrap_or_else(|| {
            self.mirrors.push(Mirror::new(connection.to_owned()));
            self.mirrors.len() - 1
        })
    }

    /// What a system said in answer to us is a fact about the order too.
    pub(super) fn merge_fact(&mut self, source: &str, fact: Fact, text: &str) {
        let now = self.now();
        merge(&mut self.record, fact, Origin::Read(now));
        self.unsaved = true;
        self.tell_changes(source, None, text);
    }

    pub(super) fn keep_tries(&mut self, connection: &ConnectionName, step: &'static str, log: &Log) {
        self.changes.attempts.extend(log.take().into_iter().map(|entry| (connection.clone(), step, entry)));
    }

    pub(super) fn open_at_order(&mut self, reason: Reason) {
        self.record.doubt = Some(reason.clone());
        self.changes.close.retain(|closed| *closed != ExceptionAt::Order);
        self.changes.open.push(OpenException { at: ExceptionAt::Order, reason });
    }

    /// Keeps what has gathered. With a gate it may be refused: then everything but the intent is kept, the order is made
    /// due again, and the pass ends.
    pub(super) async fn commit(&mut self, gate: Gate) -> Result<(), Halt> {
        let mut changes = std::mem::take(&mut self.changes);
        if changes.is_empty() && !self.unsaved {
            return Ok(());
        }
        if std::mem::take(&mut self.unsaved) {
            changes.record = Some((self.revision, self.record.clone()));
        }
        let (changes, now) = (Arc::new(changes), self.now());
        match self.engine.store.commit(&self.lease, Arc::clone(&changes), gate, now).await? {
            Committed::Yes { again } => {
                if again {
                    self.engine.wake.due();
                }
                Ok(())
            }
            Committed::Fenced => Err(Halt::Fenced),
            Committed::Touched => {
                let mut changes = Arc::unwrap_or_clone(changes);
                for mirror in &mut changes.mirrors {
                    mirror.intent = None;
                }
                changes.release = Some(Release::Until(now));
                self.engine.store.commit(&self.lease, changes, Gate::None, now).await?;
                self.engine.wake.due();
                Err(Halt::Touched)
            }
        }
    }
}

pub(super) fn unauthorized(connection: &str, why: String) -> Reason {
    Reason::new(
        ReasonCode::Unauthorized,
        format!("«{connection}» does not accept our credentials"),
        "correct the credentials in the configuration; tries go on by themselves",
    )
    .quoting(why)
}

/// The record as the story shows it: without our own bookkeeping.
fn shown(record: &OrderRecord) -> Value {
    let mut value = serde_json::to_value(record).unwrap_or_default();
    if let Some(fields) = value.as_object_mut() {
        fields.remove("read_at");
        fields.remove("read_wanted_at");
        fields.remove("doubt");
        fields.remove("unjudged");
        fields.remove("told");
    }
    value
}
