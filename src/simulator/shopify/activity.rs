//! Random activity on an order, for demos and property tests: one plausible action at a time.
//!
//! Deterministic by the generator passed in. An action that the shop refuses as things are is no harm: nothing changes
//! and the next draw may fit.

use rand::{Rng, RngExt};
use rust_decimal::Decimal;

use super::actions::{
    CancelOrder, EditOrder, FulfillUnits, HoldUnits, NewFulfillment, NewHold, NewRefund, NewShipmentEvent,
    RefundUnits, Release, SetQuantity, Tracking,
};
use super::new_order::{NewLine, NewShipping};
use super::order::{
    Attribute, CancelReason, FulfillmentOrderStatus, HoldReason, LineKind, Order, RestockType,
    RiskRecommendation, ShipmentStatus,
};
use super::shop::Shop;
use super::state::Refused;

/// What may happen, the likelier things more than once.
const ACTIONS: &[&str] = &[
    "mark_paid",
    "mark_paid",
    "authorize",
    "void",
    "edit_add",
    "edit_quantity",
    "edit_remove",
    "change_shipping_line",
    "set_shipping_address",
    "set_attributes",
    "set_tags",
    "set_note",
    "fulfill",
    "fulfill",
    "fulfill_part",
    "update_tracking",
    "set_shipment_status",
    "set_shipment_status",
    "cancel_fulfillment",
    "hold",
    "hold_part",
    "release",
    "release",
    "call_off",
    "assess",
    "refund",
    "refund_amount",
    "cancel",
    "close",
    "reopen",
];

/// Does one random thing to an order; returns its name if the shop accepted it.
pub fn act_at_random(shop: &Shop, rng: &mut impl Rng, id: i64) -> Option<&'static str> {
    let order = shop.order(id)?;
    let action = ACTIONS[rng.random_range(0..ACTIONS.len())];
    act(shop, rng, &order, action).is_ok().then_some(action)
}

fn act(shop: &Shop, rng: &mut impl Rng, order: &Order, action: &str) -> Result<(), Refused> {
    let id = order.id;
    match action {
        "mark_paid" => shop.mark_paid(id, rng.random_bool(0.2).then_some(Decimal::new(2500, 2))),
        "authorize" => shop.authorize_payment(id),
        "void" => shop.void_payment(id),
        "edit_add" | "edit_quantity" | "edit_remove" => {
            shop.edit_order(id, &edit(rng, order, action)).map(|_| ())
        }
        "change_shipping_line" => {
            let price = Decimal::new(rng.random_range(0..6000), 2);
            let line = NewShipping {
                title: "UPS 2nd Day Air".into(),
                code: Some("02".into()),
                price,
                ..NewShipping::default()
            };
            shop.change_shipping_line(id, &line).map(|_| ())
        }
        "set_shipping_address" => {
            let address = order.shipping_address.clone().map(|mut address| {
                address.address1 = Some(format!("{} Elm Street", rng.random_range(1..999)));
                address
            });
            shop.set_shipping_address(id, address)
        }
        "set_attributes" => {
            let value = rng.random_range(0..1000).to_string();
            shop.set_attributes(id, vec![Attribute { name: "delivery window".into(), value }])
        }
        "set_tags" => shop.set_tags(id, &["club".into(), format!("batch-{}", rng.random_range(0..50))]),
        "set_note" => {
            let note = rng.random_bool(0.7).then(|| format!("Note {} & <more>", rng.random_range(0..1000)));
            shop.set_note(id, note)
        }
        "close" => shop.close(id),
        "reopen" => shop.reopen(id),
        "cancel" => shop.cancel_order(
            id,
            &CancelOrder {
                reason: CancelReason::ALL[rng.random_range(0..CancelReason::ALL.len())],
                refund: rng.random_bool(0.8),
                restock: rng.random_bool(0.7),
                staff_note: None,
            },
        ),
        "refund" | "refund_amount" => shop.refund(id, &refund(rng, order, action)).map(|_| ()),
        _ => fulfillment(shop, rng, order, action),
    }
}

fn any_line<'o>(rng: &mut impl Rng, order: &'o Order) -> Option<&'o super::order::Line> {
    let open: Vec<_> = order.lines.iter().filter(|line| line.current_quantity() > 0).collect();
    if open.is_empty() { None } else { Some(open[rng.random_range(0..open.len())]) }
}

