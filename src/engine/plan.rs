//! The difference between what a mirror should hold and what it holds, as the next step: a pure function.
//!
//! It plans one step at a time: after each, the loop looks at the new state and plans again, so there is no list of
//! commands that could go stale. Content that a person changed at the destination is left alone; only what changed on
//! our side, against what we last made it hold, is worth a revision. Steps that take something back or set a stage never
//! rest on an old sight.

use std::collections::BTreeSet;

use crate::domain::copy::{OrderCopy, Stage};
use crate::domain::mirror::{Desired, Observed, Seen};
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::step::{Capabilities, Plan, Step};

/// What is known of a mirror when planning.
#[derive(Clone, Copy, Debug)]
pub struct Sight<'a> {
    /// The copy as we last made it, if we did.
    pub applied: Option<&'a OrderCopy>,
    /// What it was last seen to hold.
    pub observed: &'a Observed,
    /// Whether that was seen, or made so by us, just now.
    pub fresh: bool,
    /// Whether a person asked to try again, whatever stands in the way.
    pub forced: bool,
}

/// The next step from what is seen to what is desired.
pub fn plan(desired: &Desired, sight: Sight<'_>, can: Capabilities) -> Plan {
    match desired {
        Desired::Present(copy) => toward_present(copy, sight, can),
        Desired::Absent(_) => toward_absent(sight, can),
        Desired::Undecided(reason) => match sight.observed {
            // Goods must not leave on terms that no longer hold.
            Observed::Present(seen) if seen.committed && seen.stage == Stage::Released => {
                match (sight.fresh, sight.applied) {
                    (false, _) => Plan::Observe,
                    (true, Some(applied)) => advance(&applied.key, Stage::Held),
                    (true, None) => Plan::Exception(reason.clone()),
                }
            }
            _ => Plan::Exception(reason.clone()),
        },
    }
}

fn toward_absent(sight: Sight<'_>, can: Capabilities) -> Plan {
    let (Observed::Present(seen), Some(applied)) = (sight.observed, sight.applied) else {
        // What we never entered is not ours to take back.
        return Plan::Nothing;
    };
    if !sight.fresh {
        return Plan::Observe;
    }
    if seen.stage <= can.cancel_until {
        return Plan::Next(Step::Cancel { key: applied.key.clone() });
    }
    // We said it had shipped, and at the channel that was undone: undo it here before taking the order back.
    if seen.stage == applied.stage {
        return undo_shipment(applied, seen, &BTreeSet::new(), can.cancel_until);
    }
    Plan::Exception(Reason::new(
        ReasonCode::ShippedAtDestination,
        format!(
            "the destination says the goods of order {} left, but the order is not to be shipped",
            applied.key
        ),
        "stop the parcel with its carrier, or enter the shipment at the channel",
    ))
}

fn toward_present(copy: &OrderCopy, sight: Sight<'_>, can: Capabilities) -> Plan {
    let seen = match (sight.observed, sight.applied) {
        (Observed::Never | Observed::Absent, None) => return submit(copy, false),
        (Observed::Never, Some(_)) => return Plan::Observe,
        (Observed::Absent, Some(_)) if sight.forced => return submit(copy, true),
        (Observed::Absent, Some(_)) => {
            return Plan::Exception(Reason::new(
                ReasonCode::VoidedAtDestination,
                format!("order {} was taken back at the destination, not by us", copy.key),
                "retry to enter it again, or cancel the order at the channel",
            ));
        }
        (Observed::Present(seen), _) if !seen.committed => return submit(copy, true),
        (Observed::Present(seen), _) => seen,
    };
    let Some(applied) = sight.applied else {
        return Plan::Exception(Reason::new(
            ReasonCode::AlreadyCommitted,
            format!("an order with the key {} was entered at the destination by someone else", copy.key),
            "set a key_prefix for the route, or void that order at the destination and retry",
        ));
    };
    let revisable = seen.stage <= can.revise_until;
    if !applied.same_content(copy) && revisable {
        return if sight.fresh {
            Plan::Next(Step::Cancel { key: applied.key.clone() })
        } else {
            Plan::Observe
        };
    }
    if let Some(plan) = shipment(copy, applied, seen, sight.fresh) {
        return plan;
    }
    if !applied.same_goods(copy) && !revisable {
        return Plan::Exception(Reason::new(
            ReasonCode::EditedAfterShipment,
            format!("order {} was edited after its goods had left", copy.key),
            "correct the order at the destination by hand; it is not taken back once goods left",
        ));
    }
    Plan::Nothing
}

/// Brings stage and tracking in line.
fn shipment(copy: &OrderCopy, applied: &OrderCopy, seen: &Seen, fresh: bool) -> Option<Plan> {
    let undone = copy.stage < Stage::Shipped && seen.stage >= Stage::Shipped;
    if undone {
        // Shipped by someone else there: that is a fact for the channel, not ours to undo.
        if seen.stage != applied.stage {
            return None;
        }
        return Some(if fresh {
            undo_shipment(applied, seen, &copy.numbers, copy.stage)
        } else {
            Plan::Observe
        });
    }
    let missing: BTreeSet<String> = copy.numbers.difference(&seen.numbers).cloned().collect();
    let ours_to_remove = ours_to_remove(applied, seen, &copy.numbers);
    let moves = match copy.stage.cmp(&seen.stage) {
        std::cmp::Ordering::Greater => true,
        // Back only from released to held: from a shipment there is no way back but to undo it.
        std::cmp::Ordering::Less => copy.stage == Stage::Held && seen.stage == Stage::Released,
        std::cmp::Ordering::Equal => false,
    };
    if missing.is_empty() && ours_to_remove.is_empty() && !moves {
        return None;
    }
    if !fresh {
        return Some(Plan::Observe);
    }
    let key = copy.key.clone();
    Some(if !ours_to_remove.is_empty() {
        Plan::Next(Step::Untrack { key, numbers: ours_to_remove })
    } else if !missing.is_empty() {
        Plan::Next(Step::Track { key, numbers: missing })
    } else {
        advance(&key, copy.stage)
    })
}

fn undo_shipment(applied: &OrderCopy, seen: &Seen, wanted: &BTreeSet<String>, stage: Stage) -> Plan {
    let numbers = ours_to_remove(applied, seen, wanted);
    if numbers.is_empty() {
        advance(&applied.key, stage)
    } else {
        Plan::Next(Step::Untrack { key: applied.key.clone(), numbers })
    }
}

/// Numbers we put there that should no longer be; numbers that others put there stay.
fn ours_to_remove(applied: &OrderCopy, seen: &Seen, wanted: &BTreeSet<String>) -> BTreeSet<String> {
    applied
        .numbers
        .iter()
        .filter(|number| !wanted.contains(*number) && seen.numbers.contains(*number))
        .cloned()
        .collect()
}

fn submit(copy: &OrderCopy, again: bool) -> Plan {
    let mut copy = copy.clone();
    copy.stage = copy.stage.min(Stage::Released);
    copy.numbers.clear();
    Plan::Next(Step::Submit { copy: Box::new(copy), again })
}

fn advance(key: &str, stage: Stage) -> Plan {
    Plan::Next(Step::Advance { key: key.to_owned(), stage })
}
