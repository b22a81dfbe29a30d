//! Geometric counts.

use super::SizeModel;
use crate::params::{Invalid, Parameters, Visitor};
use crate::rng::Stream;
use crate::units::Tokens;

/// Counts of 1, 2, 3 …: after each one another follows with the same chance.
#[derive(Clone, Debug, PartialEq)]
pub struct Geometric {
    /// Mean count before the cap, in 1..=1e9.
    pub mean: f64,
    /// The largest count, at least 1; larger draws are cut to it.
    pub max: Option<Tokens>,
}

impl Default for Geometric {
    fn default() -> Self {
        Geometric { mean: 5.0, max: None }
    }
}

impl Parameters for Geometric {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("mean", &mut self.mean);
        visitor.optional("max", &mut self.max);
    }

    fn check(&self) -> Result<(), Invalid> {
        if !(1.0..=1e9).contains(&self.mean) {
            let message = format!("`{:?}` is outside 1 to 1000000000", self.mean);
            return Err(Invalid::new("mean", message, "write a mean of at least 1, as in `5.0`"));
        }
        super::check_max(self.max)
    }
}

impl Geometric {
    /// The logarithm of the chance that another one follows, `ln(1 - 1/mean)`.
    fn log_follows(&self) -> f64 {
        libm::log1p(-1.0 / self.mean)
    }
}

impl SizeModel for Geometric {
    fn fill(&self, stream: &mut Stream, out: &mut [Tokens]) {
        // ⌊E / -ln(1 - p)⌋ more than one; a mean of 1 divides by infinity.
        let scale = -1.0 / self.log_follows();
        let max = self.max.map_or(u32::MAX, Tokens::get);
        out.fill_with(|| {
            let more = (stream.exponential() * scale) as u32;
            Tokens::new(more.saturating_add(1).min(max))
        });
    }

    /// `E min(X, m) = mean · (1 - (1 - 1/mean)^m)`.
    fn mean(&self) -> f64 {
        match self.max {
            Some(max) => -self.mean * libm::expm1(f64::from(max.get()) * self.log_follows()),
            None => self.mean,
        }
    }

    fn largest(&self) -> Option<Tokens> {
        self.max
    }
}
