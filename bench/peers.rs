//! The same signed webhooks, taken by the server and by what a Shopify developer would write in Node; and a backlog of
//! webhooks about orders, drained by the server's loop and by graphile-worker.
//!
//! Both sides run by turns, on the same engine, under the same requests over the same connections, and whatever was
//! acknowledged has to be found stored on both. Ratios are ours by the peer's. It knows nothing of what is in `bench/node` but
//! what its programs print, and says nothing of correctness: the loop's is checked by `converge`, which it runs.

#![recursion_limit = "256"]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints its figures")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark that cannot run must stop"
)]
#![expect(clippy::cast_precision_loss, reason = "figures are rounded to a few digits anyway")]

mod converging;
mod database;
mod kept;
mod load;
mod peer;
mod server;
mod webhook;

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crossdock::simulator;
use serde_json::json;
use tokio::runtime::{Builder, Runtime};

use converging::Far;
use database::database;
use kept::kept;
use load::{drive, percentile, rounded};
use peer::Peer;
use server::Server;
use webhook::{order, signed};

/// What the played ShipCompliant runs with in the binary too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Requests prepared for each second of a phase; more than the hardware this is for can take.
const PREPARED_PER_SECOND: u64 = 16_000;
/// How long each side runs before it is measured: Node compiles what is called often.
const WARM_UP: Duration = Duration::from_secs(1);
/// Webhooks of each order in the backlog, and so jobs of graphile-worker.
const EACH: u32 = 4;

struct Options {
    seconds: u64,
    rounds: u64,
    connections: usize,
    /// Orders in the backlog.
    orders: u64,
    /// Processes of the peer that takes webhooks.
    processes: u64,
    engines: Vec<&'static str>,
    /// A cluster of PostgreSQL for both sides.
    postgres: Option<String>,
}

impl Options {
    fn read() -> Self {
        let mut options = Self {
            seconds: 5,
            rounds: 3,
            connections: 64,
            orders: 5000,
            processes: 1,
            engines: vec!["sqlite", "postgres"],
            postgres: None,
        };
        let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
        while let Some(word) = words.next() {
            let next = words.next().expect("a value after the option");
            let number = || next.parse::<u64>().expect("a number after the option");
            match word.as_str() {
                "--seconds" => options.seconds = number().clamp(1, 60),
                "--rounds" => options.rounds = number().clamp(1, 20),
                "--connections" => options.connections = usize::try_from(number()).unwrap().clamp(1, 512),
                "--orders" => options.orders = number().clamp(500, 50_000),
                "--processes" => options.processes = number().clamp(1, 16),
                "--engine" => options.engines.retain(|engine| *engine == next),
                "--postgres" => options.postgres = Some(next),
                other => panic!("unknown option {other}"),
            }
        }
        options
    }

    /// An empty database of this engine: its URL.
    fn empty(&self, engine: &str, name: &str, folder: &Path) -> String {
        match engine {
            "sqlite" => format!("sqlite:{}", folder.join(format!("{name}.db")).display()),
            _ => database(self.cluster(), name),
        }
    }

    fn cluster(&self) -> &str {
        self.postgres.as_deref().expect("--postgres URL")
    }
}

