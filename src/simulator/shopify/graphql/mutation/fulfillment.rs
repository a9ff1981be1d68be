//! Fulfillments: making them, their tracking, taking them back, and what happens to a shipment.
//!
//! There is no key against repeats: the same fulfillment asked for twice is made twice as long as units are left.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::Value;

use super::super::super::actions::{
    self, HoldUnits, NewFulfillment, NewShipmentEvent, Tracking, UnitsOfFulfillmentOrder,
};
use super::super::super::order::{Origin, Place, ShipmentStatus};
use super::super::schema::Args;
use super::{Acting, Payload, UserError, items, number, quantity, text};

/// `fulfillmentCreate`. Quantities are looked at before anything is looked up.
pub(super) fn create(acting: &mut Acting<'_>, args: &Args) -> Result<Payload, UserError> {
    const AT: &[&str] = &["fulfillment"];
    let input = args.get("fulfillment").unwrap_or(&Value::Null);
    let groups = items(input.get("lineItemsByFulfillmentOrder"));
    for (group, of) in groups.iter().enumerate() {
        for (at, line) in items(of.get("fulfillmentOrderLineItems")).iter().enumerate() {
            if quantity(&line["quantity"]).is_none() {
                let (group, at) = (group.to_string(), at.to_string());
                let field = [
                    "fulfillment",
                    "lineItemsByFulfillmentOrder",
                    &group,
                    "fulfillmentOrderLineItems",
                    &at,
                    "quantity",
                ];
                return Err(UserError::new(&field, "Quantity must be greater than 0"));
            }
        }
    }
    let mut orders = BTreeSet::new();
    let mut wanted = Vec::new();
    for group in groups {
        let Some((id, order)) = acting.find("FulfillmentOrder", &group["fulfillmentOrderId"]) else {
            return Err(UserError::new(AT, "Fulfillment order does not exist."));
        };
        orders.insert(order.id);
        wanted.push(UnitsOfFulfillmentOrder { fulfillment_order_id: id, units: units(group) });
    }
    let order = match orders.first() {
        Some(order) if orders.len() == 1 => *order,
        Some(_) => {
            let message = format!(
                "All fulfillment orders must belong to the same order. Multiple orders with ids {:?} were found.",
                orders.into_iter().collect::<Vec<_>>()
            );
            return Err(UserError::new(AT, message));
        }
        None => return Err(UserError::new(AT, "Fulfillment order does not exist.")),
    };
    let new = NewFulfillment {
        fulfillment_orders: wanted,
        tracking: tracking(&input["trackingInfo"]),
        origin: origin(&input["originAddress"]),
        ..NewFulfillment::default()
    };
    let id = acting
        .change(order, |change| actions::fulfill(change, &new))
        .map_err(|refused| UserError::new(AT, refused.to_string()))?;
    Ok(Payload::of("fulfillment", "Fulfillment", id))
}

/// The units asked for of a fulfillment order; none means all.
pub(super) fn units(of: &Value) -> Vec<HoldUnits> {
    let unit = |line: &Value| HoldUnits {
        fulfillment_order_line_id: number("FulfillmentOrderLineItem", &line["id"]),
        quantity: quantity(&line["quantity"]).unwrap_or_default(),
    };
    items(of.get("fulfillmentOrderLineItems")).iter().map(unit).collect()
}

fn tracking(input: &Value) -> Tracking {
    let all = |many: &str, one: &str| -> Vec<String> {
        let many: Vec<String> = items(input.get(many)).iter().filter_map(text).collect();
        if many.is_empty() { text(&input[one]).into_iter().collect() } else { many }
    };
    Tracking { company: text(&input["company"]), numbers: all("numbers", "number"), urls: all("urls", "url") }
}

fn origin(input: &Value) -> Option<Origin> {
    input.as_object()?;
    Some(Origin {
        address1: text(&input["address1"]),
        address2: text(&input["address2"]),
        city: text(&input["city"]),
        country_code: text(&input["countryCode"]).unwrap_or_default(),
        province_code: text(&input["provinceCode"]),
        zip: text(&input["zip"]),
    })
}

/// `fulfillmentTrackingInfoUpdate`, on a cancelled fulfillment too.
pub(super) fn update_tracking(acting: &mut Acting<'_>, args: &Args) -> Result<Payload, UserError> {
    let wrong = |message: String| UserError::new(&["fulfillmentId"], message);
    let (id, order) = fulfillment(acting, args.get("fulfillmentId"))
        .ok_or_else(|| wrong("Fulfillment does not exist.".to_owned()))?;
    let tracking = tracking(args.get("trackingInfoInput").unwrap_or(&Value::Null));
    acting
        .change(order, |change| actions::update_tracking(change, id, &tracking))
        .map_err(|refused| wrong(refused.to_string()))?;
    Ok(Payload::of("fulfillment", "Fulfillment", id))
}

/// `fulfillmentCancel`; again on a cancelled one it changes nothing and succeeds.
pub(super) fn cancel(acting: &mut Acting<'_>, args: &Args) -> Result<Payload, UserError> {
    let wrong = |message: String| UserError::new(&["id"], message);
    let (id, order) =
        fulfillment(acting, args.get("id")).ok_or_else(|| wrong("Fulfillment not found.".to_owned()))?;
    acting
        .change(order, |change| actions::cancel_fulfillment(change, id))
        .map_err(|refused| wrong(refused.to_string()))?;
    Ok(Payload::of("fulfillment", "Fulfillment", id))
}

/// `fulfillmentEventCreate`, on a cancelled fulfillment too.
pub(super) fn create_event(acting: &mut Acting<'_>, args: &Args) -> Result<Payload, UserError> {
    let input = args.get("fulfillmentEvent").unwrap_or(&Value::Null);
    let wrong = |message: String| UserError::new(&["fulfillmentEvent", "fulfillmentId"], message);
    let (id, order) = fulfillment(acting, input.get("fulfillmentId"))
        .ok_or_else(|| wrong("Fulfillment does not exist.".to_owned()))?;
    let Some(status) = ShipmentStatus::ALL.iter().find(|s| input["status"] == s.graphql()) else {
        return Err(UserError::new(&["fulfillmentEvent", "status"], "Status is invalid"));
    };
    let time = |name: &str| input[name].as_str().and_then(|text| text.parse::<Timestamp>().ok());
    let degrees = |name: &str| input[name].as_number().and_then(|n| n.to_string().parse::<Decimal>().ok());
    let new = NewShipmentEvent {
        status: *status,
        message: text(&input["message"]),
        happened_at: time("happenedAt"),
        estimated_delivery_at: time("estimatedDeliveryAt"),
    };
    let place = Place {
        address1: text(&input["address1"]),
        city: text(&input["city"]),
        province: text(&input["province"]),
        country: text(&input["country"]),
        zip: text(&input["zip"]),
        latitude: degrees("latitude"),
        longitude: degrees("longitude"),
    };
    let event = acting
        .change(order, |change| actions::set_shipment_status(change, id, &new, &place))
        .map_err(|refused| wrong(refused.to_string()))?;
    Ok(Payload::of("fulfillmentEvent", "FulfillmentEvent", event))
}

/// A fulfillment's id and its order's.
fn fulfillment(acting: &Acting<'_>, gid: Option<&Value>) -> Option<(i64, i64)> {
    gid.and_then(|gid| acting.find("Fulfillment", gid)).map(|(id, order)| (id, order.id))
}
