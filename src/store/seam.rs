//! What both engines have to have in common, checked against each: every text prepares, and the schemas are one.
//!
//! The texts are read out of the sources themselves, so that a new one cannot be left out. Nothing is run here; what the
//! texts do is the conformance suite's to prove (`tests/it/storing.rs`).

use std::collections::{BTreeMap, BTreeSet};

use sqlx::postgres::PgTypeInfo;
use sqlx::{
    AssertSqlSafe, Connection, Either, Executor, PgConnection, SqlSafeStr, SqliteConnection, Statement,
    TypeInfo,
};

use super::bulk::Bulk;
use super::on::{Bodies, Dialect};
use super::{Store, postgres, sql, sqlite};

/// A database of one test's own in the cluster that `CROSSDOCK_TEST_POSTGRES` names; none where it is not set, which is said.
pub(super) struct Database {
    pub(super) url: String,
    cluster: String,
    name: String,
}

impl Database {
    #[expect(clippy::print_stderr, reason = "what is not tested is said")]
    pub(super) async fn make() -> Option<Self> {
        let Ok(url) = std::env::var("CROSSDOCK_TEST_POSTGRES") else {
            eprintln!(
                "SKIPPED on PostgreSQL: CROSSDOCK_TEST_POSTGRES does not name a cluster (see bin/postgres)"
            );
            return None;
        };
        let _ = rustls::crypto::ring::default_provider().install_default();
        let cluster = url.rsplit_once('/').unwrap().0.to_owned();
        let name = format!("unit {}", uuid::Uuid::new_v4());
        let database = Self { url: format!("{cluster}/{name}"), cluster, name };
        database.command("CREATE DATABASE").await;
        Some(database)
    }

    pub(super) async fn connect(&self) -> PgConnection {
        PgConnection::connect(&self.url).await.unwrap()
    }

    pub(super) async fn drop(self) {
        self.command("DROP DATABASE").await;
    }

    async fn command(&self, verb: &str) {
        let mut connection = PgConnection::connect(&format!("{}/postgres", self.cluster)).await.unwrap();
        let force = if verb.starts_with("DROP") { "WITH (FORCE)" } else { "" };
        let text = format!("{verb} \"{}\" {force}", self.name);
        sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }
}

/// A migrated database in a folder.
async fn sqlite_in(folder: &std::path::Path) -> SqliteConnection {
    let path = folder.join("x.db");
    Store::open(&format!("sqlite:{}", path.display())).await.unwrap().close().await;
    SqliteConnection::connect(&format!("sqlite:{}", path.display())).await.unwrap()
}

/// A migrated database in the cluster, where there is one.
async fn postgres() -> Option<(Database, PgConnection)> {
    let database = Database::make().await?;
    Store::open(&database.url).await.unwrap().close().await;
    let connection = database.connect().await;
    Some((database, connection))
}

/// Every `const NAME: &str = "text";` of a source, by name.
fn texts(source: &str) -> BTreeMap<String, String> {
    let consts: Vec<&str> = source.split("const ").skip(1).collect();
    let texts = consts.iter().filter_map(|rest| {
        let (name, rest) = rest.split_once(": &str =")?;
        let text = rest.trim_start().strip_prefix('"')?.split_once("\";")?.0;
        (!name.contains(' ')).then(|| (name.to_owned(), text.to_owned()))
    });
    let texts: BTreeMap<String, String> = texts.collect();
    assert_eq!(
        texts.len(),
        consts.len(),
        "a constant that this test cannot read: write it as the others are"
    );
    assert!(
        texts.values().all(|text| !text.contains('\\')),
        "a text with an escape cannot be read by this test"
    );
    texts
}

fn of_the_dialect(dialect: &Dialect) -> Vec<(String, String)> {
    // A new text has to be named here to compile.
    let Dialect { now, claim, held, pending, unsorted_of, sort, settle, lock, bodies } = dialect;
    let Bodies { unsorted, one, replay } = bodies;
    [
        ("now", now),
        ("claim", claim),
        ("held", held),
        ("pending", pending),
        ("unsorted_of", unsorted_of),
        ("sort", sort),
        ("settle", settle),
        ("lock", lock),
        ("unsorted", unsorted),
        ("one body", one),
        ("replay", replay),
    ]
    .map(|(name, text)| (name.to_owned(), (*text).to_owned()))
    .to_vec()
}

/// Whether a text inserts one row that `Bulk` can make many of.
fn is_bulk(text: &str) -> bool {
    text.split_once("VALUES (").is_some_and(|(_, rest)| {
        rest.split_once(')')
            .is_some_and(|(row, tail)| !row.contains('(') && row.contains('$') && !tail.contains('$'))
    })
}

