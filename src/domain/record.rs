//! The order record: every fact known of one order, merged from every source.
//!
//! Merging is order-free: the same facts give the same record in whatever order and however often they arrive. A full
//! snapshot wins by its version; parts with ids of their own merge by theirs; what cannot be decided from the facts at
//! hand (a tie, a bare hint, a part of an unknown order) asks for a reading of the source, which settles it. An older
//! fact never overwrites a newer one.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::customs::ChannelCustoms;
use super::fulfillment::{
    DeliveryMethod, DeliveryStatus, Fulfillment, FulfillmentOrder, FulfillmentStatus, Refund, Restock,
};
use super::fulfillment::{Rank, Shipment, ShipmentRef, Tracking, take_in};
use super::order::{OrderDocument, Recommendation};
use super::reason::Reason;
use super::verdict::{Verdict, Withheld};
use super::{ConnectionName, OrderRef, RemoteId};

/// Everything a full reading of an order tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The order as a whole.
    pub document: OrderDocument,
    /// Its fulfilments.
    pub fulfillments: Vec<Fulfillment>,
    /// Its refunds.
    pub refunds: Vec<Refund>,
    /// The work planned for it, where this source tells.
    pub work: Option<Vec<FulfillmentOrder>>,
    /// What the analysis of fraud recommends, where this source tells.
    pub risk: Option<Recommendation>,
    /// What is told for the customs, where this source tells.
    pub customs: Option<ChannelCustoms>,
}

/// One thing a source says of one order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// The order in full.
    Snapshot(Box<Snapshot>),
    /// One fulfilment of it.
    Fulfillment(Fulfillment),
    /// The parcel of this fulfilment came so far.
    Progress(RemoteId, DeliveryStatus),
    /// One refund of it.
    Refund(Refund),
    /// It was cancelled; nothing else is said.
    Cancelled,
    /// It was deleted at its channel.
    Deleted,
    /// Something of it changed, at that instant where known; what changed is not said in full.
    Touched(Option<Timestamp>),
    /// A destination judged it.
    Verdict(ConnectionName, Verdict),
    /// Everything that a system says left of it.
    Shipments(ConnectionName, Vec<Shipment>),
    /// A system that was told what left says that it arrived: the tracking numbers it held then.
    Arrived(ConnectionName, BTreeSet<String>),
}

/// Where a fact comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A webhook, received at this instant of our clock.
    Webhook(Timestamp),
    /// A reading of the source, begun at this instant of our clock: it knows of everything received before.
    Read(Timestamp),
}

/// What merging a fact did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Merge {
    /// The record held something newer.
    Stale,
    /// The record said so already.
    NoChange,
    /// The record asks for a reading of the source.
    Unsettled,
    /// The record changed.
    Applied,
}

/// What is left of an order that was cancelled or deleted before, or without, telling more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tombstone {
    /// Cancelled; learnt at this instant of our clock.
    Cancelled(Timestamp),
    /// Deleted; learnt at this instant of our clock.
    Deleted(Timestamp),
}

/// A judgement that a person asks for anew, by a tag at the channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recheck {
    /// The tag, as the order carries it.
    pub tag: String,
    /// Destinations that have not judged it since.
    pub waiting: BTreeSet<ConnectionName>,
}

