//! Holding fulfillment orders back and letting them go.
//!
//! Holding some of the units splits the fulfillment order: the held units keep its id, the others get a new one. The
//! hold topics fire as the shop's do: placed on the first hold, released with the last.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::super::order::{FulfillmentOrder, FulfillmentOrderLine, FulfillmentOrderStatus, Hold, HoldReason};
use super::super::rest;
use super::super::state::{Change, Event, Refused};

/// How many holds one fulfillment order takes.
const MOST_HOLDS: usize = 10;

/// A hold to be placed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewHold {
    /// Which fulfillment order; the first open one if absent.
    pub fulfillment_order_id: Option<i64>,
    /// Why.
    pub reason: HoldReason,
    /// In words.
    pub notes: Option<String>,
    /// The holder's own name for it.
    pub handle: Option<String>,
    /// Whether the app placed it, and not the merchant.
    pub by_app: bool,
    /// Only these units; all if empty.
    pub units: Vec<HoldUnits>,
}

impl Default for NewHold {
    fn default() -> Self {
        Self {
            fulfillment_order_id: None,
            reason: HoldReason::Other,
            notes: None,
            handle: None,
            by_app: false,
            units: Vec::new(),
        }
    }
}

/// Units of one line of a fulfillment order to be held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldUnits {
    /// Which line of the fulfillment order.
    pub fulfillment_order_line_id: i64,
    /// How many.
    pub quantity: u32,
}

/// Holds; returns the hold's id.
pub(in super::super) fn hold(change: &mut Change<'_>, new: &NewHold) -> Result<i64, Refused> {
    let at = match new.fulfillment_order_id {
        Some(id) => position(change, id)?,
        None => change
            .order
            .fulfillment_orders
            .iter()
            .position(|order| !order.status.is_final())
            .ok_or_else(|| Refused::invalid("There is no open fulfillment order"))?,
    };
    let order = &change.order.fulfillment_orders[at];
    if order.status.is_final() {
        return Err(Refused::invalid("The fulfillment order is not in a holdable state."));
    }
    if order.holds.len() >= MOST_HOLDS {
        return Err(Refused::invalid("The maximum number of fulfillment holds was reached."));
    }
    if new.handle.is_some() && order.holds.iter().any(|hold| hold.handle == new.handle) {
        return Err(Refused::invalid(
            "The handle provided for the fulfillment hold is already in use by this app for another hold on \
             this fulfillment order.",
        ));
    }
    let rest_of_it = if new.units.is_empty() { None } else { split(change, at, &new.units)? };
    let hold = Hold {
        id: change.ids.next(),
        reason: new.reason,
        notes: new.notes.clone(),
        handle: new.handle.clone(),
        by_app: new.by_app,
    };
    let id = hold.id;
    let body = rest::hold_body(&hold);
    let order = &mut change.order.fulfillment_orders[at];
    let first = order.holds.is_empty();
    order.holds.push(hold);
    order.status = FulfillmentOrderStatus::OnHold;
    order.updated_at = change.now;
    let order = order.clone();
    if let Some(other) = &rest_of_it {
        change.tell(Event::Plain(
            "fulfillment_orders/split",
            json!({
                "split_line_items": held_units(&order),
                "fulfillment_order": rest::fulfillment_order_ref(&order),
                "remaining_fulfillment_order": rest::fulfillment_order_ref(other),
                "replacement_fulfillment_order": null,
            }),
        ));
    }
    change.tell(Event::Plain(
        "fulfillment_holds/added",
        json!({ "fulfillment_order": { "id": rest::gid("FulfillmentOrder", order.id) }, "fulfillment_hold": body }),
    ));
    if first {
        let mut described = rest::fulfillment_order_ref(&order);
        described["fulfillment_holds"] = order.holds.iter().map(rest::hold_body).collect();
        change.tell(Event::Plain(
            "fulfillment_orders/placed_on_hold",
            json!({
                "fulfillment_order": described,
                "remaining_fulfillment_order": rest_of_it.as_ref().map(rest::fulfillment_order_ref),
                "held_fulfillment_order_line_items": held_units(&order),
                "created_fulfillment_hold": body,
            }),
        ));
    }
    touch(change);
    Ok(id)
}

fn held_units(order: &FulfillmentOrder) -> serde_json::Value {
    order
        .lines
        .iter()
        .map(|line| json!({ "id": rest::gid("FulfillmentOrderLineItem", line.id), "quantity": line.remaining }))
        .collect()
}

