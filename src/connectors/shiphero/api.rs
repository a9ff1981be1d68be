//! Calls to the GraphQL API: tokens, credits, and what its errors mean.
//!
//! Errors come with HTTP 200, several beside one answer; some mutations are performed and answered with an error all the
//! same. So a write counts as refused only where nothing in the answer says it was done, and as unknown otherwise: the loop
//! looks before anything else. What a call may cost has to be there before it is sent; what it did not cost comes back.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::documents;
use super::tokens::Tokens;
use crate::domain::reason::{Reason, ReasonCode};
use crate::transport::{Answer, Body, Call, Client, Effect, Fault, Log, Reported};

/// The code for lack of credits (seen in two public clients).
const NO_CREDITS: i64 = 30;
/// The code for a missing scope (error glossary).
const NO_SCOPE: i64 = 7;
/// The code for what is not there (error glossary).
pub(super) const NOT_FOUND: i64 = 5;

/// One call to make.
pub(super) struct Request<'r> {
    /// The vendor's word for it, for log and metrics.
    pub(super) operation: &'static str,
    pub(super) document: &'r str,
    pub(super) variables: Value,
    pub(super) effect: Effect,
    pub(super) urgent: bool,
    /// Credits that have to be there for it: what it may cost. What it did cost is charged.
    pub(super) may_cost: u32,
}

/// What came back: data, and the errors beside it.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) data: Value,
    pub(super) errors: Vec<ApiError>,
}

/// One of the vendor's errors.
#[derive(Clone, Debug)]
pub(super) struct ApiError {
    pub(super) message: String,
    pub(super) code: Value,
    required_credits: Value,
    remaining_credits: Value,
    time_remaining: Value,
}

impl ApiError {
    /// Those of an answer. One that is written otherwise than we know is an error all the same, in its own words.
    fn all(errors: &Value) -> Vec<Self> {
        let one = |error: &Value| Self {
            message: error["message"].as_str().map_or_else(|| error.to_string(), str::to_owned),
            code: error["code"].clone(),
            required_credits: error["required_credits"].clone(),
            remaining_credits: error["remaining_credits"].clone(),
            time_remaining: error["time_remaining"].clone(),
        };
        match errors {
            Value::Null => Vec::new(),
            Value::Array(all) => all.iter().map(one).collect(),
            alone => vec![one(alone)],
        }
    }

    /// Its code; written as a number, or as text.
    pub(super) fn code(&self) -> i64 {
        self.code.as_i64().or_else(|| self.code.as_str()?.trim().parse().ok()).unwrap_or_default()
    }
}

/// The API as one token sees it.
#[derive(Debug)]
pub(super) struct Api {
    client: Client,
    tokens: Tokens,
    /// What the vendor said that calls need, by operation, where that was more than we thought.
    needed: Mutex<BTreeMap<&'static str, u32>>,
    /// Whether the vendor was asked what the bucket holds.
    quota_known: AtomicBool,
}