fn edit(rng: &mut impl Rng, order: &Order, action: &str) -> EditOrder {
    let mut edit = EditOrder::default();
    let line = any_line(rng, order);
    match (action, line) {
        ("edit_quantity", Some(line)) => edit.set_quantity.push(SetQuantity {
            line_id: line.id,
            quantity: rng.random_range(0..=line.current_quantity() + 2),
        }),
        ("edit_remove", Some(line)) => edit.remove.push(line.id),
        _ => edit.add.push(NewLine { quantity: rng.random_range(1..4), ..NewLine::default() }),
    }
    edit
}

fn refund(rng: &mut impl Rng, order: &Order, action: &str) -> NewRefund {
    if action == "refund_amount" {
        return NewRefund {
            amount: Some(Decimal::new(rng.random_range(1..2000), 2)),
            ..NewRefund::default()
        };
    }
    let mut refund = NewRefund { note: Some("Broken cork".into()), ..NewRefund::default() };
    if let Some(line) = any_line(rng, order) {
        let unfulfilled = order.unfulfilled(line.id);
        let restock = match rng.random_range(0..3) {
            0 => RestockType::NoRestock,
            _ if unfulfilled > 0 && line.kind != LineKind::Tip => RestockType::Cancel,
            _ => RestockType::Return,
        };
        let most = if restock == RestockType::Cancel {
            line.current_quantity().min(unfulfilled)
        } else {
            line.current_quantity()
        };
        let quantity = rng.random_range(1..=most);
        refund.lines.push(RefundUnits { line_id: line.id, quantity, restock, location_id: None });
    }
    refund.all_shipping = rng.random_bool(0.2);
    refund
}

fn tracking(rng: &mut impl Rng) -> Tracking {
    let parcels = rng.random_range(0..=2);
    let company = ["UPS", "FedEx", "GSO", "Joe's Vans"][rng.random_range(0..4)];
    Tracking {
        company: Some(company.to_owned()),
        numbers: (0..parcels).map(|_| format!("1Z{:016}", rng.random_range(0..u64::MAX / 2_000))).collect(),
        urls: Vec::new(),
    }
}

