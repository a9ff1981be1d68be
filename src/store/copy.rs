//! Moves everything kept from SQLite into an empty database of PostgreSQL: one transaction, in bounded batches, compared at
//! the end by count and checksum.
//!
//! Which tables and columns there are is read from the source, so none can be forgotten. Ids stay what they are. The keys by
//! which deliveries are known again are made anew from the deliveries: SQLite's index of them lags behind. Either all of it is
//! in the target and was read back the same, or nothing is. The source must be nobody's; no server may run on either.

use futures_util::TryStreamExt;
use jiff::Timestamp;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, ColumnIndex, Decode, Row, Type};

use super::inbox::Keys;
use super::on::{Kept as _, execute};
use super::postgres::{DAY, PERIOD_DAYS};
use super::{Engine, Result, Store, StoreError, micros, sql};
use crate::crypto::digest;

/// Tables whose rows are the engine's or a running server's own.
const NOT_COPIED: &[&str] = &[
    // Made anew from the deliveries.
    "dedupe",
    "marks",
    "instances",
    "turns",
    "_sqlx_migrations",
];
/// What a server writes at its start whatever it finds; it is replaced.
const REPLACED: &str = "duties";
/// Whose a body is: SQLite keeps that with the delivery alone, its own or a repeat that outlived it.
const BODY_OF: &str = "
COALESCE((SELECT d.connection FROM deliveries d WHERE d.id = delivery_bodies.delivery_id),
    (SELECT d.connection FROM deliveries d WHERE d.duplicate_of = delivery_bodies.delivery_id LIMIT 1), '')";
/// Rows and bytes of one batch.
const ROWS: usize = 500;
const BYTES: usize = 4 << 20;

/// One table, as it was copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Its name.
    pub table: String,
    /// What went in.
    pub written: Tally,
    /// What was read back.
    pub read: Tally,
}

impl Copied {
    /// Whether what was read back is what went in.
    pub fn is_same(&self) -> bool {
        self.written == self.read
    }
}

/// A number of rows and their checksum, in whatever order they came: the sum of a digest of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many.
    pub rows: u64,
    /// Their checksum.
    pub checksum: u128,
}

impl Tally {
    fn add(&mut self, row: &[Cell]) {
        let mut canonical = Vec::new();
        for cell in row {
            let (kind, bytes): (u8, &[u8]) = match cell {
                Cell::Number(None) | Cell::Text(None) | Cell::Bytes(None) => (0, &[]),
                Cell::Number(Some(number)) => (1, &number.to_le_bytes()),
                Cell::Text(Some(text)) => (2, text.as_bytes()),
                Cell::Bytes(Some(bytes)) => (3, bytes),
            };
            canonical.push(kind);
            canonical.extend_from_slice(&bytes.len().to_le_bytes());
            canonical.extend_from_slice(bytes);
        }
        self.rows += 1;
        self.checksum = self.checksum.wrapping_add(u128::from_le_bytes(digest(&[&canonical])));
    }
}

/// Copies everything from the store at `from`, which is SQLite's, into the one at `to`, which is PostgreSQL's and empty; tells
/// of each table once it is through. Nothing is kept there unless every table came back the same.
pub async fn copy(from: &str, to: &str, now: Timestamp, mut tell: impl FnMut(&Copied)) -> Result<bool> {
    let path = from.strip_prefix("sqlite:").map(|path| path.trim_start_matches("//"));
    match path {
        Some(path) if std::path::Path::new(path).is_file() => {}
        Some(path) => return Err(StoreError::Unusable(format!("there is no database {path} to copy from"))),
        None => return Err(StoreError::Unusable("what is copied from must be sqlite:PATH".into())),
    }
    if !to.starts_with("postgres") {
        return Err(StoreError::Unusable("what is copied to must be postgres://…".into()));
    }
    let source = Store::open(from).await?;
    let target = Store::open(to).await?;
    let done = between(&source, &target, now, &mut tell).await;
    target.close().await;
    source.close().await;
    done
}

