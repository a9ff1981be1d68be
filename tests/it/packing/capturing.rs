//! Capture Payment: the last guard at the packing table is answered from what is kept, at once, and with the reason.

use std::time::{Duration, Instant};

use crossdock::simulator::fault::{Fault, Script};
use crossdock::simulator::shiphero::NewShipment;
use crossdock::simulator::shopify::Payment;
use serde_json::{Value, json};

use super::edits::{Edit, act, order_of_two, told, winery};
use crate::support::winery::{HOUSE_SECRET, House, Winery};
use Edit::{Address, Cancel, Fewer, Hold};

/// Asks as ShipHero does when a packer prints a label; gives the code of the answer.
async fn ask(winery: &Winery, id: impl std::fmt::Display) -> String {
    let body = json!({ "webhook_type": "Capture Payment", "partner_order_id": id.to_string(), "order_number": "#1" });
    let (status, answer) = winery.deliver_house(&body, Some(HOUSE_SECRET)).await;
    assert_eq!(status, 200, "a refusal is no failure of the webhook: {answer}");
    answer["code"].as_str().unwrap().to_owned()
}

/// The last answer that the order's story tells of.
async fn noted(winery: &Winery, id: i64) -> String {
    // It is noted behind the answer; whoever asks does not wait for it.
    loop {
        let story = winery.server.api(&format!("orders/{id}")).await["timeline"].clone();
        let asked = story.as_array().unwrap().iter().filter_map(|entry| entry["text"].as_str());
        let asked: Vec<&str> = asked.filter(|text| text.starts_with("asked whether")).collect();
        if let Some(text) = asked.last() {
            return (*text).to_owned();
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_label_is_allowed_for_an_order_that_is_paid_and_in_step() {
    let winery = winery().await;
    let id = winery.place(order_of_two(Payment::Paid)).await;
    assert_eq!(ask(&winery, id).await, "200");
    assert!(noted(&winery, id).await.ends_with(": yes"));
    winery.house().ship(winery.number(id), &NewShipment::default()).await.unwrap();
}

#[tokio::test]
async fn a_label_is_refused_with_the_reason_wherever_goods_may_not_leave() {
    // What happened; whether we have come to work on it; what the story says.
    let table = [
        (None, Payment::Pending, true, "held"),
        (Some(Hold), Payment::Paid, true, "held"),
        (Some(Cancel), Payment::Paid, true, "cancelled"),
        (Some(Cancel), Payment::Paid, false, "a moment ago"),
        (Some(Address), Payment::Paid, false, "a moment ago"),
        (Some(Fewer), Payment::Paid, true, "edited"),
    ];
    for (edit, payment, worked, reason) in table {
        let winery = winery().await;
        let id = winery.place(order_of_two(payment)).await;
        // In hand, so that nothing can be taken back or edited any more.
        winery.house().lock(winery.number(id)).unwrap();
        if let Some(edit) = edit {
            act(&winery, id, edit).await.unwrap();
        }
        winery.shop.settled().await;
        if worked {
            winery.sync().await;
        }
        assert_eq!(ask(&winery, id).await, "402", "{edit:?}");
        let noted = noted(&winery, id).await;
        assert!(noted.contains(": no, ") && noted.contains(reason), "{edit:?}: {noted}");
    }
}

#[tokio::test]
async fn an_edit_on_its_way_to_the_warehouse_stops_the_label_until_it_is_there() {
    let winery = winery().await;
    let id = winery.place(order_of_two(Payment::Paid)).await;
    let down = Script { fault: Fault::Error(503), method: None, path: Some("/graphql".into()), times: 0 };
    winery.house().faults().script(down);
    act(&winery, id, Address).await.unwrap();
    winery.sync().await;
    assert_eq!(ask(&winery, id).await, "402");
    assert!(noted(&winery, id).await.contains("on its way"));
    winery.house().faults().clear();
    winery.sync().await;
    assert_eq!(ask(&winery, id).await, "200");
}

#[tokio::test]
async fn an_order_that_is_not_known_is_answered_as_the_configuration_says() {
    for (keys, code) in [("", "200"), ("capture_payment = \"shut\"", "402")] {
        let winery = Winery::with_house(House { keys, ..House::default() }).await;
        assert_eq!(ask(&winery, "404").await, code);
        assert_eq!(ask(&winery, "").await, code, "entered there by hand");
    }
}

#[tokio::test]
async fn the_answer_waits_for_nobody() {
    let winery = winery().await;
    let id = winery.place(order_of_two(Payment::Paid)).await;
    let slow = || Script { fault: Fault::Delay(60_000), method: None, path: None, times: 0 };
    winery.house().faults().script(slow());
    winery.shop.faults().script(slow());
    act(&winery, id, Address).await.unwrap();
    winery.shop.settled().await;
    // A pass at work holds the order and waits for an answer that does not come.
    let asking = async {
        while winery.house().faults().struck() == 0 {
            tokio::task::yield_now().await;
        }
        let started = Instant::now();
        let code = ask(&winery, id).await;
        (code, started.elapsed())
    };
    let (code, took) = tokio::select! {
        answer = asking => answer,
        () = winery.server.settle() => unreachable!("nobody answers"),
    };
    assert_eq!(code, "402", "an edit is on its way");
    assert!(took < Duration::from_millis(300), "{took:?}");
    let known = winery.server.api("exceptions").await;
    assert_eq!(known, Value::Array(Vec::new()));
}

#[tokio::test]
async fn a_refused_label_leaves_a_hold_that_a_person_is_told_of_once_the_order_may_ship() {
    let winery = winery().await;
    let id = winery.place(order_of_two(Payment::Pending)).await;
    let there = winery.number(id);
    winery.house().hold(there, "operator_hold", false).unwrap();
    assert!(winery.house().ship(there, &NewShipment::default()).await.is_err());
    assert_eq!(winery.packed(id)["holds"]["payment_hold"], true, "ShipHero puts it on");
    winery.poll_house().await;
    assert_eq!(told(&winery, id).await, [""; 0], "unpaid, it is held rightly");
    act(&winery, id, Edit::Paid).await.unwrap();
    winery.sync().await;
    assert_eq!(told(&winery, id).await, ["held_at_destination"]);
    winery.house().hold(there, "payment_hold", false).unwrap();
    winery.poll_house().await;
    assert_eq!(told(&winery, id).await, [""; 0]);
    winery.house().ship(there, &NewShipment::default()).await.unwrap();
}
