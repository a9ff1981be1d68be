//! What is kept, behind one seam: deliveries, records, work, mirrors, attempts, time-lines, exceptions.
//!
//! Everything written goes through [`Store::write`], which joins what is waiting into one durable transaction; reads use
//! connections of their own. SQL that every engine takes stands in `sql.rs`; what differs between engines stands in the
//! engine's own file and nowhere else. No transaction is ever held over network I/O.

mod admin;
mod bulk;
mod copy;
mod filter;
mod inbox;
mod instances;
mod kept;
mod on;
mod postgres;
mod retention;
mod rows;
#[cfg(test)]
mod seam;
mod sql;
mod sqlite;
mod work;
mod writer;

pub use admin::{DeliveryQuery, ExceptionQuery, ReplayQuery};
pub use copy::{Copied, Tally, copy};
pub use inbox::{Accepted, Intake, NewDelivery, Sorted, SortedInto, pack};
pub use instances::Present;
pub use retention::{Removed, Retention};
pub use rows::{
    AttemptRow, Backlog, Counts, DeliveryRef, DeliveryRow, DeliveryState, ExceptionRow, MirrorRow, OrderRow,
    StoredDelivery, TimelineRow,
};
pub use work::{
    Changes, Committed, Entry, ExceptionAt, Gate, Lease, Loaded, LostClaim, OpenException, Release, Wanted,
};

use std::sync::Arc;

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use on::On;
use postgres::Postgres;
use sqlite::Sqlite;
use writer::Jobs;

/// Why the store could not do something.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refused or could not be reached.
    #[error("storage failed: {0}")]
    Database(#[from] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("the schema could not be migrated: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// It cannot be opened as it is.
    #[error("{0}")]
    Unusable(String),
    /// A kept document is not what this version wrote.
    #[error("a stored {what} cannot be read: {why}")]
    Corrupt {
        /// Which kind of document.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// The store is shutting down.
    #[error("storage is closed")]
    Closed,
}

type Result<T> = std::result::Result<T, StoreError>;

/// A cheap handle on what is kept.
#[derive(Clone)]
pub struct Store(Engine);

#[derive(Clone)]
enum Engine {
    Sqlite(Arc<Sqlite>),
    Postgres(Arc<Postgres>),
}

impl Store {
    /// Opens (and creates or migrates) the store at `url`: `sqlite:PATH`, or `postgres://…`.
    pub async fn open(url: &str) -> Result<Self> {
        let engine = match url.split_once(':') {
            Some(("sqlite", path)) => {
                Engine::Sqlite(Arc::new(Sqlite::open(path.trim_start_matches("//")).await?))
            }
            Some(("postgres" | "postgresql", _)) => Engine::Postgres(Arc::new(Postgres::open(url).await?)),
            _ => {
                // It may hold a password, so it is not repeated.
                return Err(StoreError::Unusable(
                    "store.url is not of the form sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE"
                        .into(),
                ));
            }
        };
        Ok(Self(engine))
    }

    /// Runs `job` in a durable transaction, together with whatever else is waiting. Either all of it is on disk when this
    /// returns, or none.
    async fn write<T: Send + 'static>(
        &self,
        job: impl for<'c> FnOnce(On<'c>) -> BoxFuture<'c, Result<T>> + Send + 'static,
    ) -> Result<T> {
        writer::run(&self.jobs().sender()?, job).await
    }

    /// Where what is to be written waits, whichever engine writes it.
    fn jobs(&self) -> &Jobs {
        match &self.0 {
            Engine::Sqlite(sqlite) => sqlite.jobs(),
            Engine::Postgres(postgres) => postgres.jobs(),
        }
    }

    /// Runs `job` on a reading connection.
    async fn read<T: Send>(
        &self,
        job: impl for<'c> FnOnce(On<'c>) -> BoxFuture<'c, Result<T>> + Send,
    ) -> Result<T> {
        match &self.0 {
            Engine::Sqlite(sqlite) => sqlite.read(job).await,
            Engine::Postgres(postgres) => postgres.read(job).await,
        }
    }

    /// Finishes what is being written and closes every connection.
    pub async fn close(&self) {
        match &self.0 {
            Engine::Sqlite(sqlite) => sqlite.close().await,
            Engine::Postgres(postgres) => postgres.close().await,
        }
    }
}

fn schema_trouble(error: sqlx::migrate::MigrateError) -> StoreError {
    match error {
        sqlx::migrate::MigrateError::VersionMissing(version) => StoreError::Unusable(format!(
            "the database has schema {version}, which is newer than this version of crossdock; run the newer version"
        )),
        other => StoreError::Migration(other),
    }
}

/// An instant as it is stored.
fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// A stored instant.
fn instant(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn to_json<T: serde::Serialize>(what: &'static str, value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| StoreError::Corrupt { what, why: error.to_string() })
}

fn from_json<T: serde::de::DeserializeOwned>(what: &'static str, text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| StoreError::Corrupt { what, why: error.to_string() })
}
