//! A simulator on a loopback port, a plain HTTP client for it, and sample orders.
//!
//! Where the vendor's document is at hand, every answer is held against it, and so is every request the simulator
//! took for good: what it accepts must be what the vendor accepts.

use std::collections::BTreeSet;
use std::sync::Mutex;

use crossdock::clock::Clock;
use crossdock::simulator;
use crossdock::simulator::shipcompliant::{Account, Options};
use jiff::Timestamp;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::support::contract::contract;

/// A running simulator.
pub(super) struct Play {
    pub(super) account: Account,
    pub(super) clock: Clock,
    pub(super) base: String,
    pub(super) http: Client,
    /// Operations and statuses that were exchanged.
    pub(super) seen: Mutex<BTreeSet<(String, String, u16)>>,
    _stop: DropGuard,
}

impl Play {
    pub(super) async fn new() -> Self {
        Self::with(Options::default()).await
    }

    pub(super) async fn with(options: Options) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let start: Timestamp = "2026-11-22T09:00:00Z".parse().unwrap();
        let clock = Clock::manual(start);
        let account = Account::new(options, clock.clone());
        let stop = CancellationToken::new();
        let faults = account.faults().clone();
        let address = simulator::spawn(([127, 0, 0, 1], 0).into(), account.router(), faults, stop.clone())
            .await
            .unwrap();
        Self {
            account,
            clock,
            base: format!("http://{address}"),
            http: Client::builder().build().unwrap(),
            seen: Mutex::default(),
            _stop: stop.drop_guard(),
        }
    }

    /// One request to the vendor's API with the right credentials; status and body, null if there is none.
    pub(super) async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let path = format!("/api/v1{path}");
        let (status, answer) = self.send(method, &path, body).await;
        let Some((contract, known)) = contract().and_then(|c| Some((c, c.path_of(method, &path)?))) else {
            return (status, answer);
        };
        if let (200, Some(body)) = (status, body) {
            let complaints = contract.request(method, &known, body);
            assert!(complaints.is_empty(), "{method} {path} was accepted: {complaints:#?}\n{body:#}");
        }
        match contract.answer(method, &known, status, &answer) {
            Some(complaints) => {
                assert!(complaints.is_empty(), "{method} {path} {status}: {complaints:#?}\n{answer:#}");
            }
            // What the document does not list, the framework answers: a malformed body, say.
            None => assert!(matches!(status, 400 | 405 | 415), "{method} {path} answered {status}"),
        }
        self.seen.lock().unwrap().insert((method.to_owned(), known, status));
        (status, answer)
    }

    /// The same without the judge.
    pub(super) async fn send(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let options = Options::default();
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        request = request.basic_auth(options.username, Some(options.password));
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        (status, if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() })
    }

    /// A request to the remote control.
    pub(super) async fn control(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        self.send(method, &format!("/sim{path}"), body).await
    }

    /// Check and commit what is compliant.
    pub(super) async fn check_commit(&self, order: &Value) -> (u16, Value) {
        self.call("POST", "/salesOrders/check-commit", Some(&commit(order, "CompliantShipments"))).await
    }
}

/// A submission that commits by this option.
pub(super) fn commit(order: &Value, option: &str) -> Value {
    json!({
        "commitOption": option,
        "persistOption": "OverrideExisting",
        "addressOption": { "ignoreStreetLevelErrors": true, "rejectIfAddressSuggested": false },
        "salesOrder": order,
    })
}

/// A submission without a commit option.
pub(super) fn submission(order: &Value) -> Value {
    json!({ "persistOption": "Null", "addressOption": { "ignoreStreetLevelErrors": true }, "salesOrder": order })
}

/// An address in this state.
pub(super) fn address(state: &str, zip1: &str) -> Value {
    json!({
        "firstName": "Ada", "lastName": "Rivers", "company": null, "street1": "12 Mill Ln", "street2": null,
        "city": "Millbrook", "state": state, "zip1": zip1, "country": "US", "phone": "2125550100",
        "email": "ada@example.com", "dateOfBirth": "1984-05-06T00:00:00Z",
    })
}

/// A shipment of two products to New York.
pub(super) fn shipment(key: &str) -> Value {
    json!({
        "shipmentKey": key, "shipmentStatus": "PaymentAccepted", "shipDate": "2026-11-24T00:00:00Z",
        "shippingService": "FXG", "licenseRelationship": "SupplierToConsumer", "fulfillmentHouse": "InHouse",
        "shipping": 9.00, "handling": 0.0, "giftNote": "With love", "specialInstructions": "",
        "shipTo": address("NY", "10007"),
        "shipmentItems": [
            { "brandKey": "NINE", "productKey": "22PN750", "productQuantity": 6, "productUnitPrice": 38.5 },
            { "brandKey": "HILL", "productKey": "21ZN750", "productQuantity": 1, "productUnitPrice": 24.0,
              "discounts": [{ "amount": 1.5, "code": "WELCOME", "type": "coupon" }] },
        ],
    })
}

/// An order with one such shipment.
pub(super) fn order(key: &str) -> Value {
    json!({
        "salesOrderKey": key, "customerKey": "6655", "orderType": "Internet", "fulfillmentType": "Daily",
        "purchaseDate": "2026-11-20T00:00:00Z", "salesTaxCollected": 23.29, "billTo": address("CO", "80304"),
        "payments": [{ "amount": 285.79, "type": "CreditCard", "subType": "VISA", "transactionID": "t_1" }],
        "shipments": [shipment("1")],
        "tags": [{ "name": "shopify" }],
    })
}

/// The order sent to another state.
pub(super) fn order_to(key: &str, state: &str, zip1: &str) -> Value {
    let mut order = order(key);
    order["shipments"][0]["shipTo"] = address(state, zip1);
    order
}

/// The first error of an answer.
pub(super) fn error(answer: &Value) -> &Value {
    &answer["errors"][0]
}
