//! `POST /webhooks/{connection}`: takes a delivery, or says why not.
//!
//! `200` stored or duplicate · `400` a needed header or the body is missing · `401` signature · `404` unknown connection ·
//! `408` the body dripped in too slowly · `413` too large · `415` not JSON by its own account · `503` with `Retry-After`
//! where storage refuses.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bytes::Bytes;
use http::{StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::problem::Problem;
use crate::clock::Clock;
use crate::engine::Engine;
use crate::intake::{Inbox, Outcome, Refusal, Sources};
use crate::telemetry;

/// When to come back after storage refused, in seconds.
const COME_BACK: u64 = 5;

/// What the route needs.
#[derive(Clone)]
pub struct Webhooks {
    /// Connections that take webhooks.
    pub sources: Sources,
    /// Where deliveries go.
    pub inbox: Inbox,
    /// Who answers questions.
    pub engine: Arc<Engine>,
    /// The clock.
    pub clock: Clock,
    /// The largest body, in bytes.
    pub body_limit: usize,
    /// How long a body may take to arrive.
    pub body_deadline: Duration,
}

/// A delivery that was taken, and what is answered to it.
struct Taken {
    outcome: Outcome,
    answer: Response,
}

/// The route.
pub fn router(webhooks: Webhooks) -> Router {
    Router::new().route("/webhooks/{connection}", post(receive)).with_state(webhooks)
}

async fn receive(
    State(webhooks): State<Webhooks>,
    Path(connection): Path<String>,
    request: Request,
) -> Response {
    let started = Instant::now();
    let (known, result) = match webhooks.sources.find(&connection) {
        Ok(source) => (source.name().as_ref(), webhooks.take(source, request).await),
        // The name came from outside: it is no label.
        Err(refusal) => ("", Err(refuse(&refusal))),
    };
    let (verdict, response) = match result {
        Ok(Taken { outcome: Outcome::Stored, answer }) => ("stored", answer),
        Ok(Taken { outcome: Outcome::Duplicate, answer }) => ("duplicate", answer),
        Ok(Taken { outcome: Outcome::Unavailable, .. }) => {
            let problem = Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "storage_unavailable",
                "the delivery was not kept; send it again later",
            );
            ("unavailable", problem.after(COME_BACK).into_response())
        }
        Err((verdict, problem)) => (verdict, problem.into_response()),
    };
    telemetry::delivery_answered(known, verdict, started.elapsed());
    response
}

impl Webhooks {
    async fn take(
        &self,
        source: &crate::intake::Source,
        request: Request,
    ) -> Result<Taken, (&'static str, Problem)> {
        let head = source.read_head(request.headers()).map_err(|refusal| refuse(&refusal))?;
        let body = self.collect(request).await?;
        let verified = source.read_body(head, body, self.clock.now()).map_err(|refusal| refuse(&refusal))?;
        let body = verified.body();
        let outcome = self.inbox.accept(verified).await;
        // A question is answered even where it could not be kept: whoever asks stands at the packing table.
        if let Some(answer) = self.engine.answer(source.name(), &body).await {
            return Ok(Taken { outcome: Outcome::Stored, answer: axum::Json(answer).into_response() });
        }
        let answer = match source.answer() {
            "" => StatusCode::OK.into_response(),
            json => ([(header::CONTENT_TYPE, "application/json")], json).into_response(),
        };
        Ok(Taken { outcome, answer })
    }

    async fn collect(&self, request: Request<Body>) -> Result<Bytes, (&'static str, Problem)> {
        let too_large = || {
            let detail = format!("the body is larger than {} bytes", self.body_limit);
            ("too_large", Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail))
        };
        let announced =
            request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        if announced.is_some_and(|length: u64| length > self.body_limit as u64) {
            return Err(too_large());
        }
        let collecting = Limited::new(request.into_body(), self.body_limit).collect();
        match tokio::time::timeout(self.body_deadline, collecting).await {
            Ok(Ok(body)) => Ok(body.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
            Ok(Err(_)) => Err(("broken_off", Problem::bad_request("the body broke off"))),
            Err(_) => {
                let detail = format!("the body did not arrive within {} ms", self.body_deadline.as_millis());
                Err(("too_slow", Problem::new(StatusCode::REQUEST_TIMEOUT, "body_too_slow", detail)))
            }
        }
    }
}

fn refuse(refusal: &Refusal) -> (&'static str, Problem) {
    match refusal {
        Refusal::UnknownConnection => {
            ("unknown_connection", Problem::not_found("no connection of this name takes webhooks"))
        }
        Refusal::NotJson => {
            let detail = "send the body as application/json";
            ("not_json", Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json", detail))
        }
        Refusal::MissingHeaders(names) => {
            let detail = format!("missing or empty: {}", names.join(", "));
            ("missing_headers", Problem::new(StatusCode::BAD_REQUEST, "missing_headers", detail))
        }
        Refusal::UnreadableHeader(name) => {
            let detail = format!("{name} is not plain text");
            ("missing_headers", Problem::new(StatusCode::BAD_REQUEST, "unreadable_header", detail))
        }
        Refusal::EmptyBody => {
            ("empty_body", Problem::new(StatusCode::BAD_REQUEST, "empty_body", "the body is empty"))
        }
        Refusal::Signature => {
            let problem =
                Problem::new(StatusCode::UNAUTHORIZED, "signature", "the signature is not accepted");
            ("signature", problem)
        }
    }
}
