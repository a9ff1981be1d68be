//! Webhooks that name a part of an order and not the order: it is asked for, nothing is lost, and nobody is held up.

use std::sync::Arc;
use std::time::Duration;

use crossdock::simulator::fault::{Fault, Script};
use crossdock::simulator::shopify::new_order::Payment;
use crossdock::simulator::shopify::{NewHold, NewOrder};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::silent;
use crate::support::winery::Winery;

const HELD: &str = "fulfillment_orders/placed_on_hold";
/// Stops no goods: it need not go first.
const ROUTED: &str = "fulfillment_orders/order_routing_complete";

/// The body of a webhook about a fulfilment order.
fn about(part: i64) -> String {
    json!({ "fulfillment_order": { "id": format!("gid://shopify/FulfillmentOrder/{part}") } }).to_string()
}

/// An order that is on hold and of which nobody was told; gives its id and that of the part that is held.
fn held_in_silence(winery: &Winery) -> (i64, i64) {
    winery.hear_nothing();
    let id = winery.shop.place_order(&NewOrder::default()).unwrap();
    winery.shop.hold(id, &NewHold::default()).unwrap();
    winery.hear();
    (id, winery.shop.order(id).unwrap().fulfillment_orders[0].id)
}

fn asks(winery: &Winery) -> usize {
    let asked = winery.shop.requests().into_iter();
    asked.filter(|request| request.document.contains("fulfillmentOrder(")).count()
}

async fn row(winery: &Winery, id: i64) -> Value {
    winery.server.api(&format!("deliveries/{id}")).await["delivery"].clone()
}

#[tokio::test]
async fn the_order_of_a_part_is_asked_for_once_and_known_from_then_on() {
    let winery = Winery::with(silent()).await;
    let (id, part) = held_in_silence(&winery);
    winery.deliver(HELD, "w1", about(part)).await;
    assert_eq!((winery.status("1001").as_str(), asks(&winery)), ("PaymentAccepted", 1));
    let told = row(&winery, 1).await;
    assert_eq!((&told["state"], &told["order_id"]), (&json!("applied"), &json!(id.to_string())));
    let story = winery.server.api("orders/1001").await;
    let steps: Vec<&Value> = story["attempts"].as_array().unwrap().iter().map(|try_| &try_["step"]).collect();
    assert_eq!(steps, ["ask", "read", "submit"], "the asking is part of the order's story");
    winery.deliver(HELD, "w2", about(part)).await;
    assert_eq!(asks(&winery), 1);
    assert_eq!(row(&winery, 2).await["state"], "applied");
}

#[tokio::test]
async fn a_part_that_a_reading_told_of_is_not_asked_for() {
    let winery = Winery::with(silent()).await;
    let id = winery.place(NewOrder::default()).await;
    let before = asks(&winery);
    winery.shop.hold(id, &NewHold::default()).unwrap();
    winery.sync().await;
    assert_eq!((winery.status("1001").as_str(), asks(&winery)), ("PaymentAccepted", before));
}

#[tokio::test]
async fn a_part_that_came_in_with_its_order_is_not_asked_for() {
    let winery = Winery::with(silent()).await;
    let (id, part) = held_in_silence(&winery);
    let body = winery.shop.rest_order(id).unwrap().to_string();
    // Nobody looked at either yet.
    assert_eq!(winery.server.deliver(ROUTED, "w1", about(part)).await, 200);
    assert_eq!(winery.server.deliver("orders/create", "w2", body).await, 200);
    winery.settle().await;
    assert_eq!((winery.status("1001").as_str(), asks(&winery)), ("PaymentAccepted", 0));
    let told = row(&winery, 1).await;
    // Its order was read after it came in.
    assert_eq!((&told["state"], &told["order_id"]), (&json!("stale"), &json!(id.to_string())));
}

