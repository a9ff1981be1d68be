//! The difference between what a mirror should hold and what it holds, as the next step: a pure function.
//!
//! It plans one step at a time: after each, the loop looks at the new state and plans again, so there is no list of
//! commands that could go stale. Content that a person changed at the destination is left alone; only what changed on
//! our side, against what we last made it hold, is worth a revision. Steps that take something back or set a stage never
//! rest on an old sight. Where people pack, an order is held before its items change or it is taken back, so that nothing
//! meets them at work; only a hold of ours is ever lifted. Of an order that people split each part is held and released by
//! itself; its edits are a person's.

use std::collections::BTreeSet;

use super::judging::Judgement;
use crate::domain::RemoteId;
use crate::domain::copy::{Field, OrderCopy, Stage};
use crate::domain::mirror::{Desired, Observed, Part, Seen};
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::step::{Capabilities, CopyRef, Differences, Edits, Plan, Revision, Step};

/// What is known of a mirror when planning.
#[derive(Clone, Copy, Debug)]
pub struct Sight<'a> {
    /// The copy as we last made it, if we did.
    pub applied: Option<&'a OrderCopy>,
    /// What it was last seen to hold.
    pub observed: &'a Observed,
    /// Of an order that was split: those of its parts, beside the one that is shown, whose hold is ours.
    pub held_parts: &'a BTreeSet<RemoteId>,
    /// Whether that was seen, or made so by us, just now.
    pub fresh: bool,
    /// Whether a person asked to try again, whatever stands in the way.
    pub forced: bool,
    /// Whether a person takes the copy as it is.
    pub accepted: bool,
    /// What the destination thinks of it, and whether a person asked for that anew.
    pub judgement: &'a Judgement,
    /// Where a copy changes field by field: in what it is seen not to be what is desired.
    pub differs: &'a Differences,
}

/// The next step from what is seen to what is desired.
pub fn plan(desired: &Desired, sight: Sight<'_>, can: Capabilities) -> Plan {
    if let Some(plan) = out_of_reach(desired, sight) {
        return plan;
    }
    match desired {
        Desired::Present(copy) => toward_present(copy, sight, can),
        Desired::Absent(_) => toward_absent(sight, can),
        Desired::Undecided(_) if sight.accepted => Plan::Nothing,
        // Goods must not leave on terms that no longer hold.
        Desired::Undecided(reason) => stop(sight, reason.clone()),
    }
}

/// Where another order ships for it nothing that is done to it reaches its goods, whatever is wanted.
fn out_of_reach(desired: &Desired, sight: Sight<'_>) -> Option<Plan> {
    let Observed::Present(seen) = sight.observed else { return None };
    let name = match desired {
        Desired::Present(copy) => &copy.name,
        _ => &sight.applied?.name,
    };
    if !seen.rearranged.merged {
        return None;
    }
    Some(if sight.accepted {
        Plan::Nothing
    } else if sight.fresh {
        Plan::Exception(Reason::new(
            ReasonCode::RearrangedAtDestination,
            format!("order {name} was merged at the destination into another one, which ships for it"),
            "see to edits, a cancel and tracking by hand, or take the orders apart there; or accept the copy as it is",
        ))
    } else {
        Plan::Observe
    })
}

/// Where units of it are in other orders there, edits would reach one of them only.
fn split(copy: &OrderCopy, seen: &Seen) -> Reason {
    Reason::new(
        ReasonCode::RearrangedAtDestination,
        format!(
            "order {} was edited, and was split at the destination into {}",
            copy.name,
            seen.rearranged.parts.len()
        ),
        "what has not left of it is on hold there; make the edit in each by hand, then accept the copy as it is and it is released. \
         Holds and cancels reach every part by themselves, and what leaves is told to the channel",
    )
}

