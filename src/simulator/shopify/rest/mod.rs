//! Orders as webhook bodies write them: the shape of the old REST resources.
//!
//! Pure functions over an order and the shop's profile. Money is a decimal string with the currency's decimals, ids
//! are integers, times carry the shop's offset. Unlike the GraphQL form, fulfillments here are named `#1001.1`.

mod line;
mod parts;

use base64::Engine;
use bytes::Bytes;
use serde_json::{Map, Value};

use super::money::{Bag, Currencies, rest_amount};
use super::order::totals::Totals;
use super::order::{DiscountKind, DiscountValue, Order};
use super::profile::Profile;
pub(super) use parts::{
    fulfillment_body, fulfillment_order_ref, hold_body, refund_body, shipment_body, transaction_body,
};

/// A JSON object; unlike `json!` it does not mind a hundred keys.
macro_rules! object {
    ($($key:literal: $value:expr),* $(,)?) => {{
        let mut map = serde_json::Map::new();
        $(map.insert(String::from($key), serde_json::Value::from($value));)*
        serde_json::Value::Object(map)
    }};
}
use object;

/// A global id.
pub(super) fn gid(kind: &str, id: i64) -> String {
    format!("gid://shopify/{kind}/{id}")
}

/// The bytes on the wire: compact, and with the escapes of Shopify's own encoder, which a receiver that serializes
/// the body anew before checking its signature would lose.
pub(super) fn wire(body: &Value) -> Bytes {
    let text = body.to_string();
    if !text.contains(['&', '<', '>', '\u{2028}', '\u{2029}']) {
        return text.into();
    }
    let mut escaped = String::with_capacity(text.len() + 64);
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("\\u0026"),
            '<' => escaped.push_str("\\u003c"),
            '>' => escaped.push_str("\\u003e"),
            '\u{2028}' => escaped.push_str("\\u2028"),
            '\u{2029}' => escaped.push_str("\\u2029"),
            _ => escaped.push(c),
        }
    }
    escaped.into()
}

/// An amount in both currencies.
fn set(bag: Bag, currencies: &Currencies) -> Value {
    object! {
        "shop_money": object! {
            "amount": rest_amount(bag.shop, &currencies.shop), "currency_code": currencies.shop.as_str(),
        },
        "presentment_money": object! {
            "amount": rest_amount(bag.presentment, &currencies.presentment),
            "currency_code": currencies.presentment.as_str(),
        },
    }
}

fn list<T>(items: impl IntoIterator<Item = T>, write: impl Fn(T) -> Value) -> Value {
    items.into_iter().map(write).collect()
}

/// The order as the body of every `orders/…` topic but `orders/edited` and `orders/delete`.
pub fn order(profile: &Profile, order: &Order) -> Value {
    let mut body = heading(profile, order);
    for part in [sums(order), details(profile, order)] {
        if let (Value::Object(body), Value::Object(part)) = (&mut body, part) {
            body.extend(part);
        }
    }
    if let Value::Object(body) = &mut body {
        people(profile, order, body);
    }
    body
}

