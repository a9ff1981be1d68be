//! Signed webhooks as fast as they are answered: what `ingest` measures, and `scale` again with much stored. It asserts nothing.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tempfile::TempDir;

use super::load::{Load, drive};
use super::server::Server;
use super::webhook::{order, signed};

/// Requests prepared for each second of a phase; more than the hardware this is for can take.
pub(crate) const PREPARED_PER_SECOND: u64 = 16_000;

/// Requests with bodies and ids of their own.
pub(crate) fn prepare(numbers: Range<u64>) -> Vec<Vec<u8>> {
    numbers.map(|number| signed(&order(number), &id(number))).collect()
}

pub(crate) fn id(number: u64) -> String {
    format!("bench-{number:030}")
}

/// An empty folder, on the disk that everything is built on; it goes with what is in it.
pub(crate) fn folder() -> TempDir {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench");
    std::fs::create_dir_all(&beside).unwrap();
    TempDir::new_in(beside).unwrap()
}

/// Sends them over so many connections until they are used up or time is up.
pub(crate) async fn take(
    server: &Server,
    requests: Arc<Vec<Vec<u8>>>,
    connections: usize,
    seconds: u64,
) -> Load {
    let (limit, go) = (Duration::from_secs(seconds), Arc::new(AtomicBool::new(false)));
    drive(server.address, requests, 0, connections, limit, Duration::ZERO, go).await
}
