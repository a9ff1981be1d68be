//! What is sent: the inputs of the mutations that enter and change an order. Money is text, as the schema wants it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::Settings;
use super::api::whole;
use super::documents::Mutation;
use super::order::{carrier_and_method, is_cancelled, is_of, lines_of, nodes, partner_ids, value_of};
use crate::domain::copy::{Field, Item, OrderCopy, Party, Stage};
use crate::domain::step::Revision;

/// The source of our entries in an order's history.
const SOURCE: &str = "crossdock";

/// `CreateOrderInput`. Held from the first moment, where it is to be held.
pub(super) fn create(copy: &OrderCopy, settings: &Settings) -> Value {
    let mut data = json!({
        "order_number": copy.name,
        "partner_order_id": copy.order.as_str(),
        "fulfillment_status": "pending",
        "order_date": copy.placed_on.to_string(),
        "currency": copy.currency,
        "total_tax": copy.tax.to_string(),
        "total_discounts": copy.discounts().to_string(),
        "shipping_lines": shipping(copy),
        "shipping_address": address(&copy.ship_to),
        "billing_address": address(&copy.bill_to),
        "tags": copy.tags,
        "line_items": copy.items.iter().zip(partner_ids(copy)).map(|(i, id)| line(copy, i, &id)).collect::<Vec<_>>(),
        "required_ship_date": copy.ship_on.to_string(),
        "packing_note": copy.note.clone().unwrap_or_default(),
        "gift_note": copy.gift_note.clone().unwrap_or_default(),
    });
    if copy.stage == Stage::Held {
        data["holds"] = json!({ settings.hold.flag(): true });
    }
    if let Some(email) = &copy.ship_to.email {
        data["email"] = email.as_str().into();
    }
    if let Some(customs) = &copy.customs {
        data["incoterms"] = customs.incoterms.as_str().into();
        if let Some(tax_id) = &customs.tax_id {
            data["tax_id"] = tax_id.as_str().into();
        }
    }
    if let Some(shop) = &settings.shop_name {
        data["shop_name"] = shop.as_str().into();
    }
    own(&mut data, settings);
    data
}

/// Names the account that it is for, where we act for another.
pub(super) fn own(data: &mut Value, settings: &Settings) {
    if let Some(account) = &settings.customer_account {
        data["customer_account_id"] = account.as_str().into();
    }
}

fn shipping(copy: &OrderCopy) -> Value {
    let (carrier, method) = carrier_and_method(&copy.service);
    json!({ "title": copy.rate, "price": copy.shipping.to_string(), "carrier": carrier, "method": method })
}

fn address(party: &Party) -> Value {
    let part = |part: &Option<String>| part.clone().unwrap_or_default();
    let a = &party.address;
    let mut address = json!({
        "first_name": part(&a.first_name), "last_name": part(&a.last_name), "company": part(&a.company),
        "address1": part(&a.street1), "address2": part(&a.street2), "city": part(&a.city),
        "state": part(&a.province), "state_code": part(&a.province), "zip": part(&a.postal_code),
        "country": part(&a.country), "country_code": part(&a.country), "phone": part(&a.phone),
    });
    if let Some(email) = &party.email {
        address["email"] = email.as_str().into();
    }
    address
}

fn line(copy: &OrderCopy, item: &Item, partner_id: &str) -> Value {
    let mut line = json!({
        "sku": item.product, "partner_line_item_id": partner_id, "quantity": item.quantity,
        "quantity_pending_fulfillment": item.quantity, "price": item.unit_price.to_string(),
        "product_name": item.product,
    });
    if let Some(value) = copy.customs_value(item) {
        line["customs_value"] = value.to_string().into();
    }
    line
}