fn heading(profile: &Profile, order: &Order) -> Value {
    let time = |at: Option<jiff::Timestamp>| at.map(|at| profile.local_time(at));
    let shop_id = profile.id;
    object! {
        "id": order.id,
        "admin_graphql_api_id": gid("Order", order.id),
        "app_id": app_id(&order.source_name),
        "browser_ip": (order.source_name == "web").then_some("203.0.113.24"),
        "buyer_accepts_marketing": order.accepts_marketing,
        "cancel_reason": order.cancel_reason.map(super::order::CancelReason::rest),
        "cancelled_at": time(order.cancelled_at),
        "cart_token": (order.source_name == "web").then(|| order.token.chars().rev().collect::<String>()),
        "checkout_token": (order.source_name == "web").then(|| order.token.clone()),
        "client_details": client_details(order),
        "closed_at": time(order.closed_at),
        "confirmation_number": order.confirmation_number.as_str(),
        "confirmed": true,
        "contact_email": order.email.as_deref(),
        "created_at": profile.local_time(order.created_at),
        "currency": order.currencies.shop.as_str(),
        "customer_locale": order.customer_locale.as_deref(),
        "device_id": Value::Null,
        "duties_included": order.duties_included,
        "email": order.email.as_deref(),
        "estimated_taxes": false,
        "financial_status": order.financial_status().rest(),
        "fulfillment_status": order.rest_fulfillment_status(),
        "landing_site": (order.source_name == "web").then_some("/"),
        "landing_site_ref": Value::Null,
        "location_id": order.location_id,
        "merchant_business_entity_id": base64::engine::general_purpose::STANDARD_NO_PAD.encode(shop_id.to_string()),
        "merchant_of_record_app_id": Value::Null,
        "name": order.name.as_str(),
        "note": order.note.as_deref(),
        "note_attributes": list(&order.attributes, parts::attribute),
        "number": order.number,
        "order_number": order.order_number,
        "order_status_url": format!(
            "https://{}/{shop_id}/orders/{}/authenticate?key={}",
            profile.domain, order.token, order.confirmation_number
        ),
        "payment_gateway_names": order.gateways(),
        "phone": order.phone.as_deref(),
        "po_number": order.po_number.as_deref(),
        "presentment_currency": order.currencies.presentment.as_str(),
        "processed_at": profile.local_time(order.processed_at),
        "reference": order.source_identifier.as_deref(),
        "referring_site": Value::Null,
        "source_identifier": order.source_identifier.as_deref(),
        "source_name": order.source_name.as_str(),
        "source_url": Value::Null,
        "tags": order.tags.join(", "),
        "tax_exempt": false,
        "taxes_included": order.taxes_included,
        "test": order.test,
        "token": order.token.as_str(),
        "updated_at": profile.local_time(order.updated_at),
        "user_id": Value::Null,
    }
}

/// The app behind a source.
fn app_id(source: &str) -> Option<i64> {
    match source {
        "web" => Some(580_111),
        "pos" => Some(129_785),
        "shopify_draft_order" => Some(1_354_745),
        _ => None,
    }
}

fn client_details(order: &Order) -> Value {
    if order.source_name != "web" {
        return Value::Null;
    }
    object! {
        "accept_language": order.customer_locale.as_deref(),
        "browser_height": Value::Null,
        "browser_ip": "203.0.113.24",
        "browser_width": Value::Null,
        "session_hash": Value::Null,
        "user_agent": "Mozilla/5.0",
    }
}

fn sums(order: &Order) -> Value {
    let totals = Totals::of(order);
    let currencies = &order.currencies;
    let shop = |bag: Bag| rest_amount(bag.shop, &currencies.shop);
    let set = |bag: Bag| set(bag, currencies);
    object! {
        "current_shipping_price_set": set(totals.current_shipping),
        "current_subtotal_price": shop(totals.current_subtotal),
        "current_subtotal_price_set": set(totals.current_subtotal),
        "current_total_additional_fees_set": Value::Null,
        "current_total_discounts": shop(totals.current_discounts),
        "current_total_discounts_set": set(totals.current_discounts),
        "current_total_duties_set": Value::Null,
        "current_total_price": shop(totals.current_total),
        "current_total_price_set": set(totals.current_total),
        "current_total_tax": shop(totals.current_tax),
        "current_total_tax_set": set(totals.current_tax),
        "original_total_additional_fees_set": Value::Null,
        "original_total_duties_set": Value::Null,
        "subtotal_price": shop(totals.subtotal),
        "subtotal_price_set": set(totals.subtotal),
        "total_cash_rounding_payment_adjustment_set": set(Bag::ZERO),
        "total_cash_rounding_refund_adjustment_set": set(Bag::ZERO),
        "total_discounts": shop(totals.discounts),
        "total_discounts_set": set(totals.discounts),
        "total_line_items_price": shop(totals.lines),
        "total_line_items_price_set": set(totals.lines),
        "total_outstanding": shop(totals.outstanding),
        "total_price": shop(totals.total),
        "total_price_set": set(totals.total),
        "total_shipping_price_set": set(totals.shipping),
        "total_tax": shop(totals.tax),
        "total_tax_set": set(totals.tax),
        "total_tip_received": shop(totals.tip),
        "total_weight": totals.weight,
    }
}

