//! Convergence under faults: whatever happened at the shop, and whatever went wrong on the way, once the faults stop every
//! copy is what it should be or a person has been told, and nothing was entered twice.
//!
//! Everything follows from a seed. `CROSSDOCK_SEEDS=FROM..TO` runs others, for hours if wanted; a failure names its seed.

use std::collections::BTreeSet;
use std::time::Duration;

use crossdock::config::Config;
use crossdock::domain::copy::{OrderCopy, Stage};
use crossdock::domain::mirror::Desired;
use crossdock::domain::route::Route;
use crossdock::engine::desired::{desired, key};
use crossdock::simulator::fault::{Fault, Faults, Random};
use crossdock::simulator::shipcompliant::{self, Product};
use crossdock::simulator::shopify::{self, Knobs, activity, generate};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;

use crate::support::server::preamble;
use crate::support::winery::{Setup, Winery, route};

/// Seeds of one run of this suite; each of the tests below takes its share.
const SEEDS: u64 = 120;

/// Real time after which a seed counts as stuck; it takes a fraction of a second.
const STUCK: Duration = Duration::from_secs(30);

/// What the fulfilment house's own tracking numbers begin with.
const THEIRS: &str = "7489";

const FAULTS: [Fault; 8] = [
    Fault::ResetBefore,
    Fault::ResetAfter,
    Fault::Error(500),
    Fault::Error(503),
    Fault::ErrorAfter(502),
    Fault::Throttle(2),
    Fault::Truncated,
    Fault::NotJson,
];

const ROUTE: &str = r#"
brand = "NINE"
birth_date = "birthdate"
gift_note = "gift message"
methods = { "FedEx*" = "FXG", "UPS*" = "UPS", "Local delivery" = "OTHER", "Free shipping" = "FGH" }
not_goods = ["TASTING"]
"#;

/// A winery, what happens in it, and what goes wrong around it.
struct World {
    seed: u64,
    rng: StdRng,
    winery: Winery,
    route: Route,
}

impl World {
    async fn new(seed: u64) -> Self {
        let skus = ["PN-2022-750", "CH-2023-750", "CS-2020-1500", "RG-2024-750", "ZN-2021-750", "BB-NV-750"];
        let product = |sku: &str| Product { brand: "NINE".to_owned(), key: sku.to_owned() };
        let account = shipcompliant::Options {
            catalogue: skus.iter().map(|sku| product(sku)).collect(),
            ..shipcompliant::Options::default()
        };
        let shop = shopify::Options { seed, ..shopify::Options::default() };
        let shop_keys = "refused_tag = \"not-compliant\"\n";
        let setup = Setup { shop, account, shop_keys, route: Some(ROUTE), ..Setup::default() };
        let winery = Winery::with(setup).await;
        winery.shop.set_knobs(Knobs { duplicate: 0.2, drop: 0.0, reorder_ms: 0 });
        let text = preamble(winery.server.folder.path(), "http://127.0.0.1:9")
            + &route(winery.server.folder.path(), "http://127.0.0.1:9", "", ROUTE);
        let route = Config::read("test.toml", &text, &[]).unwrap().routes.remove(0);
        Self { seed, rng: StdRng::seed_from_u64(seed), winery, route }
    }

    /// Things happen, are heard, and are worked on, now and then all of them before the next thing does.
    async fn live(&mut self) {
        self.spoil(self.winery.account.faults(), 0.25);
        self.spoil(self.winery.shop.faults(), 0.15);
        let mut ids = Vec::new();
        for _ in 0..self.rng.random_range(10..60) {
            if ids.is_empty() || self.rng.random_bool(0.15) {
                let new = generate::generate(&mut self.rng, self.winery.shop.profile());
                ids.push(self.winery.shop.place_order(&new).unwrap());
            } else {
                let id = ids[self.rng.random_range(0..ids.len())];
                activity::act_at_random(&self.winery.shop, &mut self.rng, id);
            }
            if self.rng.random_bool(0.1) {
                self.ship_there();
            }
            if self.rng.random_bool(0.5) {
                self.winery.shop.settled().await;
            }
            if self.rng.random_bool(0.3) {
                self.winery.server.settle().await;
                self.check_always();
            }
            self.winery.clock.advance(Duration::from_millis(self.rng.random_range(0..4000)));
        }
    }

