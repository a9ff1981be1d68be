//! The Admin GraphQL API over loopback: tokens, reading, paging, errors, cost.

use std::time::Duration;

use async_graphql_parser::types::{ExecutableDocument, OperationType};
use crossdock::simulator::shopify::{NewHold, NewOrder, Options, SubscribedBy};
use serde_json::{Value, json};

use super::{Served, sample, shared};

#[tokio::test]
async fn tokens_are_fixed_or_granted_for_a_day() {
    let served = Served::start(Options::default()).await;
    let (status, body) = served.ask_as("shpat_wrong", "{ shop { name } }", json!({})).await;
    assert_eq!(status, 401);
    let refusal = "[API] Invalid API key or access token (unrecognized login or wrong password)";
    assert_eq!(body, json!({ "errors": refusal }));

    let grant = |secret: &'static str, form: bool| {
        let url = format!("{}/admin/oauth/access_token", served.base);
        let asked = [
            ("grant_type", "client_credentials"),
            ("client_id", "simulated-client"),
            ("client_secret", secret),
        ];
        let request = served.client.post(url);
        if form {
            request.form(&asked)
        } else {
            request.json(&asked.into_iter().collect::<std::collections::BTreeMap<_, _>>())
        }
    };
    for form in [true, false] {
        let granted: Value = grant("simulated-secret", form).send().await.unwrap().json().await.unwrap();
        assert_eq!(granted["expires_in"], 86_399);
        assert!(granted["scope"].as_str().unwrap().contains("read_orders,"));
        let token = granted["access_token"].as_str().unwrap().to_owned();
        let (status, body) = served.ask_as(&token, "{ shop { name } }", json!({})).await;
        assert_eq!((status, &body["data"]["shop"]["name"]), (200, &json!("Cellar Nine")));
        served.clock.advance(Duration::from_secs(86_399));
        assert_eq!(served.ask_as(&token, "{ shop { name } }", json!({})).await.0, 401);
    }
    assert_eq!(grant("wrong", true).send().await.unwrap().status(), 401);
    // A fault on everything leaves the token endpoint alone.
    served.sim("POST", "/sim/faults", r#"{"fault": {"error": 500}, "times": 0}"#).await;
    assert_eq!(grant("simulated-secret", true).send().await.unwrap().status(), 200);
    served.sim("DELETE", "/sim/faults", "").await;
    let nothing = served.client.post(format!("{}/admin/oauth/access_token", served.base));
    assert_eq!(nothing.body("{}").send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn a_sweep_by_change_sees_every_order_once() {
    let served = Served::start(Options::default()).await;
    let mut ids = Vec::new();
    for n in 0..23 {
        ids.push(served.shop.place_order(&NewOrder::default()).unwrap());
        // Several orders share a second, as they do in the real shop.
        served.clock.advance(Duration::from_millis(if n % 4 == 0 { 1000 } else { 100 }));
    }
    let query = "query Sweep($after: String, $since: String!) {
        orders(first: 5, after: $after, query: $since, sortKey: UPDATED_AT) {
            pageInfo { hasNextPage endCursor }
            edges { cursor node { legacyResourceId updatedAt } }
        }
    }";
    let mut seen = Vec::new();
    let mut after = Value::Null;
    loop {
        let since = "updated_at:>='2026-11-22T12:00:00Z' status:any";
        let answer = served.ask(query, json!({ "after": after, "since": since })).await;
        assert_eq!(answer.get("errors"), None, "{answer}");
        let page = &answer["data"]["orders"];
        let nodes = page["edges"].as_array().unwrap();
        seen.extend(nodes.iter().map(|edge| edge["node"]["legacyResourceId"].as_str().unwrap().to_owned()));
        assert_eq!(page["pageInfo"]["endCursor"], nodes.last().unwrap()["cursor"]);
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
    let sorted = |mut ids: Vec<String>| {
        ids.sort();
        ids
    };
    assert_eq!(sorted(seen), sorted(ids.iter().map(ToString::to_string).collect()));

    let reverse = "{ orders(last: 2, sortKey: CREATED_AT, reverse: true) {
        nodes { name } pageInfo { hasNextPage hasPreviousPage startCursor } } }";
    let page = served.ask(reverse, json!({})).await["data"]["orders"].clone();
    assert_eq!(page["nodes"], json!([{ "name": "#1002" }, { "name": "#1001" }]));
    assert_eq!(page["pageInfo"]["hasPreviousPage"], true);
    let before =
        "query($before: String) { orders(last: 2, before: $before, sortKey: CREATED_AT, reverse: true) {
        nodes { name } pageInfo { hasNextPage } } }";
    let page = served.ask(before, json!({ "before": page["pageInfo"]["startCursor"] })).await;
    assert_eq!(page["data"]["orders"]["nodes"], json!([{ "name": "#1004" }, { "name": "#1003" }]));
    assert_eq!(page["data"]["orders"]["pageInfo"]["hasNextPage"], true);
}

