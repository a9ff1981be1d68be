//! What stands before the account's state: tokens and their ends, credits, the count of requests, the log of them.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::Value;

use super::options::Options;
use crate::simulator::bucket::Bucket;

/// How long an access token is good.
pub(super) const TOKEN_SECONDS: i64 = 28 * 24 * 3600;
/// How many requests are remembered at most: an answer may be large.
const REQUESTS: usize = 2_000;

/// A GraphQL request and its answer, for reading back.
#[derive(Clone, Debug, Serialize)]
pub struct Request {
    /// When it came.
    pub at: Timestamp,
    /// The operations of its document, such as `order_create`.
    pub operations: Vec<String>,
    /// The document.
    pub document: String,
    /// Its variables.
    pub variables: Value,
    /// HTTP status of the answer.
    pub status: u16,
    /// The answer.
    pub answer: Value,
}

/// Why there is no token.
pub(super) enum NoToken {
    WrongPassword,
    WrongToken,
}

pub(super) struct Gate {
    options: Arc<Options>,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    /// Tokens granted, with their end.
    granted: HashMap<String, Timestamp>,
    refresh_tokens: Vec<String>,
    revoked: Vec<String>,
    buckets: HashMap<String, Bucket>,
    recent: VecDeque<Timestamp>,
    requests: VecDeque<Request>,
    /// How many requests there were, those that are forgotten too.
    logged: usize,
    numbers: u64,
    /// How many mutations to come are done and nevertheless answered with an error.
    done_with_errors: u32,
}

impl Gate {
    pub(super) fn new(options: Arc<Options>) -> Self {
        let refresh_tokens = options.refresh_tokens.clone();
        Self { options, inner: Mutex::new(Inner { refresh_tokens, ..Inner::default() }) }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Signs a person in: an access and a refresh token.
    pub(super) fn sign_in(
        &self,
        name: &str,
        password: &str,
        now: Timestamp,
    ) -> Result<(String, String), NoToken> {
        if name != self.options.username || password != self.options.password {
            return Err(NoToken::WrongPassword);
        }
        let mut inner = self.inner();
        let refresh = inner.number("shiphero-refresh");
        inner.refresh_tokens.push(refresh.clone());
        Ok((inner.grant(now), refresh))
    }

    /// Gives another access token, and another refresh token where they rotate.
    pub(super) fn refresh(&self, token: &str, now: Timestamp) -> Result<(String, Option<String>), NoToken> {
        let mut inner = self.inner();
        let Some(at) = inner.refresh_tokens.iter().position(|known| known == token) else {
            return Err(NoToken::WrongToken);
        };
        let next = self.options.rotates_refresh_tokens.then(|| inner.number("shiphero-refresh"));
        if let Some(next) = &next {
            inner.refresh_tokens[at].clone_from(next);
        }
        Ok((inner.grant(now), next))
    }

    /// Ends every access token, those that are always good too.
    pub(super) fn revoke(&self) {
        let mut inner = self.inner();
        inner.granted.clear();
        inner.revoked.clone_from(&self.options.access_tokens);
    }

    /// Whether a token is good.
    pub(super) fn admits(&self, token: &str, now: Timestamp) -> bool {
        let inner = self.inner();
        let lasting = self.options.access_tokens.iter().any(|known| known == token);
        (lasting && !inner.revoked.iter().any(|gone| gone == token))
            || inner.granted.get(token).is_some_and(|end| *end > now)
    }

    /// Counts a request; false if there were too many in five minutes.
    pub(super) fn count(&self, now: Timestamp) -> bool {
        let mut inner = self.inner();
        let since = now - SignedDuration::from_mins(5);
        while inner.recent.front().is_some_and(|at| *at <= since) {
            inner.recent.pop_front();
        }
        let fits = inner.recent.len() < self.options.requests_in_five_minutes;
        if fits {
            inner.recent.push_back(now);
        }
        fits
    }

    /// Takes credits, or says how many there are.
    pub(super) fn pay(&self, token: &str, credits: u32, now: Timestamp) -> Result<(), i64> {
        let mut inner = self.inner();
        let bucket = inner.bucket(&self.options, token, now);
        if bucket.take(credits, now) { Ok(()) } else { Err(bucket.available()) }
    }

    /// Gives back what was not used.
    pub(super) fn give_back(&self, token: &str, credits: u32, now: Timestamp) {
        self.inner().bucket(&self.options, token, now).give_back(credits);
    }

    /// Takes all there is.
    pub(super) fn drain(&self, now: Timestamp) {
        for bucket in self.inner().buckets.values_mut() {
            bucket.fill(now);
            let all = u32::try_from(bucket.available()).unwrap_or_default();
            bucket.take(all, now);
        }
    }

    /// Credits left, the most there can be, and how many run in a second.
    pub(super) fn quota(&self, token: &str, now: Timestamp) -> (i64, i64, i64) {
        let mut inner = self.inner();
        let bucket = inner.bucket(&self.options, token, now);
        (bucket.available(), bucket.most(), bucket.rate())
    }

    /// The id of an answer.
    pub(super) fn request_id(&self) -> String {
        let mut inner = self.inner();
        inner.numbers += 1;
        format!("{:08x}{:016x}", 0x5da7_0000_u32, self.options.seed.wrapping_add(inner.numbers))
    }

    /// Has the next mutations answered with an error though they are done.
    pub(super) fn answer_done_with_errors(&self, times: u32) {
        self.inner().done_with_errors = times;
    }

    /// Whether this mutation is one of those.
    pub(super) fn is_done_with_error(&self) -> bool {
        let mut inner = self.inner();
        let one = inner.done_with_errors > 0;
        inner.done_with_errors = inner.done_with_errors.saturating_sub(1);
        one
    }

    pub(super) fn log(&self, request: Request) {
        let mut inner = self.inner();
        let most = REQUESTS.min(self.options.history).max(1);
        while inner.requests.len() >= most {
            inner.requests.pop_front();
        }
        inner.requests.push_back(request);
        inner.logged += 1;
    }

    /// How many requests there were.
    pub(super) fn count_of_requests(&self) -> usize {
        self.inner().logged
    }

    /// The last requests in order of arrival.
    pub(super) fn requests(&self, most: usize) -> Vec<Request> {
        let inner = self.inner();
        let skipped = inner.requests.len().saturating_sub(most);
        inner.requests.iter().skip(skipped).cloned().collect()
    }
}

impl Inner {
    fn number(&mut self, word: &str) -> String {
        self.numbers += 1;
        format!("{word}-{:08}", self.numbers)
    }

    fn grant(&mut self, now: Timestamp) -> String {
        let token = self.number("shiphero-access");
        self.granted.retain(|_, end| *end > now);
        self.granted.insert(token.clone(), now + SignedDuration::from_secs(TOKEN_SECONDS));
        token
    }

    fn bucket(&mut self, options: &Options, token: &str, now: Timestamp) -> &mut Bucket {
        let new = || Bucket::new(options.credits, options.credits_a_second, now);
        let bucket = self.buckets.entry(token.to_owned()).or_insert_with(new);
        bucket.fill(now);
        bucket
    }
}
