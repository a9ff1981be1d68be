//! Quotes and address validation: the same checks with nothing saved.
//!
//! A quote sees the account's state and leaves no trace in it but the request itself.

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Value, json};

use super::submission::{AddressOption, check, checked, prepare};
use super::tax::{Tax, cents, percent, share};
use crate::simulator::shipcompliant::Account;
use crate::simulator::shipcompliant::address::{self, Finding, Postal, Severity, State};
use crate::simulator::shipcompliant::catalogue::Named;
use crate::simulator::shipcompliant::order::{Class, SalesOrder};
use crate::simulator::shipcompliant::reading;
use crate::simulator::shipcompliant::shapes;
use crate::simulator::shipcompliant::wire::{Problem, Problems, Reply, amount, amount_if_any, double};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Quote {
    sales_order: SalesOrder,
    #[serde(default)]
    address_option: AddressOption,
}

/// `POST salesOrders/quote`, and `salesOrders/quote/compliance` which leaves the tax out.
pub(in super::super) fn quote(account: &Account, body: &[u8], with_tax: bool) -> Result<Reply, Problems> {
    let Quote { sales_order: mut order, address_option } = reading::read(body, shapes::QUOTE, "SalesOrder")?;
    account.with(|ledger| {
        prepare(&mut order, address_option, &ledger.catalogue, account.options())?;
        let verdicts = check(&order, ledger, account.options());
        let tax = with_tax.then(|| Tax::of(&order));
        Ok(checked(&order, &verdicts, tax.as_ref()))
    })
}

#[derive(Deserialize)]
struct TaxAddress {
    city: Option<String>,
    state: Option<String>,
    street1: Option<String>,
    street2: Option<String>,
    zip1: String,
    zip2: Option<String>,
}

impl TaxAddress {
    /// The state by ZIP code, which must agree with the one given.
    fn locate(&self) -> Result<&'static State, Problems> {
        let refused = |message: &str| vec![Problem::validation("Address", None, &self.zip1, message)];
        let by_zip =
            address::state_of_zip(&self.zip1).ok_or_else(|| refused("Shipping Zip1 does not exist."))?;
        let Some(code) = self.state.as_deref().filter(|code| !code.trim().is_empty()) else {
            return Ok(by_zip);
        };
        let postal =
            Postal { street1: "", street2: None, city: "", state: code, zip1: &self.zip1, country: None };
        let finding = address::examine(&postal);
        match (finding.severity, address::state(code)) {
            (Severity::Fatal, _) | (_, None) => Err(refused(finding.message)),
            (_, Some(state)) => Ok(state),
        }
    }

    fn document(&self, state: &State) -> Value {
        json!({
            "addressStatus": "Validated",
            "city": self.city,
            "county": null,
            "state": state.code,
            "street1": self.street1,
            "street2": self.street2,
            "zip1": self.zip1,
            "zip2": self.zip2,
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SalesTax {
    ship_to_address: TaxAddress,
    #[serde(default, with = "amount_if_any")]
    shipping_and_handling_collected: Option<Decimal>,
    order_items: Vec<TaxItem>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TaxItem {
    brand_key: Option<String>,
    product_key: String,
    #[serde(with = "amount")]
    product_quantity: Decimal,
    #[serde(default, with = "amount")]
    product_unit_price: Decimal,
}

/// `POST salesOrders/quote/sales-tax`.
pub(in super::super) fn sales_tax(account: &Account, body: &[u8]) -> Result<Reply, Problems> {
    let request: SalesTax = reading::read(body, shapes::SALES_TAX, "SalesOrder")?;
    let state = request.ship_to_address.locate()?;
    let rate = percent(state.sales_tax);
    account.with(|ledger| {
        let mut problems = Vec::new();
        let mut due = Decimal::ZERO;
        if state.freight_taxed {
            due += share(request.shipping_and_handling_collected.unwrap_or_default(), rate);
        }
        for item in &request.order_items {
            match ledger.catalogue.named(item.brand_key.as_deref(), &item.product_key) {
                Named::One(_, Class::Exempt) => {}
                Named::One(..) => due += share(item.product_quantity * item.product_unit_price, rate),
                Named::Several | Named::Nothing => {
                    let brand = item.brand_key.as_deref().unwrap_or_default();
                    let key = &item.product_key;
                    let message =
                        format!("Product matching given BrandKey/ProductKey does not exist [{brand},{key}].");
                    problems.push(Problem::validation("Product", Some("201"), key, message));
                }
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(Reply::success(json!({
            "processedAddress": request.ship_to_address.document(state),
            "salesTaxDue": double(cents(due)),
        })))
    })
}

#[derive(Deserialize)]
struct SalesTaxRate {
    address: TaxAddress,
}

/// `POST salesOrders/quote/sales-tax-rate`.
pub(in super::super) fn sales_tax_rate(body: &[u8]) -> Result<Reply, Problems> {
    let SalesTaxRate { address } = reading::read(body, shapes::SALES_TAX_RATE, "SalesOrder")?;
    let state = address.locate()?;
    let rate = double(percent(state.sales_tax));
    Ok(Reply::success(json!({
        "processedAddress": address.document(state),
        "taxRates": {
            "description": format!("{} combined sales tax", state.code),
            "foodSalesTaxPercent": 0.0,
            "freightSalesTaxPercent": if state.freight_taxed { rate } else { 0.0 },
            "merchandiseSalesTaxPercent": rate,
            "wineSalesTaxPercent": rate,
        },
    })))
}

#[derive(Deserialize)]
struct Validation {
    address: Place,
}

#[derive(Deserialize)]
struct Place {
    city: String,
    state: String,
    street1: String,
    zip1: String,
    company: Option<String>,
    country: Option<String>,
    street2: Option<String>,
}

/// `POST addresses/validate`. An address with a fault is still a success that tells the fault.
pub(in super::super) fn validate(body: &[u8]) -> Result<Reply, Problems> {
    let Validation { address: place } = reading::read(body, shapes::ADDRESS_TO_VALIDATE, "Address")?;
    let postal = Postal {
        street1: &place.street1,
        street2: place.street2.as_deref(),
        city: &place.city,
        state: &place.state,
        zip1: &place.zip1,
        country: place.country.as_deref(),
    };
    let Finding { status, severity, street, .. } = address::examine(&postal);
    let mut result = json!({
        "addressStatus": status,
        "isBusinessAddress": place.company.is_some_and(|company| !company.trim().is_empty()),
    });
    if matches!(severity, Severity::Fine | Severity::Suggestion) {
        result["addressSuggestion"] = street.suggestion(&postal);
    }
    Ok(Reply::success(json!({ "validateAddressResult": result })))
}
