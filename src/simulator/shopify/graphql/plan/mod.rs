//! From a document to a plan: fragments unfolded, every field looked up, arguments filled in.
//!
//! All that can be wrong with a document is found here, before anything is read; a document with errors is answered
//! with them and no data, as the real API does. A field asked for twice under one name is read once.

mod args;
mod gather;

use async_graphql_parser::Pos;
use async_graphql_parser::types::{ExecutableDocument, OperationDefinition, Selection, SelectionSet};
use serde_json::{Value, json};

use super::input::variables::Variables;
use super::schema::{Args, Field, Shape, Type};
use gather::DEEPEST;
pub(super) use gather::endless_fragments;

/// What to read from an object.
pub(super) struct Plan(pub(super) Vec<Planned>);

/// One field to read.
pub(super) struct Planned {
    /// Its name in the answer.
    pub(super) key: String,
    /// None for `__typename`.
    pub(super) field: Option<&'static Field>,
    pub(super) args: Args,
    pub(super) below: Below,
    pub(super) pos: Pos,
}

/// What to read from what a field holds.
pub(super) enum Below {
    Nothing,
    Objects(Objects),
    Pages(&'static Type, Vec<PageEntry>),
}

/// What to read from an object of one type, or of one of several.
pub(super) struct Objects(pub(super) Vec<(&'static Type, Plan)>);

impl Objects {
    pub(super) fn of(&self, of: &'static Type) -> Option<&Plan> {
        self.0.iter().find(|(t, _)| std::ptr::eq(*t, of)).map(|(_, plan)| plan)
    }
}

/// What to read from a connection.
pub(super) enum PageEntry {
    Nodes(String, Objects),
    Edges(String, Vec<EdgeEntry>),
    PageInfo(String, Vec<(String, &'static str)>),
    Typename(String),
}

/// What to read from an edge.
pub(super) enum EdgeEntry {
    Cursor(String),
    Node(String, Objects),
    Typename(String),
}

const PAGE_INFO: &[&str] = &["hasNextPage", "hasPreviousPage", "startCursor", "endCursor", "__typename"];

/// Makes the plan of an operation on `root`.
pub(super) fn plan(
    document: &ExecutableDocument,
    operation: &OperationDefinition,
    name: &str,
    root: &'static Type,
    variables: &Variables,
) -> Result<Plan, Vec<Value>> {
    let mut planner =
        Planner { document, variables, path: vec![name.to_owned()], errors: Vec::new(), depth: 0, work: 0 };
    let plan = planner.object(&[&operation.selection_set.node], root);
    if planner.depth > DEEPEST || planner.is_too_much() {
        return Err(vec![json!({ "message": "Query is too complex" })]);
    }
    if planner.errors.is_empty() { Ok(plan) } else { Err(planner.errors) }
}

pub(super) struct Planner<'d> {
    pub(super) document: &'d ExecutableDocument,
    pub(super) variables: &'d Variables,
    path: Vec<String>,
    errors: Vec<Value>,
    depth: usize,
    /// Selections looked at so far.
    pub(super) work: usize,
}

impl<'d> Planner<'d> {
    pub(super) fn error(&mut self, message: &str, pos: Pos, last: Option<&str>, extensions: &Value) {
        let mut path = self.path.clone();
        path.extend(last.map(str::to_owned));
        let error = json!({
            "message": message,
            "locations": [{ "line": pos.line, "column": pos.column }],
            "path": path,
            "extensions": extensions,
        });
        // An interface is planned once for each of its types, and would complain as often.
        if !self.errors.contains(&error) {
            self.errors.push(error);
        }
    }

    fn object(&mut self, sets: &[&'d SelectionSet], on: &'static Type) -> Plan {
        let mut planned = Vec::new();
        if self.depth > DEEPEST || self.is_too_much() {
            return Plan(planned);
        }
        self.depth += 1;
        for (key, asked) in self.gather(sets, on) {
            let first = asked[0];
            let name = first.node.name.node.as_str();
            if name == "__typename" {
                let key = key.to_owned();
                planned.push(Planned {
                    key,
                    field: None,
                    args: Args::default(),
                    below: Below::Nothing,
                    pos: first.pos,
                });
                continue;
            }
            let Some(field) = on.field(name) else {
                self.undefined(name, on.name, first.pos);
                continue;
            };
            let args = self.args(&first.node, field, first.pos);
            let sets: Vec<_> = asked.iter().map(|a| &a.node.selection_set.node).collect();
            self.path.push(name.to_owned());
            let below = self.below(&sets, field, first.pos);
            self.path.pop();
            planned.push(Planned { key: key.to_owned(), field: Some(field), args, below, pos: first.pos });
        }
        self.depth -= 1;
        Plan(planned)
    }

    fn undefined(&mut self, field: &str, on: &str, pos: Pos) {
        self.error(
            &format!("Field '{field}' doesn't exist on type '{on}'"),
            pos,
            Some(field),
            &json!({ "code": "undefinedField", "typeName": on, "fieldName": field }),
        );
    }

    fn below(&mut self, sets: &[&'d SelectionSet], field: &'static Field, pos: Pos) -> Below {
        let empty = sets.iter().all(|set| set.items.is_empty());
        let of = match field.shape {
            Shape::Leaf if empty => return Below::Nothing,
            Shape::Leaf => {
                self.error(
                    &format!("Selections can't be made on scalars (field '{}' has selections)", field.name),
                    pos,
                    None,
                    &json!({ "code": "selectionMismatch", "nodeName": format!("field '{}'", field.name) }),
                );
                return Below::Nothing;
            }
            Shape::One(of) | Shape::Many(of) | Shape::Pages(of) => of,
        };
        let pages = matches!(field.shape, Shape::Pages(_));
        if empty {
            let on = if pages { format!("{}Connection", of.name) } else { of.name.to_owned() };
            self.error(
                &format!(
                    "Field must have selections (field '{name}' returns {on} but has no selections. Did you mean \
                     '{name} {{ ... }}'?)",
                    name = field.name
                ),
                pos,
                None,
                &json!({ "code": "selectionMismatch", "nodeName": format!("field '{}'", field.name), "typeName": on }),
            );
            return Below::Nothing;
        }
        if pages { Below::Pages(of, self.page(sets, of)) } else { Below::Objects(self.objects(sets, of)) }
    }

    fn objects(&mut self, sets: &[&'d SelectionSet], of: &'static Type) -> Objects {
        if !of.is_abstract() {
            return Objects(vec![(of, self.object(sets, of))]);
        }
        // Fields outside fragments must be those that all types share.
        for set in sets {
            for item in &set.items {
                if let Selection::Field(field) = &item.node {
                    let name = field.node.name.node.as_str();
                    if name != "__typename" && !of.shared.contains(&name) {
                        self.undefined(name, of.name, field.pos);
                        return Objects(Vec::new());
                    }
                }
            }
        }
        // A fragment on a type that never turns up here is still held to that type's fields, and paid for.
        let mut types = of.possible.to_vec();
        for set in sets {
            self.conditions(set, &mut types, 0);
        }
        Objects(types.into_iter().map(|possible| (possible, self.object(sets, possible))).collect())
    }

    fn page(&mut self, sets: &[&'d SelectionSet], of: &'static Type) -> Vec<PageEntry> {
        let mut entries = Vec::new();
        let connection = format!("{}Connection", of.name);
        for (key, asked) in self.gather_plain(sets) {
            let key = key.to_owned();
            let first = asked[0];
            let sets: Vec<_> = asked.iter().map(|a| &a.node.selection_set.node).collect();
            let name = first.node.name.node.as_str();
            self.path.push(name.to_owned());
            match name {
                "__typename" => entries.push(PageEntry::Typename(key)),
                "nodes" => entries.push(PageEntry::Nodes(key, self.objects(&sets, of))),
                "edges" => entries.push(PageEntry::Edges(key, self.edges(&sets, of))),
                "pageInfo" => entries.push(PageEntry::PageInfo(key, self.page_info(&sets))),
                _ => {
                    self.path.pop();
                    self.undefined(name, &connection, first.pos);
                    self.path.push(String::new());
                }
            }
            self.path.pop();
        }
        entries
    }

    fn edges(&mut self, sets: &[&'d SelectionSet], of: &'static Type) -> Vec<EdgeEntry> {
        let mut entries = Vec::new();
        for (key, asked) in self.gather_plain(sets) {
            let key = key.to_owned();
            match asked[0].node.name.node.as_str() {
                "__typename" => entries.push(EdgeEntry::Typename(key)),
                "cursor" => entries.push(EdgeEntry::Cursor(key)),
                "node" => {
                    let sets: Vec<_> = asked.iter().map(|a| &a.node.selection_set.node).collect();
                    entries.push(EdgeEntry::Node(key, self.objects(&sets, of)));
                }
                other => self.undefined(other, &format!("{}Edge", of.name), asked[0].pos),
            }
        }
        entries
    }

    fn page_info(&mut self, sets: &[&'d SelectionSet]) -> Vec<(String, &'static str)> {
        let mut fields = Vec::new();
        for (key, asked) in self.gather_plain(sets) {
            let name = asked[0].node.name.node.as_str();
            match PAGE_INFO.iter().find(|field| **field == name) {
                Some(field) => fields.push((key.to_owned(), *field)),
                None => self.undefined(name, "PageInfo", asked[0].pos),
            }
        }
        fields
    }
}
