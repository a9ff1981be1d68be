//! Replay: of deliveries, of orders, of a time range; and a dry run that changes nothing.

use crossdock::simulator::shopify::{NewLine, NewOrder};
use serde_json::{Value, json};

use crate::support::winery::Winery;

/// Two orders in step, one that is refused, one body that cannot be read.
async fn worked() -> Winery {
    let winery = Winery::open().await;
    winery.place(NewOrder::default()).await;
    winery.place(NewOrder::default()).await;
    let lines = vec![NewLine { sku: Some("99XX750".into()), ..NewLine::default() }];
    winery.place(NewOrder { lines, ..NewOrder::default() }).await;
    winery.deliver("orders/create", "broken", "{").await;
    winery
}

/// Everything the API tells.
async fn everything(winery: &Winery) -> Value {
    let mut told = Vec::new();
    for path in
        ["orders", "deliveries?limit=1000", "exceptions?closed=true", "summary", "orders/1001", "orders/1003"]
    {
        told.push(winery.server.api(path).await);
    }
    Value::Array(told)
}

async fn replay(winery: &Winery, request: Value) -> Value {
    let (status, answer) = winery.server.tell("replay", &request).await;
    assert_eq!(status, 200, "{request}: {answer}");
    answer
}

#[tokio::test]
async fn a_dry_run_says_what_is_owed_and_changes_nothing() {
    let winery = worked().await;
    let before = everything(&winery).await;
    let asked = (winery.shop.requests().len(), winery.account.requests().len());
    for request in [
        json!({ "dry_run": true, "deliveries": [1, 2] }),
        json!({ "dry_run": true, "orders": ["1001", "#1003"] }),
        json!({ "dry_run": true, "range": { "since": "2026-11-22T00:00:00Z" } }),
    ] {
        let answer = replay(&winery, request.clone()).await;
        assert_eq!(answer["dry_run"], true);
        assert!(!answer["owed"].as_array().unwrap().is_empty(), "{request}: {answer}");
    }
    winery.sync().await;
    assert_eq!((winery.shop.requests().len(), winery.account.requests().len()), asked);
    assert_eq!(everything(&winery).await, before);

    let answer = replay(&winery, json!({ "dry_run": true, "orders": ["1001", "#1003"] })).await;
    let owed = &answer["owed"];
    assert_eq!(
        (&owed[0]["name"], &owed[0]["next"], &owed[0]["why"]),
        (&json!("#1001"), &json!("nothing"), &json!("it holds what it should"),)
    );
    assert_eq!(
        (&owed[1]["name"], &owed[1]["next"], &owed[1]["why"]),
        (&json!("#1003"), &json!("submit"), &json!("it was refused before, and nothing has changed since"),)
    );
}

#[tokio::test]
async fn replayed_orders_are_looked_at_again_and_entered_no_second_time() {
    let winery = worked().await;
    let writes = winery.writes().len();
    let answer = replay(&winery, json!({ "orders": ["1001", "#1002"] })).await;
    assert_eq!((&answer["orders"], &answer["deliveries"]), (&json!(2), &json!(0)));
    let looks = winery.account.requests().len();
    winery.sync().await;
    assert_eq!(winery.account.requests().len(), looks + 2, "each copy is looked at once");
    assert_eq!(winery.writes().len(), writes, "nothing was owed");
    assert_eq!(winery.account.summary()["double_commits"], 0);
    // What somebody took back there is told.
    winery.account.void("1001").unwrap();
    replay(&winery, json!({ "orders": ["1001"] })).await;
    winery.sync().await;
    assert_eq!(winery.copy("1001").await["reason"]["code"], "voided_at_destination");
    assert_eq!(winery.writes().len(), writes);
}

#[tokio::test]
async fn replayed_deliveries_are_understood_anew_and_change_nothing_twice() {
    let winery = worked().await;
    let revision = winery.server.api("orders/1001").await["order"]["revision"].clone();
    let writes = winery.writes().len();
    let heard = winery.server.api("deliveries?topic=orders/create&limit=1000").await;
    let ids: Vec<i64> = heard.as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect();
    assert_eq!(ids.len(), 4);
    let answer = replay(&winery, json!({ "deliveries": ids })).await;
    assert_eq!((&answer["deliveries"], &answer["orders"]), (&json!(4), &json!(3)));
    winery.sync().await;
    let story = winery.server.api("orders/1001").await;
    assert_eq!(
        (&story["order"]["revision"], &story["order"]["mirrors"][0]["state"]),
        (&revision, &json!("in_step"))
    );
    // The refused order was tried once more; the others were owed nothing.
    assert_eq!(winery.writes().len(), writes + 1);
    let states: Vec<String> = winery
        .server
        .api("deliveries?topic=orders/create&limit=1000")
        .await
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["state"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(states[0], "exception", "what cannot be read cannot be read");
    assert!(states[1..].iter().all(|state| ["no_change", "stale"].contains(&state.as_str())), "{states:?}");
    assert_eq!(winery.server.api("exceptions").await.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_time_range_is_replayed_by_its_filter_and_no_further() {
    let winery = worked().await;
    let total = winery.server.api("deliveries?limit=1000").await.as_array().unwrap().len();
    let count = |range: Value| {
        let winery = &winery;
        async move {
            let answer = replay(winery, json!({ "dry_run": true, "range": range })).await;
            answer["deliveries"].as_u64().unwrap()
        }
    };
    // The orders were placed at noon and 10 and 20 seconds after it, the broken body came after 30.
    assert_eq!(count(json!({ "since": "2026-11-22T00:00:00Z" })).await, total as u64);
    assert_eq!(count(json!({ "since": "2026-11-22T12:00:30Z" })).await, 1);
    assert_eq!(count(json!({ "until": "2026-11-22T12:00:00Z" })).await, 0, "the end is not in it");
    let first = count(json!({ "until": "2026-11-22T12:00:10Z" })).await;
    let second = count(json!({ "since": "2026-11-22T12:00:10Z", "until": "2026-11-22T12:00:20Z" })).await;
    assert_eq!(first, second);
    let all = "2026-11-22T00:00:00Z";
    assert_eq!(count(json!({ "since": all, "topic": "orders/create" })).await, 4);
    assert_eq!(count(json!({ "since": all, "topic": "orders/create", "state": "exception" })).await, 1);
    assert_eq!(count(json!({ "since": all, "connection": "elsewhere" })).await, 0);
    let range = json!({ "since": "2026-11-22T12:00:20Z", "topic": "orders/create", "state": "applied" });
    let answer = replay(&winery, json!({ "range": range })).await;
    assert_eq!(
        (&answer["dry_run"], &answer["deliveries"], &answer["orders"]),
        (&json!(false), &json!(1), &json!(1))
    );
    let writes = winery.writes().len();
    winery.sync().await;
    assert_eq!(winery.writes().len(), writes + 1, "the refused order is tried once more");
}
