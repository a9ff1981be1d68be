//! Replay: deliveries are understood anew, or orders looked at again; the loop decides whether anything is owed.
//!
//! A dry run changes nothing and says what would be done by what is known now.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::{Console, known};
use crate::domain::{OrderRef, RemoteId};
use crate::engine::Owed;
use crate::http::problem::Problem;
use crate::store::{DeliveryState, ReplayQuery};

/// What to replay: exactly one of `deliveries`, `orders` and `range`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplayRequest {
    /// Deliveries by id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deliveries: Option<Vec<i64>>,
    /// Orders by name or id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub orders: Option<Vec<String>>,
    /// Deliveries received in a time range, filtered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<Range>,
    /// Only say what would be done.
    #[serde(default)]
    pub dry_run: bool,
}

/// A time range with a filter.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// Received at or after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<jiff::Timestamp>,
    /// Received before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<jiff::Timestamp>,
    /// Of this connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// Of this topic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// In this state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

/// What a replay did, or would do.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ReplayAnswer {
    /// Whether nothing was changed.
    pub dry_run: bool,
    /// Deliveries that match.
    pub deliveries: usize,
    /// Orders that match.
    pub orders: usize,
    /// What the mirrors of up to 200 of these orders are owed by what is known now; only for a dry run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owed: Vec<Owed>,
}

/// Orders shown in a dry run.
const PREVIEWS: usize = 200;

/// `POST /replay`.
pub(super) async fn replay(
    State(console): State<Console>,
    request: Result<Json<ReplayRequest>, JsonRejection>,
) -> Result<Json<ReplayAnswer>, Problem> {
    let Json(request) = request.map_err(|rejection| unreadable(&rejection))?;
    match (request.deliveries, request.orders, request.range) {
        (Some(ids), None, None) => replay_deliveries(&console, ids, request.dry_run).await,
        (None, Some(names), None) => replay_orders(&console, names, request.dry_run).await,
        (None, None, Some(range)) => replay_range(&console, range, request.dry_run).await,
        _ => Err(Problem::bad_request("give exactly one of deliveries, orders and range")),
    }
    .map(Json)
}

fn unreadable(rejection: &JsonRejection) -> Problem {
    match rejection.status() {
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json", "send the body as application/json")
        }
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body_too_large",
            "name fewer at once, or give a range",
        ),
        _ => Problem::bad_request(rejection.body_text()),
    }
}

async fn replay_deliveries(console: &Console, ids: Vec<i64>, dry_run: bool) -> Result<ReplayAnswer, Problem> {
    let store = console.engine.store();
    let mut orders = BTreeSet::new();
    for id in &ids {
        let Some((row, _)) = store.delivery(*id).await? else {
            return Err(Problem::not_found(format!("there is no delivery {id}; nothing was replayed")));
        };
        orders.extend(row.order_id.map(|id| order(row.connection, &id)));
    }
    let mut answer = ReplayAnswer { dry_run, deliveries: ids.len(), orders: orders.len(), owed: Vec::new() };
    if dry_run {
        answer.owed = preview(console, orders).await?;
    } else {
        let now = console.engine.clock().now();
        store.replay_deliveries(ids, now).await?;
        look_again(console, orders).await?;
        console.engine.wake().unsorted();
    }
    Ok(answer)
}

async fn replay_orders(
    console: &Console,
    names: Vec<String>,
    dry_run: bool,
) -> Result<ReplayAnswer, Problem> {
    let mut orders = BTreeSet::new();
    for name in &names {
        let Some((row, _)) = console.engine.store().find_order(name).await? else {
            return Err(Problem::not_found(format!("no order is named «{name}»; nothing was replayed")));
        };
        orders.insert(order(row.channel, &row.order_id));
    }
    let mut answer = ReplayAnswer { dry_run, orders: orders.len(), ..ReplayAnswer::default() };
    if dry_run {
        answer.owed = preview(console, orders).await?;
    } else {
        look_again(console, orders).await?;
    }
    Ok(answer)
}

async fn replay_range(console: &Console, range: Range, dry_run: bool) -> Result<ReplayAnswer, Problem> {
    let Range { since, until, connection, topic, state } = range;
    known("state", state.as_deref(), DeliveryState::KNOWN)?;
    if since.is_none() && until.is_none() {
        return Err(Problem::bad_request("a range needs since or until, as 2026-11-22T10:00:00Z"));
    }
    let (store, now) = (console.engine.store(), console.engine.clock().now());
    // What comes in while the range is walked is not part of it.
    let until = Some(until.unwrap_or(now).min(now));
    let query = ReplayQuery { connection, topic, state, since, until };
    let (mut after, mut deliveries, mut orders) = (0, 0, BTreeSet::new());
    loop {
        let page = store.replayable(&query, after).await?;
        let Some((last, _, _)) = page.last() else { break };
        after = *last;
        deliveries += page.len();
        let ids = page.iter().map(|(id, _, _)| *id).collect();
        orders.extend(page.into_iter().filter_map(|(_, connection, id)| Some(order(connection, &id?))));
        if !dry_run {
            store.replay_deliveries(ids, now).await?;
            console.engine.wake().unsorted();
        }
    }
    let mut answer = ReplayAnswer { dry_run, deliveries, orders: orders.len(), owed: Vec::new() };
    if dry_run {
        answer.owed = preview(console, orders).await?;
    } else {
        look_again(console, orders).await?;
    }
    Ok(answer)
}

fn order(connection: String, id: &str) -> OrderRef {
    OrderRef { connection, id: RemoteId::from(id) }
}

async fn look_again(console: &Console, orders: BTreeSet<OrderRef>) -> Result<(), Problem> {
    for order in orders {
        console.engine.store().look_again(order, None, false, console.engine.clock().now()).await?;
    }
    console.engine.wake().due();
    Ok(())
}

async fn preview(console: &Console, orders: BTreeSet<OrderRef>) -> Result<Vec<Owed>, Problem> {
    let mut owed = Vec::new();
    for order in orders.into_iter().take(PREVIEWS) {
        owed.extend(console.engine.preview(&order).await?);
    }
    Ok(owed)
}
