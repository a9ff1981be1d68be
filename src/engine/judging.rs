//! What follows from a destination's judgement of an order: why it may not ship, in words that name lines by their SKU and no
//! person; and whether a person asked for it anew. Pure functions of the record.

use crate::domain::RemoteId;
use crate::domain::mirror::Verdict;
use crate::domain::order::OrderDocument;
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::record::OrderRecord;

/// What planning has to know of a judgement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// Whether there is none, or a person asked for it anew.
    pub owed: bool,
    /// Why the order may not ship, as it was judged last.
    pub refused: Option<Reason>,
}

/// The judgement of `judge`.
pub fn judgement(record: &OrderRecord, judge: &str) -> Judgement {
    let owed = record.is_asked_of(judge) || !record.verdicts.contains_key(judge);
    Judgement { owed, refused: refusal(record, judge) }
}

/// Why an order may not ship, in the words of whoever judged it; nothing where it may.
pub fn refusal(record: &OrderRecord, judge: &str) -> Option<Reason> {
    let verdict = record.verdicts.get(judge).filter(|verdict| !verdict.passed)?;
    let document = record.document.as_ref();
    let order = document.map_or_else(|| record.order.id.to_string(), |document| document.name.clone());
    let reason = if verdict.is_partial() {
        let named = |passed: bool| {
            let lines = verdict.lines.iter().filter(|(_, line)| line.passed == passed);
            lines.map(|(line, _)| name(document, line)).collect::<Vec<_>>().join(", ")
        };
        Reason::new(
            ReasonCode::CompliantInPart,
            format!(
                "order {order} may ship in part only: «{judge}» finds {} compliant and {} not",
                named(true),
                named(false)
            ),
            "take what may not ship off the order at the channel, or correct the address, the date of birth or the ship \
             date; the order is checked again by itself",
        )
    } else {
        Reason::new(
            ReasonCode::NotCompliant,
            format!("order {order} may not ship: «{judge}» finds it not compliant"),
            "correct the address, the items, the date of birth or the ship date at the channel; the order is checked again \
             by itself",
        )
    };
    let words = in_words(document, verdict).join(" · ");
    Some(if words.is_empty() { reason } else { reason.quoting(words) })
}

/// What speaks against an order, each finding once; where lines were judged by themselves, with those it is about.
pub fn in_words(document: Option<&OrderDocument>, verdict: &Verdict) -> Vec<String> {
    if !verdict.is_partial() {
        return verdict.findings.clone();
    }
    let mut found: Vec<(&str, Vec<String>)> = Vec::new();
    for (line, judged) in verdict.lines.iter().filter(|(_, line)| !line.passed) {
        for finding in &judged.findings {
            match found.iter_mut().find(|(known, _)| known == finding) {
                Some((_, lines)) => lines.push(name(document, line)),
                None => found.push((finding, vec![name(document, line)])),
            }
        }
    }
    found.into_iter().map(|(finding, lines)| format!("{}: {finding}", lines.join(", "))).collect()
}

/// A line as people know it.
fn name(document: Option<&OrderDocument>, line: &RemoteId) -> String {
    let known = document.and_then(|document| document.line(line));
    known.map_or_else(|| line.to_string(), |line| line.sku.clone().unwrap_or_else(|| line.title.clone()))
}
