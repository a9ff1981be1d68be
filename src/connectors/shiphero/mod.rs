//! ShipHero, by its GraphQL API: the warehouse that packs.
//!
//! An order is entered once (the API has no key against entering twice, so it is looked for first) and then changed field by
//! field: lines by their three mutations in one document, everything else by `order_update`. In *native* mode the account
//! takes orders from the shop by itself: they are never entered here, only kept in step. What left is told by labels, one
//! parcel each. Only the one hold of ours is ever set or lifted, in every part where an order was split.

mod api;
mod documents;
mod looking;
mod order;
mod parcels;
mod products;
mod register;
mod tokens;
mod webhook;
mod write;

pub use documents::all as documents;
pub use tokens::Credentials;
pub use webhook::TYPES;

use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    Changed, Connection, Delivery, Destination, Effect, Heard, WebhookScheme, Webhooks, not_a_step_here,
};
use crate::domain::RemoteId;
use crate::domain::copy::{OrderCopy, Stage};
use crate::domain::fulfillment::Shipment;
use crate::domain::mirror::{Observed, Seen};
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::step::{Capabilities, CopyRef, Differences, Edits, Step};
use crate::store::Store;
use crate::transport::{self, Client, Fault, Limits, Log};
use api::{Api, ApiError, Request, Told, words};
use documents::{Mutation, PAGES};
use products::Shelf;
use tokens::Tokens;

/// As published in 2026: 4,004 credits that gain 60 a second. What the account really has is asked at the first call.
pub const LIMITS: Limits =
    Limits { burst: 4004, per_second: 60, concurrent: 8, timeout: Duration::from_secs(30) };

/// How often changed orders are asked for unless told otherwise: edits and holds at ShipHero send no webhook.
pub const POLL: Duration = Duration::from_mins(1);

/// How often an order is looked at whose parcels have not all arrived: no page says that a carrier's scan counts as a change
/// of its order, and a look at many orders for weeks must leave credits for everything else.
const WATCH: Duration = Duration::from_hours(12);

/// The holds that are ours to use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OurHold {
    /// `operator_hold`, the account's own.
    #[default]
    Operator,
    /// `client_hold`, for a brand whose goods a 3PL packs.
    Client,
}

impl OurHold {
    const fn flag(self) -> &'static str {
        match self {
            Self::Operator => "operator_hold",
            Self::Client => "client_hold",
        }
    }
}

/// How an account is spoken to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Whether the account takes orders from the shop by itself.
    pub native: bool,
    /// The hold that is ours.
    pub hold: OurHold,
    /// The name of the shop that orders are entered for.
    pub shop_name: Option<String>,
    /// The account of the brand, where we act for one as a 3PL.
    pub customer_account: Option<String>,
    /// Whether a parcel counts as shipped once it has a label, rather than once the shipment is completed.
    pub at_label: bool,
    /// How often changed orders are asked for; absent for never.
    pub poll: Option<Duration>,
    /// Whether a label may be printed where we cannot know.
    pub open_when_unknown: bool,
}

/// One account at ShipHero.
#[derive(Debug)]
pub struct ShipHero {
    api: Api,
    settings: Settings,
    shelf: Shelf,
}

impl ShipHero {
    /// An account reached through `client`; renewed tokens are kept in `store`, where there is one.
    pub fn new(client: Client, credentials: Credentials, settings: Settings, store: Option<Store>) -> Self {
        Self { api: Api::new(client, Tokens::new(credentials, store)), settings, shelf: Shelf::default() }
    }

    fn now(&self) -> Timestamp {
        self.api.client().clock().now()
    }

