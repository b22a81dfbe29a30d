//! Exponential durations.

use super::DurationModel;
use crate::params::{Parameters, Visitor};
use crate::rng::Stream;
use crate::units::SimDuration;

/// Memoryless, with the given mean.
#[derive(Clone, Debug, PartialEq)]
pub struct Exponential {
    /// The mean.
    pub mean: SimDuration,
}

impl Default for Exponential {
    fn default() -> Self {
        Exponential { mean: SimDuration::from_secs(1) }
    }
}

impl Parameters for Exponential {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("mean", &mut self.mean);
    }
}

impl DurationModel for Exponential {
    fn fill(&self, stream: &mut Stream, out: &mut [f64]) {
        let mean = self.mean.as_nanos() as f64;
        out.fill_with(|| stream.exponential() * mean);
    }

    fn mean(&self) -> SimDuration {
        self.mean
    }
}
