//! Shopify's paths: the Admin GraphQL API and the token endpoint. `/sim` is added from `control`.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::shop::Shop;
use super::{control, graphql};

/// The largest request body, as Shopify's documents and variables never come near it.
const LARGEST_BODY: usize = 2 * 1024 * 1024;

pub(super) fn router(shop: &Shop) -> Router {
    Router::new()
        .route("/admin/api/{version}/graphql.json", post(query))
        .route("/admin/oauth/access_token", post(grant))
        .merge(control::router())
        .merge(shop.faults().control())
        .layer(axum::extract::DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(shop.clone())
}

async fn query(
    State(shop): State<Shop>,
    Path(version): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let token =
        headers.get("x-shopify-access-token").and_then(|token| token.to_str().ok()).unwrap_or_default();
    let Some(version) = served_version(&version) else {
        return (StatusCode::NOT_FOUND, Json(json!({ "errors": "Not Found" }))).into_response();
    };
    let plain = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.starts_with("application/graphql"));
    let asked = if plain {
        let query = String::from_utf8_lossy(&body).into_owned();
        Ok(graphql::Body { query: Some(query), variables: None, operation_name: None })
    } else {
        serde_json::from_slice::<graphql::Body>(&body)
    };
    let asked = match asked {
        Ok(asked) if asked.query.as_ref().is_some_and(|query| !query.is_empty()) => asked,
        _ => {
            let reason = json!({ "errors": { "query": "Required parameter missing or invalid" } });
            return (StatusCode::BAD_REQUEST, Json(reason)).into_response();
        }
    };
    let (status, answer) = graphql::answer(&shop, token, version, &asked);
    let headers = [
        (header::CONTENT_TYPE.as_str(), "application/json; charset=utf-8"),
        ("x-shopify-api-version", version),
    ];
    (StatusCode::from_u16(status).unwrap_or_default(), headers, answer).into_response()
}

/// The version that answers: one no longer supported falls forward to the oldest that is.
fn served_version(asked: &str) -> Option<&str> {
    const OLDEST: &str = "2026-01";
    let dated = asked.len() == 7
        && asked.bytes().enumerate().all(|(at, b)| if at == 4 { b == b'-' } else { b.is_ascii_digit() });
    match asked {
        "unstable" => Some(asked),
        _ if dated && asked < OLDEST => Some(OLDEST),
        _ if dated => Some(asked),
        _ => None,
    }
}

#[derive(Default, Deserialize)]
struct Grant {
    #[serde(default, rename = "grant_type")]
    kind: String,
    #[serde(default)]
    client_id: String,
    #[serde(default)]
    client_secret: String,
}

async fn grant(State(shop): State<Shop>, headers: HeaderMap, body: Bytes) -> Response {
    let form = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let asked: Grant = if form {
        Grant::from_form(&String::from_utf8_lossy(&body))
    } else {
        serde_json::from_slice(&body).unwrap_or_default()
    };
    let options = &shop.0.gate.options;
    let refuse = |status: StatusCode, error: &str, why: &str| -> Response {
        let body: Value = json!({ "error": error, "error_description": why });
        (status, Json(body)).into_response()
    };
    if asked.kind != "client_credentials" {
        return refuse(StatusCode::BAD_REQUEST, "unsupported_grant_type", "The grant type is not supported.");
    }
    if asked.client_id != options.client_id {
        let why = "Could not find Shopify API application with api_key.";
        return refuse(StatusCode::BAD_REQUEST, "invalid_request", why);
    }
    if asked.client_secret != options.client_secret {
        return refuse(StatusCode::UNAUTHORIZED, "invalid_client", "Client authentication failed.");
    }
    let (access_token, expires_in) = shop.0.gate.grant(shop.0.clock.now());
    let scope = options.scopes.join(",");
    Json(json!({ "access_token": access_token, "scope": scope, "expires_in": expires_in })).into_response()
}

impl Grant {
    fn from_form(body: &str) -> Self {
        let mut grant = Self::default();
        for (key, value) in body.split('&').filter_map(|pair| pair.split_once('=')) {
            match key {
                "grant_type" => grant.kind = unescape(value),
                "client_id" => grant.client_id = unescape(value),
                "client_secret" => grant.client_secret = unescape(value),
                _ => {}
            }
        }
        grant
    }
}

/// Undoes the escapes of a form's value.
fn unescape(value: &str) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        match first {
            b'+' => bytes.push(b' '),
            b'%' => {
                let code = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
                if let Some(byte) = code.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
                    bytes.push(byte);
                    rest = &tail[2..];
                } else {
                    bytes.push(b'%');
                }
            }
            other => bytes.push(*other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_read_and_versions_fall_forward() {
        let grant = Grant::from_form("grant_type=client_credentials&client_id=a%2Bb&client_secret=x+y%");
        assert_eq!((grant.client_id.as_str(), grant.client_secret.as_str()), ("a+b", "x y%"));
        assert_eq!(served_version("2024-01"), Some("2026-01"));
        assert_eq!(served_version("2026-10"), Some("2026-10"));
        assert_eq!(served_version("latest"), None);
    }
}
