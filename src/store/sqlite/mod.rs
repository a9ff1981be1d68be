//! SQLite: one writer that groups commits, readers apart, one process a file.
//!
//! The writer takes whatever is waiting, runs it in one transaction with `synchronous=FULL`, and tells everybody once it
//! is on disk: one fsync for many. A job that fails is rolled back alone, to its savepoint. Nothing else in the process
//! writes, so a check and the write that rests on it cannot be torn apart. Checkpoints run beside the writer. A statement is
//! a trip to the connection's thread and back, which costs more than what it does: what comes in numbers is written, and
//! read, with one statement for many rows.

mod accept;
mod dedupe;
mod texts;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::on::{Dialect, On};
use super::retention::Texts;
use super::writer::{self, Job, Jobs, Queue, run};
use super::{Accepted, NewDelivery, Result, StoreError, schema_trouble, sql};
use dedupe::Dedupe;

pub(super) const DIALECT: Dialect = Dialect {
    now: "SELECT CAST(unixepoch('subsec') * 1000000 AS INTEGER)",
    // Each priority apart, so that the index gives the first of it, however many are due.
    claim: "
UPDATE work SET lease = $1, due_at = $2 WHERE (channel, order_id) IN (
    SELECT channel, order_id FROM (
        SELECT * FROM (SELECT channel, order_id, priority, due_at FROM work
            WHERE priority = 0 AND due_at <= $3 AND (lease IS NULL OR $5) ORDER BY due_at LIMIT $4)
        UNION ALL SELECT * FROM (SELECT channel, order_id, priority, due_at FROM work
            WHERE priority = 1 AND due_at <= $3 AND (lease IS NULL OR $5) ORDER BY due_at LIMIT $4)
        UNION ALL SELECT * FROM (SELECT channel, order_id, priority, due_at FROM work
            WHERE priority = 2 AND due_at <= $3 AND (lease IS NULL OR $5) ORDER BY due_at LIMIT $4)) due
    ORDER BY priority, due_at LIMIT $4)
RETURNING channel, order_id, touched, oldest",
    held: "
SELECT l.key, w.touched FROM json_each($1) l CROSS JOIN work w
WHERE w.channel = l.value ->> 0 AND w.order_id = l.value ->> 1 AND w.lease = l.value ->> 2",
    pending: "
SELECT CAST(o.value ->> 2 AS BIGINT), d.id, d.connection, d.topic, d.headers, d.received_at, d.duplicate_of, d.size, b.body
FROM json_each($1) o CROSS JOIN deliveries d
JOIN delivery_bodies b ON b.delivery_id = COALESCE(d.duplicate_of, d.id)
WHERE d.connection = o.value ->> 0 AND d.order_id = o.value ->> 1 AND d.state = 'sorted' AND d.id >= CAST(o.value ->> 3 AS BIGINT)
    AND d.id >= $2
ORDER BY 1, d.id",
    unsorted_of: "
SELECT d.id, d.connection, d.topic, d.headers, d.received_at, d.duplicate_of, d.size, b.body
FROM json_each($1) i CROSS JOIN deliveries d
JOIN delivery_bodies b ON b.delivery_id = COALESCE(d.duplicate_of, d.id)
WHERE d.connection = i.value ->> 0 AND d.id = CAST(i.value ->> 1 AS BIGINT) AND d.id BETWEEN $2 AND $3 AND d.state = 'stored'
ORDER BY d.id",
    sort: "
UPDATE deliveries SET state = s.value ->> 2, reason = s.value ->> 3, order_id = s.value ->> 4
FROM json_each($1) s
WHERE deliveries.connection = s.value ->> 0 AND deliveries.id = CAST(s.value ->> 1 AS BIGINT)
  AND deliveries.id BETWEEN $2 AND $3 AND deliveries.state = 'stored'",
    settle: "
UPDATE deliveries SET state = s.value ->> 2, reason = s.value ->> 3
FROM json_each($1) s
WHERE deliveries.connection = s.value ->> 0 AND deliveries.id = CAST(s.value ->> 1 AS BIGINT)
  AND deliveries.id BETWEEN $2 AND $3 AND deliveries.state = 'sorted'",
    lock: "SELECT touched FROM work WHERE channel = $1 AND order_id = $2",
    bodies: sql::bodies!(""),
};

