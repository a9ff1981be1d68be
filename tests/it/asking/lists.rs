//! What is listed, by which filter and in which pages; and one order's whole story.

use std::collections::BTreeSet;

use crossdock::simulator::shopify::{Attribute, NewFulfillment, NewLine, NewOrder, Tracking};
use serde_json::{Value, json};

use crate::support::winery::{Winery, order_body};

fn texts(rows: &Value, key: &str) -> Vec<String> {
    let text = |row: &Value| row[key].as_str().map_or_else(|| row[key].to_string(), str::to_owned);
    rows.as_array().unwrap().iter().map(text).collect()
}

fn unknown(sku: &str) -> NewOrder {
    NewOrder { lines: vec![NewLine { sku: Some(sku.into()), ..NewLine::default() }], ..NewOrder::default() }
}

#[tokio::test]
async fn orders_are_listed_by_every_filter_with_the_latest_change_first() {
    let winery = Winery::open().await;
    for order in [NewOrder::default(), unknown("99XX750"), NewOrder::default()] {
        winery.place(order).await;
    }
    let list = |query: &'static str| {
        let server = &winery.server;
        async move { texts(&server.api(&format!("orders{query}")).await, "name") }
    };
    assert_eq!(list("").await, ["#1003", "#1002", "#1001"]);
    assert_eq!(list("?connection=cellar").await.len(), 3);
    assert!(list("?connection=elsewhere").await.is_empty());
    assert_eq!(list("?name=1002").await, ["#1002"]);
    assert_eq!(list("?name=%231002").await, ["#1002"]);
    assert_eq!(list("?state=exception").await, ["#1002"]);
    assert_eq!(list("?state=in_step").await, ["#1003", "#1001"]);
    assert!(list("?state=retrying").await.is_empty());
    assert_eq!(list("?limit=1").await, ["#1003"]);
    assert_eq!(list("?state=in_step&limit=1&connection=cellar").await, ["#1003"]);
    let rows = winery.server.api("orders?name=1002").await;
    let copy = &rows[0]["mirrors"][0];
    assert_eq!(
        (&copy["destination"], &copy["reason"]["code"]),
        (&json!("compliance"), &json!("unknown_product"))
    );
}

#[tokio::test]
async fn pages_hold_each_order_once_even_where_all_changed_at_one_instant() {
    let winery = Winery::open().await;
    for id in 1..=7 {
        let body = order_body(id * 10, json!({})).to_string();
        assert_eq!(winery.server.deliver("orders/create", &format!("w{id}"), body).await, 200);
    }
    winery.sync().await;
    let (mut seen, mut query) = (Vec::new(), "orders?limit=3".to_owned());
    loop {
        let page = winery.server.api(&query).await;
        let Some(last) = page.as_array().unwrap().last() else { break };
        assert!(page.as_array().unwrap().len() <= 3);
        seen.extend(texts(&page, "order_id"));
        let (at, id) = (last["changed_at"].as_str().unwrap(), last["order_id"].as_str().unwrap());
        query = format!("orders?limit=3&before={at}&before_id={id}");
    }
    assert_eq!(seen.len(), 7, "{seen:?}");
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 7);
    // The instant alone leaves out what changed at the same one.
    let at = winery.server.api("orders?limit=1").await[0]["changed_at"].as_str().unwrap().to_owned();
    assert!(winery.server.api(&format!("orders?before={at}")).await.as_array().unwrap().is_empty());
}

#[tokio::test]
async fn deliveries_are_listed_by_every_filter_and_paged() {
    let winery = Winery::open().await;
    let body = order_body(10, json!({})).to_string();
    winery.deliver("orders/create", "a", &body).await;
    winery.deliver("orders/create", "a", &body).await;
    winery.deliver("orders/updated", "b", &body).await;
    winery.deliver("orders/create", "c", order_body(20, json!({})).to_string()).await;
    winery.deliver("products/update", "d", "{}").await;
    winery.deliver("orders/updated", "e", "{").await;
    let list = |query: &'static str| {
        let server = &winery.server;
        async move { texts(&server.api(&format!("deliveries{query}")).await, "id") }
    };
    assert_eq!(list("").await, ["6", "5", "4", "3", "2", "1"]);
    assert_eq!(list("?connection=cellar&topic=orders/create").await, ["4", "2", "1"]);
    assert!(list("?connection=elsewhere").await.is_empty());
    assert_eq!(list("?state=applied").await, ["4", "1"]);
    assert_eq!(list("?state=duplicate").await, ["2"]);
    assert_eq!(list("?state=no_change").await, ["5", "3"]);
    assert_eq!(list("?state=exception").await, ["6"]);
    assert_eq!(list("?order=10").await, ["3", "1"]);
    assert_eq!(list("?webhook_id=a").await, ["2", "1"]);
    assert_eq!(list("?limit=2").await, ["6", "5"]);
    assert_eq!(list("?limit=2&before=5").await, ["4", "3"]);
    assert_eq!(list("?before=1").await, [""; 0]);
    assert_eq!(list("?limit=0").await, ["6"], "a page holds one at least");
    // Each says why it ended so.
    let reason = |id: usize| {
        let server = &winery.server;
        async move { server.api(&format!("deliveries/{id}")).await["delivery"]["reason"].clone() }
    };
    assert_eq!(reason(5).await, "the topic products/update is stored and not acted on");
    assert!(reason(6).await.as_str().unwrap().starts_with("unreadable_delivery"));
    let repeat = winery.server.api("deliveries/2").await;
    assert_eq!((&repeat["delivery"]["duplicate_of"], &repeat["body"]), (&json!(1), &json!(body)));
}

