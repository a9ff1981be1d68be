//! The order record: facts merge to the same record in whatever order and however often they come.

use crossdock::domain::fulfillment::{
    DeliveryMethod, DeliveryStatus, Fulfillment, FulfillmentOrder, FulfillmentStatus, Refund, RefundValue,
};
use crossdock::domain::order::{OrderDocument, PaymentState};
use crossdock::domain::record::{
    Fact, Merge, OrderRecord, Origin, Snapshot, Tombstone, merge, merge_missing,
};
use proptest::prelude::*;

use crate::support::{document, fulfillment, order_ref, record, second, snapshot};

fn heard(record: &mut OrderRecord, fact: Fact, received: i64) -> Merge {
    merge(record, fact, Origin::Webhook(second(received)))
}

fn version(updated: i64, note: &str) -> OrderDocument {
    OrderDocument { updated_at: second(updated), note: Some(note.into()), ..document() }
}

fn read(document: OrderDocument) -> Fact {
    let work = FulfillmentOrder {
        id: "1".into(),
        status: "open".into(),
        method: Some(DeliveryMethod::Shipping),
        holds: Vec::new(),
    };
    let (fulfillments, refunds) = (Vec::new(), Vec::new());
    Fact::Snapshot(Box::new(Snapshot {
        document,
        fulfillments,
        refunds,
        work: Some(vec![work]),
        risk: None,
        customs: None,
    }))
}

#[test]
fn newer_wins_older_is_stale_same_is_no_change() {
    let mut record = OrderRecord::new(order_ref());
    assert_eq!(heard(&mut record, snapshot(version(10, "b")), 1), Merge::Applied);
    assert_eq!(heard(&mut record, snapshot(version(10, "b")), 2), Merge::NoChange);
    assert_eq!(heard(&mut record, snapshot(version(5, "a")), 3), Merge::Stale);
    assert_eq!(heard(&mut record, snapshot(version(11, "c")), 4), Merge::Applied);
    assert_eq!(record.document.as_ref().unwrap().note.as_deref(), Some("c"));
    // A later version that says the same moves the version and changes nothing.
    assert_eq!(heard(&mut record, snapshot(version(12, "c")), 5), Merge::NoChange);
    assert_eq!(heard(&mut record, snapshot(version(11, "c")), 6), Merge::Stale);
    assert!(!record.needs_reading());
}

#[test]
fn a_tie_is_settled_by_reading_the_source() {
    let mut record = record(version(10, "one"));
    assert_eq!(heard(&mut record, snapshot(version(10, "other")), 20), Merge::Unsettled);
    assert!(record.needs_reading());
    assert_eq!(record.document.as_ref().unwrap().note.as_deref(), Some("one"), "nothing is guessed");
    assert_eq!(merge(&mut record, read(version(10, "true")), Origin::Read(second(30))), Merge::Applied);
    assert!(!record.needs_reading());
    // What was received before the reading began is covered by it; what came after is in doubt again.
    assert_eq!(heard(&mut record, snapshot(version(10, "other")), 30), Merge::Stale);
    assert_eq!(heard(&mut record, snapshot(version(10, "other")), 31), Merge::Unsettled);
}

#[test]
fn a_reading_that_lags_behind_asks_for_another() {
    let mut record = record(version(10, "new"));
    heard(&mut record, Fact::Touched(None), 20);
    merge(&mut record, read(version(9, "old")), Origin::Read(second(30)));
    assert!(record.needs_reading());
    assert_eq!(record.document.as_ref().unwrap().note.as_deref(), Some("new"));
    merge(&mut record, read(version(10, "new")), Origin::Read(second(31)));
    assert!(!record.needs_reading());
}

#[test]
fn an_edit_older_than_the_document_asks_for_nothing() {
    let mut record = record(version(10, "x"));
    assert_eq!(heard(&mut record, Fact::Touched(Some(second(9))), 20), Merge::Stale);
    assert_eq!(heard(&mut record, Fact::Touched(Some(second(10))), 20), Merge::Unsettled);
}

#[test]
fn a_cancel_before_its_order_leaves_a_tombstone_until_the_source_speaks() {
    let mut record = OrderRecord::new(order_ref());
    assert_eq!(heard(&mut record, Fact::Cancelled, 1), Merge::Applied);
    assert!(record.is_cancelled() && record.needs_reading());
    assert_eq!(heard(&mut record, Fact::Cancelled, 2), Merge::NoChange.max(Merge::Unsettled));
    heard(&mut record, snapshot(version(5, "created")), 3);
    assert!(record.is_cancelled(), "the order's own birth does not undo its cancel");
    let cancelled = OrderDocument { cancelled_at: Some(second(6)), ..version(6, "cancelled") };
    merge(&mut record, read(cancelled), Origin::Read(second(10)));
    assert!(record.is_cancelled() && record.tombstone.is_none() && !record.needs_reading());

    let mut mistaken = crate::support::record(version(5, "x"));
    heard(&mut mistaken, Fact::Cancelled, 6);
    merge(&mut mistaken, read(version(5, "x")), Origin::Read(second(10)));
    assert!(!mistaken.is_cancelled(), "the source says otherwise");
}

