//! Brings one mirror in step: plan, record the intent, apply, take account, plan again.
//!
//! A step that was recorded and not known to have ended is looked at before anything else; so nothing is ever entered
//! twice, whatever was lost and whoever crashed.

use super::desired::desired;
use super::pass::{Halt, Pass, unauthorized};
use super::plan::{Sight, plan};
use super::{later, retry};
use crate::connectors::{Destination, Effect};
use crate::crypto;
use crate::domain::mirror::{Desired, Mirror, MirrorState, Observed, Seen};
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::route::Route;
use crate::domain::step::{Plan, Step};
use crate::domain::timeline::changes;
use crate::store::{Entry, ExceptionAt, Gate, OpenException};
use crate::telemetry;
use crate::transport::{Fault, Log};

/// Rounds of planning in one pass; more would mean that a destination does not do what it says.
const MOST_ROUNDS: u32 = 12;
/// Failures in a row after which a person is told, while tries go on.
const TELL_AFTER: u32 = 6;

/// Digest of a desired state: equal states have equal digests, whatever order their facts came in.
pub(super) fn digest(desired: &Desired) -> String {
    let json = serde_json::to_vec(desired).unwrap_or_default();
    crypto::hex(&crypto::digest(&[&json]))
}

/// What a round of planning ended in.
enum Round {
    Again,
    Done,
}