/// The mutations that make the fields of a revision so, in the order in which they are safe: what is taken off first, what
/// is put on next, then everything about the order as a whole. Nothing where the order shows it already.
pub(super) fn revise(revision: &Revision, settings: &Settings) -> Vec<(Mutation, Value)> {
    let order_id = revision.at.remote.as_ref().map_or("", |id| id.as_str());
    let about = || {
        let mut data = json!({ "order_id": order_id });
        own(&mut data, settings);
        data
    };
    let mut mutations = Vec::new();
    let has = |field| revision.fields.contains(&field);
    if has(Field::Items) || has(Field::Customs) {
        let mut lines = if has(Field::Items) { lines(revision) } else { Lines::default() };
        if has(Field::Customs) {
            declare(revision, &mut lines.changed);
        }
        let Lines { removed, changed, added } = lines;
        for (mutation, member, list) in [
            (Mutation::Remove, "line_item_ids", removed),
            (Mutation::Change, "line_items", changed),
            (Mutation::Add, "line_items", added),
        ] {
            if !list.is_empty() {
                let mut data = about();
                data[member] = list.into();
                mutations.push((mutation, data));
            }
        }
    }
    let fields = update(revision, settings);
    if !fields.is_empty() || !mutations.is_empty() {
        let mut data = about();
        for (name, value) in fields {
            data[name] = value;
        }
        let words: Vec<&str> = revision.fields.iter().map(|field| field.words()).collect();
        let message = format!("Edited in the shop: {}", words.join(", "));
        data["history_entry"] = json!({ "source": SOURCE, "message": message });
        mutations.push((Mutation::Update, data));
    }
    mutations
}

#[derive(Default)]
struct Lines {
    removed: Vec<Value>,
    changed: Vec<Value>,
    added: Vec<Value>,
}

/// What changed on our side, and nothing else: units that a person changed there, and lines that a person added, stay.
/// Where nothing is known to have been made all lines are made what they should be.
fn lines(revision: &Revision) -> Lines {
    let (copy, was, content) = (&revision.copy, &revision.was, &revision.content);
    let made: BTreeMap<String, &Item> = partner_ids(was).into_iter().zip(&was.items).collect();
    let mut lines = Lines::default();
    let mut kept = BTreeSet::new();
    for ((item, partner_id), found) in copy.items.iter().zip(partner_ids(copy)).zip(lines_of(copy, content)) {
        // A line keeps its SKU for ever: a variant that was swapped is another line.
        let found = found.filter(|line| is_of(line, item));
        if let Some(there) = found {
            kept.insert(there["id"].as_str().unwrap_or_default());
        }
        let as_made = made.get(&partner_id).is_some_and(|made| {
            made.product == item.product
                && made.quantity == item.quantity
                && made.unit_price == item.unit_price
        });
        if as_made {
            continue;
        }
        let Some(there) = found else {
            lines.added.push(line(copy, item, &partner_id));
            continue;
        };
        let same_price = there["price"]
            .as_str()
            .and_then(|price| price.trim().parse::<rust_decimal::Decimal>().ok())
            .is_some_and(|price| price == item.unit_price);
        if whole(&there["quantity"]) == Some(item.quantity) && same_price {
            continue;
        }
        // Pickers go by what is pending: ordered less shipped, never less than nothing.
        let shipped = whole(&there["quantity_shipped"]).unwrap_or_default();
        lines.changed.push(json!({
            "id": there["id"], "quantity": item.quantity,
            "quantity_pending_fulfillment": item.quantity.saturating_sub(shipped),
            "price": item.unit_price.to_string(),
        }));
    }
    let ours: BTreeSet<&str> =
        lines_of(was, content).into_iter().flatten().filter_map(|line| line["id"].as_str()).collect();
    for there in nodes(&content["line_items"]).filter(|line| !is_cancelled(line)) {
        let id = there["id"].as_str().unwrap_or_default();
        if kept.contains(id) || !(made.is_empty() || ours.contains(id)) {
            continue;
        }
        if whole(&there["quantity_shipped"]).unwrap_or_default() == 0 {
            lines.removed.push(id.into());
        } else {
            let shipped = whole(&there["quantity_shipped"]);
            lines.changed.push(json!({ "id": id, "quantity": shipped, "quantity_pending_fulfillment": 0 }));
        }
    }
    lines
}

