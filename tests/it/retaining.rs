//! What is too old is removed, and nothing else; on both engines.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crossdock::clock::Clock;
use crossdock::crypto::digest;
use crossdock::domain::OrderRef;
use crossdock::domain::reason::{Reason, ReasonCode};
use crossdock::schedule;
use crossdock::store::{
    Accepted, Changes, DeliveryQuery, DeliveryRef, DeliveryState, Entry, ExceptionAt, ExceptionQuery, Gate,
    NewDelivery, OpenException, Release, Removed, Retention, Sorted, SortedInto, Store, pack,
};
use jiff::Timestamp;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, SqliteConnection};
use tokio_util::sync::CancellationToken;

use crate::support::engine::on_postgres;
use crate::support::{document, order_ref, record, store};

const SECOND: i64 = 1_577_836_800;

/// Days after the beginning of 2020, for which no partition was made.
fn day(number: i64) -> Timestamp {
    Timestamp::from_second(SECOND + number * 86_400).unwrap()
}

/// The id of the delivery that was the `number`th of all, received on a day.
fn id(received: i64, number: i64) -> i64 {
    if on_postgres() { (SECOND / 86_400 + received) * 100_000_000_000 + number } else { number }
}

fn delivery(webhook_id: &str, body: &str, received: i64) -> NewDelivery {
    NewDelivery {
        connection: Arc::from("cellar"),
        topic: "orders/updated".into(),
        webhook_id: webhook_id.into(),
        headers: "{}".into(),
        size: i64::try_from(body.len()).unwrap(),
        received_at: day(received),
        body: pack(body.as_bytes()),
        content: digest(&[body.as_bytes()]),
    }
}

fn into(id: i64, into: SortedInto) -> Sorted {
    Sorted { id, connection: "cellar".into(), duplicate_of: None, into }
}

fn which(id: i64) -> DeliveryRef {
    DeliveryRef { connection: Arc::from("cellar"), id }
}

fn settled(id: i64) -> Sorted {
    into(id, SortedInto::Nothing(DeliveryState::NoChange, "as before".into()))
}

async fn ids(store: &Store) -> Vec<i64> {
    let query = DeliveryQuery { limit: Some(1000), ..DeliveryQuery::default() };
    store.deliveries(&query).await.unwrap().iter().map(|row| row.id).rev().collect()
}

async fn body(store: &Store, id: i64) -> String {
    String::from_utf8(store.delivery(id).await.unwrap().unwrap().1).unwrap()
}

