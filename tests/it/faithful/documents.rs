//! Every document that is sent to Shopify against the schema of the version it is written for.

use std::io::Read;
use std::path::Path;

use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Schema};

use crate::support::server::specs;

fn schema(packed: &Path) -> Valid<Schema> {
    // The compiler does not know this directive of the newest GraphQL.
    let mut sdl = String::from("directive @oneOf on INPUT_OBJECT\n");
    flate2::read::GzDecoder::new(std::fs::File::open(packed).unwrap()).read_to_string(&mut sdl).unwrap();
    Schema::parse_and_validate(sdl, "admin.graphql").unwrap_or_else(|wrong| panic!("{}", wrong.errors))
}

/// What the schema has against a document; nothing where it is valid.
fn complaints(schema: &Valid<Schema>, name: &str, document: &str) -> Option<String> {
    let checked = ExecutableDocument::parse_and_validate(schema, document, name);
    checked.err().map(|wrong| wrong.errors.to_string())
}

#[test]
fn every_document_is_valid_by_shopifys_schema() {
    let Some(specs) = specs("Shopify's schema") else { return };
    let schema = schema(&specs.join("shopify/admin_2026-10.graphql.gz"));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/connectors/shopify/queries");
    let mut checked = Vec::new();
    let all = [folder.clone(), folder.join("mutations")].map(|folder| std::fs::read_dir(folder).unwrap());
    for path in all.into_iter().flatten().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let mut document = std::fs::read_to_string(&path).unwrap();
        if document.contains("...Shipped") {
            document += &std::fs::read_to_string(folder.join("fragments/shipped.graphql")).unwrap();
        }
        assert_eq!(complaints(&schema, &name, &document), None, "{name}");
        checked.push(name);
    }
    checked.sort_unstable();
    let known = [
        "fulfillment.graphql",
        "hold.graphql",
        "locations.graphql",
        "note.graphql",
        "open_work.graphql",
        "order.graphql",
        "part.graphql",
        "progress.graphql",
        "retrack.graphql",
        "ship.graphql",
        "shop.graphql",
        "state.graphql",
        "tag.graphql",
        "unhold.graphql",
        "unship.graphql",
        "untag.graphql",
    ];
    assert_eq!(checked, known, "a document is added here by name");

    for (wrong, expected) in [
        ("query Q($id: ID!) { order(id: $id) { colour } }", "colour"),
        ("query Q { order { id } }", "argument"),
        ("query Q($id: Int!) { order(id: $id) { id } }", "variable"),
        ("query Q($id: ID!) { order(id: $id) { shippingAddress } }", "shippingAddress"),
    ] {
        let complaints = complaints(&schema, "wrong", wrong).unwrap_or_else(|| panic!("accepted: {wrong}"));
        assert!(complaints.contains(expected), "{wrong}: {complaints}");
    }
}

#[test]
fn every_document_is_valid_by_shipheros_schema() {
    let Some(specs) = specs("ShipHero's schema") else { return };
    let sdl = std::fs::read_to_string(specs.join("shiphero/shiphero.graphql")).unwrap();
    // Its own schema is not sound in every corner; what it says of orders is.
    let schema = match Schema::parse(sdl, "shiphero.graphql") {
        Ok(schema) => schema,
        Err(wrong) => wrong.partial,
    };
    let schema = Valid::assume_valid(schema);
    let documents = crossdock::connectors::shiphero::documents();
    assert!(documents.len() > 20, "every choice of mutations is among them");
    for document in documents {
        assert_eq!(complaints(&schema, "shiphero", &document), None, "{document}");
        // And the judge can say no.
        let wrong = document.replace("request_id", "request_ids").replace("credits_remaining", "credits");
        assert!(complaints(&schema, "shiphero", &wrong).is_some(), "{wrong}");
    }
}
