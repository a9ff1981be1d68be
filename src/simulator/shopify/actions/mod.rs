//! What can be done to an order, each as a function over one [`Change`]: it checks, changes, and says which webhooks
//! the shop fires. Whether the change is kept is decided by the caller, so a refusal halfway leaves no trace.

mod edit;
pub(super) mod fulfillment;
mod hold;
pub(super) mod payment;
mod rearrange;
mod shipment;

use super::order::totals::FinancialStatus;
use super::order::{Address, Attribute};
use super::state::{Change, Event, Refused};
pub use edit::{EditOrder, SetQuantity};
pub(super) use edit::{change_shipping_line, edit_order};
pub use fulfillment::{FulfillUnits, NewFulfillment, UnitsOfFulfillmentOrder};
pub(super) use fulfillment::{cancel_fulfillment, fulfill};
pub use hold::{HoldUnits, NewHold, Release};
pub(super) use hold::{hold, open_scheduled, release};
pub use payment::{CancelOrder, NewRefund, RefundUnits};
pub(super) use payment::{authorize, cancel_order, mark_paid, refund, void};
pub(super) use rearrange::{move_to, split};
pub use shipment::{NewShipmentEvent, Tracking};
pub(super) use shipment::{set_shipment_status, update_tracking};

/// Tags as the shop keeps them: trimmed, each once whatever its case, in alphabetical order.
pub(super) fn ordered_tags(tags: &[String]) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for tag in tags.iter().map(|tag| tag.trim()).filter(|tag| !tag.is_empty()) {
        if !kept.iter().any(|k| k.to_lowercase() == tag.to_lowercase()) {
            kept.push(tag.to_owned());
        }
    }
    kept.sort_by_key(|tag| tag.to_lowercase());
    kept
}

pub(super) fn set_note(change: &mut Change<'_>, note: Option<String>) {
    change.order.note = note;
    change.tell(Event::Order("orders/updated"));
}

pub(super) fn set_tags(change: &mut Change<'_>, tags: &[String]) {
    change.order.tags = ordered_tags(tags);
    change.tell(Event::Order("orders/updated"));
}

pub(super) fn set_attributes(change: &mut Change<'_>, attributes: Vec<Attribute>) {
    change.order.attributes = attributes;
    change.tell(Event::Order("orders/updated"));
}

pub(super) fn set_shipping_address(change: &mut Change<'_>, address: Option<Address>) {
    let id = change.order.shipping_address.as_ref().map(|old| old.id);
    change.order.shipping_address = address.map(|address| {
        let id = id.unwrap_or_else(|| change.ids.next());
        Address { id, ..address }
    });
    change.tell(Event::Order("orders/updated"));
}

pub(super) fn close(change: &mut Change<'_>) {
    if change.order.closed_at.is_none() {
        change.order.closed_at = Some(change.now);
        change.tell(Event::Order("orders/updated"));
    }
}

pub(super) fn reopen(change: &mut Change<'_>) -> Result<(), Refused> {
    if change.order.cancelled_at.is_some() {
        return Err(Refused::invalid("Cannot open a cancelled order"));
    }
    if change.order.closed_at.take().is_some() {
        change.tell(Event::Order("orders/updated"));
    }
    Ok(())
}

/// Archives an order that is paid and fulfilled, as shops do unless told otherwise.
pub(super) fn archive_if_done(change: &mut Change<'_>) {
    let order = &mut *change.order;
    let settled = matches!(
        order.financial_status(),
        FinancialStatus::Paid | FinancialStatus::PartiallyRefunded | FinancialStatus::Refunded
    );
    if change.profile.archives && order.closed_at.is_none() && settled && order.is_fulfilled() {
        order.closed_at = Some(change.now);
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn tags_are_kept_once_and_in_order() {
        let tags: Vec<String> = [" vip ", "Club", "VIP", "", "allocation"].map(str::to_owned).to_vec();
        assert_eq!(super::ordered_tags(&tags), ["allocation", "Club", "vip"]);
    }
}
