//! How far a parcel has come, as the shop is told: each step once, never back, and a person where it will not arrive.

use crossdock::domain::fulfillment::{Rank, Shipment};
use crossdock::simulator::fault::{Fault, Script};
use crossdock::simulator::shopify::order::ShipmentStatus;
use crossdock::simulator::shopify::{NewFulfillment, NewShipmentEvent, Settings, Tracking};
use serde_json::Value;

use super::warehouse::Shipped;
use super::{RIGHT, shipment};

fn at(rank: Rank) -> Vec<Shipment> {
    vec![Shipment { rank, ..shipment("UPS", &[RIGHT]) }]
}

fn event(status: ShipmentStatus) -> NewShipmentEvent {
    NewShipmentEvent { status, message: None, happened_at: None, estimated_delivery_at: None }
}

impl Shipped {
    /// What the shop shows of the one parcel's way, as it was told.
    fn events(&self, id: i64) -> Vec<ShipmentStatus> {
        self.only_fulfillment(id).events.iter().map(|event| event.status).collect()
    }

    /// What happens at the shop from now on is not heard of.
    fn hear_nothing(&self) {
        self.shop.configure_webhooks(&Settings { url: Some(String::new()), ..Settings::default() });
    }

    /// Somebody else tells the shop of the one parcel.
    async fn told_by_another(&self, id: i64, status: ShipmentStatus) {
        self.shop.set_shipment_status(id, self.only_fulfillment(id).id, &event(status)).unwrap();
        self.sync().await;
    }
}

#[tokio::test]
async fn each_step_forward_is_one_event_and_a_step_back_or_a_repeat_is_none() {
    use ShipmentStatus::{AttemptedDelivery, Delivered, InTransit, OutForDelivery};
    let shipped = Shipped::open("").await;
    let id = shipped.place().await;
    let told = [
        (Rank::Shipped, vec![]),
        (Rank::InTransit, vec![InTransit]),
        (Rank::Shipped, vec![InTransit]),
        (Rank::OutForDelivery, vec![InTransit, OutForDelivery]),
        (Rank::InTransit, vec![InTransit, OutForDelivery]),
        (Rank::Attempted, vec![InTransit, OutForDelivery, AttemptedDelivery]),
        (Rank::OutForDelivery, vec![InTransit, OutForDelivery, AttemptedDelivery]),
        (Rank::Delivered, vec![InTransit, OutForDelivery, AttemptedDelivery, Delivered]),
    ];
    for (rank, expected) in told {
        shipped.ship(id, at(rank)).await;
        shipped.poll().await;
        assert_eq!(shipped.events(id), expected, "{rank:?}");
    }
    assert_eq!(shipped.exceptions().await, [] as [Value; 0]);
}

#[tokio::test]
async fn a_parcel_that_skips_steps_is_told_where_it_is() {
    let shipped = Shipped::open("").await;
    let id = shipped.place().await;
    shipped.ship(id, at(Rank::OutForDelivery)).await;
    assert_eq!(shipped.events(id), [ShipmentStatus::OutForDelivery]);
}

#[tokio::test]
async fn a_lost_answer_makes_no_second_event_even_where_another_was_booked_since() {
    for lost in [Fault::ResetAfter, Fault::ErrorAfter(502), Fault::Truncated, Fault::NotJson] {
        for another in [None, Some(ShipmentStatus::InTransit)] {
            let shipped = Shipped::open("").await;
            let id = shipped.place().await;
            shipped.ship(id, at(Rank::Shipped)).await;
            // The fulfilment is read, the event is booked and the answer spoiled; then the shop is down for a look.
            for fault in [Fault::Delay(0), lost, Fault::Error(503)] {
                let script = Script { fault, method: None, path: Some("/admin/api".into()), times: 1 };
                shipped.shop.faults().script(script);
            }
            // The shop's own webhook of it does not come to help.
            shipped.hear_nothing();
            shipped.ship(id, at(Rank::OutForDelivery)).await;
            let mut expected = vec![ShipmentStatus::OutForDelivery];
            assert_eq!(shipped.events(id), expected, "{lost:?}");
            if let Some(status) = another {
                // What the shop shows of it now is less than what was booked.
                shipped.told_by_another(id, status).await;
                expected.push(status);
            }
            for _ in 0..3 {
                shipped.poll().await;
            }
            assert_eq!(shipped.events(id), expected, "{lost:?}");
            assert_eq!(shipped.exceptions().await, [] as [Value; 0], "{lost:?}");
        }
    }
}

#[tokio::test]
async fn what_another_told_the_shop_is_not_told_again_and_never_taken_back() {
    let shipped = Shipped::open("").await;
    let id = shipped.place().await;
    shipped.ship(id, at(Rank::Shipped)).await;
    shipped.told_by_another(id, ShipmentStatus::OutForDelivery).await;
    shipped.ship(id, at(Rank::InTransit)).await;
    shipped.ship(id, at(Rank::OutForDelivery)).await;
    assert_eq!(shipped.events(id), [ShipmentStatus::OutForDelivery]);
    // A late scan at the shop does not have it told anew.
    shipped.told_by_another(id, ShipmentStatus::InTransit).await;
    shipped.poll().await;
    assert_eq!(shipped.events(id), [ShipmentStatus::OutForDelivery, ShipmentStatus::InTransit]);
}