impl Api {
    pub(super) fn new(client: Client, tokens: Tokens) -> Self {
        Self { client, tokens, needed: Mutex::default(), quota_known: AtomicBool::new(false) }
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Makes a call. Errors that concern the call as a whole (token, credits, scope) are faults; others are told.
    pub(super) async fn run(&self, request: Request<'_>, log: &Log) -> Result<Told, Fault> {
        if !self.quota_known.swap(true, Ordering::Relaxed) {
            self.learn_quota(log).await;
        }
        self.ask(request, log).await
    }

    async fn ask(&self, request: Request<'_>, log: &Log) -> Result<Told, Fault> {
        let lost = |why: String| match request.effect {
            Effect::Read => Fault::retry(why),
            Effect::Write => Fault::Unknown(why),
        };
        let answer = self.post(&request, log).await?;
        if answer.status.is_client_error() {
            // GraphQL refuses with 200; this never came to the order.
            return Err(Fault::Refused(Reason::new(
                ReasonCode::UnexpectedAnswer,
                format!("ShipHero did not take {}: HTTP {}", request.operation, answer.status.as_u16()),
                "see the answer among the order's tries; its schema may have changed",
            )));
        }
        if answer.status != StatusCode::OK {
            return Err(lost(format!("HTTP {} is not an answer of this API", answer.status.as_u16())));
        }
        let body: Value = answer.json().map_err(lost)?;
        let errors = ApiError::all(&body["errors"]);
        self.settle_cost(&request, &body, &errors);
        if let Some(error) = errors.iter().find(|error| error.code() == NO_CREDITS) {
            return Err(self.no_credits(error));
        }
        if let Some(error) = errors.iter().find(|error| error.code() == NO_SCOPE) {
            return Err(Fault::Refused(
                Reason::new(
                    ReasonCode::Unauthorized,
                    format!("the token may not do {}", request.operation),
                    "give the developer user at ShipHero the scope that is named",
                )
                .quoting(&error.message),
            ));
        }
        if !body["data"].is_object() {
            let words = words(&errors);
            let reason = Reason::new(
                ReasonCode::UnexpectedAnswer,
                format!("ShipHero did not take {}", request.operation),
                "see the vendor's words; its schema may have changed",
            );
            return Err(Fault::Refused(if words.is_empty() { reason } else { reason.quoting(words) }));
        }
        Ok(Told { data: body["data"].clone(), errors })
    }

    /// Sends it; a token that is refused is renewed, once.
    async fn post(&self, request: &Request<'_>, log: &Log) -> Result<Answer, Fault> {
        let body = json!({ "query": request.document, "variables": request.variables }).to_string();
        let body = Bytes::from(body);
        let token =
            self.tokens.get(&self.client, None, log).await.inspect_err(|fault| self.rest_on(fault))?;
        match self.post_with(request, &token, body.clone(), log).await {
            Err(Fault::Unauthorized(_)) => {
                let renewed = self.tokens.get(&self.client, Some(&token), log).await;
                let token = renewed.inspect_err(|fault| self.rest_on(fault))?;
                let answer = self.post_with(request, &token, body, log).await;
                answer.inspect_err(|fault| self.rest_on(fault))
            }
            answer => answer,
        }
    }

    fn rest_on(&self, fault: &Fault) {
        if matches!(fault, Fault::Unauthorized(_)) {
            self.client.rest();
        }
    }

    async fn post_with(
        &self,
        request: &Request<'_>,
        token: &SecretString,
        body: Bytes,
        log: &Log,
    ) -> Result<Answer, Fault> {
        let mut bearer =
            HeaderValue::from_str(&format!("Bearer {}", token.expose_secret())).map_err(|_| {
                Fault::Unauthorized("the access token holds characters that no header can".into())
            })?;
        bearer.set_sensitive(true);
        let call = Call {
            operation: request.operation,
            method: Method::POST,
            path: "/graphql".into(),
            effect: request.effect,
            headers: vec![(header::AUTHORIZATION, bearer)],
            body: Some(Body::Json(body)),
            cost: self.cost_of(request),
            urgent: request.urgent,
        };
        self.client.send(call, log, |_| None).await
    }

    fn cost_of(&self, request: &Request<'_>) -> u32 {
        let needed = self.needed.lock().unwrap_or_else(PoisonError::into_inner);
        needed.get(request.operation).copied().unwrap_or_default().max(request.may_cost)
    }

    /// What was taken and not charged goes back; what such a call needs is remembered.
    fn settle_cost(&self, request: &Request<'_>, body: &Value, errors: &[ApiError]) {
        let taken = self.cost_of(request);
        let required = errors.iter().find_map(|error| whole(&error.required_credits));
        let refused = errors.iter().any(|error| error.code() == NO_CREDITS);
        let charged = whole(&body["extensions"]["throttling"]["cost"]).or(refused.then_some(0));
        if let Some(charged) = charged {
            self.client.budget().credit(taken.saturating_sub(charged));
        }
        // One that asks for less is another call.
        if let Some(required) = required.filter(|required| *required <= self.client.budget().capacity()) {
            self.needed.lock().unwrap_or_else(PoisonError::into_inner).insert(request.operation, required);
        }
    }

    /// Waits as long as the vendor says; a call that no full bucket can pay for has to ask for less.
    fn no_credits(&self, error: &ApiError) -> Fault {
        let required = whole(&error.required_credits).unwrap_or_default();
        if required > self.client.budget().capacity() {
            return Fault::Refused(
                Reason::new(
                    ReasonCode::TooMuchAsked,
                    format!("the call needs {required} credits, more than the account ever has"),
                    "it is asked for in smaller parts where that can be; otherwise see to this order at ShipHero",
                )
                .quoting(&error.message),
            );
        }
        let said = error.time_remaining.as_str().and_then(wait_in_words);
        let short = required.saturating_sub(whole(&error.remaining_credits).unwrap_or_default());
        let counted =
            Duration::from_secs(u64::from(short.div_ceil(self.client.budget().restore().max(1))) + 1);
        let wait = said.unwrap_or(counted).clamp(Duration::from_secs(1), Duration::from_hours(1));
        let now = self.client.clock().now();
        self.client.budget().pause(now.saturating_add(wait).unwrap_or(now));
        Fault::Retry { after: Some(wait), why: "ShipHero answered that credits are short".into() }
    }

    /// Asks what the bucket holds; where that fails the published figures stand.
    async fn learn_quota(&self, log: &Log) {
        let request = Request {
            operation: "user_quota",
            document: documents::QUOTA,
            variables: json!({}),
            effect: Effect::Read,
            urgent: false,
            may_cost: 1,
        };
        let Ok(told) = self.ask(request, log).await else {
            self.quota_known.store(false, Ordering::Relaxed);
            return;
        };
        let quota = &told.data["user_quota"];
        let figures = (whole(&quota["max_available"]), whole(&quota["credits_remaining"]));
        if let ((Some(capacity), Some(available)), Some(restore)) = (figures, whole(&quota["increment_rate"]))
        {
            let now = self.client.clock().now();
            self.client.budget().settle(0, Some(Reported { capacity, available, restore }), now);
        }
    }
}

/// The vendor's words, joined.
pub(super) fn words(errors: &[ApiError]) -> String {
    errors.iter().map(|error| error.message.as_str()).collect::<Vec<_>>().join(" · ")
}

/// A whole number, written as a number or as text.
pub(super) fn whole(value: &Value) -> Option<u32> {
    let number = value.as_u64().or_else(|| value.as_str()?.trim().parse().ok());
    number.and_then(|number| u32::try_from(number).ok())
}

/// `18 seconds`, `55 minutes`: the time that the vendor names for people.
fn wait_in_words(text: &str) -> Option<Duration> {
    let (number, unit) = text.trim().split_once(char::is_whitespace)?;
    let number: u64 = number.split('.').next()?.parse().ok()?;
    let unit = unit.trim().to_ascii_lowercase();
    let seconds = if unit.starts_with("second") {
        number
    } else if unit.starts_with("minute") {
        number.checked_mul(60)?
    } else if unit.starts_with("hour") {
        number.checked_mul(3600)?
    } else {
        return None;
    };
    // The vendor rounds down as often as up.
    Some(Duration::from_secs(seconds.saturating_add(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_read_as_people_write_them() {
        let table = [
            ("18 seconds", Some(19)),
            ("1 second", Some(2)),
            ("55 minutes", Some(3301)),
            ("2.5 hours", Some(7201)),
            ("soon", None),
            ("", None),
            ("7 fortnights", None),
        ];
        for (text, seconds) in table {
            assert_eq!(wait_in_words(text).map(|wait| wait.as_secs()), seconds, "{text}");
        }
    }

    #[test]
    fn no_error_is_lost_whatever_it_looks_like() {
        let table: [(Value, &[(&str, i64)]); 5] = [
            (Value::Null, &[]),
            (json!([]), &[]),
            (
                json!([{ "message": "No", "code": 5 }, { "message": null, "code": "9" }]),
                &[("No", 5), (r#"{"code":"9","message":null}"#, 9)],
            ),
            (json!(["Down"]), &[(r#""Down""#, 0)]),
            (json!({ "message": "No" }), &[("No", 0)]),
        ];
        for (errors, expected) in table {
            let read = ApiError::all(&errors);
            let read: Vec<(&str, i64)> =
                read.iter().map(|error| (error.message.as_str(), error.code())).collect();
            assert_eq!(read, expected, "{errors}");
        }
    }

    #[test]
    fn whole_numbers_come_as_numbers_and_as_text() {
        assert_eq!((whole(&json!(7)), whole(&json!("7")), whole(&json!(" 7 "))), (Some(7), Some(7), Some(7)));
        assert_eq!((whole(&json!(-1)), whole(&json!("x")), whole(&Value::Null)), (None, None, None));
    }
}
