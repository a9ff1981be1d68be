//! The handle on a running account: what people do in the warehouse, and reading back.
//!
//! Clones share one account. Each action holds the state's lock from the first check to the queueing of its webhooks,
//! so that the order of webhooks in the queue is the order of the changes.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::floor::{self, NewShipment, Units};
use super::gate::{Gate, Request};
use super::options::Options;
use super::order::HOLDS;
use super::refused::Refused;
use super::shipment::Way;
use super::state::{By, Happening, State, uuid};
use super::view::{self, Eyes};
use super::webhook::{self, Delivery, Knobs, Outbox};
use super::{edit, graphql, http};
use crate::clock::Clock;
use crate::simulator::fault::Faults;

/// One simulated account.
#[derive(Clone)]
pub struct Account(Arc<Shared>);

struct Shared {
    clock: Clock,
    faults: Faults,
    gate: Gate,
    state: Mutex<State>,
    outbox: Arc<Outbox>,
    revision: watch::Sender<u64>,
}

/// People in the warehouse see everything.
const EYES: Eyes = Eyes { see_people: true };

impl Account {
    /// An account without orders; nothing is sent until [`Account::run`] runs.
    pub fn new(options: Options, clock: Clock) -> Self {
        let options = Arc::new(options);
        let account = Self(Arc::new(Shared {
            faults: Faults::none(),
            gate: Gate::new(Arc::clone(&options)),
            state: Mutex::new(State::new(Arc::clone(&options), clock.now())),
            outbox: Arc::new(webhook::outbox(&options)),
            revision: watch::Sender::new(0),
            clock,
        }));
        if let Some(url) = &options.webhook_url {
            for name in &options.webhook_types {
                // A type that does not exist is not registered, as the vendor would refuse it.
                let _ = account.register(name, url, options.webhook_secret.clone());
            }
        }
        account
    }

    /// ShipHero's paths and `/sim`, to be served behind [`Account::faults`].
    pub fn router(&self) -> axum::Router {
        http::router(self)
    }

    /// The faults in force.
    pub fn faults(&self) -> &Faults {
        &self.0.faults
    }

    /// Sends webhooks until `stop`.
    pub async fn run(&self, stop: CancellationToken) {
        crate::simulator::webhook::run(Arc::clone(&self.0.outbox), self.0.clock.clone(), stop).await;
    }

    /// Waits until no delivery is queued or on the wire.
    pub async fn settled(&self) {
        self.0.outbox.settled().await;
    }

    /// Waits until no delivery is on the wire or due now.
    pub async fn caught_up(&self) {
        self.0.outbox.caught_up(&self.0.clock).await;
    }

    pub(super) fn gate(&self) -> &Gate {
        &self.0.gate
    }

