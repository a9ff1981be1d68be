//! ShipHero's paths: the GraphQL API and the tokens.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::super::gate::{NoToken, Request, TOKEN_SECONDS};
use super::super::{Account, graphql};

pub(super) fn routes() -> Router<Account> {
    Router::new()
        .route("/graphql", post(query))
        .route("/auth/token", post(token))
        .route("/auth/refresh", post(refresh))
}

async fn query(State(account): State<Account>, headers: HeaderMap, body: Bytes) -> Response {
    let now = account.now();
    let gate = account.gate();
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let token = given.strip_prefix("Bearer ").unwrap_or_default();
    let read = serde_json::from_slice::<graphql::Body>(&body);
    let (status, operations, answer) = if !gate.admits(token, now) {
        let why = json!({ "message": "Unauthorized", "code": "unauthorized" });
        (StatusCode::UNAUTHORIZED, Vec::new(), why)
    } else if !gate.count(now) {
        (StatusCode::TOO_MANY_REQUESTS, Vec::new(), json!({ "message": "Too many requests" }))
    } else {
        match &read {
            Ok(read) if !read.query.is_empty() => {
                let answer = graphql::answer(&account, token, read, now);
                (StatusCode::OK, answer.operations, answer.body)
            }
            _ => {
                let why = json!({ "errors": [{ "message": "Must provide query string." }] });
                (StatusCode::BAD_REQUEST, Vec::new(), why)
            }
        }
    };
    let read = read.unwrap_or_default();
    gate.log(Request {
        at: now,
        operations,
        document: read.query,
        variables: Value::Object(read.variables.unwrap_or_default()),
        status: status.as_u16(),
        answer: answer.clone(),
    });
    (status, Json(answer)).into_response()
}

/// A part of a JSON body.
fn part(body: &Bytes, name: &str) -> String {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    body[name].as_str().unwrap_or_default().to_owned()
}

fn refuse(no: &NoToken) -> Response {
    let why = match no {
        NoToken::WrongPassword => "Wrong email or password.",
        NoToken::WrongToken => "Unknown or invalid refresh token.",
    };
    (StatusCode::FORBIDDEN, Json(json!({ "error": "invalid_grant", "error_description": why })))
        .into_response()
}

async fn token(State(account): State<Account>, body: Bytes) -> Response {
    match account.gate().sign_in(&part(&body, "username"), &part(&body, "password"), account.now()) {
        Ok((access, refresh)) => Json(json!({
            "access_token": access, "refresh_token": refresh, "expires_in": TOKEN_SECONDS,
            "token_type": "Bearer",
        }))
        .into_response(),
        Err(no) => refuse(&no),
    }
}

async fn refresh(State(account): State<Account>, body: Bytes) -> Response {
    match account.gate().refresh(&part(&body, "refresh_token"), account.now()) {
        Ok((access, next)) => {
            let mut answer =
                json!({ "access_token": access, "expires_in": TOKEN_SECONDS, "token_type": "Bearer" });
            if let Some(next) = next {
                answer["refresh_token"] = next.into();
            }
            Json(answer).into_response()
        }
        Err(no) => refuse(&no),
    }
}
