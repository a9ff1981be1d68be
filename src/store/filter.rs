//! Lists that are asked for by any of several conditions: one text for each set of them.
//!
//! A text with every condition in it, switched off where it is not asked, is planned for all cases at once and reads whole
//! tables. Only texts of this program are put together here; every value is bound.

/// A value that is bound.
#[derive(Clone, Debug)]
pub(super) enum Bound {
    Number(i64),
    Text(String),
}

impl From<i64> for Bound {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<String> for Bound {
    fn from(text: String) -> Self {
        Self::Text(super::on::Kept::kept(text))
    }
}

impl From<&str> for Bound {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

/// A list with the conditions that it was asked for.
#[derive(Debug)]
pub(super) struct Filter {
    pub(super) sql: String,
    pub(super) bound: Vec<Bound>,
}

impl Filter {
    /// The whole of a list: `SELECT … FROM …`.
    pub(super) fn of(select: &str) -> Self {
        Self { sql: format!("{select} WHERE TRUE"), bound: Vec::new() }
    }

    /// The same with a value in it, its `$1`.
    pub(super) fn by(select: &str, value: impl Into<Bound>) -> Self {
        Self { bound: vec![value.into()], ..Self::of(select) }
    }

    /// Only where this holds of values: its `$1`, `$2` …, nine at the most.
    pub(super) fn and(mut self, condition: &str, values: Vec<Bound>) -> Self {
        let before = self.bound.len();
        let mut condition = condition.to_owned();
        // From the last, so that none is numbered twice.
        for number in (1..=values.len()).rev() {
            condition = condition.replace(&format!("${number}"), &format!("${}", before + number));
        }
        self.bound.extend(values);
        self.sql.push_str(" AND ");
        self.sql.push_str(&condition);
        self
    }

    /// The same of one value; everything where there is none.
    pub(super) fn when(self, condition: &str, value: Option<impl Into<Bound>>) -> Self {
        match value {
            Some(value) => self.and(condition, vec![value.into()]),
            None => self,
        }
    }

    /// The first so many in this order.
    pub(super) fn first(mut self, order: &str, limit: i64) -> Self {
        self.bound.push(limit.into());
        self.sql = format!("{} ORDER BY {order} LIMIT ${}", self.sql, self.bound.len());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_asked_for_is_in_the_text_and_every_value_is_bound() {
        let filter = Filter::of("SELECT a FROM t")
            .when("a = $1", None::<i64>)
            .when("b IN ($1, '#' || $1)", Some("x' OR '1"))
            .and("(c, d) < ($1, $2)", vec![7.into(), "y\0".into()])
            .and("e IS NULL", Vec::new())
            .first("c DESC", 5);
        assert_eq!(
            filter.sql,
            "SELECT a FROM t WHERE TRUE AND b IN ($1, '#' || $1) AND (c, d) < ($2, $3) AND e IS NULL ORDER BY c DESC LIMIT $4"
        );
        let [Bound::Text(b), Bound::Number(7), Bound::Text(d), Bound::Number(5)] = &filter.bound[..] else {
            panic!("{:?}", filter.bound);
        };
        assert_eq!((b.as_str(), d.as_str()), ("x' OR '1", "y\u{fffd}"));
    }
}
