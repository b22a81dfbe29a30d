//! The gaps between arrivals.

use super::gamma::shape_by_likelihood;
use super::moments::variance;
use crate::units::SimDuration;

/// What is kept of the gaps.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Gaps {
    count: u64,
    sum: u128, // ns
    squares: u128,
    ties: u64,
    least: u64, // of those above zero; 0 where there is none
    most: u64,
    step: u64,    // ns: the largest number that divides every gap; 0 where all are zero
    log_sum: f64, // of those above zero, in ns
}

impl Gaps {
    /// Counts a gap of `nanos`.
    #[inline]
    pub fn add(&mut self, nanos: u64) {
        self.count += 1;
        if nanos == 0 {
            self.ties += 1;
            return;
        }
        self.sum += u128::from(nanos);
        self.squares = self.squares.saturating_add(u128::from(nanos) * u128::from(nanos));
        self.log_sum += libm::log(nanos as f64);
        self.least = if self.least == 0 { nanos } else { self.least.min(nanos) };
        self.most = self.most.max(nanos);
        if self.step != 1 {
            self.step = greatest_divisor(self.step, nanos);
        }
    }

    /// How many there are: one fewer than arrivals.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Arrivals at the instant of the one before.
    pub fn ties(&self) -> u64 {
        self.ties
    }

    /// The shortest above zero; `None` where all are zero.
    pub fn least(&self) -> Option<SimDuration> {
        (self.least > 0).then(|| SimDuration::from_nanos(self.least))
    }

    /// The longest.
    pub fn most(&self) -> SimDuration {
        SimDuration::from_nanos(self.most)
    }

    /// The largest step of which every gap is a multiple: that of the clock, unless the log is very short.
    pub fn step(&self) -> Option<SimDuration> {
        (self.step > 0).then(|| SimDuration::from_nanos(self.step))
    }

    /// The mean in seconds.
    pub fn mean_s(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum as f64 / self.count as f64 / 1e9)
    }

    /// The geometric mean of those above zero, in seconds.
    pub fn geometric_mean_s(&self) -> Option<f64> {
        let above_zero = self.count - self.ties;
        (above_zero > 0).then(|| libm::exp(self.log_sum / above_zero as f64) / 1e9)
    }

    /// Standard deviation over mean.
    pub fn cv(&self) -> Option<f64> {
        let mean = self.sum as f64 / self.count.max(1) as f64;
        let variance = variance(self.count, self.sum, self.squares)?;
        (mean > 0.0).then(|| variance.sqrt() / mean)
    }

    /// The same without the longest gap.
    pub fn cv_without_longest(&self) -> Option<f64> {
        let most = u128::from(self.most);
        let (sum, squares) = (self.sum - most, self.squares.saturating_sub(most * most));
        let rest = Gaps { count: self.count.checked_sub(1)?, sum, squares, ..*self };
        rest.cv()
    }

    /// The share of the longest gap in the sum of the squares, which is what the variance is made of.
    pub fn longest_share_of_squares(&self) -> f64 {
        let most = self.most as f64;
        if self.squares == 0 { 0.0 } else { most * most / self.squares as f64 }
    }

    /// The shape of the gamma distribution with this coefficient of variation: 1 for a Poisson process, less for bursts.
    pub fn shape_by_moments(&self) -> Option<f64> {
        self.cv().filter(|&cv| cv > 0.0).map(|cv| 1.0 / (cv * cv))
    }

    /// The shape of the gamma distribution that makes the gaps above zero most likely.
    pub fn shape_by_likelihood(&self) -> Option<f64> {
        let positive = self.count - self.ties;
        if positive < 3 {
            return None;
        }
        let n = positive as f64;
        shape_by_likelihood(libm::log(self.sum as f64 / n) - self.log_sum / n)
    }
}

fn greatest_divisor(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gaps(nanos: &[u64]) -> Gaps {
        let mut gaps = Gaps::default();
        nanos.iter().for_each(|&nanos| gaps.add(nanos));
        gaps
    }

    #[test]
    fn the_step_of_the_clock() {
        assert_eq!(gaps(&[6_000, 0, 9_000]).step(), Some(SimDuration::from_nanos(3_000)));
        assert_eq!(gaps(&[0, 0]).step(), None);
        assert_eq!(gaps(&[5, 7, 1_000]).step(), Some(SimDuration::from_nanos(1)));
    }

    #[test]
    fn moments_by_hand() {
        let four = gaps(&[2, 0, 6, 4]);
        assert_eq!((four.count(), four.ties(), four.least()), (4, 1, Some(SimDuration::from_nanos(2))));
        // Mean 3, squared deviations 1, 9, 9, 1.
        assert!((four.cv().unwrap() - (20.0f64 / 3.0).sqrt() / 3.0).abs() < 1e-12);
        // Without the 6: mean 2, squared deviations 0, 4, 4.
        assert!((four.cv_without_longest().unwrap() - 1.0).abs() < 1e-12);
        assert_eq!(four.longest_share_of_squares(), 36.0 / 56.0);
        assert_eq!(gaps(&[1]).cv(), None);
        assert_eq!(gaps(&[0, 0]).cv(), None);
    }
}
