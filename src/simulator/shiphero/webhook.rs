//! Webhooks: who registered for which, what their bodies say, and what ShipHero's sender does in its own way.
//!
//! Bodies are written after the vendor's published samples; of `packages[]` only some keys are sure. A webhook has no
//! topic header, the body names its type. Five retries are published, the waits between them are not: ours double
//! from a minute.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use super::order::{Allocation, Order, text};
use super::shipment::{Label, Shipment, ShippedLine};
use super::state::{State, uuid};
use crate::simulator::webhook::{self, Outcome, Parcel, Vendor, signature};
pub use webhook::{Attempt, Delivery, Knobs};

/// The types that can be registered for.
pub const TYPES: &[&str] = &[
    "Inventory Update",
    "Inventory Change",
    "Shipment Update",
    "Automation Rules",
    "Order Canceled",
    "Capture Payment",
    "PO Update",
    "Return Update",
    "Tote Complete",
    "Tote Cleared",
    "Order Packed Out",
    "Package Added",
    "Print Barcode",
    "Order Allocated",
    "Order Deallocated",
    "Shipment ASN",
    "Generate Label",
];

/// How often a delivery is tried again.
const RETRIES: u32 = 5;
/// The wait before the first retry; each next one is twice as long.
const FIRST_RETRY: Duration = Duration::from_mins(1);

/// A webhook somebody registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Registration {
    pub(super) id: i64,
    pub(super) name: String,
    /// The shop it is about; all if empty.
    pub(super) shop: String,
    pub(super) url: String,
    pub(super) secret: String,
}

/// A webhook's body before it is known who wants it.
pub(super) struct Event {
    pub(super) topic: &'static str,
    pub(super) order_id: i64,
    pub(super) shop: String,
    pub(super) body: Value,
}

/// The queue of an account's webhooks.
pub(super) type Outbox = webhook::Outbox<Secrets>;

/// What bodies are signed with, by registration. A secret stays known, since a delivery may outlive its registration.
#[derive(Default)]
pub(super) struct Secrets(Mutex<BTreeMap<i64, String>>);

impl Secrets {
    pub(super) fn add(&self, id: i64, secret: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id, secret);
    }

    /// The headers of one body.
    pub(super) fn sign(&self, registration: i64, message: &str, body: &[u8]) -> Vec<(&'static str, String)> {
        let secrets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let secret = secrets.get(&registration).map(String::as_str).unwrap_or_default();
        vec![
            ("x-shiphero-hmac-sha256", signature(secret, body)),
            ("X-Shiphero-Message-ID", message.to_owned()),
        ]
    }
}

impl Vendor for Secrets {
    fn headers(&self, parcel: &Parcel) -> Vec<(&'static str, String)> {
        self.sign(parcel.webhook.subscription, &parcel.webhook_id, &parcel.webhook.body)
    }

    fn wait_after(&self, tries: u32) -> Option<Duration> {
        (tries <= RETRIES).then(|| FIRST_RETRY.saturating_mul(1 << (tries - 1)))
    }

    fn judge(&self, status: u16, body: &[u8]) -> Outcome {
        if status == 200 && !says_otherwise(body) {
            Outcome::Status(200)
        } else if (200..300).contains(&status) {
            Outcome::Error(format!("HTTP {status}, but not the answer that was asked for"))
        } else {
            Outcome::Status(status)
        }
    }
}

/// Whether a body names a code other than 200, as text or number. One without a code goes by the HTTP status alone.
pub(super) fn says_otherwise(body: &[u8]) -> bool {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    match &body["code"] {
        Value::Null => false,
        Value::String(code) => code != "200",
        code => code != &json!(200),
    }
}

pub(super) fn outbox(options: &super::Options) -> Outbox {
    Outbox::new(
        Secrets::default(),
        &webhook::Setup {
            user_agent: "ShipHero Webhooks",
            connect_deadline: Duration::from_secs(2),
            deadline: Duration::from_secs(10),
            concurrency: options.concurrency,
            history: options.history,
            seed: options.seed,
        },
    )
}

