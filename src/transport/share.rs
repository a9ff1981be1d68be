//! The part of every budget that is this instance's, where several work on one store: one of so many equal parts.
//!
//! A part is good for a while only and renewed while the store confirms it: an instance that was cut off or asleep may have
//! been counted out, and its part given to others, so it sends nothing until it is counted again.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

use jiff::Timestamp;

/// This instance's part; clones are one.
#[derive(Clone, Debug)]
pub struct Share(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    parts: AtomicU32,
    /// Microseconds since 1970.
    good_until: AtomicI64,
}

impl Share {
    fn of(parts: u32, good_until: i64) -> Self {
        Self(Arc::new(Inner { parts: AtomicU32::new(parts), good_until: AtomicI64::new(good_until) }))
    }

    /// All of it, for ever: nobody else works on the store.
    pub fn whole() -> Self {
        Self::of(1, i64::MAX)
    }

    /// None yet.
    pub fn none() -> Self {
        Self::of(1, i64::MIN)
    }

    /// One of so many parts, until then.
    pub fn set(&self, parts: u32, good_until: Timestamp) {
        self.0.parts.store(parts.max(1), Ordering::Relaxed);
        self.0.good_until.store(good_until.as_microsecond(), Ordering::Relaxed);
    }

    /// Whether it may be used.
    pub fn is_good(&self, now: Timestamp) -> bool {
        now.as_microsecond() <= self.0.good_until.load(Ordering::Relaxed)
    }

    pub(super) fn parts(&self) -> u32 {
        self.0.parts.load(Ordering::Relaxed)
    }
}
