//! Fills a store with settled work: the rows of some real orders again and again, each time under ids, names and keys of their own.
//!
//! It leaves what the server itself would have written: nothing is due, every delivery has its body and its two keys, and on
//! PostgreSQL every day has its partitions. The times lie in the past, within what is kept by default. It runs inside the
//! database while no server has it open, and is the one benchmark that knows the schema.

use std::str::FromStr;
use std::time::Instant;

use crossdock::clock::Clock;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};

/// Orders between whose webhooks others come: an order's next one comes after those of so many.
const BESIDE: u64 = 1000;
/// Deliveries written at once.
const CHUNK: u64 = 100_000;
/// Days in the past over which everything is spread; deliveries are kept for ninety.
const DAYS: i64 = 80;
const DAY_MICROS: i64 = 86_400_000_000;
/// What PostgreSQL's ids and partitions are made by: ids of a day, and days of a period of keys.
const DAY: i64 = 100_000_000_000;
const PERIOD_DAYS: i64 = 28;
/// The id of the first order written here; real ones have lower ids.
pub(crate) const FIRST_ORDER: u64 = 6_000_000_000_000;
/// Its number at the shop, by the same rule as that of a real one.
const FIRST_NUMBER: u64 = FIRST_ORDER - 5_000_000_000_000 + 1000;

/// Everything that is to be written, and how much of it is.
pub(crate) struct Filling {
    url: String,
    /// Deliveries of each order.
    each: u64,
    done: u64,
    /// When the first delivery came, and how far apart they are, in microseconds.
    start: i64,
    step: i64,
}

impl Filling {
    /// So many deliveries of so many orders are to be in the database at this URL in the end.
    pub(crate) fn new(url: String, deliveries: u64, orders: u64) -> Self {
        let start = Clock::system().now().as_microsecond() - DAYS * DAY_MICROS;
        let step = DAYS * DAY_MICROS / i64::try_from(deliveries.max(1)).unwrap();
        Self { url, each: (deliveries / orders.max(1)).max(1), done: 0, start, step }
    }

    /// An order that was written here.
    pub(crate) fn order(&self) -> Option<u64> {
        (self.done > 0).then_some(FIRST_ORDER)
    }

    /// Writes so many more deliveries, with their orders. There have to be orders that were brought in step by a server.
    pub(crate) async fn fill(&mut self, count: u64) {
        let started = Instant::now();
        let mut database = Database::open(&self.url).await;
        let terms = Terms::read(&mut database, self).await;
        if terms.postgres {
            for text in self.partitions() {
                database.run(text).await;
            }
        }
        for text in seeds() {
            database.run(text).await;
        }
        let seeds = Seeds {
            orders: database.number("SELECT COUNT(*) FROM seed_orders").await,
            deliveries: database.number("SELECT COUNT(*) FROM seed_deliveries").await,
        };
        assert!(seeds.orders > 0 && seeds.deliveries > 0, "there is no order in step to write again");
        let upto = self.done + count;
        while self.done < upto {
            let next = upto.min(self.done + CHUNK);
            database.run("BEGIN".into()).await;
            for text in self.deliveries(&terms, &seeds, next) {
                database.run(text).await;
            }
            for text in self.orders(&terms, &seeds, next) {
                database.run(text).await;
            }
            database.run("COMMIT".into()).await;
            self.done = next;
        }
        let (wrote, written) = (started.elapsed(), Instant::now());
        database.settle().await;
        eprintln!(
            "{count} deliveries written in {:.0} s, {:.0}/s, and settled in {:.0} s",
            wrote.as_secs_f64(),
            count as f64 / wrote.as_secs_f64(),
            written.elapsed().as_secs_f64(),
        );
    }

    /// Deliveries of this many orders stand one after another, then come their next ones.
    fn block(&self) -> u64 {
        self.each * BESIDE
    }

    /// Orders of the first deliveries.
    fn orders_of(&self, deliveries: u64) -> u64 {
        deliveries / self.block() * BESIDE + (deliveries % self.block()).min(BESIDE)
    }

