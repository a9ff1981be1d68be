//! The Admin GraphQL API: from a request's body to its answer.
//!
//! A document is parsed (once, then remembered), planned, priced, paid for, and carried out: queries against borrowed
//! state, mutations one after another against the state they change. Errors in the document and in payment come back
//! with status 200 and no data, as from the real API.

mod cost;
mod execute;
mod input;
mod mutation;
mod page;
mod plan;
mod schema;
mod search;
mod types;
mod whole;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_graphql_parser::types::{ExecutableDocument, OperationDefinition, OperationType};
use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::options::Options;
use super::order::Order;
use super::profile::Profile;
use super::shop::Shop;
use super::state::State;
use cost::Bucket;
use input::variables::{self, Variables};
use schema::{Cx, Node};

/// How many parsed documents are remembered.
const DOCUMENTS: usize = 256;
/// How many requests are remembered at most: an answer may be large.
const REQUESTS: usize = 1_000;

/// A GraphQL request and its answer, for reading back.
#[derive(Clone, Debug, Serialize)]
pub struct GraphqlRequest {
    /// When it came.
    pub at: Timestamp,
    /// The document.
    pub document: Arc<str>,
    /// Its variables.
    pub variables: Value,
    /// HTTP status of the answer.
    pub status: u16,
    /// The answer.
    pub answer: Value,
}

/// A request as it is remembered: the answer unread, since most are never looked at.
struct Logged {
    at: Timestamp,
    document: Arc<str>,
    variables: Map<String, Value>,
    status: u16,
    answer: Bytes,
}

/// The body of a request.
#[derive(Deserialize)]
pub(super) struct Body {
    pub(super) query: Option<String>,
    #[serde(default)]
    pub(super) variables: Option<Map<String, Value>>,
    #[serde(default, rename = "operationName")]
    pub(super) operation_name: Option<String>,
}

/// A document, parsed.
struct Parsed {
    document: ExecutableDocument,
    used: HashSet<String>,
    /// Fragments that contain themselves, as errors.
    endless: Vec<Value>,
    text: Arc<str>,
}

/// What stands before the shop's state: tokens, buckets, parsed documents, the log of requests.
pub(super) struct Gate {
    pub(super) options: Options,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    /// Tokens granted, with their end.
    granted: HashMap<String, Timestamp>,
    buckets: HashMap<String, Bucket>,
    documents: HashMap<String, Arc<Parsed>>,
    requests: VecDeque<Logged>,
    grants: u64,
}

