//! Where a query starts: single objects by id, the list of orders, the shop and its surroundings.

use std::ops::Bound;

use base64::Engine;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::schema::Shape::{Many, One, Pages};
use super::super::schema::{Args, Cx, Field, Node, Of, Out, Page, Type, object};
use super::super::search::{Filter, Search};
use super::fulfillment::{
    FULFILLMENT, FULFILLMENT_LINE, FULFILLMENT_ORDER, FULFILLMENT_ORDER_LINE, HOLD, SHIPMENT_EVENT,
};
use super::line::LINE_ITEM;
use super::nodes;
use super::order::{COUNT, METAFIELD, ORDER};
use super::payment::{REFUND, TRANSACTION};
use super::person::CUSTOMER;
use super::shop::{API_VERSION, APP_INSTALLATION, LOCATION, SHOP, WEBHOOK_SUBSCRIPTION};
use crate::simulator::shopify::order::Order;

object! {
    QUERY_ROOT = "QueryRoot" costs 0, Query(q), |cx, args| {
        "shop": One(&SHOP) => (&SHOP, Node::Shop(&cx.state.profile));
        "currentAppInstallation": One(&APP_INSTALLATION) => (&APP_INSTALLATION, Node::App("crossdock"));
        "publicApiVersions": Many(&API_VERSION) => nodes(&API_VERSION, VERSIONS.iter().map(|v| Node::Version(v)));
        "node" ["id!"]: One(&NODE) => any_node(cx, args.text("id"));
        "nodes" ["ids!"]: Many(&NODE) => many_nodes(cx, args);
        "order" ["id!"]: One(&ORDER) => of_type(cx, args, "Order");
        "orderByIdentifier" ["identifier!"]: One(&ORDER) =>
            by_id(cx, args.get("identifier").and_then(|i| i["id"].as_str()), "Order");
        "orders" ["query", "sortKey", "savedSearchId"]: Pages(&ORDER) => orders(cx, args);
        "ordersCount" ["query", "limit", "savedSearchId"]: One(&COUNT) => count(cx, args);
        "fulfillment" ["id!"]: One(&FULFILLMENT) => of_type(cx, args, "Fulfillment");
        "fulfillmentOrder" ["id!"]: One(&FULFILLMENT_ORDER) => of_type(cx, args, "FulfillmentOrder");
        "fulfillmentOrders" ["includeClosed", "query", "sortKey"]: Pages(&FULFILLMENT_ORDER) => wanted(cx, args);
        "refund" ["id!"]: One(&REFUND) => of_type(cx, args, "Refund");
        "customer" ["id!"]: One(&CUSTOMER) => of_type(cx, args, "Customer");
        "location" ["id"]: One(&LOCATION) => match args.text("id") {
            Some(_) => of_type(cx, args, "Location"),
            None => find(cx, "Location", cx.state.profile.default_location()).into(),
        };
        "locations" ["includeInactive", "includeLegacy", "query", "sortKey"]: Pages(&LOCATION) => nodes(&LOCATION,
            cx.state.profile.locations.iter().filter(|l| l.active || args.flag("includeInactive"))
                .map(Node::Location));
        "webhookSubscriptions" ["topics", "uri", "callbackUrl", "format", "query", "sortKey"]:
            Pages(&WEBHOOK_SUBSCRIPTION) => nodes(&WEBHOOK_SUBSCRIPTION, cx.subscriptions.iter().map(Node::Subscription));
    }
}

/// Anything with an id.
pub(in super::super) static NODE: Type = Type {
    name: "Node",
    cost: 1,
    fields: &[],
    possible: &[
        &ORDER,
        &LINE_ITEM,
        &FULFILLMENT,
        &FULFILLMENT_LINE,
        &SHIPMENT_EVENT,
        &FULFILLMENT_ORDER,
        &FULFILLMENT_ORDER_LINE,
        &HOLD,
        &METAFIELD,
        &REFUND,
        &TRANSACTION,
        &CUSTOMER,
        &LOCATION,
        &SHOP,
    ],
    shared: &["id"],
};

const VERSIONS: &[&str] = &["2026-01", "2026-04", "2026-07", "2026-10", "2027-01", "unstable"];

/// The version as listed; the newest stable one if it is not.
pub(super) fn known_version(version: &str) -> &'static str {
    VERSIONS.iter().find(|v| **v == version).copied().unwrap_or("2026-10")
}

