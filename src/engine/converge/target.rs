//! What the loop brings in step: a destination's copy of an order, the negative order of a refund beside it, or the channel's
//! own copy.
//!
//! Each has a want that follows from the record (of a refund: from the order as it was entered, too), a digest of it, a plan and
//! a way to do its steps; the loop knows no other difference between there and back.

use std::sync::Arc;
use std::time::Duration;

use super::super::Engine;
use super::super::channel::{doubt, failed, next_flag, next_shipping};
use super::super::customs::unread;
use super::super::desired::desired;
use super::super::judging::{Judgement, judgement};
use super::super::plan::{Sight, plan};
use super::super::refunding::{given_back, lacks_amounts, negative_order, sold};
use crate::connectors::{Channel, Destination, Effect};
use crate::crypto;
use crate::domain::copy::OrderCopy;
use crate::domain::fulfillment::{Fulfillment, FulfillmentOrder};
use crate::domain::mirror::{Absence, Desired, Mirror, MirrorState, Observed};
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::record::OrderRecord;
use crate::domain::route::{Refunds, Route};
use crate::domain::step::{Edits, Plan, Signs, Step, Telling};
use crate::domain::{ConnectionName, RemoteId};
use crate::transport::{Fault, Log};

/// One copy of an order that the loop brings in step.
#[derive(Clone)]
pub(in super::super) enum Target<'e> {
    /// The copy that a route sends to a destination.
    Copy(&'e Route, Arc<dyn Destination>, Known),
    /// The negative order of a refund at the destination of a route.
    Refund(Box<RefundTarget<'e>>),
    /// The channel's own, which is owed what left elsewhere.
    Channel(ConnectionName, Arc<dyn Channel>),
}

/// A refund of goods that had left, where its route enters it.
#[derive(Clone)]
pub(in super::super) struct RefundTarget<'e> {
    route: &'e Route,
    destination: Arc<dyn Destination>,
    /// Its mirror's name.
    name: String,
    refund: RemoteId,
    /// The order it is taken out of, as it was entered.
    sold: Option<OrderCopy>,
}

/// When it is known what holds an order at its channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Known {
    /// Once the order was read.
    ByReading,
    /// Never: the channel cannot be asked.
    Never,
}

/// What a target is owed.
pub(in super::super) enum Wanted {
    /// At a destination, with what it thinks of the order.
    Copy(Desired, Judgement),
    /// At the channel.
    Channel {
        /// The next step.
        telling: Option<Telling>,
        /// The work that is planned there, where goods that left are to be taken from it: refused once, they are told again when
        /// it changes.
        work: Option<Vec<FulfillmentOrder>>,
        /// Whether the order is read first.
        look: bool,
        /// What a person must decide of what it was told.
        doubt: Option<Reason>,
    },
}

impl Wanted {
    /// Equal wants have equal digests, whatever order their facts came in.
    pub(in super::super) fn digest(&self) -> String {
        match self {
            Self::Copy(desired, judgement) => match &judgement.in_part {
                Some(stays_back) => digest(&(desired, stays_back)),
                None => digest(desired),
            },
            Self::Channel { telling, work: None, doubt, .. } => digest(&(telling, doubt)),
            Self::Channel { telling, work, doubt, .. } => digest(&(telling, doubt, work)),
        }
    }

    /// Why nothing is wanted, where that is so.
    pub(in super::super) fn absence(&self) -> Option<&Absence> {
        match self {
            Self::Copy(Desired::Absent(absence), _) => Some(absence),
            _ => None,
        }
    }
}

/// What a step did.
pub(in super::super) enum Done {
    Effect(Box<Effect>),
    /// Something at the channel, with the fulfilment it was about.
    Told(Option<Box<Fulfillment>>),
}

