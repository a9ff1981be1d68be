//! Everything about an order that follows from its parts: sums of money, payment and fulfillment status.
//!
//! "Total" means everything ever on the order; "current" leaves out what was removed, refunded or cancelled. Tips
//! count in the total but not in the subtotal.

use super::super::money::Bag;
use super::{
    FulfillmentOrderStatus, Line, LineKind, Order, Transaction, TransactionKind, TransactionStatus, spelled,
};

/// Sums over an order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Price of all lines before discounts, without tips.
    pub lines: Bag,
    /// Price of all lines after discounts, without tips.
    pub subtotal: Bag,
    /// All discounts, those on shipping too.
    pub discounts: Bag,
    /// Price of all shipping before discounts.
    pub shipping: Bag,
    /// All taxes.
    pub tax: Bag,
    /// All tips.
    pub tip: Bag,
    /// What the order cost with everything ever on it.
    pub total: Bag,
    /// Price of the units left, after discounts, without tips.
    pub current_subtotal: Bag,
    /// Discounts on what is left.
    pub current_discounts: Bag,
    /// Shipping left, after discounts.
    pub current_shipping: Bag,
    /// Taxes on what is left.
    pub current_tax: Bag,
    /// What the order costs now.
    pub current_total: Bag,
    /// Money taken.
    pub received: Bag,
    /// Money given back.
    pub refunded: Bag,
    /// Shipping given back, with its taxes.
    pub refunded_shipping: Bag,
    /// Difference between what refunds cover and what they paid.
    pub discrepancy: Bag,
    /// Money promised and not taken.
    pub capturable: Bag,
    /// What the buyer still owes, or is owed if negative.
    pub outstanding: Bag,
    /// Grams of everything.
    pub weight: u64,
    /// Grams of what is left.
    pub current_weight: u64,
    /// Units of everything that counts in the subtotal.
    pub quantity: u32,
    /// Units left of it.
    pub current_quantity: u32,
}

impl Totals {
    /// Sums `order`.
    pub fn of(order: &Order) -> Self {
        let mut t = Self::default();
        for line in &order.lines {
            t.add_line(order, line);
        }
        let mut paid_shipping = Bag::ZERO;
        for line in &order.shipping_lines {
            t.shipping += line.price;
            paid_shipping += line.discounted();
            t.discounts += line.discount();
            t.tax += line.tax();
            t.current_shipping += line.current();
            t.current_tax += line.current_tax();
            if !line.removed {
                t.current_discounts += line.discount();
                t.refunded_shipping += line.refunded + line.refunded_tax;
            }
        }
        t.total += t.subtotal + t.tip + paid_shipping;
        t.current_total += t.current_subtotal + t.current_shipping;
        if !order.taxes_included {
            t.total += t.tax;
            t.current_total += t.current_tax;
        }
        for transaction in order.transactions.iter().filter(|t| t.status == TransactionStatus::Success) {
            match transaction.kind {
                TransactionKind::Sale | TransactionKind::Capture => t.received += transaction.amount,
                TransactionKind::Refund => t.refunded += transaction.amount,
                TransactionKind::Authorization => t.capturable += open_authorization(order, transaction),
                TransactionKind::Void => {}
            }
        }
        t.discrepancy = order.refunds.iter().flat_map(|refund| &refund.adjustments).map(|a| a.amount).sum();
        t.outstanding = t.current_total - (t.received - t.refunded) - t.capturable + t.discrepancy;
        t
    }

    fn add_line(&mut self, order: &Order, line: &Line) {
        let all = line.at(line.quantity, &order.currencies);
        let left = line.at(line.current_quantity(), &order.currencies);
        self.discounts += all.discount;
        self.current_discounts += left.discount;
        self.tax += all.tax;
        self.current_tax += left.tax;
        self.weight += u64::from(line.grams) * u64::from(line.quantity);
        self.current_weight += u64::from(line.grams) * u64::from(line.current_quantity());
        if line.kind == LineKind::Tip {
            self.tip += all.net();
            self.current_total += left.net();
        } else {
            self.lines += all.gross;
            self.subtotal += all.net();
            self.current_subtotal += left.net();
            self.quantity += line.quantity;
            self.current_quantity += line.current_quantity();
        }
    }
}

/// What is left of an authorization after captures and voids.
pub fn open_authorization(order: &Order, authorization: &Transaction) -> Bag {
    let mut open = authorization.amount;
    for child in &order.transactions {
        if child.parent_id == Some(authorization.id) && child.status == TransactionStatus::Success {
            match child.kind {
                TransactionKind::Void => return Bag::ZERO,
                TransactionKind::Capture => open = open - child.amount,
                _ => {}
            }
        }
    }
    open
}

