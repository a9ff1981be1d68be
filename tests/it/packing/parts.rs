//! An order that people split at the warehouse into several: what may not leave is held in each part, and released in each
//! where the hold is ours.

use crossdock::simulator::fault::{Fault, Script, Stop};
use crossdock::simulator::shiphero::{NewShipment, Options};
use crossdock::simulator::shopify::order::Fulfillment;
use crossdock::simulator::shopify::{Payment, Release};
use serde_json::{Value, json};

use super::edits::{Edit, act, order_of_two, told, units, winery, winery_with};
use crate::support::winery::{House, Winery};

/// A paid order of two wines, and the numbers of so many parts that it was split into.
async fn split(winery: &Winery, parts: usize) -> (i64, Vec<i64>) {
    let id = winery.place(order_of_two(Payment::Paid)).await;
    let mut numbers = vec![winery.number(id)];
    while numbers.len() < parts {
        let first = winery.house().order(numbers[0]).unwrap();
        numbers.push(winery.house().split(numbers[0], &units(&first, 1)).unwrap());
    }
    winery.poll_house().await;
    (id, numbers)
}

fn held(winery: &Winery, numbers: &[i64]) -> Vec<bool> {
    let held = |number: &i64| winery.house().order(*number).unwrap()["holds"]["operator_hold"] == true;
    numbers.iter().map(held).collect()
}

/// What the API did to a part, in order.
fn done(winery: &Winery, number: i64) -> Vec<String> {
    let history = winery.house().history(number).into_iter();
    history.filter(|entry| entry.who == "api").map(|entry| entry.what).collect()
}

/// How often the order's story says that people changed it there.
async fn drifts(winery: &Winery, id: i64) -> usize {
    let story = winery.server.api(&format!("orders/{id}")).await;
    story["timeline"].to_string().matches("changed at the destination").count()
}

/// Nobody gets a label for any of them.
async fn assert_stopped(winery: &Winery, numbers: &[i64]) {
    for number in numbers {
        assert!(winery.house().ship(*number, &NewShipment::default()).await.is_err(), "{number}");
    }
}

/// The hold in the shop is lifted; its webhooks name no order, so a bare hint has it read.
async fn let_go(winery: &Winery, id: i64) {
    winery.shop.release(id, &Release::default()).unwrap();
    winery.deliver("orders/updated", &format!("release of {id}"), json!({ "id": id }).to_string()).await;
}

#[tokio::test]
async fn a_gate_that_shuts_holds_each_part_and_one_that_opens_lifts_our_holds_alone() {
    let winery = winery().await;
    let (id, parts) = split(&winery, 3).await;
    winery.house().hold(parts[2], "operator_hold", true).unwrap();
    winery.poll_house().await;
    act(&winery, id, Edit::Hold).await.unwrap();
    assert_eq!(held(&winery, &parts), [true; 3]);
    assert_stopped(&winery, &parts).await;
    // A hold of theirs is not placed again; and nobody is asked for anything.
    assert_eq!(done(&winery, parts[2]), [""; 0]);
    assert_eq!(told(&winery, id).await, [""; 0]);
    let writes = winery.house_writes().len();
    winery.poll_house().await;
    let_go(&winery, id).await;
    assert_eq!(held(&winery, &parts), [false, false, true]);
    assert_eq!(winery.house_writes().len(), writes + 2);
    assert_eq!(done(&winery, parts[1]), ["order_update_holds"; 2]);
    // What people lift and place meanwhile is theirs again, in the one part.
    act(&winery, id, Edit::Hold).await.unwrap();
    for on in [false, true] {
        winery.house().hold(parts[1], "operator_hold", on).unwrap();
    }
    winery.poll_house().await;
    let_go(&winery, id).await;
    assert_eq!(held(&winery, &parts), [false, false, true], "nobody saw that it was lifted in between");
    assert_eq!(told(&winery, id).await, [""; 0]);
}

#[tokio::test]
async fn a_part_that_people_free_or_split_off_while_the_gate_is_shut_is_held() {
    let winery = winery().await;
    let (id, parts) = split(&winery, 2).await;
    winery.house().hold(parts[1], "operator_hold", true).unwrap();
    winery.poll_house().await;
    act(&winery, id, Edit::Hold).await.unwrap();
    assert_eq!(done(&winery, parts[1]), [""; 0]);
    winery.house().hold(parts[1], "operator_hold", false).unwrap();
    winery.poll_house().await;
    assert_eq!(held(&winery, &parts), [true, true]);
    // By now both are ours.
    let_go(&winery, id).await;
    assert_eq!(held(&winery, &parts), [false, false]);
    // One that is lifted by them and held again at another time is theirs.
    act(&winery, id, Edit::Hold).await.unwrap();
    winery.house().hold(parts[0], "operator_hold", false).unwrap();
    let first = winery.house().order(parts[0]).unwrap();
    let third = winery.house().split(parts[0], &units(&first, 1)).unwrap();
    winery.poll_house().await;
    let all = [parts[0], parts[1], third];
    assert_eq!(held(&winery, &all), [true; 3]);
    let_go(&winery, id).await;
    assert_eq!(held(&winery, &all), [false; 3]);
    assert_eq!(told(&winery, id).await, [""; 0]);
}

