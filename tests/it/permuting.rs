//! Every order of arrival, with repeats, ends in one record and in one copy at the destination.

mod story;

use std::collections::BTreeMap;
use std::time::Duration;

use crossdock::domain::OrderRef;
use crossdock::domain::copy::Stage;
use crossdock::domain::mirror::{Absence, Desired};
use crossdock::domain::record::{Fact, OrderRecord, Origin, Snapshot, merge};
use crossdock::engine::desired::desired;
use crossdock::simulator::shopify::Options;
use crossdock::store::ExceptionQuery;
use jiff::{SignedDuration, Timestamp};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};

use crate::support::read_shop::ReadShop;
use crate::support::winery::Winery;
use crate::support::{route, second};
use story::{CANCELLED, Event, RELEASED, SHIPPED, TRACKED, UPDATED, perform};

/// What is left of the lines after the edit, in the order of their ids.
const QUANTITIES: [u32; 2] = [6, 4];

/// Far enough apart for versions of their own, and all within one second, the finest that a version tells.
const GAPS: [Duration; 2] = [Duration::from_millis(1200), Duration::from_millis(20)];

/// How many arrangements the longest story has.
const LONGEST: usize = 5040;

/// The next arrangement in the order of the alphabet, until there is none.
fn next(arrangement: &mut [usize]) -> bool {
    let Some(at) = (1..arrangement.len()).rev().find(|at| arrangement[at - 1] < arrangement[*at]) else {
        return false;
    };
    let with = (at..arrangement.len()).rev().find(|with| arrangement[*with] > arrangement[at - 1]).unwrap();
    arrangement.swap(at - 1, with);
    arrangement[at..].reverse();
    true
}

/// The webhooks of the events in this arrangement. Each event comes one to three times, the repeats any time after; its
/// webhooks are in no order, and every other time those of all events are mixed.
fn deliveries<'a, T>(events: &'a [Vec<T>], arrangement: &[usize], rng: &mut StdRng) -> Vec<&'a T> {
    let mut sequence = arrangement.to_vec();
    for event in arrangement {
        for _ in 0..rng.random_range(0..=2) {
            let first = sequence.iter().position(|other| other == event).unwrap();
            sequence.insert(rng.random_range(first + 1..=sequence.len()), *event);
        }
    }
    let mut deliveries = Vec::new();
    for event in sequence {
        let mut webhooks: Vec<&T> = events[event].iter().collect();
        webhooks.shuffle(rng);
        deliveries.extend(webhooks);
    }
    if rng.random() {
        deliveries.shuffle(rng);
    }
    deliveries
}

/// Merges deliveries as the loop does: some passes have one, some several, and each settles what is in doubt by reading
/// the source, which has come to its end by then.
fn arrive(order: &OrderRef, deliveries: &[&Vec<Fact>], last: &Snapshot, rng: &mut StdRng) -> OrderRecord {
    let mut record = OrderRecord::new(order.clone());
    let mut now = second(0);
    let mut later = || {
        now = now.saturating_add(SignedDuration::from_millis(1)).unwrap();
        now
    };
    let settle = |record: &mut OrderRecord, later: &mut dyn FnMut() -> Timestamp| {
        if record.needs_reading() {
            merge(record, Fact::Snapshot(Box::new(last.clone())), Origin::Read(later()));
            assert!(!record.needs_reading(), "one reading settles it");
        }
    };
    for facts in deliveries {
        let received = later();
        for fact in *facts {
            merge(&mut record, fact.clone(), Origin::Webhook(received));
        }
        if rng.random() {
            settle(&mut record, &mut later);
        }
    }
    settle(&mut record, &mut later);
    record
}

/// The record without our own account of readings and what only a reading tells.
fn told(record: &OrderRecord) -> OrderRecord {
    OrderRecord {
        read_at: None,
        read_wanted_at: None,
        work: None,
        risk: None,
        customs: None,
        ..record.clone()
    }
}

async fn arrive_in_every_order(story: &[Event]) -> Desired {
    let mut rng = StdRng::seed_from_u64(7);
    let mut wanted = None;
    for gap in GAPS {
        let reading = ReadShop::start(Options::default()).await;
        let (id, fired) = perform(&reading.shop, &reading.clock, story, gap).await;
        let order = OrderRef { connection: "cellar".into(), id: id.into() };
        let last = reading.fetch(id).await;
        let events: Vec<Vec<Vec<Fact>>> = fired
            .iter()
            .map(|webhooks| webhooks.iter().map(|w| reading.hear(&w.topic, &w.body)).collect())
            .collect();
        let mut expected = OrderRecord::new(order.clone());
        merge(&mut expected, Fact::Snapshot(Box::new(last.clone())), Origin::Read(second(0)));
        let copy = desired(&expected, &route());

        // A short story has few arrangements, so each comes more often, with other repeats.
        let arrangements = (1..=story.len()).product::<usize>();
        for _ in 0..LONGEST / arrangements {
            let mut arrangement: Vec<usize> = (0..story.len()).collect();
            for left in (0..arrangements).rev() {
                let deliveries = deliveries(&events, &arrangement, &mut rng);
                let record = arrive(&order, &deliveries, &last, &mut rng);
                assert_eq!(told(&record), told(&expected), "{arrangement:?} {gap:?}");
                let read = record.read_at.map(|_| last.work.clone().unwrap());
                assert_eq!(record.work, read, "{arrangement:?}: the planned work is as last read");
                assert_eq!(desired(&record, &route()), copy, "{arrangement:?} {gap:?}");
                assert_eq!(next(&mut arrangement), left > 0);
            }
        }
        wanted = copy;
    }
    wanted.unwrap()
}

