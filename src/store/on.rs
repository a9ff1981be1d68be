//! One connection of whichever engine, and the macros that run one SQL text on it.
//!
//! The text and its bindings are written once; each engine's arm is stamped out by the macro, so the types of the
//! bindings are checked against each engine. The few texts that differ stand in each engine's [`Dialect`].

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
    /// channel, order and how often it was touched.
    pub(super) claim: &'static str,
    /// How often orders were touched on which these leases hold: a list of (channel, order, token); gives the place in the
    /// list and the count. Nobody else touches them before the transaction ends.
    pub(super) held: &'static str,
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

/// Runs a statement; gives the number of rows it touched.
macro_rules! execute {
    ($on:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        match &mut $on {
            $crate::store::on::On::Sqlite(connection) => sqlx::query($sql)
                $(.bind($bind))*
                .execute(&mut **connection)
                .await
                .map(|done| done.rows_affected()),
            $crate::store::on::On::Postgres(connection) => sqlx::query($sql)
                $(.bind($bind))*
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
                $(.bind($bind))*
                .fetch_all(&mut **connection)
                .await,
            $crate::store::on::On::Postgres(connection) => sqlx::query_as::<_, $row>($sql)
                $(.bind($bind))*
                .fetch_all(&mut **connection)
                .await,
        }
    };
}

/// Runs a query; gives its first row as a `$row`, if there is one.
macro_rules! fetch_optional {
    ($on:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {
        match &mut $on {
            $crate::store::on::On::Sqlite(connection) => sqlx::query_as::<_, $row>($sql)
                $(.bind($bind))*
                .fetch_optional(&mut **connection)
                .await,
            $crate::store::on::On::Postgres(connection) => sqlx::query_as::<_, $row>($sql)
                $(.bind($bind))*
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
                        $(query = query.bind($bind);)+
                    }
                    query.execute(&mut **connection).await?;
                }
            }
            $crate::store::on::On::Postgres(connection) => {
                for (sql, part) in $bulk.postgres($rows) {
                    let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
                    for $row in part {
                        $(query = query.bind($bind);)+
                    }
                    query.execute(&mut **connection).await?;
                }
            }
        }
    };
}

pub(super) use {execute, fetch_all, fetch_optional, insert_all};
