//! The vendor's own schema as judge: a document is valid by it, and an answer fits what the document selected.

use std::sync::OnceLock;

use apollo_compiler::executable::{Selection, SelectionSet};
use apollo_compiler::schema::{ExtendedType, Schema, Type};
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Name};
use serde_json::Value;

use crate::support::server::specs;

fn schema() -> Option<&'static Valid<Schema>> {
    static SCHEMA: OnceLock<Option<Valid<Schema>>> = OnceLock::new();
    SCHEMA
        .get_or_init(|| {
            let path = specs("ShipHero's schema")?.join("shiphero/shiphero.graphql");
            let sdl = std::fs::read_to_string(path).unwrap();
            let schema = Schema::parse_and_validate(sdl, "shiphero.graphql");
            Some(schema.unwrap_or_else(|wrong| panic!("{}", wrong.errors)))
        })
        .as_ref()
}

/// Panics where the answer does not fit the document.
pub(super) fn judge(document: &str, answer: &Value) {
    let Some(schema) = schema() else { return };
    let parsed = ExecutableDocument::parse_and_validate(schema, document, "document.graphql")
        .unwrap_or_else(|wrong| panic!("{}", wrong.errors));
    let operation = parsed.operations.iter().next().unwrap();
    let mut wrong = Vec::new();
    set(&Judge { schema, parsed: &parsed }, &operation.selection_set, &answer["data"], "data", &mut wrong);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether the schema refuses a document.
pub(super) fn refuses(document: &str) -> bool {
    schema().is_none_or(|schema| {
        ExecutableDocument::parse_and_validate(schema, document, "document.graphql").is_err()
    })
}

struct Judge<'s> {
    schema: &'s Valid<Schema>,
    parsed: &'s Valid<ExecutableDocument>,
}

fn set(judge: &Judge<'_>, selections: &SelectionSet, value: &Value, at: &str, wrong: &mut Vec<String>) {
    let Value::Object(object) = value else {
        wrong.push(format!("{at} is no object: {value}"));
        return;
    };
    let mut keys = Vec::new();
    fields(judge, selections, &mut keys);
    for (key, of, below) in &keys {
        let at = format!("{at}.{key}");
        match object.get(key.as_str()) {
            None => wrong.push(format!("{at} is missing")),
            Some(value) => typed(judge, of, below, value, &at, wrong),
        }
    }
    for key in object.keys().filter(|key| !keys.iter().any(|(known, ..)| known.as_str() == *key)) {
        wrong.push(format!("{at}.{key} was not asked for"));
    }
}

type Asked<'d> = (Name, Type, &'d SelectionSet);

fn fields<'d>(judge: &Judge<'d>, selections: &'d SelectionSet, found: &mut Vec<Asked<'d>>) {
    for selection in &selections.selections {
        match selection {
            Selection::Field(field) => {
                found.push((field.response_key().clone(), field.ty().clone(), &field.selection_set));
            }
            Selection::InlineFragment(fragment) => fields(judge, &fragment.selection_set, found),
            Selection::FragmentSpread(spread) => {
                let fragment = &judge.parsed.fragments[&spread.fragment_name];
                fields(judge, &fragment.selection_set, found);
            }
        }
    }
}

fn typed(
    judge: &Judge<'_>,
    of: &Type,
    below: &SelectionSet,
    value: &Value,
    at: &str,
    wrong: &mut Vec<String>,
) {
    if value.is_null() {
        if of.is_non_null() {
            wrong.push(format!("{at} of {of} is null"));
        }
        return;
    }
    if of.is_list() {
        let Value::Array(items) = value else {
            wrong.push(format!("{at} of {of} is {value}"));
            return;
        };
        for (index, item) in items.iter().enumerate() {
            typed(judge, of.item_type(), below, item, &format!("{at}[{index}]"), wrong);
        }
        return;
    }
    let name = of.inner_named_type();
    match judge.schema.types.get(name) {
        Some(ExtendedType::Object(_)) => set(judge, below, value, at, wrong),
        _ if !leaf_fits(name, value) => wrong.push(format!("{at} of {of} is {value}")),
        _ => {}
    }
}

fn leaf_fits(name: &str, value: &Value) -> bool {
    match name {
        "String" | "ID" => value.is_string(),
        "Int" => value.as_i64().is_some_and(|n| i32::try_from(n).is_ok()),
        "Boolean" => value.is_boolean(),
        "ISODateTime" => value.as_str().is_some_and(|text| text.parse::<jiff::civil::DateTime>().is_ok()),
        "Decimal" => value.is_string() || value.is_number(),
        _ => true,
    }
}