fn folder() -> PathBuf {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench").join(uuid::Uuid::new_v4().to_string());
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn runtime(threads: usize) -> Runtime {
    Builder::new_multi_thread().worker_threads(threads).enable_all().build().unwrap()
}

fn id(number: usize) -> String {
    format!("peers-{number:030}")
}

fn median(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut numbers: Vec<_> = numbers.collect();
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

/// Who takes the webhooks.
#[derive(Clone, Copy, PartialEq)]
enum Side {
    Ours,
    Express,
    ExpressBatched,
}

impl Side {
    fn name(self) -> &'static str {
        match self {
            Self::Ours => "crossdock",
            Self::Express => "express, one insert each",
            Self::ExpressBatched => "express, batched inserts",
        }
    }
}

/// One phase of one side.
struct Taken {
    rate: f64,
    p50: f64,
    p99: f64,
    stored: usize,
    lost: usize,
}

/// Drives whoever listens there, first to warm it up; the webhooks' ids of all that was acknowledged, and the figures.
async fn drive_at(
    address: SocketAddr,
    requests: &Arc<Vec<Vec<u8>>>,
    options: &Options,
) -> (Vec<String>, f64, f64, f64) {
    let go = || Arc::new(AtomicBool::new(false));
    let phase = |from, limit| {
        drive(address, Arc::clone(requests), from, options.connections, limit, Duration::ZERO, go())
    };
    let warm = phase(0, WARM_UP).await;
    let from = warm.answered.iter().max().map_or(0, |at| at + 1);
    let mut load = phase(from, Duration::from_secs(options.seconds)).await;
    let acknowledged = warm.answered.iter().chain(&load.answered).map(|at| id(*at)).collect();
    let (p50, p99) = (percentile(&mut load.took, 500), percentile(&mut load.took, 990));
    (acknowledged, load.rate() as f64, p50, p99)
}

/// One side from an empty database to the account of what it stored.
async fn take(side: Side, engine: &str, requests: &Arc<Vec<Vec<u8>>>, options: &Options) -> Taken {
    let folder = folder();
    let url = options.empty(engine, if side == Side::Ours { "ours" } else { "peer" }, &folder);
    let ((acknowledged, rate, p50, p99), kept) = if side == Side::Ours {
        let server = Server::start(&server::binary(), &folder, Some(&url), "", &[]);
        let driven = drive_at(server.address, requests, options).await;
        (driven, kept(&server))
    } else {
        let mut flags = vec!["--processes".to_owned(), options.processes.to_string()];
        flags.extend((side == Side::ExpressBatched).then(|| "--batch".to_owned()));
        let peer = Peer::start(&url, &flags);
        let driven = drive_at(peer.address, requests, options).await;
        drop(peer);
        (driven, peer::kept(&url))
    };
    std::fs::remove_dir_all(&folder).unwrap();
    let lost = missing(&acknowledged, &kept);
    eprintln!("{engine}, {}: {rate}/s, p50 {p50:.2} ms, p99 {p99:.2} ms, {lost} lost", side.name());
    Taken { rate, p50, p99, stored: kept.len(), lost }
}

fn missing(acknowledged: &[String], kept: &HashSet<String>) -> usize {
    acknowledged.iter().filter(|id| !kept.contains(*id)).count()
}

/// All sides by turns, so many rounds; one line for each peer.
async fn ingest(engine: &str, options: &Options) {
    let sides = [Side::Ours, Side::Express, Side::ExpressBatched];
    let mut taken: [Vec<Taken>; 3] = Default::default();
    let count = usize::try_from((options.seconds + WARM_UP.as_secs()) * PREPARED_PER_SECOND).unwrap();
    for round in 0..usize::try_from(options.rounds).unwrap() {
        let requests = (0..count).map(|number| signed(&order(number as u64), &id(number)));
        let requests = Arc::new(requests.collect::<Vec<_>>());
        // Another begins each round, so that none always has the same neighbour.
        for turn in 0..sides.len() {
            let at = (round + turn) % sides.len();
            taken[at].push(take(sides[at], engine, &requests, options).await);
        }
    }
    let middle = |at: usize, of: fn(&Taken) -> f64, places| rounded(median(taken[at].iter().map(of)), places);
    let ratio = |at: usize, of: fn(&Taken) -> f64| {
        rounded(median(taken[0].iter().zip(&taken[at]).map(|(ours, peer)| of(ours) / of(peer))), 3)
    };
    let sum = |at: usize, of: fn(&Taken) -> usize| taken[at].iter().map(of).sum::<usize>();
    for (at, side) in sides.iter().enumerate().skip(1) {
        println!(
            "{}",
            json!({
                "bench": "peers", "engine": engine, "rps": middle(0, |t| t.rate, 0), "p50_ms": middle(0, |t| t.p50, 2),
                "p99_ms": middle(0, |t| t.p99, 2), "lost": sum(0, |t| t.lost), "stored": sum(0, |t| t.stored),
                "peer": side.name(), "peer_processes": options.processes, "peer_rps": middle(at, |t| t.rate, 0),
                "peer_p50_ms": middle(at, |t| t.p50, 2), "peer_p99_ms": middle(at, |t| t.p99, 2),
                "peer_lost": sum(at, |t| t.lost), "peer_stored": sum(at, |t| t.stored),
                "throughput_ratio": ratio(at, |t| t.rate), "p99_ratio": ratio(at, |t| t.p99),
            })
        );
    }
    let lost = (0..sides.len()).map(|at| sum(at, |t| t.lost)).sum::<usize>();
    assert_eq!(lost, 0, "deliveries were acknowledged and not stored");
}

/// A far end that takes everything at once: its URL.
async fn stub() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let router = axum::Router::new().route("/", axum::routing::post(|_: bytes::Bytes| async { "{}" }));
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

/// Jobs a second of graphile-worker, so many for each order; each makes one call with its own line of `bodies`, or a small one
/// if there is none, or does nothing.
async fn graphile(options: &Options, each: u32, post: Option<&str>, bodies: Option<&Path>) -> f64 {
    let url = database(options.cluster(), "peer");
    let mut flags =
        ["--orders", &options.orders.to_string(), "--each", &each.to_string()].map(str::to_owned).to_vec();
    flags.extend(post.iter().flat_map(|at| ["--post".to_owned(), (*at).to_owned()]));
    flags.extend(bodies.iter().flat_map(|file| ["--bodies".to_owned(), file.display().to_string()]));
    let said = tokio::task::spawn_blocking(move || peer::drain(&url, &flags)).await.unwrap();
    let job = match (post, bodies) {
        (None, _) => "empty jobs",
        (Some(_), None) => "a small call each",
        (Some(_), Some(_)) => "the same calls",
    };
    eprintln!("graphile-worker, {job}: {said}");
    assert!(said["overlaps"] == 0 && said["misordered"] == 0, "an order's jobs were not in series");
    said["jobs_per_s"].as_f64().unwrap()
}

/// Orders a second that the server's loop brings in step of such a backlog, and the calls that it made.
async fn converged(engine: &str, options: &Options) -> (f64, Vec<simulator::shipcompliant::Request>) {
    let (folder, far) = (folder(), Far::play().await);
    let store_url = Some(options.empty(engine, "ours", &folder));
    let backlog = converging::Options {
        store_url,
        first: 0,
        orders: options.orders,
        each: EACH,
        changes: 0,
        per_second: 1,
        instances: 1,
        workers: None,
    };
    let figures = converging::measure(&server::binary(), &folder, &far, &backlog).await.unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(figures.wrong.is_empty(), "{:?}", figures.wrong.first());
    eprintln!("{engine}, crossdock: {} orders/s, one call for each", figures.orders_per_s);
    (figures.orders_per_s, far.account.requests())
}

/// Jobs a second of graphile-worker where each is one of the very calls that ours made, to a far end that is as empty.
async fn same_calls(options: &Options, calls: &[simulator::shipcompliant::Request]) -> f64 {
    let (folder, far) = (folder(), Far::play().await);
    let writes: Vec<_> = calls.iter().filter(|call| call.method == "POST").collect();
    let bodies: Vec<_> = writes.iter().map(|call| call.body.as_ref().unwrap().to_string()).collect();
    let (host, file) = (far.endpoint.trim_start_matches("http://"), folder.join("bodies"));
    std::fs::write(&file, bodies.join("\n")).unwrap();
    let user = far.username.replace('@', "%40");
    let post = format!("http://{user}:{}@{host}{}", far.password, writes[0].path);
    let rate = graphile(options, 1, Some(&post), Some(&file)).await;
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(far.account.orders().len() as u64, options.orders, "not every order was committed");
    rate
}

/// The backlog on either side, by turns; one line for each engine that ours runs on.
async fn drain(options: &Options) {
    let stub = stub().await;
    let (mut empty, mut calling, mut same) = (Vec::new(), Vec::new(), Vec::new());
    let mut ours = vec![Vec::new(); options.engines.len()];
    for _ in 0..options.rounds {
        empty.push(graphile(options, EACH, None, None).await);
        calling.push(graphile(options, EACH, Some(&stub), None).await);
        let mut calls = Vec::new();
        for (engine, rates) in options.engines.iter().zip(&mut ours) {
            let rate;
            (rate, calls) = converged(engine, options).await;
            rates.push(rate);
        }
        same.push(same_calls(options, &calls).await);
    }
    let each = f64::from(EACH);
    let middle = |rates: &[f64], by: f64| rounded(median(rates.iter().map(|rate| rate / by)), 0);
    for (engine, rates) in options.engines.iter().zip(&ours) {
        let ratio = |peer: &[f64], by: f64| {
            rounded(median(rates.iter().zip(peer).map(|(ours, peer)| ours / (peer / by))), 3)
        };
        println!(
            "{}",
            json!({
                "bench": "peers-drain", "engine": engine, "orders": options.orders, "webhooks_each": EACH,
                "orders_per_s": middle(rates, 1.0), "peer": "graphile-worker, one job a webhook",
                "peer_orders_per_s": middle(&calling, each), "peer_calls_per_s": middle(&calling, 1.0),
                "peer_empty_jobs_per_s": middle(&empty, 1.0), "peer_same_calls_per_s": middle(&same, 1.0),
                "throughput_ratio": ratio(&calling, each), "same_calls_ratio": ratio(&same, 1.0),
            })
        );
    }
}

fn main() {
    let options = Options::read();
    for engine in &options.engines {
        // One thread is enough to send, and leaves the rest to whoever answers, as in `ingest`.
        runtime(1).block_on(ingest(engine, &options));
    }
    // A played ShipCompliant has work to do, as in `converge`.
    runtime(std::thread::available_parallelism().unwrap().get()).block_on(drain(&options));
}
