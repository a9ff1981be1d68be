//! Reads TOML with the line of every value, so that everything that is wrong can be said at once, each with its place
//! and its mend. Values from the environment are laid over the file's and are named as such.

use std::collections::{BTreeMap, BTreeSet};

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
    place: Place,
    value: Value,
}

#[derive(Clone, Debug)]
enum Place {
    Line(usize),
    Environment(String),
}

#[derive(Clone, Debug)]
enum Value {
    Text(String),
    Integer(i64),
    Boolean(bool),
    List(Vec<Node>),
    Table(BTreeMap<String, Node>),
    Other(&'static str),
}

impl Value {
    const fn kind(&self) -> &'static str {
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
        problems.push(Problem {
            line: error.span().map(|span| line(text, span.start)),
            place: "syntax".into(),
            what: error.message().to_owned(),
            mend: "write it as TOML has it; strings need quotes".into(),
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
    /// TOML value counts as one; anything else is text.
    pub(super) fn overlay(&mut self, variable: &str, path: &[String], text: &str) {
        let Value::Table(members) = &mut self.value else { return };
        let Some((key, rest)) = path.split_first() else { return };
        let place = || Place::Environment(variable.to_owned());
        if rest.is_empty() {
            let value = match DeValue::parse(text) {
                Ok(value) => node(text, 0, value.into_inner()).value,
                Err(_) => Value::Text(text.to_owned()),
            };
            members.insert(key.clone(), Node { place: place(), value });
            return;
        }
        let empty = || Node { place: place(), value: Value::Table(BTreeMap::new()) };
        members.entry(key.clone()).or_insert_with(empty).overlay(variable, rest, text);
    }

    /// The value as a table to be read key by key.
    pub(super) fn section<'p>(self, path: &str, problems: &'p mut Vec<Problem>) -> Section<'p> {
        let (at, members) = match self {
            Node { place, value: Value::Table(members) } => (place, members),
            Node { place, value } => {
                let kind = value.kind();
                note(problems, &place, path, format!("is {kind}"), "make it a table");
                (place, BTreeMap::new())
            }
        };
        Section {
            path: path.to_owned(),
            at,
            members,
            known: BTreeSet::new(),
            places: BTreeMap::new(),
            problems,
        }
    }
}

fn note(
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

/// A table being read. Every key asked for is known; [`Section::finish`] complains about the others.
pub(super) struct Section<'p> {
    path: String,
    at: Place,
    members: BTreeMap<String, Node>,
    known: BTreeSet<&'static str>,
    /// Where the keys read so far stand.
    places: BTreeMap<&'static str, Place>,
    problems: &'p mut Vec<Problem>,
}

impl Section<'_> {
    fn join(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn take(&mut self, key: &'static str) -> Option<Node> {
        self.known.insert(key);
        let node = self.members.remove(key)?;
        self.places.insert(key, node.place.clone());
        Some(node)
    }

    /// Says that something is wrong with the section as a whole.
    pub(super) fn wrong(&mut self, what: impl Into<String>, mend: impl Into<String>) {
        note(self.problems, &self.at, &self.path, what, mend);
    }

    /// Says that something is wrong with the value of a key that was read.
    pub(super) fn wrong_at(&mut self, key: &'static str, what: impl Into<String>, mend: impl Into<String>) {
        let path = self.join(key);
        let at = self.places.get(key).cloned().unwrap_or_else(|| self.at.clone());
        note(self.problems, &at, &path, what, mend);
    }

    /// Whether a key was there, read since or not.
    pub(super) fn was_given(&self, key: &str) -> bool {
        self.members.contains_key(key) || self.places.contains_key(key)
    }

    /// Reads a key with `read`, which says what it expected where it is something else.
    fn read<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        read: impl FnOnce(Value) -> Result<T, Value>,
    ) -> Option<T> {
        let Node { place, value } = self.take(key)?;
        match read(value) {
            Ok(value) => Some(value),
            Err(value) => {
                let path = self.join(key);
                note(
                    self.problems,
                    &place,
                    &path,
                    format!("is {}", value.kind()),
                    format!("make it {expected}"),
                );
                None
            }
        }
    }

    /// Reads text and turns it into what it stands for; `turn` says what is wrong and how to mend it.
    pub(super) fn parsed<T>(
        &mut self,
        key: &'static str,
        turn: impl FnOnce(&str) -> Result<T, (String, String)>,
    ) -> Option<T> {
        self.known.insert(key);
        let place = self.members.get(key).map(|node| node.place.clone())?;
        let text = self.text(key)?;
        match turn(&text) {
            Ok(value) => Some(value),
            Err((what, mend)) => {
                let path = self.join(key);
                note(self.problems, &place, &path, what, mend);
                None
            }
        }
    }

    /// Text.
    pub(super) fn text(&mut self, key: &'static str) -> Option<String> {
        self.read(key, "text in quotes", |value| match value {
            Value::Text(text) => Ok(text),
            other => Err(other),
        })
    }

    /// Text that must be there.
    pub(super) fn needed_text(&mut self, key: &'static str, mend: &str) -> Option<String> {
        if self.members.contains_key(key) {
            return self.text(key);
        }
        self.known.insert(key);
        self.missing(key, mend);
        None
    }

    /// Says that a key must be there.
    pub(super) fn missing(&mut self, key: &'static str, mend: &str) {
        let path = self.join(key);
        note(self.problems, &self.at, &path, "is missing", mend);
    }

