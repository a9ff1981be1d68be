//! The order document: what the channel says of an order as a whole, in one full snapshot.
//!
//! It holds only what both of a channel's voices tell (its webhooks and its API), so that the same order read either way
//! is the same document. Whatever has an identity and versions of its own (fulfilments, refunds, holds) is a fact apart.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::RemoteId;
use super::address::Address;
use super::money::{Currency, MoneyBag};
use crate::words::open_enum;

open_enum! {
    /// Where an order stands with its payment.
    PaymentState {
        /// Nothing received yet.
        Pending = "pending",
        /// Authorised, not captured.
        Authorized = "authorized",
        /// Captured in part.
        PartiallyPaid = "partially_paid",
        /// Captured in full.
        Paid = "paid",
        /// Paid, then refunded in part.
        PartiallyRefunded = "partially_refunded",
        /// Paid, then refunded in full.
        Refunded = "refunded",
        /// The authorisation was voided.
        Voided = "voided",
        /// The authorisation ran out.
        Expired = "expired",
    }
}

open_enum! {
    /// Why an order was cancelled.
    CancelReason {
        /// The customer asked.
        Customer = "customer",
        /// The payment was declined.
        Declined = "declined",
        /// Fraud.
        Fraud = "fraud",
        /// Out of stock.
        Inventory = "inventory",
        /// A mistake of the staff.
        Staff = "staff",
    }
}

open_enum! {
    /// What the channel's analysis of fraud recommends.
    Recommendation {
        /// Send it.
        Accept = "accept",
        /// A person should look first.
        Investigate = "investigate",
        /// Do not send it.
        Cancel = "cancel",
        /// Nothing: there is no analysis, or none yet.
        None = "none",
    }
}

open_enum! {
    /// What a line of an order is. Only goods and bundle parts are ever shipped or reported.
    LineKind {
        /// A thing that ships.
        Goods = "goods",
        /// A component of a bundle sold as one; it ships.
        BundlePart = "bundle_part",
        /// A gift card.
        GiftCard = "gift_card",
        /// A gratuity.
        Tip = "tip",
        /// A charge that is no product.
        Fee = "fee",
        /// A product that does not ship: a tasting, a download.
        Service = "service",
    }
}

impl LineKind {
    /// Whether lines of this kind are packed and shipped.
    pub fn is_goods(&self) -> bool {
        matches!(self, Self::Goods | Self::BundlePart)
    }
}

/// A name and a value that a shop or its customer attached.
pub type Attributes = BTreeMap<String, String>;

/// One line of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The line's own id; lines are matched by it, never by SKU.
    pub id: RemoteId,
    /// What the line is.
    pub kind: LineKind,
    /// The variant sold, absent for custom items and deleted variants.
    pub variant: Option<RemoteId>,
    /// Stock keeping unit as the shop spells it.
    pub sku: Option<String>,
    /// Title shown to the customer.
    pub title: String,
    /// Brand or maker as the shop names it.
    pub vendor: Option<String>,
    /// Units ordered, removed and refunded ones included.
    pub ordered: u32,
    /// Units still wanted: ordered less removed and refunded.
    pub current: u32,
    /// Price of one unit before discounts.
    pub unit_price: MoneyBag,
    /// Weight of one unit in grams; none is 0, as is one that the channel does not tell.
    #[serde(default)]
    pub grams: u64,
    /// Discounts allocated to all ordered units of the line together, in the shop's currency.
    pub discount: Decimal,
    /// Tax on all ordered units of the line together, in the shop's currency; 0 where the channel does not tell it by line.
    #[serde(default)]
    pub tax: Decimal,
    /// The bundle this line is a part of.
    pub bundle: Option<RemoteId>,
    /// Properties the customer chose.
    pub attributes: Attributes,
}

/// What the buyer chose for shipping.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShippingLine {
    /// The rate's name as shown at checkout.
    pub title: String,
    /// The rate's code.
    pub code: Option<String>,
    /// Who gave the rate.
    pub source: Option<String>,
    /// Price after discounts, in the shop's currency.
    pub price: Decimal,
}

