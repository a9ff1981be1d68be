//! A connection's rate budget: a bucket of points that refills with time, as the vendor publishes or reports it.
//!
//! Points are taken before a call goes, so no call is sent that the budget forbids; a part is kept back for urgent calls.
//! Where the vendor tells its own count with each answer, that count is believed.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

/// What a vendor says of our budget with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reported {
    /// Points the bucket can hold.
    pub capacity: u32,
    /// Points in it now.
    pub available: u32,
    /// Points it gains a second.
    pub restore: u32,
}

#[derive(Debug)]
struct Bucket {
    capacity: u32,
    restore: u32,
    /// Thousandths of a point.
    available: i64,
    /// Thousandths of a point, taken for calls that are not answered yet.
    in_flight: i64,
    counted_at: Timestamp,
    /// No call before this, whatever is in the bucket: the vendor said so.
    paused_until: Timestamp,
}

/// Why a call may not go now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Short {
    /// The points for it come in so long.
    Points(Duration),
    /// The vendor said to send nothing before then.
    Paused(Timestamp),
}

/// One connection's budget.
#[derive(Debug)]
pub struct Budget(Mutex<Bucket>);

const MILLI: i64 = 1000;

impl Budget {
    /// A full bucket of `capacity` points that gains `restore` points a second (at least one each).
    pub fn new(capacity: u32, restore: u32, now: Timestamp) -> Self {
        let capacity = capacity.max(1);
        Self(Mutex::new(Bucket {
            capacity,
            restore: restore.max(1),
            available: i64::from(capacity) * MILLI,
            in_flight: 0,
            counted_at: now,
            paused_until: Timestamp::MIN,
        }))
    }

    /// Takes `cost` points for a call, or says what it has to wait for. A cost above the capacity waits for a full bucket.
    /// All but urgent calls leave a tenth of the bucket untouched.
    pub fn take(&self, cost: u32, urgent: bool, now: Timestamp) -> Result<(), Short> {
        let mut bucket = self.bucket();
        bucket.refill(now);
        if now < bucket.paused_until {
            return Err(Short::Paused(bucket.paused_until));
        }
        let capacity = i64::from(bucket.capacity) * MILLI;
        let cost = (i64::from(cost) * MILLI).min(capacity);
        let kept = if urgent { 0 } else { (capacity / 10).min(capacity - cost) };
        let short = cost + kept - bucket.available;
        if short > 0 {
            // Thousandths over points a second are milliseconds.
            let wait = short.unsigned_abs().div_ceil(u64::from(bucket.restore));
            return Err(Short::Points(Duration::from_millis(wait.max(1))));
        }
        bucket.available -= cost;
        bucket.in_flight += cost;
        Ok(())
    }

    /// Ends a call that took `cost`, with what the vendor said of the budget, if it did.
    pub fn settle(&self, cost: u32, reported: Option<Reported>, now: Timestamp) {
        let mut bucket = self.bucket();
        bucket.refill(now);
        let cost = (i64::from(cost) * MILLI).min(i64::from(bucket.capacity) * MILLI);
        bucket.in_flight = (bucket.in_flight - cost).max(0);
        if let Some(Reported { capacity, available, restore }) = reported {
            bucket.capacity = capacity.max(1);
            bucket.restore = restore.max(1);
            // The vendor has not counted what is still on its way.
            bucket.available = i64::from(available) * MILLI - bucket.in_flight;
            bucket.counted_at = now;
        }
    }

    /// Gives back what was taken for a call that did not go.
    pub fn give_back(&self, cost: u32) {
        let mut bucket = self.bucket();
        let capacity = i64::from(bucket.capacity) * MILLI;
        let cost = (i64::from(cost) * MILLI).min(capacity);
        bucket.in_flight = (bucket.in_flight - cost).max(0);
        bucket.available = (bucket.available + cost).min(capacity);
    }

    /// Puts back points that a call took and the vendor did not charge.
    pub fn credit(&self, points: u32) {
        let mut bucket = self.bucket();
        let capacity = i64::from(bucket.capacity) * MILLI;
        bucket.available = (bucket.available + i64::from(points) * MILLI).min(capacity);
    }

    /// Points the bucket can hold.
    pub fn capacity(&self) -> u32 {
        self.bucket().capacity
    }

    /// Points it gains a second.
    pub fn restore(&self) -> u32 {
        self.bucket().restore
    }

    /// Sends nothing before `until`.
    pub fn pause(&self, until: Timestamp) {
        let mut bucket = self.bucket();
        bucket.paused_until = bucket.paused_until.max(until);
    }

    /// Whole points in the bucket now.
    pub fn available(&self, now: Timestamp) -> i64 {
        let mut bucket = self.bucket();
        bucket.refill(now);
        bucket.available / MILLI
    }

    fn bucket(&self) -> MutexGuard<'_, Bucket> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bucket {
    fn refill(&mut self, now: Timestamp) {
        let elapsed = now.duration_since(self.counted_at).as_millis();
        if elapsed <= 0 {
            return;
        }
        let gained = i64::try_from(elapsed).unwrap_or(i64::MAX).saturating_mul(i64::from(self.restore));
        self.available = self.available.saturating_add(gained).min(i64::from(self.capacity) * MILLI);
        self.counted_at = now;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(ms).unwrap()
    }

    #[test]
    fn urgent_calls_may_use_the_last_tenth() {
        let budget = Budget::new(10, 1, at(0));
        for _ in 0..9 {
            budget.take(1, false, at(0)).unwrap();
        }
        assert_eq!(budget.take(1, false, at(0)), Err(Short::Points(Duration::from_secs(1))));
        budget.take(1, true, at(0)).unwrap();
        assert_eq!(budget.take(1, true, at(500)), Err(Short::Points(Duration::from_millis(500))));
    }

    #[test]
    fn the_vendors_count_is_believed_less_what_is_on_its_way() {
        let budget = Budget::new(1000, 50, at(0));
        budget.take(100, false, at(0)).unwrap();
        budget.take(200, false, at(0)).unwrap();
        budget.settle(100, Some(Reported { capacity: 2000, available: 1500, restore: 100 }), at(0));
        assert_eq!(budget.available(at(0)), 1300);
        assert_eq!(budget.available(at(1000)), 1400);
    }

    #[test]
    fn a_pause_holds_whatever_is_in_the_bucket() {
        let budget = Budget::new(10, 10, at(0));
        budget.pause(at(2500));
        assert_eq!(budget.take(1, true, at(1000)), Err(Short::Paused(at(2500))));
        assert!(budget.take(1, true, at(2500)).is_ok());
    }

    proptest! {
        /// Whatever is asked, and however it waits, no more is sent in any run than capacity plus refill.
        #[test]
        fn never_more_than_the_budget(costs in prop::collection::vec((1u32..30, any::<bool>()), 1..80)) {
            let (capacity, restore) = (40u32, 7u32);
            let budget = Budget::new(capacity, restore, at(0));
            let (mut now, mut sent) = (0i64, 0i64);
            for (cost, urgent) in costs {
                while let Err(Short::Points(wait)) = budget.take(cost, urgent, at(now)) {
                    now += i64::try_from(wait.as_millis()).unwrap();
                }
                sent += i64::from(cost);
                prop_assert!(sent * 1000 <= i64::from(capacity) * 1000 + now * i64::from(restore));
                budget.settle(cost, None, at(now));
            }
        }
    }
}
