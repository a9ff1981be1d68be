//! From a document to what is to be read: fragments unfolded, every field and argument looked up.
//!
//! All that can be wrong with a document is found here, before anything is done; the texts are those of the library
//! the vendor's schema was made with.

use std::collections::BTreeMap;

use async_graphql_parser::types::{Directive, ExecutableDocument, Field as Asked, Selection, SelectionSet};
use async_graphql_parser::{Pos, Positioned};
use serde_json::{Map, Value, json};

use super::coerce::coerce;
use super::schema::{self, Field, Of, Type};
use crate::simulator::graphql::arguments;

/// How deep a document may go; a fragment that contains itself ends here.
const DEEPEST: usize = 24;
/// How many fields a document may ask for.
const MOST_FIELDS: usize = 20_000;

/// One field to read.
pub(super) struct Wanted {
    /// Its name in the answer.
    pub(super) key: String,
    /// None for `__typename`.
    pub(super) field: Option<&'static Field>,
    pub(super) args: Map<String, Value>,
    /// What to read below it, with the type's name.
    pub(super) below: Option<Selected>,
}

/// What to read of an object of one type.
pub(super) struct Selected {
    pub(super) of: &'static Type,
    pub(super) fields: Vec<Wanted>,
}

/// Looks a document's operation up from `root`.
pub(super) fn check(
    document: &ExecutableDocument,
    set: &SelectionSet,
    root: &'static Type,
    variables: &Map<String, Value>,
    declared: &[String],
) -> Result<Selected, Vec<Value>> {
    let mut checker = Checker { document, variables, declared, errors: Vec::new(), fields: 0 };
    let selected = checker.object(&[set], root, 0);
    if checker.errors.is_empty() { Ok(selected) } else { Err(checker.errors) }
}

struct Checker<'d> {
    document: &'d ExecutableDocument,
    variables: &'d Map<String, Value>,
    declared: &'d [String],
    errors: Vec<Value>,
    fields: usize,
}

type Gathered<'d> = Vec<(&'d str, Vec<&'d Positioned<Asked>>)>;

impl<'d> Checker<'d> {
    fn error(&mut self, message: impl Into<String>, pos: Pos) {
        let places = [json!({ "line": pos.line, "column": pos.column })];
        self.errors.push(json!({ "message": message.into(), "locations": places }));
    }

    fn object(&mut self, sets: &[&'d SelectionSet], of: &'static Type, depth: usize) -> Selected {
        let mut selected = Selected { of, fields: Vec::new() };
        let mut gathered = Vec::new();
        for set in sets {
            self.gather(set, of, &mut gathered, depth);
        }
        if depth > DEEPEST || self.fields > MOST_FIELDS {
            self.error("The query is too deep or too large.", Pos::default());
            return selected;
        }
        self.fields += gathered.len();
        for (key, asked) in gathered {
            let first = asked[0];
            let name = first.node.name.node.as_str();
            if name == "__typename" {
                let args = Map::new();
                selected.fields.push(Wanted { key: key.to_owned(), field: None, args, below: None });
                continue;
            }
            let Some(field) = of.field(name) else {
                self.error(format!("Cannot query field \"{name}\" on type \"{}\".", of.name), first.pos);
                continue;
            };
            let args = self.args(first, field, of);
            let below: Vec<_> = asked.iter().map(|a| &a.node.selection_set.node).collect();
            let empty = below.iter().all(|set| set.items.is_empty());
            let below = match schema::output(field.of.innermost()) {
                Some(of) if !empty => Some(self.object(&below, of, depth + 1)),
                Some(_) => {
                    let why = format!("Field \"{name}\" of type \"{}\" must have a sub selection.", field.of);
                    self.error(why, first.pos);
                    None
                }
                None if empty => None,
                None => {
                    let why = format!(
                        "Field \"{name}\" must not have a selection since type \"{}\" has no subfields.",
                        field.of
                    );
                    self.error(why, first.pos);
                    None
                }
            };
            selected.fields.push(Wanted { key: key.to_owned(), field: Some(field), args, below });
        }
        selected
    }

    fn gather(&mut self, set: &'d SelectionSet, of: &'static Type, found: &mut Gathered<'d>, depth: usize) {
        if depth > DEEPEST {
            return;
        }
        for item in &set.items {
            if self.skipped(item.node.directives()) {
                continue;
            }
            match &item.node {
                Selection::Field(field) => {
                    let key = field.node.response_key().node.as_str();
                    match found.iter_mut().find(|(known, _)| *known == key) {
                        Some((_, asked)) => asked.push(field),
                        None => found.push((key, vec![field])),
                    }
                }
                Selection::InlineFragment(fragment) => {
                    let on = fragment.node.type_condition.as_ref().map(|on| on.node.on.node.as_str());
                    if self.applies(on, of, fragment.pos) {
                        self.gather(&fragment.node.selection_set.node, of, found, depth + 1);
                    }
                }
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    let Some(fragment) = self.document.fragments.get(name) else {
                        self.error(format!("Unknown fragment \"{name}\"."), spread.pos);
                        continue;
                    };
                    let on = fragment.node.type_condition.node.on.node.as_str();
                    if self.applies(Some(on), of, fragment.pos) {
                        self.gather(&fragment.node.selection_set.node, of, found, depth + 1);
                    }
                }
            }
        }
    }

