//! Reaches the database and brings its schema up to date, or says in words why not. A password is in no message.

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, PgPool};

use crate::store::{Result, StoreError, schema_trouble};

/// Connections, unless the URL asks for fewer or more with `pool=`.
const CONNECTIONS: u32 = 12;
/// The fewest that serve: the writers, the inbox, and one to read.
const FEWEST: u32 = 6;
/// How long a server that cannot be reached is tried again at the start.
const PATIENCE: Duration = Duration::from_mins(1);
/// The rest between two tries.
const PAUSE: Duration = Duration::from_secs(1);
/// How long a caller waits for a connection.
const ACQUIRE: Duration = Duration::from_secs(5);
/// Names the lock under which one instance at a time migrates.
const MIGRATING: i64 = 0x0063_726f_7373_646b;

pub(super) async fn open(url: &str) -> Result<PgPool> {
    let (url, connections) = connections(url)?;
    let options = PgConnectOptions::from_str(&url)
        .map_err(|error| StoreError::Unusable(format!("store.url cannot be read: {error}")))?
        .application_name("crossdock")
        .disable_statement_logging();
    let place = format!(
        "{}:{}/{}",
        options.get_host(),
        options.get_port(),
        options.get_database().unwrap_or("crossdock")
    );
    let pool = PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE)
        .test_before_acquire(false)
        .connect_lazy_with(options.clone());
    let started = tokio::time::Instant::now();
    loop {
        match options.connect().await {
            Ok(connection) => {
                let _ = sqlx::Connection::close(connection).await;
                break;
            }
            Err(error) if passes_by_itself(&error) && started.elapsed() < PATIENCE => {
                tracing::warn!(%error, database = place, "the database cannot be reached; trying again");
                tokio::time::sleep(PAUSE).await;
            }
            Err(error) => return Err(unreachable(&place, &error)),
        }
    }
    migrate(&pool).await?;
    Ok(pool)
}

/// The URL without our own parameter, and how many connections it asks for.
fn connections(url: &str) -> Result<(String, u32)> {
    let Some((head, query)) = url.split_once('?') else { return Ok((url.to_owned(), CONNECTIONS)) };
    let mut connections = CONNECTIONS;
    let mut others = Vec::new();
    for pair in query.split('&') {
        match pair.strip_prefix("pool=") {
            Some(number) => {
                connections = number.parse().ok().filter(|number| *number >= FEWEST).ok_or_else(|| {
                    StoreError::Unusable(format!(
                        "store.url asks for a pool of {number} connections; write pool=N with N at least {FEWEST}, or leave it out for {CONNECTIONS}"
                    ))
                })?;
            }
            None => others.push(pair),
        }
    }
    Ok((
        if others.is_empty() { head.to_owned() } else { format!("{head}?{}", others.join("&")) },
        connections,
    ))
}

/// Whether waiting may help: nobody listens there yet, or the server is starting, stopping or full.
fn passes_by_itself(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => error.kind() != std::io::ErrorKind::PermissionDenied,
        sqlx::Error::Database(error) => {
            error.code().is_some_and(|code| code.starts_with("57P") || code.starts_with("53"))
        }
        _ => false,
    }
}

fn unreachable(place: &str, error: &sqlx::Error) -> StoreError {
    let code = match error {
        sqlx::Error::Database(error) => error.code().map(std::borrow::Cow::into_owned),
        _ => None,
    };
    let mend = match code.as_deref() {
        Some("28P01" | "28000") => "check the user and the password in store.url",
        Some("3D000") => "create the database, or name another in store.url",
        _ => "check that PostgreSQL runs there and lets this machine in",
    };
    StoreError::Unusable(format!("the database {place} cannot be opened: {error}; {mend}"))
}

/// Brings the schema up to date; one instance at a time, in a transaction, so that a pooler may stand between.
async fn migrate(pool: &PgPool) -> Result<()> {
    let mut transaction = pool.begin().await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(MIGRATING).execute(&mut *transaction).await?;
    sqlx::migrate!("migrations/postgres")
        .set_locking(false)
        .run(&mut *transaction)
        .await
        .map_err(schema_trouble)?;
    transaction.commit().await?;
    Ok(())
}