/// What each line there is worth to the customs, where that changed on our side and it says something else; a null takes off
/// what it says.
fn declare(revision: &Revision, changed: &mut Vec<Value>) {
    let (copy, was, content) = (&revision.copy, &revision.was, &revision.content);
    for (item, found) in copy.items.iter().zip(lines_of(copy, content)) {
        let Some(there) = found.filter(|line| is_of(line, item)) else { continue };
        let value = copy.customs_value(item);
        let mut made = was.items.iter().filter(|made| made.line == item.line && made.product == item.product);
        if value == value_of(there) || made.any(|made| was.customs_value(made) == value) {
            continue;
        }
        let at = changed.iter().position(|line| line["id"] == there["id"]).unwrap_or_else(|| {
            changed.push(json!({ "id": there["id"] }));
            changed.len() - 1
        });
        changed[at]["customs_value"] = json!(value.map(|value| value.to_string()));
    }
}

/// Members of `UpdateOrderInput` for the fields that are not lines.
fn update(revision: &Revision, settings: &Settings) -> Map<String, Value> {
    let (copy, was, content) = (&revision.copy, &revision.was, &revision.content);
    let mut members = Map::new();
    let mut set = |name: &str, value: Value| {
        members.insert(name.to_owned(), value);
    };
    let has = |field| revision.fields.contains(&field);
    if has(Field::ShipTo) {
        set("shipping_address", address(&copy.ship_to));
    }
    if has(Field::BillTo) {
        set("billing_address", address(&copy.bill_to));
    }
    if has(Field::Service) || has(Field::Amounts) {
        set("shipping_lines", shipping(copy));
    }
    if (has(Field::Amounts) || has(Field::Items)) && !settings.native {
        set("total_tax", copy.tax.to_string().into());
        set("total_discounts", copy.discounts().to_string().into());
    }
    if has(Field::Notes) {
        set("packing_note", copy.note.clone().unwrap_or_default().into());
        set("gift_note", copy.gift_note.clone().unwrap_or_default().into());
    }
    if has(Field::ShipOn) {
        set("required_ship_date", copy.ship_on.to_string().into());
    }
    if has(Field::Customs) {
        let terms = |of: &OrderCopy| of.customs.as_ref().map(|customs| customs.incoterms.clone());
        let tax_id = |of: &OrderCopy| of.customs.as_ref().and_then(|customs| customs.tax_id.clone());
        for (name, ours, made) in
            [("incoterms", terms(copy), terms(was)), ("tax_id", tax_id(copy), tax_id(was))]
        {
            if ours != made {
                set(name, ours.unwrap_or_default().into());
            }
        }
    }
    if has(Field::Tags) {
        // Tags of the warehouse's own stay; only those that the shop took off are taken off.
        let there = content["tags"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let gone = |tag: &&str| was.tags.contains(*tag) && !copy.tags.contains(*tag);
        let before: BTreeSet<&str> = there.collect();
        let mut tags: BTreeSet<&str> = before.iter().copied().filter(|tag| !gone(tag)).collect();
        tags.extend(copy.tags.iter().map(String::as_str));
        if tags != before {
            set("tags", json!(tags));
        }
    }
    members
}

/// `UpdateOrderHoldsInput` for our hold.
pub(super) fn hold(order_id: &str, on: bool, settings: &Settings) -> Value {
    let mut data = json!({ "order_id": order_id, settings.hold.flag(): on });
    own(&mut data, settings);
    data
}

/// `CancelOrderInput`. The shop is where the cancel comes from: it is not told of it.
pub(super) fn cancel(order_id: &str, settings: &Settings) -> Value {
    let mut data = json!({ "order_id": order_id, "reason": "Cancelled in the shop", "void_on_platform": false, "force": false });
    own(&mut data, settings);
    data
}
