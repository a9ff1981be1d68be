//! Shipments made elsewhere come back to the shop as fulfilments: once, with their tracking, and never as an echo.

use std::time::Duration;

use crossdock::simulator::fault::{Fault, Script};
use crossdock::simulator::shopify::order::{FulfillmentStatus, ShipmentStatus};
use crossdock::simulator::shopify::{NewHold, NewLine, NewOrder, Order, Release};
use serde_json::json;

use crate::support::server::{Server, preamble};
use crate::support::winery::{Setup, Winery};

/// A little more than the time between two looks at an open order.
const POLL: Duration = Duration::from_secs(330);

impl Winery {
    /// The fulfilment house ships an order by its own account.
    async fn ship_there(&self, key: &str, numbers: &[&str]) {
        let numbers: Vec<String> = numbers.iter().map(|number| (*number).to_owned()).collect();
        self.account.add_tracking(key, "1", &numbers).unwrap();
        self.account.set_status(key, "1", "Shipped").unwrap();
        self.poll().await;
    }

    async fn poll(&self) {
        self.clock.advance(POLL);
        self.sync().await;
    }

    fn order(&self, id: i64) -> Order {
        self.shop.order(id).unwrap()
    }
}

#[tokio::test]
async fn what_shipcompliant_says_left_is_fulfilled_at_the_shop_once_with_its_tracking() {
    let winery = Winery::open().await;
    let id = winery.place(NewOrder::default()).await;
    winery.ship_there("1001", &["748900000012", "749000000012"]).await;
    let order = winery.order(id);
    assert_eq!(order.fulfillments.len(), 1);
    let made = &order.fulfillments[0];
    assert_eq!((made.status, made.quantity()), (FulfillmentStatus::Success, 6));
    assert_eq!(
        (made.company.as_deref(), made.numbers.as_slice()),
        (Some("FedEx"), &["748900000012".into(), "749000000012".into()][..])
    );

    // The fulfilment comes back by webhook, and nothing follows from it, there or here.
    for _ in 0..3 {
        winery.poll().await;
    }
    assert_eq!(winery.order(id).fulfillments.len(), 1);
    assert_eq!(winery.written(), ["POST /api/v1/salesOrders/check-commit"]);
    let copies = winery.server.api("orders/1001").await["order"]["mirrors"].clone();
    assert_eq!((&copies[0]["destination"], &copies[0]["state"]), (&json!("cellar"), &json!("in_step")));
    assert_eq!((&copies[1]["destination"], &copies[1]["state"]), (&json!("compliance"), &json!("in_step")));

    winery.account.set_status("1001", "1", "Delivered").unwrap();
    winery.poll().await;
    assert_eq!(winery.order(id).fulfillments[0].shipment_status, Some(ShipmentStatus::Delivered));
    assert_eq!(winery.written().len(), 1, "{:?}", winery.written());
}

#[tokio::test]
async fn an_open_order_is_looked_at_every_five_minutes_and_a_delivered_one_no_more() {
    let winery = Winery::open().await;
    winery.place(NewOrder::default()).await;
    let asked = |winery: &Winery| winery.account.requests().len();
    let before = asked(&winery);
    winery.clock.advance(Duration::from_mins(4));
    winery.sync().await;
    assert_eq!(asked(&winery), before);
    for looks in 1..4 {
        winery.poll().await;
        assert_eq!(asked(&winery), before + looks);
    }
    let story = winery.server.api("orders/1001").await;
    let attempts = story["attempts"].as_array().unwrap().iter();
    assert_eq!(
        attempts.filter(|attempt| attempt["destination"] == "compliance").count(),
        before + 1,
        "only the first look showed something new: what was made of the order there"
    );
    winery.account.set_status("1001", "1", "Delivered").unwrap();
    winery.poll().await;
    let after = asked(&winery);
    winery.poll().await;
    winery.poll().await;
    assert_eq!(asked(&winery), after);
    assert_eq!(winery.server.api("summary").await["due"], 0);
}

#[tokio::test]
async fn a_new_label_there_replaces_the_number_at_the_shop() {
    let winery = Winery::open().await;
    let id = winery.place(NewOrder::default()).await;
    winery.ship_there("1001", &[]).await;
    assert_eq!(winery.order(id).fulfillments[0].numbers, Vec::<String>::new());
    winery.account.add_tracking("1001", "1", &["748900000012".to_owned()]).unwrap();
    winery.poll().await;
    assert_eq!(winery.order(id).fulfillments[0].numbers, ["748900000012"]);
    assert_eq!(winery.order(id).fulfillments.len(), 1);
}

