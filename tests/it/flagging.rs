//! An order that may not ship is held and tagged at the shop, until it may: goods really stop, and people see why.

use std::time::Duration;

use crossdock::simulator::fault::{Fault, Script};
use crossdock::simulator::shopify::order::{Address, FulfillmentOrderStatus};
use crossdock::simulator::shopify::{NewHold, NewLine, NewOrder, Order};

use crate::support::winery::{House, Setup, Winery};

fn tagged() -> Setup<'static> {
    Setup { shop_keys: "refused_tag = \"not-compliant\"\n", ..Setup::default() }
}

/// Where nothing may be shipped to.
pub(crate) fn to_utah() -> Address {
    let text = |text: &str| Some(text.to_owned());
    Address {
        first_name: text("Ada"),
        last_name: text("Vintner"),
        address1: text("9 Temple Street"),
        city: text("Salt Lake City"),
        province_code: text("UT"),
        country_code: text("US"),
        zip: text("84101"),
        ..Address::default()
    }
}

fn to_california() -> Option<Address> {
    NewOrder::default().shipping_address
}

/// Holds on an order, as (placed by the app, handle, notes).
fn holds(order: &Order) -> Vec<(bool, Option<String>, String)> {
    let holds = order.fulfillment_orders.iter().flat_map(|work| &work.holds);
    holds.map(|h| (h.by_app, h.handle.clone(), h.notes.clone().unwrap_or_default())).collect()
}

#[tokio::test]
async fn an_order_that_may_not_ship_is_held_and_tagged_until_it_may() {
    let winery = Winery::with(tagged()).await;
    let locations: Vec<i64> = winery.shop.profile().locations.iter().map(|location| location.id).collect();
    let line = |at: usize| NewLine { location_id: Some(locations[at]), ..NewLine::default() };
    let new = NewOrder {
        lines: vec![line(0), line(1)],
        shipping_address: Some(to_utah()),
        tags: vec!["club".to_owned()],
        ..NewOrder::default()
    };
    let id = winery.place(new).await;
    winery.only_exception("not_compliant").await;
    let order = winery.shop.order(id).unwrap();
    let held = holds(&order);
    assert_eq!(held.len(), 2, "all that is open: {held:?}");
    for (ours, handle, notes) in held {
        assert_eq!((ours, handle.as_deref()), (true, Some("crossdock-compliance")));
        assert!(notes.contains("Utah") || notes.contains("UT"), "the rule in words: {notes}");
    }
    assert_eq!(order.tags, ["club", "not-compliant"]);
    assert!(order.fulfillment_orders.iter().all(|work| work.status == FulfillmentOrderStatus::OnHold));

    // What is said comes back by webhook, and nothing follows from it.
    let told = winery.shop.requests().len();
    for _ in 0..3 {
        winery.sync().await;
    }
    assert_eq!(winery.shop.requests().len(), told);

    winery.shop.set_shipping_address(id, to_california()).unwrap();
    winery.sync().await;
    let order = winery.shop.order(id).unwrap();
    assert_eq!((holds(&order), order.tags.as_slice()), (vec![], &["club".to_owned()][..]));
    assert_eq!(winery.exceptions().await, []);
    assert_eq!(winery.copy(1001).await["observed"]["stage"], "released");
}

#[tokio::test]
async fn a_hold_or_tag_that_somebody_else_placed_stays() {
    let winery = Winery::with(tagged()).await;
    let tags = vec!["not-compliant".to_owned()];
    let new = NewOrder { shipping_address: Some(to_utah()), tags, ..NewOrder::default() };
    let id = winery.shop.place_order(&new).unwrap();
    let theirs = NewHold { notes: Some("waiting for the club".into()), ..NewHold::default() };
    winery.shop.hold(id, &theirs).unwrap();
    winery.sync().await;
    assert_eq!(holds(&winery.shop.order(id).unwrap()).len(), 2);
    winery.shop.set_shipping_address(id, to_california()).unwrap();
    winery.sync().await;
    let order = winery.shop.order(id).unwrap();
    assert_eq!(holds(&order), [(false, None, "waiting for the club".to_owned())]);
    assert_eq!(order.tags, ["not-compliant"], "it was there before");
    assert_eq!(winery.copy(1001).await["observed"]["stage"], "held", "their hold shuts the gate");
}

#[tokio::test]
async fn a_lost_answer_places_no_second_hold() {
    for lost in [Fault::ResetAfter, Fault::ErrorAfter(502), Fault::Truncated, Fault::NotJson] {
        for at in 0..4 {
            let winery = Winery::with(tagged()).await;
            let script = |fault| Script { fault, method: None, path: Some("/admin/api".into()), times: 1 };
            for _ in 0..at {
                winery.shop.faults().script(script(Fault::Delay(0)));
            }
            winery.shop.faults().script(script(lost));
            let id =
                winery.place(NewOrder { shipping_address: Some(to_utah()), ..NewOrder::default() }).await;
            winery.sync().await;
            winery.sync().await;
            let order = winery.shop.order(id).unwrap();
            assert_eq!((holds(&order).len(), order.tags.as_slice()), (1, &["not-compliant".to_owned()][..]));
            winery.only_exception("not_compliant").await;
            winery.shop.set_shipping_address(id, to_california()).unwrap();
            winery.sync().await;
            let order = winery.shop.order(id).unwrap();
            assert_eq!((holds(&order), order.tags.len()), (vec![], 0), "{lost:?} at {at}: known to be ours");
        }
    }
}

