//! The remote control under `/sim`; what each request does is listed in the module's own documentation.
//!
//! Every action of [`Shop`] can be called here, so that a person with curl or a test in another language can drive the
//! shop. It checks nothing that the actions do not check.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::actions::{NewShipmentEvent, Tracking};
use super::generate::generate;
use super::profile::utc_time;
use super::shop::Shop;
use super::state::Refused;
use super::webhook::Settings;
use crate::simulator::webhook;

pub(super) fn router() -> Router<Shop> {
    Router::new()
        .route("/sim/orders", get(orders).post(place))
        .route("/sim/orders/{id}", get(order))
        .route("/sim/orders/{id}/{action}", post(act))
        .route("/sim/products/{sku}", post(set_origin))
        .route("/sim/generate", post(generate_orders))
        .route("/sim/deliveries", get(async |State(shop): State<Shop>| Json(shop.deliveries())))
        .route("/sim/requests", get(async |State(shop): State<Shop>| Json(shop.requests())))
        .route("/sim/webhooks", get(webhooks).post(set_webhooks))
        .route("/sim/summary", get(summary))
}

/// An answer to whoever asked for something impossible.
enum Failed {
    Refused(Refused),
    Unreadable(String),
    NoSuchAction(String),
}

impl From<Refused> for Failed {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        let (status, error) = match self {
            Self::Refused(Refused::NotFound(_)) | Self::NoSuchAction(_) => {
                (StatusCode::NOT_FOUND, self.to_string())
            }
            Self::Refused(Refused::Invalid(_) | Refused::Coded(..)) | Self::Unreadable(_) => {
                (StatusCode::UNPROCESSABLE_ENTITY, self.to_string())
            }
        };
        (status, Json(json!({ "error": error }))).into_response()
    }
}

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused(refused) => refused.fmt(f),
            Self::Unreadable(why) => f.write_str(why),
            Self::NoSuchAction(action) => write!(f, "there is no action `{action}`"),
        }
    }
}

/// Reads a body; nothing at all counts as `{}`.
fn read<T: DeserializeOwned>(body: &str) -> Result<T, Failed> {
    let body = if body.trim().is_empty() { "{}" } else { body };
    serde_json::from_str(body).map_err(|error| Failed::Unreadable(error.to_string()))
}

async fn place(State(shop): State<Shop>, body: String) -> Result<Json<Value>, Failed> {
    let id = shop.place_order(&read(&body)?)?;
    Ok(Json(json!({ "id": id })))
}

async fn orders(State(shop): State<Shop>) -> Json<Value> {
    let state = shop.read();
    let list = state.orders.values().map(|order| {
        json!({
            "id": order.id,
            "name": order.name,
            "financial_status": order.financial_status().rest(),
            "fulfillment_status": order.rest_fulfillment_status(),
            "cancelled": order.cancelled_at.is_some(),
            "created_at": utc_time(order.created_at),
            "updated_at": utc_time(order.updated_at),
        })
    });
    Json(list.collect())
}

