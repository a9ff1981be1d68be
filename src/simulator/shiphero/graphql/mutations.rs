//! The mutations: which edit is meant, and under which name its result goes out.

use serde_json::{Map, Value};

use super::super::edit;
use super::super::refused::Refused;
use super::super::state::{By, State};
use super::super::view::{self, Eyes};
use super::check::Wanted;

/// Does what is asked; the name and the value of what it gives back besides `request_id` and `complexity`.
pub(super) fn mutate(
    state: &mut State,
    eyes: Eyes,
    wanted: &Wanted,
) -> Result<(&'static str, Value), Refused> {
    let empty = Map::new();
    let data = wanted.args.get("data").and_then(Value::as_object).unwrap_or(&empty);
    let name = wanted.field.map_or("", |field| field.name);
    match name {
        "product_create" | "product_update" => {
            let sku = if name == "product_create" {
                edit::add_product(state, data)?
            } else {
                edit::update_product(state, data)?
            };
            let product = state.products.get(&sku).map(|product| view::product(state, product));
            Ok(("product", product.unwrap_or_default()))
        }
        "inventory_add" | "inventory_remove" | "inventory_subtract" | "inventory_replace" => {
            let (sku, warehouse) = edit::change_stock(state, data, |before, count| match name {
                "inventory_add" => before.saturating_add(count),
                "inventory_replace" => count,
                _ => before.saturating_sub(count),
            })?;
            let product = state.products.get(&sku);
            let shown = product.map(|product| view::warehouse_product(state, product, warehouse));
            Ok(("warehouse_product", shown.unwrap_or_default()))
        }
        "shipment_create" => {
            let id = edit::create_shipment(state, data)?;
            let shipment = state.shipments.get(&id).map(|shipment| view::shipment(state, eyes, shipment));
            Ok(("shipment", shipment.unwrap_or_default()))
        }
        "shipment_create_shipping_label" => {
            let (shipment, label) = edit::add_label(state, data)?;
            let shipment = state.shipments.get(&shipment);
            let label = shipment.and_then(|shipment| {
                let label = shipment.labels.iter().find(|one| one.id == label)?;
                Some(view::label(state, eyes, shipment, label))
            });
            Ok(("shipping_label", label.unwrap_or_default()))
        }
        "webhook_create" => {
            let registration = edit::create_webhook(state, data)?;
            Ok(("webhook", view::webhook(state, &registration, true)))
        }
        "webhook_delete" => edit::delete_webhook(state, data).map(|()| ("", Value::Null)),
        _ => {
            let id = on_order(state, name, data)?;
            Ok(("order", view::order(state, eyes, state.order(id)?)))
        }
    }
}

fn on_order(state: &mut State, name: &str, data: &Map<String, Value>) -> Result<i64, Refused> {
    match name {
        "order_create" => edit::create(state, data, By::Api),
        "order_update" => edit::update(state, data, By::Api),
        "order_cancel" => edit::cancel(state, data, By::Api),
        "order_update_holds" => edit::update_holds(state, data, By::Api),
        "order_add_line_items" => edit::add_lines(state, data, By::Api),
        "order_update_line_items" => edit::update_lines(state, data, By::Api),
        "order_remove_line_items" => edit::remove_lines(state, data, By::Api),
        "order_update_fulfillment_status" => edit::set_fulfillment_status(state, data),
        "order_update_tags" => edit::update_tags(state, data),
        "order_add_tags" => edit::add_tags(state, data),
        "order_clear_tags" => edit::clear_tags(state, data),
        "order_add_history_entry" => edit::add_history_entry(state, data),
        "order_change_warehouse" => edit::change_warehouse(state, data),
        other => Err(Refused::invalid(format!("{other} is not played"))),
    }
}
