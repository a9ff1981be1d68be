//! What ShipHero's webhooks say: which order something happened to.
//!
//! They have no topic header; the body names its type, at the top or inside `fulfillment`. Their fields differ from version
//! to version and what they say may be old by the time it is read, so nothing of it is believed but the order it is
//! about: that is looked at. Capture Payment is a question, and is answered on the spot.

use serde_json::Value;

use crate::connectors::{Heard, Question, WebhookScheme};
use crate::domain::reason::{Reason, ReasonCode};

/// How they are told and signed (developer.shiphero.com/webhooks). The answer is what the vendor asks for.
pub(super) const SCHEME: WebhookScheme = WebhookScheme {
    topic: &[],
    id: &["x-shiphero-message-id"],
    id_is_optional: true,
    signature: &["x-shiphero-hmac-sha256"],
    required: &[],
    kept: &["x-shiphero-message-id"],
    answer: r#"{"code":"200","Status":"Success"}"#,
};

/// The types that are registered for.
pub const TYPES: &[&str] = &[
    "Shipment Update",
    "Order Canceled",
    "Order Allocated",
    "Order Deallocated",
    "Inventory Update",
    CAPTURE,
];

/// The question whether a label may be printed.
const CAPTURE: &str = "Capture Payment";

/// Types of orders that something happened to.
const ABOUT_ORDERS: &[&str] = &[
    "Shipment Update",
    "Order Canceled",
    "Order Allocated",
    "Order Deallocated",
    "Order Packed Out",
    "Package Added",
    "Generate Label",
];

fn kind(body: &Value) -> &str {
    let named = body["webhook_type"].as_str().filter(|kind| !kind.trim().is_empty());
    named.or_else(|| body["fulfillment"]["webhook_type"].as_str()).unwrap_or_default().trim()
}

/// The channel's id of the order, written as text or number.
fn order_of(body: &Value) -> Option<String> {
    [&body["partner_order_id"], &body["fulfillment"]["partner_order_id"]].into_iter().find_map(
        |id| match id {
            Value::String(id) if !id.trim().is_empty() => Some(id.trim().to_owned()),
            Value::Number(id) => Some(id.to_string()),
            _ => None,
        },
    )
}

pub(super) fn read(body: &[u8]) -> Result<Heard, Reason> {
    let unreadable = |what: String| {
        Reason::new(
            ReasonCode::UnreadableDelivery,
            what,
            "report the body as a fault of crossdock; the order is found by the next poll",
        )
    };
    let body: Value = serde_json::from_slice(body).map_err(|error| {
        unreadable(format!("the body is no JSON (line {} column {})", error.line(), error.column()))
    })?;
    let kind = kind(&body);
    if kind == CAPTURE {
        return Ok(Heard::Nothing(
            "a question whether a label may be printed; it was answered on the spot".into(),
        ));
    }
    if !ABOUT_ORDERS.contains(&kind) {
        return Ok(Heard::Nothing(if kind.is_empty() {
            "it names no type".into()
        } else {
            format!("nothing follows from «{kind}» so far")
        }));
    }
    match order_of(&body) {
        Some(order) => Ok(Heard::Copy { order: order.as_str().into(), urgent: kind == "Order Canceled" }),
        // An order that was entered at ShipHero by hand is nobody's copy.
        None => Ok(Heard::Nothing(format!("«{kind}» of an order that names none at the shop"))),
    }
}

/// The question that a body asks, if it asks one.
pub(super) fn question(body: &[u8], open_when_unknown: bool) -> Option<Question> {
    let body: Value = serde_json::from_slice(body).ok()?;
    if kind(&body) != CAPTURE {
        return None;
    }
    Some(Question { order: order_of(&body).map(|order| order.as_str().into()), open_when_unknown })
}

/// The answer to a question: anything but 200 in `code` stops the label, and the order is put on payment hold. The HTTP status
/// stays 200 either way, for a refusal is no failure of ours that would count against the webhook's health.
pub(super) fn answer(refused: Option<&str>) -> Value {
    match refused {
        None => serde_json::json!({ "code": "200", "Status": "Success" }),
        Some(why) => serde_json::json!({ "code": "402", "Status": "Refused", "Message": why }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_and_the_order_are_found_wherever_they_stand() {
        let about = |order: &str, urgent| Ok(Heard::Copy { order: order.into(), urgent });
        let table = [
            (
                r#"{"webhook_type":"Shipment Update","fulfillment":{"partner_order_id":"5001"}}"#,
                about("5001", false),
            ),
            (
                r#"{"fulfillment":{"webhook_type":"Package Added","partner_order_id":5001}}"#,
                about("5001", false),
            ),
            (r#"{"webhook_type":"Order Canceled","partner_order_id":"5001"}"#, about("5001", true)),
        ];
        for (body, expected) in table {
            assert_eq!(read(body.as_bytes()), expected, "{body}");
        }
        for body in [
            r#"{"webhook_type":"Shipment Update","fulfillment":{"partner_order_id":""}}"#,
            r#"{"webhook_type":"Inventory Update"}"#,
            r#"{"webhook_type":"Capture Payment","partner_order_id":"5001"}"#,
            "{}",
            "[]",
        ] {
            assert!(matches!(read(body.as_bytes()), Ok(Heard::Nothing(_))), "{body}");
        }
        assert_eq!(read(b"{").unwrap_err().code, ReasonCode::UnreadableDelivery);
    }

    #[test]
    fn only_capture_payment_is_a_question() {
        let body = br#"{"webhook_type":"Capture Payment","partner_order_id":"5001"}"#;
        let asked = question(body, true).unwrap();
        assert_eq!((asked.order, asked.open_when_unknown), (Some("5001".into()), true));
        assert!(question(br#"{"webhook_type":"Capture Payment"}"#, false).unwrap().order.is_none());
        assert!(question(br#"{"webhook_type":"Order Canceled"}"#, true).is_none());
    }
}
