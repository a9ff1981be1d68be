//! What a warehouse can say or withhold that it should not: nothing is lost, nothing is done twice, nothing is believed.

use crossdock::simulator::shiphero::{NewPackage, NewShipment, Options};
use crossdock::simulator::shopify::Payment;
use crossdock::simulator::shopify::order::{Fulfillment, FulfillmentStatus};
use serde_json::{Value, json};

use super::edits::{Edit, act, line, order_of_two, shows, there, told, units, winery, written};
use crate::support::server::sign;
use crate::support::winery::{HOUSE_SECRET, House, Winery};
use Edit::{Address, Fewer, Note};

async fn house_with(options: Options) -> Winery {
    Winery::with_house(House { options, ..House::default() }).await
}

fn scopes(scopes: &[&str]) -> Options {
    Options { scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(), ..Options::default() }
}

/// Enters an order by hand, with these fields laid over a complete one.
fn place_by_hand(winery: &Winery, more: &Value) -> i64 {
    let mut order = json!({
        "shipping_address": {
            "first_name": "Ada", "last_name": "Vintner", "address1": "500 Harbor Boulevard", "city": "Sacramento",
            "state": "CA", "zip": "95814", "country": "US",
        },
        "line_items": [{ "sku": "PN-2022-750", "partner_line_item_id": "by-hand", "quantity": 6, "price": "36.00" }],
    });
    for (name, value) in more.as_object().unwrap() {
        order[name] = value.clone();
    }
    winery.house().place(&order).unwrap()
}

#[tokio::test]
async fn an_address_that_the_token_may_not_see_is_no_removal_and_an_edit_of_it_is_written_once() {
    let winery = house_with(scopes(&["view:*", "change:*"])).await;
    let id = winery.place(order_of_two(Payment::Paid)).await;
    let since = winery.house().requests().len();
    act(&winery, id, Note).await.unwrap();
    winery.sync().await;
    let asked = winery.house().requests();
    let note = asked.iter().find(|request| request.operations == ["order_update"]).unwrap();
    assert_eq!(note.variables["order_update"]["shipping_address"], Value::Null, "it is left alone");
    act(&winery, id, Address).await.unwrap();
    winery.sync().await;
    for _ in 0..3 {
        winery.poll_house().await;
    }
    assert_eq!(written(&winery, since), "update update");
    assert!(shows(&winery, id, Address) && shows(&winery, id, Note));
    assert_eq!(told(&winery, id).await, [""; 0]);
}

#[tokio::test]
async fn a_scope_that_is_missing_is_named() {
    let winery = house_with(scopes(&["view:*", "view:pii"])).await;
    winery.place(order_of_two(Payment::Paid)).await;
    let told = winery.only_exception("unauthorized").await;
    assert!(told["vendor"].as_str().unwrap().contains("change:orders"), "{told:#}");
    assert_eq!(winery.house().orders().len(), 0);
}

#[tokio::test]
async fn short_credits_are_waited_for_and_nothing_is_lost() {
    // Somebody else uses our token, so what we know of its bucket is wrong.
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "shared").unwrap();
    let options = Options {
        access_tokens: vec!["shared".into()],
        credits: 400,
        credits_a_second: 2,
        ..Options::default()
    };
    let keys = format!("access_token = \"file:{}\"", file.path().display());
    let winery = Winery::with_house(House { options, keys: &keys, ..House::default() }).await;
    let id = winery.place(order_of_two(Payment::Paid)).await;
    let many: Vec<String> = (0..360).map(|n| format!("a{n}: user_quota {{ max_available }}")).collect();
    let drain = json!({ "query": format!("{{ {} }}", many.join(" ")) });
    let request = winery.server.http.post(format!("{}/graphql", winery.house_url)).bearer_auth("shared");
    let drained = crate::support::server::json(request.json(&drain).send().await.unwrap()).await;
    assert_eq!(drained["errors"], Value::Null);

    act(&winery, id, Address).await.unwrap();
    winery.sync().await;
    let refused = winery.house().requests().into_iter().next_back().unwrap().answer["errors"][0].clone();
    assert_eq!(refused["code"], 30);
    let seconds: u64 =
        refused["time_remaining"].as_str().unwrap().split_once(' ').unwrap().0.parse().unwrap();
    let asked = winery.house().requests().len();
    // `sync` moved the clock by ten seconds; all but the last of the others pass.
    winery.clock.advance(std::time::Duration::from_secs(seconds - 10));
    winery.server.settle().await;
    assert_eq!(winery.house().requests().len(), asked, "nothing is asked before its time");
    winery.clock.advance(std::time::Duration::from_secs(2));
    winery.server.settle().await;
    winery.sync().await;
    assert!(shows(&winery, id, Address));
    assert_eq!(told(&winery, id).await, [""; 0]);
}

