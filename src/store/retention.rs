//! Removes what is too old to be of use: deliveries with their bodies and keys, tries, time-lines, exceptions that are over.
//!
//! It may be called at any time, by several at once, and dropped half way: whatever is left is removed the next time. It goes
//! in small batches through the ordinary writer and rests between them, so that nobody waits long for it; on PostgreSQL days
//! are dropped whole instead. It never removes a delivery that is not settled or that an open exception is about, nor a body
//! that some delivery still has, nor anything of an order but its story.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use super::on::{execute, fetch_optional};
use super::{Engine, Result, Store, micros, sql};

/// For how long things are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Days that deliveries are kept, and known again by.
    pub deliveries_days: i64,
    /// Days that tries are kept.
    pub attempts_days: i64,
    /// Days that time-lines and exceptions that are over are kept.
    pub timeline_days: i64,
}

impl Default for Retention {
    fn default() -> Self {
        Self { deliveries_days: 90, attempts_days: 90, timeline_days: 730 }
    }
}

/// What was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Deliveries, one by one.
    pub deliveries: u64,
    /// Bodies, one by one.
    pub bodies: u64,
    /// Keys by which deliveries are known again, one by one.
    pub keys: u64,
    /// Tries, one by one.
    pub attempts: u64,
    /// Lines of stories.
    pub entries: u64,
    /// Exceptions that were over.
    pub exceptions: u64,
    /// Partitions, dropped whole with what was in them.
    pub partitions: u64,
    /// Partitions that were old enough and stayed: somebody used them, or they hold what is not settled.
    pub left: u64,
    /// The longest that one batch took, without its commit.
    pub longest: Duration,
}

/// The texts by which one engine removes row by row.
pub(super) struct Texts {
    /// After an id, at most so many: the last id, and the earliest time.
    pub(super) deliveries_page: &'static str,
    /// After an id, up to another, older than: those that are settled.
    pub(super) remove_deliveries: &'static str,
    /// The lowest and the highest id, and the lowest when the keys were last gone through.
    pub(super) bounds: &'static str,
    /// After an id, up to another, at most so many: the last id.
    pub(super) bodies_page: &'static str,
    /// After an id, up to another: those that no delivery has.
    pub(super) remove_bodies: &'static str,
    /// After a key, at most so many: the last key.
    pub(super) keys_page: &'static str,
    /// After a key, up to another: those whose delivery is gone.
    pub(super) remove_keys: &'static str,
    /// As for deliveries; without a page, those older than, at most so many.
    pub(super) attempts: (Option<&'static str>, &'static str),
    /// The same for lines of stories.
    pub(super) entries: (Option<&'static str>, &'static str),
}

/// Rows of the first batch, of the smallest and of the largest.
const ROWS: i64 = 64;
const FEWEST: i64 = 8;
const MOST: i64 = 512;
/// A batch that takes longer is followed by a smaller one, and one that takes less by a larger.
const LONG: Duration = Duration::from_millis(10);
const SHORT: Duration = Duration::from_millis(3);
/// The keys are gone through once so many of a hundred are of deliveries that are gone; until then they do no harm.
const STALE_PERCENT: i64 = 5;

impl Store {
    /// Removes what is older at `now` than it is to be kept.
    pub async fn remove_old(&self, now: Timestamp, retention: Retention) -> Result<Removed> {
        let before = |days: i64| {
            let ago = SignedDuration::from_hours(days.saturating_mul(24));
            now.checked_sub(ago).map_or(i64::MIN, micros)
        };
        let deliveries = before(retention.deliveries_days);
        let attempts = before(retention.attempts_days);
        let story = before(retention.timeline_days);
        let mut sweep = Sweep { store: self, rows: ROWS, removed: Removed::default() };
        let texts = match &self.0 {
            Engine::Sqlite(_) => &super::sqlite::OLD,
            Engine::Postgres(postgres) => {
                let (dropped, left) = postgres.drop_old(deliveries, attempts).await?;
                (sweep.removed.partitions, sweep.removed.left) = (dropped, left);
                &super::postgres::OLD
            }
        };
        let (count, upto) = sweep.walk(texts.deliveries_page, texts.remove_deliveries, deliveries).await?;
        sweep.removed.deliveries = count;
        if let (Engine::Sqlite(sqlite), true) = (&self.0, count > 0) {
            sqlite.forget(upto).await?;
        }
        sweep.bodies(texts, upto).await?;
        sweep.keys(texts).await?;
        sweep.removed.attempts = sweep.older(texts.attempts, attempts).await?;
        sweep.removed.entries = sweep.older(texts.entries, story).await?;
        sweep.removed.exceptions = sweep.older((None, sql::REMOVE_EXCEPTIONS), story).await?;
        Ok(sweep.removed)
    }
}

/// One removal of everything.
struct Sweep<'s> {
    store: &'s Store,
    /// Of the next batch.
    rows: i64,
    removed: Removed,
}

