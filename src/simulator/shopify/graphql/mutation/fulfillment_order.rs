//! Fulfillment orders: holding them back and letting them go, splitting them, moving them.
//!
//! `externalId` and `notifyMerchant` are taken and have no effect that could be seen. Messages that were not recorded
//! are those of the action.

use serde_json::Value;

use super::super::super::actions::{self, HoldUnits, NewHold, Release};
use super::super::super::order::HoldReason;
use super::super::super::state::Refused;
use super::super::schema::Args;
use super::fulfillment::units;
use super::{Acting, Payload, UserError, items, number, quantity, text};

const UNKNOWN: &str = "Fulfillment order does not exist.";
const NOT_FOUND: &str = "FULFILLMENT_ORDER_NOT_FOUND";
/// The longest handle of a hold.
const LONGEST_HANDLE: usize = 64;

/// The fulfillment order's id and its order's.
fn find(acting: &Acting<'_>, gid: Option<&Value>) -> Option<(i64, i64)> {
    gid.and_then(|gid| acting.find("FulfillmentOrder", gid)).map(|(id, order)| (id, order.id))
}

fn told(field: &[&str], refused: &Refused) -> UserError {
    UserError { code: refused.code(), ..UserError::new(field, refused.to_string()) }
}

/// `fulfillmentOrderHold`. The units asked for are looked at before the fulfillment order is.
pub(super) fn hold(acting: &mut Acting<'_>, args: &Args) -> Result<Payload, UserError> {
    const LINES: &[&str] = &["fulfillmentHold", "fulfillmentOrderLineItems"];
    const HANDLE: &[&str] = &["fulfillmentHold", "handle"];
    let input = args.get("fulfillmentHold").unwrap_or(&Value::Null);
    for (at, line) in items(input.get("fulfillmentOrderLineItems")).iter().enumerate() {
        if quantity(&line["quantity"]).is_none() {
            let field = [LINES[0], LINES[1], &at.to_string(), "quantity"];
            let message = "You must select at least one item to place on partial hold.";
            return Err(UserError::coded(&field, "GREATER_THAN_ZERO", message));
        }
    }
    let units = units(input);
    if has_twins(&units) {
        let code = "DUPLICATED_FULFILLMENT_ORDER_LINE_ITEMS";
        return Err(UserError::coded(LINES, code, "must contain unique line item ids"));
    }
    let (id, order) =
        find(acting, args.get("id")).ok_or_else(|| UserError::coded(&["id"], NOT_FOUND, UNKNOWN))?;
    let handle = text(&input["handle"]).unwrap_or_default();
    if handle.chars().count() > LONGEST_HANDLE {
        return Err(UserError::new(HANDLE, "Handle is too long (maximum is 64 characters)"));
    }
    let reason = HoldReason::ALL.iter().find(|reason| input["reason"] == reason.graphql());
    let new = NewHold {
        fulfillment_order_id: Some(id),
        reason: reason.copied().unwrap_or(HoldReason::Other),
        notes: text(&input["reasonNotes"]),
        handle: Some(handle),
        by_app: true,
        units,
    };
    let placed = acting.change(order, |change| {
        let before = change.order.fulfillment_orders.len();
        let hold = actions::hold(change, &new)?;
        // What was not held is in a new fulfillment order, if the hold split it.
        Ok((hold, change.order.fulfillment_orders.get(before).map(|other| other.id)))
    });
    let (hold, other) = placed.map_err(|refused| match refused.code() {
        Some("DUPLICATE_FULFILLMENT_HOLD_HANDLE") => told(HANDLE, &refused),
        Some("FULFILLMENT_ORDER_NOT_SPLITTABLE" | "INVALID_LINE_ITEM_QUANTITY") => told(LINES, &refused),
        _ => told(&["id"], &refused),
    })?;
    let payload = Payload::of("fulfillmentHold", "FulfillmentHold", hold);
    let payload = payload.and("fulfillmentOrder", "FulfillmentOrder", id);
    Ok(match other {
        Some(other) => payload.and("remainingFulfillmentOrder", "FulfillmentOrder", other),
        None => payload,
    })
}

