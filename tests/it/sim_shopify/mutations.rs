//! Mutations of the Admin GraphQL API: what each does, answers, costs, needs and refuses.

mod documents;
mod fulfillment_orders;
mod fulfillments;
mod orders;

use crossdock::simulator::shopify::{NewOrder, Options};
use serde_json::{Value, json};

use super::{Served, shared};

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

/// The mutations a connector needs, as they are written down for it.
#[tokio::test]
async fn a_connectors_mutations_run() {
    let Some(path) = shared("operations/operations.graphql") else { return };
    let text = std::fs::read_to_string(path).unwrap();
    let served = Served::start(telling()).await;
    let id = served.shop.place_order(&NewOrder::default()).unwrap();
    let wanted = gid("FulfillmentOrder", served.shop.order(id).unwrap().fulfillment_orders[0].id);
    let order = gid("Order", id);
    let operation = |name: &str| {
        let from = text.find(&format!("mutation {name}(")).unwrap();
        let to = text[from + 1..].find("\nmutation ").map_or(text.len(), |end| from + 1 + end);
        text[from..to].to_owned()
    };
    let hold = json!({ "reason": "OTHER", "handle": "crossdock" });
    done(&served, &operation("FulfillmentOrderHold"), json!({ "id": wanted, "fulfillmentHold": hold })).await;
    let release = json!({ "id": wanted, "holdIds": null, "externalId": "crossdock" });
    done(&served, &operation("FulfillmentOrderReleaseHold"), release).await;
    let input = json!({ "lineItemsByFulfillmentOrder": [{ "fulfillmentOrderId": wanted }] });
    let made = done(&served, &operation("FulfillmentCreate"), json!({ "fulfillment": input })).await;
    let shipment = &made["fulfillment"]["id"];
    let tracking =
        json!({ "fulfillmentId": shipment, "trackingInfoInput": { "number": "1Z", "company": "UPS" } });
    done(&served, &operation("FulfillmentTrackingInfoUpdate"), tracking).await;
    let event = json!({ "fulfillmentEvent": { "fulfillmentId": shipment, "status": "DELIVERED" } });
    done(&served, &operation("FulfillmentEventCreate"), event).await;
    done(&served, &operation("FulfillmentCancel"), json!({ "id": shipment })).await;
    done(&served, &operation("OrderUpdate"), json!({ "input": { "id": order, "note": "back" } })).await;
    done(&served, &operation("TagsAdd"), json!({ "id": order, "tags": ["crossdock"] })).await;
    let metafield = json!({
        "ownerId": order, "namespace": "shipping", "key": "external_id", "type": "single_line_text_field", "value": "7",
    });
    done(&served, &operation("MetafieldsSet"), json!({ "metafields": [metafield] })).await;
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
