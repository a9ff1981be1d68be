//! An order's webhook as the shop would send it: a body of about 6.5 KB with ids of its own, signed beforehand, in the
//! bytes that go over the wire. It knows nothing of what the server makes of it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use rand::RngExt;
use serde_json::{Value, json};
use sha2::Sha256;

pub(crate) const SECRET: &str = "bench-secret";

/// A paid order of two wines.
pub(crate) fn order(number: u64) -> Value {
    let mut rng = rand::rng();
    let order = 5_000_000_000_000_u64 + number;
    let money = |amount: &str| {
        json!({ "shop_money": { "amount": amount, "currency_code": "USD" },
                "presentment_money": { "amount": amount, "currency_code": "USD" } })
    };
    let line = |at: u64, price: &str| {
        json!({
            "id": order * 10 + at, "admin_graphql_api_id": format!("gid://shopify/LineItem/{}", order * 10 + at),
            "current_quantity": 2, "fulfillable_quantity": 2, "fulfillment_service": "manual", "fulfillment_status": null,
            "gift_card": false, "grams": 1500, "name": "Estate Pinot Noir 2022 - 750 ml", "price": price,
            "price_set": money(price), "product_exists": true, "product_id": 7_000_000_000_000_u64 + at,
            "properties": [], "quantity": 2, "requires_shipping": true, "sku": format!("PN-2022-{at}"), "taxable": true,
            "title": "Estate Pinot Noir 2022", "total_discount": "0.00", "total_discount_set": money("0.00"),
            "variant_id": 8_000_000_000_000_u64 + at, "variant_inventory_management": "shopify",
            "variant_title": "750 ml", "vendor": "Nine Hills Winery",
            "tax_lines": [{ "channel_liable": false, "price": "4.25", "price_set": money("4.25"), "rate": 0.085,
                            "title": "California State Tax" }],
            "duties": [], "discount_allocations": [],
        })
    };
    let address = json!({
        "first_name": "Emily", "last_name": format!("Sheehan{}", rng.random_range(0..9999)),
        "address1": format!("{} Vineyard Lane", rng.random_range(1..9999)), "address2": null, "city": "Healdsburg",
        "zip": "95448", "province": "California", "country": "United States", "company": null,
        "phone": format!("+1707555{:04}", rng.random_range(0..9999)), "latitude": 38.6, "longitude": -122.8,
        "name": "Emily Sheehan", "country_code": "US", "province_code": "CA",
    });
    json!({
        "id": order, "admin_graphql_api_id": format!("gid://shopify/Order/{order}"), "app_id": 580_111,
        "browser_ip": "203.0.113.7", "buyer_accepts_marketing": false, "cancel_reason": null, "cancelled_at": null,
        "cart_token": format!("{:032x}", rng.random::<u128>()), "checkout_id": order + 7,
        "checkout_token": format!("{:032x}", rng.random::<u128>()), "closed_at": null, "confirmed": true,
        "confirmation_number": format!("{:09X}", rng.random_range(0..u32::MAX)),
        "contact_email": format!("buyer{number}@example.com"), "created_at": "2026-11-20T10:15:30-08:00",
        "currency": "USD", "current_subtotal_price": "150.00", "current_subtotal_price_set": money("150.00"),
        "current_total_discounts": "0.00", "current_total_discounts_set": money("0.00"),
        "current_total_price": "177.75", "current_total_price_set": money("177.75"), "current_total_tax": "12.75",
        "current_total_tax_set": money("12.75"), "customer_locale": "en-US", "discount_codes": [],
        "email": format!("buyer{number}@example.com"), "estimated_taxes": false, "financial_status": "paid",
        "fulfillment_status": null, "landing_site": "/collections/pinot", "name": format!("#{}", 1000 + number),
        "note": null, "note_attributes": [{ "name": "Date of Birth", "value": "1984-05-06" }],
        "number": number, "order_number": 1000 + number,
        "order_status_url": format!("https://nine-hills.example/orders/{:032x}/authenticate", rng.random::<u128>()),
        "payment_gateway_names": ["shopify_payments"], "phone": null, "presentment_currency": "USD",
        "processed_at": "2026-11-20T10:15:29-08:00", "source_name": "web", "subtotal_price": "150.00",
        "tags": "club, pinot", "tax_lines": [{ "price": "12.75", "rate": 0.085, "title": "California State Tax" }],
        "taxes_included": false, "test": false, "token": format!("{:032x}", rng.random::<u128>()),
        "total_discounts": "0.00", "total_line_items_price": "150.00", "total_outstanding": "0.00",
        "total_price": "177.75", "total_price_set": money("177.75"), "total_shipping_price_set": money("15.00"),
        "total_tax": "12.75", "total_tax_set": money("12.75"), "total_tip_received": "0.00", "total_weight": 4500,
        "updated_at": "2026-11-20T10:15:31-08:00", "billing_address": address, "shipping_address": address,
        "customer": { "id": 6_000_000_000_000_u64 + number, "email": format!("buyer{number}@example.com"),
                      "first_name": "Emily", "last_name": "Sheehan", "state": "disabled", "verified_email": true,
                      "tags": "", "currency": "USD", "default_address": address },
        "discount_applications": [], "fulfillments": [], "refunds": [], "payment_terms": null,
        "line_items": [line(1, "25.00"), line(2, "50.00")],
        "shipping_lines": [{ "id": order + 3, "code": "Ground", "discounted_price": "15.00",
                             "discounted_price_set": money("15.00"), "is_removed": false, "phone": null,
                             "price": "15.00", "price_set": money("15.00"), "source": "shopify",
                             "title": "FedEx Ground", "tax_lines": [], "discount_allocations": [] }],
    })
}

/// A signed webhook of this order, under this id.
pub(crate) fn signed(order: &Value, id: &str) -> Vec<u8> {
    let body = order.to_string().into_bytes();
    let mut mac: Hmac<Sha256> = Hmac::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(&body);
    let signature = BASE64.encode(mac.finalize().into_bytes());
    let mut bytes = format!(
        "POST /webhooks/cellar HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nX-Shopify-Topic: orders/updated\r\nX-Shopify-Hmac-Sha256: {signature}\r\n\
         X-Shopify-Shop-Domain: nine-hills.myshopify.com\r\nX-Shopify-API-Version: 2026-10\r\n\
         X-Shopify-Webhook-Id: {id}\r\nX-Shopify-Triggered-At: 2026-11-20T18:15:31.123456789Z\r\n\
         X-Shopify-Event-Id: {id}\r\nUser-Agent: bench\r\n\r\n",
        body.len()
    )
    .into_bytes();
    bytes.extend_from_slice(&body);
    bytes
}