#[tokio::test]
async fn a_page_that_no_bucket_can_pay_for_is_asked_for_in_smaller_ones() {
    let winery = house_with(Options { credits: 40, ..Options::default() }).await;
    for number in 0..20 {
        place_by_hand(&winery, &json!({ "order_number": format!("H{number}"), "partner_order_id": "" }));
    }
    // The first call leaves the bucket a little less than full, and time passes until it is.
    let mut polling = std::pin::pin!(winery.server.app.engine.poll());
    while futures_util::future::poll_immediate(&mut polling).await.is_none() {
        winery.clock.advance(std::time::Duration::from_millis(1));
        tokio::task::yield_now().await;
    }
    let asked = winery.house().requests();
    let pages: Vec<_> =
        asked.iter().map(|request| &request.variables["first"]).filter(|f| !f.is_null()).collect();
    assert_eq!(pages[..2], [50, 25]);
    assert!(asked.last().unwrap().answer["errors"].is_null());
}

#[tokio::test]
async fn what_was_done_and_answered_with_an_error_is_not_done_again() {
    let winery = winery().await;
    winery.house().answer_done_with_errors(1);
    let id = winery.place(order_of_two(Payment::Paid)).await;
    winery.sync().await;
    assert_eq!(winery.house().orders().len(), 1);
    // One error for each of the four mutations of this edit.
    winery.house().answer_done_with_errors(4);
    act(&winery, id, Fewer).await.unwrap();
    for _ in 0..3 {
        winery.sync().await;
    }
    assert_eq!(
        winery.house_writes().join(" "),
        [
            "order_create",
            "order_update_holds",
            "order_update_line_items",
            "order_update",
            "order_update_holds",
        ]
        .join(" ")
    );
    assert!(shows(&winery, id, Fewer));
    assert_eq!(told(&winery, id).await, [""; 0]);
}

#[tokio::test]
async fn a_token_that_ended_is_renewed_once_and_a_new_refresh_token_outlives_a_restart() {
    let winery = house_with(Options { rotates_refresh_tokens: true, ..Options::default() }).await;
    let id = winery.place(order_of_two(Payment::Paid)).await;
    let refused = |winery: &Winery| {
        winery.house().requests().into_iter().filter(|request| request.status == 401).count()
    };
    assert_eq!(refused(&winery), 0, "there was no access token, and one was asked for");
    winery.house().revoke_tokens();
    act(&winery, id, Address).await.unwrap();
    winery.sync().await;
    assert!(shows(&winery, id, Address));
    assert_eq!(refused(&winery), 1);
    // What the configuration holds is good no more.
    let winery = winery.restart().await;
    winery.house().revoke_tokens();
    act(&winery, id, Note).await.unwrap();
    winery.sync().await;
    assert!(shows(&winery, id, Note));
    assert_eq!(refused(&winery), 2);
    assert_eq!(told(&winery, id).await, [""; 0]);
}

#[tokio::test]
async fn what_left_in_each_part_of_a_split_order_is_fulfilled_and_nothing_is_taken_back() {
    let winery = winery().await;
    let id = winery.place(order_of_two(Payment::Paid)).await;
    let (first, packed) = (winery.number(id), winery.packed(id));
    let second = winery.house().split(first, &units(&packed, 2)).unwrap();
    for (part, expected) in [(second, vec![2]), (first, vec![2, 6])] {
        winery.poll_house().await;
        winery.house().ship(part, &NewShipment::default()).await.unwrap();
        winery.sync().await;
        let made = winery.shop.order(id).unwrap().fulfillments;
        let standing: Vec<u32> = made.iter().map(Fulfillment::quantity).collect();
        assert_eq!(standing, expected);
        assert!(made.iter().all(|made| made.status == FulfillmentStatus::Success));
    }
    // A write shows one part only, which is no reason to take back what another told.
    winery.poll_house().await;
    assert_eq!(winery.shop.order(id).unwrap().fulfillments.len(), 2);
    assert_eq!(told(&winery, id).await, [""; 0]);
}