fn fulfillment(shop: &Shop, rng: &mut impl Rng, order: &Order, action: &str) -> Result<(), Refused> {
    let id = order.id;
    let latest = order.fulfillments.last().map(|f| f.id);
    match (action, latest) {
        ("fulfill", _) => {
            let new = NewFulfillment { tracking: tracking(rng), ..NewFulfillment::default() };
            shop.fulfill(id, &new).map(|_| ())
        }
        ("fulfill_part", _) => {
            let open = order.fulfillment_orders.iter().find(|f| f.status == FulfillmentOrderStatus::Open);
            let line = open.and_then(|f| f.lines.iter().find(|line| line.remaining > 0));
            let Some(line) = line else { return Err(Refused::invalid("nothing to fulfill")) };
            let units =
                FulfillUnits { line_id: line.line_id, quantity: rng.random_range(1..=line.remaining) };
            let new =
                NewFulfillment { lines: vec![units], tracking: tracking(rng), ..NewFulfillment::default() };
            shop.fulfill(id, &new).map(|_| ())
        }
        ("update_tracking", Some(latest)) => shop.update_tracking(id, latest, &tracking(rng)),
        ("set_shipment_status", Some(latest)) => {
            let status = ShipmentStatus::ALL[rng.random_range(0..ShipmentStatus::ALL.len())];
            let event =
                NewShipmentEvent { status, message: None, happened_at: None, estimated_delivery_at: None };
            shop.set_shipment_status(id, latest, &event).map(|_| ())
        }
        ("cancel_fulfillment", Some(latest)) => shop.cancel_fulfillment(id, latest),
        ("hold", _) => {
            let reason = HoldReason::ALL[rng.random_range(0..HoldReason::ALL.len())];
            shop.hold(id, &NewHold { reason, notes: Some("Check first".into()), ..NewHold::default() })
                .map(|_| ())
        }
        ("hold_part", _) => {
            let open = order.fulfillment_orders.iter().find(|f| f.status == FulfillmentOrderStatus::Open);
            let Some((open, line)) = open.and_then(|f| f.lines.first().map(|line| (f, line))) else {
                return Err(Refused::invalid("nothing to hold"));
            };
            let units = HoldUnits { fulfillment_order_line_id: line.id, quantity: 1 };
            let new =
                NewHold { fulfillment_order_id: Some(open.id), units: vec![units], ..NewHold::default() };
            shop.hold(id, &new).map(|_| ())
        }
        ("call_off", _) => shop.call_off(id, None).map(|_| ()),
        ("assess", _) => {
            let all = RiskRecommendation::ALL;
            shop.assess(id, all[rng.random_range(0..all.len())])
        }
        ("release", _) => shop.release(id, &Release::default()),
        _ => Err(Refused::invalid("nothing to do it to")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::money::Bag;
    use super::super::order::totals::{FinancialStatus, Totals};
    use super::super::{Options, generate};
    use super::*;
    use crate::clock::Clock;
    use rand::SeedableRng;

    /// Whatever happens to an order, its parts add up.
    #[test]
    fn orders_stay_consistent_whatever_happens() {
        let clock = Clock::manual("2026-11-22T10:00:00Z".parse().unwrap());
        let shop = Shop::new(Options::default(), clock.clone());
        let mut rng = rand::rngs::StdRng::seed_from_u64(11);
        let mut accepted = std::collections::BTreeSet::new();
        for new in generate::orders(3, 150, shop.profile()) {
            let id = shop.place_order(&new).unwrap();
            check(&shop.order(id).unwrap(), "placed");
            for _ in 0..25 {
                clock.advance(std::time::Duration::from_millis(400));
                let before = shop.order(id).unwrap();
                let done = act_at_random(&shop, &mut rng, id);
                let after = shop.order(id).unwrap();
                match done {
                    None => assert_eq!(before, after, "a refused action changed the order"),
                    Some(action) => check(&after, action),
                }
                assert!(after.updated_at >= before.updated_at);
                assert_eq!(after.updated_at.subsec_nanosecond(), 0);
                accepted.extend(done);
            }
        }
        let all: std::collections::BTreeSet<_> = ACTIONS.iter().copied().collect();
        assert_eq!(accepted, all, "every action should have been accepted at least once");
    }

    fn check(order: &Order, action: &str) {
        let context = format!("{} after {action}", order.name);
        for line in &order.lines {
            assert!(line.removed + line.refunded <= line.quantity, "{context}");
            let (left, done) = (order.unfulfilled(line.id), order.fulfilled(line.id));
            assert!(left + done <= line.quantity, "{context}: {left} + {done} > {}", line.quantity);
            assert!(order.fulfillable(line.id) <= left, "{context}");
            let all = line.at(line.quantity, &order.currencies);
            let discounts: Bag = line.allocations.iter().map(|a| a.amount).sum();
            assert_eq!(all.discount, discounts, "{context}");
            assert!(all.discount.shop <= all.gross.shop, "{context}");
        }
        for f in &order.fulfillment_orders {
            assert!(f.lines.iter().all(|line| line.remaining <= line.total), "{context}");
            assert_eq!(f.status == FulfillmentOrderStatus::OnHold, !f.holds.is_empty(), "{context}");
        }
        let totals = Totals::of(order);
        let units: u32 =
            order.lines.iter().filter(|l| l.kind != LineKind::Tip).map(Line::current_quantity).sum();
        assert_eq!(totals.current_quantity, units, "{context}");
        assert!(totals.refunded.shop <= totals.received.shop, "{context}");
        // What was taken out of the order is what the refunds say, and nothing is lost on the way.
        let refunded: Bag = order.refunds.iter().flat_map(|r| &r.lines).map(|l| l.subtotal).sum();
        if order.lines.iter().all(|line| line.removed == 0) {
            let tips: Bag = order
                .lines
                .iter()
                .filter(|l| l.kind == LineKind::Tip)
                .map(|l| l.price.times(l.refunded))
                .sum();
            assert_eq!(totals.subtotal - totals.current_subtotal, refunded - tips, "{context}");
        }
        if order.cancelled_at.is_some() {
            assert!(totals.current_total.is_zero(), "{context}: {:?}", totals.current_total);
            assert_eq!(order.lines.iter().map(|l| order.unfulfilled(l.id)).sum::<u32>(), 0, "{context}");
        }
        if order.financial_status() == FinancialStatus::Paid {
            assert!(totals.outstanding.shop <= Decimal::ZERO, "{context}");
        }
    }

    use super::super::order::Line;
}
