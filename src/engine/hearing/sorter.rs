//! Sorts stored deliveries to their orders: finds which order each is about and makes it due.
//!
//! It goes by state and never by an id watermark, for ids are not commit order. It keeps no facts: the pass that works on
//! the order reads the delivery again. What cannot be understood becomes an exception and holds up nothing else.

use super::super::Engine;
use crate::connectors::{Delivery, Heard, Registry};
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::{OrderRef, RemoteId};
use crate::store::{DeliveryState, Sorted, SortedInto, StoreError, StoredDelivery};

impl Engine {
    /// Where one delivery belongs.
    pub(in super::super) async fn sort(&self, delivery: &StoredDelivery) -> Result<Sorted, StoreError> {
        let into = match hear(&self.registry, delivery) {
            Err(reason) => SortedInto::Exception(reason),
            Ok(Heard::Nothing(why)) => SortedInto::Nothing(DeliveryState::NoChange, why),
            // The same words again, about something that carries its own version, are no news. A bare hint can be: two
            // changes may look alike.
            Ok(Heard::Facts { versioned: true, .. }) if delivery.duplicate_of.is_some() => {
                let original = delivery.duplicate_of.unwrap_or_default();
                SortedInto::Nothing(DeliveryState::Duplicate, format!("repeats delivery {original}"))
            }
            // Which order it is may be known, or has to be asked for; the sorter does not wait for that.
            Ok(Heard::Part { part, urgent }) => SortedInto::Part { part, urgent },
            Ok(Heard::Facts { order, urgent, .. }) => SortedInto::Order {
                order: OrderRef { connection: delivery.connection.clone(), id: order },
                urgent,
            },
            Ok(Heard::Copy { order, urgent }) => match self.channel_of(&delivery.connection, &order).await? {
                Some(order) => SortedInto::Order { order, urgent },
                None => {
                    let why = "no order of a shop that we know; the shop's own webhooks tell of it";
                    SortedInto::Nothing(DeliveryState::NoChange, why.to_owned())
                }
            },
        };
        Ok(Sorted {
            id: delivery.id,
            connection: delivery.connection.clone(),
            duplicate_of: delivery.duplicate_of,
            into,
        })
    }

    /// The order with this id at one of the channels that send to a destination, if we know it.
    pub(in super::super) async fn channel_of(
        &self,
        destination: &str,
        order: &RemoteId,
    ) -> Result<Option<OrderRef>, StoreError> {
        for route in self.routes.iter().filter(|route| route.to == destination) {
            let order = OrderRef { connection: route.from.clone(), id: order.clone() };
            if self.store.knows(&order).await? {
                return Ok(Some(order));
            }
        }
        Ok(None)
    }
}

/// What a delivery says, in its connector's reading.
pub(in super::super) fn hear(registry: &Registry, delivery: &StoredDelivery) -> Result<Heard, Reason> {
    let webhooks = registry.get(&delivery.connection).and_then(|connected| connected.webhooks.as_ref());
    let Some(webhooks) = webhooks else {
        return Err(Reason::new(
            ReasonCode::UnreadableDelivery,
            format!("the connection «{}» is not configured any more", delivery.connection),
            "configure the connection again, then replay the delivery",
        ));
    };
    webhooks.read(Delivery { topic: &delivery.topic, headers: &delivery.headers, body: &delivery.body })
}
