//! People, fulfillments, refunds, transactions and holds in webhook bodies.
//!
//! A fulfillment stands alone in its own topics, with the address it goes to, and shorter within an order. Money in a
//! refund's lines is written as numbers, everywhere else as strings.

use serde_json::{Value, json};

use super::super::money::{Bag, number, rest_amount};
use super::super::order::totals::open_authorization;
use super::super::order::{
    Address, Attribute, Customer, Fulfillment, FulfillmentEvent, FulfillmentOrder, Hold, Order, Origin,
    Refund, RefundLine, Transaction, TransactionKind,
};
use super::super::profile::Profile;
use super::{gid, line, list, object, set};

/// A note attribute or property.
pub(super) fn attribute(attribute: &Attribute) -> Value {
    object! { "name": attribute.name.as_str(), "value": attribute.value.as_str() }
}

/// An address of an order.
pub(super) fn address(address: &Address) -> Value {
    object! {
        "first_name": address.first_name.as_deref(),
        "address1": address.address1.as_deref(),
        "phone": address.phone.as_deref(),
        "city": address.city.as_deref(),
        "zip": address.zip.as_deref(),
        "province": address.province.as_deref(),
        "country": address.country.as_deref(),
        "last_name": address.last_name.as_deref(),
        "address2": address.address2.as_deref(),
        "company": address.company.as_deref(),
        "latitude": address.latitude.map(number),
        "longitude": address.longitude.map(number),
        "name": address.name(),
        "country_code": address.country_code.as_deref(),
        "province_code": address.province_code.as_deref(),
    }
}

/// The customer of an order.
pub(super) fn customer(profile: &Profile, customer: &Customer) -> Value {
    let default_address = customer.default_address.as_ref().map(|a| {
        let mut body = address(a);
        if let Value::Object(body) = &mut body {
            body.remove("latitude");
            body.remove("longitude");
        }
        body["id"] = a.id.into();
        body["customer_id"] = customer.id.into();
        body["country_name"] = a.country.as_deref().into();
        body["default"] = true.into();
        body
    });
    object! {
        "id": customer.id,
        "created_at": profile.local_time(customer.created_at),
        "updated_at": profile.local_time(customer.created_at),
        "first_name": customer.first_name.as_deref(),
        "last_name": customer.last_name.as_deref(),
        "state": "disabled",
        "note": customer.note.as_deref(),
        "verified_email": true,
        "multipass_identifier": Value::Null,
        "tax_exempt": false,
        "email": customer.email.as_deref(),
        "phone": customer.phone.as_deref(),
        "currency": profile.currency.as_str(),
        "tax_exemptions": Value::Array(Vec::new()),
        "admin_graphql_api_id": gid("Customer", customer.id),
        "default_address": default_address,
    }
}

/// A fulfillment within an order.
pub(super) fn fulfillment(profile: &Profile, order: &Order, fulfillment: &Fulfillment) -> Value {
    let mut body = common(profile, order, fulfillment);
    body["origin_address"] = fulfillment.origin.as_ref().map_or_else(|| json!({}), origin);
    body["line_items"] = fulfilled_lines(order, fulfillment, line::whole_of);
    body
}

/// A fulfillment as the body of its own topics.
pub(in super::super) fn fulfillment_body(
    profile: &Profile,
    order: &Order,
    fulfillment: &Fulfillment,
) -> Value {
    let mut body = common(profile, order, fulfillment);
    body["origin_address"] = fulfillment.origin.as_ref().map(origin).into();
    body["email"] = order.email.as_deref().into();
    body["destination"] = order.shipping_address.as_ref().map(address).into();
    body["line_items"] = fulfilled_lines(order, fulfillment, line::short);
    body
}

fn origin(origin: &Origin) -> Value {
    object! {
        "address1": origin.address1.as_deref(),
        "address2": origin.address2.as_deref(),
        "city": origin.city.as_deref(),
        "zip": origin.zip.as_deref(),
        "province_code": origin.province_code.as_deref(),
        "country_code": origin.country_code.as_str(),
    }
}

