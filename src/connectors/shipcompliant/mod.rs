//! Sovos ShipCompliant, by its REST API v1: what the merchant may ship, and what was shipped.
//!
//! Three outcomes of entering an order are kept apart: compliant, not compliant (an HTTP 200), and could not be checked.
//! The order's key is the only handle against entering twice: an answer that was lost, or that says the key is committed
//! already, sends the loop to look before anything else. The API has no edit; content changes by voiding and entering
//! again, which the plan orders as two steps.

mod sales_order;
mod wire;

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderValue, Method, StatusCode, header};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::{Connection, Destination, Effect};
use crate::domain::copy::{OrderCopy, Stage};
use crate::domain::fulfillment::Shipment;
use crate::domain::mirror::{Observed, Seen};
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::step::{Capabilities, CopyRef, Edits, Step};
use crate::domain::verdict::Verdict;
use crate::transport::{self, Answer, Body, Call, Client, Fault, Limits, Log, segment};
use wire::AnswerBody;

/// The vendor publishes no limit; this is a pace that other integrators are known to keep.
pub const LIMITS: Limits =
    Limits { burst: 40, per_second: 20, concurrent: 8, timeout: Duration::from_secs(30) };

/// The order types, fulfilment types and licence relationships of the definition.
pub const ORDER_TYPES: &[&str] = &["Club", "Fax", "InPerson", "Internet", "Mail", "Phone"];
/// See [`ORDER_TYPES`].
pub const FULFILLMENT_TYPES: &[&str] = &["Club", "Daily"];
/// See [`ORDER_TYPES`].
pub const LICENSE_RELATIONSHIPS: &[&str] = &[
    "Default",
    "Pickup",
    "RetailerToConsumer",
    "RetailerToThreeTier",
    "SupplierToConsumer",
    "SupplierToThreeTier",
];

/// A key no order has; reading it costs nothing and needs the credentials.
const PROBE_KEY: &str = "crossdock-check";

/// What an account is told with every order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// One of [`ORDER_TYPES`].
    pub order_type: String,
    /// One of [`FULFILLMENT_TYPES`].
    pub fulfillment_type: Option<String>,
    /// One of [`LICENSE_RELATIONSHIPS`].
    pub license_relationship: String,
    /// The fulfilment house, as the account names it.
    pub fulfillment_house: Option<String>,
    /// Tags on every order.
    pub tags: Vec<String>,
    /// How often an open order is read, for the API tells nothing by itself; absent for never.
    pub poll: Option<Duration>,
}

/// How often an open order is read unless told otherwise.
pub const POLL: Duration = Duration::from_mins(5);

/// One account at ShipCompliant.
#[derive(Debug)]
pub struct ShipCompliant {
    client: Client,
    authorization: HeaderValue,
    settings: Settings,
}

impl ShipCompliant {
    /// An account reached through `client`, as a web service user.
    pub fn new(client: Client, username: &str, password: &SecretString, settings: Settings) -> Self {
        let pair = BASE64.encode(format!("{username}:{}", password.expose_secret()));
        // Base64 is ASCII, so it is always a header value.
        let mut authorization = HeaderValue::from_str(&format!("Basic {pair}"))
            .unwrap_or_else(|_| HeaderValue::from_static("Basic"));
        authorization.set_sensitive(true);
        Self { client, authorization, settings }
    }

