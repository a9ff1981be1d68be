//! The variables of an operation: defaults filled in, values checked against their declared types.
//!
//! A variable that is used for an argument of another type is found when the arguments are planned.

use std::collections::{HashMap, HashSet};

use async_graphql_parser::types::{
    Directive, ExecutableDocument, OperationDefinition, Selection, SelectionSet, Type as VarType,
};
use async_graphql_parser::{Pos, Positioned};
use serde_json::{Map, Value, json};

use super::{Problem, check};

/// The values of an operation's variables.
pub(in super::super) struct Variables {
    pub(in super::super) values: Map<String, Value>,
    declared: HashMap<String, VarType>,
}

impl Variables {
    /// Fills in defaults and checks; the errors are those of the answer.
    pub(in super::super) fn read(
        operation: &OperationDefinition,
        given: &Map<String, Value>,
    ) -> Result<Self, Vec<Value>> {
        let mut values = Map::new();
        let mut declared = HashMap::new();
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
                    let problems = check(of, &value);
                    if !problems.is_empty() {
                        errors.push(invalid(&name, of, &value, &problems, definition.pos));
                    }
                    values.insert(name.clone(), value);
                }
            }
            declared.insert(name, of.clone());
        }
        if errors.is_empty() { Ok(Self { values, declared }) } else { Err(errors) }
    }

    pub(in super::super) fn is_declared(&self, name: &str) -> bool {
        self.declared.contains_key(name)
    }

    /// The type a variable was declared with.
    pub(in super::super) fn declared(&self, name: &str) -> Option<&VarType> {
        self.declared.get(name)
    }
}

fn invalid(name: &str, of: &VarType, value: &Value, problems: &[Problem], pos: Pos) -> Value {
    let places: Vec<String> = problems
        .iter()
        .filter(|problem| !problem.path.is_empty())
        .map(|problem| format!("{} ({})", problem.place(), problem.explanation))
        .collect();
    let detail = if places.is_empty() { String::new() } else { format!(" for {}", places.join(", ")) };
    let problems: Vec<Value> = problems.iter().map(Problem::told).collect();
    json!({
        "message": format!("Variable ${name} of type {of} was provided invalid value{detail}"),
        "locations": [{ "line": pos.line, "column": pos.column }],
        "extensions": { "code": "INVALID_VARIABLE", "value": value, "problems": problems },
    })
}

/// The arguments of a field or directive as JSON, as every simulator reads them.
pub(in super::super) use crate::simulator::graphql::arguments;

/// The variables used anywhere in a document.
pub(in super::super) fn used(document: &ExecutableDocument) -> HashSet<String> {
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
