//! Recorded mutations, carried out again against the simulator: the same answers, ids and times aside.
//!
//! What a recording began with is placed as an order; ids are learnt by comparing, so that what one answer made can
//! be named in the next request. Nothing of a recording is kept here.

mod details;
mod orders;

use std::collections::HashMap;

use crossdock::simulator::shopify::new_order::{Known, NewCustomer};
use crossdock::simulator::shopify::order::Address;
use crossdock::simulator::shopify::{NewLine, NewOrder, Options};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Served, sample};

struct Replay {
    served: Served,
    /// Their ids, names of places and of orders, with ours.
    ours: HashMap<String, String>,
    compared: usize,
}

impl Replay {
    async fn start() -> Self {
        let options = Options { access_tokens: vec!["shpat_simulated".to_owned()], ..Options::default() };
        Self { served: Served::start(options).await, ours: HashMap::new(), compared: 0 }
    }

    /// Places the order that a recorded `orderCreate` made.
    fn place(&mut self, created: &Value) -> i64 {
        let order = &created["variables"]["order"];
        let made = body(created).pointer("/data/orderCreate/order").unwrap();
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let line = |line: &Value| NewLine {
            title: line["title"].as_str().unwrap().to_owned(),
            variant_title: None,
            sku: text(&line["sku"]),
            product_id: Known::Missing,
            variant_id: Known::Missing,
            quantity: u32::try_from(line["quantity"].as_u64().unwrap()).unwrap(),
            ..NewLine::default()
        };
        let new = NewOrder {
            lines: order["lineItems"].as_array().unwrap().iter().map(line).collect(),
            email: text(&order["email"]),
            customer: made["customer"]["email"].as_str().map(|email| NewCustomer {
                email: Some(email.to_owned()),
                first_name: None,
                last_name: None,
                ..NewCustomer::default()
            }),
            billing_address: None,
            shipping_address: order["shippingAddress"]["city"]
                .as_str()
                .map(|city| Address { city: Some(city.to_owned()), ..Address::default() }),
            note: text(&order["note"]),
            tags: order["tags"].as_array().into_iter().flatten().filter_map(text).collect(),
            ..NewOrder::default()
        };
        let id = self.served.shop.place_order(&new).unwrap();
        self.learn(made, &self.served.shop.graphql_order(id).unwrap());
        id
    }

    /// Learns ids from two forms of one thing, of which theirs has fewer fields.
    fn learn(&mut self, theirs: &Value, ours: &Value) {
        match (theirs, ours) {
            (Value::Object(theirs), Value::Object(ours)) => {
                for (key, value) in theirs {
                    if let Some(own) = ours.get(key) {
                        self.learn(value, own);
                    }
                }
            }
            (Value::Array(theirs), Value::Array(ours)) => {
                theirs.iter().zip(ours).for_each(|(value, own)| self.learn(value, own));
            }
            (Value::String(theirs), Value::String(ours)) if theirs.starts_with("gid://") => {
                self.ours.insert(theirs.clone(), ours.clone());
            }
            _ => {}
        }
    }

    fn translate(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.ours.get(text).unwrap_or(text).as_str().into(),
            Value::Array(items) => items.iter().map(|item| self.translate(item)).collect(),
            Value::Object(fields) => Value::Object(
                fields.iter().map(|(key, value)| (key.clone(), self.translate(value))).collect(),
            ),
            other => other.clone(),
        }
    }

    /// Carries out a recorded request again.
    async fn again(&mut self, step: &Value) {
        let document = ["query", "document"].iter().find_map(|key| step[*key].as_str());
        let document = document.unwrap_or_else(|| panic!("no document in {step}"));
        self.ask(document, &step["variables"], body(step), true).await;
    }

    /// The same where a mutation cost ten when it was recorded, and costs more now.
    async fn again_when_cheaper(&mut self, step: &Value) {
        self.ask(step["query"].as_str().unwrap(), &step["variables"], body(step), false).await;
    }

    async fn ask(&mut self, document: &str, variables: &Value, theirs: &Value, price: bool) {
        let ours = self.served.ask(document, self.translate(variables)).await;
        let empty = json!([]);
        let errors = |answer: &Value| answer.get("errors").unwrap_or(&empty).clone();
        self.same("errors", &errors(theirs), &errors(&ours), document);
        self.same("data", &theirs["data"], &ours["data"], document);
        if price {
            let cost = |answer: &Value| answer["extensions"]["cost"]["requestedQueryCost"].clone();
            assert_eq!(cost(theirs), cost(&ours), "{document}");
        }
        self.compared += 1;
        // Nothing here is about the bucket.
        self.served.clock.advance(std::time::Duration::from_secs(20));
    }

    fn same(&mut self, key: &str, theirs: &Value, ours: &Value, document: &str) {
        let differ = || panic!("{key}:\ntheirs {theirs}\nours   {ours}\n{document}");
        match (theirs, ours) {
            (Value::Object(t), Value::Object(o)) => {
                if t.len() != o.len() || t.keys().any(|key| !o.contains_key(key)) {
                    differ();
                }
                t.iter().for_each(|(key, value)| self.same(key, value, &o[key], document));
            }
            (Value::Array(t), Value::Array(o)) => {
                if t.len() != o.len() {
                    differ();
                }
                t.iter().zip(o).for_each(|(value, own)| self.same(key, value, own, document));
            }
            (Value::String(t), Value::String(o)) => {
                let is_time = |text: &str| text.parse::<Timestamp>().is_ok();
                let alias = t.starts_with("gid://") || key == "name";
                let good = if alias {
                    // An order's number is its own; what follows it is not.
                    let after = |text: &str| text.split_once("-F").map(|(_, after)| after.to_owned());
                    self.ours.entry(t.clone()).or_insert_with(|| o.clone()) == o && after(t) == after(o)
                } else if key.ends_with("Cursor") {
                    true
                } else if key == "message" {
                    without_ids(t) == without_ids(o)
                } else {
                    t == o || (is_time(t) && is_time(o))
                };
                if !good {
                    differ();
                }
            }
            // A recording may have trimmed its document.
            _ if theirs == ours || key == "line" => {}
            _ => differ(),
        }
    }
}

