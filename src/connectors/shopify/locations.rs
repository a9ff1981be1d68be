//! Which location of the shop stands for the warehouse that goods left from, by the merchant's word.
//!
//! The map says where work is taken first and never whether: the goods have left, so what it does not know, or what cannot be
//! taken where it points, is taken elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::json;

use super::Shopify;
use super::admin::Query;
use super::documents;
use super::shapes::graph::plain;
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::{ConnectionName, RemoteId};
use crate::transport::{Effect, Fault, Log};

const LOCATIONS: Query = Query {
    operation: "locations",
    document: documents::LOCATIONS,
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