async fn between(
    source: &Store,
    target: &Store,
    now: Timestamp,
    tell: &mut impl FnMut(&Copied),
) -> Result<bool> {
    let (Engine::Sqlite(from), Engine::Postgres(to)) = (&source.0, &target.0) else {
        return Err(StoreError::Closed);
    };
    // Whoever held these is gone.
    source
        .write(move |mut on| {
            Box::pin(async move {
                execute!(on, sql::RELEASE_ALL, micros(now))?;
                Ok(())
            })
        })
        .await?;
    let mut reader = from.reader().await?;
    let tables = tables(&mut reader).await?;
    let (first,): (Option<i64>,) =
        sqlx::query_as("SELECT MIN(at) FROM attempts").fetch_one(&mut *reader).await?;
    if let Some(first) = first {
        to.make_days_of_attempts(first, micros(now)).await?;
    }
    let mut transaction = to.begin().await?;
    for table in &tables {
        if table.name == REPLACED {
            continue;
        }
        let question = format!("SELECT EXISTS (SELECT 1 FROM {})", table.name);
        let (holds,): (bool,) = sqlx::query_as(AssertSqlSafe(question)).fetch_one(&mut *transaction).await?;
        if holds {
            return Err(StoreError::Unusable(format!(
                "the database to copy into holds rows already (in {}); name an empty one",
                table.name
            )));
        }
    }
    let clear = format!("DELETE FROM {REPLACED}");
    sqlx::raw_sql(AssertSqlSafe(clear)).execute(&mut *transaction).await?;
    let mut all_same = true;
    for table in &tables {
        let mut keys = (table.name == "deliveries").then(Tally::default);
        let written = table.copy(&mut reader, &mut transaction, keys.as_mut()).await?;
        let read = table.read_back(&mut transaction).await?;
        let copied = Copied { table: table.name.clone(), written, read };
        all_same &= copied.is_same();
        tell(&copied);
        if let Some(written) = keys {
            let read = keys_read_back(&mut transaction, table).await?;
            let copied = Copied { table: "dedupe".into(), written, read };
            all_same &= copied.is_same();
            tell(&copied);
        }
    }
    if !all_same {
        return Ok(false);
    }
    for sequence in [
        "SELECT setval('attempt_numbers', (SELECT COALESCE(MAX(id), 0) + 1 FROM attempts), false)",
        "SELECT setval(pg_get_serial_sequence('timeline', 'id'), (SELECT COALESCE(MAX(id), 0) + 1 FROM timeline), false)",
        "SELECT setval(pg_get_serial_sequence('exceptions', 'id'), (SELECT COALESCE(MAX(id), 0) + 1 FROM exceptions), false)",
    ] {
        sqlx::raw_sql(sequence).execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    // A planner that believes the tables empty would go through all of them.
    to.analyze().await?;
    Ok(true)
}

/// A value of a row.
enum Cell {
    Number(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

impl Cell {
    fn size(&self) -> usize {
        match self {
            Self::Number(_) => 8,
            Self::Text(text) => text.as_ref().map_or(0, String::len),
            Self::Bytes(bytes) => bytes.as_ref().map_or(0, Vec::len),
        }
    }

    fn number(&self) -> Option<i64> {
        if let Self::Number(number) = self { *number } else { None }
    }

    fn text(&self) -> &str {
        if let Self::Text(Some(text)) = self { text } else { "" }
    }

    fn bytes(&self) -> &[u8] {
        if let Self::Bytes(Some(bytes)) = self { bytes } else { &[] }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Number,
    Text,
    Bytes,
}

/// By what a delivery is known again.
struct Key<'d> {
    connection: &'d str,
    name: i64,
    /// The delivery.
    holder: i64,
}

/// A table that is copied.
struct Table {
    name: String,
    columns: Vec<(String, Kind)>,
    /// Reads all of it, from the source.
    source: String,
    /// Reads all of it, from the target.
    select: String,
    insert: String,
}

/// The tables of the source, with their columns.
async fn tables(reader: &mut SqliteConnection) -> Result<Vec<Table>> {
    let rows: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT t.name, c.name, c.type FROM sqlite_schema t, pragma_table_info(t.name) c
         WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' ORDER BY t.name, c.cid",
    )
    .fetch_all(reader)
    .await?;
    let mut tables: Vec<Table> = Vec::new();
    for (table, column, declared) in rows {
        if NOT_COPIED.contains(&table.as_str()) {
            continue;
        }
        let kind = match declared.as_str() {
            "INTEGER" => Kind::Number,
            "TEXT" => Kind::Text,
            _ => Kind::Bytes,
        };
        if tables.last().is_none_or(|last| last.name != table) {
            let (source, select, insert) = (String::new(), String::new(), String::new());
            tables.push(Table { name: table, columns: Vec::new(), source, select, insert });
        }
        if let Some(last) = tables.last_mut() {
            last.columns.push((column, kind));
        }
    }
    for Table { name, columns, source, select, insert } in &mut tables {
        let own = columns.iter().map(|(column, _)| column.as_str()).collect::<Vec<_>>().join(", ");
        let of_connection = name == "delivery_bodies";
        if of_connection {
            columns.push(("connection".into(), Kind::Text));
        }
        let names = columns.iter().map(|(column, _)| column.as_str()).collect::<Vec<_>>().join(", ");
        let lists = columns.iter().enumerate().map(|(at, (_, kind))| {
            let kind = match kind {
                Kind::Number => "bigint",
                Kind::Text => "text",
                Kind::Bytes => "bytea",
            };
            format!("${}::{kind}[]", at + 1)
        });
        let lists = lists.collect::<Vec<_>>().join(", ");
        *insert =
            format!("INSERT INTO {name} ({names}) OVERRIDING SYSTEM VALUE SELECT * FROM unnest({lists})");
        // In the order of arrival: of two deliveries with one key the first has it.
        let order = if name == "deliveries" { " ORDER BY id" } else { "" };
        *select = format!("SELECT {names} FROM {name}{order}");
        *source = if of_connection { format!("SELECT {own}, {BODY_OF} FROM {name}") } else { select.clone() };
    }
    Ok(tables)
}

impl Table {
    async fn copy(
        &self,
        reader: &mut SqliteConnection,
        target: &mut PgConnection,
        mut keys: Option<&mut Tally>,
    ) -> Result<Tally> {
        let mut tally = Tally::default();
        let mut rows = sqlx::query(AssertSqlSafe(self.source.clone())).fetch(reader);
        let (mut batch, mut bytes) = (Vec::with_capacity(ROWS), 0);
        while let Some(row) = rows.try_next().await? {
            let row: Vec<Cell> = self.cells::<SqliteRow>(&row)?;
            tally.add(&row);
            bytes += row.iter().map(Cell::size).sum::<usize>();
            batch.push(row);
            if batch.len() >= ROWS || bytes >= BYTES {
                self.write(target, std::mem::take(&mut batch), keys.as_deref_mut()).await?;
                bytes = 0;
            }
        }
        self.write(target, batch, keys).await?;
        Ok(tally)
    }

    async fn write(
        &self,
        target: &mut PgConnection,
        batch: Vec<Vec<Cell>>,
        keys: Option<&mut Tally>,
    ) -> Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        if let Some(tally) = keys {
            write_keys(target, &self.keys(&batch), tally).await?;
        }
        let mut columns: Vec<Vec<Cell>> =
            self.columns.iter().map(|_| Vec::with_capacity(batch.len())).collect();
        for row in batch {
            for (column, cell) in columns.iter_mut().zip(row) {
                column.push(cell);
            }
        }
        let mut insert = sqlx::query(AssertSqlSafe(self.insert.clone()));
        for (column, (_, kind)) in columns.into_iter().zip(&self.columns) {
            let cells = column.into_iter();
            insert = match kind {
                Kind::Number => insert.bind(cells.map(|cell| cell.number()).collect::<Vec<_>>()),
                Kind::Text => insert.bind(
                    cells
                        .map(|cell| if let Cell::Text(text) = cell { text } else { None })
                        .collect::<Vec<_>>(),
                ),
                Kind::Bytes => insert.bind(
                    cells
                        .map(|cell| if let Cell::Bytes(bytes) = cell { bytes } else { None })
                        .collect::<Vec<_>>(),
                ),
            };
        }
        insert.execute(target).await?;
        Ok(())
    }

    async fn read_back(&self, target: &mut PgConnection) -> Result<Tally> {
        let mut tally = Tally::default();
        let mut rows = sqlx::query(AssertSqlSafe(self.select.clone())).fetch(target);
        while let Some(row) = rows.try_next().await? {
            tally.add(&self.cells::<PgRow>(&row)?);
        }
        Ok(tally)
    }

    fn cells<R: Row>(&self, row: &R) -> sqlx::Result<Vec<Cell>>
    where
        usize: ColumnIndex<R>,
        for<'r> Option<i64>: Decode<'r, R::Database> + Type<R::Database>,
        for<'r> Option<String>: Decode<'r, R::Database> + Type<R::Database>,
        for<'r> Option<Vec<u8>>: Decode<'r, R::Database> + Type<R::Database>,
    {
        let cells = self.columns.iter().enumerate().map(|(at, (_, kind))| {
            Ok(match kind {
                Kind::Number => Cell::Number(row.try_get(at)?),
                Kind::Text => Cell::Text(row.try_get::<Option<String>, _>(at)?.kept()),
                Kind::Bytes => Cell::Bytes(row.try_get(at)?),
            })
        });
        cells.collect()
    }

    /// The keys of deliveries that others can be repeats of.
    fn keys<'b>(&self, batch: &'b [Vec<Cell>]) -> Vec<Key<'b>> {
        let cell = |row: usize, name: &str| {
            let at = self.columns.iter().position(|(column, _)| column == name)?;
            batch.get(row)?.get(at)
        };
        let text = |row, name| cell(row, name).map_or("", Cell::text);
        let first =
            (0..batch.len()).filter(|row| cell(*row, "duplicate_of").and_then(Cell::number).is_none());
        let keys = first.flat_map(|row| {
            let content = cell(row, "content").map_or(&[][..], Cell::bytes);
            let connection = text(row, "connection");
            let keys = Keys::read(connection, text(row, "webhook_id"), content);
            let holder = cell(row, "id").and_then(Cell::number).unwrap_or(0);
            [keys.id, keys.content].map(|name| Key { connection, name, holder })
        });
        keys.collect()
    }
}

