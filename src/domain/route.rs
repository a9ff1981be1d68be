//! Routes: the rule that sends a channel's orders to a destination.
//!
//! A route is validated configuration; nothing in it is looked up at run time but by the pure functions here.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::ConnectionName;
use super::customs::CustomsRule;
use super::mirror::Absence;
use super::order::{Line, OrderDocument, PaymentState, Recommendation, ShippingLine};
use super::service::ServiceRule;

/// Text with `*` for any run of characters, compared without regard to case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pattern(pub String);

impl Pattern {
    /// Whether the pattern covers all of `text`.
    pub fn matches(&self, text: &str) -> bool {
        let pattern: Vec<char> = self.0.to_lowercase().chars().collect();
        let text: Vec<char> = text.to_lowercase().chars().collect();
        let (mut p, mut t) = (0, 0);
        let mut star: Option<(usize, usize)> = None;
        while t < text.len() {
            if p < pattern.len() && pattern[p] == '*' {
                star = Some((p, t));
                p += 1;
            } else if p < pattern.len() && pattern[p] == text[t] {
                p += 1;
                t += 1;
            } else if let Some((at, from)) = star {
                star = Some((at, from + 1));
                p = at + 1;
                t = from + 1;
            } else {
                return false;
            }
        }
        pattern[p..].iter().all(|c| *c == '*')
    }

    /// Whether it holds no `*`.
    pub fn is_exact(&self) -> bool {
        !self.0.contains('*')
    }
}

/// Which orders a route takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Sources left out (`pos`, say), as patterns.
    pub skip_sources: Vec<Pattern>,
    /// Where not empty: only orders with one of these tags.
    pub only_tags: Vec<Pattern>,
    /// Orders with one of these tags are left out.
    pub skip_tags: Vec<Pattern>,
    /// Test orders are left out.
    pub skip_test: bool,
    /// Orders placed before this day, by the shop's calendar, are left out: another system has them.
    pub placed_since: Option<Date>,
}

impl Filter {
    /// Why the order is left out, if it is.
    pub fn leaves_out(&self, order: &OrderDocument) -> Option<Absence> {
        let tagged =
            |patterns: &[Pattern]| order.tags.iter().any(|tag| patterns.iter().any(|p| p.matches(tag)));
        if let Some(source) = &order.source
            && self.skip_sources.iter().any(|pattern| pattern.matches(source))
        {
            return Some(Absence::Source(source.clone()));
        }
        if (!self.only_tags.is_empty() && !tagged(&self.only_tags)) || tagged(&self.skip_tags) {
            return Some(Absence::Tags);
        }
        if let Some(day) = self.placed_since.filter(|day| order.placed_on < *day) {
            return Some(Absence::PlacedBefore(day));
        }
        (self.skip_test && order.test).then_some(Absence::Test)
    }
}

/// What becomes of a refund of goods that had left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refunds {
    /// Nothing: a person enters it.
    ByHand,
    /// It is entered as a negative order, where it was made on this day or later.
    Negative {
        /// The first day, by the shop's calendar; every refund where absent.
        since: Option<Date>,
    },
}

/// A destination that must find an order fit to ship before another lets it go, and what its own route sends it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judge {
    /// Its connection.
    pub name: ConnectionName,
    /// Which orders it is sent.
    pub filter: Filter,
    /// SKUs of lines that it is not sent.
    pub not_goods: Vec<Pattern>,
}

impl Judge {
    /// Whether nothing that is wanted of the order is for it to judge.
    pub fn has_nothing_of(&self, order: &OrderDocument) -> bool {
        order.goods().all(|line| line.current == 0 || is_left_out(line, &self.not_goods))
    }
}

/// Whether a line is no goods by its SKU.
pub fn is_left_out(line: &Line, not_goods: &[Pattern]) -> bool {
    line.sku.as_deref().is_some_and(|sku| not_goods.iter().any(|pattern| pattern.matches(sku)))
}

/// What of an order becomes its key at the destination.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyBy {
    /// Its name without `#`.
    #[default]
    Name,
    /// Its id.
    Id,
}

/// A product at the destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductRef {
    /// The brand's key, where the destination tells products apart by it.
    pub brand: Option<String>,
    /// The product's key.
    pub product: String,
}

/// One part of a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundlePart {
    /// The part's SKU, looked up like any other.
    pub sku: String,
    /// Units of it in one bundle.
    pub quantity: u32,
}

