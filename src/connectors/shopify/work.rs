//! Work that is planned for an order at the shop, line by line: what of it is taken for a fulfilment, and what is held.
//!
//! It is read just before it is acted on, and only then: a reading of the order tells no lines of it, which would make every
//! reading dearer.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value, json};

use super::Shopify;
use super::admin::Query;
use super::documents;
use super::shapes::graph::{Connection, Node, plain};
use crate::domain::RemoteId;
use crate::transport::{Effect, Fault, Log};

const OPEN_WORK: Query = Query {
    operation: "open work",
    document: documents::OPEN_WORK,
    effect: Effect::Read,
    root: "order",
    expected_cost: 150,
    urgent: false,
};

/// Lines of a fulfilment order, and fulfilment orders, that one answer shows.
const LINES: u32 = 250;
const PARTS: u32 = 15;

#[derive(Deserialize)]
struct WorkAnswer {
    order: Option<WorkOrder>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WorkOrder {
    fulfillment_orders: Connection<Work>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Work {
    id: String,
    pub(super) status: String,
    assigned_location: Assigned,
    line_items: Connection<WorkLine>,
}

#[derive(Deserialize)]
struct Assigned {
    location: Option<Node>,
    name: String,
}

impl Assigned {
    /// What tells one location from another; a location that was deleted has only its name left.
    fn key(&self) -> &str {
        self.location.as_ref().map_or(&self.name, |location| &location.id)
    }

    fn is_at(&self, location: &RemoteId) -> bool {
        self.location.as_ref().is_some_and(|at| plain(&at.id) == *location)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WorkLine {
    id: String,
    remaining_quantity: u32,
    line_item: Node,
}

/// The open work of one location that the wanted units can be taken from: that of the location they left from if it has any of
/// them, else that of the first that has.
pub(super) fn pick(
    work: &[Work],
    wanted: &BTreeMap<RemoteId, u32>,
    left_from: Option<&RemoteId>,
) -> Vec<Value> {
    let open = || work.iter().filter(|work| matches!(work.status.as_str(), "OPEN" | "IN_PROGRESS"));
    let holds = |work: &&Work| {
        work.line_items.nodes.iter().any(|line| {
            line.remaining_quantity > 0
                && wanted.get(&plain(&line.line_item.id)).is_some_and(|units| *units > 0)
        })
    };
    let there = |work: &&Work| left_from.is_some_and(|location| work.assigned_location.is_at(location));
    let first = open().filter(holds).find(there).or_else(|| open().find(holds));
    let Some(location) = first.map(|work| work.assigned_location.key()) else {
        return Vec::new();
    };
    let mut left = wanted.clone();
    let mut picked = Vec::new();
    for work in open().filter(|work| work.assigned_location.key() == location) {
        let mut lines = Vec::new();
        for line in &work.line_items.nodes {
            let Some(units) = left.get_mut(&plain(&line.line_item.id)) else { continue };
            let taken = line.remaining_quantity.min(*units);
            if taken > 0 {
                *units -= taken;
                lines.push(json!({ "id": line.id, "quantity": taken }));
            }
        }
        if !lines.is_empty() {
            picked.push(json!({ "fulfillmentOrderId": work.id, "fulfillmentOrderLineItems": lines }));
        }
    }
    picked
}

impl Shopify {
    /// The work planned for an order, open or not; none where the shop does not know the order.
    pub(super) async fn work(&self, order: &RemoteId, log: &Log) -> Result<Vec<Work>, Fault> {
        let id = format!("gid://shopify/Order/{order}");
        let (mut work, mut after) = (Vec::new(), None);
        // What is closed stays listed, and what is open comes last.
        loop {
            let variables = json!({ "id": id, "lines": LINES, "parts": PARTS, "after": after });
            let answer: WorkAnswer = self.admin()?.run(OPEN_WORK, variables, log).await?;
            let Some(WorkOrder { fulfillment_orders: page }) = answer.order else { return Ok(work) };
            let next = page.next().map(str::to_owned);
            work.extend(page.nodes);
            if next.is_none() || next == after {
                return Ok(work);
            }
            after = next;
        }
    }
}

/// What of some work is to be held.
pub(super) enum Held {
    Nothing,
    Part(Vec<Value>),
    Whole,
}

/// The units of some lines that are left in one work. Where that is all of it, it is held as one, for a part splits it.
pub(super) fn held_units(work: &[Work], id: &str, lines: &BTreeSet<RemoteId>) -> Held {
    let left = work.iter().filter(|work| work.id == id).flat_map(|work| &work.line_items.nodes);
    let left = left.filter(|line| line.remaining_quantity > 0);
    let (held, other): (Vec<_>, Vec<_>) = left.partition(|line| lines.contains(&plain(&line.line_item.id)));
    match (held.is_empty(), other.is_empty()) {
        (true, _) => Held::Nothing,
        (false, true) => Held::Whole,
        (false, false) => {
            let units = |line: &WorkLine| json!({ "id": line.id, "quantity": line.remaining_quantity });
            Held::Part(held.into_iter().map(units).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Units by line.
    type Units<'r> = &'r [(&'r str, u32)];
    /// Work at a location: its id, its status, and how much of each line is open there.
    type Row<'r> = (&'r str, &'r str, Units<'r>);
    /// Work, what left, the location it left from, and what is picked.
    type Case<'r> = (Vec<Work>, Units<'r>, Option<&'r str>, &'r [&'r str]);

    const fn open<'r>(location: &'r str, lines: Units<'r>) -> Row<'r> {
        (location, "OPEN", lines)
    }

    fn work(rows: &[Row<'_>]) -> Vec<Work> {
        let line = |(line, units): &(&str, u32)| {
            json!({ "id": format!("gid://shopify/FulfillmentOrderLineItem/{line}0"), "remainingQuantity": units,
                "lineItem": { "id": format!("gid://shopify/LineItem/{line}") } })
        };
        let row = |(at, (location, status, lines)): (usize, &Row<'_>)| {
            // A location that was deleted has its name left.
            let id =
                (*location != "gone").then(|| json!({ "id": format!("gid://shopify/Location/{location}") }));
            let lines: Vec<Value> = lines.iter().map(line).collect();
            let work = json!({ "id": format!("W{at}"), "status": status, "lineItems": { "nodes": lines },
                "assignedLocation": { "location": id, "name": location } });
            serde_json::from_value(work).unwrap()
        };
        rows.iter().enumerate().map(row).collect()
    }

    /// What is picked, as `work: line*units`.
    fn picked(work: &[Work], wanted: Units<'_>, left_from: Option<&str>) -> Vec<String> {
        let wanted = wanted.iter().map(|(line, units)| (RemoteId::from(*line), *units)).collect();
        let lines = |work: &Value| {
            let lines = work["fulfillmentOrderLineItems"].as_array().unwrap().iter();
            let line =
                |line: &Value| format!(" {}*{}", plain(line["id"].as_str().unwrap()), line["quantity"]);
            format!(
                "{}:{}",
                work["fulfillmentOrderId"].as_str().unwrap(),
                lines.map(line).collect::<String>()
            )
        };
        pick(work, &wanted, left_from.map(RemoteId::from).as_ref()).iter().map(lines).collect()
    }

    #[test]
    fn work_is_taken_at_the_mapped_location_first_and_elsewhere_where_there_is_none() {
        let two =
            || work(&[open("1", &[("7", 3), ("8", 1)]), open("2", &[("7", 2)]), open("1", &[("8", 2)])]);
        let table: [Case<'_>; 12] = [
            (two(), &[("7", 2)], None, &["W0: 70*2"]),
            (two(), &[("7", 2)], Some("2"), &["W1: 70*2"]),
            (two(), &[("7", 2)], Some("1"), &["W0: 70*2"]),
            // Only as much as is open there; the rest comes with the next round.
            (two(), &[("7", 5)], Some("2"), &["W1: 70*2"]),
            // All the work there is of the location, and none of another.
            (two(), &[("7", 3), ("8", 3)], Some("1"), &["W0: 70*3 80*1", "W2: 80*2"]),
            (two(), &[("7", 3), ("8", 3)], Some("2"), &["W1: 70*2"]),
            // Nothing of it is to leave from there, or the shop does not know the location any more.
            (two(), &[("8", 1)], Some("2"), &["W0: 80*1"]),
            (two(), &[("7", 1)], Some("17"), &["W0: 70*1"]),
            (
                work(&[open("1", &[("7", 1)]), open("gone", &[("7", 1)])]),
                &[("7", 1)],
                Some("gone"),
                &["W0: 70*1"],
            ),
            // What is held or done there cannot be taken.
            (
                work(&[open("1", &[("7", 1)]), ("2", "ON_HOLD", &[("7", 1)])]),
                &[("7", 1)],
                Some("2"),
                &["W0: 70*1"],
            ),
            (work(&[open("1", &[("7", 1)]), open("2", &[("7", 0)])]), &[("7", 1)], Some("2"), &["W0: 70*1"]),
            (work(&[("1", "CLOSED", &[("7", 1)])]), &[("7", 1)], Some("1"), &[]),
        ];
        for (at, (work, wanted, left_from, expected)) in table.into_iter().enumerate() {
            assert_eq!(picked(&work, wanted, left_from), expected, "row {at}");
        }
    }

    #[test]
    fn what_stays_back_is_held_alone_and_work_that_has_nothing_else_as_one() {
        let rows =
            [open("1", &[("7", 3), ("8", 1)]), open("2", &[("7", 2), ("8", 0)]), open("1", &[("8", 2)])];
        let lines = BTreeSet::from([RemoteId::from("7")]);
        let held = |id: &str| match held_units(&work(&rows), id, &lines) {
            Held::Nothing => "nothing".to_owned(),
            Held::Whole => "whole".to_owned(),
            Held::Part(units) => Value::from(units).to_string(),
        };
        let part = r#"[{"id":"gid://shopify/FulfillmentOrderLineItem/70","quantity":3}]"#;
        assert_eq!(["W0", "W1", "W2", "W9"].map(held), [part, "whole", "nothing", "nothing"]);
    }
}
