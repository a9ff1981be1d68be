//! Amounts in the shop's and in the buyer's currency, and the arithmetic that keeps both exact to the cent.
//!
//! Every amount is carried as a pair from the moment the order is placed, so that no sum is ever converted a second
//! time: totals are sums of parts in each currency. Dividing an amount over units is telescoping (the share of `n`
//! units minus the share of `n - 1` is the last unit's), so that parts always add up to the whole.

use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub};

use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};

/// One amount in the shop's currency and in the currency the buyer saw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bag {
    /// In the shop's currency.
    pub shop: Decimal,
    /// In the buyer's currency.
    pub presentment: Decimal,
}

impl Bag {
    /// Nothing.
    pub const ZERO: Self = Self { shop: Decimal::ZERO, presentment: Decimal::ZERO };

    /// Whether both sides are nothing.
    pub fn is_zero(self) -> bool {
        self.shop.is_zero() && self.presentment.is_zero()
    }

    /// The amount of `units` such units.
    #[must_use]
    pub fn times(self, units: u32) -> Self {
        let units = Decimal::from(units);
        Self { shop: self.shop * units, presentment: self.presentment * units }
    }

    /// The share of the first `part` of `whole` units, rounded to each currency's smallest coin.
    #[must_use]
    pub fn share(self, part: u32, whole: u32, currencies: &Currencies) -> Self {
        if part == 0 || whole == 0 {
            return Self::ZERO;
        }
        if part == whole {
            return self;
        }
        let ratio = |amount: Decimal| amount * Decimal::from(part) / Decimal::from(whole);
        currencies.round(Self { shop: ratio(self.shop), presentment: ratio(self.presentment) })
    }

    /// Nothing wherever it is negative.
    #[must_use]
    pub fn positive(self) -> Self {
        Self { shop: self.shop.max(Decimal::ZERO), presentment: self.presentment.max(Decimal::ZERO) }
    }

    /// The smaller of the two, side by side.
    #[must_use]
    pub fn min(self, other: Self) -> Self {
        Self { shop: self.shop.min(other.shop), presentment: self.presentment.min(other.presentment) }
    }
}

impl Add for Bag {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { shop: self.shop + other.shop, presentment: self.presentment + other.presentment }
    }
}

impl AddAssign for Bag {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Bag {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self { shop: self.shop - other.shop, presentment: self.presentment - other.presentment }
    }
}

impl Neg for Bag {
    type Output = Self;
    fn neg(self) -> Self {
        Self { shop: -self.shop, presentment: -self.presentment }
    }
}

impl Sum for Bag {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

/// The two currencies of one order, and the rate between them when it was placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Currencies {
    /// ISO code of the shop's currency.
    pub shop: String,
    /// ISO code of the buyer's currency.
    pub presentment: String,
    /// How much of the buyer's currency one unit of the shop's buys.
    pub rate: Decimal,
}

impl Currencies {
    /// One currency on both sides.
    pub fn single(code: &str) -> Self {
        Self { shop: code.to_owned(), presentment: code.to_owned(), rate: Decimal::ONE }
    }

    /// Rounds both sides to their currency's smallest coin.
    pub fn round(&self, bag: Bag) -> Bag {
        Bag { shop: round(bag.shop, &self.shop), presentment: round(bag.presentment, &self.presentment) }
    }

    /// An amount given in the shop's currency, as a pair.
    pub fn convert(&self, shop: Decimal) -> Bag {
        self.round(Bag { shop, presentment: shop * self.rate })
    }

    /// `rate` (a tax rate, say) of an amount.
    pub fn fraction(&self, bag: Bag, rate: Decimal) -> Bag {
        self.round(Bag { shop: bag.shop * rate, presentment: bag.presentment * rate })
    }

    /// Splits `whole` over parts in proportion to `weights`, to the cent, so that the parts add up to the whole.
    pub fn split(&self, whole: Bag, weights: &[Bag]) -> Vec<Bag> {
        let total: Bag = weights.iter().copied().sum();
        let mut before = Bag::ZERO;
        let mut given = Bag::ZERO;
        weights
            .iter()
            .map(|weight| {
                before += *weight;
                let upto = self.round(Bag {
                    shop: portion(whole.shop, before.shop, total.shop),
                    presentment: portion(whole.presentment, before.presentment, total.presentment),
                });
                let part = upto - given;
                given = upto;
                part
            })
            .collect()
    }
}

fn portion(whole: Decimal, part: Decimal, total: Decimal) -> Decimal {
    if total.is_zero() { Decimal::ZERO } else { whole * part / total }
}

/// The number of decimals of a currency's smallest coin.
pub fn decimals(code: &str) -> u32 {
    match code {
        "BIF" | "CLP" | "DJF" | "GNF" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "VND" | "VUV"
        | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "JOD" | "KWD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}

fn round(amount: Decimal, code: &str) -> Decimal {
    amount.round_dp_with_strategy(decimals(code), RoundingStrategy::MidpointAwayFromZero)
}

/// An amount as webhook bodies write it: always the currency's decimals (`10.00`).
pub fn rest_amount(amount: Decimal, code: &str) -> String {
    let mut amount = round(amount, code);
    amount.rescale(decimals(code));
    amount.to_string()
}

/// An amount as the GraphQL API writes it: no needless zeros, but at least one decimal (`10.0`, `12.5`, `19.99`).
pub fn graphql_amount(amount: Decimal) -> String {
    let mut amount = amount.normalize();
    if amount.scale() == 0 {
        amount.rescale(1);
    }
    amount.to_string()
}

/// A decimal as a JSON number, for the few places where the wire has numbers.
pub fn number(amount: Decimal) -> serde_json::Value {
    let amount = amount.normalize();
    if amount.scale() == 0
        && let Some(whole) = amount.to_i64()
    {
        return whole.into();
    }
    amount.to_f64().and_then(serde_json::Number::from_f64).map_or(serde_json::Value::Null, Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bag(shop: &str) -> Bag {
        let shop: Decimal = shop.parse().unwrap();
        Bag { shop, presentment: shop }
    }

    #[test]
    fn parts_add_up_to_the_whole() {
        let currencies =
            Currencies { shop: "USD".into(), presentment: "JPY".into(), rate: "149.37".parse().unwrap() };
        let whole = currencies.convert("10.00".parse().unwrap());
        let weights: Vec<_> =
            ["19.99", "0.01", "5.00"].iter().map(|w| currencies.convert(w.parse().unwrap())).collect();
        let parts = currencies.split(whole, &weights);
        assert_eq!(parts.iter().copied().sum::<Bag>(), whole);
        assert!(parts.iter().all(|p| p.presentment.fract().is_zero()));
        let shares: Bag =
            (1..=7).map(|n| whole.share(n, 7, &currencies) - whole.share(n - 1, 7, &currencies)).sum();
        assert_eq!(shares, whole);
    }

    #[test]
    fn amounts_are_written_as_each_interface_does() {
        assert_eq!(rest_amount(bag("10").shop, "USD"), "10.00");
        assert_eq!(rest_amount(bag("1200").shop, "JPY"), "1200");
        assert_eq!(graphql_amount(bag("10.00").shop), "10.0");
        assert_eq!(graphql_amount(bag("12.50").shop), "12.5");
        assert_eq!(graphql_amount(bag("19.99").shop), "19.99");
        assert_eq!(number(bag("89.99").shop), serde_json::json!(89.99));
        assert_eq!(number(bag("90.00").shop), serde_json::json!(90));
    }
}
