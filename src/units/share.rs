//! Shares of a whole.

use std::fmt;

/// A fraction of a whole in millionths of a percent, so that `0.5%` is exact. In `0..=1` where a probability is meant;
/// bounds may be larger.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Share(u64);

const WHOLE: u64 = 100_000_000;

impl Share {
    /// All of it.
    pub const ONE: Share = Share(WHOLE);

    /// `parts` hundred-millionths.
    pub const fn from_hundred_millionths(parts: u64) -> Self {
        Share(parts)
    }

    /// This share of `amount`, rounded down.
    pub fn of(self, amount: u64) -> u64 {
        u64::try_from(u128::from(amount) * u128::from(self.0) / u128::from(WHOLE)).unwrap_or(u64::MAX)
    }

    /// This share of `amount`, rounded up.
    pub fn of_up(self, amount: u64) -> u64 {
        u64::try_from((u128::from(amount) * u128::from(self.0)).div_ceil(u128::from(WHOLE))).unwrap_or(u64::MAX)
    }

    /// As a fraction of one.
    pub fn as_f64(self) -> f64 {
        self.0 as f64 / WHOLE as f64
    }
}

/// As a percentage, exact: `0.5%`.
impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 1_000_000, self.0 % 1_000_000);
        match rest {
            0 => write!(f, "{whole}%"),
            _ => write!(f, "{whole}.{}%", format!("{rest:06}").trim_end_matches('0')),
        }
    }
}

impl fmt::Debug for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
