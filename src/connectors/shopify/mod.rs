//! Shopify: the channel where orders are born.
//!
//! Its webhooks are read in their REST shape, its Admin API in GraphQL; both give the same facts. Nothing here decides
//! anything about an order.

mod admin;
mod company;
mod documents;
mod locations;
mod noting;
mod part;
mod shapes;
mod shipping;
mod webhook;
mod work;

pub use admin::Authorization;
pub use company::company;
pub use locations::{Locations, Mapped};
pub use noting::metafield;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use serde_json::json;

use super::{Channel, Connection, Delivery, Heard, WebhookScheme, Webhooks};
use crate::domain::RemoteId;
use crate::domain::carrier::Carriers;
use crate::domain::fulfillment::{Fulfillment, TellShipments};
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::record::Snapshot;
use crate::domain::step::{Signs, Telling};
use crate::transport::{Client, Effect, Fault, Limits, Log};
use admin::{Admin, Query};
use shapes::graph;

/// Sources of orders that routes leave out unless told otherwise: sold over the counter, or drawn up by staff.
pub const SKIPPED_SOURCES: &[&str] = &["pos", "shopify_draft_order"];

/// The API version this connector is written for.
pub const API_VERSION: &str = "2026-10";

/// Until an answer tells better: the bucket of the smallest plan, 2,000 points that gain 100 a second.
pub const LIMITS: Limits =
    Limits { burst: 2000, per_second: 100, concurrent: 8, timeout: std::time::Duration::from_secs(20) };

/// What the app must be allowed besides, where shipments made elsewhere become fulfilments.
const FULFILL_SCOPES: &[(&str, &str)] = &[
    ("write_merchant_managed_fulfillment_orders", "fulfilments of what other systems shipped"),
    ("write_fulfillments", "how far they have come"),
];

/// What the app must be allowed besides, where orders that may not ship are held and tagged.
const HOLD_SCOPES: &[(&str, &str)] = &[
    ("write_merchant_managed_fulfillment_orders", "holds on orders that may not ship"),
    ("write_orders", "tags, notes and metafields of orders"),
];

/// What the app must be allowed for this connector's reads.
const SCOPES: &[(&str, &str)] = &[
    ("read_orders", "orders, their edits, cancels, refunds and analysis of fraud"),
    ("read_fulfillments", "webhooks of fulfilments"),
    ("read_merchant_managed_fulfillment_orders", "holds and delivery methods, and their webhooks"),
    ("read_customers", "the customer's id"),
    ("read_products", "which lines are sold from the catalogue"),
    ("read_locations", "where a fulfilment left from"),
];

const ORDER: Query = Query {
    operation: "order",
    document: documents::ORDER,
    effect: Effect::Read,
    root: "order",
    expected_cost: 300,
    urgent: false,
};
const PART: Query = Query {
    operation: "fulfillment order",
    document: documents::PART,
    effect: Effect::Read,
    root: "fulfillmentOrder",
    expected_cost: 1,
    // It may be about a hold.
    urgent: true,
};
const SHOP: Query = Query {
    operation: "shop",
    document: documents::SHOP,
    effect: Effect::Read,
    root: "shop",
    expected_cost: 10,
    urgent: false,
};

/// How a shop is spoken to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The API's version.
    pub api_version: String,
    /// The shop's `.myshopify.com` domain, where known: whose webhooks are taken.
    pub shop_domain: Option<String>,
    /// Whether shipments made elsewhere become fulfilments here.
    pub fulfill: bool,
    /// When they do.
    pub tell_shipments: TellShipments,
    /// Whether the shop then writes to its customer.
    pub notify_customer: bool,
    /// The tag of orders that may not ship, which are then held too; absent to leave them alone.
    pub refused_tag: Option<String>,
    /// The tag of orders that were edited or cancelled too late for some copy; absent to leave them alone.
    pub late_tag: Option<String>,
    /// Whether what a person has to decide is written into the order's note.
    pub write_note: bool,
    /// The metafield of orders that says the same to programs, as namespace and key; absent for none.
    pub state_metafield: Option<(String, String)>,
    /// The tag by which a person asks for a re-check; absent for none.
    pub recheck_tag: Option<String>,
    /// What the merchant says of carriers.
    pub carriers: Carriers,
    /// The locations that stand for the warehouses of others.
    pub locations: Locations,
}

/// One shop.
#[derive(Debug)]
pub struct Shopify {
    admin: Option<Admin>,
    settings: Settings,
    signs: Signs,
}

