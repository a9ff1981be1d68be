//! Orders by mutation: what is written on them, their tags, their metafields.

use crossdock::simulator::shopify::{NewOrder, Options};
use serde_json::{Value, json};

use super::super::Served;
use super::{done, fired, gid, refused, telling};

const UPDATE: &str = "mutation($input: OrderInput!) { orderUpdate(input: $input) {
    order {
        note tags email phone poNumber customAttributes { key value }
        shippingAddress { name address1 city province provinceCode country countryCodeV2 zip }
        metafields(first: 5) { nodes { namespace key type value } }
    }
    userErrors { field message }
} }";
const ADD: &str = "mutation($id: ID!, $tags: [String!]!) { tagsAdd(id: $id, tags: $tags) {
    node { id ... on Order { tags } } userErrors { field message } } }";
const REMOVE: &str = "mutation($id: ID!, $tags: [String!]!) { tagsRemove(id: $id, tags: $tags) {
    node { id ... on Order { tags } } userErrors { field message } } }";
const SET: &str = "mutation($metafields: [MetafieldsSetInput!]!) { metafieldsSet(metafields: $metafields) {
    metafields { id namespace key type value compareDigest ownerType }
    userErrors { field message code elementIndex }
} }";

#[tokio::test]
async fn an_update_overwrites_what_is_given_and_nothing_else() {
    let served = Served::start(telling()).await;
    let order = NewOrder { note: Some("leave at the gate".to_owned()), ..NewOrder::default() };
    let id = served.shop.place_order(&order).unwrap();
    let before = served.shop.order(id).unwrap();
    let input = json!({ "input": {
        "id": gid("Order", id),
        "tags": "shipped, club",
        "poNumber": "PO-7",
        "customAttributes": [{ "key": "pallet", "value": "12" }],
        "shippingAddress": {
            "firstName": "Ada", "lastName": "Vintner", "address1": "9 Quay", "city": "Reno", "provinceCode": "NV",
            "countryCode": "US", "zip": "89501",
        },
        "metafields": [{ "namespace": "custom", "key": "gift", "type": "boolean", "value": "true" }],
    }});
    let payload = done(&served, UPDATE, input).await;
    assert_eq!(
        payload["order"],
        json!({
            "note": "leave at the gate", "tags": ["club", "shipped"], "email": "ada.vintner@example.com", "phone": null,
            "poNumber": "PO-7",
            "customAttributes": [{ "key": "pallet", "value": "12" }],
            "shippingAddress": {
                "name": "Ada Vintner", "address1": "9 Quay", "city": "Reno", "province": "NV", "provinceCode": "NV",
                "country": "United States", "countryCodeV2": "US", "zip": "89501",
            },
            "metafields": { "nodes": [
                { "namespace": "custom", "key": "gift", "type": "boolean", "value": "true" },
            ]},
        })
    );
    assert_eq!(fired(&served), ["orders/updated"]);
    let after = served.shop.order(id).unwrap();
    assert_eq!(after.billing_address, before.billing_address);
    assert_eq!(after.shipping_address.unwrap().id, before.shipping_address.unwrap().id);
    assert_eq!(served.shop.rest_order(id).unwrap()["shipping_address"]["city"], "Reno");

    let input = json!({ "input": { "id": gid("Order", id), "note": null, "email": "new@example.com" } });
    let payload = done(&served, UPDATE, input).await;
    assert_eq!(
        (&payload["order"]["note"], &payload["order"]["email"]),
        (&Value::Null, &json!("new@example.com"))
    );
    assert_eq!(payload["order"]["tags"], json!(["club", "shipped"]));

    let error = refused(&served, UPDATE, json!({ "input": { "id": gid("Order", 1), "note": "x" } })).await;
    assert_eq!(error, json!({ "field": ["id"], "message": "Order does not exist" }));
    let wrong = json!({ "input": { "id": gid("Order", id), "note": "x", "metafields": [
        { "namespace": "custom", "key": "bottles", "type": "number_integer", "value": "six" },
    ]}});
    let error = refused(&served, UPDATE, wrong).await;
    let field = ["metafields", "0", "value"];
    assert_eq!(error, json!({ "field": field, "message": "Value must be an integer." }));
    assert_eq!(served.shop.order(id).unwrap().note, None, "all or nothing");
}

