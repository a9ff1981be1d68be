//! Reads TOML with the place of every value, so that everything that is wrong can be said at once, each with its line
//! and its mend. Values from the environment are laid over the file's and are named as such.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

/// One thing that is wrong with the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line, where it stands in the file.
    pub line: Option<usize>,
    /// Where: `routes[1].from`, or the environment variable.
    pub place: String,
    /// What is wrong.
    pub what: String,
    /// How to mend it.
    pub mend: String,
}

/// A value with its place.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) value: Value,
}

#[derive(Clone, Debug)]
pub(super) enum Place {
    Line(usize),
    Environment(String),
}

#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(String),
    Integer(i64),
    Boolean(bool),
    List(Vec<Node>),
    Table(BTreeMap<String, Node>),
    Other(&'static str),
}

impl Value {
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Integer(_) => "a number",
            Self::Boolean(_) => "true or false",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
            Self::Other(kind) => kind,
        }
    }
}

/// Parses a file's text; what is wrong with its syntax goes to `problems`, and the rest is read as far as it goes.
pub(super) fn parse(text: &str, problems: &mut Vec<Problem>) -> Node {
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let at = error.span().map(|span| line(text, span.start));
        let named = error.span().and_then(|span| text.get(span));
        problems.push(match (error.message(), named) {
            ("duplicate key", Some(key)) => Problem {
                line: at,
                place: key.to_owned(),
                what: "is given twice".into(),
                mend: "keep one of the two".into(),
            },
            (message, _) => Problem {
                line: at,
                place: "syntax".into(),
                what: message.to_owned(),
                mend: "correct this line; text stands in quotes, as in name = \"value\"".into(),
            },
        });
    }
    let at = line(text, table.span().start);
    Node { place: Place::Line(at), value: Value::Table(members(text, table.into_inner())) }
}

fn line(text: &str, offset: usize) -> usize {
    text.get(..offset).unwrap_or(text).matches('\n').count() + 1
}

fn members(text: &str, table: DeTable<'_>) -> BTreeMap<String, Node> {
    table
        .into_iter()
        .map(|(key, value)| {
            let at = line(text, key.span().start);
            (key.into_inner().into_owned(), node(text, at, value.into_inner()))
        })
        .collect()
}

fn node(text: &str, at: usize, value: DeValue<'_>) -> Node {
    let value = match value {
        DeValue::String(string) => Value::Text(string.into_owned()),
        DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
            .map_or(Value::Other("a huge number"), Value::Integer),
        DeValue::Boolean(boolean) => Value::Boolean(boolean),
        DeValue::Array(list) => Value::List(
            list.into_iter()
                .map(|item| {
                    let at = line(text, item.span().start);
                    node(text, at, item.into_inner())
                })
                .collect(),
        ),
        DeValue::Table(table) => Value::Table(members(text, table)),
        DeValue::Float(_) => Value::Other("a number with decimals"),
        DeValue::Datetime(_) => Value::Other("a date"),
    };
    Node { place: Place::Line(at), value }
}

impl Node {
    /// Lays a value from the environment over the file's: `CROSSDOCK__SERVER__LISTEN` is `server.listen`. Text that is a
    /// TOML value counts as one; anything else is text. `above` names the value itself, and is empty for the whole file.
    pub(super) fn overlay(
        &mut self,
        variable: &str,
        above: &str,
        path: &[String],
        text: &str,
        problems: &mut Vec<Problem>,
    ) {
        let Some((key, rest)) = path.split_first() else { return };
        let place = || Place::Environment(variable.to_owned());
        let Value::Table(members) = &mut self.value else {
            let what = format!("is {}, of which no part can be set alone", self.value.kind());
            let whole = format!("CROSSDOCK__{}", above.replace('.', "__").to_uppercase());
            note(problems, &place(), above, what, format!("set the whole of it, by {whole}"));
            return;
        };
        if rest.is_empty() {
            let value = match DeValue::parse(text) {
                Ok(value) => node(text, 0, value.into_inner()).value,
                Err(_) => Value::Text(text.to_owned()),
            };
            members.insert(key.clone(), Node { place: place(), value });
            return;
        }
        let empty = || Node { place: place(), value: Value::Table(BTreeMap::new()) };
        let below = join(above, key);
        members.entry(key.clone()).or_insert_with(empty).overlay(variable, &below, rest, text, problems);
    }
}

pub(super) fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// The word nearest to a misspelt one, where one is near.
pub(super) fn nearest<'w>(text: &str, words: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    words
        .into_iter()
        .map(|word| (strsim::damerau_levenshtein(text, word), word))
        .min()
        .filter(|(distance, word)| *distance <= 2.max(word.len() / 3))
        .map(|(_, word)| word)
}

pub(super) fn note(
    problems: &mut Vec<Problem>,
    at: &Place,
    path: &str,
    what: impl Into<String>,
    mend: impl Into<String>,
) {
    let (line, place) = match at {
        Place::Line(line) => (Some(*line), path.to_owned()),
        Place::Environment(variable) => (None, format!("{path} (from {variable})")),
    };
    problems.push(Problem { line, place, what: what.into(), mend: mend.into() });
}
