//! `order_create`, and the rules for addresses and lines that other mutations share.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::super::order::{HOLDS, Line, METHOD_HOLD, Order, text};
use super::super::refused::Refused;
use super::super::state::{By, State, copy, moment};
use super::{Given, WHO, customer};

/// What `order_create` and `order_update` keep as it is spelled.
pub(super) const KEPT: &[&str] = &[
    "order_number",
    "partner_order_id",
    "fulfillment_status",
    "order_date",
    "total_tax",
    "total_discounts",
    "box_name",
    "insurance_amount",
    "required_ship_date",
    "allocation_priority",
    "profile",
    "packing_note",
    "tags",
    "gift_note",
    "gift_invoice",
    "require_signature",
    "adult_signature_required",
    "alcohol",
    "insurance",
    "allow_partial",
    "allow_split",
    "priority_flag",
    "hold_until_date",
    "incoterms",
    "tax_id",
    "tax_type",
    "ignore_address_validation_errors",
    "skip_address_validation",
    "custom_invoice_url",
    "auto_print_return_label",
    "dry_ice_weight_in_lbs",
    "ftr_exemption",
    "address_is_business",
];

/// What `order_create` alone takes.
const KEPT_AT_FIRST: &[&str] = &["shop_name", "currency", "email", "flagged", "saturday_delivery"];

/// What a line keeps as it is spelled.
pub(super) const LINE_KEPT: &[&str] = &[
    "sku",
    "partner_line_item_id",
    "price",
    "product_name",
    "option_title",
    "fulfillment_status",
    "custom_options",
    "custom_barcode",
    "eligible_for_return",
    "customs_value",
    "barcode",
    "warehouse_id",
];

/// Enters an order; returns its number.
pub(in super::super) fn create(state: &mut State, data: &Given, by: By) -> Result<i64, Refused> {
    let owner = customer(state, data)?.unwrap_or(state.options.account_id);
    let (number, partner) = (text(data, "order_number"), text(data, "partner_order_id"));
    let repeats = |order: &Order| {
        (!number.is_empty() && order.number() == number)
            || (!partner.is_empty() && text(&order.fields, "partner_order_id") == partner)
    };
    if state.options.refuses_duplicates && state.orders.values().any(repeats) {
        return Err(Refused::exists("Order"));
    }
    let now = state.now;
    let mut order = Order {
        id: state.next_id(),
        owner,
        fields: Map::new(),
        lines: Vec::new(),
        holds: BTreeMap::new(),
        allocations: Vec::new(),
        warehouse: None,
        unallocated_by_hand: false,
        is_locked: false,
        notes: Vec::new(),
        merged: Vec::new(),
        created_at: now,
        updated_at: now,
    };
    copy(data, &mut order.fields, KEPT);
    copy(data, &mut order.fields, KEPT_AT_FIRST);
    if number.is_empty() {
        let number = format!("API-{}", order.id);
        order.fields.insert("order_number".to_owned(), number.into());
    }
    if order.status().is_empty() {
        order.set_status("pending");
    }
    if text(&order.fields, "order_date").is_empty() {
        order.fields.insert("order_date".to_owned(), moment(now).into());
    }
    order.fields.entry("tags").or_insert_with(|| Value::Array(Vec::new()));
    set_shipping(state, &mut order, data)?;
    for line in data.get("line_items").and_then(Value::as_array).into_iter().flatten() {
        add_line(state, &mut order, line)?;
    }
    set_holds(&mut order, data.get("holds"));
    set_address(&mut order, data);
    state.note(&mut order, WHO, "Order was created via the API");
    let id = order.id;
    state.keep(order, by, "order_create");
    Ok(id)
}

/// Sets the holds that are named; the others stay as they are.
pub(super) fn set_holds(order: &mut Order, given: Option<&Value>) {
    for hold in HOLDS {
        if let Some(held) = given.and_then(|given| given.get(hold)).and_then(Value::as_bool) {
            order.holds.insert(hold, held);
        }
    }
}

/// Takes the addresses over. One in the United States that cannot be right puts the order on address hold; a good one
/// takes no hold away, as somebody may have had another reason for it.
pub(super) fn set_address(order: &mut Order, data: &Given) {
    copy(data, &mut order.fields, &["billing_address"]);
    let Some(address) = data.get("shipping_address").filter(|address| address.is_object()) else { return };
    order.fields.insert("shipping_address".to_owned(), address.clone());
    let says = |name: &str| order.fields.get(name).and_then(Value::as_bool).unwrap_or_default();
    let lenient = says("ignore_address_validation_errors") || says("skip_address_validation");
    if !lenient && !is_deliverable(address) {
        order.holds.insert("address_hold", true);
    }
}

