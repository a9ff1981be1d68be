//! Stores deliveries in bulk: one statement for what is known of them and one for all that is written, whatever the number.
//!
//! Two instances may be given the same delivery at the same instant: the keys are unique, so the later statement fails as a
//! whole, writes nothing, and is decided anew.

use std::borrow::Cow;
use std::collections::HashMap;

use sqlx::{Connection as _, PgConnection};

use super::partitions::{DAY, PERIOD_DAYS};
use super::reach::Reach;
use super::texts::{KNOWN, STILL_THERE, STORE};
use crate::store::inbox::{Batch, Keys, Row, decide};
use crate::store::on::{Kept as _, On};
use crate::store::{Accepted, NewDelivery, Result, StoreError, micros};

/// Days for which a delivery is never removed, whatever the configuration; they cannot be fewer than a period of keys.
const KEPT_FOR_CERTAIN: i64 = 29;
/// Times a batch is decided anew because another instance stored one of it meanwhile.
const TRIES: usize = 5;

pub(super) async fn accept(
    reach: &Reach,
    connection: &mut PgConnection,
    batch: &[NewDelivery],
) -> Result<Vec<Accepted>> {
    let keys: Vec<Keys> = batch.iter().map(Keys::of).collect();
    let mut tries = 1;
    loop {
        match reach.apart(connection, async |on| once(on, batch, &keys).await).await {
            Err(StoreError::Database(sqlx::Error::Database(error)))
                if error.is_unique_violation() && tries < TRIES =>
            {
                tries += 1;
            }
            // What its original was is gone: it is new.
            Ok(None) => {}
            Ok(Some(accepted)) => return Ok(accepted),
            Err(error) => return Err(error),
        }
    }
}

/// Decides what is new of it and writes it; nothing where the original of a repeat is gone.
async fn once(
    connection: &mut PgConnection,
    batch: &[NewDelivery],
    keys: &[Keys],
) -> Result<Option<Vec<Accepted>>> {
    let senders: Vec<&str> = batch.iter().flat_map(|delivery| [&*delivery.connection; 2]).collect();
    let asked: Vec<i64> = keys.iter().flat_map(|keys| [keys.id, keys.content]).collect();
    let known: Vec<(Option<i64>, Option<i64>)> = sqlx::query_as(KNOWN)
        .bind(senders)
        .bind(asked)
        .bind(i64::try_from(batch.len()).unwrap_or(i64::MAX))
        .fetch_all(&mut *connection)
        .await?;
    let mut held = HashMap::new();
    let mut numbers = Vec::with_capacity(batch.len());
    for (key, number) in known {
        match (key, number) {
            // Held in two periods, the later counts: the earlier is gone sooner.
            (Some(key), Some(number)) => {
                held.entry(key).and_modify(|last| *last = number.max(*last)).or_insert(number);
            }
            (None, Some(number)) => numbers.push(number),
            (_, None) => {}
        }
    }
    let ids: Vec<i64> =
        batch.iter().zip(numbers).map(|(delivery, number)| day(delivery) * DAY + number % DAY).collect();
    let decided = decide(&mut On::Postgres(connection), batch, &ids, keys, held).await?;
    let stored = store(connection, &decided).await?;
    Ok(stored.then(|| decided.rows.iter().map(Row::accepted).collect()))
}

/// Days from 1970 to its receipt.
fn day(delivery: &NewDelivery) -> i64 {
    micros(delivery.received_at).div_euclid(86_400_000_000)
}

/// Writes it; false where the original of a repeat is gone, whose body the repeat was to have in common with it.
async fn store(connection: &mut PgConnection, batch: &Batch<'_>) -> sqlx::Result<bool> {
    let young = batch.rows.iter().map(|row| row.id).min().unwrap_or(0) - KEPT_FOR_CERTAIN * DAY;
    let repeats = batch.rows.iter().filter(|row| row.same_body);
    let mut old: Vec<(&str, i64)> = repeats
        .filter_map(|row| Some((&*row.delivery.connection, row.of.filter(|of| *of < young)?)))
        .collect();
    if old.is_empty() {
        write(connection, batch).await?;
        return Ok(true);
    }
    // Old enough to be removed between the decision and the writing: held until both are one.
    old.sort_unstable();
    old.dedup();
    let (senders, ids): (Vec<&str>, Vec<i64>) = old.iter().copied().unzip();
    let mut transaction = connection.begin().await?;
    let there = sqlx::query(STILL_THERE).bind(senders).bind(ids).fetch_all(&mut *transaction).await?.len();
    if there < old.len() {
        return Ok(false);
    }
    write(&mut transaction, batch).await?;
    transaction.commit().await?;
    Ok(true)
}

async fn write(connection: &mut PgConnection, batch: &Batch<'_>) -> sqlx::Result<()> {
    let Batch { rows, entered } = batch;
    // In order, so that two instances never wait for each other.
    let mut entered = entered.clone();
    entered.sort_unstable();
    let (entered, holders): (Vec<i64>, Vec<&Row<'_>>) =
        entered.into_iter().map(|(key, holder)| (key, &rows[holder])).unzip();
    let periods: Vec<i64> = holders.iter().map(|row| row.id / DAY / PERIOD_DAYS).collect();
    // The body of a repeat lies with its original; one that only borrowed a webhook id keeps its own.
    let with_body: Vec<&Row<'_>> = rows.iter().filter(|row| !row.same_body).collect();
    let column =
        |of: fn(&NewDelivery) -> i64| -> Vec<i64> { rows.iter().map(|row| of(row.delivery)).collect() };
    let text =
        |of: fn(&NewDelivery) -> &str| -> Vec<_> { rows.iter().map(|row| of(row.delivery).kept()).collect() };
    sqlx::query(STORE)
        .bind(senders(&holders))
        .bind(entered)
        .bind(ids(&holders))
        .bind(periods)
        .bind(senders(&with_body))
        .bind(ids(&with_body))
        .bind(with_body.iter().map(|row| row.delivery.body.as_slice()).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.id).collect::<Vec<_>>())
        .bind(text(|delivery| &delivery.connection))
        .bind(text(|delivery| &delivery.topic))
        .bind(text(|delivery| &delivery.webhook_id))
        .bind(rows.iter().map(|row| row.delivery.content.as_slice()).collect::<Vec<_>>())
        .bind(text(|delivery| &delivery.headers))
        .bind(column(|delivery| delivery.size))
        .bind(column(|delivery| micros(delivery.received_at)))
        .bind(rows.iter().map(|row| row.state.as_str()).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.of).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}

fn ids(rows: &[&Row<'_>]) -> Vec<i64> {
    rows.iter().map(|row| row.id).collect()
}

fn senders<'d>(rows: &[&Row<'d>]) -> Vec<Cow<'d, str>> {
    rows.iter().map(|row| row.delivery.connection.kept()).collect()
}
