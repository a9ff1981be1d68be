//! Has what is too old removed, every hour.
//!
//! One of several instances does it; two would be harmless, for what is removed already is not there. What a stop interrupts is
//! done the next time.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::store::{Removed, Retention, Store};

/// The start has other things to do.
const FIRST: Duration = Duration::from_mins(5);
const EVERY: Duration = Duration::from_hours(1);

/// Runs until it is stopped.
pub async fn run(
    store: Store,
    instance: String,
    retention: Retention,
    clock: Clock,
    stop: CancellationToken,
) {
    let mut rest = FIRST;
    loop {
        tokio::select! {
            () = clock.sleep(rest) => {}
            () = stop.cancelled() => return,
        }
        rest = EVERY;
        let now = clock.now();
        let until = now.saturating_add(EVERY + FIRST).unwrap_or(now);
        if !matches!(store.take_turn("retention".into(), instance.clone(), until, now).await, Ok(true)) {
            continue;
        }
        let removed = tokio::select! {
            removed = store.remove_old(clock.now(), retention) => removed,
            () = stop.cancelled() => return,
        };
        match removed {
            Ok(removed) if Removed { longest: Duration::ZERO, ..removed } == Removed::default() => {}
            Ok(removed) => tracing::info!(?removed, "what was too old was removed"),
            Err(error) => tracing::warn!(%error, "what is too old could not be removed; trying again"),
        }
    }
}
