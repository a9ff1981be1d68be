//! Fulfillment orders by mutation: held, released, split, moved.

use crossdock::simulator::shopify::order::FulfillmentOrder;
use crossdock::simulator::shopify::order::FulfillmentOrderStatus::{Closed, Open};
use crossdock::simulator::shopify::{NewHold, NewOrder, Options};
use serde_json::{Value, json};

use super::super::Served;
use super::{SHIP, done, fired, gid, refused, telling};

const HOLD: &str = "mutation($id: ID!, $hold: FulfillmentOrderHoldInput!) {
    fulfillmentOrderHold(id: $id, fulfillmentHold: $hold) {
        fulfillmentHold { id handle reason reasonNotes heldByRequestingApp }
        fulfillmentOrder { id status lineItems(first: 5) { nodes { remainingQuantity } } }
        remainingFulfillmentOrder { id status lineItems(first: 5) { nodes { remainingQuantity } } }
        userErrors { field message code }
    }
}";
const RELEASE: &str = "mutation($id: ID!, $holdIds: [ID!]) {
    fulfillmentOrderReleaseHold(id: $id, holdIds: $holdIds, externalId: \"robot\") {
        fulfillmentOrder { status fulfillmentHolds { handle } }
        userErrors { field message code }
    }
}";
const SPLIT: &str = "mutation($splits: [FulfillmentOrderSplitInput!]!) {
    fulfillmentOrderSplit(fulfillmentOrderSplits: $splits) {
        fulfillmentOrderSplits {
            fulfillmentOrder { id lineItems(first: 5) { nodes { totalQuantity } } }
            remainingFulfillmentOrder { id lineItems(first: 5) { nodes { totalQuantity } } }
            replacementFulfillmentOrder { id }
        }
        userErrors { field message code }
    }
}";
const MOVE: &str = "mutation($id: ID!, $to: ID!, $lines: [FulfillmentOrderLineItemInput!]) {
    fulfillmentOrderMove(id: $id, newLocationId: $to, fulfillmentOrderLineItems: $lines) {
        movedFulfillmentOrder { id assignedLocation { location { legacyResourceId } } }
        originalFulfillmentOrder { id status }
        remainingFulfillmentOrder { id }
        userErrors { field message code }
    }
}";

fn place(served: &Served) -> (i64, FulfillmentOrder) {
    let id = served.shop.place_order(&NewOrder::default()).unwrap();
    (id, served.shop.order(id).unwrap().fulfillment_orders[0].clone())
}

fn units(of: &FulfillmentOrder, quantity: i64) -> Value {
    json!([{ "id": gid("FulfillmentOrderLineItem", of.lines[0].id), "quantity": quantity }])
}

#[tokio::test]
async fn a_partial_hold_splits_and_a_release_opens_again() {
    let served = Served::start(telling()).await;
    let (id, wanted) = place(&served);
    let wanted_gid = gid("FulfillmentOrder", wanted.id);
    let hold = json!({
        "reason": "INCORRECT_ADDRESS", "reasonNotes": "no such street", "handle": "address", "externalId": "robot-7",
        "notifyMerchant": true, "fulfillmentOrderLineItems": units(&wanted, 2),
    });
    let payload = done(&served, HOLD, json!({ "id": wanted_gid, "hold": hold })).await;
    let other = served.shop.order(id).unwrap().fulfillment_orders[1].clone();
    let nodes = |quantity: u32| json!({ "nodes": [{ "remainingQuantity": quantity }] });
    assert_eq!(
        payload["fulfillmentOrder"],
        json!({ "id": wanted_gid, "status": "ON_HOLD", "lineItems": nodes(2) })
    );
    assert_eq!(
        payload["remainingFulfillmentOrder"],
        json!({ "id": gid("FulfillmentOrder", other.id), "status": "OPEN", "lineItems": nodes(4) })
    );
    let placed = &payload["fulfillmentHold"];
    assert_eq!(placed["handle"], "address");
    assert_eq!(placed["heldByRequestingApp"], true);
    assert_eq!(
        fired(&served),
        [
            "fulfillment_holds/added",
            "fulfillment_orders/placed_on_hold",
            "fulfillment_orders/split",
            "orders/updated"
        ]
    );
    // Without a handle it is an empty one, and only one hold of an app has that.
    let bare = json!({ "reason": "OTHER" });
    let payload = done(&served, HOLD, json!({ "id": wanted_gid, "hold": bare })).await;
    assert_eq!(payload["fulfillmentHold"]["handle"], "");
    assert_eq!(payload["remainingFulfillmentOrder"], Value::Null);
    let error = refused(&served, HOLD, json!({ "id": wanted_gid, "hold": bare })).await;
    assert_eq!(error["code"], "DUPLICATE_FULFILLMENT_HOLD_HANDLE");
    // A merchant's hold counts for itself.
    let merchants = NewHold { fulfillment_order_id: Some(wanted.id), ..NewHold::default() };
    served.shop.hold(id, &merchants).unwrap();

    let one = json!({ "id": wanted_gid, "holdIds": [placed["id"]] });
    let payload = done(&served, RELEASE, one.clone()).await;
    let left = json!({ "status": "ON_HOLD", "fulfillmentHolds": [{ "handle": "" }, { "handle": null }] });
    assert_eq!(payload["fulfillmentOrder"], left);
    let error = refused(&served, RELEASE, one).await;
    assert_eq!(error["field"], json!(["id"]));
    let payload = done(&served, RELEASE, json!({ "id": wanted_gid })).await;
    assert_eq!(payload["fulfillmentOrder"], json!({ "status": "OPEN", "fulfillmentHolds": [] }));
    let released = "fulfillment_holds/released";
    assert_eq!(fired(&served), [released, released, "fulfillment_orders/hold_released", "orders/updated"]);
}

