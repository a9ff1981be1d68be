//! Partitions: deliveries, bodies and tries by the day, keys of deliveries by four weeks.
//!
//! They are made some days ahead, and dropped whole once they are too old. What no partition takes lies in the rest, so a
//! day that could not be prepared costs speed and nothing else. Nothing waits long for a lock here: a table that somebody
//! reads is left for the next time.

use jiff::Timestamp;
use sqlx::AssertSqlSafe;

use super::reach::Reach;
use crate::store::Result;

/// Ids of one day.
pub(in crate::store) const DAY: i64 = 100_000_000_000;
/// Days of a period of keys.
pub(in crate::store) const PERIOD_DAYS: i64 = 28;

/// Days made ahead.
const AHEAD: i64 = 3;
pub(super) const DAY_MICROS: i64 = 86_400_000_000;

/// What one partition is: its table, its name, and the values from and up to which it takes.
fn wanted(today: i64) -> Vec<(&'static str, String, i64, i64)> {
    let mut wanted = Vec::new();
    for day in today..=today + AHEAD {
        for (table, width) in [("deliveries", DAY), ("delivery_bodies", DAY), ("attempts", DAY_MICROS)] {
            wanted.push((table, format!("{table}_{day}"), day * width, (day + 1) * width));
        }
    }
    let (first, last) = (today / PERIOD_DAYS, (today + AHEAD) / PERIOD_DAYS);
    wanted.extend((first..=last).map(|period| ("dedupe", format!("dedupe_{period}"), period, period + 1)));
    wanted
}

/// Makes the partitions of today and the days to come.
pub(super) async fn make(reach: &Reach) -> Result<()> {
    #[expect(
        clippy::disallowed_methods,
        reason = "partitions follow the real day, whatever clock the loop runs by"
    )]
    let today = Timestamp::now().as_microsecond().div_euclid(DAY_MICROS);
    let known: Vec<(String,)> = sqlx::query_as("SELECT inhrelid::regclass::text FROM pg_inherits")
        .fetch_all(&mut *reach.begin().await?)
        .await?;
    for (table, name, from, upto) in wanted(today) {
        if known.iter().any(|(known,)| *known == name) {
            continue;
        }
        let made = make_one(reach, table, &name, from, upto).await;
        if let Err(error) = made {
            tracing::warn!(%error, partition = name, "a partition was not made; what belongs there lies in the rest until it is");
        }
    }
    Ok(())
}

/// Makes the partitions of tries of all days between two instants, a year at the most, so that old ones are dropped whole.
pub(super) async fn make_days_of_attempts(reach: &Reach, from: i64, upto: i64) -> Result<()> {
    let last = upto.div_euclid(DAY_MICROS);
    for day in from.div_euclid(DAY_MICROS).max(last - 366)..=last {
        let name = format!("attempts_{day}");
        make_one(reach, "attempts", &name, day * DAY_MICROS, (day + 1) * DAY_MICROS).await?;
    }
    Ok(())
}

pub(super) async fn make_one(
    reach: &Reach,
    table: &str,
    name: &str,
    from: i64,
    upto: i64,
) -> sqlx::Result<()> {
    let mut transaction = reach.begin().await?;
    sqlx::raw_sql("SET LOCAL lock_timeout = '2s'").execute(&mut *transaction).await?;
    let make = format!(
        "CREATE TABLE IF NOT EXISTS {name} PARTITION OF {table} FOR VALUES FROM ({from}) TO ({upto})"
    );
    sqlx::raw_sql(AssertSqlSafe(make)).execute(&mut *transaction).await?;
    transaction.commit().await
}