pub(super) const OLD: Texts = Texts {
    deliveries_page: texts::DELIVERIES_PAGE,
    remove_deliveries: texts::REMOVE_DELIVERIES,
    bounds: texts::BOUNDS,
    bodies_page: texts::BODIES_PAGE,
    remove_bodies: texts::REMOVE_BODIES,
    keys_page: texts::KEYS_PAGE,
    remove_keys: texts::REMOVE_KEYS,
    attempts: (Some(texts::ATTEMPTS_PAGE), texts::REMOVE_ATTEMPTS),
    entries: (Some(texts::ENTRIES_PAGE), texts::REMOVE_ENTRIES),
};

/// Jobs in one transaction.
const BATCH: usize = 256;

/// Jobs that wait before callers are made to wait.
const QUEUE: usize = 1024;
/// Connections for reading.
const READERS: u32 = 4;
/// Bytes of a page: three or four compressed bodies fit in one.
const PAGE_BYTES: u32 = 8192;
/// How often upkeep looks whether there is something to do.
const UPKEEP: Duration = Duration::from_millis(50);
/// Commits after which the log is copied into the database.
const CHECKPOINT_AT: u64 = 256;
/// After this long it is copied however little it holds, and the index brought up to date.
const QUIET: Duration = Duration::from_secs(5);
/// How long a checkpoint waits for readers, with the writer waiting for it.
const CHECKPOINT_PATIENCE: Duration = Duration::from_millis(10);

/// An open database.
pub(super) struct Sqlite {
    jobs: Jobs,
    tasks: Mutex<Vec<tokio::task::JoinHandle<()>>>,
    stop: CancellationToken,
    readers: SqlitePool,
    last_delivery: AtomicI64,
    dedupe: Arc<Dedupe>,
    /// Held for as long as the process has the database open.
    _lock: File,
}