#[tokio::test]
async fn a_hold_is_refused_with_the_recorded_words() {
    let served = Served::start(telling()).await;
    let (id, wanted) = place(&served);
    let hold = |more: Value| {
        let mut hold = json!({ "reason": "OTHER" });
        hold.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "id": gid("FulfillmentOrder", wanted.id), "hold": hold })
    };
    let lines = ["fulfillmentHold", "fulfillmentOrderLineItems"];
    let twice = [units(&wanted, 1)[0].clone(), units(&wanted, 1)[0].clone()];
    for (input, field, code) in [
        (
            hold(json!({ "fulfillmentOrderLineItems": units(&wanted, 0) })),
            json!([lines[0], lines[1], "0", "quantity"]),
            json!("GREATER_THAN_ZERO"),
        ),
        (
            hold(json!({ "fulfillmentOrderLineItems": twice })),
            json!(lines),
            json!("DUPLICATED_FULFILLMENT_ORDER_LINE_ITEMS"),
        ),
        (
            hold(json!({ "fulfillmentOrderLineItems": units(&wanted, 7) })),
            json!(lines),
            json!("INVALID_LINE_ITEM_QUANTITY"),
        ),
        (hold(json!({ "handle": "x".repeat(65) })), json!(["fulfillmentHold", "handle"]), Value::Null),
        (
            json!({ "id": gid("FulfillmentOrder", 1), "hold": { "reason": "OTHER" } }),
            json!(["id"]),
            json!("FULFILLMENT_ORDER_NOT_FOUND"),
        ),
    ] {
        let error = refused(&served, HOLD, input).await;
        assert_eq!((&error["field"], &error["code"]), (&field, &code), "{error}");
    }
    assert_eq!(
        served.shop.order(id).unwrap().fulfillment_orders,
        std::slice::from_ref(&wanted),
        "nothing happened"
    );
    for handle in 0..10 {
        done(&served, HOLD, hold(json!({ "handle": handle.to_string() }))).await;
    }
    let error = refused(&served, HOLD, hold(json!({ "handle": "eleventh" }))).await;
    assert_eq!(error["code"], "FULFILLMENT_ORDER_HOLD_LIMIT_REACHED");
    let error = refused(&served, RELEASE, json!({ "id": gid("FulfillmentOrder", 1) })).await;
    assert_eq!(error["code"], "FULFILLMENT_ORDER_NOT_FOUND");
    let split = json!([{
        "fulfillmentOrderId": gid("FulfillmentOrder", wanted.id),
        "fulfillmentOrderLineItems": units(&wanted, 1),
    }]);
    let error = refused(&served, SPLIT, json!({ "splits": split })).await;
    assert_eq!(error["message"], "The fulfillment order is not in a splittable state.");
}

