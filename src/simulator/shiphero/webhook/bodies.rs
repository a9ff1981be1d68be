//! What the bodies say, after the vendor's published samples; of `packages[]` only some keys are sure.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::order::{Allocation, Line, Order, text};
use super::super::shipment::{Label, Shipment, ShippedLine};
use super::super::state::{State, uuid};
use super::super::stock::Stock;
use super::super::view;
use super::{Event, INVENTORY};

/// A moment as webhooks spell it.
fn moment(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

fn event(topic: &'static str, order: &Order, body: Value) -> Event {
    Event { topic, order_id: order.id, shop: text(&order.fields, "shop_name").to_owned(), body }
}

fn numbers(order: &Order, warehouse: i64) -> Value {
    json!({
        "account_id": order.owner,
        "account_uuid": uuid("Account", order.owner),
        "warehouse_id": warehouse,
        "warehouse_uuid": uuid("Warehouse", warehouse),
        "order_number": order.number(),
        "order_id": order.id,
        "order_uuid": uuid("Order", order.id),
        "partner_order_id": text(&order.fields, "partner_order_id"),
    })
}

fn allocation(order: &Order, allocation: &Allocation, topic: &'static str) -> Value {
    let mut body = numbers(order, allocation.warehouse);
    body["webhook_type"] = topic.into();
    body["allocation_reference"] = allocation.reference.clone().into();
    body["line_items"] = allocation
        .units
        .iter()
        .filter_map(|(id, count)| {
            let line = order.line(*id)?;
            Some(json!({
                "id": line.id,
                "item_uuid": uuid("LineItem", line.id),
                "partner_line_item_id": line.fields.get("partner_line_item_id"),
                "quantity": count,
                "sku": line.sku(),
                "is_kit_component": false,
                "created_at": moment(line.created_at),
            }))
        })
        .collect();
    body
}

/// Stock was set aside.
pub(in super::super) fn allocated(state: &State, order: &Order, given: &Allocation) -> Event {
    const TOPIC: &str = "Order Allocated";
    let mut body = allocation(order, given, TOPIC);
    body["allocated_at"] = moment(given.at).into();
    body["ready_to_ship"] = u8::from(order.ready_to_ship(given, &state.moment())).into();
    event(TOPIC, order, body)
}

/// Stock was put back.
pub(in super::super) fn deallocated(state: &State, order: &Order, taken: &Allocation) -> Event {
    const TOPIC: &str = "Order Deallocated";
    let mut body = allocation(order, taken, TOPIC);
    body["deallocated_at"] = moment(state.now).into();
    event(TOPIC, order, body)
}

/// The order was cancelled. The hyphen is the vendor's.
pub(in super::super) fn cancelled(order: &Order) -> Event {
    const TOPIC: &str = "Order Canceled";
    let body = json!({
        "webhook_type": TOPIC,
        "order_number": order.number(),
        "partner_order_id": text(&order.fields, "partner_order_id"),
        "fulfillment-status": "canceled",
        "order_id": order.id,
        "order_uuid": uuid("Order", order.id),
        "shop_name": text(&order.fields, "shop_name"),
        "shop_order_number": order.number(),
    });
    event(TOPIC, order, body)
}

/// The order was packed from a tote.
pub(in super::super) fn packed_out(order: &Order, tote: i64) -> Event {
    const TOPIC: &str = "Order Packed Out";
    let items: Vec<Value> = order
        .lines
        .iter()
        .flat_map(|line| line.picks.iter().filter(|pick| pick.current).map(move |pick| (line, pick)))
        .map(|(line, pick)| {
            json!({
                "order_id": order.id,
                "order_uuid": uuid("Order", order.id),
                "line_item_id": line.id,
                "pick_id": pick.id,
                "sku": line.sku(),
            })
        })
        .collect();
    let body = json!({
        "webhook_type": TOPIC,
        "tote_id": tote,
        "tote_uuid": uuid("Tote", tote),
        "tote_name": format!("Tote {tote}"),
        "order_id": order.id,
        "order_uuid": uuid("Order", order.id),
        "items": items,
    });
    event(TOPIC, order, body)
}

/// A tote is full: everything it was sent for is in it. Orders are named by their numbers only.
pub(in super::super) fn tote_complete(order: &Order, tote: i64) -> Event {
    const TOPIC: &str = "Tote Complete";
    let picked = |line: &Line| -> i64 {
        line.picks.iter().filter(|pick| pick.current && pick.tote == tote).map(|pick| pick.quantity).sum()
    };
    let items: Vec<Value> = order
        .lines
        .iter()
        .filter(|line| picked(line) > 0)
        .map(|line| json!({ "quantity": picked(line), "sku": line.sku() }))
        .collect();
    let body = json!({
        "webhook_type": TOPIC,
        "totes": [{
            "tote_name": format!("Tote {tote}"),
            "tote_uuid": uuid("Tote", tote),
            "tote_barcode": format!("T{tote}"),
            "orders": [{
                "order_number": order.number(), "gift_note": text(&order.fields, "gift_note"), "items": items,
            }],
        }],
    });
    event(TOPIC, order, body)
}

/// A parcel was put into a container for the carrier. Its type stands inside `fulfillment` only.
pub(in super::super) fn package_added(
    state: &State,
    order: &Order,
    shipment: &Shipment,
    label: &Label,
) -> Event {
    const TOPIC: &str = "Package Added";
    let body = json!({
        "test": "0",
        "fulfillment": {
            "webhook_type": TOPIC,
            "shipment_id": shipment.id,
            "shipment_uuid": uuid("Shipment", shipment.id),
            "partner_order_id": text(&order.fields, "partner_order_id"),
            "order_number": order.number(),
            "warehouse": state.warehouse_name(shipment.warehouse),
            "warehouse_id": shipment.warehouse,
            "warehouse_uuid": uuid("Warehouse", shipment.warehouse),
            "shipping_label_id": label.id,
            "shipping_label_uuid": uuid("ShippingLabel", label.id),
            "package_added_at": moment(state.now),
        },
    });
    event(TOPIC, order, body)
}

/// How many are on hand changed; numbers are texts here.
pub(in super::super) fn inventory(state: &State, sku: &str, warehouse: i64) -> Option<Event> {
    let stock = state.products.get(sku)?.stock.get(&warehouse)?;
    let all: i64 = state.products.get(sku)?.stock.values().map(Stock::available).sum();
    let owed = view::backorder(state, sku, warehouse);
    let body = json!({
        "account_id": state.options.account_id,
        "account_uuid": uuid("Account", state.options.account_id),
        "webhook_type": INVENTORY,
        "inventory": [{
            "sku": sku,
            "inventory": all.to_string(),
            "backorder_quantity": owed.to_string(),
            "on_hand": stock.on_hand.to_string(),
            "virtual": false,
            "updated_warehouse": {
                "warehouse_id": warehouse,
                "warehouse_uuid": uuid("Warehouse", warehouse),
                "identifier": state.warehouse_name(warehouse),
                "inventory": stock.available().to_string(),
                "backorder_quantity": owed.to_string(),
                "on_hand": stock.on_hand.to_string(),
            },
        }],
    });
    Some(Event { topic: INVENTORY, order_id: 0, shop: String::new(), body })
}

/// May it be shipped? Asked each time a packer presses Print Label.
pub(in super::super) fn capture(order: &Order, units: &BTreeMap<i64, i64>) -> Event {
    const TOPIC: &str = "Capture Payment";
    let lines: Vec<Value> = units
        .iter()
        .filter_map(|(id, count)| {
            let line = order.line(*id)?;
            let partner = line.fields.get("partner_line_item_id");
            Some(json!({ "id": partner, "sku": line.sku(), "shiphero_id": line.id, "quantity": count }))
        })
        .collect();
    let body = json!({
        "webhook_type": TOPIC,
        "order_number": order.number(),
        "partner_order_number": order.number(),
        "partner_order_id": text(&order.fields, "partner_order_id"),
        "account_id": order.owner,
        "shop_name": text(&order.fields, "shop_name"),
        "order_id": order.id,
        "allocation_reference": order.allocations.first().map(|a| a.reference.clone()),
        "line_items": lines,
    });
    event(TOPIC, order, body)
}

fn shipped_line(order: &Order, shipped: &ShippedLine, package: &str) -> Value {
    let line = order.line(shipped.line);
    json!({
        "id": line.and_then(|line| line.fields.get("partner_line_item_id")),
        "shiphero_id": shipped.line,
        "quantity": shipped.quantity,
        "sku": line.map(Line::sku),
        "serial_numbers": [],
        "customs_description": "",
        "package": package,
        "lot_id": null,
        "lot_name": null,
        "lot_expiration": null,
    })
}

/// Something left the house. What `packages` says is right; the fields outside it are of the first parcel.
pub(in super::super) fn shipped(state: &State, order: &Order, shipment: &Shipment) -> Event {
    const TOPIC: &str = "Shipment Update";
    let labels: Vec<&Label> = shipment.labels.iter().filter(|label| !label.is_void).collect();
    let package = |label: Option<i64>| {
        let at = labels.iter().position(|l| Some(l.id) == label).unwrap_or_default();
        format!("Package #{}", at + 1)
    };
    let lines: Vec<Value> =
        shipment.lines.iter().map(|l| shipped_line(order, l, &package(l.label))).collect();
    let packages: Vec<Value> = labels
        .iter()
        .map(|label| {
            let name = package(Some(label.id));
            let inside: Vec<Value> = shipment
                .lines
                .iter()
                .filter(|line| line.label == Some(label.id))
                .map(|line| shipped_line(order, line, &name))
                .collect();
            json!({
                "name": name,
                "tracking_number": label.tracking_number,
                "shipping_carrier": label.carrier,
                "shipping_method": label.method,
                "line_items": inside,
                "shipping_label": {
                    "tracking_url": label.tracking_url, "tracking_number": label.tracking_number,
                },
            })
        })
        .collect();
    let first = labels.first();
    let to = &shipment.address;
    let part = |name: &str| to[name].as_str().unwrap_or_default().to_owned();
    let body = json!({
        "test": "0",
        "webhook_type": TOPIC,
        "fulfillment": {
            "shipment_id": shipment.id,
            "shipment_uuid": uuid("Shipment", shipment.id),
            "warehouse": state.warehouse_name(shipment.warehouse),
            "warehouse_id": shipment.warehouse,
            "warehouse_uuid": uuid("Warehouse", shipment.warehouse),
            "webhook_type": TOPIC,
            "partner_order_id": text(&order.fields, "partner_order_id"),
            "order_number": order.number(),
            "order_uuid": uuid("Order", order.id),
            "tracking_number": first.and_then(|label| label.tracking_number.clone()),
            "line_items": lines,
            "custom_tracking_url": "",
            "package_number": 1,
            "total_packages": labels.len().max(1),
            "shipping_method": first.map(|label| label.method.clone()),
            "shipping_carrier": first.map(|label| label.carrier.clone()),
            "shipping_address": {
                "name": part("name"), "address1": part("address1"), "address2": part("address2"),
                "address_city": part("city"), "address_zip": part("zip"), "address_state": part("state"),
                "address_country": part("country"),
            },
            "package": { "length": 1, "width": 1, "height": 1, "weight": 33 },
            "completed": shipment.completed,
            "created_at": moment(shipment.created_at),
            "order_gift_note": text(&order.fields, "gift_note"),
        },
        "total_packages": labels.len().max(1),
        "packages": packages,
    });
    event(TOPIC, order, body)
}
