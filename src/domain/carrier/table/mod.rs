//! The carriers: facts, one row each, by where they are at home. Nothing here decides anything.
//!
//! Names are the carriers' own; beside each stand the other ways in which warehouses, label services and people write it.
//! A page is given only where it is known to open on one number.

mod americas;
mod europe;
mod pacific;

use super::Carrier;
use super::shape::Shape;

/// A carrier; `{}` in its page is the number.
const fn row(
    name: &'static str,
    aliases: &'static [&'static str],
    shape: Shape,
    page: Option<&'static str>,
) -> Carrier {
    Carrier { name, aliases, shape, page }
}

/// Every carrier.
pub(super) fn all() -> impl Iterator<Item = &'static Carrier> {
    [americas::AMERICAS, europe::EUROPE, pacific::PACIFIC].into_iter().flatten()
}
