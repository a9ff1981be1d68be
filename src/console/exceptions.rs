//! Exceptions: what a person must decide, trying again, and leaving things as they are.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Console, Path, Query, known};
use crate::domain::reason::ReasonCode;
use crate::domain::{OrderRef, RemoteId};
use crate::http::problem::Problem;
use crate::store::ExceptionRow;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExceptionsQuery {
    code: Option<String>,
    #[serde(default)]
    closed: bool,
    before: Option<i64>,
    limit: Option<i64>,
}

/// `GET /exceptions?code=&closed=true&before=&limit=`: newest first; open ones unless asked otherwise.
pub(super) async fn list(
    State(console): State<Console>,
    Query(query): Query<ExceptionsQuery>,
) -> Result<Json<Vec<ExceptionRow>>, Problem> {
    let ExceptionsQuery { code, closed, before, limit } = query;
    known("code", code.as_deref(), ReasonCode::KNOWN)?;
    Ok(Json(console.engine.store().exceptions(code, closed, None, None, before, limit).await?))
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

/// What can be taken as it is: the copy lacks an edit, or its parcel will not arrive, and everything else about it goes on.
const ACCEPTABLE: &[ReasonCode] = &[
    ReasonCode::EditedWhilePacked,
    ReasonCode::EditedAfterShipment,
    ReasonCode::RearrangedAtDestination,
    ReasonCode::DeliveryFailed,
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

async fn find(console: &Console, id: i64) -> Result<ExceptionRow, Problem> {
    let found = console.engine.store().exceptions(None, true, Some(id), None, None, Some(1)).await?;
    found.into_iter().next().ok_or_else(|| Problem::not_found(format!("there is no exception {id}")))
}