    async fn send(&self, call: Call, log: &Log) -> Result<Answer, Fault> {
        let effect = call.effect;
        let mut answer = self.client.send(call, log, |_| None).await.inspect_err(|fault| {
            if matches!(fault, Fault::Unauthorized(_)) {
                self.client.rest();
            }
        })?;
        // The body says too what became of the call, and of a failure it has the last word.
        if answer.status.is_success()
            && let Some(status) = answer.json::<AnswerBody>().ok().and_then(|body| body.failure())
        {
            answer.status = status;
        }
        match answer.status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                self.client.rest();
                Err(Fault::Unauthorized(format!(
                    "HTTP {}: the web service user may not do this",
                    answer.status.as_u16()
                )))
            }
            status if status.is_success() || matches!(status.as_u16(), 400 | 404) => Ok(answer),
            status => {
                let why = format!("HTTP {} is not an answer of this API", status.as_u16());
                Err(if effect == transport::Effect::Read { Fault::retry(why) } else { Fault::Unknown(why) })
            }
        }
    }

    fn call(&self, operation: &'static str, method: Method, path: String, urgent: bool) -> Call {
        let effect = if method == Method::GET { transport::Effect::Read } else { transport::Effect::Write };
        let headers = vec![(header::AUTHORIZATION, self.authorization.clone())];
        Call { operation, method, path, effect, headers, body: None, cost: 1, urgent }
    }

    async fn look(&self, key: &str, log: &Log) -> Result<Observed, Fault> {
        let call =
            self.call("get_sales_order", Method::GET, format!("/api/v1/salesOrders/{}", segment(key)), false);
        let answer = self.send(call, log).await?;
        match answer.status {
            StatusCode::NOT_FOUND => Ok(Observed::Absent),
            StatusCode::OK => {
                let body: AnswerBody = answer.json().map_err(Fault::retry)?;
                let mut observed = body.observed(self.client.clock().now()).map_err(Fault::retry)?;
                if let Observed::Present(seen) = &mut observed
                    && !seen.committed
                {
                    seen.committed = self.is_committed(key, log).await?;
                }
                Ok(observed)
            }
            _ => Err(Fault::Refused(wire::refusal(&errors(&answer), &format!("reading order {key}")))),
        }
    }

    /// Whether an order that was found not compliant was committed by a person all the same, which a reading does not tell: a
    /// commit of nothing does.
    async fn is_committed(&self, key: &str, log: &Log) -> Result<bool, Fault> {
        let path = "/api/v1/salesOrders/commit".to_owned();
        let mut call = self.call("commit_status", Method::POST, path, false);
        call.effect = transport::Effect::Read;
        call.body = Some(json(&wire::CommitStatus { commit_option: "Null", sales_order_key: key })?);
        let answer = self.send(call, log).await?;
        if answer.status != StatusCode::OK {
            return Ok(false);
        }
        Ok(answer.json::<AnswerBody>().map_err(Fault::retry)?.is_committed())
    }

    async fn enter(&self, step: &Step, log: &Log) -> Result<Effect, Fault> {
        let Step::Submit { copy, again } = step else { return Ok(Effect::DONE) };
        let request = sales_order::check_and_commit(copy, *again, &self.settings).map_err(Fault::Refused)?;
        let path = "/api/v1/salesOrders/check-commit".to_owned();
        let mut call = self.call("check_commit", Method::POST, path, false);
        call.body = Some(json(&request)?);
        let answer = self.send(call, log).await?;
        let body: AnswerBody = match answer.json() {
            Ok(body) => body,
            // It was accepted or refused; which, only a look can tell.
            Err(why) => return Err(Fault::Unknown(why)),
        };
        if answer.status != StatusCode::OK {
            let errors = body.errors.unwrap_or_default();
            // Committed already: by an earlier try of ours, or by somebody else.
            if errors.iter().any(|error| error.code.as_deref() == Some("215")) {
                return Err(Fault::Unknown("code 215: the order has been committed already".into()));
            }
            return Err(Fault::Refused(wire::refusal(&errors, &format!("order {}", copy.key))));
        }
        if copy.negative {
            // It was committed whatever was thought of it: the order it is taken out of is the one that was judged.
            return Ok(Effect::DONE);
        }
        let Some(verdict) = body.verdict() else {
            return Err(Fault::Unknown("the answer holds no compliance status".into()));
        };
        let verdict = self.by_line(copy, verdict, log).await;
        Ok(Effect { committed: verdict.passed, verdict: Some(verdict), seen: None })
    }

    /// Has a copy judged again as it stands there; nothing is saved (`quote/compliance`).
    async fn check(&self, copy: &OrderCopy, log: &Log) -> Result<Effect, Fault> {
        let body = self.quote(copy, false, log).await?;
        let Some(verdict) = body.quoted() else {
            return Err(Fault::retry("the answer holds no compliance status"));
        };
        let verdict = self.by_line(copy, verdict, log).await;
        Ok(Effect { committed: true, verdict: Some(verdict), seen: None })
    }

    /// Of an order that may not ship as it is: what is found of each line by itself, for the rules are told of shipments only.
    /// Where that cannot be told now, the judgement stands without.
    async fn by_line(&self, copy: &OrderCopy, mut verdict: Verdict, log: &Log) -> Verdict {
        if !verdict.passed && sales_order::lines(copy).len() > 1 {
            let body = self.quote(copy, true, log).await;
            verdict.lines = body.map(|body| body.lines(copy)).unwrap_or_default();
        }
        verdict
    }

    async fn quote(&self, copy: &OrderCopy, by_line: bool, log: &Log) -> Result<AnswerBody, Fault> {
        let request = sales_order::quote(copy, by_line, &self.settings).map_err(Fault::Refused)?;
        let path = "/api/v1/salesOrders/quote/compliance".to_owned();
        let mut call = self.call("quote_compliance", Method::POST, path, false);
        call.effect = transport::Effect::Read;
        call.body = Some(json(&request)?);
        let answer = self.send(call, log).await?;
        let body: AnswerBody = answer.json().map_err(Fault::retry)?;
        if answer.status != StatusCode::OK {
            let what = format!("the check of order {}", copy.key);
            return Err(Fault::Refused(wire::refusal(&body.errors.unwrap_or_default(), &what)));
        }
        Ok(body)
    }

    /// A write whose success is an answer without errors; `gone` says whether the order's absence is success too.
    async fn write(&self, call: Call, what: String, gone: bool, log: &Log) -> Result<Effect, Fault> {
        let answer = self.send(call, log).await?;
        if answer.status == StatusCode::NOT_FOUND {
            // The order, or the shipment, is not there as we thought it was.
            return if gone {
                Ok(Effect::DONE)
            } else {
                Err(Fault::Unknown("HTTP 404: the order is not there".into()))
            };
        }
        if answer.status.is_success() {
            return Ok(Effect::DONE);
        }
        Err(Fault::Refused(wire::refusal(&errors(&answer), &what)))
    }

    async fn perform(&self, step: &Step, log: &Log) -> Result<Effect, Fault> {
        let (name, urgent) = (step.name(), step.is_urgent());
        let order = format!("/api/v1/salesOrders/{}", segment(step.key()));
        let what = format!("{name} of order {}", step.key());
        match step {
            Step::Submit { .. } => self.enter(step, log).await,
            Step::Cancel { .. } => {
                let call = self.call("void_sales_order", Method::DELETE, order, urgent);
                self.write(call, what, true, log).await
            }
            Step::Advance { at, stage } => {
                let path = "/api/v1/salesOrders/shipments/status".to_owned();
                let mut call = self.call("update_shipment_status", Method::PUT, path, urgent);
                call.body = Some(json(&wire::StatusUpdate {
                    sales_order_key: &at.key,
                    shipment_key: wire::SHIPMENT,
                    shipment_status: wire::status(*stage),
                })?);
                self.write(call, what, false, log).await
            }
            Step::Track { numbers, .. } => {
                let mut call = self.call("add_tracking", Method::POST, format!("{order}/tracking"), urgent);
                call.body = Some(json(&wire::TrackingInput {
                    shipment_key: wire::SHIPMENT,
                    tracking_numbers: numbers,
                })?);
                self.write(call, what, false, log).await
            }
            Step::Untrack { numbers, .. } => {
                for number in numbers {
                    let path = format!("{order}/shipment/{}/tracking/{}", wire::SHIPMENT, segment(number));
                    let call = self.call("void_tracking", Method::DELETE, path, urgent);
                    self.write(call, what.clone(), true, log).await?;
                }
                Ok(Effect::DONE)
            }
            Step::Check { copy } => self.check(copy, log).await,
            Step::Revise(_) | Step::Tell(_) => Err(super::not_a_step_here(step)),
        }
    }
}

