//! Fulfilling: shipments, their tracking and their progress, and taking them back.
//!
//! Units move from a fulfillment order to a fulfillment and never vanish on the way. A cancelled fulfillment opens a
//! new fulfillment order for its units; the old one stays closed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::order::{
    DeliveryKind, Fulfillment, FulfillmentEvent, FulfillmentLine, FulfillmentOrder, FulfillmentOrderLine,
    FulfillmentOrderStatus, FulfillmentStatus, ShipmentStatus,
};
use super::super::place;
use super::super::state::{Change, Event, Refused};
use super::archive_if_done;

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
    /// Tracking.
    pub tracking: Tracking,
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

/// How a shipment can be followed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tracking {
    /// Carrier.
    pub company: Option<String>,
    /// Tracking numbers, one a parcel.
    pub numbers: Vec<String>,
    /// Tracking pages, in the order of the numbers; made up for carriers the shop knows.
    pub urls: Vec<String>,
}

impl Tracking {
    /// The pages: those given, else the known carrier's.
    fn pages(&self) -> Vec<String> {
        if !self.urls.is_empty() {
            return self.urls.clone();
        }
        let Some(page) = self.company.as_deref().and_then(tracking_page) else { return Vec::new() };
        self.numbers.iter().map(|number| format!("{page}{number}")).collect()
    }
}

/// The tracking page of a carrier whose name is spelled as the shop spells it.
fn tracking_page(company: &str) -> Option<&'static str> {
    Some(match company {
        "UPS" => "https://www.ups.com/WebTracking?loc=en_US&requester=ST&trackNums=",
        "USPS" => "https://tools.usps.com/go/TrackConfirmAction.action?tLabels=",
        "FedEx" => "https://www.fedex.com/fedextrack/?trknbr=",
        "DHL Express" => "https://www.dhl.com/en/express/tracking.html?brand=DHL&AWB=",
        "OnTrac" => "https://www.ontrac.com/tracking/?number=",
        _ => return None,
    })
}

/// Fulfills; returns the fulfillment's id.
pub(in super::super) fn fulfill(change: &mut Change<'_>, new: &NewFulfillment) -> Result<i64, Refused> {
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
    Ok(book(change, location_id, lines, &new.tracking))
}

fn nothing_open(change: &Change<'_>, new: &NewFulfillment) -> Refused {
    let Some(id) = new.fulfillment_order_id else {
        return Refused::invalid("There is nothing to fulfill");
    };
    match change.order.fulfillment_orders.iter().find(|order| order.id == id) {
        Some(order) => Refused::invalid(format!(
            "Fulfillment order {id} has an unfulfillable status= {}.",
            order.status.rest()
        )),
        None => Refused::invalid("Fulfillment order does not exist."),
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
            taken.push(FulfillmentLine {
                id: change.ids.next(),
                line_id: line.line_id,
                fulfillment_order_id: order.id,
                quantity,
            });
        }
        order.updated_at = change.now;
        if order.remaining() == 0 {
            order.status = FulfillmentOrderStatus::Closed;
        }
    }
    if wanted.is_some_and(|wanted| wanted.iter().any(|want| want.quantity > 0)) || taken.is_empty() {
        return Err(Refused::invalid("Invalid fulfillment order line item quantity requested."));
    }
    Ok(taken)
}

fn book(change: &mut Change<'_>, location_id: i64, lines: Vec<FulfillmentLine>, tracking: &Tracking) -> i64 {
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

fn find<'a>(change: &'a mut Change<'_>, id: i64) -> Result<&'a mut Fulfillment, Refused> {
    change
        .order
        .fulfillments
        .iter_mut()
        .find(|fulfillment| fulfillment.id == id)
        .ok_or_else(|| Refused::missing("Fulfillment", id))
}

/// Replaces the tracking; allowed on a cancelled fulfillment too.
pub(in super::super) fn update_tracking(
    change: &mut Change<'_>,
    id: i64,
    tracking: &Tracking,
) -> Result<(), Refused> {
    let now = change.now;
    let fulfillment = find(change, id)?;
    fulfillment.company.clone_from(&tracking.company);
    fulfillment.numbers.clone_from(&tracking.numbers);
    fulfillment.urls = tracking.pages();
    fulfillment.updated_at = now;
    change.tell(Event::Fulfillment("fulfillments/update", id));
    change.tell(Event::Order("orders/updated"));
    Ok(())
}

/// Something that happened to a shipment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewShipmentEvent {
    /// What.
    pub status: ShipmentStatus,
    /// In words.
    #[serde(default)]
    pub message: Option<String>,
    /// When; now if absent.
    #[serde(default)]
    pub happened_at: Option<Timestamp>,
    /// When it is expected.
    #[serde(default)]
    pub estimated_delivery_at: Option<Timestamp>,
}

/// Books progress of a shipment; returns the event's id. Allowed on a cancelled fulfillment too.
pub(in super::super) fn set_shipment_status(
    change: &mut Change<'_>,
    id: i64,
    new: &NewShipmentEvent,
) -> Result<i64, Refused> {
    let now = change.now;
    let event = change.ids.next();
    let fulfillment = find(change, id)?;
    fulfillment.events.push(FulfillmentEvent {
        id: event,
        status: new.status,
        message: new.message.clone(),
        happened_at: new.happened_at.unwrap_or(now),
        created_at: now,
        estimated_delivery_at: new.estimated_delivery_at,
    });
    fulfillment.shipment_status = Some(new.status);
    fulfillment.updated_at = now;
    change.tell(Event::Shipment(id, event));
    change.tell(Event::Fulfillment("fulfillments/update", id));
    change.tell(Event::Order("orders/updated"));
    Ok(event)
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
    let mut from: Vec<i64> = lines.iter().map(|line| line.fulfillment_order_id).collect();
    from.dedup();
    for source in from {
        let units: Vec<_> = lines.iter().filter(|line| line.fulfillment_order_id == source).collect();
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
        fresh.lines = units
            .iter()
            .map(|line| FulfillmentOrderLine {
                id: change.ids.next(),
                line_id: line.line_id,
                total: line.quantity,
                remaining: line.quantity,
            })
            .collect();
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
