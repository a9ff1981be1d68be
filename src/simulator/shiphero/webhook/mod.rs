//! Webhooks: who registered for which, and what ShipHero's sender does in its own way.
//!
//! A webhook has no topic header, the body names its type. Five retries are published, the waits between them are not:
//! ours double from a minute.

mod bodies;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::simulator::webhook::{self, Outcome, Parcel, Vendor, signature};
pub(super) use bodies::{
    allocated, cancelled, capture, deallocated, inventory, package_added, packed_out, shipped, tote_complete,
};
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

/// The type that tells of stock.
pub(super) const INVENTORY: &str = "Inventory Update";

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

#[cfg(test)]
mod tests {
    use super::says_otherwise;

    #[test]
    fn a_code_in_the_body_counts_as_text_and_as_number() {
        for yes in [r#"{"code":"200","Status":"Success"}"#, r#"{"code":200}"#, "{}", "", "OK"] {
            assert!(!says_otherwise(yes.as_bytes()), "{yes}");
        }
        for no in [r#"{"code":"402"}"#, r#"{"code":500}"#, r#"{"code":"declined"}"#] {
            assert!(says_otherwise(no.as_bytes()), "{no}");
        }
    }
}
