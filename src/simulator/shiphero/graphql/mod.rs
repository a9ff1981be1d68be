//! The GraphQL API: from a request's body to its answer.
//!
//! A document is read, looked up, priced and paid for, then carried out operation by operation. Whatever goes wrong
//! comes with status 200 as `errors`, the operation's field null; only a token that is not good is an HTTP matter.

mod check;
mod coerce;
mod execute;
mod inputs;
mod mutations;
mod outputs;
mod queries;
mod schema;

use std::cell::Cell;

use async_graphql_parser::types::{ExecutableDocument, OperationDefinition, OperationType};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Account;
use super::gate::Gate;
use super::refused::Refused;
use super::state::State;
use super::view::Eyes;
use check::{Selected, Wanted};
use execute::{Reader, estimate};

/// What a plain mutation costs.
const MUTATION: u32 = 10;

/// The body of a request.
#[derive(Default, Deserialize)]
pub(super) struct Body {
    #[serde(default)]
    pub(super) query: String,
    #[serde(default)]
    pub(super) variables: Option<Map<String, Value>>,
    #[serde(default, rename = "operationName")]
    pub(super) operation_name: Option<String>,
}

/// An answer, and the names of the operations it is to.
pub(super) struct Answer {
    pub(super) body: Value,
    pub(super) operations: Vec<String>,
}

/// Reads an input of a type as the API would: for what people write by hand over the remote control.
pub(super) fn read_input(name: &'static str, value: &Value) -> Result<Map<String, Value>, Refused> {
    let of = schema::Of::Named { name, required: true };
    match coerce::coerce(&of, value) {
        Ok(Value::Object(read)) => Ok(read),
        Ok(_) => Err(Refused::invalid("an object is wanted")),
        Err(why) => Err(Refused::invalid(why)),
    }
}

/// Answers a request whose token is good.
pub(super) fn answer(account: &Account, token: &str, body: &Body, now: Timestamp) -> Answer {
    match plan(body) {
        Err(errors) => Answer { body: json!({ "errors": errors }), operations: Vec::new() },
        Ok((kind, selected)) => {
            let operations =
                selected.fields.iter().filter_map(|f| f.field).map(|f| f.name.to_owned()).collect();
            Answer { body: run(account, token, kind, &selected, now), operations }
        }
    }
}

fn plan(body: &Body) -> Result<(OperationType, Selected), Vec<Value>> {
    let whole = |message: String| vec![json!({ "message": message })];
    let document = async_graphql_parser::parse_query(&body.query).map_err(|error| {
        let places: Vec<Value> =
            error.positions().take(1).map(|at| json!({ "line": at.line, "column": at.column })).collect();
        vec![json!({ "message": format!("Syntax Error GraphQL: {error}"), "locations": places })]
    })?;
    let operation = choose(&document, body.operation_name.as_deref()).map_err(whole)?;
    let root = match operation.ty {
        OperationType::Query => "Query",
        OperationType::Mutation => "Mutation",
        OperationType::Subscription => {
            return Err(whole("Schema is not configured for subscriptions".to_owned()));
        }
    };
    let root = schema::output(root).ok_or_else(Vec::new)?;
    let given = body.variables.clone().unwrap_or_default();
    let (variables, declared) = variables(operation, &given).map_err(whole)?;
    let set = &operation.selection_set.node;
    let selected = check::check(&document, set, root, &variables, &declared)?;
    Ok((operation.ty, selected))
}

fn choose<'d>(
    document: &'d ExecutableDocument,
    wanted: Option<&str>,
) -> Result<&'d OperationDefinition, String> {
    let mut operations = document.operations.iter();
    let found = match wanted.filter(|name| !name.is_empty()) {
        Some(wanted) => operations.find(|(name, _)| name.is_some_and(|name| name.as_str() == wanted)),
        None if document.operations.iter().len() > 1 => {
            return Err("Must provide operation name if query contains multiple operations.".to_owned());
        }
        None => operations.next(),
    };
    found
        .map(|(_, operation)| &operation.node)
        .ok_or_else(|| format!("Unknown operation named \"{}\".", wanted.unwrap_or_default()))
}

