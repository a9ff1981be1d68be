//! Stores deliveries in bulk: one transaction, a few statements, whatever the number.

use std::sync::LazyLock;

use sqlx::{AssertSqlSafe, SqliteConnection};

use super::bulk::Bulk;
use super::dedupe::{Dedupe, Keys};
use crate::store::{Accepted, DeliveryState, NewDelivery, Result, micros, sql};

static DELIVERIES: LazyLock<Bulk> = LazyLock::new(|| Bulk::of(sql::ADD_DELIVERY));
static BODIES: LazyLock<Bulk> = LazyLock::new(|| Bulk::of(sql::ADD_BODY));

/// One delivery with what was found out about it.
struct Row<'d> {
    id: i64,
    delivery: &'d NewDelivery,
    state: DeliveryState,
    /// The delivery it repeats.
    of: Option<i64>,
    /// Whether its body lies with that one.
    same_body: bool,
}

pub(super) async fn accept(
    connection: &mut SqliteConnection,
    dedupe: &Dedupe,
    batch: &[NewDelivery],
    first: i64,
) -> Result<Vec<Accepted>> {
    let keys: Vec<Keys> = batch.iter().map(Keys::of).collect();
    let mut held = dedupe.holders(connection, keys.iter().flat_map(|keys| [keys.id, keys.content])).await?;
    let mut rows: Vec<Row<'_>> = Vec::with_capacity(batch.len());
    let mut entered = Vec::with_capacity(batch.len() * 2);
    for ((id, delivery), keys) in (first..).zip(batch).zip(&keys) {
        let known = |key| held.get(&key).copied();
        let same_id = is_same(connection, &rows, first, known(keys.id), delivery, false).await?;
        let same_content = is_same(connection, &rows, first, known(keys.content), delivery, true).await?;
        // A sender's retry repeats both. A repeated id alone is answered and kept; a repeated content alone may still be
        // news (two bare hints look alike), so the sorter has the last word on it.
        let state = if same_id.is_some() { DeliveryState::Duplicate } else { DeliveryState::Stored };
        let of = same_content.or(same_id);
        rows.push(Row { id, delivery, state, of, same_body: same_content.is_some() });
        // Only what is new makes others its repeats: what hid behind a borrowed id must not hide what comes after it.
        if of.is_none() {
            for key in [keys.id, keys.content] {
                held.entry(key).or_insert_with(|| {
                    entered.push((key, id));
                    id
                });
            }
        }
    }
    write_rows(connection, &rows).await?;
    write_bodies(connection, &rows).await?;
    dedupe.enter(entered);
    Ok(rows.iter().map(|row| row.of.map_or(Accepted::Stored(row.id), Accepted::Duplicate)).collect())
}

/// The candidate, where it really is the same: by its content, or by its webhook id. It may stand in this very batch.
async fn is_same(
    connection: &mut SqliteConnection,
    rows: &[Row<'_>],
    first: i64,
    candidate: Option<i64>,
    delivery: &NewDelivery,
    by_content: bool,
) -> Result<Option<i64>> {
    let Some(id) = candidate else { return Ok(None) };
    let same = if id >= first {
        let at = usize::try_from(id - first).unwrap_or(usize::MAX);
        rows.get(at).is_some_and(|row| {
            let other = row.delivery;
            other.connection == delivery.connection
                && if by_content {
                    other.content == delivery.content
                } else {
                    other.webhook_id == delivery.webhook_id
                }
        })
    } else {
        let row: Option<(String, String, Vec<u8>)> =
            sqlx::query_as("SELECT connection, webhook_id, content FROM deliveries WHERE id = $1")
                .bind(id)
                .fetch_optional(connection)
                .await?;
        row.is_some_and(|(name, webhook_id, content)| {
            *name == *delivery.connection
                && if by_content { content == delivery.content } else { webhook_id == delivery.webhook_id }
        })
    };
    Ok(same.then_some(id))
}

async fn write_rows(connection: &mut SqliteConnection, rows: &[Row<'_>]) -> Result<()> {
    for (sql, part) in DELIVERIES.cut(rows) {
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for Row { id, delivery, state, of, .. } in part {
            query = query
                .bind(*id)
                .bind(&*delivery.connection)
                .bind(&delivery.topic)
                .bind(&delivery.webhook_id)
                .bind(delivery.content.as_slice())
                .bind(&delivery.headers)
                .bind(delivery.size)
                .bind(micros(delivery.received_at))
                .bind(state.as_str())
                .bind(*of);
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

async fn write_bodies(connection: &mut SqliteConnection, rows: &[Row<'_>]) -> Result<()> {
    // The body of a repeat lies with its original; one that only borrowed a webhook id keeps its own.
    let own: Vec<&Row<'_>> = rows.iter().filter(|row| !row.same_body).collect();
    for (sql, part) in BODIES.cut(&own) {
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for row in part {
            query = query.bind(row.id).bind(row.delivery.body.as_slice());
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}
