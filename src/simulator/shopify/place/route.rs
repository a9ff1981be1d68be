//! Works out which lines are fulfilled where and how: the fulfillment orders.

use jiff::Timestamp;

use super::super::new_order::NewOrder;
use super::super::order::{
    DeliveryKind, DeliveryMethod, FulfillmentOrder, FulfillmentOrderLine, FulfillmentOrderStatus, Line,
    LineKind, Order,
};
use super::super::state::Ids;

/// Which lines are fulfilled where and how.
pub(super) fn route(order: &Order, new: &NewOrder, ids: &mut Ids, now: Timestamp) -> Vec<FulfillmentOrder> {
    let mut routed: Vec<FulfillmentOrder> = Vec::new();
    for line in order.lines.iter().filter(|line| line.kind != LineKind::Tip) {
        let kind = delivery_kind(order, line);
        let same = |f: &&mut FulfillmentOrder| f.location_id == line.location_id && f.delivery.kind == kind;
        let entry = FulfillmentOrderLine {
            id: ids.next(),
            line_id: line.id,
            total: line.quantity,
            remaining: line.quantity,
        };
        if let Some(found) = routed.iter_mut().find(same) {
            found.lines.push(entry);
        } else {
            let mut fresh = fulfillment_order(order, line.location_id, kind, ids, now);
            fresh.lines.push(entry);
            if let Some(day) = new.fulfill_at {
                fresh.fulfill_at = Some(day);
                if day > now {
                    fresh.status = FulfillmentOrderStatus::Scheduled;
                }
            }
            routed.push(fresh);
        }
    }
    routed
}

/// How a line gets to the buyer.
pub(in super::super) fn delivery_kind(order: &Order, line: &Line) -> DeliveryKind {
    if order.source_name == "pos" {
        return DeliveryKind::Retail;
    }
    if !line.requires_shipping {
        return DeliveryKind::None;
    }
    match order.shipping_line().and_then(|shipping| shipping.delivery_category.as_deref()) {
        Some("pick-up") => DeliveryKind::PickUp,
        Some("local") => DeliveryKind::Local,
        _ => DeliveryKind::Shipping,
    }
}

/// An open fulfillment order without lines.
pub(in super::super) fn fulfillment_order(
    order: &Order,
    location_id: i64,
    kind: DeliveryKind,
    ids: &mut Ids,
    now: Timestamp,
) -> FulfillmentOrder {
    let shipping =
        order.shipping_line().filter(|_| kind != DeliveryKind::None && kind != DeliveryKind::Retail);
    FulfillmentOrder {
        id: ids.next(),
        status: FulfillmentOrderStatus::Open,
        location_id,
        delivery: DeliveryMethod {
            id: ids.next(),
            kind,
            service_code: shipping.and_then(|line| line.code.clone()),
            presented_name: shipping.map(|line| line.title.clone()),
        },
        // The shop gives the hour.
        fulfill_at: Timestamp::from_second(now.as_second().div_euclid(3600) * 3600).ok(),
        created_at: now,
        updated_at: now,
        holds: Vec::new(),
        lines: Vec::new(),
    }
}
