//! Where a mutation starts, and what each answers: what it made or changed, and what was wrong with the input.
//!
//! The root only declares; what a mutation does is in `mutation`. An answer's objects are read from the state as it is
//! right after that mutation.

use super::super::mutation::Payload;
use super::super::schema::Shape::{Leaf, Many, One};
use super::super::schema::{Args, Cx, Field, Node, Out, Type, object};
use super::fulfillment::{FULFILLMENT, FULFILLMENT_ORDER, HOLD, SHIPMENT_EVENT};
use super::nodes;
use super::order::{METAFIELD, ORDER};
use super::root::{NODE, find};

object! {
    MUTATION_ROOT = "Mutation" costs 0, Query(q), |cx, args| {
        "fulfillmentCreate" ["fulfillment: FulfillmentInput!", "message: String"]: One(&FULFILLMENT_CREATE) => Out::Null;
        "fulfillmentTrackingInfoUpdate"
            ["fulfillmentId: ID!", "trackingInfoInput: FulfillmentTrackingInput!", "notifyCustomer: Boolean"]:
            One(&TRACKING_UPDATE) => Out::Null;
        "fulfillmentCancel" ["id: ID!"]: One(&FULFILLMENT_CANCEL) => Out::Null;
        "fulfillmentEventCreate" ["fulfillmentEvent: FulfillmentEventInput!"]: One(&EVENT_CREATE) => Out::Null;
        "fulfillmentOrderHold" ["id: ID!", "fulfillmentHold: FulfillmentOrderHoldInput!"]: One(&ORDER_HOLD) => Out::Null;
        "fulfillmentOrderReleaseHold" ["id: ID!", "holdIds: [ID!]", "externalId: String"]: One(&ORDER_RELEASE) => Out::Null;
        "fulfillmentOrderSplit" ["fulfillmentOrderSplits: [FulfillmentOrderSplitInput!]!"]: One(&ORDER_SPLIT) => Out::Null;
        "fulfillmentOrderMove"
            ["id: ID!", "newLocationId: ID!", "fulfillmentOrderLineItems: [FulfillmentOrderLineItemInput!]"]:
            One(&ORDER_MOVE) => Out::Null;
        "orderUpdate" ["input: OrderInput!"]: One(&ORDER_UPDATE) => Out::Null;
        "tagsAdd" ["id: ID!", "tags: [String!]!"]: One(&TAGS_ADD) => Out::Null;
        "tagsRemove" ["id: ID!", "tags: [String!]!"]: One(&TAGS_REMOVE) => Out::Null;
        "metafieldsSet" ["metafields: [MetafieldsSetInput!]!"]: One(&METAFIELDS_SET) => Out::Null;
    }
}

/// The object a mutation answers under this name; null if it came to nothing.
fn made<'a>(cx: &Cx<'a>, payload: &Payload, name: &str) -> Out<'a> {
    payload.made(name).next().and_then(|(kind, id)| find(cx, kind, id)).into()
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
    ORDER_HOLD = "FulfillmentOrderHoldPayload" costs 0, Payload(p), |cx, args| {
        "fulfillmentHold": One(&HOLD) => made(cx, p, "fulfillmentHold");
        "fulfillmentOrder": One(&FULFILLMENT_ORDER) => made(cx, p, "fulfillmentOrder");
        "remainingFulfillmentOrder": One(&FULFILLMENT_ORDER) => made(cx, p, "remainingFulfillmentOrder");
        "userErrors": Many(&HOLD_ERROR) => errors(&HOLD_ERROR, p);
    }
}

object! {
    ORDER_RELEASE = "FulfillmentOrderReleaseHoldPayload" costs 0, Payload(p), |cx, args| {
        "fulfillmentOrder": One(&FULFILLMENT_ORDER) => made(cx, p, "fulfillmentOrder");
        "userErrors": Many(&RELEASE_ERROR) => errors(&RELEASE_ERROR, p);
    }
}

