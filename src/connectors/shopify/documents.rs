//! The GraphQL documents, as they stand in `queries/`. A test holds them against the vendor's schema.

/// A document of `queries/` with the fragment that reads a fulfilment.
macro_rules! with_shipped {
    ($file:literal) => {
        concat!(include_str!(concat!("queries/", $file)), include_str!("queries/fragments/shipped.graphql"))
    };
}

/// One order in full.
pub(super) const ORDER: &str = with_shipped!("order.graphql");
/// What of an order is still to be fulfilled.
pub(super) const OPEN_WORK: &str = include_str!("queries/open_work.graphql");
/// Makes a fulfilment.
pub(super) const SHIP: &str = with_shipped!("mutations/ship.graphql");
/// Gives a fulfilment other tracking.
pub(super) const RETRACK: &str = with_shipped!("mutations/retrack.graphql");
/// Cancels a fulfilment.
pub(super) const UNSHIP: &str = with_shipped!("mutations/unship.graphql");
/// Books how far a fulfilment has come.
pub(super) const PROGRESS: &str = include_str!("queries/mutations/progress.graphql");
/// Places a hold.
pub(super) const HOLD: &str = include_str!("queries/mutations/hold.graphql");
/// Releases a hold.
pub(super) const UNHOLD: &str = include_str!("queries/mutations/unhold.graphql");
/// Puts a tag on an order.
pub(super) const TAG: &str = include_str!("queries/mutations/tag.graphql");
/// Takes a tag off an order.
pub(super) const UNTAG: &str = include_str!("queries/mutations/untag.graphql");
/// Writes the note of an order.
pub(super) const NOTE: &str = include_str!("queries/mutations/note.graphql");
/// Sets a metafield.
pub(super) const STATE: &str = include_str!("queries/mutations/state.graphql");
/// One fulfilment.
pub(super) const FULFILLMENT: &str = with_shipped!("fulfillment.graphql");
/// Which order a fulfilment order belongs to.
pub(super) const PART: &str = include_str!("queries/part.graphql");
/// The shop and what the token may do.
pub(super) const SHOP: &str = include_str!("queries/shop.graphql");
/// Some locations.
pub(super) const LOCATIONS: &str = include_str!("queries/locations.graphql");
