//! Refunds of goods that had left, where a route enters them: each becomes a negative order beside the one that was entered
//! before. Pure functions of the record and of that order.
//!
//! What a refund took off before it shipped changes the order itself and is no matter of this. The order as it was entered
//! and its negative orders together come to what is still wanted; so no unit is given back twice, whatever the channel
//! says became of it. A negative order that was entered is never changed and never taken back by itself.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::domain::RemoteId;
use crate::domain::copy::{Item, OrderCopy, Stage};
use crate::domain::fulfillment::{Refund, RefundLine, RefundValue, Restock};
use crate::domain::mirror::{Absence, Desired, Mirror, Observed};
use crate::domain::money::allocate;
use crate::domain::order::OrderDocument;
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::record::OrderRecord;
use crate::domain::route::{Refunds, Route};

/// Units of refunds that had left, by refund.
pub type GivenBack<'r> = BTreeMap<&'r RemoteId, Vec<(&'r RefundLine, u32)>>;

/// The order that refunds are taken out of, as it was entered: only of goods that left by the destination's books too.
pub fn sold(mirror: &Mirror) -> Option<&OrderCopy> {
    match &mirror.observed {
        Observed::Present(seen) if seen.committed && seen.stage >= Stage::Shipped => mirror.applied.as_ref(),
        _ => None,
    }
}

/// What refunds gave back of an order that was entered as `sold`.
///
/// Units that came back had left. Of others the channel does not say whether they had; it takes them from what is still to
/// be fulfilled first, so those had left that are missing from what is wanted, the latest first.
pub fn given_back<'r>(record: &'r OrderRecord, route: &Route, sold: &OrderCopy) -> GivenBack<'r> {
    let (Refunds::Negative { since }, Some(order)) = (route.refunds, &record.document) else {
        return GivenBack::new();
    };
    let mut refunds: Vec<&Refund> = record.refunds.values().collect();
    refunds.sort_by(|a, b| a.created_at.cmp(&b.created_at).then(a.id.cmp(&b.id)));
    let mut found = GivenBack::new();
    let mut note = |refund: &'r Refund, line: &'r RefundLine, units: u32| {
        if units > 0 && since.is_none_or(|since| refund.day.is_none_or(|day| day >= since)) {
            found.entry(&refund.id).or_default().push((line, units));
        }
    };
    let lines: BTreeMap<&RemoteId, u32> = sold.items.iter().map(|item| (&item.line, item.of_line)).collect();
    for (line, units) in lines {
        let of_line = |refund: &&'r Refund| {
            let refund = *refund;
            refund.lines.iter().filter(|part| part.line == *line).map(move |part| (refund, part))
        };
        let mut left = record.shipped_units(line).min(units);
        let (back, others): (Vec<_>, Vec<_>) =
            refunds.iter().flat_map(of_line).partition(|(_, part)| part.restock == Restock::Return);
        for (refund, part) in back {
            let units = part.quantity.min(left);
            left -= units;
            note(refund, part, units);
        }
        left = left.saturating_sub(order.line(line).map_or(0, |line| line.current));
        for (refund, part) in others.into_iter().rev().filter(|(_, part)| part.restock != Restock::Cancel) {
            let units = part.quantity.min(left);
            left -= units;
            note(refund, part, units);
        }
    }
    found
}

/// What the negative order of a refund should be, beside `sold`; `entered` is what was entered of it already.
pub fn negative_order(
    record: &OrderRecord,
    route: &Route,
    sold: Option<&OrderCopy>,
    refund: &RemoteId,
    entered: Option<&OrderCopy>,
) -> Desired {
    let given = sold.map(|sold| given_back(record, route, sold)).unwrap_or_default();
    let (Some(sold), Some(refund), Some(parts)) = (sold, record.refunds.get(refund), given.get(refund))
    else {
        return entered.map_or(Desired::Absent(Absence::NothingHadLeft), withdrawn);
    };
    let shipping = shipping_back(record, sold, &given, refund);
    match (taken_out(sold, refund, parts, &shipping), entered) {
        (Some(copy), Some(entered)) if !entered.same_goods(&copy) => withdrawn(entered),
        (_, Some(entered)) => Desired::Present(Box::new(entered.clone())),
        (Some(copy), None) => Desired::Present(Box::new(copy)),
        (None, None) => Desired::Undecided(Reason::new(
            ReasonCode::SourceUnreadable,
            format!("what refund {} of order {} comes to is not known", refund.id, sold.name),
            "let the channel be read, by an access token or the app's client id and secret; or enter the refund by hand",
        )),
    }
}