#[tokio::test]
async fn a_fulfilment_that_was_cancelled_unheard_gets_no_event() {
    let shipped = Shipped::open("").await;
    let id = shipped.place().await;
    shipped.ship(id, at(Rank::Shipped)).await;
    shipped.hear_nothing();
    shipped.shop.cancel_fulfillment(id, shipped.only_fulfillment(id).id).unwrap();
    shipped.ship(id, at(Rank::Delivered)).await;
    assert_eq!(shipped.events(id), []);
}

#[tokio::test]
async fn a_parcel_that_will_not_arrive_is_a_persons_until_it_arrives_its_fulfilment_is_undone_or_it_is_accepted()
 {
    for settled in ["it arrives", "the label is voided", "cancelled in the shop", "accepted"] {
        let shipped = Shipped::open("").await;
        let id = shipped.place().await;
        shipped.ship(id, at(Rank::Failed)).await;
        assert_eq!(shipped.events(id), [ShipmentStatus::Failure]);
        let open = shipped.only_exception("delivery_failed").await;
        assert_eq!(open["destination"], "cellar");
        let message = open["message"].as_str().unwrap();
        assert!(message.contains("«6784»") && message.contains("«compliance»"), "{message}");
        assert!(!message.contains(RIGHT), "{message}");
        for _ in 0..2 {
            shipped.poll().await;
        }
        assert_eq!(shipped.only_exception("delivery_failed").await["id"], open["id"], "opened once");
        match settled {
            "it arrives" => {
                shipped.ship(id, at(Rank::Delivered)).await;
                assert_eq!(shipped.events(id), [ShipmentStatus::Failure, ShipmentStatus::Delivered]);
            }
            "the label is voided" => shipped.ship(id, Vec::new()).await,
            "cancelled in the shop" => {
                let made = shipped.only_fulfillment(id).id;
                shipped.shop.cancel_fulfillment(id, made).unwrap();
            }
            _ => {
                let accept = format!("exceptions/{}/accept", open["id"]);
                assert_eq!(shipped.server.tell(&accept, &Value::Null).await.0, 200);
                shipped.sync().await;
            }
        }
        shipped.poll().await;
        assert_eq!(shipped.exceptions().await, [] as [Value; 0], "{settled}");
    }
}

#[tokio::test]
async fn that_one_failed_parcel_was_settled_hides_no_other() {
    let shipped = Shipped::open("").await;
    let id = shipped.place().await;
    let line = shipped.shop.order(id).unwrap().lines[0].id;
    let parcel = |number: &str, rank| Shipment {
        id: number.into(),
        lines: Some([(line.into(), 3)].into()),
        rank,
        ..shipment("FedEx", &[number])
    };
    let (first, second) = ("748900000012", "749000000023");
    shipped.ship(id, vec![parcel(first, Rank::Failed), parcel(second, Rank::InTransit)]).await;
    let open = shipped.only_exception("delivery_failed").await;
    let accept = format!("exceptions/{}/accept", open["id"]);
    assert_eq!(shipped.server.tell(&accept, &Value::Null).await.0, 200);
    shipped.sync().await;
    assert_eq!(shipped.exceptions().await, [] as [Value; 0]);
    shipped.ship(id, vec![parcel(first, Rank::Failed), parcel(second, Rank::Failed)]).await;
    let open = shipped.only_exception("delivery_failed").await;
    assert!(open["message"].as_str().unwrap().contains("«0023»"), "{open}");
}

#[tokio::test]
async fn a_parcel_of_the_shops_own_that_will_not_arrive_is_a_persons_too_even_where_nothing_is_told_to_the_shop()
 {
    let shipped = Shipped::open("fulfill = false\n").await;
    let id = shipped.place().await;
    let tracking = Tracking { company: Some("UPS".into()), numbers: vec![RIGHT.into()], urls: Vec::new() };
    let new = NewFulfillment { tracking, ..NewFulfillment::default() };
    shipped.say(id, at(Rank::Shipped));
    shipped.shop.fulfill(id, &new).unwrap();
    shipped.poll().await;
    assert_eq!(shipped.exceptions().await, [] as [Value; 0]);
    shipped.told_by_another(id, ShipmentStatus::Failure).await;
    let open = shipped.only_exception("delivery_failed").await;
    assert!(open["message"].as_str().unwrap().contains("the one of «cellar»"), "{open}");
    shipped.told_by_another(id, ShipmentStatus::Delivered).await;
    assert_eq!(shipped.exceptions().await, [] as [Value; 0]);
}

#[tokio::test]
async fn complaint_03_the_shop_is_told_of_each_parcel_when_it_left_or_of_all_once_the_order_is_complete() {
    for (keys, after_each) in [
        ("", [1, 2, 3]),
        ("tell_shipments = \"each\"\n", [1, 2, 3]),
        ("tell_shipments = \"complete\"\n", [0, 0, 3]),
    ] {
        let shipped = Shipped::open(keys).await;
        let id = shipped.place().await;
        let line = shipped.shop.order(id).unwrap().lines[0].id;
        let mut left = Vec::new();
        for (nth, expected) in after_each.into_iter().enumerate() {
            let number = format!("74890000000{nth}");
            left.push(Shipment {
                id: number.as_str().into(),
                lines: Some([(line.into(), 2)].into()),
                ..shipment("FedEx", &[&number])
            });
            shipped.ship(id, left.clone()).await;
            shipped.clock.advance(std::time::Duration::from_hours(72));
            let made = shipped.shop.order(id).unwrap().fulfillments;
            assert_eq!(made.len(), expected, "{keys} after {nth}");
            assert!(made.iter().all(|made| made.quantity() == 2 && made.numbers.len() == 1), "{made:#?}");
        }
        assert_eq!(shipped.exceptions().await, [] as [Value; 0]);
    }
}
