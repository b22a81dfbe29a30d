//! Gamma counts, rounded to whole tokens.

use super::SizeModel;
use crate::params::{Invalid, Parameters, Visitor};
use crate::rng::{self, Stream};
use crate::units::Tokens;

/// Skewed to the right with a tail lighter than a lognormal one; with a `cv` of 1 exponential. Rounded to the nearest whole
/// count.
#[derive(Clone, Debug, PartialEq)]
pub struct Gamma {
    /// Mean count before the cap, at least 1.
    pub mean: Tokens,
    /// Coefficient of variation before the cap: standard deviation over mean, in 0.01..=100.
    pub cv: f64,
    /// The largest count, at least 1; larger draws are cut to it, as `max_tokens` does.
    pub max: Option<Tokens>,
}

impl Default for Gamma {
    fn default() -> Self {
        Gamma { mean: Tokens::new(250), cv: 1.0, max: None }
    }
}

impl Parameters for Gamma {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("mean", &mut self.mean);
        visitor.optional("cv", &mut self.cv);
        visitor.optional("max", &mut self.max);
    }

    fn check(&self) -> Result<(), Invalid> {
        super::check_mean("gamma", self.mean)?;
        if !(0.01..=100.0).contains(&self.cv) {
            let message = format!("`{:?}` is outside 0.01 to 100", self.cv);
            return Err(Invalid::new("cv", message, "write a number from 0.01 to 100, as in `1.2`"));
        }
        super::check_max(self.max)
    }
}

impl Gamma {
    fn shape(&self) -> f64 {
        1.0 / (self.cv * self.cv)
    }

    fn scale(&self) -> f64 {
        f64::from(self.mean.get()) / self.shape()
    }
}

impl SizeModel for Gamma {
    fn fill(&self, stream: &mut Stream, out: &mut [Tokens]) {
        let (law, scale) = (rng::Gamma::new(self.shape()), self.scale());
        let max = self.max.unwrap_or(Tokens::new(u32::MAX));
        out.fill_with(|| Tokens::from_f64(law.draw(stream) * scale).min(max));
    }

    fn mean(&self) -> f64 {
        let law = rng::Gamma::new(self.shape());
        self.max.map_or(f64::from(self.mean.get()), |max| {
            self.scale() * law.mean_capped(f64::from(max.get()) / self.scale())
        })
    }

    fn largest(&self) -> Option<Tokens> {
        self.max
    }
}
