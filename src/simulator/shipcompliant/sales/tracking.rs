//! Tracking numbers: added to, listed from and taken off the shipments of a live order.
//!
//! Adding what is there already changes nothing. Nothing here moves a shipment's status; the vendor keeps the two
//! apart.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Refused, change_shipment};
use crate::simulator::shipcompliant::Account;
use crate::simulator::shipcompliant::ledger::{Actor, Change, Ledger};
use crate::simulator::shipcompliant::reading;
use crate::simulator::shipcompliant::shapes;
use crate::simulator::shipcompliant::wire::{Problem, Problems, Reply};

/// The area that answers of these operations name.
const AREA: &str = "Tracking";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tracking {
    shipment_key: Option<String>,
    tracking_numbers: Vec<String>,
}

/// `GET salesOrders/{key}/tracking`, of these shipments or, if none is named, of all.
pub(in super::super) fn list(account: &Account, key: &str, shipments: &[String]) -> Result<Reply, Problems> {
    account.with(|ledger| {
        let order = ledger.order(key).ok_or_else(|| Refused::Order(key.to_owned()).problems(AREA))?;
        let trackings: Vec<Value> = order
            .shipments
            .iter()
            .filter(|s| shipments.is_empty() || shipments.contains(&s.key))
            .map(|s| (&s.key, s.tracking_numbers().collect::<Vec<_>>()))
            .filter(|(_, numbers)| !numbers.is_empty())
            .map(|(key, numbers)| json!({ "shipmentKey": key, "trackingNumbers": numbers }))
            .collect();
        Ok(Reply::success(json!({ "trackings": trackings })))
    })
}

/// `POST salesOrders/{key}/tracking`. The shipment may be left out where there is only one.
pub(in super::super) fn add(account: &Account, key: &str, body: &[u8]) -> Result<Reply, Problems> {
    let request: Tracking = reading::read(body, shapes::TRACKING, AREA)?;
    let refused = |message: &str| vec![Problem::validation(AREA, None, key, message)];
    if request.tracking_numbers.is_empty() || request.tracking_numbers.iter().any(|n| n.trim().is_empty()) {
        return Err(refused("TrackingNumbers must hold at least one number, and no empty one."));
    }
    account.with(|ledger| {
        let order = ledger.order(key).ok_or_else(|| Refused::Order(key.to_owned()).problems(AREA))?;
        let shipment = match (request.shipment_key, order.shipments.as_slice()) {
            (Some(shipment), _) => shipment,
            (None, [only]) => only.key.clone(),
            (None, _) => return Err(refused("The order has several shipments; give the ShipmentKey.")),
        };
        add_numbers(ledger, key, &shipment, &request.tracking_numbers, Actor::Integration)
            .map_err(|refused| refused.problems(AREA))?;
        Ok(Reply::success(json!({})))
    })
}

/// Adds numbers to a shipment.
pub(in super::super) fn add_numbers(
    ledger: &mut Ledger,
    key: &str,
    shipment_key: &str,
    numbers: &[String],
    by: Actor,
) -> Result<(), Refused> {
    let added = change_shipment(ledger, key, shipment_key, |shipment| {
        if shipment.is_voided() {
            return Err(Refused::Voided(shipment_key.to_owned()));
        }
        let numbers = numbers.iter().map(|number| number.trim());
        Ok(numbers.filter(|number| shipment.add_tracking(number)).map(str::to_owned).collect::<Vec<_>>())
    })??;
    for number in added {
        ledger.note(key, by, Change::TrackingAdded { shipment: shipment_key.to_owned(), number });
    }
    Ok(())
}

/// The four `DELETE …/tracking` operations: of an order or one of its shipments, every number or one. Taking away every
/// number where there is none is no error; a number that is not there is.
pub(in super::super) fn remove(
    account: &Account,
    key: &str,
    shipment_key: Option<&str>,
    number: Option<&str>,
) -> Result<Reply, Problems> {
    account.with(|ledger| {
        remove_numbers(ledger, key, shipment_key, number, Actor::Integration)
            .map_err(|refused| refused.problems(AREA))?;
        Ok(Reply::success(json!({})))
    })
}

/// Takes numbers off an order or one of its shipments: every number or one.
pub(in super::super) fn remove_numbers(
    ledger: &mut Ledger,
    key: &str,
    shipment_key: Option<&str>,
    number: Option<&str>,
    by: Actor,
) -> Result<(), Refused> {
    let removed = ledger
        .change(key, |order| {
            if let Some(wanted) = shipment_key
                && order.shipment_mut(wanted).is_none()
            {
                return Err(Refused::Shipment(wanted.to_owned()));
            }
            let mut removed = Vec::new();
            let chosen = |own: &str| shipment_key.is_none_or(|wanted| wanted == own);
            for shipment in order.shipments.iter_mut().filter(|s| chosen(&s.key)) {
                let (gone, kept) = std::mem::take(&mut shipment.packages).into_iter().partition(|package| {
                    number.is_none_or(|n| package.tracking_number.as_deref() == Some(n))
                });
                shipment.packages = kept;
                let gone: Vec<super::super::order::Package> = gone;
                let numbers = gone.into_iter().filter_map(|package| package.tracking_number);
                removed.extend(numbers.map(|number| (shipment.key.clone(), number)));
            }
            match number {
                Some(number) if removed.is_empty() => Err(Refused::Tracking(number.to_owned())),
                _ => Ok(removed),
            }
        })
        .ok_or_else(|| Refused::Order(key.to_owned()))
        .flatten()?;
    for (shipment, number) in removed {
        ledger.note(key, by, Change::TrackingVoided { shipment, number });
    }
    Ok(())
}
