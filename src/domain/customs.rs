//! What the customs of another country are told of an order: what a route says of it, what a channel says of its goods,
//! and what a copy carries.
//!
//! Amounts are in the shop's currency. Which orders need it and what they lack is decided in the engine; how a destination
//! spells it, and whether it lies with the order or the product there, is its connector's affair.

use std::collections::BTreeMap;

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

use super::RemoteId;
use super::address::Address;
use super::copy::Item;
use super::money::decimals;
use super::places::Place;

/// The terms of delivery there are: Incoterms 2020 (ICC), and two that carriers still write of earlier editions.
pub const INCOTERMS: [&str; 13] =
    ["CFR", "CIF", "CIP", "CPT", "DAP", "DAT", "DDP", "DDU", "DPU", "EXW", "FAS", "FCA", "FOB"];

/// What is told of one product.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declaration {
    /// Its code in the Harmonized System: 6 to 13 digits, perhaps with dots between.
    pub tariff_code: Option<String>,
    /// The country it was made in, as a code of ISO 3166-1.
    pub origin: Option<String>,
    /// What it is, in words.
    pub description: Option<String>,
    /// What one unit is worth, where that is not what the buyer pays for it.
    pub value: Option<Decimal>,
}

impl Declaration {
    /// This, and from `other` what it does not say.
    #[must_use]
    pub fn or(self, other: &Self) -> Self {
        Self {
            tariff_code: self.tariff_code.or_else(|| other.tariff_code.clone()),
            origin: self.origin.or_else(|| other.origin.clone()),
            description: self.description.or_else(|| other.description.clone()),
            value: self.value.or(other.value),
        }
    }
}

/// What a channel says of an order for the customs; only a reading of it tells.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelCustoms {
    /// Whether the buyer paid the duties with the order.
    pub duties_paid: bool,
    /// What is told of the goods, by line; a line of which nothing is told is there all the same.
    pub goods: BTreeMap<RemoteId, Declaration>,
}

/// When a route sends customs data, and which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomsRule {
    /// Countries that no customs lie before, as codes of ISO 3166-1.
    pub home: Vec<String>,
    /// The terms of delivery.
    pub incoterms: String,
    /// The terms where the buyer paid the duties with the order, where they are others.
    pub incoterms_when_paid: Option<String>,
    /// The order attribute that holds the receiver's tax number.
    pub tax_id: Option<String>,
    /// Whether the destination's products are made to say what we know of them.
    pub keep_products: bool,
    /// What is told of products by the shop's SKU; it goes before what the shop says.
    pub products: BTreeMap<String, Declaration>,
}

impl CustomsRule {
    /// Whether an address lies beyond customs. A territory counts as its state too, and an address without a country as
    /// home: that it lacks one is told of elsewhere.
    pub fn is_abroad(&self, address: &Address) -> bool {
        let places = Place::of(address);
        !places.is_empty() && !places.iter().any(|place| self.home.contains(&place.country))
    }

    /// Whether it takes what only a reading of the channel tells.
    pub const fn asks_channel(&self) -> bool {
        self.keep_products || self.incoterms_when_paid.is_some()
    }
}

/// The customs data of a copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customs {
    /// The terms of delivery.
    pub incoterms: String,
    /// The receiver's tax number.
    pub tax_id: Option<String>,
    /// What is told of the goods, by the product's key at the destination.
    pub products: BTreeMap<String, Declaration>,
    /// Whether the products there are made to say so.
    pub keep_products: bool,
}

impl Customs {
    /// Whether it tells all that `wanted` does; what it tells of products besides is no longer in the order.
    pub fn tells(&self, wanted: &Self) -> bool {
        let terms =
            |customs: &Self| (customs.incoterms.clone(), customs.tax_id.clone(), customs.keep_products);
        terms(self) == terms(wanted) && self.tells_products(wanted)
    }

    /// The same of products alone.
    pub fn tells_products(&self, wanted: &Self) -> bool {
        wanted.products.iter().all(|(key, product)| self.products.get(key) == Some(product))
    }

    /// What one unit of an item is worth: as declared, else what the buyer pays for it, to the currency's smallest unit.
    pub fn value(&self, item: &Item, currency: &str) -> Decimal {
        let declared = self.products.get(&item.product).and_then(|product| product.value);
        let paid = || {
            let all = item.unit_price * Decimal::from(item.quantity) - item.discount;
            all.checked_div(item.quantity.into()).unwrap_or_default()
        };
        declared
            .unwrap_or_else(paid)
            .round_dp_with_strategy(decimals(currency), RoundingStrategy::MidpointAwayFromZero)
            .normalize()
    }
}
