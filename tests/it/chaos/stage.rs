//! What every scenario plays on: real servers over one store, the played vendors behind wires that can be cut, a load.
//!
//! A scenario opens a stage, does its harm and calls [`Stage::reckon`], which lets the load end, waits until everything is in
//! step, stops the servers and accounts for every webhook that was acknowledged.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crossdock::clock::Clock;
use crossdock::simulator::shipcompliant::{self, Account};
use crossdock::simulator::shopify::{self, Shop};
use rand::RngExt;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::account::{self, Row};
use super::cluster::Cluster;
use super::instance::{Doors, Instance};
use super::load::Load;
use super::weather::Weather;
use super::wire::Proxy;
use super::{Size, size};
use crate::support::server::{SECRET, TOKEN};
use crate::support::winery::{ROUTE, route, vendors};

/// The longest until every webhook is acknowledged, and then until every copy is right: longer than a lease.
const PATIENCE: Duration = Duration::from_secs(90);
/// How often it is looked whether every copy is right.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// How one instance is set up.
#[derive(Clone)]
pub(super) struct Seat {
    /// Where everything is kept, as this instance reaches it.
    pub(super) url: String,
    /// What its process is started with.
    pub(super) environment: Vec<(String, PathBuf)>,
}

impl Seat {
    /// It reaches its database over this wire.
    pub(super) fn over(&mut self, wire: &Proxy) {
        let (head, rest) = self.url.rsplit_once(':').unwrap();
        let database = rest.split_once('/').unwrap().1;
        self.url = format!("{head}:{}/{database}", wire.address.port());
    }
}

/// How a stage is set.
pub(super) struct Scene {
    /// Where everything is kept, as it is read in the end.
    read_at: String,
    pub(super) seats: Vec<Seat>,
    /// What the database writes down about itself, where it is one that does.
    database_log: Option<PathBuf>,
}

impl Scene {
    fn of(url: &str, instances: usize) -> Self {
        let seat = Seat { url: url.to_owned(), environment: Vec::new() };
        Self { read_at: url.to_owned(), seats: vec![seat; instances], database_log: None }
    }

    /// One instance on SQLite, with its file in `folder`.
    pub(super) fn sqlite(folder: &Path) -> Self {
        Self::of(&format!("sqlite:{}", folder.join("chaos.db").display()), 1)
    }

    /// So many instances on PostgreSQL.
    pub(super) fn postgres(cluster: &Cluster, instances: usize) -> Self {
        Self { database_log: Some(cluster.log()), ..Self::of(&cluster.url, instances) }
    }

    /// Every instance reaches its database over this wire.
    pub(super) fn over(mut self, wire: &Proxy) -> Self {
        self.seats.iter_mut().for_each(|seat| seat.over(wire));
        self
    }

    /// Every instance has this weather.
    pub(super) fn under(mut self, weather: &Weather) -> Self {
        self.seats.iter_mut().for_each(|seat| seat.environment = weather.environment());
        self
    }
}

/// Everything at work.
pub(super) struct Stage {
    pub(super) shop: Shop,
    pub(super) account: Account,
    /// The wire to ShipCompliant.
    pub(super) to_account: Proxy,
    /// The wire to the shop's API.
    pub(super) to_shop: Proxy,
    pub(super) instances: Vec<Instance>,
    pub(super) load: Load,
    pub(super) size: Size,
    read_at: String,
    database_log: Option<PathBuf>,
    /// What went wrong besides what the account shows.
    wrong: Vec<String>,
    _stop: DropGuard,
    _folder: tempfile::TempDir,
}

fn address(url: &str) -> SocketAddr {
    url.trim_start_matches("http://").parse().unwrap()
}

