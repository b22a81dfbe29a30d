//! US dollars as integer picodollars, so that sums are exact and independent of order.

use super::share::Share;
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

    /// The whole picodollars nearest to `dollars`; the most that fits where they do not, nothing of what is no number.
    pub fn from_usd_f64(dollars: f64) -> Self {
        Money((dollars * PICOS as f64).round() as i128)
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

    /// `self * numerator / denominator`, rounded half away from zero: the one place where money is divided. What does not
    /// fit is the most that does. `denominator` must not be zero.
    pub fn prorate(self, numerator: u64, denominator: u64) -> Self {
        let (n, d) = (u128::from(numerator), u128::from(denominator));
        // The whole part and the rest of the division apart, so that no product overflows before its quotient would.
        let (whole, rest) = (self.0.unsigned_abs() / d, self.0.unsigned_abs() % d);
        let rounded = rest * n / d + u128::from(2 * (rest * n % d) >= d);
        let magnitude = whole.saturating_mul(n).saturating_add(rounded);
        let magnitude = i128::try_from(magnitude).unwrap_or(i128::MAX);
        Money(if self.0 < 0 { -magnitude } else { magnitude })
    }

    /// So much of it, rounded half away from zero; more than all of it where the share is above one.
    pub fn share(self, share: Share) -> Self {
        self.prorate(share.hundred_millionths(), Share::ONE.hundred_millionths())
    }

    /// As large a part of it as `part` is of `whole`, to 63 bits of the ratio. `part` is in 0 to `whole`, which is not zero.
    pub fn portion(self, part: Money, whole: Money) -> Self {
        if self == whole {
            return part;
        }
        let spare = 128 - whole.0.unsigned_abs().leading_zeros();
        let cut = |money: Money| u64::try_from(money.0 >> spare.saturating_sub(64)).unwrap_or(0);
        self.prorate(cut(part), cut(whole).max(1))
    }

    /// The sum, or the most that fits: sums of absurd prices end there.
    #[must_use]
    pub fn saturating_add(self, other: Money) -> Self {
        Money(self.0.saturating_add(other.0))
    }

    /// `count` times it, or the most that fits.
    #[must_use]
    pub fn saturating_mul(self, count: u64) -> Self {
        Money(self.0.saturating_mul(i128::from(count)))
    }

    /// What is left after `other`, at least nothing.
    #[must_use]
    pub fn less(self, other: Money) -> Self {
        Money(self.0.saturating_sub(other.0).max(0))
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

/// The price of an hour of one reserved unit. Written `12 USD/h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct HourlyPrice(pub Money);

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
        assert_eq!(Money::from_usd(-7).prorate(3, 2), Money::from_picos(-10_500_000_000_000));
    }

    #[test]
    fn what_does_not_fit_is_the_most_that_does() {
        let most = Money::from_picos(i128::MAX);
        assert_eq!(most.prorate(u64::MAX, 1), most);
        assert_eq!(most.prorate(u64::MAX, u64::MAX), most);
        assert_eq!(most.saturating_add(most), most);
        assert_eq!(Money::ZERO.less(most), Money::ZERO);
        assert_eq!(most.portion(most, most), most);
        let half = Money::from_picos(i128::MAX / 2);
        assert_eq!(Money::from_usd(8).portion(half, most).as_usd_f64(), 4.0);
        assert_eq!(Money::from_usd(8).portion(Money::from_picos(1), Money::from_picos(4)), Money::from_usd(2));
        assert_eq!(Money::from_usd(3).share(Share::from_hundred_millionths(5_000_000)).to_string(), "0.15");
    }
}
