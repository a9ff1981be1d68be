//! Mutations that are wrong as documents: nothing happens, and the errors are those recorded.

use crossdock::simulator::shopify::{NewOrder, Options};
use serde_json::json;

use super::super::Served;
use super::{SHIP, gid};

#[tokio::test]
async fn variables_are_held_against_the_definition_before_anything_happens() {
    let served = Served::start(Options::default()).await;
    let id = served.shop.place_order(&NewOrder::default()).unwrap();
    let wanted = gid("FulfillmentOrder", served.shop.order(id).unwrap().fulfillment_orders[0].id);
    let groups = json!([{ "fulfillmentOrderId": wanted }]);
    let variable = |problem: &str| {
        format!("Variable $fulfillment of type FulfillmentInput! was provided invalid value{problem}")
    };
    for (input, expected) in [
        (json!(null), variable("")),
        (json!({}), variable(" for lineItemsByFulfillmentOrder (Expected value to not be null)")),
        (
            json!({ "lineItemsByFulfillmentOrder": groups, "carrier": 1 }),
            variable(" for carrier (Field is not defined on FulfillmentInput)"),
        ),
        (
            json!({ "lineItemsByFulfillmentOrder": [{ "fulfillmentOrderId": "17" }] }),
            variable(" for lineItemsByFulfillmentOrder.0.fulfillmentOrderId (Invalid global id '17')"),
        ),
        (
            json!({ "lineItemsByFulfillmentOrder": groups, "trackingInfo": { "number": 17 }, "notifyCustomer": "x" }),
            variable(
                " for notifyCustomer (Could not coerce value \"x\" to Boolean), trackingInfo.number (Could not \
                 coerce value 17 to String)",
            ),
        ),
    ] {
        let answer = served.ask(SHIP, json!({ "fulfillment": input })).await;
        assert_eq!(answer["errors"][0]["message"], expected, "{answer}");
        assert_eq!(answer["errors"][0]["extensions"]["code"], "INVALID_VARIABLE");
        assert_eq!(answer.get("data"), None);
    }
    let event = "mutation($e: FulfillmentEventInput!) { fulfillmentEventCreate(fulfillmentEvent: $e) {
        userErrors { message } } }";
    let input = json!({ "fulfillmentId": gid("Fulfillment", 1), "status": "LOST" });
    let answer = served.ask(event, json!({ "e": input })).await;
    let message = answer["errors"][0]["message"].as_str().unwrap();
    assert!(
        message.contains("for status (Expected \"LOST\" to be one of: ATTEMPTED_DELIVERY, "),
        "{message}"
    );
    assert!(served.shop.order(id).unwrap().fulfillments.is_empty());
}

#[tokio::test]
async fn a_document_is_held_against_the_definition() {
    let served = Served::start(Options::default()).await;
    for (document, code, path) in [
        ("mutation { fulfillmentCreate { userErrors { message } } }", "missingRequiredArguments", "fulfillmentCreate"),
        ("mutation { fulfillmentUndo(id: 1) { userErrors { message } } }", "undefinedField", "fulfillmentUndo"),
        (
            "mutation { fulfillmentCancel(id: \"gid://shopify/Fulfillment/1\", why: 1) { userErrors { message } } }",
            "argumentNotAccepted",
            "why",
        ),
        (
            "mutation { fulfillmentCancel(id: \"1\") { userErrors { message } } }",
            "argumentLiteralsIncompatible",
            "id",
        ),
        (
            "mutation { fulfillmentCancel(id: \"gid://shopify/Fulfillment/1\") { userErrors { code } } }",
            "undefinedField",
            "code",
        ),
        (
            "mutation { fulfillmentCreate(fulfillment: { notifyCustomer: true }) { userErrors { message } } }",
            "missingRequiredInputObjectAttribute",
            "lineItemsByFulfillmentOrder",
        ),
        (
            "mutation { fulfillmentCreate(fulfillment: { lineItemsByFulfillmentOrder: [], x: 1 }) {
                userErrors { message } } }",
            "argumentNotAccepted",
            "x",
        ),
        (
            "mutation { fulfillmentCreate(fulfillment: { lineItemsByFulfillmentOrder: [], notifyCustomer: 7 }) {
                userErrors { message } } }",
            "argumentLiteralsIncompatible",
            "notifyCustomer",
        ),
        (
            "mutation($id: String! = \"x\") { fulfillmentCancel(id: $id) { userErrors { message } } }",
            "variableMismatch",
            "id",
        ),
        (
            "mutation($id: ID) { fulfillmentCancel(id: $id) { userErrors { message } } }",
            "missingRequiredArguments",
            "fulfillmentCancel",
        ),
    ] {
        let answer = served.ask(document, json!({})).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], code, "{document}: {answer}");
        let last = answer["errors"][0]["path"].as_array().unwrap().last().unwrap();
        assert_eq!(last, path, "{document}: {answer}");
        assert_eq!(answer.get("data"), None);
    }
}

/// Where in the document and in what words, as recorded of other mutations.
#[tokio::test]
async fn wrong_values_are_named_where_they_stand() {
    let served = Served::start(Options::default()).await;
    for (document, message, column) in [
        (
            "mutation { fulfillmentCancel(id: null) { userErrors { message } } }",
            "Argument 'id' on Field 'fulfillmentCancel' has an invalid value (null). Expected type 'ID!'.",
            12,
        ),
        (
            "mutation { tagsAdd(id: \"gid://shopify/Order/1\", tags: 7) { userErrors { message } } }",
            "Argument 'tags' on Field 'tagsAdd' has an invalid value (7). Expected type '[String!]!'.",
            12,
        ),
        (
            "mutation { orderUpdate(input: { id: null }) { userErrors { message } } }",
            "Argument 'id' on InputObject 'OrderInput' has an invalid value (null). Expected type 'ID!'.",
            31,
        ),
        (
            "mutation { orderUpdate(input: { note: 42 }) { userErrors { message } } }",
            "Argument 'note' on InputObject 'OrderInput' has an invalid value (42). Expected type 'String'.",
            31,
        ),
        (
            "mutation { orderUpdate(input: { note: \"x\" }) { userErrors { message } } }",
            "Argument 'id' on InputObject 'OrderInput' is required. Expected type ID!",
            31,
        ),
    ] {
        let answer = served.ask(document, json!({})).await;
        let errors = answer["errors"].as_array().unwrap();
        let error = errors.iter().find(|error| error["message"] == message);
        let error = error.unwrap_or_else(|| panic!("{document}: {answer}"));
        assert_eq!(error["locations"], json!([{ "line": 1, "column": column }]), "{document}");
    }
}
