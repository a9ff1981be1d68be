//! A tag on the order at the shop asks for a re-check: it is judged anew, once for each asking, and the tag comes off.

use crossdock::simulator::fault::{Fault, Script};
use crossdock::simulator::shopify::{NewFulfillment, NewOrder, Order};
use serde_json::{Value, json};

use crate::support::winery::{House, ROUTE, Setup, Winery};

const TAG: &str = "Recheck Compliance";

fn heeding() -> Setup<'static> {
    Setup {
        shop_keys: "recheck_tag = \"recheck compliance\"\nrefused_tag = \"not-compliant\"\n",
        ..Setup::default()
    }
}

impl Winery {
    /// A person puts the tag on the order, beside those it has.
    async fn ask(&self, id: i64) {
        self.tag(id);
        self.sync().await;
    }

    fn tag(&self, id: i64) {
        let mut tags = self.asked(id).tags;
        tags.push(TAG.to_owned());
        self.shop.set_tags(id, &tags).unwrap();
    }

    fn asked(&self, id: i64) -> Order {
        self.shop.order(id).unwrap()
    }

    /// How often an order was judged without being entered.
    fn checks(&self) -> usize {
        self.written().iter().filter(|call| call.ends_with("/quote/compliance")).count()
    }

    fn entered(&self) -> usize {
        self.written().iter().filter(|call| call.ends_with("/check-commit")).count()
    }
}

#[tokio::test]
async fn a_committed_order_is_checked_once_for_each_asking_and_never_voided() {
    let winery = Winery::with(heeding()).await;
    let id = winery.place(NewOrder { tags: vec!["club".into()], ..NewOrder::default() }).await;
    for times in 1..=2 {
        winery.ask(id).await;
        assert_eq!((winery.checks(), winery.asked(id).tags), (times, vec!["club".to_owned()]));
    }
    // Neither duplicates nor what comes late ask again.
    let body = winery.shop.rest_order(id).unwrap().to_string();
    winery.deliver("orders/updated", "again", &body).await;
    winery.sync().await;
    assert_eq!((winery.checks(), winery.entered(), winery.written().len()), (2, 1, 3));
    let story = winery.server.api("orders/1001").await["timeline"].clone();
    let told = |text: &str| {
        story
            .as_array()
            .unwrap()
            .iter()
            .filter(|entry| entry["text"].as_str().unwrap().contains(text))
            .count()
    };
    assert_eq!(told("a re-check was asked for at «cellar», by the tag «Recheck Compliance»"), 2);
    assert_eq!((told("check: Compliant"), told("untag")), (2, 2));
    assert_eq!(winery.exceptions().await, []);
}

#[tokio::test]
async fn a_refused_order_is_entered_again_though_nothing_of_it_changed() {
    let winery = Winery::with(heeding()).await;
    winery.account.forbid("CA");
    let id = winery.place(NewOrder::default()).await;
    winery.only_exception("not_compliant").await;
    winery.ask(id).await;
    assert_eq!((winery.entered(), winery.asked(id).tags), (2, vec!["not-compliant".to_owned()]));
    winery.only_exception("not_compliant").await;
    // The licence came.
    winery.account.allow("CA");
    winery.sync().await;
    assert_eq!(winery.entered(), 2, "nobody asked");
    winery.ask(id).await;
    assert_eq!((winery.entered(), winery.asked(id).tags.len()), (3, 0));
    assert_eq!(winery.exceptions().await, []);
    assert_eq!(winery.copy(1001).await["observed"]["stage"], "released");
}

#[tokio::test]
async fn a_committed_order_that_does_not_pass_any_more_is_stopped_everywhere_until_it_does() {
    let house = House { route: "cleared_by = [\"compliance\"]\n", ..House::default() };
    let winery = Winery::with(Setup { house: Some(house), ..heeding() }).await;
    let id = winery.place(NewOrder::default()).await;
    let held = |winery: &Winery| {
        let packed = winery.packed(id)["holds"]["operator_hold"].clone();
        let stands = winery.account.order("1001").unwrap()["shipments"][0]["shipmentStatus"].clone();
        let order = winery.asked(id);
        let holds = order.fulfillment_orders.iter().map(|work| work.holds.len()).sum::<usize>();
        (packed, stands, holds, order.tags)
    };
    let open = (json!(false), json!("SentToFulfillment"), 0, vec![]);
    assert_eq!(held(&winery), open);
    winery.account.forbid("CA");
    winery.ask(id).await;
    let stopped = (json!(true), json!("PaymentAccepted"), 1, vec!["not-compliant".to_owned()]);
    assert_eq!(held(&winery), stopped);
    let told = winery.only_exception("not_compliant").await;
    assert!(told["vendor"].as_str().unwrap().contains("CA"), "{told}");
    assert!(winery.written().iter().all(|call| !call.starts_with("DELETE")), "it stays as it was committed");

    // A retry asks too.
    winery.retry(&told).await;
    assert_eq!((winery.checks(), held(&winery)), (2, stopped));
    winery.account.allow("CA");
    winery.ask(id).await;
    assert_eq!((winery.checks(), held(&winery)), (3, open));
    assert_eq!(winery.exceptions().await, []);
}