#[tokio::test]
async fn a_cancelled_order_is_wanted_nowhere_however_its_webhooks_arrive() {
    assert_eq!(arrive_in_every_order(CANCELLED).await, Desired::Absent(Absence::Cancelled));
}

#[tokio::test]
async fn a_paid_order_is_released_as_it_is_now_however_its_webhooks_arrive() {
    let Desired::Present(copy) = arrive_in_every_order(RELEASED).await else { panic!() };
    assert_eq!((copy.stage, copy.numbers.len()), (Stage::Released, 0));
    assert_eq!(copy.ship_to.address.street1.as_deref(), Some("7 Elm Street"));
    assert_eq!(copy.items.iter().map(|item| item.quantity).collect::<Vec<_>>(), QUANTITIES);
}

#[tokio::test]
async fn a_fulfilled_order_is_shipped_with_its_number_however_its_webhooks_arrive() {
    let Desired::Present(copy) = arrive_in_every_order(SHIPPED).await else { panic!() };
    assert_eq!((copy.stage, copy.numbers), (Stage::Shipped, ["FX1".to_owned()].into()));
    assert_eq!(copy.items.iter().map(|item| item.quantity).collect::<Vec<_>>(), QUANTITIES);
}

#[tokio::test]
async fn equal_versions_are_told_apart_by_reading_however_the_webhooks_arrive() {
    let Desired::Present(copy) = arrive_in_every_order(UPDATED).await else { panic!() };
    assert_eq!(copy.stage, Stage::Released);
    assert_eq!(copy.ship_to.address.street1.as_deref(), Some("7 Elm Street"));
    let Desired::Present(copy) = arrive_in_every_order(TRACKED).await else { panic!() };
    assert_eq!((copy.stage, copy.numbers), (Stage::Shipped, ["FX2".to_owned()].into()));
}

/// Delivers a story to a real server between both simulators, some webhooks with their own id again, some with another.
async fn arrive_at_a_server(story: &[Event], gap: Duration, sample: u64) -> (Winery, i64) {
    let mut rng = StdRng::seed_from_u64(sample);
    let winery = Winery::open().await;
    let (id, fired) = perform(&winery.shop, &winery.clock, story, gap).await;
    let mut arrangement: Vec<usize> = (0..story.len()).collect();
    arrangement.shuffle(&mut rng);
    for (at, webhook) in deliveries(&fired, &arrangement, &mut rng).into_iter().enumerate() {
        let webhook_id = if rng.random() { webhook.id.clone() } else { at.to_string() };
        assert_eq!(winery.server.deliver(&webhook.topic, &webhook_id, &webhook.body).await, 200);
        winery.clock.advance(Duration::from_millis(1));
        if rng.random() {
            winery.server.settle().await;
        }
    }
    winery.server.settle().await;
    (winery, id)
}

/// Thirty orders of arrival, each at a server of its own; gives the status of the copy that all of them end with.
async fn arrive_at_servers(story: &[Event]) -> Option<String> {
    let mut copies = Vec::new();
    for gap in GAPS {
        let mut records = Vec::new();
        for sample in 0..15 {
            let at = format!("{gap:?} {sample}");
            let (winery, id) = arrive_at_a_server(story, gap, sample).await;
            let store = winery.server.app.engine.store();
            let open = store.exceptions(ExceptionQuery::default()).await.unwrap();
            assert!(open.is_empty(), "{at}: {open:#?}");
            let counts = store.counts().await.unwrap();
            assert_eq!((counts.in_step, counts.out_of_step, counts.due), (1, 0, 0), "{at}");
            let summary = winery.account.summary();
            assert!(summary["most_live_commits_of_a_key"].as_u64() <= Some(1), "{at}: {summary}");
            assert_eq!(summary["double_commits"], 0, "{at}");
            let (_, record) = store.find_order(&id.to_string()).await.unwrap().unwrap();
            records.push(OrderRecord { verdicts: BTreeMap::new(), ..told(&record) });
            copies.push(winery.account.orders());
            assert_eq!((&records[0], &copies[0]), (records.last().unwrap(), copies.last().unwrap()), "{at}");
        }
    }
    let copy = copies[0].get("1001")?;
    assert_eq!(copy["shipments"][0]["shipTo"]["street1"], "7 Elm Street");
    Some(copy["shipments"][0]["shipmentStatus"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_server_ends_with_no_copy_of_a_cancelled_order_however_its_webhooks_arrive() {
    assert_eq!(arrive_at_servers(CANCELLED).await, None);
}

#[tokio::test]
async fn a_server_ends_with_a_released_copy_however_the_webhooks_arrive() {
    assert_eq!(arrive_at_servers(RELEASED).await.as_deref(), Some("SentToFulfillment"));
}

#[tokio::test]
async fn a_server_ends_with_a_shipped_copy_however_the_webhooks_arrive() {
    assert_eq!(arrive_at_servers(SHIPPED).await.as_deref(), Some("Shipped"));
}