#[test]
fn a_deleted_order_stays_deleted() {
    let mut record = record(version(5, "x"));
    assert_eq!(heard(&mut record, Fact::Deleted, 6), Merge::Applied);
    assert_eq!(heard(&mut record, Fact::Deleted, 7), Merge::NoChange);
    assert!(matches!(record.tombstone, Some(Tombstone::Deleted(_))) && !record.needs_reading());
}

#[test]
fn how_far_a_parcel_has_come_is_the_same_in_whatever_order_it_is_told_and_a_cancel_ends_it() {
    use DeliveryStatus::{Delayed, Delivered, InTransit, LabelPrinted};
    let version = |updated, delivery| {
        let made = fulfillment("9", &[("1", 2)], &["7489"], updated);
        Fact::Fulfillment(Fulfillment { delivery, created_at: second(2), ..made })
    };
    let facts = [
        version(3, Some(Delayed)),
        version(4, Some(InTransit)),
        version(5, None),
        version(6, Some(LabelPrinted)),
        Fact::Progress("9".into(), DeliveryStatus::Other("teleported".into())),
    ];
    let of = |record: &OrderRecord| record.fulfillments[&"9".into()].delivery.clone();
    for first in 0..facts.len() {
        for turned in [false, true] {
            let mut record = record(document());
            // Of a fulfilment that is not known there is nothing to keep but the wish to read it.
            heard(&mut record, version(2, None), 2);
            let mut told = facts.to_vec();
            told.rotate_left(first);
            if turned {
                told.reverse();
            }
            for fact in told {
                heard(&mut record, fact, 10);
            }
            assert_eq!(of(&record), Some(Delayed), "{first} {turned}");
            assert_eq!(heard(&mut record, Fact::Progress("9".into(), Delivered), 11), Merge::Applied);
            assert_eq!(heard(&mut record, Fact::Progress("9".into(), Delivered), 12), Merge::NoChange);
            assert_eq!(heard(&mut record, version(3, Some(Delayed)), 13), Merge::Stale);
            assert_eq!(heard(&mut record, version(7, Some(InTransit)), 14), Merge::NoChange);
            assert_eq!(of(&record), Some(Delivered));
            let gone = Fulfillment {
                status: FulfillmentStatus::Cancelled,
                ..fulfillment("9", &[("1", 2)], &["7489"], 8)
            };
            heard(&mut record, Fact::Fulfillment(gone), 15);
            heard(&mut record, version(7, Some(Delivered)), 16);
            heard(&mut record, Fact::Progress("9".into(), Delivered), 17);
            assert_eq!(of(&record), None, "it did not leave");
        }
    }
    let mut record = record(document());
    assert_eq!(heard(&mut record, Fact::Progress("9".into(), Delivered), 11), Merge::Unsettled);
}

#[test]
fn fulfilments_merge_by_their_own_id_and_version() {
    let mut record = record(document());
    let made = fulfillment("1", &[("1", 2)], &["1Z"], 10);
    let mut cancelled = made.clone();
    (cancelled.status, cancelled.updated_at) = (FulfillmentStatus::Cancelled, second(12));
    assert_eq!(heard(&mut record, Fact::Fulfillment(cancelled), 20), Merge::Applied);
    assert_eq!(heard(&mut record, Fact::Fulfillment(made.clone()), 21), Merge::Stale);
    assert_eq!(record.shipped_units(&"1".into()), 0);
    let mut tied = made;
    tied.updated_at = second(12);
    assert_eq!(heard(&mut record, Fact::Fulfillment(tied), 22), Merge::Unsettled);
}

#[test]
fn a_part_of_an_unknown_order_asks_for_the_order() {
    let mut record = OrderRecord::new(order_ref());
    assert_eq!(
        heard(&mut record, Fact::Fulfillment(fulfillment("1", &[("1", 2)], &[], 10)), 20),
        Merge::Applied
    );
    assert!(record.needs_reading());
    merge_missing(&mut record, second(21));
    assert!(!record.needs_reading(), "the source was asked and does not know it");
}