impl Engine {
    /// The copies that routes send out for orders of this channel.
    pub(in super::super) fn copies(&self, channel: &str) -> Vec<Target<'_>> {
        let routes = self.routes.iter().filter(|route| route.from == channel);
        let source = self.registry.get(channel).and_then(|connected| connected.channel.as_ref());
        let asks = source.is_some_and(|source| source.can_be_asked());
        let known = if asks { Known::ByReading } else { Known::Never };
        let copies = routes.filter_map(|route| {
            let destination = self.registry.get(&route.to)?.destination.clone()?;
            Some(Target::Copy(route, destination, known))
        });
        let mut copies: Vec<_> = copies.collect();
        // Whoever judges comes before whoever waits for the judgement.
        copies.sort_by_key(|copy| matches!(copy, Target::Copy(route, ..) if !route.cleared_by.is_empty()));
        copies
    }

    /// The negative orders of refunds: those that are owed, and those that were begun.
    pub(in super::super) fn refunds(&self, record: &OrderRecord, mirrors: &[Mirror]) -> Vec<Target<'_>> {
        let entering = |route: &&Route| {
            route.from == record.order.connection && matches!(route.refunds, Refunds::Negative { .. })
        };
        let mut targets = Vec::new();
        for route in self.routes.iter().filter(entering) {
            let Some(destination) = self.registry.get(&route.to).and_then(|c| c.destination.clone()) else {
                continue;
            };
            let mirror = |name: &str| mirrors.iter().find(|mirror| mirror.destination == name);
            let sold = mirror(&route.to).and_then(sold);
            let owed = sold.map(|sold| given_back(record, route, sold)).unwrap_or_default();
            for refund in record.refunds.keys() {
                let name = Mirror::part_name(&route.to, "refund", refund);
                if mirror(&name).is_none() && !owed.contains_key(refund) {
                    continue;
                }
                targets.push(Target::Refund(Box::new(RefundTarget {
                    route,
                    destination: Arc::clone(&destination),
                    name,
                    refund: refund.clone(),
                    sold: sold.cloned(),
                })));
            }
        }
        targets
    }

    /// Destinations of a channel's orders that tell of their copies by webhook.
    pub(in super::super) fn tellers(&self, channel: &str) -> Vec<ConnectionName> {
        let routes = self.routes.iter().filter(|route| route.from == channel);
        let telling = routes.filter(|route| {
            self.registry.get(&route.to).is_some_and(|connected| connected.webhooks.is_some())
        });
        telling.map(|route| route.to.clone()).collect()
    }

    /// Everything of an order that is brought in step, in the order in which that is done.
    pub(in super::super) fn targets(&self, record: &OrderRecord, mirrors: &[Mirror]) -> Vec<Target<'_>> {
        let mut targets = self.copies(&record.order.connection);
        targets.extend(self.refunds(record, mirrors));
        targets.extend(self.own(record, mirrors));
        targets
    }

    /// The channel's own copy, where there is something it can be told of, or what it was told is not settled yet.
    pub(in super::super) fn own(&self, record: &OrderRecord, mirrors: &[Mirror]) -> Option<Target<'static>> {
        let name = &record.order.connection;
        let unsettled = |mirror: &Mirror| mirror.destination == *name && mirror.state != MirrorState::InStep;
        let channel = self.registry.get(name)?.channel.clone()?;
        let left = !record.shipments.is_empty() || !record.arrived.is_empty();
        let shipped = left && channel.tells_shipments().is_some();
        let ours = |work: &FulfillmentOrder| work.holds.iter().any(|hold| hold.ours);
        let stops = channel.signs().refused_tag.is_some();
        let held = stops && (record.stays_back() || record.work.iter().flatten().any(ours));
        let undecided = *channel.signs() != Signs::default() && !record.undecided.is_empty();
        let noted = record.document.as_ref().is_some_and(|order| order.our_note.is_some());
        let told = !record.flags.is_empty() || record.stated.is_some() || noted;
        let asked = channel.signs().recheck_tag.is_some() && record.recheck.is_some();
        let begun = mirrors.iter().any(unsettled);
        (shipped || held || undecided || told || asked || begun || failed(record).is_some())
            .then(|| Target::Channel(name.clone(), channel))
    }
}

