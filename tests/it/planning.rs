//! The next step from what a mirror holds to what it should hold.

mod parts;

use std::collections::BTreeSet;

use crossdock::domain::copy::{OrderCopy, Stage};
use crossdock::domain::mirror::{Absence, Desired, Observed, Rearranged, Seen};
use crossdock::domain::reason::{Reason, ReasonCode};
use crossdock::domain::step::{Capabilities, Differences, Edits, Plan, Step};
use crossdock::engine::desired::desired;
use crossdock::engine::judging::Judgement;
use crossdock::engine::plan::{Sight, plan};
use proptest::prelude::*;

use crate::support::{document, record, route, second};

/// Nothing speaks against the order, and nobody asked.
static UNJUDGED: Judgement =
    Judgement { owed: false, asked: false, refused: None, whole: None, in_part: None };

const CAN: Capabilities = Capabilities {
    edits: Edits::Anew(Stage::Released),
    cancel_until: Stage::Released,
    packs: false,
    enters: true,
    adopts: false,
    judges: false,
    watch: None,
};

fn copy(stage: Stage, numbers: &[&str]) -> OrderCopy {
    let Some(Desired::Present(mut copy)) = desired(&record(document()), &route()) else { unreachable!() };
    copy.stage = stage;
    copy.numbers = numbers.iter().map(|number| (*number).to_owned()).collect();
    *copy
}

fn seen(stage: Stage, numbers: &[&str]) -> Observed {
    Observed::Present(Seen {
        committed: true,
        stage,
        held: stage == Stage::Held,
        remote: None,
        numbers: numbers.iter().map(|number| (*number).to_owned()).collect(),
        content: serde_json::Value::Null,
        rearranged: Rearranged::default(),
        verdict: None,
        version: None,
        at: second(0),
    })
}

fn next(want: &Desired, applied: Option<&OrderCopy>, observed: &Observed, fresh: bool) -> Plan {
    let differs = &Differences::default();
    plan(
        want,
        Sight {
            applied,
            observed,
            held_parts: &BTreeSet::new(),
            fresh,
            forced: false,
            accepted: false,
            judgement: &UNJUDGED,
            differs,
        },
        CAN,
    )
}

fn present(copy: OrderCopy) -> Desired {
    Desired::Present(Box::new(copy))
}

fn name(plan: &Plan) -> String {
    match plan {
        Plan::Nothing => "nothing".into(),
        Plan::Observe => "observe".into(),
        Plan::Next(step) => step.name().into(),
        Plan::Exception(reason) => reason.code.to_string(),
        Plan::Adopt(..) => "adopt".into(),
        Plan::Wait(_) => "wait".into(),
    }
}

#[test]
fn a_new_order_is_entered_released_or_held_and_without_tracking() {
    let plan = next(&present(copy(Stage::Shipped, &["1Z"])), None, &Observed::Never, false);
    let Plan::Next(Step::Submit { copy: entered, again: false }) = plan else { panic!("{plan:?}") };
    assert_eq!((entered.stage, entered.numbers.len()), (Stage::Released, 0));
}