object! {
    ORDER_SPLIT = "FulfillmentOrderSplitPayload" costs 0, Payload(p), |cx, args| {
        "fulfillmentOrderSplits": Many(&SPLIT_RESULT) =>
            p.splits.as_ref().map(|splits| nodes(&SPLIT_RESULT, splits.iter().map(|split| Node::Split(*split))));
        "userErrors": Many(&SPLIT_ERROR) => errors(&SPLIT_ERROR, p);
    }
}

object! {
    SPLIT_RESULT = "FulfillmentOrderSplitResult" costs 1, Split(s), |cx, args| {
        "fulfillmentOrder": One(&FULFILLMENT_ORDER) => find(cx, "FulfillmentOrder", s.0);
        "remainingFulfillmentOrder": One(&FULFILLMENT_ORDER) => find(cx, "FulfillmentOrder", s.1);
        "replacementFulfillmentOrder": One(&FULFILLMENT_ORDER) => Out::Null;
    }
}

object! {
    ORDER_MOVE = "FulfillmentOrderMovePayload" costs 0, Payload(p), |cx, args| {
        "movedFulfillmentOrder": One(&FULFILLMENT_ORDER) => made(cx, p, "movedFulfillmentOrder");
        "originalFulfillmentOrder": One(&FULFILLMENT_ORDER) => made(cx, p, "originalFulfillmentOrder");
        "remainingFulfillmentOrder": One(&FULFILLMENT_ORDER) => made(cx, p, "remainingFulfillmentOrder");
        "userErrors": Many(&MOVE_ERROR) => errors(&MOVE_ERROR, p);
    }
}

object! {
    ORDER_UPDATE = "OrderUpdatePayload" costs 0, Payload(p), |cx, args| {
        "order": One(&ORDER) => made(cx, p, "order");
        "userErrors": Many(&USER_ERROR) => errors(&USER_ERROR, p);
    }
}

object! {
    TAGS_ADD = "TagsAddPayload" costs 0, Payload(p), |cx, args| {
        "node": One(&NODE) => made(cx, p, "node");
        "userErrors": Many(&USER_ERROR) => errors(&USER_ERROR, p);
    }
}

object! {
    TAGS_REMOVE = "TagsRemovePayload" costs 0, Payload(p), |cx, args| {
        "node": One(&NODE) => made(cx, p, "node");
        "userErrors": Many(&USER_ERROR) => errors(&USER_ERROR, p);
    }
}

object! {
    METAFIELDS_SET = "MetafieldsSetPayload" costs 0, Payload(p), |cx, args| {
        "metafields": Many(&METAFIELD) =>
            Out::Mixed(p.made("metafields").filter_map(|(kind, id)| find(cx, kind, id)).collect());
        "userErrors": Many(&METAFIELDS_ERROR) => errors(&METAFIELDS_ERROR, p);
    }
}

object! {
    METAFIELDS_ERROR = "MetafieldsSetUserError" costs 1, UserError(e), |cx, args| {
        "field": Leaf => e.field.as_ref();
        "message": Leaf => e.message.as_str();
        "code": Leaf => e.code;
        "elementIndex": Leaf => Out::Null;
    }
}

/// An error with a code of its mutation's own.
macro_rules! coded_errors {
    ($($table:ident = $name:literal;)*) => {
        $(object! {
            $table = $name costs 1, UserError(e), |cx, args| {
                "field": Leaf => e.field.as_ref();
                "message": Leaf => e.message.as_str();
                "code": Leaf => e.code;
            }
        })*
    };
}

coded_errors! {
    HOLD_ERROR = "FulfillmentOrderHoldUserError";
    RELEASE_ERROR = "FulfillmentOrderReleaseHoldUserError";
    SPLIT_ERROR = "FulfillmentOrderSplitUserError";
    MOVE_ERROR = "FulfillmentOrderMoveFulfillmentOrderMoveUserError";
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
    possible: &[&USER_ERROR, &HOLD_ERROR, &RELEASE_ERROR, &SPLIT_ERROR, &MOVE_ERROR, &METAFIELDS_ERROR],
    shared: &["field", "message"],
};