    /// Performs mutations in one document; gives the order as it is then.
    async fn write(&self, step: &Step, mutations: &[(Mutation, Value)], log: &Log) -> Result<Effect, Fault> {
        let Some((last, _)) = mutations.last() else { return Ok(Effect::DONE) };
        let names: Vec<Mutation> = mutations.iter().map(|(mutation, _)| *mutation).collect();
        let document = documents::mutate(&names);
        // What it shows is a page of lines; an order with more is read again in full.
        let mut variables = json!({ "lines": PAGES[0] });
        let keys = documents::keys(&names);
        for (key, (_, data)) in keys.iter().zip(mutations) {
            variables[key] = data.clone();
        }
        let request = Request {
            operation: last.name(),
            document: &document,
            variables,
            effect: transport::Effect::Write,
            urgent: step.is_urgent(),
            may_cost: documents::cost_of_mutations(names.len()),
        };
        let Told { data, errors } = self.api.run(request, log).await?;
        let done = |key: &String| !data[key]["request_id"].is_null();
        if errors.is_empty() && keys.iter().all(done) {
            let shown = keys.last().map_or(&Value::Null, |key| &data[key]["order"]);
            if shown["id"].is_null() || order::is_cut(shown) {
                return Err(Fault::Unknown("the answer does not show the order as it is now".into()));
            }
            let seen = Some(order::observed(shown, &[], &self.settings, self.now()));
            return Ok(Effect { seen, ..Effect::DONE });
        }
        // Some are performed and answered with an error all the same; and some of several may be done.
        if keys.iter().any(done) || errors.is_empty() {
            return Err(Fault::Unknown(format!("it was answered with an error: {}", words(&errors))));
        }
        Err(Fault::Refused(refusal(&errors, step.name(), &format!("order {}", step.key()))))
    }

    async fn perform(&self, step: &Step, log: &Log) -> Result<Effect, Fault> {
        let settings = &self.settings;
        // The same for each order that the step is for, in one document: where one is refused the others are done.
        let each = |at: &CopyRef, mutation, data: &dyn Fn(&str) -> Value| -> Vec<(Mutation, Value)> {
            let alone = at.remote.as_ref().map_or("", |id| id.as_str());
            let ids = at.parts.iter().map(RemoteId::as_str);
            let ids = ids.chain(at.parts.is_empty().then_some(alone));
            ids.map(|id| (mutation, data(id))).collect()
        };
        let mutations = match step {
            Step::Submit { copy, .. } => {
                self.ready_products(copy, log).await?;
                vec![(Mutation::Create, write::create(copy, settings))]
            }
            Step::Revise(revision) => {
                self.ready_products(&revision.copy, log).await?;
                write::revise(revision, settings)
            }
            Step::Cancel { at } => each(at, Mutation::Cancel, &|id| write::cancel(id, settings)),
            Step::Advance { at, stage: stage @ (Stage::Held | Stage::Released) } => {
                each(at, Mutation::Holds, &|id| write::hold(id, *stage == Stage::Held, settings))
            }
            Step::Advance { .. }
            | Step::Track { .. }
            | Step::Untrack { .. }
            | Step::Check { .. }
            | Step::Tell(_) => {
                return Err(not_a_step_here(step));
            }
        };
        let effect = self.write(step, &mutations, log).await?;
        // The answer shows one order: what became of the others that it was split into only a look does.
        let at = match step {
            Step::Cancel { at } => at,
            Step::Advance { at, .. } if !at.parts.is_empty() => at,
            Step::Revise(revision) if !revision.at.parts.is_empty() => &revision.at,
            _ => return Ok(effect),
        };
        let seen = self.look(at, log).await;
        let seen = seen
            .map_err(|fault| Fault::Unknown(format!("{} was done, but not seen so: {fault}", step.name())))?;
        Ok(Effect { seen: Some(seen), ..effect })
    }
}

