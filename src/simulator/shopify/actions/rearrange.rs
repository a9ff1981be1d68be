//! Splitting fulfillment orders, moving them to another location, calling them off for another to take their place.
//!
//! Units only ever go from one fulfillment order into a new one, so that none is lost or counted twice. What the real
//! shop does when the new location already has a fulfillment order of the same order is not published; here there are
//! then two.

use serde_json::{Value, json};

use super::super::order::{FulfillmentOrder, FulfillmentOrderLine, FulfillmentOrderStatus};
use super::super::rest;
use super::super::state::{Change, Event, Refused};
use super::hold::{HoldUnits, position, touch};

const WRONG_QUANTITY: &str = "Invalid fulfillment order line item quantity requested.";

/// Opens a new fulfillment order for these units of another, which keeps the rest.
fn part(change: &mut Change<'_>, at: usize, units: &[HoldUnits]) -> FulfillmentOrder {
    let mut other = change.order.fulfillment_orders[at].clone();
    other.id = change.ids.next();
    other.delivery.id = change.ids.next();
    other.created_at = change.now;
    other.updated_at = change.now;
    other.lines.clear();
    let order = &mut change.order.fulfillment_orders[at];
    for line in &mut order.lines {
        let moved = wanted(units, line.id).min(line.remaining);
        if moved > 0 {
            let id = change.ids.next();
            let line_id = line.line_id;
            other.lines.push(FulfillmentOrderLine { id, line_id, total: moved, remaining: moved });
            line.total -= moved;
            line.remaining -= moved;
        }
    }
    order.lines.retain(|line| line.total > 0);
    order.updated_at = change.now;
    change.order.fulfillment_orders.push(other.clone());
    other
}

fn wanted(units: &[HoldUnits], line: i64) -> u32 {
    units.iter().filter(|unit| unit.fulfillment_order_line_id == line).map(|unit| unit.quantity).sum()
}

/// Whether these units are all that is left; refuses what is not there.
fn is_all(
    order: &FulfillmentOrder,
    units: &[HoldUnits],
    code: Option<&'static str>,
) -> Result<bool, Refused> {
    for unit in units {
        let line = order.lines.iter().find(|line| line.id == unit.fulfillment_order_line_id);
        let too_many = line.is_none_or(|line| line.remaining < wanted(units, line.id));
        if unit.quantity == 0 || too_many {
            return Err(match code {
                Some(code) => Refused::coded(code, WRONG_QUANTITY),
                None => Refused::invalid(WRONG_QUANTITY),
            });
        }
    }
    Ok(order.lines.iter().all(|line| wanted(units, line.id) == line.remaining))
}

/// Leaves only these units in a fulfillment order; returns the new one with the rest, if there is any.
pub(super) fn keep_only(
    change: &mut Change<'_>,
    at: usize,
    units: &[HoldUnits],
) -> Result<Option<FulfillmentOrder>, Refused> {
    let order = &change.order.fulfillment_orders[at];
    if order.status == FulfillmentOrderStatus::OnHold {
        let reason = "The fulfillment order is not in a splittable state.";
        return Err(Refused::coded("FULFILLMENT_ORDER_NOT_SPLITTABLE", reason));
    }
    if is_all(order, units, Some("INVALID_LINE_ITEM_QUANTITY"))? {
        return Ok(None);
    }
    let rest: Vec<HoldUnits> = order
        .lines
        .iter()
        .map(|line| HoldUnits {
            fulfillment_order_line_id: line.id,
            quantity: line.remaining - wanted(units, line.id),
        })
        .collect();
    Ok(Some(part(change, at, &rest)))
}

/// Splits these units off a fulfillment order; returns the id of the new one that has them.
pub(in super::super) fn split(change: &mut Change<'_>, id: i64, units: &[HoldUnits]) -> Result<i64, Refused> {
    let at = position(change, id)?;
    let order = &change.order.fulfillment_orders[at];
    if !matches!(order.status, FulfillmentOrderStatus::Open | FulfillmentOrderStatus::Scheduled) {
        return Err(Refused::invalid("The fulfillment order is not in a splittable state."));
    }
    if is_all(order, units, None)? {
        return Err(Refused::invalid(WRONG_QUANTITY));
    }
    let other = part(change, at, units);
    let order = change.order.fulfillment_orders[at].clone();
    tell_split(change, &order, &other, units);
    touch(change);
    Ok(other.id)
}

