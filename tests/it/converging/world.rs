//! A winery with its outside systems, everything that happens in it, and everything that goes wrong around it.
//!
//! Nothing is delivered but while the world waits for it, and nothing is worked on but by an act: the same acts give the
//! same life.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crossdock::config::Config;
use crossdock::domain::OrderRef;
use crossdock::domain::route::Route;
use crossdock::simulator::fault::{Faults, Stop};
use crossdock::simulator::shipcompliant::{self, Product};
use crossdock::simulator::shiphero;
use crossdock::simulator::shopify::{self, Knobs, activity};
use crossdock::store::StoreError;
use crossdock::store::{ExceptionQuery, ExceptionRow};
use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;

use super::acts::{Act, Kind};
use super::outside::RECHECK;
use crate::support::winery::{House, Setup, Winery};

const SKUS: [&str; 6] =
    ["PN-2022-750", "CH-2023-750", "CS-2020-1500", "RG-2024-750", "ZN-2021-750", "BB-NV-750"];

const ROUTE: &str = r#"
brand = "NINE"
birth_date = "birthdate"
gift_note = "gift message"
methods = { "FedEx*" = "FXG", "UPS*" = "UPS", "Local delivery" = "OTHER", "Free shipping" = "FGH" }
not_goods = ["TASTING"]
refunds = "negative_order"
"#;

const HOUSE_ROUTE: &str = r#"
order_key = "id"
gift_note = "gift message"
methods = { "FedEx Ground" = "FedEx/Ground", "FedEx 2Day" = "FedEx/2Day", "UPS Ground" = "UPS/Ground", "UPS 2nd Day Air" = "UPS/2nd Day Air", "Local delivery" = "Own/Van", "Free shipping" = "FedEx/Ground Economy" }
not_goods = ["TASTING"]
"#;

/// Draws of one act until something comes of it.
const TRIES: u32 = 4;

/// How often the warehouse is asked what changed, as the connection has it.
const POLL: Duration = Duration::from_mins(1);

/// Kept below the lease while a call waits that the other end has not acted on: it could still be acted on after another
/// worker has looked, and a call never outlives its deadline, which is shorter than the lease.
const CALL: Duration = Duration::from_secs(25);

/// Work at a stop.
struct Caught {
    work: Pin<Box<dyn Future<Output = Result<(), StoreError>>>>,
    stop: Stop,
    answered: bool,
    /// Whether it is a call at the warehouse.
    at_house: bool,
    since: Timestamp,
    /// Whether another worker was at work meanwhile, so that everything heard is sorted.
    sorted: bool,
}

