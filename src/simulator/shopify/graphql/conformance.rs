//! Holds the tables against Shopify's own schema, where it is at hand, and walks what they give.

use std::io::Read;

use apollo_compiler::ast;
use apollo_compiler::schema::{ExtendedType, Schema, Type as SdlType};
use rand::SeedableRng;
use serde_json::Value;

use super::input::tables;
use super::schema::{PAGING, Shape, argument_name};
use super::types::ALL;
use crate::clock::Clock;
use crate::simulator::shopify::{Options, Shop, activity, generate};

#[expect(clippy::print_stderr, reason = "a skipped test must say so")]
fn skipped(what: &str) {
    eprintln!("SKIPPED: {what} needs ../shared");
}

fn schema() -> Option<Schema> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/specs/shopify/admin_2026-10.graphql.gz");
    let Ok(file) = std::fs::File::open(path) else {
        skipped("the schema's conformance");
        return None;
    };
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    Some(match Schema::parse(text, "admin.graphql") {
        Ok(schema) => schema,
        Err(with_errors) => with_errors.partial,
    })
}

fn field<'s>(schema: &'s Schema, on: &str, name: &str) -> Option<&'s ast::FieldDefinition> {
    match schema.types.get(on)? {
        ExtendedType::Object(object) => object.fields.get(name).map(|f| &***f),
        ExtendedType::Interface(interface) => interface.fields.get(name).map(|f| &***f),
        _ => None,
    }
}

