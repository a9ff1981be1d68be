//! The next step for an order that people split at the destination into several: each part by itself, and only ours.

use std::collections::BTreeSet;

use crossdock::domain::RemoteId;
use crossdock::domain::copy::Stage::{self, Delivered, Held, Packing, Released, Shipped};
use crossdock::domain::mirror::{Absence, Desired, Observed, Part, Rearranged, Seen};
use crossdock::domain::reason::{Reason, ReasonCode};
use crossdock::domain::step::{Capabilities, Differences, Edits, Plan, Step};
use crossdock::engine::plan::{Sight, plan};

use super::{CAN, UNJUDGED, copy, name, present, seen};

const PACKS: Capabilities = Capabilities { edits: Edits::ByField, packs: true, adopts: true, ..CAN };

/// A part as people there have it: how far, and whether it is held.
type There = (Stage, bool);

const FREE: There = (Released, false);
const ON_HOLD: There = (Held, true);
const IN_HAND: There = (Packing, false);
const STOPPED: There = (Packing, true);
const GONE: There = (Shipped, false);
const THERE: There = (Delivered, false);

fn parts(of: &[There]) -> Vec<Part> {
    let part = |(at, (stage, held)): (usize, &There)| Part {
        id: format!("part {at}").as_str().into(),
        stage: *stage,
        held: *held,
        content: serde_json::Value::Null,
    };
    of.iter().enumerate().map(part).collect()
}

/// The first of them is the one that is shown.
fn split(of: &[There]) -> Observed {
    let Observed::Present(whole) = seen(Released, &[]) else { unreachable!() };
    let parts = parts(of);
    let (stage, held) = Part::together(&parts);
    let remote = Some(parts[0].id.clone());
    Observed::Present(Seen { stage, held, remote, rearranged: Rearranged { merged: false, parts }, ..whole })
}

/// The next step, and the parts it is for by their place; `ours` are the parts whose hold we placed.
fn next(desired: &Desired, of: &[There], ours: &[usize], fresh: bool) -> (String, Vec<usize>) {
    let applied = copy(if ours.contains(&0) { Held } else { Released }, &[]);
    let id = |at: &usize| RemoteId::from(format!("part {at}").as_str());
    let held_parts: BTreeSet<RemoteId> = ours.iter().filter(|at| **at > 0).map(id).collect();
    let sight = Sight {
        applied: Some(&applied),
        observed: &split(of),
        held_parts: &held_parts,
        fresh,
        forced: false,
        accepted: false,
        judgement: &UNJUDGED,
        differs: &Differences::default(),
    };
    let plan = plan(desired, sight, PACKS);
    let at = match &plan {
        Plan::Next(Step::Advance { at, .. } | Step::Cancel { at }) => at.parts.clone(),
        _ => Vec::new(),
    };
    (name(&plan), at.iter().map(|id| id.as_str().trim_start_matches("part ").parse().unwrap()).collect())
}

#[test]
fn together_parts_are_as_far_as_the_one_that_can_still_be_stopped() {
    let table: [(&[There], There); 12] = [
        (&[FREE, FREE], FREE),
        (&[ON_HOLD, ON_HOLD], ON_HOLD),
        (&[ON_HOLD, FREE], FREE),
        (&[FREE, ON_HOLD], FREE),
        (&[IN_HAND, FREE], IN_HAND),
        (&[ON_HOLD, IN_HAND], IN_HAND),
        (&[ON_HOLD, STOPPED], STOPPED),
        (&[GONE, FREE], FREE),
        (&[GONE, ON_HOLD, THERE], ON_HOLD),
        (&[GONE, IN_HAND], IN_HAND),
        (&[GONE, THERE], GONE),
        (&[THERE, THERE], THERE),
    ];
    for (of, expected) in table {
        assert_eq!(Part::together(&parts(of)), expected, "{of:?}");
    }
}

