//! Changing, holding and cancelling orders through the API, and what is refused.

use crossdock::simulator::shiphero::{NewShipment, Options, Units};
use serde_json::{Value, json};

use super::{Served, line, new_order, number};

#[tokio::test]
async fn an_update_changes_what_it_names_and_nothing_else() {
    let served = Served::start(Options::default()).await;
    let before = served.create(new_order("#1001")).await;
    served.advance(5);
    let after = served
        .mutate(
            "order_update",
            "UpdateOrderInput",
            json!({
                "order_id": before["id"], "packing_note": "Cork side up", "tags": ["club", "vip"],
                "shipping_address": { "first_name": "Ada", "address1": "2 Elm", "city": "Austin", "state": "TX",
                    "zip": "78702", "country": "US" },
                "shipping_lines": { "title": "UPS 2nd Day Air", "price": "15.00", "carrier": "UPS", "method": "2DA" },
                "history_entry": { "source": "crossdock", "message": "revision 3" },
            }),
        )
        .await
        .unwrap();
    assert_eq!(after["shipping_address"]["address1"], "2 Elm");
    assert_eq!(after["shipping_address"]["last_name"], Value::Null, "an address is replaced as a whole");
    assert_eq!(after["shipping_lines"]["method"], "2DA");
    assert_eq!(after["tags"], json!(["club", "vip"]));
    assert_eq!(after["email"], before["email"]);
    assert_eq!(after["line_items"], before["line_items"]);
    assert_eq!(after["updated_at"], "2026-11-22T12:00:05");
    let last = after["order_history"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (last["username"].as_str(), last["information"].as_str()),
        (Some("crossdock"), Some("revision 3"))
    );
}

#[tokio::test]
async fn tags_are_replaced_added_and_cleared() {
    let served = Served::start(Options::default()).await;
    let order = served.create(new_order("#1001")).await;
    let tags = async |name: &str, tags: Value| {
        let data = json!({ "order_id": order["id"], "tags": tags });
        served.mutate(name, "UpdateTagsInput", data).await.unwrap()["tags"].take()
    };
    assert_eq!(tags("order_update_tags", json!(["a", "b"])).await, json!(["a", "b"]));
    assert_eq!(tags("order_add_tags", json!(["b", "c"])).await, json!(["a", "b", "c"]));
    let cleared = served
        .mutate("order_clear_tags", "UpdateOrderInputBase", json!({ "order_id": order["id"] }))
        .await
        .unwrap();
    assert_eq!(cleared["tags"], json!([]));
}