impl Shopify {
    /// A shop read through `client`. Without authorisation its webhooks are read and nothing is ever asked of it.
    pub fn new(client: Client, authorization: Option<Authorization>, settings: Settings) -> Self {
        let admin =
            authorization.map(|authorization| Admin::new(client, &settings.api_version, authorization));
        let signs = Signs {
            refused_tag: settings.refused_tag.clone(),
            late_tag: settings.late_tag.clone(),
            recheck_tag: settings.recheck_tag.clone(),
            note: settings.write_note,
            state: settings.state_metafield.is_some(),
        };
        // Who cannot be asked cannot be told either.
        let signs = if admin.is_some() { signs } else { Signs::default() };
        Self { admin, settings, signs }
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
            let answer: graph::OrderAnswer = admin.run(ORDER, variables, log).await?;
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

impl Shopify {
    /// Which shop answered, and what the app may not write; an error where it may not read what it needs.
    fn greet(&self, answer: &graph::ShopAnswer) -> Result<String, Fault> {
        let mut found = format!(
            "{} ({}, time zone {})",
            answer.shop.name, answer.shop.myshopify_domain, answer.shop.iana_timezone
        );
        // Some tokens are not told what they may do.
        let Some(installation) = &answer.current_app_installation else { return Ok(found) };
        let granted = |wanted: &str| {
            let write = wanted.replacen("read_", "write_", 1);
            installation.access_scopes.iter().any(|scope| scope.handle == wanted || scope.handle == write)
        };
        let lacking = |scopes: &[(&str, &str)]| {
            let missing = scopes.iter().filter(|(scope, _)| !granted(scope));
            missing.map(|(scope, why)| format!("{scope} ({why})")).collect::<Vec<_>>()
        };
        // Without these the main job goes on.
        let mut optional = Vec::new();
        if self.settings.fulfill {
            optional.extend(lacking(FULFILL_SCOPES));
        }
        if self.settings.refused_tag.is_some() {
            optional.extend(lacking(HOLD_SCOPES));
        } else if self.signs != Signs::default() {
            optional.extend(lacking(&HOLD_SCOPES[1..]));
        }
        if !optional.is_empty() {
            found = format!("{found}; the app may not write, for lack of {}", optional.join(", "));
        }
        let missing = lacking(SCOPES);
        if missing.is_empty() {
            return Ok(found);
        }
        Err(Fault::Refused(Reason::new(
            ReasonCode::Unauthorized,
            format!("{found} answers, but the app lacks {}", missing.join(", ")),
            "add the scopes to the app and install it anew",
        )))
    }
}

impl Webhooks for Shopify {
    fn scheme(&self) -> &'static WebhookScheme {
        &webhook::SCHEME
    }

    fn read(&self, delivery: Delivery<'_>) -> Result<Heard, Reason> {
        webhook::read(delivery, self.settings.shop_domain.as_deref(), self.can_be_asked())
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

    fn can_be_asked(&self) -> bool {
        self.admin.is_some()
    }

    fn order_of<'a>(
        &'a self,
        part: &'a RemoteId,
        log: &'a Log,
    ) -> BoxFuture<'a, Result<Option<RemoteId>, Fault>> {
        Box::pin(async move {
            let variables = json!({ "id": format!("gid://shopify/FulfillmentOrder/{part}") });
            let answer: graph::PartAnswer = self.admin()?.run(PART, variables, log).await?;
            Ok(answer.order())
        })
    }

    fn tells_shipments(&self) -> Option<TellShipments> {
        (self.settings.fulfill && self.admin.is_some()).then_some(self.settings.tell_shipments)
    }

    fn carriers(&self) -> &Carriers {
        &self.settings.carriers
    }

    fn signs(&self) -> &Signs {
        &self.signs
    }

    fn tell<'a>(
        &'a self,
        telling: &'a Telling,
        log: &'a Log,
    ) -> BoxFuture<'a, Result<Option<Fulfillment>, Fault>> {
        Box::pin(self.say(telling, log))
    }
}

impl Connection for Shopify {
    fn probe<'a>(&'a self, log: &'a Log) -> BoxFuture<'a, Result<String, Fault>> {
        Box::pin(async move {
            let answer: graph::ShopAnswer = self.admin()?.run(SHOP, json!({}), log).await?;
            let found = self.greet(&answer)?;
            self.check_locations(log).await?;
            Ok(found)
        })
    }

    fn resting_until(&self) -> Option<Timestamp> {
        self.admin.as_ref().and_then(|admin| admin.client().resting_until())
    }
}
