//! What the channel is told of an order that may not ship, or of an edit or a cancel that came too late somewhere: a hold on
//! all work that is open, for the former, and tags. A pure function.
//!
//! Only holds and tags of ours are ever taken off again, and the tag by which a person asks for a re-check. What is seen of the work is as old as the last reading, so the loop
//! reads the order before it acts on it.

use std::collections::BTreeSet;

use super::super::judging::in_words;
use crate::domain::order::OrderDocument;
use crate::domain::record::OrderRecord;
use crate::domain::step::{Holding, Tagging, Telling};

/// The longest text of a hold that people read.
const LONGEST: usize = 1000;

/// The tags by which a channel is told; absent for what it is not told of.
#[derive(Clone, Copy, Debug, Default)]
pub(in super::super) struct Tags<'t> {
    /// Of orders that may not ship, which are held too.
    pub(in super::super) refused: Option<&'t str>,
    /// Of orders that were edited or cancelled too late for some copy.
    pub(in super::super) late: Option<&'t str>,
}

/// The next step that brings holds and tags in line; nothing where they are.
pub(in super::super) fn next_flag(record: &OrderRecord, tags: Tags<'_>) -> Option<Telling> {
    let order = record.document.as_ref()?;
    let lives = !record.is_cancelled() && !record.is_deleted();
    let refused = tags.refused.filter(|_| record.is_refused() && lives);
    let held = match (refused, tags.refused) {
        (Some(_), _) => raise(record, order),
        (None, Some(_)) => lower(record, order),
        (None, None) => None,
    };
    let late = tags.late.filter(|_| !record.late.is_empty() && !record.is_deleted());
    let wanted: BTreeSet<&str> = refused.into_iter().chain(late).collect();
    held.or_else(|| next_tag(record, order, &wanted)).or_else(|| answered(record, order))
}

/// A person's tag that asks for a re-check comes off once everybody asked has judged, so that it can be put there again.
fn answered(record: &OrderRecord, order: &OrderDocument) -> Option<Telling> {
    let asked = record.recheck.as_ref().filter(|recheck| recheck.waiting.is_empty())?;
    let tagging = Tagging { order: order.id.clone(), tag: asked.tag.clone() };
    order.tags.contains(&asked.tag).then_some(Telling::Untag(tagging))
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
            notes: String::new(),
        })))
    })
}

fn raise(record: &OrderRecord, order: &OrderDocument) -> Option<Telling> {
    let open = |status: &str| matches!(status, "open" | "in_progress" | "scheduled" | "on_hold");
    let unheld = record
        .work
        .iter()
        .flatten()
        .find(|work| open(&work.status) && !work.holds.iter().any(|hold| hold.ours));
    let refused = record.verdicts.values().filter(|verdict| !verdict.passed);
    let findings: Vec<String> = refused.flat_map(|verdict| in_words(Some(order), verdict)).collect();
    unheld.map(|work| {
        Telling::Hold(Box::new(Holding {
            order: order.id.clone(),
            work: work.id.clone(),
            hold: None,
            notes: findings.join(" · ").chars().take(LONGEST).collect(),
        }))
    })
}
