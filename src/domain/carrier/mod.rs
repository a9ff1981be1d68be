//! Carriers: the names by which others call them, the shapes of their tracking numbers, their tracking pages.
//!
//! The table (`table/`) is what everybody may know; what one merchant says of carriers besides is [`Carriers`]. A carrier's
//! text names one carrier or none: nothing is guessed, neither from a text that only resembles a name nor from a number.
//! How a channel spells a carrier is the channel's own affair.

mod merchant;
mod shape;
mod table;

use std::collections::HashMap;
use std::sync::LazyLock;

pub use merchant::{Carriers, Doubt, NUMBER};
use shape::Shape;

/// Words for services, which may follow a carrier's name and name no other carrier.
const SERVICES: &str = "\
    a access advantage air am basic box by classic day days deferred delivery direct domestic early economy \
    envelope evening expedited expedite express first class flat ground guaranteed home international intl large \
    light lightweight m mail media medium morning next nextday noon one over overnight p package packet pak parcel \
    parcels plus pm premium priority rate registered regular residential retail return returns saver saturday \
    select service services shipping signature signed small smart special standard surface three tracked two under \
    usa worldwide xpresspost 1st 2nd 3rd 1day 2day 3day";

/// One carrier.
#[derive(Debug)]
pub struct Carrier {
    /// Its own name.
    pub name: &'static str,
    /// Other ways in which it is written.
    pub aliases: &'static [&'static str],
    shape: Shape,
    page: Option<&'static str>,
}

impl Carrier {
    /// Whether a number, however its blanks and letters are written, can be one of its.
    pub fn fits(&self, number: &str) -> bool {
        self.shape.fits(&plain(number))
    }

    /// The tracking page of a number that can be one of its, where it has such pages.
    pub fn page(&self, number: &str) -> Option<String> {
        let number = plain(number);
        self.page.filter(|_| self.shape.fits(&number)).map(|page| page.replace("{}", &number))
    }
}

/// Every carrier of the table.
pub fn all() -> impl Iterator<Item = &'static Carrier> {
    table::all()
}

/// The carrier of a text: its name or an alias, whatever the case, punctuation and blanks, perhaps with a service behind it
/// (`FedEx Ground`, `usps_priority`).
pub fn named(text: &str) -> Option<&'static Carrier> {
    static NAMES: LazyLock<HashMap<String, &'static Carrier>> = LazyLock::new(|| {
        let names = |carrier: &'static Carrier| {
            carrier.aliases.iter().chain([&carrier.name]).map(move |name| (folded(name), carrier))
        };
        all().flat_map(names).collect()
    });
    if let Some(carrier) = NAMES.get(&folded(text)) {
        return Some(carrier);
    }
    let words: Vec<String> =
        text.split(|c: char| !c.is_alphanumeric()).map(folded).filter(|w| !w.is_empty()).collect();
    let is_service = |word: &String| {
        word.bytes().all(|byte| byte.is_ascii_digit())
            || SERVICES.split_whitespace().any(|service| service == word)
    };
    let services = words.iter().rev().take_while(|word| is_service(word)).count();
    // The longest name goes first, for what looks like a service can be part of it.
    let shortest = words.len().saturating_sub(services).max(1);
    (shortest..words.len()).rev().find_map(|end| NAMES.get(&words[..end].concat()).copied())
}

/// A text as names are compared: letters and digits in lower case.
fn folded(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// A tracking number as it stands in pages: without blanks, in capitals.
fn plain(number: &str) -> String {
    number.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_uppercase).collect()
}