/// What a refusal means, in our codes and the vendor's words.
fn refusal(errors: &[ApiError], what: &str, of: &str) -> Reason {
    let words = words(errors);
    let lower = words.to_ascii_lowercase();
    let (code, mend) = if lower.contains("locked") || lower.contains("tote") {
        (
            ReasonCode::EditedWhilePacked,
            "clear the order's tote and lock at ShipHero and the edit is made by itself, or accept the copy as it is",
        )
    } else if lower.contains("sku") || lower.contains("product") {
        (
            ReasonCode::UnknownProduct,
            "enter the product at ShipHero, or map its SKU in the route's skus; then retry",
        )
    } else {
        (
            ReasonCode::Refused,
            "see the vendor's words; correct the order at the channel or at ShipHero, then retry",
        )
    };
    let reason = Reason::new(code, format!("ShipHero refused {what} of {of}"), mend);
    if words.is_empty() { reason } else { reason.quoting(words) }
}

impl Destination for ShipHero {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            edits: Edits::ByField,
            cancel_until: Stage::Released,
            packs: true,
            enters: !self.settings.native,
            adopts: true,
            judges: false,
            watch: self.settings.poll.map(|_| WATCH),
        }
    }

    fn is_same_order(&self, copy: &OrderCopy, seen: &Seen) -> bool {
        seen.content["partner_order_id"].as_str() == Some(copy.order.as_str())
    }

    fn shipments(&self, seen: &Seen, copy: &OrderCopy) -> Vec<Shipment> {
        parcels::shipments(seen, copy, &self.settings)
    }

    fn differs(&self, copy: &OrderCopy, was: Option<&OrderCopy>, seen: &Seen) -> Differences {
        order::differences(copy, was, seen, &self.settings)
    }

    fn obstacle(&self, copy: &OrderCopy, seen: &Seen) -> Option<Reason> {
        order::obstacle(copy, seen)
    }

    fn observe<'a>(&'a self, at: &'a CopyRef, log: &'a Log) -> BoxFuture<'a, Result<Observed, Fault>> {
        Box::pin(self.look(at, log))
    }

    fn forestall<'a>(&'a self, copy: &'a OrderCopy, log: &'a Log) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(self.refuse_twin(copy, log))
    }

    fn apply<'a>(&'a self, step: &'a Step, log: &'a Log) -> BoxFuture<'a, Result<Effect, Fault>> {
        Box::pin(self.perform(step, log))
    }

    fn polls(&self) -> Option<Duration> {
        self.settings.poll
    }

    fn changes<'a>(&'a self, since: Timestamp, log: &'a Log) -> BoxFuture<'a, Result<Vec<Changed>, Fault>> {
        Box::pin(self.changed(since, log))
    }
}

impl Webhooks for ShipHero {
    fn scheme(&self) -> &'static WebhookScheme {
        &webhook::SCHEME
    }

    fn read(&self, delivery: Delivery<'_>) -> Result<Heard, Reason> {
        webhook::read(delivery.body)
    }

    fn question(&self, body: &[u8]) -> Option<super::Question> {
        webhook::question(body, self.settings.open_when_unknown)
    }

    fn answer(&self, refused: Option<&str>) -> Value {
        webhook::answer(refused)
    }
}

impl Connection for ShipHero {
    fn probe<'a>(&'a self, log: &'a Log) -> BoxFuture<'a, Result<String, Fault>> {
        Box::pin(async move {
            let request = Request {
                operation: "account",
                document: documents::PROBE,
                variables: json!({}),
                effect: transport::Effect::Read,
                urgent: false,
                may_cost: 4,
            };
            let told = self.api.run(request, log).await?;
            let account = &told.data["account"]["data"];
            if account.is_null() {
                return Err(Fault::Refused(refusal(&told.errors, "a reading", "the account")));
            }
            let kind =
                if account["is_3pl"].as_bool().unwrap_or_default() { "3PL account" } else { "account" };
            let budget = self.api.client().budget();
            Ok(format!(
                "{kind} {}, {} credits that gain {} a second",
                account["email"].as_str().unwrap_or("without a name"),
                budget.capacity(),
                budget.restore()
            ))
        })
    }

    fn resting_until(&self) -> Option<Timestamp> {
        self.api.client().resting_until()
    }
}
