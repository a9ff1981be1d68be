//! What follows from a destination's judgement of an order: why it may not ship, in words that name lines by their SKU and no
//! person; and whether a person asked for it anew. Pure functions of the record.

use std::collections::BTreeMap;

use super::desired::whole;
use crate::domain::RemoteId;
use crate::domain::copy::OrderCopy;
use crate::domain::order::OrderDocument;
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::record::OrderRecord;
use crate::domain::route::Route;
use crate::domain::verdict::{LineVerdict, Verdict, Withheld};

/// What planning has to know of a judgement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// Whether there is none.
    pub owed: bool,
    /// Whether a person asked for it anew.
    pub asked: bool,
    /// Why the order may not ship, as it was judged last.
    pub refused: Option<Reason>,
    /// The order whole, where the route lets a part of it go: what is judged anew.
    pub whole: Option<Box<OrderCopy>>,
    /// That a part of it stays back.
    pub in_part: Option<Reason>,
}

/// The judgement of the route's destination.
pub fn judgement(record: &OrderRecord, route: &Route) -> Judgement {
    let judge = &route.to;
    let (owed, asked) = (!record.verdicts.contains_key(judge), record.is_asked_of(judge));
    let whole = whole(record, route).map(Box::new);
    let parted = record.withheld.get(judge).zip(whole.as_ref());
    let parted =
        parted.filter(|(withheld, whole)| record.goes_in_part_by(judge) && withheld.of.same_content(whole));
    let in_part = parted.map(|(withheld, _)| in_part(record, judge, withheld));
    Judgement { owed, asked, refused: refusal(record, judge), whole, in_part }
}

/// What stays back once `judged`, the order or what goes of it, was judged; `known` is what stayed back before. Nothing where
/// all of it may ship, or is refused as one.
///
/// What was found to stay back stays, until the order as a whole is judged anew: so no two judgements chase each other.
pub fn withheld(
    known: Option<&Withheld>,
    whole: &OrderCopy,
    judged: &OrderCopy,
    verdict: &Verdict,
) -> Option<Withheld> {
    let known = known.filter(|known| known.of.same_content(whole));
    let in_full = judged.same_content(whole);
    if verdict.passed {
        return known.filter(|_| !in_full).cloned();
    }
    let mut lines = verdict.lines.clone();
    if lines.is_empty() {
        let refused = LineVerdict { passed: false, findings: verdict.findings.clone() };
        lines.extend(judged.items.iter().map(|item| (item.line.clone(), refused.clone())));
    }
    lines.retain(|_, line| !line.passed);
    if let Some(known) = known {
        lines.extend(known.lines.clone());
    }
    let found = Withheld { of: Box::new(whole.clone()), lines };
    (found.spares() || known.is_some()).then_some(found)
}

fn in_part(record: &OrderRecord, judge: &str, withheld: &Withheld) -> Reason {
    let document = record.document.as_ref();
    let (mut goes, mut stays) = (Vec::new(), Vec::new());
    for item in &withheld.of.items {
        let side = if withheld.lines.contains_key(&item.line) { &mut stays } else { &mut goes };
        let name = name(document, &item.line);
        if !side.contains(&name) {
            side.push(name);
        }
    }
    Reason::new(
        ReasonCode::CompliantInPart,
        format!(
            "order {} goes in part: «{judge}» finds {} compliant and {} not, which stays back",
            withheld.of.name,
            goes.join(", "),
            stays.join(", ")
        ),
        "take what may not ship off the order at the channel and give its price back; or correct the address, the date of birth \
         or the ship date before the rest has left",
    )
    .quoting(by_finding(document, &withheld.lines).join(" · "))
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
    by_finding(document, &verdict.lines)
}

/// Each finding once, with the lines it is about.
pub fn by_finding(document: Option<&OrderDocument>, lines: &BTreeMap<RemoteId, LineVerdict>) -> Vec<String> {
    let mut found: Vec<(&str, Vec<String>)> = Vec::new();
    for (line, judged) in lines.iter().filter(|(_, line)| !line.passed) {
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
