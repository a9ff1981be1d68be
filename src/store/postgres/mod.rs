//! PostgreSQL: any number of instances over one database.
//!
//! A few writers take what waits and commit it, passes together; reads and the inbox use connections of the same
//! pool. Nothing rests on a session: no session lock, no `LISTEN`, no transaction held over network I/O, so a pooler that
//! lends connections by the transaction may stand between. Orders are locked by their row of `work`, in the order of their keys.

mod accept;
mod connect;
#[cfg(test)]
pub(in crate::store) use connect::BY_KEY;
mod partitions;
mod reach;
mod retention;
mod texts;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use sqlx::PgConnection;
use tokio_util::sync::CancellationToken;

pub(super) use partitions::{DAY, PERIOD_DAYS};
pub(super) use retention::OLD;

use reach::{AT_MOST, Reach, Shelf};

use super::on::{Dialect, On};
use super::writer::{self, Jobs, Queue};
use super::{Accepted, NewDelivery, Result, StoreError, sql};

pub(super) const DIALECT: Dialect = Dialect {
    now: "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)",
    // Each priority apart, so that the index gives the first of it; what another instance is taking is passed over. Where a row was
    // changed since the statement began, its parts are counted once more, each for itself, and may add up to more than is asked.
    claim: "
WITH urgent AS MATERIALIZED (SELECT channel, order_id, priority, due_at FROM work
        WHERE priority = 0 AND due_at <= $3 AND (lease IS NULL OR $5) ORDER BY due_at LIMIT $4 FOR UPDATE SKIP LOCKED),
    owed AS MATERIALIZED (SELECT channel, order_id, priority, due_at FROM work
        WHERE priority = 1 AND due_at <= $3 AND (lease IS NULL OR $5) ORDER BY due_at
        LIMIT GREATEST($4 - (SELECT COUNT(*) FROM urgent), 0) FOR UPDATE SKIP LOCKED),
    watched AS MATERIALIZED (SELECT channel, order_id, priority, due_at FROM work
        WHERE priority = 2 AND due_at <= $3 AND (lease IS NULL OR $5) ORDER BY due_at
        LIMIT GREATEST($4 - (SELECT COUNT(*) FROM urgent) - (SELECT COUNT(*) FROM owed), 0) FOR UPDATE SKIP LOCKED),
    due AS (SELECT * FROM urgent UNION ALL SELECT * FROM owed UNION ALL SELECT * FROM watched),
    claimed AS (UPDATE work SET lease = $1, due_at = $2 FROM due
        WHERE work.channel = due.channel AND work.order_id = due.order_id
        RETURNING work.channel, work.order_id, work.touched, work.oldest, due.priority, due.due_at)
SELECT channel, order_id, touched, oldest FROM claimed ORDER BY priority, due_at",
    held: "
SELECT l.key, w.touched FROM json_each($1) l CROSS JOIN work w
WHERE w.channel = l.value ->> 0 AND w.order_id = l.value ->> 1 AND w.lease = l.value ->> 2
ORDER BY w.channel COLLATE \"C\", w.order_id COLLATE \"C\" FOR UPDATE OF w",
    // Of the texts on deliveries here. A list alone does not say on which days to look, and every day's partition would be prepared, at
    // more cost than the looking: so they are told the lowest and the highest id too. Nothing leaves the planner a choice, which it
    // makes by what was counted when a day was empty, or had no delivery with an order: what is looked for is taken from the list
    // first, the offsets keep each looking apart, an index holds what waits and nothing else, and the state is hidden where another
    // index has all of one state. No join may begin at the partitions, hence the arrays.
    pending: "
SELECT o.number, d.id, d.connection, d.topic, d.headers, d.received_at, d.duplicate_of, d.size, b.body
FROM (SELECT value ->> 0 AS connection, value ->> 1 AS order_id, CAST(value ->> 2 AS BIGINT) AS number,
        CAST(value ->> 3 AS BIGINT) AS oldest FROM json_each($1) OFFSET 0) o
CROSS JOIN LATERAL (SELECT * FROM deliveries d
    WHERE d.connection = o.connection AND d.order_id = o.order_id AND d.state = 'sorted' AND d.id >= o.oldest AND d.id >= $2
    OFFSET 0) d
CROSS JOIN LATERAL (SELECT body FROM delivery_bodies b
    WHERE b.connection = d.connection AND b.delivery_id = COALESCE(d.duplicate_of, d.id) AND b.delivery_id >= $2 OFFSET 0) b
ORDER BY 1, d.id",
    unsorted_of: "
SELECT d.id, d.connection, d.topic, d.headers, d.received_at, d.duplicate_of, d.size, b.body
FROM (SELECT value ->> 0 AS connection, CAST(value ->> 1 AS BIGINT) AS id FROM json_each($1) OFFSET 0) i
CROSS JOIN LATERAL (SELECT * FROM deliveries d
    WHERE d.connection = i.connection AND d.id = i.id AND d.id BETWEEN $2 AND $3 AND COALESCE(d.state, '') = 'stored' OFFSET 0) d
CROSS JOIN LATERAL (SELECT body FROM delivery_bodies b
    WHERE b.connection = d.connection AND b.delivery_id = COALESCE(d.duplicate_of, d.id) OFFSET 0) b
ORDER BY d.id",
    sort: "
WITH l AS MATERIALIZED (SELECT array_agg(value ->> 0 ORDER BY key) AS senders,
        array_agg(CAST(value ->> 1 AS BIGINT) ORDER BY key) AS ids, array_agg(value ->> 2 ORDER BY key) AS states,
        array_agg(value ->> 3 ORDER BY key) AS reasons, array_agg(value ->> 4 ORDER BY key) AS orders FROM json_each($1))
UPDATE deliveries SET state = (SELECT states[array_position(ids, id)] FROM l),
    reason = (SELECT reasons[array_position(ids, id)] FROM l),
    order_id = (SELECT orders[array_position(ids, id)] FROM l)
WHERE id = ANY (CAST((SELECT ids FROM l) AS BIGINT[])) AND id BETWEEN $2 AND $3
  AND connection = (SELECT senders[array_position(ids, id)] FROM l) AND COALESCE(state, '') = 'stored'",
    settle: "
WITH l AS MATERIALIZED (SELECT array_agg(value ->> 0 ORDER BY key) AS senders,
        array_agg(CAST(value ->> 1 AS BIGINT) ORDER BY key) AS ids, array_agg(value ->> 2 ORDER BY key) AS states,
        array_agg(value ->> 3 ORDER BY key) AS reasons FROM json_each($1))
UPDATE deliveries SET state = (SELECT states[array_position(ids, id)] FROM l),
    reason = (SELECT reasons[array_position(ids, id)] FROM l)
WHERE id = ANY (CAST((SELECT ids FROM l) AS BIGINT[])) AND id BETWEEN $2 AND $3
  AND connection = (SELECT senders[array_position(ids, id)] FROM l) AND COALESCE(state, '') = 'sorted'",
    lock: "SELECT touched FROM work WHERE channel = $1 AND order_id = $2 FOR UPDATE",
    bodies: sql::bodies!("b.connection = d.connection AND "),
};

