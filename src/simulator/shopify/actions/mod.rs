//! What can be done to an order, each as a function over one [`Change`]: it checks, changes, and says which webhooks
//! the shop fires. Whether the change is kept is decided by the caller, so a refusal halfway leaves no trace.

mod details;
mod edit;
pub(super) mod fulfillment;
mod hold;
pub(super) mod payment;
mod rearrange;
mod risk;
mod shipment;

use super::order::totals::FinancialStatus;
use super::state::{Change, Event, Refused};
pub(super) use details::{Detail, NewMetafield, add_tags, ordered_tags, remove_tags, revise, set_metafields};
pub use edit::{EditOrder, SetQuantity};
pub(super) use edit::{change_shipping_line, edit_order};
pub use fulfillment::{FulfillUnits, NewFulfillment, UnitsOfFulfillmentOrder};
pub(super) use fulfillment::{cancel_fulfillment, fulfill};
pub use hold::{HoldUnits, NewHold, Release};
pub(super) use hold::{hold, open_scheduled, release};
pub use payment::{CancelOrder, NewRefund, RefundUnits};
pub(super) use payment::{authorize, cancel_order, mark_paid, refund, void};
pub(super) use rearrange::{call_off, move_to, split};
pub(super) use risk::assess;
pub use shipment::{NewShipmentEvent, Tracking};
pub(super) use shipment::{set_shipment_status, update_tracking};

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
