//! The sender: signatures, headers, retries, and the ways it misbehaves.

use std::time::Duration;

use base64::Engine;
use crossdock::clock::Clock;
use crossdock::simulator::shopify::{Knobs, NewOrder, Options, Outcome, Settings, Shop, SubscribedBy};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio_util::sync::CancellationToken;

use super::{Receiver, shop};

fn options(endpoint: &Receiver) -> Options {
    Options {
        webhook_url: Some(endpoint.url.clone()),
        signing_secret: "hush".to_owned(),
        client_secret: "hush".to_owned(),
        ..Options::default()
    }
}

fn run(shop: &Shop) -> CancellationToken {
    let halt = CancellationToken::new();
    let (shop, until) = (shop.clone(), halt.clone());
    tokio::spawn(async move { shop.run(until).await });
    halt
}

/// Lets the sender work until its books say what is expected.
async fn until(shop: &Shop, what: impl Fn(&Shop) -> bool) {
    let waited = async {
        while !what(shop) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waited).await.expect("the sender did not get there");
}

#[tokio::test]
async fn deliveries_are_signed_and_say_what_they_are() {
    let mut endpoint = Receiver::start(200).await;
    let (shop, clock) = shop(options(&endpoint));
    let halt = run(&shop);
    let note = Some("Q&A <cellar>".to_owned());
    let id = shop.place_order(&NewOrder { note, ..NewOrder::default() }).unwrap();
    shop.settled().await;

    let deliveries = shop.deliveries();
    let mut topics = Vec::new();
    let mut event_ids = std::collections::BTreeSet::new();
    let mut webhook_ids = std::collections::BTreeSet::new();
    for _ in &deliveries {
        let received = endpoint.next().await;
        let mut mac = Hmac::<Sha256>::new_from_slice(b"hush").unwrap();
        mac.update(&received.body);
        let expected = base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes());
        assert_eq!(received.header("x-shopify-hmac-sha256"), expected);
        assert_eq!(received.header("x-shopify-shop-domain"), "cellar-nine.myshopify.com");
        assert_eq!(received.header("x-shopify-api-version"), "2026-10");
        assert_eq!(received.header("x-shopify-triggered-at"), "2026-11-22T12:00:00.123456789Z");
        assert_eq!(received.header("user-agent"), "Shopify-Captain-Hook");
        assert_eq!(received.header("content-type"), "application/json");
        topics.push(received.header("x-shopify-topic").to_owned());
        event_ids.insert(received.header("x-shopify-event-id").to_owned());
        webhook_ids.insert(received.header("x-shopify-webhook-id").to_owned());
        if received.header("x-shopify-topic") == "orders/create" {
            let text = String::from_utf8(received.body.to_vec()).unwrap();
            assert!(text.contains(r#""note":"Q\u0026A \u003ccellar\u003e""#) && !text.contains('\n'));
            assert_eq!(received.json(), shop.rest_order(id).unwrap());
            assert_eq!(received.json()["id"].as_i64(), Some(id));
        }
    }
    topics.sort();
    let routed = "fulfillment_orders/order_routing_complete";
    assert_eq!(
        topics,
        [routed, "order_transactions/create", "orders/create", "orders/paid", "orders/updated"]
    );
    assert_eq!(event_ids.len(), 1, "one action is one event");
    assert_eq!(webhook_ids.len(), 5);
    assert!(deliveries.iter().all(|d| d.acknowledged_at == Some(clock.now()) && d.order_id == id));
    halt.cancel();
}

/// Nine tries within four hours, the waits doubling, all with the first body and id.
#[tokio::test]
async fn a_failing_receiver_is_tried_for_four_hours() {
    let mut endpoint = Receiver::start(500).await;
    let topics = vec!["orders/updated".to_owned()];
    let (shop, clock) = shop(Options { topics, ..options(&endpoint) });
    let halt = run(&shop);
    let began = clock.now();
    let id = shop.place_order(&NewOrder::default()).unwrap();
    let first = endpoint.next().await;
    let mut waits = Vec::new();
    for tries in 1..=8_usize {
        until(&shop, |shop| shop.deliveries()[0].attempts.len() == tries).await;
        if tries == 1 {
            // Whatever changes meanwhile, the retry says what was true at first.
            shop.configure_webhooks(&Settings { topics: Some(Vec::new()), ..Settings::default() });
            shop.set_note(id, Some("changed since".to_owned())).unwrap();
        }
        let wait = Duration::from_secs(56 << (tries - 1));
        clock.advance(Duration::from_millis(wait.as_secs() * 1000 - 1));
        tokio::task::yield_now().await;
        assert_eq!(shop.deliveries()[0].attempts.len(), tries, "tried too early");
        clock.advance(Duration::from_millis(1));
        waits.push(wait);
        let again = endpoint.next().await;
        assert_eq!(again.body, first.body);
        for header in ["x-shopify-webhook-id", "x-shopify-event-id", "x-shopify-triggered-at"] {
            assert_eq!(again.header(header), first.header(header));
        }
    }
    shop.settled().await;
    let delivery = &shop.deliveries()[0];
    assert!(delivery.gave_up && delivery.acknowledged_at.is_none());
    assert_eq!(delivery.attempts.len(), 9);
    assert!(delivery.attempts.iter().all(|attempt| attempt.outcome == Outcome::Status(500)));
    let total: Duration = waits.iter().sum();
    assert!(total < Duration::from_hours(4) && total > Duration::from_hours(3));
    assert_eq!(clock.now().duration_since(began).unsigned_abs(), total);
    halt.cancel();
}

#[tokio::test]
async fn a_late_success_ends_the_retries() {
    let mut endpoint = Receiver::start(302).await;
    let topics = vec!["orders/create".to_owned()];
    let (shop, clock) = shop(Options { topics, ..options(&endpoint) });
    let halt = run(&shop);
    shop.place_order(&NewOrder::default()).unwrap();
    endpoint.next().await;
    until(&shop, |shop| !shop.deliveries()[0].attempts.is_empty()).await;
    assert_eq!(shop.deliveries()[0].attempts[0].outcome, Outcome::Status(302), "a redirect is a failure");
    endpoint.answer(204);
    clock.advance(Duration::from_secs(56));
    shop.settled().await;
    let delivery = &shop.deliveries()[0];
    assert_eq!(delivery.acknowledged_at, Some(clock.now()));
    assert_eq!(delivery.attempts.len(), 2);
    halt.cancel();
}

#[tokio::test]
async fn only_subscriptions_of_the_admin_api_die_of_failures() {
    for (by, survives) in [(SubscribedBy::App, true), (SubscribedBy::AdminApi, false)] {
        let gone = {
            let listener = tokio::net::TcpListener::bind(super::anywhere()).await.unwrap();
            listener.local_addr().unwrap()
        };
        let clock = Clock::scaled(1_000_000);
        let shop = Shop::new(
            Options {
                webhook_url: Some(format!("http://{gone}/webhooks/cellar")),
                topics: vec!["orders/create".to_owned()],
                subscribed_by: by,
                ..Options::default()
            },
            clock,
        );
        let halt = run(&shop);
        shop.place_order(&NewOrder::default()).unwrap();
        shop.settled().await;
        let delivery = &shop.deliveries()[0];
        assert!(delivery.gave_up);
        assert_eq!(delivery.attempts[0].outcome, Outcome::Error("could not connect".to_owned()));
        assert_eq!(!shop.webhook_settings().topics.unwrap().is_empty(), survives);
        halt.cancel();
    }
}

#[tokio::test]
async fn the_knobs_double_drop_and_delay() {
    let mut endpoint = Receiver::start(200).await;
    let topics = vec!["orders/create".to_owned()];
    let (shop, clock) = shop(Options { topics, concurrency: 1, ..options(&endpoint) });
    let halt = run(&shop);

    shop.set_knobs(Knobs { duplicate: 1.0, ..Knobs::default() });
    shop.place_order(&NewOrder::default()).unwrap();
    let (one, two) = (endpoint.next().await, endpoint.next().await);
    assert_eq!(one.header("x-shopify-webhook-id"), two.header("x-shopify-webhook-id"));
    assert_eq!(one.body, two.body);
    shop.settled().await;
    assert_eq!(shop.deliveries()[1].duplicate_of, Some(shop.deliveries()[0].sequence));

    shop.set_knobs(Knobs { drop: 1.0, ..Knobs::default() });
    shop.place_order(&NewOrder::default()).unwrap();
    shop.settled().await;
    assert!(shop.deliveries()[2].dropped && shop.deliveries()[2].attempts.is_empty());

    shop.set_knobs(Knobs { reorder_ms: 60_000, ..Knobs::default() });
    let orders: Vec<i64> = (0..20).map(|_| shop.place_order(&NewOrder::default()).unwrap()).collect();
    clock.advance(Duration::from_mins(1));
    shop.settled().await;
    let mut arrived = Vec::new();
    for _ in &orders {
        arrived.push(endpoint.next().await.json()["id"].as_i64().unwrap());
    }
    assert_ne!(arrived, orders, "twenty deliveries over a minute should not arrive in order");
    arrived.sort_unstable();
    let mut expected = orders;
    expected.sort_unstable();
    assert_eq!(arrived, expected);
    halt.cancel();
}

#[tokio::test]
async fn nothing_is_sent_without_an_address_or_a_subscription() {
    let endpoint = Receiver::start(200).await;
    let (quiet, _) = shop(Options::default());
    quiet.place_order(&NewOrder::default()).unwrap();
    assert!(quiet.deliveries().is_empty());
    let (shop, _) = shop(Options { topics: vec!["refunds/create".to_owned()], ..options(&endpoint) });
    shop.place_order(&NewOrder::default()).unwrap();
    assert!(shop.deliveries().is_empty());
    shop.settled().await;
}
