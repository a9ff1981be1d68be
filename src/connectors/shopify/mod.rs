//! Shopify: the channel where orders are born.
//!
//! Its webhooks are read in their REST shape, its Admin API in GraphQL; both give the same facts. Nothing here decides
//! anything about an order.

mod admin;
mod graph;
mod rest;
mod webhook;

pub use admin::Authorization;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use serde_json::json;

use super::{Channel, Connection, Delivery, Heard, WebhookScheme, Webhooks};
use crate::domain::RemoteId;
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::record::Snapshot;
use crate::transport::{Client, Fault, Limits, Log};
use admin::{Admin, Query};

/// Sources of orders that routes leave out unless told otherwise: sold over the counter, or drawn up by staff.
pub const SKIPPED_SOURCES: &[&str] = &["pos", "shopify_draft_order"];

/// The API version this connector is written for.
pub const API_VERSION: &str = "2026-10";

/// Until an answer tells better: the bucket of the smallest plan, 2,000 points that gain 100 a second.
pub const LIMITS: Limits =
    Limits { burst: 2000, per_second: 100, concurrent: 8, timeout: std::time::Duration::from_secs(20) };

/// What the app must be allowed for this connector's reads.
const SCOPES: &[(&str, &str)] = &[
    ("read_orders", "orders, their edits, cancels and refunds"),
    ("read_fulfillments", "webhooks of fulfilments"),
    ("read_merchant_managed_fulfillment_orders", "holds and delivery methods"),
    ("read_customers", "the customer's id"),
    ("read_products", "which lines are sold from the catalogue"),
    ("read_locations", "where a fulfilment left from"),
];

const ORDER: Query = Query { operation: "order", document: graph::ORDER, slot: 0, expected_cost: 300 };
const SHOP: Query = Query { operation: "shop", document: graph::SHOP, slot: 1, expected_cost: 10 };

/// One shop.
#[derive(Debug)]
pub struct Shopify {
    admin: Option<Admin>,
    shop_domain: Option<String>,
}

impl Shopify {
    /// A shop read through `client`. Without authorisation its webhooks are read and nothing is ever asked of it.
    pub fn new(
        client: Client,
        api_version: &str,
        authorization: Option<Authorization>,
        shop_domain: Option<String>,
    ) -> Self {
        let admin = authorization.map(|authorization| Admin::new(client, api_version, authorization));
        Self { admin, shop_domain }
    }

    fn admin(&self) -> Result<&Admin, Fault> {
        self.admin.as_ref().ok_or_else(|| {
            Fault::Refused(Reason::new(
                ReasonCode::SourceUnreadable,
                "the shop has to be asked, and the connection has no access_token or client_id",
                "give the connection an access token, or the app's client id and secret",
            ))
        })
    }

    async fn read_order(&self, order: &RemoteId, log: &Log) -> Result<Option<Snapshot>, Fault> {
        let admin = self.admin()?;
        let id = format!("gid://shopify/Order/{order}");
        for (lines, parts) in graph::PAGES {
            let variables = json!({ "id": id, "lines": lines, "parts": parts });
            let answer: graph::OrderAnswer = admin.read(ORDER, variables, "order", log).await?;
            if !answer.is_cut(*parts) {
                return answer.snapshot().map_err(|why| {
                    Fault::Refused(Reason::new(
                        ReasonCode::SourceUnreadable,
                        why,
                        "correct the shop's time zone",
                    ))
                });
            }
        }
        Err(Fault::Refused(Reason::new(
            ReasonCode::SourceUnreadable,
            "the order has more lines, fulfilments or refunds than one reading shows",
            "handle this order by hand; every other order goes on",
        )))
    }
}

impl Webhooks for Shopify {
    fn scheme(&self) -> &'static WebhookScheme {
        &webhook::SCHEME
    }

    fn read(&self, delivery: Delivery<'_>) -> Result<Heard, Reason> {
        webhook::read(delivery, self.shop_domain.as_deref())
    }
}

impl Channel for Shopify {
    fn fetch<'a>(
        &'a self,
        order: &'a RemoteId,
        log: &'a Log,
    ) -> BoxFuture<'a, Result<Option<Snapshot>, Fault>> {
        Box::pin(self.read_order(order, log))
    }
}

impl Connection for Shopify {
    fn probe<'a>(&'a self, log: &'a Log) -> BoxFuture<'a, Result<String, Fault>> {
        Box::pin(async move {
            let answer: graph::ShopAnswer = self.admin()?.read(SHOP, json!({}), "shop", log).await?;
            let scopes = answer.current_app_installation.map(|i| i.access_scopes).unwrap_or_default();
            let granted = |wanted: &str| {
                let write = wanted.replacen("read_", "write_", 1);
                scopes.iter().any(|scope| scope.handle == wanted || scope.handle == write)
            };
            let missing: Vec<String> = SCOPES
                .iter()
                .filter(|(scope, _)| !granted(scope))
                .map(|(scope, why)| format!("{scope} ({why})"))
                .collect();
            let found = format!(
                "{} ({}, time zone {})",
                answer.shop.name, answer.shop.myshopify_domain, answer.shop.iana_timezone
            );
            if missing.is_empty() {
                return Ok(found);
            }
            Err(Fault::Refused(Reason::new(
                ReasonCode::Unauthorized,
                format!("{found} answers, but the app lacks {}", missing.join(", ")),
                "add the scopes to the app and install it anew",
            )))
        })
    }

    fn resting_until(&self) -> Option<Timestamp> {
        self.admin.as_ref().and_then(|admin| admin.client().resting_until())
    }
}
