//! `GET /livez` (the process runs), `/readyz` and `/healthz` (it can store), `/metrics`.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{StatusCode, header};
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::json;

use crate::clock::Clock;
use crate::store::{Backlog, Store};
use crate::telemetry;

/// What the routes need.
#[derive(Clone)]
pub struct Health {
    /// What must be reachable to be ready.
    pub store: Store,
    /// Renders the metrics.
    pub metrics: PrometheusHandle,
    /// The clock.
    pub clock: Clock,
    /// Cancelled once the process stops taking deliveries.
    pub stop: tokio_util::sync::CancellationToken,
}

/// The routes.
pub fn router(health: Health) -> Router {
    Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/healthz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(health)
}

async fn ready(State(health): State<Health>) -> Response {
    if health.stop.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, axum::Json(json!({ "ready": false, "why": "stopping" })))
            .into_response();
    }
    // A full disk can still be read.
    let backlog = match health.store.try_writing().await {
        Ok(()) => health.store.backlog(health.clock.now()).await,
        Err(error) => Err(error),
    };
    match backlog {
        Ok(Backlog { unsorted, due, exceptions, overdue, oldest }) => {
            let oldest = oldest.map(|at| health.clock.now().duration_since(at).as_millis().max(0));
            axum::Json(json!({
                "ready": true,
                "deliveries_unsorted": unsorted,
                "orders_due": due,
                "exceptions_open": exceptions,
                "exceptions_overdue": overdue,
                "oldest_wait_ms": oldest.unwrap_or(0),
            }))
            .into_response()
        }
        Err(error) => {
            tracing::error!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, axum::Json(json!({ "ready": false, "why": "storage" })))
                .into_response()
        }
    }
}

async fn metrics(State(health): State<Health>) -> Response {
    let now = health.clock.now();
    if let Ok(Backlog { unsorted, due, exceptions, overdue, oldest }) = health.store.backlog(now).await {
        let age = oldest.and_then(|at| std::time::Duration::try_from(now.duration_since(at)).ok());
        telemetry::backlog(unsorted, due, exceptions, overdue, age.unwrap_or_default());
    }
    health.metrics.run_upkeep();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], health.metrics.render()).into_response()
}
