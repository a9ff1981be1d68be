//! A bucket of points that requests are paid from and that time fills again, as several vendors ration their APIs.

use jiff::Timestamp;

/// The points one access token has.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    most: i64,
    rate: i64,
    /// Thousandths of a point, which at whole points a second is what a millisecond restores.
    millis: i64,
    filled_at: Timestamp,
}

impl Bucket {
    pub(super) fn new(most: u32, rate: u32, now: Timestamp) -> Self {
        let most = i64::from(most);
        Self { most, rate: rate.into(), millis: most * 1000, filled_at: now }
    }

    /// Lets run in what time has brought.
    pub(super) fn fill(&mut self, now: Timestamp) {
        let elapsed = now.as_millisecond() - self.filled_at.as_millisecond();
        if elapsed > 0 {
            self.millis = self.millis.saturating_add(elapsed.saturating_mul(self.rate)).min(self.most * 1000);
            self.filled_at = now;
        }
    }

    /// Takes `points`, if they are there.
    pub(super) fn take(&mut self, points: u32, now: Timestamp) -> bool {
        self.fill(now);
        let wanted = i64::from(points) * 1000;
        let enough = self.millis >= wanted;
        if enough {
            self.millis -= wanted;
        }
        enough
    }

    /// Puts back what was not used.
    pub(super) fn give_back(&mut self, points: u32) {
        self.millis = (self.millis + i64::from(points) * 1000).min(self.most * 1000);
    }

    /// Points there are now, as of the last time it was looked at.
    pub(super) const fn available(&self) -> i64 {
        self.millis.div_euclid(1000)
    }

    /// The most it holds.
    pub(super) const fn most(&self) -> i64 {
        self.most
    }

    /// Points a second that run back into it.
    pub(super) const fn rate(&self) -> i64 {
        self.rate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bucket_refills_with_time_and_never_overflows() {
        let start: Timestamp = "2026-11-01T00:00:00Z".parse().unwrap();
        let after = |ms: i64| start + jiff::SignedDuration::from_millis(ms);
        let mut bucket = Bucket::new(100, 10, start);
        assert!(bucket.take(90, start));
        assert!(!bucket.take(11, after(50)));
        assert!(bucket.take(11, after(100)));
        assert_eq!(bucket.available(), 0);
        bucket.give_back(5);
        assert_eq!(bucket.available(), 5);
        assert!(!bucket.take(101, after(1_000_000)));
        assert_eq!(bucket.available(), 100);
    }
}
