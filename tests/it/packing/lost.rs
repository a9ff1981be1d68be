//! Answers that are lost, at every call of every step: one order, one effect.

use crossdock::simulator::fault::{Fault, Script};
use crossdock::simulator::shopify::Payment;

use super::edits::{Edit, act, order_of_two, shows, told, winery};
use crate::support::winery::Winery;
use Edit::{Address, Cancel, Fewer, Paid};

/// What can become of an answer.
const LOST: [Fault; 7] = [
    Fault::ResetBefore,
    Fault::ResetAfter,
    Fault::Error(503),
    Fault::ErrorAfter(502),
    Fault::Truncated,
    Fault::NotJson,
    Fault::Throttle(2),
];

/// What happens at the shop (nothing: the order is entered), how many calls that takes, and what it comes to there.
type Row = (Option<Edit>, u32, &'static [(&'static str, usize)]);

const STEPS: [Row; 5] = [
    (None, 3, &[("order_create", 1)]),
    (Some(Address), 2, &[("order_create", 1), ("order_update", 1)]),
    (
        Some(Fewer),
        4,
        &[
            ("order_create", 1),
            ("order_update", 1),
            ("order_update_holds", 2),
            ("order_update_line_items", 1),
        ],
    ),
    (Some(Paid), 2, &[("order_create", 1), ("order_update_holds", 1)]),
    (Some(Cancel), 4, &[("order_cancel", 1), ("order_create", 1), ("order_update_holds", 1)]),
];

/// Strikes the call that comes after so many others.
fn strike(winery: &Winery, fault: Fault, after: u32) {
    let faults = winery.house().faults();
    let script = |fault| Script { fault, method: None, path: Some("/graphql".into()), times: 1 };
    for _ in 0..after {
        faults.script(script(Fault::Delay(0)));
    }
    faults.script(script(fault));
}

/// What was done to the order by its API.
fn done(winery: &Winery, number: i64) -> Vec<(String, usize)> {
    let mut counts = std::collections::BTreeMap::<String, usize>::new();
    for entry in winery.house().history(number).into_iter().filter(|entry| entry.who == "api") {
        *counts.entry(entry.what).or_default() += 1;
    }
    counts.into_iter().collect()
}

async fn lose_at_every_call(faults: &[Fault]) {
    for fault in faults {
        let winery = winery().await;
        // The first call of all asks what the bucket holds.
        winery.place(order_of_two(Payment::Paid)).await;
        for (edit, calls, expected) in STEPS {
            for after in 0..calls {
                let at = format!("{fault:?}, {edit:?}, call {after}");
                let struck = winery.house().faults().struck();
                let payment = if edit == Some(Paid) { Payment::Pending } else { Payment::Paid };
                let id = if let Some(edit) = edit {
                    let id = winery.place(order_of_two(payment)).await;
                    strike(&winery, *fault, after);
                    act(&winery, id, edit).await.unwrap();
                    id
                } else {
                    strike(&winery, *fault, after);
                    winery.shop.place_order(&order_of_two(payment)).unwrap()
                };
                // Ten seconds pass each time: longer than any wait after so few failures.
                for _ in 0..3 {
                    winery.sync().await;
                }
                assert_eq!(winery.house().faults().struck(), struck + 1 + u64::from(after), "{at}");
                let partner = id.to_string();
                let all = winery.house().orders();
                let ours: Vec<_> = all.iter().filter(|one| one["partner_order_id"] == partner).collect();
                assert_eq!(ours.len(), 1, "{at}");
                let done = done(&winery, ours[0]["legacy_id"].as_i64().unwrap());
                let done: Vec<_> = done.iter().map(|(what, count)| (what.as_str(), *count)).collect();
                assert_eq!(done, expected, "{at}");
                assert!(edit.is_none_or(|edit| shows(&winery, id, edit)), "{at}");
                assert_eq!(told(&winery, id).await, [""; 0], "{at}");
            }
        }
    }
}

#[tokio::test]
async fn an_answer_lost_before_anything_was_done_costs_nothing() {
    lose_at_every_call(&[LOST[0], LOST[2], LOST[6]]).await;
}

#[tokio::test]
async fn an_answer_lost_after_it_was_done_does_nothing_twice() {
    lose_at_every_call(&[LOST[1], LOST[3]]).await;
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_does_nothing_twice() {
    lose_at_every_call(&[LOST[4], LOST[5]]).await;
}