    /// The partitions of the past days, as the server would have made them then.
    fn partitions(&self) -> Vec<String> {
        let make = |table: &str, number: i64, width: i64| {
            let (from, upto) = (number * width, (number + 1) * width);
            format!(
                "CREATE TABLE IF NOT EXISTS {table}_{number} PARTITION OF {table} FOR VALUES FROM ({from}) TO ({upto})"
            )
        };
        let (first, last) = (self.start / DAY_MICROS, self.start / DAY_MICROS + DAYS);
        let days = (first..=last).flat_map(|day| {
            [
                make("deliveries", day, DAY),
                make("delivery_bodies", day, DAY),
                make("attempts", day, DAY_MICROS),
            ]
        });
        let periods = (first / PERIOD_DAYS..=last / PERIOD_DAYS).map(|period| make("dedupe", period, 1));
        days.chain(periods).collect()
    }

    /// The deliveries up to this one, their bodies and their keys; in the order of the keys, as the server enters them.
    fn deliveries(&self, terms: &Terms, seeds: &Seeds, upto: u64) -> Vec<String> {
        let (first, count, block) = (self.done, upto - self.done, self.block());
        let each = format!("(SELECT CAST({first} + n AS BIGINT) AS i FROM numbers WHERE n < {count}) each");
        let seed = format!("seed_deliveries s ON s.number = each.i % {}", seeds.deliveries);
        let (id, at) = (terms.id("i"), terms.at("i"));
        let Terms { webhook_id, content, keys: [one, other], .. } = terms;
        // What only PostgreSQL keeps: whose a body and a key are, and of which period.
        let (whose, from, columns, of) = if terms.postgres {
            let of = format!(", connection, delivery_id / {DAY} / {PERIOD_DAYS}");
            (", connection", ", s.connection", ", connection, period", of)
        } else {
            ("", "", "", String::new())
        };
        vec![
            format!(
                "INSERT INTO deliveries (id, connection, topic, webhook_id, content, headers, size, received_at, state, order_id, reason)
                 SELECT {id}, s.connection, s.topic, {webhook_id}, {content}, s.headers, s.size, {at}, s.state,
                     CAST({FIRST_ORDER} + i / {block} * {BESIDE} + i % {BESIDE} AS TEXT), s.reason
                 FROM {each} JOIN {seed}"
            ),
            format!(
                "INSERT INTO delivery_bodies (delivery_id, body{whose})
                 SELECT {id}, s.body{from} FROM {each} JOIN {seed}"
            ),
            format!(
                "INSERT INTO dedupe (key, delivery_id{columns}) SELECT key, delivery_id{of} FROM (
                     SELECT {one} AS key, {id} AS delivery_id{from} FROM {each} JOIN {seed}
                     UNION ALL SELECT {other}, {id}{from} FROM {each} JOIN {seed}) keys
                 WHERE true ORDER BY key ON CONFLICT DO NOTHING"
            ),
        ]
    }

    /// The orders whose first delivery is one of those up to this one, with their mirrors, tries and stories.
    fn orders(&self, terms: &Terms, seeds: &Seeds, upto: u64) -> Vec<String> {
        let (first, next, block) = (self.orders_of(self.done), self.orders_of(upto), self.block());
        if first == next {
            return Vec::new();
        }
        let delivery = format!("(q / {BESIDE} * {block} + q % {BESIDE})");
        let last = format!("({delivery} + {})", block - BESIDE);
        let (at, changed_at, delivery) = (terms.at(&delivery), terms.at(&last), terms.id(&delivery));
        let each = format!(
            "(SELECT q, CAST({FIRST_ORDER} + q AS TEXT) AS id, CAST({FIRST_NUMBER} + q AS TEXT) AS number FROM
                 (SELECT CAST({first} + n AS BIGINT) AS q FROM numbers WHERE n < {}) q) each",
            next - first
        );
        let on = format!("s ON s.number = each.q % {}", seeds.orders);
        vec![
            format!(
                "INSERT INTO orders (channel, order_id, name, revision, record, created_at, changed_at)
                 SELECT s.channel, each.id, '#' || each.number, s.revision,
                     REPLACE(REPLACE(s.record, s.order_id, each.id), s.name, '#' || each.number), {at}, {changed_at}
                 FROM {each} JOIN seed_orders {on}"
            ),
            format!(
                "INSERT INTO mirrors (channel, order_id, destination, key, state, mirror, changed_at)
                 SELECT s.channel, each.id, s.destination, each.number, s.state,
                     REPLACE(s.mirror, s.key, each.number), {changed_at}
                 FROM {each} JOIN seed_mirrors {on}"
            ),
            format!(
                "INSERT INTO attempts (channel, order_id, destination, step, operation, request_line, request, status, response,
                     error, at, took_us)
                 SELECT s.channel, each.id, s.destination, s.step, s.operation, s.request_line, s.request, s.status, s.response,
                     s.error, {at}, s.took_us
                 FROM {each} JOIN seed_attempts {on} ORDER BY each.q, s.id"
            ),
            format!(
                "INSERT INTO timeline (channel, order_id, at, kind, source, delivery_id, text, changes)
                 SELECT s.channel, each.id, {at}, s.kind, s.source, CASE WHEN s.delivery_id IS NULL THEN NULL ELSE {delivery} END,
                     s.text, s.changes
                 FROM {each} JOIN seed_timeline {on} ORDER BY each.q, s.id"
            ),
        ]
    }
}