impl Pass<'_> {
    /// Brings the mirror at index `at` in step with what `route` demands of it.
    pub(super) async fn converge(&mut self, at: usize, route: &Route) -> Result<(), Halt> {
        let destination =
            self.engine.registry.get(&route.to).and_then(|connected| connected.destination.clone());
        let Some(destination) = destination else { return Ok(()) };
        let mut fresh = false;
        for _ in 0..MOST_ROUNDS {
            let Some(desired) = desired(&self.record, route) else { return Ok(()) };
            let digest = digest(&desired);
            let mirror = &mut self.mirrors[at];
            let settled =
                matches!(mirror.state, MirrorState::InStep | MirrorState::Exception | MirrorState::Closed);
            let same = mirror.digest.as_ref() == Some(&digest);
            // What was looked at just now is planned anew, even where nothing moved on our side.
            if settled && same && !fresh && !mirror.look && mirror.intent.is_none() {
                return Ok(());
            }
            if settled {
                mirror.tries = 0;
                mirror.next_at = None;
            }
            if mirror.owed_since.is_none() {
                mirror.owed_since = self.heard_at.or(Some(self.engine.clock().now()));
            }
            if mirror.next_at.is_some_and(|next| self.engine.clock().now() < next) {
                // Its time has not come; something else made the order due.
                return Ok(());
            }
            if let Some(until) = self.resting_until(route) {
                self.faulted(at, Fault::Deferred(until), None);
                return Ok(());
            }
            let mirror = &self.mirrors[at];
            let round = if mirror.intent.is_some() || (mirror.look && !fresh) {
                self.look(at, &*destination, key_of(&self.mirrors[at], &desired), &mut fresh).await?
            } else {
                let sight = Sight {
                    applied: mirror.applied.as_ref(),
                    observed: &mirror.observed,
                    fresh,
                    forced: mirror.forced,
                };
                match plan(&desired, sight, destination.capabilities()) {
                    Plan::Nothing => self.in_step(at, digest, &desired),
                    Plan::Observe => {
                        self.look(at, &*destination, key_of(&self.mirrors[at], &desired), &mut fresh).await?
                    }
                    Plan::Next(step) => self.step(at, &*destination, step, digest, &mut fresh).await?,
                    Plan::Exception(reason) => self.exception(at, digest, reason),
                }
            };
            if matches!(round, Round::Done) {
                return Ok(());
            }
        }
        let reason = Reason::new(
            ReasonCode::UnexpectedAnswer,
            format!("«{}» does not come to hold what it is given", route.to),
            "compare the order at both ends; tries go on by themselves",
        );
        self.fail(at, None, Some(reason));
        Ok(())
    }

    /// Until when the destination's circuit breaker lets nothing through.
    fn resting_until(&self, route: &Route) -> Option<jiff::Timestamp> {
        let until = self.engine.registry.get(&route.to)?.connection.resting_until()?;
        (self.engine.clock().now() < until).then_some(until)
    }

    /// Looks at the copy, and takes account of a step that may have happened.
    async fn look(
        &mut self,
        at: usize,
        destination: &dyn Destination,
        key: Option<String>,
        fresh: &mut bool,
    ) -> Result<Round, Halt> {
        let Some(key) = key else {
            // Nothing was ever entered, and nothing should be.
            self.mirrors[at].look = false;
            *fresh = true;
            return Ok(Round::Again);
        };
        let log = Log::default();
        let seen = destination.observe(&key, &log).await;
        let name = self.mirrors[at].destination.clone();
        self.keep_tries(&name, "observe", &log);
        let observed = match seen {
            Ok(observed) => observed,
            Err(fault) => return Ok(self.faulted(at, fault, None)),
        };
        let drift = drift(&self.mirrors[at].observed, &observed);
        if !drift.is_null() {
            self.tell(at, "drift", "changed at the destination, not by us".to_owned(), Some(drift));
        }
        let mirror = &mut self.mirrors[at];
        mirror.observed = observed;
        if let Some(step) = mirror.intent.take() {
            account_for_lost(mirror, step, destination);
        }
        mirror.look = false;
        mirror.tries = 0;
        *fresh = true;
        self.keep_mirror(at);
        Ok(Round::Again)
    }

    /// Records the intent, performs the step, takes account of what came of it.
    async fn step(
        &mut self,
        at: usize,
        destination: &dyn Destination,
        step: Step,
        digest: String,
        fresh: &mut bool,
    ) -> Result<Round, Halt> {
        self.mirrors[at].intent = Some(step.clone());
        self.mirrors[at].state = MirrorState::Due;
        self.keep_mirror(at);
        // What lets goods leave is refused where a cancel, a hold or a refund came in since the record was read.
        self.commit(if step.releases() { Gate::Untouched } else { Gate::None }).await?;

        let log = Log::default();
        let done = destination.apply(&step, &log).await;
        let name = self.mirrors[at].destination.clone();
        self.keep_tries(&name, step.name(), &log);
        let effect = match done {
            Ok(effect) => effect,
            Err(Fault::Refused(reason)) => {
                self.mirrors[at].intent = None;
                self.tell(at, "step", format!("{}: refused", step.name()), None);
                return Ok(self.exception(at, digest, reason));
            }
            Err(fault) => {
                if !matches!(fault, Fault::Unknown(_)) {
                    self.mirrors[at].intent = None;
                }
                return Ok(self.faulted(at, fault, Some(&step)));
            }
        };
        let now = self.now();
        let mirror = &mut self.mirrors[at];
        mirror.intent = None;
        mirror.forced = false;
        mirror.tries = 0;
        account_for(mirror, &step, &effect, now);
        *fresh = true;
        let word = effect.verdict.as_ref().map(|verdict| format!(": {}", verdict.word)).unwrap_or_default();
        self.tell(at, "step", format!("{}{word}", step.name()), None);
        self.keep_mirror(at);
        if let Some(verdict) = effect.verdict {
            let findings = verdict.findings.join(" · ");
            self.merge_verdict(&name, verdict);
            if !effect.committed {
                let reason = Reason::new(
                    ReasonCode::NotCompliant,
                    format!("order {} may not ship: «{name}» finds it not compliant", step.key()),
                    "correct the address, the items, the date of birth or the ship date at the channel; the order is \
                     checked again by itself",
                );
                let reason = if findings.is_empty() { reason } else { reason.quoting(findings) };
                return Ok(self.exception(at, digest, reason));
            }
        }
        Ok(Round::Again)
    }

    fn in_step(&mut self, at: usize, digest: String, desired: &Desired) -> Round {
        let now = self.now();
        let mirror = &mut self.mirrors[at];
        let told = mirror.reason.is_some();
        mirror.state = MirrorState::InStep;
        mirror.digest = Some(digest);
        mirror.absence = match desired {
            Desired::Absent(absence) => Some(absence.clone()),
            _ => None,
        };
        let absent = mirror.absence.as_ref().map(|absence| format!("holds nothing: {absence}"));
        self.settle_mirror(at, now);
        if let Some(text) = absent {
            self.tell(at, "decision", text, None);
        }
        let name = self.mirrors[at].destination.clone();
        self.changes.open.retain(|open| open.at != ExceptionAt::Destination(name.clone()));
        if told {
            self.changes.close.push(ExceptionAt::Destination(name));
        }
        Round::Done
    }

    fn exception(&mut self, at: usize, digest: String, reason: Reason) -> Round {
        let now = self.now();
        let mirror = &mut self.mirrors[at];
        mirror.state = MirrorState::Exception;
        mirror.digest = Some(digest);
        mirror.absence = None;
        self.settle_mirror(at, now);
        self.tell(at, "exception", reason.to_string(), None);
        self.open_at(at, reason);
        Round::Done
    }

    /// What in step and exception have in common: nothing more is owed for now.
    fn settle_mirror(&mut self, at: usize, now: jiff::Timestamp) {
        let mirror = &mut self.mirrors[at];
        mirror.reason = None;
        mirror.look = false;
        mirror.forced = false;
        mirror.tries = 0;
        mirror.next_at = None;
        if let Some(since) = mirror.owed_since.take() {
            let took = std::time::Duration::try_from(now.duration_since(since)).unwrap_or_default();
            telemetry::converged(&mirror.destination, took);
        }
        self.keep_mirror(at);
    }

    /// A call failed. What may have happened stays an intent and is looked at first.
    fn faulted(&mut self, at: usize, fault: Fault, step: Option<&Step>) -> Round {
        let name = self.mirrors[at].destination.clone();
        if let Some(step) = step
            && !matches!(fault, Fault::Deferred(_))
        {
            self.tell(at, "step", format!("{}: {fault}", step.name()), None);
        }
        match fault {
            Fault::Deferred(until) => {
                let mirror = &mut self.mirrors[at];
                if !matches!(mirror.state, MirrorState::Retrying | MirrorState::Unknown) {
                    mirror.state = MirrorState::Due;
                }
                // Those that waited together come back a little apart.
                mirror.next_at =
                    Some(later(until, std::time::Duration::from_millis(u64::from(retry::jitter()) / 8)));
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
            Fault::Unauthorized(why) => self.fail(at, None, Some(unauthorized(&name, why))),
            Fault::Refused(reason) => self.fail(at, None, Some(reason)),
        }
    }

    /// Counts a failure and sets the next try; a person is told of `reason` at once, or of the failing itself in time.
    fn fail(&mut self, at: usize, asked: Option<std::time::Duration>, reason: Option<Reason>) -> Round {
        let now = self.now();
        let mirror = &mut self.mirrors[at];
        mirror.tries = mirror.tries.saturating_add(1);
        if mirror.state != MirrorState::Unknown {
            mirror.state = MirrorState::Retrying;
        }
        mirror.next_at = Some(later(now, retry::backoff(mirror.tries, asked, retry::jitter())));
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

    fn open_at(&mut self, at: usize, reason: Reason) {
        self.mirrors[at].reason = Some(reason.clone());
        self.keep_mirror(at);
        let at = ExceptionAt::Destination(self.mirrors[at].destination.clone());
        self.changes.close.retain(|closed| *closed != at);
        self.changes.open.retain(|open| open.at != at);
        self.changes.open.push(OpenException { at, reason });
    }

    fn tell(&mut self, at: usize, kind: &'static str, text: String, changes: Option<serde_json::Value>) {
        let (at, source) = (self.now(), self.mirrors[at].destination.clone());
        self.changes.timeline.push(Entry { at, kind, source, delivery: None, text, changes });
    }

    /// Puts the mirror as it now is among what is to be kept.
    fn keep_mirror(&mut self, at: usize) {
        let mirror = self.mirrors[at].clone();
        self.changes.mirrors.retain(|kept| kept.destination != mirror.destination);
        self.changes.mirrors.push(mirror);
    }
}

/// The key to look under: where we entered the order, or are entering it, or would.
fn key_of(mirror: &Mirror, desired: &Desired) -> Option<String> {
    let applied = mirror.key().or(mirror.intent.as_ref().map(Step::key));
    applied.map(str::to_owned).or_else(|| match desired {
        Desired::Present(copy) => Some(copy.key.clone()),
        _ => None,
    })
}

/// Takes account of a step that was done.
fn account_for(mirror: &mut Mirror, step: &Step, effect: &Effect, now: jiff::Timestamp) {
    match step {
        Step::Submit { copy, .. } => {
            mirror.applied = Some((**copy).clone());
            mirror.observed = Observed::Present(Seen {
                committed: effect.committed,
                stage: copy.stage,
                numbers: copy.numbers.clone(),
                content: serde_json::Value::Null,
                at: now,
            });
        }
        Step::Cancel { .. } => {
            mirror.applied = None;
            mirror.observed = Observed::Absent;
        }
        Step::Advance { stage, .. } => each(mirror, |at, _| *at = *stage),
        Step::Track { numbers, .. } => each(mirror, |_, held| held.extend(numbers.iter().cloned())),
        Step::Untrack { numbers, .. } => {
            each(mirror, |_, held| held.retain(|number| !numbers.contains(number)));
        }
    }
}

/// Changes stage and tracking of both what we made it hold and what it is seen to hold.
fn each(
    mirror: &mut Mirror,
    change: impl Fn(&mut crate::domain::copy::Stage, &mut std::collections::BTreeSet<String>),
) {
    if let Some(applied) = &mut mirror.applied {
        change(&mut applied.stage, &mut applied.numbers);
    }
    if let Observed::Present(seen) = &mut mirror.observed {
        change(&mut seen.stage, &mut seen.numbers);
    }
}

/// Takes account of a step whose answer was lost, by what is seen now.
fn account_for_lost(mirror: &mut Mirror, step: Step, destination: &dyn Destination) {
    match (step, &mirror.observed) {
        (Step::Submit { copy, .. }, Observed::Present(seen)) if destination.is_same_order(&copy, seen) => {
            mirror.applied = Some(*copy);
        }
        (Step::Cancel { .. }, Observed::Absent | Observed::Never) => mirror.applied = None,
        (Step::Advance { stage, .. }, Observed::Present(seen)) => {
            let seen = seen.stage;
            if let Some(applied) = mirror.applied.as_mut().filter(|_| seen == stage) {
                applied.stage = stage;
            }
        }
        (Step::Track { numbers, .. }, Observed::Present(seen)) => {
            let there: Vec<_> = numbers.intersection(&seen.numbers).cloned().collect();
            if let Some(applied) = &mut mirror.applied {
                applied.numbers.extend(there);
            }
        }
        (Step::Untrack { numbers, .. }, Observed::Present(seen)) => {
            let there = seen.numbers.clone();
            if let Some(applied) = &mut mirror.applied {
                applied.numbers.retain(|number| !numbers.contains(number) || there.contains(number));
            }
        }
        _ => {}
    }
}

/// What a person changed in the content of a copy between two sightings; null where nothing.
fn drift(before: &Observed, after: &Observed) -> serde_json::Value {
    let (Observed::Present(before), Observed::Present(after)) = (before, after) else {
        return serde_json::Value::Null;
    };
    if before.content.is_null() || after.content.is_null() {
        return serde_json::Value::Null;
    }
    let found = changes(&before.content, &after.content);
    if found.is_empty() { serde_json::Value::Null } else { serde_json::to_value(found).unwrap_or_default() }
}
