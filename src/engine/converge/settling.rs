//! How a mirror comes to rest: in step, before a person, or until it is tried again.
//!
//! Only what is to be kept is changed here; nothing is asked of anybody.

use std::time::Duration;

use super::super::pass::{Pass, unauthorized};
use super::super::{later, retry};
use super::{Round, Target, Wanted};
use crate::domain::copy::Stage;
use crate::domain::mirror::{MirrorState, Observed, Pace};
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::step::Step;
use crate::domain::timeline::Change;
use crate::store::{Entry, ExceptionAt, OpenException};
use crate::telemetry;
use crate::transport::Fault;

/// Failures in a row after which a person is told, while tries go on.
const TELL_AFTER: u32 = 6;
/// After how long a person is told that what should come by itself does not come.
const TELL_AFTER_WAITING: Duration = Duration::from_mins(15);
/// The longest wait between two looks for it.
const WAIT_LONGEST: Duration = Duration::from_mins(5);
/// How long after an order was placed its copy is looked at by the clock.
const WATCHED_FOR: Duration = Duration::from_hours(90 * 24);

impl Pass<'_> {
    /// Sets when what is open there is looked at next, whether it is in step or a person's.
    pub(super) fn watch(&mut self, at: usize, target: &Target<'_>) {
        let now = self.now();
        let watch = target.watch().filter(|_| self.is_open(at, now));
        // Spread over a tenth, so that what was entered together is not looked at together for ever.
        let spread = 0.95 + f64::from(self.jitter()) / 10_240.0;
        self.mirrors[at].watch_at = watch.map(|every| later(now, every.mul_f64(spread)));
    }

    pub(super) fn in_step(
        &mut self,
        at: usize,
        digest: String,
        target: &Target<'_>,
        wanted: &Wanted,
    ) -> Round {
        self.watch(at, target);
        let now = self.now();
        let mirror = &mut self.mirrors[at];
        let told = mirror.reason.is_some();
        mirror.state = MirrorState::InStep;
        mirror.digest = Some(digest);
        let was_absent = mirror.absence.take();
        mirror.absence = wanted.absence().cloned();
        let news = mirror.absence.as_ref().filter(|absence| Some(*absence) != was_absent.as_ref());
        let absent = news.map(|absence| format!("holds nothing: {absence}"));
        self.settle_mirror(at, now);
        if let Some(text) = absent {
            self.tell(at, "decision", text, Vec::new());
        }
        let name = self.mirrors[at].destination.clone();
        self.note_judged(&name);
        self.note_undecided(&name, None);
        // What it was judged by is not there any more.
        if self.mirrors[at].absence.is_some() {
            self.unsaved |= self.record.withheld.remove(&name).is_some();
            self.unsaved |= self.record.verdicts.remove(&name).is_some();
        }
        self.changes.open.retain(|open| open.at != ExceptionAt::Destination(name.clone()));
        if told {
            self.changes.close.push(ExceptionAt::Destination(name));
        }
        Round::Done
    }

    /// Whether something may still happen at the destination that nobody tells us of.
    pub(super) fn is_open(&self, at: usize, now: jiff::Timestamp) -> bool {
        let Observed::Present(seen) = &self.mirrors[at].observed else { return false };
        let placed = self.record.document.as_ref().map_or(now, |document| document.created_at);
        seen.committed && seen.stage < Stage::Delivered && now < later(placed, WATCHED_FOR)
    }

    pub(super) fn exception(
        &mut self,
        at: usize,
        digest: String,
        target: &Target<'_>,
        reason: Reason,
    ) -> Round {
        self.watch(at, target);
        let now = self.now();
        let mirror = &mut self.mirrors[at];
        let known = mirror.state == MirrorState::Exception && mirror.reason.as_ref() == Some(&reason);
        mirror.state = MirrorState::Exception;
        mirror.digest = Some(digest);
        mirror.absence = None;
        self.settle_mirror(at, now);
        if !known {
            self.tell(at, "exception", reason.to_string(), Vec::new());
        }
        let name = self.mirrors[at].destination.clone();
        self.note_judged(&name);
        self.note_undecided(&name, Some(&reason));
        self.open_at(at, reason);
        Round::Done
    }

    /// What a person has to decide of a copy is told to the channel, in its turn.
    pub(super) fn note_undecided(&mut self, name: &str, reason: Option<&Reason>) {
        if name == self.record.order.connection || self.record.undecided.get(name) == reason {
            return;
        }
        match reason {
            Some(reason) => self.record.undecided.insert(name.to_owned(), reason.clone()),
            None => self.record.undecided.remove(name),
        };
        self.unsaved = true;
    }

    /// What in step and exception have in common: nothing more is owed for now.
    pub(super) fn settle_mirror(&mut self, at: usize, now: jiff::Timestamp) {
        let mirror = &mut self.mirrors[at];
        mirror.reason = None;
        mirror.look = false;
        mirror.forced = false;
        mirror.tries = 0;
        mirror.next_at = None;
        if let Some(since) = mirror.owed_since.take() {
            let took = Duration::try_from(now.duration_since(since)).unwrap_or_default();
            telemetry::converged(mirror.connection(), took);
        }
        self.keep_mirror(at);
    }

    /// A call failed. What may have happened stays an intent and is looked at first.
    pub(super) fn faulted(&mut self, at: usize, fault: Fault, step: Option<&Step>) -> Round {
        if let Some(step) = step
            && !matches!(fault, Fault::Deferred(_))
        {
            self.tell(at, "step", format!("{}: {fault}", step.name()), Vec::new());
        }
        match fault {
            Fault::Deferred(until) => {
                let apart = Duration::from_millis(u64::from(self.jitter()) / 8);
                let mirror = &mut self.mirrors[at];
                if !matches!(mirror.state, MirrorState::Retrying | MirrorState::Unknown) {
                    mirror.state = MirrorState::Due;
                }
                // Those that waited together come back a little apart.
                mirror.next_at = Some(later(until, apart));
                self.keep_mirror(at);
                Round::Done
            }
            Fault::Unknown(_) => {
                let first = self.mirrors[at].tries == 0;
                self.mirrors[at].state = MirrorState::Unknown;
                if first && step.is_some() {
                    self.mirrors[at].tries = 1;
                    self.keep_mirror(at);
                    return Round::Again;
                }
                self.fail(at, None, None)
            }
            Fault::Retry { after, .. } => self.fail(at, after, None),
            Fault::Unauthorized(why) => {
                let reason = unauthorized(self.mirrors[at].connection(), why);
                self.fail(at, None, Some(reason))
            }
            Fault::Refused(reason) => self.fail(at, None, Some(reason)),
        }
    }

    /// What comes by itself is looked for again after as long as it was waited for already, up to five minutes; in time a
    /// person is told that it does not come.
    pub(super) fn wait_for_import(&mut self, at: usize, reason: Reason) -> Round {
        let (now, jitter) = (self.now(), self.jitter());
        let mirror = &mut self.mirrors[at];
        let since = mirror.owed_since.unwrap_or(now);
        let waited = Duration::try_from(now.duration_since(since)).unwrap_or_default();
        mirror.state = MirrorState::Retrying;
        let wait = waited.clamp(Duration::from_secs(1), WAIT_LONGEST);
        mirror.next_at = Some(later(now, wait + Duration::from_millis(jitter.into())));
        self.keep_mirror(at);
        if waited >= TELL_AFTER_WAITING {
            let name = self.mirrors[at].destination.clone();
            self.note_undecided(&name, Some(&reason));
            self.open_at(at, reason);
        }
        Round::Done
    }

    /// Leaves a copy alone for a while that does not stay as it is written.
    pub(super) fn rest(&mut self, at: usize, until: jiff::Timestamp) -> Round {
        let mirror = &mut self.mirrors[at];
        mirror.state = MirrorState::Retrying;
        mirror.next_at = Some(until);
        let reason = Reason::new(
            ReasonCode::Contested,
            format!(
                "«{}» was written to {} times in ten minutes for this order, and does not stay as it is written",
                mirror.destination,
                Pace::MOST
            ),
            "see in the order's time-line what changes back, and which app, automation or person does it there; it is tried \
             again in ten minutes",
        );
        self.open_at(at, reason);
        Round::Done
    }

    /// Counts a failure and sets the next try; a person is told of `reason` at once, or of the failing itself in time.
    pub(super) fn fail(&mut self, at: usize, asked: Option<Duration>, reason: Option<Reason>) -> Round {
        let (now, jitter) = (self.now(), self.jitter());
        let mirror = &mut self.mirrors[at];
        mirror.tries = mirror.tries.saturating_add(1);
        if mirror.state != MirrorState::Unknown {
            mirror.state = MirrorState::Retrying;
        }
        mirror.next_at = Some(later(now, retry::backoff(mirror.tries, asked, jitter)));
        let (name, tries) = (mirror.destination.clone(), mirror.tries);
        let reason = reason.or_else(|| {
            (tries >= TELL_AFTER).then(|| {
                Reason::new(
                    ReasonCode::StillFailing,
                    format!("«{name}» has failed several times in a row"),
                    "see the tries in the order's time-line; they go on by themselves",
                )
            })
        });
        self.keep_mirror(at);
        if let Some(reason) = reason {
            self.open_at(at, reason);
        }
        Round::Done
    }

    pub(super) fn open_at(&mut self, at: usize, reason: Reason) {
        self.mirrors[at].reason = Some(reason.clone());
        self.keep_mirror(at);
        let at = ExceptionAt::Destination(self.mirrors[at].destination.clone());
        self.changes.close.retain(|closed| *closed != at);
        self.changes.open.retain(|open| open.at != at);
        self.changes.open.push(OpenException { at, reason });
    }

    pub(super) fn tell(&mut self, at: usize, kind: &'static str, text: String, changes: Vec<Change>) {
        let (at, source) = (self.now(), self.mirrors[at].destination.clone());
        self.changes.timeline.push(Entry { at, kind, source, delivery: None, text, changes });
    }

    /// Puts the mirror as it now is among what is to be kept.
    pub(in super::super) fn keep_mirror(&mut self, at: usize) {
        let mirror = self.mirrors[at].clone();
        self.changes.mirrors.retain(|kept| kept.destination != mirror.destination);
        self.changes.mirrors.push(mirror);
    }
}
