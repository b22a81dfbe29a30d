//! Lognormal counts, rounded to whole tokens.

use super::SizeModel;
use crate::params::{Invalid, Parameters, Visitor};
use crate::rng::{self, BLOCK, Stream};
use crate::units::Tokens;

/// Skewed to the right, as prompts and answers are. Rounded to the nearest whole count.
#[derive(Clone, Debug, PartialEq)]
pub struct Lognormal {
    /// Mean count before the cap, at least 1.
    pub mean: Tokens,
    /// Coefficient of variation before the cap: standard deviation over mean, in 0..=100.
    pub cv: f64,
    /// The largest count, at least 1; larger draws are cut to it, as `max_tokens` does.
    pub max: Option<Tokens>,
}

impl Default for Lognormal {
    fn default() -> Self {
        Lognormal { mean: Tokens::new(1_000), cv: 1.0, max: None }
    }
}

impl Parameters for Lognormal {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("mean", &mut self.mean);
        visitor.optional("cv", &mut self.cv);
        visitor.optional("max", &mut self.max);
    }

    fn check(&self) -> Result<(), Invalid> {
        super::check_mean("lognormal", self.mean)?;
        super::check_max(self.max)?;
        rng::check_cv(self.cv)
    }
}

impl Lognormal {
    /// The distribution before the cap.
    fn law(&self) -> rng::Lognormal {
        rng::Lognormal::new(f64::from(self.mean.get()), self.cv)
    }
}

impl SizeModel for Lognormal {
    fn fill(&self, stream: &mut Stream, out: &mut [Tokens]) {
        let law = self.law();
        let max = self.max.unwrap_or(Tokens::new(u32::MAX));
        let mut draws = [0.0; BLOCK];
        for counts in out.chunks_mut(BLOCK) {
            let draws = &mut draws[..counts.len()];
            law.fill(stream, draws);
            for (count, draw) in counts.iter_mut().zip(draws) {
                *count = Tokens::from_f64(*draw).min(max);
            }
        }
    }

    fn mean(&self) -> f64 {
        match self.max {
            Some(max) => self.law().mean_capped(f64::from(max.get())),
            None => f64::from(self.mean.get()),
        }
    }

    fn largest(&self) -> Option<Tokens> {
        self.max
    }
}
