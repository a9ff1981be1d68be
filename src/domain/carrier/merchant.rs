//! What one merchant says of carriers, and what a shipment's tracking comes to by it.
//!
//! The merchant's word goes before the table, and a page of the merchant's before any other. What is questionable is told all
//! the same, with less: no carrier where none is known, no page where the number is none of its carrier's.

use std::collections::BTreeMap;

use super::{Carrier, folded, named};
use crate::domain::fulfillment::{Shipment, Tracking};

/// Carriers' texts that name none, and numbers that are none.
const NO_CARRIER: [&str; 2] = ["genericlabel", "pickup"];
const NO_NUMBER: &str = "pickup";

/// What stands for the number in a page of the merchant's.
pub const NUMBER: &str = "{number}";

/// What a merchant says of carriers beside what everybody may know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Carriers {
    /// Folded text to a name.
    names: BTreeMap<String, String>,
    /// Folded name to a page.
    pages: BTreeMap<String, String>,
}

/// What is questionable in a shipment's tracking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// Nobody knows a carrier of this text.
    Carrier(String),
    /// A number that the carrier certainly does not give out.
    Number {
        /// The carrier's name.
        carrier: &'static str,
        /// The number.
        number: String,
    },
}

/// What a carrier's text comes to.
enum Named<'c> {
    /// It names none.
    None,
    /// One of the table.
    Known(&'static Carrier),
    /// One that the merchant alone knows, by this name.
    Own(&'c str),
    /// Nobody knows.
    Unknown(&'c str),
}

impl Carriers {
    /// `names` gives texts the name of a carrier, of the table or not; `pages` gives carriers a page, with `{number}` in it.
    pub fn new(
        names: impl IntoIterator<Item = (String, String)>,
        pages: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        Self {
            names: names.into_iter().map(|(text, name)| (folded(&text), name.trim().to_owned())).collect(),
            pages: pages.into_iter().map(|(name, page)| (key(&name), page)).collect(),
        }
    }

    /// Whether two texts are one to a merchant's map: case, blanks and punctuation make no difference.
    pub fn are_alike(one: &str, other: &str) -> bool {
        folded(one) == folded(other)
    }

    /// How a shipment can be followed: what the channel is to be told. Numbers that are none are left out, and so are
    /// repeats. Pages are those of the merchant or the shipment's origin: one for each number, or none at all.
    pub fn tracking(&self, shipment: &Shipment) -> Tracking {
        let named = self.named(shipment.carrier.as_deref());
        let mut numbers = Vec::<String>::new();
        let mut pages = Vec::new();
        for (number, url) in parcels(shipment) {
            if !numbers.iter().any(|known| known == number) {
                pages.push(self.page(shipment, &named, number).or_else(|| url.map(str::to_owned)));
                numbers.push(number.to_owned());
            }
        }
        let given = pages.iter().any(Option::is_some);
        let whole = pages.into_iter().zip(&numbers).map(|(page, number)| match &named {
            Named::Known(carrier) => page.or_else(|| carrier.page(number)),
            _ => page,
        });
        // The channel pairs pages with numbers by their places, so a gap would move them.
        let urls = whole.collect::<Option<Vec<_>>>().filter(|_| given).unwrap_or_default();
        let carrier = match named {
            Named::Known(carrier) => Some(carrier.name.to_owned()),
            Named::Own(name) => Some(name.to_owned()),
            Named::None | Named::Unknown(_) => None,
        };
        Tracking { carrier, numbers, urls }
    }

    /// What is questionable in it. A carrier whose page the merchant gave has the merchant's word for its numbers.
    pub fn doubt(&self, shipment: &Shipment) -> Option<Doubt> {
        match self.named(shipment.carrier.as_deref()) {
            Named::Unknown(text) => Some(Doubt::Carrier(text.to_owned())),
            Named::Known(carrier) if !self.pages.contains_key(&key(carrier.name)) => parcels(shipment)
                .find(|(number, _)| !carrier.fits(number))
                .map(|(number, _)| Doubt::Number { carrier: carrier.name, number: number.to_owned() }),
            _ => None,
        }
    }

    fn named<'c>(&'c self, text: Option<&'c str>) -> Named<'c> {
        let text = text.unwrap_or_default().trim();
        let folded = folded(text);
        if let Some(name) = self.names.get(&folded) {
            return super::named(name).map_or(Named::Own(name), Named::Known);
        }
        match named(text) {
            Some(carrier) => Named::Known(carrier),
            None if text.is_empty() || NO_CARRIER.contains(&folded.as_str()) => Named::None,
            None if self.pages.contains_key(&folded) => Named::Own(text),
            None => Named::Unknown(text),
        }
    }

    /// The merchant's page for a number, by the carrier's text or by what it comes to.
    fn page(&self, shipment: &Shipment, named: &Named<'_>, number: &str) -> Option<String> {
        let name = match named {
            Named::Known(carrier) => carrier.name,
            Named::Own(name) => name,
            Named::None | Named::Unknown(_) => return None,
        };
        let text = shipment.carrier.as_deref().unwrap_or_default();
        let page = self.pages.get(&key(text)).or_else(|| self.pages.get(&key(name)))?;
        Some(page.replace(NUMBER, &escaped(number)))
    }
}

/// The numbers of a shipment, each with the page that its origin gives it.
fn parcels(shipment: &Shipment) -> impl Iterator<Item = (&str, Option<&str>)> {
    let urls = shipment.urls.iter().map(|url| url.trim()).map(|url| url.starts_with("http").then_some(url));
    let numbers = shipment.numbers.iter().map(|number| number.trim());
    let parcels = numbers.zip(urls.chain(std::iter::repeat(None)));
    parcels.filter(|(number, _)| !number.is_empty() && folded(number) != NO_NUMBER)
}

/// By which a carrier's page is found: whatever it is called.
fn key(text: &str) -> String {
    named(text).map_or_else(|| folded(text), |carrier| folded(carrier.name))
}

/// A number as it may stand anywhere in a URL.
fn escaped(number: &str) -> String {
    let byte = |byte: u8| match byte {
        b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    number.bytes().map(byte).collect()
}