/// Stops what packers could still go on with, and tells a person.
fn stop(sight: Sight<'_>, reason: Reason) -> Plan {
    match (sight.observed, sight.applied) {
        (Observed::Present(seen), _) if !seen.may_be_packed() => Plan::Exception(reason),
        (Observed::Present(_), _) if !sight.fresh => Plan::Observe,
        (Observed::Present(seen), Some(applied)) => hold(applied, seen),
        _ => Plan::Exception(reason),
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
    // Of what was split the parts that nobody has in hand.
    let free = |part: &Part| part.stage <= can.cancel_until;
    if seen.stage <= can.cancel_until || seen.rearranged.parts.iter().any(free) {
        if can.packs && seen.may_be_packed() {
            return hold(applied, seen);
        }
        return Plan::Next(Step::Cancel { at: at_parts(applied, seen, free) });
    }
    if seen.stage == Stage::Packing {
        return stop(
            sight,
            Reason::new(
                ReasonCode::CancelledWhilePacked,
                format!(
                    "order {} is not to be shipped, but its goods are being picked or packed",
                    applied.key
                ),
                "it is on hold at the destination; have its goods put back there, and it is taken back by itself; stop the \
                 packer, for a hold does not stop packing that has begun",
            ),
        );
    }
    // We said it had shipped, and at the channel that was undone: undo it here before taking the order back.
    if seen.stage == applied.stage {
        return undo_shipment(applied, seen, &BTreeSet::new(), can.cancel_until);
    }
    if seen.stage == Stage::Delivered {
        return Plan::Exception(Reason::new(
            ReasonCode::ReturnNeeded,
            format!(
                "the destination says the goods of order {} arrived, but the order is not to be shipped",
                applied.key
            ),
            "have the goods sent back, or enter the shipment at the channel",
        ));
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
        (Observed::Never, Some(_)) => return Plan::Observe,
        // The vendor does not guard against entering twice, or enters orders itself.
        (Observed::Never | Observed::Absent, None) if can.adopts && !sight.fresh => return Plan::Observe,
        (Observed::Never | Observed::Absent, None) if can.enters => return submit(copy, false),
        (Observed::Never | Observed::Absent, None) => {
            return Plan::Wait(Reason::new(
                ReasonCode::NotImported,
                format!(
                    "order {} has not come to the destination yet, which takes orders from the shop itself",
                    copy.name
                ),
                "see there why it does not import the order; it is kept in step as soon as it is there",
            ));
        }
        (Observed::Absent, Some(_)) if sight.forced && can.enters => return submit(copy, true),
        (Observed::Absent, Some(_)) => {
            return Plan::Exception(Reason::new(
                ReasonCode::VoidedAtDestination,
                format!("order {} was taken back at the destination, not by us", copy.key),
                "retry to enter it again, or cancel the order at the channel",
            ));
        }
        (Observed::Present(seen), Some(_)) if !seen.committed => return submit(copy, true),
        (Observed::Present(seen), _) => seen,
    };
    let Some(applied) = sight.applied else {
        if can.adopts {
            return if sight.fresh { adopt(copy, &sight.differs.known) } else { Plan::Observe };
        }
        return Plan::Exception(Reason::new(
            ReasonCode::AlreadyCommitted,
            format!("an order with the key {} was entered at the destination by someone else", copy.key),
            "set a key_prefix for the route, or void that order at the destination and retry",
        ));
    };
    match can.edits {
        Edits::Anew(until) => entered_anew(copy, applied, seen, sight, until),
        Edits::ByField => field_by_field(copy, applied, seen, sight, can),
    }
}

/// For destinations without edits.
fn entered_anew(copy: &OrderCopy, applied: &OrderCopy, seen: &Seen, sight: Sight<'_>, until: Stage) -> Plan {
    let fresh = sight.fresh;
    let revisable = seen.stage <= until;
    if !applied.same_content(copy) && revisable {
        return if fresh { Plan::Next(Step::Cancel { at: at(applied, seen) }) } else { Plan::Observe };
    }
    // What left is in the books whatever is thought of it.
    if revisable
        && copy.stage < Stage::Shipped
        && let Some(plan) = judge(copy, sight)
    {
        return plan;
    }
    if let Some(plan) = shipment(copy, applied, seen, sight) {
        return plan;
    }
    if !applied.same_goods(copy) && !revisable && !sight.accepted {
        return Plan::Exception(Reason::new(
            ReasonCode::EditedAfterShipment,
            format!("order {} was edited after its goods had left", copy.key),
            "correct the order at the destination by hand and accept it as it is; it is not taken back once goods left",
        ));
    }
    sight.judgement.in_part.clone().map_or(Plan::Nothing, Plan::Exception)
}

/// For what is entered and has not left: it is judged where that is owed or a person tries again, and stopped where it does
/// not pass.
fn judge(copy: &OrderCopy, sight: Sight<'_>) -> Option<Plan> {
    let Judgement { owed, asked, refused, whole, in_part } = sight.judgement;
    let anew = *asked || (sight.forced && (refused.is_some() || in_part.is_some()));
    if *owed || anew {
        // Where only the judgement of what goes is missing, what stays back is known.
        let whole = whole.clone().filter(|_| anew);
        let copy = whole.unwrap_or_else(|| Box::new(copy.clone()));
        return Some(Plan::Next(Step::Check { copy }));
    }
    refused.clone().map(|reason| stop(sight, reason))
}

/// For destinations where fields change one by one.
fn field_by_field(
    copy: &OrderCopy,
    applied: &OrderCopy,
    seen: &Seen,
    sight: Sight<'_>,
    can: Capabilities,
) -> Plan {
    let changed = applied.changed(copy);
    if !changed.is_empty() && !sight.fresh {
        return Plan::Observe;
    }
    let differs = |field: &Field| sight.differs.known.contains(field) || sight.differs.hidden.contains(field);
    let gone = seen.stage >= Stage::Shipped;
    let matters = |field: &Field| differs(field) && (!gone || field.outlives_shipment());
    let mut owed: BTreeSet<Field> = changed.iter().copied().filter(matters).collect();
    let strayed = owed.contains(&Field::Items) && sight.differs.strayed.contains(&Field::Items);
    // What one part says tells nothing of the others.
    let of_parts =
        |field: &Field| field.outlives_shipment() || matches!(field, Field::Notes | Field::Customs);
    let apart = !seen.rearranged.parts.is_empty() && changed.iter().any(of_parts);
    if (strayed || apart) && sight.accepted {
        owed.clear();
    } else if (strayed || apart) && !gone {
        return stop(sight, if apart { split(copy, seen) } else { edited_there(copy) });
    }
    let can_change = |field: &Field| seen.stage <= can.edits.until(*field);
    let (mut fields, mut late): (BTreeSet<Field>, BTreeSet<Field>) = owed.into_iter().partition(can_change);
    // What is paid follows from the goods.
    if late.contains(&Field::Items) && fields.remove(&Field::Amounts) {
        late.insert(Field::Amounts);
    }
    let of_goods = |field| matches!(field, &Field::Items | &Field::Customs);
    let stops = fields.iter().any(of_goods) || (!late.is_empty() && !sight.accepted);
    if stops && seen.may_be_packed() {
        return hold(applied, seen);
    }
    // Whoever brings the orders there brings their goods too: two writers would add a line twice.
    let comes = fields.contains(&Field::Items) && !can.enters;
    if comes {
        fields.remove(&Field::Items);
    }
    if !fields.is_empty() {
        return Plan::Next(Step::Revise(Box::new(Revision {
            at: at(applied, seen),
            fields,
            copy: copy.clone(),
            was: applied.clone(),
            content: seen.content.clone(),
        })));
    }
    if comes && !sight.accepted {
        return Plan::Wait(Reason::new(
            ReasonCode::NotImported,
            format!(
                "the goods of order {} were edited, and the destination, which takes orders from the shop itself, did not \
                 take that over yet",
                copy.name
            ),
            "it is on hold there; see why it does not take edits over, or make this one there by hand",
        ));
    }
    if late.is_empty() || sight.accepted {
        if !changed.is_empty() {
            return adopt(copy, &BTreeSet::new());
        }
        return shipment(copy, applied, seen, sight).unwrap_or(Plan::Nothing);
    }
    let words: Vec<&str> = late.into_iter().map(Field::words).collect();
    let words = words.join(", ");
    if !gone {
        return stop(
            sight,
            Reason::new(
                ReasonCode::EditedWhilePacked,
                format!(
                    "order {} was edited ({words}) while its goods were being picked or packed",
                    copy.name
                ),
                "it is on hold at the destination; have its goods put back there and the edit is made by itself, or accept \
                 the copy as it is and it goes on unchanged",
            ),
        );
    }
    Plan::Exception(Reason::new(
        ReasonCode::EditedAfterShipment,
        format!("order {} was edited ({words}) after its goods had left", copy.name),
        "accept the copy as it is; or stop the parcel with its carrier, or cancel the order and ship what is right in another",
    ))
}

fn edited_there(copy: &OrderCopy) -> Reason {
    Reason::new(
        ReasonCode::EditedAtDestination,
        format!(
            "goods of order {} were edited both at the channel and, otherwise, at the destination",
            copy.name
        ),
        "it is on hold at the destination; make its goods there what they are at the channel, or accept the copy as it is and \
         it goes on unchanged",
    )
}

/// Brings stage and tracking in line.
fn shipment(copy: &OrderCopy, applied: &OrderCopy, seen: &Seen, sight: Sight<'_>) -> Option<Plan> {
    let undone = copy.stage < Stage::Shipped && seen.stage >= Stage::Shipped;
    if undone {
        // We said that it left, and by now somebody there says more: theirs is not undone by us, and not passed over.
        if seen.stage != applied.stage && applied.stage >= Stage::Shipped {
            return Some(Plan::Exception(Reason::new(
                ReasonCode::ShippedAtDestination,
                format!(
                    "the destination says more of order {} than that it left, but its fulfilment was cancelled",
                    applied.key
                ),
                "correct the shipment at the destination by hand, or enter it at the channel again",
            )));
        }
        // Shipped by someone else there: that is a fact for the channel, not ours to undo.
        if seen.stage != applied.stage {
            return None;
        }
        return Some(if sight.fresh {
            undo_shipment(applied, seen, &copy.numbers, copy.stage)
        } else {
            Plan::Observe
        });
    }
    let missing: BTreeSet<String> = copy.numbers.difference(&seen.numbers).cloned().collect();
    let ours_to_remove = ours_to_remove(applied, seen, &copy.numbers);
    let ours = |part: &Part| {
        let ours = if seen.shows(&part.id) {
            applied.stage == Stage::Held
        } else {
            sight.held_parts.contains(&part.id)
        };
        ours && part.held && part.stage < Stage::Shipped
    };
    let moves = match copy.stage {
        // From a shipment there is no way back but to undo it.
        Stage::Held => seen.may_be_packed(),
        // A hold that somebody else placed is theirs to lift.
        Stage::Released if !seen.rearranged.parts.is_empty() => seen.rearranged.parts.iter().any(ours),
        Stage::Released => seen.held && seen.stage < Stage::Shipped && applied.stage == Stage::Held,
        stage => stage > seen.stage,
    };
    if missing.is_empty() && ours_to_remove.is_empty() && !moves {
        return None;
    }
    if !sight.fresh {
        return Some(Plan::Observe);
    }
    let at = at(applied, seen);
    Some(if !ours_to_remove.is_empty() {
        Plan::Next(Step::Untrack { at, numbers: ours_to_remove })
    } else if !missing.is_empty() {
        Plan::Next(Step::Track { at, numbers: missing })
    } else {
        match copy.stage {
            Stage::Held => hold(applied, seen),
            Stage::Released => advance(at_parts(applied, seen, ours), Stage::Released),
            stage => advance(at, stage),
        }
    })
}

fn undo_shipment(applied: &OrderCopy, seen: &Seen, wanted: &BTreeSet<String>, stage: Stage) -> Plan {
    let numbers = ours_to_remove(applied, seen, wanted);
    let at = at(applied, seen);
    if numbers.is_empty() { advance(at, stage) } else { Plan::Next(Step::Untrack { at, numbers }) }
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

/// Where the copy is that we made: of one that was split, the part that is shown.
fn at(applied: &OrderCopy, seen: &Seen) -> CopyRef {
    at_parts(applied, seen, |part| seen.shows(&part.id))
}

/// The same, for those of its parts where it was split.
fn at_parts(applied: &OrderCopy, seen: &Seen, which: impl Fn(&Part) -> bool) -> CopyRef {
    let (key, order) = (applied.key.clone(), applied.order.clone());
    CopyRef { key, order, remote: seen.remote.clone(), parts: seen.parts(which) }
}

/// Stops every part of it that packers may go on with.
fn hold(applied: &OrderCopy, seen: &Seen) -> Plan {
    advance(at_parts(applied, seen, Part::may_be_packed), Stage::Held)
}

/// Takes a copy as ours. Whatever holds it is not.
fn adopt(copy: &OrderCopy, but: &BTreeSet<Field>) -> Plan {
    Plan::Adopt(Box::new(copy.clone()), but.clone())
}

fn submit(copy: &OrderCopy, again: bool) -> Plan {
    let mut copy = copy.clone();
    // Nothing of a negative order is to leave, so it is entered as it is to stay.
    if !copy.negative {
        copy.stage = copy.stage.min(Stage::Released);
    }
    copy.numbers.clear();
    Plan::Next(Step::Submit { copy: Box::new(copy), again })
}

fn advance(at: CopyRef, stage: Stage) -> Plan {
    Plan::Next(Step::Advance { at, stage })
}
