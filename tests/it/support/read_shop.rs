//! A shop played on loopback and the connector that reads it, with nothing between them.

use crossdock::clock::Clock;
use crossdock::connectors::shopify::{API_VERSION, Authorization, LIMITS, Locations, Settings, Shopify};
use crossdock::connectors::{Channel, Delivery, Heard, Webhooks};
use crossdock::domain::RemoteId;
use crossdock::domain::carrier::Carriers;
use crossdock::domain::record::{Fact, Snapshot};
use crossdock::simulator::shopify::{Options, Shop};
use crossdock::transport::{Client, Log};
use tokio_util::sync::{CancellationToken, DropGuard};

pub(crate) struct ReadShop {
    pub(crate) shop: Shop,
    pub(crate) clock: Clock,
    shopify: Shopify,
    _halt: DropGuard,
}

impl ReadShop {
    /// A shop whose clock stands half a second past noon until moved.
    pub(crate) async fn start(options: Options) -> Self {
        let clock = Clock::manual("2026-11-22T12:00:00.5Z".parse().unwrap());
        let options = Options { bucket: 1_000_000, restore_rate: 1_000_000, ..options };
        let shop = Shop::new(options, clock.clone());
        let halt = CancellationToken::new();
        let (anywhere, faults) = (([127, 0, 0, 1], 0).into(), shop.faults().clone());
        let address =
            crossdock::simulator::spawn(anywhere, shop.router(), faults, halt.clone()).await.unwrap();
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::new("cellar", &format!("http://{address}"), LIMITS, clock.clone()).unwrap();
        let settings = Settings {
            api_version: API_VERSION.to_owned(),
            shop_domain: None,
            fulfill: true,
            tell_shipments: crossdock::domain::fulfillment::TellShipments::Each,
            notify_customer: false,
            refused_tag: None,
            late_tag: None,
            write_note: false,
            state_metafield: None,
            recheck_tag: None,
            carriers: Carriers::default(),
            locations: Locations::default(),
        };
        let token = Authorization::Token("shpat_simulated".to_owned().into());
        let shopify = Shopify::new(client, Some(token), settings);
        Self { shop, clock, shopify, _halt: halt.drop_guard() }
    }

    /// What the API tells of an order.
    pub(crate) async fn fetch(&self, id: i64) -> Snapshot {
        self.shopify.fetch(&id.into(), &Log::default()).await.unwrap().unwrap()
    }

    /// The part of an order that a webhook's body names.
    pub(crate) fn part(&self, topic: &str, body: &[u8]) -> Option<RemoteId> {
        match self.shopify.read(Delivery { topic, headers: &[].into(), body }).ok()? {
            Heard::Part { part, .. } => Some(part),
            Heard::Facts { .. } | Heard::Copy { .. } | Heard::Nothing(_) => None,
        }
    }

    /// What a webhook's body tells of an order that it names.
    pub(crate) fn hear(&self, topic: &str, body: &[u8]) -> Vec<Fact> {
        match self.shopify.read(Delivery { topic, headers: &[].into(), body }).unwrap() {
            Heard::Facts { facts, .. } => facts,
            Heard::Copy { .. } | Heard::Part { .. } | Heard::Nothing(_) => Vec::new(),
        }
    }
}