impl Target<'_> {
    pub(in super::super) fn name(&self) -> &str {
        match self {
            Self::Copy(route, ..) => &route.to,
            Self::Refund(refund) => &refund.name,
            Self::Channel(name, _) => name,
        }
    }

    /// The connection it is at.
    pub(in super::super) fn connection(&self) -> &str {
        match self {
            Self::Copy(route, ..) => &route.to,
            Self::Refund(refund) => &refund.route.to,
            Self::Channel(name, _) => name,
        }
    }

    /// Whether it can be asked to judge an order anew.
    pub(in super::super) fn judges(&self) -> bool {
        matches!(self, Self::Copy(_, destination, _) if destination.capabilities().judges)
    }

    /// The system that holds it, where that is a destination.
    pub(in super::super) fn destination(&self) -> Option<&dyn Destination> {
        match self {
            Self::Copy(_, destination, _) => Some(&**destination),
            Self::Refund(refund) => Some(&*refund.destination),
            Self::Channel(..) => None,
        }
    }

    pub(in super::super) fn wanted(&self, record: &OrderRecord, mirror: &Mirror) -> Option<Wanted> {
        match self {
            Self::Copy(route, ..) => {
                let desired = desired(record, route)?;
                // What nobody could read yet may be on hold.
                let held = desired.releases() && self.is_unread(record);
                let desired = if held { desired.held() } else { desired };
                let judged = self.judges().then(|| judgement(record, route));
                Some(Wanted::Copy(desired, judged.unwrap_or_default()))
            }
            Self::Refund(of) => {
                let RefundTarget { route, refund, sold, .. } = &**of;
                let desired = negative_order(record, route, sold.as_ref(), refund, standing(mirror));
                Some(Wanted::Copy(desired, Judgement::default()))
            }
            Self::Channel(_, channel) => {
                let signs = channel.signs();
                let flag = next_flag(record, signs);
                // What is to be held has to be known first, and newly.
                let unknown = signs.refused_tag.is_some() && record.stays_back() && record.work.is_none();
                let (look, tells) = (flag.is_some() || unknown, channel.tells_shipments());
                let carriers = channel.carriers();
                let telling = flag.or_else(|| next_shipping(record, carriers, tells?));
                let doubt = failed(record).or_else(|| tells.and_then(|_| doubt(record, carriers)));
                let work = record.work.clone().filter(|_| matches!(telling, Some(Telling::Ship(_))));
                Some(Wanted::Channel { telling, work, look, doubt })
            }
        }
    }

    /// Whether the order has to be read first: before goods may leave, where nothing else keeps them; for customs data that
    /// only a reading tells; for the amounts of a refund; and where a person says that what it lacked there is mended.
    pub(in super::super) fn waits_for_reading(&self, record: &OrderRecord, mirror: &Mirror) -> bool {
        if let Self::Refund(of) = self {
            return standing(mirror).is_none()
                && lacks_amounts(record, of.route, of.sold.as_ref(), &of.refund);
        }
        let Self::Copy(route, _, Known::ByReading) = self else { return false };
        if unread(record, route) {
            return true;
        }
        match desired(record, route) {
            Some(Desired::Undecided(reason)) => mirror.forced && reason.code == ReasonCode::CustomsIncomplete,
            Some(desired) => record.work.is_none() && desired.releases(),
            None => false,
        }
    }

    fn is_unread(&self, record: &OrderRecord) -> bool {
        matches!(self, Self::Copy(_, _, Known::ByReading)) && record.work.is_none()
    }

    pub(in super::super) fn plan(&self, wanted: &Wanted, mirror: &Mirror, fresh: bool) -> Plan {
        match (self.destination(), wanted) {
            (Some(destination), Wanted::Copy(desired, judgement)) => {
                let accepted = mirror.accepted.is_some() && mirror.accepted == Some(wanted.digest());
                plan_copy(desired, judgement, mirror, (fresh, accepted), destination)
            }
            (_, Wanted::Channel { look: true, .. }) if !fresh => Plan::Observe,
            (_, Wanted::Channel { telling: Some(telling), .. }) => Plan::Next(Step::Tell(telling.clone())),
            (_, Wanted::Channel { doubt: Some(_), .. }) if mirror.accepted == Some(wanted.digest()) => {
                Plan::Nothing
            }
            (_, Wanted::Channel { doubt: Some(doubt), .. }) => Plan::Exception(doubt.clone()),
            _ => Plan::Nothing,
        }
    }

    /// Whether the copy that a destination judged is not the one that is wanted now, and can still become it.
    pub(in super::super) fn owes_judgement(&self, wanted: &Wanted, mirror: &Mirror) -> bool {
        let (Self::Copy(_, destination, _), Wanted::Copy(desired, _)) = (self, wanted) else { return false };
        let Edits::Anew(until) = destination.capabilities().edits else { return false };
        let gone =
            matches!(&mirror.observed, Observed::Present(seen) if seen.committed && seen.stage > until);
        match (desired, &mirror.applied) {
            _ if gone => false,
            // A person took back what was judged, or it is another.
            (Desired::Present(copy), Some(applied)) => {
                mirror.observed == Observed::Absent || !applied.same_content(copy)
            }
            (Desired::Absent(_), _) => false,
            // What was judged was taken back.
            (Desired::Present(_), None) | (Desired::Undecided(_), _) => true,
        }
    }

    /// How often an open copy is looked at though nothing is owed.
    pub(in super::super) fn watch(&self) -> Option<Duration> {
        self.destination()?.capabilities().watch
    }

    pub(in super::super) async fn apply(&self, step: &Step, log: &Log) -> Result<Done, Fault> {
        match (self, self.destination(), step) {
            (_, Some(destination), step) => {
                destination.apply(step, log).await.map(|effect| Done::Effect(Box::new(effect)))
            }
            (Self::Channel(_, channel), None, Step::Tell(telling)) => {
                channel.tell(telling, log).await.map(|made| Done::Told(made.map(Box::new)))
            }
            // The plan for a channel has no other.
            _ => Ok(Done::Told(None)),
        }
    }
}

