//! The faults every simulator can play, scripted one by one or drawn at random from a seed.
//!
//! A fault wraps the simulator from outside, so a vendor's rules never know of it: a fault *before* leaves the
//! simulator's state untouched, a fault *after* lets it commit and then spoils the answer. A [`Stop`] spoils nothing: it
//! keeps one request waiting, so that other things can happen meanwhile. Requests under `/sim` are never faulted, those for
//! tokens only by a script that names a path.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::routing::post;
use axum::{Json, Router, extract};
use http::{Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use tower::Service;

/// Why a body of the remote control could not be read.
type Unreadable = (StatusCode, Json<serde_json::Value>);

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Unreadable> {
    serde_json::from_slice(body).map_err(|error| {
        (StatusCode::UNPROCESSABLE_ENTITY, Json(serde_json::json!({ "error": error.to_string() })))
    })
}

/// One thing that goes wrong with one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The answer comes this many milliseconds late.
    Delay(u64),
    /// The connection closes before the request is acted on.
    ResetBefore,
    /// The request is acted on, then the connection closes without an answer.
    ResetAfter,
    /// 429 with `Retry-After` in seconds; not acted on.
    Throttle(u64),
    /// This 4xx or 5xx status; not acted on.
    Error(u16),
    /// Acted on, then answered with this status.
    ErrorAfter(u16),
    /// Acted on, answered with the right status and half the body.
    Truncated,
    /// Acted on, answered with the right status and a page of HTML.
    NotJson,
}

/// A fault for the next requests that match.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Script {
    /// What goes wrong.
    pub fault: Fault,
    /// HTTP method, any if absent.
    #[serde(default)]
    pub method: Option<String>,
    /// A part of the path, any if absent.
    #[serde(default)]
    pub path: Option<String>,
    /// How many matching requests it strikes; 0 means until cleared.
    #[serde(default = "once")]
    pub times: u32,
}

const fn once() -> u32 {
    1
}

/// Random faults: each request is struck with probability `rate` by one of `faults`, drawn from `seed`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Random {
    /// Seeds the draw; the same seed strikes the same requests in the same order of arrival.
    pub seed: u64,
    /// Between 0 and 1.
    pub rate: f64,
    /// What to draw from.
    pub faults: Vec<Fault>,
}

/// Where one request waits until it is let go: on its way in, or on its way back with the answer ready. Clones are one, so
/// that several simulators can count to the same request.
#[derive(Clone, Debug)]
pub struct Stop(Arc<Waiting>);

#[derive(Debug)]
struct Waiting {
    skip: Mutex<u32>,
    answered: bool,
    reached: CancellationToken,
    go: CancellationToken,
}

impl Stop {
    /// Stops the request that comes after `skip` others: before it is acted on, or once it is `answered`.
    pub fn new(skip: u32, answered: bool) -> Self {
        let (reached, go) = (CancellationToken::new(), CancellationToken::new());
        Self(Arc::new(Waiting { skip: Mutex::new(skip), answered, reached, go }))
    }

    /// Waits until a request has come to it.
    pub async fn reached(&self) {
        self.0.reached.cancelled().await;
    }

    /// Lets the request go on.
    pub fn let_go(&self) {
        self.0.go.cancel();
    }

    /// Whether it is this request that is to wait.
    fn catches(&self) -> bool {
        let mut skip = self.0.skip.lock().unwrap_or_else(PoisonError::into_inner);
        let caught = *skip == 0 && !self.0.reached.is_cancelled();
        *skip = skip.saturating_sub(1);
        caught
    }

    async fn wait(&self, answered: bool) {
        if self.0.answered == answered {
            self.0.reached.cancel();
            self.0.go.cancelled().await;
        }
    }
}

#[derive(Default)]
struct State {
    /// Each with how many matching requests pass unharmed first.
    scripts: Vec<(u32, Script)>,
    stop: Option<Stop>,
    random: Option<(Random, StdRng)>,
    struck: u64,
}

/// The faults in force at one simulator; clones share them.
#[derive(Clone, Default)]
pub struct Faults(Arc<Mutex<State>>);

impl Faults {
    /// No faults until some are added.
    pub fn none() -> Self {
        Self::default()
    }

    /// Adds a script; scripts are tried in the order they were added, before random faults.
    pub fn script(&self, script: Script) {
        self.script_after(0, script);
    }

    /// Adds a script that lets so many matching requests pass before it strikes.
    pub fn script_after(&self, skip: u32, script: Script) {
        self.state().scripts.push((skip, script));
    }

    /// Replaces the random faults.
    pub fn random(&self, random: Random) {
        let rng = StdRng::seed_from_u64(random.seed);
        self.state().random = Some((random, rng));
    }

    /// Stops a request; replaces the stop there was, which then catches none here.
    pub fn stop_at(&self, stop: Stop) {
        self.state().stop = Some(stop);
    }

    /// Whether a stop is set that has caught no request here.
    pub fn has_stop(&self) -> bool {
        self.state().stop.is_some()
    }

    /// Removes every fault.
    pub fn clear(&self) {
        let mut state = self.state();
        state.scripts.clear();
        state.stop = None;
        state.random = None;
    }