/// Every fact known of one order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRecord {
    /// Which order.
    pub order: OrderRef,
    /// The newest full snapshot.
    pub document: Option<OrderDocument>,
    /// Fulfilments by id.
    pub fulfillments: BTreeMap<RemoteId, Fulfillment>,
    /// Refunds by id.
    pub refunds: BTreeMap<RemoteId, Refund>,
    /// Work planned at the channel, as last read.
    pub work: Option<Vec<FulfillmentOrder>>,
    /// What the channel's analysis of fraud recommends, as last read.
    #[serde(default)]
    pub risk: Option<Recommendation>,
    /// What the channel says for the customs, as last read.
    #[serde(default)]
    pub customs: Option<ChannelCustoms>,
    /// The end of the latest edit window that is over.
    #[serde(default)]
    pub edits_ended_at: Option<Timestamp>,
    /// A cancel or delete that came without a document.
    pub tombstone: Option<Tombstone>,
    /// What destinations judged.
    pub verdicts: BTreeMap<ConnectionName, Verdict>,
    /// What stays back while the rest goes, by whose judgement.
    #[serde(default)]
    pub withheld: BTreeMap<ConnectionName, Withheld>,
    /// How far that is held at the channel.
    #[serde(default)]
    pub held_back: HeldBack,
    /// Of those that judged, destinations that judged an order which is another by now, and are to judge it anew.
    #[serde(default)]
    pub unjudged: BTreeSet<ConnectionName>,
    /// The judgement that is asked for anew, until its tag is off the order.
    #[serde(default)]
    pub recheck: Option<Recheck>,
    /// What other systems say left, by the system and its own id.
    #[serde(default)]
    pub shipments: BTreeMap<ConnectionName, BTreeMap<RemoteId, Shipment>>,
    /// Tracking numbers of what arrived by the account of systems that were told that it left, as they first said so.
    #[serde(default)]
    pub arrived: BTreeMap<ConnectionName, BTreeSet<String>>,
    /// Fulfilments that we made for such shipments.
    #[serde(default)]
    pub links: BTreeMap<RemoteId, ShipmentRef>,
    /// What we last told the channel of their tracking.
    #[serde(default)]
    pub told: BTreeMap<RemoteId, Tracking>,
    /// Tags that we put on the order.
    #[serde(default)]
    pub flags: BTreeSet<String>,
    /// What a person has to decide of copies of it, by destination.
    #[serde(default)]
    pub undecided: BTreeMap<ConnectionName, Reason>,
    /// What we last told the channel of that, as its state.
    #[serde(default)]
    pub stated: Option<String>,
    /// The latest instant at which something asked for a reading of the source.
    pub read_wanted_at: Option<Timestamp>,
    /// When the latest reading of the source began.
    pub read_at: Option<Timestamp>,
    /// Why the source could not settle what is in doubt, where a person was told.
    pub doubt: Option<Reason>,
}

/// How far lines that stay back are held at the channel, whose planned work is not seen line by line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldBack {
    /// The lines that holds were placed for.
    pub lines: BTreeSet<RemoteId>,
    /// Work that has none of them.
    pub free: BTreeSet<RemoteId>,
}

impl OrderRecord {
    /// A record that knows nothing yet.
    pub fn new(order: OrderRef) -> Self {
        Self {
            order,
            document: None,
            fulfillments: BTreeMap::new(),
            refunds: BTreeMap::new(),
            work: None,
            risk: None,
            customs: None,
            edits_ended_at: None,
            tombstone: None,
            verdicts: BTreeMap::new(),
            withheld: BTreeMap::new(),
            held_back: HeldBack::default(),
            unjudged: BTreeSet::new(),
            recheck: None,
            shipments: BTreeMap::new(),
            arrived: BTreeMap::new(),
            links: BTreeMap::new(),
            told: BTreeMap::new(),
            flags: BTreeSet::new(),
            undecided: BTreeMap::new(),
            stated: None,
            read_wanted_at: None,
            read_at: None,
            doubt: None,
        }
    }

    /// Whether the source has to be read before the record can be trusted.
    pub fn needs_reading(&self) -> bool {
        self.read_wanted_at.is_some_and(|wanted| self.read_at.is_none_or(|read| read < wanted))
    }

    /// Whether the order is cancelled, by its document or by a tombstone.
    pub fn is_cancelled(&self) -> bool {
        matches!(self.tombstone, Some(Tombstone::Cancelled(_)))
            || self.document.as_ref().is_some_and(|document| document.cancelled_at.is_some())
    }

    /// Whether the order was deleted at its channel.
    pub fn is_deleted(&self) -> bool {
        matches!(self.tombstone, Some(Tombstone::Deleted(_)))
    }

    /// Whether a hold that somebody else placed at the channel keeps goods from leaving.
    pub fn is_held(&self) -> bool {
        self.work.iter().flatten().flat_map(|work| &work.holds).any(|hold| !hold.ours)
    }

    /// Whether some destination found that it may not ship.
    pub fn is_refused(&self) -> bool {
        self.verdicts.values().any(|verdict| !verdict.passed)
    }

    /// Whether the order or a part of it may not ship.
    pub fn stays_back(&self) -> bool {
        self.is_refused() || !self.withheld_lines().is_empty()
    }

    /// Whether something stays back by this judgement, and something goes.
    pub fn goes_in_part_by(&self, judge: &str) -> bool {
        let back = self.withheld_lines();
        let withheld = self.withheld.get(judge).filter(|withheld| withheld.spares());
        withheld.is_some_and(|withheld| withheld.lines.keys().any(|line| back.contains(line)))
    }

