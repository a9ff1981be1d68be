//! Reads the tables of types: what can be asked for, with which arguments.
//!
//! A type is one line of fields, `name(argument:Type …):Type`, and `String` goes without saying. `@page` stands for
//! the five arguments of a connection. The tables name what the vendor's schema names, and a test holds them against
//! it; what is not in them is not served.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::{inputs, outputs};

/// A type as a field or an argument has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Of {
    Named { name: &'static str, required: bool },
    List { of: Box<Self>, required: bool },
}

impl Of {
    fn read(text: &'static str) -> Self {
        let (text, required) = match text.strip_suffix('!') {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        match text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(inner) => Self::List { of: Box::new(Self::read(inner)), required },
            None => Self::Named { name: text, required },
        }
    }

    pub(super) const fn required(&self) -> bool {
        let (Self::Named { required, .. } | Self::List { required, .. }) = self;
        *required
    }

    pub(super) fn innermost(&self) -> &'static str {
        match self {
            Self::Named { name, .. } => name,
            Self::List { of, .. } => of.innermost(),
        }
    }
}

impl std::fmt::Display for Of {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Named { name, .. } => f.write_str(name)?,
            Self::List { of, .. } => write!(f, "[{of}]")?,
        }
        f.write_str(if self.required() { "!" } else { "" })
    }
}

/// A field, or an argument or a part of an input, which have no arguments of their own.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) args: Vec<Field>,
    pub(super) of: Of,
}

/// A type's fields in order.
pub(super) struct Type {
    pub(super) name: &'static str,
    pub(super) fields: Vec<Field>,
}

impl Type {
    pub(super) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

type Types = BTreeMap<&'static str, Type>;

static OUTPUTS: LazyLock<Types> = LazyLock::new(|| read(outputs::TYPES));
static INPUTS: LazyLock<Types> = LazyLock::new(|| read(inputs::TYPES));

/// The arguments of a connection.
const PAGE: &str = "sort before after first:Int last:Int";

fn read(table: &'static [(&'static str, &'static str)]) -> Types {
    table.iter().map(|(name, text)| (*name, Type { name, fields: fields(text) })).collect()
}

/// An object type, if the name is that of one.
pub(super) fn output(name: &str) -> Option<&'static Type> {
    OUTPUTS.get(name)
}

/// An input type, if the name is that of one.
pub(super) fn input(name: &str) -> Option<&'static Type> {
    INPUTS.get(name)
}

fn fields(text: &'static str) -> Vec<Field> {
    let mut found = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let end = rest.find(|c: char| c.is_whitespace() || "(:".contains(c)).unwrap_or(rest.len());
        let (name, mut tail) = rest.split_at(end);
        let mut args = Vec::new();
        if let Some(inside) = tail.strip_prefix('(') {
            let close = inside.find(')').unwrap_or(inside.len());
            args = fields(&inside[..close]);
            tail = inside.get(close + 1..).unwrap_or_default();
        }
        let mut of = "String";
        if let Some(after) = tail.strip_prefix(':') {
            let end = after.find(char::is_whitespace).unwrap_or(after.len());
            (of, tail) = after.split_at(end);
        }
        if name == "@page" {
            found.extend(fields(PAGE));
        } else {
            found.push(Field { name, args, of: Of::read(of) });
        }
        rest = tail.trim_start();
    }
    found
}

/// Every object type there is.
#[cfg(test)]
pub(super) fn outputs() -> &'static Types {
    &OUTPUTS
}

/// Every input type there is.
#[cfg(test)]
pub(super) fn inputs() -> &'static Types {
    &INPUTS
}