/// Whether the order has to be read, for what was kept of a refund is without its amounts.
pub fn lacks_amounts(
    record: &OrderRecord,
    route: &Route,
    sold: Option<&OrderCopy>,
    refund: &RemoteId,
) -> bool {
    let (Some(sold), Some(kept)) = (sold, record.refunds.get(refund)) else { return false };
    given_back(record, route, sold)
        .remove(refund)
        .is_some_and(|parts| taken_out(sold, kept, &parts, &RefundValue::default()).is_none())
}

fn withdrawn(entered: &OrderCopy) -> Desired {
    Desired::Undecided(Reason::new(
        ReasonCode::RefundWithdrawn,
        format!("the negative order {} was entered, and other goods or none had left after all", entered.key),
        "void it at the destination and retry, or correct it there by hand and accept it; it is not taken back by itself, for \
         reports may include it",
    ))
}

/// What a refund gave back of the shipping that was entered. What came off before the order was entered is in none of its negative
/// orders, so it is the latest refunds that took off what is missing now.
fn shipping_back(record: &OrderRecord, sold: &OrderCopy, given: &GivenBack<'_>, of: &Refund) -> RefundValue {
    let now = record.document.as_ref().map(OrderDocument::shipping_price).unwrap_or_default();
    let mut left = (sold.shipping - now).max(Decimal::ZERO);
    let mut refunds: Vec<&Refund> = record.refunds.values().filter(|it| given.contains_key(&it.id)).collect();
    refunds.sort_by(|a, b| b.created_at.cmp(&a.created_at).then(b.id.cmp(&a.id)));
    for refund in refunds {
        let RefundValue { subtotal, tax } = &refund.shipping;
        let back = left.min(*subtotal);
        left -= back;
        if refund.id == of.id && back > Decimal::ZERO {
            let tax = allocate(*tax, &[back, subtotal - back], &sold.currency)[0];
            return RefundValue { subtotal: back.normalize(), tax };
        }
    }
    RefundValue::default()
}

/// Goods of a refund as they were entered, at what was given back for them, with what of the shipping was; nothing where that is not
/// known.
fn taken_out(
    sold: &OrderCopy,
    refund: &Refund,
    parts: &[(&RefundLine, u32)],
    shipping: &RefundValue,
) -> Option<OrderCopy> {
    let day = refund.day?;
    let (mut items, mut tax) = (Vec::new(), shipping.tax);
    for (line, units) in parts {
        let value = line.value.as_ref()?;
        let shares = [Decimal::from(*units), Decimal::from(line.quantity - units)];
        let share = |whole: Decimal| allocate(whole, &shares, &sold.currency)[0];
        tax += share(value.tax);
        // The same products, unit by unit, so that prices come to what was given back to the cent.
        let products = sold.items.iter().filter(|item| item.line == line.line && item.of_line > 0);
        let each: Vec<&Item> =
            products.flat_map(|item| (0..item.quantity / item.of_line * units).map(move |_| item)).collect();
        let weights: Vec<Decimal> = each.iter().map(|item| item.unit_price).collect();
        for (item, price) in each.iter().zip(allocate(share(value.subtotal), &weights, &sold.currency)) {
            add(&mut items, item, price, *units);
        }
    }
    Some(OrderCopy {
        key: format!("{}-R{}", sold.key, refund.id),
        placed_on: day,
        ship_on: day,
        items,
        shipping: shipping.subtotal,
        tax: tax.normalize(),
        payments: Vec::new(),
        gift_note: None,
        note: None,
        tags: std::collections::BTreeSet::new(),
        // Nothing of it is to leave.
        stage: Stage::Delivered,
        numbers: std::collections::BTreeSet::new(),
        negative: true,
        ..sold.clone()
    })
}

fn add(items: &mut Vec<Item>, of: &Item, price: Decimal, of_line: u32) {
    let same = |item: &&mut Item| {
        (&item.line, &item.brand, &item.product, item.unit_price) == (&of.line, &of.brand, &of.product, price)
    };
    if let Some(item) = items.iter_mut().find(same) {
        item.quantity = item.quantity.saturating_add(1);
        return;
    }
    items.push(Item { quantity: 1, unit_price: price, discount: Decimal::ZERO, of_line, ..of.clone() });
}