#[tokio::test]
async fn a_lost_answer_neither_forgets_the_asking_nor_asks_twice() {
    for lost in [
        Fault::ResetBefore,
        Fault::ResetAfter,
        Fault::ErrorAfter(502),
        Fault::Truncated,
        Fault::NotJson,
        Fault::Throttle(1),
    ] {
        // Of the account's, and of the shop's, where the tag comes off: each call on the way in turn.
        let script = |path: &str, fault| Script { fault, method: None, path: Some(path.into()), times: 1 };
        for at in 0..5 {
            let winery = Winery::with(heeding()).await;
            let id = winery.place(NewOrder::default()).await;
            if at == 4 {
                winery.account.faults().script(script("/api/v1/salesOrders/quote", lost));
            } else {
                for _ in 0..at {
                    winery.shop.faults().script(script("/admin/api", Fault::Delay(0)));
                }
                winery.shop.faults().script(script("/admin/api", lost));
            }
            winery.ask(id).await;
            for _ in 0..3 {
                winery.sync().await;
            }
            let judged = winery.server.api("orders/1001").await["timeline"].clone();
            let judged =
                judged.as_array().unwrap().iter().filter(|entry| entry["text"] == "check: Compliant").count();
            assert_eq!((judged, winery.asked(id).tags.len()), (1, 0), "{lost:?} at {at}");
            let copies = winery.server.api("orders/1001").await["order"]["mirrors"].clone();
            let settled = |copy: &Value| copy["state"] == "in_step";
            assert!(copies.as_array().unwrap().iter().all(settled), "{lost:?} at {at}: {copies:#}");
            assert_eq!((winery.entered(), winery.exceptions().await.len()), (1, 0), "{lost:?} at {at}");
        }
    }
}

#[tokio::test]
async fn the_tag_comes_off_where_nothing_is_to_be_judged_and_is_no_tag_of_the_copy() {
    let winery = Winery::with(Setup { house: Some(House::default()), ..heeding() }).await;
    let id = winery.place(NewOrder { tags: vec!["club".into()], ..NewOrder::default() }).await;
    let before = winery.house_writes();
    winery.ask(id).await;
    assert_eq!(winery.house_writes(), before, "the warehouse is told nothing of it");
    winery.shop.fulfill(id, &NewFulfillment::default()).unwrap();
    winery.sync().await;
    let checks = winery.checks();
    winery.ask(id).await;
    assert_eq!((winery.checks(), winery.asked(id).tags), (checks, vec!["club".to_owned()]), "it left");
}

#[tokio::test]
async fn a_tag_that_waits_for_a_connection_that_is_down_stays_until_it_was_judged() {
    let winery = Winery::with(heeding()).await;
    let id = winery.place(NewOrder::default()).await;
    let path = Some("/api/v1".to_owned());
    winery.account.faults().script(Script { fault: Fault::Error(503), method: None, path, times: 0 });
    winery.ask(id).await;
    assert_eq!(winery.asked(id).tags, [TAG]);
    winery.account.faults().clear();
    winery.clock.advance(std::time::Duration::from_mins(6));
    winery.sync().await;
    assert_eq!(winery.asked(id).tags.len(), 0);
}

#[tokio::test]
async fn a_shop_that_names_no_such_tag_heeds_none() {
    let winery = Winery::with(Setup { route: Some(ROUTE), ..Setup::default() }).await;
    let id = winery.place(NewOrder::default()).await;
    winery.ask(id).await;
    assert_eq!((winery.checks(), winery.asked(id).tags), (0, vec![TAG.to_owned()]));
    assert_eq!(winery.server.api("orders/1001").await["record"].get("recheck"), Some(&Value::Null));
}
