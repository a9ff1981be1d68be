//! Which engine a test's store is on: SQLite, or PostgreSQL where `CROSSDOCK_TEST_ENGINE=postgres`, in the cluster that
//! `CROSSDOCK_TEST_POSTGRES` names (`bin/test` starts one and runs what must hold on both engines on each); through the pooler of
//! `CROSSDOCK_TEST_POOLER`, where that is set.
//!
//! A store belongs to a folder: on SQLite it is a file there, on PostgreSQL a database of its own, dropped some time after
//! the folder is gone.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crossdock::crypto::digest;
use crossdock::store::Store;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// The name of the database that others are copied from, migrated once for all.
const TEMPLATE: &str = "crossdock_template";
/// Names the lock under which one test at a time makes it.
const MAKING: i64 = 1;

static MADE: Mutex<Vec<(PathBuf, String)>> = Mutex::new(Vec::new());

/// Whether stores are on PostgreSQL.
pub(crate) fn on_postgres() -> bool {
    match std::env::var("CROSSDOCK_TEST_ENGINE").as_deref() {
        Ok("postgres") => true,
        Ok("sqlite") | Err(_) => false,
        Ok(other) => panic!("CROSSDOCK_TEST_ENGINE is {other:?}: write sqlite or postgres"),
    }
}

/// The cluster's URL, without a database; none where there is no cluster.
pub(crate) fn cluster() -> Option<String> {
    let url = std::env::var("CROSSDOCK_TEST_POSTGRES").ok()?;
    Some(url.rsplit_once('/').expect("postgres://…/postgres").0.to_owned())
}

/// The id of the delivery that was the `number`th, received on the day that [`second`](super::second) counts from.
pub(crate) fn nth(number: i64) -> i64 {
    if on_postgres() { super::second(0).as_second() / 86_400 * 100_000_000_000 + number } else { number }
}

/// The URL of the store that belongs to a folder.
pub(crate) fn store_url(folder: &Path) -> String {
    if on_postgres() { postgres_url(folder) } else { format!("sqlite:{}", folder.join("test.db").display()) }
}

/// The same, on PostgreSQL whatever the engine.
pub(crate) fn postgres_url(folder: &Path) -> String {
    let name = uuid::Uuid::from_bytes(digest(&[folder.as_os_str().as_encoded_bytes()])).to_string();
    let cluster =
        cluster().expect("CROSSDOCK_TEST_POSTGRES: the URL of a cluster, as `bin/postgres start` prints it");
    let url = match std::env::var("CROSSDOCK_TEST_POOLER") {
        Ok(pooler) => {
            let (head, asked) = pooler.split_once("/postgres?").expect("as `bin/postgres pool` prints it");
            format!("{head}/{name}?{asked}")
        }
        Err(_) => format!("{cluster}/{name}"),
    };
    let mut made = MADE.lock().unwrap();
    if !made.iter().any(|(known, _)| known == folder) {
        let gone: Vec<String> =
            made.extract_if(.., |(folder, _)| !folder.exists()).map(|(_, name)| name).collect();
        made.push((folder.to_owned(), name.clone()));
        // The caller may be inside a runtime already.
        let making = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(make(&cluster, &name, &gone));
        });
        making.join().unwrap();
    }
    url
}

async fn make(cluster: &str, name: &str, gone: &[String]) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut connection = PgConnection::connect(&format!("{cluster}/postgres")).await.unwrap();
    sqlx::query("SELECT pg_advisory_lock($1)").bind(MAKING).execute(&mut connection).await.unwrap();
    let template: Option<(String,)> =
        sqlx::query_as("SELECT datname::text FROM pg_database WHERE datname = $1")
            .bind(TEMPLATE)
            .fetch_optional(&mut connection)
            .await
            .unwrap();
    if template.is_none() {
        sqlx::raw_sql("CREATE DATABASE crossdock_making").execute(&mut connection).await.unwrap();
        Store::open(&format!("{cluster}/crossdock_making")).await.unwrap().close().await;
        let rename = "ALTER DATABASE crossdock_making RENAME TO crossdock_template";
        sqlx::raw_sql(rename).execute(&mut connection).await.unwrap();
    }
    for name in gone {
        let drop = format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)");
        sqlx::raw_sql(AssertSqlSafe(drop)).execute(&mut connection).await.unwrap();
    }
    let create = format!("CREATE DATABASE \"{name}\" TEMPLATE {TEMPLATE}");
    sqlx::raw_sql(AssertSqlSafe(create)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}
