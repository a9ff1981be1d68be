//! The simulator's own model of an order: what the shop keeps, from which every answer and webhook body is written.
//!
//! Nothing derived is stored: totals, statuses and quantities come from [`totals`] and the methods here, so that they
//! cannot disagree with the parts. The model shares no type with the connector.

mod fulfillment;
mod line;
mod payment;
pub mod totals;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::money::{Bag, Currencies};
pub use fulfillment::{
    DeliveryKind, DeliveryMethod, Fulfillment, FulfillmentEvent, FulfillmentLine, FulfillmentOrder,
    FulfillmentOrderLine, FulfillmentOrderStatus, FulfillmentStatus, Hold, HoldReason, Origin, Place,
    ShipmentStatus,
};
pub use line::{
    Allocation, DiscountApplication, DiscountKind, DiscountValue, Line, LineGroup, LineKind, ShippingLine,
    TaxLine,
};
pub use payment::{
    Adjustment, Refund, RefundLine, RefundShipping, RestockType, Transaction, TransactionKind,
    TransactionStatus,
};

/// Declares an enum whose values have the API's spelling; webhook bodies use the same in lower case.
macro_rules! spelled {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $spelling:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$doc])* $variant),+ }

        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// As the GraphQL API spells it.
            pub const fn graphql(self) -> &'static str {
                match self { $(Self::$variant => $spelling),+ }
            }

            /// As webhook bodies spell it.
            pub fn rest(self) -> String {
                self.graphql().to_ascii_lowercase()
            }
        }
    };
}
pub(crate) use spelled;

spelled! {
    /// Why an order was cancelled.
    CancelReason {
        /// The customer changed or cancelled it.
        Customer = "CUSTOMER",
        /// Payment was declined.
        Declined = "DECLINED",
        /// It was fraudulent.
        Fraud = "FRAUD",
        /// There were not enough goods.
        Inventory = "INVENTORY",
        /// Anything else.
        Other = "OTHER",
        /// The staff made a mistake.
        Staff = "STAFF",
    }
}

spelled! {
    /// What the shop's risk analysis recommends.
    RiskRecommendation {
        /// Nothing speaks against it.
        Accept = "ACCEPT",
        /// Likely fraud.
        Cancel = "CANCEL",
        /// Somebody should look.
        Investigate = "INVESTIGATE",
        /// No analysis.
        None = "NONE",
    }
}

/// A name and its value: a note attribute of an order, a property of a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribute {
    /// Name.
    pub name: String,
    /// Value.
    pub value: String,
}

/// A postal address; every part may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Address {
    /// Given by the shop.
    #[serde(skip)]
    pub id: i64,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Company.
    pub company: Option<String>,
    /// Street.
    pub address1: Option<String>,
    /// Apartment, suite.
    pub address2: Option<String>,
    /// City.
    pub city: Option<String>,
    /// State or province, in full.
    pub province: Option<String>,
    /// State or province code.
    pub province_code: Option<String>,
    /// Country, in full.
    pub country: Option<String>,
    /// Country code.
    pub country_code: Option<String>,
    /// Postal code.
    pub zip: Option<String>,
    /// Telephone.
    pub phone: Option<String>,
    /// Degrees north.
    pub latitude: Option<Decimal>,
    /// Degrees east.
    pub longitude: Option<Decimal>,
}

impl Address {
    /// First and last name together.
    pub fn name(&self) -> Option<String> {
        let name: Vec<_> = [&self.first_name, &self.last_name].into_iter().flatten().cloned().collect();
        if name.is_empty() { None } else { Some(name.join(" ")) }
    }
}

/// Who bought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// Id.
    pub id: i64,
    /// E-mail.
    pub email: Option<String>,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Telephone.
    pub phone: Option<String>,
    /// Tags on the customer.
    pub tags: Vec<String>,
    /// The merchant's note on the customer.
    pub note: Option<String>,
    /// When the customer was first seen.
    pub created_at: Timestamp,
    /// The address they usually give.
    pub default_address: Option<Address>,
}

impl Customer {
    /// The name shown in lists: the person's, else the e-mail address, else the telephone number.
    pub fn display_name(&self) -> String {
        let name: Vec<_> = [&self.first_name, &self.last_name].into_iter().flatten().cloned().collect();
        if name.is_empty() {
            self.email.clone().or_else(|| self.phone.clone()).unwrap_or_default()
        } else {
            name.join(" ")
        }
    }
}

/// A piece of an app's own record on an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metafield {
    /// Id.
    pub id: i64,
    /// Namespace.
    pub namespace: String,
    /// Key.
    pub key: String,
    /// Type, such as `single_line_text_field`.
    pub kind: String,
    /// Value.
    pub value: String,
    /// When it was set first.
    pub created_at: Timestamp,
    /// When it was set last.
    pub updated_at: Timestamp,
}

impl Metafield {
    /// What changes whenever the type or the value does.
    pub fn digest(&self) -> String {
        format!("{:016x}", super::state::stable_id(&self.kind, &self.value))
    }
}

