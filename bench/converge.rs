//! How fast a backlog of orders is brought in step, and how soon a change at the shop is a request at ShipCompliant.
//!
//! The release binary runs on SQLite in a folder of its own, and with `--postgres URL` on a database of that cluster. It is given
//! a backlog of paid orders while its loop is held back, killed, and started again: every order is one check-commit at a
//! ShipCompliant played in this process. Then orders are placed and paid at an even pace. In the end every order has to be
//! there once, as it should be, or it exits with 1. With `--instances N` one server does all of it, and then N do on another
//! database of the cluster, and the ratio is printed as well.

#![recursion_limit = "256"]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints its figures")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark that cannot run must stop"
)]

mod converging;
mod database;
mod load;
mod server;
mod webhook;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crossdock::simulator::fault::{Fault, Script};
use serde_json::json;

use converging::{Far, Options, measure};

/// What the played ShipCompliant runs with in the binary too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What to measure, and where.
struct Asked {
    /// The server.
    binary: PathBuf,
    options: Options,
    /// How long ShipCompliant takes to answer, in milliseconds.
    latency: u64,
    /// A cluster, to measure PostgreSQL as well.
    postgres: Option<String>,
    /// This engine alone.
    engine: Option<String>,
}

fn read() -> Asked {
    let mut binary = server::binary();
    let (mut options, mut seconds) = (
        Options {
            store_url: None,
            first: 0,
            orders: 20_000,
            each: 1,
            changes: 0,
            per_second: 100,
            instances: 1,
            workers: None,
        },
        20,
    );
    let (mut latency, mut postgres, mut engine) = (0, None, None);
    let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
    while let Some(word) = words.next() {
        let next = words.next().expect("a value after the option");
        let number = || next.parse::<u32>().expect("a number after the option");
        match word.as_str() {
            "--orders" => options.orders = number().clamp(1, 100_000).into(),
            "--each" => options.each = number().clamp(1, 100),
            "--seconds" => seconds = number().clamp(1, 60),
            "--pace" => options.per_second = number().clamp(2, 1000),
            "--instances" => options.instances = usize::try_from(number()).unwrap().clamp(1, 8),
            "--workers" => options.workers = Some(number().clamp(1, 1024)),
            "--latency" => latency = number().min(10_000).into(),
            "--server" => binary = next.into(),
            "--postgres" => postgres = Some(next),
            "--engine" => engine = Some(next),
            other => panic!("unknown option {other}"),
        }
    }
    options.changes = (seconds * options.per_second).into();
    Asked { binary, options, latency, postgres, engine }
}

#[tokio::main]
async fn main() -> ExitCode {
    let mut asked = read();
    let (most, mut wrong) = (asked.options.instances, Vec::new());
    for on in ["sqlite", "postgres"] {
        // One process alone can have a file.
        let passed_over = on == "sqlite" && most > 1 || on == "postgres" && asked.postgres.is_none();
        if passed_over || asked.engine.as_deref().is_some_and(|engine| engine != on) {
            continue;
        }
        let mut rates = Vec::new();
        for instances in if most > 1 { vec![1, most] } else { vec![1] } {
            let cluster = asked.postgres.as_ref().filter(|_| on == "postgres");
            asked.options.store_url = cluster.map(|url| database::database(url, "converge"));
            asked.options.instances = instances;
            let (rate, amiss) = run(&asked).await;
            rates.push(rate);
            wrong.extend(amiss);
        }
        if let [one, several] = rates[..] {
            println!(
                "{}",
                json!({ "bench": "instances", "engine": on, "instances": most, "latency_ms": asked.latency,
                        "orders": asked.options.orders, "one_orders_per_s": one, "orders_per_s": several,
                        "ratio": load::rounded(several / one, 3) })
            );
        }
    }
    // Of very many the first say enough.
    for line in wrong.iter().take(20) {
        eprintln!("WRONG {line}");
    }
    if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Measures on one engine and prints the figures; gives the orders a second, and what was wrong.
async fn run(asked: &Asked) -> (f64, Vec<String>) {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench").join(uuid::Uuid::new_v4().to_string());
    std::fs::create_dir_all(&folder).unwrap();
    let far = Far::play().await;
    if asked.latency > 0 {
        let fault = Fault::Delay(asked.latency);
        far.account.faults().script(Script { fault, method: None, path: None, times: 0 });
    }
    let measured = measure(&asked.binary, &folder, &far, &asked.options).await;
    std::fs::remove_dir_all(&folder).unwrap();
    match measured {
        Ok(figures) => {
            println!("{}", serde_json::to_string(&figures).unwrap());
            (figures.orders_per_s, figures.wrong)
        }
        Err(why) => (f64::NAN, vec![why]),
    }
}