fn common(profile: &Profile, order: &Order, fulfillment: &Fulfillment) -> Value {
    object! {
        "id": fulfillment.id,
        "order_id": order.id,
        "status": fulfillment.status.rest(),
        "created_at": profile.local_time(fulfillment.created_at),
        "service": "manual",
        "updated_at": profile.local_time(fulfillment.updated_at),
        "tracking_company": fulfillment.company.as_deref(),
        "shipment_status": fulfillment.shipment_status.map(super::super::order::ShipmentStatus::rest),
        "location_id": fulfillment.location_id,
        "tracking_number": fulfillment.numbers.first().map(String::as_str),
        "tracking_numbers": fulfillment.numbers.clone(),
        "tracking_url": fulfillment.urls.first().map(String::as_str),
        "tracking_urls": fulfillment.urls.clone(),
        "receipt": json!({}),
        "name": format!("{}.{}", order.name, fulfillment.sequence),
        "admin_graphql_api_id": gid("Fulfillment", fulfillment.id),
    }
}

fn fulfilled_lines(
    order: &Order,
    fulfillment: &Fulfillment,
    write: impl Fn(&Order, &super::super::order::Line, u32) -> Value,
) -> Value {
    fulfillment
        .lines
        .iter()
        .filter_map(|units| order.line(units.line_id).map(|line| write(order, line, units.quantity)))
        .collect()
}

/// A refund, alone and within an order.
pub(in super::super) fn refund_body(profile: &Profile, order: &Order, refund: &Refund) -> Value {
    let currencies = &order.currencies;
    let at = profile.local_time(refund.created_at);
    let transactions = refund.transactions.iter().filter_map(|id| order.transaction(*id));
    object! {
        "id": refund.id,
        "order_id": order.id,
        "created_at": at.as_str(),
        "note": refund.note.as_deref(),
        "user_id": Value::Null,
        "processed_at": at.as_str(),
        "duties": Value::Array(Vec::new()),
        "total_duties_set": set(Bag::ZERO, currencies),
        "return": Value::Null,
        "restock": refund.restocked(),
        "refund_shipping_lines": list(&refund.shipping, |s| object! {
            "id": s.id,
            "shipping_line_id": s.shipping_line_id,
            "subtotal_amount_set": set(s.amount, currencies),
            "tax_amount_set": set(s.tax, currencies),
        }),
        "admin_graphql_api_id": gid("Refund", refund.id),
        "order_adjustments": list(&refund.adjustments, |a| object! {
            "id": a.id,
            "order_id": order.id,
            "refund_id": refund.id,
            "amount": rest_amount(a.amount.shop, &currencies.shop),
            "tax_amount": rest_amount(Bag::ZERO.shop, &currencies.shop),
            "kind": "refund_discrepancy",
            "reason": "Refund discrepancy",
            "amount_set": set(a.amount, currencies),
            "tax_amount_set": set(Bag::ZERO, currencies),
        }),
        "refund_line_items": list(&refund.lines, |l| refund_line(order, l)),
        "transactions": list(transactions, |t| transaction(profile, order, t)),
    }
}

fn refund_line(order: &Order, units: &RefundLine) -> Value {
    object! {
        "id": units.id,
        "quantity": units.quantity,
        "line_item_id": units.line_id,
        "location_id": units.location_id,
        "restock_type": units.restock.rest(),
        "subtotal": number(units.subtotal.shop),
        "total_tax": number(units.tax.shop),
        "subtotal_set": set(units.subtotal, &order.currencies),
        "total_tax_set": set(units.tax, &order.currencies),
        "line_item": order.line(units.line_id).map(|l| line::short(order, l, l.quantity)),
    }
}

