//! Whole counts between two bounds.

use super::SizeModel;
use crate::params::{Invalid, Parameters, Visitor};
use crate::rng::Stream;
use crate::units::Tokens;

/// Every whole count in `min..=max` is as likely as another.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Uniform {
    /// The least count.
    pub min: Tokens,
    /// The greatest count, at least `min`.
    pub max: Tokens,
}

impl Parameters for Uniform {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("min", &mut self.min);
        visitor.required("max", &mut self.max);
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.min > self.max {
            let message = format!("`max` is {}, below `min`, which is {}", self.max, self.min);
            return Err(Invalid::new("max", message, format!("write at least {}", self.min)));
        }
        Ok(())
    }
}

impl SizeModel for Uniform {
    fn fill(&self, stream: &mut Stream, out: &mut [Tokens]) {
        let (min, max) = (self.min.get(), self.max.get());
        let counts = u64::from(max - min) + 1;
        out.fill_with(|| Tokens::new(min + stream.index(counts) as u32));
    }

    fn mean(&self) -> f64 {
        (f64::from(self.min.get()) + f64::from(self.max.get())) / 2.0
    }

    fn largest(&self) -> Option<Tokens> {
        Some(self.max)
    }
}
