//! What the channel is owed of shipments made elsewhere: the rules, as tables.

use crossdock::domain::RemoteId;
use crossdock::domain::carrier::Carriers;
use crossdock::domain::fulfillment::{DeliveryStatus, Fulfillment, FulfillmentStatus};
use crossdock::domain::fulfillment::{Rank, Shipment, ShipmentRef};
use crossdock::domain::record::{Fact, OrderRecord, Origin, merge};
use crossdock::domain::step::{Shipping, Telling};
use crossdock::engine::channel::{left_behind, next_shipping};

use crate::support::{document, fulfillment, line, record, second, snapshot};

fn shipment(numbers: &[&str]) -> Shipment {
    Shipment {
        id: "1".into(),
        lines: None,
        carrier: Some("FedEx".into()),
        numbers: numbers.iter().map(|number| (*number).to_owned()).collect(),
        urls: Vec::new(),
        rank: Rank::Shipped,
        undone: false,
        told: false,
    }
}

/// An order of two bottles of one wine and three of another, that a warehouse says it shipped.
fn shipped(shipment: Shipment) -> OrderRecord {
    let mut document = document();
    document.lines.push(line("2", "CH-2023", 3, "28.00"));
    let mut record = record(document);
    tell(&mut record, shipment);
    record
}

fn tell(record: &mut OrderRecord, shipment: Shipment) {
    merge(record, Fact::Shipments("warehouse".into(), vec![shipment]), Origin::Read(second(2)));
}

fn see(record: &mut OrderRecord, fulfillment: Fulfillment) {
    merge(record, Fact::Fulfillment(fulfillment), Origin::Read(second(3)));
}

/// The same, made by us for the warehouse's shipment.
fn make(record: &mut OrderRecord, fulfillment: Fulfillment) {
    let name = ShipmentRef { origin: "warehouse".into(), id: "1".into() };
    record.links.insert(fulfillment.id.clone(), name);
    see(record, fulfillment);
}

fn units(shipping: &Shipping) -> Vec<(&str, u32)> {
    shipping.lines.iter().map(|(line, units)| (line.as_str(), *units)).collect()
}

fn next(record: &OrderRecord) -> Option<Telling> {
    next_shipping(record, &Carriers::default())
}