/// Writes keys that are not there yet, and adds up those.
async fn write_keys(target: &mut PgConnection, keys: &[Key<'_>], tally: &mut Tally) -> Result<()> {
    let senders: Vec<&str> = keys.iter().map(|key| key.connection).collect();
    let names: Vec<i64> = keys.iter().map(|key| key.name).collect();
    let holders: Vec<i64> = keys.iter().map(|key| key.holder).collect();
    let periods: Vec<i64> = holders.iter().map(|id| id / DAY / PERIOD_DAYS).collect();
    let written: Vec<(i64, i64)> = sqlx::query_as(
        "INSERT INTO dedupe (connection, key, delivery_id, period)
         SELECT DISTINCT ON (connection, key) connection, key, holder, period
         FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[]) AS new (connection, key, holder, period)
         WHERE NOT EXISTS (SELECT 1 FROM dedupe d WHERE d.connection = new.connection AND d.key = new.key)
         ORDER BY connection, key, holder
         RETURNING key, delivery_id",
    )
    .bind(senders)
    .bind(names)
    .bind(holders)
    .bind(periods)
    .fetch_all(target)
    .await?;
    for (key, holder) in written {
        tally.add(&[Cell::Number(Some(key)), Cell::Number(Some(holder))]);
    }
    Ok(())
}

