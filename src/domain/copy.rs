//! The copy of an order that a destination holds or should hold: one document for every kind of destination, which a
//! connector translates to its vendor's wire.

use std::collections::BTreeSet;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::RemoteId;
use super::address::Address;
use super::customs::Customs;
use super::money::Currency;
use crate::words::open_enum;

/// How far an order has come at a destination. Later stages are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Known there, not to be packed yet.
    Held,
    /// To be packed.
    Released,
    /// Being picked or packed: its goods are in somebody's hands. What is left of an order of which a part left is not.
    Packing,
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
    /// The order's line they come from.
    pub line: RemoteId,
    /// Units of that line: fewer than `quantity` where the line is a bundle of several.
    pub of_line: u32,
}

/// The parts of a copy that some destinations can change one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// Who receives, and where.
    ShipTo,
    /// Who pays.
    BillTo,
    /// The shipping service.
    Service,
    /// Goods, their quantities and prices.
    Items,
    /// What the buyer pays for shipping and in tax, and all that is taken off.
    Amounts,
    /// The note on the order and the message for the receiver.
    Notes,
    /// Tags.
    Tags,
    /// The day it ships.
    ShipOn,
    /// What the customs of another country are told.
    Customs,
}

impl Field {
    /// Every field.
    pub const ALL: [Self; 9] = [
        Self::ShipTo,
        Self::BillTo,
        Self::Service,
        Self::Items,
        Self::Amounts,
        Self::Notes,
        Self::Tags,
        Self::ShipOn,
        Self::Customs,
    ];

    /// Whether it still matters once goods left: who was sent what, and how. The rest has no one left to read it.
    pub const fn outlives_shipment(self) -> bool {
        matches!(self, Self::ShipTo | Self::Service | Self::Items)
    }

    /// In words for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::ShipTo => "shipping address",
            Self::BillTo => "billing address",
            Self::Service => "shipping method",
            Self::Items => "items",
            Self::Amounts => "amounts",
            Self::Notes => "notes",
            Self::Tags => "tags",
            Self::ShipOn => "ship date",
            Self::Customs => "customs data",
        }
    }
}

/// The copy of an order that a destination holds or should hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderCopy {
    /// The order's key at the destination.
    pub key: String,
    /// The order's id at its channel.
    pub order: RemoteId,
    /// The order's name there, as people use it.
    pub name: String,
    /// The shop's currency, in which all amounts are.
    pub currency: Currency,
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
    /// The shipping rate, as the buyer saw it.
    pub rate: String,
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
    /// The note on the order, for whoever packs it.
    pub note: Option<String>,
    /// The order's tags.
    pub tags: BTreeSet<String>,
    /// What the customs are told, where it goes abroad. Left out where there is none, so that copies made before it was
    /// known have the digest they had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customs: Option<Customs>,
    /// How far it should be.
    pub stage: Stage,
    /// Tracking numbers of what left.
    pub numbers: BTreeSet<String>,
    /// Whether it takes goods and amounts back out of an order that was entered before: the destination's books have it with
    /// negative quantities, and nothing of it ships.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub negative: bool,
}

/// Goods of one product at one price, whichever lines they come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batch<'c> {
    /// The key of its brand.
    pub brand: Option<&'c str>,
    /// The product's key.
    pub product: &'c str,
    /// Price of one unit before discounts.
    pub unit_price: Decimal,
    /// Units.
    pub quantity: u32,
    /// Discount on all units together.
    pub discount: Decimal,
}

