//! A sales order as the account keeps it: what was sent, and what became of each shipment.
//!
//! The same types read a request (already checked by its shape) and write an answer. Amounts are exact decimals and
//! moments are instants; doubles and dates without offset exist only at the wire. A document decides nothing.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::compliance::Verdict;
use super::wire::{amount, amount_if_any, civil, civil_if_any};

/// An order under its key.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SalesOrder {
    pub(super) bill_to: Address,
    pub(super) customer_key: String,
    #[serde(default)]
    pub(super) discounts: Vec<Discount>,
    #[serde(default = "no_fulfillment_type")]
    pub(super) fulfillment_type: String,
    pub(super) order_type: String,
    #[serde(default)]
    pub(super) payments: Vec<Payment>,
    #[serde(serialize_with = "civil")]
    pub(super) purchase_date: Timestamp,
    /// Empty only in a quote.
    #[serde(default, rename = "salesOrderKey")]
    pub(super) key: String,
    #[serde(default, with = "amount")]
    pub(super) sales_tax_collected: Decimal,
    /// Known once the order was checked.
    #[serde(default, skip_deserializing, with = "amount_if_any")]
    pub(super) sales_tax_due: Option<Decimal>,
    pub(super) shipments: Vec<Shipment>,
    #[serde(default)]
    pub(super) tags: Vec<Tag>,
}

/// One shipment of an order.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shipment {
    #[serde(default)]
    pub(super) discounts: Vec<Discount>,
    pub(super) fulfillment_account: Option<String>,
    pub(super) fulfillment_house: Option<String>,
    pub(super) fulfillment_exception_reason: Option<String>,
    #[serde(default = "no_exception")]
    pub(super) fulfillment_exception_type: String,
    pub(super) gift_note: Option<String>,
    #[serde(default, with = "amount_if_any")]
    pub(super) handling: Option<Decimal>,
    pub(super) license_relationship: String,
    #[serde(default)]
    pub(super) packages: Vec<Package>,
    #[serde(serialize_with = "civil")]
    pub(super) ship_date: Timestamp,
    #[serde(rename = "shipmentItems")]
    pub(super) items: Vec<Item>,
    /// The shipment's place in the order if the request named none.
    #[serde(default, rename = "shipmentKey")]
    pub(super) key: String,
    #[serde(rename = "shipmentStatus")]
    pub(super) status: String,
    #[serde(default, with = "amount_if_any")]
    pub(super) shipping: Option<Decimal>,
    pub(super) shipping_service: String,
    pub(super) ship_to: Address,
    pub(super) special_instructions: Option<String>,
    #[serde(skip)]
    pub(super) committed: bool,
    /// The last check's result; none if the shipment was only saved.
    #[serde(skip)]
    pub(super) verdict: Option<Verdict>,
}

/// A line of a shipment.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Item {
    pub(super) brand_key: Option<String>,
    #[serde(default)]
    pub(super) discounts: Vec<Discount>,
    pub(super) product_key: String,
    #[serde(with = "amount")]
    pub(super) product_quantity: Decimal,
    #[serde(default, with = "amount")]
    pub(super) product_unit_price: Decimal,
    pub(super) citb: Option<String>,
    /// What kind of goods the product was when the order was taken.
    #[serde(skip)]
    pub(super) class: Class,
}

/// How the rules treat a product.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Class {
    /// Counts toward volume limits and is taxed.
    #[default]
    Alcohol,
    /// Taxed only.
    Taxable,
    /// Neither.
    Exempt,
}

impl Class {
    /// The class of a product type.
    pub(super) fn of(product_type: &str) -> Self {
        match product_type {
            "MerchandiseTaxable" => Self::Taxable,
            "Food" | "Freight" | "MerchandiseNonTaxable" => Self::Exempt,
            _ => Self::Alcohol,
        }
    }
}

/// Where a person lives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Address {
    #[serde(serialize_with = "civil_if_any", skip_serializing_if = "Option::is_none")]
    pub(super) date_of_birth: Option<Timestamp>,
    pub(super) city: String,
    pub(super) company: Option<String>,
    pub(super) country: Option<String>,
    pub(super) county: Option<String>,
    pub(super) email: Option<String>,
    pub(super) fax: Option<String>,
    pub(super) first_name: String,
    pub(super) last_name: String,
    pub(super) phone: Option<String>,
    pub(super) state: String,
    pub(super) street1: String,
    pub(super) street2: Option<String>,
    pub(super) zip1: String,
    pub(super) zip2: Option<String>,
}

impl Address {
    /// Whether both addresses are one person's, as far as names tell.
    pub(super) fn same_person(&self, other: &Self) -> bool {
        self.first_name.trim().eq_ignore_ascii_case(other.first_name.trim())
            && self.last_name.trim().eq_ignore_ascii_case(other.last_name.trim())
    }
}

