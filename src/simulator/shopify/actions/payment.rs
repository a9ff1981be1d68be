//! Money: taking it, giving it back, and cancelling, which does both.
//!
//! A refund takes units and shipping out of the order and pays something for them. What it should pay follows from
//! what is then overpaid; paying less or more is allowed and kept as an adjustment, so that nothing seems owed.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::super::money::Bag;
use super::super::order::totals::{FinancialStatus, Totals, open_authorization};
use super::super::order::{
    Adjustment, CancelReason, Refund, RefundLine, RefundShipping, RestockType, Transaction, TransactionKind,
    TransactionStatus,
};
use super::super::place;
use super::super::state::{Change, Event, Refused};
use super::{archive_if_done, fulfillment};

/// Books a transaction that worked and tells of it; returns its id.
pub(in super::super) fn record(
    change: &mut Change<'_>,
    kind: TransactionKind,
    amount: Bag,
    parent_id: Option<i64>,
    gateway: &str,
) -> i64 {
    let id = change.ids.next();
    let order = &mut *change.order;
    let authorization = matches!(kind, TransactionKind::Authorization | TransactionKind::Sale)
        .then(|| format!("auth-{}", order.transactions.len() + 1));
    order.transactions.push(Transaction {
        id,
        kind,
        status: TransactionStatus::Success,
        gateway: gateway.to_owned(),
        amount,
        parent_id,
        authorization,
        payment_id: format!("{}.{}", order.name, order.transactions.len() + 1),
        created_at: change.now,
        test: order.test,
    });
    change.tell(Event::Transaction(id));
    id
}

fn open_promise(change: &Change<'_>) -> Option<(i64, String, Bag)> {
    change
        .order
        .transactions
        .iter()
        .filter(|t| t.kind == TransactionKind::Authorization)
        .map(|t| (t.id, t.gateway.clone(), open_authorization(change.order, t)))
        .find(|(_, _, open)| !open.is_zero())
}

/// Takes the money: what was promised, else what is owed. `amount` takes only a part, in the shop's currency.
pub(in super::super) fn mark_paid(change: &mut Change<'_>, amount: Option<Decimal>) -> Result<(), Refused> {
    if change.order.cancelled_at.is_some() {
        return Err(Refused::invalid("Order cannot be marked as paid: it is cancelled"));
    }
    amount.map_or(Ok(()), place::check_amount)?;
    let promise = open_promise(change);
    let due = match &promise {
        Some((_, _, open)) => *open,
        None => Totals::of(change.order).outstanding,
    };
    if due.shop <= Decimal::ZERO {
        return Err(Refused::invalid("Order cannot be marked as paid: nothing is owed"));
    }
    let taken = match amount {
        Some(part) if part < due.shop => change.order.currencies.convert(part).min(due),
        _ => due,
    };
    match promise {
        Some((id, gateway, _)) => record(change, TransactionKind::Capture, taken, Some(id), &gateway),
        None => record(change, TransactionKind::Sale, taken, None, "manual"),
    };
    if change.order.financial_status() == FinancialStatus::Paid {
        change.tell(Event::Order("orders/paid"));
    }
    fulfillment::hand_over(change)?;
    archive_if_done(change);
    change.tell(Event::Order("orders/updated"));
    Ok(())
}

/// Has the buyer promise what is owed.
pub(in super::super) fn authorize(change: &mut Change<'_>) -> Result<(), Refused> {
    if change.order.financial_status() != FinancialStatus::Pending {
        return Err(Refused::invalid("Only a pending order can be authorized"));
    }
    let due = Totals::of(change.order).outstanding;
    record(change, TransactionKind::Authorization, due, None, "shopify_payments");
    change.tell(Event::Order("orders/updated"));
    Ok(())
}

/// Gives a promise back.
pub(in super::super) fn void(change: &mut Change<'_>) -> Result<(), Refused> {
    let Some((id, gateway, _)) = open_promise(change) else {
        return Err(Refused::invalid("There is no authorization to void"));
    };
    record(change, TransactionKind::Void, Bag::ZERO, Some(id), &gateway);
    change.tell(Event::Order("orders/updated"));
    Ok(())
}

/// A refund to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewRefund {
    /// Units given back.
    pub lines: Vec<RefundUnits>,
    /// Shipping given back, before taxes, in the shop's currency.
    pub shipping: Option<Decimal>,
    /// Whether all shipping that is left is given back.
    pub all_shipping: bool,
    /// What is paid, in the shop's currency; what is overpaid if absent.
    pub amount: Option<Decimal>,
    /// Why.
    pub note: Option<String>,
}

