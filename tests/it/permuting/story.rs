//! One order's story, performed at the simulated shop, with every webhook that it fires.

use std::time::Duration;

use axum::body::Bytes;
use crossdock::clock::Clock;
use crossdock::simulator::shopify::new_order::Payment;
use crossdock::simulator::shopify::{
    CancelOrder, EditOrder, NewFulfillment, NewLine, NewOrder, SetQuantity, Settings, Shop, Tracking,
};
use tokio_util::sync::CancellationToken;

use crate::support::dec;
use crate::support::receiver::{Received, Receiver};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    Created,
    Paid,
    Edited,
    Updated,
    Fulfilled,
    Tracked,
    FulfillmentCancelled,
    Cancelled,
}

/// Ends cancelled.
pub(super) const CANCELLED: &[Event] = &[
    Event::Created,
    Event::Paid,
    Event::Edited,
    Event::Updated,
    Event::Fulfilled,
    Event::FulfillmentCancelled,
    Event::Cancelled,
];
/// Ends with goods that are to leave.
pub(super) const RELEASED: &[Event] = CANCELLED.split_at(6).0;
/// Ends with goods that have left.
pub(super) const SHIPPED: &[Event] = CANCELLED.split_at(5).0;
/// Nothing in it asks for a reading but versions of the order that are equal.
pub(super) const UPDATED: &[Event] = &[Event::Created, Event::Paid, Event::Updated];
/// Nothing in it asks for a reading, once the order tells of its fulfilment, but versions of that which are equal.
pub(super) const TRACKED: &[Event] = &[Event::Created, Event::Fulfilled, Event::Tracked];

pub(super) struct Webhook {
    pub(super) id: String,
    pub(super) topic: String,
    pub(super) body: Bytes,
}

fn tracking(number: &str) -> Tracking {
    Tracking { company: Some("FedEx".into()), numbers: vec![number.into()], urls: Vec::new() }
}

fn happen(shop: &Shop, id: i64, event: Event) {
    let order = shop.order(id).unwrap();
    match event {
        Event::Created => {}
        Event::Paid => shop.mark_paid(id, None).unwrap(),
        Event::Edited => {
            let set = SetQuantity { line_id: order.lines[0].id, quantity: 4 };
            shop.edit_order(id, &EditOrder { set_quantity: vec![set], ..EditOrder::default() }).unwrap();
        }
        Event::Updated => {
            let mut address = order.shipping_address.unwrap();
            address.address1 = Some("7 Elm Street".into());
            shop.set_shipping_address(id, Some(address)).unwrap();
        }
        Event::Fulfilled => {
            let new = NewFulfillment { tracking: tracking("FX1"), ..NewFulfillment::default() };
            shop.fulfill(id, &new).unwrap();
        }
        Event::Tracked => shop.update_tracking(id, order.fulfillments[0].id, &tracking("FX2")).unwrap(),
        Event::FulfillmentCancelled => shop.cancel_fulfillment(id, order.fulfillments[0].id).unwrap(),
        Event::Cancelled => shop.cancel_order(id, &CancelOrder::default()).unwrap(),
    }
}

/// Performs a story, so long between two events; gives the order's id and the webhooks of each event.
pub(super) async fn perform(
    shop: &Shop,
    clock: &Clock,
    story: &[Event],
    between: Duration,
) -> (i64, Vec<Vec<Webhook>>) {
    let mut endpoint = Receiver::start(200).await;
    shop.configure_webhooks(&Settings { url: Some(endpoint.url.clone()), ..Settings::default() });
    let halt = CancellationToken::new();
    let sending = tokio::spawn({
        let (shop, halt) = (shop.clone(), halt.clone());
        async move { shop.run(halt).await }
    });
    let wines = ["PN-2022-750", "CH-2023-750"];
    let line = |sku: &str| NewLine { sku: Some(sku.into()), price: dec("40"), ..NewLine::default() };
    let new = NewOrder { lines: wines.map(line).to_vec(), payment: Payment::Pending, ..NewOrder::default() };
    let mut fired = Vec::new();
    let mut id = 0;
    for event in story {
        if *event == Event::Created {
            id = shop.place_order(&new).unwrap();
        } else {
            happen(shop, id, *event);
        }
        shop.settled().await;
        let webhook = |received: Received| Webhook {
            id: received.header("x-shopify-webhook-id").to_owned(),
            topic: received.header("x-shopify-topic").to_owned(),
            body: received.body,
        };
        let mut webhooks: Vec<Webhook> = endpoint.taken().into_iter().map(webhook).collect();
        // They come several at once; the order in which they did is no part of the story.
        webhooks.sort_by(|a, b| (&a.topic, &a.body).cmp(&(&b.topic, &b.body)));
        fired.push(webhooks);
        clock.advance(between);
    }
    halt.cancel();
    sending.await.unwrap();
    (id, fired)
}
