//! A shipment as the schema's `Shipment`, with its labels.

use serde_json::{Value, json};

use super::super::shipment::{Label, Shipment, ShippedLine};
use super::super::state::{State, moment, uuid};
use super::{Eyes, link};

/// The shipment with everything in it.
pub(in super::super) fn shipment(state: &State, eyes: Eyes, shipment: &Shipment) -> Value {
    let void = shipment.is_void();
    json!({
        "id": uuid("Shipment", shipment.id),
        "legacy_id": shipment.id,
        "order_id": uuid("Order", shipment.order),
        "user_id": uuid("User", 1),
        "warehouse_id": uuid("Warehouse", shipment.warehouse),
        "address": eyes.see_people.then(|| shipment.address.clone()),
        "profile": shipment.profile,
        "picked_up": shipment.all(|way| way.picked_up),
        "needs_refund": false,
        "refunded": void,
        "delivered": shipment.all(|way| way.delivered),
        "dropshipment": false,
        "shipped_off_shiphero": shipment.shipped_off_shiphero,
        "completed": shipment.completed,
        "created_date": moment(shipment.created_at),
        "line_items": shipment.lines.iter().map(|shipped| line(state, shipment, shipped)).collect::<Vec<_>>(),
        "shipping_labels": shipment
            .labels
            .iter()
            .map(|one| label(state, eyes, shipment, one))
            .collect::<Vec<_>>(),
        "warehouse": link("warehouse", shipment.warehouse),
        "order": link("order", shipment.order),
        "total_packages": shipment.labels.len(),
    })
}

fn line(state: &State, shipment: &Shipment, shipped: &ShippedLine) -> Value {
    let order = state.orders.get(&shipment.order);
    json!({
        "id": uuid("ShippedLineItem", shipped.id),
        "legacy_id": shipped.id,
        "line_item_id": uuid("LineItem", shipped.line),
        "shipment_id": uuid("Shipment", shipment.id),
        "shipping_label_id": shipped.label.map(|label| uuid("ShippingLabel", label)),
        "quantity": shipped.quantity,
        "line_item": order.and_then(|order| order.line(shipped.line)).map(|line| json!({
            "id": uuid("LineItem", line.id),
            "legacy_id": line.id,
            "sku": line.sku(),
            "partner_line_item_id": line.fields.get("partner_line_item_id"),
            "product_name": line.fields.get("product_name"),
            "price": line.fields.get("price"),
            "quantity": line.quantity,
            "quantity_pending_fulfillment": line.pending,
            "quantity_shipped": line.shipped,
            "order_id": uuid("Order", shipment.order),
            "product": state.products.contains_key(line.sku()).then(|| link("product", line.sku())),
        })),
    })
}

/// A label.
pub(in super::super) fn label(state: &State, eyes: Eyes, shipment: &Shipment, label: &Label) -> Value {
    let at = shipment.labels.iter().position(|one| one.id == label.id).unwrap_or_default();
    let order = state.orders.get(&shipment.order);
    let lines = shipment.lines.iter().filter(|line| line.label == Some(label.id));
    json!({
        "id": uuid("ShippingLabel", label.id),
        "legacy_id": label.id,
        "account_id": uuid("Account", state.options.account_id),
        "shipment_id": uuid("Shipment", shipment.id),
        "order_id": uuid("Order", shipment.order),
        "box_name": "Box",
        "status": if label.is_void { "void" } else { "valid" },
        "tracking_number": label.tracking_number,
        "order_number": order.map(super::super::order::Order::number),
        "order_account_id": order.map(|order| uuid("Account", order.owner)),
        "carrier": label.carrier,
        "shipping_name": label.name,
        "shipping_method": label.method,
        "cost": label.cost,
        "delivered": label.way.delivered,
        "picked_up": label.way.picked_up,
        "tracking_status": label.way.tracking_status,
        "refunded": label.is_void,
        "needs_refund": false,
        "profile": shipment.profile,
        "warehouse": state.warehouse_name(shipment.warehouse),
        "warehouse_id": uuid("Warehouse", shipment.warehouse),
        "source": "api",
        "created_date": moment(label.created_at),
        "tracking_url": label.tracking_url,
        "dimensions": label.dimensions,
        "label": label.resource,
        "address": eyes.see_people.then(|| shipment.address.clone()),
        "order": link("order", shipment.order),
        "shipment_line_items": lines.map(|shipped| line(state, shipment, shipped)).collect::<Vec<_>>(),
        "package_number": at + 1,
        "in_shipping_container": false,
    })
}
