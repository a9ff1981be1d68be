//! The right of way: acknowledging deliveries goes before working on them.
//!
//! A sender gives up on a slow answer; an order can wait. So the loop watches how long deliveries wait for their commit and
//! whether more come than fit one, and where many do it halves its own share, down to a little work with a breath between,
//! and takes it back step by step once the rush is over. What waits meanwhile is stored, and nothing of it is lost.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A delivery that waits longer than this for its commit is slow.
const SLOW: Duration = Duration::from_millis(8);
/// So few in one commit are no rush: where they are slow, it is by the disk, and holding back the loop would not help.
const FEW: usize = 4;
/// How long a slow answer is remembered.
const MEMORY: Duration = Duration::from_millis(200);
/// At most one step down, or up, in this time, so that its effect is seen before the next.
const STEP: Duration = Duration::from_millis(20);
/// The breath between two pieces of work while answers are slow.
pub(super) const BREATH: Duration = Duration::from_millis(25);
/// The whole share.
const WHOLE: usize = 32;

#[derive(Debug)]
struct State {
    slow_at: Option<Instant>,
    stepped_at: Option<Instant>,
    share: usize,
}

/// How long deliveries wait for their commit, and what share of itself the loop allows for it; clones are one.
#[derive(Clone, Debug)]
pub(super) struct Pressure(Arc<Mutex<State>>);

impl Default for Pressure {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(State { slow_at: None, stepped_at: None, share: WHOLE })))
    }
}

impl Pressure {
    /// A commit of so many deliveries was made: the first of them had waited so long, and there may be more than fit one.
    pub(super) fn committed(&self, waited: Duration, count: usize, full: bool) {
        if full || (waited > SLOW && count > FEW) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).slow_at = Some(Instant::now());
        }
    }

    /// Of `most`, how much the loop may do at once now, at least 1; and whether it should breathe between.
    pub(super) fn share_of(&self, most: usize) -> (usize, bool) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let pressed = state.slow_at.is_some_and(|at| at.elapsed() < MEMORY);
        if state.stepped_at.is_none_or(|at| at.elapsed() >= STEP) {
            let share = if pressed { (state.share / 2).max(1) } else { (state.share + 1).min(WHOLE) };
            if share != state.share {
                state.share = share;
                state.stepped_at = Some(Instant::now());
            }
        }
        ((most * state.share / WHOLE).max(1), pressed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lets the next step be taken at once.
    fn rested(pressure: &Pressure) {
        pressure.0.lock().unwrap().stepped_at = None;
    }

    #[test]
    fn slow_answers_halve_the_share_and_quick_ones_give_it_back() {
        let pressure = Pressure::default();
        pressure.committed(SLOW / 2, 20, false);
        assert_eq!(pressure.share_of(64), (64, false));
        pressure.committed(SLOW / 2, 20, true);
        assert_eq!(pressure.share_of(64), (32, true), "more is coming than fits one commit");
        let pressure = Pressure::default();
        pressure.committed(SLOW * 2, FEW, false);
        assert_eq!(pressure.share_of(64), (64, false), "few are no rush");
        pressure.committed(SLOW * 2, FEW + 1, false);
        assert_eq!(pressure.share_of(64), (32, true));
        assert_eq!(pressure.share_of(64), (32, true), "one step at a time");
        for _ in 0..10 {
            rested(&pressure);
            assert!(pressure.share_of(64).0 >= 1, "work never stops");
        }
        assert_eq!(pressure.share_of(64), (2, true));
        pressure.0.lock().unwrap().slow_at = None;
        for _ in 0..40 {
            rested(&pressure);
            pressure.share_of(64);
        }
        assert_eq!(pressure.share_of(64), (64, false));
    }
}
