//! What the channel is owed of shipments made elsewhere: the rules, as tables.

use crossdock::domain::RemoteId;
use crossdock::domain::carrier::Carriers;
use crossdock::domain::fulfillment::{DeliveryStatus, Fulfillment, FulfillmentStatus};
use crossdock::domain::fulfillment::{Rank, Shipment, ShipmentRef, TellShipments};
use crossdock::domain::record::{Fact, OrderRecord, Origin, merge};
use crossdock::domain::step::{Progress, Shipping, Step, Telling};
use crossdock::engine::channel::{left_behind, next_shipping};

use crate::support::{document, fulfillment, line, record, second, snapshot};

fn shipment(numbers: &[&str]) -> Shipment {
    Shipment {
        id: "1".into(),
        warehouse: Vec::new(),
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
    next_shipping(record, &Carriers::default(), TellShipments::Each)
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

/// What a fulfilment that shows `shown` is told next of a parcel that has come as far as `rank`.
fn progress(shown: Option<DeliveryStatus>, rank: Rank) -> Option<DeliveryStatus> {
    let mut record = shipped(Shipment { rank, ..shipment(&["7489"]) });
    let made = fulfillment("91", &[("1", 2), ("2", 3)], &["7489"], 3);
    make(&mut record, Fulfillment { delivery: shown, ..made });
    next(&record).map(|told| match told {
        Telling::Progress(Progress { fulfillment, status, .. }) if fulfillment.as_str() == "91" => status,
        other => panic!("{other:?}"),
    })
}

#[test]
fn how_far_a_parcel_has_come_is_told_where_the_channel_knows_less_and_never_where_it_knows_as_much() {
    use DeliveryStatus::{AttemptedDelivery, CarrierPickedUp, Confirmed, Delayed, Delivered, Failure};
    use DeliveryStatus::{InTransit, LabelPrinted, OutForDelivery, PickedUp, ReadyForPickup};
    let table = [
        (None, Rank::Labelled, None),
        (None, Rank::Shipped, None),
        (None, Rank::InTransit, Some(InTransit)),
        (None, Rank::OutForDelivery, Some(OutForDelivery)),
        (None, Rank::Attempted, Some(AttemptedDelivery)),
        (None, Rank::Failed, Some(Failure)),
        (None, Rank::Delivered, Some(Delivered)),
        (Some(LabelPrinted), Rank::InTransit, Some(InTransit)),
        (Some(Confirmed), Rank::Shipped, None),
        (Some(DeliveryStatus::Other("teleported".into())), Rank::InTransit, Some(InTransit)),
        // As much or more is known.
        (Some(CarrierPickedUp), Rank::InTransit, None),
        (Some(InTransit), Rank::InTransit, None),
        (Some(Delayed), Rank::InTransit, None),
        (Some(OutForDelivery), Rank::InTransit, None),
        (Some(ReadyForPickup), Rank::Attempted, None),
        (Some(AttemptedDelivery), Rank::OutForDelivery, None),
        (Some(Failure), Rank::InTransit, None),
        (Some(Delivered), Rank::Failed, None),
        (Some(PickedUp), Rank::Delivered, None),
        // Brought again, given up, and arrived after all.
        (Some(AttemptedDelivery), Rank::Failed, Some(Failure)),
        (Some(AttemptedDelivery), Rank::Delivered, Some(Delivered)),
        (Some(Failure), Rank::Delivered, Some(Delivered)),
    ];
    for (shown, rank, expected) in table {
        assert_eq!(progress(shown.clone(), rank), expected, "{shown:?} {rank:?}");
    }
}

#[test]
fn a_cancelled_fulfilment_and_an_undone_shipment_are_told_of_no_progress() {
    let mut record = shipped(Shipment { rank: Rank::InTransit, ..shipment(&["7489"]) });
    let made = fulfillment("91", &[("1", 2), ("2", 3)], &["7489"], 3);
    make(&mut record, made.clone());
    let mut undone = record.clone();
    merge(&mut undone, Fact::Shipments("warehouse".into(), Vec::new()), Origin::Read(second(4)));
    assert!(matches!(next(&undone), Some(Telling::Unship(_))));
    see(&mut record, Fulfillment { status: FulfillmentStatus::Cancelled, updated_at: second(4), ..made });
    assert_eq!(next(&record), None);
}

#[test]
fn a_step_that_was_kept_before_there_was_more_to_tell_than_arrivals_is_still_read() {
    let kept = r#"{"tell":{"deliver":{"order":"1001","shipment":{"origin":"warehouse","id":"1"},"fulfillment":"91",
        "lines":{},"carrier":null,"numbers":["7489"]}}}"#;
    let told = Progress { order: "1001".into(), fulfillment: "91".into(), status: DeliveryStatus::Delivered };
    let step = Step::Tell(Telling::Progress(told));
    assert_eq!(serde_json::from_str::<Step>(kept).unwrap(), step);
    assert_eq!(step.name(), "deliver");
}

