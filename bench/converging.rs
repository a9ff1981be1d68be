//! A winery's backlog drained, then its changes at an even pace: what `converge` measures, and what its test runs in short.
//!
//! The server is a process of its own and hears nothing but signed webhooks over loopback; ShipCompliant is played in this
//! process, and everything that is said of the far end is read from what was asked there. It asserts nothing: what is
//! wrong in the end goes into [`Figures::wrong`], in words.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crossdock::clock::Clock;
use crossdock::simulator;
use crossdock::simulator::shipcompliant::{self, Account, Change};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::load::{Load, drive, percentile, rounded};
use super::server::Server;
use super::webhook;

/// Connections that webhooks come over.
const CONNECTIONS: usize = 32;
/// The longest any part may take.
const PATIENCE: Duration = Duration::from_mins(10);
/// How often the server is asked whether everything is done, once everything has been asked of the far end.
const ASK_EVERY: Duration = Duration::from_millis(5);
/// How often it is asked before that: what is refused is never asked of the far end.
const ASK_ANYWAY: Duration = Duration::from_secs(2);

/// How long a server that was killed is counted among those on a store of PostgreSQL's: one that starts meanwhile leaves the
/// other's webhooks to it, and waits for its part of every budget. None of that is work.
const COUNTED: Duration = Duration::from_millis(6500);
/// How long one that starts beside others waits for its part.
const JOINING: Duration = Duration::from_millis(5500);

pub(crate) struct Options {
    /// Where the server keeps everything, an empty database; nothing for SQLite in the folder.
    pub(crate) store_url: Option<String>,
    /// Number of the first order: no order has had it or a later one.
    pub(crate) first: u64,
    /// Orders in the backlog.
    pub(crate) orders: u64,
    /// Webhooks of each of them: the order as it was placed, then as it was changed, a second apart.
    pub(crate) each: u32,
    /// Changes at an even pace.
    pub(crate) changes: u64,
    /// Changes a second.
    pub(crate) per_second: u32,
    /// Servers on the store, which more than one can be on PostgreSQL.
    pub(crate) instances: usize,
    /// Orders that each of them works on at once, if not as many as usual.
    pub(crate) workers: Option<u32>,
}

/// What was measured, in the order in which it is printed.
#[derive(Serialize)]
pub(crate) struct Figures {
    bench: &'static str,
    engine: &'static str,
    instances: usize,
    orders: u64,
    /// Of the backlog, from when every server takes part until nothing is due.
    pub(crate) orders_per_s: f64,
    /// From the instant a change was due to be sent until ShipCompliant had its request.
    pub(crate) p50_ms: f64,
    p99_ms: f64,
    /// Writes at ShipCompliant while the backlog was drained.
    pub(crate) remote_writes: u64,
    remote_reads: u64,
    filled_per_s: u64,
    /// Processor time of all servers for an order of the backlog.
    processor_us: f64,
    changes: u64,
    pub(crate) changes_writes: u64,
    changes_reads: u64,
    changes_processor_us: f64,
    peak_mib: f64,
    ready_ms: f64,
    #[serde(skip)]
    pub(crate) wrong: Vec<String>,
}

/// ShipCompliant, played in this process until it is dropped.
pub(crate) struct Far {
    pub(crate) account: Account,
    /// Where it is, and who may come in.
    pub(crate) endpoint: String,
    pub(crate) username: String,
    pub(crate) password: String,
    writes: Arc<AtomicU64>,
    reads: Arc<AtomicU64>,
    _stop: DropGuard,
}

impl Far {
    /// Plays it, empty.
    pub(crate) async fn play() -> Self {
        let options = shipcompliant::Options::default();
        let (username, password) = (options.username.clone(), options.password.clone());
        let account = Account::new(options, Clock::system());
        let (writes, reads) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let counted = axum::middleware::from_fn({
            let (writes, reads) = (Arc::clone(&writes), Arc::clone(&reads));
            move |request: axum::extract::Request, next: axum::middleware::Next| {
                let count = if request.method() == http::Method::GET { &reads } else { &writes };
                count.fetch_add(1, Ordering::Relaxed);
                next.run(request)
            }
        });
        let (router, stop) = (account.router().layer(counted), CancellationToken::new());
        let anywhere = ([127, 0, 0, 1], 0).into();
        let at = simulator::spawn(anywhere, router, account.faults().clone(), stop.clone()).await.unwrap();
        let endpoint = format!("http://{at}");
        Self { account, endpoint, username, password, writes, reads, _stop: stop.drop_guard() }
    }