impl Sqlite {
    pub(super) async fn open(path: &str) -> Result<Self> {
        let path = PathBuf::from(path);
        if path.as_os_str().is_empty() || path.as_os_str() == ":memory:" {
            return Err(StoreError::Unusable("store.url needs a file: sqlite:PATH".into()));
        }
        refuse_network_filesystem(&path)?;
        let lock = lock(&path)?;
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(5))
            .statement_cache_capacity(200)
            .page_size(PAGE_BYTES)
            .pragma("cache_size", "-16384")
            // What a savepoint would undo stays out of files of its own.
            .pragma("temp_store", "MEMORY")
            .pragma("wal_autocheckpoint", "0")
            .disable_statement_logging();
        let mut writer = SqliteConnection::connect_with(&options).await?;
        let checkpointer =
            SqliteConnection::connect_with(&options.clone().busy_timeout(CHECKPOINT_PATIENCE)).await?;
        sqlx::migrate!("migrations/sqlite").run(&mut writer).await.map_err(schema_trouble)?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .min_connections(0)
            .connect_lazy_with(options.read_only(true).create_if_missing(false));
        let (last,): (i64,) =
            sqlx::query_as("SELECT COALESCE(MAX(id), 0) FROM deliveries").fetch_one(&mut writer).await?;
        let dedupe = Arc::new(Dedupe::open(&mut writer).await?);
        let (jobs, queue) = writer::queue(QUEUE);
        let stop = CancellationToken::new();
        let commits = Arc::new(AtomicU64::new(0));
        let tasks = vec![
            tokio::spawn(write(writer, queue, Arc::clone(&dedupe), Arc::clone(&commits))),
            tokio::spawn(upkeep(checkpointer, commits, jobs.sender()?, Arc::clone(&dedupe), stop.clone())),
        ];
        Ok(Self {
            jobs,
            tasks: Mutex::new(tasks),
            stop,
            readers,
            last_delivery: AtomicI64::new(last),
            dedupe,
            _lock: lock,
        })
    }

    /// Stores a batch of deliveries; see [`super::Store::accept`].
    pub(super) async fn accept(&self, batch: Vec<NewDelivery>) -> Result<Vec<Accepted>> {
        let count = i64::try_from(batch.len()).unwrap_or(i64::MAX);
        let first = self.last_delivery.fetch_add(count, Ordering::Relaxed) + 1;
        let dedupe = Arc::clone(&self.dedupe);
        run(&self.jobs.sender()?, move |on| {
            Box::pin(async move { accept::accept(sqlite(on)?, &dedupe, &batch, first).await })
        })
        .await
    }

    /// Deliveries up to this one were removed, but for some.
    pub(super) async fn forget(&self, upto: i64) -> Result<()> {
        let mut connection = self.readers.acquire().await?;
        let left: Vec<(i64,)> = sqlx::query_as("SELECT id FROM deliveries WHERE id <= $1")
            .bind(upto)
            .fetch_all(&mut *connection)
            .await?;
        self.dedupe.forget(upto, &left.into_iter().map(|(id,)| id).collect());
        Ok(())
    }

    /// What is to be written waits here.
    pub(super) const fn jobs(&self) -> &Jobs {
        &self.jobs
    }

    pub(super) async fn read<T: Send>(
        &self,
        job: impl for<'c> FnOnce(On<'c>) -> BoxFuture<'c, Result<T>> + Send,
    ) -> Result<T> {
        let mut connection = self.readers.acquire().await?;
        job(On::Sqlite(&mut connection)).await
    }

    /// A connection that reads, for as long as the caller likes.
    pub(super) async fn reader(&self) -> Result<sqlx::pool::PoolConnection<sqlx::Sqlite>> {
        Ok(self.readers.acquire().await?)
    }

    pub(super) async fn close(&self) {
        self.stop.cancel();
        // With the last sender gone the writer finishes what is queued and closes its connection.
        self.jobs.close();
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        self.readers.close().await;
        for task in tasks {
            let _ = task.await;
        }
    }
}

/// Writes until no more jobs are taken, then closes the connection.
async fn write(mut connection: SqliteConnection, queue: Queue, dedupe: Arc<Dedupe>, commits: Arc<AtomicU64>) {
    while let Some(mut batch) = queue.next(BATCH).await {
        // It will write for certain: to begin by reading would let another writer in between.
        let ended = batch.write(&mut On::Sqlite(&mut connection), "BEGIN IMMEDIATE").await;
        dedupe.ended(ended.is_ok());
        commits.fetch_add(1, Ordering::Relaxed);
        if ended.is_err() {
            let _ = sqlx::query("ROLLBACK").execute(&mut connection).await;
        }
        batch.tell(&ended);
    }
    let _ = sqlx::query("PRAGMA optimize").execute(&mut connection).await;
    let _ = connection.close().await;
}

/// A job of this engine's own runs on its own connection.
fn sqlite(on: On<'_>) -> Result<&mut SqliteConnection> {
    match on {
        On::Sqlite(connection) => Ok(connection),
        On::Postgres(_) => Err(StoreError::Unusable("a job of SQLite's ran on PostgreSQL".into())),
    }
}

