//! Mutations of the Admin GraphQL API: what each does, answers, costs, needs and refuses.

mod fulfillment_orders;
mod fulfillments;
mod orders;

use crossdock::simulator::shopify::{NewOrder, Options};
use serde_json::{Value, json};

use super::Served;

/// Options of a shop that queues webhooks for an address nobody looks at.
fn telling() -> Options {
    Options { webhook_url: Some("http://127.0.0.1:9/".to_owned()), ..Options::default() }
}

/// What a mutation answered, which must have gone through.
async fn done(served: &Served, document: &str, variables: Value) -> Value {
    let answer = served.ask(document, variables).await;
    assert_eq!(answer.get("errors"), None, "{answer}");
    let payload = answer["data"].as_object().unwrap().values().next().unwrap().clone();
    assert_eq!(payload["userErrors"], json!([]), "{answer}");
    payload
}

/// The one user error of a mutation, whose objects must then be null.
async fn refused(served: &Served, document: &str, variables: Value) -> Value {
    let answer = served.ask(document, variables).await;
    assert_eq!(answer.get("errors"), None, "{answer}");
    let payload = answer["data"].as_object().unwrap().values().next().unwrap().as_object().unwrap().clone();
    let nothing = payload.iter().filter(|(key, _)| *key != "userErrors").all(|(_, value)| value.is_null());
    assert!(nothing, "{answer}");
    assert_eq!(payload["userErrors"].as_array().unwrap().len(), 1, "{answer}");
    payload["userErrors"][0].clone()
}

/// The topics of the newest event, sorted.
fn fired(served: &Served) -> Vec<String> {
    let deliveries = served.shop.deliveries();
    let event = &deliveries.last().unwrap().event_id;
    let mut topics: Vec<_> =
        deliveries.iter().filter(|d| &d.event_id == event).map(|d| d.topic.clone()).collect();
    topics.sort();
    topics
}

fn gid(kind: &str, id: i64) -> String {
    format!("gid://shopify/{kind}/{id}")
}

const SHIP: &str = "mutation Ship($fulfillment: FulfillmentInput!, $message: String) {
    fulfillmentCreate(fulfillment: $fulfillment, message: $message) {
        fulfillment { id status displayStatus trackingInfo { company number url } }
        userErrors { field message }
    }
}";

#[tokio::test]
async fn a_document_is_held_against_the_definition_before_anything_happens() {
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
    assert!(served.shop.order(id).unwrap().fulfillments.is_empty());
}

#[tokio::test]
async fn the_mutations_of_a_document_run_in_order() {
    let served = Served::start(telling()).await;
    let id = served.shop.place_order(&NewOrder::default()).unwrap();
    let order = served.shop.order(id).unwrap();
    let wanted = &order.fulfillment_orders[0];
    let document = format!(
        r#"mutation {{
            __typename
            first: fulfillmentCreate(fulfillment: {{ lineItemsByFulfillmentOrder: {{
                fulfillmentOrderId: "{fo}"
                fulfillmentOrderLineItems: {{ id: "{line}", quantity: 2 }}
            }} }}) {{ fulfillment {{ name order {{ fulfillments {{ name }} }} }} userErrors {{ message }} }}
            wrong: fulfillmentCreate(fulfillment: {{ lineItemsByFulfillmentOrder: [{{
                fulfillmentOrderId: "{fo}"
                fulfillmentOrderLineItems: [{{ id: "{line}", quantity: 5 }}]
            }}] }}) {{ fulfillment {{ name }} userErrors {{ message }} }}
            last: fulfillmentCreate(fulfillment: {{ lineItemsByFulfillmentOrder: [{{ fulfillmentOrderId: "{fo}" }}] }}) {{
                fulfillment {{ name totalQuantity order {{ displayFulfillmentStatus }} }} userErrors {{ message }}
            }}
        }}"#,
        fo = gid("FulfillmentOrder", wanted.id),
        line = gid("FulfillmentOrderLineItem", wanted.lines[0].id),
    );
    let answer = served.ask(&document, json!({})).await;
    assert_eq!(
        answer["data"],
        json!({
            "__typename": "Mutation",
            "first": {
                "fulfillment": { "name": "#1001-F1", "order": { "fulfillments": [{ "name": "#1001-F1" }] } },
                "userErrors": [],
            },
            "wrong": {
                "fulfillment": null,
                "userErrors": [{ "message": "Invalid fulfillment order line item quantity requested." }],
            },
            "last": {
                "fulfillment": {
                    "name": "#1001-F2", "totalQuantity": 4, "order": { "displayFulfillmentStatus": "FULFILLED" },
                },
                "userErrors": [],
            },
        })
    );
    // Three at ten, and what is read below their own objects.
    assert_eq!(answer["extensions"]["cost"]["requestedQueryCost"], 33);
    let events: std::collections::BTreeSet<_> =
        served.shop.deliveries().into_iter().map(|d| d.event_id).collect();
    assert_eq!(events.len(), 3, "the order was placed, and each fulfillment is an event of its own");
}

