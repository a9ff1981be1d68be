//! How fast a backlog of orders is brought in step, and how soon a change at the shop is a request at ShipCompliant.
//!
//! The release binary runs on SQLite in a folder of its own, and with `--postgres URL` on a database of that cluster. It is given a backlog of paid orders while its loop is held
//! back, killed, and started again: every order is one check-commit at a ShipCompliant played in this process. Then orders
//! are placed and paid at an even pace. In the end every order has to be there once, as it should be, or it exits with 1.

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

use converging::{Far, Options, measure};

/// What the played ShipCompliant runs with in the binary too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The server to measure, how, and the cluster to measure it on as well.
fn read() -> (PathBuf, Options, Option<String>, Option<String>) {
    let mut binary = PathBuf::from(env!("CARGO_BIN_EXE_crossdock"));
    let (mut options, mut seconds) =
        (Options { store_url: None, orders: 20_000, each: 1, changes: 0, per_second: 100 }, 20);
    let (mut postgres, mut engine) = (None, None);
    let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
    while let Some(word) = words.next() {
        let next = words.next().expect("a value after the option");
        let number = || next.parse::<u32>().expect("a number after the option");
        match word.as_str() {
            "--orders" => options.orders = number().clamp(1, 100_000).into(),
            "--seconds" => seconds = number().clamp(1, 60),
            "--pace" => options.per_second = number().clamp(2, 1000),
            "--server" => binary = next.into(),
            "--postgres" => postgres = Some(next),
            "--engine" => engine = Some(next),
            other => panic!("unknown option {other}"),
        }
    }
    options.changes = (seconds * options.per_second).into();
    (binary, options, postgres, engine)
}

#[tokio::main]
async fn main() -> ExitCode {
    let (binary, mut options, postgres, engine) = read();
    let mut wrong = Vec::new();
    for on in ["sqlite", "postgres"] {
        if engine.as_deref().is_some_and(|engine| engine != on) {
            continue;
        }
        options.store_url = match (on, &postgres) {
            ("sqlite", _) => None,
            (_, Some(url)) => Some(database::database(url, "converge")),
            (_, None) => continue,
        };
        wrong.extend(run(&binary, &options).await);
    }
    // Of very many the first say enough.
    for line in wrong.iter().take(20) {
        eprintln!("WRONG {line}");
    }
    if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Measures on one engine and prints the figures; gives what was wrong.
async fn run(binary: &Path, options: &Options) -> Vec<String> {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench").join(uuid::Uuid::new_v4().to_string());
    std::fs::create_dir_all(&folder).unwrap();
    let measured = measure(binary, &folder, &Far::play().await, options).await;
    std::fs::remove_dir_all(&folder).unwrap();
    match measured {
        Ok(figures) => {
            println!("{}", serde_json::to_string(&figures).unwrap());
            figures.wrong
        }
        Err(why) => vec![why],
    }
}
