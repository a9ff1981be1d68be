//! The copy of an order that a destination holds or should hold: one document for every kind of destination, which a
//! connector translates to its vendor's wire.

use std::collections::BTreeSet;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::RemoteId;
use super::address::Address;
use crate::words::open_enum;

/// How far an order has come at a destination. Later stages are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Known there, not to be packed yet.
    Held,
    /// To be packed.
    Released,
    /// Goods left.
    Shipped,
    /// Goods arrived.
    Delivered,
}

open_enum! {
    /// How something was paid.
    PaymentMethod {
        /// A card, or a wallet that stands for one.
        Card = "card",
        /// A gift card.
        GiftCard = "gift_card",
        /// Cash.
        Cash = "cash",
        /// A cheque.
        Check = "check",
        /// On invoice or account.
        Invoice = "invoice",
    }
}

/// Money received for an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// How much, in the shop's currency.
    pub amount: Decimal,
    /// How.
    pub method: PaymentMethod,
}

/// A person at an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// The address, with the name.
    #[serde(flatten)]
    pub address: Address,
    /// E-mail.
    pub email: Option<String>,
    /// Date of birth.
    pub birth_date: Option<Date>,
}

/// Goods of one product at one price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The product's key at the destination.
    pub product: String,
    /// The key of its brand, where products are told apart by it.
    pub brand: Option<String>,
    /// Units.
    pub quantity: u32,
    /// Price of one unit before discounts.
    pub unit_price: Decimal,
    /// Discount on all units together.
    pub discount: Decimal,
    /// The order's lines they come from.
    pub lines: BTreeSet<RemoteId>,
}

/// The copy of an order that a destination holds or should hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderCopy {
    /// The order's key at the destination.
    pub key: String,
    /// The day it was placed.
    pub placed_on: Date,
    /// The customer's key.
    pub customer: String,
    /// Who pays.
    pub bill_to: Party,
    /// Who receives.
    pub ship_to: Party,
    /// The shipping service, as the destination codes it.
    pub service: String,
    /// The day it ships.
    pub ship_on: Date,
    /// Goods.
    pub items: Vec<Item>,
    /// What the buyer pays for shipping.
    pub shipping: Decimal,
    /// Tax collected.
    pub tax: Decimal,
    /// Payments received.
    pub payments: Vec<Payment>,
    /// A message for the receiver.
    pub gift_note: Option<String>,
    /// How far it should be.
    pub stage: Stage,
    /// Tracking numbers of what left.
    pub numbers: BTreeSet<String>,
}

impl OrderCopy {
    /// Whether both describe the same order: everything but payments, stage and tracking.
    pub fn same_content(&self, other: &Self) -> bool {
        self.same_goods(other)
            && self.placed_on == other.placed_on
            && self.customer == other.customer
            && self.bill_to == other.bill_to
            && self.ship_on == other.ship_on
            && self.shipping == other.shipping
            && self.tax == other.tax
            && self.gift_note == other.gift_note
            && self.items == other.items
    }

    /// Whether both send the same goods to the same person by the same service: what still matters once goods left.
    pub fn same_goods(&self, other: &Self) -> bool {
        let goods = |copy: &Self| {
            let mut goods = std::collections::BTreeMap::new();
            for item in &copy.items {
                *goods.entry((item.brand.clone(), item.product.clone())).or_insert(0) += item.quantity;
            }
            goods
        };
        self.key == other.key
            && self.ship_to == other.ship_to
            && self.service == other.service
            && goods(self) == goods(other)
    }
}