/// The negative order that was entered, unless a person took it back there.
fn standing(mirror: &Mirror) -> Option<&OrderCopy> {
    mirror.applied.as_ref().filter(|_| mirror.observed != Observed::Absent)
}

/// The plan for a destination's copy; where nothing is owed, what a person must see to there.
fn plan_copy(
    desired: &Desired,
    judgement: &Judgement,
    mirror: &Mirror,
    (fresh, accepted): (bool, bool),
    destination: &dyn Destination,
) -> Plan {
    let both = match (desired, &mirror.observed) {
        (Desired::Present(copy), Observed::Present(seen)) => Some((copy, seen)),
        _ => None,
    };
    let differs =
        both.map(|(copy, seen)| destination.differs(copy, mirror.applied.as_ref(), seen)).unwrap_or_default();
    let sight = Sight {
        applied: mirror.applied.as_ref(),
        observed: &mirror.observed,
        held_parts: &mirror.held_parts,
        fresh,
        forced: mirror.forced,
        accepted,
        judgement,
        differs: &differs,
    };
    match plan(desired, sight, destination.capabilities()) {
        Plan::Nothing => both
            .filter(|_| !accepted)
            .and_then(|(copy, seen)| destination.obstacle(copy, seen))
            .map_or(Plan::Nothing, Plan::Exception),
        plan => plan,
    }
}

fn digest(wanted: &impl serde::Serialize) -> String {
    let json = serde_json::to_vec(wanted).unwrap_or_default();
    crypto::hex(&crypto::digest(&[&json]))
}
