//! What the channel is told of an order that may not ship, that was edited or cancelled too late, or that a person has to decide
//! on for another reason: a hold on all work that is open, for the first, or on the lines that stay back, tags, a note and a
//! state. A pure function.
//!
//! Only what is ours is ever taken off again, and the tag by which a person asks for a re-check. What is seen of the order is as old as the last reading, so the loop reads it
//! before it acts on it.

use std::collections::BTreeSet;

use serde_json::json;

use super::super::judging::{by_finding, in_words};
use crate::domain::RemoteId;
use crate::domain::address::filled;
use crate::domain::fulfillment::FulfillmentOrder;
use crate::domain::order::OrderDocument;
use crate::domain::record::OrderRecord;
use crate::domain::step::{Holding, Noting, Signs, Stating, Tagging, Telling};

/// The longest text of a hold that people read.
const LONGEST: usize = 1000;

/// The next step that brings holds, tags, note and state in line; nothing where they are.
pub(in super::super) fn next_flag(record: &OrderRecord, signs: &Signs) -> Option<Telling> {
    let order = record.document.as_ref().filter(|_| !record.is_deleted())?;
    let stops = signs.refused_tag.as_deref();
    let back = record.withheld_lines();
    let refused = stops.filter(|_| !record.is_cancelled() && record.stays_back());
    let held = match (stops, refused) {
        (None, _) => None,
        (Some(_), None) => lower(record, order),
        (Some(_), Some(_)) if record.is_refused() => raise(record, order),
        (Some(_), Some(_)) => hold_back(record, order, back),
    };
    let late = signs.late_tag.as_deref().filter(|_| record.is_late());
    let wanted: BTreeSet<&str> = refused.into_iter().chain(late).collect();
    held.or_else(|| next_tag(record, order, &wanted))
        .or_else(|| answered(record, order))
        .or_else(|| next_note(record, order, signs.note))
        .or_else(|| next_state(record, order, signs.state))
}

/// A person's tag that asks for a re-check comes off once everybody asked has judged, so that it can be put there again.
fn answered(record: &OrderRecord, order: &OrderDocument) -> Option<Telling> {
    let asked = record.recheck.as_ref().filter(|recheck| recheck.waiting.is_empty())?;
    let tagging = Tagging { order: order.id.clone(), tag: asked.tag.clone() };
    order.tags.contains(&asked.tag).then_some(Telling::Untag(tagging))
}

/// What was written once is taken out again when it is over, even where no more is to be written.
fn next_note(record: &OrderRecord, order: &OrderDocument, writes: bool) -> Option<Telling> {
    let lines = record.undecided.iter().filter(|_| writes).map(|(at, reason)| {
        // One line each, whatever the vendor's words are.
        let words = reason.vendor.as_ref().map(|words| format!(" («{words}»)")).unwrap_or_default();
        let line = format!("{at}: {}{words}. To do: {}.", reason.message, reason.mend);
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    });
    let ours: String = lines.collect::<Vec<_>>().join("\n").chars().take(LONGEST).collect();
    let ours = filled(Some(&ours));
    (ours != order.our_note).then(|| {
        Telling::Note(Box::new(Noting { order: order.id.clone(), theirs: order.note.clone(), ours }))
    })
}

/// Of an order that never needed a person nothing is stated.
fn next_state(record: &OrderRecord, order: &OrderDocument, states: bool) -> Option<Telling> {
    if !states || (record.undecided.is_empty() && record.stated.is_none()) {
        return None;
    }
    let word = if record.undecided.is_empty() { "in_order" } else { "needs_attention" };
    let state = json!({ "state": word, "exceptions": record.undecided }).to_string();
    let told = record.stated.as_ref() == Some(&state);
    (!told).then(|| Telling::State(Stating { order: order.id.clone(), state }))
}

/// Compared as the channel does, whatever the case.
fn next_tag(record: &OrderRecord, order: &OrderDocument, wanted: &BTreeSet<&str>) -> Option<Telling> {
    let tagged = |tag: &str| order.tags.iter().any(|known| known.eq_ignore_ascii_case(tag));
    let tagging = |tag: &str| Tagging { order: order.id.clone(), tag: tag.to_owned() };
    if let Some(lacking) = wanted.iter().find(|tag| !tagged(tag)) {
        return Some(Telling::Tag(tagging(lacking)));
    }
    let over = record.flags.iter().find(|tag| !wanted.contains(tag.as_str()) && order.tags.contains(*tag))?;
    Some(Telling::Untag(tagging(over)))
}

fn lower(record: &OrderRecord, order: &OrderDocument) -> Option<Telling> {
    record.work.iter().flatten().find_map(|work| {
        let ours = work.holds.iter().find(|hold| hold.ours)?;
        Some(Telling::Unhold(Box::new(Holding {
            order: order.id.clone(),
            work: work.id.clone(),
            hold: Some(ours.id.clone()),
            lines: None,
            notes: String::new(),
        })))
    })
}

fn raise(record: &OrderRecord, order: &OrderDocument) -> Option<Telling> {
    let refused = record.verdicts.values().filter(|verdict| !verdict.passed);
    let findings: Vec<String> = refused.flat_map(|verdict| in_words(Some(order), verdict)).collect();
    unheld(record).next().map(|work| hold(order, work, None, &findings))
}

/// Holds only what stays back. Which work has it is found when it is held, for a reading tells no lines of planned work; holds for
/// other lines come off first. Work that others hold cannot be parted, and nothing of it leaves until they let go of it.
fn hold_back(record: &OrderRecord, order: &OrderDocument, lines: BTreeSet<RemoteId>) -> Option<Telling> {
    let known = record.held_back.lines == lines;
    if let Some(other) = lower(record, order).filter(|_| !known) {
        return Some(other);
    }
    let withheld = record.withheld.values();
    let findings: Vec<String> = withheld.flat_map(|it| by_finding(Some(order), &it.lines)).collect();
    let parts = |work: &&FulfillmentOrder| {
        work.status != "on_hold" && (!known || !record.held_back.free.contains(&work.id))
    };
    let work = unheld(record).find(parts);
    work.map(|work| hold(order, work, Some(lines), &findings))
}

/// Open work without a hold of ours.
fn unheld(record: &OrderRecord) -> impl Iterator<Item = &FulfillmentOrder> {
    let open = |status: &str| matches!(status, "open" | "in_progress" | "scheduled" | "on_hold");
    let work = record.work.iter().flatten();
    work.filter(move |work| open(&work.status) && !work.holds.iter().any(|hold| hold.ours))
}

fn hold(
    order: &OrderDocument,
    work: &FulfillmentOrder,
    lines: Option<BTreeSet<RemoteId>>,
    findings: &[String],
) -> Telling {
    Telling::Hold(Box::new(Holding {
        order: order.id.clone(),
        work: work.id.clone(),
        hold: None,
        lines,
        notes: findings.join(" · ").chars().take(LONGEST).collect(),
    }))
}
