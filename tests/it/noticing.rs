//! What the loop notices by looking: what a person changed at the destination, and what the app may not see at the shop.

use std::time::Duration;

use crossdock::simulator::shopify::{self, CancelOrder, NewFulfillment, NewOrder, Tracking};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::support::winery::{ROUTE, Setup, Winery};

/// What was noticed at the destination, as paths with what is there now.
async fn drift(winery: &Winery) -> Vec<(String, Value)> {
    let story = winery.server.api("orders/1001").await;
    let entries = story["timeline"].as_array().unwrap().clone();
    let drifts = entries.into_iter().filter(|entry| entry["kind"] == "drift");
    let changes = drifts.flat_map(|entry| entry["changes"].as_array().unwrap().clone());
    changes.map(|c| (c["path"].as_str().unwrap().to_owned(), c["after"].clone())).collect()
}

async fn look_again(winery: &Winery) {
    assert_eq!(winery.server.tell("replay", &json!({ "orders": ["1001"] })).await.0, 200);
    winery.sync().await;
}

#[tokio::test]
async fn a_persons_change_at_the_destination_is_told_and_our_own_is_not() {
    let winery = Winery::open().await;
    let id = winery.place(NewOrder::default()).await;
    look_again(&winery).await;
    let tracking = Tracking { company: Some("FedEx".into()), numbers: vec!["7489".into()], urls: Vec::new() };
    winery.shop.fulfill(id, &NewFulfillment { tracking, ..NewFulfillment::default() }).unwrap();
    winery.sync().await;
    look_again(&winery).await;
    assert_eq!(drift(&winery).await, []);

    winery.account.edit_ship_to("1001", "1", &json!({ "street2": "Suite 5" })).unwrap();
    look_again(&winery).await;
    look_again(&winery).await;
    assert_eq!(drift(&winery).await, [("shipments.1.shipTo.street2".to_owned(), json!("Suite 5"))]);
}

#[tokio::test]
async fn a_cancel_of_what_arrived_asks_its_owner_for_a_return_by_a_time() {
    let duties = "[exceptions]\nowner = \"operations\"\n\n[exceptions.by_code.return_needed]\nowner = \"returns desk\"\n";
    let route = format!("{ROUTE}\n{duties}");
    let winery = Winery::with(Setup { route: Some(&route), ..Setup::default() }).await;
    let id = winery.place(NewOrder::default()).await;
    winery.account.set_status("1001", "1", "Delivered").unwrap();
    winery.shop.cancel_order(id, &CancelOrder::default()).unwrap();
    winery.sync().await;
    let told = winery.only_exception("return_needed").await;
    assert_eq!((&told["task"], &told["owner"]), (&json!("return"), &json!("returns desk")));
    let instant = |key: &str| told[key].as_str().unwrap().parse::<Timestamp>().unwrap();
    assert_eq!(instant("due_at").duration_since(instant("opened_at")), SignedDuration::from_hours(24));

    let of =
        async |query: &str| winery.server.api(&format!("exceptions?{query}")).await.as_array().unwrap().len();
    assert_eq!((of("overdue=true").await, of("owner=returns%20desk").await), (0, 1));
    winery.clock.advance(Duration::from_hours(25));
    assert_eq!(of("overdue=true").await, 1);
    let path = format!("exceptions/{}/assign", told["id"]);
    let (status, given) = winery.server.tell(&path, &json!({ "owner": "Ada", "within_minutes": 60 })).await;
    assert_eq!((status, &given["owner"]), (200, &json!("Ada")));
    assert_eq!((of("overdue=true").await, of("owner=Ada").await), (0, 1));
    assert_eq!(winery.server.tell(&path, &json!({})).await.0, 400);
    assert_eq!(winery.server.tell("exceptions/404/assign", &json!({ "owner": "Ada" })).await.0, 404);
}

/// A field that is denied comes as null; taken for absent, it would turn the customer into a guest and the order into
/// another one.
#[tokio::test]
async fn what_the_app_may_not_see_is_not_taken_for_absent() {
    let mut shop = shopify::Options::default();
    shop.scopes.retain(|scope| scope != "read_customers");
    let winery = Winery::with(Setup { shop, ..Setup::default() }).await;
    let id = winery.place(NewOrder::default()).await;
    let body = json!({ "id": id }).to_string();
    winery.deliver("orders/updated", "a hint that asks for a reading", body).await;
    let told = winery.only_exception("source_unreadable").await;
    assert_eq!(
        told["vendor"],
        "Access denied for customer field. Required access: `read_customers` access scope."
    );
    assert!(told["mend"].as_str().unwrap().contains("give the app the scope"), "{told}");
    assert_eq!(winery.copy(1001).await["state"], "in_step");
    assert_eq!(winery.writes().len(), 1, "nothing was taken back and entered anew");
}
