//! The remote control under `/sim`: what the account holds, what happened to it, its faults, and what people do inside
//! ShipCompliant itself.
//!
//! JSON, no credentials, never faulted and never recorded. The requests are listed in the header of the simulator. It is
//! no part of the vendor's protocol, so nothing that rehearses the real system may depend on it.

use axum::Json;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::routing::{delete, get, post, put};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::simulator::shipcompliant::Account;
use crate::simulator::shipcompliant::options::Product;
use crate::simulator::shipcompliant::sales::Refused;
use crate::simulator::shipcompliant::{Event, Request};

type Answer = Result<StatusCode, (StatusCode, Json<Value>)>;

pub(super) fn routes() -> Router<Account> {
    Router::new()
        .route("/sim/summary", get(summary))
        .route("/sim/orders", get(orders))
        .route("/sim/orders/{key}", get(order))
        .route("/sim/orders/{key}/status", post(status))
        .route("/sim/orders/{key}/tracking", post(tracking))
        .route("/sim/orders/{key}/ship-to", post(ship_to))
        .route("/sim/orders/{key}/void", post(void))
        .route("/sim/history/{key}", get(history))
        .route("/sim/requests", get(requests))
        .route("/sim/catalogue", get(catalogue).post(add_product))
        .route("/sim/catalogue/{brand}/{key}", delete(remove_product))
        .route("/sim/forbidden-states", get(forbidden))
        .route("/sim/forbidden-states/{state}", put(forbid).delete(allow))
}

async fn summary(State(account): State<Account>) -> Json<Value> {
    Json(account.summary())
}

async fn orders(State(account): State<Account>) -> Json<Value> {
    Json(account.orders().into_iter().collect())
}

async fn order(State(account): State<Account>, Path(key): Path<String>) -> Result<Json<Value>, StatusCode> {
    account.order(&key).map(Json).ok_or(StatusCode::NOT_FOUND)
}

async fn history(State(account): State<Account>, Path(key): Path<String>) -> Json<Vec<Event>> {
    Json(account.history(&key))
}

#[derive(Deserialize)]
struct Last {
    last: Option<usize>,
}

async fn requests(State(account): State<Account>, Query(Last { last }): Query<Last>) -> Json<Vec<Request>> {
    Json(account.last_requests(last.unwrap_or(usize::MAX)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Status {
    shipment_key: String,
    shipment_status: String,
}

async fn status(State(account): State<Account>, Path(key): Path<String>, Json(set): Json<Status>) -> Answer {
    answer(account.set_status(&key, &set.shipment_key, &set.shipment_status))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Tracking {
    shipment_key: String,
    tracking_numbers: Vec<String>,
}

async fn tracking(
    State(account): State<Account>,
    Path(key): Path<String>,
    Json(add): Json<Tracking>,
) -> Answer {
    answer(account.add_tracking(&key, &add.shipment_key, &add.tracking_numbers))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ShipTo {
    shipment_key: String,
    address: Value,
}

async fn ship_to(
    State(account): State<Account>,
    Path(key): Path<String>,
    Json(edit): Json<ShipTo>,
) -> Answer {
    answer(account.edit_ship_to(&key, &edit.shipment_key, &edit.address))
}

async fn void(State(account): State<Account>, Path(key): Path<String>) -> Answer {
    answer(account.void(&key))
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Goods {
    brand_key: String,
    product_key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    product_type: Option<String>,
}

async fn catalogue(State(account): State<Account>) -> Json<Vec<Goods>> {
    let goods =
        |product: Product| Goods { brand_key: product.brand, product_key: product.key, product_type: None };
    Json(account.products().into_iter().map(goods).collect())
}

async fn add_product(State(account): State<Account>, Json(goods): Json<Goods>) -> StatusCode {
    let product = Product { brand: goods.brand_key, key: goods.product_key };
    account.add_product(&product, goods.product_type.as_deref().unwrap_or("Wine"));
    StatusCode::NO_CONTENT
}

async fn remove_product(
    State(account): State<Account>,
    Path((brand, key)): Path<(String, String)>,
) -> StatusCode {
    if account.remove_product(&Product { brand, key }) {
        StatusCode::NO_CONTENT
    } else {
        StatusCode::NOT_FOUND
    }
}

async fn forbidden(State(account): State<Account>) -> Json<Value> {
    Json(account.with(|ledger| json!(ledger.forbidden_states)))
}

async fn forbid(State(account): State<Account>, Path(state): Path<String>) -> StatusCode {
    account.forbid(&state);
    StatusCode::NO_CONTENT
}

async fn allow(State(account): State<Account>, Path(state): Path<String>) -> StatusCode {
    account.allow(&state);
    StatusCode::NO_CONTENT
}

fn answer(outcome: Result<(), Refused>) -> Answer {
    outcome.map(|()| StatusCode::NO_CONTENT).map_err(|refused| {
        let status = match refused {
            Refused::Order(_) | Refused::Shipment(_) | Refused::Tracking(_) => StatusCode::NOT_FOUND,
            Refused::Voided(_) => StatusCode::CONFLICT,
            Refused::Status(_) | Refused::Address(_) => StatusCode::BAD_REQUEST,
        };
        (status, Json(json!({ "error": refused.to_string() })))
    })
}
