//! How many signed webhooks a second the server acknowledges, durably, and how long each takes.
//!
//! The release binary runs on SQLite in a folder of its own, and with `--postgres URL` on a database of that cluster, and is driven over loopback by this process with bodies of
//! about 6.5 KB, prepared and signed beforehand, each with ids of its own. The limit it is held against is the same
//! router with a store that keeps nothing, measured in the same run, in turns. With `--kill N` nothing is measured:
//! the server is killed N times under load, and every delivery that was acknowledged has to be there in the end.

#![recursion_limit = "256"]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints its figures")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark that cannot run must stop"
)]
#![expect(clippy::cast_precision_loss, reason = "figures are rounded to a few digits anyway")]

mod database;
mod kept;
mod load;
mod server;
mod webhook;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rand::RngExt;
use serde_json::json;

use database::database;
use kept::kept;
use load::{drive, percentile};
use server::Server;
use webhook::{order, signed};

/// Requests prepared for each second of a phase; more than the hardware this is for can take.
const PREPARED_PER_SECOND: usize = 16_000;

struct Options {
    /// A cluster, to measure PostgreSQL as well.
    postgres: Option<String>,
    /// This engine alone.
    engine: Option<String>,
    seconds: u64,
    rounds: usize,
    connections: usize,
    kill: usize,
}

impl Options {
    fn read() -> Self {
        let mut options =
            Self { postgres: None, engine: None, seconds: 5, rounds: 3, connections: 64, kill: 0 };
        let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
        while let Some(word) = words.next() {
            let value = words.next().expect("a value after the option");
            let number = || value.parse::<u64>().expect("a number after the option");
            match word.as_str() {
                "--postgres" => options.postgres = Some(value),
                "--engine" => options.engine = Some(value),
                "--seconds" => options.seconds = number().clamp(1, 60),
                "--rounds" => options.rounds = usize::try_from(number()).unwrap().clamp(1, 20),
                "--connections" => options.connections = usize::try_from(number()).unwrap().clamp(1, 512),
                "--kill" => options.kill = usize::try_from(number()).unwrap().min(1000),
                other => panic!("unknown option {other}"),
            }
        }
        options
    }
}

/// Requests with bodies and ids of their own.
fn prepare(numbers: std::ops::Range<u64>) -> Vec<Vec<u8>> {
    numbers.map(|number| signed(&order(number), &id(number))).collect()
}

fn id(number: u64) -> String {
    format!("bench-{number:030}")
}

/// A server in `folder` on this store, or one that keeps nothing.
fn start(folder: &Path, store_url: Option<&str>, keep_nothing: bool) -> Server {
    let flags: &[&str] = if keep_nothing { &["--keep-nothing"] } else { &[] };
    Server::start(Path::new(env!("CARGO_BIN_EXE_crossdock")), folder, store_url, "", flags)
}