    /// How many requests were struck so far.
    pub fn struck(&self) -> u64 {
        self.state().struck
    }

    /// The part of every simulator's remote control that sets these faults: a script or random ones, or none at all.
    pub(super) fn control<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        async fn script(
            extract::State(faults): extract::State<Faults>,
            body: Bytes,
        ) -> Result<StatusCode, Unreadable> {
            faults.script(read(&body)?);
            Ok(StatusCode::NO_CONTENT)
        }
        async fn random(
            extract::State(faults): extract::State<Faults>,
            body: Bytes,
        ) -> Result<StatusCode, Unreadable> {
            faults.random(read(&body)?);
            Ok(StatusCode::NO_CONTENT)
        }
        async fn clear(extract::State(faults): extract::State<Faults>) -> StatusCode {
            faults.clear();
            StatusCode::NO_CONTENT
        }
        Router::new()
            .route("/sim/faults", post(script).delete(clear))
            .route("/sim/faults/random", post(random))
            .with_state(self.clone())
    }

    /// Wraps a service in these faults.
    pub fn layer<S>(&self, inner: S) -> Faulty<S> {
        Faulty { inner, faults: self.clone() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The stop, where it is this request that is to wait.
    fn caught(&self, path: &str) -> Option<Stop> {
        let mut state = self.state();
        if path.starts_with("/sim") || gives_tokens(path) || !state.stop.as_ref()?.catches() {
            return None;
        }
        state.stop.take()
    }

    fn draw(&self, method: &str, path: &str) -> Option<Fault> {
        if path.starts_with("/sim") {
            return None;
        }
        let mut state = self.state();
        let matching = state.scripts.iter_mut().position(|(skip, s)| {
            let fits = s.method.as_deref().is_none_or(|m| m.eq_ignore_ascii_case(method))
                && s.path.as_deref().map_or(!gives_tokens(path), |p| path.contains(p));
            let passes = fits && *skip > 0;
            *skip -= u32::from(passes);
            fits && !passes
        });
        let fault = if let Some(at) = matching {
            let (_, script) = &mut state.scripts[at];
            let fault = script.fault;
            if script.times == 1 {
                state.scripts.remove(at);
            } else {
                script.times = script.times.saturating_sub(1);
            }
            Some(fault)
        } else if gives_tokens(path) {
            None
        } else {
            state.random.as_mut().and_then(|(random, rng)| {
                if random.faults.is_empty() || !rng.random_bool(random.rate.clamp(0.0, 1.0)) {
                    return None;
                }
                let at = rng.random_range(0..random.faults.len());
                Some(random.faults[at])
            })
        };
        state.struck += u64::from(fault.is_some());
        fault
    }
}

/// Whether a path is one of those that give tokens, Shopify's or ShipHero's.
fn gives_tokens(path: &str) -> bool {
    path.starts_with("/admin/oauth") || path.starts_with("/auth/")
}

/// A connection closed by a fault.
#[derive(Debug, thiserror::Error)]
#[error("the simulator closed the connection as its fault script says")]
pub struct Closed;

/// A service behind [`Faults`].
#[derive(Clone)]
pub struct Faulty<S> {
    inner: S,
    faults: Faults,
}

impl<S> Service<Request<Incoming>> for Faulty<S>
where
    S: Service<Request<Incoming>, Response = Response<Body>, Error = std::convert::Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
{
    type Response = Response<Body>;
    type Error = Closed;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Closed>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        let fault = self.faults.draw(request.method().as_str(), request.uri().path());
        let stop = self.faults.caught(request.uri().path());
        let mut inner = self.inner.clone();
        Box::pin(async move {
            if let Some(stop) = &stop {
                stop.wait(false).await;
            }
            match fault {
                Some(Fault::Delay(ms)) => tokio::time::sleep(Duration::from_millis(ms)).await,
                Some(Fault::ResetBefore) => return Err(Closed),
                Some(Fault::Throttle(seconds)) => {
                    let mut response = status(StatusCode::TOO_MANY_REQUESTS);
                    response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
                    return Ok(response);
                }
                Some(Fault::Error(code)) => return Ok(status(code_of(code))),
                _ => {}
            }
            let Ok(response) = inner.call(request).await;
            if let Some(stop) = &stop {
                stop.wait(true).await;
            }
            match fault {
                Some(Fault::ResetAfter) => Err(Closed),
                Some(Fault::ErrorAfter(code)) => Ok(status(code_of(code))),
                Some(Fault::Truncated) => Ok(truncated(response).await),
                Some(Fault::NotJson) => {
                    let (mut parts, _) = response.into_parts();
                    parts.headers.remove(header::CONTENT_LENGTH);
                    parts.headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/html"));
                    Ok(Response::from_parts(parts, Body::from("<html><body>Bad gateway</body></html>")))
                }
                _ => Ok(response),
            }
        })
    }
}

fn code_of(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn status(code: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = code;
    response
}

async fn truncated(response: Response<Body>) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    let whole = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(whole.slice(..whole.len() / 2)))
}