fn details(profile: &Profile, order: &Order) -> Value {
    object! {
        "discount_codes": order.discounts.iter().filter_map(|d| discount_code(order, d)).collect::<Value>(),
        "discount_applications": list(&order.discounts, discount_application),
        "tax_lines": line::merged_taxes(order),
        "fulfillments": list(&order.fulfillments, |f| parts::fulfillment(profile, order, f)),
        "line_items": list(&order.lines, |l| line::whole(order, l)),
        "line_item_groups": list(&order.groups, line::group),
        "payment_terms": Value::Null,
        "refunds": list(&order.refunds, |r| refund_body(profile, order, r)),
        "returns": Value::Array(Vec::new()),
        "shipping_lines": list(&order.shipping_lines, |l| line::shipping(order, l)),
    }
}

/// Who and where: missing ones are null or left out, as with the real shop.
fn people(profile: &Profile, order: &Order, body: &mut Map<String, Value>) {
    let mut put = |key: &str, value: Option<Value>| match value {
        Some(value) => {
            body.insert(key.to_owned(), value);
        }
        None if order.omit_missing => {}
        None => {
            body.insert(key.to_owned(), Value::Null);
        }
    };
    put("billing_address", order.billing_address.as_ref().map(parts::address));
    put("shipping_address", order.shipping_address.as_ref().map(parts::address));
    put("customer", order.customer.as_ref().map(|customer| parts::customer(profile, customer)));
}

fn discount_code(order: &Order, discount: &super::order::DiscountApplication) -> Option<Value> {
    let code = discount.code()?;
    let kind = match (discount.on_shipping, discount.value) {
        (true, _) => "shipping",
        (false, DiscountValue::Fixed(_)) => "fixed_amount",
        (false, DiscountValue::Percent(_)) => "percentage",
    };
    Some(
        object! { "code": code, "amount": rest_amount(discount.amount.shop, &order.currencies.shop), "type": kind },
    )
}

fn discount_application(discount: &super::order::DiscountApplication) -> Value {
    let (value, value_type) = match discount.value {
        DiscountValue::Fixed(amount) => (amount, "fixed_amount"),
        DiscountValue::Percent(percent) => (percent, "percentage"),
    };
    let mut body = object! {
        "target_type": if discount.on_shipping { "shipping_line" } else { "line_item" },
        "value": super::money::graphql_amount(value),
        "value_type": value_type,
        "allocation_method": if discount.across { "across" } else { "each" },
        "target_selection": if discount.across { "all" } else { "entitled" },
    };
    match &discount.kind {
        DiscountKind::Code(code) => {
            body["type"] = "discount_code".into();
            body["code"] = code.as_str().into();
        }
        DiscountKind::Automatic(title) => {
            body["type"] = "automatic".into();
            body["title"] = title.as_str().into();
        }
        DiscountKind::Manual(title) => {
            body["type"] = "manual".into();
            body["title"] = title.as_str().into();
            body["description"] = title.as_str().into();
        }
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wire_bytes_carry_the_encoders_escapes() {
        let body = serde_json::json!({ "note": "Q&A <b>\u{2028}é", "n": 1 });
        let wire = wire(&body);
        assert_eq!(wire, r#"{"n":1,"note":"Q\u0026A \u003cb\u003e\u2028é"}"#);
        assert_eq!(serde_json::from_slice::<Value>(&wire).unwrap(), body);
    }
}