/// How many there are to be written again.
struct Seeds {
    orders: i64,
    deliveries: i64,
}

/// Tables that last as long as the connection: numbers to count by, and the rows of the last real orders that are in step.
fn seeds() -> Vec<String> {
    let of_orders = |table: &str| {
        format!(
            "CREATE TEMP TABLE seed_{table} AS SELECT o.number, t.* FROM seed_orders o
             JOIN {table} t ON t.channel = o.channel AND t.order_id = o.order_id"
        )
    };
    vec![
        format!(
            "CREATE TEMP TABLE numbers AS WITH RECURSIVE numbers (n) AS
                 (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < {}) SELECT n FROM numbers",
            CHUNK - 1
        ),
        format!(
            "CREATE TEMP TABLE seed_orders AS SELECT ROW_NUMBER() OVER (ORDER BY order_id) - 1 AS number, o.* FROM (
                 SELECT o.* FROM orders o JOIN mirrors m ON m.channel = o.channel AND m.order_id = o.order_id
                 WHERE m.state = 'in_step' AND o.order_id < '{FIRST_ORDER}' ORDER BY o.order_id DESC LIMIT 64) o"
        ),
        "CREATE TEMP TABLE seed_deliveries AS SELECT ROW_NUMBER() OVER (ORDER BY d.id) - 1 AS number, d.*, b.body
         FROM seed_orders o JOIN deliveries d ON d.connection = o.channel AND d.order_id = o.order_id
         JOIN delivery_bodies b ON b.delivery_id = d.id WHERE d.state NOT IN ('stored', 'sorted')"
            .to_owned(),
        of_orders("mirrors"),
        of_orders("attempts"),
        of_orders("timeline"),
    ]
}

/// What is said in other words on each engine, or depends on what there is already.
struct Terms {
    postgres: bool,
    start: i64,
    step: i64,
    /// What the number of a delivery here is less than the number in its id.
    offset: i64,
    webhook_id: &'static str,
    content: &'static str,
    keys: [String; 2],
}

impl Terms {
    async fn read(database: &mut Database, filling: &Filling) -> Self {
        let postgres = matches!(database, Database::Postgres(_));
        let last = if postgres {
            "last_value FROM delivery_numbers"
        } else {
            "COALESCE(MAX(id), 0) FROM deliveries"
        };
        let last = database.number(&format!("SELECT {last}")).await;
        let offset = last + 1 - i64::try_from(filling.done).unwrap();
        let mut terms = Self {
            postgres,
            start: filling.start,
            step: filling.step,
            offset,
            webhook_id: "LOWER(HEX(RANDOMBLOB(18)))",
            content: "RANDOMBLOB(16)",
            keys: ["RANDOM()", "RANDOM()"].map(str::to_owned),
        };
        if postgres {
            terms.webhook_id = "CAST(gen_random_uuid() AS TEXT)";
            terms.content = "uuid_send(gen_random_uuid())";
            terms.keys = [1, 2].map(|which| format!("hashint8extended({}, {which})", terms.id("i")));
        }
        terms
    }

