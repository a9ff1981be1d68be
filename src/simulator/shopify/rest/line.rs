//! Lines, taxes and shipping lines in webhook bodies.
//!
//! A line inside an order says how many units are left; a line inside a fulfillment or refund is shorter, and its
//! quantity in a fulfillment is what was fulfilled.

use serde_json::Value;

use super::super::money::{Bag, Currencies, number, rest_amount};
use super::super::order::{Allocation, Line, LineGroup, Order, ShippingLine, TaxLine};
use super::{gid, list, object, parts, set};

/// A line of an order.
pub(super) fn whole(order: &Order, line: &Line) -> Value {
    whole_of(order, line, line.quantity)
}

/// A line of a fulfillment that is itself within an order.
pub(super) fn whole_of(order: &Order, line: &Line, quantity: u32) -> Value {
    let mut body = short(order, line, quantity);
    body["attributed_staffs"] = Value::Array(Vec::new());
    body["current_quantity"] = line.current_quantity().into();
    body["sales_line_item_group_id"] = line.group.into();
    body
}

/// A line within a fulfillment or refund.
pub(super) fn short(order: &Order, line: &Line, quantity: u32) -> Value {
    let currencies = &order.currencies;
    let discount = line.line_discount(&order.discounts);
    object! {
        "id": line.id,
        "admin_graphql_api_id": gid("LineItem", line.id),
        "fulfillable_quantity": order.fulfillable(line.id),
        "fulfillment_service": line.fulfillment_service(),
        "fulfillment_status": order.line_fulfillment_status(line.id),
        "gift_card": line.kind == super::super::order::LineKind::GiftCard,
        "grams": line.grams,
        "name": line.name(),
        "price": rest_amount(line.price.shop, &currencies.shop),
        "price_set": set(line.price, currencies),
        "product_exists": line.product_id.is_some(),
        "product_id": line.product_id,
        "properties": list(&line.properties, parts::attribute),
        "quantity": quantity,
        "requires_shipping": line.requires_shipping,
        "sku": line.sku.as_deref(),
        "taxable": line.taxable,
        "title": line.title.as_str(),
        "total_discount": rest_amount(discount.shop, &currencies.shop),
        "total_discount_set": set(discount, currencies),
        "variant_id": line.variant_id,
        "variant_inventory_management": line.variant_id.map(|_| "shopify"),
        "variant_title": line.variant_title.as_deref(),
        "vendor": line.vendor.as_deref(),
        "tax_lines": list(&line.taxes, |t| tax(t, currencies)),
        "duties": Value::Array(Vec::new()),
        "discount_allocations": list(&line.allocations, |a| allocation(a, currencies)),
    }
}

fn tax(tax: &TaxLine, currencies: &Currencies) -> Value {
    object! {
        "channel_liable": false,
        "price": rest_amount(tax.amount.shop, &currencies.shop),
        "price_set": set(tax.amount, currencies),
        "rate": number(tax.rate),
        "title": tax.title.as_str(),
    }
}

fn allocation(allocation: &Allocation, currencies: &Currencies) -> Value {
    object! {
        "amount": rest_amount(allocation.amount.shop, &currencies.shop),
        "amount_set": set(allocation.amount, currencies),
        "discount_application_index": allocation.application,
    }
}

/// All taxes of the order, those of one name and rate together.
pub(super) fn merged_taxes(order: &Order) -> Value {
    let mut merged: Vec<TaxLine> = Vec::new();
    let all =
        order.lines.iter().flat_map(|l| &l.taxes).chain(order.shipping_lines.iter().flat_map(|l| &l.taxes));
    for tax in all {
        match merged.iter_mut().find(|m| m.title == tax.title && m.rate == tax.rate) {
            Some(found) => found.amount += tax.amount,
            None => merged.push(tax.clone()),
        }
    }
    list(&merged, |t| tax(t, &order.currencies))
}

/// A bundle.
pub(super) fn group(group: &LineGroup) -> Value {
    object! {
        "id": group.id,
        "title": group.title.as_str(),
        "quantity": group.quantity,
        "product_id": group.product_id,
        "variant_id": group.variant_id,
        "variant_sku": group.variant_sku.as_deref(),
        "properties": list(&group.properties, parts::attribute),
    }
}

/// A shipping line.
pub(super) fn shipping(order: &Order, line: &ShippingLine) -> Value {
    let currencies = &order.currencies;
    let shop = |bag: Bag| rest_amount(bag.shop, &currencies.shop);
    object! {
        "id": line.id,
        "carrier_identifier": line.carrier_identifier.as_deref(),
        "code": line.code.as_deref(),
        "current_discounted_price_set": set(line.current(), currencies),
        "discounted_price": shop(line.discounted()),
        "discounted_price_set": set(line.discounted(), currencies),
        "is_removed": line.removed,
        "phone": line.phone.as_deref(),
        "price": shop(line.price),
        "price_set": set(line.price, currencies),
        "requested_fulfillment_service_id": Value::Null,
        "source": line.source.as_deref(),
        "title": line.title.as_str(),
        "tax_lines": list(&line.taxes, |t| tax(t, currencies)),
        "discount_allocations": list(&line.allocations, |a| allocation(a, currencies)),
    }
}