impl Gate {
    pub(super) fn new(options: Options) -> Self {
        Self { options, inner: Mutex::default() }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Grants a token for a day; returns it and how many seconds it is good for.
    pub(super) fn grant(&self, now: Timestamp) -> (String, i64) {
        const SECONDS: i64 = 86_399;
        let mut inner = self.inner();
        inner.grants += 1;
        let number = inner.grants;
        let part = |n: u64| super::state::stable_id("token", &format!("{}/{number}/{n}", self.options.seed));
        let token = format!("shpat_{:016x}{:016x}", part(0), part(1));
        inner.granted.retain(|_, end| *end > now);
        inner.granted.insert(token.clone(), now + jiff::SignedDuration::from_secs(SECONDS));
        (token, SECONDS)
    }

    /// Whether a token is good.
    fn admits(&self, token: &str, now: Timestamp) -> bool {
        self.options.access_tokens.iter().any(|t| t == token)
            || self.inner().granted.get(token).is_some_and(|end| *end > now)
    }

    pub(super) fn requests(&self) -> Vec<GraphqlRequest> {
        let read = |logged: &Logged| GraphqlRequest {
            at: logged.at,
            document: Arc::clone(&logged.document),
            variables: Value::Object(logged.variables.clone()),
            status: logged.status,
            answer: serde_json::from_slice(&logged.answer).unwrap_or_default(),
        };
        self.inner().requests.iter().map(read).collect()
    }

    fn parse(&self, text: &str) -> Result<Arc<Parsed>, Value> {
        if let Some(parsed) = self.inner().documents.get(text) {
            return Ok(Arc::clone(parsed));
        }
        let document = async_graphql_parser::parse_query(text).map_err(|error| syntax_error(&error))?;
        let used = variables::used(&document);
        let endless = plan::endless_fragments(&document);
        let parsed = Arc::new(Parsed { document, used, endless, text: text.into() });
        let mut inner = self.inner();
        if inner.documents.len() >= DOCUMENTS {
            inner.documents.clear();
        }
        inner.documents.insert(text.to_owned(), Arc::clone(&parsed));
        Ok(parsed)
    }
}

fn syntax_error(error: &async_graphql_parser::Error) -> Value {
    use async_graphql_parser::Error;
    let places: Vec<Value> =
        error.positions().take(1).map(|pos| json!({ "line": pos.line, "column": pos.column })).collect();
    let at = places.first().map(|p| format!(" at [{}, {}]", p["line"], p["column"])).unwrap_or_default();
    let message = match error {
        Error::Syntax { .. } => format!("syntax error{at}"),
        other => other.to_string(),
    };
    json!({ "message": message, "locations": places, "extensions": { "code": "PARSE_ERROR" } })
}

/// Answers one request: HTTP status and body.
pub(super) fn answer(shop: &Shop, token: &str, version: &str, body: &Body) -> (u16, Bytes) {
    let text = body.query.as_deref().unwrap_or_default();
    let given = body.variables.clone().unwrap_or_default();
    let now = shop.0.clock.now();
    let gate = &shop.0.gate;
    let (status, answer, document) = if gate.admits(token, now) {
        match gate.parse(text) {
            Ok(parsed) => {
                (200, run(shop, token, version, &parsed, body, &given, now), Arc::clone(&parsed.text))
            }
            Err(error) => (200, json!({ "errors": [error] }).to_string(), text.into()),
        }
    } else {
        let reason = "[API] Invalid API key or access token (unrecognized login or wrong password)";
        (401, json!({ "errors": reason }).to_string(), text.into())
    };
    let answer = Bytes::from(answer);
    let mut inner = gate.inner();
    let most = REQUESTS.min(gate.options.history);
    while inner.requests.len() >= most.max(1) {
        inner.requests.pop_front();
    }
    inner.requests.push_back(Logged { at: now, document, variables: given, status, answer: answer.clone() });
    (status, answer)
}

fn run(
    shop: &Shop,
    token: &str,
    version: &str,
    parsed: &Parsed,
    body: &Body,
    given: &Map<String, Value>,
    now: Timestamp,
) -> String {
    match prepare(parsed, body, given) {
        Ok(prepared) => pay_and_run(shop, token, version, &prepared, parsed, now),
        Err(errors) => json!({ "errors": errors }).to_string(),
    }
}

fn prepare(parsed: &Parsed, body: &Body, given: &Map<String, Value>) -> Result<Prepared, Vec<Value>> {
    let (name, operation) = choose(&parsed.document, body.operation_name.as_deref())?;
    let title = match name {
        Some(name) => format!("{} {name}", operation.ty),
        None => operation.ty.to_string(),
    };
    let root = match operation.ty {
        OperationType::Query => &types::root::QUERY_ROOT,
        OperationType::Mutation => &types::mutation::MUTATION_ROOT,
        OperationType::Subscription => {
            return Err(vec![json!({ "message": "Schema is not configured for subscriptions" })]);
        }
    };
    if !parsed.endless.is_empty() {
        return Err(parsed.endless.clone());
    }
    let mut unused = Vec::new();
    for definition in &operation.variable_definitions {
        let variable = definition.node.name.node.as_str();
        if !parsed.used.contains(variable) {
            unused.push(json!({
                "message":
                    format!("Variable ${variable} is declared by {} but not used", name.map_or_else(|| format!("anonymous {}", operation.ty), str::to_owned)),
                "locations": [{ "line": definition.pos.line, "column": definition.pos.column }],
                "path": [title],
                "extensions": { "code": "variableNotUsed", "variableName": variable },
            }));
        }
    }
    if !unused.is_empty() {
        return Err(unused);
    }
    let variables = Variables::read(operation, given)?;
    let plan = plan::plan(&parsed.document, operation, &title, root, &variables)?;
    Ok(Prepared { plan, changes: operation.ty == OperationType::Mutation })
}

/// An operation ready to be carried out.
struct Prepared {
    plan: plan::Plan,
    /// Whether it is a mutation.
    changes: bool,
}

impl Prepared {
    /// What it may cost.
    fn requested(&self) -> u32 {
        if self.changes { cost::requested_of_mutations(&self.plan) } else { cost::requested(&self.plan) }
    }
}

/// The operation that is meant.
fn choose<'d>(
    document: &'d ExecutableDocument,
    wanted: Option<&str>,
) -> Result<(Option<&'d str>, &'d OperationDefinition), Vec<Value>> {
    let mut operations = document.operations.iter().map(|(name, o)| (name.map(AsRef::as_ref), &o.node));
    let wanted = wanted.filter(|name| !name.is_empty());
    let many = operations.len() > 1;
    let found = match wanted {
        Some(wanted) => operations.find(|(name, _)| *name == Some(wanted)),
        None if many => return Err(vec![json!({ "message": "An operation name is required" })]),
        None => operations.next(),
    };
    found.ok_or_else(|| {
        vec![json!({ "message": format!("No operation named \"{}\"", wanted.unwrap_or_default()) })]
    })
}

