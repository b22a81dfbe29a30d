//! One count for all.

use super::SizeModel;
use crate::params::{Parameters, Visitor};
use crate::rng::Stream;
use crate::units::Tokens;

/// Every request has `value` tokens.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Constant {
    /// The count.
    pub value: Tokens,
}

impl Parameters for Constant {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("value", &mut self.value);
    }
}

impl SizeModel for Constant {
    fn fill(&self, _stream: &mut Stream, out: &mut [Tokens]) {
        out.fill(self.value);
    }

    fn mean(&self) -> f64 {
        f64::from(self.value.get())
    }

    fn largest(&self) -> Option<Tokens> {
        Some(self.value)
    }
}
