//! Fulfilling, and taking fulfillments back.
//!
//! Units move from a fulfillment order to a fulfillment and never vanish on the way. A cancelled fulfillment opens a
//! new fulfillment order for its units; the old one stays closed.

use serde::{Deserialize, Serialize};

use super::super::order::{
    DeliveryKind, Fulfillment, FulfillmentLine, FulfillmentOrder, FulfillmentOrderLine,
    FulfillmentOrderStatus, FulfillmentStatus, Origin,
};
use super::super::place;
use super::super::state::{Change, Event, Ids, Refused};
use super::archive_if_done;
use super::hold::HoldUnits;
use super::shipment::Tracking;

/// A fulfillment to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewFulfillment {
    /// What is in it; everything open at the location if empty.
    pub lines: Vec<FulfillUnits>,
    /// Only from this fulfillment order.
    pub fulfillment_order_id: Option<i64>,
    /// Only from this location; that of the first open fulfillment order if absent.
    pub location_id: Option<i64>,
    /// Exactly this; nothing else may then be said of what is in it.
    pub fulfillment_orders: Vec<UnitsOfFulfillmentOrder>,
    /// Tracking.
    pub tracking: Tracking,
    /// Where it is sent from, if not from its location.
    pub origin: Option<Origin>,
}

/// What is fulfilled of one fulfillment order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitsOfFulfillmentOrder {
    /// Which fulfillment order.
    pub fulfillment_order_id: i64,
    /// Only these units; all if empty.
    #[serde(default)]
    pub units: Vec<HoldUnits>,
}

/// Units of one line to be fulfilled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FulfillUnits {
    /// Which line.
    pub line_id: i64,
    /// How many.
    pub quantity: u32,
}

/// Fulfills; returns the fulfillment's id.
pub(in super::super) fn fulfill(change: &mut Change<'_>, new: &NewFulfillment) -> Result<i64, Refused> {
    if !new.fulfillment_orders.is_empty() {
        let (location_id, lines) = take_exactly(change, &new.fulfillment_orders)?;
        return Ok(book(change, location_id, lines, new));
    }
    if change.order.cancelled_at.is_some() {
        return Err(Refused::invalid("The order is cancelled"));
    }
    let open: Vec<usize> = (0..change.order.fulfillment_orders.len())
        .filter(|at| {
            let order = &change.order.fulfillment_orders[*at];
            matches!(order.status, FulfillmentOrderStatus::Open | FulfillmentOrderStatus::InProgress)
                && order.remaining() > 0
                && new.fulfillment_order_id.is_none_or(|id| order.id == id)
                && new.location_id.is_none_or(|id| order.location_id == id)
        })
        .collect();
    let Some(first) = open.first() else { return Err(nothing_open(change, new)) };
    let location_id = change.order.fulfillment_orders[*first].location_id;
    let here: Vec<usize> = open
        .into_iter()
        .filter(|at| change.order.fulfillment_orders[*at].location_id == location_id)
        .collect();
    let lines = take(change, &here, &new.lines)?;
    Ok(book(change, location_id, lines, new))
}

fn nothing_open(change: &Change<'_>, new: &NewFulfillment) -> Refused {
    let Some(id) = new.fulfillment_order_id else {
        return Refused::invalid("There is nothing to fulfill");
    };
    match change.order.fulfillment_orders.iter().find(|order| order.id == id) {
        Some(order) => unfulfillable(order),
        None => Refused::invalid("Fulfillment order does not exist."),
    }
}

fn unfulfillable(order: &FulfillmentOrder) -> Refused {
    Refused::invalid(format!(
        "Fulfillment order {} has an unfulfillable status= {}.",
        order.id,
        order.status.rest()
    ))
}