#[tokio::test]
async fn what_is_delivered_while_the_shop_is_down_is_kept_with_the_reason_and_asked_for_later() {
    let winery = Winery::with(silent()).await;
    let (id, part) = held_in_silence(&winery);
    let down =
        || Script { fault: Fault::Error(503), method: None, path: Some("/admin/api".into()), times: 0 };
    winery.shop.faults().script(down());
    winery.deliver(HELD, "w1", about(part)).await;
    let told = row(&winery, 1).await;
    assert_eq!(told["state"], "sorted");
    assert!(told["reason"].as_str().unwrap().starts_with("it is asked which order it is about: "), "{told}");

    // Later and later, not all the time; over a restart; and an order that needs no asking goes its way.
    for _ in 0..20 {
        winery.clock.advance(Duration::from_mins(1));
        winery.settle().await;
    }
    let tried = winery.shop.faults().struck();
    assert!((5..40).contains(&tried), "{tried} tries in twenty minutes");
    let winery = winery.restart().await;
    let unpaid = NewOrder { payment: Payment::Pending, ..NewOrder::default() };
    winery.hear_nothing();
    let other = winery.shop.place_order(&unpaid).unwrap();
    let body = winery.shop.rest_order(other).unwrap().to_string();
    winery.deliver("orders/create", "w2", body).await;
    assert_eq!(winery.status("1002"), "PaymentAccepted");
    assert_eq!(row(&winery, 1).await["state"], "sorted");

    winery.shop.faults().clear();
    winery.clock.advance(Duration::from_mins(6));
    winery.settle().await;
    let told = row(&winery, 1).await;
    assert_eq!((&told["state"], &told["order_id"]), (&json!("applied"), &json!(id.to_string())));
    assert_eq!(told["reason"], "the order is read from its source");
    assert_eq!(winery.status("1001"), "PaymentAccepted");
    assert_eq!(winery.exceptions().await, []);
}

#[tokio::test]
async fn a_shop_that_is_slow_to_say_whose_a_part_is_holds_up_nobody() {
    let winery = Winery::with(silent()).await;
    let (_, part) = held_in_silence(&winery);
    let path = Some("/admin/api".to_owned());
    winery.shop.faults().script(Script { fault: Fault::Delay(600_000), method: None, path, times: 1 });
    let stop = CancellationToken::new();
    let _stopping = stop.clone().drop_guard();
    let running = tokio::spawn(Arc::clone(&winery.server.app.engine).run(stop));
    assert_eq!(winery.server.deliver(HELD, "w1", about(part)).await, 200);
    let asked = async {
        while winery.shop.faults().struck() == 0 {
            tokio::task::yield_now().await;
        }
        winery.shop.place_order(&NewOrder::default()).unwrap();
        while winery.account.order("1002").is_none() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(15), asked).await.expect("the other order is sent meanwhile");
    let told = row(&winery, 1).await;
    assert_eq!((&told["state"], &told["order_id"]), (&json!("sorted"), &json!(format!("part:{part}"))));
    running.abort();
}

#[tokio::test]
async fn a_part_that_the_shop_does_not_know_is_told_and_can_be_tried_again() {
    let winery = Winery::with(silent()).await;
    winery.deliver(HELD, "w1", about(77)).await;
    let told = winery.only_exception("order_not_found").await;
    assert_eq!(told["delivery_id"], 1);
    assert_eq!(row(&winery, 1).await["state"], "exception");
    assert_eq!(winery.server.api("summary").await["due"], 0);
    winery.retry(&told).await;
    winery.only_exception("order_not_found").await;
    assert_eq!(asks(&winery), 2);
}

#[tokio::test]
async fn credentials_that_are_not_accepted_are_told_once_and_nothing_is_lost() {
    let winery = Winery::with(silent()).await;
    let (_, part) = held_in_silence(&winery);
    let path = Some("/admin/api".to_owned());
    winery.shop.faults().script(Script { fault: Fault::Error(401), method: None, path, times: 1 });
    winery.deliver(HELD, "w1", about(part)).await;
    winery.only_exception("unauthorized").await;
    assert_eq!(row(&winery, 1).await["state"], "sorted");
    winery.clock.advance(Duration::from_mins(6));
    winery.settle().await;
    assert_eq!(
        (row(&winery, 1).await["state"].as_str(), winery.exceptions().await),
        (Some("applied"), vec![])
    );
}
