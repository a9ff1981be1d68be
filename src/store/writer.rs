//! Writes whatever is waiting in one transaction, and tells everybody once it is on disk.
//!
//! A job that fails is rolled back alone, to its savepoint; where the transaction itself fails, everybody is told so. On
//! SQLite there is one writer; on PostgreSQL a few take from the same queue.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};

use super::on::{On, execute};
use super::work::passes::{self, Keep};
use super::{Committed, Result, StoreError};

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
pub(super) struct Batch {
    /// Not run yet.
    works: Vec<(Work, Done<()>)>,
    ran: Vec<(Done<()>, Result<()>)>,
    passes: Vec<Keep>,
    /// Of the passes, in order.
    waiting: Vec<Done<Committed>>,
    kept: Vec<Result<Committed>>,
}

/// Where jobs wait for a writer.
pub(super) struct Jobs(Mutex<Option<mpsc::Sender<Job>>>);

/// The end of it from which writers take.
pub(super) struct Queue(tokio::sync::Mutex<mpsc::Receiver<Job>>);

/// A queue that makes callers wait where more jobs than this wait already.
pub(super) fn queue(waiting: usize) -> (Jobs, Queue) {
    let (jobs, queue) = mpsc::channel(waiting);
    (Jobs(Mutex::new(Some(jobs))), Queue(tokio::sync::Mutex::new(queue)))
}

impl Jobs {
    /// What jobs are sent to.
    pub(super) fn sender(&self) -> Result<mpsc::Sender<Job>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone().ok_or(StoreError::Closed)
    }

    /// Keeps what a pass wants kept.
    pub(super) async fn keep(&self, pass: Keep) -> Result<Committed> {
        let (done, committed) = oneshot::channel();
        self.sender()?.send(Job::Pass(Box::new(pass), done)).await.map_err(|_| StoreError::Closed)?;
        committed.await.map_err(|_| StoreError::Closed)?
    }

    /// Takes no more jobs: the writers end once what is queued is done.
    pub(super) fn close(&self) {
        drop(self.0.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

impl Queue {
    /// What waits, up to `limit` jobs, for one transaction, once something does; nothing once the queue is closed and empty.
    pub(super) async fn next(&self, limit: usize) -> Option<Batch> {
        let jobs = self.receive(limit).await;
        (!jobs.is_empty()).then(|| Batch::of(jobs))
    }

    /// The same in several transactions: passes in one, but for those that hand over to another order, and every other job in
    /// its own. Each locks orders in the order of their
    /// keys; together they would not, and two writers could wait for each other.
    pub(super) async fn next_apart(&self, limit: usize) -> Option<Vec<Batch>> {
        let jobs = self.receive(limit).await;
        if jobs.is_empty() {
            return None;
        }
        let (passes, others): (Vec<_>, Vec<_>) =
            jobs.into_iter().partition(|job| matches!(job, Job::Pass(pass, _) if !pass.hands_over()));
        let mut apart: Vec<Batch> = others.into_iter().map(|job| Batch::of(vec![job])).collect();
        if !passes.is_empty() {
            apart.push(Batch::of(passes));
        }
        Some(apart)
    }

    async fn receive(&self, limit: usize) -> Vec<Job> {
        let mut jobs = Vec::new();
        self.0.lock().await.recv_many(&mut jobs, limit).await;
        jobs
    }
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

impl Batch {
    fn of(jobs: Vec<Job>) -> Self {
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

    /// Writes all of it in a transaction that this statement begins, and commits it.
    pub(super) async fn write(&mut self, on: &mut On<'_>, begin: &'static str) -> sqlx::Result<()> {
        on.run(begin).await?;
        let alone = self.works.len() == 1 && self.passes.is_empty();
        while let Some((work, done)) = self.works.pop() {
            if !alone {
                execute!(*on, "SAVEPOINT job")?;
            }
            let result = work(on.again()).await;
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
                on.run(end).await?;
            }
            if alone && failed {
                return Ok(());
            }
        }
        if !self.passes.is_empty() {
            self.kept = passes::write(on, &self.passes).await?;
        }
        execute!(*on, "COMMIT")?;
        Ok(())
    }

    /// Tells everybody how it ended.
    pub(super) fn tell(self, ended: &sqlx::Result<()>) {
        match ended {
            Ok(()) => self.committed(),
            Err(error) => {
                tracing::error!(%error, "a transaction was not committed");
                self.failed(error);
            }
        }
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
