//! How a request body is read, for every operation alike.
//!
//! Reading is strict: each property must be in the operation's shape, of its type, and present where required; all
//! that is wrong is reported at once, each by its path. Names and enumeration values are compared without regard to
//! case and come out spelled as the vendor's answers spell them. What a value means is not judged here.

use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::wire::{Problem, Problems, decimal, moment};

/// So many problems are reported at most; a body with more is junk.
const MOST_PROBLEMS: usize = 50;

/// What a property may hold.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Text,
    Number,
    Whole,
    Flag,
    Moment,
    OneOf(&'static [&'static str]),
    Object(&'static [Field]),
    List(&'static [Field]),
    Texts,
}

/// One property of a request body.
#[derive(Clone, Copy)]
pub(super) struct Field {
    pub(super) name: &'static str,
    kind: Kind,
    required: bool,
    nullable: bool,
}

impl Field {
    /// Must be there and hold something.
    pub(super) const fn required(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, required: true, nullable: false }
    }

    /// Must be there and may be null.
    pub(super) const fn stated(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, required: true, nullable: true }
    }

    /// May be absent or null.
    pub(super) const fn optional(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, required: false, nullable: true }
    }

    /// May be absent and is never null.
    pub(super) const fn plain(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, required: false, nullable: false }
    }
}

/// Reads a body by its shape.
pub(super) fn read<T: DeserializeOwned>(
    body: &[u8],
    shape: &'static [Field],
    target: &'static str,
) -> Result<T, Problems> {
    match serde_json::from_slice(body) {
        Ok(value) => read_value(value, shape, target),
        Err(error) => {
            Err(vec![Problem::request(target, "", format!("The request body is not valid JSON: {error}."))])
        }
    }
}

/// Reads an already parsed body by its shape.
pub(super) fn read_value<T: DeserializeOwned>(
    body: Value,
    shape: &'static [Field],
    target: &'static str,
) -> Result<T, Problems> {
    let Value::Object(given) = body else {
        return Err(vec![Problem::request(target, "", "The request body must be a JSON object.")]);
    };
    let mut check = Check { target, problems: Vec::new() };
    let read = check.object(given, shape, &Place::Body);
    if !check.problems.is_empty() {
        check.problems.truncate(MOST_PROBLEMS);
        return Err(check.problems);
    }
    serde_json::from_value(Value::Object(read)).map_err(|error| {
        vec![Problem::request(target, "", format!("The request could not be read: {error}."))]
    })
}

struct Check {
    target: &'static str,
    problems: Problems,
}

impl Check {
    fn object(
        &mut self,
        given: Map<String, Value>,
        shape: &'static [Field],
        at: &Place,
    ) -> Map<String, Value> {
        let mut read = Map::new();
        for (name, value) in given {
            let Some(field) = shape.iter().find(|field| field.name.eq_ignore_ascii_case(&name)) else {
                let place = Place::Name(at, &name);
                self.request(&place, format!("The property '{name}' is not known here."));
                continue;
            };
            let place = Place::Name(at, field.name);
            if value.is_null() {
                if field.nullable {
                    read.insert(field.name.to_owned(), Value::Null);
                } else if !field.required {
                    self.request(&place, format!("The {} field must not be null.", field.name));
                }
                continue;
            }
            if let Some(value) = self.value(value, field, &place) {
                read.insert(field.name.to_owned(), value);
            } else {
                // Already reported; a placeholder keeps it from being reported as missing too.
                read.insert(field.name.to_owned(), Value::Null);
            }
        }
        for field in shape.iter().filter(|field| field.required && !read.contains_key(field.name)) {
            self.request(&Place::Name(at, field.name), format!("The {} field is required.", field.name));
        }
        // An optional null means the same as its absence.
        read.retain(|name, value| !value.is_null() || shape.iter().any(|f| f.name == name && f.required));
        read
    }

    fn value(&mut self, given: Value, field: &Field, at: &Place) -> Option<Value> {
        match (field.kind, given) {
            (Kind::Text, Value::String(text)) => {
                if field.required && !field.nullable && text.trim().is_empty() {
                    self.request(at, format!("The {} field is required.", field.name));
                    return None;
                }
                Some(Value::String(text))
            }
            (Kind::Number, Value::Number(number)) => {
                if decimal(&number).is_none() {
                    self.request(at, format!("The {} field is out of range.", field.name));
                }
                Some(Value::Number(number))
            }
            (Kind::Whole, Value::Number(number))
                if number.as_i64().is_some_and(|n| i32::try_from(n).is_ok()) =>
            {
                Some(Value::Number(number))
            }
            (Kind::Flag, Value::Bool(flag)) => Some(Value::Bool(flag)),
            (Kind::Moment, Value::String(text)) => {
                let moment = moment(&text);
                if moment.is_none() {
                    self.request(at, format!("The {} field is not a date and time.", field.name));
                }
                moment.map(|moment| Value::String(moment.to_string()))
            }
            (Kind::OneOf(values), Value::String(text)) => {
                let value = values.iter().find(|value| value.eq_ignore_ascii_case(&text));
                if value.is_none() {
                    let message = format!("The value '{text}' is not valid for {}.", field.name);
                    self.problems.push(Problem::validation(self.target, None, at.to_string(), message));
                }
                value.map(|value| Value::String((*value).to_owned()))
            }
            (Kind::Object(shape), Value::Object(given)) => Some(Value::Object(self.object(given, shape, at))),
            (Kind::List(shape), Value::Array(items)) => {
                let mut read = Vec::with_capacity(items.len());
                for (index, item) in items.into_iter().enumerate() {
                    let place = Place::Index(at, index);
                    if let Value::Object(given) = item {
                        read.push(Value::Object(self.object(given, shape, &place)));
                    } else {
                        self.request(&place, format!("Each of {} must be an object.", field.name));
                    }
                }
                Some(Value::Array(read))
            }
            (Kind::Texts, Value::Array(items)) => {
                for (index, item) in items.iter().enumerate().filter(|(_, item)| !item.is_string()) {
                    let message = format!("Each of {} must be a text, not {item}.", field.name);
                    self.request(&Place::Index(at, index), message);
                }
                Some(Value::Array(items))
            }
            (kind, _) => {
                self.request(at, format!("The {} field must be {kind}.", field.name));
                None
            }
        }
    }