/// Jobs that wait before callers are made to wait.
const QUEUE: usize = 1024;
/// Transactions at once.
const WRITERS: usize = 3;
/// Jobs taken at once.
const BATCH: usize = 64;
/// Batches of deliveries stored at once.
pub(super) const AT_ONCE: usize = 2;
/// Connections kept for reading, where there are so many; and those that are kept for nothing.
const READING: usize = 3;
const FOR_OTHERS: usize = 1;
/// How long storing deliveries may take: their senders wait no longer.
const ACCEPT_AT_MOST: Duration = Duration::from_secs(4);
/// How long deliveries are tried to be stored on other connections where one broke.
const AGAIN_FOR: Duration = Duration::from_secs(3);
/// The rest between two tries.
const PAUSE: Duration = Duration::from_millis(50);
/// How often upkeep looks whether partitions are to be made.
const UPKEEP: Duration = Duration::from_mins(10);

/// An open database.
pub(super) struct Postgres {
    jobs: Jobs,
    /// Connections on which deliveries were stored before.
    intake: Shelf,
    /// Connections on which something was read before.
    reading: Shelf,
    tasks: Mutex<Vec<tokio::task::JoinHandle<()>>>,
    stop: CancellationToken,
    reach: Reach,
}

impl Postgres {
    pub(super) async fn open(url: &str) -> Result<Self> {
        let reach = connect::open(url, connect::PATIENCE).await?;
        partitions::make(&reach).await?;
        let (jobs, queue) = writer::queue(QUEUE);
        let queue = Arc::new(queue);
        let stop = CancellationToken::new();
        let mut tasks: Vec<_> =
            (0..WRITERS).map(|_| tokio::spawn(write(reach.clone(), Arc::clone(&queue)))).collect();
        tasks.push(tokio::spawn(upkeep(reach.clone(), stop.clone())));
        let (intake, reading) = (Shelf::of(AT_ONCE), Shelf::of(reading(&reach)));
        Ok(Self { jobs, intake, reading, tasks: Mutex::new(tasks), stop, reach })
    }

