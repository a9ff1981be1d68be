//! Plays one winery's account at ShipCompliant: the REST API v1 with HTTP Basic, and the state behind it.
//!
//! Written from the vendor's definition alone; it shares no type with the connector. Every vendor request is recorded
//! and every change kept, so that a test can ask afterwards what happened. Played are the operations on sales orders,
//! shipment status, tracking, quotes, address validation, products and brands; hold locations, kits, combos and
//! wholesale invoices are not, and answer 404. There is no operation that lists orders, as there is none at the vendor.
//!
//! What people do inside ShipCompliant, and what a test or a rehearsal wants to see, goes over the remote control
//! (JSON, no credentials; changes answer 204, or an `{"error": …}` with 400, 404 or 409):
//!
//! | request | what |
//! |---|---|
//! | `GET /sim/summary` | counts: orders, requests by operation, double commits, live commits of one key |
//! | `GET /sim/orders`, `GET /sim/orders/{key}` | live orders, as the vendor shows them, with `committed` |
//! | `GET /sim/history/{key}` | everything that ever happened to a key |
//! | `GET /sim/requests?last=N` | vendor requests in order of arrival, the last `N` or all |
//! | `POST /sim/orders/{key}/status` `{shipmentKey, shipmentStatus}` | sets a shipment's status |
//! | `POST /sim/orders/{key}/tracking` `{shipmentKey, trackingNumbers}` | adds tracking numbers |
//! | `POST /sim/orders/{key}/ship-to` `{shipmentKey, address}` | edits the named parts of an address |
//! | `POST /sim/orders/{key}/void` | voids the order |
//! | `GET`, `POST /sim/catalogue` `{brandKey, productKey, productType?}` | lists products, adds one |
//! | `DELETE /sim/catalogue/{brand}/{key}` | takes a product away |
//! | `GET /sim/forbidden-states`, `PUT`, `DELETE /sim/forbidden-states/{state}` | where nothing may be shipped |
//! | `POST /sim/faults` (a script), `POST /sim/faults/random`, `DELETE /sim/faults` | faults |

mod address;
mod catalogue;
mod compliance;
mod http;
mod ledger;
mod options;
mod order;
mod reading;
mod sales;
mod shapes;
mod wire;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use tokio::sync::watch;

use crate::clock::Clock;
use crate::simulator::fault::Faults;

use catalogue::Catalogue;
use ledger::Ledger;
use order::{SalesOrder, Shipment};

pub use ledger::{Actor, Change, Event, Request};
pub use options::{Options, Product};
pub use sales::Refused;

/// A handle on one account; clones share it.
#[derive(Clone)]
pub struct Account(Arc<Shared>);

struct Shared {
    options: Options,
    faults: Faults,
    ledger: Mutex<Ledger>,
    revision: watch::Sender<u64>,
}

impl Account {
    /// An account without orders.
    pub fn new(options: Options, clock: Clock) -> Self {
        let catalogue = Catalogue::of(&options.catalogue);
        let ledger = Ledger::new(clock, catalogue, options.forbidden_states.clone());
        Self(Arc::new(Shared {
            options,
            faults: Faults::none(),
            ledger: Mutex::new(ledger),
            revision: watch::Sender::new(0),
        }))
    }

    /// The vendor's API and the remote control. Serve it behind [`Account::faults`].
    pub fn router(&self) -> axum::Router {
        http::router(self.clone())
    }

    /// The faults in force.
    pub fn faults(&self) -> &Faults {
        &self.0.faults
    }

    /// The live order of a key, as `GET` shows it in `salesOrder`, with `committed` (every shipment that stands) and
    /// `committedShipments` (their keys).
    pub fn order(&self, key: &str) -> Option<Value> {
        self.with(|ledger| ledger.order(key).map(shown))
    }

    /// Every live order by its key, each as [`Account::order`] shows it.
    pub fn orders(&self) -> BTreeMap<String, Value> {
        self.with(|ledger| ledger.orders().map(|(key, order)| (key.clone(), shown(order))).collect())
    }

    /// What ever happened to a key, oldest first; of very many events the first are forgotten.
    pub fn history(&self, key: &str) -> Vec<Event> {
        self.with(|ledger| ledger.history(key))
    }

