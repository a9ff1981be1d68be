//! Bodies that name a part of an order and not the order: those of fulfilment orders and of their holds.
//!
//! Of a body only the fulfilment order is read. What became of it is never taken from here, for the bodies carry no version;
//! the order is read instead. Where a body names several they are of one order, and any of them tells which.

use serde::{Deserialize, Deserializer};

use crate::domain::RemoteId;

/// What is before the number in the global id of a fulfilment order.
const KIND: &str = "gid://shopify/FulfillmentOrder/";

/// The id of a fulfilment order: a global id, or the number alone.
#[derive(Debug)]
struct Id(RemoteId);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "expected the id of a fulfillment order")]
        enum Form {
            Integer(i64),
            Text(String),
        }
        let number = match Form::deserialize(deserializer)? {
            Form::Integer(id) => Some(id),
            Form::Text(id) => id.strip_prefix(KIND).unwrap_or(&id).parse().ok(),
        };
        number
            .map(|id| Self(id.into()))
            .ok_or_else(|| serde::de::Error::custom("expected the id of a fulfillment order"))
    }
}

#[derive(Debug, Deserialize)]
struct Named {
    id: Id,
}

#[derive(Debug, Deserialize)]
struct Merged {
    fulfillment_order: Option<Named>,
}

/// A body of `fulfillment_orders/*` or `fulfillment_holds/*`.
#[derive(Debug, Deserialize)]
pub(super) struct WirePart {
    fulfillment_order: Option<Named>,
    /// Of one that was moved, or submitted to a service.
    original_fulfillment_order: Option<Named>,
    /// Of some that were merged.
    fulfillment_order_merges: Option<Merged>,
    /// Of a body that was cut to its id.
    id: Option<Id>,
}

impl WirePart {
    /// The fulfilment order it is about.
    pub(super) fn part(self) -> Option<RemoteId> {
        let merged = self.fulfillment_order_merges.and_then(|merged| merged.fulfillment_order);
        let named = self.fulfillment_order.or(self.original_fulfillment_order).or(merged);
        named.map(|named| named.id).or(self.id).map(|id| id.0)
    }
}

/// Whether a topic is about a fulfilment order.
pub(super) fn is_about_part(topic: &str) -> bool {
    topic.starts_with("fulfillment_orders/") || topic.starts_with("fulfillment_holds/")
}

/// Whether such a topic may stop goods.
pub(super) fn may_stop_goods(topic: &str) -> bool {
    matches!(
        topic,
        "fulfillment_orders/placed_on_hold" | "fulfillment_orders/cancelled" | "fulfillment_holds/added"
    )
}
