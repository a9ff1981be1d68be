//! Mutations: what each needs to be allowed, what it does, and the answer.
//!
//! The mutations of a document run in order, each whole or not at all, and nobody else changes anything in between.
//! What happens in the shop is an action of `actions`; here its input is read and its refusal put into Shopify's words.

mod fulfillment;
mod fulfillment_order;
mod metafield;
mod order;

use jiff::Timestamp;
use serde_json::Value;

use super::super::order::Order;
use super::super::shop::Shop;
use super::super::state::{Change, Outgoing, Refused, State};
use super::cost;
use super::execute::{self, Answer};
use super::plan::{Plan, Planned};
use super::schema::{Args, Cx, Node, Out, Shape};
use super::types::root::{parse_gid, sees};
pub(super) use metafield::namespace;

/// What a mutation answers.
#[derive(Default)]
pub(super) struct Payload {
    /// Objects by the name they have in the answer: type and id.
    made: Vec<(&'static str, &'static str, i64)>,
    /// Fulfillment orders with those split off them.
    pub(super) splits: Option<Vec<(i64, i64)>>,
    pub(super) errors: Vec<UserError>,
}

impl Payload {
    /// An answer with one object.
    fn of(name: &'static str, kind: &'static str, id: i64) -> Self {
        Self::default().and(name, kind, id)
    }

    fn and(mut self, name: &'static str, kind: &'static str, id: i64) -> Self {
        self.made.push((name, kind, id));
        self
    }

    /// Types and ids of the objects under this name.
    pub(super) fn made(&self, name: &str) -> impl Iterator<Item = (&'static str, i64)> {
        self.made.iter().filter(move |made| made.0 == name).map(|made| (made.1, made.2))
    }
}

/// What was wrong with a mutation's input.
pub(super) struct UserError {
    /// Where in the input; none if it is about no part of it.
    pub(super) field: Option<Vec<String>>,
    pub(super) message: String,
    pub(super) code: Option<&'static str>,
}

impl UserError {
    fn new(field: &[&str], message: impl Into<String>) -> Self {
        let field = (!field.is_empty()).then(|| field.iter().map(|part| (*part).to_owned()).collect());
        Self { field, message: message.into(), code: None }
    }

    fn coded(field: &[&str], code: &'static str, message: impl Into<String>) -> Self {
        Self { code: Some(code), ..Self::new(field, message) }
    }
}

impl From<UserError> for Payload {
    fn from(error: UserError) -> Self {
        Self { errors: vec![error], ..Self::default() }
    }
}

/// A mutation at work.
struct Acting<'a> {
    state: &'a mut State,
    scopes: &'a [String],
    now: Timestamp,
    /// The orders as they were, to be put back if it fails.
    before: Vec<Order>,
    outgoing: Vec<Outgoing>,
}

impl Acting<'_> {
    /// The id that a value names, and the order it belongs to, if it is of this type and the app sees it.
    fn find(&self, kind: &str, gid: &Value) -> Option<(i64, &Order)> {
        let (given, id) = gid.as_str().and_then(parse_gid)?;
        let order = self.state.owner(id).filter(|order| sees(self.scopes, self.now, order))?;
        let there = match kind {
            "Order" => order.id == id,
            "Fulfillment" => order.fulfillments.iter().any(|f| f.id == id),
            "FulfillmentOrder" => order.fulfillment_orders.iter().any(|f| f.id == id),
            _ => false,
        };
        (given == kind && there).then_some((id, order))
    }

    /// Changes one order by an action.
    fn change<R>(
        &mut self,
        order: i64,
        work: impl FnOnce(&mut Change<'_>) -> Result<R, Refused>,
    ) -> Result<R, Refused> {
        let before = self.state.orders.get(&order).cloned();
        let (result, outgoing) = self.state.change(order, self.now, work)?;
        self.before.extend(before);
        self.outgoing.extend(outgoing);
        Ok(result)
    }
}

/// A mutation that is served.
struct Mutation {
    name: &'static str,
    /// Any of these scopes will do.
    scopes: &'static [&'static str],
    /// The same in Shopify's words.
    access: &'static str,
    act: fn(&mut Acting<'_>, &Args) -> Result<Payload, UserError>,
}

const KEEPERS: &[&str] =
    &["write_merchant_managed_fulfillment_orders", "write_third_party_fulfillment_orders"];
const KEEPERS_ACCESS: &str = "`write_merchant_managed_fulfillment_orders` access scope or \
    `write_third_party_fulfillment_orders` access scope. Also: The user must have fulfill_and_ship_orders permission.";
const SHIPPERS: &[&str] = &[
    "write_assigned_fulfillment_orders",
    "write_merchant_managed_fulfillment_orders",
    "write_third_party_fulfillment_orders",
];
const SHIPPERS_ACCESS: &str = "`write_assigned_fulfillment_orders` access scope, \
    `write_merchant_managed_fulfillment_orders` access scope or `write_third_party_fulfillment_orders` access scope. \
    Also: The user must have fulfill_and_ship_orders permission.";

const WRITERS: &[&str] = &["write_orders"];
const WRITERS_ACCESS: &str = "`write_orders` access scope.";

