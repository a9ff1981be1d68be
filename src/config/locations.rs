//! The locations of a shop that stand for the warehouses of those who ship for it.

use super::roles::{Names, Role};
use super::section::Section;
use crate::connectors::shopify::{Locations, Mapped};

/// Reads `locations`: for each connection that ships, what it calls its warehouses, and the location of each.
pub(super) fn read(section: &mut Section<'_>, names: &Names) -> Locations {
    let mut all: Vec<Mapped> = Vec::new();
    section.each("locations", |origin, mut rows| {
        if names.get(origin).is_none_or(|role| *role == Some(Role::Channel)) {
            let ship = names.iter().filter(|(_, role)| **role != Some(Role::Channel));
            let ship: Vec<&str> = ship.map(|(name, _)| name.as_str()).collect();
            rows.wrong(
                format!("«{origin}» is no connection that ships"),
                format!("name one of: {}", ship.join(", ")),
            );
        }
        for (warehouse, location) in rows.all_texts() {
            if !is_id(&location) {
                rows.wrong(
                    format!("«{location}», for «{warehouse}», is no location's id"),
                    "write the number at the end of the location's address in the shop's admin",
                );
            }
            let twin = all.iter().find(|row| row.is_of(origin, &warehouse));
            if let Some(twin) = twin.filter(|twin| twin.location.as_str() != location) {
                rows.wrong(
                    format!(
                        "contradicts itself: «{}» is {} and «{warehouse}» is {location}",
                        twin.warehouse, twin.location
                    ),
                    "keep one of them; case makes no difference",
                );
            }
            all.push(Mapped { origin: origin.to_owned(), warehouse, location: location.as_str().into() });
        }
    });
    Locations(all)
}

fn is_id(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<i64>().is_ok()
}
