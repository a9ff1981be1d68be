//! What the shop holds, and the one way to change it.
//!
//! A change works on a copy of one order and replaces it only when everything succeeded, so that an action either
//! happens whole, with its webhooks, or not at all. Webhook bodies are written at that moment: a retry hours later
//! still carries what was true then.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::order::{Line, Order};
use super::profile::{Profile, whole_second};
use super::rest;

/// Why an action was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is no such thing.
    #[error("{0} does not exist")]
    NotFound(String),
    /// It is not possible as things are.
    #[error("{0}")]
    Invalid(String),
    /// The same, with the code the API has for it.
    #[error("{1}")]
    Coded(&'static str, String),
}

impl Refused {
    pub(super) fn invalid(reason: impl Into<String>) -> Self {
        Self::Invalid(reason.into())
    }

    pub(super) fn coded(code: &'static str, reason: impl Into<String>) -> Self {
        Self::Coded(code, reason.into())
    }

    /// The API's code, if it has one.
    pub(super) const fn code(&self) -> Option<&'static str> {
        match self {
            Self::Coded(code, _) => Some(code),
            Self::NotFound(_) | Self::Invalid(_) => None,
        }
    }

    pub(super) fn missing(what: &str, id: i64) -> Self {
        Self::NotFound(format!("{what} {id}"))
    }
}

/// Gives out ids: unique over the whole shop, some beyond 2^53, the same for the same seed.
#[derive(Debug)]
pub(super) struct Ids {
    given: i64,
    offset: i64,
}

impl Ids {
    /// A prime, so that low digits vary and rounding to a double shows.
    const STEP: i64 = 32_771;

    pub(super) fn new(seed: u64) -> Self {
        Self { given: 0, offset: i64::try_from(seed % 1_000_003).unwrap_or(0) * 97 }
    }

    pub(super) fn next(&mut self) -> i64 {
        let base = if self.given % 2 == 0 { 820_982_911_946_154_508 } else { 8_710_681_985_330 };
        let id = base + self.offset + self.given * Self::STEP;
        self.given += 1;
        id
    }
}

/// An id that follows from a text: the same product has the same id on every order.
pub(super) fn stable_id(kind: &str, text: &str) -> i64 {
    let hash =
        kind.bytes().chain([0]).chain(text.bytes()).fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
        });
    i64::try_from(hash % 1_000_000_000_000).unwrap_or(0) + 7_000_000_000_000
}

/// What an action tells the world, before it is written as a webhook body.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Event {
    /// This topic, with the order as its body.
    Order(&'static str),
    /// This topic, with this fulfillment as its body.
    Fulfillment(&'static str, i64),
    /// `refunds/create` of this refund.
    Refund(i64),
    /// `order_transactions/create` of this transaction.
    Transaction(i64),
    /// `fulfillment_events/create` of this fulfillment's event.
    Shipment(i64, i64),
    /// This topic, with this body.
    Plain(&'static str, Value),
}

/// A webhook to be sent.
#[derive(Clone, Debug)]
pub(super) struct Outgoing {
    pub(super) topic: &'static str,
    pub(super) order_id: i64,
    pub(super) body: Bytes,
}

/// One change of one order while it is being made.
pub(super) struct Change<'a> {
    pub(super) order: &'a mut Order,
    pub(super) profile: &'a Profile,
    pub(super) ids: &'a mut Ids,
    /// The present, in whole seconds and not before the order's last change.
    pub(super) now: Timestamp,
    pub(super) events: Vec<Event>,
}

impl Change<'_> {
    pub(super) fn tell(&mut self, event: Event) {
        self.events.push(event);
    }
}

/// What the shop holds.
pub(super) struct State {
    pub(super) profile: Arc<Profile>,
    pub(super) orders: BTreeMap<i64, Order>,
    /// Orders by their last change, for sweeps.
    pub(super) by_update: BTreeSet<(Timestamp, i64)>,
    /// The order that a fulfillment, line, refund, … belongs to.
    pub(super) owners: HashMap<i64, i64>,
    pub(super) ids: Ids,
    /// The next order's running number.
    pub(super) next_number: u32,
    /// What its inventory items tell the customs, by SKU.
    pub(super) origins: BTreeMap<String, Origin>,
}

/// What an inventory item tells the customs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Origin {
    /// Its code: a number between 6 and 13 digits.
    pub harmonized_system_code: Option<String>,
    /// ISO code of the country it was made in.
    pub country_code_of_origin: Option<String>,
}

impl State {
    pub(super) fn new(profile: Arc<Profile>, seed: u64) -> Self {
        Self {
            profile,
            orders: BTreeMap::new(),
            by_update: BTreeSet::new(),
            owners: HashMap::new(),
            ids: Ids::new(seed),
            next_number: 1,
            origins: BTreeMap::new(),
        }
    }

    /// What the inventory item behind a line tells the customs.
    pub(super) fn origin(&self, line: &Line) -> Option<&Origin> {
        self.origins.get(line.sku.as_deref()?)
    }

    /// The order that has the thing with this id, or is it.
    pub(super) fn owner(&self, id: i64) -> Option<&Order> {
        self.orders.get(&id).or_else(|| self.owners.get(&id).and_then(|owner| self.orders.get(owner)))
    }

