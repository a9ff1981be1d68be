//! The vocabulary as types, and the pure rules over them.
//!
//! Nothing here reads a clock, a file or a network, nothing is async, and no vendor is named: a rule that holds for one
//! vendor only lives in that vendor's connector. Money is decimal, ids are strings or 64-bit integers in decimal, times
//! are UTC instants.

pub mod address;
pub mod carrier;
pub mod copy;
pub mod customs;
pub mod fulfillment;
pub mod mirror;
pub mod money;
pub mod order;
pub mod places;
pub mod reason;
pub mod record;
pub mod route;
pub mod service;
pub mod step;
pub mod timeline;
pub mod verdict;

use serde::{Deserialize, Serialize};

/// The name of a configured connection, as the configuration spells it.
pub type ConnectionName = String;

/// An id as its system gives it: a 64-bit integer in decimal, or a string. Ids of one kind sort as numbers where they
/// are numbers, so that two readings of one order list its parts alike.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RemoteId(pub String);

impl RemoteId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<i64> for RemoteId {
    fn from(id: i64) -> Self {
        Self(id.to_string())
    }
}

impl From<&str> for RemoteId {
    fn from(id: &str) -> Self {
        Self(id.to_owned())
    }
}

impl std::fmt::Display for RemoteId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Ord for RemoteId {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        // Shorter first is numeric order for decimal integers without leading zeros, and a total order for the rest.
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for RemoteId {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// One order at the channel where it was born: the subject of the loop.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OrderRef {
    /// The channel's connection.
    pub connection: ConnectionName,
    /// The order's id there.
    pub id: RemoteId,
}

/// What an id begins with that stands for an order of which only a part is known; no channel's own ids do.
const PART: &str = "part:";

impl OrderRef {
    /// The order that a part belongs to, while nobody knows which one that is. Until then it is a subject of its own.
    pub fn of_part(connection: ConnectionName, part: &RemoteId) -> Self {
        Self { connection, id: RemoteId(format!("{PART}{part}")) }
    }

    /// The part by which alone the order is known, where that is so.
    pub fn part(&self) -> Option<RemoteId> {
        self.id.as_str().strip_prefix(PART).map(RemoteId::from)
    }
}

impl std::fmt::Display for OrderRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.connection, self.id)
    }
}