/// A full snapshot of an order at one instant, as its channel gives it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderDocument {
    /// The order's id at its channel.
    pub id: RemoteId,
    /// The name people use (`#1001`).
    pub name: String,
    /// The calendar day it was placed, in the shop's own time zone.
    pub placed_on: Date,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed: its version.
    pub updated_at: Timestamp,
    /// When it was cancelled.
    pub cancelled_at: Option<Timestamp>,
    /// Why it was cancelled.
    pub cancel_reason: Option<CancelReason>,
    /// A test order, paid with a test gateway.
    pub test: bool,
    /// Where it was placed (`web`, `pos`, an app's id), in the channel's word.
    pub source: Option<String>,
    /// The shop's currency.
    pub currency: Currency,
    /// The payment's state.
    pub payment: PaymentState,
    /// Names of the payment gateways used.
    pub gateways: Vec<String>,
    /// The customer's id, absent for guests.
    pub customer: Option<RemoteId>,
    /// E-mail for this order.
    pub email: Option<String>,
    /// Telephone for this order.
    pub phone: Option<String>,
    /// Where the bill goes.
    pub bill_to: Option<Address>,
    /// Where the goods go.
    pub ship_to: Option<Address>,
    /// Shipping chosen and not removed since.
    pub shipping: Vec<ShippingLine>,
    /// Lines by id.
    pub lines: Vec<Line>,
    /// Note on the order, without what we wrote into it.
    pub note: Option<String>,
    /// What we wrote into it.
    #[serde(default)]
    pub our_note: Option<String>,
    /// Tags.
    pub tags: BTreeSet<String>,
    /// Attributes of the order (from the cart, or set by staff).
    pub attributes: Attributes,
    /// What the order comes to now, after edits and refunds.
    pub total: MoneyBag,
    /// The tax in it now.
    pub tax: MoneyBag,
    /// Whether prices of lines hold their tax.
    #[serde(default)]
    pub taxes_included: bool,
}

impl OrderDocument {
    /// The line with this id.
    pub fn line(&self, id: &RemoteId) -> Option<&Line> {
        self.lines.iter().find(|line| line.id == *id)
    }

    /// Lines that ship.
    pub fn goods(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|line| line.kind.is_goods())
    }

    /// The attribute of this name, compared without regard to case.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// What the buyer pays for shipping, after discounts, in the shop's currency.
    pub fn shipping_price(&self) -> Decimal {
        self.shipping.iter().map(|line| line.price).sum::<Decimal>().normalize()
    }
}

/// What tells a line's kind; every channel can give these.
#[derive(Clone, Copy, Debug)]
pub struct LineTraits<'a> {
    /// The channel says it is a gift card.
    pub gift_card: bool,
    /// It is packed and shipped.
    pub requires_shipping: bool,
    /// It is sold from the catalogue, not typed in by hand.
    pub catalogued: bool,
    /// It belongs to a bundle.
    pub bundled: bool,
    /// Title shown to the customer.
    pub title: &'a str,
    /// What the line comes to before discounts.
    pub amount: Decimal,
    /// What the channel says the whole order holds in tips.
    pub order_tips: Decimal,
}

/// Types a line. A tip is a line that does not ship, stands in no catalogue, and is named so or makes up the order's
/// tips exactly; any other such line is a fee. What is in the catalogue and does not ship is a service.
pub fn line_kind(line: LineTraits<'_>) -> LineKind {
    let named_tip = ["tip", "gratuity"].iter().any(|word| line.title.trim().eq_ignore_ascii_case(word));
    if line.gift_card {
        LineKind::GiftCard
    } else if line.requires_shipping {
        if line.bundled { LineKind::BundlePart } else { LineKind::Goods }
    } else if line.catalogued {
        LineKind::Service
    } else if named_tip || (!line.order_tips.is_zero() && line.amount == line.order_tips) {
        LineKind::Tip
    } else {
        LineKind::Fee
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_line_is_told_apart() {
        let goods = LineTraits {
            gift_card: false,
            requires_shipping: true,
            catalogued: true,
            bundled: false,
            title: "Pinot Noir 2022",
            amount: Decimal::from(60),
            order_tips: Decimal::from(12),
        };
        let table = [
            (goods, LineKind::Goods),
            (LineTraits { bundled: true, ..goods }, LineKind::BundlePart),
            (LineTraits { catalogued: false, ..goods }, LineKind::Goods),
            (LineTraits { gift_card: true, requires_shipping: false, ..goods }, LineKind::GiftCard),
            (LineTraits { requires_shipping: false, ..goods }, LineKind::Service),
            (
                LineTraits { requires_shipping: false, catalogued: false, title: "Tip", ..goods },
                LineKind::Tip,
            ),
            (
                LineTraits {
                    requires_shipping: false,
                    catalogued: false,
                    title: "Trinkgeld",
                    amount: Decimal::from(12),
                    ..goods
                },
                LineKind::Tip,
            ),
            (
                LineTraits {
                    requires_shipping: false,
                    catalogued: false,
                    title: "Alcohol handling fee",
                    ..goods
                },
                LineKind::Fee,
            ),
        ];
        for (line, kind) in table {
            assert_eq!(line_kind(line), kind, "{line:?}");
        }
    }

    #[test]
    fn unknown_words_survive_in_any_case() {
        assert_eq!(PaymentState::parse("PAID"), PaymentState::Paid);
        assert_eq!(PaymentState::parse("On_Ice"), PaymentState::Other("on_ice".into()));
        let json = serde_json::to_string(&PaymentState::Other("on_ice".into())).unwrap();
        assert_eq!(serde_json::from_str::<PaymentState>(&json).unwrap().as_str(), "on_ice");
    }
}
