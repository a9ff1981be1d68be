//! What the API can do to orders: each mutation as a function over the state that checks, then changes.
//!
//! Which edits the vendor refuses on an order that is being picked or has left is known in plain words only; where
//! they leave room the rules here are the strict reading, and the sentences are ours.

mod create;
mod holds;
mod lines;
mod products;
mod shipments;
mod update;
mod webhooks;

use serde_json::{Map, Value};

use super::order::{Order, text};
use super::refused::Refused;
use super::state::{State, number};
pub(super) use create::create;
pub(super) use holds::{cancel, change_warehouse, end, set_fulfillment_status, update_holds};
pub(super) use lines::{add_lines, remove_lines, update_lines};
pub(super) use products::{add_product, change_stock, update_product};
pub(super) use shipments::{add_label, create_shipment, take};
pub(super) use update::{add_history_entry, add_tags, clear_tags, update, update_tags};
pub(super) use webhooks::{create_webhook, delete_webhook};

/// What a mutation was given.
type Given = Map<String, Value>;

/// What is written as the author of history entries.
const WHO: &str = "Public API";

/// The order a mutation is about, by its number.
fn order_id(state: &State, data: &Given) -> Result<i64, Refused> {
    let named = customer(state, data)?;
    let id = number("Order", text(data, "order_id")).ok_or_else(|| Refused::missing("Order"))?;
    let order = state.order(id)?;
    if named.is_some_and(|named| named != order.owner) {
        return Err(Refused::missing("Order"));
    }
    Ok(id)
}

/// The account that is named, if one is; refuses one that is not among those this one packs for.
pub(super) fn customer(state: &State, data: &Given) -> Result<Option<i64>, Refused> {
    let named = text(data, "customer_account_id");
    if named.is_empty() {
        return Ok(None);
    }
    let id = named.parse().ok().or_else(|| number("Account", named));
    let known = id.filter(|id| {
        *id == state.options.account_id
            || (state.options.is_3pl && state.options.customer_accounts.contains(id))
    });
    known.map(Some).ok_or_else(|| Refused::missing("Customer account"))
}

/// Refuses what can no longer be changed.
fn still_open(order: &Order) -> Result<(), Refused> {
    if order.is_open() {
        return Ok(());
    }
    Err(Refused::state(format!("Order {} is {} and can not be edited", order.number(), order.status())))
}