impl OrderCopy {
    /// The goods, those of one product at one price joined, in the order of their first lines.
    pub fn batches(&self) -> Vec<Batch<'_>> {
        self.batches_of(|_| true)
    }

    /// The same for some of the goods only.
    pub fn batches_of(&self, counts: impl Fn(&Item) -> bool) -> Vec<Batch<'_>> {
        let mut batches: Vec<Batch<'_>> = Vec::new();
        for item in self.items.iter().filter(|item| counts(item)) {
            let (brand, product) = (item.brand.as_deref(), item.product.as_str());
            let same = batches
                .iter_mut()
                .find(|b| b.product == product && b.brand == brand && b.unit_price == item.unit_price);
            match same {
                Some(batch) => {
                    batch.quantity = batch.quantity.saturating_add(item.quantity);
                    batch.discount = (batch.discount + item.discount).normalize();
                }
                None => batches.push(Batch {
                    brand,
                    product,
                    unit_price: item.unit_price,
                    quantity: item.quantity,
                    discount: item.discount,
                }),
            }
        }
        batches
    }

    /// Whether both describe the same order as a destination's books have it: everything but payments, stage, tracking
    /// and what is said to packers only.
    pub fn same_content(&self, other: &Self) -> bool {
        self.same_goods(other)
            && self.placed_on == other.placed_on
            && self.customer == other.customer
            && self.bill_to == other.bill_to
            && self.ship_on == other.ship_on
            && self.shipping == other.shipping
            && self.tax == other.tax
            && self.gift_note == other.gift_note
            && self.batches() == other.batches()
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

    /// What one unit of an item is worth to the customs, where the order goes abroad.
    pub fn customs_value(&self, item: &Item) -> Option<Decimal> {
        self.customs.as_ref().map(|customs| customs.value(item, &self.currency))
    }

    /// Whether this tells the customs all that `other` does, and goods that are in both are worth the same.
    fn same_customs(&self, other: &Self) -> bool {
        let same = |one: &Item, two: &Item| one.line == two.line && one.product == two.product;
        let told = match (&self.customs, &other.customs) {
            (Some(told), Some(wanted)) => told.tells(wanted),
            (None, None) => true,
            _ => false,
        };
        told && self.items.iter().all(|item| {
            let mut twins = other.items.iter().filter(|twin| same(item, twin));
            twins.all(|twin| self.customs_value(item) == other.customs_value(twin))
        })
    }

    /// The fields in which `other` is another.
    pub fn changed(&self, other: &Self) -> BTreeSet<Field> {
        let same = |field| match field {
            Field::ShipTo => self.ship_to == other.ship_to,
            Field::BillTo => self.bill_to == other.bill_to,
            Field::Service => self.service == other.service && self.rate == other.rate,
            Field::Items => self.items == other.items,
            Field::Amounts => {
                let amounts = |copy: &Self| (copy.shipping, copy.tax, copy.discounts());
                amounts(self) == amounts(other)
            }
            Field::Notes => self.note == other.note && self.gift_note == other.gift_note,
            Field::Tags => self.tags == other.tags,
            Field::ShipOn => self.ship_on == other.ship_on,
            Field::Customs => self.same_customs(other),
        };
        Field::ALL.into_iter().filter(|field| !same(*field)).collect()
    }

    /// All discounts on its items together.
    pub fn discounts(&self) -> Decimal {
        self.items.iter().map(|item| item.discount).sum::<Decimal>().normalize()
    }

    /// Forgets what a field says, so that it counts as changed against whatever it is to say.
    pub fn forget(&mut self, field: Field) {
        let nobody = || Party { address: Address::default(), email: None, birth_date: None };
        match field {
            Field::ShipTo => self.ship_to = nobody(),
            Field::BillTo => self.bill_to = nobody(),
            Field::Service => self.service.clear(),
            Field::Items => self.items.clear(),
            Field::Amounts => self.tax = Decimal::NEGATIVE_ONE,
            Field::Notes => (self.note, self.gift_note) = (None, None),
            Field::Tags => self.tags.clear(),
            Field::ShipOn => self.ship_on = Date::MIN,
            Field::Customs => self.customs = None,
        }
    }

    /// Takes a field over from `other`.
    pub fn take(&mut self, field: Field, other: &Self) {
        let other = other.clone();
        match field {
            Field::ShipTo => self.ship_to = other.ship_to,
            Field::BillTo => self.bill_to = other.bill_to,
            Field::Service => (self.service, self.rate) = (other.service, other.rate),
            Field::Items => self.items = other.items,
            Field::Amounts => (self.shipping, self.tax) = (other.shipping, other.tax),
            Field::Notes => (self.note, self.gift_note) = (other.note, other.gift_note),
            Field::Tags => self.tags = other.tags,
            Field::ShipOn => self.ship_on = other.ship_on,
            Field::Customs => self.customs = other.customs,
        }
    }
}
