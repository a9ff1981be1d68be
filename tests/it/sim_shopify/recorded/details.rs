//! Recorded mutations of what is written on orders.

use serde_json::json;

use super::{Replay, body, capture};

#[tokio::test]
async fn an_order_is_updated_and_read_back_as_recorded() {
    let Some(recorded) = capture("2026-04/orders/orderUpdate-snapshot-staging.json") else { return };
    let mut replay = Replay::start().await;
    let steps = &recorded["operations"];
    replay.place(&steps["create"]);
    replay.again(&steps["update"]).await;
    replay.again(&steps["downstreamRead"]).await;

    let recorded = capture("2025-01/orders/order-live-hybrid-mixed-catalog.json").unwrap();
    let steps = &recorded["operations"];
    replay.place(&steps["existingCreate"]);
    let mut update = steps["existingUpdate"].clone();
    // The sale was dated back there, which is no part of the update.
    let document = update["query"].as_str().unwrap().replace("processedAt", "");
    let pointer = "/payload/data/orderUpdate/order";
    update["response"].pointer_mut(pointer).unwrap().as_object_mut().unwrap().remove("processedAt");
    replay.ask(&document, &update["variables"], body(&update), true).await;

    let recorded = capture("2026-04/orders/orderUpdate-multi-page-hydration.json").unwrap();
    replay.place(&recorded["setup"]["orderCreate"]);
    // The recording has this document only by its answer.
    let document = "mutation($input: OrderInput!) { orderUpdate(input: $input) {
        order { id note lineItems(first: 20) {
            nodes { id title quantity } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }
        userErrors { field message } } }";
    replay.ask(document, &recorded["variables"], body(&recorded["mutation"]), true).await;
    assert_eq!(replay.compared, 4);
}

#[tokio::test]
async fn what_is_no_part_of_an_order_is_refused_as_recorded() {
    let Some(recorded) = capture("2026-04/orders/orderUpdate-localization-and-staff.json") else { return };
    let replay = Replay::start().await;
    let probe = &recorded["staffMemberIdSchemaProbe"];
    let ours = replay.served.ask(probe["document"].as_str().unwrap(), probe["variables"].clone()).await;
    assert_eq!(ours["errors"][0]["message"], body(probe)["errors"][0]["message"]);
    assert_eq!(ours["errors"][0]["extensions"], body(probe)["errors"][0]["extensions"]);

    let recorded = capture("2025-01/admin-platform/admin-platform-tags-not-found.json").unwrap();
    let mut replay = replay;
    for case in recorded["cases"].as_object().unwrap().values() {
        let document = case["request"]["query"].as_str().unwrap();
        replay.ask(document, &case["request"]["variables"], body(case), true).await;
    }
    assert_eq!(replay.compared, 4);

    // One document of many mutations, of which the served ones are asked for.
    let recorded = capture("2025-01/orders/order-refund-fulfillment-usererror-no-code.json").unwrap();
    let document =
        "mutation { fulfillmentCancel(id: \"gid://shopify/Fulfillment/1\") { userErrors { code } } }";
    let ours = replay.served.ask(document, json!({})).await;
    let theirs = &body(&recorded["codeSelection"])["errors"][0];
    assert_eq!(ours["errors"][0]["message"], theirs["message"]);
    assert_eq!(ours["errors"][0]["extensions"], theirs["extensions"]);
}