/// The variables with their defaults, and the names that are declared.
fn variables(
    operation: &OperationDefinition,
    given: &Map<String, Value>,
) -> Result<(Map<String, Value>, Vec<String>), String> {
    let mut values = Map::new();
    let mut declared = Vec::new();
    for definition in &operation.variable_definitions {
        let name = definition.node.name.node.as_str();
        let of = &definition.node.var_type.node;
        let default = definition.node.default_value.as_ref();
        let default = default.and_then(|value| value.node.clone().into_json().ok());
        let value = given.get(name).cloned().or(default);
        if !of.nullable && value.as_ref().is_none_or(Value::is_null) {
            return Err(format!("Variable \"${name}\" of required type \"{of}\" was not provided."));
        }
        if let Some(value) = value {
            values.insert(name.to_owned(), value);
        }
        declared.push(name.to_owned());
    }
    Ok((values, declared))
}

/// What one operation may cost.
fn price(kind: OperationType, wanted: &Wanted) -> u32 {
    let base = if kind == OperationType::Mutation { MUTATION } else { 1 };
    base + wanted.below.as_ref().map_or(0, estimate)
}

fn run(account: &Account, token: &str, kind: OperationType, selected: &Selected, now: Timestamp) -> Value {
    let gate = account.gate();
    let is_analysis = |wanted: &Wanted| wanted.args.get("analyze") == Some(&Value::Bool(true));
    let asked = selected.fields.iter().filter(|wanted| !is_analysis(wanted));
    let required = asked.fold(0_u32, |sum, wanted| sum.saturating_add(price(kind, wanted)));
    if let Err(remaining) = gate.pay(token, required, now) {
        return too_dear(gate, token, selected, required, remaining, now);
    }
    let (mut data, mut errors, mut cost) = (Map::new(), Vec::new(), 0_u32);
    for wanted in &selected.fields {
        let Some(field) = wanted.field else {
            data.insert(wanted.key.clone(), selected.of.name.into());
            continue;
        };
        let request_id = gate.request_id();
        let complexity = price(kind, wanted);
        let told = json!({ "request_id": request_id, "complexity": complexity });
        let mut refuse = |refused: &Refused| {
            errors.push(json!({
                "message": refused.message, "operation": field.name, "field": field.name,
                "request_id": request_id, "code": refused.code,
            }));
        };
        let result = account.with(|state| {
            if is_analysis(wanted) {
                Ok((shown(state, wanted, &told), 0))
            } else {
                one(state, gate, token, kind, wanted, told, now)
            }
        });
        let value = match result {
            Err(refused) => {
                refuse(&refused);
                cost = cost.saturating_add(1);
                Value::Null
            }
            Ok((value, credits)) => {
                cost = cost.saturating_add(credits);
                if kind == OperationType::Mutation && gate.is_done_with_error() {
                    refuse(&Refused { code: 1, message: "An unexpected error occurred".to_owned() });
                    done_though(wanted, &value)
                } else {
                    value
                }
            }
        };
        data.insert(wanted.key.clone(), value);
    }
    let cost = cost.min(required);
    gate.give_back(token, required - cost, now);
    let mut answer = json!({ "data": data, "extensions": { "throttling": { "cost": cost } } });
    if !errors.is_empty() {
        answer["errors"] = errors.into();
    }
    answer
}

/// What is left of the answer to a mutation that was done and is answered with an error: its request id.
fn done_though(wanted: &Wanted, value: &Value) -> Value {
    let fields = wanted.below.iter().flat_map(|below| &below.fields);
    let kept = |wanted: &Wanted| match wanted.field.map(|field| field.name) {
        Some("request_id" | "complexity") | None => value[&wanted.key].clone(),
        Some(_) => Value::Null,
    };
    Value::Object(fields.map(|wanted| (wanted.key.clone(), kept(wanted))).collect())
}