#[test]
fn what_arrived_by_the_account_of_a_system_that_was_told_is_told_of_the_fulfilments_with_its_numbers() {
    let mut record = record(document());
    see(&mut record, fulfillment("91", &[("1", 1)], &["7489"], 3));
    see(&mut record, fulfillment("92", &[("1", 1)], &["7490", "7491"], 3));
    see(&mut record, fulfillment("93", &[("1", 1)], &[], 3));
    assert_eq!(next(&record), None);
    let arrived = |numbers: &[&str]| {
        Fact::Arrived("compliance".into(), numbers.iter().map(|number| (*number).to_owned()).collect())
    };
    merge(&mut record, arrived(&["7489", "7490"]), Origin::Read(second(4)));
    // What it holds later may not have arrived.
    merge(&mut record, arrived(&["7489", "7490", "7491"]), Origin::Read(second(5)));
    let told = Progress { order: "1001".into(), fulfillment: "91".into(), status: DeliveryStatus::Delivered };
    let Some(Telling::Progress(progress)) = next(&record) else { panic!("{:?}", next(&record)) };
    assert_eq!((progress.fulfillment, progress.status), (told.fulfillment, told.status));
    merge(&mut record, Fact::Progress("91".into(), DeliveryStatus::Delivered), Origin::Read(second(6)));
    assert_eq!(next(&record), None);
}

#[test]
fn a_channel_that_is_told_of_complete_orders_hears_nothing_until_all_that_is_wanted_has_left() {
    let parcel = |id: &str, lines: &[(&str, u32)], rank| Shipment {
        id: id.into(),
        lines: Some(lines.iter().map(|(line, units)| (RemoteId::from(*line), *units)).collect()),
        rank,
        ..shipment(&[id])
    };
    let told = |record: &OrderRecord| next_shipping(record, &Carriers::default(), TellShipments::Complete);
    let left = |parcels: Vec<Shipment>| {
        let mut record = shipped(shipment(&[]));
        merge(&mut record, Fact::Shipments("warehouse".into(), parcels), Origin::Read(second(3)));
        record
    };
    let first = parcel("7489", &[("1", 2), ("2", 1)], Rank::Delivered);
    let shipped_whole = |record: &OrderRecord| matches!(told(record), Some(Telling::Ship(_)));
    for (second_parcel, complete) in [
        (None, false),
        (Some(parcel("7490", &[("2", 1)], Rank::Shipped)), false),
        (Some(parcel("7490", &[("2", 2)], Rank::Labelled)), false),
        (Some(parcel("7490", &[("2", 2)], Rank::Shipped)), true),
        // More than is wanted makes up for no other line.
        (Some(parcel("7490", &[("1", 9)], Rank::Shipped)), false),
    ] {
        let record = left([vec![first.clone()], second_parcel.clone().into_iter().collect()].concat());
        assert_eq!(shipped_whole(&record), complete, "{second_parcel:?}");
        assert!(matches!(next(&record), Some(Telling::Ship(_))), "each is told otherwise");
    }

    // What left by a person's account counts too.
    let mut record = left(vec![first.clone()]);
    see(&mut record, fulfillment("90", &[("2", 1)], &["7000"], 3));
    assert!(!shipped_whole(&record));
    see(&mut record, fulfillment("91", &[("2", 1)], &["7001"], 3));
    assert!(shipped_whole(&record));

    // What is not wanted any more is not waited for.
    let mut record = left(vec![first]);
    let mut less = record.document.clone().unwrap();
    less.lines.iter_mut().find(|line| line.id.as_str() == "2").unwrap().current = 1;
    less.updated_at = second(6);
    merge(&mut record, snapshot(less), Origin::Webhook(second(6)));
    assert!(shipped_whole(&record));
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
