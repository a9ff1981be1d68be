//! Unfolds selections: fragments opened, directives obeyed, fields of one name brought together.

use std::collections::HashMap;

use async_graphql_parser::types::{Directive, Field as AskedField, Selection, SelectionSet};
use async_graphql_parser::{Pos, Positioned};
use serde_json::{Value, json};

use super::super::input::variables::arguments;
use super::super::schema::Type;
use super::super::types::ALL;
use super::Planner;

/// Fields asked for under one name.
pub(super) type Gathered<'d> = Vec<(&'d str, Vec<&'d Positioned<AskedField>>)>;

/// The deepest nesting that is followed.
pub(super) const DEEPEST: usize = 64;
/// The most selections that are looked at: fragments within fragments can make many of few.
const MOST_WORK: usize = 20_000;

impl<'d> Planner<'d> {
    /// Adds the types that fragments in a selection are conditioned on.
    pub(super) fn conditions(&self, set: &'d SelectionSet, types: &mut Vec<&'static Type>, depth: usize) {
        for item in &set.items {
            let (condition, below) = match &item.node {
                Selection::InlineFragment(fragment) => (
                    fragment.node.type_condition.as_ref().map(|c| c.node.on.node.as_str()),
                    &fragment.node.selection_set.node,
                ),
                Selection::FragmentSpread(spread) => {
                    match self.document.fragments.get(spread.node.fragment_name.node.as_str()) {
                        Some(f) => {
                            (Some(f.node.type_condition.node.on.node.as_str()), &f.node.selection_set.node)
                        }
                        None => continue,
                    }
                }
                Selection::Field(_) => continue,
            };
            let known = condition.and_then(|name| ALL.iter().find(|t| t.name == name && !t.is_abstract()));
            if let Some(known) = known
                && !types.iter().any(|t| std::ptr::eq(*t, *known))
            {
                types.push(known);
            }
            if depth < DEEPEST {
                self.conditions(below, types, depth + 1);
            }
        }
    }

    /// The fields asked for on an object of type `on`, fragments unfolded.
    pub(super) fn gather(&mut self, sets: &[&'d SelectionSet], on: &'static Type) -> Gathered<'d> {
        let mut gathered = Gathered::new();
        let mut index = HashMap::new();
        for set in sets {
            self.unfold(set, Some(on), &mut gathered, &mut index, 0);
        }
        gathered
    }

