//! Counts of tokens.

use std::fmt;

/// A number of tokens of one request, in `0..=u32::MAX`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Tokens(u32);

impl Tokens {
    /// `count` tokens.
    #[inline]
    pub const fn new(count: u32) -> Self {
        Tokens(count)
    }

    /// The whole number of tokens nearest to `count`, clamped to the type's range; NaN gives zero.
    #[inline]
    pub fn from_f64(count: f64) -> Self {
        Tokens((count + 0.5) as u32)
    }

    /// The count.
    #[inline]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl From<Tokens> for u64 {
    fn from(tokens: Tokens) -> u64 {
        u64::from(tokens.0)
    }
}

impl fmt::Display for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}tok", self.0)
    }
}
