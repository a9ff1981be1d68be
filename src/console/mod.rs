//! The admin API under `/api/v1`: orders, deliveries, exceptions, replay, behind a bearer token.
//!
//! Whatever the command line can do, it does by this API. Errors are problem documents; times are RFC 3339 in UTC.

mod exceptions;
mod lookups;
mod replay;

pub use replay::{Range, ReplayAnswer, ReplayRequest};

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::request::Parts;
use http::{StatusCode, header};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use subtle::ConstantTimeEq;

use crate::engine::Engine;
use crate::http::problem::{Problem, or_problem};

/// What the API needs.
#[derive(Clone)]
pub struct Console {
    /// The loop, with what is kept.
    pub engine: Arc<Engine>,
    /// The bearer token.
    pub token: Arc<SecretString>,
}

/// The routes, behind the token.
pub fn router(console: Console) -> Router {
    let api = Router::new()
        .route("/orders", get(lookups::orders))
        .route("/orders/{order}", get(lookups::order))
        .route("/deliveries", get(lookups::deliveries))
        .route("/deliveries/{id}", get(lookups::delivery))
        .route("/exceptions", get(exceptions::list))
        .route("/exceptions/{id}", get(exceptions::show))
        .route("/exceptions/{id}/retry", post(exceptions::retry))
        .route("/exceptions/{id}/accept", post(exceptions::accept))
        .route("/exceptions/{id}/assign", post(exceptions::assign))
        .route("/summary", get(lookups::summary))
        .route("/replay", post(replay::replay));
    let api = or_problem(api)
        .layer(axum::middleware::from_fn_with_state(console.clone(), authorize))
        .with_state(console);
    Router::new().nest("/api/v1", api)
}

async fn authorize(State(console): State<Console>, request: Request, next: Next) -> Response {
    let given = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim());
    let expected = console.token.expose_secret().as_bytes();
    if given.is_some_and(|given| bool::from(given.as_bytes().ct_eq(expected))) {
        return next.run(request).await;
    }
    let problem = Problem::new(
        StatusCode::UNAUTHORIZED,
        "unauthorized",
        "send the token of the configuration's [admin] as Authorization: Bearer TOKEN",
    );
    let mut response = problem.into_response();
    response.headers_mut().insert(header::WWW_AUTHENTICATE, http::HeaderValue::from_static("Bearer"));
    response
}

/// Parts of the path, with a problem document where they are not what they should be.
struct Path<T>(T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        axum::extract::Path::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Path(path)| Self(path))
            .map_err(|rejection| Problem::bad_request(rejection.body_text()))
    }
}

/// Query parameters, with a problem document where they cannot be read.
struct Query<T>(T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        axum::extract::Query::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Query(query)| Self(query))
            .map_err(|rejection| Problem::bad_request(rejection.body_text()))
    }
}

/// A filter's word, which must be one of those there are: a misspelt one would find nothing and say so of everything.
fn known(filter: &str, word: Option<&str>, words: &[&str]) -> Result<(), Problem> {
    match word {
        Some(word) if !words.contains(&word) => Err(Problem::bad_request(format!(
            "{filter}: «{word}» is not known; choose one of {}",
            words.join(", ")
        ))),
        _ => Ok(()),
    }
}
