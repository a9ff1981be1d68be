//! Takes account of what was done and seen: pure changes of one mirror.

use std::collections::BTreeSet;

use crate::connectors::{Destination, Effect};
use crate::domain::RemoteId;
use crate::domain::copy::{Field, OrderCopy, Stage};
use crate::domain::mirror::{Desired, Mirror, Observed, Rearranged, Seen};
use crate::domain::step::{CopyRef, Revision, Step};
use crate::domain::timeline::{Change, changes};

/// Where to look: where we entered the order, or are entering it, or would.
pub(super) fn address_of(mirror: &Mirror, desired: &Desired) -> Option<CopyRef> {
    match (&mirror.intent, &mirror.applied, desired) {
        // What is entered anew may have another key by now.
        (Some(Step::Submit { copy, .. }), ..) | (_, None, Desired::Present(copy)) => {
            Some(mirror.address(copy))
        }
        (_, Some(applied), _) => Some(mirror.address(applied)),
        _ => None,
    }
}

/// Takes account of a step that was done.
pub(super) fn account_for(mirror: &mut Mirror, step: &Step, effect: &Effect, now: jiff::Timestamp) {
    match step {
        Step::Submit { copy, .. } => {
            mirror.applied = Some((**copy).clone());
            mirror.observed = Observed::Present(Seen {
                committed: effect.committed,
                stage: copy.stage,
                held: copy.stage == Stage::Held,
                remote: None,
                numbers: copy.numbers.clone(),
                content: serde_json::Value::Null,
                rearranged: Rearranged::default(),
                verdict: None,
                version: None,
                at: now,
            });
        }
        Step::Revise(revision) => revised(mirror, revision),
        Step::Cancel { .. } => {
            // A part of it that stands in an order of its own is seen, and taken back next.
            if !matches!(effect.seen, Some(Observed::Present(_))) {
                mirror.applied = None;
                mirror.observed = Observed::Absent;
                mirror.held_parts.clear();
            }
        }
        Step::Advance { at, stage } if !at.parts.is_empty() => {
            for part in &at.parts {
                own(mirror, part, *stage);
            }
        }
        Step::Advance { stage, .. } => {
            if let Some(applied) = &mut mirror.applied {
                applied.stage = *stage;
            }
            if let Observed::Present(seen) = &mut mirror.observed {
                seen.held = *stage == Stage::Held;
                if *stage >= Stage::Shipped || seen.stage != Stage::Packing {
                    seen.stage = *stage;
                }
            }
        }
        Step::Track { numbers, .. } => each(mirror, |held| held.extend(numbers.iter().cloned())),
        Step::Untrack { numbers, .. } => each(mirror, |held| held.retain(|number| !numbers.contains(number))),
        // A check changes nothing; steps at the channel change the record, not a copy.
        Step::Check { .. } | Step::Tell(_) => {}
    }
    if let Some(seen) = &effect.seen {
        see(mirror, seen.clone());
    }
}

/// Takes account of a sighting. Where another part is shown of an order that was split, what is kept of whose hold is on
/// either goes with it.
pub(super) fn see(mirror: &mut Mirror, observed: Observed) {
    let before = std::mem::replace(&mut mirror.observed, observed);
    let (Observed::Present(before), Observed::Present(now)) = (before, &mirror.observed) else { return };
    let (Some(before), Some(now), Some(applied)) = (before.remote, &now.remote, &mut mirror.applied) else {
        return;
    };
    if before != *now && applied.stage <= Stage::Released {
        let ours = mirror.held_parts.remove(now);
        if applied.stage == Stage::Held {
            mirror.held_parts.insert(before);
        }
        applied.stage = if ours { Stage::Held } else { Stage::Released };
    }
}

/// Keeps whether the hold on a part is ours, once that was held or released by us.
fn own(mirror: &mut Mirror, part: &RemoteId, stage: Stage) {
    let shown = matches!(&mirror.observed, Observed::Present(seen) if seen.shows(part));
    if shown && let Some(applied) = &mut mirror.applied {
        applied.stage = stage;
    } else if stage == Stage::Held {
        mirror.held_parts.insert(part.clone());
    } else {
        mirror.held_parts.remove(part);
    }
}

/// A hold of ours that somebody lifted is ours no more: one that is seen later is another's.
pub(super) fn disown(mirror: &mut Mirror) {
    let Observed::Present(seen) = &mirror.observed else { return mirror.held_parts.clear() };
    let held = seen.parts(|part| part.held);
    mirror.held_parts.retain(|part| held.contains(part));
    let (stage, held) = seen.shown();
    let may_be_packed = seen.committed && !seen.rearranged.merged && !held && stage < Stage::Shipped;
    if let Some(applied) = &mut mirror.applied
        && applied.stage == Stage::Held
        && may_be_packed
    {
        applied.stage = Stage::Released;
    }
}

