//! A refund as webhooks tell it: units of lines, and what of the shipping was given back.

use serde::Deserialize;

use super::rest::{Amount, Id, Instant, WireBag, list};
use crate::domain::fulfillment::{Refund, RefundLine, RefundValue, Restock};

#[derive(Debug, Deserialize)]
struct WireRefundLine {
    line_item_id: Id,
    quantity: u32,
    restock_type: Option<String>,
    subtotal: Option<Amount>,
    subtotal_set: Option<WireBag>,
    total_tax: Option<Amount>,
    total_tax_set: Option<WireBag>,
}

impl WireRefundLine {
    fn value(&self) -> Option<RefundValue> {
        let amount = |set: &Option<WireBag>, plain: Option<Amount>| {
            set.as_ref().map(WireBag::shop).or(plain.map(|amount| amount.0)).map(|amount| amount.normalize())
        };
        Some(RefundValue {
            subtotal: amount(&self.subtotal_set, self.subtotal)?,
            tax: amount(&self.total_tax_set, self.total_tax).unwrap_or_default(),
        })
    }
}

/// The body of `refunds/create`, and a member of an order's `refunds`.
#[derive(Debug, Deserialize)]
pub(in crate::connectors::shopify) struct WireRefund {
    id: Id,
    pub(in crate::connectors::shopify) order_id: Option<Id>,
    created_at: Option<Instant>,
    processed_at: Option<Instant>,
    #[serde(default, deserialize_with = "list")]
    refund_line_items: Vec<WireRefundLine>,
    #[serde(default, deserialize_with = "list")]
    refund_shipping_lines: Vec<WireRefundShipping>,
    #[serde(default, deserialize_with = "list")]
    order_adjustments: Vec<WireAdjustment>,
}

#[derive(Debug, Deserialize)]
struct WireRefundShipping {
    subtotal_amount_set: Option<WireBag>,
    tax_amount_set: Option<WireBag>,
}

/// What a refund took off the order besides lines, as amounts below zero: how older bodies tell of shipping. Amounts of other kinds
/// are not read.
#[derive(Debug, Deserialize)]
struct WireAdjustment {
    kind: Option<String>,
    amount: Option<serde_json::Value>,
    tax_amount: Option<serde_json::Value>,
}

impl WireRefund {
    /// Units of a line that it gave back.
    pub(super) fn units_of(&self, line: &Id) -> u32 {
        let lines = self.refund_line_items.iter().filter(|back| back.line_item_id == *line);
        lines.map(|back| back.quantity).fold(0, u32::saturating_add)
    }

    fn shipping(&self) -> Result<RefundValue, String> {
        let mut value = RefundValue::default();
        let amount = |set: &Option<WireBag>| set.as_ref().map(WireBag::shop).unwrap_or_default();
        for line in &self.refund_shipping_lines {
            value.subtotal += amount(&line.subtotal_amount_set);
            value.tax += amount(&line.tax_amount_set);
        }
        let told = self.refund_shipping_lines.is_empty();
        let shipping = |it: &&WireAdjustment| told && it.kind.as_deref() == Some("shipping_refund");
        for adjustment in self.order_adjustments.iter().filter(shipping) {
            let amount = |amount: &Option<serde_json::Value>| {
                let read = Option::<Amount>::deserialize(amount.clone().unwrap_or_default());
                read.map(|amount| amount.unwrap_or_default().0)
                    .map_err(|why| format!("order_adjustments: {why}"))
            };
            value.subtotal -= amount(&adjustment.amount)?;
            value.tax -= amount(&adjustment.tax_amount)?;
        }
        Ok(RefundValue { subtotal: value.subtotal.normalize(), tax: value.tax.normalize() })
    }

    pub(in crate::connectors::shopify) fn refund(&self) -> Result<Refund, String> {
        let made = self.created_at.or(self.processed_at).ok_or("created_at: missing from a refund")?;
        let mut lines: Vec<_> = self
            .refund_line_items
            .iter()
            .map(|line| RefundLine {
                line: line.line_item_id.0.clone(),
                quantity: line.quantity,
                restock: Restock::parse(line.restock_type.as_deref().unwrap_or("legacy_restock")),
                value: line.value(),
            })
            .collect();
        lines.sort_by(|a, b| a.line.cmp(&b.line).then(a.quantity.cmp(&b.quantity)));
        let (id, shipping) = (self.id.0.clone(), self.shipping()?);
        Ok(Refund { id, created_at: made.at, day: Some(made.day), lines, shipping })
    }
}
