//! Takes account of what was done and seen: pure changes of one mirror.

use crate::connectors::{Destination, Effect};
use crate::domain::copy::Stage;
use crate::domain::mirror::{Desired, Mirror, Observed, Seen};
use crate::domain::step::Step;
use crate::domain::timeline::changes;

/// The key to look under: where we entered the order, or are entering it, or would.
pub(super) fn key_of(mirror: &Mirror, desired: &Desired) -> Option<String> {
    let applied = mirror.key().or(mirror.intent.as_ref().map(Step::key));
    applied.map(str::to_owned).or_else(|| match desired {
        Desired::Present(copy) => Some(copy.key.clone()),
        _ => None,
    })
}

/// Takes account of a step that was done.
pub(super) fn account_for(mirror: &mut Mirror, step: &Step, effect: &Effect, now: jiff::Timestamp) {
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
        // Steps at the channel change the record, not a copy.
        Step::Tell(_) => {}
    }
}

/// Changes stage and tracking of both what we made it hold and what it is seen to hold.
fn each(mirror: &mut Mirror, change: impl Fn(&mut Stage, &mut std::collections::BTreeSet<String>)) {
    if let Some(applied) = &mut mirror.applied {
        change(&mut applied.stage, &mut applied.numbers);
    }
    if let Observed::Present(seen) = &mut mirror.observed {
        change(&mut seen.stage, &mut seen.numbers);
    }
}

/// Takes account of a step whose answer was lost, by what is seen now.
pub(super) fn account_for_lost(mirror: &mut Mirror, step: Step, destination: &dyn Destination) {
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

/// Whether a sighting shows anything that the one before did not.
pub(super) fn news(before: &Observed, after: &Observed) -> bool {
    let timeless = |observed: &Observed| match observed {
        Observed::Present(seen) => {
            Observed::Present(Seen { at: jiff::Timestamp::UNIX_EPOCH, ..seen.clone() })
        }
        other => other.clone(),
    };
    timeless(before) != timeless(after)
}

/// What a person changed in the content of a copy between two sightings; null where nothing.
pub(super) fn drift(before: &Observed, after: &Observed) -> serde_json::Value {
    let (Observed::Present(before), Observed::Present(after)) = (before, after) else {
        return serde_json::Value::Null;
    };
    if before.content.is_null() || after.content.is_null() {
        return serde_json::Value::Null;
    }
    let found = changes(&before.content, &after.content);
    if found.is_empty() { serde_json::Value::Null } else { serde_json::to_value(found).unwrap_or_default() }
}