fn has_twins(units: &[HoldUnits]) -> bool {
    let id = |unit: &HoldUnits| unit.fulfillment_order_line_id;
    units.iter().enumerate().any(|(at, unit)| units[..at].iter().any(|earlier| id(earlier) == id(unit)))
}

/// `fulfillmentOrderReleaseHold`.
pub(super) fn release(acting: &mut Acting<'_>, args: &Args) -> Result<Payload, UserError> {
    let (id, order) =
        find(acting, args.get("id")).ok_or_else(|| UserError::coded(&["id"], NOT_FOUND, UNKNOWN))?;
    let hold_ids = items(args.get("holdIds")).iter().map(|hold| number("FulfillmentHold", hold)).collect();
    let release = Release { fulfillment_order_id: Some(id), hold_ids };
    acting
        .change(order, |change| actions::release(change, &release))
        .map_err(|refused| told(&["id"], &refused))?;
    Ok(Payload::of("fulfillmentOrder", "FulfillmentOrder", id))
}

/// `fulfillmentOrderSplit`: all of the splits or none, also where they are of several orders.
pub(super) fn split(acting: &mut Acting<'_>, args: &Args) -> Result<Payload, UserError> {
    let splits = items(args.get("fulfillmentOrderSplits"));
    for (at, split) in splits.iter().enumerate() {
        let at = at.to_string();
        let lines = items(split.get("fulfillmentOrderLineItems"));
        if lines.is_empty() {
            let message = "There must be at least one item selected in this fulfillment to split it.";
            let field = ["fulfillmentOrderSplits", &at, "fulfillmentOrderLineItems"];
            return Err(UserError::coded(&field, "NO_LINE_ITEMS_PROVIDED_TO_SPLIT", message));
        }
        if let Some(line) = lines.iter().position(|line| quantity(&line["quantity"]).is_none()) {
            let line = line.to_string();
            let message = "You must select at least one item to split into a new fulfillment order.";
            let field = ["fulfillmentOrderSplits", &at, "fulfillmentOrderLineItems", &line, "quantity"];
            return Err(UserError::coded(&field, "GREATER_THAN", message));
        }
    }
    let mut payload = Payload { splits: Some(Vec::new()), ..Payload::default() };
    for split in splits {
        let (id, order) = find(acting, split.get("fulfillmentOrderId"))
            .ok_or_else(|| UserError::coded(&[], NOT_FOUND, UNKNOWN))?;
        let other = acting
            .change(order, |change| actions::split(change, id, &units(split)))
            .map_err(|refused| told(&[], &refused))?;
        payload.splits.get_or_insert_default().push((id, other));
    }
    Ok(payload)
}

/// `fulfillmentOrderMove`.
pub(super) fn move_to(acting: &mut Acting<'_>, args: &Args) -> Result<Payload, UserError> {
    let (id, order) = find(acting, args.get("id")).ok_or_else(|| UserError::new(&["id"], UNKNOWN))?;
    let location = number("Location", args.get("newLocationId").unwrap_or(&Value::Null));
    if acting.state.profile.location(location).is_none() {
        return Err(UserError::new(&["id"], "Location not found."));
    }
    let lines = args.get("fulfillmentOrderLineItems").cloned().unwrap_or_default();
    let units = units(&serde_json::json!({ "fulfillmentOrderLineItems": lines }));
    let moved =
        acting.change(order, |change| actions::move_to(change, id, location, &units)).map_err(|refused| {
            let field: &[&str] = if refused.code().is_some() { &["id"] } else { &[] };
            told(field, &refused)
        })?;
    let payload = Payload::of("movedFulfillmentOrder", "FulfillmentOrder", moved);
    let payload = payload.and("originalFulfillmentOrder", "FulfillmentOrder", id);
    Ok(if moved == id { payload } else { payload.and("remainingFulfillmentOrder", "FulfillmentOrder", id) })
}