#[tokio::test]
async fn a_part_that_left_needs_no_hold_and_keeps_none_of_the_others_from_it() {
    for gone in [0, 1] {
        let winery = winery().await;
        let (id, parts) = split(&winery, 3).await;
        let changes = drifts(&winery, id).await;
        winery.house().ship(parts[gone], &NewShipment::default()).await.unwrap();
        winery.sync().await;
        // That another part is shown from then on is nobody's change.
        assert_eq!(drifts(&winery, id).await, changes);
        act(&winery, id, Edit::Hold).await.unwrap();
        let here: Vec<i64> = parts.iter().copied().filter(|part| *part != parts[gone]).collect();
        assert_eq!(held(&winery, &here), [true, true], "{gone}");
        assert_stopped(&winery, &here).await;
        assert!(!done(&winery, parts[gone]).contains(&"order_update_holds".to_owned()));
        assert_eq!(told(&winery, id).await, [""; 0]);
        let_go(&winery, id).await;
        assert_eq!(held(&winery, &here), [false, false], "{gone}");
        for part in here {
            winery.house().ship(part, &NewShipment::default()).await.unwrap();
        }
        winery.sync().await;
        let made = winery.shop.order(id).unwrap().fulfillments;
        assert_eq!(made.iter().map(Fulfillment::quantity).sum::<u32>(), 8);
        assert_eq!(told(&winery, id).await, [""; 0]);
    }
}

#[tokio::test]
async fn more_parts_than_one_page_shows_are_all_held() {
    let winery = winery().await;
    let (id, parts) = split(&winery, 6).await;
    act(&winery, id, Edit::Hold).await.unwrap();
    assert_eq!(held(&winery, &parts), [true; 6]);
    let_go(&winery, id).await;
    assert_eq!(held(&winery, &parts), [false; 6]);
}

#[tokio::test]
async fn an_answer_lost_amid_the_parts_is_found_by_looking_and_the_holds_stay_ours() {
    let lost = [
        Some(Fault::ResetBefore),
        Some(Fault::ResetAfter),
        Some(Fault::Error(503)),
        Some(Fault::ErrorAfter(502)),
        Some(Fault::Truncated),
        // Done in each, and answered with an error for the first.
        None,
    ];
    for fault in lost {
        // The look before, the write, the look after; and what is looked at when something was lost.
        for call in if fault.is_some() { 0..3 } else { 0..1 } {
            let at = format!("{fault:?}, call {call}");
            let winery = winery().await;
            let (id, parts) = split(&winery, 2).await;
            let strike = || match fault {
                Some(fault) => {
                    let script = Script { fault, method: None, path: Some("/graphql".into()), times: 1 };
                    winery.house().faults().script_after(call, script);
                }
                None => winery.house().answer_done_with_errors(1),
            };
            strike();
            act(&winery, id, Edit::Hold).await.unwrap();
            for _ in 0..3 {
                winery.sync().await;
            }
            assert_eq!(held(&winery, &parts), [true, true], "{at}");
            strike();
            let_go(&winery, id).await;
            for _ in 0..3 {
                winery.sync().await;
            }
            assert_eq!(held(&winery, &parts), [false, false], "{at}");
            assert_eq!(done(&winery, parts[1]), ["order_update_holds"; 2], "{at}");
            assert_eq!(told(&winery, id).await, [""; 0], "{at}");
        }
    }
}

/// Brings the hold as far as its write, has the packer be faster with some parts, and lets it go on.
async fn race(winery: &Winery, id: i64, faster: &[i64]) {
    let stop = Stop::new(1, false);
    winery.shop.hold(id, &crossdock::simulator::shopify::NewHold::default()).unwrap();
    winery.shop.settled().await;
    let hint = json!({ "id": id }).to_string();
    assert_eq!(winery.server.deliver("orders/updated", &format!("hold of {id}"), hint).await, 200);
    winery.house().faults().stop_at(stop.clone());
    let work = winery.server.app.engine.settle();
    tokio::pin!(work);
    tokio::select! {
        biased;
        () = stop.reached() => {}
        done = &mut work => panic!("nothing was written: {done:?}"),
    }
    for part in faster {
        winery.house().ship(*part, &NewShipment::default()).await.unwrap();
    }
    stop.let_go();
    work.await.unwrap();
}