#[test]
fn every_type_field_and_argument_is_shopifys() {
    let Some(schema) = schema() else { return };
    let mut wrong = Vec::new();
    for of in ALL {
        let Some(real) = schema.types.get(of.name) else {
            wrong.push(format!("no type {}", of.name));
            continue;
        };
        for possible in of.possible {
            let fits = match real {
                ExtendedType::Union(union) => union.members.contains(possible.name),
                _ => match schema.types.get(possible.name) {
                    Some(ExtendedType::Object(object)) => object.implements_interfaces.contains(of.name),
                    _ => false,
                },
            };
            if !fits {
                wrong.push(format!("{} is no {}", possible.name, of.name));
            }
        }
        for shared in of.shared.iter().filter(|name| field(&schema, of.name, name).is_none()) {
            wrong.push(format!("no field {}.{shared}", of.name));
        }
        for served in of.fields {
            let at = format!("{}.{}", of.name, served.name);
            let Some(real) = field(&schema, of.name, served.name) else {
                wrong.push(format!("no field {at}"));
                continue;
            };
            let inner = real.ty.inner_named_type().as_str();
            let (expected, list) = match served.shape {
                Shape::Leaf => {
                    if !matches!(
                        schema.types.get(inner),
                        Some(ExtendedType::Scalar(_) | ExtendedType::Enum(_))
                    ) {
                        wrong.push(format!("{at} is no leaf but {inner}"));
                    }
                    (inner.to_owned(), real.ty.is_list())
                }
                Shape::One(of) => (of.name.to_owned(), false),
                Shape::Many(of) => (of.name.to_owned(), true),
                Shape::Pages(of) => (format!("{}Connection", of.name), false),
            };
            if inner != expected || real.ty.is_list() != list {
                wrong.push(format!("{at} is {} and not {expected}", real.ty));
            }
            for arg in served.args {
                let name = argument_name(arg);
                match real.arguments.iter().find(|a| a.name == name) {
                    None => wrong.push(format!("{at} takes no {name}")),
                    Some(real) if real.is_required() != arg.ends_with('!') => {
                        wrong.push(format!("{at}({name}) is {}", real.ty));
                    }
                    Some(real) if arg.split_once(": ").is_some_and(|(_, of)| of != real.ty.to_string()) => {
                        wrong.push(format!("{at}({name}) is {}", real.ty));
                    }
                    Some(_) => {}
                }
            }
            for real in &real.arguments {
                let paging = matches!(served.shape, Shape::Pages(_)) && PAGING.contains(&real.name.as_str());
                if !paging && !served.takes(&real.name) {
                    wrong.push(format!("{at} takes {} too", real.name));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_value_fits_its_type() {
    let Some(schema) = schema() else { return };
    let clock = Clock::manual("2026-11-22T10:00:00.5Z".parse().unwrap());
    let shop = Shop::new(Options::default(), clock.clone());
    let mut rng = rand::rngs::StdRng::seed_from_u64(5);
    let mut wrong = Vec::new();
    for new in generate::orders(9, 40, shop.profile()) {
        let id = shop.place_order(&new).unwrap();
        for round in 0..20 {
            if round % 5 == 0 {
                let tree = shop.graphql_order(id).unwrap();
                object(&schema, "Order", &tree, "Order", &mut wrong);
            }
            clock.advance(std::time::Duration::from_millis(900));
            activity::act_at_random(&shop, &mut rng, id);
        }
        if wrong.len() > 20 {
            break;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_input_and_enum_is_shopifys() {
    let Some(schema) = schema() else { return };
    let mut wrong = Vec::new();
    for input in tables::INPUTS {
        let Some(ExtendedType::InputObject(real)) = schema.types.get(input.name) else {
            wrong.push(format!("no input {}", input.name));
            continue;
        };
        for (name, of) in input.fields {
            if real.fields.get(*name).is_none_or(|real| real.ty.to_string() != *of) {
                wrong.push(format!("{}.{name} is no {of}", input.name));
            }
        }
        for (name, real) in &real.fields {
            let left_out = ["localizedFields", "localizationExtensions"].contains(&name.as_str());
            if !left_out && !input.fields.iter().any(|(field, _)| *field == name.as_str()) {
                wrong.push(format!("{}.{name}: {} is missing", input.name, real.ty));
            }
        }
    }
    for (name, values) in tables::ENUMS {
        let real = match schema.types.get(*name) {
            Some(ExtendedType::Enum(real)) => real.values.keys().map(apollo_compiler::Name::as_str).collect(),
            _ => Vec::new(),
        };
        if real != *values {
            wrong.push(format!("{name} is {real:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Recorded queries that the simulator can plan cost what they cost at the real shop.
#[test]
fn recorded_queries_cost_what_was_recorded() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/specs/shopify/graphql-captures");
    let mut files = Vec::new();
    let mut folders = vec![std::path::PathBuf::from(path)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.path().is_dir() { folders.push(entry.path()) } else { files.push(entry.path()) }
        }
    }
    if files.is_empty() {
        skipped("the cost of recorded queries");
        return;
    }
    let gate = super::Gate::new(Options::default());
    let (mut same, mut other) = (0, Vec::new());
    for file in files.into_iter().filter(|file| file.extension().is_some_and(|e| e == "json")) {
        let recorded: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        let mut found = Vec::new();
        recordings(&recorded, &mut found);
        for (document, variables, cost) in found {
            let Ok(parsed) = gate.parse(document) else { continue };
            let body = super::Body { query: None, variables: None, operation_name: None };
            let Ok(prepared) = super::prepare(&parsed, &body, &variables) else { continue };
            let ours = prepared.requested();
            if u64::from(ours) == cost {
                same += 1;
            } else {
                other.push((file.clone(), document.to_owned(), cost, ours));
            }
        }
    }
    let all = same + other.len();
    assert!(all > 100, "only {all} recorded queries could be planned");
    assert!(other.len() * 50 <= all, "{} of {all} differ: {:#?}", other.len(), other);
}

/// Requests with the cost that was answered, anywhere in a recording.
fn recordings<'v>(value: &'v Value, found: &mut Vec<(&'v str, serde_json::Map<String, Value>, u64)>) {
    if let Some(document) = ["query", "document"].iter().find_map(|key| value.get(*key)?.as_str()) {
        let response = value.get("response").or(value.get("result")).unwrap_or(&Value::Null);
        let body = response.get("payload").or(response.get("body")).unwrap_or(response);
        if let Some(cost) = body.pointer("/extensions/cost/requestedQueryCost").and_then(Value::as_u64) {
            let variables = value.get("variables").and_then(Value::as_object).cloned().unwrap_or_default();
            found.push((document, variables, cost));
        }
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| recordings(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| recordings(field, found)),
        _ => {}
    }
}

fn object(schema: &Schema, declared: &str, value: &Value, at: &str, wrong: &mut Vec<String>) {
    let Some(map) = value.as_object() else {
        wrong.push(format!("{at} is no object: {value}"));
        return;
    };
    let name = map.get("__typename").and_then(Value::as_str).unwrap_or(declared);
    if name != declared && !schema.is_subtype(declared, name) {
        wrong.push(format!("{at} is {name} and not {declared}"));
    }
    for (key, value) in map.iter().filter(|(key, _)| *key != "__typename") {
        match field(schema, name, key) {
            None => wrong.push(format!("{at}: no field {name}.{key}")),
            Some(field) => fits(schema, &field.ty, value, &format!("{at}.{key}"), wrong),
        }
    }
}

fn fits(schema: &Schema, of: &SdlType, value: &Value, at: &str, wrong: &mut Vec<String>) {
    if value.is_null() {
        if of.is_non_null() {
            wrong.push(format!("{at} is null and not {of}"));
        }
        return;
    }
    if of.is_list() {
        match value.as_array() {
            Some(items) => items.iter().for_each(|item| fits(schema, of.item_type(), item, at, wrong)),
            None => wrong.push(format!("{at} is no list: {value}")),
        }
        return;
    }
    let name = of.inner_named_type().as_str();
    let good = match schema.types.get(name) {
        Some(ExtendedType::Enum(values)) => {
            value.as_str().is_some_and(|value| values.values.contains_key(value))
        }
        Some(ExtendedType::Scalar(_)) => scalar(name, value),
        Some(_) => {
            object(schema, name, value, at, wrong);
            true
        }
        None => false,
    };
    if !good {
        wrong.push(format!("{at} is {value} and not {of}"));
    }
}

fn scalar(name: &str, value: &Value) -> bool {
    let text = value.as_str();
    match name {
        "Int" => value.as_i64().is_some_and(|n| i32::try_from(n).is_ok()),
        "Float" => value.is_number(),
        "Boolean" => value.is_boolean(),
        "ID" => text.is_some_and(|text| text.starts_with("gid://shopify/")),
        "DateTime" => text.is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok()),
        "Decimal" | "Money" => text.is_some_and(|text| text.parse::<rust_decimal::Decimal>().is_ok()),
        "UnsignedInt64" => text.is_some_and(|text| text.parse::<u64>().is_ok()),
        "URL" => text.is_some_and(|text| text.starts_with("https://")),
        _ => text.is_some(),
    }
}
