//! One insert statement for many rows, in few sizes, so that few statements are prepared. Each statement is a trip to
//! another thread and back, which costs more than what it does.

/// Rows of one statement.
const SIZES: [usize; 7] = [64, 32, 16, 8, 4, 2, 1];

/// An insert in each of the sizes.
pub(in crate::store) struct Bulk([String; SIZES.len()]);

impl Bulk {
    /// Of a statement that inserts one row. Each row binds its values in the order in which they stand there.
    pub(in crate::store) fn of(sql: &str) -> Self {
        let (head, rest) = sql.split_once("VALUES (").unwrap_or((sql, ""));
        let (row, tail) = rest.split_once(')').unwrap_or((rest, ""));
        // Numbered ones would be looked for one by one.
        let row = row.split(',').map(|value| if value.contains('$') { "?" } else { value });
        let row = format!("({})", row.collect::<Vec<_>>().join(", "));
        Self(SIZES.map(|rows| format!("{head} VALUES {} {tail}", vec![row.as_str(); rows].join(", "))))
    }

    /// Cuts rows into what one statement takes.
    pub(in crate::store) fn cut<'r, T>(&'static self, mut rows: &'r [T]) -> Vec<(&'static str, &'r [T])> {
        let mut cut = Vec::new();
        while !rows.is_empty() {
            let at = SIZES.iter().position(|size| *size <= rows.len()).unwrap_or(SIZES.len() - 1);
            let (part, rest) = rows.split_at(SIZES[at].min(rows.len()));
            cut.push((self.0[at].as_str(), part));
            rows = rest;
        }
        cut
    }
}