#[tokio::test]
async fn a_hold_that_one_part_refuses_reaches_the_others_and_one_that_all_refuse_is_told() {
    for all in [false, true] {
        let house = House { deaf_to: &["Capture Payment"], ..House::default() };
        let winery = winery_with(house).await;
        let (id, parts) = split(&winery, 3).await;
        let faster: &[i64] = if all { &parts } else { &parts[..1] };
        race(&winery, id, faster).await;
        winery.sync().await;
        let story = winery.server.api(&format!("orders/{id}")).await["timeline"].to_string();
        assert_eq!(story.contains("hold: refused"), all, "{story}");
        if all {
            continue;
        }
        assert_eq!(held(&winery, &parts), [false, true, true]);
        // The shop cannot take a parcel of what it holds.
        assert_eq!(told(&winery, id).await, ["fulfillment_blocked"]);
        let_go(&winery, id).await;
        assert_eq!(held(&winery, &parts), [false; 3]);
        assert_eq!(told(&winery, id).await, [""; 0]);
    }
}

#[tokio::test]
async fn a_hold_that_is_not_ours_to_set_is_refused_in_every_part_and_told() {
    let options = Options { is_3pl: true, ..Options::default() };
    let winery = winery_with(House { options, keys: "hold = \"client\"", ..House::default() }).await;
    let (id, parts) = split(&winery, 2).await;
    act(&winery, id, Edit::Hold).await.unwrap();
    assert_eq!(told(&winery, id).await, ["unauthorized"]);
    assert_eq!(held(&winery, &parts), [false, false]);
}

#[tokio::test]
async fn a_cancel_takes_back_each_part_that_nobody_has_in_hand() {
    let winery = winery().await;
    let (id, parts) = split(&winery, 3).await;
    winery.house().pick(parts[0], 1, &[]).unwrap();
    act(&winery, id, Edit::Cancel).await.unwrap();
    winery.sync().await;
    let status = |number: i64| winery.house().order(number).unwrap()["fulfillment_status"].clone();
    assert_eq!(
        parts.iter().map(|part| status(*part)).collect::<Vec<_>>(),
        ["pending", "canceled", "canceled"]
    );
    assert_eq!(held(&winery, &parts[..1]), [true]);
    assert_eq!(told(&winery, id).await, ["cancelled_while_packed"]);
    winery.house().clear(parts[0]).unwrap();
    winery.poll_house().await;
    assert_eq!(status(parts[0]), "canceled");
    assert_eq!(told(&winery, id).await, [""; 0]);
}

#[tokio::test]
async fn an_edit_of_a_split_order_is_made_by_a_person_while_each_part_is_held() {
    let winery = winery().await;
    let (id, parts) = split(&winery, 2).await;
    act(&winery, id, Edit::Address).await.unwrap();
    winery.sync().await;
    let told = winery.only_exception("rearranged_at_destination").await;
    assert_eq!(held(&winery, &parts), [true, true]);
    for part in &parts {
        let mut address = winery.house().order(*part).unwrap()["shipping_address"].clone();
        address["address1"] = "7 Elm Street".into();
        winery.house().edit(*part, &json!({ "shipping_address": address })).unwrap();
    }
    let accept = format!("exceptions/{}/accept", told["id"]);
    assert_eq!(winery.server.tell(&accept, &Value::Null).await.0, 200);
    winery.sync().await;
    assert_eq!(held(&winery, &parts), [false, false]);
    assert_eq!(winery.exceptions().await, []);
}

#[tokio::test]
async fn where_the_part_that_was_shown_is_gone_the_hold_on_the_next_is_whose_it_was() {
    for theirs in [true, false] {
        let winery = winery().await;
        let (id, parts) = split(&winery, 2).await;
        if theirs {
            winery.house().hold(parts[1], "operator_hold", true).unwrap();
            winery.poll_house().await;
        }
        act(&winery, id, Edit::Hold).await.unwrap();
        winery.house().cancel(parts[0], "out of corks").unwrap();
        winery.poll_house().await;
        assert_eq!(held(&winery, &parts[1..]), [true]);
        let_go(&winery, id).await;
        assert_eq!(held(&winery, &parts[1..]), [theirs]);
    }
}

#[tokio::test]
async fn a_hold_of_the_warehouses_own_on_any_part_is_told() {
    let winery = winery().await;
    let (id, parts) = split(&winery, 2).await;
    winery.house().hold(parts[1], "payment_hold", true).unwrap();
    winery.poll_house().await;
    assert_eq!(told(&winery, id).await, ["held_at_destination"]);
    winery.house().hold(parts[1], "payment_hold", false).unwrap();
    winery.poll_house().await;
    assert_eq!(told(&winery, id).await, [""; 0]);
}

#[tokio::test]
async fn a_hold_of_ours_that_people_lifted_in_a_part_is_theirs_when_they_place_it_again() {
    for lifted in [0, 1] {
        let winery = winery().await;
        let (id, parts) = split(&winery, 2).await;
        act(&winery, id, Edit::Hold).await.unwrap();
        winery.house().hold(parts[lifted], "operator_hold", false).unwrap();
        let_go(&winery, id).await;
        assert_eq!(held(&winery, &parts), [false, false]);
        winery.house().hold(parts[lifted], "operator_hold", true).unwrap();
        winery.poll_house().await;
        assert!(held(&winery, &parts)[lifted], "{lifted}");
    }
}
