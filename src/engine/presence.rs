//! This instance among others over one store: it says that it is there, learns how many are, and takes its part of every
//! budget. Nobody leads.
//!
//! Leases and parts rest on clocks, so an instance whose clock is not the database's works on nothing; and where the clock
//! jumps, leases that seem to have run out are left alone until those who hold them had time to renew them.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use super::LEASE;
use crate::clock::Clock;
use crate::store::{Present, Store, StoreError};
use crate::transport::Share;

/// How often it says so.
const BEAT: Duration = Duration::from_secs(1);
/// How long its part of the budgets is good for without a word to the store.
const GOOD_FOR: Duration = Duration::from_secs(4);
/// How long others count it without a word; longer than its part is good for.
const LATELY: SignedDuration = SignedDuration::from_secs(6);
/// How long one that joins others waits for its part: until the parts they took without it are good no more.
const JOINING: Duration = Duration::from_secs(5);
/// How far a clock may be from the database's, or go astray between two beats.
const ASTRAY: SignedDuration = SignedDuration::from_secs(5);

/// This instance.
#[derive(Debug)]
pub struct Presence {
    name: String,
    share: Share,
    clock: Clock,
    steady: Mutex<Steady>,
}

/// What is known of the clock.
#[derive(Debug)]
struct Steady {
    /// When it was looked at last, by a clock that never jumps, and what it said.
    looked: (Instant, Timestamp),
    /// When it jumped last.
    jumped: Option<Instant>,
    /// Whether it was set back, and nobody looked yet at what is due only by how it was before.
    set_back: bool,
    /// How far it is from the database's, where that is too far.
    astray: Option<SignedDuration>,
}

impl Presence {
    /// The instance of this name, which takes its part of what `share` allows.
    pub fn new(name: String, share: Share, clock: Clock) -> Self {
        let looked = (Instant::now(), clock.now());
        Self {
            name,
            share,
            clock,
            steady: Mutex::new(Steady { looked, jumped: None, set_back: false, astray: None }),
        }
    }

    /// One that is alone on its store.
    pub fn alone(clock: Clock) -> Self {
        Self::new("alone".into(), Share::whole(), clock)
    }

    /// Its name, which no other instance on the store has.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The clock.
    pub(super) const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Whether it may take up orders and call anybody.
    pub fn may_work(&self) -> bool {
        self.share.is_good(self.clock.now()) && self.steady().astray.is_none()
    }

    /// How far the clock is from the database's, where that is too far to work.
    pub fn astray(&self) -> Option<SignedDuration> {
        self.steady().astray
    }

    /// Whether leases that ran out may be taken over: the clock by which they ran out can be trusted.
    pub(super) fn may_take_over(&self) -> bool {
        if !self.clock.is_system() {
            return true;
        }
        let mut steady = self.steady();
        steady.look(self.clock.now());
        steady.jumped.is_none_or(|at| at.elapsed() > LEASE)
    }

    /// Whether the clock was set back, so that what it had put off may be due, and nobody has looked at that yet.
    pub(super) fn was_set_back(&self) -> bool {
        self.steady().set_back
    }

    /// What the clock had put off was looked at.
    pub(super) fn looked_at_all(&self) {
        self.steady().set_back = false;
    }

    fn steady(&self) -> MutexGuard<'_, Steady> {
        self.steady.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that it is there, until `stop`; then that it leaves.
    pub async fn keep(&self, store: &Store, stop: CancellationToken) {
        if !store.is_shared() {
            self.share.set(1, Timestamp::MAX);
            stop.cancelled().await;
            return;
        }
        let mut joined = None;
        while !stop.is_cancelled() {
            let began = self.clock.now();
            match store.present(self.name.clone(), LATELY).await {
                Ok(present) => self.learned(present, began, &mut joined),
                Err(StoreError::Closed) => return,
                Err(error) => tracing::warn!(%error, "the store was not told that this instance is there"),
            }
            tokio::select! {
                () = tokio::time::sleep(BEAT) => {}
                () = stop.cancelled() => {}
            }
        }
        if let Err(error) = store.leave(self.name.clone()).await {
            tracing::warn!(%error, "the store was not told that this instance leaves; the others will notice");
        }
    }

