//! Changing an order's lines.
//!
//! While an order is being picked or packed, units may be added (they wait until the parcel has left), but what the
//! picker carries may not be taken away, nor may its price or its value for the customs change: the vendor's own word
//! is to clear the lock first.

use serde_json::Value;

use super::super::order::{Line, Order, text};
use super::super::refused::Refused;
use super::super::state::{By, State, copy, number};
use super::create::{LINE_KEPT, add_line, check_counts, check_line, count};
use super::{Given, WHO, order_id, still_open};

/// Adds lines.
pub(in super::super) fn add_lines(state: &mut State, data: &Given, by: By) -> Result<i64, Refused> {
    let id = order_id(state, data)?;
    state.change(id, by, "order_add_line_items", |state, order| {
        still_open(order)?;
        for line in data.get("line_items").and_then(Value::as_array).into_iter().flatten() {
            add_line(state, order, line)?;
        }
        state.note(order, WHO, "Line items were added");
        Ok(id)
    })
}

/// Changes lines. `quantity` and `quantity_pending_fulfillment` are two facts, and neither follows the other.
pub(in super::super) fn update_lines(state: &mut State, data: &Given, by: By) -> Result<i64, Refused> {
    let id = order_id(state, data)?;
    state.change(id, by, "order_update_line_items", |state, order| {
        still_open(order)?;
        for given in data.get("line_items").and_then(Value::as_array).into_iter().flatten() {
            if let Some(given) = given.as_object() {
                update_line(state, order, given)?;
            }
        }
        state.note(order, WHO, "Line items were updated");
        Ok(id)
    })
}

fn update_line(state: &State, order: &mut Order, given: &Given) -> Result<(), Refused> {
    let (now, is_locked) = (state.now, order.is_locked && state.options.refuses_edits_when_locked);
    let wanted = number("LineItem", text(given, "id"));
    check_line(state, given)?;
    let line = wanted.and_then(|id| order.line_mut(id)).ok_or_else(|| Refused::missing("Line item"))?;
    let quantity = count(given, "quantity")?.unwrap_or(line.quantity);
    let pending = count(given, "quantity_pending_fulfillment")?;
    // Units that are no longer ordered cannot be left to ship.
    let pending = pending.unwrap_or_else(|| line.pending.min((quantity - line.shipped).max(0)));
    check_counts(quantity, pending, line.shipped)?;
    if is_locked {
        check_locked(line, given, pending)?;
    }
    copy(given, &mut line.fields, LINE_KEPT);
    line.quantity = quantity;
    line.pending = pending;
    line.updated_at = now;
    settle_status(line);
    Ok(())
}

fn check_locked(line: &Line, given: &Given, pending: i64) -> Result<(), Refused> {
    let changes = |name: &str| given.get(name).is_some_and(|value| line.fields.get(name) != Some(value));
    if pending < line.pending || changes("price") || changes("customs_value") {
        return Err(Refused::state("Order is locked, it is being picked or packed. Clear the lock first"));
    }
    Ok(())
}

/// A line with nothing left is cancelled, unless it was shipped.
fn settle_status(line: &mut Line) {
    let status = match (line.quantity, line.pending, line.shipped) {
        (0, _, 0) => "canceled",
        (_, 0, shipped) if shipped > 0 => "fulfilled",
        (_, pending, _) if pending > 0 && text(&line.fields, "fulfillment_status") == "canceled" => "pending",
        _ => return,
    };
    line.fields.insert("fulfillment_status".to_owned(), status.into());
}

/// Removes lines for good, all of them or none.
pub(in super::super) fn remove_lines(state: &mut State, data: &Given, by: By) -> Result<i64, Refused> {
    let id = order_id(state, data)?;
    state.change(id, by, "order_remove_line_items", |state, order| {
        still_open(order)?;
        for given in data.get("line_item_ids").and_then(Value::as_array).into_iter().flatten() {
            let line = number("LineItem", given.as_str().unwrap_or_default())
                .and_then(|id| order.line(id))
                .ok_or_else(|| Refused::missing("Line item"))?;
            if line.shipped > 0 {
                return Err(Refused::state("Line item was shipped and can not be removed"));
            }
            if order.is_locked && state.options.refuses_edits_when_locked {
                return Err(Refused::state(
                    "Order is locked, it is being picked or packed. Clear the lock first",
                ));
            }
            let gone = line.id;
            order.lines.retain(|line| line.id != gone);
        }
        state.note(order, WHO, "Line items were removed");
        Ok(id)
    })
}
