//! The handle on a running shop: actions and reading back.
//!
//! Clones share one shop. Each action holds the state's lock from the first check to the queueing of its webhooks, so
//! that the order of webhooks in the queue is the order of the changes.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::super::fault::Faults;
use super::actions::{
    self, CancelOrder, Detail, EditOrder, NewFulfillment, NewHold, NewRefund, NewShipmentEvent, Release,
    Tracking,
};
use super::graphql::{self, Gate, GraphqlRequest};
use super::new_order::{NewOrder, NewShipping};
use super::options::Options;
use super::order::{Address, Attribute, Order, Place, RiskRecommendation};
use super::place::{Numbers, place};
use super::profile::Profile;
use super::state::{Change, Origin, Outgoing, Refused, State, stable_id};
use super::webhook::{self, Delivery, Knobs, Outbox, Settings, Setup};
use super::{rest, server};
use crate::clock::Clock;

/// One simulated shop.
#[derive(Clone)]
pub struct Shop(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) profile: Arc<Profile>,
    pub(super) clock: Clock,
    faults: Faults,
    order_number_start: u32,
    pub(super) state: RwLock<State>,
    outbox: Arc<Outbox>,
    pub(super) gate: Gate,
}

impl Shop {
    /// Opens a shop; nothing is sent until [`Shop::run`] runs.
    pub fn new(options: Options, clock: Clock) -> Self {
        let timezone = TimeZone::get(&options.timezone).unwrap_or_else(|error| {
            tracing::warn!(%error, "unknown time zone; the simulated shop keeps UTC");
            TimeZone::UTC
        });
        let profile = Arc::new(Profile {
            id: stable_id("shop", &options.domain) % 1_000_000_000_000,
            email: format!("owner@{}", options.domain),
            name: options.name.clone(),
            domain: options.domain.clone(),
            currency: options.currency.clone(),
            timezone_name: options.timezone.clone(),
            timezone,
            api_version: options.api_version.clone(),
            locations: options.locations.clone(),
            created_at: clock.now(),
            archives: options.archives,
            holds_touch_order: options.holds_touch_order,
        });
        let outbox = Arc::new(webhook::outbox(Setup {
            domain: options.domain.clone(),
            api_version: options.api_version.clone(),
            name: options.subscription_name.clone(),
            url: options.webhook_url.clone(),
            topics: options.topics.clone(),
            secret: options.signing_secret.clone(),
            subscribed_by: options.subscribed_by,
            concurrency: options.concurrency,
            history: options.history,
            seed: options.seed,
        }));
        let state = RwLock::new(State::new(Arc::clone(&profile), options.seed));
        let order_number_start = options.order_number_start;
        let gate = Gate::new(options);
        Self(Arc::new(Inner {
            profile,
            clock,
            faults: Faults::none(),
            order_number_start,
            state,
            outbox,
            gate,
        }))
    }

    /// Shopify's paths and `/sim`, to be served behind [`Shop::faults`].
    pub fn router(&self) -> axum::Router {
        server::router(self)
    }

    /// The faults in force.
    pub fn faults(&self) -> &Faults {
        &self.0.faults
    }

    /// The facts of the shop itself.
    pub fn profile(&self) -> &Profile {
        &self.0.profile
    }

    /// Sends webhooks until `stop`.
    pub async fn run(&self, stop: CancellationToken) {
        webhook::run(Arc::clone(&self.0.outbox), self.0.clock.clone(), stop).await;
    }

    /// Waits until no delivery is queued or on the wire.
    pub async fn settled(&self) {
        self.0.outbox.settled().await;
    }

    /// Waits until no delivery is on the wire or due now.
    pub async fn caught_up(&self) {
        self.0.outbox.caught_up(&self.0.clock).await;
    }

    pub(super) fn read(&self) -> RwLockReadGuard<'_, State> {
        self.0.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.0.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues the webhooks of one action.
    pub(super) fn post(&self, outgoing: Vec<Outgoing>, now: Timestamp) {
        webhook::post(&self.0.outbox, outgoing, now);
    }

