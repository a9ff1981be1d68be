//! What a query costs, and what an answer says of the bucket it is paid from.
//!
//! An object costs a point, money nothing, a count ten; a connection of `n` costs two and `floor(2 ln n)` times one of
//! its nodes. A mutation costs ten, one of them fifty, and the objects of its answer are free. This is fitted to recorded traffic, not published. What a query may cost is taken from the bucket
//! before it runs, and what it did not cost is put back.

use serde_json::{Value, json};

use super::plan::{Below, EdgeEntry, Objects, PageEntry, Plan, Planned};
use super::schema::{Shape, Type};
pub(super) use crate::simulator::bucket::Bucket;

/// The most that one query may cost.
pub(super) const MOST: u32 = 1000;

/// What a plan may cost.
pub(super) fn requested(plan: &Plan) -> u32 {
    plan.0.iter().map(field).fold(0, u32::saturating_add)
}

/// What the mutations of a plan may cost.
pub(super) fn requested_of_mutations(plan: &Plan) -> u32 {
    plan.0.iter().map(mutation).fold(0, u32::saturating_add)
}

fn mutation(planned: &Planned) -> u32 {
    let (Some(field), Below::Objects(objects)) = (planned.field, &planned.below) else { return 0 };
    let parts = objects.0.iter().flat_map(|(_, payload)| &payload.0);
    let read = parts.map(|part| match &part.below {
        Below::Objects(objects) => below(objects),
        _ => 0,
    });
    of_mutation(field.name).saturating_add(read.fold(0, u32::saturating_add))
}

/// The price of a mutation itself. Since the summer of 2026 changing a tracking costs fifty.
pub(super) fn of_mutation(name: &str) -> u32 {
    if name == "fulfillmentTrackingInfoUpdate" { 50 } else { 10 }
}

fn field(planned: &Planned) -> u32 {
    match &planned.below {
        Below::Nothing => 0,
        Below::Objects(objects) => {
            let Some(Shape::One(of) | Shape::Many(of)) = planned.field.map(|field| field.shape) else {
                return 0;
            };
            of.cost.saturating_add(below(objects))
        }
        Below::Pages(of, entries) => {
            let count = planned.args.count("first").or_else(|| planned.args.count("last")).unwrap_or(0);
            let node = entries.iter().map(|entry| entry_cost(of, entry)).fold(0, u32::saturating_add);
            2_u32.saturating_add(multiplier(count).saturating_mul(node))
        }
    }
}

/// The dearest of the types it may be.
fn below(objects: &Objects) -> u32 {
    objects.0.iter().map(|(_, plan)| requested(plan)).max().unwrap_or(0)
}

fn entry_cost(of: &Type, entry: &PageEntry) -> u32 {
    match entry {
        PageEntry::Nodes(_, objects) => of.cost.saturating_add(below(objects)),
        PageEntry::Edges(_, entries) => entries
            .iter()
            .map(|entry| match entry {
                EdgeEntry::Node(_, objects) => of.cost.saturating_add(below(objects)),
                EdgeEntry::Cursor(_) | EdgeEntry::Typename(_) => 0,
            })
            .fold(0, u32::saturating_add),
        PageEntry::PageInfo(..) | PageEntry::Typename(_) => 0,
    }
}

/// How many nodes a page of `count` is charged for: `floor(2 ln n)`, at least one unless there is none.
pub(super) fn multiplier(count: usize) -> u32 {
    // The least n for which 2 ln n reaches 1, 2, 3, …: e^(k/2), rounded up.
    const STEPS: [usize; 11] = [2, 3, 5, 8, 13, 21, 34, 55, 91, 149, 245];
    match count {
        0 => 0,
        n => u32::try_from(STEPS.iter().filter(|step| **step <= n).count()).unwrap_or(0).max(1),
    }
}

/// What an answer says of a bucket.
pub(super) fn status(bucket: &Bucket) -> Value {
    json!({
        "maximumAvailable": bucket.most(),
        "currentlyAvailable": bucket.available(),
        "restoreRate": bucket.rate(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multiplier_is_twice_the_logarithm() {
        for n in 1..=2500_u32 {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small and positive")]
            let expected = ((2.0 * f64::from(n).ln()).floor() as u32).max(1);
            if n <= 250 {
                assert_eq!(multiplier(n as usize), expected, "{n}");
            }
        }
        assert_eq!(multiplier(0), 0);
    }
}
