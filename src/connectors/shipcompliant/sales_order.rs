//! An order as ShipCompliant is sent it: the body of whatever enters or judges one.
//!
//! It carries exactly what the definition names, with everything it requires or a reason why not. Amounts are written as they
//! are, to the cent, and days as midnight.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::Settings;
use super::wire::{SHIPMENT, status};
use crate::domain::RemoteId;
use crate::domain::address::Address;
use crate::domain::copy::{Batch, OrderCopy, Party, PaymentMethod};
use crate::domain::reason::{Reason, ReasonCode};

/// The longest gift note that integrators are known to send.
const LONGEST_GIFT_NOTE: usize = 1950;

/// An exact amount as a JSON number.
#[derive(Clone, Copy, Debug)]
struct Number(Decimal);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.0.to_string()).map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

/// A calendar day, written as midnight so that no time zone moves it.
#[derive(Clone, Copy, Debug)]
struct Midnight(Date);

impl Serialize for Midnight {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}T00:00:00Z", self.0))
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CheckAndCommit<'a> {
    commit_option: &'static str,
    persist_option: &'static str,
    address_option: AddressOption,
    sales_order: SalesOrder<'a>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Quote<'a> {
    address_option: AddressOption,
    sales_order: SalesOrder<'a>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AddressOption {
    ignore_street_level_errors: bool,
    reject_if_address_suggested: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SalesOrder<'a> {
    sales_order_key: &'a str,
    customer_key: &'a str,
    order_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    fulfillment_type: Option<&'a str>,
    purchase_date: Midnight,
    sales_tax_collected: Number,
    bill_to: WireAddress<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    payments: Vec<WirePayment>,
    shipments: Vec<WireShipment<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<Tag<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct WireShipment<'a> {
    shipment_key: String,
    shipment_status: &'static str,
    ship_date: Midnight,
    shipping_service: &'a str,
    license_relationship: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    fulfillment_house: Option<&'a str>,
    shipping: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    gift_note: Option<String>,
    ship_to: WireAddress<'a>,
    shipment_items: Vec<ShipmentItem<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ShipmentItem<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    brand_key: Option<&'a str>,
    product_key: &'a str,
    product_quantity: i64,
    product_unit_price: Number,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    discounts: Vec<Discount>,
}

#[derive(Debug, Serialize)]
struct Discount {
    amount: Number,
}

#[derive(Debug, Serialize)]
struct Tag<'a> {
    name: &'a str,
}

#[derive(Debug, Serialize)]
struct WirePayment {
    amount: Number,
    r#type: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct WireAddress<'a> {
    first_name: &'a str,
    last_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    company: Option<&'a str>,
    street1: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    street2: Option<&'a str>,
    city: &'a str,
    state: &'a str,
    zip1: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    zip2: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date_of_birth: Option<Midnight>,
}

/// As other integrators do for orders that no person is there to correct: streets are not judged, and a suggestion alone is no
/// reason to refuse.
const LENIENT: AddressOption =
    AddressOption { ignore_street_level_errors: true, reject_if_address_suggested: false };

/// The request that enters an order, or what it lacks for one. A key used before is overridden: it was refused, or voided
/// by us; a key used for the first time is not, so that an order somebody else entered under it is never overwritten.
pub(super) fn check_and_commit<'a>(
    copy: &'a OrderCopy,
    again: bool,
    settings: &'a Settings,
) -> Result<CheckAndCommit<'a>, Reason> {
    Ok(CheckAndCommit {
        // Goods that come back have to be in the books, whatever the rules for sending them say by now.
        commit_option: if copy.negative { "AllShipments" } else { "CompliantShipments" },
        persist_option: if again { "OverrideExisting" } else { "Null" },
        address_option: LENIENT,
        sales_order: sales_order(copy, vec![(SHIPMENT.to_owned(), copy.batches())], settings)?,
    })
}

/// The request that has an order judged and saves nothing: as the one shipment it is, or each of its lines by itself.
pub(super) fn quote<'a>(
    copy: &'a OrderCopy,
    by_line: bool,
    settings: &'a Settings,
) -> Result<Quote<'a>, Reason> {
    let shipments = if by_line {
        let batches =
            |(at, line): (usize, &RemoteId)| (shipment_key(at), copy.batches_of(|item| item.line == *line));
        lines(copy).into_iter().enumerate().map(batches).collect()
    } else {
        vec![(SHIPMENT.to_owned(), copy.batches())]
    };
    Ok(Quote { address_option: LENIENT, sales_order: sales_order(copy, shipments, settings)? })
}

/// The order's lines that a copy holds goods of, each once.
pub(super) fn lines(copy: &OrderCopy) -> Vec<&RemoteId> {
    let mut lines: Vec<&RemoteId> = copy.items.iter().map(|item| &item.line).collect();
    lines.dedup();
    lines
}

