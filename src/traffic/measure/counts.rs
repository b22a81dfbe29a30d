//! Counts of requests, or of tokens, in windows side by side.

use super::moments::variance;

/// Counts in whole windows of one width, aligned to the first arrival, empty ones included.
///
/// The last window is cut by the end of the traffic, so it never counts.
#[derive(Clone, Debug, PartialEq)]
pub struct Counts {
    width: u64, // ns, above 0
    bin: u64,   // the window that is open
    open: u64,  // what it has so far
    bins: u64,  // windows that are complete
    sum: u128,
    squares: u128,
    peak: u64,
    empty: u64,
    products: u128, // of each count with the next one
    first: u64,     // the first count
    last: u64,      // the latest
}

impl Counts {
    /// Windows of `width` nanoseconds, at least 1.
    pub fn new(width: u64) -> Self {
        Counts {
            width: width.max(1),
            bin: 0,
            open: 0,
            bins: 0,
            sum: 0,
            squares: 0,
            peak: 0,
            empty: 0,
            products: 0,
            first: 0,
            last: 0,
        }
    }

    /// Counts `amount` at `nanos` after the first arrival; `nanos` never decreases.
    #[inline]
    pub fn add(&mut self, nanos: u64, amount: u64) {
        // Most arrivals fall into the open window, and a product is cheaper than a quotient.
        if nanos >= self.width.saturating_mul(self.bin + 1) {
            self.close(nanos / self.width);
        }
        self.open = self.open.saturating_add(amount);
    }

    #[inline(never)]
    fn close(&mut self, next: u64) {
        let count = self.open;
        if self.bins == 0 {
            self.first = count;
        }
        self.products = self.products.saturating_add(u128::from(self.last) * u128::from(count));
        self.sum += u128::from(count);
        self.squares = self.squares.saturating_add(u128::from(count) * u128::from(count));
        self.peak = self.peak.max(count);
        self.empty += u64::from(count == 0);
        let skipped = next - self.bin - 1;
        self.empty += skipped;
        self.bins += 1 + skipped;
        self.last = if skipped > 0 { 0 } else { count };
        (self.bin, self.open) = (next, 0);
    }

    /// The width in nanoseconds.
    pub fn width(&self) -> u64 {
        self.width
    }

    /// Complete windows.
    pub fn bins(&self) -> u64 {
        self.bins
    }

    /// The largest count; 0 without a complete window.
    pub fn peak(&self) -> u64 {
        self.peak
    }

    /// Windows in which there was nothing.
    pub fn empty(&self) -> u64 {
        self.empty
    }

    /// The mean count.
    pub fn mean(&self) -> Option<f64> {
        (self.bins > 0).then(|| self.sum as f64 / self.bins as f64)
    }

    /// The largest count over the mean one.
    pub fn peak_to_mean(&self) -> Option<f64> {
        self.mean().filter(|&mean| mean > 0.0).map(|mean| self.peak as f64 / mean)
    }

    /// The counts' variance over their mean, the index of dispersion I(w): 1 for a Poisson process in windows of any
    /// width (Cox and Lewis, The Statistical Analysis of Series of Events, 1966). Of few windows it says little.
    pub fn dispersion(&self) -> Option<f64> {
        let mean = self.mean().filter(|&mean| mean > 0.0)?;
        variance(self.bins, self.sum, self.squares).map(|variance| variance / mean)
    }

    /// The correlation of each count with the next one.
    pub fn autocorrelation(&self) -> Option<f64> {
        let (n, mean) = (self.bins as f64, self.mean()?);
        let spread = variance(self.bins, self.sum, self.squares)? * (n - 1.0);
        let ends = 2.0 * self.sum as f64 - self.last as f64 - self.first as f64;
        let joint = self.products as f64 - mean * ends + (n - 1.0) * mean * mean;
        (self.bins > 2 && spread > 0.0).then(|| joint / spread)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(counts: &[u64]) -> Counts {
        let mut all = Counts::new(10);
        for (at, &count) in counts.iter().enumerate() {
            (0..count).for_each(|i| all.add(at as u64 * 10 + i % 10, 1));
        }
        all
    }

    #[test]
    fn whole_windows_with_the_empty_ones() {
        // The last window is open.
        let counts = of(&[3, 0, 0, 1, 4, 2]);
        assert_eq!((counts.bins(), counts.peak(), counts.empty()), (5, 4, 2));
        assert_eq!(counts.mean(), Some(1.6));
        // Deviations 1.4, -1.6, -1.6, -0.6, 2.4: squares sum to 13.2.
        assert!((counts.dispersion().unwrap() - 13.2 / 4.0 / 1.6).abs() < 1e-12);
        let joint = -1.4 * 1.6 + 1.6 * 1.6 + 1.6 * 0.6 - 0.6 * 2.4;
        assert!((counts.autocorrelation().unwrap() - joint / 13.2).abs() < 1e-12);
    }

    #[test]
    fn too_little_is_nothing() {
        assert_eq!(Counts::new(10).mean(), None);
        assert_eq!(of(&[5]).peak_to_mean(), None);
        assert_eq!(of(&[5, 1]).dispersion(), None);
        assert_eq!(of(&[5, 1]).peak_to_mean(), Some(1.0));
        assert_eq!(of(&[1, 1, 1, 1]).autocorrelation(), None);
    }
}