spelled! {
    /// Where the payment stands.
    FinancialStatus {
        /// Promised.
        Authorized = "AUTHORIZED",
        /// Paid.
        Paid = "PAID",
        /// Paid in part.
        PartiallyPaid = "PARTIALLY_PAID",
        /// Paid and given back in part.
        PartiallyRefunded = "PARTIALLY_REFUNDED",
        /// Not paid.
        Pending = "PENDING",
        /// Given back.
        Refunded = "REFUNDED",
        /// Called off before it was paid.
        Voided = "VOIDED",
    }
}

spelled! {
    /// Where the fulfillment stands, as shown to the merchant.
    DisplayFulfillmentStatus {
        /// All done.
        Fulfilled = "FULFILLED",
        /// Nothing is left that could be fulfilled, and nothing was.
        FulfillmentNotRequired = "FULFILLMENT_NOT_REQUIRED",
        /// Being worked on.
        InProgress = "IN_PROGRESS",
        /// Held.
        OnHold = "ON_HOLD",
        /// Some done.
        PartiallyFulfilled = "PARTIALLY_FULFILLED",
        /// Waiting for its day.
        Scheduled = "SCHEDULED",
        /// Nothing done.
        Unfulfilled = "UNFULFILLED",
    }
}

impl Order {
    /// Where the payment stands.
    pub fn financial_status(&self) -> FinancialStatus {
        let totals = Totals::of(self);
        if !totals.refunded.is_zero() {
            return if totals.refunded.shop >= totals.received.shop {
                FinancialStatus::Refunded
            } else {
                FinancialStatus::PartiallyRefunded
            };
        }
        if !totals.received.is_zero() {
            return if totals.outstanding.shop > rust_decimal::Decimal::ZERO {
                FinancialStatus::PartiallyPaid
            } else {
                FinancialStatus::Paid
            };
        }
        let voided = self.transactions.iter().any(|t| t.kind == TransactionKind::Void);
        if !totals.capturable.is_zero() {
            FinancialStatus::Authorized
        } else if voided || self.cancelled_at.is_some() {
            FinancialStatus::Voided
        } else if totals.total.is_zero() {
            FinancialStatus::Paid
        } else {
            FinancialStatus::Pending
        }
    }

    fn units(&self) -> (u32, u32) {
        let left = self.lines.iter().map(|line| self.unfulfilled(line.id)).sum();
        let done = self.lines.iter().map(|line| self.fulfilled(line.id)).sum();
        (left, done)
    }

    /// Whether everything that can be fulfilled is, and something was.
    pub fn is_fulfilled(&self) -> bool {
        let (left, done) = self.units();
        left == 0 && done > 0
    }

    /// As webhook bodies write it: null, `partial`, `fulfilled`, `restocked`.
    pub fn rest_fulfillment_status(&self) -> Option<&'static str> {
        match self.units() {
            (0, 0) if self.cancelled_at.is_some() && self.restocked => Some("restocked"),
            (_, 0) => None,
            (0, _) => Some("fulfilled"),
            _ => Some("partial"),
        }
    }

    /// As webhook bodies write it for one line: null, `partial`, `fulfilled`.
    pub fn line_fulfillment_status(&self, line: i64) -> Option<&'static str> {
        match (self.unfulfilled(line), self.fulfilled(line)) {
            (_, 0) => None,
            (0, _) => Some("fulfilled"),
            _ => Some("partial"),
        }
    }

    /// As the merchant sees it. Before version 2026-10 an order with nothing left to fulfill stayed unfulfilled.
    pub fn display_fulfillment_status(&self, version: &str) -> DisplayFulfillmentStatus {
        use DisplayFulfillmentStatus as Display;
        let (left, done) = self.units();
        let all = |status| {
            self.fulfillment_orders
                .iter()
                .filter(|order| !order.status.is_final() && order.remaining() > 0)
                .all(|order| order.status == status)
        };
        if left == 0 {
            return match done {
                0 if version < "2026-10" => Display::Unfulfilled,
                0 => Display::FulfillmentNotRequired,
                _ => Display::Fulfilled,
            };
        }
        if all(FulfillmentOrderStatus::OnHold) {
            Display::OnHold
        } else if all(FulfillmentOrderStatus::Scheduled) {
            Display::Scheduled
        } else if all(FulfillmentOrderStatus::InProgress) {
            Display::InProgress
        } else if done > 0 {
            Display::PartiallyFulfilled
        } else {
            Display::Unfulfilled
        }
    }
}
