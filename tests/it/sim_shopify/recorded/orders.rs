//! Recorded mutations of fulfillment orders: holds, splits, moves, and fulfilling several at once.

use crossdock::simulator::shopify::{CancelOrder, Options};
use serde_json::json;

use super::{Replay, body, capture};

/// The ids of the shop's first two locations.
fn locations() -> [String; 2] {
    let locations = Options::default().locations;
    [0, 1].map(|at| format!("gid://shopify/Location/{}", locations[at].id))
}

#[tokio::test]
async fn holds_are_placed_refused_and_released_as_recorded() {
    let path = "2026-04/shipping-fulfillments/fulfillment-order-hold-validation.json";
    let Some(recorded) = capture(path) else { return };
    let mut replay = Replay::start().await;
    replay.place(&recorded["setup"]["create"]);
    let steps = &recorded["workflows"]["validation"];
    for step in ["firstHold", "duplicateHandle", "notSplittable", "secondHold"] {
        replay.again(&steps[step]).await;
    }
    for step in steps["additionalHolds"].as_array().unwrap() {
        replay.again(step).await;
    }
    for step in ["limitReached", "zeroQuantity", "duplicateLineItems"] {
        replay.again(&steps[step]).await;
    }
    replay.again(&recorded["cleanup"]["releaseHold"]).await;

    let path = "2026-04/shipping-fulfillments/fulfillment-order-release-hold-selective.json";
    let recorded = capture(path).unwrap();
    replay.place(&recorded["setup"]["create"]);
    for step in ["firstHold", "secondHold", "releaseFirstHold", "afterReleaseRead"] {
        replay.again(&recorded["workflows"]["selectiveRelease"][step]).await;
    }
    replay.again(&recorded["cleanup"]["releaseRemainingHold"]).await;
    assert_eq!(replay.compared, 21);
}

#[tokio::test]
async fn splits_are_done_whole_or_not_at_all_as_recorded() {
    let path = "2026-04/shipping-fulfillments/fulfillment-order-split-multi.json";
    let Some(recorded) = capture(path) else { return };
    let mut replay = Replay::start().await;
    let steps = &recorded["captures"];
    replay.place(&steps["orderACreate"]);
    replay.place(&steps["orderBCreate"]);
    for step in ["emptyLineItems", "zeroQuantity", "unknownFulfillmentOrder", "multiSplit"] {
        replay.again(&steps[step]).await;
    }

    let path = "2026-04/shipping-fulfillments/fulfillment-order-batch-atomicity.json";
    let recorded = capture(path).unwrap();
    for created in ["firstCreate", "secondCreate"] {
        replay.place(&recorded["split"][created]);
        replay.place(&recorded["merge"][created]);
    }
    for step in ["before", "failure", "after"] {
        replay.again(&recorded["split"][step]).await;
    }
    for step in ["firstSetupSplit", "secondSetupSplit"] {
        replay.again(&recorded["merge"][step]).await;
    }
    assert_eq!(replay.compared, 9);
}

#[tokio::test]
async fn fulfillment_orders_are_moved_as_recorded() {
    let path = "2026-04/shipping-fulfillments/fulfillment-order-move-validation.json";
    let Some(recorded) = capture(path) else { return };
    let mut replay = Replay::start().await;
    let id = replay.place(&recorded["closed"]["create"]);
    replay.place(&recorded["happyPath"]["create"]);
    replay.place(&recorded["unknownLocation"]["create"]);
    // Theirs were placed at the second location.
    let target = recorded["happyPath"]["move"]["variables"]["newLocationId"].as_str().unwrap().to_owned();
    replay.ours.insert(target, locations()[1].clone());
    replay.served.shop.cancel_order(id, &CancelOrder::default()).unwrap();
    replay.again(&recorded["closed"]["moveAfterClose"]).await;
    replay.again(&recorded["happyPath"]["move"]).await;
    replay.again(&recorded["unknownLocation"]["move"]).await;

    let path = "2026-04/shipping-fulfillments/fulfillment-order-mixed-catalog-lifecycle.json";
    let recorded = capture(path).unwrap();
    let steps = &recorded["operations"];
    let target = steps["move"]["variables"]["newLocationId"].as_str().unwrap().to_owned();
    replay.ours.insert(target, locations()[1].clone());
    for (step, pointer, quantity) in [
        ("hold", "/fulfillmentOrder", 1),
        ("move", "/movedFulfillmentOrder", 1),
        ("split", "/fulfillmentOrderSplits/0/fulfillmentOrder", 3),
    ] {
        let payload = body(&steps[step])["data"].as_object().unwrap().values().next().unwrap();
        let wanted = payload.pointer(pointer).unwrap();
        let title = &wanted["lineItems"]["nodes"][0]["lineItem"]["title"];
        let created = json!({
            "variables": { "order": { "lineItems": [{ "title": title, "quantity": quantity }] } },
            "response": { "data": { "orderCreate": { "order": {
                "id": wanted["order"]["id"],
                "fulfillmentOrders": { "nodes": [{ "id": wanted["id"], "lineItems": wanted["lineItems"] }] },
            }}}},
        });
        replay.place(&created);
        replay.again(&steps[step]).await;
    }
    assert_eq!(replay.compared, 6);
}

#[tokio::test]
async fn several_fulfillment_orders_are_fulfilled_at_once_as_recorded() {
    let Some(recorded) = capture("2026-04/orders/fulfillment-create-multi-group.json") else { return };
    // The recording has the document of these requests only by name.
    let document = "mutation($fulfillment: FulfillmentInput!, $message: String) {
        fulfillmentCreate(fulfillment: $fulfillment, message: $message) {
            fulfillment {
                id status displayStatus trackingInfo { number url company }
                fulfillmentLineItems(first: 5) { nodes { id quantity lineItem { id title } } }
            }
            userErrors { field message }
        }
    }";
    let mut replay = Replay::start().await;
    for created in recorded["setup"]["orders"].as_object().unwrap().values() {
        replay.place(created);
    }
    let target =
        recorded["setup"]["differentLocation"]["move"]["variables"]["newLocationId"].as_str().unwrap();
    replay.ours.insert(target.to_owned(), locations()[1].clone());
    for (name, steps) in [("differentLocation", ["move", "read"]), ("valid", ["split", "read"])] {
        for step in steps {
            replay.again(&recorded["setup"][name][step]).await;
        }
    }
    for case in recorded["cases"].as_object().unwrap().values() {
        replay.ask(document, &case["variables"], body(case), true).await;
    }
    replay.again(&recorded["cases"]["validMultiGroup"]["downstreamRead"]).await;
    assert_eq!(replay.compared, 15);
}

#[tokio::test]
async fn what_mutations_made_is_read_by_its_id_as_recorded() {
    let path = "2026-04/admin-platform/fulfillment-return-node-read-after-write.json";
    let Some(recorded) = capture(path) else { return };
    let mut replay = Replay::start().await;
    let steps = &recorded["setup"];
    replay.place(&steps["orderCreate"]);
    for step in [
        "fulfillmentOrderHold",
        "fulfillmentOrderReleaseHold",
        "fulfillmentCreate",
        "fulfillmentEventCreate",
        "fulfillmentTrackingUpdate",
    ] {
        replay.again(&steps[step]).await;
    }
    for read in ["releasedHoldNodeRead", "fulfillmentNodeRead"] {
        replay.again(&recorded["nodeReads"][read]).await;
    }
    assert_eq!(replay.compared, 7);
}
