//! A shop played on loopback, a server, and a warehouse that ships whatever a test says, by any carrier's text.
//!
//! The warehouse is a destination in memory, so that what comes back is about tracking and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crossdock::app::connect;
use crossdock::clock::Clock;
use crossdock::config::Config;
use crossdock::connectors::{Destination, Effect};
use crossdock::domain::copy::{OrderCopy, Stage};
use crossdock::domain::fulfillment::Shipment;
use crossdock::domain::mirror::{Observed, Rearranged, Seen};
use crossdock::domain::step::{Capabilities, CopyRef, Edits, Step};
use crossdock::engine::{Engine, Presence, Wake};
use crossdock::simulator::shipcompliant;
use crossdock::simulator::shopify::{self, NewOrder, Settings, Shop};
use crossdock::transport::{Fault, Log, Share};
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::support::server::{Server, preamble};
use crate::support::winery::{ROUTE, route, vendors};

/// How often the warehouse is asked.
const WATCH: Duration = Duration::from_mins(5);

/// One order's copy at the warehouse.
struct Held {
    stage: Stage,
    numbers: BTreeSet<String>,
    shipments: Vec<Shipment>,
}

struct Warehouse {
    orders: Mutex<BTreeMap<String, Held>>,
    clock: Clock,
}

impl Destination for Warehouse {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            edits: Edits::Anew(Stage::Released),
            cancel_until: Stage::Released,
            packs: false,
            enters: true,
            adopts: false,
            judges: false,
            watch: Some(WATCH),
        }
    }

    fn is_same_order(&self, _: &OrderCopy, _: &Seen) -> bool {
        true
    }

    fn shipments(&self, seen: &Seen, _: &OrderCopy) -> Vec<Shipment> {
        let key = seen.content["key"].as_str().unwrap_or_default();
        self.orders.lock().unwrap().get(key).map(|held| held.shipments.clone()).unwrap_or_default()
    }

    fn observe<'a>(&'a self, at: &'a CopyRef, _: &'a Log) -> BoxFuture<'a, Result<Observed, Fault>> {
        let seen = self.orders.lock().unwrap().get(&at.key).map(|held| Seen {
            committed: true,
            stage: held.stage,
            held: held.stage == Stage::Held,
            remote: None,
            version: None,
            rearranged: Rearranged::default(),
            verdict: None,
            numbers: held.numbers.clone(),
            content: json!({ "key": at.key }),
            at: self.clock.now(),
        });
        Box::pin(async move { Ok(seen.map_or(Observed::Absent, Observed::Present)) })
    }

    fn apply<'a>(&'a self, step: &'a Step, _: &'a Log) -> BoxFuture<'a, Result<Effect, Fault>> {
        let mut orders = self.orders.lock().unwrap();
        match step {
            Step::Submit { copy, .. } => {
                let held = Held { stage: copy.stage, numbers: BTreeSet::new(), shipments: Vec::new() };
                orders.insert(copy.key.clone(), held);
            }
            // The shop knows that it arrived.
            Step::Advance { at, stage: Stage::Delivered } => {
                orders.get_mut(&at.key).unwrap().stage = Stage::Delivered;
            }
            other => panic!("the warehouse is not to be told to {}", other.name()),
        }
        Box::pin(async { Ok(Effect::DONE) })
    }
}

pub(super) struct Shipped {
    pub(super) server: Server,
    pub(super) shop: Shop,
    pub(super) clock: Clock,
    engine: Arc<Engine>,
    warehouse: Arc<Warehouse>,
    /// The configuration before and after the shop's keys.
    text: (String, String),
    _stop: DropGuard,
}

