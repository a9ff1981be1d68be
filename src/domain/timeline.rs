//! What changed: the difference of two documents as a short list of paths with before and after.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One value that changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Where, as `document.ship_to.city`.
    pub path: String,
    /// What it was; `null` where it was not there.
    pub before: Value,
    /// What it is; `null` where it is no more.
    pub after: Value,
}

/// Every value that differs, in document order. Objects are compared key by key; arrays whose members have ids, by id;
/// other arrays as a whole.
pub fn changes(before: &Value, after: &Value) -> Vec<Change> {
    let mut found = Vec::new();
    walk(String::new(), before, after, &mut found);
    found
}

fn walk(path: String, before: &Value, after: &Value, found: &mut Vec<Change>) {
    if before == after {
        return;
    }
    match (before, after) {
        (Value::Object(old), Value::Object(new)) => {
            for key in old.keys().chain(new.keys().filter(|key| !old.contains_key(*key))) {
                walk(join(&path, key), part(old.get(key)), part(new.get(key)), found);
            }
        }
        (Value::Array(old), Value::Array(new)) if identified(old) && identified(new) => {
            let member = |list: &[Value], id: &str| list.iter().find(|value| value["id"] == id).cloned();
            let mut ids: Vec<&str> = old.iter().chain(new).filter_map(|value| value["id"].as_str()).collect();
            let mut seen = std::collections::BTreeSet::new();
            ids.retain(|id| seen.insert(*id));
            for id in ids {
                let (old, new) = (member(old, id), member(new, id));
                walk(join(&path, id), part(old.as_ref()), part(new.as_ref()), found);
            }
        }
        _ => found.push(Change { path, before: before.clone(), after: after.clone() }),
    }
}

fn identified(list: &[Value]) -> bool {
    list.iter().all(|value| value["id"].is_string())
}

fn part(value: Option<&Value>) -> &Value {
    value.unwrap_or(&Value::Null)
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_differs_is_listed_with_both_sides() {
        let before = json!({"a": {"city": "Napa", "zip": "94558"}, "lines": [{"id": "1", "n": 2}, {"id": "2", "n": 1}]});
        let after =
            json!({"a": {"city": "Sonoma", "zip": "94558"}, "lines": [{"id": "2", "n": 3}], "note": "hi"});
        let change = |path: &str, before: Value, after: Value| Change { path: path.into(), before, after };
        assert_eq!(
            changes(&before, &after),
            [
                change("a.city", json!("Napa"), json!("Sonoma")),
                change("lines.1", json!({"id": "1", "n": 2}), Value::Null),
                change("lines.2.n", json!(1), json!(3)),
                change("note", Value::Null, json!("hi")),
            ]
        );
    }
}
