//! Holding fulfillment orders back and letting them go.
//!
//! Holding some of the units splits the fulfillment order: the held units keep its id, the others get a new one. The
//! hold topics fire as the shop's do: placed on the first hold, released with the last.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::super::order::{FulfillmentOrder, FulfillmentOrderStatus, Hold, HoldReason};
use super::super::rest;
use super::super::state::{Change, Event, Refused};
use super::rearrange::{keep_only, tell_split, units_body};

/// How many holds one fulfillment order takes of one app.
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
    let mut own = order.holds.iter().filter(|hold| hold.by_app == new.by_app);
    if own.clone().count() >= MOST_HOLDS {
        return Err(Refused::coded(
            "FULFILLMENT_ORDER_HOLD_LIMIT_REACHED",
            "The maximum number of fulfillment holds for this fulfillment order has been reached for this app. An app \
             can only have up to 10 holds on a single fulfillment order at any one time.",
        ));
    }
    if new.handle.is_some() && own.any(|hold| hold.handle == new.handle) {
        return Err(Refused::coded(
            "DUPLICATE_FULFILLMENT_HOLD_HANDLE",
            "The handle provided for the fulfillment hold is already in use by this app for another hold on \
             this fulfillment order.",
        ));
    }
    let rest_of_it = if new.units.is_empty() { None } else { keep_only(change, at, &new.units)? };
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
        tell_split(change, &order, other, &units(&order));
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
                "held_fulfillment_order_line_items": units_body(&units(&order)),
                "created_fulfillment_hold": body,
            }),
        ));
    }
    touch(change);
    Ok(id)
}

/// Everything left in a fulfillment order.
fn units(order: &FulfillmentOrder) -> Vec<HoldUnits> {
    let unit = |id, quantity| HoldUnits { fulfillment_order_line_id: id, quantity };
    order.lines.iter().map(|line| unit(line.id, line.remaining)).collect()
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

pub(super) fn touch(change: &mut Change<'_>) {
    if change.profile.holds_touch_order {
        change.tell(Event::Order("orders/updated"));
    }
}

pub(super) fn position(change: &Change<'_>, id: i64) -> Result<usize, Refused> {
    change
        .order
        .fulfillment_orders
        .iter()
        .position(|order| order.id == id)
        .ok_or_else(|| Refused::missing("Fulfillment order", id))
}