    pub(super) fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// Works on the state under its lock, then queues the webhooks that were written.
    pub(super) fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.now = self.now();
        let before = state.happened;
        let outcome = work(&mut state);
        for registration in &state.registrations {
            self.0.outbox.vendor.add(registration.id, registration.secret.clone());
        }
        let events = std::mem::take(&mut state.outgoing);
        for event in events {
            let addressed = webhook::address(&state.registrations, &event);
            if !addressed.is_empty() {
                self.0.outbox.post(addressed, state.now);
            }
        }
        let changed = state.happened != before;
        drop(state);
        if changed {
            self.0.revision.send_modify(|revision| *revision += 1);
        }
        outcome
    }

    /// Registers for a type of webhook, with a secret of one's own if one is given; returns the secret.
    pub fn register(&self, name: &str, url: &str, secret: Option<String>) -> Result<String, Refused> {
        let data = json!({ "name": name, "url": url }).as_object().cloned().unwrap_or_default();
        self.with(|state| {
            let registration = edit::create_webhook(state, &data)?;
            let kept = state.registrations.iter_mut().find(|kept| kept.id == registration.id);
            let secret = secret.unwrap_or(registration.secret);
            if let Some(kept) = kept {
                kept.secret.clone_from(&secret);
            }
            Ok(secret)
        })
    }

    /// Enters an order by hand, as `CreateOrderInput` has it; returns its number.
    pub fn place(&self, order: &Value) -> Result<i64, Refused> {
        let data = graphql::read_input("CreateOrderInput", order)?;
        self.with(|state| edit::create(state, &data, By::Person))
    }

    /// Edits an order by hand: fields as in `UpdateOrderInput`, and `holds`, `line_items`, `add_line_items` and
    /// `remove_line_items` as their mutations have them. What is refused leaves what came before it done.
    pub fn edit(&self, id: i64, changes: &Value) -> Result<(), Refused> {
        let about = |more: Value| {
            let mut data = more.as_object().cloned().unwrap_or_default();
            data.insert("order_id".to_owned(), uuid("Order", id).into());
            Value::Object(data)
        };
        let mut fields: Map<String, Value> = changes.as_object().cloned().unwrap_or_default();
        let (holds, lines) = (fields.remove("holds"), fields.remove("line_items"));
        let (added, removed) = (fields.remove("add_line_items"), fields.remove("remove_line_items"));
        self.with(|state| {
            if !fields.is_empty() {
                let data = graphql::read_input("UpdateOrderInput", &about(Value::Object(fields)))?;
                edit::update(state, &data, By::Person)?;
            }
            if let Some(holds) = holds {
                let data = graphql::read_input("UpdateOrderHoldsInput", &about(holds))?;
                edit::update_holds(state, &data, By::Person)?;
            }
            if let Some(lines) = lines {
                let data = about(json!({ "line_items": lines }));
                edit::update_lines(state, &graphql::read_input("UpdateLineItemsInput", &data)?, By::Person)?;
            }
            if let Some(lines) = added {
                let data = about(json!({ "line_items": lines }));
                edit::add_lines(state, &graphql::read_input("AddLineItemsInput", &data)?, By::Person)?;
            }
            if let Some(lines) = removed {
                let data = about(json!({ "line_item_ids": lines }));
                edit::remove_lines(state, &graphql::read_input("RemoveLineItemsInput", &data)?, By::Person)?;
            }
            Ok(())
        })
    }

    /// Sets a hold or takes it away.
    pub fn hold(&self, id: i64, hold: &str, on: bool) -> Result<(), Refused> {
        let known = HOLDS.into_iter().find(|known| *known == hold);
        let known = known.ok_or_else(|| Refused::invalid(format!("{hold} is no hold")))?;
        self.with(|state| {
            state.change(id, By::Person, "hold", |_, order| {
                order.holds.insert(known, on);
                Ok(())
            })
        })
    }

    /// Cancels an order by hand, whatever has left.
    pub fn cancel(&self, id: i64, reason: &str) -> Result<(), Refused> {
        let data = json!({ "order_id": uuid("Order", id), "reason": reason, "force": true });
        let data = data.as_object().cloned().unwrap_or_default();
        self.with(|state| edit::cancel(state, &data, By::Person).map(|_| ()))
    }

    /// Sets stock aside for an order.
    pub fn allocate(&self, id: i64) -> Result<(), Refused> {
        self.with(|state| floor::allocate(state, id, true))
    }

    /// Puts an order's stock back, and leaves it there.
    pub fn deallocate(&self, id: i64) -> Result<(), Refused> {
        self.with(|state| floor::allocate(state, id, false))
    }

    /// Begins to pick: the order is locked.
    pub fn lock(&self, id: i64) -> Result<(), Refused> {
        self.with(|state| floor::lock(state, id))
    }

    /// Picks units into a tote, all that is set aside if none are named.
    pub fn pick(&self, id: i64, tote: i64, units: &[Units]) -> Result<(), Refused> {
        self.with(|state| floor::pick(state, id, tote, units))
    }

    /// Empties the tote and opens the lock.
    pub fn clear(&self, id: i64) -> Result<(), Refused> {
        self.with(|state| floor::clear(state, id))
    }

    /// Packs from the tote.
    pub fn pack(&self, id: i64) -> Result<(), Refused> {
        self.with(|state| floor::pack(state, id))
    }

    /// Prints the label: asks those who registered for Capture Payment, puts the order on payment hold if one says no,
    /// ships if none does. Returns the shipment's number.
    pub async fn ship(&self, id: i64, new: &NewShipment) -> Result<i64, Refused> {
        let asked = self.with(|state| {
            let order = state.order(id)?;
            let units = floor::leaving(order, new)?;
            Ok(webhook::address(&state.registrations, &webhook::capture(order, &units)))
        })?;
        for webhook in asked {
            let message = self.0.gate.request_id();
            let headers = self.0.outbox.vendor.sign(webhook.subscription, &message, &webhook.body);
            let answer =
                crate::simulator::webhook::post(&self.0.outbox, &webhook.url, headers, webhook.body).await;
            let allowed = matches!(&answer, Ok((200, body)) if !webhook::says_otherwise(body));
            if !allowed {
                self.hold(id, "payment_hold", true)?;
                return Err(Refused::state("Capture Payment was refused, order is on payment hold"));
            }
        }
        self.with(|state| floor::ship(state, id, new))
    }

    /// Voids a label of a shipment, the first that is not void if none is named.
    pub fn void_label(&self, shipment: i64, label: Option<i64>) -> Result<(), Refused> {
        self.with(|state| floor::void_label(state, shipment, label))
    }

    /// Completes a bulk shipment: the shop is told.
    pub fn complete(&self, shipment: i64) -> Result<(), Refused> {
        self.with(|state| floor::complete(state, shipment))
    }

    /// A carrier scans the parcel of a label, the first that is not void if none is named.
    pub fn scan(&self, shipment: i64, label: Option<i64>, way: &Way) -> Result<(), Refused> {
        self.with(|state| floor::scan(state, shipment, label, way))
    }

    /// Puts a shipment's parcels into a container for the carrier.
    pub fn add_package(&self, shipment: i64) -> Result<(), Refused> {
        self.with(|state| floor::add_package(state, shipment))
    }

    /// Moves units into an order of their own; returns its number.
    pub fn split(&self, id: i64, units: &[Units]) -> Result<i64, Refused> {
        self.with(|state| floor::split(state, id, units))
    }

    /// Has the order `other` ship with `master`.
    pub fn merge(&self, master: i64, other: i64) -> Result<(), Refused> {
        self.with(|state| floor::merge(state, master, other))
    }

    /// Sets how many are on hand in the first warehouse; a new SKU is a new product.
    pub fn set_stock(&self, sku: &str, on_hand: i64) {
        self.with(|state| state.set_stock(sku, None, None, on_hand));
    }

    /// Edits a product by hand, as `UpdateProductInput` describes it.
    pub fn edit_product(&self, changes: &Value) -> Result<(), Refused> {
        let changes = changes.as_object().cloned().unwrap_or_default();
        self.with(|state| edit::update_product(state, &changes).map(|_| ()))
    }

    /// A product as the API shows it.
    pub fn product(&self, sku: &str) -> Option<Value> {
        self.with(|state| state.products.get(sku).map(|product| view::product(state, product)))
    }

    /// Ends every access token; refresh tokens stay good.
    pub fn revoke_tokens(&self) {
        self.0.gate.revoke();
    }

    /// Takes every credit there is, as another client of the account may.
    pub fn drain_credits(&self) {
        self.0.gate.drain(self.now());
    }

    /// Has the next mutations done and yet answered with an error, beside a `request_id`.
    pub fn answer_done_with_errors(&self, times: u32) {
        self.0.gate.answer_done_with_errors(times);
    }

    /// An order as the API shows it, all of it.
    pub fn order(&self, id: i64) -> Option<Value> {
        self.with(|state| state.orders.get(&id).map(|order| view::order(state, EYES, order)))
    }

    /// Every order, as [`Account::order`] shows it, oldest first.
    pub fn orders(&self) -> Vec<Value> {
        self.with(|state| state.orders.values().map(|order| view::order(state, EYES, order)).collect())
    }

    /// How many of each product are set aside, in all warehouses.
    pub fn stock(&self) -> std::collections::BTreeMap<String, i64> {
        self.with(|state| {
            let all = state.products.iter();
            all.map(|(sku, product)| (sku.clone(), product.stock.values().map(|s| s.allocated).sum()))
                .collect()
        })
    }

    /// The number of the newest order with this `order_number`.
    pub fn find(&self, order_number: &str) -> Option<i64> {
        self.with(|state| state.orders.values().rev().find(|o| o.number() == order_number).map(|o| o.id))
    }

    /// What ever happened to an order, oldest first; of very many the first are forgotten.
    pub fn history(&self, id: i64) -> Vec<Happening> {
        self.with(|state| state.log.iter().filter(|entry| entry.order_id == id).cloned().collect())
    }

    /// Moves at each change of an order.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.0.revision.subscribe()
    }

    /// The newest requests and what was answered, in order of arrival.
    pub fn requests(&self) -> Vec<Request> {
        self.last_requests(usize::MAX)
    }

    /// How many requests there were.
    pub fn request_count(&self) -> usize {
        self.0.gate.count_of_requests()
    }

    /// Requests from the one after so many, in order of arrival.
    pub fn requests_from(&self, from: usize) -> Vec<Request> {
        self.last_requests(self.request_count().saturating_sub(from))
    }

    /// The last `most` requests in order of arrival.
    pub fn last_requests(&self, most: usize) -> Vec<Request> {
        self.0.gate.requests(most)
    }

    /// Every delivery remembered, oldest first; those of Capture Payment are not among them.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.0.outbox.deliveries()
    }

    /// How many deliveries are neither taken nor given up.
    pub fn unfinished_deliveries(&self) -> usize {
        self.0.outbox.unfinished()
    }

    /// How badly the sender behaves.
    pub fn knobs(&self) -> Knobs {
        self.0.outbox.knobs()
    }

    /// Turns the sender's bad behaviour up or down.
    pub fn set_knobs(&self, knobs: Knobs) {
        self.0.outbox.set_knobs(knobs);
    }

    /// Counts, as `GET /sim/summary` shows them.
    pub fn summary(&self) -> Value {
        let mut operations = std::collections::BTreeMap::<String, usize>::new();
        for name in self.requests().into_iter().flat_map(|request| request.operations) {
            *operations.entry(name).or_default() += 1;
        }
        let (orders, shipments) = self.with(|state| (state.orders.len(), state.shipments.len()));
        json!({
            "orders": orders,
            "shipments": shipments,
            "operations": operations,
            "deliveries": crate::simulator::webhook::summary(&self.deliveries()),
            "faults_struck": self.faults().struck(),
        })
    }
}
