//! Refuses what no shop would take, before anything is made of it.

use rust_decimal::Decimal;

use super::super::new_order::{NewOrder, Payment};
use super::super::order::DiscountValue;
use super::super::state::Refused;

/// The most units of one line.
pub(in super::super) const MOST_UNITS: u32 = 100_000;

/// Refuses amounts that no shop has, and that would not fit once multiplied.
pub(in super::super) fn check_amount(amount: Decimal) -> Result<(), Refused> {
    if amount < Decimal::ZERO || amount > Decimal::from(1_000_000_000) {
        return Err(Refused::invalid("Amount must be between 0 and 1000000000"));
    }
    Ok(())
}

/// Checks the amounts and rates of an order to be placed; its lines are checked one by one.
pub(super) fn check(new: &NewOrder) -> Result<(), Refused> {
    let rate = new.exchange_rate.unwrap_or(Decimal::ONE);
    if rate <= Decimal::ZERO || rate > Decimal::from(1_000_000) {
        return Err(Refused::invalid("Exchange rate must be between 0 and 1000000"));
    }
    if new.tax_rate < Decimal::ZERO || new.tax_rate > Decimal::ONE {
        return Err(Refused::invalid("Tax rate must be between 0 and 1"));
    }
    for discount in &new.discounts {
        match discount.value {
            DiscountValue::Fixed(amount) => check_amount(amount)?,
            DiscountValue::Percent(percent) if percent < Decimal::ZERO || percent > Decimal::ONE_HUNDRED => {
                return Err(Refused::invalid("Percentage must be between 0 and 100"));
            }
            DiscountValue::Percent(_) => {}
        }
    }
    for line in &new.shipping {
        check_amount(line.price)?;
    }
    match new.payment {
        Payment::Partly(amount) => check_amount(amount),
        _ => Ok(()),
    }
}
