//! A connection's rate budget: a bucket of points that refills with time, as the vendor publishes or reports it.
//!
//! Points are taken before a call goes, so no call is sent that the budget forbids; a part is kept back for urgent calls.
//! Where the vendor tells its own count with each answer, that count is believed. Where several instances share the
//! connection, each has its equal part of all of it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::Share;

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
pub struct Budget {
    bucket: Mutex<Bucket>,
    share: Share,
}

const MILLI: i64 = 1000;
/// When to come back where this instance has no part for the moment.
const COUNTED_AGAIN: Duration = Duration::from_millis(500);

impl Budget {
    /// A full bucket of `capacity` points that gains `restore` points a second (at least one each).
    pub fn new(capacity: u32, restore: u32, now: Timestamp) -> Self {
        Self::shared(capacity, restore, Share::whole(), now)
    }

    /// The same, of which a share is ours.
    pub fn shared(capacity: u32, restore: u32, share: Share, now: Timestamp) -> Self {
        let capacity = capacity.max(1);
        let bucket = Mutex::new(Bucket {
            capacity,
            restore: restore.max(1),
            available: i64::from(capacity) * MILLI,
            in_flight: 0,
            counted_at: now,
            paused_until: Timestamp::MIN,
        });
        Self { bucket, share }
    }

    /// Takes `cost` points for a call, or says what it has to wait for. A cost above what our part can hold waits until it
    /// is full, and what it takes beyond that is made good before the next call. All but urgent calls leave a tenth of the
    /// bucket untouched.
    pub fn take(&self, cost: u32, urgent: bool, now: Timestamp) -> Result<(), Short> {
        if !self.share.is_good(now) {
            return Err(Short::Paused(now.saturating_add(COUNTED_AGAIN).unwrap_or(now)));
        }
        let parts = self.share.parts();
        let mut bucket = self.bucket();
        bucket.refill(now, parts);
        if now < bucket.paused_until {
            return Err(Short::Paused(bucket.paused_until));
        }
        let cost = bucket.charged(cost);
        let part = bucket.part(parts);
        let needed = cost.min(part);
        let kept = if urgent { 0 } else { (part / 10).min(part - needed) };
        let short = needed + kept - bucket.available;
        if short > 0 {
            // Thousandths over points a second are milliseconds.
            let wait = (short.unsigned_abs() * u64::from(parts)).div_ceil(u64::from(bucket.restore));
            return Err(Short::Points(Duration::from_millis(wait.max(1))));
        }
        bucket.available -= cost;
        bucket.in_flight += cost;
        Ok(())
    }

    /// Ends a call that took `cost`, with what the vendor said of the budget, if it did.
    pub fn settle(&self, cost: u32, reported: Option<Reported>, now: Timestamp) {
        let parts = self.share.parts();
        let mut bucket = self.bucket();
        bucket.refill(now, parts);
        let cost = bucket.charged(cost);
        bucket.in_flight = (bucket.in_flight - cost).max(0);
        if let Some(Reported { capacity, available, restore }) = reported {
            bucket.capacity = capacity.max(1);
            bucket.restore = restore.max(1);
            // The vendor has not counted what is still on its way.
            bucket.available = i64::from(available) * MILLI / i64::from(parts) - bucket.in_flight;
            bucket.counted_at = now;
        }
    }

    /// Gives back what was taken for a call that did not go.
    pub fn give_back(&self, cost: u32) {
        let mut bucket = self.bucket();
        let (cost, part) = (bucket.charged(cost), bucket.part(self.share.parts()));
        bucket.in_flight = (bucket.in_flight - cost).max(0);
        bucket.available = (bucket.available + cost).min(part);
    }

    /// Puts back points that a call took and the vendor did not charge.
    pub fn credit(&self, points: u32) {
        let mut bucket = self.bucket();
        let part = bucket.part(self.share.parts());
        bucket.available = (bucket.available + i64::from(points) * MILLI).min(part);
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
        bucket.refill(now, self.share.parts());
        bucket.available / MILLI
    }

    fn bucket(&self) -> MutexGuard<'_, Bucket> {
        self.bucket.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bucket {
    fn refill(&mut self, now: Timestamp, parts: u32) {
        let elapsed = now.duration_since(self.counted_at).as_millis();
        let gained = i64::try_from(elapsed).unwrap_or(i64::MAX).saturating_mul(i64::from(self.restore))
            / i64::from(parts);
        // What is too little to count yet is counted with the next.
        if gained > 0 {
            self.available = self.available.saturating_add(gained);
            self.counted_at = now;
        }
        self.available = self.available.min(self.part(parts));
    }

    /// What one of so many parts can hold, in thousandths.
    fn part(&self, parts: u32) -> i64 {
        i64::from(self.capacity) * MILLI / i64::from(parts)
    }

    /// What a call takes, in thousandths.
    fn charged(&self, cost: u32) -> i64 {
        (i64::from(cost) * MILLI).min(i64::from(self.capacity) * MILLI)
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

    #[test]
    fn without_a_part_that_is_good_nothing_goes() {
        let share = Share::none();
        let budget = Budget::shared(10, 10, share.clone(), at(0));
        assert_eq!(budget.take(1, true, at(0)), Err(Short::Paused(at(500))));
        share.set(2, at(1000));
        assert!(budget.take(1, true, at(1000)).is_ok());
        assert!(budget.take(1, true, at(1001)).is_err(), "nobody renewed it");
    }

    #[test]
    fn what_a_call_takes_beyond_our_part_is_made_good_before_the_next() {
        let share = Share::whole();
        let budget = Budget::shared(10, 1, share.clone(), at(0));
        share.set(5, Timestamp::MAX);
        budget.take(6, true, at(0)).unwrap();
        assert_eq!(budget.take(1, true, at(0)), Err(Short::Points(Duration::from_secs(25))));
    }

    proptest! {
        /// However many instances there are, and however each asks, all of them together send no more in any run than
        /// capacity plus refill.
        #[test]
        fn never_more_than_the_budget_together(asked in prop::collection::vec((0usize..4, 1u32..10), 1..120), parts in 1u32..5) {
            let (capacity, restore) = (40u32, 7u32);
            let budgets: Vec<_> = (0..parts).map(|_| {
                let share = Share::whole();
                share.set(parts, Timestamp::MAX);
                Budget::shared(capacity, restore, share, at(0))
            }).collect();
            let (mut now, mut sent) = (0i64, 0i64);
            for (who, cost) in asked {
                let budget = &budgets[who % budgets.len()];
                while let Err(Short::Points(wait)) = budget.take(cost, true, at(now)) {
                    now += i64::try_from(wait.as_millis()).unwrap();
                }
                sent += i64::from(cost);
                prop_assert!(sent * 1000 <= i64::from(capacity) * 1000 + now * i64::from(restore));
                budget.settle(cost, None, at(now));
            }
        }
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
