//! What the account holds: live orders, what ever happened to each key, and every vendor request.
//!
//! All state of one account is here, behind its one lock. The bottles per customer, year and state are kept in step
//! with the orders by letting an order change only through [`Ledger::put`], [`Ledger::change`] and
//! [`Ledger::remove`]. The ledger accepts what it is given; whether it may is decided before.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::{Value, json};

use super::catalogue::Catalogue;
use super::order::{SalesOrder, Shipment};
use crate::clock::Clock;

/// So many requests are remembered; older ones are forgotten.
const REQUESTS_KEPT: usize = 200_000;
/// And no more than this many bytes of them, for a long run of large orders.
const REQUEST_BYTES_KEPT: usize = 512 << 20;
/// So many events are remembered for one key.
const EVENTS_KEPT: usize = 1_000;

/// Who made a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// A request to the vendor's API.
    Integration,
    /// A person, or the fulfilment house, inside ShipCompliant.
    Person,
}

/// One thing that happened to a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Change {
    /// An order was saved; `compliance` is its verdict if it was checked.
    Submitted {
        /// `Compliant` or `NotCompliant`.
        compliance: Option<String>,
    },
    /// A committed order was replaced by a new submission of its key.
    Overridden,
    /// These shipments were committed.
    Committed {
        /// Their keys.
        shipments: Vec<String>,
    },
    /// A shipment's status was set.
    Status {
        /// The shipment's key.
        shipment: String,
        /// Before.
        from: String,
        /// After.
        to: String,
    },
    /// A tracking number was added.
    TrackingAdded {
        /// The shipment's key.
        shipment: String,
        /// The number.
        number: String,
    },
    /// A tracking number was taken away.
    TrackingVoided {
        /// The shipment's key.
        shipment: String,
        /// The number.
        number: String,
    },
    /// A shipment's address was edited.
    AddressEdited {
        /// The shipment's key.
        shipment: String,
    },
    /// The order was voided; its key is free again.
    Voided {
        /// Whether it was committed.
        committed: bool,
    },
}

/// A [`Change`] with its time and its author.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: Actor,
    /// What.
    #[serde(flatten)]
    pub change: Change,
}

/// One request to the vendor's API and its answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Request {
    /// When it was answered.
    pub at: Timestamp,
    /// HTTP method.
    pub method: String,
    /// Path as sent.
    pub path: String,
    /// Query as sent.
    pub query: Option<String>,
    /// The body; a text if it was not JSON.
    pub body: Option<Value>,
    /// The answer's status.
    pub status: u16,
    /// The answer's body.
    pub answer: Option<Value>,
    /// Whether it carried the right credentials.
    pub authorized: bool,
}

/// A [`Request`] as it is kept: unparsed, for most are never looked at.
pub(super) struct Exchange {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: Option<String>,
    pub(super) body: Box<[u8]>,
    pub(super) status: u16,
    pub(super) answer: Box<[u8]>,
    pub(super) authorized: bool,
}

impl Exchange {
    fn size(&self) -> usize {
        self.body.len() + self.answer.len() + self.path.len() + self.query.as_ref().map_or(0, String::len)
    }
}

/// Bottles count by customer, calendar year and state.
type Volume = (String, i16, String);

#[derive(Default)]
struct History {
    events: VecDeque<Event>,
    commits: u64,
    ended: u64,
}

/// The account's state.
pub(super) struct Ledger {
    pub(super) catalogue: Catalogue,
    pub(super) forbidden_states: BTreeSet<String>,
    /// How often a commit came for a key that was committed.
    pub(super) double_commits: u64,
    clock: Clock,
    orders: BTreeMap<String, SalesOrder>,
    received: HashMap<Volume, Decimal>,
    history: HashMap<String, History>,
    exchanges: VecDeque<(Timestamp, Exchange)>,
    exchange_bytes: usize,
    operations: BTreeMap<&'static str, u64>,
    voided: u64,
    most_live_commits: u64,
    revision: u64,
}

impl Ledger {
    /// An empty ledger.
    pub(super) fn new(clock: Clock, catalogue: Catalogue, forbidden_states: BTreeSet<String>) -> Self {
        Self {
            catalogue,
            forbidden_states,
            double_commits: 0,
            clock,
            orders: BTreeMap::new(),
            received: HashMap::new(),
            history: HashMap::new(),
            exchanges: VecDeque::new(),
            exchange_bytes: 0,
            operations: BTreeMap::new(),
            voided: 0,
            most_live_commits: 0,
            revision: 0,
        }
    }

    /// Counts the state's changes.
    pub(super) const fn revision(&self) -> u64 {
        self.revision
    }

    /// Marks a change that belongs to no order, of the catalogue say.
    pub(super) const fn touch(&mut self) {
        self.revision += 1;
    }

    /// The live order of a key.
    pub(super) fn order(&self, key: &str) -> Option<&SalesOrder> {
        self.orders.get(key)
    }

    /// Every live order, by key.
    pub(super) fn orders(&self) -> impl Iterator<Item = (&String, &SalesOrder)> {
        self.orders.iter()
    }

