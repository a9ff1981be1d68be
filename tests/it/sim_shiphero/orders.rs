//! Entering and reading orders.

use crossdock::simulator::shiphero::Options;
use serde_json::{Value, json};

use super::{ORDER, Served, judge, line, new_order, number};

#[tokio::test]
async fn an_order_is_entered_once_and_read_back_as_it_was_written() {
    let served = Served::start(Options::default()).await;
    let order = served.create(new_order("#1001")).await;
    assert_eq!(order["order_number"], "#1001");
    assert_eq!(order["shipping_address"]["address1"], "1 Main St");
    assert_eq!(order["shipping_lines"]["carrier"], "UPS");
    assert_eq!(order["updated_at"], "2026-11-22T12:00:00");
    assert_eq!(order["subtotal"], "24.50", "the vendor works it out itself");
    assert_eq!(order["total_price"], "30.50");
    assert_eq!(line(&order, 0)["partner_line_item_id"], "1380000001");
    assert_eq!(line(&order, 0)["quantity_pending_fulfillment"], 2);
    assert_eq!(line(&order, 0)["quantity_allocated"], 2);
    assert_eq!(order["allocations"][0]["ready_to_ship"], true);
    assert_eq!(served.read(&order["id"]).await, order);
    assert_eq!(served.account.find("#1001"), Some(number(&order)));
    assert_eq!(served.account.history(number(&order))[0].what, "order_create");
}

#[tokio::test]
async fn the_ids_are_base64_of_kind_and_number() {
    let served = Served::start(Options::default()).await;
    let order = served.create(new_order("1")).await;
    let query = "query Q($n: Int!) { uuid(legacy_id: $n, entity: Order) { data { id legacy_id } } }";
    let answer = served.ask(query, json!({ "n": number(&order) })).await;
    assert_eq!(answer["data"]["uuid"]["data"]["id"], order["id"]);
}

#[tokio::test]
async fn a_repeated_order_is_taken_twice_unless_the_account_refuses() {
    let served = Served::start(Options::default()).await;
    let first = served.create(new_order("#1001")).await;
    let second = served.create(new_order("#1001")).await;
    assert_ne!(first["id"], second["id"], "nothing published says that a repeat is refused");

    let strict = Served::start(Options { refuses_duplicates: true, ..Options::default() }).await;
    strict.create(new_order("#1001")).await;
    let refused = strict.mutate("order_create", "CreateOrderInput", new_order("#1001")).await.unwrap_err();
    assert_eq!(refused["message"], "Order already exists");
    assert_eq!(strict.account.orders().len(), 1);
}

#[tokio::test]
async fn orders_are_found_by_number_partner_status_holds_and_time() {
    let served = Served::start(Options::default()).await;
    let first = served.create(new_order("#1001")).await;
    served.advance(600);
    let mut held = new_order("#1002");
    held["holds"] = json!({ "operator_hold": true });
    held["tags"] = json!(["club"]);
    let second = served.create(held).await;
    let found = async |filter: &str| -> Vec<Value> {
        let query = format!(
            "{{ orders({filter}) {{ request_id complexity
               data(first: 5) {{ edges {{ node {{ ...O }} }} }} }} }} {ORDER}"
        );
        let answer = served.ask(&query, json!({})).await;
        let edges = answer["data"]["orders"]["data"]["edges"].as_array().unwrap().clone();
        edges.into_iter().map(|edge| edge["node"]["id"].clone()).collect()
    };
    let (one, two) = (vec![first["id"].clone()], vec![second["id"].clone()]);
    assert_eq!(found("order_number: \"#1001\"").await, one);
    assert_eq!(found("order_number: \"1001\"").await, Vec::<Value>::new(), "the match is exact");
    assert_eq!(found("partner_order_id: \"partner-#1002\"").await, two);
    assert_eq!(found("updated_from: \"2026-11-22 12:05:00\"").await, two);
    assert_eq!(found("updated_to: \"2026-11-22T12:05:00\"").await, one);
    assert_eq!(found("has_hold: true").await, two);
    assert_eq!(found("operator_hold: false").await, one);
    assert_eq!(found("ready_to_ship: true").await, one);
    assert_eq!(found("tag: \"club\"").await, two);
    assert_eq!(found("fulfillment_status: \"PENDING\", sku: \"CORK-1\"").await.len(), 2);
}