/// Leaves only `units` in the fulfillment order and opens another for the rest, which it returns.
fn split(
    change: &mut Change<'_>,
    at: usize,
    units: &[HoldUnits],
) -> Result<Option<FulfillmentOrder>, Refused> {
    let order = &change.order.fulfillment_orders[at];
    if order.status == FulfillmentOrderStatus::OnHold {
        return Err(Refused::invalid("The fulfillment order is not in a splittable state."));
    }
    for unit in units {
        let line = order.lines.iter().find(|line| line.id == unit.fulfillment_order_line_id);
        if unit.quantity == 0 || line.is_none_or(|line| line.remaining < unit.quantity) {
            return Err(Refused::invalid("Invalid fulfillment order line item quantity requested."));
        }
    }
    let kept = |line: &FulfillmentOrderLine| {
        units
            .iter()
            .filter(|unit| unit.fulfillment_order_line_id == line.id)
            .map(|unit| unit.quantity)
            .sum::<u32>()
    };
    if order.lines.iter().all(|line| kept(line) >= line.remaining) {
        return Ok(None);
    }
    let mut other = order.clone();
    other.id = change.ids.next();
    other.delivery.id = change.ids.next();
    other.created_at = change.now;
    other.updated_at = change.now;
    other.lines.clear();
    for line in &mut change.order.fulfillment_orders[at].lines {
        let kept = kept(line);
        let moved = line.remaining.saturating_sub(kept);
        if moved > 0 {
            other.lines.push(FulfillmentOrderLine {
                id: change.ids.next(),
                line_id: line.line_id,
                total: moved,
                remaining: moved,
            });
            line.total -= moved;
            line.remaining -= moved;
        }
    }
    change.order.fulfillment_orders[at].lines.retain(|line| line.total > 0);
    change.order.fulfillment_orders.push(other.clone());
    Ok(Some(other))
}

/// Which holds are let go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Release {
    /// Of which fulfillment order; the first held one if absent.
    pub fulfillment_order_id: Option<i64>,
    /// Only these; all if empty.
    pub hold_ids: Vec<i64>,
}

/// Lets holds go.
pub(in super::super) fn release(change: &mut Change<'_>, new: &Release) -> Result<(), Refused> {
    let at = match new.fulfillment_order_id {
        Some(id) => position(change, id)?,
        None => change
            .order
            .fulfillment_orders
            .iter()
            .position(|order| order.status == FulfillmentOrderStatus::OnHold)
            .ok_or_else(|| Refused::invalid("No fulfillment order is on hold"))?,
    };
    let now = change.now;
    let order = &mut change.order.fulfillment_orders[at];
    let (gone, left): (Vec<_>, Vec<_>) =
        order.holds.drain(..).partition(|hold| new.hold_ids.is_empty() || new.hold_ids.contains(&hold.id));
    order.holds = left;
    if gone.is_empty() {
        return Err(Refused::invalid("The fulfillment order is not on hold."));
    }
    order.updated_at = now;
    if order.holds.is_empty() {
        let waits = order.fulfill_at.is_some_and(|day| day > now);
        order.status = if waits { FulfillmentOrderStatus::Scheduled } else { FulfillmentOrderStatus::Open };
    }
    let order = order.clone();
    for hold in &gone {
        change.tell(Event::Plain(
            "fulfillment_holds/released",
            json!({
                "fulfillment_order": { "id": rest::gid("FulfillmentOrder", order.id) },
                "fulfillment_hold": rest::hold_body(hold),
            }),
        ));
    }
    if order.holds.is_empty() {
        change.tell(Event::Plain(
            "fulfillment_orders/hold_released",
            json!({ "fulfillment_order": rest::fulfillment_order_ref(&order) }),
        ));
    }
    touch(change);
    Ok(())
}

/// Opens what was scheduled for a later day, as the shop does when the day has come.
pub(in super::super) fn open_scheduled(change: &mut Change<'_>) -> Result<(), Refused> {
    let now = change.now;
    let mut opened = Vec::new();
    for order in &mut change.order.fulfillment_orders {
        if order.status == FulfillmentOrderStatus::Scheduled {
            order.status = FulfillmentOrderStatus::Open;
            order.updated_at = now;
            opened.push(rest::fulfillment_order_ref(order));
        }
    }
    if opened.is_empty() {
        return Err(Refused::invalid("No fulfillment order is scheduled"));
    }
    for order in opened {
        change.tell(Event::Plain(
            "fulfillment_orders/scheduled_fulfillment_order_ready",
            json!({ "fulfillment_order": order }),
        ));
    }
    change.tell(Event::Order("orders/updated"));
    Ok(())
}

fn touch(change: &mut Change<'_>) {
    if change.profile.holds_touch_order {
        change.tell(Event::Order("orders/updated"));
    }
}

fn position(change: &Change<'_>, id: i64) -> Result<usize, Refused> {
    change
        .order
        .fulfillment_orders
        .iter()
        .position(|order| order.id == id)
        .ok_or_else(|| Refused::missing("Fulfillment order", id))
}