#[tokio::test]
async fn a_split_takes_its_units_into_a_new_fulfillment_order() {
    let served = Served::start(telling()).await;
    let (id, first) = place(&served);
    let (other, second) = place(&served);
    let split = |of: &FulfillmentOrder, quantity: i64| {
        json!({
            "fulfillmentOrderId": gid("FulfillmentOrder", of.id),
            "fulfillmentOrderLineItems": units(of, quantity),
        })
    };
    let before = served.shop.deliveries().len();
    for wrong in [
        json!([split(&first, 1), split(&second, 7)]),
        json!([split(&first, 6)]),
        json!([split(&first, 1), { "fulfillmentOrderId": gid("FulfillmentOrder", 1),
            "fulfillmentOrderLineItems": units(&first, 1) }]),
    ] {
        refused(&served, SPLIT, json!({ "splits": wrong })).await;
    }
    assert_eq!(
        served.shop.order(id).unwrap().fulfillment_orders,
        std::slice::from_ref(&first),
        "all or none"
    );
    assert_eq!(served.shop.deliveries().len(), before);

    let splits = json!([split(&first, 2), split(&second, 5)]);
    let payload = done(&served, SPLIT, json!({ "splits": splits })).await;
    let results = payload["fulfillmentOrderSplits"].as_array().unwrap();
    for (result, (order, original, quantities)) in
        results.iter().zip([(id, &first, [4, 2]), (other, &second, [1, 5])])
    {
        let new = served.shop.order(order).unwrap().fulfillment_orders[1].id;
        let holding = |id: i64, quantity: u32| {
            let nodes = [json!({ "totalQuantity": quantity })];
            json!({ "id": gid("FulfillmentOrder", id), "lineItems": { "nodes": nodes } })
        };
        assert_eq!(result["fulfillmentOrder"], holding(original.id, quantities[0]));
        assert_eq!(result["remainingFulfillmentOrder"], holding(new, quantities[1]));
        assert_eq!(result["replacementFulfillmentOrder"], Value::Null);
    }
    let split = "fulfillment_orders/split";
    assert_eq!(fired(&served), [split, split, "orders/updated", "orders/updated"]);
}

#[tokio::test]
async fn a_move_changes_the_location_of_what_is_left() {
    let served = Served::start(telling()).await;
    let (id, wanted) = place(&served);
    let (here, there) = (wanted.location_id, Options::default().locations[1].id);
    let input = |to: i64, lines: Value| json!({ "id": gid("FulfillmentOrder", wanted.id), "to": gid("Location", to), "lines": lines });
    let error = refused(&served, MOVE, input(7, Value::Null)).await;
    assert_eq!(error, json!({ "field": ["id"], "message": "Location not found.", "code": null }));

    let payload = done(&served, MOVE, input(there, units(&wanted, 2))).await;
    let order = served.shop.order(id).unwrap();
    let moved = &order.fulfillment_orders[1];
    assert_eq!((moved.location_id, moved.remaining()), (there, 2));
    assert_eq!((order.fulfillment_orders[0].location_id, order.fulfillment_orders[0].remaining()), (here, 4));
    assert_eq!(payload["movedFulfillmentOrder"]["id"], gid("FulfillmentOrder", moved.id));
    assert_eq!(payload["remainingFulfillmentOrder"]["id"], gid("FulfillmentOrder", wanted.id));
    assert_eq!(fired(&served), ["fulfillment_orders/moved", "orders/updated"]);

    // What is fulfilled stays, and the rest goes in a fulfillment order of its own.
    let part = json!({ "fulfillment": { "lineItemsByFulfillmentOrder": [{
        "fulfillmentOrderId": gid("FulfillmentOrder", wanted.id),
        "fulfillmentOrderLineItems": units(&wanted, 1),
    }]}});
    done(&served, SHIP, part).await;
    let payload = done(&served, MOVE, input(there, Value::Null)).await;
    assert_eq!(payload["originalFulfillmentOrder"]["status"], "CLOSED");
    let order = served.shop.order(id).unwrap();
    let left: Vec<_> = order.fulfillment_orders.iter().map(|f| (f.status, f.remaining())).collect();
    assert_eq!(left, [(Closed, 0), (Open, 2), (Open, 3)]);
    let error = refused(&served, MOVE, input(here, Value::Null)).await;
    assert_eq!(error, json!({ "field": null, "message": "Cannot change location.", "code": null }));
}
