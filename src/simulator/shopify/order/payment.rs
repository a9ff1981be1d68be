//! Money that moved: transactions, and refunds with what they cover.
//!
//! Transactions are only ever appended. A refund names the units and the shipping it gives back; what was paid out
//! may differ from what those are worth, and the difference is kept as an adjustment.

use jiff::Timestamp;

use super::super::money::Bag;
use super::spelled;

spelled! {
    /// What a transaction does.
    TransactionKind {
        /// Money is promised.
        Authorization = "AUTHORIZATION",
        /// Promised money is taken.
        Capture = "CAPTURE",
        /// Money is taken at once.
        Sale = "SALE",
        /// Money is given back.
        Refund = "REFUND",
        /// A promise is cancelled.
        Void = "VOID",
    }
}

spelled! {
    /// What came of a transaction.
    TransactionStatus {
        /// It worked.
        Success = "SUCCESS",
        /// It did not.
        Failure = "FAILURE",
        /// Not known yet.
        Pending = "PENDING",
    }
}

/// One movement of money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// Id.
    pub id: i64,
    /// What it does.
    pub kind: TransactionKind,
    /// What came of it.
    pub status: TransactionStatus,
    /// Through which gateway.
    pub gateway: String,
    /// How much.
    pub amount: Bag,
    /// The transaction it completes or takes back.
    pub parent_id: Option<i64>,
    /// The gateway's code for the authorization.
    pub authorization: Option<String>,
    /// The number shown on statements, `#1001.1`.
    pub payment_id: String,
    /// When.
    pub created_at: Timestamp,
    /// Whether it is a test.
    pub test: bool,
}

spelled! {
    /// What a refund does with the goods.
    RestockType {
        /// They were never sent and go back to stock: fewer units are left to fulfill.
        Cancel = "CANCEL",
        /// Stock does not change, and what is left to fulfill does not either.
        NoRestock = "NO_RESTOCK",
        /// They come back from the buyer.
        Return = "RETURN",
    }
}

/// Units of one line in a refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundLine {
    /// Id.
    pub id: i64,
    /// Which line.
    pub line_id: i64,
    /// How many units.
    pub quantity: u32,
    /// What happens with the goods.
    pub restock: RestockType,
    /// Where they are put.
    pub location_id: Option<i64>,
    /// Their price after discounts.
    pub subtotal: Bag,
    /// Their taxes.
    pub tax: Bag,
}

/// Shipping in a refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundShipping {
    /// Id.
    pub id: i64,
    /// Which shipping line.
    pub shipping_line_id: i64,
    /// How much, before taxes.
    pub amount: Bag,
    /// Its taxes.
    pub tax: Bag,
}

/// The difference between what a refund covers and what it paid, positive in the merchant's favour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adjustment {
    /// Id.
    pub id: i64,
    /// How much.
    pub amount: Bag,
}

/// A refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// Id.
    pub id: i64,
    /// When.
    pub created_at: Timestamp,
    /// Why.
    pub note: Option<String>,
    /// The units given back.
    pub lines: Vec<RefundLine>,
    /// The shipping given back.
    pub shipping: Vec<RefundShipping>,
    /// The difference to what was paid.
    pub adjustments: Vec<Adjustment>,
    /// The transactions that paid it.
    pub transactions: Vec<i64>,
}

impl Refund {
    /// Whether any goods went back to stock.
    pub fn restocked(&self) -> bool {
        self.lines.iter().any(|line| line.restock != RestockType::NoRestock)
    }
}
