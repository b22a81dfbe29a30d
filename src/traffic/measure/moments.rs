//! Means, variances and correlations from exact sums.

/// The sample variance of `n` whole numbers by their sum and the sum of their squares; `None` of fewer than two.
pub(super) fn variance(n: u64, sum: u128, squares: u128) -> Option<f64> {
    spread(n, sum, squares).map(|spread| spread / (n as f64 - 1.0))
}

/// The sum of the squared deviations from the mean.
fn spread(n: u64, sum: u128, squares: u128) -> Option<f64> {
    if n < 2 {
        return None;
    }
    let scaled = u128::from(n).checked_mul(squares).zip(sum.checked_mul(sum));
    let spread = match scaled {
        // Exact up to here, so that nothing cancels.
        Some((squares, product)) => squares.saturating_sub(product) as f64 / n as f64,
        None => squares as f64 - sum as f64 * (sum as f64 / n as f64),
    };
    Some(spread.max(0.0))
}

/// Sums over pairs of whole numbers, for their correlation.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Pairs {
    n: u64,
    x: (u128, u128), // sum and sum of squares
    y: (u128, u128),
    products: u128,
}

impl Pairs {
    pub(super) fn add(&mut self, x: u32, y: u32) {
        let (x, y) = (u128::from(x), u128::from(y));
        self.n += 1;
        self.x = (self.x.0 + x, self.x.1 + x * x);
        self.y = (self.y.0 + y, self.y.1 + y * y);
        self.products += x * y;
    }

    /// Pearson's correlation; `None` where one of the two never changes.
    pub(super) fn correlation(&self) -> Option<f64> {
        let x = spread(self.n, self.x.0, self.x.1)?;
        let y = spread(self.n, self.y.0, self.y.1)?;
        let expected = self.x.0 as f64 * (self.y.0 as f64 / self.n as f64);
        let joint = self.products as f64 - expected;
        (x > 0.0 && y > 0.0).then(|| (joint / (x * y).sqrt()).clamp(-1.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_where_floats_would_cancel() {
        // 10^9 and 10^9 + 2: variance 2, of squares that a float cannot tell apart.
        let (a, b) = (1_000_000_000u128, 1_000_000_002u128);
        assert_eq!(variance(2, a + b, a * a + b * b), Some(2.0));
        assert_eq!(variance(1, a, a * a), None);
        let far = u128::from(u64::MAX) * 1_000_000;
        assert!(variance(u64::MAX, far, far).unwrap() >= 0.0, "what does not fit is rounded, not refused");
    }

    #[test]
    fn correlation_of_a_line_is_one() {
        let mut pairs = Pairs::default();
        (1..50).for_each(|i| pairs.add(i, 3 * i + 5));
        assert!((pairs.correlation().unwrap() - 1.0).abs() < 1e-9);
        let mut flat = Pairs::default();
        (1..50).for_each(|i| flat.add(i, 7));
        assert_eq!(flat.correlation(), None);
    }
}