/// A reduction of an order, shipment or line.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Discount {
    #[serde(default, with = "amount")]
    pub(super) amount: Decimal,
    pub(super) code: Option<String>,
    pub(super) r#type: Option<String>,
}

/// How an order was paid.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Payment {
    #[serde(default, with = "amount")]
    pub(super) amount: Decimal,
    pub(super) sub_type: Option<String>,
    #[serde(rename = "transactionID")]
    pub(super) transaction_id: Option<String>,
    #[serde(default = "other_payment")]
    pub(super) r#type: String,
}

/// A box with a tracking number.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Package {
    pub(super) tracking_number: Option<String>,
    #[serde(skip_deserializing)]
    pub(super) tracking_status: Option<&'static str>,
}

/// A word people search by.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Tag {
    pub(super) name: Option<String>,
}

fn no_fulfillment_type() -> String {
    "Null".to_owned()
}

fn no_exception() -> String {
    "None".to_owned()
}

fn other_payment() -> String {
    "Other".to_owned()
}

impl SalesOrder {
    /// Whether any shipment that still stands was committed: the key may then not be sent again.
    pub(super) fn is_committed(&self) -> bool {
        self.shipments.iter().any(Shipment::stands_committed)
    }

    /// The shipment of this key.
    pub(super) fn shipment_mut(&mut self, key: &str) -> Option<&mut Shipment> {
        self.shipments.iter_mut().find(|shipment| shipment.key == key)
    }

    /// The order as answers show it.
    pub(super) fn document(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// The last check's result as answers show it; none if the order was only saved.
    pub(super) fn compliance_results(&self) -> Option<Value> {
        let verdicts: Option<Vec<_>> =
            self.shipments.iter().map(|s| s.verdict.as_ref().map(|v| v.document(&s.key))).collect();
        Some(json!({
            "key": self.key,
            "complianceStatus": self.compliance_status(),
            "shipments": verdicts?,
        }))
    }

    /// The whole order's status: compliant if every shipment is.
    pub(super) fn compliance_status(&self) -> &'static str {
        let compliant = |shipment: &Shipment| shipment.verdict.as_ref().is_some_and(Verdict::is_compliant);
        if self.shipments.iter().all(compliant) { "Compliant" } else { "NotCompliant" }
    }
}

impl Shipment {
    /// Committed and not voided since.
    pub(super) fn stands_committed(&self) -> bool {
        self.committed && !self.is_voided()
    }

    /// Taken back; its status can no longer change.
    pub(super) fn is_voided(&self) -> bool {
        self.status == "Voided"
    }

    /// A refund: goods come back, so every quantity is negative.
    pub(super) fn is_refund(&self) -> bool {
        self.items.iter().all(|item| item.product_quantity.is_sign_negative())
    }

    /// Bottles that count toward volume limits.
    pub(super) fn bottles(&self) -> Decimal {
        let alcohol = self.items.iter().filter(|item| item.class == Class::Alcohol);
        alcohol.map(|item| item.product_quantity).sum()
    }

    /// The calendar year in which the shipment counts.
    pub(super) fn year(&self) -> i16 {
        jiff::tz::Offset::UTC.to_datetime(self.ship_date).year()
    }

    /// Moves to a status and brings what the carrier reports in line with it.
    pub(super) fn set_status(&mut self, status: &str) {
        status.clone_into(&mut self.status);
        self.retrack();
    }

    /// Adds a tracking number; false if it is there already.
    pub(super) fn add_tracking(&mut self, number: &str) -> bool {
        if self.tracking_numbers().any(|known| known == number) {
            return false;
        }
        self.packages.push(Package { tracking_number: Some(number.to_owned()), tracking_status: None });
        self.retrack();
        true
    }

    /// The shipment's tracking numbers.
    pub(super) fn tracking_numbers(&self) -> impl Iterator<Item = &str> {
        self.packages.iter().filter_map(|package| package.tracking_number.as_deref())
    }

    /// What the carrier says of the packages follows the shipment's status.
    pub(super) fn retrack(&mut self) {
        let status = match self.status.as_str() {
            "Shipped" => Some("InTransit"),
            "Delivered" => Some("Delivered"),
            _ => None,
        };
        for package in &mut self.packages {
            package.tracking_status = status;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn class_follows_product_type() {
        assert_eq!(Class::of("SparklingWine"), Class::Alcohol);
        assert_eq!(Class::of("MerchandiseTaxable"), Class::Taxable);
        assert_eq!(Class::of("Food"), Class::Exempt);
    }
}