    /// The connection and the route to it, with its password in `folder`; the loop with so many workers.
    fn configuration(&self, folder: &Path, workers: Option<u32>) -> String {
        let (Self { endpoint, username, .. }, password) = (self, folder.join("password"));
        std::fs::write(&password, &self.password).unwrap();
        // No pace and no number of calls at once is what is measured.
        let engine = workers.map_or(String::new(), |workers| format!("[engine]\nworkers = {workers}\n"));
        format!(
            "{engine}[connections.compliance]\nkind = \"shipcompliant\"\nendpoint = \"{endpoint}\"\nusername = \"{username}\"\n\
             password = \"file:{}\"\n\
             limits = {{ burst = 1000000, per_second = 1000000, concurrent = 1000 }}\n\
             [[routes]]\nfrom = \"cellar\"\nto = \"compliance\"\nbrand = \"NINE\"\nbirth_date = \"Date of Birth\"\n\
             methods = {{ \"FedEx Ground\" = \"FXG\" }}\n\
             skus = {{ \"PN-2022-1\" = {{ product = \"22PN750\" }}, \"PN-2022-2\" = {{ product = \"22CH750\" }} }}\n",
            password.display(),
        )
    }

    fn calls(&self) -> (u64, u64) {
        (self.writes.load(Ordering::Relaxed), self.reads.load(Ordering::Relaxed))
    }

    /// Waits until the server has nothing left to do, which is not asked before so many writes have come, but for once in
    /// a while: the answer costs the server some work.
    async fn idle(&self, server: &Server, writes: u64) -> Result<(), String> {
        let started = Instant::now();
        let mut asked = started;
        loop {
            tokio::time::sleep(ASK_EVERY).await;
            if self.calls().0 < writes && asked.elapsed() < ASK_ANYWAY {
                continue;
            }
            asked = Instant::now();
            let waits = server.ask("/readyz");
            if waits["deliveries_unsorted"] == 0 && waits["orders_due"] == 0 {
                return Ok(());
            }
            if started.elapsed() > PATIENCE {
                return Err(format!("after {PATIENCE:?} the server says {waits}"));
            }
        }
    }
}

/// One change at the shop, and the request it should lead to.
struct Changed {
    key: String,
    /// A payment, which is told by another operation than the order's entry.
    paid: bool,
}

/// A backlog is shorter than this; the orders that are changed begin so far behind its first.
const FIRST_CHANGED: u64 = 1_000_000;
/// So many orders are placed between an order and its payment.
const PAID_AFTER: u64 = 200;

/// A signed webhook of this order, with an id of its own.
fn signed(order: &Value) -> Vec<u8> {
    webhook::signed(order, &uuid::Uuid::new_v4().to_string())
}

/// The order of this number, placed now, and its key at ShipCompliant.
fn placed(number: u64) -> (Value, String) {
    let mut order = webhook::order(number);
    let now = Timestamp::from_second(Clock::system().now().as_second()).unwrap();
    for field in ["created_at", "processed_at", "updated_at"] {
        order[field] = json!(now.to_string());
    }
    let key = order["order_number"].to_string();
    (order, key)
}

/// The order so many seconds after it was placed; nothing but its version is another.
fn later(order: &Value, seconds: u32) -> Value {
    let mut order = order.clone();
    let placed: Timestamp = order["updated_at"].as_str().unwrap().parse().unwrap();
    order["updated_at"] = json!((placed + Duration::from_secs(seconds.into())).to_string());
    order
}