#[tokio::test]
async fn what_left_in_one_part_stays_told_when_the_other_is_written() {
    let winery = winery().await;
    let id = winery.place(order_of_two(Payment::Paid)).await;
    let (first, packed) = (winery.number(id), winery.packed(id));
    let second = winery.house().split(first, &units(&packed, 2)).unwrap();
    winery.house().ship(second, &NewShipment::default()).await.unwrap();
    winery.poll_house().await;
    act(&winery, id, Edit::TagAdded).await.unwrap();
    winery.sync().await;
    let made = winery.shop.order(id).unwrap().fulfillments;
    assert!(made.len() == 1 && made[0].status == FulfillmentStatus::Success, "{made:?}");
    assert_eq!(winery.house_writes(), ["order_create", "order_update"]);
}

#[tokio::test]
async fn a_merged_order_is_not_entered_again_by_a_retry() {
    let winery = winery().await;
    let id = winery.place(order_of_two(Payment::Paid)).await;
    let master = place_by_hand(&winery, &json!({ "order_number": "H1", "partner_order_id": "" }));
    winery.house().merge(master, winery.number(id)).unwrap();
    winery.poll_house().await;
    let told = winery.only_exception("rearranged_at_destination").await;
    winery.retry(&told).await;
    winery.only_exception("rearranged_at_destination").await;
    assert_eq!(winery.house_writes(), ["order_create"]);
}

#[tokio::test]
async fn a_label_for_collection_has_no_number_and_no_carrier() {
    let winery = winery().await;
    let id = winery.place(order_of_two(Payment::Paid)).await;
    let package = NewPackage {
        tracking_number: Some("Pickup".into()),
        carrier: Some("genericlabel".into()),
        ..NewPackage::default()
    };
    let pickup = NewShipment { packages: vec![package], ..NewShipment::default() };
    winery.house().ship(winery.number(id), &pickup).await.unwrap();
    winery.sync().await;
    let order = winery.shop.order(id).unwrap();
    assert_eq!(order.fulfillments.len(), 1);
    assert_eq!((order.fulfillments[0].numbers.len(), &order.fulfillments[0].company), (0, &None));
}

#[tokio::test]
async fn a_webhook_tells_that_something_happened_and_nothing_it_says_is_believed() {
    let winery = winery().await;
    let id = winery.place(order_of_two(Payment::Paid)).await;
    let since = winery.house().requests().len();
    let bodies = [
        // Packages missing, and quantities as text; nothing left, whatever it says.
        json!({ "webhook_type": "Shipment Update", "fulfillment": { "partner_order_id": id.to_string(),
            "tracking_number": "1Z1", "line_items": [{ "sku": "PN-2022-750", "quantity": "6" }] } }),
        json!({ "webhook_type": "Order Canceled", "partner_order_id": id, "fulfillment-status": "canceled" }),
        json!({ "fulfillment": { "webhook_type": "Package Added", "partner_order_id": id.to_string() } }),
    ];
    for body in &bodies {
        let (status, answer) = winery.deliver_house(body, Some(HOUSE_SECRET)).await;
        assert_eq!((status, &answer["code"]), (200, &json!("200")), "{answer}");
        winery.sync().await;
    }
    assert_eq!(written(&winery, since), "");
    assert_eq!(winery.shop.order(id).unwrap().fulfillments.len(), 0);
    assert_eq!(told(&winery, id).await, [""; 0]);
    assert!(winery.house().requests().len() > since, "it was looked at");
}

#[tokio::test]
async fn a_webhook_that_is_not_signed_or_signed_otherwise_is_refused() {
    let winery = winery().await;
    let body = json!({ "webhook_type": "Order Canceled", "partner_order_id": "1" });
    let (status, answer) = winery.deliver_house(&body, None).await;
    assert_eq!((status, &answer["code"]), (400, &json!("missing_headers")));
    let (status, answer) = winery.deliver_house(&body, Some("guessed")).await;
    assert_eq!((status, &answer["code"]), (401, &json!("signature")));
    let url = format!("{}/webhooks/warehouse", winery.server.url);
    let signature = sign(HOUSE_SECRET, body.to_string().as_bytes());
    let other = winery.server.http.post(url).header("x-shiphero-hmac-sha256", signature).body("{}");
    assert_eq!(other.send().await.unwrap().status(), 401, "another body");
    assert_eq!(winery.server.api("deliveries?connection=warehouse").await, json!([]));
}