#[tokio::test]
async fn documents_are_understood() {
    let served = Served::start(Options::default()).await;
    let id = served.shop.place_order(&NewOrder::default()).unwrap();
    let gid = format!("gid://shopify/Order/{id}");
    let query = r#"
        fragment Money on MoneyBag { shopMoney { amount } }
        fragment Name on Node { ... on Order { title: name } }
        query Other { shop { id } }
        query Wanted($id: ID!, $more: Boolean = false, $first: Int = 1) {
            again: node(id: $id) { __typename ...Name ... on Order { name @skip(if: true) test @include(if: $more) } }
            order(id: $id) {
                currentTotalPriceSet { ...Money }
                currentTotalPriceSet { shopMoney { currencyCode } }
                lineItems(first: $first) { __typename nodes { quantity } pageInfo { hasNextPage } }
                fulfillments(first: 1) { id }
            }
            none: order(id: "gid://shopify/Order/1") { id }
        }"#;
    let response = served
        .client
        .post(format!("{}/admin/api/2026-10/graphql.json", served.base))
        .header("X-Shopify-Access-Token", "shpat_simulated")
        .json(&json!({ "query": query, "variables": { "id": gid }, "operationName": "Wanted" }))
        .send()
        .await
        .unwrap();
    let text = response.text().await.unwrap();
    let answer: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        answer["data"],
        json!({
            "again": { "__typename": "Order", "title": "#1001" },
            "order": {
                "currentTotalPriceSet": { "shopMoney": { "amount": "249.66", "currencyCode": "USD" } },
                "lineItems": {
                    "__typename": "LineItemConnection",
                    "nodes": [{ "quantity": 6 }],
                    "pageInfo": { "hasNextPage": false },
                },
                "fulfillments": [],
            },
            "none": null,
        })
    );
    let keys = ["again", "order", "none"].map(|key| text.find(&format!("\"{key}\"")).unwrap());
    assert!(keys.is_sorted(), "fields come in the order they were asked for: {text}");
    let logged = served.shop.requests().pop().unwrap();
    assert_eq!((logged.status, &logged.answer), (200, &answer));
    assert_eq!(logged.variables["id"], gid);
}

