//! Whether an order can be delivered where it goes, by the service that was chosen: a pure function of the order and the
//! route.
//!
//! An address that is certainly wrong and a service that does not take the order are a person's to decide, with the
//! services that would take it. A message names parts, provinces, countries and services, never what a person wrote.

use rust_decimal::Decimal;

use crate::domain::address::Address;
use crate::domain::copy::Item;
use crate::domain::order::{Line, OrderDocument};
use crate::domain::places::{Flaw, Place, flaws};
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::route::Route;
use crate::domain::service::{Consignment, Obstacle, obstacle};

/// Why the order cannot go to this address by this service of the route, if so.
pub(super) fn check_delivery(
    order: &OrderDocument,
    goods: &[&Line],
    items: &[Item],
    ship_to: &Address,
    service: &str,
    route: &Route,
) -> Result<(), Reason> {
    if route.check_address {
        check_address(order, ship_to)?;
    }
    if route.services.is_empty() {
        return Ok(());
    }
    let consignment = Consignment {
        places: Place::of(ship_to),
        po_box: ship_to.is_po_box(),
        grams: goods
            .iter()
            .map(|line| line.grams.saturating_mul(line.current.into()))
            .fold(0, u64::saturating_add),
        value: items
            .iter()
            .map(|item| item.unit_price * Decimal::from(item.quantity) - item.discount)
            .sum::<Decimal>()
            .normalize(),
    };
    let Some(obstacle) = obstacle(&route.services, service, &consignment) else { return Ok(()) };
    let place =
        consignment.places.first().map_or_else(|| "an unknown country".to_owned(), ToString::to_string);
    let Consignment { grams, value, .. } = &consignment;
    let currency = &order.currency;
    let (code, wrong, otherwise) = match obstacle {
        Obstacle::Place => (
            ReasonCode::ServiceUnavailable,
            format!("does not go to {place}"),
            "correct the address at the channel",
        ),
        Obstacle::PoBox => (
            ReasonCode::PoBoxRefused,
            format!("does not deliver to post-office boxes in {place}"),
            "give the order a street address at the channel",
        ),
        Obstacle::ValueBelow(least) => (
            ReasonCode::OverThreshold,
            format!("takes goods worth {least} {currency} or more to {place}, and these come to {value}"),
            "cancel the order at the channel",
        ),
        Obstacle::ValueAbove(most) => (
            ReasonCode::OverThreshold,
            format!("takes goods worth {most} {currency} at most to {place}, and these come to {value}"),
            "take lines off the order at the channel",
        ),
        Obstacle::WeightAbove(most) => (
            ReasonCode::OverThreshold,
            format!("takes {most} g at most to {place}, and these goods weigh {grams} g"),
            "take lines off the order at the channel",
        ),
    };
    let choices = choices(route, &consignment);
    let mend = if choices.is_empty() {
        format!(
            "no service of the route takes the order as it is: {otherwise}, or change the route's services and retry"
        )
    } else {
        format!("give the order a shipping rate that takes it, one of {}; or {otherwise}", choices.join(", "))
    };
    Err(Reason::new(code, format!("the service «{service}» of order {} {wrong}", order.name), mend))
}

fn check_address(order: &OrderDocument, ship_to: &Address) -> Result<(), Reason> {
    let flaws = flaws(ship_to);
    if flaws.is_empty() {
        return Ok(());
    }
    let missing = |flaw: &Flaw| matches!(flaw, Flaw::Missing(_));
    let (code, mend) = if flaws.iter().all(missing) {
        let mend = "complete the address at the channel; the order is checked again by itself";
        (ReasonCode::AddressIncomplete, mend)
    } else {
        let mend = "correct the address at the channel; the order is checked again by itself. Where it is right after all, \
                    set check_address = false in the route and retry";
        (ReasonCode::AddressInvalid, mend)
    };
    let told: Vec<String> = flaws.iter().map(ToString::to_string).collect();
    Err(Reason::new(code, format!("the shipping address of order {}: {}", order.name, told.join("; ")), mend))
}

/// Services of the route that would take the order, with the rate that leads to each.
fn choices(route: &Route, order: &Consignment) -> Vec<String> {
    let mut choices: Vec<(&str, String)> = Vec::new();
    for (rate, service) in &route.methods {
        let known = choices.iter().any(|(known, _)| known == service);
        if !known && obstacle(&route.services, service, order).is_none() {
            choices.push((service, format!("«{}» ({service})", rate.0)));
        }
    }
    choices.into_iter().map(|(_, told)| told).collect()
}