    /// Whether a key is there.
    pub(super) fn has(&self, key: &str) -> bool {
        self.members.contains_key(key)
    }

    /// A whole number within bounds.
    pub(super) fn integer(
        &mut self,
        key: &'static str,
        bounds: std::ops::RangeInclusive<i64>,
    ) -> Option<i64> {
        self.known.insert(key);
        let place = self.members.get(key).map(|node| node.place.clone())?;
        let number = self.read(key, "a whole number", |value| match value {
            Value::Integer(number) => Ok(number),
            other => Err(other),
        })?;
        if bounds.contains(&number) {
            return Some(number);
        }
        let path = self.join(key);
        let mend = format!("choose between {} and {}", bounds.start(), bounds.end());
        note(self.problems, &place, &path, format!("{number} is out of bounds"), mend);
        None
    }

    /// True or false.
    pub(super) fn boolean(&mut self, key: &'static str) -> Option<bool> {
        self.read(key, "true or false", |value| match value {
            Value::Boolean(boolean) => Ok(boolean),
            other => Err(other),
        })
    }

    /// A list of texts.
    pub(super) fn texts(&mut self, key: &'static str) -> Option<Vec<String>> {
        let nodes = self.read(key, "a list of texts in brackets", |value| match value {
            Value::List(nodes) => Ok(nodes),
            other => Err(other),
        })?;
        let path = self.join(key);
        let mut texts = Vec::new();
        for Node { place, value } in nodes {
            match value {
                Value::Text(text) => texts.push(text),
                other => note(
                    self.problems,
                    &place,
                    &path,
                    format!("holds {}", other.kind()),
                    "put text in quotes",
                ),
            }
        }
        Some(texts)
    }

    /// A table of texts.
    pub(super) fn text_map(&mut self, key: &'static str) -> Option<Vec<(String, String)>> {
        let members = self.table(key)?;
        let path = self.join(key);
        let mut texts = Vec::new();
        for (name, Node { place, value }) in members {
            match value {
                Value::Text(text) => texts.push((name, text)),
                other => {
                    let what = format!("is {}", other.kind());
                    note(
                        self.problems,
                        &place,
                        &format!("{path}.\"{name}\""),
                        what,
                        "make it text in quotes",
                    );
                }
            }
        }
        Some(texts)
    }

    fn table(&mut self, key: &'static str) -> Option<BTreeMap<String, Node>> {
        self.read(key, "a table", |value| match value {
            Value::Table(members) => Ok(members),
            other => Err(other),
        })
    }

    /// Each member of a table, with its name, to be read as a section.
    pub(super) fn each(&mut self, key: &'static str, mut read: impl FnMut(&str, Section<'_>)) {
        let path = self.join(key);
        for (name, node) in self.table(key).unwrap_or_default() {
            read(&name, node.section(&format!("{path}.{name}"), self.problems));
        }
    }

    /// Each member of a list of tables, to be read as a section.
    pub(super) fn each_of_list(&mut self, key: &'static str, mut read: impl FnMut(usize, Section<'_>)) {
        let path = self.join(key);
        let nodes = self.read(key, "a list of tables", |value| match value {
            Value::List(nodes) => Ok(nodes),
            other => Err(other),
        });
        for (at, node) in nodes.into_iter().flatten().enumerate() {
            read(at, node.section(&format!("{path}[{at}]"), self.problems));
        }
    }

    /// Each member of a table whose members are lists of tables.
    pub(super) fn each_list(&mut self, key: &'static str, mut read: impl FnMut(&str, Section<'_>)) {
        let path = self.join(key);
        for (name, Node { place, value }) in self.table(key).unwrap_or_default() {
            let path = format!("{path}.\"{name}\"");
            let Value::List(nodes) = value else {
                note(
                    self.problems,
                    &place,
                    &path,
                    format!("is {}", value.kind()),
                    "make it a list of tables",
                );
                continue;
            };
            for (at, node) in nodes.into_iter().enumerate() {
                read(&name, node.section(&format!("{path}[{at}]"), self.problems));
            }
        }
    }

    /// A sub-table, to be read as a section; absent, an empty one.
    pub(super) fn sub<T>(&mut self, key: &'static str, read: impl FnOnce(Section<'_>) -> T) -> T {
        let path = self.join(key);
        let at = self.at.clone();
        let node = self.take(key).unwrap_or(Node { place: at, value: Value::Table(BTreeMap::new()) });
        read(node.section(&path, self.problems))
    }

    /// Complains about every key that nobody asked for.
    pub(super) fn finish(self) {
        for (key, node) in &self.members {
            let near = self
                .known
                .iter()
                .map(|known| (strsim::damerau_levenshtein(key, known), known))
                .min()
                .filter(|(distance, known)| *distance <= 2.max(known.len() / 3));
            let mend = match near {
                Some((_, known)) => format!("did you mean «{known}»?"),
                None if self.known.is_empty() => "remove it".to_owned(),
                None => {
                    let known: Vec<&str> = self.known.iter().copied().collect();
                    format!("remove it; known here: {}", known.join(", "))
                }
            };
            let path = if self.path.is_empty() { key.clone() } else { format!("{}.{key}", self.path) };
            note(self.problems, &node.place, &path, "is not a key of the configuration", mend);
        }
    }
}
