//! Orders, deliveries and totals, looked up.

use axum::Json;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Console, Path, Query, known};
use crate::domain::mirror::MirrorState;
use crate::domain::{OrderRef, RemoteId};
use crate::http::problem::Problem;
use crate::store::{Counts, DeliveryQuery, DeliveryRow, DeliveryState, ExceptionQuery, OrderRow};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OrdersQuery {
    connection: Option<String>,
    name: Option<String>,
    state: Option<String>,
    before: Option<Timestamp>,
    before_id: Option<String>,
    limit: Option<i64>,
}

/// `GET /orders?connection=&name=&state=&before=&before_id=&limit=`: latest change first; `state` is that of any of its
/// mirrors. The next page begins before the `changed_at` and `order_id` of the last row: several may have changed at once.
pub(super) async fn orders(
    State(console): State<Console>,
    Query(query): Query<OrdersQuery>,
) -> Result<Json<Vec<OrderRow>>, Problem> {
    let OrdersQuery { connection, name, state, before, before_id, limit } = query;
    known("state", state.as_deref(), MirrorState::KNOWN)?;
    if before_id.is_some() && before.is_none() {
        return Err(Problem::bad_request("before_id goes with before, both of the last row seen"));
    }
    let before = before.map(|at| (at, before_id));
    Ok(Json(console.engine.store().orders(connection, name, state, before, limit).await?))
}

/// `GET /orders/{name or id}`: the order with its record, mirrors, time-line, tries, deliveries and exceptions.
pub(super) async fn order(
    State(console): State<Console>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Problem> {
    let store = console.engine.store();
    let Some((row, record)) = store.find_order(&name).await? else {
        return Err(Problem::not_found(format!("no order is named «{name}»")));
    };
    let order = OrderRef { connection: row.channel.clone(), id: RemoteId::from(row.order_id.as_str()) };
    let (timeline, attempts) = store.story(&order).await?;
    let deliveries = store
        .deliveries(&DeliveryQuery {
            connection: Some(row.channel.clone()),
            order: Some(row.order_id.clone()),
            limit: Some(1000),
            ..DeliveryQuery::default()
        })
        .await?;
    let exceptions = store
        .exceptions(ExceptionQuery {
            closed: true,
            order: Some(order),
            limit: Some(1000),
            ..ExceptionQuery::default()
        })
        .await?;
    Ok(Json(json!({
        "order": row,
        "record": record,
        "timeline": timeline,
        "attempts": attempts,
        "deliveries": deliveries,
        "exceptions": exceptions,
    })))
}

/// `GET /deliveries?connection=&topic=&state=&order=&webhook_id=&before=&limit=`: newest first.
pub(super) async fn deliveries(
    State(console): State<Console>,
    Query(query): Query<DeliveryQuery>,
) -> Result<Json<Vec<DeliveryRow>>, Problem> {
    known("state", query.state.as_deref(), DeliveryState::KNOWN)?;
    Ok(Json(console.engine.store().deliveries(&query).await?))
}

/// `GET /deliveries/{id}`: one delivery with its raw body, as text where it is text and in base64 always.
pub(super) async fn delivery(
    State(console): State<Console>,
    Path(id): Path<i64>,
) -> Result<Json<Value>, Problem> {
    let Some((row, body)) = console.engine.store().delivery(id).await? else {
        return Err(Problem::not_found(format!("there is no delivery {id}")));
    };
    Ok(Json(json!({
        "delivery": row,
        "body": std::str::from_utf8(&body).ok(),
        "body_base64": BASE64.encode(&body),
    })))
}

/// `GET /summary`: totals over everything kept.
pub(super) async fn summary(State(console): State<Console>) -> Result<Json<Counts>, Problem> {
    Ok(Json(console.engine.store().counts().await?))
}