    fn request(&mut self, at: &Place, message: String) {
        self.problems.push(Problem::request(self.target, at.to_string(), message));
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text | Self::Moment | Self::OneOf(_) => "a text",
            Self::Number => "a number",
            Self::Whole => "a whole number",
            Self::Flag => "true or false",
            Self::Object(_) => "an object",
            Self::List(_) | Self::Texts => "a list",
        })
    }
}

/// Where in the body we are; spelled out only when something is wrong there.
enum Place<'a> {
    Body,
    Name(&'a Place<'a>, &'a str),
    Index(&'a Place<'a>, usize),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Body => Ok(()),
            Self::Name(Self::Body, name) => f.write_str(name),
            Self::Name(parent, name) => write!(f, "{parent}.{name}"),
            Self::Index(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const SHAPE: &[Field] = &[
        Field::required("salesOrderKey", Kind::Text),
        Field::stated("owned", Kind::Flag),
        Field::optional("note", Kind::Text),
        Field::plain("amount", Kind::Number),
        Field::plain("type", Kind::OneOf(&["Creditcard", "Cash"])),
        Field::plain("shipDate", Kind::Moment),
        Field::optional(
            "items",
            Kind::List(&[Field::required("key", Kind::Text), Field::plain("count", Kind::Whole)]),
        ),
        Field::plain("inner", Kind::Object(&[Field::required("key", Kind::Text)])),
        Field::optional("numbers", Kind::Texts),
    ];

    fn told(body: &Value) -> Vec<(String, String)> {
        let problems = read::<Value>(body.to_string().as_bytes(), SHAPE, "SalesOrder").unwrap_err();
        let answer = super::super::wire::Reply::failure(&problems).body.unwrap();
        let told = |error: &Value| {
            (error["key"].as_str().unwrap().to_owned(), error["type"].as_str().unwrap().to_owned())
        };
        answer["errors"].as_array().unwrap().iter().map(told).collect()
    }

    #[test]
    fn names_and_enumerations_are_read_in_any_case_and_come_out_canonical() {
        let body = json!({ "SalesOrderKey": "A", "OWNED": null, "Type": "CreditCard", "note": null,
            "shipDate": "2026-11-24T00:00:00-08:00", "items": [{ "Key": "x" }] });
        let read: Value = read(body.to_string().as_bytes(), SHAPE, "SalesOrder").unwrap();
        assert_eq!(
            read,
            json!({ "salesOrderKey": "A", "owned": null, "type": "Creditcard",
                "shipDate": "2026-11-24T08:00:00Z", "items": [{ "key": "x" }] })
        );
    }

    #[test]
    fn everything_wrong_is_told_at_once_by_its_path() {
        let request = |path: &str| (path.to_owned(), "Request".to_owned());
        let validation = |path: &str| (path.to_owned(), "Validation".to_owned());
        assert_eq!(told(&json!({})), [request("salesOrderKey"), request("owned")]);
        let mut all = told(&json!({ "salesOrderKey": " ", "owned": true, "amount": null, "type": "Barter",
            "shipDate": "2026-11-24", "inner": { "key": 1 }, "numbers": ["1", 2], "sku": 1,
            "items": [{ "key": "x" }, { "count": 1.5, "extra": {} }, 3] }));
        all.sort();
        let mut expected = vec![
            request("salesOrderKey"),
            request("amount"),
            validation("type"),
            request("shipDate"),
            request("inner.key"),
            request("numbers[1]"),
            request("sku"),
            request("items[1].key"),
            request("items[1].count"),
            request("items[1].extra"),
            request("items[2]"),
        ];
        expected.sort();
        assert_eq!(all, expected);
    }

    #[test]
    fn what_is_no_object_is_no_request() {
        for body in ["", "[]", "null", "{", "\"x\""] {
            assert!(read::<Value>(body.as_bytes(), SHAPE, "SalesOrder").is_err(), "{body}");
        }
    }
}