/// A transaction within a refund.
fn transaction(profile: &Profile, order: &Order, transaction: &Transaction) -> Value {
    let unsettled = if transaction.kind == TransactionKind::Authorization {
        open_authorization(order, transaction)
    } else {
        Bag::ZERO
    };
    let currencies = &order.currencies;
    let at = profile.local_time(transaction.created_at);
    object! {
        "id": transaction.id,
        "order_id": order.id,
        "kind": transaction.kind.rest(),
        "gateway": transaction.gateway.as_str(),
        "status": transaction.status.rest(),
        "message": Value::Null,
        "created_at": at.as_str(),
        "test": transaction.test,
        "authorization": transaction.authorization.as_deref(),
        "location_id": order.location_id,
        "user_id": Value::Null,
        "parent_id": transaction.parent_id,
        "processed_at": at.as_str(),
        "device_id": Value::Null,
        "error_code": Value::Null,
        "source_name": order.source_name.as_str(),
        "receipt": json!({}),
        "amount": rest_amount(transaction.amount.shop, &currencies.shop),
        "currency": currencies.shop.as_str(),
        "payment_id": transaction.payment_id.as_str(),
        "total_unsettled_set": object! {
            "presentment_money": object! {
                "amount": super::super::money::graphql_amount(unsettled.presentment),
                "currency": currencies.presentment.as_str(),
            },
            "shop_money": object! {
                "amount": super::super::money::graphql_amount(unsettled.shop),
                "currency": currencies.shop.as_str(),
            },
        },
        "manual_payment_gateway": transaction.gateway == "manual",
        "amount_rounding": Value::Null,
        "admin_graphql_api_id": gid("OrderTransaction", transaction.id),
    }
}

/// A transaction as the body of its own topic.
pub(in super::super) fn transaction_body(profile: &Profile, order: &Order, t: &Transaction) -> Value {
    let mut body = transaction(profile, order, t);
    body["payment_details"] = if t.gateway == "manual" {
        Value::Null
    } else {
        object! {
            "credit_card_bin": Value::Null,
            "avs_result_code": Value::Null,
            "cvv_result_code": Value::Null,
            "credit_card_number": "•••• •••• •••• 4242",
            "credit_card_company": "Visa",
            "buyer_action_info": Value::Null,
            "credit_card_name": Value::Null,
            "credit_card_wallet": Value::Null,
            "credit_card_expiration_month": Value::Null,
            "credit_card_expiration_year": Value::Null,
            "payment_method_name": "visa",
        }
    };
    body
}

/// Progress of a shipment, as the body of its own topic.
pub(in super::super) fn shipment_body(
    profile: &Profile,
    order: &Order,
    fulfillment: &Fulfillment,
    event: &FulfillmentEvent,
) -> Value {
    let at = profile.local_time(event.created_at);
    object! {
        "id": event.id,
        "fulfillment_id": fulfillment.id,
        "status": event.status.rest(),
        "message": event.message.as_deref(),
        "happened_at": profile.local_time(event.happened_at),
        "city": event.place.city.as_deref(),
        "province": event.place.province.as_deref(),
        "country": event.place.country.as_deref()
            .or_else(|| order.shipping_address.as_ref().and_then(|a| a.country_code.as_deref())),
        "zip": event.place.zip.as_deref(),
        "address1": event.place.address1.as_deref(),
        "latitude": event.place.latitude.map(number),
        "longitude": event.place.longitude.map(number),
        "shop_id": profile.id,
        "created_at": at.as_str(),
        "updated_at": at.as_str(),
        "estimated_delivery_at": event.estimated_delivery_at.map(|at| profile.local_time(at)),
        "order_id": order.id,
        "admin_graphql_api_id": gid("FulfillmentEvent", event.id),
    }
}

/// A hold in the hold topics.
pub(in super::super) fn hold_body(hold: &Hold) -> Value {
    object! {
        "id": gid("FulfillmentHold", hold.id),
        "reason": hold.reason.rest(),
        "reason_notes": hold.notes.as_deref(),
        "held_by_requesting_app": hold.by_app,
        "handle": hold.handle.as_deref(),
        "held_by_app": Value::Null,
    }
}

/// A fulfillment order in the hold topics.
pub(in super::super) fn fulfillment_order_ref(order: &FulfillmentOrder) -> Value {
    object! { "id": gid("FulfillmentOrder", order.id), "status": order.status.rest() }
}