/// A payload with what is asked for.
fn shown(state: &State, wanted: &Wanted, payload: &Value) -> Value {
    let reader = Reader { state, eyes: Eyes { see_people: false }, nodes: Cell::new(0) };
    wanted.below.as_ref().map_or(Value::Null, |below| reader.object(below, payload))
}

/// Carries one operation out; its value and what it costs.
fn one(
    state: &mut State,
    gate: &Gate,
    token: &str,
    kind: OperationType,
    wanted: &Wanted,
    told: Value,
    now: Timestamp,
) -> Result<(Value, u32), Refused> {
    let name = wanted.field.map_or("", |field| field.name);
    permit(state, name, kind)?;
    let may = |scope: &str| state.options.scopes.iter().any(|one| one == scope);
    let eyes = Eyes { see_people: may("view:pii") };
    let (payload, base) = if name == "user_quota" {
        let (remaining, most, rate) = gate.quota(token, now);
        let quota = json!({
            "is_expired": false, "credits_remaining": remaining, "max_available": most,
            "increment_rate": rate,
        });
        (quota, 1)
    } else {
        let mut payload = told;
        if kind == OperationType::Mutation {
            let (key, value) = mutations::mutate(state, eyes, wanted)?;
            if !key.is_empty() {
                payload[key] = value;
            }
            (payload, MUTATION)
        } else {
            payload["data"] = queries::query(state, eyes, wanted)?;
            (payload, 1)
        }
    };
    let reader = Reader { state, eyes, nodes: Cell::new(0) };
    let value = wanted.below.as_ref().map_or(Value::Null, |below| reader.object(below, &payload));
    Ok((value, base + reader.nodes.get()))
}

/// Refuses what the token's scopes do not hold. Sure are the names for orders; the others follow their pattern.
fn permit(state: &State, name: &str, kind: OperationType) -> Result<(), Refused> {
    let about = match name.split('_').next().unwrap_or_default() {
        "order" | "orders" => "orders",
        "shipment" | "shipments" => "shipments",
        "product" | "products" | "warehouse" | "inventory" => "products",
        "webhook" | "webhooks" => "webhooks",
        _ => return Ok(()),
    };
    let verb = if kind == OperationType::Mutation { "change" } else { "view" };
    let scope = format!("{verb}:{about}");
    let all = format!("{verb}:*");
    if state.options.scopes.iter().any(|one| *one == scope || *one == all) {
        return Ok(());
    }
    Err(Refused::scope(&scope))
}

fn too_dear(
    gate: &Gate,
    token: &str,
    selected: &Selected,
    required: u32,
    remaining: i64,
    now: Timestamp,
) -> Value {
    let (_, _, rate) = gate.quota(token, now);
    let missing = i64::from(required) - remaining;
    let seconds = (missing + rate - 1).div_euclid(rate.max(1)).max(1);
    let wait = if seconds == 1 { "1 second".to_owned() } else { format!("{seconds} seconds") };
    let first = selected.fields.first().and_then(|wanted| wanted.field).map_or("", |field| field.name);
    let data: Map<String, Value> =
        selected.fields.iter().map(|wanted| (wanted.key.clone(), Value::Null)).collect();
    json!({
        "errors": [{
            "code": 30,
            "message": format!(
                "There are not enough credits to perform the requested operation, which requires {required} \
                 credits, but there are only {remaining} left. In {wait} you will have enough credits to \
                 perform the operation"
            ),
            "operation": first,
            "request_id": gate.request_id(),
            "required_credits": required,
            "remaining_credits": remaining,
            "time_remaining": wait,
        }],
        "data": data,
    })
}

#[cfg(test)]
mod conformance;