pub(super) struct World {
    pub(super) winery: Winery,
    pub(super) compliance: Route,
    pub(super) warehouse: Option<Route>,
    /// Whether the warehouse takes orders from the shop by itself.
    pub(super) native: bool,
    /// Whether packers like to split orders: in a third of all lives.
    pub(super) splits: bool,
    pub(super) ids: Vec<i64>,
    /// Fields that somebody at the warehouse edited by hand, by the order's number there.
    pub(super) by_hand: BTreeMap<i64, BTreeSet<&'static str>>,
    /// Holds of people at the warehouse, by the order's number there.
    pub(super) held_by_people: BTreeSet<(i64, &'static str)>,
    /// What the shop was told of parcels by others than us.
    pub(super) told_by_others: BTreeSet<i64>,
    /// What was done, by name.
    pub(super) done: BTreeMap<&'static str, u64>,
    /// What happened, in words, for a failure.
    pub(super) story: Vec<String>,
    /// Requests of the warehouse that were checked.
    pub(super) checked: usize,
    catching: Option<(u32, bool)>,
    caught: Option<Caught>,
    polled_at: Timestamp,
}

impl World {
    pub(super) async fn new(seed: u64, rng: &mut StdRng) -> Self {
        let product = |sku: &str| Product { brand: "NINE".to_owned(), key: sku.to_owned() };
        let account = shipcompliant::Options {
            catalogue: SKUS.iter().map(|sku| product(sku)).collect(),
            ..shipcompliant::Options::default()
        };
        let shop = shopify::Options { seed, ..shopify::Options::default() };
        let housed = rng.random_bool(0.85);
        let (native, cleared, captures) =
            (housed && rng.random_bool(0.2), rng.random_bool(0.35), rng.random_bool(0.5));
        let stocked = |sku: &&str| ((*sku).to_owned(), (*sku).to_owned(), 500);
        let house = housed.then(|| House {
            options: shiphero::Options {
                seed,
                products: SKUS.iter().map(stocked).collect(),
                // One after another, so that a run is the same every time.
                concurrency: 1,
                ..shiphero::Options::default()
            },
            keys: if native { "mode = \"native\"" } else { "" },
            route: if cleared { "cleared_by = [\"compliance\"]" } else { "" },
            maps: Some(HOUSE_ROUTE),
            deaf_to: if captures { &[] } else { &["Capture Payment"] },
        });
        // Not the location that is taken otherwise.
        let mapped = if housed {
            format!("locations = {{ warehouse = {{ Primary = \"{}\" }} }}\n", shop.locations[1].id)
        } else {
            String::new()
        };
        let shop_keys = &format!(
            "refused_tag = \"not-compliant\"\nrecheck_tag = \"{RECHECK}\"\nwrite_note = true\n\
             state_metafield = \"crossdock.state\"\n{mapped}"
        );
        // Drawn by the seed alone: other draws stay as they were.
        let in_part = seed.is_multiple_of(3);
        let route = if in_part { format!("{ROUTE}ship_in_part = true\n") } else { ROUTE.to_owned() };
        let setup = Setup { shop, account, shop_keys, route: Some(&route), house, ..Setup::default() };
        let winery = Winery::with(setup).await;
        for sku in SKUS.iter().take(if in_part { 3 } else { 0 }) {
            winery.account.add_product(&product(sku), "MerchandiseTaxable");
        }
        // At least a millisecond, so that nothing is on the wire while the clock stands still.
        let reorder_ms = [1, 1, 400, 6000][rng.random_range(0..4)];
        winery.shop.set_knobs(Knobs { duplicate: 0.15, drop: 0.0, reorder_ms });
        if let Some(house) = &winery.house {
            // What is lost is found by asking.
            house.set_knobs(Knobs { duplicate: 0.15, drop: 0.15, reorder_ms });
        }
        let mut routes = Config::read("test.toml", &winery.config, &[]).unwrap().routes;
        let compliance = routes.remove(0);
        let polled_at = winery.clock.now();
        Self {
            winery,
            compliance,
            warehouse: routes.pop(),
            native,
            splits: seed % 3 == 1,
            ids: Vec::new(),
            by_hand: BTreeMap::new(),
            held_by_people: BTreeSet::new(),
            told_by_others: BTreeSet::new(),
            done: BTreeMap::new(),
            story: Vec::new(),
            checked: 0,
            catching: None,
            caught: None,
            polled_at,
        }
    }

    /// Lets one thing happen.
    pub(super) async fn perform(&mut self, at: usize, act: Act) {
        let mut rng = StdRng::seed_from_u64(act.roll);
        let mut done = None;
        // Much of what may happen does not fit an order as it is.
        for _ in 0..TRIES {
            if done.is_none() {
                done = self.attempt(act.kind, &mut rng).await;
            }
        }
        let at_work = if self.caught.is_some() { " (a call is caught)" } else { "" };
        let done_now = done.unwrap_or("nothing came of it");
        self.story.push(format!("{} {at}: {:?}: {done_now}{at_work}", self.winery.clock.now(), act.kind));
        if let Some(done) = done {
            *self.done.entry(done).or_default() += 1;
        }
        self.check_always();
    }