/// The key of the shipment that stands for a line in a [`quote`] by lines.
pub(super) fn shipment_key(at: usize) -> String {
    (at + 1).to_string()
}

fn sales_order<'a>(
    copy: &'a OrderCopy,
    shipments: Vec<(String, Vec<Batch<'a>>)>,
    settings: &'a Settings,
) -> Result<SalesOrder<'a>, Reason> {
    let gift_note: Option<String> =
        copy.gift_note.as_deref().map(|note| note.chars().take(LONGEST_GIFT_NOTE).collect());
    let signed = |amount: Decimal| Number(if copy.negative { Decimal::ZERO - amount } else { amount });
    let shipment = |(at, (key, goods)): (usize, (String, Vec<Batch<'a>>))| {
        Ok(WireShipment {
            shipment_key: key,
            shipment_status: status(copy.stage),
            ship_date: Midnight(copy.ship_on),
            shipping_service: &copy.service,
            license_relationship: &settings.license_relationship,
            // No house is to see what only comes back.
            fulfillment_house: settings.fulfillment_house.as_deref().filter(|_| !copy.negative),
            // The buyer paid for it once.
            shipping: if at == 0 { signed(copy.shipping) } else { Number(Decimal::ZERO) },
            gift_note: gift_note.clone(),
            ship_to: address(&copy.ship_to, "ship-to", &copy.key)?,
            shipment_items: goods.into_iter().map(|goods| item(goods, copy.negative)).collect(),
        })
    };
    Ok(SalesOrder {
        sales_order_key: &copy.key,
        customer_key: &copy.customer,
        order_type: &settings.order_type,
        fulfillment_type: settings.fulfillment_type.as_deref(),
        purchase_date: Midnight(copy.placed_on),
        sales_tax_collected: signed(copy.tax),
        bill_to: address(&copy.bill_to, "bill-to", &copy.key)?,
        payments: copy
            .payments
            .iter()
            .map(|p| WirePayment { amount: Number(p.amount), r#type: paid_by(&p.method) })
            .collect(),
        shipments: shipments.into_iter().enumerate().map(shipment).collect::<Result<_, _>>()?,
        tags: settings.tags.iter().map(|name| Tag { name }).collect(),
    })
}

/// Goods at a price that is never negative; where they are taken back out, their quantity is (Sovos, "Enter customer
/// refunds").
fn item(goods: Batch<'_>, negative: bool) -> ShipmentItem<'_> {
    let quantity = i64::from(goods.quantity);
    ShipmentItem {
        brand_key: goods.brand,
        product_key: goods.product,
        product_quantity: if negative { -quantity } else { quantity },
        product_unit_price: Number(goods.unit_price),
        discounts: if goods.discount.is_zero() {
            Vec::new()
        } else {
            vec![Discount { amount: Number(goods.discount) }]
        },
    }
}

/// An address with everything the definition requires; what is missing is named, never what is there.
fn address<'a>(party: &'a Party, which: &str, key: &str) -> Result<WireAddress<'a>, Reason> {
    let Address {
        first_name,
        last_name,
        company,
        street1,
        street2,
        city,
        province,
        postal_code,
        country,
        phone,
    } = &party.address;
    let mut missing = Vec::new();
    let mut need = |part: &'a Option<String>, name: &'static str| {
        if part.is_none() {
            missing.push(name);
        }
        part.as_deref().unwrap_or_default()
    };
    let (first_name, last_name) = (need(first_name, "first name"), need(last_name, "last name"));
    let (street1, city) = (need(street1, "street"), need(city, "city"));
    let (state, postal_code) = (need(province, "state"), need(postal_code, "postal code"));
    if !missing.is_empty() {
        return Err(Reason::new(
            ReasonCode::AddressIncomplete,
            format!("the {which} address of order {key} lacks {}", missing.join(", ")),
            "complete the address at the channel; the order is checked again by itself",
        ));
    }
    let (zip1, zip2) = match postal_code.split_once('-') {
        Some((zip1, zip2)) if country.as_deref().is_none_or(|country| country == "US") => {
            (zip1.trim(), Some(zip2.trim()).filter(|zip2| !zip2.is_empty()))
        }
        _ => (postal_code, None),
    };
    Ok(WireAddress {
        first_name,
        last_name,
        company: company.as_deref(),
        street1,
        street2: street2.as_deref(),
        city,
        state,
        zip1,
        zip2,
        country: country.as_deref(),
        email: party.email.as_deref(),
        phone: phone.as_deref(),
        date_of_birth: party.birth_date.map(Midnight),
    })
}

const fn paid_by(method: &PaymentMethod) -> &'static str {
    match method {
        PaymentMethod::Card => "CreditCard",
        PaymentMethod::GiftCard => "GiftCard",
        PaymentMethod::Cash => "Cash",
        PaymentMethod::Check => "Check",
        PaymentMethod::Invoice => "Invoice",
        PaymentMethod::Other(_) => "Other",
    }
}