/// Units of one line to be refunded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefundUnits {
    /// Which line.
    pub line_id: i64,
    /// How many.
    pub quantity: u32,
    /// What happens with the goods.
    pub restock: RestockType,
    /// Where they are put; where they came from if absent.
    #[serde(default)]
    pub location_id: Option<i64>,
}

/// Makes a refund; returns its id.
pub(in super::super) fn refund(change: &mut Change<'_>, new: &NewRefund) -> Result<i64, Refused> {
    for amount in [new.amount, new.shipping].into_iter().flatten() {
        place::check_amount(amount)?;
    }
    let mut refund = empty_refund(change, new.note.clone());
    for units in &new.lines {
        let line = take_back(change, units)?;
        refund.lines.push(line);
    }
    if new.all_shipping {
        refund.shipping = take_back_shipping(change, None)?;
    } else if let Some(amount) = new.shipping.filter(|amount| !amount.is_zero()) {
        refund.shipping = take_back_shipping(change, Some(amount))?;
    }
    let overpaid = overpaid(change);
    let amount = pay_back(change, &mut refund, new.amount, overpaid)?;
    if refund.lines.is_empty() && refund.shipping.is_empty() && amount.is_zero() {
        return Err(Refused::invalid("Refund must contain line items, shipping or an amount"));
    }
    let difference = overpaid - amount;
    if !difference.is_zero() {
        refund.adjustments.push(Adjustment { id: change.ids.next(), amount: difference });
    }
    let id = refund.id;
    change.order.refunds.push(refund);
    change.tell(Event::Refund(id));
    archive_if_done(change);
    change.tell(Event::Order("orders/updated"));
    Ok(id)
}

fn empty_refund(change: &mut Change<'_>, note: Option<String>) -> Refund {
    Refund {
        id: change.ids.next(),
        created_at: change.now,
        note,
        lines: Vec::new(),
        shipping: Vec::new(),
        adjustments: Vec::new(),
        transactions: Vec::new(),
    }
}

/// Takes units out of the order.
fn take_back(change: &mut Change<'_>, units: &RefundUnits) -> Result<RefundLine, Refused> {
    let id = change.ids.next();
    let unfulfilled = change.order.unfulfilled(units.line_id);
    let currencies = change.order.currencies.clone();
    let Some(line) = change.order.lines.iter_mut().find(|line| line.id == units.line_id) else {
        return Err(Refused::missing("Line item", units.line_id));
    };
    let before = line.current_quantity();
    if units.quantity == 0 || units.quantity > before {
        return Err(Refused::invalid("Quantity cannot refund more items than were purchased"));
    }
    if units.restock == RestockType::Cancel && units.quantity > unfulfilled {
        return Err(Refused::invalid("Quantity cannot cancel more items than are unfulfilled"));
    }
    let (with, without) = (line.at(before, &currencies), line.at(before - units.quantity, &currencies));
    line.refunded += units.quantity;
    let location_id =
        (units.restock != RestockType::NoRestock).then(|| units.location_id.unwrap_or(line.location_id));
    if units.restock == RestockType::Cancel {
        fulfillment::withdraw(change, units.line_id, units.quantity);
    }
    Ok(RefundLine {
        id,
        line_id: units.line_id,
        quantity: units.quantity,
        restock: units.restock,
        location_id,
        subtotal: with.net() - without.net(),
        tax: with.tax - without.tax,
    })
}

/// Takes shipping out of the order: `amount` of it, or all.
fn take_back_shipping(
    change: &mut Change<'_>,
    amount: Option<Decimal>,
) -> Result<Vec<RefundShipping>, Refused> {
    let currencies = change.order.currencies.clone();
    let mut left = amount.map(|amount| currencies.convert(amount));
    let mut parts = Vec::new();
    for line in change.order.shipping_lines.iter_mut().filter(|line| !line.removed) {
        let (price, tax) = (line.current(), line.current_tax());
        let part = left.map_or(price, |left| left.min(price));
        if part.is_zero() && (left.is_some() || tax.is_zero()) {
            continue;
        }
        let part_of_tax = if part == price { tax } else { currencies.split(tax, &[part, price - part])[0] };
        line.refunded += part;
        line.refunded_tax += part_of_tax;
        left = left.map(|left| left - part);
        parts.push(RefundShipping {
            id: change.ids.next(),
            shipping_line_id: line.id,
            amount: part,
            tax: part_of_tax,
        });
    }
    match left {
        Some(left) if left.shop > Decimal::ZERO => {
            Err(Refused::invalid("Shipping refund is greater than the shipping that is left"))
        }
        _ => Ok(parts),
    }
}