/// The types that an insert of many rows binds: a list for each value of the insert of one, in the order in which they stand there.
async fn lists(connection: &mut PgConnection, one: &str) -> Vec<PgTypeInfo> {
    let prepared = connection.prepare(AssertSqlSafe(one.to_owned()).into_sql_str()).await.unwrap();
    let Some(Either::Left(types)) = prepared.parameters() else { panic!("no types: {one}") };
    let (row, _) = one.split_once("VALUES (").unwrap().1.split_once(')').unwrap();
    row.split(',')
        .filter_map(|value| value.trim().strip_prefix('$'))
        .map(|number| {
            let of: &PgTypeInfo = &types[number.parse::<usize>().unwrap() - 1];
            PgTypeInfo::array_of(match of.name() {
                "INT8" => "int8",
                "TEXT" => "text",
                "BYTEA" => "bytea",
                other => panic!("a list of {other}: say here how it is called"),
            })
        })
        .collect()
}

#[tokio::test]
async fn every_text_prepares_on_both_engines() {
    let shared = texts(include_str!("sql.rs"));
    assert!(shared.contains_key("ADD_DELIVERY") && shared.len() > 50, "{}", shared.len());
    let bulks: Vec<(&String, Bulk)> =
        shared.iter().filter(|(_, text)| is_bulk(text)).map(|(name, text)| (name, Bulk::of(text))).collect();
    let mut refused = Vec::new();

    let folder = tempfile::tempdir().unwrap();
    let mut on_sqlite = sqlite_in(folder.path()).await;
    let own = texts(include_str!("sqlite/texts.rs"));
    let own_bulks: Vec<(&String, Bulk)> =
        own.iter().filter(|(_, text)| is_bulk(text)).map(|(name, text)| (name, Bulk::of(text))).collect();
    let bulk = bulks.iter().chain(&own_bulks).flat_map(|(name, bulk)| {
        bulk.texts().0.iter().map(move |text| (format!("{name} in bulk"), text.clone()))
    });
    let all =
        shared.clone().into_iter().chain(own.clone()).chain(of_the_dialect(&sqlite::DIALECT)).chain(bulk);
    for (name, text) in all {
        if let Err(error) = (&mut on_sqlite).prepare(AssertSqlSafe(text).into_sql_str()).await {
            refused.push(format!("SQLite refuses {name}: {error}"));
        }
    }

    if let Some((database, mut on_postgres)) = postgres().await {
        let own = texts(include_str!("postgres/texts.rs"));
        for (name, text) in shared.clone().into_iter().chain(own).chain(of_the_dialect(&postgres::DIALECT)) {
            if let Err(error) = (&mut on_postgres).prepare(AssertSqlSafe(text).into_sql_str()).await {
                refused.push(format!("PostgreSQL refuses {name}: {error}"));
            }
        }
        for (name, bulk) in &bulks {
            let text = bulk.texts().1.to_owned();
            let lists = lists(&mut on_postgres, &shared[*name]).await;
            if let Err(error) =
                (&mut on_postgres).prepare_with(AssertSqlSafe(text).into_sql_str(), &lists).await
            {
                refused.push(format!("PostgreSQL refuses {name} in bulk: {error}"));
            }
        }
        database.drop().await;
    }
    assert!(refused.is_empty(), "{refused:#?}");
}

/// A table's columns: name, whether it may be null, kind.
type Columns = BTreeSet<(String, bool, &'static str)>;

fn kind(declared: &str) -> &'static str {
    match declared {
        "INTEGER" | "bigint" => "number",
        "TEXT" | "text" => "text",
        "BLOB" | "bytea" => "bytes",
        other => panic!("a column of type {other}: say here what it is on each engine"),
    }
}

fn by_table(rows: impl IntoIterator<Item = (String, String, bool, String)>) -> BTreeMap<String, Columns> {
    let mut tables: BTreeMap<String, Columns> = BTreeMap::new();
    for (table, column, nullable, declared) in rows {
        tables.entry(table).or_default().insert((column, nullable, kind(&declared)));
    }
    tables
}

/// What one engine has and the other has not, and why.
const ONLY_ON_POSTGRES: &[(&str, (&str, bool, &str))] = &[
    // The keys of deliveries are dropped by period there; SQLite's index of them is one tree.
    ("dedupe", ("period", false, "number")),
    // What may be spread over several machines is found by its connection first; on SQLite an id is where a row lies.
    ("dedupe", ("connection", false, "text")),
    ("delivery_bodies", ("connection", false, "text")),
];

#[tokio::test]
async fn both_engines_have_the_same_tables_and_columns() {
    let folder = tempfile::tempdir().unwrap();
    let mut on_sqlite = sqlite_in(folder.path()).await;
    let rows: Vec<(String, String, bool, String)> = sqlx::query_as(
        "SELECT t.name, c.name, c.\"notnull\" = 0 AND c.pk = 0, c.type FROM sqlite_schema t, pragma_table_info(t.name) c
         WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND t.name <> '_sqlx_migrations'",
    )
    .fetch_all(&mut on_sqlite)
    .await
    .unwrap();
    let on_sqlite = by_table(rows);
    assert!(on_sqlite.contains_key("deliveries"));
    let Some((database, mut on_postgres)) = postgres().await else { return };
    let rows: Vec<(String, String, bool, String)> = sqlx::query_as(
        "SELECT t.relname::text, c.attname::text, NOT c.attnotnull, format_type(c.atttypid, NULL)
         FROM pg_class t JOIN pg_attribute c ON c.attrelid = t.oid
         WHERE t.relnamespace = 'public'::regnamespace AND t.relkind IN ('r', 'p') AND NOT t.relispartition
             AND c.attnum > 0 AND NOT c.attisdropped AND t.relname <> '_sqlx_migrations'",
    )
    .fetch_all(&mut on_postgres)
    .await
    .unwrap();
    let mut on_postgres = by_table(rows);
    for (table, (column, nullable, kind)) in ONLY_ON_POSTGRES {
        let removed = on_postgres.get_mut(*table).unwrap().remove(&((*column).to_owned(), *nullable, *kind));
        assert!(removed, "{table}.{column} is no exception any more");
    }
    assert_eq!(on_sqlite, on_postgres);
    database.drop().await;
}

