//! All the account holds, and the one way to change it.
//!
//! A change works on a copy of the order and is kept only if it succeeds, so that a refusal halfway leaves no trace.
//! When it is kept, stock is allocated anew and the webhooks that follow from it are written, in the order of the
//! changes.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use super::options::Options;
use super::order::{Note, Order};
use super::refused::Refused;
use super::shipment::Shipment;
use super::stock::Product;
use super::webhook::{Event, Registration};

/// Everything, but for tokens and credits.
pub(super) struct State {
    pub(super) options: Arc<Options>,
    pub(super) orders: BTreeMap<i64, Order>,
    pub(super) shipments: BTreeMap<i64, Shipment>,
    pub(super) products: BTreeMap<String, Product>,
    pub(super) registrations: Vec<Registration>,
    /// What happened, oldest first.
    pub(super) log: VecDeque<Happening>,
    /// How many things happened, those that are forgotten too.
    pub(super) happened: u64,
    /// Webhooks written and not yet given to the sender.
    pub(super) outgoing: Vec<Event>,
    pub(super) now: Timestamp,
    next_id: i64,
}

/// One thing that happened to an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Happening {
    /// When.
    pub at: Timestamp,
    /// To which order, by its number in the account.
    pub order_id: i64,
    /// The operation of the API, or what a person did.
    pub what: String,
    /// `api` or `person`.
    pub who: &'static str,
    /// Whether a hold kept packers from the order then.
    pub held: bool,
}

/// Who changes an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Api,
    Person,
}

impl By {
    const fn word(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Person => "person",
        }
    }
}

impl State {
    pub(super) fn new(options: Arc<Options>, now: Timestamp) -> Self {
        let mut state = Self {
            next_id: 100_000_000 + i64::try_from(options.seed % 100_000).unwrap_or_default() * 1_000,
            orders: BTreeMap::new(),
            shipments: BTreeMap::new(),
            products: BTreeMap::new(),
            registrations: Vec::new(),
            log: VecDeque::new(),
            happened: 0,
            outgoing: Vec::new(),
            now,
            options,
        };
        for (sku, name, on_hand) in state.options.products.clone() {
            state.set_stock(&sku, Some(&name), None, on_hand);
        }
        state.outgoing.clear();
        state
    }

    /// The next number; it fits the schema's `Int`.
    pub(super) fn next_id(&mut self) -> i64 {
        self.next_id += 1;
        self.next_id
    }

    pub(super) fn order(&self, id: i64) -> Result<&Order, Refused> {
        self.orders.get(&id).ok_or_else(|| Refused::missing("Order"))
    }

    /// The present second, as the vendor spells it.
    pub(super) fn moment(&self) -> String {
        moment(self.now)
    }

    /// Changes an order, or leaves it as it was.
    pub(super) fn change<R>(
        &mut self,
        id: i64,
        by: By,
        what: &str,
        work: impl FnOnce(&mut Self, &mut Order) -> Result<R, Refused>,
    ) -> Result<R, Refused> {
        let mut order = self.order(id)?.clone();
        let written = self.outgoing.len();
        match work(self, &mut order) {
            Ok(result) => {
                self.keep(order, by, what);
                Ok(result)
            }
            Err(refused) => {
                self.outgoing.truncate(written);
                Err(refused)
            }
        }
    }

    /// Keeps an order that is new or changed.
    pub(super) fn keep(&mut self, mut order: Order, by: By, what: &str) {
        order.updated_at = order.updated_at.max(self.now);
        let happening = Happening {
            at: self.now,
            order_id: order.id,
            what: what.to_owned(),
            who: by.word(),
            held: order.is_held(),
        };
        self.log.push_back(happening);
        self.happened += 1;
        if self.log.len() > self.options.history.max(1) {
            self.log.pop_front();
        }
        self.allocate(&mut order);
        self.orders.insert(order.id, order);
    }

    /// Writes an entry into an order's history.
    pub(super) fn note(&mut self, order: &mut Order, who: &str, what: impl Into<String>) {
        let (id, at) = (self.next_id(), self.now);
        order.notes.push(Note { id, who: who.to_owned(), what: what.into(), at });
    }
}

/// A moment as the API spells it, in UTC.
pub(super) fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

/// The id of a thing, as the API spells it.
pub(super) fn uuid(kind: &str, id: i64) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(format!("{kind}:{id}"))
}

/// The number in an id of this kind.
pub(super) fn number(kind: &str, uuid: &str) -> Option<i64> {
    use base64::Engine;
    let bytes = base64::engine::general_purpose::STANDARD.decode(uuid).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    text.strip_prefix(kind)?.strip_prefix(':')?.parse().ok()
}

/// Copies the named fields that were given, a null included.
pub(super) fn copy(from: &Map<String, Value>, to: &mut Map<String, Value>, names: &[&str]) {
    for name in names {
        if let Some(value) = from.get(*name) {
            to.insert((*name).to_owned(), value.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn ids_are_those_of_the_vendors_samples() {
        assert_eq!(super::uuid("Order", 100_579_698), "T3JkZXI6MTAwNTc5Njk4");
        assert_eq!(super::number("Order", "T3JkZXI6MTAwNTc5Njk4"), Some(100_579_698));
        assert_eq!(super::number("Shipment", "T3JkZXI6MTAwNTc5Njk4"), None);
        assert_eq!(super::number("Order", "100579698"), None);
    }
}
