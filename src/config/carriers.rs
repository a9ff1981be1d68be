//! What a channel's merchant says of carriers: names for texts that no table knows, and pages.

use super::section::Section;
use crate::domain::carrier::{Carriers, NUMBER};

/// Reads `carriers` and `tracking_urls`.
pub(super) fn read(section: &mut Section<'_>) -> Carriers {
    let names = section.text_map("carriers").unwrap_or_default();
    for (at, (text, name)) in names.iter().enumerate() {
        if name.trim().is_empty() {
            section.wrong_at(
                "carriers",
                format!("«{text}» maps to nothing"),
                "give it a carrier's name, or \"Other\"",
            );
        }
        let twin = names[..at].iter().find(|(other, _)| Carriers::are_alike(other, text));
        if let Some((twin, other)) = twin.filter(|(_, other)| other != name) {
            section.wrong_at(
                "carriers",
                format!("contradicts itself: «{twin}» is {other} and «{text}» is {name}"),
                "keep one of them; case, blanks and punctuation make no difference",
            );
        }
    }
    let pages = section.text_map("tracking_urls").unwrap_or_default();
    for (carrier, page) in &pages {
        if !is_page(page) {
            section.wrong_at(
                "tracking_urls",
                format!("the page of «{carrier}» is no address with {NUMBER} in it"),
                format!("write it as \"https://HOST/…{NUMBER}\""),
            );
        }
    }
    Carriers::new(names, pages)
}

fn is_page(page: &str) -> bool {
    let uri = page.replace(NUMBER, "1").parse::<http::Uri>().ok();
    let whole = uri.is_some_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|host| !host.is_empty())
    });
    whole && page.contains(NUMBER)
}