    /// Stores a batch of deliveries; see [`super::Store::accept`].
    pub(super) async fn accept(&self, batch: Vec<NewDelivery>) -> Result<Vec<Accepted>> {
        let began = Instant::now();
        let mut kept = self.intake.take();
        loop {
            let store = async |on: &mut PgConnection| accept::accept(&self.reach, on, &batch).await;
            match self.reach.bounded(&mut kept, ACCEPT_AT_MOST, store).await {
                // What was stored although its answer was lost is a repeat the next time.
                Err(StoreError::Database(error)) if is_broken(&error) && began.elapsed() < AGAIN_FOR => {
                    tokio::time::sleep(PAUSE).await;
                }
                other => {
                    self.intake.put(kept);
                    return other;
                }
            }
        }
    }

    /// What is to be written waits here.
    pub(super) const fn jobs(&self) -> &Jobs {
        &self.jobs
    }

    pub(super) async fn read<T: Send>(
        &self,
        job: impl for<'c> FnOnce(On<'c>) -> BoxFuture<'c, Result<T>> + Send,
    ) -> Result<T> {
        let read =
            async |on: &mut PgConnection| self.reach.apart(on, async |on| job(On::Postgres(on)).await).await;
        let mut kept = self.reading.take();
        let done = self.reach.bounded(&mut kept, AT_MOST, read).await;
        self.reading.put(kept);
        done
    }

    /// A transaction of the copy's own.
    pub(super) async fn begin(&self) -> Result<sqlx::Transaction<'static, sqlx::Postgres>> {
        Ok(self.reach.begin().await?)
    }

    /// Makes the partitions of tries of all days between two instants.
    pub(super) async fn make_days_of_attempts(&self, from: i64, upto: i64) -> Result<()> {
        partitions::make_days_of_attempts(&self.reach, from, upto).await
    }

    /// Has the planner look at the tables.
    pub(super) async fn analyze(&self) -> Result<()> {
        sqlx::raw_sql("ANALYZE").execute(&self.reach.pool).await?;
        Ok(())
    }

    /// Drops partitions older than these instants; see [`super::Store::remove_old`].
    pub(super) async fn drop_old(&self, deliveries: i64, attempts: i64) -> Result<(u64, u64)> {
        retention::drop_old(&self.reach, deliveries, attempts).await
    }

    pub(super) async fn close(&self) {
        self.stop.cancel();
        self.jobs.close();
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        for task in tasks {
            let _ = task.await;
        }
        self.intake.clear();
        self.reading.clear();
        // What is lent still is held by somebody who does not hear the network.
        let _ = tokio::time::timeout(AT_MOST, self.reach.pool.close()).await;
    }
}

/// How many connections are kept for reading: a few of those that are not kept for something else, and never all.
fn reading(reach: &Reach) -> usize {
    let all = usize::try_from(reach.pool.options().get_max_connections()).unwrap_or(usize::MAX);
    all.saturating_sub(WRITERS + AT_ONCE + FOR_OTHERS).min(READING)
}

/// Writes until no more jobs are taken, on a connection that it keeps.
async fn write(reach: Reach, queue: Arc<Queue>) {
    let mut kept = None;
    while let Some(apart) = queue.next_apart(BATCH).await {
        for mut batch in apart {
            let write =
                async |on: &mut PgConnection| Ok(batch.write(&mut On::Postgres(on), reach.begins()).await?);
            let ended = reach.bounded(&mut kept, AT_MOST, write).await.map_err(|error| match error {
                StoreError::Database(error) => error,
                other => sqlx::Error::Protocol(other.to_string()),
            });
            batch.tell(&ended);
        }
    }
}

/// Whether the connection broke: another may do.
fn is_broken(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => error.kind() != std::io::ErrorKind::TimedOut,
        sqlx::Error::Protocol(_) | sqlx::Error::PoolTimedOut => true,
        // The server is going down, or coming up, or somebody ended this connection.
        sqlx::Error::Database(error) => error.code().is_some_and(|code| code.starts_with("57P")),
        _ => false,
    }
}

/// Makes the partitions of the days to come.
async fn upkeep(reach: Reach, stop: CancellationToken) {
    loop {
        let made = async {
            tokio::time::sleep(UPKEEP).await;
            partitions::make(&reach).await
        };
        let Some(made) = stop.run_until_cancelled(made).await else { return };
        if let Err(error) = made {
            tracing::warn!(%error, "partitions of the days to come could not be made; trying again");
        }
    }
}
