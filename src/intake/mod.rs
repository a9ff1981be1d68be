//! From a request to the inbox: which connection, which headers, whose signature, and then one durable commit.
//!
//! Nothing is parsed before it is stored, and no database is asked before the signature is verified: an unsigned request
//! costs nothing. What is refused is told without a detail that would help a forger.

mod inbox;
mod verify;

pub use inbox::{Inbox, Outcome};
pub use verify::Signatures;

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use jiff::Timestamp;

use crate::connectors::WebhookScheme;
use crate::crypto::digest;
use crate::store::{NewDelivery, pack};

/// A connection that takes webhooks.
#[derive(Debug)]
pub struct Source {
    name: Arc<str>,
    scheme: &'static WebhookScheme,
    signatures: Signatures,
}

/// Why a delivery is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No connection of that name takes webhooks.
    UnknownConnection,
    /// It says it is something other than JSON.
    NotJson,
    /// These headers are missing.
    MissingHeaders(Vec<&'static str>),
    /// A header is not text.
    UnreadableHeader(&'static str),
    /// There is no body.
    EmptyBody,
    /// The signature is not one of ours.
    Signature,
}

/// What the head of a request told, before its body was read.
#[derive(Debug)]
pub struct Head {
    topic: String,
    webhook_id: String,
    signature: String,
    kept: String,
}

/// Every connection that takes webhooks.
#[derive(Clone, Debug, Default)]
pub struct Sources(Arc<BTreeMap<String, Source>>);

impl Sources {
    /// The connections with their schemes and signatures.
    pub fn new(sources: impl IntoIterator<Item = (String, &'static WebhookScheme, Signatures)>) -> Self {
        let sources = sources.into_iter().map(|(name, scheme, signatures)| {
            (name.clone(), Source { name: name.into(), scheme, signatures })
        });
        Self(Arc::new(sources.collect()))
    }

    /// The connection of this name.
    pub fn find(&self, name: &str) -> Result<&Source, Refusal> {
        self.0.get(name).ok_or(Refusal::UnknownConnection)
    }
}

impl Source {
    /// The connection's name.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The body of our answer to a delivery that was taken.
    pub fn answer(&self) -> &'static str {
        self.scheme.answer
    }

    /// Checks the head of a request: everything that can be told before the body.
    pub fn read_head(&self, headers: &HeaderMap) -> Result<Head, Refusal> {
        if let Some(kind) = headers.get(http::header::CONTENT_TYPE) {
            let kind = kind.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
            let json =
                kind.eq_ignore_ascii_case("application/json") || kind.to_ascii_lowercase().ends_with("+json");
            if !json {
                return Err(Refusal::NotJson);
            }
        }
        let scheme = self.scheme;
        let id: &[&'static str] = if scheme.id_is_optional { &[] } else { scheme.id };
        let needed = [scheme.topic, id, scheme.signature];
        let needed = needed.iter().chain(scheme.required).filter(|names| !names.is_empty());
        let missing: Vec<&'static str> =
            needed.filter(|names| first(headers, names).is_none()).map(|names| names[0]).collect();
        if !missing.is_empty() {
            return Err(Refusal::MissingHeaders(missing));
        }
        let text = |names: &'static [&'static str]| {
            let value = first(headers, names).and_then(|value| value.to_str().ok());
            value.map(|value| value.trim().to_owned()).ok_or(Refusal::UnreadableHeader(names[0]))
        };
        let mut kept = serde_json::Map::new();
        for name in scheme.kept {
            if let Some(value) = headers.get(*name) {
                kept.insert((*name).to_owned(), String::from_utf8_lossy(value.as_bytes()).into());
            }
        }
        let signature = text(scheme.signature)?;
        let webhook_id = match first(headers, scheme.id) {
            None if scheme.id_is_optional => signature.clone(),
            _ => text(scheme.id)?,
        };
        Ok(Head {
            topic: if scheme.topic.is_empty() { String::new() } else { text(scheme.topic)? },
            webhook_id,
            signature,
            kept: serde_json::Value::Object(kept).to_string(),
        })
    }

    /// Verifies the raw body.
    pub fn read_body(&self, head: Head, body: Bytes, received_at: Timestamp) -> Result<Verified, Refusal> {
        if body.is_empty() {
            return Err(Refusal::EmptyBody);
        }
        let signed = self.signatures.verify(&head.signature, &body).ok_or(Refusal::Signature)?;
        Ok(Verified { connection: Arc::clone(&self.name), head, signed, body, received_at })
    }
}

/// A delivery whose signature is one of ours.
#[derive(Debug)]
pub struct Verified {
    connection: Arc<str>,
    head: Head,
    /// A keyed digest of the body, and so as good a name for it as any.
    signed: [u8; 32],
    body: Bytes,
    received_at: Timestamp,
}

impl Verified {
    /// The raw body.
    pub fn body(&self) -> Bytes {
        self.body.clone()
    }

    /// What is stored of it.
    fn into_delivery(self) -> NewDelivery {
        let Self { connection, head: Head { topic, webhook_id, kept, .. }, signed, body, received_at } = self;
        NewDelivery {
            content: digest(&[connection.as_bytes(), topic.as_bytes(), &signed]),
            size: i64::try_from(body.len()).unwrap_or(i64::MAX),
            body: pack(&body),
            connection,
            topic,
            webhook_id,
            headers: kept,
            received_at,
        }
    }
}

/// The first of several headers that is there and holds something.
fn first<'h>(headers: &'h HeaderMap, names: &[&'static str]) -> Option<&'h http::HeaderValue> {
    names.iter().find_map(|name| headers.get(*name)).filter(|value| !value.as_bytes().trim_ascii().is_empty())
}
