//! A table of the configuration, read key by key. Whatever is asked for is known; what nobody asked for is an error, and
//! so is what is of another kind than was asked for. Reading goes on after each problem.

use std::collections::{BTreeMap, BTreeSet};

use super::reader::{Node, Place, Problem, Value, join, nearest, note};

impl Node {
    fn members(&self) -> Option<&BTreeMap<String, Node>> {
        match &self.value {
            Value::Table(members) => Some(members),
            _ => None,
        }
    }

    fn text_under(&self, key: &str) -> Option<&str> {
        match &self.members()?.get(key)?.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
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

/// Members that have to be texts.
fn texts(members: BTreeMap<String, Node>, path: &str, problems: &mut Vec<Problem>) -> Vec<(String, String)> {
    let mut texts = Vec::new();
    for (name, Node { place, value }) in members {
        match value {
            Value::Text(text) => texts.push((name, text)),
            other => {
                let what = format!("is {}", other.kind());
                note(problems, &place, &format!("{path}.\"{name}\""), what, "make it text in quotes");
            }
        }
    }
    texts
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
        join(&self.path, key)
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
        Some(texts(members, &path, self.problems))
    }

    /// Every member of the section itself, each of which has to be text.
    pub(super) fn all_texts(&mut self) -> Vec<(String, String)> {
        texts(std::mem::take(&mut self.members), &self.path, self.problems)
    }

    /// The members of a table that is still to be read, each with the text that it has under `key`.
    pub(super) fn peek(&self, table: &str, key: &str) -> Vec<(&str, Option<&str>)> {
        let members = self.members.get(table).and_then(Node::members).into_iter().flatten();
        members.map(|(name, node)| (name.as_str(), node.text_under(key))).collect()
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
        let nodes =
            self.read(key, &format!("a list of tables, each under [[{path}]]"), |value| match value {
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
            if nodes.is_empty() {
                note(self.problems, &place, &path, "is an empty list", "list what is in it, or remove it");
            }
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
            let mend = match nearest(key, self.known.iter().copied()) {
                Some(known) => format!("did you mean «{known}»?"),
                None if self.known.is_empty() => "remove it".to_owned(),
                None => {
                    let known: Vec<&str> = self.known.iter().copied().collect();
                    format!("remove it; known here: {}", known.join(", "))
                }
            };
            note(
                self.problems,
                &node.place,
                &join(&self.path, key),
                "is not a key of the configuration",
                mend,
            );
        }
    }
}
