//! Which kinds of connections there are, and the role that each plays in a route.

use std::collections::BTreeMap;

use crate::domain::ConnectionName;

/// The words for them in the configuration, and the role that each plays.
pub(super) const KINDS: &[(&str, Role)] =
    &[("shopify", Role::Channel), ("shipcompliant", Role::Destination), ("shiphero", Role::Warehouse)];

/// What role a connection can play in a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Channel,
    Destination,
    /// A destination that packs.
    Warehouse,
}

/// The role of each connection that was named, even where something in it is wrong; none where its kind is no kind.
pub(super) type Names = BTreeMap<ConnectionName, Option<Role>>;

/// The role of a kind, by its word.
pub(super) fn role(kind: &str) -> Option<Role> {
    KINDS.iter().find(|(word, _)| *word == kind).map(|(_, role)| *role)
}
