//! The REST-shaped bodies of webhooks, and their translation to facts.
//!
//! Every field may be missing or null; fields and values we do not know are passed over. Only what a fact cannot do
//! without (an id, a version, a line's price) makes a body unreadable, and the message then names the field and never
//! quotes what it held.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Deserializer};

use super::super::noting::parted;
use super::address::ShownAddress;
use super::refund::WireRefund;
use crate::domain::RemoteId;
use crate::domain::address::filled;
use crate::domain::fulfillment::{DeliveryStatus, Fulfillment, FulfillmentStatus, Refund};
use crate::domain::money::{Money, MoneyBag};
use crate::domain::order::{
    Attributes, CancelReason, Line, LineTraits, OrderDocument, PaymentState, ShippingLine, line_kind,
};
use crate::domain::record::Snapshot;

/// An id: a JSON integer of up to 64 bits, or the same in a string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::connectors::shopify) struct Id(pub(in crate::connectors::shopify) RemoteId);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "expected a 64-bit integer id")]
        enum Form {
            Integer(i64),
            Text(String),
        }
        match Form::deserialize(deserializer)? {
            Form::Integer(id) => Ok(Self(id.into())),
            Form::Text(id) if id.parse::<i64>().is_ok() => Ok(Self(id.as_str().into())),
            Form::Text(_) => Err(serde::de::Error::custom("expected a 64-bit integer id")),
        }
    }
}

/// A decimal amount: a string, as Shopify sends it, or a number.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Amount(pub(super) Decimal);

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "expected a decimal amount")]
        enum Form {
            Text(String),
            Number(serde_json::Number),
        }
        let text = match Form::deserialize(deserializer)? {
            Form::Text(text) => text,
            Form::Number(number) => number.to_string(),
        };
        text.trim().parse().map(Self).map_err(|_| serde::de::Error::custom("expected a decimal amount"))
    }
}

/// An instant with the offset it was written in.
#[derive(Clone, Copy, Debug)]
pub(in crate::connectors::shopify) struct Instant {
    pub(in crate::connectors::shopify) at: Timestamp,
    pub(super) day: Date,
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong = |_| serde::de::Error::custom("expected a time as 2026-11-22T10:00:00-08:00");
        let at = text.parse().map_err(wrong)?;
        // The sender writes times in the shop's own zone, so the date as written is the shop's calendar day.
        let day = jiff::fmt::temporal::Pieces::parse(text.as_str()).map_err(wrong)?.date();
        Ok(Self { at, day })
    }
}

/// A list that may be null.
pub(super) fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[derive(Debug, Deserialize)]
pub(super) struct WireMoney {
    amount: Amount,
    #[serde(default)]
    currency_code: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct WireBag {
    shop_money: WireMoney,
    #[serde(default)]
    presentment_money: Option<WireMoney>,
}

impl WireBag {
    /// What it comes to in the shop's currency.
    pub(super) fn shop(&self) -> Decimal {
        self.shop_money.amount.0
    }

