//! What the account holds, as objects of the vendor's schema.
//!
//! An object is written whole; what refers to another object is a link, followed only where a document asks for more
//! of it. Protected parts are null where the token may not see them, as the vendor has it.

mod order;
mod product;
mod shipment;

use serde_json::{Value, json};

use super::state::{State, uuid};
pub(super) use order::{history, order};
pub(super) use product::{backorder, product, warehouse_product};
pub(super) use shipment::{label, shipment};

/// The name under which an object is a link.
const LINK: &str = "$link";

/// Whose eyes see it.
#[derive(Clone, Copy)]
pub(super) struct Eyes {
    /// Whether names and addresses are shown.
    pub(super) see_people: bool,
}

/// A link to an order, product or warehouse.
fn link(kind: &str, key: impl Into<Value>) -> Value {
    json!({ LINK: [kind, key.into()] })
}

/// What a link leads to; anything else is itself.
pub(super) fn follow(state: &State, eyes: Eyes, value: &Value) -> Option<Value> {
    let target = value.get(LINK)?;
    let id = target[1].as_i64().unwrap_or_default();
    let text = target[1].as_str().unwrap_or_default();
    Some(match target[0].as_str().unwrap_or_default() {
        "order" => state.orders.get(&id).map(|found| order(state, eyes, found)).unwrap_or_default(),
        "product" => state.products.get(text).map(|found| product(state, found)).unwrap_or_default(),
        "warehouse" => warehouse(state, id),
        "account" => account(state),
        _ => Value::Null,
    })
}

/// A warehouse.
pub(super) fn warehouse(state: &State, id: i64) -> Value {
    let here = state.products.values().filter(|product| product.stock.contains_key(&id));
    let products: Vec<Value> =
        here.map(|product| link("product", super::order::text(&product.fields, "sku"))).collect();
    json!({
        "id": uuid("Warehouse", id),
        "legacy_id": id,
        "account_id": uuid("Account", state.options.account_id),
        "identifier": state.warehouse_name(id),
        "dynamic_slotting": false,
        "profile": "default",
        "company_name": "Cellar Nine",
        "address": {
            "name": state.warehouse_name(id), "address1": "1 Cask Way", "city": "Napa", "state": "CA",
            "country": "US", "zip": "94558",
        },
        "products": products,
    })
}

/// The account.
pub(super) fn account(state: &State) -> Value {
    let all = &state.options.warehouses;
    json!({
        "id": uuid("Account", state.options.account_id),
        "legacy_id": state.options.account_id,
        "email": state.options.username,
        "username": "cellar-nine",
        "status": "active",
        "dynamic_slotting": false,
        "is_multi_warehouse": all.len() > 1,
        "is_3pl": state.options.is_3pl,
        "cycle_count_enabled": false,
        "ship_backorders": false,
        "warehouses": all.iter().map(|(id, _)| link("warehouse", *id)).collect::<Vec<_>>(),
    })
}

/// Who asks.
pub(super) fn user(state: &State) -> Value {
    json!({
        "id": uuid("User", 1), "legacy_id": 1, "email": state.options.username, "first_name": "Third party",
        "last_name": "Developer", "account": link("account", 0),
    })
}

/// A registration for webhooks; its secret is shown once.
pub(super) fn webhook(state: &State, registration: &super::webhook::Registration, secret: bool) -> Value {
    json!({
        "id": uuid("Webhook", registration.id),
        "legacy_id": registration.id,
        "account_id": uuid("Account", state.options.account_id),
        "shop_name": registration.shop,
        "name": registration.name,
        "url": registration.url,
        "source": "api",
        "shared_signature_secret": secret.then(|| registration.secret.clone()),
    })
}
