//! The queries: which objects are meant.

use serde_json::{Value, json};

use super::super::edit;
use super::super::order::{Order, text};
use super::super::refused::Refused;
use super::super::shipment::Shipment;
use super::super::state::{State, moment, number, uuid};
use super::super::view::{self, Eyes};
use super::check::Wanted;

/// What a query's `data` is.
pub(super) fn query(state: &State, eyes: Eyes, wanted: &Wanted) -> Result<Value, Refused> {
    let said = |name: &str| wanted.text(name).filter(|text| !text.is_empty());
    let owner = edit::customer(state, &wanted.args)?;
    Ok(match wanted.field.map_or("", |field| field.name) {
        "account" => view::account(state),
        "me" => view::user(state),
        "uuid" => {
            let id = wanted.args.get("legacy_id").and_then(Value::as_i64).unwrap_or_default();
            json!({ "legacy_id": id, "id": uuid(said("entity").unwrap_or_default(), id) })
        }
        "order" => {
            let id = number("Order", said("id").unwrap_or_default()).unwrap_or_default();
            view::order(state, eyes, state.order(id)?)
        }
        "orders" => {
            let now = state.moment();
            let found = state
                .orders
                .values()
                .filter(|order| owner.is_none_or(|owner| owner == order.owner) && fits(order, wanted, &now));
            found.map(|order| view::order(state, eyes, order)).collect()
        }
        "order_history" => history(state, wanted),
        "product" => {
            let by_id = said("id").and_then(|id| number("Product", id));
            let mut all = state.products.values();
            let found = match said("sku") {
                Some(sku) => state.products.get(sku),
                None => all.find(|product| Some(product.id) == by_id),
            };
            view::product(state, found.ok_or_else(|| Refused::missing("Product"))?)
        }
        "products" => state
            .products
            .values()
            .filter(|product| {
                said("sku").is_none_or(|sku| text(&product.fields, "sku") == sku)
                    && within(wanted, "created_from", "created_to", &moment(product.created_at))
                    && within(wanted, "updated_from", "updated_to", &moment(product.updated_at))
            })
            .map(|product| view::product(state, product))
            .collect(),
        "warehouse_products" => {
            let place = said("warehouse_id").map(|id| state.warehouse(id)).transpose()?;
            let all = state.products.values().flat_map(|product| {
                product.stock.iter().map(move |(warehouse, stock)| (product, *warehouse, stock))
            });
            all.filter(|(product, warehouse, stock)| {
                place.is_none_or(|place| place == *warehouse)
                    && said("sku").is_none_or(|sku| text(&product.fields, "sku") == sku)
                    && within(wanted, "updated_from", "updated_to", &moment(stock.updated_at))
            })
            .map(|(product, warehouse, _)| view::warehouse_product(state, product, warehouse))
            .collect()
        }
        "shipment" => {
            let id = number("Shipment", said("id").unwrap_or_default());
            let found = id.and_then(|id| state.shipments.get(&id));
            view::shipment(state, eyes, found.ok_or_else(|| Refused::missing("Shipment"))?)
        }
        "shipments" => {
            let found = state.shipments.values().filter(|shipment| shipment_fits(state, shipment, wanted));
            found.map(|shipment| view::shipment(state, eyes, shipment)).collect()
        }
        "webhooks" => state.registrations.iter().map(|r| view::webhook(state, r, false)).collect(),
        _ => Value::Null,
    })
}

/// Whether a moment lies between two arguments.
fn within(wanted: &Wanted, from: &str, to: &str, at: &str) -> bool {
    wanted.text(from).is_none_or(|from| at >= from) && wanted.text(to).is_none_or(|to| at <= to)
}

fn fits(order: &Order, wanted: &Wanted, now: &str) -> bool {
    let says = |name: &str, actual: bool| {
        wanted.args.get(name).and_then(Value::as_bool).is_none_or(|asked| asked == actual)
    };
    let is = |name: &str| wanted.text(name).is_none_or(|asked| text(&order.fields, name) == asked);
    let status = wanted.text("fulfillment_status");
    let tagged = |tag: &str| {
        let tags = order.fields.get("tags").and_then(Value::as_array);
        tags.is_some_and(|tags| tags.iter().any(|one| one == tag))
    };
    let at = |name: &str| {
        wanted
            .text(name)
            .is_none_or(|asked| order.allocations.iter().any(|a| uuid("Warehouse", a.warehouse) == asked))
    };
    let owed = order.is_open() && order.lines.iter().any(|line| line.pending > order.allocated(line.id));
    is("shop_name")
        && is("partner_order_id")
        && is("order_number")
        && is("email")
        && is("profile")
        && status.is_none_or(|asked| order.status().eq_ignore_ascii_case(asked))
        && wanted.text("sku").is_none_or(|sku| order.lines.iter().any(|line| line.sku() == sku))
        && wanted.text("tag").is_none_or(tagged)
        && at("warehouse_id")
        && at("allocated_warehouse_id")
        && within(wanted, "updated_from", "updated_to", &moment(order.updated_at))
        && within(wanted, "order_date_from", "order_date_to", text(&order.fields, "order_date"))
        && says("has_hold", order.is_held())
        && says("operator_hold", order.is_held_by("operator_hold"))
        && says("address_hold", order.is_held_by("address_hold"))
        && says("payment_hold", order.is_held_by("payment_hold"))
        && says("fraud_hold", order.is_held_by("fraud_hold"))
        && says("has_backorder", owed)
        && says("ready_to_ship", order.allocations.iter().any(|a| order.ready_to_ship(a, now)))
}

fn shipment_fits(state: &State, shipment: &Shipment, wanted: &Wanted) -> bool {
    let order = state.orders.get(&shipment.order);
    let day = order.map(|order| text(&order.fields, "order_date")).unwrap_or_default();
    let voided = wanted.args.get("voided").and_then(Value::as_bool);
    wanted.text("order_id").is_none_or(|id| uuid("Order", shipment.order) == id)
        && wanted.text("tracking_number").is_none_or(|number| {
            shipment.labels.iter().any(|label| label.tracking_number.as_deref() == Some(number))
        })
        && wanted.text("alternate_tracking_id").is_none()
        && within(wanted, "date_from", "date_to", &moment(shipment.created_at))
        && within(wanted, "order_date_from", "order_date_to", day)
        && voided.is_none_or(|asked| asked == shipment.labels.iter().any(|label| label.is_void))
}

fn history(state: &State, wanted: &Wanted) -> Value {
    let said = |name: &str| wanted.text(name).filter(|text| !text.is_empty());
    state
        .orders
        .values()
        .filter(|order| said("order_id").is_none_or(|id| uuid("Order", order.id) == id))
        .filter(|order| said("order_number").is_none_or(|number| order.number() == number))
        .flat_map(|order| order.notes.iter().map(move |note| (order, note)))
        .filter(|(_, note)| {
            said("username").is_none_or(|name| note.who == name)
                && within(wanted, "date_from", "date_to", &moment(note.at))
        })
        .map(|(order, note)| view::history(state, order, note))
        .collect()
}
