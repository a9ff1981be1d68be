//! What becomes of a shipment: how it can be followed, and how far it has come.
//!
//! Both can be changed on a fulfillment that was taken back, as with the real shop.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::order::{FulfillmentEvent, Place, ShipmentStatus};
use super::super::state::{Change, Event, Refused};
use super::fulfillment::find;

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
    pub(super) fn pages(&self) -> Vec<String> {
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
    place: &Place,
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
        place: place.clone(),
    });
    fulfillment.shipment_status = Some(new.status);
    fulfillment.updated_at = now;
    change.tell(Event::Shipment(id, event));
    change.tell(Event::Fulfillment("fulfillments/update", id));
    change.tell(Event::Order("orders/updated"));
    Ok(event)
}