/// A free port that no connection is given meanwhile: an instance that comes back is known by its address.
fn free_port() -> u16 {
    loop {
        let port = rand::rng().random_range(20_000..32_000);
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// An instance's configuration, with its secrets in `folder`.
fn configuration(folder: &Path, url: &str, shop: SocketAddr, account: SocketAddr) -> String {
    let secret = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        format!("file:{}", path.display())
    };
    let connection = "timeout_ms = 5000";
    let route = route(folder, &format!("http://{account}"), "", ROUTE).replace(
        "per_second = 1000000 }",
        &format!("per_second = 1000000, concurrent = 64, {connection} }}"),
    );
    format!(
        "[server]\nlisten = \"127.0.0.1:{}\"\n[admin]\ntoken = \"{}\"\n[store]\nurl = \"{url}\"\n\
         [connections.cellar]\nkind = \"shopify\"\nendpoint = \"http://{shop}\"\nwebhook_secrets = [\"{}\"]\n\
         access_token = \"{}\"\nshop_domain = \"cellar-nine.myshopify.com\"\nlimits = {{ {connection} }}\n{route}",
        free_port(),
        secret("token", TOKEN),
        secret("secret", SECRET),
        secret("access_token", "shpat_test"),
    )
}

impl Stage {
    /// Starts everything, the load last.
    pub(super) async fn open(scene: Scene) -> Self {
        let (size, stop, folder) = (size(), CancellationToken::new(), tempfile::tempdir().unwrap());
        let (shop, shop_url, account, account_url) =
            vendors(shopify::Options::default(), shipcompliant::Options::default(), &Clock::system(), &stop)
                .await;
        let to_shop = Proxy::before(address(&shop_url)).await;
        let to_account = Proxy::before(address(&account_url)).await;
        let doors: Doors = Arc::new(Mutex::new(vec![None; scene.seats.len()]));
        let seats = scene.seats.into_iter().enumerate();
        let mut instances: Vec<Instance> = seats
            .map(|(number, Seat { url, environment })| {
                let text = configuration(folder.path(), &url, to_shop.address, to_account.address);
                Instance::new(number, folder.path(), &text, environment, &doors)
            })
            .collect();
        for instance in &mut instances {
            assert!(instance.start().await, "{:#?}", instance.complaints());
        }
        let load = Load::start(&shop, &doors, size.per_second, size.orders).await;
        let stage = Self {
            shop,
            account,
            to_account,
            to_shop,
            instances,
            load,
            size,
            read_at: scene.read_at,
            database_log: scene.database_log,
            wrong: Vec::new(),
            _stop: stop.drop_guard(),
            _folder: folder,
        };
        stage.pass(stage.size.calm).await;
        stage
    }

    /// Lets the load go on for so long.
    pub(super) async fn pass(&self, span: Duration) {
        tokio::time::sleep(span).await;
    }

    /// Notes where something is not as it has to be.
    pub(super) fn demand(&mut self, holds: bool, what: &str) {
        if !holds {
            self.wrong.push(what.to_owned());
        }
    }

    /// How many orders have a copy that does not say what they say.
    pub(super) fn behind(&self) -> usize {
        account::behind(&self.load, &self.account).len()
    }

    /// What an instance answers to whether it is ready.
    pub(super) async fn ready(&self, number: usize) -> Option<u16> {
        let url = self.instances[number].url()?;
        let answer = crate::support::server::http().get(format!("{url}/readyz")).send().await;
        Some(answer.ok()?.status().as_u16())
    }

    /// Kills an instance.
    pub(super) async fn kill(&mut self, number: usize) {
        self.instances[number].kill().await;
    }

    /// Starts an instance that was killed.
    pub(super) async fn start(&mut self, number: usize) {
        let started = self.instances[number].start().await;
        self.demand(started, "an instance did not start again");
    }

    /// The harm is over: nothing more happens at the shop, and everything has to come right.
    pub(super) async fn reckon(mut self, name: &'static str) -> Row {
        let over = Instant::now();
        if !self.load.finish(&self.shop, PATIENCE).await {
            self.wrong.push("not every webhook was acknowledged in the end".into());
        }
        let in_step = self.wait_until_in_step(Instant::now() + PATIENCE).await;
        let recovered = in_step.saturating_duration_since(over);
        for number in 0..self.instances.len() {
            let lives = self.instances[number].lives();
            self.demand(lives, "an instance ended by itself");
            let stopped = self.instances[number].stop().await;
            self.demand(stopped, "an instance did not stop in order");
        }
        let mut row = account::reckon(name, &self.load, &self.shop, &self.account, &self.read_at).await;
        row.notes.extend(self.database_log.as_deref().into_iter().flat_map(deadlocks));
        row.stall = self.longest_stall();
        row.recovered = recovered;
        row.wrong.append(&mut self.wrong);
        if !row.is_right() {
            row.complaints = self.instances.iter().flat_map(Instance::complaints).collect();
        }
        row
    }

    /// Waits until every copy shows what its order says and every webhook is done with; gives when that was.
    async fn wait_until_in_step(&mut self, until: Instant) -> Instant {
        loop {
            let waits = match self.waits().await {
                Some(waits) if waits.is_empty() => return Instant::now(),
                Some(waits) => waits,
                None => "nobody answers".to_owned(),
            };
            if Instant::now() >= until {
                self.wrong.push(format!("not in step and done with after {PATIENCE:?}: {waits}"));
                return Instant::now();
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// What is not done yet, in words; nothing where nobody answers.
    async fn waits(&self) -> Option<String> {
        let behind = account::behind(&self.load, &self.account);
        if !behind.is_empty() {
            return Some(format!("orders {:?}", behind.iter().take(5).collect::<Vec<_>>()));
        }
        let client = crate::support::server::http();
        let url = self.instances.iter().find_map(Instance::url)?;
        for state in ["stored", "sorted"] {
            let request = client.get(format!("{url}/api/v1/deliveries?limit=3&state={state}"));
            let answer = request.bearer_auth(TOKEN).send().await.ok()?;
            let rows = answer.json::<Vec<serde_json::Value>>().await.ok()?;
            if let Some(row) = rows.first() {
                return Some(row.to_string());
            }
        }
        Some(String::new())
    }

    /// The longest time from the load's start to the last webhook in which nothing was acknowledged.
    fn longest_stall(&self) -> Duration {
        let books = self.load.books.lock().unwrap();
        let mut instants: Vec<Instant> = books.acknowledged.values().copied().collect();
        instants.push(self.load.started);
        instants.sort_unstable();
        instants.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default()
    }
}

/// The transactions of which one was ended because they waited for each other, in the database's words: it costs a second or two.
fn deadlocks(log: &Path) -> Vec<String> {
    let log = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = log.lines().collect();
    let ended = (0..lines.len()).filter(|at| lines[*at].contains("deadlock detected"));
    ended.map(|at| format!("DEADLOCK {:?}", &lines[at + 1..lines.len().min(at + 14)])).collect()
}