    /// `joined` is when this instance came to others that did not count it.
    fn learned(&self, present: Present, began: Timestamp, joined: &mut Option<Instant>) {
        if self.clock.is_system() {
            let ended = self.clock.now();
            // Somewhere between the two the database looked at its own.
            let skew = if present.now < began {
                began.duration_since(present.now)
            } else if present.now > ended {
                ended.duration_since(present.now)
            } else {
                SignedDuration::ZERO
            };
            let astray = (skew.abs() > ASTRAY).then_some(skew);
            let mut steady = self.steady();
            steady.look(ended);
            if astray.is_some() && steady.astray.is_none() {
                tracing::error!(
                    seconds = skew.as_secs(),
                    "this machine's clock is not the database's; no order is taken up until it is set right"
                );
            }
            steady.astray = astray;
        }
        let alone = present.instances == 1;
        let since = *joined.get_or_insert_with(|| {
            let waits = !present.known && !alone;
            if waits {
                Instant::now()
            } else {
                Instant::now().checked_sub(JOINING).unwrap_or_else(Instant::now)
            }
        });
        if alone || since.elapsed() >= JOINING {
            self.share.set(present.instances, began.saturating_add(GOOD_FOR).unwrap_or(began));
        }
    }
}

impl Steady {
    fn look(&mut self, now: Timestamp) {
        let (at, said) = self.looked;
        let passed = SignedDuration::try_from(at.elapsed()).unwrap_or(SignedDuration::MAX);
        let drift = now.duration_since(said) - passed;
        if drift.abs() > ASTRAY {
            tracing::warn!(
                seconds = drift.as_secs(),
                "the clock jumped; leases that seem to have run out are left alone for a while"
            );
            self.jumped = Some(Instant::now());
            self.set_back |= drift.is_negative();
        }
        self.looked = (Instant::now(), now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn present(instances: u32, known: bool, now: Timestamp) -> Present {
        Present { instances, known, now }
    }

    #[test]
    fn one_that_joins_others_waits_until_they_count_it_and_one_that_comes_back_does_not() {
        let clock = Clock::system();
        for (instances, known, works) in [(1, false, true), (3, true, true), (2, false, false)] {
            let presence = Presence::new("a".into(), Share::none(), clock.clone());
            assert!(!presence.may_work());
            presence.learned(present(instances, known, clock.now()), clock.now(), &mut None);
            assert_eq!(presence.may_work(), works, "{instances} {known}");
        }
    }

    #[test]
    fn one_whose_clock_is_not_the_databases_works_on_nothing_until_it_is() {
        let clock = Clock::system();
        let presence = Presence::new("a".into(), Share::none(), clock.clone());
        let hour = SignedDuration::from_hours(1);
        let mut joined = None;
        presence.learned(present(1, true, clock.now() + hour), clock.now(), &mut joined);
        assert!(!presence.may_work());
        // A database that took long to answer says nothing of the clock.
        presence.learned(
            present(1, true, clock.now()),
            clock.now() - SignedDuration::from_secs(20),
            &mut joined,
        );
        assert!(presence.astray().is_none());
        presence.learned(present(1, true, clock.now()), clock.now(), &mut joined);
        assert!(presence.may_work());
    }

    #[test]
    fn where_the_clock_jumped_no_lease_is_taken_over_for_a_while() {
        let clock = Clock::system();
        for (jump, may) in [(0, true), (3, true), (60, false), (-3600, false)] {
            let presence = Presence::new("a".into(), Share::whole(), clock.clone());
            presence.steady().looked.1 = clock.now() - SignedDuration::from_secs(jump);
            assert_eq!(presence.may_take_over(), may, "{jump}");
            assert_eq!(presence.may_take_over(), may, "still, {jump}");
            assert_eq!(presence.was_set_back(), jump < 0, "{jump}");
            presence.looked_at_all();
            assert!(!presence.was_set_back(), "{jump}");
        }
    }
}
