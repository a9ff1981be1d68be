//! The one writer: runs whatever is waiting in one transaction, and tells everybody once it is on disk.
//!
//! A job that fails is rolled back alone, to its savepoint; where the transaction itself fails, everybody is told so.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use sqlx::Connection;
use sqlx::sqlite::SqliteConnection;
use tokio::sync::{mpsc, oneshot};

use super::dedupe::Dedupe;
use super::passes::{self, Keep};
use crate::store::on::On;
use crate::store::{Committed, Result, StoreError};

/// Jobs in one transaction.
const BATCH: usize = 256;

type Work = Box<dyn for<'c> FnOnce(On<'c>) -> BoxFuture<'c, Result<()>> + Send>;
type Done<T> = oneshot::Sender<Result<T>>;

/// What somebody waits for to be on disk.
pub(super) enum Job {
    /// Whatever it is, by itself.
    Any(Work, Done<()>),
    /// What a pass wants kept; those that wait together are written together.
    Pass(Box<Keep>, Done<Committed>),
}

/// The jobs of one transaction.
#[derive(Default)]
struct Batch {
    /// Not run yet.
    works: Vec<(Work, Done<()>)>,
    ran: Vec<(Done<()>, Result<()>)>,
    passes: Vec<Keep>,
    /// Of the passes, in order.
    waiting: Vec<Done<Committed>>,
    kept: Vec<Result<Committed>>,
}

/// Hands a job to the writer and waits until it is on disk.
pub(super) async fn run<T: Send + 'static>(
    jobs: &mpsc::Sender<Job>,
    job: impl for<'c> FnOnce(On<'c>) -> BoxFuture<'c, Result<T>> + Send + 'static,
) -> Result<T> {
    let result = Arc::new(Mutex::new(None));
    let slot = Arc::clone(&result);
    let work: Work = Box::new(move |on| {
        let running = job(on);
        Box::pin(async move {
            let value = running.await?;
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
            Ok(())
        })
    });
    let (done, committed) = oneshot::channel();
    jobs.send(Job::Any(work, done)).await.map_err(|_| StoreError::Closed)?;
    committed.await.map_err(|_| StoreError::Closed)??;
    let value = result.lock().unwrap_or_else(PoisonError::into_inner).take();
    value.ok_or(StoreError::Closed)
}

/// Writes until every sender of jobs is gone.
pub(super) async fn write(
    mut connection: SqliteConnection,
    mut queue: mpsc::Receiver<Job>,
    dedupe: Arc<Dedupe>,
    commits: Arc<AtomicU64>,
) {
    let mut jobs = Vec::with_capacity(BATCH);
    while queue.recv_many(&mut jobs, BATCH).await > 0 {
        let mut batch = Batch::of(jobs.drain(..));
        let committed = batch.write(&mut connection).await;
        dedupe.ended(committed.is_ok());
        commits.fetch_add(1, Ordering::Relaxed);
        match committed {
            Ok(()) => batch.committed(),
            Err(error) => {
                tracing::error!(%error, "a transaction was not committed");
                let _ = sqlx::query("ROLLBACK").execute(&mut connection).await;
                batch.failed(&error);
            }
        }
    }
    let _ = sqlx::query("PRAGMA optimize").execute(&mut connection).await;
    let _ = connection.close().await;
}

impl Batch {
    fn of(jobs: impl Iterator<Item = Job>) -> Self {
        let mut batch = Self::default();
        for job in jobs {
            match job {
                Job::Any(work, done) => batch.works.push((work, done)),
                Job::Pass(pass, done) => {
                    batch.passes.push(*pass);
                    batch.waiting.push(done);
                }
            }
        }
        // They are taken from the end.
        batch.works.reverse();
        batch
    }

    async fn write(&mut self, connection: &mut SqliteConnection) -> sqlx::Result<()> {
        sqlx::query("BEGIN IMMEDIATE").execute(&mut *connection).await?;
        let alone = self.works.len() == 1 && self.passes.is_empty();
        while let Some((work, done)) = self.works.pop() {
            if !alone {
                sqlx::query("SAVEPOINT job").execute(&mut *connection).await?;
            }
            let result = work(On::Sqlite(&mut *connection)).await;
            let end = match (&result, alone) {
                (Ok(()), true) => None,
                (Ok(()), false) => Some("RELEASE job"),
                // The transaction holds nothing else: what the job did is undone, and nothing is left to commit.
                (Err(_), true) => Some("ROLLBACK"),
                (Err(_), false) => Some("ROLLBACK TO job; RELEASE job"),
            };
            let failed = result.is_err();
            self.ran.push((done, result));
            if let Some(end) = end {
                sqlx::raw_sql(end).execute(&mut *connection).await?;
            }
            if alone && failed {
                return Ok(());
            }
        }
        if !self.passes.is_empty() {
            self.kept = passes::write(connection, &self.passes).await?;
        }
        sqlx::query("COMMIT").execute(connection).await?;
        Ok(())
    }

    fn committed(self) {
        for (done, result) in self.ran {
            let _ = done.send(result);
        }
        for (done, result) in self.waiting.into_iter().zip(self.kept) {
            let _ = done.send(result);
        }
    }

    fn failed(self, error: &sqlx::Error) {
        let failed = || StoreError::Unusable(format!("storage failed: {error}"));
        for done in
            self.works.into_iter().map(|(_, done)| done).chain(self.ran.into_iter().map(|(done, _)| done))
        {
            let _ = done.send(Err(failed()));
        }
        for done in self.waiting {
            let _ = done.send(Err(failed()));
        }
    }
}