    fn bag(&self, currency: &str) -> MoneyBag {
        let money =
            |wire: &WireMoney| Money::new(wire.amount.0, wire.currency_code.as_deref().unwrap_or(currency));
        let shop = money(&self.shop_money);
        MoneyBag { presentment: self.presentment_money.as_ref().map_or_else(|| shop.clone(), money), shop }
    }
}

/// The price with both currencies where it is given so, or the plain one.
fn bag(set: Option<&WireBag>, plain: Option<Amount>, currency: &str) -> Option<MoneyBag> {
    set.map(|set| set.bag(currency))
        .or_else(|| plain.map(|amount| MoneyBag::same(Money::new(amount.0, currency))))
}

#[derive(Debug, Deserialize)]
struct WireAttribute {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    value: serde_json::Value,
}

/// Attributes by name; values that are no text are kept as JSON. Several of one name keep the last.
fn attributes(wire: &[WireAttribute]) -> Attributes {
    wire.iter()
        .filter_map(|attribute| {
            let value = match &attribute.value {
                serde_json::Value::Null => return None,
                serde_json::Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            Some((attribute.name.clone()?, value))
        })
        .collect()
}

/// A part of a discount, or a tax, on all units of a line.
#[derive(Debug, Deserialize)]
struct WireShare {
    #[serde(alias = "price")]
    amount: Option<Amount>,
    #[serde(alias = "price_set")]
    amount_set: Option<WireBag>,
}

/// What they come to, in the shop's currency.
fn sum(shares: &[WireShare]) -> Decimal {
    let amount = |share: &WireShare| match &share.amount_set {
        Some(set) => Some(set.shop()),
        None => share.amount.map(|amount| amount.0),
    };
    shares.iter().filter_map(amount).sum::<Decimal>().normalize()
}

#[derive(Debug, Deserialize)]
struct WireLine {
    id: Id,
    variant_id: Option<Id>,
    product_id: Option<Id>,
    sku: Option<String>,
    title: Option<String>,
    vendor: Option<String>,
    quantity: u32,
    current_quantity: Option<u32>,
    price: Option<Amount>,
    price_set: Option<WireBag>,
    grams: Option<Amount>,
    requires_shipping: Option<bool>,
    gift_card: Option<bool>,
    sales_line_item_group_id: Option<Id>,
    #[serde(default, deserialize_with = "list")]
    properties: Vec<WireAttribute>,
    #[serde(default, deserialize_with = "list")]
    discount_allocations: Vec<WireShare>,
    #[serde(default, deserialize_with = "list")]
    tax_lines: Vec<WireShare>,
}

#[derive(Debug, Deserialize)]
struct WireShippingLine {
    title: Option<String>,
    code: Option<String>,
    source: Option<String>,
    delivery_category: Option<String>,
    price: Option<Amount>,
    discounted_price: Option<Amount>,
    discounted_price_set: Option<WireBag>,
    current_discounted_price_set: Option<WireBag>,
    is_removed: Option<bool>,
}

#[derive(Debug, Deserialize)]
struct WireCustomer {
    id: Option<Id>,
}

/// The body of `orders/*`. Nothing but the id is certain: a body over the sender's size limit holds the id alone.
#[derive(Debug, Deserialize)]
pub(in crate::connectors::shopify) struct WireOrder {
    pub(in crate::connectors::shopify) id: Id,
    name: Option<String>,
    order_number: Option<serde_json::Number>,
    created_at: Option<Instant>,
    updated_at: Option<Instant>,
    cancelled_at: Option<Instant>,
    cancel_reason: Option<String>,
    test: Option<bool>,
    source_name: Option<String>,
    currency: Option<String>,
    financial_status: Option<String>,
    #[serde(default, deserialize_with = "list")]
    payment_gateway_names: Vec<String>,
    customer: Option<WireCustomer>,
    email: Option<String>,
    phone: Option<String>,
    billing_address: Option<ShownAddress>,
    shipping_address: Option<ShownAddress>,
    #[serde(default, deserialize_with = "list")]
    shipping_lines: Vec<WireShippingLine>,
    line_items: Option<Vec<WireLine>>,
    note: Option<String>,
    tags: Option<String>,
    #[serde(default, deserialize_with = "list")]
    note_attributes: Vec<WireAttribute>,
    total_price: Option<Amount>,
    total_price_set: Option<WireBag>,
    current_total_price: Option<Amount>,
    current_total_price_set: Option<WireBag>,
    total_tax: Option<Amount>,
    total_tax_set: Option<WireBag>,
    current_total_tax: Option<Amount>,
    current_total_tax_set: Option<WireBag>,
    taxes_included: Option<bool>,
    total_tip_received: Option<Amount>,
    #[serde(default, deserialize_with = "list")]
    fulfillments: Vec<WireFulfillment>,
    #[serde(default, deserialize_with = "list")]
    refunds: Vec<WireRefund>,
}

impl WireOrder {
    /// The order in full, or nothing where the body is only a part of it.
    pub(in crate::connectors::shopify) fn snapshot(&self) -> Result<Option<Snapshot>, String> {
        let (Some(created), Some(updated), Some(lines)) =
            (self.created_at, self.updated_at, &self.line_items)
        else {
            return Ok(None);
        };
        // ISO 4217's word for no currency: an order without one is still told whole.
        let currency = self.currency.clone().unwrap_or_else(|| "XXX".into());
        let tips = self.total_tip_received.unwrap_or_default().0;
        let mut typed = Vec::with_capacity(lines.len());
        for line in lines {
            typed.push(self.line(line, &currency, tips)?);
        }
        typed.sort_by(|a, b| a.id.cmp(&b.id));
        let money = |set: Option<&WireBag>, plain, old_set: Option<&WireBag>, old_plain| {
            bag(set, plain, &currency)
                .or_else(|| bag(old_set, old_plain, &currency))
                .unwrap_or_else(|| MoneyBag::same(Money::zero(currency.clone())))
        };
        let refunds: Vec<Refund> = self.refunds.iter().map(WireRefund::refund).collect::<Result<_, _>>()?;
        let (note, our_note) = parted(self.note.as_deref());
        let document = OrderDocument {
            id: self.id.0.clone(),
            name: filled(self.name.as_deref())
                .or_else(|| self.order_number.as_ref().map(|number| format!("#{number}")))
                .unwrap_or_else(|| format!("#{}", self.id.0)),
            placed_on: created.day,
            created_at: created.at,
            updated_at: updated.at,
            cancelled_at: self.cancelled_at.map(|instant| instant.at),
            cancel_reason: filled(self.cancel_reason.as_deref()).map(|reason| CancelReason::parse(&reason)),
            test: self.test.unwrap_or_default(),
            source: filled(self.source_name.as_deref()),
            // Free orders and some imports have no state; they count as not paid until the channel says so.
            payment: PaymentState::parse(self.financial_status.as_deref().unwrap_or("pending")),
            gateways: self.payment_gateway_names.clone(),
            customer: self.customer.as_ref().and_then(|customer| customer.id.clone()).map(|id| id.0),
            email: filled(self.email.as_deref()),
            phone: filled(self.phone.as_deref()),
            bill_to: self.billing_address.as_ref().and_then(ShownAddress::address),
            ship_to: self.shipping_address.as_ref().and_then(ShownAddress::address),
            shipping: self.shipping(&refunds),
            lines: typed,
            note,
            our_note,
            tags: tags(self.tags.as_deref().unwrap_or_default()),
            attributes: attributes(&self.note_attributes),
            total: money(
                self.current_total_price_set.as_ref(),
                self.current_total_price,
                self.total_price_set.as_ref(),
                self.total_price,
            ),
            tax: money(
                self.current_total_tax_set.as_ref(),
                self.current_total_tax,
                self.total_tax_set.as_ref(),
                self.total_tax,
            ),
            taxes_included: self.taxes_included.unwrap_or_default(),
            currency,
        };
        Ok(Some(Snapshot {
            risk: None,
            customs: None,
            document,
            fulfillments: self
                .fulfillments
                .iter()
                .map(WireFulfillment::fulfillment)
                .collect::<Result<_, _>>()?,
            refunds,
            work: None,
        }))
    }

    /// What is chosen for shipping, at what is still to be paid for it.
    fn shipping(&self, refunds: &[Refund]) -> Vec<ShippingLine> {
        // Bodies of older versions do not say what is left after refunds.
        let mut back: Decimal = refunds.iter().map(|refund| refund.shipping.subtotal).sum();
        let chosen = self.shipping_lines.iter().filter(|line| line.is_removed != Some(true));
        let told = |line: &WireShippingLine| {
            let mut typed = shipping_line(line);
            if line.current_discounted_price_set.is_none() {
                let off = back.min(typed.price);
                back -= off;
                typed.price = (typed.price - off).normalize();
            }
            typed
        };
        chosen.map(told).collect()
    }

    /// Whether a rate says that the buyer fetches the order. Bodies since 2024-10 do not tell; for those that do, the planned
    /// work has the last word.
    pub(in crate::connectors::shopify) fn seems_fetched(&self) -> bool {
        self.shipping_lines.iter().filter(|line| line.is_removed != Some(true)).any(|line| {
            line.delivery_category.as_deref().is_some_and(|word| word.to_ascii_lowercase().contains("pick"))
        })
    }

    fn line(&self, line: &WireLine, currency: &str, order_tips: Decimal) -> Result<Line, String> {
        let unit_price = bag(line.price_set.as_ref(), line.price, currency)
            .ok_or_else(|| format!("line_items: line {} has no price", line.id.0))?;
        let title = filled(line.title.as_deref()).unwrap_or_default();
        // Bodies of older versions do not say what is left after refunds.
        let refunded =
            || self.refunds.iter().map(|refund| refund.units_of(&line.id)).fold(0, u32::saturating_add);
        Ok(Line {
            id: line.id.0.clone(),
            kind: line_kind(LineTraits {
                gift_card: line.gift_card.unwrap_or_default(),
                requires_shipping: line.requires_shipping.unwrap_or(true),
                catalogued: line.variant_id.is_some() || line.product_id.is_some(),
                bundled: line.sales_line_item_group_id.is_some(),
                title: &title,
                amount: unit_price.shop.amount * Decimal::from(line.quantity),
                order_tips,
            }),
            variant: line.variant_id.clone().map(|id| id.0),
            sku: filled(line.sku.as_deref()),
            title,
            vendor: filled(line.vendor.as_deref()),
            ordered: line.quantity,
            current: line.current_quantity.unwrap_or_else(|| line.quantity.saturating_sub(refunded())),
            unit_price,
            grams: line.grams.and_then(|grams| grams.0.to_u64()).unwrap_or_default(),
            discount: sum(&line.discount_allocations),
            tax: sum(&line.tax_lines),
            bundle: line.sales_line_item_group_id.clone().map(|id| id.0),
            attributes: attributes(&line.properties),
        })
    }
}

fn shipping_line(line: &WireShippingLine) -> ShippingLine {
    // What is still to be paid for it, after refunds; bodies of older versions tell only what was.
    let price = line.current_discounted_price_set.as_ref().or(line.discounted_price_set.as_ref());
    let price = price.map(|set| set.shop_money.amount);
    ShippingLine {
        title: filled(line.title.as_deref()).unwrap_or_default(),
        code: filled(line.code.as_deref()),
        source: filled(line.source.as_deref()),
        price: price.or(line.discounted_price).or(line.price).unwrap_or_default().0.normalize(),
    }
}

/// Tags come as one string, separated by commas.
fn tags(text: &str) -> BTreeSet<String> {
    text.split(',').filter_map(|tag| filled(Some(tag))).collect()
}

#[derive(Debug, Deserialize)]
struct WireFulfillmentLine {
    id: Id,
    quantity: u32,
}

/// The body of `fulfillments/*`, and a member of an order's `fulfillments`.
#[derive(Debug, Deserialize)]
pub(in crate::connectors::shopify) struct WireFulfillment {
    pub(in crate::connectors::shopify) id: Id,
    pub(in crate::connectors::shopify) order_id: Option<Id>,
    status: Option<String>,
    shipment_status: Option<String>,
    tracking_company: Option<String>,
    tracking_number: Option<String>,
    #[serde(default, deserialize_with = "list")]
    tracking_numbers: Vec<Option<String>>,
    tracking_url: Option<String>,
    #[serde(default, deserialize_with = "list")]
    tracking_urls: Vec<Option<String>>,
    location_id: Option<Id>,
    #[serde(default, deserialize_with = "list")]
    line_items: Vec<WireFulfillmentLine>,
    created_at: Option<Instant>,
    updated_at: Option<Instant>,
}

impl WireFulfillment {
    pub(in crate::connectors::shopify) fn fulfillment(&self) -> Result<Fulfillment, String> {
        let updated_at =
            self.updated_at.or(self.created_at).ok_or("updated_at: missing from a fulfilment")?.at;
        let status = FulfillmentStatus::parse(self.status.as_deref().unwrap_or("success"));
        let numbers = self.tracking_numbers.iter().chain([&self.tracking_number]);
        let urls = self.tracking_urls.iter().chain([&self.tracking_url]);
        let mut lines = std::collections::BTreeMap::<RemoteId, u32>::new();
        for line in &self.line_items {
            let units = lines.entry(line.id.0.clone()).or_default();
            *units = units.saturating_add(line.quantity);
        }
        Ok(Fulfillment {
            id: self.id.0.clone(),
            delivery: filled(self.shipment_status.as_deref())
                .filter(|_| status != FulfillmentStatus::Cancelled)
                .map(|word| DeliveryStatus::parse(&word)),
            status,
            carrier: filled(self.tracking_company.as_deref()),
            numbers: distinct(numbers.map(Option::as_deref)),
            urls: distinct(urls.map(Option::as_deref)),
            location: self.location_id.clone().map(|id| id.0),
            lines,
            created_at: self.created_at.map_or(updated_at, |instant| instant.at),
            updated_at,
        })
    }
}

/// Filled texts in order, each once.
pub(in crate::connectors::shopify) fn distinct<'a>(
    texts: impl Iterator<Item = Option<&'a str>>,
) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for text in texts.filter_map(filled) {
        if !kept.contains(&text) {
            kept.push(text);
        }
    }
    kept
}

/// The body of `fulfillment_events/create`: what happened to a parcel.
#[derive(Debug, Deserialize)]
pub(in crate::connectors::shopify) struct WireEvent {
    pub(in crate::connectors::shopify) order_id: Option<Id>,
    pub(in crate::connectors::shopify) fulfillment_id: Id,
    pub(in crate::connectors::shopify) status: String,
}

/// The body of `orders/risk_assessment_changed`, which does not tell what is recommended now.
#[derive(Debug, Deserialize)]
pub(in crate::connectors::shopify) struct WireRisk {
    pub(in crate::connectors::shopify) order_id: Option<Id>,
}

/// The body of `orders/edited`: differences only.
#[derive(Debug, Deserialize)]
pub(in crate::connectors::shopify) struct WireEdited {
    pub(in crate::connectors::shopify) order_edit: WireEdit,
}

#[derive(Debug, Deserialize)]
pub(in crate::connectors::shopify) struct WireEdit {
    pub(in crate::connectors::shopify) order_id: Id,
    pub(in crate::connectors::shopify) committed_at: Option<Instant>,
}