    async fn attempt(&mut self, kind: Kind, rng: &mut StdRng) -> Option<&'static str> {
        match kind {
            Kind::Place => self.place(rng),
            Kind::Shop => self.any(rng).and_then(|id| {
                let before = self.events();
                let done = activity::act_at_random(&self.winery.shop, rng, id);
                self.told_by_others.extend(self.events().difference(&before));
                done
            }),
            Kind::Stop => self.stop_goods(rng),
            Kind::Free => self.free(rng),
            Kind::Pack => self.pack(rng).await,
            Kind::Interfere => self.interfere(rng),
            Kind::Enter => self.enter(rng),
            Kind::Ship if self.winery.house.is_some() => self.scan(rng),
            Kind::Ship => self.ship_there(rng),
            Kind::Work => Some(self.work(rng).await),
            Kind::Catch => {
                self.catching = Some((rng.random_range(0..4), rng.random()));
                Some("catch")
            }
            Kind::Other => self.other(rng).await,
            Kind::Wait => {
                let most = if rng.random_bool(0.3) { 90_000 } else { 9_000 };
                self.pass_time(Duration::from_millis(rng.random_range(1..most))).await;
                Some(self.ask(rng).unwrap_or("wait"))
            }
            Kind::Fault => Some(self.spoil(rng)),
            Kind::Access => self.access(rng),
        }
    }

    /// What the shop was told of parcels so far.
    fn events(&self) -> BTreeSet<i64> {
        let made = self.winery.shop.orders().into_iter().flat_map(|order| order.fulfillments);
        made.flat_map(|made| made.events).map(|event| event.id).collect()
    }

    pub(super) fn faults(&self) -> Vec<&Faults> {
        let Winery { shop, account, house, .. } = &self.winery;
        let mut faults = vec![shop.faults(), account.faults()];
        faults.extend(house.as_ref().map(shiphero::Account::faults));
        faults
    }

    /// Time passes: webhooks that are due by then arrive, and the warehouse is asked what changed where it is time.
    pub(super) async fn pass_time(&mut self, by: Duration) {
        let now = self.winery.clock.now();
        let by = match &self.caught {
            Some(caught) if !caught.answered => {
                let until = caught.since.saturating_add(CALL).unwrap();
                by.min(Duration::try_from(until.duration_since(now)).unwrap_or_default())
            }
            _ => by,
        };
        self.winery.clock.advance(by);
        self.hear().await;
        let now = self.winery.clock.now();
        if self.winery.house.is_some() && now.duration_since(self.polled_at) >= POLL.try_into().unwrap() {
            self.polled_at = now;
            self.winery.server.app.engine.poll().await.unwrap();
        }
    }

    /// Whatever is due by now arrives.
    pub(super) async fn hear(&self) {
        self.winery.shop.caught_up().await;
        if let Some(house) = &self.winery.house {
            house.caught_up().await;
        }
    }

