//! Many at once, in any order, with one bad among them, over the budget, or killed on the way.

use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use crossdock::simulator::shiphero::Options;
use crossdock::simulator::shopify::Payment;
use serde_json::{Value, json};

use crate::packing::edits::{Edit, act, order_of_two, shows, told, winery, winery_unasked, winery_with};
use crate::support::winery::{House, Winery, line_body, order_body};

/// Settles though calls wait for the clock, which goes on by a millisecond wherever a call waits for it: never while a
/// disk or a vendor is slow, or the leases would run out on a busy machine.
async fn settle_as_time_goes_by(winery: &Winery) {
    /// A pass renews its lease by the clock: it always waits beside its call.
    const BEATING: usize = 1;
    let mut work = Box::pin(winery.server.settle());
    while futures_util::future::poll_immediate(&mut work).await.is_none() {
        if winery.clock.sleepers() > BEATING {
            winery.clock.advance(Duration::from_millis(1));
        }
        tokio::task::yield_now().await;
    }
}

/// Goes on until nothing is owed, a second after another.
async fn all_done_as_time_goes_by(winery: &Winery) {
    for _ in 0..600 {
        settle_as_time_goes_by(winery).await;
        winery.house().settled().await;
        let counts = winery.server.app.engine.store().counts().await.unwrap();
        if counts.due == 0 && counts.unsorted == 0 {
            return;
        }
        winery.clock.advance(Duration::from_secs(1));
    }
    panic!("something is owed after ten minutes");
}

/// `orders/paid` came before `orders/create`, and the invoice was lost. How facts merge in every order of arrival is tested
/// in `permuting`; here the warehouse's copy comes out the same.
#[tokio::test]
async fn complaint_05_the_warehouse_ends_alike_whatever_order_the_webhooks_came_in() {
    let winery = winery_unasked().await;
    let told_at = |minute: u32| format!("2026-11-22T12:0{minute}:00Z");
    let mut arrangements: Vec<Vec<usize>> = vec![Vec::new()];
    for _ in 0..4 {
        let grown = arrangements.iter().flat_map(|so_far| {
            let rest = (0..4).filter(|next| !so_far.contains(next));
            rest.map(|next| so_far.iter().copied().chain([next]).collect()).collect::<Vec<_>>()
        });
        arrangements = grown.collect();
    }
    assert_eq!(arrangements.len(), 24);
    for (at, arrangement) in arrangements.iter().enumerate() {
        for cancelled in [false, true] {
            let id = 9_000_000 + i64::try_from(at).unwrap() * 100 + i64::from(cancelled) * 10;
            let line = line_body(id + 1, json!({ "sku": "PN-2022-750" }));
            let about = |minute: u32, more: Value| {
                let mut body = order_body(id, json!({ "line_items": [line], "updated_at": told_at(minute) }));
                for (name, value) in more.as_object().unwrap() {
                    body[name] = value.clone();
                }
                body.to_string()
            };
            let mut moved = order_body(id, json!({}))["shipping_address"].clone();
            moved["address1"] = "7 Elm Street".into();
            let last = if cancelled {
                json!({ "shipping_address": moved, "cancelled_at": told_at(4), "cancel_reason": "customer" })
            } else {
                json!({ "shipping_address": moved, "note": "Leave at the bar" })
            };
            let webhooks = [
                ("orders/create", about(1, json!({ "financial_status": "pending" }))),
                ("orders/paid", about(2, json!({}))),
                ("orders/updated", about(3, json!({ "shipping_address": moved }))),
                (if cancelled { "orders/cancelled" } else { "orders/updated" }, about(4, last)),
            ];
            for next in arrangement {
                let (topic, body) = &webhooks[*next];
                winery.deliver(topic, &format!("{id} {next}"), body).await;
            }
            let partner = id.to_string();
            let there = winery.house().orders();
            let ours: Vec<&Value> = there.iter().filter(|one| one["partner_order_id"] == partner).collect();
            let live = ours.iter().filter(|one| one["fulfillment_status"] != "canceled").count();
            assert!(ours.len() <= 1, "{arrangement:?}: entered twice");
            assert_eq!(live, usize::from(!cancelled), "{arrangement:?}");
            if !cancelled {
                assert!(
                    shows(&winery, id, Edit::Address) && shows(&winery, id, Edit::Note),
                    "{arrangement:?}"
                );
                assert_eq!(ours[0]["holds"]["operator_hold"], false, "{arrangement:?}");
            }
        }
    }
    assert_eq!(winery.exceptions().await, []);
}