#[tokio::test]
async fn a_webhook_of_an_order_that_is_not_known_is_kept_and_changes_nothing() {
    let winery = winery().await;
    for partner in [json!("404"), json!(""), Value::Null] {
        let body = json!({ "webhook_type": "Order Canceled", "partner_order_id": partner });
        assert_eq!(winery.deliver_house(&body, Some(HOUSE_SECRET)).await.0, 200);
    }
    winery.sync().await;
    let kept = winery.server.api("deliveries?connection=warehouse").await;
    let states: Vec<&Value> = kept.as_array().unwrap().iter().map(|row| &row["state"]).collect();
    assert_eq!(states, ["no_change"; 3], "{kept:#}");
    assert_eq!(winery.exceptions().await, []);
}

#[tokio::test]
async fn two_webhooks_in_either_order_end_alike() {
    for turned in [false, true] {
        let winery = winery().await;
        let id = winery.place(order_of_two(Payment::Paid)).await;
        winery.house().set_knobs(crossdock::simulator::shiphero::Knobs { drop: 1.0, ..Default::default() });
        winery.house().ship(winery.number(id), &NewShipment::default()).await.unwrap();
        let mut bodies = [
            json!({ "webhook_type": "Order Deallocated", "partner_order_id": id.to_string() }),
            json!({ "webhook_type": "Shipment Update", "fulfillment": { "partner_order_id": id.to_string() } }),
        ];
        if turned {
            bodies.reverse();
        }
        for body in bodies {
            winery.deliver_house(&body, Some(HOUSE_SECRET)).await;
            winery.sync().await;
        }
        let order = winery.shop.order(id).unwrap();
        let units: Vec<u32> = order.fulfillments.iter().map(Fulfillment::quantity).collect();
        assert_eq!(units, [8], "turned: {turned}");
    }
}

#[tokio::test]
async fn an_order_entered_by_hand_under_the_same_number_is_a_persons_to_settle() {
    let winery = winery().await;
    let by_hand = place_by_hand(&winery, &json!({ "order_number": "#1001", "partner_order_id": "" }));
    // Somebody else's order of that number, for another shop, is no matter of ours.
    place_by_hand(&winery, &json!({ "order_number": "#1002", "partner_order_id": "77" }));
    let id = winery.place(order_of_two(Payment::Paid)).await;
    let told = winery.only_exception("already_committed").await;
    assert!(told["mend"].as_str().unwrap().contains(&id.to_string()), "{told:#}");
    assert_eq!(winery.house_writes(), [""; 0]);
    winery.place(order_of_two(Payment::Paid)).await;
    assert_eq!(winery.house_writes(), ["order_create"]);

    winery.house().edit(by_hand, &json!({ "partner_order_id": id.to_string() })).unwrap();
    winery.retry(&told).await;
    assert_eq!(winery.exceptions().await, []);
    assert_eq!(winery.house_writes().iter().filter(|write| *write == "order_create").count(), 1);
    assert_eq!(winery.number(id), by_hand, "it was taken for ours");
    let skus: Vec<Value> = there(&winery, id)["line_items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| json!([line["sku"], line["quantity"]]))
        .collect();
    assert_eq!(skus.len(), 2, "and made what the shop says: {skus:?}");
}

#[tokio::test]
async fn an_order_that_is_there_already_under_its_id_is_taken_for_ours() {
    let winery = winery().await;
    let mut new = order_of_two(Payment::Paid);
    new.lines = vec![line("PN-2022-750", 6)];
    let id = winery.shop.place_order(&new).unwrap();
    let first =
        place_by_hand(&winery, &json!({ "order_number": "#1001", "partner_order_id": id.to_string() }));
    winery.sync().await;
    winery.poll_house().await;
    assert_eq!(winery.number(id), first);
    assert_eq!(winery.house().orders().len(), 1);
    assert!(!winery.house_writes().contains(&"order_create".to_owned()));
    winery.house().ship(first, &NewShipment::default()).await.unwrap();
    winery.sync().await;
    assert_eq!(winery.shop.order(id).unwrap().fulfillments[0].quantity(), 6);
    assert_eq!(winery.exceptions().await, []);
}
