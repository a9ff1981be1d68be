//! Which location a fulfilment is made at: the one that stands for the warehouse that the goods left from, where it has open
//! work, and else the first that has.
//!
//! The map says where work is taken first and never whether: the goods have left, so what it does not know, or what cannot be
//! taken where it points, is taken elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value, json};

use super::Shopify;
use super::admin::Query;
use super::graph::{self, Connection, Node, plain};
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::{ConnectionName, RemoteId};
use crate::transport::{Effect, Fault, Log};

const LOCATIONS: Query = Query {
    operation: "locations",
    document: graph::LOCATIONS,
    effect: Effect::Read,
    root: "nodes",
    expected_cost: 10,
    urgent: false,
};

/// A warehouse, and the location of the shop that stands for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapped {
    /// The connection that ships from the warehouse.
    pub origin: ConnectionName,
    /// What that system calls it: an id or a name.
    pub warehouse: String,
    /// The location's id at the shop.
    pub location: RemoteId,
}

impl Mapped {
    /// Whether the row is of the warehouse that `origin` calls so, whatever the case and the blanks around.
    pub fn is_of(&self, origin: &str, warehouse: &str) -> bool {
        let plain = |text: &str| text.trim().to_lowercase();
        self.origin == origin && plain(&self.warehouse) == plain(warehouse)
    }
}

/// The locations that stand for warehouses, by the merchant's word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Locations(pub Vec<Mapped>);

impl Locations {
    /// The location of a warehouse that goes by these names; the first name that has a row counts.
    pub(super) fn of(&self, origin: &str, names: &[String]) -> Option<&RemoteId> {
        let mapped = names.iter().find_map(|name| self.0.iter().find(|row| row.is_of(origin, name)));
        mapped.map(|row| &row.location)
    }
}

#[derive(Deserialize)]
pub(super) struct WorkAnswer {
    order: Option<WorkOrder>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WorkOrder {
    fulfillment_orders: Connection<Work>,
}

impl WorkAnswer {
    /// The order's work; none where there is no order.
    pub(super) fn work(self) -> Vec<Work> {
        self.order.map(|order| order.fulfillment_orders.nodes).unwrap_or_default()
    }
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

#[derive(Deserialize)]
struct LocationsAnswer {
    nodes: Vec<Option<Location>>,
}

/// A location that the shop has.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    id: String,
    name: String,
    is_active: bool,
}

impl Shopify {
    /// Asks for the locations of the map, and says which of them goods cannot leave from.
    pub(super) async fn check_locations(&self, log: &Log) -> Result<(), Fault> {
        let mapped: BTreeSet<&RemoteId> = self.settings.locations.0.iter().map(|row| &row.location).collect();
        if mapped.is_empty() {
            return Ok(());
        }
        let ids: Vec<String> = mapped.iter().map(|id| format!("gid://shopify/Location/{id}")).collect();
        let answer: LocationsAnswer = self.admin()?.run(LOCATIONS, json!({ "ids": ids }), log).await?;
        let found: BTreeMap<RemoteId, Location> =
            answer.nodes.into_iter().flatten().map(|location| (plain(&location.id), location)).collect();
        let wrong = |id: &&RemoteId| match found.get(*id) {
            None => Some(format!("{id} is not there")),
            Some(location) if !location.is_active => Some(format!("{id} ({}) is deactivated", location.name)),
            Some(_) => None,
        };
        let wrong: Vec<String> = mapped.iter().filter_map(wrong).collect();
        if wrong.is_empty() {
            return Ok(());
        }
        Err(Fault::Refused(Reason::new(
            ReasonCode::UnknownLocation,
            format!("of the locations that warehouses are mapped to, {}", wrong.join(", ")),
            "correct the connection's locations: an id is the number at the end of the location's address in the shop's admin",
        )))
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
    fn a_warehouse_is_known_by_any_of_its_names_at_its_own_origin_and_the_first_name_counts() {
        let row = |origin: &str, warehouse: &str, location: &str| Mapped {
            origin: origin.into(),
            warehouse: warehouse.into(),
            location: location.into(),
        };
        let locations = Locations(vec![
            row("house", " Annex", "1"),
            row("house", "76734", "2"),
            row("other", "Annex", "3"),
        ]);
        let of = |origin: &str, names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            locations.of(origin, &names).map(|location| location.as_str().to_owned())
        };
        assert_eq!(of("house", &["ANNEX "]).as_deref(), Some("1"));
        assert_eq!(of("house", &["76734", "Annex"]).as_deref(), Some("2"));
        assert_eq!(of("house", &["9", "Annex"]).as_deref(), Some("1"));
        assert_eq!(of("other", &["76734", "Annex"]).as_deref(), Some("3"));
        assert_eq!(of("other", &["76734"]), None);
        assert_eq!(of("house", &[]), None);
    }
}