/// Waits until SQLite has entered the keys of so many deliveries into its index, which it does when it is quiet.
async fn indexed(folder: &Path, upto: i64) {
    if on_postgres() {
        return;
    }
    let options = SqliteConnectOptions::new().filename(folder.join("test.db")).read_only(true);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let reached = async {
        loop {
            let mark: Option<(i64,)> = sqlx::query_as("SELECT upto FROM marks WHERE name = 'dedupe'")
                .fetch_optional(&mut connection)
                .await
                .unwrap();
            if mark.is_some_and(|(mark,)| mark >= upto) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(2), reached).await.unwrap();
}

#[tokio::test]
async fn old_deliveries_go_but_for_those_that_somebody_still_needs() {
    let (_folder, store) = store().await;
    let first = ["settled", "stored", "sorted", "exception", "shared"].map(|name| delivery(name, name, 0));
    store.accept(first.to_vec()).await.unwrap();
    let again =
        store.accept(vec![delivery("other", "shared", 80), delivery("young", "young", 80)]).await.unwrap();
    assert_eq!(again, [Accepted::Duplicate(id(0, 5)), Accepted::Stored(id(80, 7))]);
    let wrong = Reason::new(ReasonCode::UnreadableDelivery, "why", "mend");
    let sorted = vec![
        settled(id(0, 1)),
        into(id(0, 3), SortedInto::Order { order: order_ref(), urgent: false }),
        into(id(0, 4), SortedInto::Exception(wrong)),
        settled(id(0, 5)),
        settled(id(80, 6)),
        settled(id(80, 7)),
    ];
    store.sort(sorted, day(80)).await.unwrap();

    let removed = store.remove_old(day(90), Retention::default()).await.unwrap();
    assert_eq!((removed.deliveries, removed.bodies), (0, 0), "just not old enough");
    let four = (0..4).map(|_| store.remove_old(day(91), Retention::default()));
    let all = futures_util::future::join_all(four).await.into_iter().map(Result::unwrap);
    let all = all.fold((0, 0), |sum, removed| (sum.0 + removed.deliveries, sum.1 + removed.bodies));
    assert_eq!(all, (2, 1), "by whichever of several at once");
    assert_eq!(ids(&store).await, [id(0, 2), id(0, 3), id(0, 4), id(80, 6), id(80, 7)]);
    assert_eq!(body(&store, id(80, 6)).await, "shared", "its original is gone, the body is not");
    assert_eq!(store.unsorted(10).await.unwrap()[0].body, b"stored");
    assert_eq!(store.load(&order_ref()).await.unwrap().deliveries[0].body, b"sorted");
    assert_eq!(body(&store, id(0, 4)).await, "exception");

    // What comes again after its first was removed is new, and known from then on.
    for (webhook, expected) in [
        ("settled", Accepted::Stored(id(91, 8))),
        ("settled", Accepted::Duplicate(id(91, 8))),
        ("another", Accepted::Duplicate(id(91, 8))),
        ("stored", Accepted::Duplicate(id(0, 2))),
    ] {
        let body = if webhook == "another" { "settled" } else { webhook };
        assert_eq!(store.accept(vec![delivery(webhook, body, 91)]).await.unwrap(), [expected], "{webhook}");
    }
    let removed = store.remove_old(day(175), Retention::default()).await.unwrap();
    assert_eq!((removed.deliveries, removed.bodies), (2, 2), "with the body that nobody shares any more");
    let repeat = store.accept(vec![delivery("settled", "settled", 175)]).await.unwrap();
    assert_eq!(repeat, [Accepted::Duplicate(id(91, 8))]);
}

#[tokio::test]
async fn keys_of_what_was_removed_go_once_they_are_many() {
    let (folder, store) = store().await;
    let names: Vec<String> = (0..500).map(|number| format!("w{number}")).collect();
    let received = |number| if number < 300 { 0 } else { 80 };
    let (mut batch, mut sorted) = (Vec::new(), Vec::new());
    for (number, name) in (0..).zip(&names) {
        batch.push(delivery(name, name, received(number)));
        sorted.push(settled(id(received(number), number + 1)));
    }
    store.accept(batch).await.unwrap();
    store.sort(sorted, day(80)).await.unwrap();
    indexed(folder.path(), 500).await;
    let Removed { deliveries, keys, .. } = store.remove_old(day(100), Retention::default()).await.unwrap();
    assert_eq!((deliveries, keys), (300, 600));
    let again = names.iter().map(|name| delivery(name, name, 100)).collect();
    let again = store.accept(again).await.unwrap();
    assert!(again[..300].iter().all(|accepted| matches!(accepted, Accepted::Stored(_))));
    assert!(again[300..].iter().all(|accepted| matches!(accepted, Accepted::Duplicate(_))));
    assert_eq!(store.remove_old(day(100), Retention::default()).await.unwrap().keys, 0);
}

#[tokio::test]
async fn old_tries_lines_and_closed_exceptions_go_and_the_order_stays() {
    let (_folder, store) = store().await;
    store.touch(order_ref(), day(0)).await.unwrap();
    for (when, token) in [(0, "a"), (80, "b")] {
        store.touch(order_ref(), day(when)).await.unwrap();
        let until = day(when + 1);
        let lease = store.claim(token, day(when), until, 1, false).await.unwrap().remove(0);
        let at = |name: &str| ExceptionAt::Destination(name.to_owned());
        let open = |name: &str| OpenException {
            at: at(name),
            reason: Reason::new(ReasonCode::NotCompliant, format!("{name} {token}"), "mend"),
        };
        let entry = |text: &str| Entry {
            at: day(when),
            kind: "step",
            source: "cellar".into(),
            delivery: None,
            text: text.into(),
            changes: Vec::new(),
        };
        let tried = || crossdock::transport::Try {
            operation: "check_commit",
            request_line: "POST /x".into(),
            request: None,
            status: Some(200),
            response: None,
            error: None,
            at: day(when),
            took: Duration::ZERO,
        };
        let changes = Changes {
            record: Some((1, record(document()))),
            timeline: vec![entry("one"), entry("two")],
            attempts: vec![("compliance".into(), "submit", tried()), ("warehouse".into(), "submit", tried())],
            open: vec![open("compliance"), open("warehouse")],
            ..Changes::default()
        };
        store.commit(&lease, changes, Gate::None, day(when)).await.unwrap();
        let changes =
            Changes { close: vec![at("compliance")], release: Some(Release::Finished), ..Changes::default() };
        store.commit(&lease, changes, Gate::None, day(when)).await.unwrap();
    }
    let keep =
        |attempts_days, timeline_days| Retention { attempts_days, timeline_days, ..Retention::default() };
    let counts = |removed: Removed| (removed.attempts, removed.entries, removed.exceptions);
    let removed = store.remove_old(day(100), keep(101, 101)).await.unwrap();
    assert_eq!(counts(removed), (0, 0, 0));
    let removed = store.remove_old(day(100), keep(90, 101)).await.unwrap();
    assert_eq!(counts(removed), (2, 0, 0));
    let removed = store.remove_old(day(100), keep(90, 90)).await.unwrap();
    assert_eq!(counts(removed), (0, 2, 1));
    let (entries, attempts) = store.story(&order_ref()).await.unwrap();
    assert_eq!((entries.len(), attempts.len()), (2, 2));
    let all = store.exceptions(ExceptionQuery { closed: true, ..ExceptionQuery::default() }).await.unwrap();
    assert_eq!(all.len(), 2, "what is open stays, however old");
    store.remove_old(day(5000), keep(7, 7)).await.unwrap();
    assert!(store.load(&order_ref()).await.unwrap().record.is_some());
}

#[tokio::test]
async fn the_clock_has_it_done_every_hour() {
    let (_folder, store) = store().await;
    let clock = Clock::manual(day(90));
    let stop = CancellationToken::new();
    let running = tokio::spawn(schedule::retention::run(
        store.clone(),
        "here".into(),
        Retention::default(),
        clock.clone(),
        stop.clone(),
    ));
    for number in 1..=2 {
        store.accept(vec![delivery(&format!("w{number}"), &format!("{number}"), 0)]).await.unwrap();
        store.sort(vec![settled(id(0, number))], day(90)).await.unwrap();
        let gone = async {
            while !ids(&store).await.is_empty() {
                clock.advance(Duration::from_mins(10));
            }
        };
        tokio::time::timeout(Duration::from_mins(1), gone).await.unwrap();
    }
    stop.cancel();
    running.await.unwrap();
}

/// `cargo test --test it retaining::measured -- --ignored --nocapture`, on either engine.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it measures"]
#[expect(clippy::print_stdout, reason = "what it is for")]
async fn measured_with_a_hundred_thousand_deliveries() {
    let (folder, store) = store().await;
    let padding = "0123456789abcdef".repeat(20);
    for first in (0..100_000_i64).step_by(1000) {
        let numbers = first..first + 1000;
        let body = |number: i64| format!("{number} {:?} {padding}", digest(&[&number.to_le_bytes()]));
        let batch = numbers.clone().map(|number| delivery(&number.to_string(), &body(number), 0)).collect();
        store.accept(batch).await.unwrap();
        let order = |number: i64| OrderRef { connection: "cellar".into(), id: number.into() };
        let sort =
            |number| into(id(0, number + 1), SortedInto::Order { order: order(number), urgent: false });
        store.sort(numbers.clone().map(sort).collect(), day(0)).await.unwrap();
        let leases = store.claim("one", day(1), day(2), 1000, false).await.unwrap();
        let passes = leases.iter().zip(numbers).map(|(lease, _)| {
            let number: i64 = lease.order.id.as_str().parse().unwrap();
            let changes = Changes {
                settled: vec![(which(id(0, number + 1)), DeliveryState::Applied, None)],
                release: Some(Release::Finished),
                ..Changes::default()
            };
            store.commit(lease, changes, Gate::None, day(1))
        });
        futures_util::future::join_all(passes).await;
    }
    indexed(folder.path(), 100_000).await;
    println!("nothing else: {}", waits(&store, tokio::time::sleep(Duration::from_secs(5))).await.0);
    let started = std::time::Instant::now();
    let (waits, removed) = waits(&store, store.remove_old(day(91), Retention::default())).await;
    let (removed, took) = (removed.unwrap(), started.elapsed());
    println!("{removed:?} in {took:?}; meanwhile: {waits}");
    if !on_postgres() {
        assert_eq!((removed.deliveries, removed.bodies, removed.keys), (100_000, 100_000, 200_000));
    }
}

/// How long other writes take while something is done.
async fn waits<T>(store: &Store, done: impl Future<Output = T>) -> (String, T) {
    let stop = CancellationToken::new();
    let probing = tokio::spawn({
        let (store, stop) = (store.clone(), stop.clone());
        async move {
            let mut waits = Vec::new();
            while !stop.is_cancelled() {
                let started = std::time::Instant::now();
                store.try_writing().await.unwrap();
                waits.push(started.elapsed());
            }
            waits.sort();
            let at = |percent: usize| waits[(waits.len() - 1) * percent / 100];
            format!("{} writes, p50 {:?}, p99 {:?}, longest {:?}", waits.len(), at(50), at(99), at(100))
        }
    });
    let value = done.await;
    stop.cancel();
    (probing.await.unwrap(), value)
}
