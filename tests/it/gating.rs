//! The gates before goods may leave: holds at the shop, its analysis of fraud, the time for the buyer's own edits. Each shuts
//! and opens by itself, and nothing else happens to the order.

mod complaints;
mod judged;
mod parts;
mod table;
mod theirs;
mod windows;

use crossdock::simulator::shopify::order::RiskRecommendation;
use crossdock::simulator::shopify::{self, NewHold, NewOrder, Release};
use serde_json::{Value, json};

use crate::support::winery::{Setup, Winery, order_body};

/// A shop in which a hold changes nothing of its order, so that only the hold's own webhooks tell of it.
fn silent() -> Setup<'static> {
    let shop = shopify::Options { holds_touch_order: false, ..shopify::Options::default() };
    Setup { shop, ..Setup::default() }
}

impl Winery {
    /// How far the copy of an order is, as ShipCompliant has it.
    fn status(&self, key: &str) -> String {
        let order = self.account.order(key).unwrap_or_else(|| panic!("{key} is not there"));
        order["shipments"][0]["shipmentStatus"].as_str().unwrap().to_owned()
    }

    /// The last part of the path of every write that reached ShipCompliant.
    fn steps_there(&self) -> Vec<String> {
        let last = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        self.writes().iter().map(|request| last(&request.path)).collect()
    }

    /// What became of the deliveries of a topic, with what is said of it.
    async fn ends(&self, topic: &str) -> Vec<(String, Value)> {
        let rows = self.server.api(&format!("deliveries?topic={topic}")).await;
        let end = |row: &Value| (row["state"].as_str().unwrap().to_owned(), row["reason"].clone());
        rows.as_array().unwrap().iter().map(end).collect()
    }
}

#[tokio::test]
async fn a_hold_at_the_shop_takes_a_released_order_back_and_its_end_releases_it() {
    let winery = Winery::with(silent()).await;
    let id = winery.place(NewOrder::default()).await;
    assert_eq!((winery.status("1001").as_str(), winery.steps_there().len()), ("SentToFulfillment", 1));

    winery.shop.hold(id, &NewHold::default()).unwrap();
    winery.settle().await;
    assert_eq!(winery.status("1001"), "PaymentAccepted");
    winery.clock.advance(std::time::Duration::from_secs(10));
    let second = NewHold { notes: Some("and the address".into()), ..NewHold::default() };
    winery.shop.hold(id, &second).unwrap();
    winery.sync().await;
    assert_eq!(winery.steps_there().len(), 2, "only its status was set: {:?}", winery.steps_there());

    let order = winery.shop.order(id).unwrap();
    let work = order.fulfillment_orders.iter().find(|work| !work.holds.is_empty()).unwrap();
    let one = Release { hold_ids: vec![work.holds[0].id], ..Release::default() };
    winery.shop.release(id, &one).unwrap();
    winery.sync().await;
    assert_eq!(winery.status("1001"), "PaymentAccepted", "the other stands");
    winery.shop.release(id, &Release::default()).unwrap();
    winery.settle().await;
    assert_eq!(winery.status("1001"), "SentToFulfillment");
    assert_eq!(winery.steps_there().len(), 3, "{:?}", winery.steps_there());
    for topic in ["fulfillment_orders/placed_on_hold", "fulfillment_orders/hold_released"] {
        let ends = winery.ends(topic).await;
        assert!(ends.iter().all(|(state, _)| ["applied", "stale"].contains(&state.as_str())), "{ends:?}");
    }
    assert_eq!(winery.exceptions().await, []);
}

#[tokio::test]
async fn a_hold_from_before_the_order_was_ever_heard_of_is_known_before_it_is_released() {
    let winery = Winery::with(silent()).await;
    winery.hear_nothing();
    let id = winery.shop.place_order(&NewOrder::default()).unwrap();
    winery.shop.hold(id, &NewHold::default()).unwrap();
    winery.hear();
    winery.shop.set_note(id, Some("a webhook that says nothing of holds".into())).unwrap();
    winery.sync().await;
    assert_eq!(winery.status("1001"), "PaymentAccepted");
    assert_eq!(winery.steps_there(), ["check-commit"], "it was never released");
}

#[tokio::test]
async fn an_order_that_is_not_to_be_released_costs_no_reading_and_one_that_is_costs_one() {
    let mut shop = shopify::Options::default();
    shop.topics.retain(|topic| topic.starts_with("orders/"));
    let winery = Winery::with(Setup { shop, ..Setup::default() }).await;
    let payment = shopify::new_order::Payment::Pending;
    let id = winery.place(NewOrder { payment, ..NewOrder::default() }).await;
    assert_eq!((winery.status("1001").as_str(), winery.shop.requests().len()), ("PaymentAccepted", 0));
    winery.shop.mark_paid(id, None).unwrap();
    winery.sync().await;
    assert_eq!((winery.status("1001").as_str(), winery.shop.requests().len()), ("SentToFulfillment", 1));
    winery.shop.set_tags(id, &["club".into()]).unwrap();
    winery.sync().await;
    assert_eq!(winery.shop.requests().len(), 1);
}

