//! The lognormal distribution as a thin transform of the normal one.

use super::{Stream, exp};
use crate::params::Invalid;

/// A lognormal variate by its mean and its coefficient of variation (standard deviation over mean).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lognormal {
    mu: f64,
    sigma: f64, // >= 0
}

impl Lognormal {
    /// `mean` above 0, `cv` at least 0: `sigma² = ln(1 + cv²)`, `mu = ln(mean) - sigma² / 2`.
    pub fn new(mean: f64, cv: f64) -> Self {
        let variance = libm::log1p(cv * cv);
        Lognormal { mu: libm::log(mean) - variance / 2.0, sigma: variance.sqrt() }
    }

    /// The mean of a variate that is cut to `cap`, `E min(X, cap)` (the limited expected value of Klugman, Panjer and
    /// Willmot, Loss Models, appendix A).
    pub fn mean_capped(&self, cap: f64) -> f64 {
        let mean = libm::exp(self.mu + self.sigma * self.sigma / 2.0);
        if self.sigma == 0.0 || cap == 0.0 {
            return mean.min(cap);
        }
        let score = (libm::log(cap) - self.mu) / self.sigma;
        mean * normal_share_below(score - self.sigma) + cap * normal_share_below(-score)
    }

    /// Draws one variate for each place of `out`, in order.
    pub fn fill(&self, stream: &mut Stream, out: &mut [f64]) {
        // Two loops: the first is bound by the generator, the second becomes vector code.
        out.fill_with(|| stream.normal());
        for x in out {
            *x = exp(self.mu + self.sigma * *x);
        }
    }
}

/// The share of the standard normal distribution below `score`.
fn normal_share_below(score: f64) -> f64 {
    libm::erfc(-score * std::f64::consts::FRAC_1_SQRT_2) / 2.0
}

/// Refuses a coefficient of variation outside 0..=100: the check of the key `cv` of every lognormal model.
pub fn check_cv(cv: f64) -> Result<(), Invalid> {
    if !(0.0..=100.0).contains(&cv) {
        return Err(Invalid::new(
            "cv",
            format!("`{cv}` is outside 0 to 100"),
            "write a number from 0 to 100, as in `1.2`",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Seed;

    #[test]
    fn a_cap_lowers_the_mean() {
        // Mean 400 and variation 1, cut at 1,024: 367.403 by numerical integration.
        let law = Lognormal::new(400.0, 1.0);
        assert!((law.mean_capped(1_024.0) - 367.403_477).abs() < 1e-5, "{}", law.mean_capped(1_024.0));
        assert!((law.mean_capped(1e12) - 400.0).abs() < 1e-9);
        assert_eq!(Lognormal::new(80.0, 0.0).mean_capped(50.0), 50.0);
    }

    #[test]
    fn mean_and_variation_are_those_asked_for() {
        let mut draws = vec![0.0; 400_000];
        Lognormal::new(3.0, 0.5).fill(&mut Seed(5).stream(0, "lognormal"), &mut draws);
        let n = draws.len() as f64;
        let mean = draws.iter().sum::<f64>() / n;
        let variance = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
        // Standard errors 0.0024 and about 0.014; five of them, so that a change of seed cannot fail by chance.
        assert!((mean - 3.0).abs() < 0.012, "{mean}");
        assert!((variance - 2.25).abs() < 0.07, "{variance}");
    }
}