    /// The fulfilment house ships something, corrects its tracking, or hands it over.
    fn ship_there(&mut self) {
        let keys: Vec<String> = self.winery.account.orders().into_keys().collect();
        if keys.is_empty() {
            return;
        }
        let key = &keys[self.rng.random_range(0..keys.len())];
        let number = format!("{THEIRS}{}", self.rng.random_range(0..1000));
        // What is not committed cannot be shipped, and the account says so.
        let _ = match self.rng.random_range(0..3) {
            0 => self.winery.account.add_tracking(key, "1", &[number]),
            1 => self.winery.account.set_status(key, "1", "Shipped"),
            _ => self.winery.account.set_status(key, "1", "Delivered"),
        };
    }

    fn spoil(&self, faults: &Faults, rate: f64) {
        faults.random(Random { seed: self.seed, rate, faults: FAULTS.to_vec() });
    }

    /// Faults stop and time runs.
    async fn recover(&mut self) {
        self.winery.account.faults().clear();
        self.winery.shop.faults().clear();
        self.winery.shop.settled().await;
        for round in 0..60 {
            self.winery.server.settle().await;
            self.check_always();
            let counts = self.winery.server.app.engine.store().counts().await.unwrap();
            // Some of it is only noticed by looking, every five minutes.
            if counts.unsorted == 0 && counts.due == 0 && round > 12 {
                return;
            }
            self.winery.clock.advance(Duration::from_mins(1));
            self.winery.shop.settled().await;
        }
        panic!("seed {}: an hour after the faults stopped there is still work to do", self.seed);
    }

    /// What holds at every step.
    fn check_always(&self) {
        let commits = self.winery.account.summary()["most_live_commits_of_a_key"].as_u64();
        assert!(commits.unwrap() <= 1, "seed {}: an order was committed twice", self.seed);
    }

    /// What holds in the end.
    async fn check_in_the_end(&self) {
        let engine = &self.winery.server.app.engine;
        for order in self.winery.shop.orders() {
            let at = format!("seed {}, order {}", self.seed, order.name);
            let (row, record) = engine.store().find_order(&order.id.to_string()).await.unwrap().expect(&at);
            let document = record.document.as_ref().expect(&at);
            assert_eq!(document.updated_at, order.updated_at, "{at}: the record is not the shop's last word");
            let mirror_at = |name: &str| row.mirrors.iter().find(|mirror| mirror.destination == name);
            let mirror = mirror_at("compliance").expect(&at);
            let desired = desired(&record, &self.route).expect(&at);
            let held = order.fulfillment_orders.iter().flat_map(|work| &work.holds).any(|hold| hold.by_app);
            let told = mirror_at("cellar").is_none_or(|own| own.state == "in_step");
            assert!(record.is_refused() || !held || !told, "{at}: held, though it may ship");
            let live = self.winery.account.order(&key(document, &self.route));
            match (mirror.state.as_str(), &desired) {
                ("exception", _) => {
                    let open = engine.store().exceptions(None, false, None, None, None, Some(1000)).await;
                    let open = open.unwrap();
                    assert!(open.iter().any(|e| e.order_id.as_deref() == Some(&*row.order_id)), "{at}");
                }
                ("in_step", Desired::Absent(_)) => assert_eq!(live, None, "{at}"),
                ("in_step", Desired::Present(_)) if record.shipments.contains_key("compliance") => {
                    let own = mirror_at("cellar").expect(&at);
                    assert!(matches!(own.state.as_str(), "in_step" | "exception"), "{at}: {}", own.state);
                    let undone = record.links.keys().any(|id| !record.fulfillments[id].stands());
                    if own.state == "in_step" && !undone {
                        for line in document.goods() {
                            assert!(record.shipped_units(&line.id) >= line.current, "{at}: {line:?}");
                        }
                    }
                }
                ("in_step", Desired::Present(copy)) => holds(copy, live.as_ref(), &at),
                (state, _) => panic!("{at}: {state}, desired {desired:?}"),
            }
        }
        let acknowledged =
            self.winery.shop.deliveries().iter().filter(|d| d.acknowledged_at.is_some()).count();
        let kept = engine.store().counts().await.unwrap().deliveries;
        assert!(usize::try_from(kept).unwrap() >= acknowledged, "seed {}", self.seed);
    }
}