/// Type and number of a global id.
pub(in super::super) fn parse_gid(gid: &str) -> Option<(&str, i64)> {
    let (kind, id) = gid.strip_prefix("gid://shopify/")?.split_once('/')?;
    let id = id.split('?').next().unwrap_or(id);
    id.parse().ok().map(|id| (kind, id)).filter(|_| !kind.is_empty())
}

fn of_type<'a>(cx: &Cx<'a>, args: &Args, kind: &str) -> Out<'a> {
    by_id(cx, args.text("id"), kind)
}

fn by_id<'a>(cx: &Cx<'a>, gid: Option<&str>, kind: &str) -> Out<'a> {
    match gid.and_then(parse_gid) {
        Some((given, id)) if given == kind => find(cx, kind, id).into(),
        _ => Out::Error("RESOURCE_NOT_FOUND", format!("Invalid id: {}", gid.unwrap_or_default())),
    }
}

fn any_node<'a>(cx: &Cx<'a>, gid: Option<&str>) -> Out<'a> {
    gid.and_then(parse_gid).and_then(|(kind, id)| find(cx, kind, id)).into()
}

fn many_nodes<'a>(cx: &Cx<'a>, args: &Args) -> Out<'a> {
    let ids = args.get("ids").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let found =
        ids.iter().map(|id| id.as_str().and_then(parse_gid).and_then(|(kind, id)| find(cx, kind, id)));
    Out::Sparse(found.collect())
}

pub(super) fn find<'a>(cx: &Cx<'a>, kind: &str, id: i64) -> Option<(&'static Type, Node<'a>)> {
    if kind == "Location" {
        return cx.state.profile.location(id).map(|l| (&LOCATION as &'static Type, Node::Location(l)));
    }
    if kind == "Shop" {
        return (cx.state.profile.id == id).then_some((&SHOP, Node::Shop(&cx.state.profile)));
    }
    if kind == "Customer" {
        let mut customers = cx.state.orders.values().rev().filter_map(|order| order.customer.as_ref());
        return customers.find(|c| c.id == id).map(|c| (&CUSTOMER as &'static Type, Node::Customer(c)));
    }
    let order = cx.state.owner(id).filter(|order| visible(cx, order))?;
    let node: (&'static Type, Node<'a>) = match kind {
        "Order" => (&ORDER, Node::Order(cx.state.orders.get(&id)?)),
        "LineItem" => (&LINE_ITEM, Node::Line(Of { order, it: order.line(id)? })),
        "Fulfillment" => {
            let it = order.fulfillments.iter().find(|f| f.id == id)?;
            (&FULFILLMENT, Node::Fulfillment(Of { order, it }))
        }
        "FulfillmentOrder" => {
            let it = order.fulfillment_orders.iter().find(|f| f.id == id)?;
            (&FULFILLMENT_ORDER, Node::FulfillmentOrder(Of { order, it }))
        }
        "FulfillmentLineItem" => {
            let it = order.fulfillments.iter().flat_map(|f| &f.lines).find(|l| l.id == id)?;
            (&FULFILLMENT_LINE, Node::FulfillmentLine(Of { order, it }))
        }
        "FulfillmentEvent" => {
            let it = order.fulfillments.iter().flat_map(|f| &f.events).find(|e| e.id == id)?;
            (&SHIPMENT_EVENT, Node::ShipmentEvent(Of { order, it }))
        }
        "FulfillmentOrderLineItem" => {
            let it = order.fulfillment_orders.iter().flat_map(|f| &f.lines).find(|l| l.id == id)?;
            (&FULFILLMENT_ORDER_LINE, Node::FulfillmentOrderLine(Of { order, it }))
        }
        "FulfillmentHold" => {
            let it = order.fulfillment_orders.iter().flat_map(|f| &f.holds).find(|h| h.id == id)?;
            (&HOLD, Node::Hold(it))
        }
        "Metafield" => {
            let it = order.metafields.iter().find(|m| m.id == id)?;
            (&METAFIELD, Node::Metafield(it))
        }
        "Refund" => {
            let it = order.refunds.iter().find(|r| r.id == id)?;
            (&REFUND, Node::Refund(Of { order, it }))
        }
        "OrderTransaction" => (&TRANSACTION, Node::Transaction(Of { order, it: order.transaction(id)? })),
        _ => return None,
    };
    Some(node)
}

/// Without `read_all_orders` an app sees the last sixty days.
fn visible(cx: &Cx<'_>, order: &Order) -> bool {
    sees(cx.scopes, cx.now, order)
}

/// Whether an app with these scopes sees an order.
pub(in super::super) fn sees(scopes: &[String], now: Timestamp, order: &Order) -> bool {
    scopes.iter().any(|scope| scope == "read_all_orders")
        || now.duration_since(order.created_at).as_hours() < 60 * 24
}

/// Fulfillment orders of the whole shop.
fn wanted<'a>(cx: &Cx<'a>, args: &Args) -> Out<'a> {
    let closed = args.flag("includeClosed");
    nodes(
        &FULFILLMENT_ORDER,
        cx.state.orders.values().filter(|order| visible(cx, order)).flat_map(|order| {
            let open = order.fulfillment_orders.iter().filter(move |f| closed || !f.status.is_final());
            open.map(move |it| Node::FulfillmentOrder(Of { order, it }))
        }),
    )
}

fn search<'a>(cx: &Cx<'a>, args: &Args) -> Result<Filter, Out<'a>> {
    let text = args.text("query").unwrap_or_default();
    let search = Search::read(text, &cx.state.profile, cx.now).map_err(|e| Out::Error("BAD_REQUEST", e))?;
    if !search.unknown.is_empty() {
        let warnings: Vec<_> = search
            .unknown
            .iter()
            .map(|field| json!({ "field": field, "message": "Invalid search field for this query." }))
            .collect();
        cx.remarks.borrow_mut().push(json!({ "path": ["orders"], "query": text, "warnings": warnings }));
    }
    Ok(search.filter)
}

