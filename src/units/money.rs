//! US dollars as integer picodollars, so that sums are exact and independent of order.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul, Sub};

/// An amount of US dollars in whole picodollars (10⁻¹² USD). Any price of at most six decimals per million tokens is an
/// exact number of picodollars per token.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Money(i128);

/// Picodollars in one dollar.
pub(crate) const PICOS: i128 = 1_000_000_000_000;

impl Money {
    /// Nothing.
    pub const ZERO: Money = Money(0);

    /// `picos` picodollars.
    pub const fn from_picos(picos: i128) -> Self {
        Money(picos)
    }

    /// Whole dollars.
    pub const fn from_usd(dollars: i64) -> Self {
        Money(dollars as i128 * PICOS)
    }

    /// Whole billionths of a dollar, rounded up: what limits on money count. An amount below zero counts as nothing.
    pub fn billionths(self) -> u64 {
        u64::try_from(self.0.max(0).unsigned_abs().div_ceil(1_000)).unwrap_or(u64::MAX)
    }

    /// So many billionths of a dollar.
    pub const fn from_billionths(billionths: u64) -> Self {
        Money(billionths as i128 * 1_000)
    }

    /// Picodollars.
    pub const fn picos(self) -> i128 {
        self.0
    }

    /// Dollars, for people and for statistics.
    pub fn as_usd_f64(self) -> f64 {
        self.0 as f64 / PICOS as f64
    }

    /// `self * numerator / denominator`, rounded half away from zero: the one place where money is divided.
    /// `denominator` must not be zero.
    pub fn prorate(self, numerator: u64, denominator: u64) -> Self {
        let (n, d) = (i128::from(numerator), i128::from(denominator));
        let doubled = 2 * self.0 * n;
        Money((doubled + if doubled < 0 { -d } else { d }) / (2 * d))
    }
}

impl Add for Money {
    type Output = Money;
    fn add(self, other: Money) -> Money {
        Money(self.0 + other.0)
    }
}

impl Sub for Money {
    type Output = Money;
    fn sub(self, other: Money) -> Money {
        Money(self.0 - other.0)
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Money) {
        self.0 += other.0;
    }
}

impl Mul<u64> for Money {
    type Output = Money;
    fn mul(self, count: u64) -> Money {
        Money(self.0 * i128::from(count))
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Money>>(amounts: I) -> Money {
        amounts.fold(Money::ZERO, Add::add)
    }
}

/// Exact decimal dollars without trailing zeros: `20`, `0.000003`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let magnitude = self.0.unsigned_abs();
        let (whole, rest) = (magnitude / PICOS as u128, magnitude % PICOS as u128);
        if rest == 0 {
            return write!(f, "{sign}{whole}");
        }
        let fraction = format!("{rest:012}");
        write!(f, "{sign}{whole}.{}", fraction.trim_end_matches('0'))
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${self}")
    }
}

/// The price of one token. Written per million tokens: `3 USD/Mtok`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct TokenPrice(pub Money);

/// The price of one request that the API answered. Written `0.01 USD/request`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct RequestPrice(pub Money);

/// A subscription. Written `20 USD/month`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct MonthlyFee(pub Money);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cheapest_published_price_is_exact() {
        // 0.0375 USD per million tokens is 37,500 picodollars a token.
        let price = TokenPrice(Money::from_picos(37_500));
        assert_eq!((price.0 * 1_000_000).to_string(), "0.0375");
    }

    #[test]
    fn prorating_rounds_half_away_from_zero() {
        assert_eq!(Money::from_picos(1).prorate(1, 2), Money::from_picos(1));
        assert_eq!(Money::from_picos(-1).prorate(1, 2), Money::from_picos(-1));
        assert_eq!(Money::from_picos(10).prorate(1, 3), Money::from_picos(3));
        assert_eq!(Money::from_usd(20).prorate(30, 30), Money::from_usd(20));
    }
}