fn ship(record: &OrderRecord) -> Shipping {
    match next(record) {
        Some(Telling::Ship(shipping)) => *shipping,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_left_whole_is_told_for_every_unit_that_did_not_leave_otherwise() {
    let mut record = shipped(shipment(&["7489"]));
    let told = ship(&record);
    assert_eq!(
        (units(&told), told.tracking.numbers.as_slice()),
        (vec![("1", 2), ("2", 3)], &["7489".to_owned()][..])
    );
    assert_eq!(told.tracking.carrier.as_deref(), Some("FedEx"));
    // A person fulfilled a part by hand.
    see(&mut record, fulfillment("91", &[("1", 2), ("2", 1)], &[], 3));
    assert_eq!(units(&ship(&record)), [("2", 2)]);
    // Of what we made so far, the rest is owed: another location's.
    make(&mut record, fulfillment("92", &[("2", 1)], &["7489"], 4));
    assert_eq!(units(&ship(&record)), [("2", 1)]);
    make(&mut record, fulfillment("93", &[("2", 1)], &["7489"], 5));
    assert_eq!(next(&record), None);
}

#[test]
fn what_left_in_part_is_told_for_its_own_units_and_never_for_more_than_is_wanted() {
    let lines = [("1".into(), 1), ("2".into(), 9), ("404".into(), 1)].into();
    let record = shipped(Shipment { lines: Some(lines), ..shipment(&["7489"]) });
    assert_eq!(units(&ship(&record)), [("1", 1), ("2", 3)]);
}

#[test]
fn a_shipment_that_a_person_told_the_channel_of_already_is_not_told_again() {
    let mut record = shipped(shipment(&["7489"]));
    see(&mut record, fulfillment("91", &[("1", 2), ("2", 3)], &["7489"], 3));
    assert_eq!(next(&record), None);
}

#[test]
fn a_new_label_replaces_the_old_and_a_number_known_later_is_added() {
    for before in [&["7489"][..], &[]] {
        let mut record = shipped(shipment(before));
        make(&mut record, fulfillment("91", &[("1", 2), ("2", 3)], before, 3));
        assert_eq!(next(&record), None);
        tell(&mut record, shipment(&["7490"]));
        match next(&record) {
            Some(Telling::Retrack(told)) => {
                assert_eq!(
                    (told.fulfillment, told.tracking.numbers),
                    (Some("91".into()), vec!["7490".to_owned()])
                );
            }
            other => panic!("{other:?}"),
        }
    }
    // A number that is not told any more is no reason to take it from the customer.
    let mut record = shipped(shipment(&["7489"]));
    make(&mut record, fulfillment("91", &[("1", 2), ("2", 3)], &["7489"], 3));
    tell(&mut record, shipment(&[]));
    assert_eq!(next(&record), None);
}

#[test]
fn an_arrival_is_told_once() {
    let mut record = shipped(Shipment { rank: Rank::Delivered, ..shipment(&["7489"]) });
    let made = fulfillment("91", &[("1", 2), ("2", 3)], &["7489"], 3);
    make(&mut record, made.clone());
    assert!(matches!(next(&record), Some(Telling::Deliver(_))));
    see(
        &mut record,
        Fulfillment { delivery: Some(DeliveryStatus::Delivered), updated_at: second(4), ..made },
    );
    assert_eq!(next(&record), None);
}

#[test]
fn what_did_not_leave_after_all_is_undone_where_we_told_it_and_nowhere_else() {
    let mut record = shipped(shipment(&["7489"]));
    let made = fulfillment("91", &[("1", 2)], &["7489"], 3);
    make(&mut record, made.clone());
    see(&mut record, fulfillment("92", &[("2", 3)], &["7000"], 3));
    merge(&mut record, Fact::Shipments("warehouse".into(), Vec::new()), Origin::Read(second(4)));
    match next(&record) {
        Some(Telling::Unship(told)) => assert_eq!(told.fulfillment, Some(RemoteId::from("91"))),
        other => panic!("{other:?}"),
    }
    see(&mut record, Fulfillment { status: FulfillmentStatus::Cancelled, updated_at: second(5), ..made });
    assert_eq!(next(&record), None);
}

#[test]
fn what_a_person_undid_at_the_channel_is_not_made_anew() {
    let mut record = shipped(shipment(&["7489"]));
    let made = fulfillment("91", &[("1", 2), ("2", 3)], &["7489"], 3);
    make(&mut record, made.clone());
    see(&mut record, Fulfillment { status: FulfillmentStatus::Cancelled, updated_at: second(4), ..made });
    assert_eq!(next(&record), None);
}

#[test]
fn a_cancelled_order_is_not_fulfilled() {
    let mut record = shipped(shipment(&["7489"]));
    let mut cancelled = record.document.clone().unwrap();
    (cancelled.cancelled_at, cancelled.updated_at) = (Some(second(5)), second(5));
    merge(&mut record, snapshot(cancelled), Origin::Webhook(second(5)));
    assert_eq!(next(&record), None);
}

#[test]
fn a_fulfilment_whose_answer_was_lost_is_known_by_its_numbers_and_lines() {
    let mut record = shipped(shipment(&["7489"]));
    let step = ship(&record);
    assert_eq!(left_behind(&record, &step), None);
    see(&mut record, fulfillment("90", &[("1", 2)], &["7000"], 3));
    assert_eq!(left_behind(&record, &step), None, "a person's, with another number");
    see(&mut record, fulfillment("91", &[("1", 2)], &["7489"], 3));
    assert_eq!(left_behind(&record, &step).map(|made| made.id.as_str()), Some("91"));
    make(&mut record, fulfillment("91", &[("1", 2)], &["7489"], 3));
    assert_eq!(left_behind(&record, &step), None, "known to be ours already");
}