#[test]
fn a_shipment_that_the_document_does_not_know_of_asks_for_the_order() {
    let made = fulfillment("1", &[("1", 2)], &["1Z"], 10);
    let with = |fulfillment: &Fulfillment, version| {
        let Fact::Snapshot(mut whole) = snapshot(OrderDocument { updated_at: second(version), ..document() })
        else {
            unreachable!()
        };
        whole.fulfillments.push(fulfillment.clone());
        Fact::Snapshot(whole)
    };
    let mut alone = record(document());
    assert_eq!(heard(&mut alone, Fact::Fulfillment(made.clone()), 20), Merge::Applied);
    assert!(alone.needs_reading(), "an edit from before it left may be on its way");

    let mut known = record(document());
    heard(&mut known, with(&made, 10), 20);
    assert_eq!(heard(&mut known, Fact::Fulfillment(made.clone()), 21), Merge::NoChange);
    let mut moved = made.clone();
    (moved.delivery, moved.updated_at) = (Some(DeliveryStatus::InTransit), second(12));
    assert_eq!(heard(&mut known, Fact::Fulfillment(moved), 22), Merge::Applied);
    assert!(!known.needs_reading(), "the document knew that it left");

    let mut back = made;
    (back.status, back.updated_at) = (FulfillmentStatus::Cancelled, second(14));
    assert_eq!(heard(&mut known, Fact::Fulfillment(back), 23), Merge::Applied);
    assert!(known.needs_reading(), "it is to be released again, and may be cancelled");
}

#[test]
fn a_refund_newer_than_the_document_asks_what_is_left() {
    let refund = |at| {
        Fact::Refund(Refund {
            id: "7".into(),
            created_at: second(at),
            day: None,
            lines: Vec::new(),
            shipping: RefundValue::default(),
        })
    };
    let mut record = record(version(10, "x"));
    assert_eq!(heard(&mut record, refund(9), 20), Merge::Applied);
    assert!(!record.needs_reading());
    assert_eq!(heard(&mut record, refund(9), 21), Merge::NoChange);
    let mut later = crate::support::record(version(10, "x"));
    heard(&mut later, refund(11), 20);
    assert!(later.needs_reading());
}

#[test]
fn goods_without_an_address_are_asked_after_once() {
    let mut record = record(OrderDocument { ship_to: None, ..document() });
    assert!(record.needs_reading(), "picked up, or withheld?");
    merge(&mut record, read(OrderDocument { ship_to: None, ..document() }), Origin::Read(second(9)));
    assert!(!record.needs_reading());
    heard(&mut record, snapshot(OrderDocument { ship_to: None, updated_at: second(20), ..document() }), 30);
    assert!(!record.needs_reading(), "the planned work is known now");
}

#[test]
fn a_hold_shuts_the_gate_until_a_reading_without_it() {
    let mut record = record(document());
    assert!(!record.is_held());
    let hold = crossdock::domain::fulfillment::Hold {
        id: "3".into(),
        reason: "other".into(),
        notes: None,
        ours: false,
    };
    let work = FulfillmentOrder { id: "1".into(), status: "on_hold".into(), method: None, holds: vec![hold] };
    let Fact::Snapshot(mut held) = snapshot(document()) else { unreachable!() };
    held.work = Some(vec![work]);
    assert_eq!(merge(&mut record, Fact::Snapshot(held), Origin::Read(second(5))), Merge::Applied);
    assert!(record.is_held());
    merge(&mut record, read(document()), Origin::Read(second(6)));
    assert!(!record.is_held());
}

proptest! {
    /// Whatever order versions come in, and however often each, the record is that of the newest.
    #[test]
    fn the_order_of_arrival_does_not_matter(
        arrivals in prop::collection::vec(0usize..6, 6..24),
        missing in prop::collection::vec(any::<bool>(), 6),
    ) {
        let states = [
            PaymentState::Pending, PaymentState::Authorized, PaymentState::Paid, PaymentState::PartiallyRefunded,
            PaymentState::Refunded, PaymentState::Voided,
        ];
        let facts: Vec<Fact> = (0..6)
            .map(|at| snapshot(OrderDocument {
                updated_at: second(i64::try_from(at).unwrap() * 10),
                payment: states[at].clone(),
                ..document()
            }))
            .collect();
        let mut one = OrderRecord::new(order_ref());
        let mut came: Vec<usize> = arrivals.into_iter().filter(|at| !missing[*at]).collect();
        came.push(0);
        for (received, at) in came.iter().enumerate() {
            heard(&mut one, facts[*at].clone(), 100 + i64::try_from(received).unwrap());
        }
        let newest = came.iter().max().copied().unwrap();
        prop_assert_eq!(&one.document.as_ref().unwrap().payment, &states[newest]);
        let mut other = OrderRecord::new(order_ref());
        for at in came.iter().rev() {
            heard(&mut other, facts[*at].clone(), 100);
        }
        prop_assert_eq!(one.document, other.document);
    }
}
