//! What Shopify's webhooks say, by topic.
//!
//! Order topics carry the order in full, so whichever of them comes, and in whatever order, the facts are the same; a body
//! that holds less asks for a reading. Topics that nothing is done with are told so, never dropped in silence.

use serde::de::DeserializeOwned;

use super::part::{WirePart, is_about_part, may_stop_goods};
use super::shapes::refund::WireRefund;
use super::shapes::rest::{Id, WireEdited, WireEvent, WireFulfillment, WireOrder, WireRisk};
use crate::connectors::{Delivery, Heard, WebhookScheme};
use crate::domain::RemoteId;
use crate::domain::fulfillment::DeliveryStatus;
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::record::Fact;

/// Shopify's headers, of its webhooks and of its newer events. Five are required by Shopify's own library.
pub(super) static SCHEME: WebhookScheme = WebhookScheme {
    topic: &["x-shopify-topic", "shopify-topic"],
    id: &["x-shopify-webhook-id", "shopify-webhook-id"],
    signature: &["x-shopify-hmac-sha256", "shopify-hmac-sha256"],
    required: &[
        &["x-shopify-shop-domain", "shopify-shop-domain"],
        &["x-shopify-api-version", "shopify-api-version"],
    ],
    id_is_optional: false,
    answer: "",
    kept: &[
        "x-shopify-shop-domain",
        "x-shopify-api-version",
        "x-shopify-triggered-at",
        "x-shopify-event-id",
        "x-shopify-name",
        "x-shopify-test",
        "shopify-shop-domain",
        "shopify-api-version",
        "shopify-triggered-at",
        "shopify-event-id",
        "shopify-action",
        "shopify-resource-id",
    ],
};

/// Reads one delivery; `shop` is the domain its connection stands for, where that is known, and `asks` says whether the shop
/// can be asked which order a part belongs to.
pub(super) fn read(delivery: Delivery<'_>, shop: Option<&str>, asks: bool) -> Result<Heard, Reason> {
    if let Some(shop) = shop
        && let Some(sender) = delivery.headers.get("x-shopify-shop-domain")
        && !sender.eq_ignore_ascii_case(shop)
    {
        return Err(Reason::new(
            ReasonCode::WrongShop,
            format!("the delivery comes from {sender}, but this connection is for {shop}"),
            "point that shop's webhooks at a connection of its own, or correct shop_domain",
        ));
    }
    let Delivery { topic, body, .. } = delivery;
    match topic {
        "orders/create"
        | "orders/updated"
        | "orders/paid"
        | "orders/cancelled"
        | "orders/fulfilled"
        | "orders/partially_fulfilled" => {
            let order: WireOrder = parse(topic, body)?;
            check_kind(topic, body, "Order")?;
            let cancelled = topic == "orders/cancelled";
            let (facts, versioned) = match order.snapshot().map_err(|why| unreadable(topic, &why))? {
                Some(snapshot) => {
                    let mut facts = vec![Fact::Snapshot(Box::new(snapshot))];
                    facts.extend(order.seems_fetched().then_some(Fact::Touched(None)));
                    (facts, true)
                }
                None if cancelled => (vec![Fact::Cancelled], false),
                None => (vec![Fact::Touched(None)], false),
            };
            Ok(Heard::Facts { order: order.id.0, facts, urgent: cancelled, versioned })
        }
        "orders/edited" => {
            let WireEdited { order_edit } = parse(topic, body)?;
            let facts = vec![Fact::Touched(order_edit.committed_at.map(|instant| instant.at))];
            // The body names its edit and its time: the same body twice is the same edit.
            let versioned = order_edit.committed_at.is_some();
            Ok(Heard::Facts { order: order_edit.order_id.0, facts, urgent: false, versioned })
        }
        "orders/risk_assessment_changed" => {
            let wire: WireRisk = parse(topic, body)?;
            let order = order_of(topic, wire.order_id.as_ref())?;
            Ok(Heard::Facts { order, facts: vec![Fact::Touched(None)], urgent: true, versioned: false })
        }
        "orders/delete" => {
            let order: WireOrder = parse(topic, body)?;
            check_kind(topic, body, "Order")?;
            Ok(Heard::Facts { order: order.id.0, facts: vec![Fact::Deleted], urgent: true, versioned: true })
        }
        "fulfillments/create" | "fulfillments/update" => {
            let wire: WireFulfillment = parse(topic, body)?;
            check_kind(topic, body, "Fulfillment")?;
            let order = order_of(topic, wire.order_id.as_ref())?;
            let fulfillment = wire.fulfillment().map_err(|why| unreadable(topic, &why))?;
            let facts = vec![Fact::Fulfillment(fulfillment)];
            Ok(Heard::Facts { order, facts, urgent: false, versioned: true })
        }
        "fulfillment_events/create" => {
            let wire: WireEvent = parse(topic, body)?;
            check_kind(topic, body, "FulfillmentEvent")?;
            let order = order_of(topic, wire.order_id.as_ref())?;
            let facts = vec![Fact::Progress(wire.fulfillment_id.0, DeliveryStatus::parse(&wire.status))];
            Ok(Heard::Facts { order, facts, urgent: false, versioned: true })
        }
        "refunds/create" => {
            let wire: WireRefund = parse(topic, body)?;
            check_kind(topic, body, "Refund")?;
            let order = order_of(topic, wire.order_id.as_ref())?;
            let facts = vec![Fact::Refund(wire.refund().map_err(|why| unreadable(topic, &why))?)];
            // A refund may take lines off before they ship.
            Ok(Heard::Facts { order, facts, urgent: true, versioned: true })
        }
        topic if is_about_part(topic) && !asks => Ok(Heard::Nothing(format!(
            "{topic} does not name its order, and without credentials the shop cannot be asked for it"
        ))),
        topic if is_about_part(topic) => {
            check_kind(topic, body, "FulfillmentOrder")?;
            let part = parse::<WirePart>(topic, body)?.part();
            let part = part.ok_or_else(|| unreadable(topic, "fulfillment_order: missing"))?;
            Ok(Heard::Part { part, urgent: may_stop_goods(topic) })
        }
        other => Ok(Heard::Nothing(format!("the topic {other} is stored and not acted on"))),
    }
}