#[tokio::test]
async fn tags_are_added_and_removed_one_by_one() {
    let served = Served::start(telling()).await;
    let order = NewOrder { tags: vec!["Club".to_owned()], ..NewOrder::default() };
    let id = served.shop.place_order(&order).unwrap();
    let with = |tags: Value| json!({ "id": gid("Order", id), "tags": tags });
    let payload = done(&served, ADD, with(json!(["to warehouse, vip", "CLUB"]))).await;
    assert_eq!(payload["node"], json!({ "id": gid("Order", id), "tags": ["Club", "to warehouse", "vip"] }));
    assert_eq!(fired(&served), ["orders/updated"]);
    let before = served.shop.deliveries().len();
    done(&served, ADD, with(json!(["vip"]))).await;
    done(&served, REMOVE, with(json!(["nowhere"]))).await;
    assert_eq!(served.shop.deliveries().len(), before, "what is so already is no change");
    let payload = done(&served, REMOVE, with(json!(["VIP", "club"]))).await;
    assert_eq!(payload["node"]["tags"], json!(["to warehouse"]));
    assert_eq!(fired(&served), ["orders/updated"]);
    for document in [ADD, REMOVE] {
        let error = refused(&served, document, json!({ "id": gid("Order", 1), "tags": ["x"] })).await;
        assert_eq!(error, json!({ "field": ["id"], "message": "Order does not exist" }));
    }
}

#[tokio::test]
async fn a_metafield_is_set_only_over_the_value_that_was_read() {
    let served = Served::start(telling()).await;
    let id = served.shop.place_order(&NewOrder::default()).unwrap();
    let field = |value: &str, digest: Option<Value>| {
        let mut field = json!({
            "ownerId": gid("Order", id), "namespace": "$app:crossdock", "key": "state", "type": "single_line_text_field",
            "value": value,
        });
        if let Some(digest) = digest {
            field["compareDigest"] = digest;
        }
        json!({ "metafields": [field] })
    };
    let first = done(&served, SET, field("sent", Some(Value::Null))).await["metafields"][0].clone();
    assert_eq!((&first["value"], &first["ownerType"]), (&json!("sent"), &json!("ORDER")));
    assert!(first["namespace"].as_str().unwrap().starts_with("app--"), "{first}");
    assert_eq!(fired(&served), ["orders/updated"]);
    let read = "query($id: ID!, $metafield: ID!) {
        order(id: $id) {
            metafield(namespace: \"$app:crossdock\", key: \"state\") { id value compareDigest }
            other: metafield(key: \"state\") { id }
            metafields(first: 5, namespace: \"$app:crossdock\", keys: [\"state\"]) { nodes { id } }
        }
        node(id: $metafield) { ... on Metafield { key } }
    }";
    let answer = served.ask(read, json!({ "id": gid("Order", id), "metafield": first["id"] })).await;
    let digest = first["compareDigest"].clone();
    assert_eq!(
        answer["data"],
        json!({
            "order": {
                "metafield": { "id": first["id"], "value": "sent", "compareDigest": digest },
                "other": null,
                "metafields": { "nodes": [{ "id": first["id"] }] },
            },
            "node": { "key": "state" },
        })
    );
    let before = served.shop.deliveries().len();
    done(&served, SET, field("sent", None)).await;
    assert_eq!(served.shop.deliveries().len(), before, "the same value is no change");

    let second = done(&served, SET, field("shipped", Some(digest.clone()))).await["metafields"][0].clone();
    assert_eq!(second["id"], first["id"]);
    for stale in [digest, Value::Null] {
        let answer = served.ask(SET, field("lost", Some(stale))).await;
        assert_eq!(
            answer["data"]["metafieldsSet"],
            json!({
                "metafields": [],
                "userErrors": [{
                    "field": ["metafields", "0"],
                    "message": "The resource has been updated since it was loaded. Try again with an updated \
                                `compareDigest` value.",
                    "code": "STALE_OBJECT",
                    "elementIndex": null,
                }],
            })
        );
    }
    assert_eq!(served.shop.order(id).unwrap().metafields[0].value, "shipped");
    // A variable that is not given is not a null: nothing is compared.
    let document = "mutation($owner: ID!, $digest: String) { metafieldsSet(metafields: [{
        ownerId: $owner, namespace: \"$app:crossdock\", key: \"state\", type: \"single_line_text_field\", value: \"done\"
        compareDigest: $digest }]) { metafields { value } userErrors { message } } }";
    done(&served, document, json!({ "owner": gid("Order", id) })).await;
    let answer = served.ask(document, json!({ "owner": gid("Order", id), "digest": null })).await;
    assert_eq!(answer["data"]["metafieldsSet"]["metafields"], json!([]));
}

