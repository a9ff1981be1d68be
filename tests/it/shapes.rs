//! One order, two shapes: read from a webhook's body and from the Admin API it is the same record.

use std::time::Duration;

use crossdock::domain::record::{Fact, Snapshot};
use crossdock::domain::timeline::changes;
use crossdock::simulator::shopify::{NewLine, NewOrder, Options, activity, generate};
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use crate::support::read_shop::ReadShop;

/// The order as a webhook's body tells it.
fn heard(reading: &ReadShop, id: i64) -> Snapshot {
    let body = reading.shop.rest_order(id).unwrap().to_string();
    match reading.hear("orders/updated", body.as_bytes()).pop() {
        Some(Fact::Snapshot(snapshot)) => *snapshot,
        other => panic!("{other:?}"),
    }
}

fn shown(snapshot: &Snapshot) -> Value {
    let Snapshot { document, fulfillments, refunds, .. } = snapshot;
    json!({ "document": document, "fulfillments": fulfillments, "refunds": refunds })
}

#[tokio::test]
async fn an_order_read_in_either_shape_is_the_same_record() {
    let reading = ReadShop::start(Options::default()).await;
    let ReadShop { shop, clock, .. } = &reading;
    let mut rng = rand::rngs::StdRng::seed_from_u64(77);
    let (mut compared, mut fulfilled, mut refunded) = (0, 0, 0);
    for new in generate::orders(76, 300, shop.profile()) {
        let id = shop.place_order(&new).unwrap();
        let mut happened = Vec::new();
        let last = rng.random_range(0..=25);
        for at in 0..=last {
            if at > 0 {
                clock.advance(Duration::from_millis(700));
                happened.extend(activity::act_at_random(shop, &mut rng, id));
            }
            // Every few actions is as good as after each, and quicker.
            if at % 5 > 0 && at < last {
                continue;
            }
            let (told, read) = (heard(&reading, id), reading.fetch(id).await);
            let (one, other) = (shown(&told), shown(&read));
            assert!(one == other, "{id} after {happened:?}: {:#?}", changes(&one, &other));
            assert!(told.work.is_none() && read.work.is_some(), "only the API tells of the planned work");
            compared += 1;
            fulfilled += usize::from(!read.fulfillments.is_empty());
            refunded += usize::from(!read.refunds.is_empty());
        }
    }
    assert!(compared > 1000 && fulfilled > 200 && refunded > 200, "{compared} {fulfilled} {refunded}");
}

/// It takes the largest reading, which must not cost more than one query may.
#[tokio::test]
async fn an_order_of_very_many_lines_is_read_whole_with_its_weights() {
    let reading = ReadShop::start(Options::default()).await;
    let line = |at: u32| NewLine { sku: Some(format!("PN-{at}")), grams: at, ..NewLine::default() };
    let order = NewOrder { lines: (0..200).map(line).collect(), ..NewOrder::default() };
    let id = reading.shop.place_order(&order).unwrap();
    let lines = reading.fetch(id).await.document.lines;
    assert_eq!((lines.len(), lines.iter().map(|line| line.grams).sum::<u64>()), (200, 199 * 100));
    assert_eq!(lines, heard(&reading, id).document.lines);
}
