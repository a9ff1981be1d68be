//! How many signed webhooks a second the server acknowledges, durably, and how long each takes.
//!
//! The release binary runs on SQLite in a folder of its own, and with `--postgres URL` on a database of that cluster, and is
//! driven over loopback by this process with bodies of about 6.5 KB, prepared and signed beforehand, each with ids of its own.
//! The limit it is held against is the same router with a store that keeps nothing, measured in the same run, in turns. What a
//! delivery takes on disk is measured last, on a server that only takes. With `--kill N` nothing is measured: the server is
//! killed N times under load, and every delivery that was acknowledged has to be there in the end.

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
mod disk;
mod ingesting;
mod kept;
mod load;
mod server;
mod webhook;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rand::RngExt;
use serde_json::json;

use database::database;
use disk::{disk, rows};
use ingesting::{PREPARED_PER_SECOND, folder, id, prepare, take};
use kept::kept;
use load::{drive, percentile, rounded};
use server::Server;

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

/// Where a server keeps everything: an empty database of this cluster, or a file.
fn place(cluster: Option<&String>, folder: &Path) -> String {
    cluster.map_or_else(
        || format!("sqlite:{}", folder.join("crossdock.db").display()),
        |url| database(url, "ingest"),
    )
}

/// A server in `folder` on this store, with these options of `serve`.
fn start(folder: &Path, store_url: Option<&str>, flags: &[&str]) -> Server {
    Server::start(&server::binary(), folder, store_url, "", flags)
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

/// What one delivery adds to the database and what is written for it, in bytes. The loop is held back: what it writes belongs to
/// an order, and how much of it there is by the end would be chance.
async fn weigh(options: &Options, engine: &str) -> (f64, f64) {
    let folder = folder();
    let store_url = place(options.postgres.as_ref().filter(|_| engine == "postgres"), folder.path());
    let server = start(folder.path(), Some(&store_url), &["--take-only"]);
    let requests = Arc::new(prepare(0..options.seconds * PREPARED_PER_SECOND));
    let before = disk(&store_url, &server).await;
    let load = take(&server, requests, options.connections, options.seconds).await;
    let after = disk(&store_url, &server).await;
    drop(server);
    let each = |before: u64, after: u64| (after - before) as f64 / load.answered.len() as f64;
    (each(before.size, after.size), each(before.written, after.written))
}

async fn measure(options: &Options, engine: &str) {
    let per_phase = options.seconds * PREPARED_PER_SECOND;
    let (mut rates, mut limits, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let (mut p50, mut p99, mut idle, mut peak, mut ready) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut answered, mut stored) = (0_u64, 0_u64);
    for round in 0..options.rounds {
        let first = round as u64 * per_phase;
        let requests = Arc::new(prepare(first..first + per_phase));
        let mut rate_of = [0.0; 2];
        for (phase, keep_nothing) in [(0, true), (1, false)] {
            let folder = folder();
            let on_postgres = options.postgres.as_ref().filter(|_| engine == "postgres" && !keep_nothing);
            let store_url = place(on_postgres, folder.path());
            let flags: &[&str] = if keep_nothing { &["--keep-nothing"] } else { &[] };
            let server = start(folder.path(), Some(&store_url), flags);
            let before = server.number("status", "VmRSS");
            let mut load = take(&server, Arc::clone(&requests), options.connections, options.seconds).await;
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
                let kept = rows(&store_url, "deliveries").await;
                answered += load.answered.len() as u64;
                stored += kept;
                p50.push(percentile(&mut load.took, 500));
                p99.push(percentile(&mut load.took, 990));
                idle.push(before as f64 / 1024.0);
                peak.push(server.number("status", "VmHWM") as f64 / 1024.0);
                ready.push(server.ready.as_secs_f64() * 1000.0);
            }
            drop(server);
        }
        limits.push(rate_of[0]);
        rates.push(rate_of[1]);
        ratios.push(rate_of[1] / rate_of[0]);
    }
    let (bytes_each, written_each) = weigh(options, engine).await;
    println!(
        "{}",
        json!({
            "bench": "ingest", "engine": engine, "rps": rounded(median(rates), 0), "p50_ms": rounded(median(p50), 2),
            "p99_ms": rounded(median(p99), 2), "connections": options.connections, "limit_rps": rounded(median(limits), 0),
            "ratio": rounded(median(ratios), 3), "bytes_each": rounded(bytes_each, 0), "written_each": rounded(written_each, 0),
            "answered": answered, "stored": stored, "lost": answered.saturating_sub(stored),
            "idle_mib": rounded(median(idle), 1), "peak_mib": rounded(median(peak), 1), "ready_ms": rounded(median(ready), 0),
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
        let server = start(folder.path(), None, &[]);
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
    let server = start(folder.path(), None, &[]);
    let kept = kept(&server);
    drop(server);
    let lost = acknowledged.iter().filter(|at| !kept.contains(&id(**at as u64))).count();
    println!(
        "{}",
        json!({ "bench": "ingest-kill", "engine": "sqlite", "kills": options.kill, "answered": acknowledged.len(),
                "stored": kept.len(), "lost": lost })
    );
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
