//! Exact money: decimal amounts that carry their currency, and exact allocation.
//!
//! Amounts of different currencies never add, and a split always sums to the whole. Amounts are kept normalised
//! (`10.00` is `10`), so that equal money is equal as text and gives equal digests.

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

/// An ISO 4217 code, as the shop gives it.
pub type Currency = String;

/// An amount in one currency.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// The amount, normalised.
    pub amount: Decimal,
    /// The currency it is in.
    pub currency: Currency,
}

/// Two amounts of different currencies met.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("an amount in {0} cannot be added to one in {1}")]
pub struct CurrencyMismatch(Currency, Currency);

impl Money {
    /// An amount of `currency`.
    pub fn new(amount: Decimal, currency: impl Into<Currency>) -> Self {
        Self { amount: amount.normalize(), currency: currency.into() }
    }

    /// Nothing of `currency`.
    pub fn zero(currency: impl Into<Currency>) -> Self {
        Self::new(Decimal::ZERO, currency)
    }

    /// The sum of two amounts of one currency.
    pub fn plus(&self, other: &Self) -> Result<Self, CurrencyMismatch> {
        if self.currency == other.currency {
            Ok(Self::new(self.amount + other.amount, self.currency.clone()))
        } else {
            Err(CurrencyMismatch(self.currency.clone(), other.currency.clone()))
        }
    }
}

/// One price in the shop's currency and in the one the buyer saw.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MoneyBag {
    /// In the shop's currency.
    pub shop: Money,
    /// In the currency presented to the buyer.
    pub presentment: Money,
}

impl MoneyBag {
    /// The same amount in both roles, for a shop that sells in its own currency.
    pub fn same(money: Money) -> Self {
        Self { presentment: money.clone(), shop: money }
    }
}

/// How many decimals a currency's smallest unit has (ISO 4217).
pub fn decimals(currency: &str) -> u32 {
    match currency {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "UYI"
        | "VND" | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}

/// Splits `whole` by `weights` into parts of the currency's smallest unit that sum to `whole` exactly: each part is
/// rounded down, and the units left over go to the largest remainders, earlier parts first. Zero weights get nothing
/// unless all are zero, when the parts are equal. A whole with more decimals than the currency keeps its excess in the
/// first part.
pub fn allocate(whole: Decimal, weights: &[Decimal], currency: &str) -> Vec<Decimal> {
    if weights.is_empty() {
        return Vec::new();
    }
    let places = decimals(currency);
    let unit = Decimal::new(1, places);
    let even = vec![Decimal::ONE; weights.len()];
    let total: Decimal = weights.iter().sum();
    let (weights, total) =
        if total.is_zero() { (even.as_slice(), Decimal::from(even.len())) } else { (weights, total) };

    let mut parts = Vec::with_capacity(weights.len());
    let mut remainders = Vec::with_capacity(weights.len());
    for weight in weights {
        let exact = whole * weight / total;
        let part = exact.round_dp_with_strategy(places, RoundingStrategy::ToNegativeInfinity);
        remainders.push(exact - part);
        parts.push(part);
    }
    let mut left = whole - parts.iter().sum::<Decimal>();
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by(|a, b| remainders[*b].cmp(&remainders[*a]).then(a.cmp(b)));
    for at in order.into_iter().cycle() {
        if left < unit {
            break;
        }
        parts[at] += unit;
        left -= unit;
    }
    parts[0] += left;
    parts.into_iter().map(|part| part.normalize()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn dec(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn equal_money_is_equal_as_text() {
        let (a, b) = (Money::new(dec("10.00"), "USD"), Money::new(dec("10"), "USD"));
        assert_eq!(a, b);
        assert_eq!(serde_json::to_string(&a).unwrap(), serde_json::to_string(&b).unwrap());
    }

    #[test]
    fn currencies_never_mix() {
        assert!(Money::zero("USD").plus(&Money::zero("EUR")).is_err());
    }

    #[test]
    fn a_bundle_price_splits_to_the_cent() {
        let parts = allocate(dec("100"), &[Decimal::ONE; 3], "USD");
        assert_eq!(parts, [dec("33.34"), dec("33.33"), dec("33.33")]);
        assert_eq!(allocate(dec("100"), &[Decimal::ONE; 3], "JPY"), [dec("34"), dec("33"), dec("33")]);
    }

    proptest! {
        #[test]
        fn parts_sum_to_the_whole(cents in -1_000_000i64..1_000_000, weights in prop::collection::vec(0u32..500, 1..12)) {
            let whole = Decimal::new(cents, 2);
            let weights: Vec<Decimal> = weights.into_iter().map(Decimal::from).collect();
            let parts = allocate(whole, &weights, "USD");
            prop_assert_eq!(parts.iter().sum::<Decimal>(), whole);
            if cents >= 0 {
                prop_assert!(parts.iter().all(|part| !part.is_sign_negative()));
            }
        }
    }
}
