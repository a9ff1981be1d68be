//! What the server does with much stored, held against the same server on an empty store, in one run.
//!
//! The release binary runs on SQLite in a folder of its own, and with `--postgres URL` on a database of that cluster. At each
//! step it is started on what is stored, the console's reads are timed, it brings a backlog in step as in `converge` and takes
//! webhooks as in `ingest`; then the store is filled up to the next step. What was measured stays, and counts as stored.

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
mod disk;
mod filling;
mod ingesting;
mod load;
mod server;
mod webhook;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use converging::{Far, measure};
use disk::{disk, rows};
use filling::Filling;
use ingesting::{PREPARED_PER_SECOND, folder, prepare, take};
use load::{percentile, rounded};
use server::Server;

/// What the played ShipCompliant runs with in the binary too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CONNECTIONS: usize = 64;
/// Orders of each step have numbers of their own: so many for its webhooks, and so many for its backlog.
const NUMBERS: u64 = 10_000_000;
/// How often each read is made; the slowest counts.
const READS: usize = 3;
/// The longest that the server may take to work on what was taken.
const PATIENCE: Duration = Duration::from_mins(10);

struct Options {
    /// Stored in the end.
    deliveries: u64,
    orders: u64,
    /// Points between nothing and all, each a tenth of the next.
    steps: u32,
    seconds: u64,
    /// Orders in the backlog of each step.
    backlog: u64,
    engines: Vec<&'static str>,
    /// A cluster, to measure PostgreSQL as well.
    postgres: Option<String>,
}

impl Options {
    fn read() -> Self {
        let mut options = Self {
            deliveries: 10_000_000,
            orders: 1_000_000,
            steps: 1,
            seconds: 5,
            backlog: 5000,
            engines: vec!["sqlite", "postgres"],
            postgres: None,
        };
        let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
        while let Some(word) = words.next() {
            let next = words.next().expect("a value after the option");
            let number = || next.parse::<u64>().expect("a number after the option");
            match word.as_str() {
                "--deliveries" => options.deliveries = number().clamp(1000, 1_000_000_000),
                "--orders" => options.orders = number().clamp(100, 100_000_000),
                "--steps" => options.steps = u32::try_from(number()).unwrap().min(4),
                "--seconds" => options.seconds = number().clamp(1, 60),
                "--backlog" => options.backlog = number().clamp(100, 100_000),
                "--engine" => options.engines.retain(|engine| *engine == next),
                "--postgres" => options.postgres = Some(next),
                other => panic!("unknown option {other}"),
            }
        }
        options
    }

    /// Deliveries stored at each step.
    fn points(&self) -> Vec<u64> {
        let parts = (0..=self.steps).rev().map(|power| self.deliveries / 10_u64.pow(power));
        std::iter::once(0).chain(parts).collect()
    }
}

/// What the console asks for, each the slowest of some times, in milliseconds.
fn reads(server: &Server, order: Option<u64>) -> Map<String, Value> {
    let page = |name: &str| (name.to_owned(), format!("/api/v1/{name}"));
    let mut paths = ["summary", "orders", "deliveries", "exceptions"].map(page).to_vec();
    paths.extend(order.map(|id| ("order".to_owned(), format!("/api/v1/orders/{id}"))));
    let slowest = |path: &str| {
        let took = (0..READS).map(|_| {
            let started = Instant::now();
            let answer = server.ask(path);
            assert!(answer["status"].as_u64().is_none(), "{path}: {answer}");
            started.elapsed().as_secs_f64() * 1000.0
        });
        rounded(took.fold(0.0, f64::max), 1)
    };
    paths.into_iter().map(|(name, path)| (name, json!(slowest(&path)))).collect()
}

