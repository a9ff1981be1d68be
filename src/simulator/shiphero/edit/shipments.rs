//! Shipments made through the API: what another house has packed is written down here.
//!
//! As published, this takes nothing from stock and does not make an order fulfilled; those are calls of their own. The
//! units count as shipped, and the Shipment Update is sent.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::order::{Order, text};
use super::super::refused::Refused;
use super::super::shipment::{Label, Shipment, ShippedLine, Way};
use super::super::state::{By, State, number};
use super::super::webhook;
use super::{Given, WHO, order_id};

/// Writes a shipment down; returns its number.
pub(in super::super) fn create_shipment(state: &mut State, data: &Given) -> Result<i64, Refused> {
    if state.options.is_3pl && !text(data, "customer_account_id").is_empty() {
        return Err(Refused::not_allowed("Shipments are created by the 3PL, without customer_account_id"));
    }
    let id = order_id(state, data)?;
    let warehouse = state.warehouse(text(data, "warehouse_id"))?;
    state.change(id, By::Api, "shipment_create", |state, order| {
        if order.is_cancelled() {
            return Err(Refused::state("Order is canceled and can not be shipped"));
        }
        let mut units: BTreeMap<i64, i64> = BTreeMap::new();
        for given in data.get("line_items").and_then(Value::as_array).into_iter().flatten() {
            let line = number("LineItem", given["line_item_id"].as_str().unwrap_or_default());
            let line = line.filter(|id| order.line(*id).is_some());
            let line = line.ok_or_else(|| Refused::missing("Line item"))?;
            *units.entry(line).or_default() += given["quantity"].as_i64().unwrap_or_default();
        }
        take(order, &units)?;
        let now = state.now;
        let mut shipment = Shipment {
            id: state.next_id(),
            order: id,
            warehouse,
            lines: Vec::new(),
            labels: Vec::new(),
            address: data.get("address").cloned().unwrap_or_default(),
            profile: text(data, "profile").to_owned(),
            shipped_off_shiphero: data
                .get("shipped_off_shiphero")
                .and_then(Value::as_bool)
                .unwrap_or_default(),
            completed: true,
            created_at: now,
        };
        for (line, quantity) in units {
            let id = state.next_id();
            shipment.lines.push(ShippedLine { id, line, label: None, quantity });
        }
        for given in data.get("labels").and_then(Value::as_array).into_iter().flatten() {
            stick(state, &mut shipment, given)?;
        }
        state.outgoing.push(webhook::shipped(state, order, &shipment));
        state.note(order, WHO, "Shipment was created via the API");
        let id = shipment.id;
        state.shipments.insert(id, shipment);
        Ok(id)
    })
}

/// Sticks a label on a shipment that is there; returns shipment and label.
pub(in super::super) fn add_label(state: &mut State, data: &Given) -> Result<(i64, i64), Refused> {
    super::customer(state, data)?;
    let found = number("Shipment", text(data, "shipment_id")).and_then(|id| state.shipments.get(&id));
    let mut shipment = found.cloned().ok_or_else(|| Refused::missing("Shipment"))?;
    let label = stick(state, &mut shipment, &Value::Object(data.clone()))?;
    let (id, order) = (shipment.id, shipment.order);
    state.shipments.insert(id, shipment);
    state.change(order, By::Api, "shipment_create_shipping_label", |_, _| Ok(()))?;
    Ok((id, label))
}

/// Counts units as shipped, if they are still to be.
pub(in super::super) fn take(order: &mut Order, units: &BTreeMap<i64, i64>) -> Result<(), Refused> {
    if units.values().all(|count| *count == 0) {
        return Err(Refused::invalid("There is nothing to ship"));
    }
    for (id, count) in units {
        let line = order.line_mut(*id).ok_or_else(|| Refused::missing("Line item"))?;
        if *count < 0 || *count > line.pending {
            return Err(Refused::invalid(format!("{} units of {} are pending", line.pending, line.sku())));
        }
        line.pending -= count;
        line.shipped += count;
        if line.pending == 0 {
            line.fields.insert("fulfillment_status".to_owned(), "fulfilled".into());
        }
    }
    Ok(())
}

fn stick(state: &mut State, shipment: &mut Shipment, given: &Value) -> Result<i64, Refused> {
    let word = |name: &str| given[name].as_str().unwrap_or_default().to_owned();
    let label = Label {
        id: state.next_id(),
        carrier: word("carrier"),
        method: word("shipping_method"),
        name: word("shipping_name"),
        cost: word("cost"),
        tracking_number: given["tracking_number"].as_str().map(str::to_owned),
        tracking_url: given["tracking_url"].as_str().map(str::to_owned),
        resource: given["label"].clone(),
        dimensions: given["dimensions"].clone(),
        is_void: false,
        created_at: state.now,
        way: Way::default(),
    };
    let id = label.id;
    for named in given["line_item_ids"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        let line = shipment.lines.iter_mut().find(|line| {
            number("LineItem", named) == Some(line.line) || number("ShippedLineItem", named) == Some(line.id)
        });
        line.ok_or_else(|| Refused::missing("Line item"))?.label = Some(id);
    }
    shipment.labels.push(label);
    Ok(id)
}