    /// The same on a connection, edge or page info, on which every fragment applies.
    pub(super) fn gather_plain(&mut self, sets: &[&'d SelectionSet]) -> Gathered<'d> {
        let mut gathered = Gathered::new();
        let mut index = HashMap::new();
        for set in sets {
            self.unfold(set, None, &mut gathered, &mut index, 0);
        }
        gathered
    }

    /// Whether a document asks for more than anybody needs.
    pub(super) fn is_too_much(&self) -> bool {
        self.work > MOST_WORK
    }

    fn unfold(
        &mut self,
        set: &'d SelectionSet,
        on: Option<&'static Type>,
        gathered: &mut Gathered<'d>,
        index: &mut HashMap<&'d str, usize>,
        depth: usize,
    ) {
        for item in &set.items {
            self.work += 1;
            if depth > DEEPEST || self.is_too_much() {
                return;
            }
            if self.skipped(item.node.directives()) {
                continue;
            }
            match &item.node {
                Selection::Field(field) => {
                    let key = field.node.response_key().node.as_str();
                    let at = *index.entry(key).or_insert_with(|| {
                        gathered.push((key, Vec::new()));
                        gathered.len() - 1
                    });
                    gathered[at].1.push(field);
                }
                Selection::InlineFragment(fragment) => {
                    let condition = fragment.node.type_condition.as_ref().map(|c| c.node.on.node.as_str());
                    if self.applies(condition, on, fragment.pos) {
                        self.unfold(&fragment.node.selection_set.node, on, gathered, index, depth + 1);
                    }
                }
                Selection::FragmentSpread(spread) => {
                    let name = spread.node.fragment_name.node.as_str();
                    let Some(fragment) = self.document.fragments.get(name) else {
                        self.error(
                            &format!("Fragment {name} was used, but not defined"),
                            spread.pos,
                            Some(&format!("... {name}")),
                            &json!({ "code": "useAndDefineFragment", "fragmentName": name }),
                        );
                        continue;
                    };
                    let condition = fragment.node.type_condition.node.on.node.as_str();
                    if self.applies(Some(condition), on, fragment.pos) {
                        self.unfold(&fragment.node.selection_set.node, on, gathered, index, depth + 1);
                    }
                }
            }
        }
    }

    /// Whether a fragment with this condition applies to an object of type `on`.
    fn applies(&mut self, condition: Option<&str>, on: Option<&'static Type>, pos: Pos) -> bool {
        let (Some(condition), Some(on)) = (condition, on) else { return true };
        if condition == on.name {
            return true;
        }
        if let Some(known) = ALL.iter().find(|t| t.name == condition) {
            return known.possible.iter().any(|possible| std::ptr::eq(*possible, on));
        }
        self.error(
            &format!("No such type {condition}, so it can't be a fragment condition"),
            pos,
            Some(&format!("... on {condition}")),
            &json!({ "code": "undefinedType", "typeName": condition }),
        );
        false
    }

    fn value(&self, name: &str) -> Value {
        self.variables.values.get(name).cloned().unwrap_or_default()
    }

    fn skipped(&mut self, directives: &[Positioned<Directive>]) -> bool {
        for directive in directives {
            let name = directive.node.name.node.as_str();
            let given = arguments!(directive.node, |variable: &str| self.value(variable));
            let condition = given.iter().any(|(name, value)| name == "if" && value == &Value::Bool(true));
            match name {
                "skip" if condition => return true,
                "include" if !condition => return true,
                "skip" | "include" | "idempotent" => {}
                _ => self.error(
                    &format!("Directive @{name} is not defined"),
                    directive.pos,
                    None,
                    &json!({ "code": "undefinedDirective", "directiveName": name }),
                ),
            }
        }
        false
    }
}

/// Errors of fragments that contain themselves.
pub(in super::super) fn endless_fragments(
    document: &async_graphql_parser::types::ExecutableDocument,
) -> Vec<Value> {
    let spreads: HashMap<&str, Vec<&str>> = document
        .fragments
        .iter()
        .map(|(name, fragment)| {
            let mut found = Vec::new();
            spread_names(&fragment.node.selection_set.node, &mut found);
            (name.as_str(), found)
        })
        .collect();
    let mut errors = Vec::new();
    for (name, fragment) in &document.fragments {
        let mut reached: Vec<&str> = Vec::new();
        let mut next: Vec<&str> = spreads.get(name.as_str()).cloned().unwrap_or_default();
        while let Some(one) = next.pop() {
            if !reached.contains(&one) {
                reached.push(one);
                next.extend(spreads.get(one).into_iter().flatten());
            }
        }
        if reached.contains(&name.as_str()) {
            errors.push(json!({
                "message": format!("Fragment {name} contains an infinite loop"),
                "locations": [{ "line": fragment.pos.line, "column": fragment.pos.column }],
                "path": [format!("fragment {name}")],
                "extensions": { "code": "infiniteLoop", "fragmentName": name.as_str() },
            }));
        }
    }
    errors
}

fn spread_names<'d>(set: &'d SelectionSet, found: &mut Vec<&'d str>) {
    for item in &set.items {
        match &item.node {
            Selection::Field(field) => spread_names(&field.node.selection_set.node, found),
            Selection::InlineFragment(fragment) => spread_names(&fragment.node.selection_set.node, found),
            Selection::FragmentSpread(spread) => found.push(spread.node.fragment_name.node.as_str()),
        }
    }
}
