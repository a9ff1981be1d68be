//! The variables of an operation: defaults filled in, values checked against their declared types.
//!
//! Checked as far as scalars go; input objects are the business of whoever reads them.

use std::collections::HashSet;

use async_graphql_parser::types::{
    BaseType, Directive, ExecutableDocument, OperationDefinition, Selection, SelectionSet, Type as VarType,
};
use async_graphql_parser::{Pos, Positioned};
use serde_json::{Map, Value, json};

use super::types::root::parse_gid;

/// The values of an operation's variables.
pub(super) struct Variables {
    pub(super) values: Map<String, Value>,
    declared: HashSet<String>,
}

impl Variables {
    /// Fills in defaults and checks; the errors are those of the answer.
    pub(super) fn read(
        operation: &OperationDefinition,
        given: &Map<String, Value>,
    ) -> Result<Self, Vec<Value>> {
        let mut values = Map::new();
        let mut declared = HashSet::new();
        let mut errors = Vec::new();
        for definition in &operation.variable_definitions {
            let name = definition.node.name.node.as_str().to_owned();
            let of = &definition.node.var_type.node;
            let default = || {
                let default = definition.node.default_value.as_ref()?;
                default.node.clone().into_json().ok()
            };
            let value = given.get(&name).cloned().or_else(default);
            match value {
                None if of.nullable => {}
                value => {
                    let value = value.unwrap_or(Value::Null);
                    let mut problems = Vec::new();
                    check(of, &value, &mut Vec::new(), &mut problems);
                    if !problems.is_empty() {
                        errors.push(invalid(&name, of, &value, &problems, definition.pos));
                    }
                    values.insert(name.clone(), value);
                }
            }
            declared.insert(name);
        }
        if errors.is_empty() { Ok(Self { values, declared }) } else { Err(errors) }
    }

    pub(super) fn is_declared(&self, name: &str) -> bool {
        self.declared.contains(name)
    }
}

fn invalid(name: &str, of: &VarType, value: &Value, problems: &[Value], pos: Pos) -> Value {
    let at: Vec<&str> =
        problems[0]["path"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let detail = if at.is_empty() {
        String::new()
    } else {
        format!(" for {} ({})", at.join("."), problems[0]["explanation"].as_str().unwrap_or_default())
    };
    json!({
        "message": format!("Variable ${name} of type {of} was provided invalid value{detail}"),
        "locations": [{ "line": pos.line, "column": pos.column }],
        "extensions": { "code": "INVALID_VARIABLE", "value": value, "problems": problems },
    })
}

fn check(of: &VarType, value: &Value, path: &mut Vec<Value>, problems: &mut Vec<Value>) {
    let problem = |explanation: String| json!({ "path": path, "explanation": explanation });
    if value.is_null() {
        if !of.nullable {
            problems.push(problem("Expected value to not be null".to_owned()));
        }
        return;
    }
    match &of.base {
        BaseType::List(inner) => {
            let one = [value.clone()];
            let items = value.as_array().map_or(one.as_slice(), Vec::as_slice);
            for (at, item) in items.iter().enumerate() {
                path.push(at.into());
                check(inner, item, path, problems);
                path.pop();
            }
        }
        BaseType::Named(name) => {
            let fits = match name.as_str() {
                "Int" => value.as_i64().is_some_and(|n| i32::try_from(n).is_ok()),
                "Boolean" => value.is_boolean(),
                "String" | "DateTime" => value.is_string(),
                "ID" => value.is_string() || value.is_i64(),
                _ => true,
            };
            if !fits {
                problems.push(problem(format!("Could not coerce value {value} to {name}")));
            } else if name.as_str() == "ID"
                && let Some(text) = value.as_str()
                && parse_gid(text).is_none()
            {
                let explanation = format!("Invalid global id '{text}'");
                problems.push(json!({ "path": path, "explanation": explanation, "message": explanation }));
            }
        }
    }
}

/// The arguments of a field or directive as JSON, as every simulator reads them.
pub(super) use crate::simulator::graphql::arguments;

/// The variables used anywhere in a document.
pub(super) fn used(document: &ExecutableDocument) -> HashSet<String> {
    let mut used = HashSet::new();
    for (_, operation) in document.operations.iter() {
        directives(&operation.node.directives, &mut used);
        selections(&operation.node.selection_set.node, &mut used);
    }
    for fragment in document.fragments.values() {
        selections(&fragment.node.selection_set.node, &mut used);
    }
    used
}

fn selections(set: &SelectionSet, used: &mut HashSet<String>) {
    for item in &set.items {
        directives(item.node.directives(), used);
        match &item.node {
            Selection::Field(field) => {
                let _ = arguments!(field.node, |name: &str| note(used, name));
                selections(&field.node.selection_set.node, used);
            }
            Selection::InlineFragment(fragment) => selections(&fragment.node.selection_set.node, used),
            Selection::FragmentSpread(_) => {}
        }
    }
}

fn directives(directives: &[Positioned<Directive>], used: &mut HashSet<String>) {
    for directive in directives {
        let _ = arguments!(directive.node, |name: &str| note(used, name));
    }
}

fn note(used: &mut HashSet<String>, name: &str) -> Value {
    used.insert(name.to_owned());
    Value::Null
}
