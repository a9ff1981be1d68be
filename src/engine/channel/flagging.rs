//! What the channel is told of an order that may not ship: a hold on all work that is open, and a tag. A pure function.
//!
//! Only holds and tags of ours are ever taken off again. What is seen of the work is as old as the last reading, so the loop
//! reads the order before it acts on it.

use crate::domain::order::OrderDocument;
use crate::domain::record::OrderRecord;
use crate::domain::step::{Holding, Tagging, Telling};

/// The longest text of a hold that people read.
const LONGEST: usize = 1000;

/// The next step that brings holds and tag in line with whether the order may ship; nothing where they are.
pub(in super::super) fn next_flag(record: &OrderRecord, tag: &str) -> Option<Telling> {
    let order = record.document.as_ref()?;
    if record.is_refused() && !record.is_cancelled() && !record.is_deleted() {
        return raise(record, order, tag);
    }
    let lowered = record.work.iter().flatten().find_map(|work| {
        let ours = work.holds.iter().find(|hold| hold.ours)?;
        Some(Telling::Unhold(Box::new(Holding {
            order: order.id.clone(),
            work: work.id.clone(),
            hold: Some(ours.id.clone()),
            notes: String::new(),
        })))
    });
    lowered.or_else(|| {
        let tag = record.flag.clone().filter(|tag| order.tags.contains(tag))?;
        Some(Telling::Untag(Tagging { order: order.id.clone(), tag }))
    })
}

fn raise(record: &OrderRecord, order: &OrderDocument, tag: &str) -> Option<Telling> {
    let open = |status: &str| matches!(status, "open" | "in_progress" | "scheduled" | "on_hold");
    let unheld = record
        .work
        .iter()
        .flatten()
        .find(|work| open(&work.status) && !work.holds.iter().any(|hold| hold.ours));
    if let Some(work) = unheld {
        let findings = record.verdicts.values().filter(|verdict| !verdict.passed).flat_map(|v| &v.findings);
        let findings: Vec<&str> = findings.map(String::as_str).collect();
        return Some(Telling::Hold(Box::new(Holding {
            order: order.id.clone(),
            work: work.id.clone(),
            hold: None,
            notes: findings.join(" · ").chars().take(LONGEST).collect(),
        })));
    }
    // Compared as the channel does, whatever the case.
    let tagged = order.tags.iter().any(|known| known.eq_ignore_ascii_case(tag));
    (!tagged).then(|| Telling::Tag(Tagging { order: order.id.clone(), tag: tag.to_owned() }))
}