/// Retries without a budget stormed the vendor, calls were never made, and a cancel waited behind all of them.
#[tokio::test]
async fn complaint_15_a_burst_over_the_budget_loses_nothing_and_a_cancel_goes_first() {
    let options = Options { credits: 200, credits_a_second: 10, ..Options::default() };
    let winery = winery_with(House { options, ..House::default() }).await;
    let first = winery.shop.place_order(&order_of_two(Payment::Paid)).unwrap();
    winery.sync().await;
    winery.sync().await;
    assert_eq!(winery.house().orders().len(), 1);
    let mut burst = Vec::new();
    for _ in 0..25 {
        let id = winery.shop.place_order(&order_of_two(Payment::Paid)).unwrap();
        // Each is edited at once: what is entered must be what the shop says last.
        act(&winery, id, Edit::Note).await.unwrap();
        burst.push(id);
    }
    act(&winery, first, Edit::Cancel).await.unwrap();
    winery.shop.settled().await;
    let started = winery.house().requests().len();
    all_done_as_time_goes_by(&winery).await;
    let requests: Vec<_> = winery.house().requests().split_off(started);
    let at =
        |name: &str| requests.iter().position(|request| request.operations.iter().any(|one| one == name));
    assert!(at("order_cancel").unwrap() < at("order_create").unwrap(), "the cancel overtook the others");
    let refused =
        requests.iter().filter(|request| request.status == 429 || request.answer["errors"][0]["code"] == 30);
    assert_eq!(refused.count(), 0, "nothing was sent that the bucket could not pay");
    assert_eq!(winery.house().orders().len(), 26);
    for id in burst {
        assert!(shows(&winery, id, Edit::Note));
        assert_eq!(told(&winery, id).await, [""; 0]);
    }
    let spent = winery.clock.now().duration_since("2026-11-22T12:00:00Z".parse().unwrap());
    assert!(spent.as_secs() > 10, "the budget was short: {spent}");
}

/// One bad record held up hundreds of good ones, for hours.
#[tokio::test]
async fn complaint_19_one_bad_order_among_two_hundred_is_told_and_the_others_are_done() {
    let winery = winery_unasked().await;
    for number in 0..200_i64 {
        let id = 7_000_000 + number * 10;
        let sku = if number == 77 { Value::Null } else { json!("PN-2022-750") };
        let line = line_body(id + 1, json!({ "sku": sku, "quantity": 1, "current_quantity": 1 }));
        let body = order_body(id, json!({ "line_items": [line] })).to_string();
        assert_eq!(winery.server.deliver("orders/create", &format!("w{number}"), body).await, 200);
    }
    winery.sync().await;
    assert_eq!(winery.house().orders().len(), 199);
    let bad = winery.only_exception("line_without_sku").await;
    assert_eq!(bad["order_id"], "7000770");
    let counts = winery.server.app.engine.store().counts().await.unwrap();
    assert_eq!((counts.due, counts.unsorted), (0, 0), "nothing waits behind it");
}

/// Polls the loop so often and then drops it, as a kill would at that very instant; true where it had nothing left to do.
async fn killed_after(winery: &Winery, polls: u32) -> bool {
    let mut work = pin!(winery.server.settle());
    let mut left = polls;
    std::future::poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(false);
        }
        left -= 1;
        work.as_mut().poll(cx).map(|()| true)
    })
    .await
}

/// A process that died between the vendor's commit and its own entered the order twice.
#[tokio::test]
async fn complaint_24_a_kill_at_any_instant_leaves_one_order_with_one_effect() {
    let winery = winery().await;
    let mut killed = 0;
    let mut ended = false;
    for polls in 1.. {
        let id = winery.shop.place_order(&order_of_two(Payment::Paid)).unwrap();
        winery.shop.settled().await;
        ended = killed_after(&winery, polls).await;
        // Its lease runs out, and the order is taken up again.
        winery.clock.advance(Duration::from_secs(61));
        winery.sync().await;
        let partner = id.to_string();
        let all = winery.house().orders();
        let ours: Vec<_> = all.iter().filter(|one| one["partner_order_id"] == partner).collect();
        assert_eq!(ours.len(), 1, "killed after {polls} polls");
        assert_eq!(told(&winery, id).await, [""; 0], "killed after {polls} polls");
        if ended {
            break;
        }
        killed += 1;
    }
    assert!(ended && killed > 10, "killed {killed} times");
    // The same for an edit of three writes.
    for polls in 1.. {
        let id = winery.place(order_of_two(Payment::Paid)).await;
        act(&winery, id, Edit::Fewer).await.unwrap();
        winery.shop.settled().await;
        let done = killed_after(&winery, polls).await;
        winery.clock.advance(Duration::from_secs(61));
        winery.sync().await;
        assert!(shows(&winery, id, Edit::Fewer), "killed after {polls} polls");
        let history = winery.house().history(winery.number(id));
        let edits = history.iter().filter(|entry| entry.what == "order_update_line_items").count();
        assert_eq!(edits, 1, "killed after {polls} polls");
        assert_eq!(winery.packed(id)["holds"]["operator_hold"], false, "killed after {polls} polls");
        assert_eq!(told(&winery, id).await, [""; 0], "killed after {polls} polls");
        if done {
            break;
        }
    }
}
