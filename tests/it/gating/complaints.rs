//! Complaints about other systems, told as what must happen here instead.

use crossdock::simulator::fault::{Fault, Script};
use crossdock::simulator::shopify::new_order::Payment;
use crossdock::simulator::shopify::{CancelOrder, NewOrder};

use crate::support::winery::Winery;

/// A cancel was recorded, and the order was entered all the same, for nobody looked once more.
#[tokio::test]
async fn complaint_07_a_cancel_between_due_and_run_enters_nothing_and_can_be_seen() {
    // The cancel's own webhook is there before the loop runs; or it never comes at all.
    for heard in [true, false] {
        let winery = Winery::open().await;
        let id = winery.shop.place_order(&NewOrder::default()).unwrap();
        winery.shop.settled().await;
        if !heard {
            winery.hear_nothing();
        }
        winery.shop.cancel_order(id, &CancelOrder::default()).unwrap();
        winery.sync().await;
        assert_eq!(winery.steps_there(), Vec::<String>::new(), "{heard}");
        let copy = winery.copy(1001).await;
        assert_eq!((&copy["state"], &copy["absence"]), (&"in_step".into(), &"the order is cancelled".into()));
    }
}

/// The same, with the cancel on its way while the order is read before its release.
#[tokio::test]
async fn complaint_07_a_cancel_that_comes_in_while_the_order_is_read_enters_nothing() {
    let winery = Winery::open().await;
    let id = winery.shop.place_order(&NewOrder::default()).unwrap();
    winery.shop.settled().await;
    let path = Some("/admin/api".to_owned());
    winery.shop.faults().script(Script { fault: Fault::Error(503), method: None, path, times: 0 });
    winery.server.settle().await;
    assert_eq!(winery.steps_there(), Vec::<String>::new(), "what holds it is not known yet");
    winery.shop.cancel_order(id, &CancelOrder::default()).unwrap();
    winery.shop.faults().clear();
    winery.sync().await;
    winery.sync().await;
    assert_eq!(winery.steps_there(), Vec::<String>::new());
    assert_eq!(winery.copy(1001).await["absence"], "the order is cancelled");
}

/// A cancel that never reached the last system, and goods that shipped.
#[tokio::test]
async fn complaint_08_a_cancel_reaches_shipcompliant_at_every_stage_or_a_person_is_told() {
    let winery = Winery::open().await;
    let unpaid = NewOrder { payment: Payment::Pending, ..NewOrder::default() };
    let cancel = |id| winery.shop.cancel_order(id, &CancelOrder::default()).unwrap();
    let voided = |key: &str| winery.account.order(key).is_none_or(|order| order["committed"] == false);
    for (key, order, status) in
        [("1001", unpaid, "PaymentAccepted"), ("1002", NewOrder::default(), "SentToFulfillment")]
    {
        let id = winery.place(order).await;
        assert_eq!(winery.status(key), status);
        cancel(id);
        winery.sync().await;
        assert!(voided(key), "{key}: {:?}", winery.account.order(key));
    }
    assert_eq!(winery.exceptions().await, []);

    // Left by the fulfilment house's account, before the shop was told of it.
    let id = winery.place(NewOrder::default()).await;
    winery.account.set_status("1003", "1", "Shipped").unwrap();
    cancel(id);
    winery.sync().await;
    assert_eq!(winery.status("1003"), "Shipped", "what left is not voided");
    let told = winery.only_exception("shipped_at_destination").await;
    assert!(told["mend"].as_str().unwrap().contains("parcel"), "{told}");
}
