//! What a database takes on disk and what was written there, once nothing waits in a log. It knows both engines, and nothing of
//! what is measured.

use std::str::FromStr;
use std::time::{Duration, Instant};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};

use super::server::{Server, number};

/// How long the keys of the last deliveries may take to come into their index; a quiet server begins after five seconds.
const PATIENCE: Duration = Duration::from_mins(2);

/// In bytes.
#[derive(Clone, Copy)]
pub(crate) struct Disk {
    /// Of the database, without its log.
    pub(crate) size: u64,
    /// All that was written since the server started, its log included.
    pub(crate) written: u64,
}

/// The disk of a server that has nothing left to do, after a whole checkpoint.
pub(crate) async fn disk(url: &str, server: &Server) -> Disk {
    if url.starts_with("postgres") { postgres(url).await } else { sqlite(url, server).await }
}

/// The log is written first and the tables from it: so much of them as there is more.
async fn postgres(url: &str) -> Disk {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::query("CHECKPOINT").execute(&mut connection).await.unwrap();
    let (size, log): (i64, i64) =
        sqlx::query_as("SELECT pg_database_size(current_database()), (pg_current_wal_lsn() - '0/0')::bigint")
            .fetch_one(&mut connection)
            .await
            .unwrap();
    connection.close().await.unwrap();
    let (size, log) = (u64::try_from(size).unwrap(), u64::try_from(log).unwrap());
    Disk { size, written: size + log }
}

/// What the server wrote by the system's account, and what was left for the checkpoint here.
async fn sqlite(url: &str, server: &Server) -> Disk {
    let options = SqliteConnectOptions::from_str(url).unwrap().busy_timeout(PATIENCE);
    let file = options.get_filename().to_owned();
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let started = Instant::now();
    // Keys wait in memory: they belong to what a delivery takes.
    while sqlx::query_scalar::<_, bool>(
        "SELECT COALESCE((SELECT upto FROM marks WHERE name = 'dedupe'), 0) < COALESCE(MAX(id), 0) FROM deliveries",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap()
    {
        assert!(started.elapsed() < PATIENCE, "the keys do not come into their index");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let written = server.number("io", "write_bytes") + number("self", "io", "write_bytes");
    Disk { size: std::fs::metadata(file).unwrap().len(), written }
}

/// Rows of a table; the server's own totals end at a hundred thousand.
pub(crate) async fn rows(url: &str, table: &str) -> u64 {
    let count = AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
    let count: i64 = if url.starts_with("postgres") {
        let mut connection = PgConnection::connect(url).await.unwrap();
        sqlx::query_scalar(count).fetch_one(&mut connection).await.unwrap()
    } else {
        let options = SqliteConnectOptions::from_str(url).unwrap().busy_timeout(PATIENCE);
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        sqlx::query_scalar(count).fetch_one(&mut connection).await.unwrap()
    };
    u64::try_from(count).unwrap()
}
