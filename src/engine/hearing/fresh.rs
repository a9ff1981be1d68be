//! Deliveries that this instance stored and has not sorted yet. Where several instances share a store each sorts its own, or
//! every one of them would sort all, and make orders due again that another has in hand; what one left behind when it died
//! another finds a little later. What is remembered here is a hint: the truth is what is stored.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::SignedDuration;

use crate::store::DeliveryRef;

/// After this long another instance's delivery is anybody's.
pub(in super::super) const LEFT_BEHIND: SignedDuration = SignedDuration::from_secs(2);

/// So many are remembered; beyond, whatever waits is sorted.
const MOST: usize = 16_384;

/// Clones are one.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Fresh(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    own: Vec<DeliveryRef>,
    /// Some whose ids are not known are there as well.
    others: bool,
}

/// What is to be sorted next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Next {
    /// Whatever waits.
    Any,
    /// These.
    These(Vec<DeliveryRef>),
    /// What others left behind.
    LeftBehind,
}

impl Fresh {
    /// These were stored; others too, whose ids are not known.
    pub(in super::super) fn stored(&self, own: impl IntoIterator<Item = DeliveryRef>, others: bool) {
        let mut state = self.state();
        state.others |= others;
        if state.own.len() < MOST {
            state.own.extend(own);
        } else {
            state.others = true;
        }
    }

    /// What is to be sorted next, so many at the most.
    pub(in super::super) fn next(&self, most: usize) -> Next {
        let mut state = self.state();
        if std::mem::take(&mut state.others) {
            return Next::Any;
        }
        if state.own.is_empty() {
            return Next::LeftBehind;
        }
        let most = most.min(state.own.len());
        Next::These(state.own.drain(..most).collect())
    }

    /// Whether nothing of its own is known to wait.
    pub(in super::super) fn is_empty(&self) -> bool {
        let state = self.state();
        state.own.is_empty() && !state.others
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_own_are_sorted_first_then_what_others_left_behind() {
        let fresh = Fresh::default();
        let of = |id| DeliveryRef { connection: "cellar".into(), id };
        fresh.stored([1, 2, 3].map(of), false);
        assert_eq!(fresh.next(2), Next::These(vec![of(1), of(2)]));
        fresh.stored([of(4)], true);
        assert_eq!(fresh.next(2), Next::Any);
        assert_eq!(fresh.next(2), Next::These(vec![of(3), of(4)]));
        assert_eq!(fresh.next(2), Next::LeftBehind);
    }
}
