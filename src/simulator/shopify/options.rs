//! What kind of shop to play; the default is a small winery in California.

use super::profile::{Location, default_locations};
use super::webhook::{SubscribedBy, TOPICS};

/// What kind of shop to play.
#[derive(Clone)]
pub struct Options {
    /// `*.myshopify.com`.
    pub domain: String,
    /// The shop's name.
    pub name: String,
    /// Access tokens that are always good.
    pub access_tokens: Vec<String>,
    /// The app's client id, for the client credentials grant.
    pub client_id: String,
    /// The app's client secret.
    pub client_secret: String,
    /// What webhooks are signed with: the client secret, with the real shop.
    pub signing_secret: String,
    /// IANA name of the shop's time zone; UTC if unknown.
    pub timezone: String,
    /// The shop's currency.
    pub currency: String,
    /// The API version that webhooks are written in.
    pub api_version: String,
    /// What the app may do; `read_apps` is missing on purpose.
    pub scopes: Vec<String>,
    /// Where goods leave from.
    pub locations: Vec<Location>,
    /// Where webhooks go; none are sent without it.
    pub webhook_url: Option<String>,
    /// The topics sent.
    pub topics: Vec<String>,
    /// The subscriptions' name, sent as `X-Shopify-Name`.
    pub subscription_name: Option<String>,
    /// Who made the subscriptions.
    pub subscribed_by: SubscribedBy,
    /// How many webhooks are on the wire at once.
    pub concurrency: usize,
    /// The first order's number.
    pub order_number_start: u32,
    /// Whether an order that is paid and fulfilled is archived.
    pub archives: bool,
    /// Whether a hold changes the order's `updated_at` and fires `orders/updated`.
    pub holds_touch_order: bool,
    /// The most points an access token's bucket holds.
    pub bucket: u32,
    /// Points a second that run back into it.
    pub restore_rate: u32,
    /// How many finished deliveries and GraphQL requests are remembered.
    pub history: usize,
    /// Seeds ids and chance.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        let text = str::to_owned;
        Self {
            domain: text("cellar-nine.myshopify.com"),
            name: text("Cellar Nine"),
            access_tokens: vec![text("shpat_simulated")],
            client_id: text("simulated-client"),
            client_secret: text("simulated-secret"),
            signing_secret: text("simulated-secret"),
            timezone: text("America/Los_Angeles"),
            currency: text("USD"),
            api_version: text("2026-10"),
            scopes: [
                "read_orders",
                "read_all_orders",
                "write_orders",
                "read_fulfillments",
                "write_fulfillments",
                "read_merchant_managed_fulfillment_orders",
                "write_merchant_managed_fulfillment_orders",
                "read_third_party_fulfillment_orders",
                "write_third_party_fulfillment_orders",
                "read_assigned_fulfillment_orders",
                "write_assigned_fulfillment_orders",
                "read_products",
                "read_customers",
                "read_inventory",
                "write_inventory",
                "read_locations",
            ]
            .map(text)
            .to_vec(),
            locations: default_locations(),
            webhook_url: None,
            topics: TOPICS.iter().copied().map(text).collect(),
            subscription_name: None,
            subscribed_by: SubscribedBy::App,
            concurrency: 64,
            order_number_start: 1001,
            archives: true,
            holds_touch_order: true,
            bucket: 2000,
            restore_rate: 100,
            history: 100_000,
            seed: 1,
        }
    }
}
