//! What was bought and how it is delivered: lines, bundles, discounts, taxes, shipping lines.
//!
//! A line's discounts and taxes are kept for all units it ever had; the share of the units that are left is worked
//! out by [`Line::at`], so that what is removed and what remains always add up.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::super::money::{Bag, Currencies};
use super::{Attribute, spelled};

spelled! {
    /// What kind of thing a line is.
    LineKind {
        /// Goods that are shipped.
        Goods = "GOODS",
        /// Something that is not shipped: a download, a ticket, a service.
        Digital = "DIGITAL",
        /// A gift card.
        GiftCard = "GIFT_CARD",
        /// A tip.
        Tip = "TIP",
        /// A charge the merchant added as a line without a product.
        Fee = "FEE",
    }
}

/// One line of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Id.
    pub id: i64,
    /// What kind of thing it is.
    pub kind: LineKind,
    /// The product's title.
    pub title: String,
    /// The variant's title.
    pub variant_title: Option<String>,
    /// Stock keeping unit.
    pub sku: Option<String>,
    /// Who makes it.
    pub vendor: Option<String>,
    /// The product; none for a custom line or a deleted product.
    pub product_id: Option<i64>,
    /// The variant; none for a custom line or a deleted variant.
    pub variant_id: Option<i64>,
    /// Units ordered, with those later removed or refunded.
    pub quantity: u32,
    /// Units taken out by editing or cancelling.
    pub removed: u32,
    /// Units refunded.
    pub refunded: u32,
    /// Price of one unit before discounts.
    pub price: Bag,
    /// Whether taxes apply.
    pub taxable: bool,
    /// Whether it is shipped.
    pub requires_shipping: bool,
    /// Weight of one unit.
    pub grams: u32,
    /// Properties.
    pub properties: Vec<Attribute>,
    /// Discounts, for all units.
    pub allocations: Vec<Allocation>,
    /// Taxes, for all units.
    pub taxes: Vec<TaxLine>,
    /// The bundle it is a component of.
    pub group: Option<i64>,
    /// Where it is to be fulfilled.
    pub location_id: i64,
}

/// Amounts of some of a line's units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// Before discounts.
    pub gross: Bag,
    /// Discounts.
    pub discount: Bag,
    /// Taxes.
    pub tax: Bag,
}

impl Share {
    /// After discounts, before taxes are added.
    pub fn net(&self) -> Bag {
        self.gross - self.discount
    }
}

impl Line {
    /// Units neither removed nor refunded.
    pub fn current_quantity(&self) -> u32 {
        self.quantity.saturating_sub(self.removed + self.refunded)
    }

    /// The product's and the variant's title together.
    pub fn name(&self) -> String {
        match &self.variant_title {
            Some(variant) => format!("{} - {variant}", self.title),
            None => self.title.clone(),
        }
    }

    /// Who fulfills it.
    pub fn fulfillment_service(&self) -> &'static str {
        if self.kind == LineKind::GiftCard { "gift_card" } else { "manual" }
    }

    /// The stock item behind the variant.
    pub fn inventory_item_id(&self) -> Option<i64> {
        self.variant_id.map(|variant| variant + 7)
    }

    /// The amounts of the first `units` of its units.
    pub fn at(&self, units: u32, currencies: &Currencies) -> Share {
        Share {
            gross: self.price.times(units),
            discount: self
                .allocations
                .iter()
                .map(|allocation| allocation.amount.share(units, self.quantity, currencies))
                .sum(),
            tax: self.taxes.iter().map(|tax| tax.amount.share(units, self.quantity, currencies)).sum(),
        }
    }

    /// Discounts given on this line itself, not those spread over the whole order.
    pub fn line_discount(&self, discounts: &[DiscountApplication]) -> Bag {
        self.allocations
            .iter()
            .filter(|allocation| {
                !discounts.get(allocation.application).is_some_and(DiscountApplication::on_order)
            })
            .map(|allocation| allocation.amount)
            .sum()
    }

    /// Discounts given on this line itself without a code.
    pub fn codeless_discount(&self, discounts: &[DiscountApplication]) -> Bag {
        self.allocations
            .iter()
            .filter(|allocation| {
                discounts.get(allocation.application).is_some_and(|d| !d.on_order() && d.code().is_none())
            })
            .map(|allocation| allocation.amount)
            .sum()
    }
}