#[tokio::test]
async fn metafields_are_set_all_or_none() {
    let served = Served::start(telling()).await;
    let id = served.shop.place_order(&NewOrder::default()).unwrap();
    let other = served.shop.place_order(&NewOrder::default()).unwrap();
    let good = json!({
        "ownerId": gid("Order", id), "namespace": "custom", "key": "lot", "type": "number_integer", "value": "7",
    });
    let changed = |name: &str, value: Value| {
        let mut field = good.clone();
        field["ownerId"] = gid("Order", other).into();
        field[name] = value;
        field
    };
    let mut untyped = changed("key", json!("bare"));
    untyped.as_object_mut().unwrap().remove("type");
    for (wrong, part, code) in [
        (changed("ownerId", json!(gid("Order", 1))), "ownerId", "INVALID"),
        (changed("key", json!("x")), "key", "TOO_SHORT"),
        (changed("key", json!("x".repeat(65))), "key", "TOO_LONG"),
        (changed("namespace", json!("ab")), "namespace", "TOO_SHORT"),
        (untyped, "type", "BLANK"),
        (changed("value", json!("seven")), "value", "INVALID_VALUE"),
    ] {
        let answer = served.ask(SET, json!({ "metafields": [good, wrong] })).await;
        let payload = &answer["data"]["metafieldsSet"];
        assert_eq!(payload["metafields"], json!([]), "{answer}");
        let error = &payload["userErrors"][0];
        assert_eq!((&error["field"], &error["code"]), (&json!(["metafields", "1", part]), &json!(code)));
    }
    let many: Vec<Value> = (0..26).map(|_| good.clone()).collect();
    let answer = served.ask(SET, json!({ "metafields": many })).await;
    let error = &answer["data"]["metafieldsSet"]["userErrors"][0];
    assert_eq!((&error["field"], &error["code"]), (&json!(["metafields"]), &json!("LESS_THAN_OR_EQUAL_TO")));
    assert!(served.shop.order(id).unwrap().metafields.is_empty());

    let both = json!({ "metafields": [good, changed("value", json!("8"))] });
    let payload = done(&served, SET, both).await;
    assert_eq!(payload["metafields"].as_array().unwrap().len(), 2);
    assert_eq!(fired(&served), ["orders/updated", "orders/updated"]);
    assert_eq!(served.shop.order(other).unwrap().metafields[0].value, "8");
}

#[tokio::test]
async fn writing_on_an_order_needs_its_scope() {
    let served =
        Served::start(Options { scopes: vec!["read_orders".to_owned()], ..Options::default() }).await;
    let id = served.shop.place_order(&NewOrder::default()).unwrap();
    let id = gid("Order", id);
    for (document, variables, name) in [
        (UPDATE, json!({ "input": { "id": id, "note": "x" } }), "orderUpdate"),
        (ADD, json!({ "id": id, "tags": ["x"] }), "tagsAdd"),
        (REMOVE, json!({ "id": id, "tags": ["x"] }), "tagsRemove"),
        (SET, json!({ "metafields": [] }), "metafieldsSet"),
    ] {
        let answer = served.ask(document, variables).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "ACCESS_DENIED", "{answer}");
        let message = answer["errors"][0]["message"].as_str().unwrap();
        assert!(
            message.starts_with(&format!("Access denied for {name} field. Required access: `write_orders` "))
        );
        assert_eq!(answer["data"], json!({ name: null }));
    }
}