/// The live order is the copy.
fn holds(copy: &OrderCopy, live: Option<&Value>, at: &str) {
    let live = live.unwrap_or_else(|| panic!("{at}: nothing is there, and should be {copy:?}"));
    assert_eq!(live["committed"], true, "{at}");
    assert_eq!(live["customerKey"], *copy.customer, "{at}");
    // Once goods left, what a refund changes is no reason to void the order.
    if copy.stage < Stage::Shipped {
        assert_eq!(live["salesTaxCollected"].to_string().parse(), Ok(copy.tax), "{at}");
    }
    let shipment = &live["shipments"][0];
    let status = match copy.stage {
        Stage::Held => "PaymentAccepted",
        Stage::Released | Stage::Packing => "SentToFulfillment",
        Stage::Shipped => "Shipped",
        Stage::Delivered => "Delivered",
    };
    // The fulfilment house may have handed over what the shop only knows to have left.
    let handed_over = copy.stage == Stage::Shipped && shipment["shipmentStatus"] == "Delivered";
    assert!(handed_over || shipment["shipmentStatus"] == status, "{at}: {}", shipment["shipmentStatus"]);
    assert_eq!(shipment["shippingService"], *copy.service, "{at}");
    let numbers = shipment["packages"].as_array().into_iter().flatten();
    let mut numbers: BTreeSet<String> =
        numbers.map(|package| package["trackingNumber"].as_str().unwrap().to_owned()).collect();
    // Those that people put there are theirs.
    numbers.retain(|number| !number.starts_with(THEIRS));
    assert_eq!(copy.numbers, numbers, "{at}");
    let part = |name: &str| shipment["shipTo"][name].as_str();
    let address = &copy.ship_to.address;
    assert_eq!(part("street1"), address.street1.as_deref(), "{at}");
    assert_eq!((part("city"), part("state")), (address.city.as_deref(), address.province.as_deref()), "{at}");
    let items = |list: &Value| -> Vec<(String, String)> {
        let text = |value: &Value| value.to_string().trim_end_matches(".0").to_owned();
        let item = |item: &Value| (text(&item["productKey"]), text(&item["productQuantity"]));
        list.as_array().unwrap().iter().map(item).collect()
    };
    let wanted: Vec<_> =
        copy.batches().iter().map(|b| (format!("\"{}\"", b.product), b.quantity.to_string())).collect();
    assert_eq!(items(&shipment["shipmentItems"]), wanted, "{at}");
}

async fn run(seeds: impl Iterator<Item = u64>) {
    for seed in seeds {
        let life = async {
            let mut world = World::new(seed).await;
            world.live().await;
            world.recover().await;
            world.check_in_the_end().await;
            world.winery.server.app.stop().await;
        };
        let done = tokio::time::timeout(STUCK, life).await;
        done.unwrap_or_else(|_| {
            panic!("seed {seed}: stuck, for something waits for a clock that stands still")
        });
    }
}

/// The seeds of this run, every `of`-th from the `nth`.
fn share(nth: usize, of: usize) -> impl Iterator<Item = u64> {
    let asked = std::env::var("CROSSDOCK_SEEDS").ok().and_then(|text| {
        let (from, to) = text.split_once("..")?;
        Some(from.parse::<u64>().ok()?..to.parse::<u64>().ok()?)
    });
    asked.unwrap_or(0..SEEDS).skip(nth).step_by(of)
}

#[tokio::test]
async fn every_copy_comes_in_step_once_faults_stop_first_share() {
    run(share(0, 2)).await;
}

#[tokio::test]
async fn every_copy_comes_in_step_once_faults_stop_second_share() {
    run(share(1, 2)).await;
}
