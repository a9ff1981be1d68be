//! The arguments of a field: looked up, filled in, and held against their types.
//!
//! The arguments of queries are checked for being known and given; those of mutations against their types too, since
//! a value of the wrong shape would otherwise change something.

use async_graphql_parser::Pos;
use async_graphql_parser::types::{BaseType, Field as AskedField, Type as Declared};
use serde_json::{Value, json};

use super::super::input::variables::arguments;
use super::super::input::{Kind, Problem, check};
use super::super::schema::{Args, Field};
use super::super::types::root::parse_gid;
use super::Planner;

/// What stands for a variable that was not given: it is as if the argument were not there.
const ABSENT: &str = "\u{0}absent";

impl Planner<'_> {
    pub(super) fn args(&mut self, asked: &AskedField, field: &'static Field, pos: Pos) -> Args {
        let mut undeclared = Vec::new();
        let mut given = Vec::new();
        for (name, mut value) in arguments!(asked, |variable: &str| {
            if !self.variables.is_declared(variable) {
                undeclared.push(variable.to_owned());
            }
            self.variables.values.get(variable).cloned().unwrap_or_else(|| ABSENT.into())
        }) {
            if !field.takes(&name) {
                self.error(
                    &format!("Field '{}' doesn't accept argument '{name}'", field.name),
                    pos,
                    Some(&name),
                    &json!({
                        "code": "argumentNotAccepted", "name": field.name, "typeName": "Field", "argumentName": name,
                    }),
                );
            } else if value != ABSENT {
                drop_absent(&mut value);
                given.push((name, value));
            }
        }
        for variable in undeclared {
            self.error(
                &format!("Variable ${variable} is used but not declared"),
                pos,
                Some(field.name),
                &json!({ "code": "variableNotDefined", "variableName": variable }),
            );
        }
        self.check_required(&given, field, pos);
        for (name, value) in &given {
            let written = asked.arguments.iter().find(|(n, _)| n.node == *name).map(|(_, value)| value);
            if let (Some(of), Some(written)) = (field.argument_type(name), written) {
                let text = written.node.to_string();
                self.path.push(field.name.to_owned());
                match text.strip_prefix('$') {
                    Some(variable) => self.check_variable(variable, name, of, written.pos),
                    None => self.check_literal((field.name, name, of), value, &text, [pos, written.pos]),
                }
                self.path.pop();
            }
        }
        Args(given)
    }

    fn check_required(&mut self, given: &[(String, Value)], field: &'static Field, pos: Pos) {
        let missing: Vec<&str> =
            field.required().filter(|arg| !given.iter().any(|(name, _)| name == arg)).collect();
        if !missing.is_empty() {
            let missing = missing.join(", ");
            self.error(
                &format!("Field '{}' is missing required arguments: {missing}", field.name),
                pos,
                Some(field.name),
                &json!({
                    "code": "missingRequiredArguments", "className": "Field", "name": field.name, "arguments": missing,
                }),
            );
        }
        for (name, value) in
            given.iter().filter(|(name, _)| name == "id" && field.argument_type(name).is_none())
        {
            if let Some(text) = value.as_str()
                && parse_gid(text).is_none()
            {
                self.path.push(field.name.to_owned());
                self.bad_id(text, name, pos);
                self.path.pop();
            }
        }
    }

    fn bad_id(&mut self, text: &str, name: &str, pos: Pos) {
        self.error(
            &format!("Invalid global id '{text}'"),
            pos,
            Some(name),
            &json!({ "code": "argumentLiteralsIncompatible", "typeName": "CoercionError" }),
        );
    }

    /// Holds the type a variable was declared with against that of the argument; its value was held against the former.
    fn check_variable(&mut self, variable: &str, name: &str, of: &str, pos: Pos) {
        let (Some(declared), Some(expected)) = (self.variables.declared(variable), Declared::new(of)) else {
            return;
        };
        if goes_for(declared, &expected) {
            return;
        }
        let what = if bare(declared) == bare(&expected) { "Nullability mismatch" } else { "Type mismatch" };
        self.error(
            &format!("{what} on variable ${variable} and argument {name} ({declared} / {expected})"),
            pos,
            Some(name),
            &json!({
                "code": "variableMismatch",
                "variableName": variable,
                "typeName": declared.to_string(),
                "argumentName": name,
                "errorMessage": what,
            }),
        );
    }

    /// Holds a value written in the document against the argument's type. An error is placed where the value begins
    /// if it is about a part of it, else where the field does.
    fn check_literal(&mut self, at: (&str, &str, &str), value: &Value, text: &str, places: [Pos; 2]) {
        let Some(expected) = Declared::new(at.2) else { return };
        for problem in check(&expected, value) {
            self.literal(&problem, at, value, text, places);
        }
    }

    fn literal(
        &mut self,
        problem: &Problem,
        (field, argument, of): (&str, &str, &str),
        value: &Value,
        text: &str,
        [on_field, on_value]: [Pos; 2],
    ) {
        let mut path: Vec<String> = vec![argument.to_owned()];
        path.extend(problem.path.iter().filter_map(Value::as_str).map(str::to_owned));
        let last = path.pop().unwrap_or_default();
        let depth = path.len();
        self.path.extend(path);
        let part = || {
            problem.path.iter().try_fold(value, |value, step| match step.as_str() {
                Some(key) => value.get(key),
                None => value.get(index(step)),
            })
        };
        match &problem.kind {
            Kind::Undefined { on, name } => self.error(
                &format!("InputObject '{on}' doesn't accept argument '{name}'"),
                on_value,
                Some(&last),
                &json!({
                    "code": "argumentNotAccepted", "name": on, "typeName": "InputObject", "argumentName": name,
                }),
            ),
            Kind::Missing { on, name, of } => self.error(
                &format!("Argument '{name}' on InputObject '{on}' is required. Expected type {of}"),
                on_value,
                Some(&last),
                &json!({
                    "code": "missingRequiredInputObjectAttribute",
                    "argumentName": name,
                    "argumentType": of,
                    "inputObjectType": on,
                }),
            ),
            Kind::Id => {
                let id = part().and_then(Value::as_str).unwrap_or_default().to_owned();
                self.bad_id(&id, &last, on_field);
            }
            Kind::Unfit(Some((on, name, of))) => {
                let value = part().cloned().unwrap_or_default();
                self.unfit(("InputObject", on), (name, of), &value.to_string(), on_value);
            }
            Kind::Unfit(None) => self.unfit(("Field", field), (argument, of), text, on_field),
        }
        self.path.truncate(self.path.len() - depth);
    }

    fn unfit(&mut self, (kind, on): (&str, &str), (name, of): (&str, &str), value: &str, pos: Pos) {
        self.error(
            &format!(
                "Argument '{name}' on {kind} '{on}' has an invalid value ({value}). Expected type '{of}'."
            ),
            pos,
            Some(name),
            &json!({ "code": "argumentLiteralsIncompatible", "typeName": kind, "argumentName": name }),
        );
    }
}

fn index(step: &Value) -> usize {
    step.as_u64().and_then(|at| usize::try_from(at).ok()).unwrap_or_default()
}

/// Leaves out the fields whose variable was not given.
fn drop_absent(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, value| value != ABSENT);
            fields.values_mut().for_each(drop_absent);
        }
        Value::Array(items) => {
            items.retain(|value| value != ABSENT);
            items.iter_mut().for_each(drop_absent);
        }
        _ => {}
    }
}

/// Whether a variable of one type may be used where another is expected.
fn goes_for(declared: &Declared, expected: &Declared) -> bool {
    if declared.nullable && !expected.nullable {
        return false;
    }
    match (&declared.base, &expected.base) {
        (BaseType::Named(a), BaseType::Named(b)) => a == b,
        (BaseType::List(a), BaseType::List(b)) => goes_for(a, b),
        // One value goes for a list of one.
        (BaseType::Named(_), BaseType::List(b)) => goes_for(declared, b),
        (BaseType::List(_), BaseType::Named(_)) => false,
    }
}

fn bare(of: &Declared) -> String {
    of.to_string().replace('!', "")
}
