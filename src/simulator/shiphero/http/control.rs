//! The remote control under `/sim`; what each request does is listed in the module's own documentation.

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::super::floor::Units;
use super::super::state::Happening;
use super::super::webhook::Knobs;
use super::super::{Account, Refused, Request, Way};

pub(super) fn routes() -> Router<Account> {
    Router::new()
        .route("/sim/orders", get(orders).post(place))
        .route("/sim/orders/{id}", get(order))
        .route("/sim/orders/{id}/history", get(history))
        .route("/sim/orders/{id}/{action}", post(act))
        .route("/sim/shipments/{id}/{action}", post(act_on_shipment))
        .route("/sim/stock", post(stock))
        .route("/sim/products", post(edit_product))
        .route("/sim/products/{sku}", get(product))
        .route("/sim/tokens/revoke", post(revoke))
        .route("/sim/done-with-errors", post(done_with_errors))
        .route("/sim/webhooks", get(knobs).post(set_knobs))
        .route("/sim/deliveries", get(async |State(account): State<Account>| Json(account.deliveries())))
        .route("/sim/requests", get(requests))
        .route("/sim/summary", get(async |State(account): State<Account>| Json(account.summary())))
}

/// An answer to whoever asked for something impossible.
struct Failed(StatusCode, String, Option<i64>);

impl From<Refused> for Failed {
    fn from(refused: Refused) -> Self {
        let missing = ["Order", "Shipment", "Product"].iter().any(|what| refused == Refused::missing(what));
        let status = if missing { StatusCode::NOT_FOUND } else { StatusCode::UNPROCESSABLE_ENTITY };
        Self(status, refused.message, Some(refused.code))
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1, "code": self.2 }))).into_response()
    }
}

fn no_such_action(action: &str) -> Failed {
    Failed(StatusCode::NOT_FOUND, format!("there is no action `{action}`"), None)
}

/// Reads a body; nothing at all counts as `{}`.
fn read<T: DeserializeOwned>(body: &str) -> Result<T, Failed> {
    let body = if body.trim().is_empty() { "{}" } else { body };
    serde_json::from_str(body)
        .map_err(|error| Failed(StatusCode::UNPROCESSABLE_ENTITY, error.to_string(), None))
}

async fn orders(State(account): State<Account>) -> Json<Vec<Value>> {
    Json(account.orders())
}

async fn place(State(account): State<Account>, body: String) -> Result<Json<Value>, Failed> {
    let id = account.place(&read(&body)?)?;
    Ok(Json(json!({ "id": id })))
}

async fn order(State(account): State<Account>, Path(id): Path<i64>) -> Result<Json<Value>, Failed> {
    account.order(id).map(Json).ok_or_else(|| Refused::missing("Order").into())
}

async fn edit_product(State(account): State<Account>, body: String) -> Result<Json<Value>, Failed> {
    account.edit_product(&read(&body)?)?;
    Ok(Json(json!({})))
}

async fn product(State(account): State<Account>, Path(sku): Path<String>) -> Result<Json<Value>, Failed> {
    account.product(&sku).map(Json).ok_or_else(|| Refused::missing("Product").into())
}

async fn history(State(account): State<Account>, Path(id): Path<i64>) -> Json<Vec<Happening>> {
    Json(account.history(id))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ToTote {
    #[serde(default = "first_tote")]
    tote: i64,
    #[serde(default)]
    units: Vec<Units>,
}

const fn first_tote() -> i64 {
    1
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hold {
    hold: String,
    on: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Why {
    #[serde(default)]
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct These {
    units: Vec<Units>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Other {
    with: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfLabel {
    #[serde(default)]
    label: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scanned {
    #[serde(default)]
    label: Option<i64>,
    way: Way,
}

async fn act(
    State(account): State<Account>,
    Path((id, action)): Path<(i64, String)>,
    body: String,
) -> Result<Json<Value>, Failed> {
    let done = json!({});
    let numbered = |id: i64| json!({ "id": id });
    let answer = match action.as_str() {
        "edit" => account.edit(id, &read(&body)?).map(|()| done),
        "allocate" => account.allocate(id).map(|()| done),
        "deallocate" => account.deallocate(id).map(|()| done),
        "lock" => account.lock(id).map(|()| done),
        "pick" => {
            let asked: ToTote = read(&body)?;
            account.pick(id, asked.tote, &asked.units).map(|()| done)
        }
        "clear" => account.clear(id).map(|()| done),
        "pack" => account.pack(id).map(|()| done),
        "ship" => account.ship(id, &read(&body)?).await.map(numbered),
        "hold" => {
            let asked: Hold = read(&body)?;
            account.hold(id, &asked.hold, asked.on).map(|()| done)
        }
        "cancel" => account.cancel(id, &read::<Why>(&body)?.reason).map(|()| done),
        "split" => account.split(id, &read::<These>(&body)?.units).map(numbered),
        "merge" => account.merge(id, read::<Other>(&body)?.with).map(|()| done),
        _ => return Err(no_such_action(&action)),
    };
    Ok(Json(answer?))
}

async fn act_on_shipment(
    State(account): State<Account>,
    Path((id, action)): Path<(i64, String)>,
    body: String,
) -> Result<Json<Value>, Failed> {
    match action.as_str() {
        "void" => account.void_label(id, read::<OfLabel>(&body)?.label)?,
        "complete" => account.complete(id)?,
        "scan" => {
            let Scanned { label, way } = read(&body)?;
            account.scan(id, label, &way)?;
        }
        "package-added" => account.add_package(id)?,
        _ => return Err(no_such_action(&action)),
    }
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OnHand {
    sku: String,
    on_hand: i64,
}

async fn stock(State(account): State<Account>, body: String) -> Result<StatusCode, Failed> {
    let asked: OnHand = read(&body)?;
    account.set_stock(&asked.sku, asked.on_hand);
    Ok(StatusCode::NO_CONTENT)
}

async fn revoke(State(account): State<Account>) -> StatusCode {
    account.revoke_tokens();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Times {
    times: u32,
}

async fn done_with_errors(State(account): State<Account>, body: String) -> Result<StatusCode, Failed> {
    account.answer_done_with_errors(read::<Times>(&body)?.times);
    Ok(StatusCode::NO_CONTENT)
}

async fn knobs(State(account): State<Account>) -> Json<Knobs> {
    Json(account.knobs())
}

async fn set_knobs(State(account): State<Account>, body: String) -> Result<Json<Knobs>, Failed> {
    account.set_knobs(read(&body)?);
    Ok(Json(account.knobs()))
}

#[derive(Deserialize)]
struct Last {
    last: Option<usize>,
}

async fn requests(State(account): State<Account>, Query(asked): Query<Last>) -> Json<Vec<Request>> {
    Json(account.last_requests(asked.last.unwrap_or(usize::MAX)))
}