#[test]
fn what_may_not_leave_is_held_in_every_part_that_packers_may_go_on_with() {
    let undecided = Desired::Undecided(Reason::new(ReasonCode::LineWithoutSku, "", ""));
    let table: [(&[There], &[usize]); 7] = [
        (&[FREE, FREE, FREE], &[0, 1, 2]),
        (&[ON_HOLD, FREE], &[1]),
        (&[FREE, ON_HOLD], &[0]),
        (&[IN_HAND, STOPPED, ON_HOLD], &[0]),
        (&[GONE, FREE], &[1]),
        (&[FREE, GONE, THERE], &[0]),
        (&[ON_HOLD, IN_HAND, GONE], &[1]),
    ];
    for (of, held) in table {
        for desired in [&present(copy(Held, &[])), &undecided] {
            assert_eq!(next(desired, of, &[], true), ("hold".into(), held.to_vec()), "{of:?}");
            assert_eq!(next(desired, of, &[], false), ("observe".into(), vec![]), "{of:?}, unseen");
        }
    }
    // And then nothing more is asked of anybody.
    for of in [&[ON_HOLD, ON_HOLD][..], &[ON_HOLD, STOPPED], &[GONE, ON_HOLD], &[GONE, GONE]] {
        assert_eq!(next(&present(copy(Held, &[])), of, &[], true).0, "nothing", "{of:?}");
        assert_eq!(next(&undecided, of, &[], true).0, "line_without_sku", "{of:?}");
    }
}

#[test]
fn only_holds_of_ours_are_lifted_part_by_part() {
    let table: [(&[There], &[usize], &[usize]); 8] = [
        (&[ON_HOLD, ON_HOLD], &[0, 1], &[0, 1]),
        (&[ON_HOLD, ON_HOLD], &[1], &[1]),
        (&[ON_HOLD, ON_HOLD], &[0], &[0]),
        (&[ON_HOLD, ON_HOLD], &[], &[]),
        (&[FREE, ON_HOLD], &[1], &[1]),
        (&[FREE, ON_HOLD], &[], &[]),
        (&[STOPPED, ON_HOLD], &[0], &[0]),
        (&[(Shipped, true), ON_HOLD], &[0, 1], &[1]),
    ];
    let released = present(copy(Released, &[]));
    for (of, ours, lifted) in table {
        let (step, stale) = if lifted.is_empty() { ("nothing", "nothing") } else { ("release", "observe") };
        assert_eq!(next(&released, of, ours, true), (step.into(), lifted.to_vec()), "{of:?} {ours:?}");
        assert_eq!(next(&released, of, ours, false).0, stale, "{of:?} {ours:?}, unseen");
    }
}

#[test]
fn a_cancel_holds_every_part_then_takes_back_those_that_nobody_has_in_hand() {
    let table: [(&[There], &str, &[usize]); 6] = [
        (&[FREE, ON_HOLD, IN_HAND], "hold", &[0, 2]),
        (&[ON_HOLD, ON_HOLD], "cancel", &[0, 1]),
        (&[ON_HOLD, STOPPED], "cancel", &[0]),
        (&[STOPPED, STOPPED], "cancelled_while_packed", &[]),
        (&[GONE, ON_HOLD], "cancel", &[1]),
        (&[GONE, GONE], "shipped_at_destination", &[]),
    ];
    for (of, step, at) in table {
        let cancelled = Desired::Absent(Absence::Cancelled);
        assert_eq!(next(&cancelled, of, &[], true), (step.into(), at.to_vec()), "{of:?}");
    }
}

#[test]
fn an_edit_of_a_split_order_is_a_persons_once_every_part_is_held() {
    let mut edited = copy(Released, &[]);
    edited.note = Some("Leave at the bar".into());
    let edited = present(edited);
    assert_eq!(next(&edited, &[FREE, ON_HOLD], &[], true), ("hold".into(), vec![0]));
    assert_eq!(next(&edited, &[ON_HOLD, ON_HOLD], &[0], true).0, "rearranged_at_destination");
}