/// A bundle: its components are lines of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineGroup {
    /// Id.
    pub id: i64,
    /// Title of the bundle.
    pub title: String,
    /// How many bundles.
    pub quantity: u32,
    /// The bundle's product.
    pub product_id: Option<i64>,
    /// The bundle's variant.
    pub variant_id: Option<i64>,
    /// The bundle variant's stock keeping unit.
    pub variant_sku: Option<String>,
    /// Properties of the bundle.
    pub properties: Vec<Attribute>,
}

/// The part of a discount that fell on one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allocation {
    /// Which of the order's discounts.
    pub application: usize,
    /// How much.
    pub amount: Bag,
}

/// A tax.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaxLine {
    /// Name of the tax.
    pub title: String,
    /// Rate, 0.0725 for 7.25 %.
    pub rate: Decimal,
    /// How much.
    pub amount: Bag,
}

/// How a discount came about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DiscountKind {
    /// The buyer entered this code.
    Code(String),
    /// The shop gave it by itself, under this title.
    Automatic(String),
    /// The staff gave it, under this title.
    Manual(String),
}

/// How much a discount is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DiscountValue {
    /// This much, in the shop's currency.
    Fixed(Decimal),
    /// This many percent.
    Percent(Decimal),
}

/// A discount on the order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiscountApplication {
    /// How it came about.
    pub kind: DiscountKind,
    /// How much it is.
    pub value: DiscountValue,
    /// What it came to.
    pub amount: Bag,
    /// Whether it is on the shipping and not on the goods.
    pub on_shipping: bool,
    /// Whether it was spread over everything and not given on one line.
    pub across: bool,
}

impl DiscountApplication {
    /// Whether it is a discount of the order rather than of a line.
    pub fn on_order(&self) -> bool {
        self.across && !self.on_shipping
    }

    /// The code, if it came by one.
    pub fn code(&self) -> Option<&str> {
        match &self.kind {
            DiscountKind::Code(code) => Some(code),
            DiscountKind::Automatic(_) | DiscountKind::Manual(_) => None,
        }
    }
}

/// A way of delivery and its price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShippingLine {
    /// Id.
    pub id: i64,
    /// What the buyer saw.
    pub title: String,
    /// The shop's own name for the rate.
    pub code: Option<String>,
    /// Where the rate came from.
    pub source: Option<String>,
    /// The carrier service that quoted it.
    pub carrier_identifier: Option<String>,
    /// `shipping`, `pick-up`, `local`; none for an ordinary rate.
    pub delivery_category: Option<String>,
    /// Telephone for the delivery.
    pub phone: Option<String>,
    /// Price before discounts.
    pub price: Bag,
    /// Discounts.
    pub allocations: Vec<Allocation>,
    /// Taxes.
    pub taxes: Vec<TaxLine>,
    /// Whether it was taken out.
    pub removed: bool,
    /// How much of it was refunded, before taxes.
    pub refunded: Bag,
    /// How much of its taxes was refunded.
    pub refunded_tax: Bag,
}

impl ShippingLine {
    /// What was taken off.
    pub fn discount(&self) -> Bag {
        self.allocations.iter().map(|allocation| allocation.amount).sum()
    }

    /// The price after discounts.
    pub fn discounted(&self) -> Bag {
        self.price - self.discount()
    }

    /// All its taxes.
    pub fn tax(&self) -> Bag {
        self.taxes.iter().map(|tax| tax.amount).sum()
    }

    /// What is left of the price after removal and refunds.
    pub fn current(&self) -> Bag {
        if self.removed { Bag::ZERO } else { self.discounted() - self.refunded }
    }

    /// What is left of its taxes.
    pub fn current_tax(&self) -> Bag {
        if self.removed { Bag::ZERO } else { self.tax() - self.refunded_tax }
    }
}