    /// The vendor requests in order of arrival; of very many the first are forgotten.
    pub fn requests(&self) -> Vec<Request> {
        self.last_requests(usize::MAX)
    }

    /// The last `most` vendor requests in order of arrival.
    pub fn last_requests(&self, most: usize) -> Vec<Request> {
        self.with(|ledger| ledger.requests(most))
    }

    /// Counts, as `GET /sim/summary` shows them.
    pub fn summary(&self) -> Value {
        self.with(|ledger| ledger.summary())
    }

    /// Moves at each change of the account's state.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.0.revision.subscribe()
    }

    /// A person or the fulfilment house sets a shipment's status.
    pub fn set_status(&self, key: &str, shipment_key: &str, status: &str) -> Result<(), Refused> {
        self.with(|ledger| sales::set_status(ledger, key, shipment_key, status, Actor::Person))
    }

    /// The fulfilment house adds tracking numbers to a shipment; those that are there already stay.
    pub fn add_tracking(&self, key: &str, shipment_key: &str, numbers: &[String]) -> Result<(), Refused> {
        self.with(|ledger| sales::tracking::add_numbers(ledger, key, shipment_key, numbers, Actor::Person))
    }

    /// The fulfilment house voids a shipment's labels: its tracking numbers are gone.
    pub fn void_labels(&self, key: &str, shipment_key: &str) -> Result<(), Refused> {
        self.with(|ledger| {
            sales::tracking::remove_numbers(ledger, key, Some(shipment_key), None, Actor::Person)
        })
    }

    /// A person voids an order; its key is free again.
    pub fn void(&self, key: &str) -> Result<(), Refused> {
        let voided = self.with(|ledger| ledger.remove(key, Actor::Person));
        if voided { Ok(()) } else { Err(Refused::Order(key.to_owned())) }
    }

    /// A person edits a shipment's address: the parts named in `parts`, spelled as in the API, take its values.
    pub fn edit_ship_to(&self, key: &str, shipment_key: &str, parts: &Value) -> Result<(), Refused> {
        self.with(|ledger| sales::edit_ship_to(ledger, key, shipment_key, parts))
    }

    /// A person adds a product by its keys alone, and its brand if that is new.
    pub fn add_product(&self, product: &Product, product_type: &str) {
        self.with(|ledger| {
            ledger.catalogue.add(product, product_type);
            ledger.touch();
        });
    }

    /// A person takes a product away; false if there is none.
    pub fn remove_product(&self, product: &Product) -> bool {
        self.with(|ledger| {
            let removed = ledger.catalogue.remove(product);
            if removed {
                ledger.touch();
            }
            removed
        })
    }

    /// The products that exist.
    pub fn products(&self) -> Vec<Product> {
        self.with(|ledger| ledger.catalogue.products())
    }

    /// From now on no shipment to this state is compliant.
    pub fn forbid(&self, state: &str) {
        self.with(|ledger| {
            ledger.forbidden_states.insert(state.to_ascii_uppercase());
            ledger.touch();
        });
    }

    /// From now on shipments to this state may be compliant.
    pub fn allow(&self, state: &str) {
        self.with(|ledger| {
            ledger.forbidden_states.remove(&state.to_ascii_uppercase());
            ledger.touch();
        });
    }

    fn options(&self) -> &Options {
        &self.0.options
    }

    /// Works on the state under its lock, then tells the watchers if it changed.
    fn with<T>(&self, work: impl FnOnce(&mut Ledger) -> T) -> T {
        let mut ledger = self.0.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = work(&mut ledger);
        let revision = ledger.revision();
        drop(ledger);
        self.0.revision.send_if_modified(|seen| {
            let moved = revision > *seen;
            *seen = revision.max(*seen);
            moved
        });
        outcome
    }
}

fn shown(order: &SalesOrder) -> Value {
    let committed: Vec<&Shipment> =
        order.shipments.iter().filter(|shipment| shipment.stands_committed()).collect();
    let standing = order.shipments.iter().filter(|shipment| !shipment.is_voided()).count();
    let mut document = order.document();
    document["committed"] = json!(!committed.is_empty() && committed.len() == standing);
    document["committedShipments"] = committed.iter().map(|shipment| &*shipment.key).collect();
    document
}