/// Moves exactly these units out of their fulfillment orders, which must be of one location.
fn take_exactly(
    change: &mut Change<'_>,
    wanted: &[UnitsOfFulfillmentOrder],
) -> Result<(i64, Vec<FulfillmentLine>), Refused> {
    let mut places = Vec::new();
    for want in wanted {
        let found = change.order.fulfillment_orders.iter().position(|o| o.id == want.fulfillment_order_id);
        places.push(found.ok_or_else(|| Refused::invalid("Fulfillment order does not exist."))?);
    }
    let mut locations: Vec<i64> =
        places.iter().map(|at| change.order.fulfillment_orders[*at].location_id).collect();
    locations.sort_unstable();
    locations.dedup();
    if locations.len() > 1 {
        return Err(Refused::invalid(format!(
            "All fulfillment orders must be assigned to a single location. Multiple locations with ids {locations:?} \
             were found."
        )));
    }
    let mut taken = Vec::new();
    for (at, want) in places.into_iter().zip(wanted) {
        let order = &mut change.order.fulfillment_orders[at];
        let open = matches!(order.status, FulfillmentOrderStatus::Open | FulfillmentOrderStatus::InProgress);
        if !open || order.remaining() == 0 {
            return Err(unfulfillable(order));
        }
        let id = order.id;
        let all: Vec<HoldUnits> = order
            .lines
            .iter()
            .filter(|line| line.remaining > 0)
            .map(|line| HoldUnits { fulfillment_order_line_id: line.id, quantity: line.remaining })
            .collect();
        for unit in if want.units.is_empty() { &all } else { &want.units } {
            let line = order.lines.iter_mut().find(|line| line.id == unit.fulfillment_order_line_id);
            let line = line.ok_or_else(|| Refused::invalid("Fulfillment order line item does not exist."))?;
            if unit.quantity == 0 || unit.quantity > line.remaining {
                return Err(Refused::invalid("Invalid fulfillment order line item quantity requested."));
            }
            line.remaining -= unit.quantity;
            add(&mut taken, change.ids, line.line_id, id, unit.quantity);
        }
        close_if_done(order, change.now);
    }
    Ok((locations.first().copied().unwrap_or_default(), taken))
}

/// Adds units to a fulfillment's lines: one for each line of the order, whichever fulfillment orders they are of.
fn add(taken: &mut Vec<FulfillmentLine>, ids: &mut Ids, line_id: i64, fulfillment_order: i64, quantity: u32) {
    if let Some(line) = taken.iter_mut().find(|line| line.line_id == line_id) {
        line.from.push((fulfillment_order, quantity));
        line.quantity += quantity;
        return;
    }
    taken.push(FulfillmentLine {
        id: ids.next(),
        line_id,
        from: vec![(fulfillment_order, quantity)],
        quantity,
    });
}

fn close_if_done(order: &mut FulfillmentOrder, now: jiff::Timestamp) {
    order.updated_at = now;
    if order.remaining() == 0 {
        order.status = FulfillmentOrderStatus::Closed;
    }
}

/// Moves units out of these fulfillment orders: those asked for, or all.
fn take(
    change: &mut Change<'_>,
    here: &[usize],
    wanted: &[FulfillUnits],
) -> Result<Vec<FulfillmentLine>, Refused> {
    let mut taken = Vec::new();
    let mut wanted: Option<Vec<FulfillUnits>> = (!wanted.is_empty()).then(|| wanted.to_vec());
    for at in here {
        let order = &mut change.order.fulfillment_orders[*at];
        for line in order.lines.iter_mut().filter(|line| line.remaining > 0) {
            let quantity = match &mut wanted {
                None => line.remaining,
                Some(wanted) => {
                    let Some(want) = wanted.iter_mut().find(|w| w.line_id == line.line_id && w.quantity > 0)
                    else {
                        continue;
                    };
                    let quantity = want.quantity.min(line.remaining);
                    want.quantity -= quantity;
                    quantity
                }
            };
            line.remaining -= quantity;
            add(&mut taken, change.ids, line.line_id, order.id, quantity);
        }
        close_if_done(order, change.now);
    }
    if wanted.is_some_and(|wanted| wanted.iter().any(|want| want.quantity > 0)) || taken.is_empty() {
        return Err(Refused::invalid("Invalid fulfillment order line item quantity requested."));
    }
    Ok(taken)
}

fn book(change: &mut Change<'_>, location_id: i64, lines: Vec<FulfillmentLine>, new: &NewFulfillment) -> i64 {
    let tracking = &new.tracking;
    let id = change.ids.next();
    let order = &mut *change.order;
    let sequence = u32::try_from(order.fulfillments.len()).unwrap_or(u32::MAX).saturating_add(1);
    order.fulfillments.push(Fulfillment {
        id,
        sequence,
        status: FulfillmentStatus::Success,
        shipment_status: None,
        created_at: change.now,
        updated_at: change.now,
        location_id,
        origin: new.origin.clone(),
        company: tracking.company.clone(),
        numbers: tracking.numbers.clone(),
        urls: tracking.pages(),
        lines,
        events: Vec::new(),
    });
    archive_if_done(change);
    change.tell(Event::Fulfillment("fulfillments/create", id));
    let whole = change.order.is_fulfilled();
    change.tell(Event::Order(if whole { "orders/fulfilled" } else { "orders/partially_fulfilled" }));
    change.tell(Event::Order("orders/updated"));
    id
}

