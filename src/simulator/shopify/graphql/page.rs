//! Cuts pages out of lists that are there as a whole. A cursor names the object it stands on, as the real ones do.

use base64::Engine;

use super::schema::{Args, Node, Out, Type};

/// A page holds at most this many objects.
pub(super) const LARGEST_PAGE: usize = 250;

/// A page, each object with its type and cursor.
pub(super) struct Cut<'a> {
    pub(super) nodes: Vec<(&'static Type, Node<'a>, String)>,
    pub(super) has_next: bool,
    pub(super) has_previous: bool,
}

pub(super) fn too_large<'a>() -> Out<'a> {
    Out::Error("BAD_REQUEST", format!("a page holds at most {LARGEST_PAGE} objects"))
}

/// Cuts the page that the arguments ask for.
pub(super) fn cut<'a>(args: &Args, nodes: Vec<(&'static Type, Node<'a>)>) -> Result<Cut<'a>, Out<'a>> {
    let take = match (args.count("first"), args.count("last")) {
        (None, None) => {
            return Err(Out::Error("BAD_REQUEST", "you must provide one of first or last".to_owned()));
        }
        (Some(_), Some(_)) => {
            return Err(Out::Error(
                "BAD_REQUEST",
                "providing both first and last is not supported".to_owned(),
            ));
        }
        (Some(n), None) | (None, Some(n)) if n > LARGEST_PAGE => return Err(too_large()),
        (Some(n), None) | (None, Some(n)) => n,
    };
    let mut all: Vec<_> = nodes
        .into_iter()
        .enumerate()
        .map(|(at, (of, node))| {
            (of, node, cursor(node.id().unwrap_or_else(|| i64::try_from(at).unwrap_or(0))))
        })
        .collect();
    if args.flag("reverse") {
        all.reverse();
    }
    let place = |name: &str| match args.text(name) {
        None => Ok(None),
        Some(text) => match all.iter().position(|node| node.2 == text) {
            Some(at) => Ok(Some(at)),
            None => Err(Out::Error("BAD_REQUEST", "Invalid cursor for current pagination sort.".to_owned())),
        },
    };
    let from = place("after")?.map_or(0, |at| at + 1);
    let to = place("before")?.unwrap_or(all.len()).max(from);
    let (from, to) = if args.count("last").is_some() {
        (to.saturating_sub(take).max(from), to)
    } else {
        (from, to.min(from.saturating_add(take)))
    };
    let (has_previous, has_next) = (from > 0, to < all.len());
    let nodes = all.drain(from..to).collect();
    Ok(Cut { nodes, has_next, has_previous })
}

fn cursor(id: i64) -> String {
    base64::engine::general_purpose::STANDARD.encode(format!(r#"{{"last_id":{id},"last_value":{id}}}"#))
}

impl Node<'_> {
    /// What its cursor is made of.
    pub(super) fn id(&self) -> Option<i64> {
        Some(match self {
            Node::Line(it) => it.id,
            Node::Shipping(it) => it.id,
            Node::Fulfillment(it) => it.id,
            Node::FulfillmentLine(it) => it.id,
            Node::FulfillmentOrder(it) => it.id,
            Node::FulfillmentOrderLine(it) => it.id,
            Node::ShipmentEvent(it) => it.id,
            Node::Refund(it) => it.id,
            Node::RefundLine(it) => it.id,
            Node::RefundShipping(it) => it.id,
            Node::Adjustment(it) => it.id,
            Node::Transaction(it) => it.id,
            Node::Order(it) => it.id,
            Node::Location(it) => it.id,
            Node::Customer(it) => it.id,
            Node::Metafield(it) => it.id,
            Node::Address(it) => it.id,
            Node::Subscription(it) => it.1,
            _ => return None,
        })
    }
}
