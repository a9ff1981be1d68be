//! `order_update` and its lesser sisters: everything about an order that is not its lines or holds.
//!
//! Address, way of shipping and the marks on an order can be changed while it is being packed, since none of them is
//! what the picker carries. A null clears what it names.

use serde_json::Value;

use super::super::order::{Order, text};
use super::super::refused::Refused;
use super::super::state::{By, State, copy};
use super::create::{KEPT, set_address, set_shipping};
use super::holds::apply_status;
use super::{Given, WHO, order_id, still_open};

/// Changes what is named.
pub(in super::super) fn update(state: &mut State, data: &Given, by: By) -> Result<i64, Refused> {
    let id = order_id(state, data)?;
    state.change(id, by, "order_update", |state, order| {
        still_open(order)?;
        set_shipping(state, order, data)?;
        let status = order.status().to_owned();
        copy(data, &mut order.fields, KEPT);
        order.set_status(&status);
        set_address(order, data);
        if !text(data, "fulfillment_status").is_empty() {
            apply_status(state, order, text(data, "fulfillment_status"));
        }
        state.note(order, WHO, "Order was updated");
        entry(state, order, data);
        Ok(id)
    })
}

/// Writes into the order's history and does nothing else.
pub(in super::super) fn add_history_entry(state: &mut State, data: &Given) -> Result<i64, Refused> {
    let id = order_id(state, data)?;
    state.change(id, By::Api, "order_add_history_entry", |state, order| {
        entry(state, order, data);
        Ok(id)
    })
}

fn entry(state: &mut State, order: &mut Order, data: &Given) {
    let Some(entry) = data.get("history_entry").and_then(Value::as_object) else { return };
    let source = text(entry, "source");
    let source = if source.is_empty() { WHO } else { source };
    state.note(order, source, text(entry, "message"));
}

fn tags(data: &Given) -> Vec<Value> {
    data.get("tags").and_then(Value::as_array).cloned().unwrap_or_default()
}

fn set_tags(
    state: &mut State,
    data: &Given,
    what: &str,
    change: impl FnOnce(&mut Vec<Value>),
) -> Result<i64, Refused> {
    let id = order_id(state, data)?;
    state.change(id, By::Api, what, |_, order| {
        let mut tags = order.fields.get("tags").and_then(Value::as_array).cloned().unwrap_or_default();
        change(&mut tags);
        order.fields.insert("tags".to_owned(), tags.into());
        Ok(id)
    })
}

/// Puts these tags in place of those it has.
pub(in super::super) fn update_tags(state: &mut State, data: &Given) -> Result<i64, Refused> {
    set_tags(state, data, "order_update_tags", |kept| *kept = tags(data))
}

/// Adds tags to those it has.
pub(in super::super) fn add_tags(state: &mut State, data: &Given) -> Result<i64, Refused> {
    set_tags(state, data, "order_add_tags", |kept| {
        for tag in tags(data) {
            if !kept.contains(&tag) {
                kept.push(tag);
            }
        }
    })
}

/// Takes every tag away.
pub(in super::super) fn clear_tags(state: &mut State, data: &Given) -> Result<i64, Refused> {
    set_tags(state, data, "order_clear_tags", Vec::clear)
}
