//! One connection of whichever engine, and the macros that run one SQL text on it.
//!
//! The text and its bindings are written once; each engine's arm is stamped out by the macro, so the types of the
//! bindings are checked against each engine.

/// A connection, in a transaction where one is open.
pub(super) enum On<'c> {
    /// SQLite.
    Sqlite(&'c mut sqlx::SqliteConnection),
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
        }
    };
}

pub(super) use {execute, fetch_all, fetch_optional};