    /// Puts an order under its key, in place of the one that was there.
    pub(super) fn put(&mut self, order: SalesOrder) {
        let key = order.key.clone();
        if let Some(old) = self.orders.remove(&key) {
            self.weigh(&old, false);
            if old.is_committed() {
                self.note(&key, Actor::Integration, Change::Overridden);
                self.commit_ended(&key);
            }
        }
        self.weigh(&order, true);
        if order.is_committed() {
            self.commit_began(&key);
        }
        self.orders.insert(key, order);
    }

    /// Changes an order in place; none if the key has no live order.
    pub(super) fn change<T>(&mut self, key: &str, change: impl FnOnce(&mut SalesOrder) -> T) -> Option<T> {
        let mut order = self.orders.remove(key)?;
        self.weigh(&order, false);
        let before = order.is_committed();
        let outcome = change(&mut order);
        self.weigh(&order, true);
        match (before, order.is_committed()) {
            (false, true) => self.commit_began(key),
            (true, false) => self.commit_ended(key),
            _ => {}
        }
        self.orders.insert(key.to_owned(), order);
        Some(outcome)
    }

    /// Voids an order: its key has no live order any more.
    pub(super) fn remove(&mut self, key: &str, by: Actor) -> bool {
        let Some(order) = self.orders.remove(key) else { return false };
        self.weigh(&order, false);
        let committed = order.is_committed();
        if committed {
            self.commit_ended(key);
        }
        self.voided += 1;
        self.note(key, by, Change::Voided { committed });
        true
    }

    /// Writes an event into a key's history.
    pub(super) fn note(&mut self, key: &str, by: Actor, change: Change) {
        let event = Event { at: self.clock.now(), by, change };
        let history = self.of_key(key);
        if history.events.len() == EVENTS_KEPT {
            history.events.pop_front();
        }
        history.events.push_back(event);
        self.revision += 1;
    }

    /// Bottles that committed shipments of orders other than `key` brought a customer in a year and state.
    pub(super) fn received(&self, customer: &str, year: i16, state: &str, key: &str) -> Decimal {
        let volume = (customer.to_owned(), year, state.to_owned());
        let all = self.received.get(&volume).copied().unwrap_or_default();
        let own: Decimal = self.orders.get(key).map_or(Decimal::ZERO, |order| {
            let same = |s: &&Shipment| {
                order.customer_key == customer && s.year() == year && s.ship_to.state == state
            };
            order.shipments.iter().filter(|s| s.stands_committed()).filter(same).map(Shipment::bottles).sum()
        });
        all - own
    }

    /// Everything that happened to a key, oldest first.
    pub(super) fn history(&self, key: &str) -> Vec<Event> {
        self.history.get(key).map(|history| history.events.iter().cloned().collect()).unwrap_or_default()
    }

    /// Remembers a request.
    pub(super) fn record(&mut self, operation: &'static str, exchange: Exchange) {
        *self.operations.entry(operation).or_default() += 1;
        self.exchange_bytes += exchange.size();
        self.exchanges.push_back((self.clock.now(), exchange));
        while self.exchanges.len() > REQUESTS_KEPT || self.exchange_bytes > REQUEST_BYTES_KEPT {
            let Some((_, oldest)) = self.exchanges.pop_front() else { break };
            self.exchange_bytes -= oldest.size();
        }
    }

    /// The last `most` requests, oldest first.
    pub(super) fn requests(&self, most: usize) -> Vec<Request> {
        let skipped = self.exchanges.len().saturating_sub(most);
        let parsed = |bytes: &[u8]| {
            (!bytes.is_empty()).then(|| {
                serde_json::from_slice(bytes)
                    .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(bytes).into_owned()))
            })
        };
        let request = |(at, exchange): &(Timestamp, Exchange)| Request {
            at: *at,
            method: exchange.method.clone(),
            path: exchange.path.clone(),
            query: exchange.query.clone(),
            body: parsed(&exchange.body),
            status: exchange.status,
            answer: parsed(&exchange.answer),
            authorized: exchange.authorized,
        };
        self.exchanges.iter().skip(skipped).map(request).collect()
    }

    /// Counts for a glance and for checks.
    pub(super) fn summary(&self) -> Value {
        let committed = self.orders.values().filter(|order| order.is_committed()).count();
        json!({
            "orders": {
                "committed": committed,
                "uncommitted": self.orders.len() - committed,
                "voided": self.voided,
            },
            "most_live_commits_of_a_key": self.most_live_commits,
            "double_commits": self.double_commits,
            "requests": self.operations,
        })
    }

    fn of_key(&mut self, key: &str) -> &mut History {
        self.history.entry(key.to_owned()).or_default()
    }

    /// Commits minus their ends, counted from events and not from what is live, so that it could be seen to be wrong.
    fn commit_began(&mut self, key: &str) {
        let history = self.of_key(key);
        history.commits += 1;
        let live = history.commits - history.ended;
        self.most_live_commits = self.most_live_commits.max(live);
    }

    fn commit_ended(&mut self, key: &str) {
        self.of_key(key).ended += 1;
    }

    fn weigh(&mut self, order: &SalesOrder, add: bool) {
        for shipment in order.shipments.iter().filter(|shipment| shipment.stands_committed()) {
            let volume = (order.customer_key.clone(), shipment.year(), shipment.ship_to.state.clone());
            let bottles = self.received.entry(volume).or_default();
            if add {
                *bottles += shipment.bottles();
            } else {
                *bottles -= shipment.bottles();
            }
        }
    }
}
