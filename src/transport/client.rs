//! One connection's HTTP client.
//!
//! Every try is written to the caller's [`Log`], answered or not. What comes back is either an [`Answer`] for the
//! connector to read or a [`Fault`] that says whether anything can have happened: a write whose answer is lost, or that
//! got a 5xx, is `Unknown`; a read is simply tried again. No credential is ever in the log, an error or a URL.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use jiff::Timestamp;
use tokio::sync::Semaphore;

use super::{Breaker, Budget, Fault, Reported, Share, Short};
use crate::clock::Clock;

/// The longest wait for points inside a call; beyond it the subject is put back instead of holding a worker.
const PATIENCE: Duration = Duration::from_secs(2);
/// The longest wait for a free place among the concurrent calls.
const SLOT_PATIENCE: Duration = Duration::from_secs(1);
/// The bounds within which a vendor's `Retry-After` is honoured.
const RETRY_AFTER: std::ops::RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_mins(15);
/// How much of a body is kept in the log.
const LOGGED_BYTES: usize = 64 * 1024;
/// The largest answer read.
const ANSWER_LIMIT: usize = 32 * 1024 * 1024;

/// What a vendor's limits allow a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Points the bucket holds.
    pub burst: u32,
    /// Points it gains a second.
    pub per_second: u32,
    /// Calls at once.
    pub concurrent: u32,
    /// How long a call may take as a whole.
    pub timeout: Duration,
}

/// Whether a call can change anything at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It only looks.
    Read,
    /// It changes something.
    Write,
}

