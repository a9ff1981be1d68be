//! The sales tax of an order: flat by state, to five decimals a line, cut to cents in sum.
//!
//! Recorded answers cut the recommended sum and do not round it. Tax is advice: nothing is refused over it.

use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Value, json};

use crate::simulator::shipcompliant::address;
use crate::simulator::shipcompliant::order::{Class, Item, SalesOrder};
use crate::simulator::shipcompliant::wire::double;

/// The sales tax of an order.
pub(super) struct Tax {
    /// Cut to cents, as recorded answers are.
    pub(super) due: Decimal,
    /// As answers show it.
    pub(super) document: Value,
}

impl Tax {
    /// The tax on every shipment of an order.
    pub(super) fn of(order: &SalesOrder) -> Self {
        let mut due = Decimal::ZERO;
        let mut fees = Vec::new();
        let mut shipments = Vec::new();
        for shipment in &order.shipments {
            let state = address::state(&shipment.ship_to.state);
            let rate = state.map_or(Decimal::ZERO, |state| percent(state.sales_tax));
            let freight_rate =
                if state.is_some_and(|state| state.freight_taxed) { rate } else { Decimal::ZERO };
            let freight = shipment.shipping.unwrap_or_default() + shipment.handling.unwrap_or_default();
            let freight_due = share(freight, freight_rate);
            due += freight_due;
            let mut products = Vec::new();
            for item in &shipment.items {
                let rate = if item.class == Class::Exempt { Decimal::ZERO } else { rate };
                let item_due = share(worth(item), rate);
                due += item_due;
                products.push(json!({
                    "brandKey": item.brand_key,
                    "productKey": item.product_key,
                    "salesTaxDue": double(item_due),
                    "salesTaxRate": double(rate),
                }));
            }
            if state.is_some_and(|state| state.code == "CO") && !shipment.is_refund() {
                fees.push(json!({ "name": "CO Retail Delivery Fee", "feeAmount": 0.29 }));
            }
            shipments.push(json!({
                "shipmentKey": shipment.key,
                "freightSalesTaxRate": { "salesTaxDue": double(freight_due), "salesTaxRate": double(freight_rate) },
                "productSalesTaxRates": products,
            }));
        }
        let due = cents(due);
        let document = json!({
            "recommendedSalesTaxDue": double(due),
            "retailDeliveryFees": fees,
            "shipmentSalesTaxRates": shipments,
        });
        Self { due, document }
    }
}

/// A rate kept in thousandths of a percent, as a percentage.
pub(super) fn percent(thousandths: u32) -> Decimal {
    Decimal::new(i64::from(thousandths), 3)
}

/// The tax on an amount, to five decimals.
pub(super) fn share(amount: Decimal, percentage: Decimal) -> Decimal {
    (amount * percentage / Decimal::ONE_HUNDRED).round_dp(5)
}

/// Cut to whole cents.
pub(super) fn cents(amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(2, RoundingStrategy::ToZero)
}

fn worth(item: &Item) -> Decimal {
    let discounts: Decimal = item.discounts.iter().map(|discount| discount.amount).sum();
    item.product_quantity * item.product_unit_price - discounts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tax_has_five_decimals_and_the_sum_is_cut_to_cents() {
        let rate = percent(8_875);
        let shares = [
            share(Decimal::from(9), rate),
            share(Decimal::from(231), rate),
            share(Decimal::new(225, 1), rate),
        ];
        assert_eq!(shares.map(|s| s.normalize().to_string()), ["0.79875", "20.50125", "1.99688"]);
        assert_eq!(cents(shares.into_iter().sum()).to_string(), "23.29");
    }
}
