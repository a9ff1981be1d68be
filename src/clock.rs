//! The one source of time.
//!
//! Everything that decides by the clock takes a [`Clock`], so that a test can move time by hand and a simulator can
//! run hours in seconds. Instants are UTC; a wait is measured in the clock's own time. Network time-outs are not the
//! clock's business: they guard real sockets and use the runtime's timer. Where several machines share a store, the
//! system's clock follows the store's, so that nobody sets it wrong for one of them.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

/// A cheap handle on time: the system's, a scaled one, or one that tests move.
#[derive(Clone, Debug)]
pub struct Clock(Kind);

#[derive(Clone, Debug)]
enum Kind {
    /// What it was told last that the time was, and when that was by a clock that nobody sets; before, the machine's own.
    System(Arc<RwLock<Option<(Instant, Timestamp)>>>),
    Scaled {
        factor: u32,
        started: Instant,
        origin: Timestamp,
    },
    Manual(Arc<watch::Sender<Timestamp>>),
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self(Kind::System(Arc::default()))
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
        matches!(self.0, Kind::System(_))
    }

    /// From now on it was `said` at `at`, whatever the machine's clock says; clones follow with it. On any clock but the
    /// system's it does nothing. A machine that was suspended is late until it is told again.
    pub fn follow(&self, said: Timestamp, at: Instant) {
        if let Kind::System(followed) = &self.0 {
            *followed.write().unwrap_or_else(PoisonError::into_inner) = Some((at, said));
        }
    }

    /// How far the machine's clock is ahead of what is followed; zero where nothing is.
    pub fn machine_ahead(&self) -> SignedDuration {
        if matches!(self.0, Kind::System(_)) {
            system_now().duration_since(self.now())
        } else {
            SignedDuration::ZERO
        }
    }

    /// The present instant.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Kind::System(followed) => match *followed.read().unwrap_or_else(PoisonError::into_inner) {
                Some((at, said)) => said.saturating_add(at.elapsed()).unwrap_or(said),
                None => system_now(),
            },
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

    #[test]
    fn a_clock_that_follows_says_what_it_was_told_and_goes_on_from_there() {
        let clock = Clock::system();
        assert!(clock.machine_ahead().abs() < SignedDuration::from_secs(1));
        let (told, at) = (system_now() - SignedDuration::from_hours(2), Instant::now());
        clock.clone().follow(told, at);
        let behind = clock.now().duration_since(told) - SignedDuration::try_from(at.elapsed()).unwrap();
        assert!(behind.abs() < SignedDuration::from_secs(1), "{behind}");
        assert!(clock.machine_ahead() > SignedDuration::from_mins(119));
    }

    #[tokio::test]
    async fn scaled_clock_passes_an_hour_in_little_time() {
        let clock = Clock::scaled(3_600_000);
        let before = clock.now();
        clock.sleep(Duration::from_hours(1)).await;
        assert!(clock.now().duration_since(before).as_secs() >= 3600);
    }
}