    /// When a delivery came.
    fn at(&self, delivery: &str) -> String {
        format!("({} + {delivery} * {})", self.start, self.step)
    }

    fn id(&self, delivery: &str) -> String {
        let number = format!("({} + {delivery})", self.offset);
        if self.postgres {
            format!("({} / {DAY_MICROS} * {DAY} + {number})", self.at(delivery))
        } else {
            number
        }
    }
}

/// What the benchmark's own cluster of PostgreSQL does without meanwhile.
const HASTE: [&str; 3] = ["fsync", "full_page_writes", "autovacuum"];

/// A connection that writes as fast as it can: a fall of the machine would cost no more than the run.
enum Database {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Database {
    async fn open(url: &str) -> Self {
        if url.starts_with("postgres") {
            let mut database = Self::Postgres(PgConnection::connect(url).await.unwrap());
            for setting in HASTE {
                database.run(format!("ALTER SYSTEM SET {setting} = off")).await;
            }
            database.run("SELECT pg_reload_conf()".to_owned()).await;
            database
                .run("SET synchronous_commit = off; SET work_mem = '256MB'; SET jit = off".to_owned())
                .await;
            database.run("SET client_min_messages = warning".to_owned()).await;
            return database;
        }
        let options = SqliteConnectOptions::from_str(url).unwrap();
        let options = options.journal_mode(SqliteJournalMode::Off).synchronous(SqliteSynchronous::Off);
        let options = options.pragma("cache_size", "-1048576").pragma("temp_store", "MEMORY");
        Self::Sqlite(SqliteConnection::connect_with(&options).await.unwrap())
    }

    async fn run(&mut self, text: String) {
        let text = AssertSqlSafe(text);
        match self {
            Self::Sqlite(connection) => sqlx::raw_sql(text).execute(connection).await.map(|_| ()),
            Self::Postgres(connection) => sqlx::raw_sql(text).execute(connection).await.map(|_| ()),
        }
        .unwrap();
    }

    async fn number(&mut self, text: &str) -> i64 {
        let text = AssertSqlSafe(text.to_owned());
        match self {
            Self::Sqlite(connection) => sqlx::query_scalar(text).fetch_one(connection).await,
            Self::Postgres(connection) => sqlx::query_scalar(text).fetch_one(connection).await,
        }
        .unwrap()
    }

    /// Leaves it as a server does that has been quiet for a while: the ids that were used are known to be, and all is on disk.
    async fn settle(mut self) {
        if let Self::Postgres(_) = self {
            for setting in HASTE {
                self.run(format!("ALTER SYSTEM RESET {setting}")).await;
            }
            self.run("SELECT pg_reload_conf()".to_owned()).await;
        }
        let texts: &[&str] = match self {
            Self::Sqlite(_) => &[
                "INSERT INTO marks (name, upto) SELECT 'dedupe', MAX(id) FROM deliveries
                 WHERE true ON CONFLICT (name) DO UPDATE SET upto = excluded.upto",
                "PRAGMA synchronous = FULL",
                "PRAGMA journal_mode = WAL",
            ],
            Self::Postgres(_) => &[
                "SELECT setval('delivery_numbers', MAX(id % 100000000000)) FROM deliveries",
                "VACUUM (ANALYZE)",
                "CHECKPOINT",
            ],
        };
        for text in texts {
            self.run((*text).to_owned()).await;
        }
        match self {
            Self::Sqlite(connection) => connection.close().await.unwrap(),
            Self::Postgres(connection) => connection.close().await.unwrap(),
        }
        // The system writes what it holds back, or it would do so while something is measured.
        std::process::Command::new("sync").status().unwrap();
    }
}
