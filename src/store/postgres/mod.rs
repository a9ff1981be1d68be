//! PostgreSQL: any number of instances over one database.
//!
//! A few writers take what waits and commit it in one transaction each; reads and the inbox use connections of the same
//! pool. Nothing rests on a session: no session lock, no `LISTEN`, no transaction held over network I/O, so a pooler that
//! lends connections by the transaction may stand between. Orders are locked by their row of `work`, in the order of their keys.

mod accept;
mod connect;
mod partitions;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use super::on::{Dialect, On};
use super::passes::Keep;
use super::writer::{self, Jobs, Queue, run};
use super::{Accepted, Committed, NewDelivery, Result};

pub(super) const DIALECT: Dialect = Dialect {
    now: "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)",
    // Each priority apart, so that the index gives the first of it; what another instance is taking is passed over.
    claim: "
WITH urgent AS MATERIALIZED (SELECT channel, order_id FROM work
        WHERE priority = 0 AND due_at <= $3 AND (lease IS NULL OR $5) ORDER BY due_at LIMIT $4 FOR UPDATE SKIP LOCKED),
    owed AS MATERIALIZED (SELECT channel, order_id FROM work
        WHERE priority = 1 AND due_at <= $3 AND (lease IS NULL OR $5) ORDER BY due_at LIMIT $4 - (SELECT COUNT(*) FROM urgent) FOR UPDATE SKIP LOCKED),
    watched AS MATERIALIZED (SELECT channel, order_id FROM work
        WHERE priority = 2 AND due_at <= $3 AND (lease IS NULL OR $5) ORDER BY due_at
        LIMIT $4 - (SELECT COUNT(*) FROM urgent) - (SELECT COUNT(*) FROM owed) FOR UPDATE SKIP LOCKED),
    due AS (SELECT * FROM urgent UNION ALL SELECT * FROM owed UNION ALL SELECT * FROM watched)
UPDATE work SET lease = $1, due_at = $2 FROM due
WHERE work.channel = due.channel AND work.order_id = due.order_id
RETURNING work.channel, work.order_id, work.touched",
    held: "
SELECT l.key, w.touched FROM json_each($1) l CROSS JOIN work w
WHERE w.channel = l.value ->> 0 AND w.order_id = l.value ->> 1 AND w.lease = l.value ->> 2
ORDER BY w.channel, w.order_id FOR UPDATE OF w",
};

/// Jobs that wait before callers are made to wait.
const QUEUE: usize = 1024;
/// Transactions at once.
const WRITERS: usize = 3;
/// Jobs in one transaction: each has a savepoint, and a server keeps 64 of them at hand.
const BATCH: usize = 48;
/// How often upkeep looks whether partitions are to be made.
const UPKEEP: Duration = Duration::from_mins(10);

/// An open database.
pub(super) struct Postgres {
    jobs: Jobs,
    tasks: Mutex<Vec<tokio::task::JoinHandle<()>>>,
    stop: CancellationToken,
    pool: PgPool,
}

impl Postgres {
    pub(super) async fn open(url: &str) -> Result<Self> {
        let pool = connect::open(url).await?;
        partitions::make(&pool).await?;
        let (jobs, queue) = writer::queue(QUEUE);
        let queue = Arc::new(queue);
        let stop = CancellationToken::new();
        let mut tasks: Vec<_> =
            (0..WRITERS).map(|_| tokio::spawn(write(pool.clone(), Arc::clone(&queue)))).collect();
        tasks.push(tokio::spawn(upkeep(pool.clone(), stop.clone())));
        Ok(Self { jobs, tasks: Mutex::new(tasks), stop, pool })
    }

    /// Stores a batch of deliveries; see [`super::Store::accept`].
    pub(super) async fn accept(&self, batch: Vec<NewDelivery>) -> Result<Vec<Accepted>> {
        accept::accept(&self.pool, &batch).await
    }

    /// Keeps what a pass wants kept; see [`super::Store::commit`].
    pub(super) async fn keep(&self, pass: Keep) -> Result<Committed> {
        self.jobs.keep(pass).await
    }

    pub(super) async fn write<T: Send + 'static>(
        &self,
        job: impl for<'c> FnOnce(On<'c>) -> BoxFuture<'c, Result<T>> + Send + 'static,
    ) -> Result<T> {
        run(&self.jobs.sender()?, job).await
    }

    pub(super) async fn read<T: Send>(
        &self,
        job: impl for<'c> FnOnce(On<'c>) -> BoxFuture<'c, Result<T>> + Send,
    ) -> Result<T> {
        let mut connection = self.pool.acquire().await?;
        job(On::Postgres(&mut connection)).await
    }

    pub(super) async fn close(&self) {
        self.stop.cancel();
        self.jobs.close();
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        for task in tasks {
            let _ = task.await;
        }
        self.pool.close().await;
    }
}

/// Writes until no more jobs are taken.
async fn write(pool: PgPool, queue: Arc<Queue>) {
    while let Some(mut batch) = queue.next(BATCH).await {
        let ended = match pool.acquire().await {
            Ok(mut connection) => {
                let ended = batch.write(&mut On::Postgres(&mut connection), "BEGIN").await;
                if ended.is_err() {
                    // Whatever state it is in, nobody else gets it.
                    let _ = connection.close().await;
                }
                ended
            }
            Err(error) => Err(error),
        };
        batch.tell(&ended);
    }
}

/// Makes the partitions of the days to come.
async fn upkeep(pool: PgPool, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(UPKEEP) => {}
            () = stop.cancelled() => return,
        }
        if let Err(error) = partitions::make(&pool).await {
            tracing::warn!(%error, "partitions of the days to come could not be made; trying again");
        }
    }
}
