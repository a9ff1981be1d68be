//! Brings one mirror in step: plan, record the intent, apply, take account, plan again.
//!
//! A step that was recorded and not known to have ended is looked at before anything else; so nothing is ever entered
//! twice, whatever was lost and whoever crashed.

use std::collections::BTreeSet;
use std::time::Duration;

use super::account::{account_for, account_for_lost, address_of, adopt, disown, drift, news, see};
use super::channel::{left_behind, shows};
use super::judging::{refusal, withheld};
use super::pass::{Halt, Pass, unauthorized};
use super::target::{Done, Target, Wanted};
use super::{later, retry};
use crate::connectors::Destination;
use crate::domain::copy::{OrderCopy, Stage};
use crate::domain::fulfillment::Fulfillment;
use crate::domain::mirror::{Desired, MirrorState, Observed, Pace};
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::record::{Fact, HeldBack};
use crate::domain::step::{CopyRef, Holding, Plan, Shipping, Step, Telling};
use crate::domain::verdict::Verdict;
use crate::store::{Entry, ExceptionAt, Gate, OpenException};
use crate::telemetry;
use crate::transport::{Fault, Log};

/// Rounds of planning in one pass; more would mean that a destination does not do what it says.
const MOST_ROUNDS: u32 = 12;
/// Failures in a row after which a person is told, while tries go on.
const TELL_AFTER: u32 = 6;

