//! Brings one mirror in step: plan, record the intent, apply, take account, plan again.
//!
//! A step that was recorded and not known to have ended is looked at before anything else; so nothing is ever entered
//! twice, whatever was lost and whoever crashed.

mod account;
mod looking;
mod settling;
mod target;
mod telling;

pub(super) use target::{Target, Wanted};

use std::collections::BTreeMap;

use account::{account_for, adopt, news};
use target::Done;

use super::judging::{refusal, withheld};
use super::pass::{Halt, Pass};
use crate::domain::copy::OrderCopy;
use crate::domain::mirror::{Desired, MirrorState};
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::record::Fact;
use crate::domain::step::{Plan, Step};
use crate::domain::verdict::Verdict;
use crate::store::Gate;
use crate::transport::{Fault, Log};

/// Rounds of planning in one pass, beside those that parcels need; more would mean that a destination does not do what it says.
const MOST_ROUNDS: usize = 12;
/// Rounds that one parcel may need: it is told, and how far it has come.
const ROUNDS_A_PARCEL: usize = 2;

/// What a round of planning ended in.
enum Round {
    Again,
    Done,
}

impl Pass<'_> {
    /// Brings the mirror at index `at` in step with what its target is owed.
    pub(super) async fn converge(&mut self, at: usize, target: &Target<'_>) -> Result<(), Halt> {
        let mut fresh = false;
        let mut read = false;
        let parcels: usize = self.record.shipments.values().map(BTreeMap::len).sum();
        for _ in 0..MOST_ROUNDS + ROUNDS_A_PARCEL * parcels {
            // What holds an order is known before its goods may leave. Where a reading is owed already, it was refused.
            if !read
                && !self.record.needs_reading()
                && target.waits_for_reading(&self.record, &self.mirrors[at])
            {
                read = true;
                let now = self.now();
                self.record.ask_reading(now);
                if !self.settle_source().await {
                    return Ok(());
                }
            }
            let Some(wanted) = target.wanted(&self.record, &self.mirrors[at]) else { return Ok(()) };
            self.note_judgement(at, target, &wanted);
            let digest = wanted.digest();
            let now = self.now();
            let mirror = &mut self.mirrors[at];
            let settled =
                matches!(mirror.state, MirrorState::InStep | MirrorState::Exception | MirrorState::Closed);
            let same = mirror.digest.as_ref() == Some(&digest);
            let watched = !fresh && mirror.watch_at.is_some_and(|at| at <= now);
            // What was looked at just now is planned anew, even where nothing moved on our side.
            let asked = self.record.is_asked_of(target.name());
            if settled && same && !fresh && !watched && !asked && !mirror.look && mirror.intent.is_none() {
                return Ok(());
            }
            if settled {
                mirror.tries = 0;
                mirror.next_at = None;
            }
            if mirror.owed_since.is_none() && !(settled && same) {
                mirror.owed_since = self.heard_at.or(Some(now));
            }
            if mirror.next_at.is_some_and(|next| now < next) {
                // Its time has not come; something else made the order due.
                return Ok(());
            }
            if let Some(until) = self.resting_until(target.connection()) {
                self.faulted(at, Fault::Deferred(until), None);
                return Ok(());
            }
            let mirror = &self.mirrors[at];
            // What was refused before a look by the clock that shows nothing new would be refused again.
            let told = mirror.state == MirrorState::Exception && same && watched && !asked && !mirror.look;
            let before = told.then(|| mirror.observed.clone());
            let round = if mirror.intent.is_some() || ((mirror.look || watched) && !fresh) {
                self.look(at, target, &wanted, &mut fresh).await?
            } else {
                match target.plan(&wanted, mirror, fresh) {
                    Plan::Nothing => self.in_step(at, digest, target, &wanted),
                    Plan::Observe => self.look(at, target, &wanted, &mut fresh).await?,
                    Plan::Next(step) => self.step(at, target, step, &wanted, &mut fresh).await?,
                    Plan::Exception(reason) => self.exception(at, digest, target, reason),
                    Plan::Adopt(copy, but) => {
                        adopt(&mut self.mirrors[at], &copy, &but);
                        self.keep_mirror(at);
                        self.take_shipments(at, target);
                        Round::Again
                    }
                    Plan::Wait(reason) => self.wait_for_import(at, reason),
                }
            };
            if matches!(round, Round::Done) {
                return Ok(());
            }
            if before.is_some_and(|before| !news(&before, &self.mirrors[at].observed)) {
                self.watch(at, target);
                self.keep_mirror(at);
                return Ok(());
            }
        }
        let reason = Reason::new(
            ReasonCode::UnexpectedAnswer,
            format!("«{}» does not come to hold what it is given", target.name()),
            "compare the order at both ends; tries go on by themselves",
        );
        self.fail(at, None, Some(reason));
        Ok(())
    }

    /// What a destination judged holds as long as the order is the one it judged.
    fn note_judgement(&mut self, at: usize, target: &Target<'_>, wanted: &Wanted) {
        let mirror = &self.mirrors[at];
        let judge = &mirror.destination;
        let owes = target.owes_judgement(wanted, mirror) && self.record.verdicts.contains_key(judge);
        if owes != self.record.unjudged.contains(judge) {
            let judge = judge.clone();
            if owes {
                self.record.unjudged.insert(judge);
            } else {
                self.record.unjudged.remove(&judge);
            }
            self.unsaved = true;
        }
    }

    /// Until when the connection's circuit breaker lets nothing through.
    fn resting_until(&self, connection: &str) -> Option<jiff::Timestamp> {
        let until = self.engine.registry.get(connection)?.connection.resting_until()?;
        (self.now() < until).then_some(until)
    }

    /// Records the intent, performs the step, takes account of what came of it.
    async fn step(
        &mut self,
        at: usize,
        target: &Target<'_>,
        step: Step,
        wanted: &Wanted,
        fresh: &mut bool,
    ) -> Result<Round, Halt> {
        let digest = wanted.digest();
        if let (Some(destination), Step::Submit { copy, again: false }) = (target.destination(), &step) {
            let log = Log::default();
            let clear = destination.forestall(copy, &log).await;
            let name = self.mirrors[at].destination.clone();
            self.keep_tries(&name, step.name(), &log);
            match clear {
                Ok(()) => {}
                Err(Fault::Refused(reason)) => return Ok(self.exception(at, digest, target, reason)),
                Err(fault) => return Ok(self.faulted(at, fault, None)),
            }
        }
        // What stops goods is never kept waiting.
        let now = self.now();
        if !step.is_urgent()
            && let Some(until) = self.mirrors[at].pace.count(now)
        {
            return Ok(self.rest(at, until));
        }
        self.mirrors[at].intent = Some(step.clone());
        self.mirrors[at].state = MirrorState::Due;
        self.keep_mirror(at);
        // What lets goods leave is refused where a cancel, a hold or a refund came in since the record was read.
        self.commit(if step.releases() { Gate::Untouched } else { Gate::None }).await?;

        let log = Log::within(self.term.clone());
        let done = target.apply(&step, &log).await;
        let name = self.mirrors[at].destination.clone();
        self.keep_tries(&name, step.name(), &log);
        let done = match done {
            Ok(done) => done,
            Err(Fault::Refused(reason)) => {
                self.mirrors[at].intent = None;
                self.tell(at, "step", format!("{}: refused", step.name()), Vec::new());
                return Ok(self.exception(at, digest, target, reason));
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
        // What a person wants judged anew is judged as if nothing had been found.
        let restarts = mirror.forced || self.record.is_asked_of(&name);
        mirror.intent = None;
        mirror.forced = false;
        mirror.tries = 0;
        // A check shows nothing of the copy.
        *fresh |= !matches!(step, Step::Check { .. });
        let effect = match done {
            Done::Effect(effect) => effect,
            Done::Told(made) => {
                self.tell(at, "step", step.name().to_owned(), Vec::new());
                self.keep_mirror(at);
                return Ok(self.account_for_told(&name, step, made).await);
            }
        };
        account_for(mirror, &step, &effect, now);
        if effect.seen.is_some() {
            self.take_shipments(at, target);
        }
        let word = effect.verdict.as_ref().map(|verdict| format!(": {}", verdict.word)).unwrap_or_default();
        self.tell(at, "step", format!("{}{word}", step.name()), Vec::new());
        self.keep_mirror(at);
        if let Some(verdict) = effect.verdict {
            let goes_in_part = self.note_withheld(at, target, wanted, &step, &verdict, restarts);
            // Of what was only checked as a whole, that which goes is judged as it was.
            if !(goes_in_part && matches!(step, Step::Check { .. })) {
                self.merge_fact(&name, Fact::Verdict(name.clone(), verdict), "compliance was judged");
            }
            self.note_judged(&name);
            let refused = refusal(&self.record, &name).filter(|_| !effect.committed && !goes_in_part);
            if let Some(reason) = refused {
                return Ok(self.exception(at, digest, target, reason));
            }
        }
        Ok(Round::Again)
    }

    /// Takes account of what stays back by a judgement; gives whether something else than what was judged goes all the same.
    fn note_withheld(
        &mut self,
        at: usize,
        target: &Target<'_>,
        wanted: &Wanted,
        step: &Step,
        verdict: &Verdict,
        restarts: bool,
    ) -> bool {
        let (Wanted::Copy(_, judgement), Step::Submit { copy: judged, .. } | Step::Check { copy: judged }) =
            (wanted, step)
        else {
            return false;
        };
        let known = self.record.withheld.remove(target.name());
        let before = known.as_ref().filter(|_| !restarts);
        let found = judgement.whole.as_ref().and_then(|whole| withheld(before, whole, judged, verdict));
        self.unsaved |= found != known;
        if found.as_ref().map(|found| &found.of) != known.as_ref().map(|known| &known.of) {
            // An edit may have brought lines into work that had none of them.
            self.record.held_back.free.clear();
        }
        let Some(found) = found else { return false };
        self.record.withheld.insert(target.name().to_owned(), found);
        let goes = |copy: &OrderCopy| !copy.same_content(judged);
        let wanted = target.wanted(&self.record, &self.mirrors[at]);
        matches!(wanted, Some(Wanted::Copy(Desired::Present(copy), _)) if goes(&copy))
    }

    /// What was asked of a destination was done, or cannot be.
    fn note_judged(&mut self, name: &str) {
        if self.record.recheck.as_mut().is_some_and(|recheck| recheck.waiting.remove(name)) {
            self.unsaved = true;
        }
    }
}
