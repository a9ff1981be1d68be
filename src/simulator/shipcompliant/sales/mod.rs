//! The operations on a sales order that exists: read, commit, set a shipment's status, void.
//!
//! What a person does inside ShipCompliant and what a request asks for are the same function with another author, so
//! neither can do what the other could not. A key without a live order is answered alike everywhere.

pub(super) mod quote;
pub(super) mod submission;
mod tax;
pub(super) mod tracking;

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Account;
use super::ledger::{Actor, Change, Ledger};
use super::order::{Payment, SalesOrder, Shipment};
use super::reading;
use super::shapes;
use super::wire::{Problem, Problems, Reply, amount_if_any};

/// Why a change was not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The key has no live order.
    #[error("SalesOrder does not exist [{0}].")]
    Order(String),
    /// The order has no such shipment.
    #[error("Shipment does not exist [{0}].")]
    Shipment(String),
    /// The shipment was voided.
    #[error("Shipment is voided; its status may not be updated [{0}].")]
    Voided(String),
    /// No such shipment status exists.
    #[error("ShipmentStatus does not exist [{0}].")]
    Status(String),
    /// The shipment has no such tracking number.
    #[error("TrackingNumber does not exist [{0}].")]
    Tracking(String),
    /// The address is not one.
    #[error("The address is not valid: {0}")]
    Address(String),
}

impl Refused {
    /// As an answer tells it. `area` is what the operation is about, where the error itself does not say.
    fn problem(self, area: &'static str) -> Problem {
        let message = self.to_string();
        match self {
            Self::Order(key) => Problem::absent(area, Some("200"), key, message),
            Self::Shipment(key) => Problem::absent(area, None, key, message),
            Self::Tracking(key) => Problem::absent("Tracking", None, key, message),
            Self::Voided(key) | Self::Status(key) => Problem::validation("Shipment", None, key, message),
            Self::Address(key) => Problem::validation("Address", None, key, message),
        }
    }

    fn problems(self, area: &'static str) -> Problems {
        vec![self.problem(area)]
    }
}

/// Which shipments a request wants committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CommitOption {
    None,
    All,
    Compliant,
}

impl CommitOption {
    fn of(value: Option<&str>) -> Self {
        match value {
            Some("AllShipments") => Self::All,
            Some("CompliantShipments") => Self::Compliant,
            _ => Self::None,
        }
    }

    /// Commits what it asks for of an order; tells which shipments that were not committed now are.
    fn commit(self, order: &mut SalesOrder) -> Vec<String> {
        let mut committed = Vec::new();
        for shipment in order.shipments.iter_mut().filter(|s| !s.committed && !s.is_voided()) {
            let compliant = shipment.verdict.as_ref().is_some_and(super::compliance::Verdict::is_compliant);
            if self == Self::All || (self == Self::Compliant && compliant) {
                shipment.committed = true;
                committed.push(shipment.key.clone());
            }
        }
        committed
    }
}

/// `GET salesOrders/{key}`.
pub(super) fn fetch(account: &Account, key: &str) -> Result<Reply, Problems> {
    account.with(|ledger| {
        let Some(order) = ledger.order(key) else {
            return Err(Refused::Order(key.to_owned()).problems("SalesOrder"));
        };
        let mut answer = json!({ "salesOrder": order.document() });
        if let Some(results) = order.compliance_results() {
            answer["complianceResults"] = results;
        }
        Ok(Reply::success(answer))
    })
}

