//! Carries out a plan: reads field after field and writes the answer as it goes.
//!
//! Objects are written in the order they were asked for, without building them first. A field that fails is null and
//! leaves an error with its path; the rest of the answer stands. The walk also counts what the query really cost.

use serde_json::{Value, json};

use super::cost::multiplier;
use super::page::{Cut, LARGEST_PAGE, cut, too_large};
use super::plan::{Below, EdgeEntry, Objects, PageEntry, Plan, Planned};
use super::schema::{Cx, Node, Out, Shape, Type};

/// What came of a plan.
pub(super) struct Answer {
    /// The object read, as JSON.
    pub(super) written: Vec<u8>,
    pub(super) errors: Vec<Value>,
    pub(super) cost: u32,
}

/// Reads `node`, an object of type `of`, by `plan`.
pub(super) fn execute<'a>(cx: &Cx<'a>, plan: &Plan, of: &'static Type, node: Node<'a>) -> Answer {
    let mut run = Run { cx, out: Vec::with_capacity(4096), errors: Vec::new(), path: Vec::new() };
    let cost = run.object(plan, of, node);
    Answer { written: run.out, errors: run.errors, cost }
}

/// Writes what one field of the root holds.
pub(super) fn field<'a>(cx: &Cx<'a>, planned: &Planned, out: Out<'a>) -> Answer {
    let path = vec![Step::Key(planned.key.clone())];
    let mut run = Run { cx, out: Vec::with_capacity(1024), errors: Vec::new(), path };
    let cost = run.value(planned, out);
    Answer { written: run.out, errors: run.errors, cost }
}

struct Run<'c, 'a> {
    cx: &'c Cx<'a>,
    out: Vec<u8>,
    errors: Vec<Value>,
    path: Vec<Step>,
}

/// A place in the answer.
#[derive(Clone)]
enum Step {
    Key(String),
    At(usize),
}