/// Keeps the log short and the index of known deliveries long, beside the writer.
async fn upkeep(
    mut connection: SqliteConnection,
    commits: Arc<AtomicU64>,
    jobs: mpsc::Sender<Job>,
    dedupe: Arc<Dedupe>,
    stop: CancellationToken,
) {
    let (mut copied, mut copied_at) = (0, tokio::time::Instant::now());
    loop {
        tokio::select! {
            () = tokio::time::sleep(UPKEEP) => {}
            () = stop.cancelled() => break,
        }
        let (made, quiet) = (commits.load(Ordering::Relaxed), copied_at.elapsed() >= QUIET);
        if made - copied >= CHECKPOINT_AT || (made > copied && quiet) {
            // The bulk is copied beside the writer. Then the writer waits for the little that came meanwhile, so that the
            // log begins anew in its old place: a log that grows makes each commit write the file's size too.
            let mut done = sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(&mut connection).await;
            if done.is_ok() {
                done = sqlx::query("PRAGMA wal_checkpoint(RESTART)").execute(&mut connection).await;
            }
            if let Err(error) = done {
                tracing::warn!(%error, "the log could not be copied into the database");
            }
            (copied, copied_at) = (made, tokio::time::Instant::now());
        }
        if let Some((upto, keys)) = dedupe.run(quiet)
            && let Err(error) = index(&jobs, &dedupe, upto, keys).await
        {
            tracing::warn!(%error, "the index of known deliveries is not up to date; it will be");
        }
    }
    drop(jobs);
    let _ = connection.close().await;
}

/// Brings a run of keys into the index, slice by slice.
async fn index(jobs: &mpsc::Sender<Job>, dedupe: &Dedupe, upto: i64, keys: Vec<(i64, i64)>) -> Result<()> {
    for slice in dedupe::slices(&keys) {
        run(jobs, move |on| Box::pin(async move { dedupe::enter(sqlite(on)?, &slice).await })).await?;
    }
    run(jobs, move |on| Box::pin(async move { dedupe::mark(sqlite(on)?, upto).await })).await?;
    dedupe.indexed(upto);
    Ok(())
}

/// A second process on the same file would write past the first one's counters and leases.
fn lock(path: &Path) -> Result<File> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let unusable = |error: std::io::Error| {
        StoreError::Unusable(format!("the database {} cannot be opened: {error}", path.display()))
    };
    let file = File::options().create(true).truncate(false).write(true).open(&name).map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(StoreError::Unusable(format!(
            "the database {} is in use by another crossdock process; stop that one first",
            path.display()
        ))),
        Err(std::fs::TryLockError::Error(error)) => Err(unusable(error)),
    }
}

