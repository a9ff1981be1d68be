//! Editing an order after it was placed: lines added, quantities set, lines removed, another way of delivery.
//!
//! The webhook says only what was added and removed; whoever wants the order reads it. Removed units stay on the
//! order, counted as removed, and what is fulfilled already cannot be removed.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::new_order::{NewLine, NewShipping};
use super::super::order::{FulfillmentOrderLine, FulfillmentOrderStatus, TaxLine};
use super::super::place;
use super::super::state::{Change, Event, Refused};
use super::{archive_if_done, fulfillment};

/// An edit: done whole or not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EditOrder {
    /// Lines to add.
    pub add: Vec<NewLine>,
    /// Quantities to set.
    pub set_quantity: Vec<SetQuantity>,
    /// Lines to remove.
    pub remove: Vec<i64>,
    /// The staff's note.
    pub staff_note: Option<String>,
    /// Whether the buyer is told.
    pub notify_customer: bool,
}

/// The quantity a line shall have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetQuantity {
    /// Which line.
    pub line_id: i64,
    /// How many units are left on it.
    pub quantity: u32,
}

/// What an edit added and removed.
#[derive(Default)]
struct Delta {
    added: Vec<(i64, u32)>,
    removed: Vec<(i64, u32)>,
    shipping_added: Vec<i64>,
    shipping_removed: Vec<i64>,
}

/// Edits the order; returns the ids of the lines added.
pub(in super::super) fn edit_order(change: &mut Change<'_>, edit: &EditOrder) -> Result<Vec<i64>, Refused> {
    refuse_cancelled(change)?;
    let mut delta = Delta::default();
    let removals = edit.remove.iter().map(|line| SetQuantity { line_id: *line, quantity: 0 });
    for set in edit.set_quantity.iter().copied().chain(removals) {
        set_quantity(change, set, &mut delta)?;
    }
    let mut fresh = Vec::new();
    for new in &edit.add {
        let mut line = place::line(new, None, change.order, change.profile, change.ids)?;
        let (id, quantity) = (line.id, line.quantity);
        if line.taxable {
            line.taxes = usual_taxes(change);
        }
        change.order.lines.push(line);
        add_taxes(change, id, quantity);
        add_to_fulfill(change, id, quantity);
        delta.added.push((id, quantity));
        fresh.push(id);
    }
    if delta.added.is_empty() && delta.removed.is_empty() {
        return Err(Refused::invalid("There must be at least one change to be made."));
    }
    finish(change, &delta, edit.staff_note.as_deref(), edit.notify_customer);
    Ok(fresh)
}

fn refuse_cancelled(change: &Change<'_>) -> Result<(), Refused> {
    match change.order.cancelled_at {
        Some(_) => Err(Refused::invalid("The order cannot be edited: it is cancelled")),
        None => Ok(()),
    }
}

fn set_quantity(change: &mut Change<'_>, set: SetQuantity, delta: &mut Delta) -> Result<(), Refused> {
    let unfulfilled = change.order.unfulfilled(set.line_id);
    let Some(line) = change.order.lines.iter_mut().find(|line| line.id == set.line_id) else {
        return Err(Refused::missing("Line item", set.line_id));
    };
    let current = line.current_quantity();
    if set.quantity < current {
        let units = current - set.quantity;
        if units > unfulfilled && line.kind != super::super::order::LineKind::Tip {
            return Err(Refused::invalid("Cannot remove line items that are fulfilled"));
        }
        line.removed += units;
        fulfillment::withdraw(change, set.line_id, units);
        delta.removed.push((set.line_id, units));
    } else if set.quantity > current {
        // What was shared out over the old units would no longer add up.
        if !line.allocations.is_empty() || line.refunded > 0 {
            return Err(Refused::invalid(
                "The quantity of a discounted or refunded line item cannot be raised",
            ));
        }
        if set.quantity > place::MOST_UNITS {
            return Err(Refused::invalid("Quantity is too large"));
        }
        let units = set.quantity - current;
        line.quantity += units;
        add_taxes(change, set.line_id, units);
        add_to_fulfill(change, set.line_id, units);
        delta.added.push((set.line_id, units));
    }
    Ok(())
}