fn count<'a>(cx: &Cx<'a>, args: &Args) -> Out<'a> {
    let filter = match search(cx, args) {
        Ok(filter) => filter,
        Err(out) => return out,
    };
    // An explicit null lifts the limit.
    let unlimited = args.0.iter().any(|(name, value)| name == "limit" && value.is_null());
    let limit = if unlimited { usize::MAX } else { args.count("limit").unwrap_or(10_000) };
    let matching = cx.state.orders.values().filter(|o| visible(cx, o) && filter.holds(o, cx.version));
    let found = matching.take(limit.saturating_add(1)).count();
    Out::Node(&COUNT, Node::Count((found.min(limit), found <= limit)))
}

/// What orders are sorted by: whole numbers, so that a cursor can say where it stands.
fn sort_key(key: &str, order: &Order, cx: &Cx<'_>) -> i64 {
    let cents = |amount: rust_decimal::Decimal| {
        use rust_decimal::prelude::ToPrimitive;
        (amount * rust_decimal::Decimal::ONE_HUNDRED).to_i64().unwrap_or_default()
    };
    match key {
        "UPDATED_AT" => order.updated_at.as_millisecond(),
        "CREATED_AT" => order.created_at.as_millisecond(),
        "ID" => order.id,
        "ORDER_NUMBER" => order.order_number.into(),
        "TOTAL_PRICE" => cents(cx.totals(order).total.shop),
        "CURRENT_TOTAL_PRICE" => cents(cx.totals(order).current_total.shop),
        "TOTAL_ITEMS_QUANTITY" => order.lines.iter().map(|line| i64::from(line.quantity)).sum(),
        _ => order.processed_at.as_millisecond(),
    }
}