#[tokio::test]
async fn errors_look_as_recorded() {
    let served = Served::start(Options::default()).await;
    let id = served.shop.place_order(&NewOrder::default()).unwrap();
    served.shop.hold(id, &NewHold::default()).unwrap();
    let code = |answer: &Value| answer["errors"][0]["extensions"]["code"].clone();

    let answer = served.ask("query Q {\n  orders(first: 1) { nodes { nonsense } }\n}", json!({})).await;
    assert_eq!(
        answer,
        json!({ "errors": [{
            "message": "Field 'nonsense' doesn't exist on type 'Order'",
            "locations": [{ "line": 2, "column": 30 }],
            "path": ["query Q", "orders", "nodes", "nonsense"],
            "extensions": { "code": "undefinedField", "typeName": "Order", "fieldName": "nonsense" },
        }]})
    );
    for (query, variables, expected) in [
        ("{ shop", json!({}), "PARSE_ERROR"),
        ("{ shop }", json!({}), "selectionMismatch"),
        ("{ order { id } }", json!({}), "missingRequiredArguments"),
        ("{ order(id: \"nonsense\") { id } }", json!({}), "argumentLiteralsIncompatible"),
        ("{ shop(id: 1) { id } }", json!({}), "argumentNotAccepted"),
        ("{ node(id: \"gid://shopify/Order/1\") { ... on Nonsense { id } } }", json!({}), "undefinedType"),
        ("query($id: ID!) { shop { id } }", json!({ "id": "gid://shopify/Order/1" }), "variableNotUsed"),
        ("query($id: ID!) { order(id: $id) { id } }", json!({}), "INVALID_VARIABLE"),
        ("query($id: ID!) { order(id: $id) { id } }", json!({ "id": "1" }), "INVALID_VARIABLE"),
        ("query($n: Int!) { orders(first: $n) { nodes { id } } }", json!({ "n": "x" }), "INVALID_VARIABLE"),
    ] {
        let answer = served.ask(query, variables).await;
        assert_eq!(code(&answer), expected, "{query}: {answer}");
        assert_eq!(answer.get("data"), None, "{answer}");
    }
    for (query, expected) in [
        ("{ orders { nodes { id } } }", "BAD_REQUEST"),
        ("{ orders(first: 1, last: 1) { nodes { id } } }", "BAD_REQUEST"),
        ("{ orders(first: 1, query: \"created_at:nonsense\") { nodes { id } } }", "BAD_REQUEST"),
        ("{ orders(first: 1, after: \"nonsense\") { nodes { id } } }", "BAD_REQUEST"),
        ("{ orders(first: 251) { nodes { id } } }", "BAD_REQUEST"),
        ("{ orders: order(id: \"gid://shopify/Product/1\") { id } }", "RESOURCE_NOT_FOUND"),
    ] {
        let answer = served.ask(query, json!({})).await;
        assert_eq!(code(&answer), expected, "{query}: {answer}");
        assert_eq!(answer["data"], json!({ "orders": null }), "{answer}");
        assert_eq!(answer["errors"][0]["path"], json!(["orders"]));
    }
    let held = "{ orders(first: 1) { nodes { fulfillmentOrders(first: 1) { nodes {
        fulfillmentHolds { reason heldByApp { id } } } } } } }";
    let answer = served.ask(held, json!({})).await;
    assert_eq!(code(&answer), "ACCESS_DENIED");
    assert_eq!(
        answer["errors"][0]["path"],
        json!(["orders", "nodes", 0, "fulfillmentOrders", "nodes", 0, "fulfillmentHolds", 0, "heldByApp"])
    );
    let placed =
        &answer["data"]["orders"]["nodes"][0]["fulfillmentOrders"]["nodes"][0]["fulfillmentHolds"][0];
    assert_eq!(placed, &json!({ "reason": "OTHER", "heldByApp": null }), "the rest of the answer stands");

    let misspelt = "{ orders(first: 1, query: \"tagg:x\") { nodes { name } } }";
    let answer = served.ask(misspelt, json!({})).await;
    assert_eq!(answer["data"]["orders"]["nodes"].as_array().unwrap().len(), 1);
    assert_eq!(answer["extensions"]["search"][0]["warnings"][0]["field"], "tagg");
}