    /// Takes in a new order and writes its webhooks.
    pub(super) fn insert(&mut self, order: Order, events: &[Event]) -> Vec<Outgoing> {
        let outgoing = write(&self.profile, &order, events);
        self.store(order);
        outgoing
    }

    /// Changes one order: all of `work` or, if it refuses, none.
    pub(super) fn change<R>(
        &mut self,
        id: i64,
        now: Timestamp,
        work: impl FnOnce(&mut Change<'_>) -> Result<R, Refused>,
    ) -> Result<(R, Vec<Outgoing>), Refused> {
        let old = self.orders.get(&id).ok_or_else(|| Refused::missing("Order", id))?;
        let mut order = old.clone();
        let now = whole_second(now).max(order.updated_at);
        let profile = Arc::clone(&self.profile);
        let mut change =
            Change { order: &mut order, profile: &profile, ids: &mut self.ids, now, events: Vec::new() };
        let result = work(&mut change)?;
        let events = change.events;
        if events.iter().any(|event| matches!(event, Event::Order(_))) {
            order.updated_at = now;
        }
        let outgoing = write(&profile, &order, &events);
        self.store(order);
        Ok((result, outgoing))
    }

    /// Removes an order altogether.
    pub(super) fn remove(&mut self, id: i64) -> Result<Vec<Outgoing>, Refused> {
        let order = self.orders.remove(&id).ok_or_else(|| Refused::missing("Order", id))?;
        self.by_update.remove(&(order.updated_at, id));
        self.owners.retain(|_, owner| *owner != id);
        Ok(write(&self.profile, &order, &[Event::Plain("orders/delete", serde_json::json!({ "id": id }))]))
    }

    /// Puts an order back as it was before changes that are given up.
    pub(super) fn restore(&mut self, order: Order) {
        self.store(order);
    }

    fn store(&mut self, order: Order) {
        let id = order.id;
        for child in children(&order) {
            self.owners.insert(child, id);
        }
        self.by_update.insert((order.updated_at, id));
        if let Some(old) = self.orders.insert(id, order)
            && self.orders.get(&id).is_some_and(|new| new.updated_at != old.updated_at)
        {
            self.by_update.remove(&(old.updated_at, id));
        }
    }
}

fn children(order: &Order) -> impl Iterator<Item = i64> {
    let lines = order.lines.iter().map(|line| line.id);
    let transactions = order.transactions.iter().map(|transaction| transaction.id);
    let refunds = order.refunds.iter().map(|refund| refund.id);
    let fulfillments = order.fulfillments.iter().flat_map(|f| {
        std::iter::once(f.id).chain(f.lines.iter().map(|l| l.id)).chain(f.events.iter().map(|e| e.id))
    });
    let wanted = order.fulfillment_orders.iter().flat_map(|f| {
        std::iter::once(f.id).chain(f.lines.iter().map(|l| l.id)).chain(f.holds.iter().map(|h| h.id))
    });
    let metafields = order.metafields.iter().map(|metafield| metafield.id);
    lines.chain(metafields).chain(transactions).chain(refunds).chain(fulfillments).chain(wanted)
}

/// Writes webhook bodies; one body serves all topics that carry the order.
fn write(profile: &Profile, order: &Order, events: &[Event]) -> Vec<Outgoing> {
    let mut whole: Option<Bytes> = None;
    events
        .iter()
        .filter_map(|event| {
            let (topic, body) = match event {
                Event::Order(topic) => {
                    let body = whole.get_or_insert_with(|| rest::wire(&rest::order(profile, order))).clone();
                    (*topic, body)
                }
                Event::Fulfillment(topic, id) => {
                    let fulfillment = order.fulfillments.iter().find(|f| f.id == *id)?;
                    (*topic, rest::wire(&rest::fulfillment_body(profile, order, fulfillment)))
                }
                Event::Refund(id) => {
                    let refund = order.refunds.iter().find(|r| r.id == *id)?;
                    ("refunds/create", rest::wire(&rest::refund_body(profile, order, refund)))
                }
                Event::Transaction(id) => {
                    let transaction = order.transaction(*id)?;
                    (
                        "order_transactions/create",
                        rest::wire(&rest::transaction_body(profile, order, transaction)),
                    )
                }
                Event::Shipment(fulfillment, id) => {
                    let fulfillment = order.fulfillments.iter().find(|f| f.id == *fulfillment)?;
                    let event = fulfillment.events.iter().find(|e| e.id == *id)?;
                    (
                        "fulfillment_events/create",
                        rest::wire(&rest::shipment_body(profile, order, fulfillment, event)),
                    )
                }
                Event::Plain(topic, body) => (*topic, rest::wire(body)),
            };
            Some(Outgoing { topic, order_id: order.id, body })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_some_exceed_a_double() {
        let mut ids = Ids::new(7);
        let given: BTreeSet<i64> = (0..10_000).map(|_| ids.next()).collect();
        assert_eq!(given.len(), 10_000);
        assert!(given.iter().any(|id| *id > 1 << 53) && given.iter().any(|id| *id < 1 << 53));
        assert_eq!(Ids::new(7).next(), *given.iter().find(|id| **id > 1 << 53).unwrap());
    }
}