    /// Lines that are wanted and stay back while the rest goes. What left all the same is part of the order.
    pub fn withheld_lines(&self) -> BTreeSet<RemoteId> {
        let parted = self.withheld.values().filter(|withheld| withheld.spares());
        let lines = parted.flat_map(|withheld| withheld.lines.keys());
        let order = self.document.as_ref();
        let wanted =
            |line: &&RemoteId| order.and_then(|order| order.line(line)).is_some_and(|it| it.current > 0);
        lines.filter(wanted).filter(|line| self.shipped_units(line) == 0).cloned().collect()
    }

    /// Whether a person asked this destination to judge it anew, and it has not yet.
    pub fn is_asked_of(&self, judge: &str) -> bool {
        self.recheck.as_ref().is_some_and(|recheck| recheck.waiting.contains(judge))
    }

    /// Whether some copy lacks an edit or a cancel that came too late.
    pub fn is_late(&self) -> bool {
        self.undecided.values().any(|reason| reason.code.is_too_late())
    }

    /// How the channel delivers the order, where it says the same for all of it.
    pub fn delivery_method(&self) -> Option<&DeliveryMethod> {
        let mut methods = self.work.iter().flatten().filter_map(|work| work.method.as_ref());
        let first = methods.next()?;
        methods.all(|method| method == first).then_some(first)
    }

    /// Whether this destination found that the order, as it is now, may ship.
    pub fn is_cleared_by(&self, judge: &str) -> bool {
        self.verdicts.get(judge).is_some_and(|verdict| verdict.passed) && !self.unjudged.contains(judge)
    }

    /// Whether goods left by the account of a system other than the channel, of those that `counts`.
    pub fn left_from(&self, counts: impl Fn(&str) -> bool) -> bool {
        let counted = self.shipments.iter().filter(|(origin, _)| counts(origin));
        let left = |shipment: &Shipment| !shipment.undone && shipment.rank >= Rank::Shipped;
        counted.flat_map(|(_, shipments)| shipments.values()).any(left)
    }

    /// A fulfilment that stood for a shipment of this system, was cancelled at the channel, and has none in its place.
    pub fn cancelled_for(&self, origin: &str) -> Option<&Fulfillment> {
        let cancelled = |f: &&Fulfillment| f.status == FulfillmentStatus::Cancelled;
        self.fulfillments.values().filter(cancelled).find(|f| {
            let Some(name) = self.links.get(&f.id).filter(|name| name.origin == origin) else { return false };
            let known = self.shipments.get(origin).and_then(|shipments| shipments.get(&name.id));
            let stands = |other: &Fulfillment| other.stands() && self.links.get(&other.id) == Some(name);
            known.is_some_and(|shipment| !shipment.undone) && !self.fulfillments.values().any(stands)
        })
    }

    /// Units of a line that left by this system's own account.
    pub fn units_from(&self, origin: &str, line: &RemoteId) -> u32 {
        let shipments = self.shipments.get(origin).into_iter().flat_map(BTreeMap::values);
        let standing = shipments.filter(|shipment| !shipment.undone);
        let units = standing.filter_map(|shipment| shipment.lines.as_ref()?.get(line));
        units.fold(0, |sum, units| sum.saturating_add(*units))
    }

    /// Units of a line that left.
    pub fn shipped_units(&self, line: &RemoteId) -> u32 {
        self.fulfillments
            .values()
            .filter(|fulfillment| fulfillment.stands())
            .filter_map(|fulfillment| fulfillment.lines.get(line))
            .fold(0, |sum, units| sum.saturating_add(*units))
    }

    /// Units of a line that left and came back.
    pub fn returned_units(&self, line: &RemoteId) -> u32 {
        let lines = self.refunds.values().flat_map(|refund| &refund.lines);
        let back = lines.filter(|back| back.line == *line && back.restock == Restock::Return);
        back.fold(0_u32, |sum, back| sum.saturating_add(back.quantity)).min(self.shipped_units(line))
    }

    /// Asks for a reading of the source that begins after now, whatever was read before.
    pub fn ask_reading(&mut self, now: Timestamp) {
        let after = self.read_at.and_then(|at| at.checked_add(jiff::SignedDuration::from_micros(1)).ok());
        self.read_wanted_at = self.read_wanted_at.max(Some(now)).max(after);
    }

    fn lacks_address(&self) -> bool {
        self.document
            .as_ref()
            .is_some_and(|document| document.ship_to.is_none() && document.goods().next().is_some())
    }

    fn want_reading(&mut self, origin: Origin) -> Merge {
        let at = match origin {
            // The reading that is being merged is itself the answer; one that lags behind what we hold must be repeated.
            Origin::Read(at) => at.saturating_add(jiff::SignedDuration::from_micros(1)).unwrap_or(at),
            Origin::Webhook(at) => at,
        };
        self.read_wanted_at = self.read_wanted_at.max(Some(at));
        if self.needs_reading() { Merge::Unsettled } else { Merge::Stale }
    }
}

