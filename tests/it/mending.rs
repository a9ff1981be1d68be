//! What the convergence test found between the loop and a warehouse, each by itself.

use std::time::Duration;

use crossdock::simulator::fault::{Fault, Script, Stop};
use crossdock::simulator::shiphero::{Knobs, NewShipment, Units};
use crossdock::simulator::shopify::NewOrder;
use crossdock::simulator::shopify::order::Fulfillment;
use serde_json::{Value, json};

use crate::support::winery::{House, Winery};

/// An order as somebody enters it at the warehouse by hand: under the shop's id, and to another address.
fn by_hand(order: i64) -> Value {
    json!({
        "order_number": "#1001", "partner_order_id": order.to_string(),
        "shipping_address": {
            "first_name": "Somebody", "last_name": "Else", "address1": "1 Main Street", "city": "Austin", "state": "TX",
            "zip": "78701", "country": "US",
        },
        "line_items": [],
    })
}

fn first_line(winery: &Winery, order: i64) -> i64 {
    winery.packed(order)["line_items"][0]["legacy_id"].as_i64().unwrap()
}

#[tokio::test]
async fn an_order_that_somebody_entered_while_our_answer_was_lost_is_made_right() {
    let winery = Winery::with_house(House::default()).await;
    let faults = winery.house().faults();
    // The quota and two looks pass; the entering never comes, nor does the look after it.
    faults.script_after(3, Script { fault: Fault::Error(503), method: None, path: None, times: 2 });
    let id = winery.place(NewOrder::default()).await;
    assert!(winery.house().orders().is_empty());
    winery.house().place(&by_hand(id)).unwrap();
    winery.sync().await;
    let packed = winery.packed(id);
    let street = winery.shop.order(id).unwrap().shipping_address.unwrap().address1;
    assert_eq!(packed["shipping_address"]["address1"].as_str(), street.as_deref());
    assert_eq!(packed["line_items"][0]["quantity"], 6);
    assert_eq!(winery.house().orders().len(), 1);
}

/// A process that was held up between two calls of one step does not go on with the second: another may have done it.
#[tokio::test]
async fn a_step_that_was_held_up_beyond_its_lease_changes_nothing_more() {
    let winery = Winery::with_house(House::default()).await;
    let id = winery.place(NewOrder::default()).await;
    let units = vec![Units { line_item: first_line(&winery, id), quantity: 1 }];
    winery.house().ship(winery.number(id), &NewShipment { units, ..NewShipment::default() }).await.unwrap();
    winery.house().settled().await;
    let stop = Stop::new(0, true);
    winery.shop.faults().stop_at(stop.clone());
    let engine = &winery.server.app.engine;
    let mut held_up = Box::pin(engine.settle());
    tokio::select! {
        done = &mut held_up => panic!("nothing was asked of the shop: {done:?}"),
        () = stop.reached() => {}
    }
    winery.clock.advance(Duration::from_secs(61));
    engine.settle().await.unwrap();
    stop.let_go();
    held_up.await.unwrap();
    winery.sync().await;
    let fulfilled: u32 = winery.shop.order(id).unwrap().fulfillments.iter().map(Fulfillment::quantity).sum();
    assert_eq!(fulfilled, 1);
}

/// Versions there are whole seconds: what leaves in the second of the last look carries the version that was seen.
#[tokio::test]
async fn what_leaves_in_the_second_of_a_look_is_found_by_asking() {
    let winery = Winery::with_house(House::default()).await;
    let id = winery.shop.place_order(&NewOrder::default()).unwrap();
    // Twice, for what the warehouse tells of the entering itself.
    winery.settle().await;
    winery.settle().await;
    winery.house().set_knobs(Knobs { drop: 1.0, ..Knobs::default() });
    winery.house().ship(winery.number(id), &NewShipment::default()).await.unwrap();
    winery.clock.advance(Duration::from_mins(1));
    winery.poll_house().await;
    assert_eq!(winery.shop.order(id).unwrap().fulfillments.len(), 1);
    // Seen once more since, it is looked at no more.
    let looks = || winery.house().requests().iter().filter(|r| r.operations == ["order"]).count();
    winery.poll_house().await;
    let before = looks();
    winery.poll_house().await;
    assert_eq!(looks(), before);
}
