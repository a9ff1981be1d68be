//! The time for the buyer's own edits: an order is held until it is over, by the clock and over restarts.

use std::time::Duration;

use crossdock::simulator::shopify::{EditOrder, NewOrder, SetQuantity};

use crate::support::winery::{ROUTE, Setup, Winery};

async fn open() -> Winery {
    let route = format!("edit_window_minutes = 30\n{ROUTE}");
    Winery::with(Setup { route: Some(&route), ..Setup::default() }).await
}

#[tokio::test]
async fn an_order_is_held_for_its_buyers_edits_and_released_by_the_clock() {
    let winery = open().await;
    let placed = winery.clock.now();
    let id = winery.place(NewOrder::default()).await;
    assert_eq!(winery.status("1001"), "PaymentAccepted");
    let line_id = winery.shop.order(id).unwrap().lines[0].id;
    let set_quantity = vec![SetQuantity { line_id, quantity: 2 }];
    winery.shop.edit_order(id, &EditOrder { set_quantity, ..EditOrder::default() }).unwrap();
    winery.sync().await;
    assert_eq!(winery.status("1001"), "PaymentAccepted");

    // Looks by the clock go on meanwhile; the last instant before the end is still too early.
    while winery.clock.now() < placed + Duration::from_mins(29) {
        winery.clock.advance(Duration::from_mins(1));
        winery.settle().await;
        let next = winery.server.app.engine.store().next_due().await.unwrap().unwrap();
        assert!(next > winery.clock.now() && next <= placed + Duration::from_mins(30), "{next}");
    }
    let left = (placed + Duration::from_mins(30)).duration_since(winery.clock.now());
    winery.clock.advance(Duration::try_from(left).unwrap().saturating_sub(Duration::from_millis(1)));
    winery.settle().await;
    assert_eq!(winery.status("1001"), "PaymentAccepted");
    winery.clock.advance(Duration::from_millis(1));
    winery.settle().await;
    assert_eq!(winery.status("1001"), "SentToFulfillment");
    let story = winery.server.api("orders/1001").await;
    let told = story["timeline"].as_array().unwrap().iter();
    let over = told.filter(|entry| entry["text"] == "the time for the buyer's own edits is over");
    assert_eq!(over.count(), 1);

    // Nothing waits for it any more, and an edit that comes now is sent at once.
    winery.shop.set_note(id, Some("late".into())).unwrap();
    winery.sync().await;
    assert_eq!(winery.status("1001"), "SentToFulfillment");
}

#[tokio::test]
async fn the_end_of_the_window_comes_though_the_server_was_away_when_it_did() {
    let winery = open().await;
    winery.place(NewOrder::default()).await;
    let winery = winery.restart().await;
    winery.settle().await;
    assert_eq!(winery.status("1001"), "PaymentAccepted");
    let winery = winery.restart().await;
    winery.clock.advance(Duration::from_mins(30));
    winery.settle().await;
    assert_eq!(winery.status("1001"), "SentToFulfillment");
    assert_eq!(winery.steps_there().len(), 2, "{:?}", winery.steps_there());
}

#[tokio::test]
async fn an_order_that_is_cancelled_within_the_window_waits_for_nothing() {
    let winery = open().await;
    let id = winery.place(NewOrder::default()).await;
    winery.shop.cancel_order(id, &crossdock::simulator::shopify::CancelOrder::default()).unwrap();
    winery.sync().await;
    assert_eq!(winery.copy(1001).await["absence"], "the order is cancelled");
    assert_eq!(winery.server.api("summary").await["due"], 0);
}
