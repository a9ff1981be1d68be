//! The vendor's `OpenAPI` document as a judge of requests and answers.
//!
//! It is read from `../shared` and never copied. `OpenAPI` 3.0's `nullable` becomes a union with null; references are
//! resolved by carrying the document's components along.

use std::collections::HashMap;
use std::path::Path;
use std::sync::OnceLock;

use jsonschema::Validator;
use serde_json::{Value, json};

/// The vendor's document, read once; none where it is not at hand.
pub(crate) fn contract() -> Option<&'static Contract> {
    static CONTRACT: OnceLock<Option<Contract>> = OnceLock::new();
    CONTRACT.get_or_init(Contract::load).as_ref()
}

/// The vendor's document, or a loud word that a test is skipped for want of it.
#[expect(clippy::print_stderr, reason = "a skipped test must be seen")]
pub(crate) fn contract_or_skip(test: &str) -> Option<&'static Contract> {
    let contract = contract();
    if contract.is_none() {
        eprintln!("SKIPPED: {test} needs ../shared");
    }
    contract
}

/// Validators for every operation of the vendor's document.
pub(crate) struct Contract {
    operations: HashMap<(String, String), Operation>,
}

struct Operation {
    request: Option<Validator>,
    answers: HashMap<u16, Option<Validator>>,
}

impl Contract {
    /// None where the document is not at hand.
    fn load() -> Option<Self> {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/specs/shipcompliant/openapi_v1.json");
        let mut document: Value = serde_json::from_str(&std::fs::read_to_string(path).ok()?).unwrap();
        unite_with_null(&mut document);
        let components = document["components"].clone();
        let validator = |schema: &Value| {
            let whole = json!({ "allOf": [schema], "components": components });
            jsonschema::draft202012::options().should_validate_formats(false).build(&whole).unwrap()
        };
        let content = |holder: &Value| holder["content"]["application/json"]["schema"].clone();
        let mut operations = HashMap::new();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let request = Some(content(&operation["requestBody"])).filter(|s| !s.is_null());
                let answers = operation["responses"].as_object().unwrap().iter().map(|(status, answer)| {
                    let schema = Some(content(answer)).filter(|s| !s.is_null());
                    (status.parse().unwrap(), schema.as_ref().map(validator))
                });
                let operation =
                    Operation { request: request.as_ref().map(validator), answers: answers.collect() };
                operations.insert((method.to_uppercase(), path.clone()), operation);
            }
        }
        Some(Self { operations })
    }

    /// The operation's path as the document writes it; of two that fit, the one with more literal segments.
    pub(crate) fn path_of(&self, method: &str, path: &str) -> Option<String> {
        let path = path.split('?').next().unwrap_or_default();
        let segments: Vec<&str> = path.split('/').collect();
        let literal = |known: &str| {
            let known: Vec<&str> = known.split('/').collect();
            let fits = known.len() == segments.len()
                && known.iter().zip(&segments).all(|(k, s)| k.starts_with('{') || k == s);
            fits.then(|| known.iter().filter(|k| !k.starts_with('{')).count())
        };
        let fitting = self.operations.keys().filter(|(m, _)| m == method);
        let ranked = fitting.filter_map(|(_, known)| Some((literal(known)?, known.clone())));
        ranked.max().map(|(_, known)| known)
    }

    /// What the document has against this request.
    pub(crate) fn request(&self, method: &str, path: &str, body: &Value) -> Vec<String> {
        let operation = &self.operations[&(method.to_owned(), path.to_owned())];
        operation.request.as_ref().map(|validator| complaints(validator, body)).unwrap_or_default()
    }

    /// What the document has against this answer; none if it does not know the status.
    pub(crate) fn answer(&self, method: &str, path: &str, status: u16, body: &Value) -> Option<Vec<String>> {
        let operation = &self.operations[&(method.to_owned(), path.to_owned())];
        let validator = operation.answers.get(&status)?;
        Some(match validator {
            Some(validator) => complaints(validator, body),
            None if body.is_null() => Vec::new(),
            None => vec![format!("a body where none is defined: {body}")],
        })
    }
}

fn complaints(validator: &Validator, body: &Value) -> Vec<String> {
    validator.iter_errors(body).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

fn unite_with_null(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            map.values_mut().for_each(unite_with_null);
            if map.get("nullable") == Some(&Value::Bool(true)) {
                if let Some(Value::String(kind)) = map.get("type").cloned() {
                    map.insert("type".to_owned(), json!([kind, "null"]));
                }
                if let Some(Value::Array(values)) = map.get_mut("enum") {
                    values.push(Value::Null);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(unite_with_null),
        _ => {}
    }
}
