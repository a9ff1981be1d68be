//! Holding, cancelling, and moving an order to another warehouse.

use super::super::order::Order;
use super::super::refused::Refused;
use super::super::state::{By, State};
use super::super::webhook;
use super::create::set_holds;
use super::{Given, WHO, order_id, still_open, text};
use serde_json::Value;

/// Sets the holds that are named. One kind is only for the account whose order it is.
pub(in super::super) fn update_holds(state: &mut State, data: &Given, by: By) -> Result<i64, Refused> {
    let id = order_id(state, data)?;
    state.change(id, by, "order_update_holds", |state, order| {
        still_open(order)?;
        if state.options.is_3pl && data.get("client_hold").is_some_and(|held| !held.is_null()) {
            return Err(Refused::not_allowed("Only the client account can change client_hold"));
        }
        let before = order.holds.clone();
        set_holds(order, Some(&Value::Object(data.clone())));
        for (hold, held) in order.holds.clone() {
            if before.get(hold).copied().unwrap_or_default() != held {
                state.note(order, WHO, format!("{hold} was set to {held}"));
            }
        }
        Ok(id)
    })
}

/// Cancels. One that has left, in whole or in part, is cancelled only by force; one that is cancelled stays so.
pub(in super::super) fn cancel(state: &mut State, data: &Given, by: By) -> Result<i64, Refused> {
    let id = order_id(state, data)?;
    let force = data.get("force").and_then(Value::as_bool).unwrap_or_default();
    if state.order(id)?.is_cancelled() {
        return Ok(id);
    }
    state.change(id, by, "order_cancel", |state, order| {
        let labelled = state.shipments.values().any(|s| s.order == id && s.has_valid_label());
        if !force && (labelled || order.lines.iter().any(|line| line.shipped > 0)) {
            return Err(Refused::state(
                "Order has valid labels or completed shipments and can not be cancelled without force",
            ));
        }
        end(state, order);
        let reason = text(data, "reason");
        state.note(order, WHO, format!("Order was canceled. Reason: {reason}"));
        Ok(id)
    })
}

/// What cancelling does, whoever does it.
pub(in super::super) fn end(state: &mut State, order: &mut Order) {
    order.set_status("canceled");
    order.is_locked = false;
    for line in &mut order.lines {
        line.pending = 0;
        line.picks.iter_mut().for_each(|pick| pick.current = false);
        if line.shipped == 0 {
            line.fields.insert("fulfillment_status".to_owned(), "canceled".into());
        }
    }
    state.outgoing.push(webhook::cancelled(order));
}

/// Sets any status.
pub(in super::super) fn set_fulfillment_status(state: &mut State, data: &Given) -> Result<i64, Refused> {
    let id = order_id(state, data)?;
    let status = text(data, "fulfillment_status").to_owned();
    state.change(id, By::Api, "order_update_fulfillment_status", |state, order| {
        apply_status(state, order, &status);
        state.note(order, WHO, format!("Order status was set to {status}"));
        Ok(id)
    })
}

/// A status that means cancelled cancels, one that means fulfilled leaves nothing to ship; any other is a word.
pub(super) fn apply_status(state: &mut State, order: &mut Order, status: &str) {
    let lower = status.to_ascii_lowercase();
    if lower.starts_with("cancel") && !order.is_cancelled() {
        end(state, order);
    }
    if lower == "fulfilled" {
        order.is_locked = false;
        for line in &mut order.lines {
            line.pending = 0;
            line.fields.insert("fulfillment_status".to_owned(), "fulfilled".into());
        }
    }
    order.set_status(status);
}

/// Has an order packed elsewhere: what was set aside for it here is put back.
pub(in super::super) fn change_warehouse(state: &mut State, data: &Given) -> Result<i64, Refused> {
    let id = order_id(state, data)?;
    let warehouse = state.warehouse(text(data, "warehouse_id"))?;
    state.change(id, By::Api, "order_change_warehouse", |state, order| {
        still_open(order)?;
        if order.is_locked {
            return Err(Refused::state("Order is locked, it is being picked or packed"));
        }
        order.warehouse = Some(warehouse);
        state.note(order, WHO, "Order was moved to another warehouse");
        Ok(id)
    })
}
