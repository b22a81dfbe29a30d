//! Gamma gaps.

use super::renewal::{Gaps, Renewal, stated_shape};
use super::{ArrivalModel, ArrivalProcess, check_rate, once_a_second};
use crate::params::{Invalid, Parameters, Visitor};
use crate::rng::{self, Stream};
use crate::units::{Civil, Rate};

/// Independent gaps with a gamma distribution: `shape` 1 is a Poisson process, below 1 is burstier, above 1 more even.
///
/// `cv = 1/√shape`, and counts over long windows have a variance of `cv²` times their mean (Cox, Renewal Theory, 1962).
/// vLLM's `--burstiness` and AIPerf's `--arrival-smoothness` are this shape; production windows have 0.05 to 2.6
/// (ServeGen, NSDI 2026).
#[derive(Clone, Debug, PartialEq)]
pub struct Gamma {
    /// Mean arrivals per time. At most 10 million a second.
    pub rate: Rate,
    /// Coefficient of variation of the gaps, in 0.01..=10; in its place `shape`.
    pub cv: Option<f64>,
    /// The gamma distribution's shape, in 0.01..=10000; in its place `cv`.
    pub shape: Option<f64>,
}

impl Default for Gamma {
    fn default() -> Self {
        Gamma { rate: once_a_second(), cv: None, shape: None }
    }
}

impl Parameters for Gamma {
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

impl Gamma {
    fn resolved_shape(&self) -> Result<f64, Invalid> {
        stated_shape(self.cv, self.shape, (0.01, 10.0), |cv| 1.0 / (cv * cv))
    }
}

impl ArrivalModel for Gamma {
    fn process(&self, stream: Stream, _start: &Civil) -> Box<dyn ArrivalProcess> {
        let shape = self.resolved_shape().unwrap_or(1.0);
        Renewal::process(self.rate, GammaGaps(rng::Gamma::new(shape)), stream)
    }

    fn mean_rate(&self) -> Rate {
        self.rate
    }
}

/// Gamma gaps with mean 1.
pub(super) struct GammaGaps(pub(super) rng::Gamma);

impl Gaps for GammaGaps {
    fn fill(&mut self, stream: &mut Stream, out: &mut [f64]) {
        let scale = 1.0 / self.0.shape();
        out.fill_with(|| self.0.draw(stream) * scale);
    }
}