#[tokio::test]
async fn holds_that_are_not_named_stay_as_they_are() {
    let served = Served::start(Options::default()).await;
    let mut new = new_order("#1001");
    new["holds"] = json!({ "payment_hold": true });
    let order = served.create(new).await;
    let hold = async |data: Value| {
        let mut data = data;
        data["order_id"] = order["id"].clone();
        served.mutate("order_update_holds", "UpdateOrderHoldsInput", data).await.unwrap()
    };
    let held = hold(json!({ "operator_hold": true })).await;
    assert_eq!(
        (&held["holds"]["operator_hold"], &held["holds"]["payment_hold"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(held["allocations"][0]["ready_to_ship"], false);
    let released = hold(json!({ "operator_hold": false, "payment_hold": false })).await;
    assert_eq!(released["allocations"][0]["ready_to_ship"], true);
}

#[tokio::test]
async fn a_warehouse_that_packs_for_others_may_not_touch_the_clients_hold() {
    let options = Options { is_3pl: true, customer_accounts: vec![7001], ..Options::default() };
    let served = Served::start(options).await;
    let mut new = new_order("#1001");
    new["customer_account_id"] = "QWNjb3VudDo3MDAx".into();
    let order = served.create(new).await;
    let query =
        "query Q($c: String) { orders(customer_account_id: $c) { data { edges { node { account_id } } } } }";
    let found = served.ask(query, json!({ "c": "7001" })).await;
    assert_eq!(found.pointer("/data/orders/data/edges/0/node/account_id"), Some(&json!("QWNjb3VudDo3MDAx")));
    let own = served.ask(query, json!({ "c": "6334" })).await;
    assert_eq!(own["data"]["orders"]["data"]["edges"], json!([]));
    let data = json!({ "order_id": order["id"], "client_hold": true, "customer_account_id": "7001" });
    let refused = served.mutate("order_update_holds", "UpdateOrderHoldsInput", data).await.unwrap_err();
    assert_eq!(refused["code"], 7);
    let stranger = json!({ "order_id": order["id"], "operator_hold": true, "customer_account_id": "9" });
    assert!(served.mutate("order_update_holds", "UpdateOrderHoldsInput", stranger).await.is_err());
    assert_eq!(served.read(&order["id"]).await["holds"]["operator_hold"], false);
}

#[tokio::test]
async fn an_address_that_cannot_be_right_is_put_on_hold_unless_told_not_to() {
    let served = Served::start(Options::default()).await;
    let mut bad = new_order("#1001");
    bad["shipping_address"]["zip"] = "7870".into();
    let order = served.create(bad.clone()).await;
    assert_eq!(order["holds"]["address_hold"], true);
    bad["skip_address_validation"] = true.into();
    assert_eq!(served.create(bad.clone()).await["holds"]["address_hold"], false);
    bad["skip_address_validation"] = false.into();
    bad["shipping_address"]["country"] = "FR".into();
    assert_eq!(
        served.create(bad).await["holds"]["address_hold"],
        false,
        "only the United States are checked"
    );
}

#[tokio::test]
async fn a_carrier_nobody_knows_holds_until_there_is_a_known_one() {
    let served = Served::start(Options { carriers: vec!["UPS".into()], ..Options::default() }).await;
    let mut new = new_order("#1001");
    new["shipping_lines"]["carrier"] = "Joe's Vans".into();
    let order = served.create(new).await;
    assert_eq!(order["holds"]["shipping_method_hold"], true);
    let lines = json!({ "title": "Ground", "price": "5.00", "carrier": "UPS", "method": "Ground" });
    let data = json!({ "order_id": order["id"], "shipping_lines": lines });
    let mended = served.mutate("order_update", "UpdateOrderInput", data).await.unwrap();
    assert_eq!(mended["holds"]["shipping_method_hold"], false);
}

#[tokio::test]
async fn quantity_and_pending_are_two_facts() {
    let served = Served::start(Options::default()).await;
    let order = served.create(new_order("#1001")).await;
    let update = async |line: Value| {
        let data = json!({ "order_id": order["id"], "line_items": [line] });
        served.mutate("order_update_line_items", "UpdateLineItemsInput", data).await
    };
    let id = &line(&order, 0)["id"];
    let more = update(json!({ "id": id, "quantity": 5 })).await.unwrap();
    assert_eq!(
        (line(&more, 0)["quantity"].as_i64(), line(&more, 0)["quantity_pending_fulfillment"].as_i64()),
        (Some(5), Some(2))
    );
    let both = update(json!({ "id": id, "quantity": 5, "quantity_pending_fulfillment": 5 })).await.unwrap();
    assert_eq!(line(&both, 0)["quantity_allocated"], 5);
    assert_ne!(
        both["allocations"][0]["allocation_reference"],
        order["allocations"][0]["allocation_reference"]
    );
    let none = update(json!({ "id": id, "quantity": 0, "quantity_pending_fulfillment": 0 })).await.unwrap();
    assert_eq!(line(&none, 0)["fulfillment_status"], "canceled");
    assert_eq!(none["line_items"]["total_count"], 2, "the row stays");
    assert!(update(json!({ "id": id, "quantity": 1, "quantity_pending_fulfillment": 2 })).await.is_err());
    assert!(update(json!({ "id": id, "quantity": -1 })).await.is_err());
    assert_eq!(update(json!({ "id": "TGluZUl0ZW06MQ==", "quantity": 1 })).await.unwrap_err()["code"], 5);
}

#[tokio::test]
async fn lines_are_added_and_removed() {
    let served = Served::start(Options::default()).await;
    let order = served.create(new_order("#1001")).await;
    let add = async |partner: &str| {
        let lines = [
            json!({ "sku": "CH-2023-750", "partner_line_item_id": partner, "quantity": 1, "price": "9.00" }),
        ];
        let data = json!({ "order_id": order["id"], "line_items": lines });
        served.mutate("order_add_line_items", "AddLineItemsInput", data).await
    };
    let added = add("1380000003").await.unwrap();
    assert_eq!(added["line_items"]["total_count"], 3);
    let refused = add("1380000003").await.unwrap_err();
    assert!(
        refused["message"].as_str().unwrap().contains("1380000003"),
        "partner ids are unique in an order"
    );
    let data =
        json!({ "order_id": order["id"], "line_item_ids": [line(&order, 0)["id"], line(&added, 2)["id"]] });
    let left = served.mutate("order_remove_line_items", "RemoveLineItemsInput", data).await.unwrap();
    assert_eq!(left["line_items"]["total_count"], 1);
    assert_eq!(line(&left, 0)["sku"], "CORK-1");
    let stock = served
        .ask("{ product(sku: \"PN-2022-750\") { data { warehouse_products { allocated } } } }", json!({}))
        .await;
    assert_eq!(stock["data"]["product"]["data"]["warehouse_products"][0]["allocated"], 0);
}

#[tokio::test]
async fn a_refused_edit_leaves_no_trace() {
    let served = Served::start(Options::default()).await;
    let order = served.create(new_order("#1001")).await;
    served.advance(60);
    let lines = [
        json!({ "id": line(&order, 0)["id"], "quantity": 1, "quantity_pending_fulfillment": 1 }),
        json!({ "id": "TGluZUl0ZW06MQ==", "quantity": 1 }),
    ];
    let data = json!({ "order_id": order["id"], "line_items": lines });
    served.mutate("order_update_line_items", "UpdateLineItemsInput", data).await.unwrap_err();
    assert_eq!(served.read(&order["id"]).await, order);
    assert_eq!(served.account.history(number(&order)).len(), 1);
}

#[tokio::test]
async fn what_a_picker_carries_is_not_taken_out_of_his_hands() {
    let served = Served::start(Options::default()).await;
    let order = served.create(new_order("#1001")).await;
    served.account.pick(number(&order), 12, &[]).unwrap();
    let locked = served.read(&order["id"]).await;
    assert_eq!(locked["allocations"][0]["is_locked"], true);
    assert_eq!(line(&locked, 0)["tote_picks"][0]["current"], 1);
    let id = &line(&order, 0)["id"];
    let update = async |line: Value| {
        let data = json!({ "order_id": order["id"], "line_items": [line] });
        served.mutate("order_update_line_items", "UpdateLineItemsInput", data).await
    };
    let less =
        update(json!({ "id": id, "quantity": 1, "quantity_pending_fulfillment": 1 })).await.unwrap_err();
    assert!(less["message"].as_str().unwrap().contains("locked"), "{less}");
    assert!(update(json!({ "id": id, "price": "11.00" })).await.is_err());
    let removal = json!({ "order_id": order["id"], "line_item_ids": [id] });
    assert!(served.mutate("order_remove_line_items", "RemoveLineItemsInput", removal).await.is_err());
    let more = update(json!({ "id": id, "quantity": 3, "quantity_pending_fulfillment": 3 })).await.unwrap();
    assert_eq!(
        line(&more, 0)["quantity_allocated"],
        2,
        "units added meanwhile wait until the parcel has left"
    );
    let address = json!({ "order_id": order["id"], "packing_note": "Mind the step" });
    assert!(
        served.mutate("order_update", "UpdateOrderInput", address).await.is_ok(),
        "notes and addresses may change"
    );
    served.account.clear(number(&order)).unwrap();
    let cleared = served.read(&order["id"]).await;
    assert_eq!(line(&cleared, 0)["quantity_allocated"], 3);
    assert_eq!(line(&cleared, 0)["tote_picks"][0]["current"], 0);
}

#[tokio::test]
async fn a_lenient_account_takes_the_edit_and_the_picker_never_hears_of_it() {
    let served = Served::start(Options { refuses_edits_when_locked: false, ..Options::default() }).await;
    let order = served.create(new_order("#1001")).await;
    served.account.pick(number(&order), 12, &[]).unwrap();
    let one = json!({ "id": line(&order, 0)["id"], "quantity": 1, "quantity_pending_fulfillment": 1 });
    let data = json!({ "order_id": order["id"], "line_items": [one] });
    let after = served.mutate("order_update_line_items", "UpdateLineItemsInput", data).await.unwrap();
    assert_eq!(
        (line(&after, 0)["quantity"].as_i64(), line(&after, 0)["quantity_allocated"].as_i64()),
        (Some(1), Some(1))
    );
    assert_eq!(line(&after, 0)["tote_picks"][0]["picked_quantity"], 2);
}

#[tokio::test]
async fn a_bad_address_in_an_update_holds_and_a_good_one_does_not_release() {
    let served = Served::start(Options::default()).await;
    let order = served.create(new_order("#1001")).await;
    let update = async |zip: &str| {
        let address =
            json!({ "address1": "2 Elm", "city": "Austin", "state": "TX", "zip": zip, "country": "US" });
        let data = json!({ "order_id": order["id"], "shipping_address": address });
        served.mutate("order_update", "UpdateOrderInput", data).await.unwrap()["holds"]["address_hold"].take()
    };
    assert_eq!(update("787").await, true);
    assert_eq!(update("78702").await, true, "somebody may have had another reason for it");
}

#[tokio::test]
async fn a_shipped_order_is_cancelled_only_by_force_and_a_cancelled_one_stays_so() {
    let served = Served::start(Options::default()).await;
    let order = served.create(new_order("#1001")).await;
    let first = Units { line_item: line(&order, 1)["legacy_id"].as_i64().unwrap(), quantity: 1 };
    served
        .account
        .ship(number(&order), &NewShipment { units: vec![first], ..NewShipment::default() })
        .await
        .unwrap();
    let cancel = async |force: bool| {
        let data = json!({
            "order_id": order["id"], "reason": "Cancelled in the shop", "force": force, "void_on_platform": false,
        });
        served.mutate("order_cancel", "CancelOrderInput", data).await
    };
    assert!(cancel(false).await.unwrap_err()["message"].as_str().unwrap().contains("force"));
    let cancelled = cancel(true).await.unwrap();
    assert_eq!(cancelled["fulfillment_status"], "canceled");
    assert_eq!(cancelled["allocations"], json!([]));
    assert_eq!(line(&cancelled, 0)["quantity_pending_fulfillment"], 0);
    assert_eq!(cancel(false).await.unwrap()["updated_at"], cancelled["updated_at"]);
    let edit = json!({ "order_id": order["id"], "packing_note": "too late" });
    assert!(served.mutate("order_update", "UpdateOrderInput", edit).await.is_err());
}

#[tokio::test]
async fn a_status_can_be_set_and_means_what_it_says() {
    let served = Served::start(Options::default()).await;
    let set = async |order: &Value, status: &str| {
        let data = json!({ "order_id": order["id"], "fulfillment_status": status });
        served
            .mutate("order_update_fulfillment_status", "UpdateOrderFulfillmentStatusInput", data)
            .await
            .unwrap()
    };
    let order = served.create(new_order("#1001")).await;
    assert_eq!(
        set(&order, "Wine club").await["fulfillment_status"],
        "Wine club",
        "an account may have its own"
    );
    let done = set(&order, "fulfilled").await;
    assert_eq!(
        (&done["allocations"], line(&done, 0)["quantity_pending_fulfillment"].as_i64()),
        (&json!([]), Some(0))
    );
    let third = served.create(new_order("#1003")).await;
    let data = json!({ "order_id": third["id"], "fulfillment_status": "canceled" });
    let ended = served.mutate("order_update", "UpdateOrderInput", data).await.unwrap();
    assert_eq!(ended["allocations"], json!([]), "by whichever mutation");
    let gone = set(&served.create(new_order("#1002")).await, "cancelled").await;
    assert_eq!((&gone["fulfillment_status"], &gone["allocations"]), (&json!("cancelled"), &json!([])));
}

#[tokio::test]
async fn an_order_moves_to_another_warehouse_if_there_is_one() {
    let served = Served::start(Options::default()).await;
    let order = served.create(new_order("#1001")).await;
    let go = async |warehouse: &str| {
        let data = json!({ "order_id": order["id"], "warehouse_id": warehouse });
        served.mutate("order_change_warehouse", "ChangeOrderWarehouseInput", data).await
    };
    assert_eq!(go("V2FyZWhvdXNlOjE=").await.unwrap_err()["message"], "Warehouse not found");
    let moved = go("V2FyZWhvdXNlOjc2NzM0").await.unwrap();
    assert_eq!(moved["allocations"], json!([]), "nothing is on hand there");
    assert_eq!(line(&moved, 0)["backorder_quantity"], 2);
}
