//! Fulfillments by mutation: made of several fulfillment orders, retracked, cancelled, with events.

use crossdock::simulator::shopify::order::FulfillmentOrderStatus;
use crossdock::simulator::shopify::{NewHold, NewLine, NewOrder, Options};
use serde_json::{Value, json};

use super::super::Served;
use super::{SHIP, done, fired, gid, refused, telling};

/// Two lines, of which the second leaves from the second location.
fn two_places() -> NewOrder {
    let locations = Options::default().locations;
    NewOrder {
        lines: vec![
            NewLine { quantity: 3, ..NewLine::default() },
            NewLine { title: "Magnum".to_owned(), location_id: Some(locations[1].id), ..NewLine::default() },
        ],
        ..NewOrder::default()
    }
}

fn of(served: &Served, order: i64) -> Vec<Value> {
    let order = served.shop.order(order).unwrap();
    let group = |id: i64| json!({ "fulfillmentOrderId": gid("FulfillmentOrder", id) });
    order.fulfillment_orders.iter().map(|f| group(f.id)).collect()
}

fn ship(groups: &[Value]) -> Value {
    json!({ "fulfillment": { "lineItemsByFulfillmentOrder": groups } })
}

#[tokio::test]
async fn a_fulfillment_carries_what_was_said_of_it() {
    let served = Served::start(telling()).await;
    let id = served.shop.place_order(&NewOrder::default()).unwrap();
    let document =
        "mutation($fulfillment: FulfillmentInput!) { fulfillmentCreate(fulfillment: $fulfillment) {
        fulfillment {
            name status displayStatus totalQuantity
            trackingInfo { company number url }
            originAddress { address1 city countryCode provinceCode zip }
            fulfillmentLineItems(first: 5) { nodes { quantity lineItem { sku } } }
            order { legacyResourceId displayFulfillmentStatus }
        }
        userErrors { field message }
    } }";
    let input = json!({ "fulfillment": {
        "lineItemsByFulfillmentOrder": of(&served, id),
        "notifyCustomer": true,
        "trackingInfo": { "company": "UPS", "numbers": ["1Z1", "1Z2"] },
        "originAddress": { "address1": "2 Dock Street", "city": "Napa", "countryCode": "US", "zip": "94558" },
    }});
    let payload = done(&served, document, input).await;
    let page = "https://www.ups.com/WebTracking?loc=en_US&requester=ST&trackNums=";
    let parcel =
        |number: &str| json!({ "company": "UPS", "number": number, "url": format!("{page}{number}") });
    assert_eq!(
        payload["fulfillment"],
        json!({
            "name": "#1001-F1", "status": "SUCCESS", "displayStatus": "FULFILLED", "totalQuantity": 6,
            "trackingInfo": [parcel("1Z1"), parcel("1Z2")],
            "originAddress": {
                "address1": "2 Dock Street", "city": "Napa", "countryCode": "US", "provinceCode": null, "zip": "94558",
            },
            "fulfillmentLineItems": { "nodes": [{ "quantity": 6, "lineItem": { "sku": "PN-2022-750" } }] },
            "order": { "legacyResourceId": id.to_string(), "displayFulfillmentStatus": "FULFILLED" },
        })
    );
    assert_eq!(fired(&served), ["fulfillments/create", "orders/fulfilled", "orders/updated"]);
    let rest = served.shop.rest_order(id).unwrap();
    assert_eq!(rest["fulfillments"][0]["origin_address"]["city"], "Napa");
    assert!(rest["closed_at"].is_string(), "paid and fulfilled: archived");
}

#[tokio::test]
async fn a_fulfillment_is_refused_with_the_recorded_words() {
    let served = Served::start(telling()).await;
    let id = served.shop.place_order(&two_places()).unwrap();
    let other = served.shop.place_order(&NewOrder::default()).unwrap();
    let (groups, others) = (of(&served, id), of(&served, other));
    let order = served.shop.order(id).unwrap();
    let line = gid("FulfillmentOrderLineItem", order.fulfillment_orders[0].lines[0].id);
    let with = |quantity: i64, line: &str| {
        let mut group = groups[0].clone();
        group["fulfillmentOrderLineItems"] = json!([{ "id": line, "quantity": quantity }]);
        group
    };
    let nobody = json!({ "fulfillmentOrderId": gid("FulfillmentOrder", 1) });
    let mut locations = order.fulfillment_orders.iter().map(|f| f.location_id).collect::<Vec<_>>();
    locations.sort_unstable();
    let mut ids = [id, other];
    ids.sort_unstable();
    let before = served.shop.deliveries().len();
    for (input, expected) in [
        (vec![groups[0].clone(), nobody], "Fulfillment order does not exist.".to_owned()),
        (
            vec![groups[0].clone(), others[0].clone()],
            format!(
                "All fulfillment orders must belong to the same order. Multiple orders with ids {ids:?} were found."
            ),
        ),
        (
            groups.clone(),
            format!(
                "All fulfillment orders must be assigned to a single location. Multiple locations with ids \
                 {locations:?} were found."
            ),
        ),
        (vec![with(4, &line)], "Invalid fulfillment order line item quantity requested.".to_owned()),
        (
            vec![with(1, &gid("FulfillmentOrderLineItem", 1))],
            "Fulfillment order line item does not exist.".to_owned(),
        ),
        (Vec::new(), "Fulfillment order does not exist.".to_owned()),
    ] {
        let error = refused(&served, SHIP, ship(&input)).await;
        assert_eq!(error, json!({ "field": ["fulfillment"], "message": expected }));
    }
    for quantity in [0, -1] {
        let error = refused(&served, SHIP, ship(&[others[0].clone(), with(quantity, &line)])).await;
        let field =
            ["fulfillment", "lineItemsByFulfillmentOrder", "1", "fulfillmentOrderLineItems", "0", "quantity"];
        assert_eq!(error, json!({ "field": field, "message": "Quantity must be greater than 0" }));
    }
    assert_eq!(served.shop.order(id).unwrap(), order, "nothing happened");
    assert_eq!(served.shop.deliveries().len(), before);

    let held = order.fulfillment_orders[0].id;
    served.shop.hold(id, &NewHold { fulfillment_order_id: Some(held), ..NewHold::default() }).unwrap();
    let error = refused(&served, SHIP, ship(&groups[..1])).await;
    let message = format!("Fulfillment order {held} has an unfulfillable status= on_hold.");
    assert_eq!(error["message"], message.as_str());
}