impl<'a> Run<'_, 'a> {
    fn text(&mut self, text: &str) {
        // Writing to a vector cannot fail.
        let _ = serde_json::to_writer(&mut self.out, text);
    }

    fn raw(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    fn key(&mut self, key: &str, first: &mut bool) {
        if !std::mem::take(first) {
            self.raw(b",");
        }
        self.text(key);
        self.raw(b":");
    }

    fn object(&mut self, plan: &Plan, of: &'static Type, node: Node<'a>) -> u32 {
        let mut cost = 0;
        let mut first = true;
        self.raw(b"{");
        for planned in &plan.0 {
            self.key(&planned.key, &mut first);
            match planned.field {
                None => self.text(of.name),
                Some(field) => {
                    let out = (field.get)(self.cx, node, &planned.args);
                    // Most fields are scalars and cannot fail; they need no path.
                    if matches!(planned.below, Below::Nothing) {
                        self.leaf(planned, out);
                    } else {
                        self.path.push(Step::Key(planned.key.clone()));
                        let value = self.value(planned, out);
                        // A mutation's price covers the objects it answers with, not what is read of them.
                        cost += value.saturating_sub(u32::from(matches!(node, Node::Payload(_))));
                        self.path.pop();
                    }
                }
            }
        }
        self.raw(b"}");
        cost
    }

    fn leaf(&mut self, planned: &Planned, out: Out<'a>) {
        match out {
            Out::Bool(value) => self.raw(if value { b"true" } else { b"false" }),
            Out::Int(value) => self.raw(value.to_string().as_bytes()),
            Out::Float(value) => {
                let _ = serde_json::to_writer(&mut self.out, &value);
            }
            Out::Text(text) => self.text(&text),
            Out::Texts(texts) => {
                let _ = serde_json::to_writer(&mut self.out, &texts);
            }
            Out::Error(..) | Out::Denied(_) => {
                self.path.push(Step::Key(planned.key.clone()));
                self.value(planned, out);
                self.path.pop();
            }
            _ => self.raw(b"null"),
        }
    }

    fn fail(&mut self, planned: &Planned, message: &str, extensions: &Value) {
        let mut error = json!({
            "message": message,
            "locations": [{ "line": planned.pos.line, "column": planned.pos.column }],
            "extensions": extensions,
        });
        error["path"] = self
            .path
            .iter()
            .map(|step| match step {
                Step::Key(key) => Value::from(key.as_str()),
                Step::At(at) => Value::from(*at),
            })
            .collect();
        self.errors.push(error);
        self.raw(b"null");
    }

    fn denied(&mut self, planned: &Planned, required: &str) {
        let name = planned.field.map_or("", |field| field.name);
        self.fail(
            planned,
            &format!("Access denied for {name} field. Required access: {required}"),
            &json!({
                "code": "ACCESS_DENIED",
                "documentation": "https://shopify.dev/api/usage/access-scopes",
                "requiredAccess": required,
            }),
        );
    }

    fn value(&mut self, planned: &Planned, out: Out<'a>) -> u32 {
        match (out, &planned.below) {
            (Out::Denied(scope), _) => {
                self.denied(planned, &format!("`{scope}` access scope."));
                1
            }
            (Out::Forbidden(required), _) => {
                self.denied(planned, required);
                0
            }
            (Out::Error(code, message), _) => {
                self.fail(planned, &message, &json!({ "code": code }));
                2
            }
            (Out::Node(of, node), Below::Objects(objects)) => of.cost + self.one(objects, of, node),
            (Out::Nodes(of, nodes), Below::Objects(objects)) => {
                let all = nodes.into_iter().map(|node| Some((of, node)));
                self.list(objects, all, planned.args.count("first"))
            }
            (Out::Mixed(nodes), Below::Objects(objects)) => {
                self.list(objects, nodes.into_iter().map(Some), planned.args.count("first"))
            }
            (Out::Sparse(nodes), Below::Objects(objects)) => self.list(objects, nodes.into_iter(), None),
            (Out::Nodes(of, nodes), Below::Pages(_, entries)) => {
                self.cut(planned, nodes.into_iter().map(|node| (of, node)).collect(), entries)
            }
            (Out::Mixed(nodes), Below::Pages(_, entries)) => self.cut(planned, nodes, entries),
            (Out::Page(page), Below::Pages(of, entries)) => {
                if planned
                    .args
                    .count("first")
                    .or(planned.args.count("last"))
                    .is_some_and(|n| n > LARGEST_PAGE)
                {
                    return self.value(planned, too_large());
                }
                let nodes = page.nodes.into_iter().map(|(node, cursor)| (page.of, node, cursor)).collect();
                let cut = Cut { nodes, has_next: page.has_next, has_previous: page.has_previous };
                self.page(of, &cut, entries)
            }
            _ => {
                self.raw(b"null");
                // Asking for an object costs, whether there is one or not.
                match planned.field.map(|field| field.shape) {
                    Some(Shape::One(of)) => of.cost,
                    _ => 0,
                }
            }
        }
    }

    fn one(&mut self, objects: &Objects, of: &'static Type, node: Node<'a>) -> u32 {
        if let Some(plan) = objects.of(of) {
            self.object(plan, of, node)
        } else {
            self.raw(b"{}");
            0
        }
    }

    fn list(
        &mut self,
        objects: &Objects,
        nodes: impl Iterator<Item = Option<(&'static Type, Node<'a>)>>,
        first: Option<usize>,
    ) -> u32 {
        let mut dearest = 1;
        self.raw(b"[");
        for (at, node) in nodes.take(first.unwrap_or(usize::MAX)).enumerate() {
            if at > 0 {
                self.raw(b",");
            }
            match node {
                None => self.raw(b"null"),
                Some((of, node)) => {
                    self.path.push(Step::At(at));
                    dearest = dearest.max(of.cost + self.one(objects, of, node));
                    self.path.pop();
                }
            }
        }
        self.raw(b"]");
        dearest
    }

    /// Cuts a page out of a list that is there as a whole.
    fn cut(
        &mut self,
        planned: &Planned,
        nodes: Vec<(&'static Type, Node<'a>)>,
        entries: &[PageEntry],
    ) -> u32 {
        match cut(&planned.args, nodes) {
            Ok(cut) => {
                let Below::Pages(of, _) = &planned.below else { return 0 };
                self.page(of, &cut, entries)
            }
            Err(out) => self.value(planned, out),
        }
    }

    fn page(&mut self, of: &Type, page: &Cut<'a>, entries: &[PageEntry]) -> u32 {
        let mut dearest = 0;
        let mut first = true;
        self.raw(b"{");
        for entry in entries {
            match entry {
                PageEntry::Typename(key) => {
                    self.key(key, &mut first);
                    self.text(&format!("{}Connection", of.name));
                }
                PageEntry::PageInfo(key, fields) => {
                    self.key(key, &mut first);
                    self.page_info(page, fields);
                }
                PageEntry::Nodes(key, objects) => {
                    self.key(key, &mut first);
                    self.path.push(Step::Key(key.clone()));
                    let nodes = page.nodes.iter().map(|(of, node, _)| Some((*of, *node)));
                    dearest += self.list(objects, nodes, None);
                    self.path.pop();
                }
                PageEntry::Edges(key, entries) => {
                    self.key(key, &mut first);
                    self.path.push(Step::Key(key.clone()));
                    dearest += self.edges(of, page, entries);
                    self.path.pop();
                }
            }
        }
        self.raw(b"}");
        2 + multiplier(page.nodes.len()) * dearest
    }

    fn edges(&mut self, of: &Type, page: &Cut<'a>, entries: &[EdgeEntry]) -> u32 {
        let mut dearest = 0;
        self.raw(b"[");
        for (at, (node_type, node, cursor)) in page.nodes.iter().enumerate() {
            if at > 0 {
                self.raw(b",");
            }
            self.raw(b"{");
            let mut first = true;
            for entry in entries {
                match entry {
                    EdgeEntry::Typename(key) => {
                        self.key(key, &mut first);
                        self.text(&format!("{}Edge", of.name));
                    }
                    EdgeEntry::Cursor(key) => {
                        self.key(key, &mut first);
                        self.text(cursor);
                    }
                    EdgeEntry::Node(key, objects) => {
                        self.key(key, &mut first);
                        self.path.extend([Step::At(at), Step::Key(key.clone())]);
                        dearest = dearest.max(node_type.cost + self.one(objects, node_type, *node));
                        self.path.truncate(self.path.len() - 2);
                    }
                }
            }
            self.raw(b"}");
        }
        self.raw(b"]");
        dearest
    }

    fn page_info(&mut self, page: &Cut<'a>, fields: &[(String, &'static str)]) {
        let mut first = true;
        self.raw(b"{");
        for (key, field) in fields {
            self.key(key, &mut first);
            let cursor = match *field {
                "hasNextPage" => {
                    self.raw(if page.has_next { b"true" } else { b"false" });
                    continue;
                }
                "hasPreviousPage" => {
                    self.raw(if page.has_previous { b"true" } else { b"false" });
                    continue;
                }
                "__typename" => Some("PageInfo"),
                "startCursor" => page.nodes.first().map(|node| node.2.as_str()),
                _ => page.nodes.last().map(|node| node.2.as_str()),
            };
            match cursor {
                Some(cursor) => self.text(cursor),
                None => self.raw(b"null"),
            }
        }
        self.raw(b"}");
    }
}
