//! Taking an order in: saving, checking, and checking with commit.
//!
//! A submission is refused whole or taken whole: where anything is wrong with keys, products, services or addresses,
//! all of it is reported and nothing is stored. An order that breaks a compliance rule is not wrong; it is stored with
//! its verdict and, unless the request insists, not committed.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::json;

use super::CommitOption;
use super::tax::Tax;
use crate::simulator::shipcompliant::Account;
use crate::simulator::shipcompliant::address::{self, Finding, Postal, Severity};
use crate::simulator::shipcompliant::catalogue::{Catalogue, Named};
use crate::simulator::shipcompliant::compliance::{Rules, Verdict};
use crate::simulator::shipcompliant::ledger::{Actor, Change, Ledger};
use crate::simulator::shipcompliant::options::Options;
use crate::simulator::shipcompliant::order::{SalesOrder, Shipment};
use crate::simulator::shipcompliant::reading;
use crate::simulator::shipcompliant::shapes;
use crate::simulator::shipcompliant::wire::{Problem, Problems, Reply};

/// What a submission is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Purpose {
    /// `POST salesOrders`: store it.
    Save,
    /// `POST salesOrders/check-compliance`: check and store it.
    Check,
    /// `POST salesOrders/check-commit`: check, store and commit it.
    Commit,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Submission {
    sales_order: SalesOrder,
    #[serde(default)]
    address_option: AddressOption,
    persist_option: Option<String>,
    commit_option: Option<String>,
}

/// How strictly addresses are judged.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AddressOption {
    #[serde(default)]
    ignore_street_level_errors: bool,
    #[serde(default)]
    reject_if_address_suggested: bool,
}

/// Takes an order in.
pub(in super::super) fn submit(account: &Account, body: &[u8], purpose: Purpose) -> Result<Reply, Problems> {
    let shape = if purpose == Purpose::Commit { shapes::CHECK_AND_COMMIT } else { shapes::SUBMISSION };
    let Submission { sales_order: mut order, address_option, persist_option, commit_option } =
        reading::read(body, shape, "SalesOrder")?;
    let commit = CommitOption::of(commit_option.as_deref());
    let options = account.options();
    account.with(|ledger| {
        if ledger.order(&order.key).is_some_and(SalesOrder::is_committed) {
            if commit != CommitOption::None {
                ledger.double_commits += 1;
            }
            if !options.override_committed || persist_option.as_deref() != Some("OverrideExisting") {
                let key = order.key;
                let message = "SalesOrder has been committed.";
                return Err(vec![Problem::validation("SalesOrder", Some("215"), key, message)]);
            }
        }
        prepare(&mut order, address_option, &ledger.catalogue, options)?;
        let reply = if purpose == Purpose::Save {
            Reply::success(json!({}))
        } else {
            let verdicts = check(&order, ledger, options);
            let tax = Tax::of(&order);
            order.sales_tax_due = Some(tax.due);
            let reply = checked(&order, &verdicts, Some(&tax));
            for (shipment, verdict) in order.shipments.iter_mut().zip(verdicts) {
                shipment.verdict = Some(verdict.kept());
            }
            reply
        };
        store(ledger, order, purpose, commit);
        Ok(reply)
    })
}

fn store(ledger: &mut Ledger, mut order: SalesOrder, purpose: Purpose, commit: CommitOption) {
    let key = order.key.clone();
    let compliance = (purpose != Purpose::Save).then(|| order.compliance_status().to_owned());
    let committed = if purpose == Purpose::Commit { commit.commit(&mut order) } else { Vec::new() };
    ledger.put(order);
    ledger.note(&key, Actor::Integration, Change::Submitted { compliance });
    if !committed.is_empty() {
        ledger.note(&key, Actor::Integration, Change::Committed { shipments: committed });
    }
}

/// The verdict on each shipment of a prepared order.
pub(super) fn check(order: &SalesOrder, ledger: &Ledger, options: &Options) -> Vec<Verdict> {
    Rules { options, forbidden_states: &ledger.forbidden_states }
        .check(order, |year, state| ledger.received(&order.customer_key, year, state, &order.key))
}

/// The answer of a check; `tax` is left out where it was not asked for.
pub(super) fn checked(order: &SalesOrder, verdicts: &[Verdict], tax: Option<&Tax>) -> Reply {
    let compliant = verdicts.iter().all(Verdict::is_compliant);
    let key = Some(&order.key).filter(|key| !key.is_empty());
    let shipments: Vec<_> =
        order.shipments.iter().zip(verdicts).map(|(s, verdict)| verdict.document(&s.key)).collect();
    let mut results = json!({
        "key": key,
        "complianceStatus": if compliant { "Compliant" } else { "NotCompliant" },
        "shipments": shipments,
    });
    match tax {
        Some(tax) => {
            results["salesTaxRates"] = tax.document.clone();
            Reply::success(json!({ "salesOrder": results }))
        }
        None => Reply::success(json!({ "complianceResults": results })),
    }
}

