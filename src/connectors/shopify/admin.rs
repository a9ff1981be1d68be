//! Calls to the Admin GraphQL API: authorisation, the cost-based budget, and what its errors mean.
//!
//! The budget is read from every answer and never assumed beyond the first. A token that runs out is renewed before it
//! does, by one task at a time. Errors come with HTTP 200; partial data beside errors is normal and only counts as an
//! answer where the root that was asked for is there and nothing in it was denied.

use std::collections::HashMap;
use std::sync::{Mutex as Lock, PoisonError};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::domain::reason::{Reason, ReasonCode};
use crate::transport::{Answer, Body, Call, Client, Effect, Fault, Log, Reported};

/// How a connection is authorised at the Admin API.
#[derive(Debug)]
pub enum Authorization {
    /// A token that does not run out.
    Token(SecretString),
    /// The client-credentials grant: a token of 24 hours, asked for anew before it runs out.
    ClientCredentials {
        /// The app's client id.
        client_id: String,
        /// The app's client secret.
        client_secret: SecretString,
    },
}

#[derive(Debug)]
struct Issued {
    token: SecretString,
    renew_at: Timestamp,
    expires_at: Timestamp,
}

/// The Admin API of one shop.
#[derive(Debug)]
pub(super) struct Admin {
    client: Client,
    path: String,
    authorization: Authorization,
    issued: Mutex<Option<Issued>>,
    /// What the last query of each operation cost, as the vendor counted it.
    costs: Lock<HashMap<&'static str, u32>>,
}

/// A document with the cost to expect before the vendor has told one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Query {
    pub(super) operation: &'static str,
    pub(super) document: &'static str,
    /// Whether it changes something there.
    pub(super) effect: Effect,
    /// The field without which there is no answer.
    pub(super) root: &'static str,
    pub(super) expected_cost: u32,
    /// Whether it stops goods: it goes before other work.
    pub(super) urgent: bool,
}

/// The cost is as recorded; tracking costs 50 since June 2026, the others 10 with their payload's lists on top.
pub(super) const fn mutation(operation: &'static str, document: &'static str, expected_cost: u32) -> Query {
    Query { operation, document, effect: Effect::Write, root: "done", expected_cost, urgent: false }
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(default)]
    data: Value,
    #[serde(default)]
    errors: Value,
    #[serde(default)]
    extensions: Value,
}

#[derive(Deserialize)]
struct Grant {
    access_token: String,
    #[serde(default)]
    expires_in: Option<i64>,
}

