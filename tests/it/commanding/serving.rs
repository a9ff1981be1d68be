//! `crossdock serve`: it starts, works, says nothing it should not, and stops without losing anything.

use crossdock::domain::mirror::MirrorState;
use crossdock::domain::{OrderRef, RemoteId};
use crossdock::simulator::fault::{Fault, Script};
use crossdock::simulator::shopify::NewOrder;
use crossdock::store::Store;

use super::{Ended, Place, Served, until};
use crate::support::server::http;

async fn store(place: &Place) -> Store {
    Store::open(&crate::support::engine::store_url(place.folder.path())).await.unwrap()
}

#[tokio::test]
async fn what_was_acknowledged_before_a_stop_is_stored() {
    let place = Place::new().await;
    let served = Served::start(&place).await;
    for _ in 0..5 {
        place.shop.place_order(&NewOrder::default()).unwrap();
    }
    place.shop.settled().await;
    let acknowledged = place.shop.deliveries().len();
    assert!(acknowledged >= 10);
    assert_eq!(served.terminate().await.code(), Some(0));
    // The database is free again, and holds all of it.
    let store = store(&place).await;
    assert_eq!(store.counts().await.unwrap().deliveries, i64::try_from(acknowledged).unwrap());
    store.close().await;
    drop(store);
    // What was not worked on before the stop is after the next start.
    let served = Served::start(&place).await;
    served.settled(&place).await;
    assert_eq!(place.account.orders().len(), 5);
    assert_eq!(place.account.summary()["double_commits"], 0);
    assert_eq!(served.terminate().await.code(), Some(0));
}

#[tokio::test]
async fn a_stop_finishes_the_call_in_flight_and_keeps_what_came_of_it() {
    let place = Place::new().await;
    let path = Some("check-commit".to_owned());
    place.account.faults().script(Script { fault: Fault::Delay(700), method: None, path, times: 1 });
    let served = Served::start(&place).await;
    let id = place.shop.place_order(&NewOrder::default()).unwrap();
    until("the call to ShipCompliant", || place.account.faults().struck() == 1).await;
    assert!(place.account.orders().is_empty(), "it is on its way, not there");
    assert_eq!(served.terminate().await.code(), Some(0));
    assert_eq!(place.account.order("1001").unwrap()["committed"], true);
    let store = store(&place).await;
    let order = OrderRef { connection: "cellar".into(), id: RemoteId::from(id) };
    let mirror = store.load(&order).await.unwrap().mirrors.remove(0);
    assert_eq!((mirror.state, mirror.intent), (MirrorState::InStep, None));
    store.close().await;
}

#[tokio::test]
async fn a_second_server_on_one_database_is_refused_with_the_reason() {
    let place = Place::new().await;
    let served = Served::start(&place).await;
    let Ended { code, err, .. } = place.run(&["serve"]).await;
    assert_eq!(code, Some(1));
    assert!(err.contains("is in use by another crossdock process; stop that one first"), "{err}");
    // With a database of its own, an address can still be taken.
    place.change("test.db", "other.db");
    place.change("127.0.0.1:0", served.url.trim_start_matches("http://"));
    let Ended { code, err, .. } = place.run(&["serve"]).await;
    assert_eq!(code, Some(1));
    assert!(err.contains("cannot listen on 127.0.0.1:"), "{err}");
    assert!(err.contains("choose another address or stop what listens there"), "{err}");
    assert_eq!(served.terminate().await.code(), Some(0));
}

#[tokio::test]
async fn logs_and_metrics_tell_of_the_work_and_of_nobody() {
    let place = Place::new().await;
    let served = Served::start(&place).await;
    let mut order = NewOrder { email: Some("zebedee@example.com".into()), ..NewOrder::default() };
    let address = order.shipping_address.as_mut().unwrap();
    address.first_name = Some("Zebedee".into());
    address.address1 = Some("7 Larkspur Ln".into());
    // Refused at ShipCompliant: the words of a refusal are logged by nobody either.
    address.address2 = Some("PO Box 12".into());
    place.shop.place_order(&order).unwrap();
    place.shop.place_order(&NewOrder::default()).unwrap();
    served.settled(&place).await;
    let body = br#"{"id": "Zebedee"}"#;
    let client = http();
    for (webhook, signature) in [("w1", crate::support::server::sign("hush", body)), ("w2", "guess".into())] {
        let request = client
            .post(format!("{}/webhooks/cellar", served.url))
            .header("X-Shopify-Topic", "orders/create")
            .header("X-Shopify-Shop-Domain", "cellar-nine.myshopify.com")
            .header("X-Shopify-API-Version", "2026-10")
            .header("X-Shopify-Webhook-Id", webhook)
            .header("X-Shopify-Hmac-Sha256", signature)
            .body(body.to_vec());
        request.send().await.unwrap();
    }
    served.settled(&place).await;
    let metrics = client.get(format!("{}/metrics", served.url)).send().await.unwrap().text().await.unwrap();
    for line in [
        "crossdock_deliveries_total{connection=\"cellar\",verdict=\"stored\"}",
        "crossdock_deliveries_total{connection=\"cellar\",verdict=\"signature\"} 1",
        "crossdock_deliveries_settled_total{connection=\"cellar\",outcome=\"exception\"} 1",
        "crossdock_attempts_total{connection=\"compliance\",operation=\"check_commit\",outcome=\"refused\"} 1",
        "crossdock_exceptions_open 2",
        "crossdock_orders_due 0",
        "crossdock_converge_seconds_count{destination=\"compliance\"} 2",
    ] {
        assert!(metrics.contains(line), "{line} is not in {metrics}");
    }
    let log = std::sync::Arc::clone(&served.log);
    assert_eq!(served.terminate().await.code(), Some(0));
    let log = log.lock().unwrap().join("\n");
    assert!(log.contains("\"ready\"") && log.contains("a delivery could not be understood"), "{log}");
    let password = crossdock::simulator::shipcompliant::Options::default().password;
    for word in ["Zebedee", "zebedee", "Larkspur", "hush", "let-me-in", "shpat_test", &password] {
        assert!(!log.contains(word), "«{word}» is in the log: {log}");
        assert!(!metrics.contains(word), "«{word}» is in the metrics: {metrics}");
    }
}