/// Fills in what may be left out and finds everything that keeps the order from being taken.
pub(super) fn prepare(
    order: &mut SalesOrder,
    address_option: AddressOption,
    catalogue: &Catalogue,
    options: &Options,
) -> Result<(), Problems> {
    let mut problems = Vec::new();
    let mut keys = BTreeSet::new();
    if order.shipments.is_empty() {
        let message = "A SalesOrder needs at least one Shipment.";
        problems.push(Problem::validation("SalesOrder", None, &order.key, message));
    }
    for (index, shipment) in order.shipments.iter_mut().enumerate() {
        if shipment.key.trim().is_empty() {
            shipment.key = (index + 1).to_string();
        }
        if !keys.insert(shipment.key.clone()) {
            problems.push(of_shipment(shipment, None, "ShipmentKey is given twice", &shipment.key));
        }
        if shipment.is_voided() {
            problems.push(of_shipment(shipment, None, "A Shipment cannot be submitted as", "Voided"));
        }
        if !options.knows_service(&shipment.shipping_service) {
            let service = &shipment.shipping_service;
            problems.push(of_shipment(shipment, None, "ShippingService does not exist", service));
        }
        shipment.ship_to.state = shipment.ship_to.state.trim().to_ascii_uppercase();
        prepare_items(shipment, catalogue, &mut problems);
        prepare_address(shipment, address_option, options, &mut problems);
        shipment.packages.retain(|p| p.tracking_number.as_deref().is_some_and(|number| !number.is_empty()));
        shipment.retrack();
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

fn of_shipment(shipment: &Shipment, code: Option<&'static str>, message: &str, what: &str) -> Problem {
    Problem::validation("Shipment", code, &shipment.key, format!("{message} [{what}]."))
}

fn prepare_items(shipment: &mut Shipment, catalogue: &Catalogue, problems: &mut Problems) {
    if shipment.items.is_empty() {
        let message = "A Shipment needs at least one ShipmentItem.";
        problems.push(Problem::validation("Shipment", None, &shipment.key, message));
    }
    let mut items = std::mem::take(&mut shipment.items);
    for item in &mut items {
        if item.product_quantity.is_zero() {
            problems.push(of_shipment(shipment, None, "ProductQuantity must not be zero", &item.product_key));
        }
        // As people enter refunds in ShipCompliant; whether the API refuses another status is not published, and is played as
        // the stricter of the two.
        if item.product_quantity.is_sign_negative() && shipment.status != "Delivered" {
            let message = "A negative ProductQuantity is accepted only in a Shipment that is Delivered";
            problems.push(of_shipment(shipment, None, message, &item.product_key));
        }
        if item.product_unit_price.is_sign_negative() {
            let message = "ProductUnitPrice must not be negative";
            problems.push(of_shipment(shipment, None, message, &item.product_key));
        }
        match catalogue.named(item.brand_key.as_deref(), &item.product_key) {
            Named::One(brand, class) => {
                item.brand_key = Some(brand).filter(|brand| !brand.is_empty());
                item.class = class;
            }
            Named::Several => {
                let message = "ProductKey exists in more than one brand; give the BrandKey";
                problems.push(of_shipment(shipment, None, message, &item.product_key));
            }
            Named::Nothing => {
                let keys = format!("{},{}", item.brand_key.as_deref().unwrap_or_default(), item.product_key);
                let message = "Product matching given BrandKey/ProductKey does not exist";
                problems.push(of_shipment(shipment, Some("201"), message, &keys));
            }
        }
    }
    shipment.items = items;
}

fn prepare_address(
    shipment: &mut Shipment,
    option: AddressOption,
    options: &Options,
    problems: &mut Problems,
) {
    let to = &shipment.ship_to;
    let postal = Postal {
        street1: &to.street1,
        street2: to.street2.as_deref(),
        city: &to.city,
        state: &to.state,
        zip1: &to.zip1,
        country: to.country.as_deref(),
    };
    let Finding { severity, message, street, .. } = address::examine(&postal);
    let refused = match severity {
        Severity::Fine => false,
        Severity::Suggestion => option.reject_if_address_suggested,
        Severity::Street => !option.ignore_street_level_errors,
        Severity::Fatal => true,
    };
    if refused {
        let suggestion = match severity {
            Severity::Suggestion => Some(street.suggestion(&postal)),
            _ => address::elsewhere(&postal),
        };
        let problem = Problem::validation("Address", None, &shipment.key, message);
        problems.push(problem.suggesting(suggestion));
    } else if options.normalize_addresses && severity == Severity::Suggestion {
        shipment.ship_to.street1 = street.street1;
        shipment.ship_to.street2 = Some(street.street2).filter(|line| !line.is_empty());
    }
}
