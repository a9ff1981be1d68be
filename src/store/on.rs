//! One connection of whichever engine, and the macros that run one SQL text on it.
//!
//! The text and its bindings are written once; each engine's arm is stamped out by the macro, so the types of the
//! bindings are checked against each engine. The few texts that differ stand in each engine's [`Dialect`].

use std::borrow::Cow;

use serde_json::Value;

use super::{Result, to_json};

/// A connection, in a transaction where one is open.
pub(super) enum On<'c> {
    /// SQLite.
    Sqlite(&'c mut sqlx::SqliteConnection),
    /// PostgreSQL.
    Postgres(&'c mut sqlx::PgConnection),
}

/// The texts that differ between engines, with the same parameters and columns on each.
pub(super) struct Dialect {
    /// The engine's clock, in microseconds.
    pub(super) now: &'static str,
    /// Leases orders that are due: token, end of the lease, now, limit, whether leases that ran out are taken over; gives
    /// channel, order, how often it was touched, and the oldest delivery that may wait for it.
    pub(super) claim: &'static str,
    /// How often orders were touched on which these leases hold: a list of (channel, order, token); gives the place in the
    /// list and the count. Nobody else touches them before the transaction ends.
    pub(super) held: &'static str,
    /// What waits for the next pass of orders: of a list of (sender, order, number, oldest), and the least of these, the number, and a
    /// [`BodyRow`](super::inbox::BodyRow), oldest first. Nothing older than that is looked for, nor a body that lies there.
    pub(super) pending: &'static str,
    /// Of a list of (connection, delivery), the lowest and the highest id, those that nobody has looked at, as
    /// [`BodyRow`](super::inbox::BodyRow)s, oldest first.
    pub(super) unsorted_of: &'static str,
    /// Says what the sorter made of deliveries that nobody had looked at: a list of (connection, delivery, state, reason, order), the
    /// lowest and the highest id.
    pub(super) sort: &'static str,
    /// Says what became of deliveries that waited for their order: a list of (connection, delivery, state, reason), the lowest and
    /// the highest id.
    pub(super) settle: &'static str,
    /// Keeps everybody else from touching an order that is due until the transaction ends; gives how often it was touched.
    pub(super) lock: &'static str,
    /// Those that look for bodies.
    pub(super) bodies: Bodies,
}

/// The texts that look for bodies.
pub(super) struct Bodies {
    /// What nobody has looked at, oldest first: limit, received before; gives [`BodyRow`](super::inbox::BodyRow)s.
    pub(super) unsorted: &'static str,
    /// The body of a delivery: connection, id.
    pub(super) one: &'static str,
    /// Puts a delivery back to be sorted, where its body is kept still: id.
    pub(super) replay: &'static str,
}

impl On<'_> {
    /// The same connection for a shorter while.
    pub(super) fn again(&mut self) -> On<'_> {
        match self {
            On::Sqlite(connection) => On::Sqlite(connection),
            On::Postgres(connection) => On::Postgres(connection),
        }
    }

    /// The texts of this engine.
    pub(super) fn dialect(&self) -> &'static Dialect {
        match self {
            On::Sqlite(_) => &super::sqlite::DIALECT,
            On::Postgres(_) => &super::postgres::DIALECT,
        }
    }

    /// Runs statements without bindings that give nothing, several at once where they are parted by semicolons.
    pub(super) async fn run(&mut self, statements: &'static str) -> sqlx::Result<()> {
        match self {
            On::Sqlite(connection) => sqlx::raw_sql(statements).execute(&mut **connection).await.map(|_| ()),
            On::Postgres(connection) => {
                sqlx::raw_sql(statements).execute(&mut **connection).await.map(|_| ())
            }
        }
    }
}

/// A value as it is bound. U+0000 in a text becomes U+FFFD: PostgreSQL's text holds none, and what came from outside with one
/// in it must not keep all that is written with it from being kept. Documents hold it as an escape, and keep it.
pub(super) trait Kept {
    /// What is bound.
    type As;
    /// The value as it is bound.
    fn kept(self) -> Self::As;
}

macro_rules! kept_as_it_is {
    ($($kind:ty),+) => {
        $(impl Kept for $kind {
            type As = Self;
            fn kept(self) -> Self {
                self
            }
        })+
    };
}

kept_as_it_is!(i64, bool, Option<i64>, &[u8], Option<&[u8]>);

impl<'t> Kept for &'t str {
    type As = Cow<'t, str>;
    fn kept(self) -> Cow<'t, str> {
        if self.contains('\0') { Cow::Owned(self.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(self) }
    }
}

impl<'t> Kept for &'t String {
    type As = Cow<'t, str>;
    fn kept(self) -> Cow<'t, str> {
        self.as_str().kept()
    }
}

impl<'t> Kept for Option<&'t str> {
    type As = Option<Cow<'t, str>>;
    fn kept(self) -> Self::As {
        self.map(Kept::kept)
    }
}

impl<'t> Kept for Option<&'t String> {
    type As = Option<Cow<'t, str>>;
    fn kept(self) -> Self::As {
        self.map(Kept::kept)
    }
}

impl<'t> Kept for &'t Option<String> {
    type As = Option<Cow<'t, str>>;
    fn kept(self) -> Self::As {
        self.as_deref().kept()
    }
}

impl Kept for String {
    type As = Self;
    fn kept(self) -> Self {
        if self.contains('\0') { self.replace('\0', "\u{fffd}") } else { self }
    }
}

