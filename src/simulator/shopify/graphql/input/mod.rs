//! What arguments may hold: a value checked against its declared type, with the problems as Shopify words them.
//!
//! Input objects and enums are tables beside this file. Scalars are checked as far as they are used; a type that is
//! not known here takes anything.

pub(super) mod tables;
pub(super) mod variables;

use async_graphql_parser::types::{BaseType, Type as Declared};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::types::root::parse_gid;

/// What is wrong with a value.
pub(super) struct Problem {
    /// Where in the value.
    pub(super) path: Vec<Value>,
    pub(super) explanation: String,
    pub(super) kind: Kind,
}

/// The sort of problem, which decides how it is told of a value written in the document.
pub(super) enum Kind {
    /// The input object has no such field.
    Undefined { on: &'static str, name: String },
    /// The input object lacks a required field of this type.
    Missing { on: &'static str, name: &'static str, of: &'static str },
    /// A global id that is none.
    Id,
    /// The value does not fit, or that of this field of an input object in it.
    Unfit(Option<Within>),
}

/// A field of an input object: the object's type, its own name and type.
pub(super) type Within = (&'static str, &'static str, &'static str);

impl Problem {
    /// As `extensions.problems` has it.
    pub(super) fn told(&self) -> Value {
        match self.kind {
            Kind::Id => {
                json!({ "path": self.path, "explanation": self.explanation, "message": self.explanation })
            }
            _ => json!({ "path": self.path, "explanation": self.explanation }),
        }
    }

    /// Its place, dotted; empty if it is the value itself.
    pub(super) fn place(&self) -> String {
        let parts: Vec<String> = self
            .path
            .iter()
            .map(|part| part.as_str().map_or_else(|| part.to_string(), str::to_owned))
            .collect();
        parts.join(".")
    }
}

/// What is wrong with a value.
pub(super) fn check(of: &Declared, value: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    walk(of, value, None, &mut Vec::new(), &mut problems);
    problems
}

fn walk(
    of: &Declared,
    value: &Value,
    within: Option<Within>,
    path: &mut Vec<Value>,
    problems: &mut Vec<Problem>,
) {
    if value.is_null() {
        if !of.nullable {
            let explanation = "Expected value to not be null".to_owned();
            problems.push(Problem { path: path.clone(), explanation, kind: Kind::Unfit(within) });
        }
        return;
    }
    match &of.base {
        BaseType::List(inner) => {
            let one = [value.clone()];
            let items = value.as_array().map_or(one.as_slice(), Vec::as_slice);
            for (at, item) in items.iter().enumerate() {
                path.push(at.into());
                walk(inner, item, within, path, problems);
                path.pop();
            }
        }
        BaseType::Named(name) => named(name.as_str(), value, within, path, problems),
    }
}

fn named(
    name: &str,
    value: &Value,
    within: Option<Within>,
    path: &mut Vec<Value>,
    problems: &mut Vec<Problem>,
) {
    let mut problem =
        |explanation: String, kind: Kind| problems.push(Problem { path: path.clone(), explanation, kind });
    if let Some(input) = tables::input(name) {
        let Some(given) = value.as_object() else {
            return problem(format!("Expected {value} to be a key-value object."), Kind::Unfit(within));
        };
        return object(input, given, path, problems);
    }
    if let Some(values) = tables::values(name) {
        if !value.as_str().is_some_and(|value| values.contains(&value)) {
            problem(format!("Expected {value} to be one of: {}", values.join(", ")), Kind::Unfit(within));
        }
        return;
    }
    let text = value.as_str();
    let fits = match name {
        "Int" => value.as_i64().is_some_and(|n| i32::try_from(n).is_ok()),
        "Float" => value.is_number(),
        "Boolean" => value.is_boolean(),
        "String" => text.is_some(),
        "DateTime" => text.is_some_and(|text| text.parse::<Timestamp>().is_ok()),
        "URL" => text.is_some_and(|text| text.parse::<http::Uri>().is_ok_and(|uri| uri.scheme().is_some())),
        "CountryCode" => {
            text.is_some_and(|text| text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase()))
        }
        "ID" => text.is_some() || value.is_i64(),
        _ => true,
    };
    if !fits {
        problem(format!("Could not coerce value {value} to {name}"), Kind::Unfit(within));
    } else if name == "ID"
        && let Some(text) = text
        && parse_gid(text).is_none()
    {
        problem(format!("Invalid global id '{text}'"), Kind::Id);
    }
}

/// Unknown fields first, then those the object has, as the real API lists them.
fn object(
    input: &'static tables::Input,
    given: &serde_json::Map<String, Value>,
    path: &mut Vec<Value>,
    problems: &mut Vec<Problem>,
) {
    for name in given.keys().filter(|name| !input.fields.iter().any(|(field, _)| field == name)) {
        path.push(name.as_str().into());
        let explanation = format!("Field is not defined on {}", input.name);
        let kind = Kind::Undefined { on: input.name, name: name.clone() };
        problems.push(Problem { path: path.clone(), explanation, kind });
        path.pop();
    }
    for (name, of) in input.fields {
        path.push((*name).into());
        match given.get(*name) {
            Some(value) => {
                if let Some(declared) = Declared::new(of) {
                    walk(&declared, value, Some((input.name, name, of)), path, problems);
                }
            }
            None if of.ends_with('!') => {
                let explanation = "Expected value to not be null".to_owned();
                let kind = Kind::Missing { on: input.name, name, of };
                problems.push(Problem { path: path.clone(), explanation, kind });
            }
            None => {}
        }
        path.pop();
    }
}
