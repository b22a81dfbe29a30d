//! Lognormal durations.

use super::DurationModel;
use crate::params::{Invalid, Parameters, Visitor};
use crate::rng::{self, Stream};
use crate::units::SimDuration;

/// Skewed to the right, as times to the first token are.
#[derive(Clone, Debug, PartialEq)]
pub struct Lognormal {
    /// The mean, above zero.
    pub mean: SimDuration,
    /// Coefficient of variation: standard deviation over mean, in 0..=100.
    pub cv: f64,
}

impl Default for Lognormal {
    fn default() -> Self {
        Lognormal { mean: SimDuration::from_secs(1), cv: 0.5 }
    }
}

impl Parameters for Lognormal {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("mean", &mut self.mean);
        visitor.optional("cv", &mut self.cv);
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.mean.is_zero() {
            return Err(Invalid::new("mean", "a lognormal mean of 0 is impossible", "write a duration above zero"));
        }
        rng::check_cv(self.cv)
    }
}

impl DurationModel for Lognormal {
    fn fill(&self, stream: &mut Stream, out: &mut [f64]) {
        rng::Lognormal::new(self.mean.as_nanos() as f64, self.cv).fill(stream, out);
    }

    fn mean(&self) -> SimDuration {
        self.mean
    }
}