/// Whether an address passes for a real one: in the United States it has a street, a town, a state and a ZIP code.
fn is_deliverable(address: &Value) -> bool {
    let part = |name: &str| address[name].as_str().unwrap_or_default().trim().to_owned();
    let country = if part("country_code").is_empty() { part("country") } else { part("country_code") };
    if !["US", "USA", "UNITED STATES", ""].contains(&country.to_ascii_uppercase().as_str()) {
        return true;
    }
    let zip = part("zip");
    let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    let zip_fits = match zip.split_once('-') {
        Some((first, more)) => digits(first, 5) && digits(more, 4),
        None => digits(&zip, 5),
    };
    let has_state = !part("state").is_empty() || !part("state_code").is_empty();
    zip_fits && has_state && !part("address1").is_empty() && !part("city").is_empty()
}

/// Takes the way of shipping over. A carrier that is not known puts the order on a hold that only a known one takes
/// away.
pub(super) fn set_shipping(state: &State, order: &mut Order, data: &Given) -> Result<(), Refused> {
    let Some(lines) = data.get("shipping_lines").filter(|lines| lines.is_object()) else { return Ok(()) };
    money(&lines["price"], "shipping_lines.price")?;
    let carrier = lines["carrier"].as_str().unwrap_or_default();
    let known = carrier.is_empty()
        || state.options.carriers.is_empty()
        || state.options.carriers.iter().any(|known| known.eq_ignore_ascii_case(carrier));
    order.holds.insert(METHOD_HOLD, !known);
    order.fields.insert("shipping_lines".to_owned(), lines.clone());
    Ok(())
}

/// Adds a line as `CreateLineItemInput` describes it; returns its number.
pub(super) fn add_line(state: &mut State, order: &mut Order, given: &Value) -> Result<i64, Refused> {
    let Some(given) = given.as_object() else { return Err(Refused::invalid("line_items can not hold null")) };
    let partner = text(given, "partner_line_item_id");
    let known: BTreeSet<&str> =
        order.lines.iter().map(|line| text(&line.fields, "partner_line_item_id")).collect();
    if known.contains(partner) {
        return Err(Refused::invalid(format!("partner_line_item_id {partner} is used by another line item")));
    }
    if text(given, "sku").is_empty() {
        return Err(Refused::invalid("sku can not be empty"));
    }
    let quantity = count(given, "quantity")?.unwrap_or_default();
    let pending = count(given, "quantity_pending_fulfillment")?.unwrap_or(quantity);
    check_counts(quantity, pending, 0)?;
    check_line(state, given)?;
    let now = state.now;
    let mut fields = Map::new();
    copy(given, &mut fields, LINE_KEPT);
    if text(&fields, "fulfillment_status").is_empty() {
        fields.insert("fulfillment_status".to_owned(), "pending".into());
    }
    let id = state.next_id();
    order.lines.push(Line {
        id,
        fields,
        quantity,
        pending,
        shipped: 0,
        picks: Vec::new(),
        created_at: now,
        updated_at: now,
    });
    Ok(id)
}

/// Checks what a line names besides its quantities.
pub(super) fn check_line(state: &State, given: &Given) -> Result<(), Refused> {
    for name in ["price", "customs_value"] {
        if let Some(value) = given.get(name).filter(|value| !value.is_null()) {
            money(value, name)?;
        }
    }
    let warehouse = text(given, "warehouse_id");
    if warehouse.is_empty() { Ok(()) } else { state.warehouse(warehouse).map(|_| ()) }
}

/// A count that is given, none if it is not.
pub(super) fn count(given: &Given, name: &str) -> Result<Option<i64>, Refused> {
    match given.get(name).and_then(Value::as_i64) {
        Some(count) if count < 0 => Err(Refused::invalid(format!("{name} can not be negative"))),
        count => Ok(count),
    }
}

/// Pending are at most those ordered and not shipped.
pub(super) fn check_counts(quantity: i64, pending: i64, shipped: i64) -> Result<(), Refused> {
    if shipped > quantity {
        return Err(Refused::state(format!("{shipped} units were shipped, quantity can not be {quantity}")));
    }
    if pending > quantity - shipped {
        return Err(Refused::invalid("quantity_pending_fulfillment can not exceed what is left to ship"));
    }
    Ok(())
}

fn money(value: &Value, name: &str) -> Result<Decimal, Refused> {
    value
        .as_str()
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| Refused::invalid(format!("{name} is not a number")))
}