/// Merges one fact into the record.
pub fn merge(record: &mut OrderRecord, fact: Fact, origin: Origin) -> Merge {
    let outcome = match fact {
        Fact::Snapshot(snapshot) => merge_snapshot(record, *snapshot, origin),
        Fact::Fulfillment(fulfillment) => merge_shipment(record, fulfillment, origin),
        Fact::Progress(id, status) => match record.fulfillments.get_mut(&id) {
            Some(fulfillment) => {
                if fulfillment.advance(&status) {
                    Merge::Applied
                } else {
                    Merge::NoChange
                }
            }
            None => record.want_reading(origin),
        },
        Fact::Refund(refund) => merge_refund(record, refund, origin),
        Fact::Cancelled => bury(record, Tombstone::Cancelled, origin),
        Fact::Deleted => bury(record, Tombstone::Deleted, origin),
        Fact::Touched(at) => {
            let known = record.document.as_ref().map(|document| document.updated_at);
            if at.zip(known).is_some_and(|(at, known)| known > at) {
                Merge::Stale
            } else {
                record.want_reading(origin)
            }
        }
        Fact::Verdict(destination, verdict) => {
            if record.verdicts.get(&destination) == Some(&verdict) {
                Merge::NoChange
            } else {
                record.verdicts.insert(destination, verdict);
                Merge::Applied
            }
        }
        Fact::Shipments(origin, told) => {
            let known = record.shipments.entry(origin).or_default();
            if take_in(known, told) { Merge::Applied } else { Merge::NoChange }
        }
        // What it holds later may have left since.
        Fact::Arrived(system, numbers) => match record.arrived.entry(system) {
            Entry::Occupied(_) => Merge::NoChange,
            Entry::Vacant(first) => {
                first.insert(numbers);
                Merge::Applied
            }
        },
    };
    link_told(record);
    forget_recheck(record);
    // A part of an order we know nothing of is a reason to go and read the order.
    if record.document.is_none() && !record.is_deleted() {
        return outcome.max(record.want_reading(origin));
    }
    outcome
}

/// Once the tag is off the order the asking is over: the next time it is put there is another.
fn forget_recheck(record: &mut OrderRecord) {
    let Some(document) = &record.document else { return };
    if record.recheck.as_ref().is_some_and(|recheck| !document.tags.contains(&recheck.tag)) {
        record.recheck = None;
    }
}

/// Shipments that their origin told the channel of by itself: the fulfilment with the same numbers stands for them, and
/// follows them from then on.
fn link_told(record: &mut OrderRecord) {
    for (origin, shipments) in &record.shipments {
        for shipment in shipments.values().filter(|shipment| shipment.told && !shipment.numbers.is_empty()) {
            let name = ShipmentRef { origin: origin.clone(), id: shipment.id.clone() };
            if record.links.values().any(|linked| *linked == name) {
                continue;
            }
            let unlinked = record.fulfillments.values().filter(|f| !record.links.contains_key(&f.id));
            let made = unlinked.into_iter().find(|f| f.stands() && f.numbers == shipment.numbers);
            if let Some(id) = made.map(|fulfillment| fulfillment.id.clone()) {
                record.links.insert(id, name);
            }
        }
    }
}

/// Notes that a reading begun at `at` found no such order.
pub fn merge_missing(record: &mut OrderRecord, at: Timestamp) {
    record.read_at = record.read_at.max(Some(at));
}

fn merge_snapshot(record: &mut OrderRecord, snapshot: Snapshot, origin: Origin) -> Merge {
    let Snapshot { document, fulfillments, refunds, work, risk, customs } = snapshot;
    let mut outcome = merge_document(record, document, origin);
    for fulfillment in fulfillments {
        outcome = outcome.max(merge_fulfillment(record, fulfillment, origin));
    }
    for refund in refunds {
        let known = record.refunds.insert(refund.id.clone(), refund.clone());
        if known.as_ref() != Some(&refund) {
            outcome = outcome.max(Merge::Applied);
        }
    }
    if let Origin::Read(at) = origin {
        record.read_at = record.read_at.max(Some(at));
    }
    if risk.is_some() && record.risk != risk {
        record.risk = risk;
        outcome = outcome.max(Merge::Applied);
    }
    if customs.is_some() && record.customs != customs {
        record.customs = customs;
        outcome = outcome.max(Merge::Applied);
    }
    if let Some(work) = work {
        if record.work.as_ref() != Some(&work) {
            outcome = outcome.max(Merge::Applied);
        }
        record.work = Some(work);
    } else if record.work.is_none() && record.lacks_address() {
        // Fetched in the shop, or the address withheld? Only the planned work tells.
        outcome = outcome.max(record.want_reading(origin));
    }
    outcome
}