/// Hands over what needs no work: goods taken along at the counter, and gift cards that are paid.
pub(in super::super) fn hand_over(change: &mut Change<'_>) -> Result<(), Refused> {
    use super::super::order::LineKind;
    use super::super::order::totals::FinancialStatus;
    let paid = change.order.financial_status() == FinancialStatus::Paid;
    let order = &*change.order;
    let gift_card = |line: i64| order.line(line).is_some_and(|line| line.kind == LineKind::GiftCard);
    let mut ready: Vec<(i64, Vec<FulfillUnits>)> = Vec::new();
    for wanted in order.fulfillment_orders.iter().filter(|f| f.status == FulfillmentOrderStatus::Open) {
        let units: Vec<_> = wanted
            .lines
            .iter()
            .filter(|l| l.remaining > 0)
            .filter(|l| wanted.delivery.kind == DeliveryKind::Retail || (paid && gift_card(l.line_id)))
            .map(|l| FulfillUnits { line_id: l.line_id, quantity: l.remaining })
            .collect();
        if !units.is_empty() {
            ready.push((wanted.id, units));
        }
    }
    for (id, lines) in ready {
        fulfill(
            change,
            &NewFulfillment { lines, fulfillment_order_id: Some(id), ..NewFulfillment::default() },
        )?;
    }
    Ok(())
}

pub(super) fn find<'a>(change: &'a mut Change<'_>, id: i64) -> Result<&'a mut Fulfillment, Refused> {
    change
        .order
        .fulfillments
        .iter_mut()
        .find(|fulfillment| fulfillment.id == id)
        .ok_or_else(|| Refused::missing("Fulfillment", id))
}

/// Takes a fulfillment back; doing it twice changes nothing.
pub(in super::super) fn cancel_fulfillment(change: &mut Change<'_>, id: i64) -> Result<(), Refused> {
    let now = change.now;
    let fulfillment = find(change, id)?;
    if fulfillment.status == FulfillmentStatus::Cancelled {
        return Ok(());
    }
    fulfillment.status = FulfillmentStatus::Cancelled;
    fulfillment.updated_at = now;
    let lines = fulfillment.lines.clone();
    let mut from: Vec<i64> = Vec::new();
    for (source, _) in lines.iter().flat_map(|line| &line.from) {
        if !from.contains(source) {
            from.push(*source);
        }
    }
    for source in from {
        let Some(at) = change.order.fulfillment_orders.iter().position(|order| order.id == source) else {
            continue;
        };
        let (location_id, kind, closed) = {
            let order = &change.order.fulfillment_orders[at];
            (order.location_id, order.delivery.kind, order.status.is_final())
        };
        if closed {
            for line in &mut change.order.fulfillment_orders[at].lines {
                line.remaining = line.total;
            }
        }
        let mut fresh = place::fulfillment_order(change.order, location_id, kind, change.ids, now);
        for line in &lines {
            let units = line.units_from(source);
            if units > 0 {
                let id = change.ids.next();
                let line_id = line.line_id;
                fresh.lines.push(FulfillmentOrderLine { id, line_id, total: units, remaining: units });
            }
        }
        change.order.fulfillment_orders.push(fresh);
    }
    change.order.closed_at = None;
    change.tell(Event::Fulfillment("fulfillments/update", id));
    change.tell(Event::Order("orders/updated"));
    Ok(())
}

/// Takes units of a line out of what is to be fulfilled, open fulfillment orders first.
pub(super) fn withdraw(change: &mut Change<'_>, line_id: i64, units: u32) {
    let mut left = units;
    let rank = |order: &FulfillmentOrder| match order.status {
        FulfillmentOrderStatus::Open => 0,
        FulfillmentOrderStatus::Scheduled => 1,
        FulfillmentOrderStatus::InProgress => 2,
        _ => 3,
    };
    let mut places: Vec<usize> = (0..change.order.fulfillment_orders.len())
        .filter(|at| !change.order.fulfillment_orders[*at].status.is_final())
        .collect();
    places.sort_by_key(|at| rank(&change.order.fulfillment_orders[*at]));
    for at in places {
        let order = &mut change.order.fulfillment_orders[at];
        for line in order.lines.iter_mut().filter(|line| line.line_id == line_id) {
            let part = left.min(line.remaining);
            line.remaining -= part;
            line.total -= part;
            left -= part;
        }
        if order.remaining() == 0 {
            order.status = FulfillmentOrderStatus::Closed;
            order.holds.clear();
        }
        order.updated_at = change.now;
    }
}

/// Closes every fulfillment order and leaves nothing to fulfill.
pub(super) fn withdraw_everything(change: &mut Change<'_>) {
    for order in change.order.fulfillment_orders.iter_mut().filter(|order| !order.status.is_final()) {
        for line in &mut order.lines {
            line.total -= line.remaining;
            line.remaining = 0;
        }
        order.status = FulfillmentOrderStatus::Closed;
        order.holds.clear();
        order.updated_at = change.now;
    }
}