/// What a call sends.
#[derive(Clone, Debug)]
pub enum Body {
    /// JSON.
    Json(Bytes),
    /// JSON with credentials in it; neither it nor the answer is logged.
    SecretJson(Bytes),
    /// A form with credentials in it; neither it nor the answer is logged.
    SecretForm(Vec<(&'static str, String)>),
}

/// One call to make.
#[derive(Clone, Debug)]
pub struct Call {
    /// What it is, in the vendor's word for the operation; goes to log and metrics.
    pub operation: &'static str,
    /// HTTP method.
    pub method: Method,
    /// Path and query below the connection's endpoint, percent-encoded, with nothing secret in it.
    pub path: String,
    /// Whether it changes something.
    pub effect: Effect,
    /// Headers beyond content type and accept; credentials are marked sensitive.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// What to send.
    pub body: Option<Body>,
    /// Points it takes from the budget.
    pub cost: u32,
    /// Whether it may use the part of the budget that is kept back.
    pub urgent: bool,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
}

impl Answer {
    /// The body as JSON, if it is JSON.
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T, String> {
        serde_json::from_slice(&self.body).map_err(|error| {
            // serde's message can quote the body; position and kind are enough.
            format!(
                "HTTP {} with a body that is not the JSON we know ({:?} at line {} column {})",
                self.status.as_u16(),
                error.classify(),
                error.line(),
                error.column()
            )
        })
    }
}

/// One try of one call, for the attempt log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Try {
    /// The operation.
    pub operation: &'static str,
    /// Method and path.
    pub request_line: String,
    /// What was sent.
    pub request: Option<Bytes>,
    /// HTTP status, absent where no answer came.
    pub status: Option<u16>,
    /// What came back, cut at 64 KiB.
    pub response: Option<Bytes>,
    /// What went wrong on the way.
    pub error: Option<String>,
    /// When it began.
    pub at: Timestamp,
    /// How long it took.
    pub took: Duration,
}

/// Until when calls that change something may be begun on behalf of one piece of work; clones are one. Whoever was held up
/// beyond it, between two calls or before the first, may no longer be the only one at work.
#[derive(Clone, Debug)]
pub struct Term(Arc<Mutex<Timestamp>>);

impl Term {
    /// A term that ends at `until`.
    pub fn new(until: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(until)))
    }

    /// Moves its end.
    pub fn extend(&self, until: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }

    fn is_over(&self, now: Timestamp) -> bool {
        now > *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The tries made on behalf of one piece of work.
#[derive(Debug, Default)]
pub struct Log {
    tries: Mutex<Vec<Try>>,
    term: Option<Term>,
}

impl Log {
    /// A log for work that may change something until the end of its term only.
    pub fn within(term: Term) -> Self {
        Self { tries: Mutex::default(), term: Some(term) }
    }

    /// Takes the tries written so far.
    pub fn take(&self) -> Vec<Try> {
        std::mem::take(&mut self.tries.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn push(&self, entry: Try) {
        self.tries.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
    }
}

/// One connection's way out.
#[derive(Debug)]
pub struct Client {
    connection: String,
    endpoint: String,
    http: reqwest::Client,
    budget: Budget,
    breaker: Breaker,
    slots: Semaphore,
    clock: Clock,
}

impl Client {
    /// A client for the connection of this name at `endpoint` (scheme, host and port, perhaps a path; no trailing `/`).
    pub fn new(connection: &str, endpoint: &str, limits: Limits, clock: Clock) -> Result<Self, String> {
        Self::shared(connection, endpoint, limits, Share::whole(), clock)
    }

    /// The same, with a share of what the limits allow.
    pub fn shared(
        connection: &str,
        endpoint: &str,
        limits: Limits,
        share: Share,
        clock: Clock,
    ) -> Result<Self, String> {
        let http = reqwest::Client::builder()
            .timeout(limits.timeout)
            .connect_timeout(limits.timeout.min(Duration::from_secs(5)))
            .pool_idle_timeout(Duration::from_secs(50))
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("crossdock/", env!("CARGO_PKG_VERSION")))
            .tcp_nodelay(true)
            .build()
            .map_err(|error| format!("no HTTP client could be made: {error}"))?;
        Ok(Self {
            connection: connection.to_owned(),
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            http,
            budget: Budget::shared(limits.burst, limits.per_second, share, clock.now()),
            breaker: Breaker::default(),
            slots: Semaphore::new(limits.concurrent.max(1) as usize),
            clock,
        })
    }

    /// The connection's name.
    pub fn connection(&self) -> &str {
        &self.connection
    }

    /// The budget, for a connector whose vendor reports it.
    pub fn budget(&self) -> &Budget {
        &self.budget
    }

    /// The clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Lets the connection rest at once: its credentials are refused, and every further call would be.
    pub fn rest(&self) {
        self.breaker.trip(self.clock.now());
    }

    /// Until when the breaker rests, where it does.
    pub fn resting_until(&self) -> Option<Timestamp> {
        self.breaker.resting_until()
    }

    /// Makes one call. `budget_of` reads from an answer what the vendor says of the budget.
    pub async fn send(
        &self,
        call: Call,
        log: &Log,
        budget_of: impl FnOnce(&Answer) -> Option<Reported>,
    ) -> Result<Answer, Fault> {
        let now = self.clock.now();
        if let Some(until) = self.breaker.resting_until().filter(|until| now < *until) {
            return Err(Fault::Deferred(until));
        }
        let Ok(slot) = tokio::time::timeout(SLOT_PATIENCE, self.slots.acquire()).await else {
            return Err(Fault::Deferred(now.saturating_add(SLOT_PATIENCE).unwrap_or(now)));
        };
        self.wait_for_budget(call.cost, call.urgent).await?;
        let over = log.term.as_ref().is_some_and(|term| term.is_over(self.clock.now()));
        if over && call.effect == Effect::Write {
            self.budget.give_back(call.cost);
            return Err(Fault::retry(
                "not sent: the work took longer than it may without a word to the store",
            ));
        }
        if let Err(until) = self.breaker.admit(self.clock.now()) {
            self.budget.give_back(call.cost);
            return Err(Fault::Deferred(until));
        }

        let (at, started) = (self.clock.now(), Instant::now());
        let result = self.exchange(&call).await;
        let now = self.clock.now();
        let reported = result.as_ref().ok().and_then(budget_of);
        self.budget.settle(call.cost, reported, now);
        drop(slot);

        let request = match &call.body {
            Some(Body::Json(json)) => Some(json),
            _ => None,
        };
        let secret = matches!(call.body, Some(Body::SecretForm(_) | Body::SecretJson(_)));
        let (status, response, error) = match &result {
            Ok(answer) => (Some(answer.status.as_u16()), (!secret).then(|| cut(&answer.body)), None),
            Err((_, why)) => (None, None, Some(why.clone())),
        };
        let took = started.elapsed();
        crate::telemetry::remote_call(&self.connection, call.operation, status, took);
        log.push(Try {
            operation: call.operation,
            request_line: format!("{} {}", call.method, call.path),
            request: request.map(cut),
            status,
            response,
            error,
            at,
            took,
        });
        self.judge(&call, result, now)
    }

    async fn wait_for_budget(&self, cost: u32, urgent: bool) -> Result<(), Fault> {
        let mut waited = Duration::ZERO;
        loop {
            let now = self.clock.now();
            let wait = match self.budget.take(cost, urgent, now) {
                Ok(()) => return Ok(()),
                Err(Short::Points(wait)) => wait,
                // As long as the vendor wants is no time for a worker to sit through.
                Err(Short::Paused(until)) => return Err(Fault::Deferred(until)),
            };
            waited += wait;
            if waited > PATIENCE {
                return Err(Fault::Deferred(now.saturating_add(wait).unwrap_or(now)));
            }
            self.clock.sleep(wait).await;
        }
    }

    async fn exchange(&self, call: &Call) -> Result<Answer, (Sent, String)> {
        let mut request = self
            .http
            .request(call.method.clone(), format!("{}{}", self.endpoint, call.path))
            .header(header::ACCEPT, "application/json");
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        request = match &call.body {
            Some(Body::Json(json) | Body::SecretJson(json)) => {
                request.header(header::CONTENT_TYPE, "application/json").body(json.clone())
            }
            Some(Body::SecretForm(fields)) => request.form(fields),
            None => request,
        };
        let mut response = request.send().await.map_err(|error| {
            let sent = if error.is_connect() || error.is_builder() { Sent::No } else { Sent::Perhaps };
            (sent, in_words(&error))
        })?;
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() > ANSWER_LIMIT => {
                    return Err((Sent::Perhaps, format!("the answer is larger than {ANSWER_LIMIT} bytes")));
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => return Ok(Answer { status, headers, body: body.into() }),
                Err(error) => return Err((Sent::Perhaps, in_words(&error))),
            }
        }
    }

    /// What HTTP itself tells of a result; the rest is the connector's to read.
    fn judge(
        &self,
        call: &Call,
        result: Result<Answer, (Sent, String)>,
        now: Timestamp,
    ) -> Result<Answer, Fault> {
        let alive = result.as_ref().is_ok_and(|answer| !answer.status.is_server_error());
        if self.breaker.report(alive, now) {
            let state = if alive { "answers again" } else { "fails; resting" };
            tracing::warn!(connection = %self.connection, "the connection {state}");
        }
        match result {
            Err((Sent::No, why)) => Err(Fault::retry(why)),
            Err((Sent::Perhaps, why)) => Err(lost(call.effect, why)),
            Ok(answer) => match answer.status {
                StatusCode::TOO_MANY_REQUESTS => {
                    let after = retry_after(&answer.headers, now).unwrap_or(*RETRY_AFTER.start());
                    self.budget.pause(now.saturating_add(after).unwrap_or(now));
                    Err(Fault::Retry { after: Some(after), why: "HTTP 429: too many requests".into() })
                }
                StatusCode::UNAUTHORIZED => {
                    Err(Fault::Unauthorized("HTTP 401: the credentials are not accepted".into()))
                }
                StatusCode::REQUEST_TIMEOUT => {
                    Err(lost(call.effect, "HTTP 408: the request timed out".into()))
                }
                status if status.is_server_error() => {
                    let why = format!("HTTP {}", status.as_u16());
                    match (call.effect, retry_after(&answer.headers, now)) {
                        (Effect::Read, after) => Err(Fault::Retry { after, why }),
                        (Effect::Write, _) => Err(Fault::Unknown(why)),
                    }
                }
                _ => Ok(answer),
            },
        }
    }
}

/// Whether a request can have reached the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    No,
    Perhaps,
}

