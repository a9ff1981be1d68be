//! When to try again: exponential, with jitter, within bounds.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use jiff::Timestamp;

use crate::domain::OrderRef;

/// The first wait.
const FIRST: Duration = Duration::from_secs(1);
/// The longest wait.
const LONGEST: Duration = Duration::from_mins(5);

/// The wait after `tries` failures in a row (1 for the first), never shorter than what the vendor asked for. `jitter` in
/// 0..1024 spreads it over the upper half, so that what failed together does not come back together.
pub fn backoff(tries: u32, asked: Option<Duration>, jitter: u32) -> Duration {
    let full = FIRST.saturating_mul(2u32.saturating_pow(tries.saturating_sub(1).min(16))).min(LONGEST);
    let spread = full / 2 + (full / 2) * (jitter % 1024) / 1024;
    spread.max(asked.unwrap_or_default())
}

/// A number to spread waits by: another for each order and each instant, and the same for the same.
pub(super) fn jitter(order: &OrderRef, now: Timestamp) -> u32 {
    let mut hasher = DefaultHasher::new();
    (&order.connection, order.id.as_str(), now.as_microsecond()).hash(&mut hasher);
    // The remainder fits.
    u32::try_from(hasher.finish() % 1024).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_that_wait_together_come_back_apart_and_the_same_every_time() {
        let order = |id: i64| OrderRef { connection: "cellar".into(), id: id.to_string().as_str().into() };
        let numbers: Vec<u32> = (0..1000).map(|id| jitter(&order(id), Timestamp::UNIX_EPOCH)).collect();
        let again: Vec<u32> = (0..1000).map(|id| jitter(&order(id), Timestamp::UNIX_EPOCH)).collect();
        assert_eq!(numbers, again);
        let different: std::collections::BTreeSet<&u32> = numbers.iter().collect();
        assert!(different.len() > 500 && numbers.iter().all(|number| *number < 1024));
        assert_ne!(jitter(&order(1), Timestamp::UNIX_EPOCH), jitter(&order(1), Timestamp::MAX));
    }

    #[test]
    fn waits_grow_to_a_bound_and_never_undercut_the_vendor() {
        let waits: Vec<_> =
            (1..12).map(|tries| backoff(tries, None, 1023).as_millis().div_ceil(1000)).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        assert_eq!(backoff(1, None, 0), Duration::from_millis(500));
        assert_eq!(backoff(1, Some(Duration::from_secs(90)), 0), Duration::from_secs(90));
        assert!(backoff(u32::MAX, None, 1023) <= LONGEST);
    }
}
