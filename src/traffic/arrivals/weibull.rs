//! Weibull gaps.

use super::renewal::{Gaps, Renewal, stated_shape};
use super::{ArrivalModel, ArrivalProcess, check_rate, once_a_second};
use crate::params::{Invalid, Parameters, Visitor};
use crate::rng::{Stream, exp};
use crate::units::{Civil, Rate};

/// Independent gaps with a Weibull distribution: `shape` 1 is a Poisson process, below 1 has longer tails.
///
/// A gap is `E^(1/shape) / (rate · Γ(1 + 1/shape))` with an exponential `E`, and
/// `cv² = Γ(1 + 2/shape) / Γ(1 + 1/shape)² - 1`. Production windows have shapes of 0.27 to 1.07 (ServeGen, NSDI 2026).
#[derive(Clone, Debug, PartialEq)]
pub struct Weibull {
    /// Mean arrivals per time. At most 10 million a second.
    pub rate: Rate,
    /// Coefficient of variation of the gaps, in 0.05..=15; in its place `shape`.
    pub cv: Option<f64>,
    /// The Weibull distribution's shape, in 0.2034..=24.9498; in its place `cv`.
    pub shape: Option<f64>,
}

impl Default for Weibull {
    fn default() -> Self {
        Weibull { rate: once_a_second(), cv: None, shape: None }
    }
}

impl Parameters for Weibull {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("rate", &mut self.rate);
        visitor.optional("cv", &mut self.cv);
        visitor.optional("shape", &mut self.shape);
    }

    fn check(&self) -> Result<(), Invalid> {
        check_rate(self.rate)?;
        self.resolved_shape().map(|_| ())
    }
}

impl Weibull {
    fn resolved_shape(&self) -> Result<f64, Invalid> {
        stated_shape(self.cv, self.shape, (0.05, 15.0), shape_of)
    }
}

/// The shape whose coefficient of variation is `cv`, by bisection: the one falls as the other rises.
fn shape_of(cv: f64) -> f64 {
    let wanted = libm::log1p(cv * cv);
    let of = |shape: f64| libm::lgamma(1.0 + 2.0 / shape) - 2.0 * libm::lgamma(1.0 + 1.0 / shape);
    let (mut low, mut high) = (0.1, 100.0);
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if of(middle) > wanted { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

impl ArrivalModel for Weibull {
    fn process(&self, stream: Stream, _start: &Civil) -> Box<dyn ArrivalProcess> {
        let power = 1.0 / self.resolved_shape().unwrap_or(1.0);
        Renewal::process(self.rate, WeibullGaps { power, log_scale: -libm::lgamma(1.0 + power) }, stream)
    }

    fn mean_rate(&self) -> Rate {
        self.rate
    }
}

struct WeibullGaps {
    power: f64,     // 1 / shape
    log_scale: f64, // the scale that makes the mean 1
}

impl Gaps for WeibullGaps {
    fn fill(&mut self, stream: &mut Stream, out: &mut [f64]) {
        out.fill_with(|| stream.exponential());
        for gap in out {
            *gap = exp(libm::log(*gap) * self.power + self.log_scale);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_has_the_variation_asked_for() {
        assert!((shape_of(1.0) - 1.0).abs() < 1e-12);
        // Shape 1/2: the square of an exponential, with mean 2 and second moment 24.
        assert!((shape_of(5f64.sqrt()) - 0.5).abs() < 1e-12);
    }
}