fn order_of(topic: &str, order: Option<&Id>) -> Result<RemoteId, Reason> {
    order.map(|id| id.0.clone()).ok_or_else(|| unreadable(topic, "order_id: missing"))
}

fn parse<T: DeserializeOwned>(topic: &str, body: &[u8]) -> Result<T, Reason> {
    // A list would be read as the fields in order.
    if body.trim_ascii_start().first() == Some(&b'[') {
        return Err(unreadable(topic, "the body is a list, not an object"));
    }
    // Where the fault lies is asked for only where there is one, for to know it at every step is dear.
    serde_json::from_slice(body).map_err(|error| {
        let deserializer = &mut serde_json::Deserializer::from_slice(body);
        let told = match serde_path_to_error::deserialize::<_, T>(deserializer) {
            Err(error) => in_words(&error.path().to_string(), error.inner()),
            Ok(_) => in_words(".", &error),
        };
        unreadable(topic, &told)
    })
}

/// What is wrong with a body, without quoting it: what it holds is personal.
fn in_words(path: &str, error: &serde_json::Error) -> String {
    use serde_json::error::Category;
    match error.classify() {
        Category::Data => {
            let text = error.to_string();
            let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
            let at = if path == "." { String::new() } else { format!("{path}: ") };
            if let Some(field) = text.strip_prefix("missing field ") {
                format!("{at}{field} is missing")
            } else if text.starts_with("duplicate field ") {
                format!("{at}{text}")
            } else {
                format!("{at}{}", text.rfind("expected ").map_or(text, |at| &text[at..]))
            }
        }
        Category::Eof => "the body ends in the middle of its JSON".to_owned(),
        Category::Syntax | Category::Io => {
            format!("the body is not JSON (line {} column {})", error.line(), error.column())
        }
    }
}

/// The signature covers only the body, so a captured body could come back under another topic: a body that says what it
/// is must say the topic's kind.
fn check_kind(topic: &str, body: &[u8], kind: &str) -> Result<(), Reason> {
    #[derive(serde::Deserialize)]
    struct Kinded {
        admin_graphql_api_id: Option<String>,
    }
    let said = serde_json::from_slice::<Kinded>(body).ok().and_then(|kinded| kinded.admin_graphql_api_id);
    match said
        .as_deref()
        .and_then(|gid| gid.strip_prefix("gid://shopify/"))
        .and_then(|rest| rest.split('/').next())
    {
        Some(other) if other != kind => Err(unreadable(
            topic,
            &format!("admin_graphql_api_id: the body is a {other}, the topic is about a {kind}"),
        )),
        _ => Ok(()),
    }
}

