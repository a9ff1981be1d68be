//! Looks at copies and at the channel, and takes account of steps that may have happened.
//!
//! What is seen is never put right here: it is a fact for the next plan.

use super::super::channel::{left_behind, shows};
use super::super::pass::{Halt, Pass};
use super::account::{account_for_lost, address_of, disown, drift, news, see};
use super::{Round, Target, Wanted};
use crate::connectors::Destination;
use crate::domain::copy::Stage;
use crate::domain::mirror::Observed;
use crate::domain::record::Fact;
use crate::domain::step::{CopyRef, Step, Telling};
use crate::transport::Log;

impl Pass<'_> {
    /// Looks at the copy, and takes account of a step that may have happened.
    pub(super) async fn look(
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

    pub(super) async fn look_at_copy(
        &mut self,
        at: usize,
        destination: &dyn Destination,
        copy: &CopyRef,
    ) -> Round {
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
            Some(_) => Vec::new(),
            None => drift(&self.mirrors[at].observed, &observed),
        };
        if !drift.is_empty() {
            self.tell(at, "drift", "changed at the destination, not by us".to_owned(), drift);
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
    pub(super) fn judge_by_sight(&mut self, at: usize) {
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
    pub(super) fn merge_shipments(&mut self, at: usize, destination: &dyn Destination) {
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
    pub(super) fn take_shipments(&mut self, at: usize, target: &Target<'_>) {
        if let Some(destination) = target.destination() {
            self.merge_shipments(at, destination);
        }
    }

    /// The channel is looked at by reading the order anew.
    pub(super) async fn look_at_channel(&mut self, at: usize) -> Round {
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
}