fn json(body: &impl Serialize) -> Result<Body, Fault> {
    let bytes = serde_json::to_vec(body).map_err(|error| {
        Fault::Refused(Reason::new(
            ReasonCode::Refused,
            format!("the request could not be written: {error}"),
            "report this as a fault of crossdock",
        ))
    })?;
    Ok(Body::Json(Bytes::from(bytes)))
}

/// The errors in a refusal; none where the body is empty or no JSON, as it can be.
fn errors(answer: &Answer) -> Vec<wire::WireError> {
    answer.json::<AnswerBody>().ok().and_then(|body| body.errors).unwrap_or_default()
}

impl Destination for ShipCompliant {
    fn capabilities(&self) -> Capabilities {
        // Reports may include what has shipped, so it is never voided and never entered again.
        Capabilities {
            edits: Edits::Anew(Stage::Released),
            cancel_until: Stage::Released,
            packs: false,
            enters: true,
            adopts: false,
            judges: true,
            watch: self.settings.poll,
        }
    }

    fn shipments(&self, seen: &Seen, _: &OrderCopy) -> Vec<Shipment> {
        wire::shipments(seen)
    }

    fn is_same_order(&self, copy: &OrderCopy, seen: &Seen) -> bool {
        wire::is_same_order(copy, &seen.content)
    }

    fn observe<'a>(&'a self, at: &'a CopyRef, log: &'a Log) -> BoxFuture<'a, Result<Observed, Fault>> {
        Box::pin(self.look(&at.key, log))
    }

    fn apply<'a>(&'a self, step: &'a Step, log: &'a Log) -> BoxFuture<'a, Result<Effect, Fault>> {
        Box::pin(self.perform(step, log))
    }
}

impl Connection for ShipCompliant {
    fn probe<'a>(&'a self, log: &'a Log) -> BoxFuture<'a, Result<String, Fault>> {
        Box::pin(async move {
            self.look(PROBE_KEY, log).await?;
            Ok("the web service user is accepted".to_owned())
        })
    }

    fn resting_until(&self) -> Option<Timestamp> {
        self.client.resting_until()
    }
}