#[tokio::test]
async fn an_order_that_the_app_may_not_read_is_held_with_the_reason() {
    let mut shop = shopify::Options::default();
    shop.scopes.retain(|scope| scope != "read_customers");
    let winery = Winery::with(Setup { shop, ..Setup::default() }).await;
    winery.place(NewOrder::default()).await;
    let told = winery.only_exception("source_unreadable").await;
    assert!(told["vendor"].as_str().unwrap().contains("read_customers"), "{told}");
    assert_eq!(winery.status("1001"), "PaymentAccepted");
}

/// It may have been deleted, or be older than the app may see.
#[tokio::test]
async fn an_order_that_the_shop_does_not_know_is_held_and_told_once() {
    let winery = Winery::open().await;
    let body = order_body(5001, json!({})).to_string();
    winery.deliver("orders/create", "w1", body).await;
    for _ in 0..3 {
        winery.clock.advance(std::time::Duration::from_mins(6));
        winery.settle().await;
    }
    assert_eq!(winery.status("5001"), "PaymentAccepted");
    winery.only_exception("order_not_found").await;
    let all = winery.server.api("exceptions?closed=true").await;
    assert_eq!(all.as_array().unwrap().len(), 1, "{all:#}");
}

#[tokio::test]
async fn a_shop_that_cannot_be_asked_is_known_by_its_webhooks_alone() {
    let winery = Winery::with(Setup { unasked: true, ..Setup::default() }).await;
    let id = winery.place(NewOrder::default()).await;
    winery.shop.hold(id, &NewHold::default()).unwrap();
    winery.sync().await;
    assert_eq!((winery.status("1001").as_str(), winery.shop.requests().len()), ("SentToFulfillment", 0));
    let ends = winery.ends("fulfillment_orders/placed_on_hold").await;
    assert_eq!(ends[0].0, "no_change");
    assert!(ends[0].1.as_str().unwrap().contains("without credentials"), "{ends:?}");
    assert_eq!(winery.exceptions().await, []);
}

#[tokio::test]
async fn our_own_hold_does_not_shut_the_gate() {
    let winery = Winery::with(silent()).await;
    let id = winery.place(NewOrder::default()).await;
    winery.shop.hold(id, &NewHold { by_app: true, ..NewHold::default() }).unwrap();
    winery.sync().await;
    assert_eq!((winery.status("1001").as_str(), winery.steps_there().len()), ("SentToFulfillment", 1));
    // It was heard all the same: somebody else's beside it does.
    winery.shop.hold(id, &NewHold::default()).unwrap();
    winery.sync().await;
    assert_eq!(winery.status("1001"), "PaymentAccepted");
}

#[tokio::test]
async fn work_that_is_called_off_for_other_work_opens_the_gate_that_its_hold_shut() {
    let winery = Winery::with(silent()).await;
    let id = winery.shop.place_order(&NewOrder::default()).unwrap();
    winery.shop.hold(id, &NewHold::default()).unwrap();
    winery.sync().await;
    assert_eq!(winery.status("1001"), "PaymentAccepted");
    winery.shop.call_off(id, None).unwrap();
    winery.sync().await;
    assert_eq!(winery.status("1001"), "SentToFulfillment");
}

#[tokio::test]
async fn what_the_analysis_of_fraud_recommends_shuts_the_gate_and_opens_it() {
    let all = [RiskRecommendation::Cancel, RiskRecommendation::Investigate, RiskRecommendation::Accept];
    for (keys, held) in
        [("", 1), ("fraud_hold = [\"cancel\", \"investigate\"]\n", 2), ("fraud_hold = []\n", 0)]
    {
        let route = format!("{keys}{}", crate::support::winery::ROUTE);
        let winery = Winery::with(Setup { route: Some(&route), ..Setup::default() }).await;
        let id = winery.place(NewOrder { risk: RiskRecommendation::None, ..NewOrder::default() }).await;
        assert_eq!(winery.status("1001"), "SentToFulfillment", "{keys}");
        for (at, recommendation) in all.into_iter().enumerate() {
            winery.shop.assess(id, recommendation).unwrap();
            winery.settle().await;
            let expected = if at < held { "PaymentAccepted" } else { "SentToFulfillment" };
            assert_eq!(winery.status("1001"), expected, "{keys}{recommendation:?}");
            winery.clock.advance(std::time::Duration::from_secs(10));
        }
        let changes = if held > 0 { 2 } else { 0 };
        assert_eq!(winery.steps_there().len(), 1 + changes, "{keys}: {:?}", winery.steps_there());
    }
}
