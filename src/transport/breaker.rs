//! A circuit breaker: after several failures in a row a connection rests, so that a vendor's outage costs neither
//! workers nor the vendor's patience.
//!
//! Closed, it lets everything through and counts failures in a row. Open, it lets nothing through until its time. Then one
//! call probes: success closes it, failure opens it for twice as long, up to a bound.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

/// Failures in a row that open it.
const THRESHOLD: u32 = 5;
/// The first rest.
const FIRST_REST: Duration = Duration::from_secs(1);
/// The longest rest.
const LONGEST_REST: Duration = Duration::from_secs(30);
/// After this long without an answer a probe is given up and another may go.
const PROBE_PATIENCE: Duration = Duration::from_mins(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Closed { failures: u32 },
    Open { until: Timestamp, rest: Duration },
    Probing { since: Timestamp, rest: Duration },
}

/// One connection's breaker.
#[derive(Debug)]
pub struct Breaker(Mutex<State>);

impl Default for Breaker {
    fn default() -> Self {
        Self(Mutex::new(State::Closed { failures: 0 }))
    }
}

fn later(now: Timestamp, by: Duration) -> Timestamp {
    now.saturating_add(by).unwrap_or(Timestamp::MAX)
}

impl Breaker {
    /// Whether a call may go now; otherwise the instant to come back at.
    pub fn admit(&self, now: Timestamp) -> Result<(), Timestamp> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match *state {
            State::Closed { .. } => Ok(()),
            State::Open { until, .. } if now < until => Err(until),
            State::Open { rest, .. } => {
                *state = State::Probing { since: now, rest };
                Ok(())
            }
            State::Probing { since, rest } if now >= later(since, PROBE_PATIENCE) => {
                *state = State::Probing { since: now, rest };
                Ok(())
            }
            // The probe's answer is awaited.
            State::Probing { rest, .. } => Err(later(now, rest.min(FIRST_REST))),
        }
    }

    /// Notes how a call that was admitted ended: whether the other end is there and able to answer. Returns whether the
    /// breaker opened or closed by it.
    pub fn report(&self, alive: bool, now: Timestamp) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = matches!(*state, State::Closed { .. });
        *state = match (*state, alive) {
            (_, true) => State::Closed { failures: 0 },
            (State::Closed { failures }, false) if failures + 1 < THRESHOLD => {
                State::Closed { failures: failures + 1 }
            }
            (State::Closed { .. }, false) => State::Open { until: later(now, FIRST_REST), rest: FIRST_REST },
            (State::Probing { rest, .. }, false) => {
                let rest = (rest * 2).min(LONGEST_REST);
                State::Open { until: later(now, rest), rest }
            }
            // A call admitted before it opened; it says nothing new.
            (open @ State::Open { .. }, false) => open,
        };
        before != matches!(*state, State::Closed { .. })
    }

    /// Opens at once: the other end will refuse everything (its credentials are wrong, say).
    pub fn trip(&self, now: Timestamp) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *state = State::Open { until: later(now, LONGEST_REST), rest: LONGEST_REST };
    }

    /// Until when it rests, where it does.
    pub fn resting_until(&self) -> Option<Timestamp> {
        match *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            State::Closed { .. } => None,
            State::Open { until, .. } => Some(until),
            State::Probing { since, .. } => Some(since),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_probes_once_and_rests_longer_each_time() {
        let (breaker, mut now) = (Breaker::default(), Timestamp::UNIX_EPOCH);
        for _ in 0..THRESHOLD {
            breaker.admit(now).unwrap();
            breaker.report(false, now);
        }
        let mut rests = Vec::new();
        for _ in 0..8 {
            let until = breaker.admit(now).unwrap_err();
            rests.push(until.duration_since(now).as_secs());
            now = until;
            breaker.admit(now).unwrap();
            assert!(breaker.admit(now).is_err(), "only one call probes");
            breaker.report(false, now);
        }
        assert_eq!(rests, [1, 2, 4, 8, 16, 30, 30, 30]);
        now = breaker.admit(now).unwrap_err();
        breaker.admit(now).unwrap();
        assert!(breaker.report(true, now), "closing is told");
        assert!(breaker.admit(now).is_ok());
    }

    #[test]
    fn a_success_in_between_starts_the_count_again() {
        let (breaker, now) = (Breaker::default(), Timestamp::UNIX_EPOCH);
        for round in 0..20 {
            breaker.report(round % 4 == 3, now);
            assert!(breaker.admit(now).is_ok());
        }
    }

    #[test]
    fn a_lost_probe_does_not_close_the_door_for_ever() {
        let (breaker, now) = (Breaker::default(), Timestamp::UNIX_EPOCH);
        breaker.trip(now);
        let now = breaker.admit(now).unwrap_err();
        breaker.admit(now).unwrap();
        assert!(breaker.admit(later(now, PROBE_PATIENCE)).is_ok());
    }
}