#[tokio::test]
async fn a_lost_answer_makes_no_second_fulfilment() {
    for lost in [Fault::ResetAfter, Fault::ErrorAfter(502), Fault::Truncated, Fault::NotJson] {
        let winery = Winery::open().await;
        let id = winery.place(NewOrder::default()).await;
        let script = |fault| Script { fault, method: None, path: Some("/admin/api".into()), times: 1 };
        // The open work is read, then the fulfilment is made and the answer spoiled.
        winery.shop.faults().script(script(Fault::Delay(0)));
        winery.shop.faults().script(script(lost));
        winery.ship_there("1001", &["748900000012"]).await;
        for _ in 0..3 {
            winery.poll().await;
        }
        assert_eq!(winery.order(id).fulfillments.len(), 1, "{lost:?}");
        assert_eq!(winery.copy(1001).await["state"], "in_step", "{lost:?}");
        winery.account.add_tracking("1001", "1", &["749000000012".to_owned()]).unwrap();
        winery.poll().await;
        assert_eq!(
            winery.order(id).fulfillments[0].numbers,
            ["748900000012", "749000000012"],
            "{lost:?}: known to be ours"
        );
    }
}

#[tokio::test]
async fn goods_at_two_locations_become_two_fulfilments() {
    let winery = Winery::open().await;
    let locations: Vec<i64> = winery.shop.profile().locations.iter().map(|location| location.id).collect();
    let line = |at: usize| NewLine { location_id: Some(locations[at]), ..NewLine::default() };
    let id = winery.place(NewOrder { lines: vec![line(0), line(1)], ..NewOrder::default() }).await;
    winery.ship_there("1001", &["748900000012"]).await;
    let order = winery.order(id);
    let made: Vec<_> =
        order.fulfillments.iter().map(|made| (made.location_id, made.numbers.clone())).collect();
    assert_eq!(
        made,
        [(locations[0], vec!["748900000012".to_owned()]), (locations[1], vec!["748900000012".to_owned()])]
    );
}

#[tokio::test]
async fn what_the_shop_holds_is_told_and_fulfilled_by_itself_once_it_is_released() {
    let winery = Winery::open().await;
    let id = winery.place(NewOrder::default()).await;
    winery.shop.hold(id, &NewHold::default()).unwrap();
    winery.sync().await;
    winery.ship_there("1001", &["748900000012"]).await;
    let told = winery.only_exception("fulfillment_blocked").await;
    assert!(told["message"].as_str().unwrap().contains("on hold"), "{told}");
    assert_eq!(told["destination"], "cellar");
    winery.shop.release(id, &Release::default()).unwrap();
    winery.sync().await;
    assert_eq!(winery.order(id).fulfillments.len(), 1);
    assert_eq!(winery.exceptions().await, []);
}

#[tokio::test]
async fn what_a_person_fulfilled_or_undid_at_the_shop_is_left_alone() {
    let winery = Winery::open().await;
    let id = winery.place(NewOrder::default()).await;
    winery.ship_there("1001", &["748900000012"]).await;
    let made = winery.order(id).fulfillments[0].id;
    winery.shop.cancel_fulfillment(id, made).unwrap();
    for _ in 0..3 {
        winery.poll().await;
    }
    assert_eq!(winery.order(id).fulfillments.len(), 1, "not made anew");
    assert_eq!(winery.written().len(), 1, "and nothing undone there: {:?}", winery.written());
}

#[tokio::test]
async fn a_shop_that_is_not_to_be_told_is_not() {
    let winery = Winery::with(Setup { shop_keys: "fulfill = false\n", ..Setup::default() }).await;
    let id = winery.place(NewOrder::default()).await;
    winery.ship_there("1001", &["748900000012"]).await;
    assert_eq!(winery.order(id).fulfillments.len(), 0);
    assert_eq!(winery.copy(1001).await["state"], "in_step");
}

#[tokio::test]
async fn a_copy_whose_route_is_gone_is_looked_at_no_more() {
    let winery = Winery::open().await;
    winery.place(NewOrder::default()).await;
    let Winery { server, account, clock, .. } = winery;
    let Server { app, folder, .. } = server;
    app.stop().await;
    let asked = account.requests().len();
    let text = preamble(folder.path(), "http://127.0.0.1:9");
    let server = Server::reopen(folder, &text, clock.clone(), false).await;
    clock.advance(POLL);
    // Were it due again at once, this would never end.
    let settled = tokio::time::timeout(Duration::from_secs(20), server.settle()).await;
    assert!(settled.is_ok());
    assert_eq!(account.requests().len(), asked);
}