#[tokio::test]
async fn what_an_app_may_not_do_is_denied_as_recorded() {
    let served =
        Served::start(Options { scopes: vec!["read_orders".to_owned()], ..Options::default() }).await;
    let id = served.shop.place_order(&NewOrder::default()).unwrap();
    let wanted = gid("FulfillmentOrder", served.shop.order(id).unwrap().fulfillment_orders[0].id);
    let input = json!({ "lineItemsByFulfillmentOrder": [{ "fulfillmentOrderId": wanted }] });
    let answer = served.ask(SHIP, json!({ "fulfillment": input })).await;
    let required = "`write_assigned_fulfillment_orders` access scope, `write_merchant_managed_fulfillment_orders` access \
                    scope or `write_third_party_fulfillment_orders` access scope. Also: The user must have \
                    fulfill_and_ship_orders permission.";
    assert_eq!(
        answer["errors"],
        json!([{
            "message": format!("Access denied for fulfillmentCreate field. Required access: {required}"),
            "locations": [{ "line": 2, "column": 5 }],
            "extensions": {
                "code": "ACCESS_DENIED",
                "documentation": "https://shopify.dev/api/usage/access-scopes",
                "requiredAccess": required,
            },
            "path": ["fulfillmentCreate"],
        }])
    );
    assert_eq!(answer["data"], json!({ "fulfillmentCreate": null }));
    assert_eq!(answer["extensions"]["cost"]["actualQueryCost"], 10);
    assert!(served.shop.order(id).unwrap().fulfillments.is_empty());
}

/// A repeat after a lost answer is a second fulfillment, as long as units are left.
#[tokio::test]
async fn a_lost_answer_was_acted_on_and_a_repeat_acts_again() {
    let served = Served::start(telling()).await;
    let id = served.shop.place_order(&NewOrder::default()).unwrap();
    let wanted = served.shop.order(id).unwrap().fulfillment_orders[0].clone();
    let line = gid("FulfillmentOrderLineItem", wanted.lines[0].id);
    let part = json!({ "fulfillment": {
        "lineItemsByFulfillmentOrder": [{
            "fulfillmentOrderId": gid("FulfillmentOrder", wanted.id),
            "fulfillmentOrderLineItems": [{ "id": line, "quantity": 2 }],
        }],
    }});
    let whole = json!({ "fulfillment": {
        "lineItemsByFulfillmentOrder": [{ "fulfillmentOrderId": gid("FulfillmentOrder", wanted.id) }],
    }});
    let send = async |variables: &Value| {
        let request = served
            .client
            .post(format!("{}/admin/api/2026-10/graphql.json", served.base))
            .header("X-Shopify-Access-Token", "shpat_simulated");
        request.json(&json!({ "query": SHIP, "variables": variables })).send().await
    };
    let made = || served.shop.order(id).unwrap().fulfillments.len();
    served.sim("POST", "/sim/faults", r#"{"fault": "reset_before"}"#).await;
    assert!(send(&part).await.is_err());
    assert_eq!(made(), 0);
    served.sim("POST", "/sim/faults", r#"{"fault": "reset_after"}"#).await;
    assert!(send(&part).await.is_err());
    assert_eq!(made(), 1);
    assert!(send(&part).await.is_ok());
    assert_eq!(made(), 2, "a partial repeat succeeds");
    served.sim("POST", "/sim/faults", r#"{"fault": "truncated"}"#).await;
    assert!(send(&whole).await.unwrap().json::<Value>().await.is_err());
    assert_eq!(made(), 3);
    let error = refused(&served, SHIP, whole).await;
    let message = format!("Fulfillment order {} has an unfulfillable status= closed.", wanted.id);
    assert_eq!(error, json!({ "field": ["fulfillment"], "message": message }));
    assert_eq!(fired(&served), ["fulfillments/create", "orders/fulfilled", "orders/updated"]);
}

#[tokio::test]
async fn a_mutation_that_cannot_be_paid_for_does_nothing() {
    let served = Served::start(Options { bucket: 15, restore_rate: 1, ..Options::default() }).await;
    let id = served.shop.place_order(&NewOrder::default()).unwrap();
    let wanted = gid("FulfillmentOrder", served.shop.order(id).unwrap().fulfillment_orders[0].id);
    let none = gid("Fulfillment", 1);
    let document = "mutation($id: ID!) { fulfillmentCancel(id: $id) { userErrors { message } } }";
    let answer = served.ask(document, json!({ "id": none })).await;
    assert_eq!(answer["extensions"]["cost"]["throttleStatus"]["currentlyAvailable"], 5);
    let input = json!({ "lineItemsByFulfillmentOrder": [{ "fulfillmentOrderId": wanted }] });
    let answer = served.ask(SHIP, json!({ "fulfillment": input })).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "THROTTLED");
    assert!(served.shop.order(id).unwrap().fulfillments.is_empty());
}