const RETRACK: &str = "mutation($id: ID!, $tracking: FulfillmentTrackingInput!, $notify: Boolean) {
    fulfillmentTrackingInfoUpdate(fulfillmentId: $id, trackingInfoInput: $tracking, notifyCustomer: $notify) {
        fulfillment { displayStatus trackingInfo { company number url } }
        userErrors { field message }
    }
}";
const CANCEL: &str = "mutation($id: ID!) { fulfillmentCancel(id: $id) {
    fulfillment { status displayStatus } userErrors { field message } } }";
const EVENT: &str =
    "mutation($event: FulfillmentEventInput!) { fulfillmentEventCreate(fulfillmentEvent: $event) {
    fulfillmentEvent { status message happenedAt city latitude } userErrors { field message } } }";

#[tokio::test]
async fn a_fulfillment_is_retracked_followed_and_taken_back() {
    let served = Served::start(telling()).await;
    let id = served.shop.place_order(&NewOrder::default()).unwrap();
    done(&served, SHIP, ship(&of(&served, id))).await;
    let made = served.shop.order(id).unwrap().fulfillments[0].clone();
    let shipment = gid("Fulfillment", made.id);

    let tracking = json!({ "number": "784", "url": "https://example.com/784", "company": "Hermes" });
    let payload = done(&served, RETRACK, json!({ "id": shipment, "tracking": tracking })).await;
    assert_eq!(payload["fulfillment"]["trackingInfo"], json!([tracking]));
    assert_eq!(fired(&served), ["fulfillments/update", "orders/updated"]);
    let cost = served.shop.requests().pop().unwrap().answer["extensions"]["cost"].clone();
    assert_eq!(cost["requestedQueryCost"], 51, "changing a tracking costs fifty");

    let event = json!({
        "fulfillmentId": shipment, "status": "IN_TRANSIT", "message": "scanned", "city": "Reno",
        "happenedAt": "2026-11-22T13:00:00Z", "latitude": 39.5,
    });
    let payload = done(&served, EVENT, json!({ "event": event })).await;
    let booked = json!({
        "status": "IN_TRANSIT", "message": "scanned", "happenedAt": "2026-11-22T13:00:00Z", "city": "Reno",
        "latitude": 39.5,
    });
    assert_eq!(payload["fulfillmentEvent"], booked);
    assert_eq!(fired(&served), ["fulfillment_events/create", "fulfillments/update", "orders/updated"]);

    let taken_back = json!({ "status": "CANCELLED", "displayStatus": "CANCELED" });
    assert_eq!(done(&served, CANCEL, json!({ "id": shipment })).await["fulfillment"], taken_back);
    assert_eq!(fired(&served), ["fulfillments/update", "orders/updated"]);
    let order = served.shop.order(id).unwrap();
    let open: Vec<_> =
        order.fulfillment_orders.iter().filter(|f| f.status == FulfillmentOrderStatus::Open).collect();
    assert_eq!((order.fulfillment_orders.len(), open.len(), open[0].remaining()), (2, 1, 6));
    let before = served.shop.deliveries().len();
    assert_eq!(done(&served, CANCEL, json!({ "id": shipment })).await["fulfillment"], taken_back);
    assert_eq!(served.shop.deliveries().len(), before, "cancelling twice is nothing");
    done(&served, EVENT, json!({ "event": { "fulfillmentId": shipment, "status": "DELIVERED" } })).await;
}

#[tokio::test]
async fn an_unknown_fulfillment_is_refused_with_the_recorded_words() {
    let served = Served::start(telling()).await;
    let order = served.shop.place_order(&NewOrder::default()).unwrap();
    for unknown in [gid("Fulfillment", 999_999_999_999_991), gid("Order", order), gid("Fulfillment", order)] {
        let error = refused(&served, RETRACK, json!({ "id": unknown, "tracking": {} })).await;
        assert_eq!(error, json!({ "field": ["fulfillmentId"], "message": "Fulfillment does not exist." }));
        let error = refused(&served, CANCEL, json!({ "id": unknown })).await;
        assert_eq!(error, json!({ "field": ["id"], "message": "Fulfillment not found." }));
        let event = json!({ "fulfillmentId": unknown, "status": "DELIVERED" });
        let error = refused(&served, EVENT, json!({ "event": event })).await;
        let field = ["fulfillmentEvent", "fulfillmentId"];
        assert_eq!(error, json!({ "field": field, "message": "Fulfillment does not exist." }));
    }
}