impl Admin {
    pub(super) fn new(client: Client, api_version: &str, authorization: Authorization) -> Self {
        Self {
            client,
            path: format!("/admin/api/{api_version}/graphql.json"),
            authorization,
            issued: Mutex::new(None),
            costs: Lock::default(),
        }
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Runs a document and reads its data. What a lost or unreadable answer means depends on whether it changes something.
    pub(super) async fn run<T: DeserializeOwned>(
        &self,
        query: Query,
        variables: Value,
        log: &Log,
    ) -> Result<T, Fault> {
        let lost = |why: String| match query.effect {
            Effect::Read => Fault::retry(why),
            Effect::Write => Fault::Unknown(why),
        };
        let body = Bytes::from(json!({ "query": query.document, "variables": variables }).to_string());
        let mut renewed = false;
        let answer = loop {
            let answer = self.post(query, body.clone(), log).await;
            match (&answer, &self.authorization) {
                // The token may have been revoked with its secret: ask for another, once.
                (Err(Fault::Unauthorized(_)), Authorization::ClientCredentials { .. }) if !renewed => {
                    self.issued.lock().await.take();
                    renewed = true;
                }
                (Err(Fault::Unauthorized(_)), _) => {
                    self.client.rest();
                    break answer?;
                }
                _ => break answer?,
            }
        };
        let envelope: Envelope = answer.json().map_err(lost)?;
        if let Some(cost) = envelope.extensions["cost"]["requestedQueryCost"].as_u64() {
            let cost = u32::try_from(cost).unwrap_or(u32::MAX);
            self.costs.lock().unwrap_or_else(PoisonError::into_inner).insert(query.operation, cost);
        }
        if answer.status != StatusCode::OK {
            return Err(refused(query, &format!("HTTP {}", answer.status.as_u16()), &envelope.errors));
        }
        let error = |code: &str| {
            let errors = envelope.errors.as_array();
            errors.is_some_and(|list| list.iter().any(|error| error["extensions"]["code"] == code))
        };
        if error("THROTTLED") {
            return Err(self.throttled(&envelope.extensions));
        }
        if error("INTERNAL_SERVER_ERROR") {
            return Err(lost("the API answered INTERNAL_SERVER_ERROR".into()));
        }
        // A field that is denied comes as null, and would be taken for one that is not there.
        if error("ACCESS_DENIED") {
            return Err(refused(query, "the app may not do all of it", &envelope.errors));
        }
        let has_errors =
            envelope.errors.as_array().is_some_and(|list| !list.is_empty()) || envelope.errors.is_string();
        if envelope.data.is_null() || (envelope.data[query.root].is_null() && has_errors) {
            return Err(refused(query, "it was not answered", &envelope.errors));
        }
        serde_json::from_value(envelope.data).map_err(|error| {
            // The message names fields of our own types, and kinds; values of strings would be quoted, so it is cut there.
            let text = error.to_string();
            let text = text.split('"').next().unwrap_or_default().to_owned();
            if query.effect == Effect::Write {
                return Fault::Unknown(format!(
                    "the answer to {} is not of the form we know: {text}",
                    query.operation
                ));
            }
            Fault::Refused(Reason::new(
                ReasonCode::UnexpectedAnswer,
                format!("the answer to {} is not of the form we know: {text}", query.operation),
                "check api_version; a later version of the API may have changed what it answers",
            ))
        })
    }

    async fn post(&self, query: Query, body: Bytes, log: &Log) -> Result<Answer, Fault> {
        let token = self.token(log).await?;
        let mut token = HeaderValue::from_str(token.expose_secret()).map_err(|_| {
            Fault::Unauthorized("the access token holds characters that no header can".into())
        })?;
        token.set_sensitive(true);
        let known = self.costs.lock().unwrap_or_else(PoisonError::into_inner).get(query.operation).copied();
        let call = Call {
            operation: query.operation,
            method: Method::POST,
            path: self.path.clone(),
            effect: query.effect,
            headers: vec![(HeaderName::from_static("x-shopify-access-token"), token)],
            body: Some(Body::Json(body)),
            cost: known.unwrap_or(query.expected_cost),
            urgent: query.urgent,
        };
        self.client.send(call, log, reported).await
    }

    /// The vendor refused for lack of points: it says how many there are and how fast they come back.
    fn throttled(&self, extensions: &Value) -> Fault {
        let status = &extensions["cost"]["throttleStatus"];
        let number = |value: &Value| value.as_f64().filter(|n| *n >= 0.0).map(f64::ceil);
        let wanted = number(&extensions["cost"]["requestedQueryCost"]).unwrap_or(100.0);
        let available = number(&status["currentlyAvailable"]).unwrap_or(0.0);
        let restore = number(&status["restoreRate"]).unwrap_or(50.0).max(1.0);
        let wait = std::time::Duration::from_secs_f64(((wanted - available) / restore).clamp(1.0, 60.0));
        let now = self.client.clock().now();
        self.client.budget().pause(now.saturating_add(wait).unwrap_or(now));
        Fault::Retry { after: Some(wait), why: "the API answered THROTTLED".into() }
    }

    /// A token that is good for now. One task renews; the others wait for it.
    async fn token(&self, log: &Log) -> Result<SecretString, Fault> {
        let (client_id, client_secret) = match &self.authorization {
            Authorization::Token(token) => return Ok(token.clone()),
            Authorization::ClientCredentials { client_id, client_secret } => (client_id, client_secret),
        };
        let mut issued = self.issued.lock().await;
        let now = self.client.clock().now();
        if let Some(known) = issued.as_ref().filter(|known| now < known.renew_at) {
            return Ok(known.token.clone());
        }
        match self.grant(client_id, client_secret, log).await {
            Ok(fresh) => {
                let token = fresh.token.clone();
                *issued = Some(fresh);
                Ok(token)
            }
            // Renewed early, so the old one may still be good.
            Err(fault) => match issued.as_ref().filter(|known| now < known.expires_at) {
                Some(known) => Ok(known.token.clone()),
                None => Err(fault),
            },
        }
    }

    async fn grant(&self, client_id: &str, client_secret: &SecretString, log: &Log) -> Result<Issued, Fault> {
        let call = Call {
            operation: "oauth/access_token",
            method: Method::POST,
            path: "/admin/oauth/access_token".into(),
            effect: Effect::Read,
            headers: Vec::new(),
            body: Some(Body::SecretForm(vec![
                ("grant_type", "client_credentials".into()),
                ("client_id", client_id.to_owned()),
                ("client_secret", client_secret.expose_secret().to_owned()),
            ])),
            cost: 0,
            urgent: true,
        };
        let answer = self.client.send(call, log, |_| None).await?;
        if answer.status != StatusCode::OK {
            return Err(Fault::Unauthorized(format!(
                "HTTP {}: the client id and secret were not accepted",
                answer.status.as_u16()
            )));
        }
        let grant: Grant = answer.json().map_err(Fault::retry)?;
        let now = self.client.clock().now();
        // 86,399 seconds as documented; renewed when a tenth is left.
        let life = grant.expires_in.unwrap_or(86_399).max(0);
        let after = |seconds| now.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(now);
        Ok(Issued {
            token: grant.access_token.into(),
            renew_at: after(life / 10 * 9),
            expires_at: after(life),
        })
    }
}

fn reported(answer: &Answer) -> Option<Reported> {
    let envelope: Envelope = serde_json::from_slice(&answer.body).ok()?;
    let status = &envelope.extensions["cost"]["throttleStatus"];
    // Whole points, written as floats by some versions; the fraction is of no use to a budget.
    let points = |value: &Value| {
        value.as_u64().or_else(|| value.as_f64().and_then(|n| n.floor().to_string().parse().ok()))
    };
    let points = |value: &Value| points(value).and_then(|n| u32::try_from(n).ok());
    Some(Reported {
        capacity: points(&status["maximumAvailable"])?,
        available: points(&status["currentlyAvailable"])?,
        restore: points(&status["restoreRate"])?,
    })
}

fn refused(query: Query, what: &str, errors: &Value) -> Fault {
    let words = match errors {
        Value::String(text) => text.clone(),
        Value::Array(list) => {
            list.iter().filter_map(|error| error["message"].as_str()).collect::<Vec<_>>().join(" · ")
        }
        _ => String::new(),
    };
    let denied = words.contains("ccess denied");
    let mend = if denied {
        "give the app the scope that the message names, and install it anew"
    } else {
        "see the vendor's words; retry once the cause is gone"
    };
    let reason = match query.effect {
        Effect::Read => {
            Reason::new(ReasonCode::SourceUnreadable, format!("the order could not be read: {what}"), mend)
        }
        Effect::Write => {
            Reason::new(ReasonCode::Refused, format!("{} was refused: {what}", query.operation), mend)
        }
    };
    Fault::Refused(if words.is_empty() { reason } else { reason.quoting(words) })
}