/// An order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Id.
    pub id: i64,
    /// The shop's running number, from 1.
    pub number: u32,
    /// The number customers see, from 1001 unless the shop starts elsewhere.
    pub order_number: u32,
    /// `#1001`.
    pub name: String,
    /// Secret part of the status page's address.
    pub token: String,
    /// Code shown to the buyer.
    pub confirmation_number: String,
    /// When it was placed.
    pub created_at: Timestamp,
    /// When it was changed last; whole seconds, never going back.
    pub updated_at: Timestamp,
    /// When the sale happened, which for imported orders is before it was created.
    pub processed_at: Timestamp,
    /// When it was archived.
    pub closed_at: Option<Timestamp>,
    /// When it was cancelled.
    pub cancelled_at: Option<Timestamp>,
    /// Why it was cancelled.
    pub cancel_reason: Option<CancelReason>,
    /// What the staff noted on cancelling.
    pub cancel_note: Option<String>,
    /// Whether the goods were put back on the shelf when it was cancelled.
    pub restocked: bool,
    /// The buyer's e-mail.
    pub email: Option<String>,
    /// The buyer's telephone.
    pub phone: Option<String>,
    /// The note on the order.
    pub note: Option<String>,
    /// Purchase order number.
    pub po_number: Option<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// Note attributes.
    pub attributes: Vec<Attribute>,
    /// Where it came from: `web`, `pos`, `shopify_draft_order`, …
    pub source_name: String,
    /// That source's own number for it.
    pub source_identifier: Option<String>,
    /// Whether it is a test order.
    pub test: bool,
    /// Its two currencies.
    pub currencies: Currencies,
    /// Whether prices contain the taxes.
    pub taxes_included: bool,
    /// Whether prices contain the duties.
    pub duties_included: bool,
    /// The buyer's language.
    pub customer_locale: Option<String>,
    /// Whether the buyer wants advertising.
    pub accepts_marketing: bool,
    /// Who bought.
    pub customer: Option<Customer>,
    /// Where the bill goes.
    pub billing_address: Option<Address>,
    /// Where the goods go.
    pub shipping_address: Option<Address>,
    /// Whether webhook bodies leave out a missing customer or address instead of writing null.
    pub omit_missing: bool,
    /// What was bought, with everything later edited in; removed lines stay with a current quantity of 0.
    pub lines: Vec<Line>,
    /// Bundles whose components are among the lines.
    pub groups: Vec<LineGroup>,
    /// Ways of delivery; a removed one stays, marked.
    pub shipping_lines: Vec<ShippingLine>,
    /// Discounts, in the order the allocations refer to.
    pub discounts: Vec<DiscountApplication>,
    /// Payments and what came of them.
    pub transactions: Vec<Transaction>,
    /// Refunds.
    pub refunds: Vec<Refund>,
    /// What is to be fulfilled, where.
    pub fulfillment_orders: Vec<FulfillmentOrder>,
    /// What was fulfilled.
    pub fulfillments: Vec<Fulfillment>,
    /// The price on the day it was placed.
    pub original_total: Bag,
    /// Whether it was edited after it was placed.
    pub edited: bool,
    /// The counter it was sold at.
    pub location_id: Option<i64>,
    /// What the risk analysis says.
    pub risk: RiskRecommendation,
    /// Metafields.
    pub metafields: Vec<Metafield>,
}

impl Order {
    /// The line with this id.
    pub fn line(&self, id: i64) -> Option<&Line> {
        self.lines.iter().find(|line| line.id == id)
    }

    /// The transaction with this id.
    pub fn transaction(&self, id: i64) -> Option<&Transaction> {
        self.transactions.iter().find(|transaction| transaction.id == id)
    }

    /// Units of a line that are still to be fulfilled, held or not.
    pub fn unfulfilled(&self, line: i64) -> u32 {
        self.remaining(line, |order| !order.status.is_final())
    }

    /// Units of a line that could be fulfilled now: those on hold cannot.
    pub fn fulfillable(&self, line: i64) -> u32 {
        self.remaining(line, |order| {
            matches!(order.status, FulfillmentOrderStatus::Open | FulfillmentOrderStatus::InProgress)
        })
    }

    fn remaining(&self, line: i64, counts: impl Fn(&FulfillmentOrder) -> bool) -> u32 {
        self.fulfillment_orders
            .iter()
            .filter(|order| counts(order))
            .flat_map(|order| &order.lines)
            .filter(|l| l.line_id == line)
            .map(|l| l.remaining)
            .sum()
    }

    /// Units of a line in fulfillments that stand.
    pub fn fulfilled(&self, line: i64) -> u32 {
        self.fulfillments
            .iter()
            .filter(|fulfillment| fulfillment.status == FulfillmentStatus::Success)
            .flat_map(|fulfillment| &fulfillment.lines)
            .filter(|l| l.line_id == line)
            .map(|l| l.quantity)
            .sum()
    }

    /// The way of delivery in force.
    pub fn shipping_line(&self) -> Option<&ShippingLine> {
        self.shipping_lines.iter().find(|line| !line.removed)
    }

    /// Whether anything in it has to be shipped.
    pub fn requires_shipping(&self) -> bool {
        self.lines.iter().any(|line| line.requires_shipping)
    }

    /// The names of the payment gateways used, each once.
    pub fn gateways(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for transaction in &self.transactions {
            if !names.contains(&transaction.gateway.as_str()) {
                names.push(&transaction.gateway);
            }
        }
        names
    }

    /// The discount codes used.
    pub fn discount_codes(&self) -> Vec<&str> {
        self.discounts.iter().filter_map(DiscountApplication::code).collect()
    }
}