fn folder() -> PathBuf {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench").join(uuid::Uuid::new_v4().to_string());
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

async fn measure(options: &Options, engine: &str) {
    let per_phase = usize::try_from(options.seconds).unwrap() * PREPARED_PER_SECOND;
    let limit = Duration::from_secs(options.seconds);
    let (mut rates, mut limits, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let (mut p50, mut p99, mut idle, mut peak, mut ready) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut answered, mut stored) = (0_u64, 0_u64);
    for round in 0..options.rounds {
        let first = (round * per_phase) as u64;
        let requests = Arc::new(prepare(first..first + per_phase as u64));
        let mut rate_of = [0.0; 2];
        for (phase, keep_nothing) in [(0, true), (1, false)] {
            let folder = folder();
            let on_postgres = options.postgres.as_ref().filter(|_| engine == "postgres" && !keep_nothing);
            let store_url = on_postgres.map(|url| database(url, "ingest"));
            let server = start(&folder, store_url.as_deref(), keep_nothing);
            let before = server.memory("VmRSS");
            let go = Arc::new(AtomicBool::new(false));
            let mut load = drive(
                server.address,
                Arc::clone(&requests),
                0,
                options.connections,
                limit,
                Duration::ZERO,
                go,
            )
            .await;
            rate_of[phase] = load.rate() as f64;
            eprintln!(
                "round {round} {}: {} answered in {:.2} s, {}/s, p50 {:.2} ms, p99 {:.2} ms, {:.1} µs of processor each",
                if keep_nothing { "limit" } else { engine },
                load.answered.len(),
                load.elapsed.as_secs_f64(),
                load.rate(),
                percentile(&mut load.took, 500),
                percentile(&mut load.took, 990),
                server.ticks() as f64 * 10_000.0 / load.answered.len() as f64,
            );
            if !keep_nothing {
                let kept = kept(&server).len() as u64;
                answered += load.answered.len() as u64;
                stored += kept;
                p50.push(percentile(&mut load.took, 500));
                p99.push(percentile(&mut load.took, 990));
                idle.push(before as f64 / 1024.0);
                peak.push(server.memory("VmHWM") as f64 / 1024.0);
                ready.push(server.ready.as_secs_f64() * 1000.0);
            }
            drop(server);
            std::fs::remove_dir_all(&folder).unwrap();
        }
        limits.push(rate_of[0]);
        rates.push(rate_of[1]);
        ratios.push(rate_of[1] / rate_of[0]);
    }
    let round = |number: f64, places: i32| (number * 10_f64.powi(places)).round() / 10_f64.powi(places);
    println!(
        "{}",
        json!({
            "bench": "ingest", "engine": engine, "rps": round(median(rates), 0), "p50_ms": round(median(p50), 2),
            "p99_ms": round(median(p99), 2), "connections": options.connections, "limit_rps": round(median(limits), 0), "ratio": round(median(ratios), 3),
            "answered": answered, "stored": stored, "lost": answered.saturating_sub(stored),
            "idle_mib": round(median(idle), 1), "peak_mib": round(median(peak), 1), "ready_ms": round(median(ready), 0),
        })
    );
    assert!(stored >= answered, "deliveries were acknowledged and not stored");
}

/// Kills the server under load again and again; in the end every acknowledged delivery must be there.
async fn kill(options: &Options) {
    let folder = folder();
    let requests = Arc::new(prepare(0..60_000));
    let mut acknowledged = Vec::new();
    let mut from = 0;
    for _ in 0..options.kill {
        let server = start(&folder, None, false);
        let stop = Arc::new(AtomicBool::new(false));
        let driving = tokio::spawn(drive(
            server.address,
            Arc::clone(&requests),
            from,
            options.connections,
            Duration::from_secs(10),
            Duration::ZERO,
            Arc::clone(&stop),
        ));
        tokio::time::sleep(Duration::from_millis(rand::rng().random_range(50..400))).await;
        drop(server);
        stop.store(true, Ordering::Relaxed);
        let load = driving.await.unwrap();
        from = load.answered.iter().max().map_or(from, |at| at + 1 + options.connections);
        acknowledged.extend(load.answered);
    }
    let server = start(&folder, None, false);
    let kept = kept(&server);
    drop(server);
    let lost = acknowledged.iter().filter(|at| !kept.contains(&id(**at as u64))).count();
    println!(
        "{}",
        json!({ "bench": "ingest-kill", "engine": "sqlite", "kills": options.kill, "answered": acknowledged.len(),
                "stored": kept.len(), "lost": lost })
    );
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(lost, 0, "acknowledged deliveries are missing");
}

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() {
    let options = Options::read();
    if options.kill > 0 {
        return kill(&options).await;
    }
    for engine in ["sqlite", "postgres"] {
        let asked = options.engine.as_deref().is_none_or(|asked| asked == engine);
        if asked && (engine == "sqlite" || options.postgres.is_some()) {
            measure(&options, engine).await;
        }
    }
}
