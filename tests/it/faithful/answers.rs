//! Answers of ShipCompliant that its document allows and its simulator never gives: what the body says of a call counts, and a
//! word that nobody knows lets nothing leave.

use axum::Json;
use axum::Router;
use crossdock::clock::Clock;
use crossdock::connectors::Destination;
use crossdock::connectors::shipcompliant::{LIMITS, Settings, ShipCompliant};
use crossdock::domain::copy::OrderCopy;
use crossdock::domain::mirror::{Desired, Observed};
use crossdock::domain::step::{CopyRef, Step};
use crossdock::engine::desired::desired;
use crossdock::simulator::{self, fault::Faults};
use crossdock::transport::{Client, Fault, Log};
use serde_json::{Value, json};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::support::{document, record, route};

/// An account that gives every call this answer with HTTP 200.
async fn answering(answer: Value) -> (ShipCompliant, DropGuard) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let stop = CancellationToken::new();
    let router = Router::new().fallback(async move || Json(answer));
    let anywhere = ([127, 0, 0, 1], 0).into();
    let at = simulator::spawn(anywhere, router, Faults::none(), stop.clone()).await.unwrap();
    let clock = Clock::manual("2026-11-22T12:00:00Z".parse().unwrap());
    let client = Client::new("compliance", &format!("http://{at}"), LIMITS, clock).unwrap();
    let settings = Settings {
        order_type: "Internet".into(),
        fulfillment_type: None,
        license_relationship: "SupplierToConsumer".into(),
        fulfillment_house: None,
        tags: Vec::new(),
        poll: None,
    };
    (ShipCompliant::new(client, "user", &"word".to_owned().into(), settings), stop.drop_guard())
}

fn copy() -> OrderCopy {
    match desired(&record(document()), &route()) {
        Some(Desired::Present(copy)) => *copy,
        other => panic!("{other:?}"),
    }
}

fn at() -> CopyRef {
    CopyRef { key: "1001".into(), order: "5".into(), remote: None, parts: Vec::new() }
}

fn failure(status: u16) -> Value {
    let error =
        json!({ "code": "200", "target": "SalesOrder", "message": "SalesOrder does not exist [1001]." });
    json!({ "responseStatus": "Failure", "statusCode": status, "errors": [error] })
}

#[tokio::test]
async fn a_failure_is_what_its_body_says_whatever_the_status_of_the_answer() {
    let (account, _stop) = answering(failure(404)).await;
    assert_eq!(account.observe(&at(), &Log::default()).await.unwrap(), Observed::Absent);
    account.apply(&Step::Cancel { at: at() }, &Log::default()).await.expect("it is not there any more");

    let (account, _stop) = answering(failure(500)).await;
    let seen = account.observe(&at(), &Log::default()).await;
    assert!(matches!(seen, Err(Fault::Retry { .. })), "{seen:?}");
    let void = account.apply(&Step::Cancel { at: at() }, &Log::default()).await;
    assert!(matches!(void, Err(Fault::Unknown(_))), "{void:?}");

    let (account, _stop) = answering(failure(403)).await;
    let seen = account.observe(&at(), &Log::default()).await;
    assert!(matches!(seen, Err(Fault::Unauthorized(_))), "{seen:?}");

    let (account, _stop) = answering(json!({ "responseStatus": "Failure", "errors": null })).await;
    let void = account.apply(&Step::Cancel { at: at() }, &Log::default()).await;
    assert!(matches!(void, Err(Fault::Refused(_))), "{void:?}");
}

#[tokio::test]
async fn a_judgement_in_a_word_that_is_not_known_lets_nothing_leave() {
    for (word, passes) in [
        ("Compliant", true),
        ("compliant", true),
        ("Bypassed", true),
        ("NotCompliant", false),
        ("Pending", false),
    ] {
        let answer =
            json!({ "responseStatus": "Success", "salesOrder": { "key": "1001", "complianceStatus": word } });
        let (account, _stop) = answering(answer).await;
        let step = Step::Submit { copy: Box::new(copy()), again: false };
        let effect = account.apply(&step, &Log::default()).await.unwrap();
        assert_eq!((effect.committed, effect.verdict.unwrap().passed), (passes, passes), "{word}");
    }
}