#[tokio::test]
async fn pages_follow_cursors_and_hold_a_hundred_unless_told() {
    let served = Served::start(Options::default()).await;
    for number in 0..7 {
        served.create(new_order(&format!("#{number}"))).await;
    }
    let query = "query Q($after: String) { orders { data(first: 3, after: $after, sort: \"-legacy_id\") {
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { order_number } } } } }";
    let (mut after, mut seen) = (Value::Null, Vec::new());
    loop {
        let answer = served.ask(query, json!({ "after": after })).await;
        let page = &answer["data"]["orders"]["data"];
        let numbers = page["edges"].as_array().unwrap().iter();
        seen.extend(numbers.map(|edge| edge["node"]["order_number"].as_str().unwrap().to_owned()));
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
    }
    assert_eq!(seen, ["#6", "#5", "#4", "#3", "#2", "#1", "#0"]);
}

#[tokio::test]
async fn what_the_schema_refuses_the_simulator_refuses() {
    let served = Served::start(Options::default()).await;
    for (document, why) in [
        ("{ order(id: \"x\") { data { colour } } }", "Cannot query field \"colour\" on type \"Order\"."),
        ("{ order { data { id } } }", "Field \"order\" argument \"id\" of type \"String!\" is required"),
        ("{ order(id: \"x\") { data } }", "must have a sub selection"),
        ("{ order(id: \"x\") { request_id { id } } }", "must not have a selection"),
        ("{ orders(colour: 1) { request_id } }", "Unknown argument \"colour\""),
        ("{ order(id: 7) { request_id } }", "Expected type \"String\", found 7."),
        ("mutation { order_cancel(id: \"x\") { request_id } }", "Unknown argument \"id\""),
        ("mutation { order_cancel(data: { reason: \"x\" }) { request_id } }", "In field \"order_id\""),
        (
            "mutation { order_update(data: { order_id: \"x\", email: \"a\" }) { request_id } }",
            "In field \"email\": Unknown field.",
        ),
        ("{ order(id: $id) { request_id } }", "Variable \"$id\" is not defined."),
        ("query Q($id: String!) { order(id: $id) { request_id } }", "was not provided"),
        ("{ order(id: \"x\") { ...F } }", "Unknown fragment \"F\"."),
        ("{ order(id: \"x\" { request_id } }", "Syntax Error"),
    ] {
        let (status, answer) =
            served.post("/graphql", "shiphero-access-simulated", &json!({ "query": document })).await;
        assert_eq!(status, 200);
        let message =
            answer["errors"][0]["message"].as_str().unwrap_or_else(|| panic!("{document}: {answer}"));
        assert!(message.contains(why), "{document}: {message}");
        assert!(answer.get("data").is_none());
        // That a variable is not given is no matter of the document.
        assert!(why == "was not provided" || judge::refuses(document), "{document}");
    }
    assert!(served.account.history(0).is_empty());
}

#[tokio::test]
async fn the_other_queries_answer() {
    let served = Served::start(Options::default()).await;
    served.create(new_order("#1001")).await;
    let answer = served
        .ask(
            "{ account { request_id complexity data { id legacy_id email is_3pl
                 warehouses { id legacy_id identifier profile address { city }
                   products(first: 1) { edges { node { sku } } } } } }
               me { data { id email account { id } } }
               user_quota { credits_remaining max_available increment_rate }
               webhooks { data(first: 5) { edges { node { id name url shared_signature_secret } } } }
               product(sku: \"CORK-1\") { data { id sku tags
                 warehouse_products { on_hand allocated available backorder } } }
               products { data(first: 2) { edges { node { sku created_at } } } }
               warehouse_products(sku: \"CORK-1\") { data(first: 2) { edges { node {
                 sku on_hand warehouse { id } product { sku } } } } }
               shipments { data(first: 2) { edges { node { id } } } }
               order_history(order_number: \"#1001\") { data(first: 2) {
                 edges { node { information order { order_number } } } } }
             }",
            json!({}),
        )
        .await;
    assert!(answer.get("errors").is_none(), "{answer}");
    let data = &answer["data"];
    assert_eq!(data["user_quota"]["max_available"], 4004);
    assert_eq!(data["account"]["data"]["warehouses"][0]["id"], "V2FyZWhvdXNlOjc2NzMz");
    let stock = &data["product"]["data"]["warehouse_products"][0];
    assert_eq!((stock["on_hand"].as_i64(), stock["available"].as_i64()), (Some(500), Some(499)));
    assert_eq!(data["order_history"]["data"]["edges"][0]["node"]["order"]["order_number"], "#1001");
}

#[tokio::test]
async fn what_is_not_there_is_an_error_with_code_5() {
    let served = Served::start(Options::default()).await;
    let answer = served.ask("{ order(id: \"T3JkZXI6MQ==\") { data { id } } }", json!({})).await;
    let error = &answer["errors"][0];
    assert_eq!(error["message"], "Order not found");
    assert_eq!(
        (error["code"].as_i64(), &error["operation"], &error["field"]),
        (Some(5), &json!("order"), &json!("order"))
    );
    assert!(error["request_id"].is_string());
    assert_eq!(answer["data"], json!({ "order": null }));
}