/// Waits until the loop has done all that the webhooks gave it to do.
async fn settled(server: &Server) {
    let started = Instant::now();
    loop {
        let waits = server.ask("/readyz");
        if waits["deliveries_unsorted"] == 0 && waits["orders_due"] == 0 {
            return;
        }
        assert!(started.elapsed() < PATIENCE, "after {PATIENCE:?} the server says {waits}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// One engine's store from step to step.
struct Stage<'o> {
    options: &'o Options,
    engine: &'static str,
    folder: &'o Path,
    url: String,
    /// The same from step to step: the server looks again at what it entered there.
    far: Far,
}

impl Stage<'_> {
    fn start(&self) -> Server {
        Server::start(&server::binary(), self.folder, Some(&self.url), "", &[])
    }

    /// All figures with what is stored now, and the deliveries that are stored in the end; orders from `first` on are new to it.
    async fn figures(&self, first: u64, order: Option<u64>) -> (Value, u64) {
        let server = self.start();
        // Nobody answers as the shop, which orders of earlier steps ask again every few minutes: what came due meanwhile is done
        // before anything is timed.
        settled(&server).await;
        let (deliveries, orders) = (rows(&self.url, "deliveries").await, rows(&self.url, "orders").await);
        let reads = reads(&server, order);
        let slowest = reads.iter().max_by(|a, b| a.1.as_f64().unwrap().total_cmp(&b.1.as_f64().unwrap()));
        let mut figures = json!({
            "bench": "scale", "engine": self.engine, "stored_deliveries": deliveries,
            "stored_orders": orders, "ready_ms": rounded(server.ready.as_secs_f64() * 1000.0, 1),
            "database_mib": rounded(disk(&self.url, &server).await.size as f64 / 1024.0 / 1024.0, 1),
            "slowest_read": slowest.unwrap().0, "reads_ms": reads,
        });
        drop(server);
        figures["converge"] = self.converge(first).await;
        let (ingest, deliveries) = self.ingest(first + NUMBERS).await;
        figures["ingest"] = ingest;
        (figures, deliveries)
    }

    async fn converge(&self, first: u64) -> Value {
        let options = converging::Options {
            store_url: Some(self.url.clone()),
            first,
            orders: self.options.backlog,
            each: 1,
            changes: self.options.seconds * 100,
            per_second: 100,
            instances: 1,
            workers: None,
        };
        let converge = measure(&server::binary(), self.folder, &self.far, &options).await.unwrap();
        let wrong: Vec<_> = converge.wrong.iter().take(5).collect();
        assert!(wrong.is_empty(), "{wrong:?}");
        json!(converge)
    }

    async fn ingest(&self, first: u64) -> (Value, u64) {
        let seconds = self.options.seconds;
        let requests = Arc::new(prepare(first..first + seconds * PREPARED_PER_SECOND));
        let server = self.start();
        let (held, before) = (rows(&self.url, "deliveries").await, disk(&self.url, &server).await);
        let mut load = take(&server, requests, CONNECTIONS, seconds).await;
        settled(&server).await;
        let (stored, after) = (rows(&self.url, "deliveries").await, disk(&self.url, &server).await);
        let answered = load.answered.len() as u64;
        assert!(stored >= held + answered, "deliveries were acknowledged and not stored");
        let ingest = json!({
            "rps": load.rate(), "p50_ms": rounded(percentile(&mut load.took, 500), 2),
            "p99_ms": rounded(percentile(&mut load.took, 990), 2), "connections": CONNECTIONS, "answered": answered,
            "written_each": rounded((after.written - before.written) as f64 / answered as f64, 0),
            "peak_mib": rounded(server.number("status", "VmHWM") as f64 / 1024.0, 1),
        });
        (ingest, stored)
    }
}

/// Steps through one engine, a line for each.
async fn run(options: &Options, engine: &'static str) {
    let folder = folder();
    let url = match &options.postgres {
        Some(url) if engine == "postgres" => database::database(url, "scale"),
        _ => format!("sqlite:{}", folder.path().join("crossdock.db").display()),
    };
    let stage = Stage { options, engine, folder: folder.path(), url: url.clone(), far: Far::play().await };
    let mut filling = Filling::new(url, options.deliveries, options.orders);
    let (mut empty, mut stored) = (Value::Null, 0);
    for (step, deliveries) in (0..).zip(options.points()) {
        if step > 0 {
            filling.fill(deliveries.saturating_sub(stored)).await;
        }
        let mut figures;
        (figures, stored) = stage.figures(step * 2 * NUMBERS, filling.order()).await;
        if step == 0 {
            empty = figures.clone();
        }
        for (part, rate) in [("ingest", "rps"), ("converge", "orders_per_s")] {
            let ratio = figures[part][rate].as_f64().unwrap() / empty[part][rate].as_f64().unwrap();
            figures[part]["ratio_to_empty"] = json!(rounded(ratio, 3));
        }
        println!("{figures}");
    }
}

#[tokio::main]
async fn main() {
    let options = Options::read();
    for engine in &options.engines {
        if *engine == "sqlite" || options.postgres.is_some() {
            run(&options, engine).await;
        }
    }
}
