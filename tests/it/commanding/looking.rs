//! The commands that ask a running server: orders, deliveries, exceptions, replay.

use crossdock::simulator::shipcompliant::Product;
use crossdock::simulator::shopify::{NewLine, NewOrder};
use serde_json::Value;

use super::{Ended, Place, Served};

/// A server with one order in step, one refused, and one over the counter.
async fn worked() -> (Place, Served) {
    let place = Place::new().await;
    let served = Served::start(&place).await;
    let lines = vec![NewLine { sku: Some("99XX750".into()), ..NewLine::default() }];
    for order in [
        NewOrder::default(),
        NewOrder { lines, ..NewOrder::default() },
        NewOrder { source_name: "pos".into(), shipping: Vec::new(), ..NewOrder::default() },
    ] {
        place.shop.place_order(&order).unwrap();
        served.settled(&place).await;
    }
    (place, served)
}

impl Place {
    async fn ask(&self, served: &Served, arguments: &[&str]) -> String {
        let arguments = [arguments, &["--url", &served.url]].concat();
        let Ended { code, out, err } = self.run(&arguments).await;
        assert_eq!((code, err.as_str()), (Some(0), ""), "{arguments:?}");
        out
    }

    async fn ask_json(&self, served: &Served, arguments: &[&str]) -> Value {
        let out = self.ask(served, &[arguments, &["--json"]].concat()).await;
        serde_json::from_str(&out).unwrap_or_else(|_| panic!("{arguments:?}: {out}"))
    }
}

#[tokio::test]
async fn orders_are_listed_with_their_copies_and_shown_with_their_story() {
    let (place, served) = worked().await;
    let out = place.ask(&served, &["orders", "list"]).await;
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 3, "{out}");
    assert!(lines[0].starts_with("#1003"), "the latest first: {out}");
    assert!(lines[0].ends_with("compliance: in_step (the route leaves out orders from «pos»)"), "{out}");
    assert!(lines[1].ends_with("compliance: exception (unknown_product)"), "{out}");
    assert!(lines[2].starts_with("#1001") && lines[2].ends_with("compliance: in_step"), "{out}");
    let refused = place.ask(&served, &["orders", "list", "--state", "exception", "--limit", "5"]).await;
    assert_eq!(refused.lines().count(), 1);
    let rows = place.ask_json(&served, &["orders", "list", "--limit", "2"]).await;
    assert_eq!((rows.as_array().unwrap().len(), &rows[1]["name"]), (2, &Value::from("#1002")));

    for name in ["1002", "#1002"] {
        let out = place.ask(&served, &["orders", "show", name]).await;
        for words in [
            "#1002 · cellar/",
            "compliance: exception (unknown_product)",
            "  ! 1 unknown_product: order 1002: ShipCompliant does not know a product of it",
            "«Product matching given BrandKey/ProductKey does not exist [NINE,99XX750]. [code 201]»",
            "→ enter the product in ShipCompliant, or map its SKU in the route's skus; then retry",
            "fact      cellar: orders/create (delivery ",
            "try       compliance: submit POST /api/v1/salesOrders/check-commit → HTTP 400 in ",
        ] {
            assert!(out.contains(words), "{words} is not in {out}");
        }
    }
    let story = place.ask_json(&served, &["orders", "show", "1001"]).await;
    assert_eq!(story["record"]["document"]["name"], "#1001");
    let arguments = ["orders", "show", "404", "--url", &served.url];
    let Ended { code, out, err } = place.run(&arguments).await;
    assert_eq!((code, out.as_str(), err.as_str()), (Some(1), "", "crossdock: no order is named «404»\n"));
    let arguments = ["orders", "list", "--state", "instep", "--url", &served.url];
    let Ended { code, err, .. } = place.run(&arguments).await;
    assert_eq!(code, Some(1));
    assert!(err.contains("«instep» is not known; choose one of in_step"), "{err}");
}

#[tokio::test]
async fn deliveries_are_listed_by_filter_and_shown_with_their_body() {
    let (place, served) = worked().await;
    let out = place.ask(&served, &["deliveries", "list", "--topic", "orders/create"]).await;
    assert_eq!(out.lines().count(), 3, "{out}");
    assert!(out.lines().all(|line| line.contains("orders/create") && line.contains("applied")), "{out}");
    let id = place.shop.orders()[0].id.to_string();
    let arguments = ["deliveries", "list", "--order", &id, "--topic", "orders/create"];
    let rows = place.ask_json(&served, &arguments).await;
    assert!(rows.as_array().unwrap().iter().all(|row| row["order_id"] == *id), "{rows}");
    let nothing = place.ask(&served, &["deliveries", "list", "--state", "exception"]).await;
    assert_eq!(nothing, "");
    let delivery = rows[0]["id"].to_string();
    let out = place.ask(&served, &["deliveries", "show", &delivery]).await;
    assert!(out.contains("\"webhook_id\": ") && out.contains("\"name\":\"#1001\""), "{out}");
    let shown = place.ask_json(&served, &["deliveries", "show", &delivery]).await;
    assert_eq!(shown["delivery"]["order_id"], *id);
    assert!(shown["body"].as_str().unwrap().contains(&id));
}