fn merge_document(record: &mut OrderRecord, document: OrderDocument, origin: Origin) -> Merge {
    if let Origin::Read(at) = origin
        && let Some(Tombstone::Cancelled(learnt)) = record.tombstone
        && at >= learnt
    {
        // The source itself has spoken since: its document says whether the order is cancelled.
        record.tombstone = None;
    }
    let Some(known) = &record.document else {
        record.document = Some(document);
        return Merge::Applied;
    };
    match document.updated_at.cmp(&known.updated_at) {
        std::cmp::Ordering::Less => {
            if matches!(origin, Origin::Read(_)) {
                // The reading came from a copy of the source that lags behind.
                return record.want_reading(origin);
            }
            Merge::Stale
        }
        std::cmp::Ordering::Equal if *known == document => Merge::NoChange,
        std::cmp::Ordering::Equal if matches!(origin, Origin::Webhook(_)) => record.want_reading(origin),
        _ => {
            let same = OrderDocument { updated_at: document.updated_at, ..known.clone() } == document;
            record.document = Some(document);
            if same { Merge::NoChange } else { Merge::Applied }
        }
    }
}

/// A fulfilment told alone. Where goods only now left, or only now were taken back, the document at hand is older than
/// that: an edit or a cancel that came before may still be on its way, and what is shipped or released on old terms
/// cannot be made good.
fn merge_shipment(record: &mut OrderRecord, fulfillment: Fulfillment, origin: Origin) -> Merge {
    let stood = record.fulfillments.get(&fulfillment.id).is_some_and(Fulfillment::stands);
    let stands = fulfillment.stands();
    let outcome = merge_fulfillment(record, fulfillment, origin);
    if outcome == Merge::Applied && stands != stood && matches!(origin, Origin::Webhook(_)) {
        record.want_reading(origin);
    }
    outcome
}

/// The newer one counts; but how far its parcel has come never goes back while it stands, in whatever order it is told.
fn merge_fulfillment(record: &mut OrderRecord, mut fulfillment: Fulfillment, origin: Origin) -> Merge {
    let Some(known) = record.fulfillments.get_mut(&fulfillment.id) else {
        record.fulfillments.insert(fulfillment.id.clone(), fulfillment);
        return Merge::Applied;
    };
    if let Some(status) = &known.delivery {
        fulfillment.advance(status);
    }
    match fulfillment.updated_at.cmp(&known.updated_at) {
        std::cmp::Ordering::Less => {
            let came = fulfillment.delivery.is_some_and(|status| known.advance(&status));
            if came { Merge::Applied } else { Merge::Stale }
        }
        std::cmp::Ordering::Equal if *known == fulfillment => Merge::NoChange,
        std::cmp::Ordering::Equal if matches!(origin, Origin::Webhook(_)) => record.want_reading(origin),
        _ => {
            let same = Fulfillment { updated_at: fulfillment.updated_at, ..known.clone() } == fulfillment;
            *known = fulfillment;
            if same { Merge::NoChange } else { Merge::Applied }
        }
    }
}

fn merge_refund(record: &mut OrderRecord, refund: Refund, origin: Origin) -> Merge {
    if record.refunds.get(&refund.id) == Some(&refund) {
        return Merge::NoChange;
    }
    let newer = record.document.as_ref().is_some_and(|document| document.updated_at <= refund.created_at);
    record.refunds.insert(refund.id.clone(), refund);
    if newer {
        // The document at hand may count lines that the refund took off.
        record.want_reading(origin);
    }
    Merge::Applied
}

fn bury(record: &mut OrderRecord, tombstone: fn(Timestamp) -> Tombstone, origin: Origin) -> Merge {
    let (Origin::Webhook(at) | Origin::Read(at)) = origin;
    let tombstone = tombstone(at);
    let known = match (record.tombstone, tombstone) {
        (Some(Tombstone::Deleted(_)), _) | (Some(Tombstone::Cancelled(_)), Tombstone::Cancelled(_)) => true,
        (_, Tombstone::Cancelled(_)) => record.is_cancelled(),
        _ => false,
    };
    if known {
        return Merge::NoChange;
    }
    record.tombstone = Some(tombstone);
    if matches!(tombstone, Tombstone::Cancelled(_)) {
        record.want_reading(origin);
    }
    Merge::Applied
}