/// SQLite's write-ahead log needs shared memory, which network filesystems do not give.
fn refuse_network_filesystem(path: &Path) -> Result<()> {
    const NETWORK: &[&str] =
        &["nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "afs", "ceph", "glusterfs"];
    let Ok(mounts) = std::fs::read_to_string("/proc/mounts") else { return Ok(()) };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Ok(folder) = folder.canonicalize() else {
        return Err(StoreError::Unusable(format!("the folder {} does not exist", folder.display())));
    };
    let kind = mounts
        .lines()
        .filter_map(|line| {
            let mut words = line.split(' ').skip(1);
            Some((words.next()?, words.next()?))
        })
        .filter(|(point, _)| folder.starts_with(point))
        .max_by_key(|(point, _)| point.len())
        .map(|(_, kind)| kind);
    match kind.filter(|kind| NETWORK.contains(kind)) {
        Some(kind) => Err(StoreError::Unusable(format!(
            "the database {} lies on a network filesystem ({kind}), where SQLite can lose what it wrote; use a local disk",
            path.display()
        ))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::on::fetch_optional;
    use super::*;

    fn delivery(webhook_id: &str, content: u8) -> NewDelivery {
        NewDelivery {
            connection: Arc::from("cellar"),
            topic: "orders/create".into(),
            webhook_id: webhook_id.into(),
            headers: "{}".into(),
            size: 1,
            received_at: jiff::Timestamp::UNIX_EPOCH,
            body: vec![content],
            content: [content; 16],
        }
    }

    /// Repeats are known as well from the index as from memory, during a run, after it, and after a reopening.
    #[tokio::test]
    async fn a_repeat_is_known_wherever_its_original_is_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        let store = Sqlite::open(path.to_str().unwrap()).await.unwrap();
        let many = (0..200_u8).map(|n| delivery(&format!("w{n}"), n)).collect();
        assert_eq!(store.accept(many).await.unwrap().len(), 200);
        let repeats =
            || vec![delivery("w7", 7), delivery("other", 9), delivery("w11", 250), delivery("new", 251)];
        let known =
            |accepted: &[Accepted]| accepted.iter().filter(|a| matches!(a, Accepted::Duplicate(_))).count();
        assert!(store.dedupe.run(false).is_none(), "little has gathered");
        let (upto, keys) = store.dedupe.run(true).unwrap();
        assert_eq!((upto, keys.len()), (200, 400));
        assert_eq!(known(&store.accept(repeats()).await.unwrap()), 3);
        let jobs = store.jobs.sender().unwrap();
        index(&jobs, &store.dedupe, upto, keys).await.unwrap();
        drop(jobs);
        assert_eq!(
            store.accept(repeats()).await.unwrap()[..3],
            [Accepted::Duplicate(8), Accepted::Duplicate(10), Accepted::Duplicate(12),]
        );
        store.close().await;
        drop(store);
        let store = Sqlite::open(path.to_str().unwrap()).await.unwrap();
        assert_eq!(store.dedupe.run(true).unwrap().1.len(), 2, "of what came after the run one was new");
        assert_eq!(known(&store.accept(repeats()).await.unwrap()), 4);
        store.close().await;
    }

    /// A transaction that fails leaves no trace of its deliveries: sent again, they are new.
    #[tokio::test]
    async fn what_was_rolled_back_is_not_known() {
        let folder = tempfile::tempdir().unwrap();
        let store = Sqlite::open(folder.path().join("x.db").to_str().unwrap()).await.unwrap();
        store.dedupe.enter([(1, 99)]);
        store.dedupe.ended(false);
        assert!(store.dedupe.run(true).is_none());
        let failed: Result<()> = run(&store.jobs.sender().unwrap(), |mut on| {
            Box::pin(async move {
                on.run("INSERT INTO marks (name, upto) VALUES ('x', 1)").await?;
                Ok(on.run("INSERT INTO marks (name, upto) VALUES ('x', 2)").await?)
            })
        })
        .await;
        assert!(failed.is_err());
        let (count,): (i64,) = store
            .read(|mut on| {
                Box::pin(
                    async move { Ok(fetch_optional!(on, (i64,), "SELECT COUNT(*) FROM marks")?.unwrap()) },
                )
            })
            .await
            .unwrap();
        assert_eq!(count, 0);
        store.close().await;
    }

    #[tokio::test]
    async fn orders_and_mirrors_of_an_earlier_schema_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("x.db").display());
        let options: SqliteConnectOptions = url.parse().unwrap();
        let mut before = options.create_if_missing(true).connect().await.unwrap();
        sqlx::migrate!("migrations/sqlite").run_to(7, &mut before).await.unwrap();
        sqlx::raw_sql(
            "INSERT INTO orders VALUES ('cellar', '1', '#1001', 3, '{}', 4, 5);
             INSERT INTO mirrors VALUES ('cellar', '1', 'house', 'k', 'closed', '{}', 6)",
        )
        .execute(&mut before)
        .await
        .unwrap();
        before.close().await.unwrap();
        let store = crate::store::Store::open(&url).await.unwrap();
        let counts = store.counts().await.unwrap();
        assert_eq!((counts.orders, counts.in_step), (1, 1));
        store.close().await;
        let mut after = url.parse::<SqliteConnectOptions>().unwrap().connect().await.unwrap();
        let order: (String, String, String, i64, String, i64, i64) =
            sqlx::query_as("SELECT * FROM orders WHERE name = '#1001'").fetch_one(&mut after).await.unwrap();
        assert_eq!(order, ("cellar".into(), "1".into(), "#1001".into(), 3, "{}".into(), 4, 5));
    }
}