/// Adds up the keys, once more for each that some delivery has and that is not there.
async fn keys_read_back(target: &mut PgConnection, deliveries: &Table) -> Result<Tally> {
    let mut tally = Tally::default();
    {
        let mut rows = sqlx::query_as("SELECT key, delivery_id FROM dedupe").fetch(&mut *target);
        while let Some((key, holder)) = rows.try_next().await? {
            tally.add(&[Cell::Number(Some(key)), Cell::Number(Some(holder))]);
        }
    }
    let mut after = i64::MIN;
    loop {
        let page =
            format!("SELECT * FROM ({}) page WHERE id > {after} ORDER BY id LIMIT {ROWS}", deliveries.select);
        let rows = sqlx::query(AssertSqlSafe(page)).fetch_all(&mut *target).await?;
        let rows = rows.iter().map(|row| deliveries.cells::<PgRow>(row)).collect::<sqlx::Result<Vec<_>>>()?;
        let ids = rows.iter().filter_map(|row| row.first().and_then(Cell::number));
        let Some(last) = ids.max() else { return Ok(tally) };
        let (senders, names): (Vec<&str>, Vec<i64>) =
            deliveries.keys(&rows).into_iter().map(|key| (key.connection, key.name)).unzip();
        let (lacking,): (i64,) = sqlx::query_as(
            "SELECT COUNT(*) FROM unnest($1::text[], $2::bigint[]) AS had (connection, key)
             WHERE NOT EXISTS (SELECT 1 FROM dedupe d WHERE d.connection = had.connection AND d.key = had.key)",
        )
        .bind(senders)
        .bind(names)
        .fetch_one(&mut *target)
        .await?;
        tally.rows += lacking.unsigned_abs();
        after = last;
    }
}