    /// Works until nothing is owed now, or until a call is caught; a call that was caught before goes on.
    async fn work(&mut self, rng: &mut StdRng) -> &'static str {
        self.pass_time(Duration::from_millis(rng.random_range(1..1500))).await;
        let next = self.catching.take();
        let before = self.house_requests();
        let (mut work, releases) = match self.caught.take() {
            None => {
                let engine = Arc::clone(&self.winery.server.app.engine);
                let work: Pin<Box<dyn Future<Output = _>>> = Box::pin(async move { engine.settle().await });
                (work, None)
            }
            Some(Caught { work, stop, answered, at_house, sorted, .. }) => {
                let stopped = if sorted { self.stopped().await } else { BTreeSet::new() };
                stop.let_go();
                (work, Some((stopped, at_house && !answered, self.house_requests())))
            }
        };
        let ended = match next {
            None => {
                work.await.unwrap();
                true
            }
            Some((skip, answered)) => {
                let stop = Stop::new(skip, answered);
                for faults in self.faults() {
                    faults.stop_at(stop.clone());
                }
                let ended = tokio::select! {
                    biased;
                    () = stop.reached() => false,
                    done = &mut work => { done.unwrap(); true }
                };
                if ended {
                    for faults in self.faults() {
                        faults.stop_at(Stop::new(u32::MAX, true));
                    }
                } else {
                    let since = self.winery.clock.now();
                    let at_house = self.winery.house.as_ref().is_some_and(|house| !house.faults().has_stop());
                    self.caught = Some(Caught { work, stop, answered, at_house, since, sorted: false });
                }
                ended
            }
        };
        if let Some((stopped, own, from)) = releases {
            self.check_gates(&stopped, own, from);
        } else if ended {
            self.check_judged(before);
        }
        if ended { "work" } else { "work, and a call is caught" }
    }

    /// Another worker: with nothing caught, the same as any.
    async fn other(&mut self, rng: &mut StdRng) -> Option<&'static str> {
        let caught = self.caught.as_mut()?;
        caught.sorted = true;
        let lapses = caught.answered && rng.random_bool(0.6);
        let wait = if lapses { 61_000 } else { rng.random_range(1..2000) };
        self.pass_time(Duration::from_millis(wait)).await;
        self.winery.server.app.engine.settle().await.unwrap();
        Some(if lapses { "another worker, once the lease ran out" } else { "another worker" })
    }

    /// Faults stop and time runs.
    pub(super) async fn recover(&mut self) {
        for faults in self.faults() {
            faults.clear();
        }
        if let Some(house) = &self.winery.house {
            house.answer_done_with_errors(0);
        }
        self.catching = None;
        if self.caught.is_some() {
            self.work(&mut StdRng::seed_from_u64(0)).await;
        }
        self.enter_the_rest();
        self.scan_the_rest(&mut StdRng::seed_from_u64(1));
        if self.done.contains_key("scan") {
            // Nobody tells of a scan: the parcels are looked at twice a day.
            self.pass_time(Duration::from_hours(13)).await;
        }
        self.settle().await;
    }

    /// Somebody sees to the open exceptions and has each tried again; gives whether there was any.
    pub(super) async fn decide(&mut self) -> bool {
        let open = self.open().await;
        for exception in &open {
            self.story.push(format!("{}: try {} again", self.winery.clock.now(), exception.code));
            let way = format!("exceptions/{}/retry", exception.id);
            let (status, answer) = self.winery.server.tell(&way, &Value::Null).await;
            assert_eq!(status, 200, "{answer}");
            *self.done.entry("try again").or_default() += 1;
        }
        !open.is_empty()
    }

    /// Time goes on until nothing is left to do.
    pub(super) async fn settle(&mut self) {
        for round in 0..60 {
            self.pass_time(Duration::from_mins(1)).await;
            self.winery.server.settle().await;
            self.check_always();
            let counts = self.winery.server.app.engine.store().counts().await.unwrap();
            let unfinished = self.winery.shop.unfinished_deliveries()
                + self.winery.house.as_ref().map_or(0, shiphero::Account::unfinished_deliveries);
            // What is to come by itself and does not is looked for as long as it takes, and a person is told.
            let waits = self.codes().await.into_iter().filter(|code| code == "not_imported").count();
            let idle = counts.due == i64::try_from(waits).unwrap();
            // Some of it is only noticed by looking, every five minutes.
            if counts.unsorted == 0 && idle && unfinished == 0 && round > 6 {
                return;
            }
        }
        panic!("an hour after the faults stopped there is still work to do");
    }

    async fn open(&self) -> Vec<ExceptionRow> {
        let store = self.winery.server.app.engine.store();
        let query = ExceptionQuery { limit: Some(1000), ..ExceptionQuery::default() };
        store.exceptions(query).await.unwrap()
    }

    /// Codes of open exceptions.
    pub(super) async fn codes(&self) -> Vec<String> {
        self.open().await.into_iter().map(|exception| exception.code).collect()
    }

    /// What Crossdock tells of each order, and the tries it made.
    pub(super) async fn tell(&mut self) {
        let store = self.winery.server.app.engine.store();
        for id in &self.ids {
            let order = OrderRef { connection: "cellar".into(), id: id.to_string().as_str().into() };
            let (entries, tries) = store.story(&order).await.unwrap();
            let entries = entries.into_iter().map(|e| (e.at, format!("{} {}: {}", e.source, e.kind, e.text)));
            let tries = tries.into_iter().map(|t| {
                let came = t.status.map_or_else(|| t.error.unwrap_or_default(), |status| status.to_string());
                (t.at, format!("{} {}: {} → {came}", t.destination, t.step, t.operation))
            });
            let mut all: Vec<(Timestamp, String)> = entries.chain(tries).collect();
            all.sort_by_key(|(at, _)| *at);
            self.story.push(format!("order {id}:"));
            self.story.extend(all.into_iter().map(|(at, text)| format!("  {at} {text}")));
        }
    }

    /// The world ends.
    pub(super) async fn end(self) {
        drop(self.caught);
        self.winery.server.app.stop().await;
    }

    pub(super) fn is_caught(&self) -> bool {
        self.caught.is_some()
    }
}