impl Sweep<'_> {
    /// Removes rows by time, where there is a page by page of them, or as many at once as a batch may have.
    async fn older(
        &mut self,
        (page, remove): (Option<&'static str>, &'static str),
        before: i64,
    ) -> Result<u64> {
        let Some(page) = page else {
            let mut count = 0;
            loop {
                let removed = self.batch(remove, Bound::Two(before, self.rows)).await?;
                count += removed;
                if removed == 0 {
                    return Ok(count);
                }
            }
        };
        Ok(self.walk(page, remove, before).await?.0)
    }

    /// Removes rows in the order of their ids, as long as there are old ones among the next; gives how many, and how far it came.
    async fn walk(&mut self, page: &'static str, remove: &'static str, before: i64) -> Result<(u64, i64)> {
        let (mut count, mut after) = (0, 0);
        loop {
            let next = self.next::<(Option<i64>, Option<i64>)>(page, Bound::Two(after, self.rows)).await?;
            let Some((Some(upto), Some(earliest))) = next else { return Ok((count, after)) };
            if earliest >= before {
                return Ok((count, after));
            }
            count += self.batch(remove, Bound::Three(after, upto, before)).await?;
            after = upto;
        }
    }

    /// Removes bodies that no delivery has any more: those behind the walk, and those that were kept for a repeat.
    async fn bodies(&mut self, texts: &Texts, walked: i64) -> Result<()> {
        let lowest = self.next::<Bounds>(texts.bounds, Bound::None).await?.and_then(|(lowest, ..)| lowest);
        let end = walked.max(lowest.unwrap_or(i64::MAX));
        let mut after = 0;
        loop {
            let next =
                self.next::<(Option<i64>,)>(texts.bodies_page, Bound::Three(after, end, self.rows)).await?;
            let Some((Some(upto),)) = next else { return Ok(()) };
            self.removed.bodies += self.batch(texts.remove_bodies, Bound::Two(after, upto)).await?;
            after = upto;
        }
    }

    /// Goes through the keys, where enough of them are of deliveries that are gone.
    async fn keys(&mut self, texts: &Texts) -> Result<()> {
        let bounds = self.next::<Bounds>(texts.bounds, Bound::None).await?.unwrap_or_default();
        let mark = match bounds {
            (Some(lowest), Some(highest), swept) => {
                let gone = i128::from(lowest) - i128::from(swept.unwrap_or(0).max(1));
                let known = i128::from(highest) - i128::from(lowest) + 1;
                if gone <= 0 || gone * 100 < known * i128::from(STALE_PERCENT) {
                    return Ok(());
                }
                lowest
            }
            _ => 0,
        };
        let mut after = i64::MIN;
        loop {
            let next = self.next::<(Option<i64>,)>(texts.keys_page, Bound::Two(after, self.rows)).await?;
            let Some((Some(upto),)) = next else { break };
            self.removed.keys += self.batch(texts.remove_keys, Bound::Two(after, upto)).await?;
            after = upto;
        }
        self.batch(sql::KEYS_SWEPT, Bound::One(mark)).await?;
        Ok(())
    }

    /// Reads one row beside the writer.
    async fn next<R>(&self, text: &'static str, bound: Bound) -> Result<Option<R>>
    where
        R: Send + Unpin,
        for<'r> R: sqlx::FromRow<'r, sqlx::sqlite::SqliteRow> + sqlx::FromRow<'r, sqlx::postgres::PgRow>,
    {
        self.store
            .read(move |mut on| {
                Box::pin(async move {
                    Ok(match bound {
                        Bound::None => fetch_optional!(on, R, text)?,
                        Bound::One(a) => fetch_optional!(on, R, text, a)?,
                        Bound::Two(a, b) => fetch_optional!(on, R, text, a, b)?,
                        Bound::Three(a, b, c) => fetch_optional!(on, R, text, a, b, c)?,
                    })
                })
            })
            .await
    }

    /// Runs one batch, and rests as long as it took.
    async fn batch(&mut self, text: &'static str, bound: Bound) -> Result<u64> {
        let (count, took) = self
            .store
            .write(move |mut on| {
                Box::pin(async move {
                    let started = Instant::now();
                    let count = match bound {
                        Bound::None => execute!(on, text)?,
                        Bound::One(a) => execute!(on, text, a)?,
                        Bound::Two(a, b) => execute!(on, text, a, b)?,
                        Bound::Three(a, b, c) => execute!(on, text, a, b, c)?,
                    };
                    Ok((count, started.elapsed()))
                })
            })
            .await?;
        if took > LONG {
            self.rows = (self.rows / 2).max(FEWEST);
        } else if took < SHORT {
            self.rows = (self.rows * 2).min(MOST);
        }
        self.removed.longest = self.removed.longest.max(took);
        tokio::time::sleep(took).await;
        Ok(count)
    }
}

/// The lowest and the highest id, and the lowest when the keys were last gone through.
type Bounds = (Option<i64>, Option<i64>, Option<i64>);

/// What a text is bound to.
#[derive(Clone, Copy, Debug)]
enum Bound {
    None,
    One(i64),
    Two(i64, i64),
    Three(i64, i64, i64),
}