fn lost(effect: Effect, why: String) -> Fault {
    match effect {
        Effect::Read => Fault::retry(why),
        Effect::Write => Fault::Unknown(why),
    }
}

/// An error of the HTTP client with its causes and without its URL.
fn in_words(error: &reqwest::Error) -> String {
    let kind = if error.is_timeout() {
        "timed out"
    } else if error.is_connect() {
        "could not connect"
    } else {
        "the connection broke"
    };
    let mut source = std::error::Error::source(error);
    while let Some(deeper) = source.and_then(std::error::Error::source) {
        source = Some(deeper);
    }
    source.map_or_else(|| kind.to_owned(), |cause| format!("{kind}: {cause}"))
}

fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.split('.').next()?.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
            Duration::try_from(at.duration_since(now)).unwrap_or_default()
        }
    };
    Some(wait.clamp(*RETRY_AFTER.start(), *RETRY_AFTER.end()))
}

fn cut(body: &Bytes) -> Bytes {
    body.slice(..body.len().min(LOGGED_BYTES))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_read_in_both_forms_and_bounded() {
        let now: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        let table = [
            ("2", Some(2)),
            ("2.5", Some(2)),
            ("0", Some(1)),
            ("86400", Some(900)),
            ("Sun, 22 Nov 2026 10:00:30 GMT", Some(30)),
            ("Sun, 22 Nov 2026 09:00:00 GMT", Some(1)),
            ("soon", None),
        ];
        for (text, seconds) in table {
            let headers = HeaderMap::from_iter([(header::RETRY_AFTER, text.parse().unwrap())]);
            assert_eq!(retry_after(&headers, now).map(|wait| wait.as_secs()), seconds, "{text}");
        }
    }
}
