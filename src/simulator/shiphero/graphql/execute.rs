//! From a plan and an object to the answer, and what it costs.
//!
//! A page of nodes costs a credit for each node and for whatever each node's own pages hold. What a document may cost
//! is told as `complexity`; what is charged is what was given back. The vendor publishes no formula; only that nested
//! pages multiply, that a page without `first` holds a hundred, and that ten is what a plain mutation costs.

use std::cell::Cell;
use std::cmp::Ordering;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value, json};

use super::super::state::State;
use super::super::view::{Eyes, follow};
use super::check::{Selected, Wanted};

/// How many nodes a page has if nobody says.
const PAGE: usize = 100;
/// What a cursor is before it is encoded, less the number.
const CURSOR: &str = "arrayconnection:";

/// What a document may cost below one field.
pub(super) fn estimate(selected: &Selected) -> u32 {
    selected.fields.iter().fold(0, |sum, wanted| sum.saturating_add(of_field(wanted)))
}

fn of_field(wanted: &Wanted) -> u32 {
    let Some(below) = &wanted.below else { return 0 };
    let inside = estimate(below);
    if !wanted.is_connection() {
        return inside;
    }
    let count = wanted.count("first").or_else(|| wanted.count("last")).unwrap_or(PAGE);
    u32::try_from(count).unwrap_or(u32::MAX).saturating_mul(inside.saturating_add(1))
}

/// Reads what is asked for.
pub(super) struct Reader<'s> {
    pub(super) state: &'s State,
    pub(super) eyes: Eyes,
    /// Nodes given back so far.
    pub(super) nodes: Cell<u32>,
}

impl Reader<'_> {
    /// The fields that are asked for, of this object.
    pub(super) fn object(&self, selected: &Selected, object: &Value) -> Value {
        if object.is_null() {
            return Value::Null;
        }
        let followed = follow(self.state, self.eyes, object);
        let object = followed.as_ref().unwrap_or(object);
        if object.is_null() {
            return Value::Null;
        }
        let mut read = Map::new();
        for wanted in &selected.fields {
            let value = match wanted.field {
                None => selected.of.name.into(),
                Some(field) => self.field(wanted, object.get(field.name).unwrap_or(&Value::Null)),
            };
            read.insert(wanted.key.clone(), value);
        }
        Value::Object(read)
    }

    fn field(&self, wanted: &Wanted, value: &Value) -> Value {
        match (&wanted.below, value) {
            (None, value) => value.clone(),
            (Some(below), Value::Array(nodes)) if wanted.is_connection() => self.page(wanted, below, nodes),
            (Some(below), Value::Array(items)) if wanted.is_list() => {
                items.iter().map(|item| self.object(below, item)).collect()
            }
            (Some(below), value) => self.object(below, value),
        }
    }

    fn page(&self, wanted: &Wanted, below: &Selected, nodes: &[Value]) -> Value {
        let sorted;
        let nodes = match wanted.text("sort") {
            Some(sort) if !sort.is_empty() => {
                sorted = self.sorted(nodes, sort);
                sorted.as_slice()
            }
            _ => nodes,
        };
        let total = nodes.len();
        let (mut from, mut to) = (0, total);
        if let Some(after) = wanted.text("after").and_then(place) {
            from = (after + 1).min(total);
        }
        if let Some(before) = wanted.text("before").and_then(place) {
            to = before.min(total);
        }
        to = to.max(from);
        match (wanted.count("first"), wanted.count("last")) {
            (None, Some(last)) => from = from.max(to.saturating_sub(last)),
            (first, _) => to = to.min(from.saturating_add(first.unwrap_or(PAGE))),
        }
        let page = &nodes[from..to];
        self.nodes.set(self.nodes.get().saturating_add(u32::try_from(page.len()).unwrap_or(u32::MAX)));
        let edges: Vec<Value> = page
            .iter()
            .enumerate()
            .map(|(at, node)| json!({ "node": node, "cursor": cursor(from + at) }))
            .collect();
        let connection = json!({
            "pageInfo": {
                "hasNextPage": to < total,
                "hasPreviousPage": from > 0,
                "startCursor": (!page.is_empty()).then(|| cursor(from)),
                "endCursor": (!page.is_empty()).then(|| cursor(to - 1)),
            },
            "edges": edges,
            "total_count": total,
        });
        self.object(below, &connection)
    }

    fn sorted(&self, nodes: &[Value], sort: &str) -> Vec<Value> {
        let (name, backwards) = match sort.strip_prefix('-') {
            Some(name) => (name, true),
            None => (sort, false),
        };
        let mut nodes: Vec<Value> = nodes
            .iter()
            .map(|node| follow(self.state, self.eyes, node).unwrap_or_else(|| node.clone()))
            .collect();
        nodes.sort_by(|one, other| {
            let order = compare(&one[name], &other[name]);
            if backwards { order.reverse() } else { order }
        });
        nodes
    }
}

fn compare(one: &Value, other: &Value) -> Ordering {
    match (one.as_i64(), other.as_i64()) {
        (Some(one), Some(other)) => one.cmp(&other),
        _ => one.as_str().unwrap_or_default().cmp(other.as_str().unwrap_or_default()),
    }
}

fn cursor(at: usize) -> String {
    BASE64.encode(format!("{CURSOR}{at}"))
}

fn place(cursor: &str) -> Option<usize> {
    let text = String::from_utf8(BASE64.decode(cursor).ok()?).ok()?;
    text.strip_prefix(CURSOR)?.parse().ok()
}