/// Recorded errors, asked for again, word for word.
#[tokio::test]
async fn errors_are_those_recorded() {
    let served = Served::start(Options::default()).await;
    let mut compared = 0;
    for (path, cases) in [
        ("graphql-captures/2025-01/admin-platform/graphql-base-validation-unhappy-paths.json", "cases"),
        (
            "graphql-captures/2026-04/admin-platform/graphql-request-execution-operation-name-defaults.json",
            "cases",
        ),
    ] {
        let Some(recorded) = sample(path) else { return };
        let cases = match &recorded[cases] {
            Value::Array(cases) => cases.clone(),
            Value::Object(cases) => cases.values().cloned().collect(),
            _ => Vec::new(),
        };
        for case in cases {
            let request = if case["request"].is_object() { &case["request"] } else { &case };
            let Some(query) = request["query"].as_str() else { continue };
            let response = &case["response"];
            let theirs = [&response["payload"], &response["body"], response]
                .into_iter()
                .find(|body| body["errors"].is_array())
                .cloned();
            let Some(theirs) = theirs else { continue };
            // The parser's own words are not the simulator's.
            if theirs["errors"][0]["extensions"]["code"] == "PARSE_ERROR" {
                continue;
            }
            let about_orders =
                ["shop", "definitelyNotAShopifyQueryRoot", "definitelyNotAShopifyMutationRoot"]
                    .iter()
                    .any(|root| query.contains(root));
            if !about_orders {
                continue;
            }
            let ours = served
                .client
                .post(format!("{}/admin/api/2026-10/graphql.json", served.base))
                .header("X-Shopify-Access-Token", "shpat_simulated")
                .json(&json!({
                    "query": query,
                    "variables": request["variables"],
                    "operationName": request["operationName"],
                }))
                .send()
                .await
                .unwrap()
                .json::<Value>()
                .await
                .unwrap();
            assert_eq!(ours["errors"], theirs["errors"], "{query}");
            compared += 1;
        }
    }
    assert!(compared >= 3, "only {compared} recordings were compared");
}

#[tokio::test]
async fn queries_are_priced_and_paid_for() {
    let served = Served::start(Options { bucket: 100, restore_rate: 10, ..Options::default() }).await;
    served.shop.place_order(&NewOrder::default()).unwrap();
    let query = "{ orders(first: 250) { nodes { lineItems(first: 3) { nodes { id } } } } }";
    // 2 + 11 · (1 + 2 + 2 · 1) requested; one order with one line costs 2 + 1 · (1 + 2 + 1 · 1).
    let answer = served.ask(query, json!({})).await;
    let cost = |requested: u32, actual: Value, left: u32| {
        json!({
            "requestedQueryCost": requested,
            "actualQueryCost": actual,
            "throttleStatus": { "maximumAvailable": 100, "currentlyAvailable": left, "restoreRate": 10 },
        })
    };
    assert_eq!(answer["extensions"]["cost"], cost(57, json!(6), 94));
    for left in [88, 82, 76, 70, 64, 58, 52] {
        assert_eq!(served.ask(query, json!({})).await["extensions"]["cost"], cost(57, json!(6), left));
    }
    let answer = served.ask(query, json!({})).await;
    assert_eq!(answer["errors"][0]["message"], "Throttled");
    assert_eq!(answer["errors"][0]["extensions"]["code"], "THROTTLED");
    assert_eq!(answer["extensions"]["cost"], cost(57, Value::Null, 52));
    assert_eq!(answer.get("data"), None);
    served.clock.advance(Duration::from_millis(500));
    assert_eq!(served.ask(query, json!({})).await["extensions"]["cost"], cost(57, json!(6), 51));

    let dear = "{ orders(first: 250) { nodes { lineItems(first: 250) { nodes { variant { product { id } } product { id }
        taxLines { title } lineItemGroup { id } discountAllocations { allocatedAmountSet { shopMoney { amount } } }
        customAttributes { key } } } fulfillmentOrders(first: 10) { nodes { id } } } } }";
    let answer = served.ask(dear, json!({})).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "MAX_COST_EXCEEDED");
    let message = answer["errors"][0]["message"].as_str().unwrap();
    assert!(message.contains("exceeds the single query max cost limit (1000)"), "{message}");
}