/// Calls a fulfillment order off, the first open one if none is named; returns the id of the one that takes its place, with
/// the units that were left and no hold.
pub(in super::super) fn call_off(change: &mut Change<'_>, id: Option<i64>) -> Result<i64, Refused> {
    let at = match id {
        Some(id) => position(change, id)?,
        None => {
            let open = change.order.fulfillment_orders.iter().position(|order| !order.status.is_final());
            open.ok_or_else(|| Refused::invalid("There is no open fulfillment order"))?
        }
    };
    let order = &change.order.fulfillment_orders[at];
    if order.status.is_final() || order.remaining() == 0 {
        return Err(Refused::invalid("Fulfillment order is not in cancelable request state"));
    }
    let left = |line: &FulfillmentOrderLine| HoldUnits {
        fulfillment_order_line_id: line.id,
        quantity: line.remaining,
    };
    let units: Vec<HoldUnits> = order.lines.iter().map(left).collect();
    let mut other = part(change, at, &units);
    other.status = FulfillmentOrderStatus::Open;
    other.holds.clear();
    let order = &mut change.order.fulfillment_orders[at];
    order.status = FulfillmentOrderStatus::Cancelled;
    order.holds.clear();
    let body = json!({
        "fulfillment_order": rest::fulfillment_order_ref(order),
        "replacement_fulfillment_order": rest::fulfillment_order_ref(&other),
    });
    let id = other.id;
    if let Some(last) = change.order.fulfillment_orders.last_mut() {
        *last = other;
    }
    change.tell(Event::Plain("fulfillment_orders/cancelled", body));
    touch(change);
    Ok(id)
}

/// Tells of a split.
pub(super) fn tell_split(
    change: &mut Change<'_>,
    order: &FulfillmentOrder,
    other: &FulfillmentOrder,
    units: &[HoldUnits],
) {
    change.tell(Event::Plain(
        "fulfillment_orders/split",
        json!({
            "split_line_items": units_body(units),
            "fulfillment_order": rest::fulfillment_order_ref(order),
            "remaining_fulfillment_order": rest::fulfillment_order_ref(other),
            "replacement_fulfillment_order": null,
        }),
    ));
}

pub(super) fn units_body(units: &[HoldUnits]) -> Value {
    let unit = |unit: &HoldUnits| {
        let id = rest::gid("FulfillmentOrderLineItem", unit.fulfillment_order_line_id);
        json!({ "id": id, "quantity": unit.quantity })
    };
    units.iter().map(unit).collect()
}

/// Moves a fulfillment order, or only these units of it, to another location; returns the id of the one that has
/// them there. What is fulfilled already stays where it was.
pub(in super::super) fn move_to(
    change: &mut Change<'_>,
    id: i64,
    location: i64,
    units: &[HoldUnits],
) -> Result<i64, Refused> {
    let at = position(change, id)?;
    let order = &change.order.fulfillment_orders[at];
    if order.status == FulfillmentOrderStatus::InProgress {
        return Err(Refused::coded(
            "CANNOT_MOVE_FULFILLMENT_ORDER_WITH_REPORTED_PROGRESS",
            "Cannot move a fulfillment order that has had progress reported. To move a fulfillment order that has had \
             progress reported, the fulfillment order must first be marked as open resolving the ongoing progress \
             state.",
        ));
    }
    if order.status.is_final() || order.remaining() == 0 {
        return Err(Refused::invalid("Cannot change location."));
    }
    let source = order.location_id;
    let left = |line: &FulfillmentOrderLine| HoldUnits {
        fulfillment_order_line_id: line.id,
        quantity: line.remaining,
    };
    let moving: Vec<HoldUnits> = if units.is_empty() {
        order.lines.iter().map(left).filter(|u| u.quantity > 0).collect()
    } else {
        units.to_vec()
    };
    let all = is_all(order, &moving, None)?;
    let untouched = order.lines.iter().all(|line| line.remaining == line.total);
    let now = change.now;
    let moved_id = if all && untouched {
        id
    } else {
        let other = part(change, at, &moving);
        if change.order.fulfillment_orders[at].remaining() == 0 {
            change.order.fulfillment_orders[at].status = FulfillmentOrderStatus::Closed;
        }
        other.id
    };
    let mut moved = None;
    for order in change.order.fulfillment_orders.iter_mut().filter(|order| order.id == moved_id) {
        order.location_id = location;
        order.updated_at = now;
        moved = Some(order.clone());
    }
    let described = |order: &FulfillmentOrder| {
        let mut body = rest::fulfillment_order_ref(order);
        body["assigned_location_id"] = rest::gid("Location", order.location_id).into();
        body
    };
    change.tell(Event::Plain(
        "fulfillment_orders/moved",
        json!({
            "original_fulfillment_order": described(&change.order.fulfillment_orders[at]),
            "moved_fulfillment_order": moved.as_ref().map(described),
            "destination_location_id": rest::gid("Location", location),
            "fulfillment_order_line_items_requested": units_body(&moving),
            "source_location": { "id": rest::gid("Location", source) },
        }),
    ));
    touch(change);
    Ok(moved_id)
}