#[test]
fn both_engines_have_the_same_migrations() {
    let of = |migrator: sqlx::migrate::Migrator| {
        migrator.iter().map(|one| (one.version, one.description.to_string())).collect::<Vec<_>>()
    };
    let on_sqlite = of(sqlx::migrate!("migrations/sqlite"));
    assert_eq!(on_sqlite, of(sqlx::migrate!("migrations/postgres")));
    assert!(on_sqlite.is_sorted() && on_sqlite[0].0 == 1);
}

/// Where a table was counted before any delivery had an order, PostgreSQL takes all that have one for none; and where there is
/// one connection only, it takes that for no help.
#[tokio::test]
async fn deliveries_are_found_by_their_connection_first_whatever_was_counted() {
    let Some((database, mut on_postgres)) = postgres().await else { return };
    let mut run =
        async |text: String| sqlx::raw_sql(AssertSqlSafe(text)).fetch_all(&mut on_postgres).await.unwrap();
    run(postgres::BY_KEY.to_owned()).await;
    run("INSERT INTO deliveries (id, connection, topic, webhook_id, content, headers, size, received_at, state)
         SELECT n, 'cellar', 'orders/create', n, '', '{}', 1, n, 'stored' FROM generate_series(1, 20000) n;
         ANALYZE deliveries"
        .to_owned())
    .await;
    let own = texts(include_str!("postgres/texts.rs"));
    let Dialect { pending, unsorted_of, sort, settle, bodies: Bodies { unsorted, one, .. }, .. } =
        &postgres::DIALECT;
    // One delivery is found as well by its id alone.
    let (by_id, waiting) = ("id = ", "Filter: (received_at < ");
    for (text, types, values, by) in [
        (*pending, "text, bigint", r#"'[["cellar", "1", 0, 7]]', 7"#, "order_id = "),
        (sql::HAND_OVER_DELIVERIES, "text, text, text", "'cellar', '1', '2'", "order_id = "),
        (*unsorted_of, "text, bigint, bigint", r#"'[["cellar", 1]]', 1, 1"#, by_id),
        (*one, "text, bigint", "'cellar', 1", by_id),
        (*sort, "text, bigint, bigint", r#"'[["cellar", 1, "sorted", null, "1"]]', 1, 1"#, "(id = ANY"),
        (*settle, "text, bigint, bigint", r#"'[["cellar", 1, "applied", null]]', 1, 1"#, "(id = ANY"),
        (sql::CANDIDATE, "text, bigint", "'cellar', 1", by_id),
        (&own["KNOWN"], "text[], bigint[], bigint", "'{cellar}', '{1}', 1", by_id),
        (&own["STILL_THERE"], "text[], bigint[]", "'{cellar}', '{1}'", by_id),
        // In the order of what waits, whoever sent it: nothing else is gone through.
        (*unsorted, "bigint, bigint", "10, 9", waiting),
    ] {
        run(format!("PREPARE asked ({types}) AS {text}")).await;
        let plan = run(format!("EXPLAIN EXECUTE asked ({values})")).await;
        run("DEALLOCATE asked".to_owned()).await;
        let plan: Vec<String> = plan.iter().map(|row| sqlx::Row::get(row, 0)).collect();
        // What a look into each partition of a table goes by: the line behind its name.
        let looks = |table: &str| {
            let on = format!(" on {table}");
            let is_look =
                |line: &str| line.contains("Scan") && line.contains(&on) && !line.contains("Bitmap Heap");
            let looks = plan.windows(2).filter(|lines| is_look(&lines[0])).map(|lines| lines[1].clone());
            looks.collect::<Vec<_>>()
        };
        let deliveries = looks("deliveries");
        let by_index = |line: &String| line.contains(by) && (by == waiting || line.contains("Index Cond: "));
        assert!(deliveries.iter().all(by_index), "{plan:#?}");
        // What no day takes has an index of its own.
        let keyed =
            |line: &String| line.contains("Index Cond: ((connection = ") || line.contains("(delivery_id = ");
        let others = [looks("delivery_bodies"), looks("dedupe")].concat();
        assert!(deliveries.len() + others.len() > 0 && others.iter().all(keyed), "{plan:#?}");
    }
    database.drop().await;
}