/// The taxes of an added line: those of the first taxed line there is, with nothing charged yet.
fn usual_taxes(change: &Change<'_>) -> Vec<TaxLine> {
    let taxed = change.order.lines.iter().find(|line| !line.taxes.is_empty());
    let none = |tax: &TaxLine| TaxLine { amount: super::super::money::Bag::ZERO, ..tax.clone() };
    taxed.map(|line| line.taxes.iter().map(none).collect()).unwrap_or_default()
}

/// Charges a line's taxes for more units.
fn add_taxes(change: &mut Change<'_>, line: i64, units: u32) {
    let included = change.order.taxes_included;
    let currencies = change.order.currencies.clone();
    if let Some(line) = change.order.lines.iter_mut().find(|l| l.id == line) {
        let gross = line.price.times(units);
        for tax in &mut line.taxes {
            let rate = if included { tax.rate / (rust_decimal::Decimal::ONE + tax.rate) } else { tax.rate };
            tax.amount += currencies.fraction(gross, rate);
        }
    }
}

/// Adds units to what is to be fulfilled: to the line's open fulfillment order, else to a new one.
fn add_to_fulfill(change: &mut Change<'_>, line_id: i64, units: u32) {
    let Some(line) = change.order.line(line_id).cloned() else { return };
    if line.kind == super::super::order::LineKind::Tip {
        return;
    }
    let now = change.now;
    for order in &mut change.order.fulfillment_orders {
        if order.status == FulfillmentOrderStatus::Open
            && let Some(entry) = order.lines.iter_mut().find(|entry| entry.line_id == line_id)
        {
            entry.total += units;
            entry.remaining += units;
            order.updated_at = now;
            return;
        }
    }
    let kind = place::delivery_kind(change.order, &line);
    let mut fresh = place::fulfillment_order(change.order, line.location_id, kind, change.ids, now);
    fresh.lines.push(FulfillmentOrderLine { id: change.ids.next(), line_id, total: units, remaining: units });
    change.order.fulfillment_orders.push(fresh);
}

/// Replaces the way of delivery; returns the new shipping line's id.
pub(in super::super) fn change_shipping_line(
    change: &mut Change<'_>,
    new: &NewShipping,
) -> Result<i64, Refused> {
    refuse_cancelled(change)?;
    place::check_amount(new.price)?;
    let mut delta = Delta::default();
    for line in change.order.shipping_lines.iter_mut().filter(|line| !line.removed) {
        line.removed = true;
        delta.shipping_removed.push(line.id);
    }
    let line = place::shipping_line(new, change.order, change.ids);
    let (id, code, title) = (line.id, line.code.clone(), line.title.clone());
    change.order.shipping_lines.push(line);
    let now = change.now;
    for order in change.order.fulfillment_orders.iter_mut().filter(|order| !order.status.is_final()) {
        order.delivery.service_code.clone_from(&code);
        order.delivery.presented_name = Some(title.clone());
        order.updated_at = now;
    }
    delta.shipping_added.push(id);
    finish(change, &delta, None, false);
    Ok(id)
}

fn finish(change: &mut Change<'_>, delta: &Delta, note: Option<&str>, notify: bool) {
    change.order.edited = true;
    if change.order.lines.iter().any(|line| change.order.unfulfilled(line.id) > 0) {
        change.order.closed_at = None;
    }
    archive_if_done(change);
    let at = change.profile.local_time(change.now);
    let units = |units: &[(i64, u32)]| -> Value {
        units.iter().map(|(id, delta)| json!({ "id": id, "delta": delta })).collect()
    };
    let lines = |lines: &[i64]| -> Value { lines.iter().map(|id| json!({ "id": id })).collect() };
    let body = json!({ "order_edit": {
        "id": change.ids.next(),
        "app_id": null,
        "created_at": at,
        "committed_at": at,
        "notify_customer": notify,
        "order_id": change.order.id,
        "staff_note": note.unwrap_or_default(),
        "user_id": null,
        "line_items": { "additions": units(&delta.added), "removals": units(&delta.removed) },
        "discounts": { "line_item": { "additions": [], "removals": [] } },
        "shipping_lines": {
            "additions": lines(&delta.shipping_added),
            "removals": lines(&delta.shipping_removed),
        },
    }});
    change.tell(Event::Plain("orders/edited", body));
    change.tell(Event::Order("orders/updated"));
}