impl Shipped {
    /// Everything at work, with more keys of the shop's connection.
    pub(super) async fn open(keys: &str) -> Self {
        let clock = Clock::manual("2026-11-22T12:00:00Z".parse().unwrap());
        let stop = CancellationToken::new();
        let (shop, shop_url, _, account_url) =
            vendors(shopify::Options::default(), shipcompliant::Options::default(), &clock, &stop).await;
        let folder = tempfile::tempdir().unwrap();
        let text = (preamble(folder.path(), &shop_url), route(folder.path(), &account_url, "", ROUTE));
        let server = Server::reopen(folder, &[&*text.0, keys, &text.1].concat(), clock.clone(), false).await;
        let url = Some(format!("{}/webhooks/cellar", server.url));
        shop.configure_webhooks(&Settings { url, ..Settings::default() });
        let warehouse = Arc::new(Warehouse { orders: Mutex::default(), clock: clock.clone() });
        let engine = server.app.engine.clone();
        let mut shipped = Self { server, shop, clock, engine, warehouse, text, _stop: stop.drop_guard() };
        shipped.restart_with(keys);
        shipped
    }

    /// Goes on with another loop over the same store, whose configuration has these keys of the shop's connection.
    pub(super) fn restart_with(&mut self, keys: &str) {
        let text = [&*self.text.0, keys, &self.text.1].concat();
        let config = Config::read("test.toml", &text, &[]).unwrap_or_else(|problems| panic!("{problems}"));
        let (mut registry, _) = connect(config.connections, &self.clock, None, &Share::whole()).unwrap();
        registry.get_mut("compliance").unwrap().destination = Some(self.warehouse.clone());
        let store = self.server.app.engine.store().clone();
        self.engine = Engine::new(
            store,
            registry,
            config.routes,
            Presence::alone(self.clock.clone()),
            Wake::default(),
            1,
        );
    }

    /// Lets every webhook arrive and everything owed be done; then a little time passes.
    pub(super) async fn sync(&self) {
        self.shop.settled().await;
        self.engine.settle().await.unwrap();
        // What was told to the shop comes back.
        self.shop.settled().await;
        self.engine.settle().await.unwrap();
        self.clock.advance(Duration::from_secs(10));
    }

    /// Lets the time come at which the warehouse is asked.
    pub(super) async fn poll(&self) {
        self.clock.advance(WATCH + Duration::from_secs(30));
        self.sync().await;
    }

    /// Places an order, which goes to the warehouse; gives its id.
    pub(super) async fn place(&self) -> i64 {
        let id = self.shop.place_order(&NewOrder::default()).unwrap();
        self.sync().await;
        id
    }

    /// From now on the warehouse says that these shipments of the order left, and it is asked.
    pub(super) async fn ship(&self, id: i64, shipments: Vec<Shipment>) {
        self.say(id, shipments);
        self.poll().await;
    }

    /// From now on the warehouse says that these shipments of the order left, once it is asked.
    pub(super) fn say(&self, id: i64, shipments: Vec<Shipment>) {
        let key = self.shop.order(id).unwrap().name.trim_start_matches('#').to_owned();
        let mut orders = self.warehouse.orders.lock().unwrap();
        let held = orders.get_mut(&key).unwrap();
        held.stage = Stage::Shipped;
        held.numbers = shipments.iter().flat_map(|shipment| shipment.numbers.clone()).collect();
        held.shipments = shipments;
    }

    /// Every open exception.
    pub(super) async fn exceptions(&self) -> Vec<Value> {
        let Value::Array(rows) = self.server.api("exceptions").await else { panic!("a list") };
        rows
    }

    /// The one open exception, which must have this code.
    pub(super) async fn only_exception(&self, code: &str) -> Value {
        let open = self.exceptions().await;
        assert_eq!(open.iter().map(|open| &open["code"]).collect::<Vec<_>>(), [code], "{open:#?}");
        open[0].clone()
    }

    /// Retries an exception by the API and syncs.
    pub(super) async fn retry(&self, exception: &Value) {
        let (status, answer) =
            self.server.tell(&format!("exceptions/{}/retry", exception["id"]), &Value::Null).await;
        assert_eq!(status, 200, "{answer}");
        self.sync().await;
    }
}
