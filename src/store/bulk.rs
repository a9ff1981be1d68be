//! One insert statement for many rows, in few sizes, so that few statements are prepared. Each statement is a trip to
//! another thread or process and back, which costs more than what it does.

/// Rows of one statement.
const SIZES: [usize; 7] = [64, 32, 16, 8, 4, 2, 1];

type Texts = [String; SIZES.len()];

/// An insert in each of the sizes, for each engine.
pub(super) struct Bulk {
    sqlite: Texts,
    postgres: Texts,
}

impl Bulk {
    /// Of a statement that inserts one row. Each row binds its values in the order in which they stand there.
    pub(super) fn of(sql: &str) -> Self {
        let (head, rest) = sql.split_once("VALUES (").unwrap_or((sql, ""));
        let (row, tail) = rest.split_once(')').unwrap_or((rest, ""));
        let values: Vec<&str> = row.split(',').map(str::trim).collect();
        let bound = values.iter().filter(|value| value.contains('$')).count();
        let text = |rows: usize, mark: &dyn Fn(usize) -> String| {
            let row = |at: usize| {
                let mut marks = at * bound;
                let row = values.iter().map(|value| {
                    if !value.contains('$') {
                        return (*value).to_owned();
                    }
                    marks += 1;
                    mark(marks)
                });
                format!("({})", row.collect::<Vec<_>>().join(", "))
            };
            format!("{head} VALUES {} {tail}", (0..rows).map(row).collect::<Vec<_>>().join(", "))
        };
        Self {
            // Numbered ones would be looked for one by one.
            sqlite: SIZES.map(|rows| text(rows, &|_| "?".to_owned())),
            postgres: SIZES.map(|rows| text(rows, &|number| format!("${number}"))),
        }
    }

    /// Cuts rows into what one statement of SQLite takes.
    pub(super) fn sqlite<'r, T>(&'static self, rows: &'r [T]) -> Vec<(&'static str, &'r [T])> {
        cut(&self.sqlite, rows)
    }

    /// Its texts for SQLite and for PostgreSQL.
    #[cfg(test)]
    pub(super) fn texts(&self) -> (&[String], &[String]) {
        (&self.sqlite, &self.postgres)
    }

    /// The same for PostgreSQL.
    pub(super) fn postgres<'r, T>(&'static self, rows: &'r [T]) -> Vec<(&'static str, &'r [T])> {
        cut(&self.postgres, rows)
    }
}

fn cut<'r, T>(texts: &'static Texts, mut rows: &'r [T]) -> Vec<(&'static str, &'r [T])> {
    let mut cut = Vec::new();
    while !rows.is_empty() {
        let at = SIZES.iter().position(|size| *size <= rows.len()).unwrap_or(SIZES.len() - 1);
        let (part, rest) = rows.split_at(SIZES[at].min(rows.len()));
        cut.push((texts[at].as_str(), part));
        rows = rest;
    }
    cut
}