impl Kept for Option<String> {
    type As = Self;
    fn kept(self) -> Self {
        self.map(Kept::kept)
    }
}

/// A list as `json_each` takes it, with the same done to the texts in it.
pub(super) fn list(what: &'static str, rows: &[Value]) -> Result<String> {
    let json = to_json(what, &rows)?;
    if !json.contains("\\u0000") {
        return Ok(json);
    }
    let mut plain = String::with_capacity(json.len());
    let mut rest = json.as_str();
    while let Some((before, escaped)) = rest.split_once('\\') {
        plain.push_str(before);
        rest = if let Some(after) = escaped.strip_prefix("u0000") {
            plain.push('\u{fffd}');
            after
        } else {
            // What is escaped may be a backslash itself.
            let (one, after) = escaped.split_at_checked(1).unwrap_or((escaped, ""));
            plain.push('\\');
            plain.push_str(one);
            after
        };
    }
    plain.push_str(rest);
    Ok(plain)
}

/// Runs a statement; gives the number of rows it touched.
macro_rules! execute {
    ($on:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        match &mut $on {
            $crate::store::on::On::Sqlite(connection) => sqlx::query($sql)
                $(.bind($crate::store::on::Kept::kept($bind)))*
                .execute(&mut **connection)
                .await
                .map(|done| done.rows_affected()),
            $crate::store::on::On::Postgres(connection) => sqlx::query($sql)
                $(.bind($crate::store::on::Kept::kept($bind)))*
                .execute(&mut **connection)
                .await
                .map(|done| done.rows_affected()),
        }
    };
}

/// Runs a query; gives its rows as `$row`s.
macro_rules! fetch_all {
    ($on:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {
        match &mut $on {
            $crate::store::on::On::Sqlite(connection) => sqlx::query_as::<_, $row>($sql)
                $(.bind($crate::store::on::Kept::kept($bind)))*
                .fetch_all(&mut **connection)
                .await,
            $crate::store::on::On::Postgres(connection) => sqlx::query_as::<_, $row>($sql)
                $(.bind($crate::store::on::Kept::kept($bind)))*
                .fetch_all(&mut **connection)
                .await,
        }
    };
}

/// Runs a [`Filter`](super::filter::Filter); gives its rows as `$row`s.
macro_rules! fetch_filtered {
    ($on:expr, $row:ty, $filter:expr) => {{
        let $crate::store::filter::Filter { sql, bound } = $filter;
        match &mut $on {
            $crate::store::on::On::Sqlite(connection) => {
                let mut query = sqlx::query_as::<_, $row>(sqlx::AssertSqlSafe(sql));
                for value in bound {
                    query = match value {
                        $crate::store::filter::Bound::Number(number) => query.bind(number),
                        $crate::store::filter::Bound::Text(text) => query.bind(text),
                    };
                }
                query.fetch_all(&mut **connection).await
            }
            $crate::store::on::On::Postgres(connection) => {
                let mut query = sqlx::query_as::<_, $row>(sqlx::AssertSqlSafe(sql));
                for value in bound {
                    query = match value {
                        $crate::store::filter::Bound::Number(number) => query.bind(number),
                        $crate::store::filter::Bound::Text(text) => query.bind(text),
                    };
                }
                query.fetch_all(&mut **connection).await
            }
        }
    }};
}

/// Runs a query; gives its first row as a `$row`, if there is one.
macro_rules! fetch_optional {
    ($on:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {
        match &mut $on {
            $crate::store::on::On::Sqlite(connection) => sqlx::query_as::<_, $row>($sql)
                $(.bind($crate::store::on::Kept::kept($bind)))*
                .fetch_optional(&mut **connection)
                .await,
            $crate::store::on::On::Postgres(connection) => sqlx::query_as::<_, $row>($sql)
                $(.bind($crate::store::on::Kept::kept($bind)))*
                .fetch_optional(&mut **connection)
                .await,
        }
    };
}

/// Inserts a row for each of a slice by a [`Bulk`](super::bulk::Bulk), a statement for many; what a row binds follows its pattern.
macro_rules! insert_all {
    ($on:expr, $bulk:expr, $rows:expr, |$row:pat_param| $($bind:expr),+ $(,)?) => {
        match &mut $on {
            $crate::store::on::On::Sqlite(connection) => {
                for (sql, part) in $bulk.sqlite($rows) {
                    let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
                    for $row in part {
                        $(query = query.bind($crate::store::on::Kept::kept($bind));)+
                    }
                    query.execute(&mut **connection).await?;
                }
            }
            $crate::store::on::On::Postgres(connection) => {
                let mut columns = $crate::store::bulk::Columns::default();
                for $row in $rows {
                    $(columns.push($crate::store::on::Kept::kept($bind));)+
                    columns.end_row();
                }
                columns.insert(&$bulk, connection).await?;
            }
        }
    };
}

pub(super) use {execute, fetch_all, fetch_filtered, fetch_optional, insert_all};

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_nul_is_replaced_and_what_only_looks_like_one_is_not() {
        assert_eq!("a\0b".kept(), "a\u{fffd}b");
        assert_eq!(Some(&"\0".to_owned()).kept().unwrap(), "\u{fffd}");
        let rows = [json!([1, "a\0\0b", "\\u0000", "\\\0", "\n\"", null])];
        let read: Vec<Value> = serde_json::from_str(&list("list", &rows).unwrap()).unwrap();
        assert_eq!(read, [json!([1, "a\u{fffd}\u{fffd}b", "\\u0000", "\\\u{fffd}", "\n\"", null])]);
    }
}