static MUTATIONS: &[Mutation] = &[
    Mutation {
        name: "fulfillmentCreate",
        scopes: SHIPPERS,
        access: SHIPPERS_ACCESS,
        act: fulfillment::create,
    },
    Mutation {
        name: "fulfillmentTrackingInfoUpdate",
        scopes: SHIPPERS,
        access: SHIPPERS_ACCESS,
        act: fulfillment::update_tracking,
    },
    // Shopify does not publish what this one needs.
    Mutation {
        name: "fulfillmentCancel",
        scopes: SHIPPERS,
        access: SHIPPERS_ACCESS,
        act: fulfillment::cancel,
    },
    Mutation {
        name: "fulfillmentEventCreate",
        scopes: &["write_fulfillments"],
        access: "`write_fulfillments` access scope. Also: The user must have fulfill_and_ship_orders permission.",
        act: fulfillment::create_event,
    },
    Mutation {
        name: "fulfillmentOrderHold",
        scopes: KEEPERS,
        access: KEEPERS_ACCESS,
        act: fulfillment_order::hold,
    },
    Mutation {
        name: "fulfillmentOrderReleaseHold",
        scopes: &[
            "write_merchant_managed_fulfillment_orders",
            "write_third_party_fulfillment_orders",
            "write_marketplace_fulfillment_orders",
        ],
        access: "`write_merchant_managed_fulfillment_orders` access scope, `write_third_party_fulfillment_orders` \
                 access scope or `write_marketplace_fulfillment_orders` access scope. Also: The user must have \
                 fulfill_and_ship_orders permission.",
        act: fulfillment_order::release,
    },
    Mutation {
        name: "fulfillmentOrderSplit",
        scopes: KEEPERS,
        access: KEEPERS_ACCESS,
        act: fulfillment_order::split,
    },
    Mutation {
        name: "fulfillmentOrderMove",
        scopes: KEEPERS,
        access: KEEPERS_ACCESS,
        act: fulfillment_order::move_to,
    },
    Mutation {
        name: "orderUpdate",
        scopes: &["write_orders", "write_marketplace_orders", "write_quick_sale"],
        access: "`write_orders` access scope, `write_marketplace_orders` access scope or `write_quick_sale` access \
                 scope. Also: The app must have the `write_pos_staff_member_event_attribution_overrides` access scope to \
                 assign events to another staff member.",
        act: order::update,
    },
    // What the next ones need depends on whose tags or metafields they change; here only orders have any.
    Mutation { name: "tagsAdd", scopes: WRITERS, access: WRITERS_ACCESS, act: order::add_tags },
    Mutation { name: "tagsRemove", scopes: WRITERS, access: WRITERS_ACCESS, act: order::remove_tags },
    Mutation { name: "metafieldsSet", scopes: WRITERS, access: WRITERS_ACCESS, act: metafield::set },
];

/// Runs the mutations of a plan and writes their answers.
pub(super) fn run(shop: &Shop, plan: &Plan, version: &str, now: Timestamp) -> Answer {
    let mut state = shop.write();
    let mut whole = Answer { written: vec![b'{'], errors: Vec::new(), cost: 0 };
    for (at, planned) in plan.0.iter().enumerate() {
        if at > 0 {
            whole.written.push(b',');
        }
        // Writing to a vector cannot fail.
        let _ = serde_json::to_writer(&mut whole.written, &planned.key);
        whole.written.push(b':');
        let Some(field) = planned.field else {
            whole.written.extend_from_slice(b"\"Mutation\"");
            continue;
        };
        let answer = one(shop, &mut state, planned, field.name, version, now);
        whole.written.extend(answer.written);
        whole.errors.extend(answer.errors);
        whole.cost += cost::of_mutation(field.name) + answer.cost;
    }
    whole.written.push(b'}');
    whole
}

fn one(
    shop: &Shop,
    state: &mut State,
    planned: &Planned,
    name: &str,
    version: &str,
    now: Timestamp,
) -> Answer {
    let scopes = &shop.0.gate.options.scopes;
    let mutation = MUTATIONS.iter().find(|mutation| mutation.name == name);
    let allowed = mutation.is_some_and(|m| m.scopes.iter().any(|needed| scopes.iter().any(|s| s == needed)));
    let payload = match mutation {
        Some(mutation) if allowed => act(shop, state, mutation, &planned.args, now),
        _ => Payload::default(),
    };
    let cx = Cx::new(state, version, scopes, &[], now);
    let out = match (mutation, planned.field.map(|field| field.shape)) {
        (Some(mutation), _) if !allowed => Out::Forbidden(mutation.access),
        (Some(_), Some(Shape::One(of))) => Out::Node(of, Node::Payload(&payload)),
        _ => Out::Null,
    };
    execute::field(&cx, planned, out)
}

fn act(shop: &Shop, state: &mut State, mutation: &Mutation, args: &Args, now: Timestamp) -> Payload {
    let scopes = &shop.0.gate.options.scopes;
    let mut acting = Acting { state, scopes, now, before: Vec::new(), outgoing: Vec::new() };
    let payload = (mutation.act)(&mut acting, args).unwrap_or_else(Payload::from);
    let Acting { before, outgoing, .. } = acting;
    if payload.errors.is_empty() {
        if !outgoing.is_empty() {
            shop.post(outgoing, now);
        }
    } else {
        for order in before.into_iter().rev() {
            state.restore(order);
        }
    }
    payload
}

/// The items of a list; one value goes for a list of one.
fn items(list: Option<&Value>) -> &[Value] {
    match list {
        Some(Value::Array(items)) => items,
        None | Some(Value::Null) => &[],
        Some(one) => std::slice::from_ref(one),
    }
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// A quantity that is not above zero is none.
fn quantity(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0)
}

/// The number in a global id of this type; one that nothing has if it is another's.
fn number(kind: &str, gid: &Value) -> i64 {
    gid.as_str().and_then(parse_gid).filter(|(given, _)| *given == kind).map_or(0, |(_, id)| id)
}
