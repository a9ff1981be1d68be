//! Logs and metrics: every metric's name stands here, and only here.
//!
//! No id, name, address or secret is ever a label or a log field: connections, topics, operations and outcomes are
//! words from the configuration or from a closed set.

use std::time::Duration;

use metrics::{counter, gauge, histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// Buckets of every duration, in seconds.
const SECONDS: &[f64] = &[
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0, 600.0,
];

/// Installs the metrics recorder; the handle renders them. A second call in one process returns a handle on a recorder
/// that nothing writes to.
pub fn install_metrics() -> PrometheusHandle {
    let builder = PrometheusBuilder::new();
    let builder = match builder.set_buckets(SECONDS) {
        Ok(builder) => builder,
        // Only an empty list is refused.
        Err(_) => PrometheusBuilder::new(),
    };
    let recorder = builder.build_recorder();
    let handle = recorder.handle();
    let _ = metrics::set_global_recorder(recorder);
    handle
}

/// Starts logging to standard error: lines for people, or JSON. The filter is `RUST_LOG`, or `info`.
pub fn install_logs(json: bool) {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let colours = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours);
    let _ = if json { builder.json().try_init() } else { builder.with_target(false).try_init() };
}

/// A delivery was answered: `verdict` is `stored`, `duplicate`, or why it was refused.
pub fn delivery_answered(connection: &str, verdict: &'static str, took: Duration) {
    counter!("crossdock_deliveries_total", "connection" => connection.to_owned(), "verdict" => verdict)
        .increment(1);
    histogram!("crossdock_delivery_seconds", "connection" => connection.to_owned())
        .record(took.as_secs_f64());
}

/// So many deliveries were committed together.
pub fn deliveries_committed(count: usize) {
    histogram!("crossdock_commit_batch_size").record(small(count));
}

/// A delivery's facts were merged (or not): `outcome` is the state it ended in.
pub fn delivery_settled(connection: &str, outcome: &'static str) {
    counter!("crossdock_deliveries_settled_total", "connection" => connection.to_owned(), "outcome" => outcome)
        .increment(1);
}

/// A call to an outside system ended; `status` is absent where no answer came.
pub fn remote_call(connection: &str, operation: &'static str, status: Option<u16>, took: Duration) {
    let outcome = match status {
        None => "no_answer",
        Some(200..=299) => "ok",
        Some(429) => "throttled",
        Some(400..=499) => "refused",
        Some(_) => "failed",
    };
    counter!("crossdock_attempts_total", "connection" => connection.to_owned(), "operation" => operation, "outcome" => outcome)
        .increment(1);
    histogram!("crossdock_attempt_seconds", "connection" => connection.to_owned()).record(took.as_secs_f64());
}

/// A change became true at a destination, so long after its delivery was received.
pub fn converged(destination: &str, took: Duration) {
    histogram!("crossdock_converge_seconds", "destination" => destination.to_owned())
        .record(took.as_secs_f64());
}

/// What is waiting: deliveries not sorted yet, orders due, open exceptions, those of them overdue, and the age of the oldest
/// thing that waits.
pub fn backlog(unsorted: i64, due: i64, exceptions: i64, overdue: i64, oldest: Duration) {
    let count = |count: i64| small(usize::try_from(count).unwrap_or_default());
    gauge!("crossdock_deliveries_unsorted").set(count(unsorted));
    gauge!("crossdock_orders_due").set(count(due));
    gauge!("crossdock_exceptions_open").set(count(exceptions));
    gauge!("crossdock_exceptions_overdue").set(count(overdue));
    gauge!("crossdock_oldest_wait_seconds").set(oldest.as_secs_f64());
}

/// A count as the float that metrics are made of; exact up to 2^32.
fn small(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