/// The reading part of the operations a connector needs, run as they are.
#[tokio::test]
async fn a_connectors_queries_run() {
    let Some(path) = shared("operations/operations.graphql") else { return };
    let text = std::fs::read_to_string(path).unwrap();
    let document: ExecutableDocument = async_graphql_parser::parse_query(&text).unwrap();
    let mut names: Vec<String> = document
        .operations
        .iter()
        .filter(|(_, operation)| operation.node.ty == OperationType::Query)
        .map(|(name, _)| name.unwrap().to_string())
        .collect();
    names.sort();
    // No catalogue, no payouts, no bulk operations.
    let unserved = ["BulkPoll", "Customers", "Payouts", "Products"];
    let url = Some("http://127.0.0.1:9/".to_owned());
    let options = Options { subscribed_by: SubscribedBy::AdminApi, webhook_url: url, ..Options::default() };
    let served = Served::start(options).await;
    let mut id = 0;
    for new in crossdock::simulator::shopify::generate::orders(4, 8, served.shop.profile()) {
        id = served.shop.place_order(&new).unwrap();
    }
    let definition = |name: &str| {
        let from = text.find(&format!("query {name}")).unwrap();
        let to = text[from..].find("\n}\n").map_or(text.len(), |end| from + end + 3);
        let one_line = text[from..].lines().next().unwrap();
        if one_line.ends_with('}') && one_line.matches('{').count() == one_line.matches('}').count() {
            one_line.to_owned()
        } else {
            text[from..to].to_owned()
        }
    };
    let fragments: Vec<&str> = text.lines().filter(|line| line.starts_with("fragment ")).collect();
    for name in names.iter().filter(|name| !unserved.contains(&name.as_str())) {
        let operation = definition(name);
        let used = fragments.iter().filter(|f| {
            let name = f.split_whitespace().nth(1).unwrap();
            operation.contains(&format!("...{name}"))
        });
        let query = used.fold(operation.clone(), |query, fragment| format!("{query}\n{fragment}"));
        let all = json!({
            "first": 5,
            "after": null,
            "query": "updated_at:>='2026-11-01T00:00:00Z'",
            "id": format!("gid://shopify/Order/{id}"),
        });
        let given: serde_json::Map<String, Value> = all
            .as_object()
            .unwrap()
            .clone()
            .into_iter()
            .filter(|(name, _)| query.contains(&format!("${name}")))
            .collect();
        let answer = served.ask(&query, Value::Object(given)).await;
        assert_eq!(answer.get("errors"), None, "{name}: {answer}");
        assert!(answer["data"].is_object(), "{name}: {answer}");
        if name == "OrdersUpdatedSince" {
            assert_eq!(answer["data"]["orders"]["nodes"].as_array().unwrap().len(), 5);
            for (first, cost) in [(1, 173), (5, 515), (10, 686)] {
                served.clock.advance(Duration::from_mins(1));
                let variables = json!({ "first": first, "query": "" });
                let answer = served.ask(&query, variables).await;
                assert_eq!(answer["extensions"]["cost"]["requestedQueryCost"], cost);
            }
            let answer = served.ask(&query, json!({ "first": 50, "query": "" })).await;
            assert_eq!(answer["errors"][0]["extensions"]["cost"], 1199);
        }
    }
}

#[tokio::test]
async fn documents_without_end_are_refused() {
    let served = Served::start(Options::default()).await;
    let endless =
        "fragment A on Order { customer { lastOrder { ...A } } } { orders(first: 1) { nodes { ...A } } }";
    let answer = served.ask(endless, json!({})).await;
    assert_eq!(answer["errors"][0]["message"], "Fragment A contains an infinite loop");
    let fragments: Vec<String> =
        (1..40).map(|n| format!("fragment F{n} on Order {{ ...F{0} ...F{0} }}", n - 1)).collect();
    let last = "fragment F0 on Order { id } { orders(first: 1) { nodes { ...F39 } } }";
    let answer = served.ask(&format!("{} {last}", fragments.join(" ")), json!({})).await;
    assert_eq!(answer["errors"][0]["message"], "Query is too complex");
}