#[test]
fn each_difference_has_its_step_and_nothing_rests_on_an_old_sight() {
    use Stage::{Delivered, Held, Released, Shipped};
    // (wanted stage, its numbers, seen stage, its numbers, stage as we made it, its numbers, next)
    type Row<'a> = (Stage, &'a [&'a str], Stage, &'a [&'a str], Stage, &'a [&'a str], &'a str);
    let table: [Row; 14] = [
        (Released, &[], Released, &[], Released, &[], "nothing"),
        (Released, &[], Held, &[], Held, &[], "release"),
        (Held, &[], Released, &[], Released, &[], "hold"),
        (Shipped, &["a"], Released, &[], Released, &[], "track"),
        (Shipped, &["a"], Released, &["a"], Released, &["a"], "ship"),
        (Shipped, &["a"], Shipped, &["a"], Shipped, &["a"], "nothing"),
        (Shipped, &["b"], Shipped, &["a"], Shipped, &["a"], "untrack"),
        (Shipped, &["b"], Shipped, &[], Shipped, &[], "track"),
        (Delivered, &["a"], Shipped, &["a"], Shipped, &["a"], "deliver"),
        (Shipped, &["a"], Delivered, &["a"], Shipped, &["a"], "nothing"),
        (Released, &[], Shipped, &["a"], Shipped, &["a"], "untrack"),
        (Released, &[], Shipped, &[], Shipped, &[], "release"),
        // Shipped there by somebody else, with a number of their own: theirs to undo.
        (Released, &[], Shipped, &["x"], Released, &[], "nothing"),
        (Shipped, &["a"], Shipped, &["a", "x"], Shipped, &["a"], "nothing"),
    ];
    for (at, (want, want_numbers, is, is_numbers, made, made_numbers, expected)) in
        table.into_iter().enumerate()
    {
        let (want, made) = (present(copy(want, want_numbers)), copy(made, made_numbers));
        let is = seen(is, is_numbers);
        assert_eq!(name(&next(&want, Some(&made), &is, true)), expected, "row {at}");
        let stale = if expected == "nothing" { "nothing" } else { "observe" };
        assert_eq!(name(&next(&want, Some(&made), &is, false)), stale, "row {at} unseen");
    }
}

#[test]
fn an_edit_takes_the_order_back_and_enters_it_again_only_before_goods_left() {
    let mut edited = copy(Stage::Released, &[]);
    edited.items[0].quantity = 5;
    let made = copy(Stage::Released, &[]);
    assert_eq!(
        name(&next(&present(edited.clone()), Some(&made), &seen(Stage::Released, &[]), true)),
        "cancel"
    );
    assert_eq!(name(&next(&present(edited.clone()), Some(&made), &seen(Stage::Held, &[]), true)), "cancel");
    // Goods may have left since the last look: taking back needs a new one.
    assert_eq!(
        next(&present(edited.clone()), Some(&made), &seen(Stage::Released, &[]), false),
        Plan::Observe
    );
    assert_eq!(name(&next(&present(edited.clone()), None, &Observed::Absent, true)), "submit");
    edited.stage = Stage::Shipped;
    let made = copy(Stage::Shipped, &[]);
    for stage in [Stage::Shipped, Stage::Delivered] {
        let plan = next(&present(edited.clone()), Some(&made), &seen(stage, &[]), true);
        assert_eq!(name(&plan), "edited_after_shipment");
    }
    // Amounts that changed after goods left are the books' matter, not the copy's.
    let mut refunded = copy(Stage::Shipped, &[]);
    refunded.tax = crate::support::dec("1.00");
    assert_eq!(next(&present(refunded), Some(&made), &seen(Stage::Shipped, &[]), true), Plan::Nothing);
}

#[test]
fn a_cancel_takes_back_what_has_not_left_and_never_what_has() {
    let gone = Desired::Absent(Absence::Cancelled);
    let made = copy(Stage::Released, &[]);
    assert_eq!(next(&gone, None, &Observed::Never, false), Plan::Nothing);
    assert_eq!(next(&gone, None, &Observed::Absent, true), Plan::Nothing);
    assert_eq!(next(&gone, Some(&made), &seen(Stage::Released, &[]), false), Plan::Observe);
    assert_eq!(name(&next(&gone, Some(&made), &seen(Stage::Released, &[]), true)), "cancel");
    assert_eq!(
        name(&next(&gone, Some(&made), &seen(Stage::Shipped, &["x"]), true)),
        "shipped_at_destination"
    );
    // Shipped by our own word, which was undone at the channel: undone here, then taken back.
    let made = copy(Stage::Shipped, &["a"]);
    assert_eq!(name(&next(&gone, Some(&made), &seen(Stage::Shipped, &["a"]), true)), "untrack");
    let made = copy(Stage::Shipped, &[]);
    assert_eq!(name(&next(&gone, Some(&made), &seen(Stage::Shipped, &[]), true)), "release");
}

#[test]
fn what_was_refused_is_entered_again_and_what_a_person_took_back_is_not() {
    let want = present(copy(Stage::Released, &[]));
    let made = copy(Stage::Released, &[]);
    let Observed::Present(mut refused) = seen(Stage::Released, &[]) else { unreachable!() };
    refused.committed = false;
    assert_eq!(name(&next(&want, Some(&made), &Observed::Present(refused), true)), "resubmit");
    assert_eq!(name(&next(&want, Some(&made), &Observed::Absent, true)), "voided_at_destination");
    let (applied, differs) = (Some(&made), &Differences::default());
    let forced = Sight {
        applied,
        observed: &Observed::Absent,
        held_parts: &BTreeSet::new(),
        fresh: true,
        forced: true,
        accepted: false,
        judgement: &UNJUDGED,
        differs,
    };
    assert_eq!(name(&plan(&want, forced, CAN)), "resubmit");
    assert_eq!(name(&next(&want, None, &seen(Stage::Released, &[]), true)), "already_committed");
    // Somebody else's that was refused is not overwritten either.
    let Observed::Present(mut theirs) = seen(Stage::Released, &[]) else { unreachable!() };
    theirs.committed = false;
    assert_eq!(name(&next(&want, None, &Observed::Present(theirs), true)), "already_committed");
}

#[test]
fn what_goes_in_part_is_judged_as_it_goes_and_as_a_whole_where_a_person_asks() {
    let made = copy(Stage::Released, &[]);
    let whole = Some(Box::new(OrderCopy { note: Some("whole".into()), ..made.clone() }));
    for (asked, expected) in [(false, None), (true, Some("whole"))] {
        let judgement = Judgement { owed: true, asked, whole: whole.clone(), ..Judgement::default() };
        let (differs, held_parts) = (Differences::default(), BTreeSet::new());
        let sight = Sight {
            applied: Some(&made),
            observed: &seen(Stage::Released, &[]),
            held_parts: &held_parts,
            fresh: true,
            forced: false,
            accepted: false,
            judgement: &judgement,
            differs: &differs,
        };
        match plan(&present(made.clone()), sight, CAN) {
            Plan::Next(Step::Check { copy }) => assert_eq!(copy.note.as_deref(), expected),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn an_order_in_doubt_is_held_before_a_person_is_asked() {
    let doubt = Desired::Undecided(Reason::new(ReasonCode::LineWithoutSku, "", ""));
    let made = copy(Stage::Released, &[]);
    assert_eq!(name(&next(&doubt, Some(&made), &seen(Stage::Released, &[]), true)), "hold");
    assert_eq!(name(&next(&doubt, Some(&made), &seen(Stage::Held, &[]), true)), "line_without_sku");
    assert_eq!(name(&next(&doubt, Some(&made), &seen(Stage::Shipped, &[]), true)), "line_without_sku");
    assert_eq!(name(&next(&doubt, None, &Observed::Never, false)), "line_without_sku");
}

fn stages() -> impl Strategy<Value = Stage> {
    prop::sample::select(vec![Stage::Held, Stage::Released, Stage::Shipped, Stage::Delivered])
}

fn numbers() -> impl Strategy<Value = BTreeSet<String>> {
    prop::collection::btree_set(prop::sample::select(vec!["a", "b", "c"]).prop_map(str::to_owned), 0..3)
}

proptest! {
    /// From any state the steps come to an end, and goods that left are never taken back or entered again.
    #[test]
    fn planning_comes_to_an_end_and_keeps_its_promises(
        want in (stages(), numbers(), any::<bool>(), any::<bool>()),
        is in (stages(), numbers(), any::<bool>()),
        made in prop::option::of((stages(), numbers())),
    ) {
        let (stage, wanted, absent, edited) = want;
        let mut target = copy(stage, &[]);
        target.numbers = if stage >= Stage::Shipped { wanted } else { BTreeSet::new() };
        if edited { target.items[0].quantity += 1; }
        let desired = if absent { Desired::Absent(Absence::Cancelled) } else { present(target) };
        let mut applied = made.map(|(stage, numbers)| { let mut c = copy(stage, &[]); c.numbers = numbers; c });
        let (stage, numbers, committed) = is;
        let mut observed = Observed::Present(Seen {
            committed, stage, held: stage == Stage::Held, remote: None, numbers,
            content: serde_json::Value::Null, rearranged: Rearranged::default(),
            verdict: None, version: None, at: second(0),
        });
        let foreign: BTreeSet<String> = match (&observed, &applied) {
            (Observed::Present(seen), Some(applied)) => seen.numbers.difference(&applied.numbers).cloned().collect(),
            _ => BTreeSet::new(),
        };
        let mut steps = 0;
        loop {
            let differs = &Differences::default();
            let (applied_now, observed_now) = (applied.as_ref(), &observed);
            let sight = Sight {
                applied: applied_now, observed: observed_now, held_parts: &BTreeSet::new(), fresh: true, forced: false, accepted: false,
                judgement: &UNJUDGED, differs,
            };
            let Plan::Next(step) = plan(&desired, sight, CAN) else { break };
            steps += 1;
            prop_assert!(steps < 10, "no end in sight: {step:?}");
            if let (Step::Cancel { .. } | Step::Submit { .. }, Observed::Present(seen)) = (&step, &observed) {
                prop_assert!(!seen.committed || seen.stage <= Stage::Released);
            }
            match step {
                Step::Submit { copy, .. } => {
                    observed = Observed::Present(Seen {
                        committed: true, stage: copy.stage, held: copy.stage == Stage::Held, remote: None,
                        numbers: BTreeSet::new(), content: serde_json::Value::Null,
                        rearranged: Rearranged::default(),
            verdict: None, version: None, at: second(0),
                    });
                    applied = Some(*copy);
                }
                Step::Cancel { .. } => { observed = Observed::Absent; applied = None; }
                Step::Advance { stage, .. } => {
                    if let Observed::Present(seen) = &mut observed {
                        seen.stage = stage;
                        seen.held = stage == Stage::Held;
                    }
                    if let Some(applied) = &mut applied { applied.stage = stage; }
                }
                Step::Track { numbers, .. } => {
                    if let Observed::Present(seen) = &mut observed { seen.numbers.extend(numbers.clone()); }
                    if let Some(applied) = &mut applied { applied.numbers.extend(numbers); }
                }
                Step::Untrack { numbers, .. } => {
                    prop_assert!(numbers.is_disjoint(&foreign), "others' numbers are not ours to remove");
                    if let Observed::Present(seen) = &mut observed { seen.numbers.retain(|n| !numbers.contains(n)); }
                    if let Some(applied) = &mut applied { applied.numbers.retain(|n| !numbers.contains(n)); }
                }
                other @ (Step::Revise(_) | Step::Check { .. } | Step::Tell(_)) => prop_assert!(false, "no step at a destination: {other:?}"),
            }
        }
    }
}

/// What is asked of a judge, and what it said: an order that is committed is never voided for either.
#[test]
fn a_committed_order_is_checked_where_asked_and_stopped_where_it_does_not_pass() {
    let reason = || Reason::new(ReasonCode::NotCompliant, "may not ship", "correct it");
    let judged = |owed, refused: bool| Judgement { owed, refused: refused.then(reason), ..UNJUDGED.clone() };
    let (released, held) = (copy(Stage::Released, &[]), copy(Stage::Held, &[]));
    let check = |copy: &OrderCopy| Plan::Next(Step::Check { copy: Box::new(copy.clone()) });
    let hold = || match next(
        &Desired::Undecided(reason()),
        Some(&copy(Stage::Released, &[])),
        &seen(Stage::Released, &[]),
        true,
    ) {
        hold @ Plan::Next(Step::Advance { stage: Stage::Held, .. }) => hold,
        other => panic!("{other:?}"),
    };
    // Wanted, how far it is seen to be, whether a person asks for a retry, the judgement, the plan.
    let table = [
        (&released, Stage::Released, false, judged(false, false), Plan::Nothing),
        (&released, Stage::Released, false, judged(true, false), check(&released)),
        (&released, Stage::Released, false, judged(true, true), check(&released)),
        (&released, Stage::Released, false, judged(false, true), hold()),
        (&released, Stage::Held, false, judged(false, true), Plan::Exception(reason())),
        (&released, Stage::Held, true, judged(false, true), check(&released)),
        (&released, Stage::Released, true, judged(false, false), Plan::Nothing),
        (&held, Stage::Held, false, judged(true, false), check(&held)),
        (&held, Stage::Held, false, judged(false, true), Plan::Exception(reason())),
        // What left is on its way, whatever is thought of it now.
        (&released, Stage::Shipped, false, judged(true, true), Plan::Nothing),
    ];
    for (want, stage, forced, judgement, expected) in table {
        let differs = &Differences::default();
        let (applied, observed) = (Some(want), &seen(stage, &[]));
        let (desired, accepted) = (Desired::Present(Box::new(want.clone())), false);
        let sight = Sight {
            applied,
            observed,
            held_parts: &BTreeSet::new(),
            fresh: true,
            forced,
            accepted,
            judgement: &judgement,
            differs,
        };
        assert_eq!(plan(&desired, sight, CAN), expected, "{stage:?} {judgement:?}");
    }
}