/// `DELETE salesOrders/{key}`.
pub(super) fn void(account: &Account, key: &str) -> Result<Reply, Problems> {
    account.with(|ledger| {
        if ledger.remove(key, Actor::Integration) {
            Ok(Reply::success(json!({})))
        } else {
            Err(Refused::Order(key.to_owned()).problems("SalesOrder"))
        }
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Commit {
    #[serde(rename = "commitOption")]
    option: String,
    payments: Option<Vec<Payment>>,
    #[serde(default, with = "amount_if_any")]
    sales_tax_collected: Option<Decimal>,
    sales_order_key: String,
}

/// `POST salesOrders/commit`: commits what was last checked or saved and tells each shipment's state. An order that is
/// committed already stays as it is, payments included, and says so.
pub(super) fn commit(account: &Account, body: &[u8]) -> Result<Reply, Problems> {
    let request: Commit = reading::read(body, shapes::COMMIT, "SalesOrder")?;
    let option = CommitOption::of(Some(&request.option));
    let key = request.sales_order_key;
    account.with(|ledger| {
        if option != CommitOption::None && ledger.order(&key).is_some_and(SalesOrder::is_committed) {
            ledger.double_commits += 1;
        }
        let outcome = ledger.change(&key, |order| {
            let committed = option.commit(order);
            if !committed.is_empty() {
                if let Some(payments) = request.payments {
                    order.payments = payments;
                }
                if let Some(collected) = request.sales_tax_collected {
                    order.sales_tax_collected = collected;
                }
            }
            let state = |s: &Shipment| json!({ "key": s.key, "isCommitted": s.stands_committed() });
            (committed, order.shipments.iter().map(state).collect::<Vec<Value>>())
        });
        let Some((committed, shipments)) = outcome else {
            return Err(Refused::Order(key).problems("SalesOrder"));
        };
        if !committed.is_empty() {
            ledger.note(&key, Actor::Integration, Change::Committed { shipments: committed });
        }
        Ok(Reply::success(json!({ "shipments": shipments })))
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewStatus {
    sales_order_key: String,
    shipment_key: String,
    shipment_status: String,
}

/// `PUT salesOrders/shipments/status`.
pub(super) fn put_status(account: &Account, body: &[u8]) -> Result<Reply, Problems> {
    let request: NewStatus = reading::read(body, shapes::SHIPMENT_STATUS, "Shipment")?;
    account.with(|ledger| {
        let NewStatus { sales_order_key, shipment_key, shipment_status } = request;
        set_status(ledger, &sales_order_key, &shipment_key, &shipment_status, Actor::Integration)
            .map_err(|refused| refused.problems("SalesOrder"))?;
        Ok(Reply::success(json!({})))
    })
}

/// Sets one shipment's status. Any status may follow any other but *Voided*; setting the same again changes nothing.
pub(super) fn set_status(
    ledger: &mut Ledger,
    key: &str,
    shipment_key: &str,
    status: &str,
    by: Actor,
) -> Result<(), Refused> {
    let Some(status) = shapes::SHIPMENT_STATUSES.iter().find(|known| known.eq_ignore_ascii_case(status))
    else {
        return Err(Refused::Status(status.to_owned()));
    };
    let from = change_shipment(ledger, key, shipment_key, |shipment| {
        if shipment.is_voided() {
            return Err(Refused::Voided(shipment_key.to_owned()));
        }
        let from = shipment.status.clone();
        shipment.set_status(status);
        Ok(from)
    })??;
    if from != *status {
        let change = Change::Status { shipment: shipment_key.to_owned(), from, to: (*status).to_owned() };
        ledger.note(key, by, change);
    }
    Ok(())
}

/// Changes parts of a shipment's address, as a person does in the order's screen: the parts named in `parts` take its
/// values, the others stay. The compliance result stays as it was checked.
pub(super) fn edit_ship_to(
    ledger: &mut Ledger,
    key: &str,
    shipment_key: &str,
    parts: &Value,
) -> Result<(), Refused> {
    let Value::Object(parts) = parts else {
        return Err(Refused::Address("the parts must be an object.".to_owned()));
    };
    change_shipment(ledger, key, shipment_key, |shipment| {
        let mut document = serde_json::to_value(&shipment.ship_to).unwrap_or_default();
        for (name, value) in parts {
            let known = shapes::ADDRESS.iter().find(|field| field.name.eq_ignore_ascii_case(name));
            document[known.map_or(name.as_str(), |field| field.name)] = value.clone();
        }
        shipment.ship_to = reading::read_value(document, shapes::ADDRESS, "Address").map_err(|problems| {
            Refused::Address(problems.iter().map(Problem::told).collect::<Vec<_>>().join(" "))
        })?;
        Ok(())
    })??;
    ledger.note(key, Actor::Person, Change::AddressEdited { shipment: shipment_key.to_owned() });
    Ok(())
}

/// Changes one shipment of a live order.
fn change_shipment<T>(
    ledger: &mut Ledger,
    key: &str,
    shipment_key: &str,
    change: impl FnOnce(&mut Shipment) -> T,
) -> Result<T, Refused> {
    ledger
        .change(key, |order| order.shipment_mut(shipment_key).map(change))
        .ok_or_else(|| Refused::Order(key.to_owned()))?
        .ok_or_else(|| Refused::Shipment(shipment_key.to_owned()))
}