fn pay_and_run(
    shop: &Shop,
    token: &str,
    version: &str,
    prepared: &Prepared,
    parsed: &Parsed,
    now: Timestamp,
) -> String {
    let gate = &shop.0.gate;
    let requested = prepared.requested();
    if requested > cost::MOST {
        return too_dear(requested);
    }
    {
        let mut inner = gate.inner();
        let bucket = inner
            .buckets
            .entry(token.to_owned())
            .or_insert_with(|| Bucket::new(gate.options.bucket, gate.options.restore_rate, now));
        if !bucket.take(requested, now) {
            return throttled(requested, &cost::status(bucket));
        }
    }
    let (read, remarks) = if prepared.changes {
        (mutation::run(shop, &prepared.plan, version, now), Vec::new())
    } else {
        let subscriptions =
            if parsed.text.contains("webhookSubscription") { shop.subscriptions() } else { Vec::new() };
        let state = shop.read();
        let cx = Cx::new(&state, version, &gate.options.scopes, &subscriptions, now);
        let read = execute::execute(&cx, &prepared.plan, &types::root::QUERY_ROOT, Node::Query(()));
        (read, cx.remarks.take())
    };
    let actual = read.cost.min(requested);
    let status = {
        let mut inner = gate.inner();
        inner.buckets.get_mut(token).map_or(Value::Null, |bucket| {
            bucket.give_back(requested - actual);
            cost::status(bucket)
        })
    };
    let mut extensions = json!({ "cost": {
        "requestedQueryCost": requested, "actualQueryCost": actual, "throttleStatus": status,
    }});
    if !remarks.is_empty() {
        extensions["search"] = Value::Array(remarks);
    }
    let mut answer = String::with_capacity(read.written.len() + 256);
    answer.push('{');
    if !read.errors.is_empty() {
        answer.push_str("\"errors\":");
        answer.push_str(&Value::Array(read.errors).to_string());
        answer.push(',');
    }
    answer.push_str("\"data\":");
    answer.push_str(&String::from_utf8_lossy(&read.written));
    answer.push_str(",\"extensions\":");
    answer.push_str(&extensions.to_string());
    answer.push('}');
    answer
}

fn too_dear(requested: u32) -> String {
    json!({ "errors": [{
        "message": format!(
            "Query cost is {requested}, which exceeds the single query max cost limit ({}).", cost::MOST
        ),
        "extensions": {
            "code": "MAX_COST_EXCEEDED",
            "cost": requested,
            "maxCost": cost::MOST,
            "documentation": "https://shopify.dev/api/usage/rate-limits",
        },
    }]})
    .to_string()
}

fn throttled(requested: u32, status: &Value) -> String {
    json!({
        "errors": [{
            "message": "Throttled",
            "extensions": {
                "code": "THROTTLED",
                "documentation": "https://shopify.dev/api/usage/rate-limits",
            },
        }],
        "extensions": { "cost": {
            "requestedQueryCost": requested, "actualQueryCost": null, "throttleStatus": status,
        }},
    })
    .to_string()
}

/// An order as the GraphQL API writes it, with every field there is: a pure function of the order and the shop's facts.
pub fn order(profile: &Profile, order: &Order) -> Value {
    let mut state = State::new(Arc::new(profile.clone()), 0);
    state.insert(order.clone(), &[]);
    whole_order(&state, order, &profile.api_version)
}

/// An order of a shop with every field there is.
pub(super) fn whole_order(state: &State, order: &Order, version: &str) -> Value {
    let cx = Cx::new(state, version, &[], &[], order.updated_at);
    let plan = whole::plan(&types::order::ORDER);
    let read = execute::execute(&cx, &plan, &types::order::ORDER, Node::Order(order));
    serde_json::from_slice(&read.written).unwrap_or_default()
}

#[cfg(test)]
mod conformance;
