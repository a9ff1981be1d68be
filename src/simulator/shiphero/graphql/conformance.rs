//! Holds the tables against the vendor's own schema, where it is at hand.

use apollo_compiler::schema::{ExtendedType, Schema};

use super::schema::{Field, inputs, outputs};

#[expect(clippy::print_stderr, reason = "a skipped test must say so")]
fn schema() -> Option<Schema> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/specs/shiphero/shiphero.graphql");
    let Ok(text) = std::fs::read_to_string(path) else {
        eprintln!("SKIPPED: the schema's conformance needs ../shared");
        return None;
    };
    Some(match Schema::parse(text, "shiphero.graphql") {
        Ok(schema) => schema,
        Err(with_errors) => with_errors.partial,
    })
}

/// Arguments and types as text, for comparison.
fn spelled(field: &Field) -> (String, Vec<(String, String)>) {
    let mut args: Vec<_> = field.args.iter().map(|arg| (arg.name.to_owned(), arg.of.to_string())).collect();
    args.sort();
    (field.of.to_string(), args)
}

#[test]
fn every_type_field_and_argument_is_shipheros() {
    let Some(schema) = schema() else { return };
    let mut wrong = Vec::new();
    for (name, of) in outputs() {
        let Some(ExtendedType::Object(real)) = schema.types.get(*name) else {
            wrong.push(format!("{name} is no object type"));
            continue;
        };
        for field in &of.fields {
            let Some(real) = real.fields.get(field.name) else {
                wrong.push(format!("no field {name}.{}", field.name));
                continue;
            };
            let mut args: Vec<_> =
                real.arguments.iter().map(|arg| (arg.name.to_string(), arg.ty.to_string())).collect();
            args.sort();
            if spelled(field) != (real.ty.to_string(), args) {
                wrong.push(format!("{name}.{} is {}", field.name, real.ty));
            }
        }
    }
    for (name, of) in inputs() {
        let Some(ExtendedType::InputObject(real)) = schema.types.get(*name) else {
            wrong.push(format!("{name} is no input"));
            continue;
        };
        let mut ours: Vec<_> = of.fields.iter().map(|f| (f.name.to_owned(), f.of.to_string())).collect();
        let mut theirs: Vec<_> =
            real.fields.iter().map(|(name, f)| (name.to_string(), f.ty.to_string())).collect();
        ours.sort();
        theirs.sort();
        if ours != theirs {
            wrong.push(format!("{name} is {theirs:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
