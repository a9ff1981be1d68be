//! `[retention]`: for how long things are kept.

use super::section::Section;
use crate::store::Retention;

/// Ten years.
const LONGEST_DAYS: i64 = 3650;
/// The fewest days for deliveries: repeats have to be known for as long as somebody may send them again.
const DELIVERIES: i64 = 30;
/// The fewest for the rest: long enough to look into last week.
const OTHERS: i64 = 7;

pub(super) fn read(root: &mut Section<'_>) -> Retention {
    let usual = Retention::default();
    root.sub("retention", |mut section| {
        let mut days = |key, fewest, usual| section.integer(key, fewest..=LONGEST_DAYS).unwrap_or(usual);
        let retention = Retention {
            deliveries_days: days("deliveries_days", DELIVERIES, usual.deliveries_days),
            attempts_days: days("attempts_days", OTHERS, usual.attempts_days),
            timeline_days: days("timeline_days", OTHERS, usual.timeline_days),
        };
        section.finish();
        retention
    })
}