    fn act<R>(
        &self,
        id: i64,
        work: impl FnOnce(&mut Change<'_>) -> Result<R, Refused>,
    ) -> Result<R, Refused> {
        let now = self.0.clock.now();
        let mut state = self.write();
        let (result, outgoing) = state.change(id, now, work)?;
        self.post(outgoing, now);
        Ok(result)
    }

    /// Places an order; returns its id.
    pub fn place_order(&self, new: &NewOrder) -> Result<i64, Refused> {
        let now = self.0.clock.now();
        let mut state = self.write();
        let number = state.next_number;
        let numbers = Numbers { number, order_number: self.0.order_number_start + number - 1 };
        let (order, events) = place(new, &self.0.profile, &mut state.ids, numbers, now)?;
        state.next_number += 1;
        let id = order.id;
        let outgoing = state.insert(order, &events);
        self.post(outgoing, now);
        Ok(id)
    }

    /// Has a product's inventory item tell the customs this; no webhook that is played says so.
    pub fn set_origin(&self, sku: &str, origin: Origin) {
        self.write().origins.insert(sku.to_owned(), origin);
    }

    /// Takes the money: what was promised, else what is owed; only `amount` of it if given.
    pub fn mark_paid(&self, order: i64, amount: Option<Decimal>) -> Result<(), Refused> {
        self.act(order, |change| actions::mark_paid(change, amount))
    }

    /// Has the buyer promise to pay.
    pub fn authorize_payment(&self, order: i64) -> Result<(), Refused> {
        self.act(order, actions::authorize)
    }

    /// Gives the promise to pay back.
    pub fn void_payment(&self, order: i64) -> Result<(), Refused> {
        self.act(order, actions::void)
    }

    /// Edits an order; returns the ids of added lines.
    pub fn edit_order(&self, order: i64, edit: &EditOrder) -> Result<Vec<i64>, Refused> {
        self.act(order, |change| actions::edit_order(change, edit))
    }

    /// Replaces the way of delivery; returns the new shipping line's id.
    pub fn change_shipping_line(&self, order: i64, line: &NewShipping) -> Result<i64, Refused> {
        self.act(order, |change| actions::change_shipping_line(change, line))
    }

    /// Replaces the address the goods go to.
    pub fn set_shipping_address(&self, order: i64, address: Option<Address>) -> Result<(), Refused> {
        self.act(order, |change| {
            actions::revise(change, vec![Detail::ShippingAddress(address.map(Box::new))]);
            Ok(())
        })
    }

    /// Replaces the note attributes.
    pub fn set_attributes(&self, order: i64, attributes: Vec<Attribute>) -> Result<(), Refused> {
        self.act(order, |change| {
            actions::revise(change, vec![Detail::Attributes(attributes)]);
            Ok(())
        })
    }

    /// Replaces the tags.
    pub fn set_tags(&self, order: i64, tags: &[String]) -> Result<(), Refused> {
        self.act(order, |change| {
            actions::revise(change, vec![Detail::Tags(tags.to_vec())]);
            Ok(())
        })
    }

    /// Replaces the note.
    pub fn set_note(&self, order: i64, note: Option<String>) -> Result<(), Refused> {
        self.act(order, |change| {
            actions::revise(change, vec![Detail::Note(note)]);
            Ok(())
        })
    }

    /// Fulfills; returns the fulfillment's id.
    pub fn fulfill(&self, order: i64, new: &NewFulfillment) -> Result<i64, Refused> {
        self.act(order, |change| actions::fulfill(change, new))
    }

    /// Replaces a fulfillment's tracking.
    pub fn update_tracking(&self, order: i64, fulfillment: i64, tracking: &Tracking) -> Result<(), Refused> {
        self.act(order, |change| actions::update_tracking(change, fulfillment, tracking))
    }

    /// Books progress of a shipment; returns the event's id.
    pub fn set_shipment_status(
        &self,
        order: i64,
        fulfillment: i64,
        event: &NewShipmentEvent,
    ) -> Result<i64, Refused> {
        self.act(order, |change| actions::set_shipment_status(change, fulfillment, event, &Place::default()))
    }

    /// Takes a fulfillment back.
    pub fn cancel_fulfillment(&self, order: i64, fulfillment: i64) -> Result<(), Refused> {
        self.act(order, |change| actions::cancel_fulfillment(change, fulfillment))
    }

    /// Holds a fulfillment order; returns the hold's id.
    pub fn hold(&self, order: i64, new: &NewHold) -> Result<i64, Refused> {
        self.act(order, |change| actions::hold(change, new))
    }

    /// Lets holds go.
    pub fn release(&self, order: i64, release: &Release) -> Result<(), Refused> {
        self.act(order, |change| actions::release(change, release))
    }

    /// Calls a fulfillment order off, the first open one if none is named; returns the id of the one in its place.
    pub fn call_off(&self, order: i64, fulfillment_order: Option<i64>) -> Result<i64, Refused> {
        self.act(order, |change| actions::call_off(change, fulfillment_order))
    }

    /// Has the analysis of fraud recommend something.
    pub fn assess(&self, order: i64, recommendation: RiskRecommendation) -> Result<(), Refused> {
        self.act(order, |change| {
            actions::assess(change, recommendation);
            Ok(())
        })
    }

    /// Opens what was scheduled for a later day.
    pub fn open_scheduled(&self, order: i64) -> Result<(), Refused> {
        self.act(order, actions::open_scheduled)
    }

    /// Refunds; returns the refund's id.
    pub fn refund(&self, order: i64, new: &NewRefund) -> Result<i64, Refused> {
        self.act(order, |change| actions::refund(change, new))
    }

    /// Cancels an order.
    pub fn cancel_order(&self, order: i64, how: &CancelOrder) -> Result<(), Refused> {
        self.act(order, |change| actions::cancel_order(change, how))
    }

    /// Archives an order.
    pub fn close(&self, order: i64) -> Result<(), Refused> {
        self.act(order, |change| {
            actions::close(change);
            Ok(())
        })
    }

    /// Brings an archived order back.
    pub fn reopen(&self, order: i64) -> Result<(), Refused> {
        self.act(order, actions::reopen)
    }

    /// Deletes an order.
    pub fn delete_order(&self, order: i64) -> Result<(), Refused> {
        let now = self.0.clock.now();
        let mut state = self.write();
        let outgoing = state.remove(order)?;
        self.post(outgoing, now);
        Ok(())
    }

    /// One order.
    pub fn order(&self, id: i64) -> Option<Order> {
        self.read().orders.get(&id).cloned()
    }

    /// Every order, by id.
    pub fn orders(&self) -> Vec<Order> {
        self.read().orders.values().cloned().collect()
    }

    /// One order as webhook bodies write it.
    pub fn rest_order(&self, id: i64) -> Option<Value> {
        let state = self.read();
        state.orders.get(&id).map(|order| rest::order(&self.0.profile, order))
    }

    /// One order as the GraphQL API writes it: every field there is.
    pub fn graphql_order(&self, id: i64) -> Option<Value> {
        let state = self.read();
        let order = state.orders.get(&id)?;
        Some(graphql::whole_order(&state, order, &self.0.profile.api_version))
    }

    /// Changes where and how webhooks are sent.
    pub fn configure_webhooks(&self, settings: &Settings) {
        webhook::configure(&self.0.outbox, settings);
    }

    /// How webhooks are sent at present.
    pub fn webhook_settings(&self) -> Settings {
        webhook::settings(&self.0.outbox)
    }

    /// Turns the sender's bad behaviour up or down.
    pub fn set_knobs(&self, knobs: Knobs) {
        self.configure_webhooks(&knobs.into());
    }

    /// Every delivery remembered, oldest first.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.0.outbox.deliveries()
    }

    /// How many deliveries are neither taken nor given up.
    pub fn unfinished_deliveries(&self) -> usize {
        self.0.outbox.unfinished()
    }

    /// The newest GraphQL requests and what was answered.
    pub fn requests(&self) -> Vec<GraphqlRequest> {
        self.0.gate.requests()
    }

    pub(super) fn subscriptions(&self) -> Vec<(String, i64, String)> {
        webhook::subscriptions(&self.0.outbox)
    }
}