/// Addresses an event to everybody who registered for it.
pub(super) fn address(registrations: &[Registration], event: &Event) -> Vec<webhook::Outgoing> {
    let body = Bytes::from(event.body.to_string());
    registrations
        .iter()
        .filter(|r| r.name == event.topic && (r.shop.is_empty() || r.shop == event.shop))
        .map(|registration| webhook::Outgoing {
            topic: event.topic.to_owned(),
            order_id: event.order_id,
            subscription: registration.id,
            url: registration.url.clone(),
            body: body.clone(),
        })
        .collect()
}

/// A moment as webhooks spell it.
fn moment(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

fn event(topic: &'static str, order: &Order, body: Value) -> Event {
    Event { topic, order_id: order.id, shop: text(&order.fields, "shop_name").to_owned(), body }
}

fn numbers(state: &State, order: &Order, warehouse: i64) -> Value {
    json!({
        "account_id": state.options.account_id,
        "account_uuid": uuid("Account", state.options.account_id),
        "warehouse_id": warehouse,
        "warehouse_uuid": uuid("Warehouse", warehouse),
        "order_number": order.number(),
        "order_id": order.id,
        "order_uuid": uuid("Order", order.id),
        "partner_order_id": text(&order.fields, "partner_order_id"),
    })
}

fn allocation(state: &State, order: &Order, allocation: &Allocation, topic: &'static str) -> Value {
    let mut body = numbers(state, order, allocation.warehouse);
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
pub(super) fn allocated(state: &State, order: &Order, given: &Allocation) -> Event {
    const TOPIC: &str = "Order Allocated";
    let mut body = allocation(state, order, given, TOPIC);
    body["allocated_at"] = moment(given.at).into();
    body["ready_to_ship"] = u8::from(order.ready_to_ship(given, &state.moment())).into();
    event(TOPIC, order, body)
}

/// Stock was put back.
pub(super) fn deallocated(state: &State, order: &Order, taken: &Allocation) -> Event {
    const TOPIC: &str = "Order Deallocated";
    let mut body = allocation(state, order, taken, TOPIC);
    body["deallocated_at"] = moment(state.now).into();
    event(TOPIC, order, body)
}

/// The order was cancelled. The hyphen is the vendor's.
pub(super) fn cancelled(order: &Order) -> Event {
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
pub(super) fn packed_out(order: &Order, tote: i64) -> Event {
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

/// How many are on hand changed; numbers are texts here.
pub(super) fn inventory(state: &State, sku: &str, warehouse: i64) -> Option<Event> {
    const TOPIC: &str = "Inventory Update";
    let stock = state.products.get(sku)?.stock.get(&warehouse)?;
    let all: i64 = state.products.get(sku)?.stock.values().map(super::stock::Stock::available).sum();
    let owed = super::view::backorder(state, sku, warehouse);
    let body = json!({
        "account_id": state.options.account_id,
        "account_uuid": uuid("Account", state.options.account_id),
        "webhook_type": TOPIC,
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
    Some(Event { topic: TOPIC, order_id: 0, shop: String::new(), body })
}

/// May it be shipped? Asked each time a packer presses Print Label.
pub(super) fn capture(state: &State, order: &Order, units: &BTreeMap<i64, i64>) -> Event {
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
        "account_id": state.options.account_id,
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
        "sku": line.map(super::order::Line::sku),
        "serial_numbers": [],
        "customs_description": "",
        "package": package,
        "lot_id": null,
        "lot_name": null,
        "lot_expiration": null,
    })
}

/// Something left the house. What `packages` says is right; the fields outside it are of the first parcel.
pub(super) fn shipped(state: &State, order: &Order, shipment: &Shipment) -> Event {
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
