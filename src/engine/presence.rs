//! This instance among others over one store: it says that it is there, learns how many are, and takes its part of every
//! budget. Nobody leads.
//!
//! Leases and parts rest on clocks, so all instances go by the database's; and where that jumps, leases that seem to have
//! run out are left alone until those who hold them had time to renew them.

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
/// How far a clock may go astray between two beats.
const ASTRAY: SignedDuration = SignedDuration::from_secs(5);
/// A database that took longer to answer says too little of the time.
const PROMPT: Duration = Duration::from_secs(1);

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
    /// Whether it is the database's.
    follows: bool,
    /// Whether the machine's own was too far from it when it was looked at last.
    machine_astray: bool,
}

impl Presence {
    /// The instance of this name, which takes its part of what `share` allows.
    pub fn new(name: String, share: Share, clock: Clock) -> Self {
        let looked = (Instant::now(), clock.now());
        Self {
            name,
            share,
            clock,
            steady: Mutex::new(Steady {
                looked,
                jumped: None,
                set_back: false,
                follows: false,
                machine_astray: false,
            }),
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
        self.share.is_good(self.clock.now())
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
            let (asked, mut rest) = (Instant::now(), BEAT);
            match store.present(self.name.clone(), LATELY).await {
                Ok(present) => self.learned(present, asked, &mut joined),
                Err(StoreError::Closed) => return,
                Err(error) => {
                    tracing::warn!(%error, "the store was not told that this instance is there");
                    rest = BEAT / 4;
                }
            }
            tokio::select! {
                () = tokio::time::sleep(rest) => {}
                () = stop.cancelled() => {}
            }
        }
        if let Err(error) = store.leave(self.name.clone()).await {
            tracing::warn!(%error, "the store was not told that this instance leaves; the others will notice");
        }
    }

    /// What the store said when it was asked at `asked`; `joined` is when this instance came to others that did not count it.
    fn learned(&self, present: Present, asked: Instant, joined: &mut Option<Instant>) {
        self.follow(present.now, asked);
        let took = asked.elapsed();
        let began = self.clock.now().saturating_sub(took).unwrap_or(Timestamp::MIN);
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

impl Presence {
    /// Goes by the database's clock, which said `now` between `asked` and this instant.
    pub fn follow(&self, now: Timestamp, asked: Instant) {
        let took = asked.elapsed();
        let mut steady = self.steady();
        if !self.clock.is_system() || (steady.follows && took > PROMPT) {
            return;
        }
        self.clock.follow(now, asked + took / 2);
        if !steady.follows {
            // That the machine's own clock was another is no jump: nothing was done by it yet.
            steady.follows = true;
            steady.looked = (Instant::now(), self.clock.now());
        }
        steady.look(self.clock.now());
        let ahead = self.clock.machine_ahead();
        let astray = ahead.abs() > ASTRAY;
        if astray && !steady.machine_astray {
            tracing::warn!(
                seconds = ahead.as_secs(),
                "this machine's clock is so far ahead of the database's, by which everything goes; only the log has its times"
            );
        }
        steady.machine_astray = astray;
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
        for (instances, known, works) in [(1, false, true), (3, true, true), (2, false, false)] {
            let clock = Clock::system();
            let presence = Presence::new("a".into(), Share::none(), clock.clone());
            assert!(!presence.may_work());
            presence.learned(present(instances, known, clock.now()), Instant::now(), &mut None);
            assert_eq!(presence.may_work(), works, "{instances} {known}");
        }
    }

    #[test]
    fn the_databases_clock_counts_and_where_it_jumps_no_lease_is_taken_over_for_a_while() {
        let clock = Clock::system();
        let presence = Presence::new("a".into(), Share::none(), clock.clone());
        let (hour, minute) = (SignedDuration::from_hours(1), SignedDuration::from_mins(1));
        let near = |told: Timestamp| clock.now().duration_since(told).abs() < SignedDuration::from_secs(2);
        let (machine, mut joined) = (clock.now(), None);
        presence.learned(present(1, true, machine + hour), Instant::now(), &mut joined);
        assert!(near(machine + hour) && presence.may_work() && presence.may_take_over());
        // One that took long to answer says too little of the time.
        let long_ago = Instant::now().checked_sub(PROMPT * 2).unwrap();
        presence.learned(present(1, true, machine), long_ago, &mut joined);
        assert!(near(machine + hour) && presence.may_work() && presence.may_take_over());
        presence.learned(present(1, true, machine + minute), Instant::now(), &mut joined);
        assert!(near(machine + minute) && presence.may_work() && !presence.may_take_over());
        assert!(presence.was_set_back());
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
