//! Where a mutation starts, and what each answers: what it made or changed, and what was wrong with the input.
//!
//! The root only declares; what a mutation does is in `mutation`. An answer's objects are read from the state as it is
//! right after that mutation.

use super::super::mutation::Payload;
use super::super::schema::Shape::{Leaf, Many, One};
use super::super::schema::{Args, Cx, Field, Node, Out, Type, object};
use super::fulfillment::{FULFILLMENT, SHIPMENT_EVENT};
use super::nodes;

object! {
    MUTATION_ROOT = "Mutation" costs 0, Query(q), |cx, args| {
        "fulfillmentCreate" ["fulfillment: FulfillmentInput!", "message: String"]: One(&FULFILLMENT_CREATE) => Out::Null;
        "fulfillmentTrackingInfoUpdate"
            ["fulfillmentId: ID!", "trackingInfoInput: FulfillmentTrackingInput!", "notifyCustomer: Boolean"]:
            One(&TRACKING_UPDATE) => Out::Null;
        "fulfillmentCancel" ["id: ID!"]: One(&FULFILLMENT_CANCEL) => Out::Null;
        "fulfillmentEventCreate" ["fulfillmentEvent: FulfillmentEventInput!"]: One(&EVENT_CREATE) => Out::Null;
    }
}

/// The object a mutation answers under this name; null if it came to nothing.
fn made<'a>(cx: &Cx<'a>, payload: &Payload, name: &str) -> Out<'a> {
    payload.made(name).next().and_then(|(kind, id)| super::root::find(cx, kind, id)).into()
}

fn errors<'a>(of: &'static Type, payload: &'a Payload) -> Out<'a> {
    nodes(of, payload.errors.iter().map(Node::UserError))
}

object! {
    FULFILLMENT_CREATE = "FulfillmentCreatePayload" costs 0, Payload(p), |cx, args| {
        "fulfillment": One(&FULFILLMENT) => made(cx, p, "fulfillment");
        "userErrors": Many(&USER_ERROR) => errors(&USER_ERROR, p);
    }
}

object! {
    TRACKING_UPDATE = "FulfillmentTrackingInfoUpdatePayload" costs 0, Payload(p), |cx, args| {
        "fulfillment": One(&FULFILLMENT) => made(cx, p, "fulfillment");
        "userErrors": Many(&USER_ERROR) => errors(&USER_ERROR, p);
    }
}

object! {
    FULFILLMENT_CANCEL = "FulfillmentCancelPayload" costs 0, Payload(p), |cx, args| {
        "fulfillment": One(&FULFILLMENT) => made(cx, p, "fulfillment");
        "userErrors": Many(&USER_ERROR) => errors(&USER_ERROR, p);
    }
}

object! {
    EVENT_CREATE = "FulfillmentEventCreatePayload" costs 0, Payload(p), |cx, args| {
        "fulfillmentEvent": One(&SHIPMENT_EVENT) => made(cx, p, "fulfillmentEvent");
        "userErrors": Many(&USER_ERROR) => errors(&USER_ERROR, p);
    }
}

object! {
    USER_ERROR = "UserError" costs 1, UserError(e), |cx, args| {
        "field": Leaf => e.field.as_ref();
        "message": Leaf => e.message.as_str();
    }
}

/// What all errors of mutations are.
pub(in super::super) static DISPLAYABLE_ERROR: Type = Type {
    name: "DisplayableError",
    cost: 1,
    fields: &[],
    possible: &[&USER_ERROR],
    shared: &["field", "message"],
};