fn cursor(value: i64, id: i64) -> String {
    base64::engine::general_purpose::STANDARD.encode(format!(r#"{{"last_id":{id},"last_value":{value}}}"#))
}

fn read_cursor(cursor: &str) -> Option<(i64, i64)> {
    let bytes = base64::engine::general_purpose::STANDARD.decode(cursor).ok()?;
    let value: Value = serde_json::from_slice(&bytes).ok()?;
    Some((value["last_value"].as_i64()?, value["last_id"].as_i64()?))
}

/// One page of orders. A cursor is a place in the sorting, not a row: an order that changes while a client pages by
/// its change may come twice or be skipped, as with the real shop.
fn orders<'a>(cx: &Cx<'a>, args: &Args) -> Out<'a> {
    let (first, last) = (args.count("first"), args.count("last"));
    let take = match (first, last) {
        (Some(n), None) | (None, Some(n)) => n,
        (None, None) => return Out::Error("BAD_REQUEST", "you must provide one of first or last".to_owned()),
        (Some(_), Some(_)) => {
            return Out::Error("BAD_REQUEST", "providing both first and last is not supported".to_owned());
        }
    };
    let filter = match search(cx, args) {
        Ok(filter) => filter,
        Err(out) => return out,
    };
    let key = args.text("sortKey").unwrap_or("PROCESSED_AT");
    let reverse = args.flag("reverse");
    let mut low: Bound<(i64, i64)> = Bound::Unbounded;
    let mut high: Bound<(i64, i64)> = Bound::Unbounded;
    for (name, is_low) in [("after", !reverse), ("before", reverse)] {
        if let Some(text) = args.text(name) {
            let Some(place) = read_cursor(text) else {
                return Out::Error("BAD_REQUEST", "Invalid cursor for current pagination sort.".to_owned());
            };
            *(if is_low { &mut low } else { &mut high }) = Bound::Excluded(place);
        }
    }
    let from_the_end = reverse != last.is_some();
    let fits = |order: &&'a Order| visible(cx, order) && filter.holds(order, cx.version);
    let mut found: Vec<(i64, &'a Order)> = if key == "UPDATED_AT" {
        by_update(cx, &filter, low, high, from_the_end, take, fits)
    } else {
        let mut all: Vec<(i64, &Order)> =
            cx.state.orders.values().filter(fits).map(|order| (sort_key(key, order, cx), order)).collect();
        all.retain(|(value, order)| within((*value, order.id), low, high));
        all.sort_by_key(|(value, order)| (*value, order.id));
        if from_the_end {
            all.reverse();
        }
        all.truncate(take + 1);
        all
    };
    let more = found.len() > take;
    found.truncate(take);
    if last.is_some() {
        found.reverse();
    }
    let (after, before) = (args.text("after").is_some(), args.text("before").is_some());
    Out::Page(Page {
        of: &ORDER,
        nodes: found.into_iter().map(|(value, o)| (Node::Order(o), cursor(value, o.id))).collect(),
        has_next: if last.is_some() { before } else { more },
        has_previous: if last.is_some() { more } else { after },
    })
}

fn within(place: (i64, i64), low: Bound<(i64, i64)>, high: Bound<(i64, i64)>) -> bool {
    let above = match low {
        Bound::Excluded(low) => place > low,
        Bound::Included(low) => place >= low,
        Bound::Unbounded => true,
    };
    let below = match high {
        Bound::Excluded(high) => place < high,
        Bound::Included(high) => place <= high,
        Bound::Unbounded => true,
    };
    above && below
}

/// The way a sweep reads: by the index, from the cursor or the time asked for, no further than needed.
fn by_update<'a>(
    cx: &Cx<'a>,
    filter: &Filter,
    low: Bound<(i64, i64)>,
    high: Bound<(i64, i64)>,
    from_the_end: bool,
    take: usize,
    fits: impl Fn(&&'a Order) -> bool,
) -> Vec<(i64, &'a Order)> {
    let place = |(value, id): (i64, i64)| (Timestamp::from_millisecond(value).unwrap_or(Timestamp::MIN), id);
    let since = filter.updated_since().map(|at| (at, i64::MIN));
    let low = match low {
        Bound::Excluded(low) if since.is_none_or(|since| since < place(low)) => Bound::Excluded(place(low)),
        _ => since.map_or(Bound::Unbounded, Bound::Included),
    };
    let high = match high {
        Bound::Excluded(high) => Bound::Excluded(place(high)),
        _ => Bound::Unbounded,
    };
    // A range that ends before it begins is nothing, and the tree would not take it.
    if let (Bound::Excluded(l) | Bound::Included(l), Bound::Excluded(h)) = (low, high)
        && l >= h
    {
        return Vec::new();
    }
    let order = |(_, id): &(Timestamp, i64)| cx.state.orders.get(id);
    let keyed = |order: &'a Order| (order.updated_at.as_millisecond(), order);
    let range = cx.state.by_update.range((low, high));
    if from_the_end {
        range.rev().filter_map(order).filter(fits).take(take + 1).map(keyed).collect()
    } else {
        range.filter_map(order).filter(fits).take(take + 1).map(keyed).collect()
    }
}