/// What the buyer has paid too much.
fn overpaid(change: &Change<'_>) -> Bag {
    (-Totals::of(change.order).outstanding).positive()
}

/// Pays `amount`, or what is overpaid, out of what was received.
fn pay_back(
    change: &mut Change<'_>,
    refund: &mut Refund,
    amount: Option<Decimal>,
    overpaid: Bag,
) -> Result<Bag, Refused> {
    let totals = Totals::of(change.order);
    let net = totals.received - totals.refunded;
    let amount = match amount {
        None => overpaid.min(net),
        Some(amount) if amount == overpaid.shop => overpaid,
        Some(amount) if amount == net.shop => net,
        Some(amount) => change.order.currencies.convert(amount),
    };
    if amount.shop > net.shop {
        return Err(Refused::invalid(format!(
            "Refund amount ${:.2} is greater than net payment received ${:.2}",
            amount.shop, net.shop
        )));
    }
    if amount.shop > Decimal::ZERO {
        let paid = change.order.transactions.iter().rev().find(|t| {
            matches!(t.kind, TransactionKind::Sale | TransactionKind::Capture)
                && t.status == TransactionStatus::Success
        });
        let (parent, gateway) = paid.map_or((None, "manual".to_owned()), |t| (Some(t.id), t.gateway.clone()));
        let id = record(change, TransactionKind::Refund, amount, parent, &gateway);
        refund.transactions.push(id);
        return Ok(amount);
    }
    Ok(Bag::ZERO)
}

/// How an order is cancelled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CancelOrder {
    /// Why.
    pub reason: CancelReason,
    /// Whether what was paid is given back.
    pub refund: bool,
    /// Whether the goods go back to stock.
    pub restock: bool,
    /// The staff's note.
    pub staff_note: Option<String>,
}

impl Default for CancelOrder {
    fn default() -> Self {
        Self { reason: CancelReason::Customer, refund: true, restock: true, staff_note: None }
    }
}

/// Cancels an order of which nothing is fulfilled.
pub(in super::super) fn cancel_order(change: &mut Change<'_>, how: &CancelOrder) -> Result<(), Refused> {
    if change.order.cancelled_at.is_some() {
        return Err(Refused::invalid("Order has already been cancelled"));
    }
    if change.order.lines.iter().any(|line| change.order.fulfilled(line.id) > 0) {
        return Err(Refused::invalid("Cannot cancel an order that has outstanding fulfillments"));
    }
    change.tell(Event::Order("orders/cancelled"));
    let mut refund = empty_refund(change, how.staff_note.clone());
    let left: Vec<(i64, u32)> = change
        .order
        .lines
        .iter()
        .map(|line| (line.id, line.current_quantity()))
        .filter(|l| l.1 > 0)
        .collect();
    for (line_id, quantity) in left {
        let restock = if how.restock { RestockType::Cancel } else { RestockType::NoRestock };
        // What was never to be fulfilled, such as a tip, cannot go back to stock.
        let restock =
            if change.order.unfulfilled(line_id) < quantity { RestockType::NoRestock } else { restock };
        let line = take_back(change, &RefundUnits { line_id, quantity, restock, location_id: None })?;
        refund.lines.push(line);
    }
    refund.shipping = take_back_shipping(change, None)?;
    fulfillment::withdraw_everything(change);
    if let Some((id, gateway, _)) = open_promise(change) {
        record(change, TransactionKind::Void, Bag::ZERO, Some(id), &gateway);
    }
    if how.refund {
        let overpaid = overpaid(change);
        pay_back(change, &mut refund, None, overpaid)?;
    }
    let order = &mut *change.order;
    order.cancelled_at = Some(change.now);
    order.closed_at = Some(change.now);
    order.cancel_reason = Some(how.reason);
    order.cancel_note.clone_from(&how.staff_note);
    order.restocked = how.restock;
    let told = !refund.transactions.is_empty();
    let id = refund.id;
    order.refunds.push(refund);
    if told {
        change.tell(Event::Refund(id));
    }
    change.tell(Event::Order("orders/updated"));
    Ok(())
}