fn body(step: &Value) -> &Value {
    let response = &step["response"];
    ["payload", "body"].iter().find_map(|key| response.get(*key)).unwrap_or(response)
}

/// A text with long numbers left out.
fn without_ids(text: &str) -> String {
    text.split(|c: char| !c.is_ascii_digit() && c != '/')
        .fold(text.to_owned(), |text, part| if part.len() > 9 { text.replace(part, "#") } else { text })
}

fn capture(path: &str) -> Option<Value> {
    crate::support::server::specs("recorded mutations")?;
    sample(&format!("graphql-captures/{path}"))
}

#[tokio::test]
async fn a_fulfillment_is_made_retracked_and_cancelled_as_recorded() {
    let Some(mut recorded) = capture("2025-01/orders/fulfillment-cancel-parity.json") else { return };
    let mut replay = Replay::start().await;
    replay.place(&recorded["setup"]["orderCreate"]);
    replay.again(&recorded["setup"]["fulfillmentCreate"]).await;
    replay.again_when_cheaper(&recorded["setup"]["fulfillmentTrackingInfoUpdate"]).await;
    recorded["response"] = recorded["mutation"]["response"].clone();
    replay.again(&recorded).await;
    replay.again(&recorded["downstreamRead"]).await;

    let recorded = capture("2025-01/orders/fulfillment-multi-tracking-info.json").unwrap();
    replay.place(&recorded["setup"]["orderCreate"]);
    for step in ["fulfillmentCreate", "fulfillmentTrackingInfoUpdate", "downstreamRead"] {
        replay.again(&recorded[step]).await;
    }

    let recorded = capture("2025-01/shipping-fulfillments/fulfillment-create-name.json").unwrap();
    replay.place(&recorded["setup"]["orderCreate"]);
    replay.again(&recorded["firstFulfillmentCreate"]).await;
    replay.again(&recorded["secondFulfillmentCreate"]).await;

    let recorded = capture("2025-01/orders/fulfillment-unknown-not-found.json").unwrap();
    for step in ["fulfillmentCancel", "fulfillmentTrackingInfoUpdate"] {
        let request = &recorded[step]["request"];
        let document = request["query"].as_str().unwrap();
        replay.ask(document, &request["variables"], body(&recorded[step]), true).await;
    }
    assert_eq!(replay.compared, 11);
}

#[tokio::test]
async fn a_cancelled_fulfillment_takes_what_was_recorded() {
    let Some(recorded) = capture("2026-04/orders/fulfillment-state-preconditions.json") else { return };
    let mut replay = Replay::start().await;
    replay.place(&recorded["setup"]["orderCreate"]);
    replay.again(&recorded["setup"]["fulfillmentCreate"]).await;
    for step in ["initialCancel", "cancelAlreadyCancelled", "trackingAlreadyCancelled", "eventOnCancelled"] {
        replay.again(&recorded[step]).await;
    }
    replay.place(&recorded["deliveredSetup"]["orderCreate"]);
    replay.again(&recorded["deliveredSetup"]["fulfillmentCreate"]).await;
    replay.again(&recorded["deliveredEventCreate"]).await;
    replay.again(&recorded["cancelDelivered"]).await;
    assert_eq!(replay.compared, 8);
}

#[tokio::test]
async fn the_events_of_a_shipment_are_kept_as_recorded() {
    let path = "2026-04/shipping-fulfillments/fulfillment-detail-events-lifecycle.json";
    let Some(recorded) = capture(path) else { return };
    let mut replay = Replay::start().await;
    replay.place(&recorded["setup"]["orderCreate"]);
    replay.again(&recorded["setup"]["fulfillmentCreate"]).await;
    replay.again(&recorded["fulfillmentEventCreate"]).await;
    replay.again(&recorded["detailRead"]).await;
    replay.again_when_cheaper(&recorded["fulfillmentTrackingInfoUpdate"]).await;
    replay.again(&recorded["fulfillmentCancel"]).await;
}

#[tokio::test]
async fn fulfillments_before_returns_are_made_as_recorded() {
    let mut replay = Replay::start().await;
    for (file, setups) in [
        ("order-return-status-lifecycle", &["mixed", "declined", "canceled", "removed"] as &[&str]),
        ("return-customer-note-recorded", &[""]),
        ("return-quantity-validation", &["quantityCap", "removal"]),
        ("return-query-roots-recorded", &[""]),
        ("return-reverse-logistics-dispose-validation", &[""]),
        ("returnApprove-decline-state-preconditions", &["open", "declined"]),
    ] {
        let Some(recorded) = capture(&format!("2026-04/orders/{file}.json")) else { return };
        for setup in setups {
            let all = &recorded["setup"];
            let steps = if setup.is_empty() { all } else { &all[*setup] };
            replay.place(&steps["orderCreate"]);
            replay.again(&steps["fulfillmentCreate"]).await;
        }
    }
    let recorded = capture("2026-04/orders/order-delete-snapshot-staging.json").unwrap();
    replay.place(&recorded["operations"]["fulfilledSetupCreate"]);
    replay.again(&recorded["operations"]["fulfillmentCreate"]).await;
    assert_eq!(replay.compared, 12);
}
