//! What people do once labels are printed, and what they do to whole orders: voiding, completing, splitting, merging.
//!
//! Voiding a label is told to nobody: only a look at the order or the shipment shows it.

use super::super::edit::end;
use super::super::order::Line;
use super::super::refused::Refused;
use super::super::shipment::Way;
use super::super::state::{By, State};
use super::super::webhook;
use super::{Units, WHO, counted, stopped};

/// Voids a label. What it was on comes back to the shelf and is to be shipped again.
pub(in super::super) fn void_label(
    state: &mut State,
    shipment: i64,
    label: Option<i64>,
) -> Result<(), Refused> {
    let mut shipment = state.shipments.get(&shipment).cloned().ok_or_else(|| Refused::missing("Shipment"))?;
    let id = shipment.order;
    state.change(id, By::Person, "void_label", |state, order| {
        let found =
            shipment.labels.iter_mut().find(|l| !l.is_void && label.is_none_or(|label| label == l.id));
        let voided = found.ok_or_else(|| Refused::missing("Label"))?;
        voided.is_void = true;
        let voided = voided.id;
        let was_cancelled = order.is_cancelled();
        for shipped in shipment.lines.iter().filter(|line| line.label == Some(voided)) {
            let Some(line) = order.line_mut(shipped.line) else { continue };
            line.shipped -= shipped.quantity;
            if !was_cancelled {
                line.pending = (line.pending + shipped.quantity).min((line.quantity - line.shipped).max(0));
                line.fields.insert("fulfillment_status".to_owned(), "pending".into());
            }
            let sku = line.sku().to_owned();
            state.move_stock(&sku, shipment.warehouse, |on_hand| on_hand + shipped.quantity);
        }
        if !was_cancelled {
            order.set_status("pending");
        }
        state.note(order, WHO, format!("Label {voided} was voided"));
        state.shipments.insert(shipment.id, shipment);
        Ok(())
    })
}

/// Completes a bulk shipment: the shop is told.
pub(in super::super) fn complete(state: &mut State, shipment: i64) -> Result<(), Refused> {
    let found = state.shipments.get_mut(&shipment).ok_or_else(|| Refused::missing("Shipment"))?;
    found.completed = true;
    let found = found.clone();
    state.change(found.order, By::Person, "complete", |state, order| {
        state.outgoing.push(webhook::shipped(state, order, &found));
        Ok(())
    })
}

/// A carrier scans a parcel. Whether that moves the order's `updated_at` is not published, so it does not, and nobody is told.
pub(in super::super) fn scan(
    state: &mut State,
    shipment: i64,
    label: Option<i64>,
    way: &Way,
) -> Result<(), Refused> {
    let found = state.shipments.get_mut(&shipment).ok_or_else(|| Refused::missing("Shipment"))?;
    let mut valid = found.labels.iter_mut().filter(|one| !one.is_void);
    let scanned = valid.find(|one| label.is_none_or(|label| label == one.id));
    scanned.ok_or_else(|| Refused::missing("Label"))?.way.clone_from(way);
    Ok(())
}

/// Puts a shipment's parcels into a container for the carrier.
pub(in super::super) fn add_package(state: &mut State, shipment: i64) -> Result<(), Refused> {
    let found = state.shipments.get(&shipment).cloned().ok_or_else(|| Refused::missing("Shipment"))?;
    state.change(found.order, By::Person, "add_package", |state, order| {
        for label in found.labels.iter().filter(|label| !label.is_void) {
            state.outgoing.push(webhook::package_added(state, order, &found, label));
        }
        Ok(())
    })
}

/// Moves units into an order of their own; returns its number.
pub(in super::super) fn split(state: &mut State, id: i64, units: &[Units]) -> Result<i64, Refused> {
    let other = state.change(id, By::Person, "split", |state, order| {
        stopped(order)?;
        let mut other = order.clone();
        other.id = state.next_id();
        other.lines.clear();
        other.allocations.clear();
        other.created_at = state.now;
        other.fields.insert("order_number".to_owned(), format!("{}-S", order.number()).into());
        if order.is_locked || units.is_empty() {
            return Err(Refused::state("There is nothing to split off"));
        }
        for (line, count) in counted(units) {
            let new = state.next_id();
            let line = order.line_mut(line).ok_or_else(|| Refused::missing("Line item"))?;
            if count < 1 || count > line.pending {
                return Err(Refused::invalid(format!(
                    "{} units of {} are pending",
                    line.pending,
                    line.sku()
                )));
            }
            line.quantity -= count;
            line.pending -= count;
            let moved = Line { id: new, quantity: count, pending: count, shipped: 0, ..line.clone() };
            other.lines.push(moved);
        }
        order.lines.retain(|line| line.quantity > 0);
        Ok(other)
    })?;
    let id = other.id;
    state.keep(other, By::Person, "split");
    Ok(id)
}

/// Has one order ship with another: its lines go over, and it is cancelled without a webhook.
pub(in super::super) fn merge(state: &mut State, master: i64, id: i64) -> Result<(), Refused> {
    for order in [state.order(master)?, state.order(id)?] {
        stopped(order)?;
        if order.is_locked || master == id {
            return Err(Refused::state("The orders can not be merged"));
        }
    }
    let lines = state.change(id, By::Person, "merge", |state, order| {
        let lines = order.lines.clone();
        let written = state.outgoing.len();
        end(state, order);
        state.outgoing.truncate(written);
        order.merged.push((master, true));
        Ok(lines)
    })?;
    state.change(master, By::Person, "merge", |state, order| {
        for line in lines.into_iter().filter(|line| line.pending > 0) {
            let new = state.next_id();
            order.lines.push(Line { id: new, picks: Vec::new(), ..line });
        }
        order.merged.push((id, false));
        Ok(())
    })
}
