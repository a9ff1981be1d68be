//! Whoever waits for a judgement waits for that of the order as it is: a lost answer is asked for again, and what was judged of
//! another order lets nothing leave.

use crossdock::simulator::fault::{Fault, Script};
use crossdock::simulator::shopify::{EditOrder, NewOrder, SetQuantity};
use serde_json::json;

use crate::support::winery::{House, Winery};

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
