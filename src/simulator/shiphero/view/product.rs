//! A product as the schema's `Product`, and what a warehouse has of it as `WarehouseProduct`.

use serde_json::{Value, json};

use super::super::order::text;
use super::super::state::{State, moment, uuid};
use super::super::stock::Product;
use super::link;

/// The product with everything in it.
pub(in super::super) fn product(state: &State, product: &Product) -> Value {
    let mut shown = product.fields.clone();
    for (name, empty) in [("kit", false), ("kit_build", false), ("virtual", false), ("dropship", false)] {
        shown.entry(name).or_insert_with(|| empty.into());
    }
    for name in ["images", "tags", "vendors", "cases"] {
        shown.entry(name).or_insert_with(|| json!([]));
    }
    let more = json!({
        "id": uuid("Product", product.id),
        "legacy_id": product.id,
        "account_id": uuid("Account", state.options.account_id),
        "created_at": moment(product.created_at),
        "updated_at": moment(product.updated_at),
        "active": true,
        "components": [],
        "kit_components": [],
        "warehouse_products": product
            .stock
            .keys()
            .map(|warehouse| warehouse_product(state, product, *warehouse))
            .collect::<Vec<_>>(),
    });
    shown.extend(more.as_object().cloned().unwrap_or_default());
    Value::Object(shown)
}

/// What one warehouse has of a product.
pub(in super::super) fn warehouse_product(state: &State, product: &Product, warehouse: i64) -> Value {
    let Some(stock) = product.stock.get(&warehouse) else { return Value::Null };
    let sku = text(&product.fields, "sku");
    let mut shown = stock.fields.clone();
    shown.retain(|name, _| name != "warehouse");
    for name in ["price", "value", "value_currency", "customs_value"] {
        let general = product.fields.get(name).cloned().unwrap_or_default();
        shown.entry(name).or_insert(general);
    }
    let in_tote: i64 = state
        .orders
        .values()
        .flat_map(|order| &order.lines)
        .filter(|line| line.sku() == sku)
        .map(super::super::order::Line::in_tote)
        .sum();
    let more = json!({
        "id": uuid("WarehouseProduct", stock.id),
        "legacy_id": stock.id,
        "account_id": uuid("Account", state.options.account_id),
        "sku": sku,
        "warehouse_id": uuid("Warehouse", warehouse),
        "warehouse_identifier": state.warehouse_name(warehouse),
        "on_hand": stock.on_hand,
        "allocated": stock.allocated,
        "available": stock.available(),
        "backorder": backorder(state, sku, warehouse),
        "in_tote": in_tote,
        "non_sellable_quantity": 0,
        "sell_ahead": 0,
        "active": true,
        "created_at": moment(product.created_at),
        "updated_at": moment(stock.updated_at),
        "warehouse": link("warehouse", warehouse),
        "product": link("product", sku),
    });
    shown.extend(more.as_object().cloned().unwrap_or_default());
    Value::Object(shown)
}

/// Units that are owed and not there, counted where orders go unless told otherwise.
pub(in super::super) fn backorder(state: &State, sku: &str, warehouse: i64) -> i64 {
    let first = state.first_warehouse();
    state
        .orders
        .values()
        .filter(|order| order.is_open() && order.warehouse.unwrap_or(first) == warehouse)
        .flat_map(|order| order.lines.iter().map(move |line| (order, line)))
        .filter(|(_, line)| line.sku() == sku)
        .map(|(order, line)| (line.pending - order.allocated(line.id)).max(0))
        .sum()
}
