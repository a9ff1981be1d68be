//! Exceptions: what a person must decide, trying again, and leaving things as they are.

use axum::Json;
use axum::extract::State;
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Console, Path, Query, known};
use crate::domain::address::filled;
use crate::domain::reason::ReasonCode;
use crate::domain::{OrderRef, RemoteId};
use crate::http::problem::Problem;
use crate::store::{ExceptionQuery, ExceptionRow};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExceptionsQuery {
    code: Option<String>,
    #[serde(default)]
    closed: bool,
    owner: Option<String>,
    #[serde(default)]
    overdue: bool,
    before: Option<i64>,
    limit: Option<i64>,
}

/// `GET /exceptions?code=&closed=true&owner=&overdue=true&before=&limit=`: newest first; open ones unless asked otherwise.
pub(super) async fn list(
    State(console): State<Console>,
    Query(query): Query<ExceptionsQuery>,
) -> Result<Json<Vec<ExceptionRow>>, Problem> {
    let ExceptionsQuery { code, closed, owner, overdue, before, limit } = query;
    known("code", code.as_deref(), ReasonCode::KNOWN)?;
    let due_by = overdue.then(|| console.engine.clock().now());
    let query = ExceptionQuery { code, closed, owner, due_by, before, limit, ..ExceptionQuery::default() };
    Ok(Json(console.engine.store().exceptions(query).await?))
}

/// `GET /exceptions/{id}`.
pub(super) async fn show(
    State(console): State<Console>,
    Path(id): Path<i64>,
) -> Result<Json<ExceptionRow>, Problem> {
    find(&console, id).await.map(Json)
}

/// `POST /exceptions/{id}/retry`: the delivery is read anew, or the copy looked at and tried again whatever stood in the
/// way.
pub(super) async fn retry(
    State(console): State<Console>,
    Path(id): Path<i64>,
) -> Result<Json<Value>, Problem> {
    let exception = find(&console, id).await?;
    if exception.closed_at.is_some() {
        return Err(Problem::bad_request(format!("exception {id} is over; there is nothing to retry")));
    }
    let (store, now) = (console.engine.store(), console.engine.clock().now());
    if let Some(delivery) = exception.delivery_id {
        store.replay_deliveries(vec![delivery], now).await?;
        console.engine.wake().unsorted();
    }
    if let Some(order) = &exception.order_id {
        let order = OrderRef { connection: exception.channel.clone(), id: RemoteId::from(order.as_str()) };
        store.look_again(order, exception.destination.clone(), true, now).await?;
        console.engine.wake().due();
    }
    Ok(Json(json!({ "retrying": id })))
}

/// What can be taken as it is: the copy lacks an edit, its parcel will not arrive, or it was put right by hand; and everything
/// else about it goes on.
const ACCEPTABLE: &[ReasonCode] = &[
    ReasonCode::EditedWhilePacked,
    ReasonCode::EditedAfterShipment,
    ReasonCode::RearrangedAtDestination,
    ReasonCode::DeliveryFailed,
    ReasonCode::RefundWithdrawn,
];

/// `POST /exceptions/{id}/accept`: the copy is taken as it is, until the order is edited again.
pub(super) async fn accept(
    State(console): State<Console>,
    Path(id): Path<i64>,
) -> Result<Json<Value>, Problem> {
    let exception = find(&console, id).await?;
    let code = ReasonCode::parse(&exception.code);
    let (ExceptionRow { order_id: Some(order), destination: Some(destination), .. }, true) =
        (&exception, exception.closed_at.is_none() && ACCEPTABLE.contains(&code))
    else {
        let codes: Vec<&str> = ACCEPTABLE.iter().map(ReasonCode::as_str).collect();
        return Err(Problem::bad_request(format!(
            "exception {id} is {code} and cannot be accepted; those can that are open and {}",
            codes.join(", ")
        )));
    };
    let order = OrderRef { connection: exception.channel.clone(), id: RemoteId::from(order.as_str()) };
    let now = console.engine.clock().now();
    console.engine.store().accept_copy(order, destination.clone(), now).await?;
    console.engine.wake().due();
    Ok(Json(json!({ "accepted": id })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Assigned {
    owner: Option<String>,
    within_minutes: Option<u32>,
}

/// `POST /exceptions/{id}/assign` with `owner` and `within_minutes` from now; what is left out stays as it is.
pub(super) async fn assign(
    State(console): State<Console>,
    Path(id): Path<i64>,
    Json(assigned): Json<Assigned>,
) -> Result<Json<ExceptionRow>, Problem> {
    let exception = find(&console, id).await?;
    let Assigned { owner, within_minutes } = assigned;
    let owner = filled(owner.as_deref());
    if owner.is_none() && within_minutes.is_none() {
        return Err(Problem::bad_request("say who sees to it (owner), or by when (within_minutes), or both"));
    }
    let now = console.engine.clock().now();
    let within = within_minutes.map(|minutes| SignedDuration::from_mins(minutes.into()));
    let due = within.and_then(|within| now.checked_add(within).ok()).or(exception.due_at);
    if !console.engine.store().assign(id, owner.or(exception.owner), due).await? {
        return Err(Problem::bad_request(format!("exception {id} is over; there is nothing to see to")));
    }
    find(&console, id).await.map(Json)
}

async fn find(console: &Console, id: i64) -> Result<ExceptionRow, Problem> {
    let query = ExceptionQuery { closed: true, id: Some(id), ..ExceptionQuery::default() };
    let found = console.engine.store().exceptions(query).await?;
    found.into_iter().next().ok_or_else(|| Problem::not_found(format!("there is no exception {id}")))
}
