//! Products and stock through the API.

use serde_json::{Map, Value};

use super::super::order::text;
use super::super::refused::Refused;
use super::super::state::{State, copy};
use super::{Given, customer};

/// What `product_update` changes; the value for the customs is not among it, and lies with the warehouse's product.
const CHANGED: &[&str] = &[
    "name",
    "dimensions",
    "tariff_code",
    "product_note",
    "country_of_manufacture",
    "needs_serial_number",
    "dropship",
    "barcode",
    "customs_description",
    "ignore_on_customs",
    "ignore_on_invoice",
    "tags",
    "vendors",
    "final_sale",
    "virtual",
    "needs_lot_tracking",
    "images",
    "packer_note",
    "cases",
];

/// Adds a product; returns its SKU.
pub(in super::super) fn add_product(state: &mut State, data: &Given) -> Result<String, Refused> {
    customer(state, data)?;
    let sku = text(data, "sku").to_owned();
    if state.products.contains_key(&sku) {
        return Err(Refused::exists("Product"));
    }
    let mut places = Vec::new();
    for given in data.get("warehouse_products").and_then(Value::as_array).into_iter().flatten() {
        let given = given.as_object().cloned().unwrap_or_default();
        places.push((state.warehouse(text(&given, "warehouse_id"))?, given));
    }
    let mut fields = data.clone();
    fields.retain(|name, _| name != "warehouse_products" && name != "customer_account_id");
    state.add_product(&sku, fields);
    for (warehouse, given) in places {
        let on_hand = given.get("on_hand").and_then(Value::as_i64).unwrap_or_default();
        if let Some(stock) = state.stock_mut(&sku, warehouse) {
            stock.fields = given;
        }
        state.move_stock(&sku, warehouse, |_| on_hand);
    }
    state.allocate_waiting(&sku);
    Ok(sku)
}

/// Changes a product; returns its SKU.
pub(in super::super) fn update_product(state: &mut State, data: &Given) -> Result<String, Refused> {
    customer(state, data)?;
    let sku = text(data, "sku").to_owned();
    let now = state.now;
    let product = state.products.get_mut(&sku).ok_or_else(|| Refused::missing("Product"))?;
    let mut fields: Map<String, Value> = std::mem::take(&mut product.fields);
    copy(data, &mut fields, CHANGED);
    product.fields = fields;
    product.updated_at = now;
    Ok(sku)
}

/// Adds to, takes from, or sets what is on hand; returns SKU and warehouse.
pub(in super::super) fn change_stock(
    state: &mut State,
    data: &Given,
    change: impl FnOnce(i64, i64) -> i64,
) -> Result<(String, i64), Refused> {
    customer(state, data)?;
    let sku = text(data, "sku").to_owned();
    let warehouse = state.warehouse(text(data, "warehouse_id"))?;
    let before = state.products.get(&sku).ok_or_else(|| Refused::missing("Product"))?.stock.get(&warehouse);
    let quantity = data.get("quantity").and_then(Value::as_i64).unwrap_or_default();
    let after = change(before.map_or(0, |stock| stock.on_hand), quantity);
    if quantity < 0 || after < 0 {
        return Err(Refused::invalid("Quantity can not be negative"));
    }
    state.move_stock(&sku, warehouse, |_| after);
    state.allocate_waiting(&sku);
    Ok((sku, warehouse))
}