    fn applies(&mut self, on: Option<&str>, of: &Type, pos: Pos) -> bool {
        match on {
            Some(on) if on != of.name => {
                let why = format!("Fragment cannot be spread here: {} can never be {on}.", of.name);
                self.error(why, pos);
                false
            }
            _ => true,
        }
    }

    fn skipped(&self, directives: &[Positioned<Directive>]) -> bool {
        directives.iter().any(|directive| {
            let given = arguments!(directive.node, |name: &str| self
                .variables
                .get(name)
                .cloned()
                .unwrap_or_default());
            let truth = given.iter().any(|(name, value)| name == "if" && value == &Value::Bool(true));
            match directive.node.name.node.as_str() {
                "skip" => truth,
                "include" => !truth,
                _ => false,
            }
        })
    }

    fn args(&mut self, asked: &Positioned<Asked>, field: &'static Field, of: &Type) -> Map<String, Value> {
        let mut undeclared = Vec::new();
        let mut absent = false;
        let given: BTreeMap<String, Value> = arguments!(asked.node, |name: &str| {
            if !self.declared.iter().any(|declared| declared == name) {
                undeclared.push(name.to_owned());
            }
            let value = self.variables.get(name).cloned();
            absent |= value.is_none();
            value.unwrap_or_default()
        })
        .into_iter()
        .collect();
        for name in undeclared {
            self.error(format!("Variable \"${name}\" is not defined."), asked.pos);
        }
        let mut taken = Map::new();
        for (name, value) in given {
            let Some(arg) = field.args.iter().find(|arg| arg.name == name) else {
                let why = format!(
                    "Unknown argument \"{name}\" on field \"{}\" of type \"{}\".",
                    field.name, of.name
                );
                self.error(why, asked.pos);
                continue;
            };
            // A variable that was not given is an argument that was not given, not a null.
            if value.is_null() && absent && !arg.of.required() {
                continue;
            }
            match coerce(&arg.of, &value) {
                Ok(value) => drop(taken.insert(name, value)),
                Err(why) => self.error(format!("Argument \"{name}\" has invalid value.\n{why}"), asked.pos),
            }
        }
        for arg in field.args.iter().filter(|arg| arg.of.required()) {
            if !asked.node.arguments.iter().any(|(name, _)| name.node.as_str() == arg.name) {
                let why = format!(
                    "Field \"{}\" argument \"{}\" of type \"{}\" is required but not provided.",
                    field.name, arg.name, arg.of
                );
                self.error(why, asked.pos);
            }
        }
        taken
    }
}

impl Wanted {
    /// Whether it holds pages of nodes.
    pub(super) fn is_connection(&self) -> bool {
        self.field.is_some_and(|field| field.of.innermost().ends_with("Connection"))
    }

    /// Whether it holds a list.
    pub(super) fn is_list(&self) -> bool {
        self.field.is_some_and(|field| matches!(field.of, Of::List { .. }))
    }

    /// A whole-number argument.
    pub(super) fn count(&self, name: &str) -> Option<usize> {
        usize::try_from(self.args.get(name)?.as_i64()?).ok()
    }

    /// A text argument.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.args.get(name)?.as_str()
    }
}