#[tokio::test]
async fn exceptions_are_listed_and_tried_again_one_or_all_of_a_code() {
    let (place, served) = worked().await;
    let out = place.ask(&served, &["exceptions", "list"]).await;
    let lines: Vec<&str> = out.lines().collect();
    let expected = [
        "     1  unknown_product  #1002 at compliance: order 1002: ShipCompliant does not know a product of it",
        "        «Product matching given BrandKey/ProductKey does not exist [NINE,99XX750]. [code 201]»",
        "        → enter the product in ShipCompliant, or map its SKU in the route's skus; then retry",
    ];
    assert_eq!(lines, expected);
    let rows = place.ask_json(&served, &["exceptions", "list", "--code", "unknown_product"]).await;
    assert_eq!(rows[0]["order_name"], "#1002");
    assert_eq!(place.ask(&served, &["exceptions", "list", "--code", "refused"]).await, "");

    assert_eq!(place.ask(&served, &["exceptions", "retry", "1"]).await, "retrying 1 exception\n");
    served.settled(&place).await;
    assert!(place.account.order("1002").is_none(), "nothing is mended yet");
    place.account.add_product(&Product { brand: "NINE".into(), key: "99XX750".into() }, "Wine");
    let told = place.ask_json(&served, &["exceptions", "retry", "--code", "refused"]).await;
    assert_eq!(told, serde_json::json!({ "retrying": [] }));
    let out = place.ask(&served, &["exceptions", "retry", "--code", "unknown_product"]).await;
    assert_eq!(out, "retrying 1 exception\n");
    served.settled(&place).await;
    assert_eq!(place.account.order("1002").unwrap()["committed"], true);
    assert_eq!(place.ask(&served, &["exceptions", "list"]).await, "");
    let over = place.ask(&served, &["exceptions", "list", "--closed"]).await;
    assert!(over.starts_with("     1  unknown_product (over)  #1002"), "{over}");
    let Ended { code, err, .. } = place.run(&["exceptions", "retry", "1", "--url", &served.url]).await;
    assert_eq!(
        (code, err.as_str()),
        (Some(1), "crossdock: exception 1 is over; there is nothing to retry\n")
    );
}

#[tokio::test]
async fn replay_says_what_it_would_do_and_then_does_it() {
    let (place, served) = worked().await;
    let asked = place.account.requests().len();
    let out = place.ask(&served, &["replay", "--dry-run", "--order", "1001,1002"]).await;
    assert_eq!(
        out,
        "would replay 0 deliveries and looking again at 2 orders\n  \
         #1001 → compliance: nothing (it holds what it should)\n  \
         #1002 → compliance: submit (it was refused before, and nothing has changed since)\n"
    );
    let since = ["replay", "--dry-run", "--since", "2026-01-01T00:00:00Z", "--topic", "orders/create"];
    let answer = place.ask_json(&served, &since).await;
    assert_eq!((&answer["dry_run"], &answer["deliveries"]), (&Value::from(true), &Value::from(3)));
    served.settled(&place).await;
    assert_eq!(place.account.requests().len(), asked, "a dry run asks nobody");
    let out = place.ask(&served, &["replay", "--order", "1001"]).await;
    assert_eq!(out, "replaying 0 deliveries and looking again at 1 order\n");
    served.settled(&place).await;
    assert_eq!(place.account.requests().len(), asked + 1);
    for (arguments, exit, words) in [
        (&["replay"][..], 2, "<--delivery <DELIVERY>|--order <ORDER>|--since <SINCE>|--until <UNTIL>>"),
        (&["replay", "--order", "1", "--delivery", "1"], 2, "cannot be used with"),
        (&["replay", "--topic", "orders/create"], 2, "required arguments were not provided"),
        (&["replay", "--order", "1", "--topic", "orders/create"], 2, "cannot be used with"),
        (&["replay", "--delivery", "99"], 1, "there is no delivery 99; nothing was replayed"),
    ] {
        let Ended { code, out, err } = place.run(&[arguments, &["--url", &served.url]].concat()).await;
        assert_eq!((code, out.as_str()), (Some(exit), ""), "{arguments:?}");
        assert!(err.contains(words), "{arguments:?}: {err}");
    }
}