/// After how long a person is told that what should come by itself does not come.
const TELL_AFTER_WAITING: Duration = Duration::from_mins(15);
/// The longest wait between two looks for it.
const WAIT_LONGEST: Duration = Duration::from_mins(5);
/// How long after an order was placed its copy is looked at by the clock.
const WATCHED_FOR: Duration = Duration::from_hours(90 * 24);

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
        for _ in 0..MOST_ROUNDS {
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
            let Some(wanted) = target.wanted(&self.record) else { return Ok(()) };
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
            let round = if mirror.intent.is_some() || ((mirror.look || watched) && !fresh) {
                self.look(at, target, &wanted, &mut fresh).await?
            } else {
                match target.plan(&wanted, mirror, fresh) {
                    Plan::Nothing => self.in_step(at, digest, target, &wanted),
                    Plan::Observe => self.look(at, target, &wanted, &mut fresh).await?,
                    Plan::Next(step) => self.step(at, target, step, &wanted, &mut fresh).await?,
                    Plan::Exception(reason) => {
                        self.watch(at, target);
                        self.exception(at, digest, reason)
                    }
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

    /// Looks at the copy, and takes account of a step that may have happened.
    async fn look(
        &mut self,
        at: usize,
        target: &Target<'_>,
        wanted: &Wanted,
        fresh: &mut bool,
    ) -> Result<Round, Halt> {
        *fresh = true;
        let round = match (target.destination(), wanted) {
            (Some(destination), Wanted::Copy(desired, _)) => {
                match address_of(&self.mirrors[at], desired) {
                    Some(copy) => self.look_at_copy(at, destination, &copy).await,
                    // Nothing was ever entered, and nothing should be.
                    None => Round::Again,
                }
            }
            _ => self.look_at_channel(at).await,
        };
        if matches!(round, Round::Again) {
            let mirror = &mut self.mirrors[at];
            mirror.look = false;
            mirror.watch_at = None;
            self.keep_mirror(at);
        }
        Ok(round)
    }

    async fn look_at_copy(&mut self, at: usize, destination: &dyn Destination, copy: &CopyRef) -> Round {
        let log = Log::default();
        let seen = destination.observe(copy, &log).await;
        let name = self.mirrors[at].destination.clone();
        let observed = match seen {
            Ok(observed) => observed,
            Err(fault) => {
                self.keep_tries(&name, "observe", &log);
                return self.faulted(at, fault, None);
            }
        };
        let mirror = &self.mirrors[at];
        // A look by the clock that shows what was seen before is nobody's story.
        if mirror.watch_at.is_none()
            || mirror.look
            || mirror.intent.is_some()
            || news(&mirror.observed, &observed)
        {
            self.keep_tries(&name, "observe", &log);
        }
        // What a step of ours may have changed is no drift.
        let drift = match &self.mirrors[at].intent {
            Some(_) => serde_json::Value::Null,
            None => drift(&self.mirrors[at].observed, &observed),
        };
        if !drift.is_null() {
            self.tell(at, "drift", "changed at the destination, not by us".to_owned(), Some(drift));
        }
        let mirror = &mut self.mirrors[at];
        see(mirror, observed);
        if let Some(step) = mirror.intent.take() {
            let entered = matches!(step, Step::Submit { .. });
            account_for_lost(mirror, step, destination);
            if entered {
                self.judge_by_sight(at);
            }
        }
        disown(&mut self.mirrors[at]);
        self.merge_shipments(at, destination);
        Round::Again
    }

    /// What was entered by a step whose answer was lost is judged as it is seen to be: what was judged before was another. What is
    /// seen not to count is entered again, and judged by that.
    fn judge_by_sight(&mut self, at: usize) {
        let mirror = &self.mirrors[at];
        let Observed::Present(seen) = &mirror.observed else { return };
        if !seen.committed || mirror.applied.is_none() {
            return;
        }
        let (name, verdict) = (mirror.destination.clone(), seen.verdict.clone());
        match verdict {
            Some(verdict) => {
                self.merge_fact(&name, Fact::Verdict(name.clone(), *verdict), "compliance was seen");
            }
            None => self.unsaved |= self.record.verdicts.remove(&name).is_some(),
        }
    }

    /// What left by the destination's own account, and not because we said so, is a fact about the order.
    fn merge_shipments(&mut self, at: usize, destination: &dyn Destination) {
        let mirror = &self.mirrors[at];
        let (Observed::Present(seen), Some(applied)) = (&mirror.observed, &mirror.applied) else { return };
        if applied.stage >= Stage::Shipped {
            // That it left is no news; that it arrived is, unless we said so too.
            if seen.stage == Stage::Delivered && applied.stage == Stage::Shipped {
                let name = mirror.destination.clone();
                let fact = Fact::Arrived(name.clone(), seen.numbers.clone());
                self.merge_fact(&name, fact, "what arrived by its account");
            }
            return;
        }
        let (told, name) = (destination.shipments(seen, applied), mirror.destination.clone());
        if told.is_empty() && !self.record.shipments.contains_key(&name) {
            return;
        }
        self.merge_fact(&name, Fact::Shipments(name.clone(), told), "what left by its own account");
    }

    /// The same for whatever a target is: only copies tell of shipments.
    fn take_shipments(&mut self, at: usize, target: &Target<'_>) {
        if let Some(destination) = target.destination() {
            self.merge_shipments(at, destination);
        }
    }

    /// The channel is looked at by reading the order anew.
    async fn look_at_channel(&mut self, at: usize) -> Round {
        let now = self.now();
        self.record.ask_reading(now);
        if !self.settle_source().await {
            return Round::Done;
        }
        // What became of other steps is what is seen now.
        match self.mirrors[at].intent.take() {
            Some(Step::Tell(Telling::Ship(shipping))) => {
                let made = left_behind(&self.record, &shipping).map(|fulfillment| fulfillment.id.clone());
                if let Some(id) = made {
                    self.record.told.insert(id.clone(), shipping.tracking);
                    self.record.links.insert(id, shipping.shipment);
                }
            }
            Some(Step::Tell(Telling::Unship(shipping))) => self.unlink(&shipping),
            Some(Step::Tell(Telling::Retrack(shipping))) => {
                let fulfillment = shipping.fulfillment.and_then(|id| self.record.fulfillments.get(&id));
                if let Some(told) = fulfillment.filter(|fulfillment| shows(fulfillment, &shipping.tracking)) {
                    self.record.told.insert(told.id.clone(), shipping.tracking);
                }
            }
            Some(Step::Tell(Telling::Tag(tagging))) => {
                self.record.flags.insert(tagging.tag);
            }
            _ => {}
        }
        Round::Again
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
                Err(Fault::Refused(reason)) => return Ok(self.exception(at, digest, reason)),
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
                self.tell(at, "step", step.name().to_owned(), None);
                self.keep_mirror(at);
                return Ok(self.account_for_told(&name, step, made).await);
            }
        };
        account_for(mirror, &step, &effect, now);
        if effect.seen.is_some() {
            self.take_shipments(at, target);
        }
        let word = effect.verdict.as_ref().map(|verdict| format!(": {}", verdict.word)).unwrap_or_default();
        self.tell(at, "step", format!("{}{word}", step.name()), None);
        self.keep_mirror(at);
        if let Some(verdict) = effect.verdict {
            let goes_in_part = self.note_withheld(target, wanted, &step, &verdict, restarts);
            // Of what was only checked as a whole, that which goes is judged as it was.
            if !(goes_in_part && matches!(step, Step::Check { .. })) {
                self.merge_fact(&name, Fact::Verdict(name.clone(), verdict), "compliance was judged");
            }
            self.note_judged(&name);
            let refused = refusal(&self.record, &name).filter(|_| !effect.committed && !goes_in_part);
            if let Some(reason) = refused {
                return Ok(self.exception(at, digest, reason));
            }
        }
        Ok(Round::Again)
    }

    /// Takes account of what stays back by a judgement; gives whether something else than what was judged goes all the same.
    fn note_withheld(
        &mut self,
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
        matches!(target.wanted(&self.record), Some(Wanted::Copy(Desired::Present(copy), _)) if goes(&copy))
    }

    /// What was asked of a destination was done, or cannot be.
    fn note_judged(&mut self, name: &str) {
        if self.record.recheck.as_mut().is_some_and(|recheck| recheck.waiting.remove(name)) {
            self.unsaved = true;
        }
    }

    /// Takes account of a step at the channel: by what it gave back, or by reading the order.
    async fn account_for_told(&mut self, name: &str, step: Step, made: Option<Box<Fulfillment>>) -> Round {
        match (step, made) {
            (Step::Tell(Telling::Ship(shipping) | Telling::Retrack(shipping)), Some(made)) => {
                self.record.told.insert(made.id.clone(), shipping.tracking);
                self.record.links.insert(made.id.clone(), shipping.shipment);
                self.merge_fact(name, Fact::Fulfillment(*made), "what we told the channel");
                return Round::Again;
            }
            (step, Some(made)) => {
                if let Step::Tell(Telling::Unship(shipping)) = step {
                    self.unlink(&shipping);
                }
                self.merge_fact(name, Fact::Fulfillment(*made), "what we told the channel");
                return Round::Again;
            }
            (Step::Tell(Telling::Hold(holding)), None) => return self.account_for_hold(*holding).await,
            (Step::Tell(Telling::Unhold(_)), None) => self.record.held_back = HeldBack::default(),
            (Step::Tell(Telling::Tag(tagging)), None) => {
                self.record.flags.insert(tagging.tag);
            }
            (Step::Tell(Telling::Untag(tagging)), None) => {
                self.record.flags.remove(&tagging.tag);
            }
            // Nothing of it is read back.
            (Step::Tell(Telling::State(stating)), None) => {
                self.record.stated = Some(stating.state);
                self.unsaved = true;
                return Round::Again;
            }
            _ => {}
        }
        let now = self.now();
        self.record.ask_reading(now);
        if self.settle_source().await { Round::Again } else { Round::Done }
    }

    /// Work that has none of the lines that stay back is seen not to be held for them.
    async fn account_for_hold(&mut self, holding: Holding) -> Round {
        let lines = holding.lines.unwrap_or_default();
        if self.record.held_back.lines != lines {
            self.record.held_back = HeldBack { lines, free: BTreeSet::new() };
        }
        let now = self.now();
        self.record.ask_reading(now);
        if !self.settle_source().await {
            return Round::Done;
        }
        let work = self.record.work.iter().flatten().find(|work| work.id == holding.work);
        let held = work.is_some_and(|work| work.holds.iter().any(|hold| hold.ours));
        if !held && !self.record.held_back.lines.is_empty() {
            self.unsaved |= self.record.held_back.free.insert(holding.work);
        }
        Round::Again
    }

    /// What we undid ourselves stands for no shipment any more: if that leaves after all, it is told anew.
    fn unlink(&mut self, shipping: &Shipping) {
        if let Some(id) = &shipping.fulfillment {
            self.record.links.remove(id);
        }
    }

    /// Sets when what is open there is looked at next, whether it is in step or a person's.
    fn watch(&mut self, at: usize, target: &Target<'_>) {
        let now = self.now();
        let watch = target.watch().filter(|_| self.is_open(at, now));
        // Spread over a tenth, so that what was entered together is not looked at together for ever.
        let spread = 0.95 + f64::from(self.jitter()) / 10_240.0;
        self.mirrors[at].watch_at = watch.map(|every| later(now, every.mul_f64(spread)));
    }

    fn in_step(&mut self, at: usize, digest: String, target: &Target<'_>, wanted: &Wanted) -> Round {
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
            self.tell(at, "decision", text, None);
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
    fn is_open(&self, at: usize, now: jiff::Timestamp) -> bool {
        let Observed::Present(seen) = &self.mirrors[at].observed else { return false };
        let placed = self.record.document.as_ref().map_or(now, |document| document.created_at);
        seen.committed && seen.stage < Stage::Delivered && now < later(placed, WATCHED_FOR)
    }

    fn exception(&mut self, at: usize, digest: String, reason: Reason) -> Round {
        let now = self.now();
        let mirror = &mut self.mirrors[at];
        let known = mirror.state == MirrorState::Exception && mirror.reason.as_ref() == Some(&reason);
        mirror.state = MirrorState::Exception;
        mirror.digest = Some(digest);
        mirror.absence = None;
        self.settle_mirror(at, now);
        if !known {
            self.tell(at, "exception", reason.to_string(), None);
        }
        let name = self.mirrors[at].destination.clone();
        self.note_judged(&name);
        self.note_undecided(&name, Some(&reason));
        self.open_at(at, reason);
        Round::Done
    }

    /// What a person has to decide of a copy is told to the channel, in its turn.
    fn note_undecided(&mut self, name: &str, reason: Option<&Reason>) {
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
    fn settle_mirror(&mut self, at: usize, now: jiff::Timestamp) {
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
    fn faulted(&mut self, at: usize, fault: Fault, step: Option<&Step>) -> Round {
        if let Some(step) = step
            && !matches!(fault, Fault::Deferred(_))
        {
            self.tell(at, "step", format!("{}: {fault}", step.name()), None);
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
    fn wait_for_import(&mut self, at: usize, reason: Reason) -> Round {
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
    fn rest(&mut self, at: usize, until: jiff::Timestamp) -> Round {
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
    fn fail(&mut self, at: usize, asked: Option<Duration>, reason: Option<Reason>) -> Round {
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
    pub(super) fn keep_mirror(&mut self, at: usize) {
        let mirror = self.mirrors[at].clone();
        self.changes.mirrors.retain(|kept| kept.destination != mirror.destination);
        self.changes.mirrors.push(mirror);
    }
}
