//! Whoever waits for a judgement waits for that of the order as it is: a lost answer is asked for again, and what was judged of
//! another order lets nothing leave.

use crossdock::simulator::fault::{Fault, Script};
use crossdock::simulator::shiphero;
use crossdock::simulator::shopify::{EditOrder, NewLine, NewOrder, SetQuantity};
use serde_json::json;

use crate::support::winery::{House, ROUTE, Setup, Winery};

/// A winery whose warehouse waits for compliance.
async fn cleared() -> Winery {
    Winery::with_house(House { route: "cleared_by = [\"compliance\"]", ..House::default() }).await
}

fn check_commit(fault: Fault, times: u32) -> Script {
    Script { fault, method: None, path: Some("check-commit".into()), times }
}

#[tokio::test]
async fn an_order_whose_judgement_was_lost_is_judged_and_released() {
    for fault in [Fault::ResetAfter, Fault::ErrorAfter(502), Fault::Truncated, Fault::NotJson] {
        let winery = cleared().await;
        winery.account.faults().script(check_commit(fault, 1));
        let id = winery.place(NewOrder::default()).await;
        for _ in 0..3 {
            winery.sync().await;
        }
        assert_eq!(winery.account.order("1001").unwrap()["committed"], true, "{fault:?}");
        assert_eq!(winery.packed(id)["holds"]["operator_hold"], false, "{fault:?}");
        assert_eq!(winery.exceptions().await, [], "{fault:?}");
    }
}

#[tokio::test]
async fn an_order_that_was_taken_back_to_be_judged_anew_is_held_until_it_is() {
    let winery = cleared().await;
    let id = winery.place(NewOrder::default()).await;
    assert_eq!(winery.packed(id)["holds"]["operator_hold"], false);
    winery.account.faults().script(check_commit(Fault::Error(503), 0));
    let line_id = winery.shop.order(id).unwrap().lines[0].id;
    let set_quantity = vec![SetQuantity { line_id, quantity: 4 }];
    winery.shop.edit_order(id, &EditOrder { set_quantity, ..EditOrder::default() }).unwrap();
    winery.sync().await;
    assert_eq!(winery.account.order("1001"), None);
    assert_eq!(winery.packed(id)["holds"]["operator_hold"], json!(true));

    winery.account.faults().clear();
    for _ in 0..3 {
        winery.sync().await;
    }
    assert_eq!(winery.account.order("1001").unwrap()["committed"], true);
    let packed = winery.packed(id);
    assert_eq!(
        (&packed["holds"]["operator_hold"], &packed["line_items"][0]["quantity"]),
        (&json!(false), &json!(4))
    );
}

/// A winery whose warehouse waits for compliance, which is sent no shirts.
async fn without_shirts(more: &str) -> Winery {
    let maps = format!("{ROUTE}{more}").replace("\"INSURANCE\"", "\"INSURANCE\", \"SHIRT*\"");
    let stocked = |sku: &str| (sku.to_owned(), sku.to_owned(), 100);
    let products = ["22PN750", "SHIRT-M"].map(stocked).to_vec();
    let options = shiphero::Options { products, ..shiphero::Options::default() };
    let house = House { options, route: "cleared_by = [\"compliance\"]", ..House::default() };
    Winery::with(Setup { route: Some(&maps), house: Some(house), ..Setup::default() }).await
}

fn goods(skus: &[&str]) -> NewOrder {
    let line = |sku: &&str| NewLine { sku: Some((*sku).to_owned()), quantity: 1, ..NewLine::default() };
    NewOrder { lines: skus.iter().map(line).collect(), ..NewOrder::default() }
}

#[tokio::test]
async fn an_order_of_which_the_judge_has_nothing_waits_for_nobody() {
    let winery = without_shirts("").await;
    let id = winery.place(goods(&["SHIRT-M"])).await;
    assert_eq!(winery.account.order("1001"), None);
    assert_eq!(winery.packed(id)["holds"]["operator_hold"], false);
    // What was to be judged is taken off, and the rest goes.
    winery.account.forbid("CA");
    let id = winery.place(goods(&["22PN750", "SHIRT-M"])).await;
    assert_eq!(winery.packed(id)["holds"]["operator_hold"], true);
    let remove = vec![winery.shop.order(id).unwrap().lines[0].id];
    winery.shop.edit_order(id, &EditOrder { remove, ..EditOrder::default() }).unwrap();
    winery.sync().await;
    assert_eq!(winery.packed(id)["holds"]["operator_hold"], false);
    assert_eq!(winery.exceptions().await, []);
}

#[tokio::test]
async fn an_order_that_the_judge_is_not_sent_is_a_persons_and_not_held_in_silence() {
    let winery = without_shirts("skip_tags = [\"no compliance\"]\n").await;
    let tagged = NewOrder { tags: vec!["no compliance".into()], ..goods(&["22PN750"]) };
    let id = winery.place(tagged).await;
    let told = winery.only_exception("not_judged").await;
    let message = told["message"].as_str().unwrap();
    assert!(
        message.contains("waits for «compliance», which is not sent it: its tags keep it out of the route"),
        "{message}"
    );
    let partner = id.to_string();
    assert!(winery.house().orders().iter().all(|order| order["partner_order_id"] != partner));
    winery.shop.set_tags(id, &[]).unwrap();
    winery.sync().await;
    assert_eq!(winery.packed(id)["holds"]["operator_hold"], false);
    assert_eq!(winery.exceptions().await, []);
}

#[tokio::test]
async fn what_a_judge_thought_that_is_configured_no_more_binds_nobody_until_it_is_back() {
    let mut winery =
        Winery::with(Setup { shop_keys: "refused_tag = \"not-compliant\"\n", ..Setup::default() }).await;
    winery.account.forbid("CA");
    let id = winery.place(NewOrder::default()).await;
    winery.only_exception("not_compliant").await;
    let whole = winery.config.clone();
    let shop = whole.split_once("[connections.compliance]").unwrap().0.to_owned();
    let touched = async |winery: &Winery, note: &str| {
        winery.shop.set_note(id, Some(note.to_owned())).unwrap();
        winery.sync().await;
        let order = winery.shop.order(id).unwrap();
        let held = order.fulfillment_orders.iter().any(|work| !work.holds.is_empty());
        (held, order.tags.len(), winery.exceptions().await.len())
    };
    winery.config = shop;
    let mut winery = winery.restart().await;
    assert_eq!(touched(&winery, "a").await, (false, 0, 0));
    winery.config = whole;
    let winery = winery.restart().await;
    assert_eq!(touched(&winery, "b").await, (true, 1, 1));
}
