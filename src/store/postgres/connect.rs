//! Reaches the database and brings its schema up to date, or says in words why not. A password is in no message.

use std::str::FromStr;
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use super::reach::Reach;
use crate::store::{Result, StoreError, schema_trouble};

/// Connections, unless the URL asks for fewer or more with `pool=`.
const CONNECTIONS: u32 = 12;
/// The fewest that serve: the writers, the inbox, and one to read.
const FEWEST: u32 = 6;
/// How long a server that cannot be reached is tried again at the start.
pub(super) const PATIENCE: Patience =
    Patience { whole: Duration::from_mins(1), pause: Duration::from_secs(1) };
/// How long a caller waits for a connection.
const ACQUIRE: Duration = Duration::from_secs(5);
/// Every row that matters for speed is found by its key. The planner takes a list for longer than it is, and keeps a plan that it
/// made while a table was nearly empty: left alone it reads all of a table of twenty thousand for a few rows, again and again.
/// Joins of several tables are made in the order in which they are written, and none is kept aside to be gone through again. Which
/// of two goes first is still the planner's to say: where that matters, the statement itself leaves no choice (`pending`).
/// Where a pooler takes this away again, it is only slower.
/// What it has to read as a whole then counts as dear, and would be compiled first, for longer than it takes: so that is off too.
pub(in crate::store) const BY_KEY: &str = "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_material = off; SET join_collapse_limit = 1; SET jit = off; SET plan_cache_mode = force_generic_plan";
/// Names the lock under which one instance at a time migrates.
const MIGRATING: i64 = 0x0063_726f_7373_646b;

/// What `?` may be followed by, besides `pool` and `pooler`.
const PARAMETERS: &[&str] = &[
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "ssl-ca",
    "ssl-cert",
    "ssl-key",
    "ssl-mode",
    "ssl-root-cert",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "statement-cache-capacity",
    "user",
];

/// How long a server that cannot be reached is tried again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// In all.
    pub(super) whole: Duration,
    /// The rest between two tries.
    pub(super) pause: Duration,
}

pub(super) async fn open(url: &str, patience: Patience) -> Result<Reach> {
    let Asked { options, connections, pooled } = read(url)?;
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
        .after_connect(move |connection, _| {
            Box::pin(async move {
                // Through a pooler each transaction sets it for itself.
                if !pooled {
                    sqlx::raw_sql(BY_KEY).execute(connection).await?;
                }
                Ok(())
            })
        })
        .connect_lazy_with(options.clone());
    let started = tokio::time::Instant::now();
    loop {
        match options.connect().await {
            Ok(connection) => {
                let _ = sqlx::Connection::close(connection).await;
                break;
            }
            Err(error) if passes_by_itself(&error) && started.elapsed() < patience.whole => {
                tracing::warn!(%error, database = place, "the database cannot be reached; trying again");
                tokio::time::sleep(patience.pause).await;
            }
            Err(error) => return Err(unreachable(&place, &error)),
        }
    }
    let reach = Reach { pool, pooled };
    migrate(&reach).await?;
    Ok(reach)
}

/// What a URL asks for.
struct Asked {
    options: PgConnectOptions,
    connections: u32,
    /// Whether a pooler stands between that lends by the transaction.
    pooled: bool,
}