async fn order(State(shop): State<Shop>, Path(id): Path<i64>) -> Result<Json<Value>, Failed> {
    match (shop.rest_order(id), shop.graphql_order(id)) {
        (Some(rest), Some(graphql)) => Ok(Json(json!({ "rest": rest, "graphql": graphql }))),
        _ => Err(Refused::missing("Order", id).into()),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Amount {
    #[serde(default)]
    amount: Option<Decimal>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfFulfillment {
    fulfillment_id: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfWork {
    #[serde(default)]
    fulfillment_order_id: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewTracking {
    fulfillment_id: i64,
    tracking: Tracking,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Progress {
    fulfillment_id: i64,
    event: NewShipmentEvent,
}

async fn act(
    State(shop): State<Shop>,
    Path((id, action)): Path<(i64, String)>,
    body: String,
) -> Result<Json<Value>, Failed> {
    let done = Value::Object(serde_json::Map::new());
    let answer = match action.as_str() {
        "mark_paid" => shop.mark_paid(id, read::<Amount>(&body)?.amount).map(|()| done),
        "authorize" => shop.authorize_payment(id).map(|()| done),
        "void" => shop.void_payment(id).map(|()| done),
        "edit" => shop.edit_order(id, &read(&body)?).map(|added| json!({ "added": added })),
        "change_shipping_line" => shop.change_shipping_line(id, &read(&body)?).map(|id| json!({ "id": id })),
        "set_shipping_address" => shop.set_shipping_address(id, read(&body)?).map(|()| done),
        "set_attributes" => shop.set_attributes(id, read(&body)?).map(|()| done),
        "set_tags" => shop.set_tags(id, &read::<Vec<String>>(&body)?).map(|()| done),
        "set_note" => shop.set_note(id, read(&body)?).map(|()| done),
        "fulfill" => shop.fulfill(id, &read(&body)?).map(|id| json!({ "id": id })),
        "update_tracking" => {
            let new: NewTracking = read(&body)?;
            shop.update_tracking(id, new.fulfillment_id, &new.tracking).map(|()| done)
        }
        "set_shipment_status" => {
            let new: Progress = read(&body)?;
            shop.set_shipment_status(id, new.fulfillment_id, &new.event).map(|id| json!({ "id": id }))
        }
        "cancel_fulfillment" => {
            shop.cancel_fulfillment(id, read::<OfFulfillment>(&body)?.fulfillment_id).map(|()| done)
        }
        "hold" => shop.hold(id, &read(&body)?).map(|id| json!({ "id": id })),
        "release" => shop.release(id, &read(&body)?).map(|()| done),
        "call_off" => {
            let asked: OfWork = read(&body)?;
            shop.call_off(id, asked.fulfillment_order_id).map(|id| json!({ "id": id }))
        }
        "assess" => shop.assess(id, read(&body)?).map(|()| done),
        "open_scheduled" => shop.open_scheduled(id).map(|()| done),
        "refund" => shop.refund(id, &read(&body)?).map(|id| json!({ "id": id })),
        "cancel" => shop.cancel_order(id, &read(&body)?).map(|()| done),
        "close" => shop.close(id).map(|()| done),
        "reopen" => shop.reopen(id).map(|()| done),
        "delete" => shop.delete_order(id).map(|()| done),
        _ => return Err(Failed::NoSuchAction(action)),
    };
    Ok(Json(answer?))
}

async fn set_origin(
    State(shop): State<Shop>,
    Path(sku): Path<String>,
    body: String,
) -> Result<Json<Value>, Failed> {
    shop.set_origin(&sku, read(&body)?);
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Generate {
    #[serde(default = "one")]
    count: usize,
    #[serde(default)]
    seed: u64,
}

const fn one() -> usize {
    1
}

async fn generate_orders(State(shop): State<Shop>, body: String) -> Result<Json<Value>, Failed> {
    let asked: Generate = read(&body)?;
    if asked.count > 100_000 {
        return Err(Failed::Unreadable("at most 100000 orders at once".to_owned()));
    }
    let mut rng = StdRng::seed_from_u64(asked.seed);
    let mut ids = Vec::new();
    for _ in 0..asked.count {
        let new = generate(&mut rng, &shop.0.profile);
        ids.push(shop.place_order(&new)?);
    }
    Ok(Json(json!({ "ids": ids })))
}

async fn webhooks(State(shop): State<Shop>) -> Json<Settings> {
    Json(shop.webhook_settings())
}

async fn set_webhooks(State(shop): State<Shop>, body: String) -> Result<Json<Settings>, Failed> {
    shop.configure_webhooks(&read(&body)?);
    Ok(Json(shop.webhook_settings()))
}

async fn summary(State(shop): State<Shop>) -> Json<Value> {
    let orders = shop.read().orders.len();
    Json(json!({
        "domain": shop.profile().domain,
        "orders": orders,
        "deliveries": webhook::summary(&shop.deliveries()),
        "graphql_requests": shop.requests().len(),
        "faults_struck": shop.faults().struck(),
    }))
}
