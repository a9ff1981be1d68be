//! The one source of time.
//!
//! Everything that decides by the clock takes a [`Clock`], so that a test can move time by hand and a simulator can
//! run hours in seconds. Instants are UTC; a wait is measured in the clock's own time. Network time-outs are not the
//! clock's business: they guard real sockets and use the runtime's timer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::watch;

/// A cheap handle on time: the system's, a scaled one, or one that tests move.
#[derive(Clone, Debug)]
pub struct Clock(Kind);

#[derive(Clone, Debug)]
enum Kind {
    System,
    Scaled { factor: u32, started: Instant, origin: Timestamp },
    Manual(Arc<watch::Sender<Timestamp>>),
}

impl Clock {
    /// The system's clock.
    pub const fn system() -> Self {
        Self(Kind::System)
    }

    /// A clock that starts now and runs `factor` times as fast as the system's, so that four hours of a sender's
    /// retries pass in seconds. A factor of 0 counts as 1.
    pub fn scaled(factor: u32) -> Self {
        Self(Kind::Scaled { factor: factor.max(1), started: Instant::now(), origin: system_now() })
    }

    /// A clock that stands still at `start` until [`Clock::advance`] moves it.
    pub fn manual(start: Timestamp) -> Self {
        Self(Kind::Manual(Arc::new(watch::Sender::new(start))))
    }

    /// Whether it is the system's, which somebody may set while it runs.
    pub const fn is_system(&self) -> bool {
        matches!(self.0, Kind::System)
    }

    /// The present instant.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Kind::System => system_now(),
            Kind::Scaled { factor, started, origin } => {
                let elapsed = started.elapsed().saturating_mul(*factor);
                origin.saturating_add(elapsed).unwrap_or(*origin)
            }
            Kind::Manual(at) => *at.borrow(),
        }
    }

    /// Moves a manual clock forward; on any other clock it does nothing.
    pub fn advance(&self, by: Duration) {
        if let Kind::Manual(at) = &self.0 {
            at.send_modify(|now| *now = now.saturating_add(by).unwrap_or(*now));
        }
    }

    /// How many wait for a manual clock to be moved; 0 on any other. So a test can let time go by only where nothing else
    /// is under way, however slow the machine is.
    pub fn sleepers(&self) -> usize {
        if let Kind::Manual(at) = &self.0 { at.receiver_count() } else { 0 }
    }

    /// Waits until `until`; returns at once if it has passed.
    pub async fn sleep_until(&self, until: Timestamp) {
        if let Kind::Manual(at) = &self.0 {
            let mut seen = at.subscribe();
            // The sender lives in `self`, so the wait can only end by time.
            let _ = seen.wait_for(|now| *now >= until).await;
            return;
        }
        let Ok(wait) = Duration::try_from(until.duration_since(self.now())) else { return };
        let factor = if let Kind::Scaled { factor, .. } = self.0 { factor } else { 1 };
        tokio::time::sleep(wait / factor).await;
    }

    /// Waits for `span` of this clock's time.
    pub async fn sleep(&self, span: Duration) {
        let until = self.now().saturating_add(span).unwrap_or(Timestamp::MAX);
        self.sleep_until(until).await;
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the system's clock")]
fn system_now() -> Timestamp {
    Timestamp::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn manual_clock_wakes_a_sleeper_only_when_moved() {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep(Duration::from_mins(1)).await }
        });
        // The sleeper has to be asleep before time moves.
        tokio::task::yield_now().await;
        clock.advance(Duration::from_secs(59));
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        assert_eq!(clock.sleepers(), 1);
        clock.advance(Duration::from_secs(1));
        sleeper.await.unwrap();
        assert_eq!(clock.sleepers(), 0);
        assert_eq!(clock.now(), Timestamp::from_second(60).unwrap());
    }

    #[tokio::test]
    async fn scaled_clock_passes_an_hour_in_little_time() {
        let clock = Clock::scaled(3_600_000);
        let before = clock.now();
        clock.sleep(Duration::from_hours(1)).await;
        assert!(clock.now().duration_since(before).as_secs() >= 3600);
    }
}