/// Changes tracking of both what we made it hold and what it is seen to hold.
fn each(mirror: &mut Mirror, change: impl Fn(&mut BTreeSet<String>)) {
    if let Some(applied) = &mut mirror.applied {
        change(&mut applied.numbers);
    }
    if let Observed::Present(seen) = &mut mirror.observed {
        change(&mut seen.numbers);
    }
}

fn revised(mirror: &mut Mirror, revision: &Revision) {
    if let Some(applied) = &mut mirror.applied {
        for field in &revision.fields {
            applied.take(*field, &revision.copy);
        }
    }
}

/// Takes what is there as made by us, but for some fields. A hold on it is not ours, unless we had placed it.
pub(super) fn adopt(mirror: &mut Mirror, copy: &OrderCopy, but: &BTreeSet<Field>) {
    let mut adopted = copy.clone();
    for field in but {
        adopted.forget(*field);
    }
    adopted.numbers.clear();
    adopted.stage = Stage::Released;
    if let Some(applied) = &mirror.applied {
        adopted.numbers.clone_from(&applied.numbers);
        adopted.stage = applied.stage;
    }
    mirror.applied = Some(adopted);
}

/// Takes account of a step whose answer was lost, by what is seen now.
pub(super) fn account_for_lost(mirror: &mut Mirror, step: Step, destination: &dyn Destination) {
    match (step, &mirror.observed) {
        (Step::Submit { copy, .. }, Observed::Present(seen)) if destination.is_same_order(&copy, seen) => {
            // Somebody else may have entered it meanwhile: what it does not say was not made so by us.
            let mut applied = *copy;
            for field in destination.differs(&applied, None, seen).known {
                applied.forget(field);
            }
            mirror.applied = Some(applied);
        }
        // It was to be entered under another key than before, and is not there.
        (Step::Submit { copy, .. }, Observed::Absent)
            if mirror.applied.as_ref().is_some_and(|applied| applied.key != copy.key) =>
        {
            mirror.applied = None;
        }
        (Step::Cancel { .. }, Observed::Absent | Observed::Never) => mirror.applied = None,
        (Step::Advance { stage, .. }, Observed::Present(seen)) if stage >= Stage::Shipped => {
            if let Some(applied) = mirror.applied.as_mut().filter(|_| seen.stage == stage) {
                applied.stage = stage;
            }
        }
        (Step::Advance { at, stage }, Observed::Present(seen)) => {
            let came = |(is, held)| is < Stage::Shipped && held == (stage == Stage::Held);
            let others = seen.parts(|part| at.parts.contains(&part.id) && came((part.stage, part.held)));
            let alone = at.parts.is_empty() && (at.remote.is_none() || at.remote == seen.remote);
            let meant = alone || seen.remote.as_ref().is_some_and(|id| at.parts.contains(id));
            if let Some(applied) = mirror.applied.as_mut().filter(|_| meant && came(seen.shown())) {
                applied.stage = stage;
            }
            for part in others {
                own(mirror, &part, stage);
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
        // What a revision came to is what is seen: fields that say what they should are taken as made. Goods that say
        // neither may be half of it, and are made anew as a whole.
        (Step::Revise(revision), Observed::Present(seen)) => {
            let differs = destination.differs(&revision.copy, Some(&revision.was), seen);
            let Some(applied) = &mut mirror.applied else { return };
            for field in revision.fields.iter().filter(|field| !differs.hidden.contains(field)) {
                if !differs.known.contains(field) {
                    applied.take(*field, &revision.copy);
                } else if differs.strayed.contains(field) {
                    applied.forget(*field);
                }
            }
        }
        _ => {}
    }
}

/// Whether a sighting shows anything that the one before did not.
pub(super) fn news(before: &Observed, after: &Observed) -> bool {
    let timeless = |observed: &Observed| match observed {
        Observed::Present(seen) => {
            Observed::Present(Seen { at: jiff::Timestamp::UNIX_EPOCH, version: None, ..seen.clone() })
        }
        other => other.clone(),
    };
    timeless(before) != timeless(after)
}

/// What a person changed in the content of a copy between two sightings.
pub(super) fn drift(before: &Observed, after: &Observed) -> Vec<Change> {
    let (Observed::Present(before), Observed::Present(after)) = (before, after) else {
        return Vec::new();
    };
    // Another part of an order that was split is no change of the one before.
    if before.remote != after.remote || before.content.is_null() || after.content.is_null() {
        return Vec::new();
    }
    changes(&before.content, &after.content)
}
