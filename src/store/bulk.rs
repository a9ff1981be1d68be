//! One insert statement for many rows, so that few are sent. Each statement is a trip to another thread or process and back,
//! which costs more than what it does.
//!
//! SQLite takes them in few sizes, so that few statements are prepared; PostgreSQL takes a list for each column, of any length.

use std::borrow::Cow;

use sqlx::PgConnection;

/// Rows of one statement of SQLite's.
const SIZES: [usize; 7] = [64, 32, 16, 8, 4, 2, 1];

/// An insert of many rows, for each engine.
pub(super) struct Bulk {
    sqlite: [String; SIZES.len()],
    postgres: String,
}

impl Bulk {
    /// Of a statement that inserts one row. Each row binds its values in the order in which they stand there.
    pub(super) fn of(sql: &str) -> Self {
        let (head, rest) = sql.split_once("VALUES (").unwrap_or((sql, ""));
        let (row, tail) = rest.split_once(')').unwrap_or((rest, ""));
        let values: Vec<&str> = row.split(',').map(str::trim).collect();
        let bound = values.iter().filter(|value| value.contains('$')).count();
        let row = |mark: &dyn Fn(usize) -> String| {
            let mut marks = 0;
            let row = values.iter().map(|value| {
                if !value.contains('$') {
                    return (*value).to_owned();
                }
                marks += 1;
                mark(marks)
            });
            row.collect::<Vec<_>>().join(", ")
        };
        // Numbered ones would be looked for one by one.
        let marks = format!("({})", row(&|_| "?".to_owned()));
        let each = |sign: &str| (1..=bound).map(|at| format!("{sign}{at}")).collect::<Vec<_>>().join(", ");
        Self {
            sqlite: SIZES
                .map(|rows| format!("{head} VALUES {} {tail}", vec![marks.as_str(); rows].join(", "))),
            postgres: format!(
                "{head} SELECT {} FROM unnest({}) AS row ({}) {tail}",
                row(&|at| format!("row.c{at}")),
                each("$"),
                each("c"),
            ),
        }
    }

    /// Cuts rows into what one statement of SQLite takes.
    pub(super) fn sqlite<'r, T>(&'static self, mut rows: &'r [T]) -> Vec<(&'static str, &'r [T])> {
        let mut cut = Vec::new();
        while !rows.is_empty() {
            let at = SIZES.iter().position(|size| *size <= rows.len()).unwrap_or(SIZES.len() - 1);
            let (part, rest) = rows.split_at(SIZES[at].min(rows.len()));
            cut.push((self.sqlite[at].as_str(), part));
            rows = rest;
        }
        cut
    }

    /// Its texts for SQLite and for PostgreSQL.
    #[cfg(test)]
    pub(super) fn texts(&self) -> (&[String], &str) {
        (&self.sqlite, &self.postgres)
    }
}

/// What one row has in one column.
pub(super) enum Cell<'r> {
    Number(Option<i64>),
    Text(Option<Cow<'r, str>>),
    Bytes(Option<&'r [u8]>),
}

macro_rules! cell {
    ($($from:ty => $kind:ident by $how:expr),+ $(,)?) => {
        $(impl<'r> From<$from> for Cell<'r> {
            fn from(value: $from) -> Self {
                Self::$kind($how(value))
            }
        })+
    };
}

cell! {
    i64 => Number by Some,
    Option<i64> => Number by std::convert::identity,
    Cow<'r, str> => Text by Some,
    Option<Cow<'r, str>> => Text by std::convert::identity,
    &'r [u8] => Bytes by Some,
    Option<&'r [u8]> => Bytes by std::convert::identity,
}

/// One column of all rows.
enum Column<'r> {
    Numbers(Vec<Option<i64>>),
    Texts(Vec<Option<Cow<'r, str>>>),
    Bytes(Vec<Option<&'r [u8]>>),
}

/// Rows for PostgreSQL, column by column.
#[derive(Default)]
pub(super) struct Columns<'r> {
    columns: Vec<Column<'r>>,
    at: usize,
}

impl<'r> Columns<'r> {
    /// What the present row has in the next column.
    pub(super) fn push(&mut self, cell: impl Into<Cell<'r>>) {
        let cell = cell.into();
        if self.at == self.columns.len() {
            self.columns.push(match cell {
                Cell::Number(_) => Column::Numbers(Vec::new()),
                Cell::Text(_) => Column::Texts(Vec::new()),
                Cell::Bytes(_) => Column::Bytes(Vec::new()),
            });
        }
        match (self.columns.get_mut(self.at), cell) {
            (Some(Column::Numbers(column)), Cell::Number(value)) => column.push(value),
            (Some(Column::Texts(column)), Cell::Text(value)) => column.push(value),
            (Some(Column::Bytes(column)), Cell::Bytes(value)) => column.push(value),
            // One expression gives all of a column, so they are of one kind.
            _ => {}
        }
        self.at += 1;
    }

    /// The next that is pushed is of the next row.
    pub(super) const fn end_row(&mut self) {
        self.at = 0;
    }

    /// Inserts all rows, if there are any.
    pub(super) async fn insert(self, bulk: &'static Bulk, connection: &mut PgConnection) -> sqlx::Result<()> {
        if self.columns.is_empty() {
            return Ok(());
        }
        let mut query = sqlx::query(bulk.postgres.as_str());
        for column in self.columns {
            query = match column {
                Column::Numbers(column) => query.bind(column),
                Column::Texts(column) => query.bind(column),
                Column::Bytes(column) => query.bind(column),
            };
        }
        query.execute(connection).await?;
        Ok(())
    }
}