fn unreadable(topic: &str, why: &str) -> Reason {
    Reason::new(
        ReasonCode::UnreadableDelivery,
        format!("the body of {topic} cannot be understood: {why}"),
        "the delivery is kept as it came; look at it, and replay it once the sender or this version is mended",
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn hear(topic: &str, body: &str) -> Result<Heard, Reason> {
        read(Delivery { topic, headers: &BTreeMap::new(), body: body.as_bytes() }, None, true)
    }

    #[test]
    fn a_bare_id_asks_for_a_reading_and_a_bare_cancel_leaves_a_tombstone() {
        let facts = |topic| match hear(topic, r#"{"id": 820982911946154508}"#).unwrap() {
            Heard::Facts { order, facts, versioned, .. } => {
                assert_eq!(order.as_str(), "820982911946154508");
                assert!(!versioned || topic == "orders/delete");
                facts
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(facts("orders/updated"), [Fact::Touched(None)]);
        assert_eq!(facts("orders/cancelled"), [Fact::Cancelled]);
        assert_eq!(facts("orders/delete"), [Fact::Deleted]);
    }

    #[test]
    fn what_cannot_be_understood_is_named_and_never_quoted() {
        let order = r#"{"id":1,"created_at":"2026-11-20T10:00:00-08:00","updated_at":"2026-11-20T10:00:00-08:00","line_items":LINES}"#;
        let table = [
            ("orders/create", "\u{0}".to_owned(), "not JSON"),
            ("orders/create", r#"{"id": 1"#.to_owned(), "ends in the middle"),
            ("orders/create", "[1,2]".to_owned(), "a list, not an object"),
            ("orders/create", r#"{"email":"ann@example.com"}"#.to_owned(), "`id` is missing"),
            ("orders/create", r#"{"id":1.5}"#.to_owned(), "id: expected a 64-bit integer id"),
            ("orders/create", r#"{"id":1,"id":2}"#.to_owned(), "duplicate field `id`"),
            (
                "orders/create",
                order.replace("LINES", r#"[{"id":1,"quantity":1,"price":"Secret Street 5"}]"#),
                "line_items[0].price: expected a decimal amount",
            ),
            ("orders/create", order.replace("LINES", r#"[{"id":1,"quantity":1}]"#), "line 1 has no price"),
            (
                "orders/create",
                order.replace("LINES", r#"[{"quantity":1}]"#),
                "line_items[0]: `id` is missing",
            ),
            (
                "fulfillments/create",
                r#"{"id":1,"updated_at":"2026-11-20T10:00:00Z"}"#.to_owned(),
                "order_id: missing",
            ),
            (
                "orders/updated",
                r#"{"id":1,"admin_graphql_api_id":"gid://shopify/Product/1"}"#.to_owned(),
                "the body is a Product",
            ),
        ];
        for (topic, body, expected) in table {
            let reason = hear(topic, &body).unwrap_err();
            assert!(reason.message.contains(expected), "{body} → {}", reason.message);
            assert!(
                !reason.message.contains("Secret") && !reason.message.contains("ann@"),
                "{}",
                reason.message
            );
        }
    }

    #[test]
    fn another_shops_delivery_is_not_taken_for_ours() {
        let headers =
            BTreeMap::from([("x-shopify-shop-domain".to_owned(), "other.myshopify.com".to_owned())]);
        let delivery = Delivery { topic: "orders/create", headers: &headers, body: br#"{"id":1}"# };
        assert_eq!(read(delivery, Some("ours.myshopify.com"), true).unwrap_err().code, ReasonCode::WrongShop);
        assert!(read(delivery, Some("OTHER.myshopify.com"), true).is_ok());
    }

    #[test]
    fn a_part_is_named_in_every_form_that_its_topics_have() {
        let moved = r#"{"original_fulfillment_order":{"id":"gid://shopify/FulfillmentOrder/7"},"moved_fulfillment_order":{"id":"gid://shopify/FulfillmentOrder/8"}}"#;
        let merged = r#"{"merge_intents":[{"fulfillment_order_id":6}],"fulfillment_order_merges":{"fulfillment_order":{"id":"gid://shopify/FulfillmentOrder/7"}}}"#;
        let named = r#"{"fulfillment_order":{"id":"gid://shopify/FulfillmentOrder/7","status":"on_hold"}}"#;
        let table = [
            ("fulfillment_orders/placed_on_hold", named, true),
            ("fulfillment_orders/hold_released", named, false),
            ("fulfillment_orders/cancelled", named, true),
            ("fulfillment_orders/a_topic_of_next_year", named, false),
            ("fulfillment_holds/added", named, true),
            ("fulfillment_orders/moved", moved, false),
            ("fulfillment_orders/merged", merged, false),
            ("fulfillment_orders/split", r#"{"id":7}"#, false),
        ];
        for (topic, body, urgent) in table {
            assert_eq!(hear(topic, body), Ok(Heard::Part { part: "7".into(), urgent }), "{topic}");
        }
        let refused = [
            ("{}", "fulfillment_order: missing"),
            (
                r#"{"fulfillment_order":{"id":"gid://shopify/Order/7"}}"#,
                "expected the id of a fulfillment order",
            ),
            (r#"{"id":7,"admin_graphql_api_id":"gid://shopify/Order/7"}"#, "the body is a Order"),
        ];
        for (body, why) in refused {
            let told = hear("fulfillment_orders/split", body).unwrap_err();
            assert!(told.message.contains(why), "{}", told.message);
        }
        let body = named.as_bytes();
        let delivery = Delivery { topic: "fulfillment_orders/split", headers: &BTreeMap::new(), body };
        assert!(matches!(read(delivery, None, false), Ok(Heard::Nothing(_))), "nobody can be asked");
    }

    #[test]
    fn a_changed_assessment_is_a_hint_about_its_order() {
        let facts = vec![Fact::Touched(None)];
        let heard = Heard::Facts { order: "5".into(), facts, urgent: true, versioned: false };
        assert_eq!(
            hear("orders/risk_assessment_changed", r#"{"order_id":5,"risk_level":"high"}"#),
            Ok(heard)
        );
    }

    #[test]
    fn topics_nothing_is_done_with_are_told_so() {
        assert!(matches!(hear("draft_orders/create", "not even json").unwrap(), Heard::Nothing(_)));
    }
}
