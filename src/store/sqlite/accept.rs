//! Stores deliveries in bulk: a few statements of the transaction at work, whatever the number.

use std::sync::LazyLock;

use sqlx::SqliteConnection;

use super::dedupe::Dedupe;
use super::texts::ADD_BODY;
use crate::store::bulk::Bulk;
use crate::store::inbox::{Batch, Keys, Row, decide};
use crate::store::on::{On, insert_all};
use crate::store::{Accepted, NewDelivery, Result, micros, sql};

static DELIVERIES: LazyLock<Bulk> = LazyLock::new(|| Bulk::of(sql::ADD_DELIVERY));
static BODIES: LazyLock<Bulk> = LazyLock::new(|| Bulk::of(ADD_BODY));

pub(super) async fn accept(
    connection: &mut SqliteConnection,
    dedupe: &Dedupe,
    batch: &[NewDelivery],
    first: i64,
) -> Result<Vec<Accepted>> {
    let keys: Vec<Keys> = batch.iter().map(Keys::of).collect();
    let ids: Vec<i64> = (first..).take(batch.len()).collect();
    let held = dedupe.holders(connection, keys.iter().flat_map(|keys| [keys.id, keys.content])).await?;
    let mut on = On::Sqlite(connection);
    let Batch { rows, entered } = decide(&mut on, batch, &ids, &keys, held).await?;
    insert_all!(
        on,
        DELIVERIES,
        &rows,
        |row| row.id,
        &*row.delivery.connection,
        &row.delivery.topic,
        &row.delivery.webhook_id,
        row.delivery.content.as_slice(),
        &row.delivery.headers,
        row.delivery.size,
        micros(row.delivery.received_at),
        row.state.as_str(),
        row.of
    );
    // The body of a repeat lies with its original; one that only borrowed a webhook id keeps its own.
    let own: Vec<&Row<'_>> = rows.iter().filter(|row| !row.same_body).collect();
    insert_all!(on, BODIES, &own, |row| row.id, row.delivery.body.as_slice());
    dedupe.enter(entered.into_iter().map(|(key, holder)| (key, rows[holder].id)));
    Ok(rows.iter().map(Row::accepted).collect())
}