/// The rule that sends a channel's orders to a destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The channel.
    pub from: ConnectionName,
    /// The destination.
    pub to: ConnectionName,
    /// Which orders it takes.
    pub filter: Filter,
    /// Payment states that open the gate.
    pub release: Vec<PaymentState>,
    /// Destinations that must have found the order, as it is, fit to ship.
    pub cleared_by: Vec<Judge>,
    /// Whether the destination packs: it is given what is left to pack and told of no shipment.
    pub packs: bool,
    /// What of the channel's analysis of fraud keeps the gate shut.
    pub fraud_hold: Vec<Recommendation>,
    /// How long after it was placed an order is held for its buyer's own edits; zero for not at all.
    pub edit_window: SignedDuration,
    /// What becomes the key.
    pub key_by: KeyBy,
    /// Text before each key, so that two shops can share one destination.
    pub key_prefix: String,
    /// Shipping rate (name, code or pattern) to the destination's service code.
    pub methods: Vec<(Pattern, String)>,
    /// The code for orders that have no rate at all.
    pub method_when_missing: Option<String>,
    /// What services take; those without a row take everything.
    pub services: Vec<ServiceRule>,
    /// Whether an address that is certainly wrong keeps the order back.
    pub check_address: bool,
    /// SKU to product; a SKU not listed is its own product key.
    pub skus: BTreeMap<String, ProductRef>,
    /// The brand of products that are listed without one, or not listed.
    pub brand: Option<String>,
    /// SKU of a bundle to its parts.
    pub bundles: BTreeMap<String, Vec<BundlePart>>,
    /// When customs data is sent, and which; none is without it.
    pub customs: Option<CustomsRule>,
    /// SKUs of lines that ship for the shop but are no goods (insurance, donations).
    pub not_goods: Vec<Pattern>,
    /// The order attribute that holds the date of birth.
    pub birth_date: Option<String>,
    /// The order attribute that holds the wished ship date.
    pub ship_date: Option<String>,
    /// The order attribute that holds a message for the receiver.
    pub gift_note: Option<String>,
    /// Days from order to shipping where no ship date is given.
    pub lead_days: i32,
    /// Whether lines that may ship go without those that may not.
    pub ship_in_part: bool,
    /// What becomes of a refund of goods that had left.
    pub refunds: Refunds,
}

impl Route {
    /// Whether a payment state opens the gate. An order that is paid stays released when a part is refunded: what was
    /// refunded is no longer in it.
    pub fn releases(&self, payment: &PaymentState) -> bool {
        self.release.contains(payment)
            || (*payment == PaymentState::PartiallyRefunded && self.release.contains(&PaymentState::Paid))
    }

    /// When the edit window of an order ends, where the route has one.
    pub fn edits_end_at(&self, order: &OrderDocument) -> Option<Timestamp> {
        let end = order.created_at.saturating_add(self.edit_window).unwrap_or(Timestamp::MAX);
        self.edit_window.is_positive().then_some(end)
    }

    /// The destination's code for a shipping rate: by exact name, then exact code, then the longest pattern that
    /// matches either.
    pub fn method(&self, line: &ShippingLine) -> Option<&str> {
        let code = line.code.as_deref();
        let exact =
            |text: &str| self.methods.iter().find(|(key, _)| key.0 == text).map(|(_, to)| to.as_str());
        exact(line.title.trim()).or_else(|| code.and_then(|code| exact(code.trim()))).or_else(|| {
            self.methods
                .iter()
                .filter(|(key, _)| !key.is_exact())
                .filter(|(key, _)| {
                    key.matches(line.title.trim()) || code.is_some_and(|code| key.matches(code.trim()))
                })
                .max_by_key(|(key, _)| key.0.len())
                .map(|(_, to)| to.as_str())
        })
    }

    /// The destination's product for a SKU.
    pub fn product(&self, sku: &str) -> ProductRef {
        let product = self.skus.get(sku).cloned();
        let ProductRef { brand, product } =
            product.unwrap_or_else(|| ProductRef { brand: None, product: sku.to_owned() });
        ProductRef { brand: brand.or_else(|| self.brand.clone()), product }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_cover_the_whole_text() {
        let table = [
            ("FedEx*", "FedEx Ground", true),
            ("fedex ground", "FedEx Ground", true),
            ("*ground*", "UPS® Ground (3-5 days)", true),
            ("*ground", "UPS® Ground (3-5 days)", false),
            ("", "", true),
            ("*", "", true),
            ("a*b*c", "aXXbYYc", true),
            ("a*b*c", "aXXbYY", false),
        ];
        for (pattern, text, expected) in table {
            assert_eq!(Pattern(pattern.into()).matches(text), expected, "{pattern} ~ {text}");
        }
    }
}
