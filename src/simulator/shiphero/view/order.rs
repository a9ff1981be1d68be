//! An order as the schema's `Order`.

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::super::order::{HOLDS, Line, METHOD_HOLD, Note, Order, text};
use super::super::state::{State, moment, number, uuid};
use super::{Eyes, link};

/// What is a person's own.
const PEOPLE: [&str; 4] = ["shipping_address", "billing_address", "email", "gift_note"];

/// The order with everything in it.
pub(in super::super) fn order(state: &State, eyes: Eyes, order: &Order) -> Value {
    let mut shown = order.fields.clone();
    if !eyes.see_people {
        for name in PEOPLE {
            shown.insert(name.to_owned(), Value::Null);
        }
    }
    // Written as it came, a number or a text; given back as a text.
    if let Some(amount) = order.fields.get("insurance_amount").filter(|amount| amount.is_number()) {
        shown.insert("insurance_amount".to_owned(), amount.to_string().into());
    }
    let lines: Vec<Value> = order.lines.iter().map(|l| line(state, order, l)).collect();
    let (subtotal, total) = sums(order);
    let shipments: Vec<Value> = state
        .shipments
        .values()
        .filter(|shipment| shipment.order == order.id)
        .map(|shipment| super::shipment(state, eyes, shipment))
        .collect();
    let holds: Map<String, Value> = HOLDS
        .into_iter()
        .chain([METHOD_HOLD])
        .map(|hold| (hold.to_owned(), order.is_held_by(hold).into()))
        .collect();
    let now = state.moment();
    let ready = order.allocations.iter().any(|a| order.ready_to_ship(a, &now));
    let more = json!({
        "id": uuid("Order", order.id),
        "legacy_id": order.id,
        "account_id": uuid("Account", order.owner),
        "updated_at": moment(order.updated_at),
        "subtotal": subtotal.to_string(),
        "total_price": total.to_string(),
        "ready_to_ship": ready,
        "source": "api",
        "line_items": lines,
        "authorizations": [],
        "holds": holds,
        "shipments": shipments,
        "allocations": allocations(order, &now),
        "order_history": order.notes.iter().map(|note| history(state, order, note)).collect::<Vec<_>>(),
        "merged_orders": order
            .merged
            .iter()
            .map(|(id, master)| json!({ "order_id": uuid("Order", *id), "is_master": master }))
            .collect::<Vec<_>>(),
    });
    shown.extend(more.as_object().cloned().unwrap_or_default());
    Value::Object(shown)
}

fn line(state: &State, order: &Order, line: &Line) -> Value {
    let mut shown = line.fields.clone();
    let allocated = order.allocated(line.id);
    let warehouse = order.allocations.iter().find(|a| a.units.contains_key(&line.id)).map(|a| a.warehouse);
    let locked = number("Warehouse", text(&line.fields, "warehouse_id"));
    let product = state.products.get(line.sku());
    let picks: Vec<Value> = line
        .picks
        .iter()
        .map(|pick| {
            json!({
                "id": uuid("TotePick", pick.id),
                "legacy_id": pick.id,
                "sku": line.sku(),
                "created_at": moment(pick.at),
                "updated_at": moment(pick.at),
                "tote_id": uuid("Tote", pick.tote),
                "current": u8::from(pick.current),
                "picked_quantity": pick.quantity,
                "quantity": pick.quantity,
                "inventory_bin": "A-01",
                "deducted": false,
            })
        })
        .collect();
    let price: Decimal = text(&line.fields, "price").parse().unwrap_or_default();
    let more = json!({
        "id": uuid("LineItem", line.id),
        "legacy_id": line.id,
        "product_id": product.map(|product| uuid("Product", product.id)),
        "quantity": line.quantity,
        "quantity_pending_fulfillment": line.pending,
        "quantity_shipped": line.shipped,
        "quantity_allocated": allocated,
        "backorder_quantity": if order.is_open() { (line.pending - allocated).max(0) } else { 0 },
        "warehouse": warehouse.map(|id| state.warehouse_name(id)),
        "warehouse_id": warehouse.or(locked).map(|id| uuid("Warehouse", id)),
        "locked_to_warehouse_id": locked.map(|id| uuid("Warehouse", id)),
        "subtotal": (price * Decimal::from(line.quantity)).to_string(),
        "created_at": moment(line.created_at),
        "updated_at": moment(line.updated_at),
        "order_id": uuid("Order", order.id),
        "shipped_line_item_lots": [],
        "serial_numbers": [],
        "product": product.map(|_| link("product", line.sku())),
        "tote_picks": picks,
    });
    shown.extend(more.as_object().cloned().unwrap_or_default());
    Value::Object(shown)
}

fn allocations(order: &Order, now: &str) -> Vec<Value> {
    let one = |allocation: &super::super::order::Allocation| {
        let warehouse = uuid("Warehouse", allocation.warehouse);
        let at = moment(allocation.at);
        let lines: Vec<Value> = allocation
            .units
            .iter()
            .map(|(line, count)| {
                json!({
                    "order_id": uuid("Order", order.id),
                    "warehouse_id": warehouse,
                    "allocated_at": at,
                    "line_item_id": uuid("LineItem", *line),
                    "sku": order.line(*line).map(Line::sku),
                    "quantity_allocated": count,
                    "is_kit_component": false,
                    "allocation_reference": allocation.reference,
                })
            })
            .collect();
        json!({
            "order_id": uuid("Order", order.id),
            "warehouse_id": warehouse,
            "allocated_at": at,
            "allocation_reference": allocation.reference,
            "ready_to_ship": order.ready_to_ship(allocation, now),
            "line_items": lines,
            "is_locked": order.is_locked,
        })
    };
    order.allocations.iter().map(one).collect()
}

/// An entry of an order's history.
pub(in super::super) fn history(state: &State, order: &Order, note: &Note) -> Value {
    json!({
        "id": uuid("OrderHistory", note.id),
        "legacy_id": note.id,
        "order_id": uuid("Order", order.id),
        "user_id": uuid("User", 1),
        "account_id": uuid("Account", state.options.account_id),
        "username": note.who,
        "order_number": order.number(),
        "information": note.what,
        "created_at": moment(note.at),
        "order": link("order", order.id),
    })
}

/// What the lines and the whole cost; the vendor works both out itself.
fn sums(order: &Order) -> (Decimal, Decimal) {
    let amount = |value: Option<&Value>| -> Decimal {
        value.and_then(Value::as_str).and_then(|text| text.parse().ok()).unwrap_or_default()
    };
    let subtotal: Decimal =
        order.lines.iter().map(|line| amount(line.fields.get("price")) * Decimal::from(line.quantity)).sum();
    let shipping = order.fields.get("shipping_lines").map(|lines| amount(lines.get("price")));
    let total = subtotal + amount(order.fields.get("total_tax")) + shipping.unwrap_or_default()
        - amount(order.fields.get("total_discounts"));
    (subtotal, total)
}
