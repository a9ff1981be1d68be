//! The same thing said again: by ourselves, by a loop, or fifty times at once.

use crossdock::simulator::shopify::Payment;
use serde_json::{Value, json};

use crate::packing::edits::{Edit, act, order_of_two, shows, told, winery, winery_unasked};
use crate::support::winery::{HOUSE_SECRET, Winery, order_body};

/// The order as the shop's webhooks tell it now.
fn body(winery: &Winery, id: i64) -> String {
    winery.shop.rest_order(id).unwrap().to_string()
}

fn calls(winery: &Winery) -> (usize, usize) {
    (winery.house().requests().len(), winery.shop.requests().len())
}

/// Two systems that wrote each other's words back went round in a loop, and each round cleared the error that a person had
/// to see.
#[tokio::test]
async fn complaint_01_an_echo_of_our_own_write_calls_nobody_and_clears_no_error() {
    let winery = winery().await;
    let moved = winery.place(order_of_two(Payment::Paid)).await;
    let stuck = winery.place(order_of_two(Payment::Paid)).await;
    act(&winery, moved, Edit::Address).await.unwrap();
    winery.house().lock(winery.number(stuck)).unwrap();
    act(&winery, stuck, Edit::Fewer).await.unwrap();
    winery.sync().await;
    winery.poll_house().await;
    let open = winery.only_exception("edited_while_packed").await;
    let (before, versions) = (calls(&winery), winery.house().orders());
    for round in 0..3 {
        for id in [moved, stuck] {
            let echo = format!("echo {round} of {id}");
            winery.deliver("orders/updated", &echo, body(&winery, id)).await;
        }
    }
    assert_eq!(calls(&winery), before, "nobody is called");
    // The warehouse's own echo has its copy looked at, and nothing follows from that.
    for id in [moved, stuck] {
        let echo = json!({ "webhook_type": "Order Allocated", "partner_order_id": id.to_string() });
        winery.deliver_house(&echo, Some(HOUSE_SECRET)).await;
        winery.sync().await;
    }
    assert_eq!(winery.house().orders(), versions, "nothing is written");
    assert!(shows(&winery, moved, Edit::Address));
    let still = winery.only_exception("edited_while_packed").await;
    assert_eq!((&still["id"], &still["opened_at"]), (&open["id"], &open["opened_at"]));
}

/// A cancel that went round a thousand times cancelled a thousand times, and left −428,723 units.
#[tokio::test]
async fn complaint_02_a_cancel_that_is_said_a_thousand_times_is_made_once() {
    let winery = winery().await;
    let id = winery.place(order_of_two(Payment::Paid)).await;
    act(&winery, id, Edit::Cancel).await.unwrap();
    winery.sync().await;
    let (before, there) = (winery.house_writes(), winery.house().orders());
    let cancelled = body(&winery, id);
    let calls = calls(&winery);
    for round in 0..10 {
        let said = (0..100).map(|n| {
            let (winery, cancelled) = (&winery, &cancelled);
            async move {
                let webhook = format!("cancel {round} {n}");
                winery.server.deliver("orders/cancelled", &webhook, cancelled).await
            }
        });
        let answers = futures_util::future::join_all(said).await;
        assert!(answers.iter().all(|status| *status == 200));
        winery.sync().await;
    }
    assert_eq!(self::calls(&winery), calls);
    assert_eq!((winery.house_writes(), winery.house().orders()), (before, there));
    let lines = winery.packed(id)["line_items"].clone();
    for line in lines.as_array().unwrap() {
        let count = |name: &str| line[name].as_i64().unwrap();
        assert_eq!((count("quantity_pending_fulfillment"), count("quantity_shipped")), (0, 0));
        assert!((0..=6).contains(&count("quantity")), "{line:#}");
    }
    assert_eq!(told(&winery, id).await, [""; 0]);
}

/// The same webhook came several times at the same instant, and each became an order in spite of a table of hashes.
#[tokio::test]
async fn complaint_06_fifty_identical_webhooks_at_once_enter_one_order() {
    let winery = winery_unasked().await;
    let line = crate::support::winery::line_body(2, json!({ "sku": "PN-2022-750" }));
    let body = order_body(1, json!({ "line_items": [line] })).to_string();
    let all = (0..50).map(|_| winery.server.deliver("orders/create", "the same", &body));
    let answers = futures_util::future::join_all(all).await;
    assert_eq!(answers, [200; 50]);
    let counts = winery.server.app.engine.store().counts().await.unwrap();
    assert_eq!((counts.deliveries, counts.duplicates), (50, 49));
    winery.sync().await;
    assert_eq!(winery.house().orders().len(), 1);
    assert_eq!(winery.house_writes(), ["order_create"]);
    assert_eq!(winery.exceptions().await, Vec::<(String, Value)>::new());
}
