//! Takes account of what the channel was told: by what it gave back, or by reading the order.

use std::collections::BTreeSet;

use super::super::pass::Pass;
use super::Round;
use crate::domain::fulfillment::Fulfillment;
use crate::domain::record::{Fact, HeldBack};
use crate::domain::step::{Holding, Shipping, Step, Telling};

impl Pass<'_> {
    /// Takes account of a step at the channel: by what it gave back, or by reading the order.
    pub(super) async fn account_for_told(
        &mut self,
        name: &str,
        step: Step,
        made: Option<Box<Fulfillment>>,
    ) -> Round {
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
    pub(super) async fn account_for_hold(&mut self, holding: Holding) -> Round {
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
    pub(super) fn unlink(&mut self, shipping: &Shipping) {
        if let Some(id) = &shipping.fulfillment {
            self.record.links.remove(id);
        }
    }
}