/// Orders that are placed unpaid and, a while after, paid: two changes each.
fn changes(first: u64, count: u64) -> Vec<(Changed, Vec<u8>)> {
    let mut changes = Vec::new();
    let mut unpaid = std::collections::VecDeque::new();
    let pay = |(order, key): (Value, String)| {
        let mut order = later(&order, 1);
        order["financial_status"] = json!("paid");
        (Changed { key, paid: true }, signed(&order))
    };
    for number in first..first + count / 2 {
        let (mut order, key) = placed(number);
        order["financial_status"] = json!("pending");
        changes.push((Changed { key: key.clone(), paid: false }, signed(&order)));
        unpaid.push_back((order, key));
        if number >= first + PAID_AFTER {
            changes.extend(unpaid.pop_front().map(pay));
        }
    }
    changes.extend(unpaid.into_iter().map(pay));
    changes
}

/// Sends all of it, at `pace` where it is not zero; all of it has to be taken.
async fn send(server: &Server, requests: Vec<Vec<u8>>, pace: Duration) -> Result<Load, String> {
    let (count, go) = (requests.len(), Arc::new(AtomicBool::new(false)));
    let load = drive(server.address, Arc::new(requests), 0, CONNECTIONS, PATIENCE, pace, go).await;
    if load.answered.len() == count {
        Ok(load)
    } else {
        Err(format!("{} of {count} webhooks were taken", load.answered.len()))
    }
}

/// How long after `at` and each further `pace` the request of each change came, in milliseconds.
fn latencies(far: &Far, changes: &[Changed], calls: usize, start: Timestamp, pace: Duration) -> Vec<f64> {
    let mut arrived = BTreeMap::new();
    for request in far.account.last_requests(calls) {
        let body = request.body.unwrap_or_default();
        let order = &body["salesOrder"];
        let entered = order["salesOrderKey"].as_str();
        // An order that was paid before it was entered is entered as paid.
        let released = order["shipments"][0]["shipmentStatus"] == "SentToFulfillment";
        let paid = body["salesOrderKey"].as_str().or(entered.filter(|_| released));
        for (key, paid) in entered.map(|key| (key, false)).into_iter().chain(paid.map(|key| (key, true))) {
            // The first is the one that counts: another would be one too many.
            arrived.entry((key.to_owned(), paid)).or_insert(request.at);
        }
    }
    (0_u32..)
        .zip(changes)
        .filter_map(|(at, Changed { key, paid })| {
            let arrived = arrived.get(&(key.clone(), *paid))?;
            Some(arrived.duration_since(start + pace * at).as_secs_f64() * 1000.0)
        })
        .collect()
}

/// What is not as it should be once all is done: every order at ShipCompliant, released, committed once. `held` is what the
/// server said of itself before, and `there` what ShipCompliant had.
fn wrong(
    far: &Far,
    server: &Server,
    keys: impl Iterator<Item = String>,
    sent: u64,
    held: &Value,
    there: &BTreeSet<String>,
) -> Vec<String> {
    let (mut orders, mut wrong, mut count) = (far.account.orders(), Vec::new(), 0_u64);
    orders.retain(|key, _| !there.contains(key));
    for key in keys {
        count += 1;
        let Some(order) = orders.remove(&key) else {
            wrong.push(format!("order {key} is not at ShipCompliant"));
            continue;
        };
        let status = &order["shipments"][0]["shipmentStatus"];
        if order["committed"] != true || status != "SentToFulfillment" {
            wrong.push(format!("order {key} is {status}, committed: {}", order["committed"]));
        }
        let history = far.account.history(&key);
        let commits = history.iter().filter(|event| matches!(event.change, Change::Committed { .. })).count();
        if commits != 1 {
            wrong.push(format!("order {key} was committed {commits} times"));
        }
    }
    wrong.extend(orders.keys().map(|key| format!("order {key} is at ShipCompliant and was never placed")));
    let said = server.ask("/api/v1/summary");
    for (what, expected) in [("deliveries", sent), ("orders", count), ("exceptions", 0)] {
        // Totals are counted so far.
        let expected = (held[what].as_u64().unwrap() + expected).min(100_000);
        if said[what] != expected {
            wrong.push(format!("the server says {what}: {}, not {expected}", said[what]));
        }
    }
    if said["exceptions"] != held["exceptions"] {
        wrong.push(format!("the newest of them: {}", server.ask("/api/v1/exceptions?limit=1")));
    }
    wrong
}

