//! One duration for all.

use super::DurationModel;
use crate::params::{Parameters, Visitor};
use crate::rng::Stream;
use crate::units::SimDuration;

/// Always `value`.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Constant {
    /// The duration.
    pub value: SimDuration,
}

impl Parameters for Constant {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("value", &mut self.value);
    }
}

impl DurationModel for Constant {
    fn fill(&self, _stream: &mut Stream, out: &mut [f64]) {
        out.fill(self.value.as_nanos() as f64);
    }

    fn mean(&self) -> SimDuration {
        self.value
    }
}
