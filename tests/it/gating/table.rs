//! Every combination of what is known of an order: its copy is released only where every gate is open.

use crossdock::domain::copy::Stage;
use crossdock::domain::fulfillment::{DeliveryMethod, FulfillmentOrder, Hold};
use crossdock::domain::mirror::Desired;
use crossdock::domain::order::{OrderDocument, PaymentState, Recommendation};
use crossdock::domain::record::OrderRecord;
use crossdock::domain::route::Route;
use crossdock::engine::desired::desired;
use jiff::SignedDuration;

use crate::support::{document, record, route, second};

const WINDOW: SignedDuration = SignedDuration::from_mins(30);

fn stage(record: &OrderRecord, route: &Route) -> Stage {
    match desired(record, route).unwrap() {
        Desired::Present(copy) => copy.stage,
        other => panic!("{other:?}"),
    }
}

fn work(holds: &[bool]) -> Vec<FulfillmentOrder> {
    let hold = |ours: &bool| Hold { id: "1".into(), reason: "other".into(), notes: None, ours: *ours };
    let (id, status, method) = ("1".into(), "open".into(), Some(DeliveryMethod::Shipping));
    vec![FulfillmentOrder { id, status, method, holds: holds.iter().map(hold).collect() }]
}

#[test]
fn a_copy_is_released_only_where_every_gate_is_open() {
    let payments =
        [(PaymentState::Paid, true), (PaymentState::Authorized, false), (PaymentState::Voided, false)];
    let holds: [(Option<&[bool]>, bool); 5] = [
        (None, true),
        (Some(&[]), true),
        (Some(&[true]), true),
        (Some(&[false]), false),
        (Some(&[true, false]), false),
    ];
    let risks = [
        (None, true),
        (Some(Recommendation::Accept), true),
        (Some(Recommendation::None), true),
        (Some(Recommendation::Investigate), false),
        (Some(Recommendation::Cancel), false),
        (Some(Recommendation::Other("pray".into())), true),
    ];
    // The window of the route, the end of the latest that is over, and whether that opens the gate.
    let after = |minutes: i64| Some(second(minutes * 60));
    let windows = [
        (SignedDuration::ZERO, None, true),
        (WINDOW, None, false),
        (WINDOW, after(10), false),
        (WINDOW, after(30), true),
        (WINDOW, after(60), true),
    ];
    let mut released = 0;
    for (payment, paid) in &payments {
        for (held, let_go) in holds {
            for (risk, trusted) in &risks {
                for (edit_window, edits_ended_at, over) in windows {
                    let document = OrderDocument { payment: payment.clone(), ..document() };
                    let work = held.map(work);
                    let record = OrderRecord { work, risk: risk.clone(), edits_ended_at, ..record(document) };
                    let fraud_hold = vec![Recommendation::Cancel, Recommendation::Investigate];
                    let route = Route { fraud_hold, edit_window, ..route() };
                    let open = *paid && let_go && *trusted && over;
                    let expected = if open { Stage::Released } else { Stage::Held };
                    let told = format!("{payment} {held:?} {risk:?} {edit_window:?} {edits_ended_at:?}");
                    assert_eq!(stage(&record, &route), expected, "{told}");
                    released += usize::from(open);
                }
            }
        }
    }
    assert_eq!(released, 3 * 4 * 3);
}

#[test]
fn a_route_that_ignores_the_analysis_of_fraud_releases_whatever_it_says() {
    let record = OrderRecord { risk: Some(Recommendation::Cancel), ..record(document()) };
    assert_eq!(stage(&record, &route()), Stage::Held, "as long as nothing else is said");
    assert_eq!(stage(&record, &Route { fraud_hold: Vec::new(), ..route() }), Stage::Released);
}