#[tokio::test]
async fn exceptions_are_listed_by_every_filter_and_paged() {
    let winery = Winery::open().await;
    winery.deliver("orders/create", "w1", "{").await;
    winery.place(unknown("98XX750")).await;
    let mended = winery.place(unknown("99XX750")).await;
    let line = winery.shop.order(mended).unwrap().lines[0].id;
    let add = vec![NewLine::default()];
    let edit = crossdock::simulator::shopify::EditOrder { add, remove: vec![line], ..Default::default() };
    winery.shop.edit_order(mended, &edit).unwrap();
    winery.sync().await;
    let list = |query: &'static str| {
        let server = &winery.server;
        async move { texts(&server.api(&format!("exceptions{query}")).await, "id") }
    };
    assert_eq!(list("").await, ["2", "1"], "what is over is not listed");
    assert_eq!(list("?closed=true").await, ["3", "2", "1"]);
    assert_eq!(list("?code=unknown_product").await, ["2"]);
    assert_eq!(list("?code=unknown_product&closed=true").await, ["3", "2"]);
    assert!(list("?code=not_compliant").await.is_empty());
    assert_eq!(list("?closed=true&limit=1&before=3").await, ["2"]);
    let one = winery.server.api("exceptions/3").await;
    assert!(one["closed_at"].is_string() && one["order_name"] == "#1002", "{one}");
}

#[tokio::test]
async fn an_order_tells_its_whole_story() {
    let winery = Winery::open().await;
    let id = winery.place(NewOrder::default()).await;
    let born = Attribute { name: "Date of Birth".into(), value: "1980-05-06".into() };
    winery.shop.set_attributes(id, vec![born]).unwrap();
    winery.sync().await;
    let tracking = Tracking { company: Some("FedEx".into()), numbers: vec!["7946".into()], urls: Vec::new() };
    winery.shop.fulfill(id, &NewFulfillment { tracking, ..NewFulfillment::default() }).unwrap();
    winery.sync().await;
    let story = winery.server.api("orders/1001").await;
    for other in [format!("orders/{id}"), "orders/%231001".to_owned()] {
        assert_eq!(winery.server.api(&other).await, story, "{other}");
    }

    assert_eq!(
        (&story["order"]["name"], &story["order"]["order_id"]),
        (&json!("#1001"), &json!(id.to_string()))
    );
    let copy = &story["order"]["mirrors"][0];
    assert_eq!((&copy["state"], &copy["key"]), (&json!("in_step"), &json!("1001")));
    assert_eq!(
        (&copy["observed"]["stage"], &copy["observed"]["numbers"]),
        (&json!("shipped"), &json!(["7946"]))
    );
    let record = &story["record"];
    assert_eq!(record["document"]["payment"], "paid");
    assert_eq!(record["fulfillments"].as_object().unwrap().len(), 1);
    assert_eq!(record["verdicts"]["compliance"]["passed"], true);

    // What changed, with before and after and the delivery it comes from.
    let timeline = story["timeline"].as_array().unwrap();
    let path = "document.attributes.Date of Birth";
    let fact = timeline
        .iter()
        .find(|entry| {
            entry["changes"].as_array().is_some_and(|list| list.iter().any(|one| one["path"] == path))
        })
        .unwrap();
    let change = fact["changes"].as_array().unwrap().iter().find(|change| change["path"] == path).unwrap();
    assert_eq!((&change["before"], &change["after"]), (&Value::Null, &json!("1980-05-06")));
    assert_eq!(
        (&fact["kind"], &fact["source"], &fact["text"]),
        (&json!("fact"), &json!("cellar"), &json!("orders/updated"))
    );
    let cause = fact["delivery_id"].as_i64().unwrap();
    let deliveries = story["deliveries"].as_array().unwrap();
    assert!(
        deliveries.iter().any(|delivery| delivery["id"] == cause && delivery["topic"] == "orders/updated")
    );
    let heard = winery.server.api("deliveries?limit=1000").await;
    let text = id.to_string();
    let about = |row: &&Value| row["order_id"] == *text;
    assert_eq!(deliveries.len(), heard.as_array().unwrap().iter().filter(about).count());

    // What was done, try by try, as ShipCompliant was asked it.
    let steps: Vec<&str> = timeline
        .iter()
        .filter(|entry| entry["kind"] == "step")
        .map(|entry| entry["text"].as_str().unwrap())
        .collect();
    assert_eq!(steps, ["submit: Compliant", "cancel", "submit: Compliant", "track", "ship"]);
    let attempts = story["attempts"].as_array().unwrap();
    let tried: Vec<&str> = attempts
        .iter()
        .filter(|attempt| attempt["destination"] == "compliance")
        .map(|attempt| attempt["request_line"].as_str().unwrap())
        .collect();
    let asked: Vec<String> = winery
        .account
        .requests()
        .iter()
        .map(|request| format!("{} {}", request.method, request.path))
        .collect();
    assert_eq!(tried, asked);
    let submit = attempts.iter().find(|attempt| attempt["operation"] == "check_commit").unwrap();
    let request: Value = serde_json::from_str(submit["request"].as_str().unwrap()).unwrap();
    assert_eq!(Some(request), winery.writes()[0].body);
    assert_eq!((&submit["status"], &submit["error"]), (&json!(200), &Value::Null));
    assert!(submit["response"].as_str().unwrap().contains("complianceStatus"));
}