/// What a URL asks for. It is never quoted: it may hold a password, and so may what a
/// reader makes of one in which the password was not written as it must be.
fn read(url: &str) -> Result<Asked> {
    let unreadable = || {
        StoreError::Unusable(
            "store.url cannot be read; write postgres://USER:PASSWORD@HOST:PORT/DATABASE, and in user and password every \
             sign that is no letter or digit as %XX"
                .into(),
        )
    };
    let (_, rest) = url.split_once("://").ok_or_else(unreadable)?;
    // Host, port and database are told in messages; the end of a password with a bare `/`, `?` or `#` must not be among them.
    let behind_the_host = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len())).1;
    if behind_the_host.contains(['@', '#']) {
        return Err(unreadable());
    }
    let (head, query) = url.split_once('?').unwrap_or((url, ""));
    let (mut connections, mut pooled) = (CONNECTIONS, false);
    let mut others = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if name == "pool" {
            connections = value.parse().ok().filter(|number| *number >= FEWEST).ok_or_else(|| {
                StoreError::Unusable(format!(
                    "store.url asks for a pool of {value} connections; write pool=N with N at least {FEWEST}, or leave it out for {CONNECTIONS}"
                ))
            })?;
        } else if name == "pooler" {
            pooled = value == "transaction";
            if !pooled {
                return Err(StoreError::Unusable(format!(
                    "store.url names a pooler {value}; write pooler=transaction for one that lends by the transaction, or leave it out"
                )));
            }
        } else if PARAMETERS.contains(&name) || name.starts_with("options[") {
            others.push(pair);
        } else {
            // It would be passed over, with its value in the log.
            return Err(StoreError::Unusable(format!(
                "store.url has a parameter {name}, which is not known; known are pool, pooler, {}",
                PARAMETERS.join(", ")
            )));
        }
    }
    let url = if others.is_empty() { head.to_owned() } else { format!("{head}?{}", others.join("&")) };
    let options = PgConnectOptions::from_str(&url).map_err(|_| unreadable())?;
    // No number here is a float, and a pooler refuses what it does not know.
    let mut options = options.extra_float_digits(None).application_name("crossdock");
    if pooled {
        options = options.statement_cache_capacity(0);
    }
    Ok(Asked { options: options.disable_statement_logging(), connections, pooled })
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
async fn migrate(reach: &Reach) -> Result<()> {
    let mut transaction = reach.begin().await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(MIGRATING).execute(&mut *transaction).await?;
    sqlx::migrate!("migrations/postgres")
        .set_locking(false)
        .run(&mut *transaction)
        .await
        .map_err(schema_trouble)?;
    transaction.commit().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use jiff::Timestamp;

    use super::*;
    use crate::store::inbox::{Keys, pack};
    use crate::store::postgres::{DAY, PERIOD_DAYS};
    use crate::store::seam::Database;
    use crate::store::{Accepted, NewDelivery, Store};

    const SHORT: Patience = Patience { whole: Duration::from_millis(300), pause: Duration::from_millis(20) };
    const NONE: Patience = Patience { whole: Duration::ZERO, pause: Duration::ZERO };

    /// Everything that anybody could print of a failure.
    async fn refusal(url: &str, patience: Patience) -> String {
        let error = open(url, patience).await.unwrap_err();
        let mut told = format!("{error} {error:?}");
        let mut source = std::error::Error::source(&error);
        while let Some(error) = source {
            let _ = write!(told, " {error} {error:?}");
            source = error.source();
        }
        told
    }

    #[tokio::test]
    async fn a_url_that_cannot_be_read_is_refused_and_never_quoted() {
        for url in [
            "postgres://u:hush/hush@localhost/x",
            "postgres://u:12/hush@localhost/x",
            "postgres://u:hush?hush@localhost/x",
            "postgres://u:12?pool=hush@localhost/x",
            "postgres://u:hush#hush@localhost/x",
            "postgres://u:12#hush@localhost/x",
            "postgres://u:hush@local host/x",
            "postgres://u:%ffhush@localhost/x",
            "postgres://u:hush@localhost:99999/x",
            "postgres://u:hush@localhost/x?sslmode=hush",
            "postgres://u:hush@localhost/x?port=hush",
            "postgres:u:hush",
        ] {
            let told = refusal(url, NONE).await;
            assert!(
                told.contains("store.url cannot be read; write postgres://USER:PASSWORD@HOST"),
                "{url}: {told}"
            );
            assert!(!told.contains("hush") && !told.contains("12"), "{url}: {told}");
        }
        let told = refusal("postgres://u:hush@localhost/x?pasword=hush", NONE).await;
        assert!(told.contains("a parameter pasword, which is not known; known are pool, "), "{told}");
        assert!(!told.contains("hush"), "{told}");
    }

    #[tokio::test]
    async fn too_small_a_pool_is_refused_in_words() {
        for asked in ["3", "0", "many", ""] {
            let told = refusal(&format!("postgres://u:hush@localhost/x?pool={asked}"), NONE).await;
            let words = format!(
                "a pool of {asked} connections; write pool=N with N at least 6, or leave it out for 12"
            );
            assert!(told.contains(&words) && !told.contains("hush"), "{told}");
        }
        assert_eq!(read("postgres://localhost/x?sslmode=disable&pool=6&port=1").unwrap().connections, 6);
    }

    #[tokio::test]
    async fn a_pooler_is_one_that_lends_by_the_transaction() {
        assert!(!read("postgres://localhost/x").unwrap().pooled);
        assert!(read("postgres://localhost/x?pooler=transaction&pool=6").unwrap().pooled);
        for named in ["session", ""] {
            let told = refusal(&format!("postgres://u:hush@localhost/x?pooler={named}"), NONE).await;
            let words = format!(
                "names a pooler {named}; write pooler=transaction for one that lends by the transaction"
            );
            assert!(told.contains(&words) && !told.contains("hush"), "{told}");
        }
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_tried_again_and_its_place_is_told() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let url = format!("postgres://crossdock:hush@127.0.0.1:{port}/winery?sslmode=disable");
        let asked = Arc::new(AtomicUsize::new(0));
        let hanging_up = tokio::spawn({
            let asked = Arc::clone(&asked);
            async move {
                while listener.accept().await.is_ok() {
                    asked.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        let told = refusal(&url, SHORT).await;
        assert!(asked.load(Ordering::Relaxed) > 1, "it was tried once only: {told}");
        hanging_up.abort();
        let _ = hanging_up.await;
        let told = told + &refusal(&url, SHORT).await;
        assert!(told.contains(&format!("the database 127.0.0.1:{port}/winery cannot be opened: ")), "{told}");
        assert!(told.contains("Connection refused"), "{told}");
        assert!(told.contains("; check that PostgreSQL runs there and lets this machine in"), "{told}");
        assert!(!told.contains("hush"), "{told}");
    }

    #[tokio::test]
    async fn who_is_not_let_in_is_told_so_at_once() {
        let Some(database) = Database::make().await else { return };
        // A patience without end: these do not pass by themselves, so none of it is used.
        let wait = Patience { whole: Duration::MAX, pause: Duration::MAX };
        let wrong = database.url.replace(":crossdock@", ":hush@");
        let told = refusal(&wrong, wait).await;
        assert!(told.contains("password authentication failed"), "{told}");
        assert!(told.contains("; check the user and the password in store.url"), "{told}");
        assert!(!told.contains("hush"), "{told}");
        let told = refusal(&format!("{}-not", database.url), wait).await;
        assert!(told.contains("; create the database, or name another in store.url"), "{told}");
        database.drop().await;
    }

    /// Bodies and keys had no connection: they get their delivery's, or that of a repeat that outlived it.
    #[tokio::test]
    async fn what_was_kept_by_its_number_alone_is_known_again_by_its_connection() {
        let Some(database) = Database::make().await else { return };
        let mut connection = database.connect().await;
        sqlx::migrate!("migrations/postgres").run_to(8, &mut connection).await.unwrap();
        let keys = Keys::read("cellar", "a", &[1; 16]);
        let (day, number) = (20_000 * DAY, 20_000 / PERIOD_DAYS);
        let (first, repeat) = (day + 1, day + 2);
        let body = pack(b"{}").iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        let delivery = |id: i64, webhook: &str, of: &str| {
            format!(
                "INSERT INTO deliveries (id, connection, topic, webhook_id, content, headers, size, received_at, state, duplicate_of)
                 VALUES ({id}, 'cellar', 'orders/create', '{webhook}', '\\x{}', '{{}}', 2, 0, 'stored', {of});",
                "01".repeat(16)
            )
        };
        let filled = [
            delivery(first, "a", "NULL"),
            // A repeat of one that was removed, whose body it has.
            delivery(repeat, "b", "7"),
            format!(
                "INSERT INTO delivery_bodies VALUES ({first}, '\\x{body}'), (7, '\\x{body}'), (8, '\\x{body}');"
            ),
            format!("INSERT INTO dedupe VALUES ({}, {first}, {number}), (9, 9, 0);", keys.id),
            "SELECT setval('delivery_numbers', 10)".to_owned(),
        ];
        sqlx::raw_sql(sqlx::AssertSqlSafe(filled.concat())).execute(&mut connection).await.unwrap();

        let store = Store::open(&database.url).await.unwrap();
        let waiting = store.unsorted(10).await.unwrap();
        let waiting: Vec<_> = waiting.iter().map(|one| (one.id, one.body.as_slice())).collect();
        assert_eq!(waiting, [(first, b"{}".as_slice()), (repeat, b"{}")]);
        let again = NewDelivery {
            connection: Arc::from("cellar"),
            topic: "orders/create".into(),
            webhook_id: "a".into(),
            headers: "{}".into(),
            size: 2,
            received_at: Timestamp::from_second(20_000 * 86_400).unwrap(),
            body: pack(b"{}"),
            content: [2; 16],
        };
        assert_eq!(store.accept(vec![again]).await.unwrap(), [Accepted::Duplicate(first)]);
        let of = "SELECT connection FROM dedupe UNION ALL SELECT connection FROM delivery_bodies ORDER BY 1";
        let left: Vec<(String,)> = sqlx::query_as(of).fetch_all(&mut connection).await.unwrap();
        // The body of the repeat just now is among them; the key of what is gone is not.
        assert_eq!(
            left.iter().map(|(of,)| of.as_str()).collect::<Vec<_>>(),
            ["", "cellar", "cellar", "cellar", "cellar"]
        );
        store.close().await;
        database.drop().await;
    }

    #[tokio::test]
    async fn an_older_schema_is_brought_up_to_date_and_a_newer_one_refused() {
        let Some(database) = Database::make().await else { return };
        let mut connection = database.connect().await;
        sqlx::migrate!("migrations/postgres").run_to(1, &mut connection).await.unwrap();
        Store::open(&database.url).await.unwrap().close().await;
        let newest = sqlx::migrate!("migrations/postgres").iter().last().unwrap().version;
        let (version,): (i64,) = sqlx::query_as("SELECT MAX(version) FROM _sqlx_migrations")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        assert_eq!(version, newest);
        let later = "INSERT INTO _sqlx_migrations SELECT 9999, description, now(), true, checksum, 0
                     FROM _sqlx_migrations WHERE version = 1";
        sqlx::raw_sql(later).execute(&mut connection).await.unwrap();
        let told = refusal(&database.url, NONE).await;
        assert!(
            told.contains("the database has schema 9999, which is newer than this version of crossdock"),
            "{told}"
        );
        database.drop().await;
    }
}