/// Measures `binary` in `folder` with this ShipCompliant; neither has to be empty.
#[expect(clippy::cast_precision_loss, reason = "figures are rounded to a few digits anyway")]
pub(crate) async fn measure(
    binary: &Path,
    folder: &Path,
    far: &Far,
    options: &Options,
) -> Result<Figures, String> {
    let Options { first, orders, each, changes: count, per_second, instances, .. } = *options;
    let store_url = options.store_url.as_deref();
    let engine = if store_url.is_some_and(|url| url.starts_with("postgres")) { "postgres" } else { "sqlite" };
    let configuration = far.configuration(folder, options.workers);
    let start = |flags: &[&str]| Server::start(binary, folder, store_url, &configuration, flags);
    let (backlog, mut keys): (Vec<_>, Vec<_>) = (first..first + orders).map(placed).unzip();

    let server = start(&["--take-only"]);
    let held = server.ask("/api/v1/summary");
    let there = far.account.orders().into_keys().collect();
    let before = far.calls();
    let calls = || {
        let (writes, reads) = far.calls();
        (writes - before.0, reads - before.1)
    };
    let webhooks = (0..each).flat_map(|turn| backlog.iter().map(move |order| signed(&later(order, turn))));
    let filled = send(&server, webhooks.collect(), Duration::ZERO).await?;
    drop(server);
    drop(backlog);
    if engine == "postgres" {
        tokio::time::sleep(COUNTED).await;
    }

    let servers: Vec<Server> = (0..instances).map(|_| start(&[])).collect();
    let (server, ticks) = (&servers[0], || servers.iter().map(Server::ticks).sum::<u64>());
    // What the first has done until the last takes part is not counted.
    if instances > 1 {
        tokio::time::sleep(JOINING).await;
    }
    let (started, done) = (Instant::now(), calls().0);
    far.idle(server, before.0 + orders).await?;
    let drained = started.elapsed();
    let (drained_ticks, (remote_writes, remote_reads)) = (ticks(), calls());

    let changes = changes(first + FIRST_CHANGED, count);
    let (changed, requests): (Vec<Changed>, Vec<Vec<u8>>) = changes.into_iter().unzip();
    let (at, pace) = (Clock::system().now(), Duration::from_secs(1) / per_second);
    send(server, requests, pace).await?;
    far.idle(server, before.0 + remote_writes + changed.len() as u64).await?;
    let (writes, reads) = calls();
    let requests = usize::try_from(writes + reads - remote_writes - remote_reads).unwrap();
    let mut took = latencies(far, &changed, requests, at, pace);

    keys.extend(changed.iter().filter(|change| !change.paid).map(|change| change.key.clone()));
    let sent = orders * u64::from(each) + changed.len() as u64;
    let mut wrong = wrong(far, server, keys.into_iter(), sent, &held, &there);
    if remote_writes != orders {
        wrong.push(format!("the backlog took {remote_writes} writes, not {orders}"));
    }
    if writes - remote_writes > changed.len() as u64 {
        wrong.push(format!("{} changes took {} writes", changed.len(), writes - remote_writes));
    }
    if took.len() != changed.len() {
        wrong.push(format!("of {} changes {} came to ShipCompliant", changed.len(), took.len()));
    }
    let ticks = ticks() - drained_ticks;
    Ok(Figures {
        bench: "converge",
        engine,
        instances,
        orders,
        orders_per_s: rounded(orders.saturating_sub(done) as f64 / drained.as_secs_f64(), 1),
        p50_ms: rounded(percentile(&mut took, 500), 1),
        p99_ms: rounded(percentile(&mut took, 990), 1),
        remote_writes,
        remote_reads,
        filled_per_s: filled.rate(),
        processor_us: rounded(drained_ticks as f64 * 10_000.0 / orders as f64, 1),
        changes: changed.len() as u64,
        changes_writes: writes - remote_writes,
        changes_reads: reads - remote_reads,
        changes_processor_us: rounded(ticks as f64 * 10_000.0 / changed.len() as f64, 1),
        peak_mib: rounded(server.number("status", "VmHWM") as f64 / 1024.0, 1),
        ready_ms: rounded(server.ready.as_secs_f64() * 1000.0, 1),
        wrong,
    })
}