#[tokio::test]
async fn a_shop_that_names_no_tag_is_left_alone() {
    let winery = Winery::open().await;
    let id = winery.place(NewOrder { shipping_address: Some(to_utah()), ..NewOrder::default() }).await;
    winery.only_exception("not_compliant").await;
    let order = winery.shop.order(id).unwrap();
    assert_eq!((holds(&order), order.tags.len()), (vec![], 0));
    let asked: Vec<String> =
        winery.shop.requests().into_iter().map(|request| request.document.to_string()).collect();
    assert!(asked.iter().all(|query| !query.contains("mutation")), "{asked:#?}");
}

/// An automation of the shop takes the tag off whenever it comes.
#[tokio::test]
async fn a_tag_that_never_stays_is_left_alone_for_a_while_and_a_person_is_told() {
    let winery = Winery::with(tagged()).await;
    let id = winery.place(NewOrder { shipping_address: Some(to_utah()), ..NewOrder::default() }).await;
    let tags = || winery.shop.requests().iter().filter(|r| r.document.contains("tagsAdd")).count();
    for _ in 0..100 {
        winery.shop.set_tags(id, &[]).unwrap();
        winery.settle().await;
        winery.clock.advance(Duration::from_secs(1));
    }
    let written = tags();
    assert!((50..=60).contains(&written), "{written}");
    let told: Vec<_> = winery.exceptions().await.into_iter().map(|(code, _)| code).collect();
    assert!(told.contains(&"contested".to_owned()), "{told:?}");
    // Left alone by it, the tag comes back and stays.
    winery.clock.advance(Duration::from_mins(11));
    winery.sync().await;
    assert_eq!(winery.shop.order(id).unwrap().tags, ["not-compliant"]);
    winery.only_exception("not_compliant").await;
}

/// The state that the shop's order shows to programs.
fn state(order: &Order) -> Option<serde_json::Value> {
    let shown =
        order.metafields.iter().find(|field| (&*field.namespace, &*field.key) == ("crossdock", "state"))?;
    assert_eq!(shown.kind, "json");
    Some(serde_json::from_str(&shown.value).unwrap())
}

fn noted() -> Setup<'static> {
    Setup {
        shop_keys: "write_note = true\nstate_metafield = \"crossdock.state\"\n",
        house: Some(House::default()),
        ..Setup::default()
    }
}

#[tokio::test]
async fn an_orders_note_and_state_say_what_a_person_has_to_decide_until_it_is_decided() {
    let winery = Winery::with(noted()).await;
    let id = winery.place(NewOrder { note: Some("Ring twice".into()), ..NewOrder::default() }).await;
    let order = winery.shop.order(id).unwrap();
    assert_eq!(
        (order.note.as_deref(), state(&order)),
        (Some("Ring twice"), None),
        "nothing is to be decided"
    );
    let number = winery.edit_while_picked(id).await;
    let told = winery.only_exception("edited_while_packed").await;
    let order = winery.shop.order(id).unwrap();
    let note = order.note.clone().unwrap();
    let (theirs, ours) = note.split_once("\n\n[Crossdock]\n").unwrap();
    assert_eq!(theirs, "Ring twice");
    assert!(
        ours.starts_with("warehouse: order #1001 was edited (items, amounts)")
            && ours.ends_with("\n[/Crossdock]"),
        "{ours}"
    );
    let shown = state(&order).unwrap();
    assert_eq!(shown["state"], "needs_attention");
    assert_eq!(shown["exceptions"]["warehouse"]["code"], "edited_while_packed");
    assert_eq!(shown["exceptions"]["warehouse"]["mend"], told["mend"]);
    assert_eq!(winery.packed(id)["packing_note"], "Ring twice", "no packer is told");

    // What is said comes back by webhook, and nothing follows from it.
    let asked = winery.shop.requests().len();
    for _ in 0..3 {
        winery.sync().await;
    }
    assert_eq!(winery.shop.requests().len(), asked);

    // People write on.
    winery.shop.set_note(id, Some(note.replace("Ring twice", "Ring three times"))).unwrap();
    winery.sync().await;
    assert!(winery.shop.order(id).unwrap().note.unwrap().starts_with("Ring three times\n\n[Crossdock]\n"));
    assert_eq!(winery.packed(id)["packing_note"], "Ring three times");

    winery.house().clear(number).unwrap();
    winery.poll_house().await;
    let order = winery.shop.order(id).unwrap();
    assert_eq!(order.note.as_deref(), Some("Ring three times"));
    assert_eq!(state(&order), Some(serde_json::json!({ "state": "in_order", "exceptions": {} })));
}

#[tokio::test]
async fn a_note_or_state_whose_answer_is_lost_is_there_once() {
    for lost in [Fault::ResetBefore, Fault::ResetAfter, Fault::ErrorAfter(502), Fault::Truncated] {
        for at in 0..4 {
            let winery = Winery::with(noted()).await;
            let id = winery.place(NewOrder::default()).await;
            for _ in 0..at {
                let path = Some("/admin/api".into());
                let script = Script { fault: Fault::Delay(0), method: None, path, times: 1 };
                winery.shop.faults().script(script);
            }
            let path = Some("/admin/api".into());
            winery.shop.faults().script(Script { fault: lost, method: None, path, times: 1 });
            winery.edit_while_picked(id).await;
            winery.sync().await;
            winery.sync().await;
            let order = winery.shop.order(id).unwrap();
            assert_eq!(order.note.unwrap().matches("[Crossdock]").count(), 1, "{lost:?} at {at}");
            assert_eq!(state(&winery.shop.order(id).unwrap()).unwrap()["state"], "needs_attention");
        }
    }
}
