//! Gaps from one of two exponential laws.

use super::renewal::{Gaps, Renewal};
use super::{ArrivalModel, ArrivalProcess, check_rate, once_a_second};
use crate::params::{Invalid, Parameters, Visitor};
use crate::rng::Stream;
use crate::units::{Civil, Rate};

/// Independent gaps, each exponential with one of two means, so that short ones come in bursts.
///
/// The two laws carry equal shares of the time ("balanced means"): with
/// `p = (1 + √((cv² - 1) / (cv² + 1))) / 2` a gap has the rate `2p · rate`, else `2(1 - p) · rate` (Tijms, A First Course
/// in Stochastic Models, 2003, appendix B).
#[derive(Clone, Debug, PartialEq)]
pub struct Hyperexponential {
    /// Mean arrivals per time. At most 10 million a second.
    pub rate: Rate,
    /// Coefficient of variation of the gaps, in 1..=100.
    pub cv: f64,
}

impl Default for Hyperexponential {
    fn default() -> Self {
        Hyperexponential { rate: once_a_second(), cv: 2.0 }
    }
}

impl Parameters for Hyperexponential {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("rate", &mut self.rate);
        visitor.required("cv", &mut self.cv);
    }

    fn check(&self) -> Result<(), Invalid> {
        check_rate(self.rate)?;
        if !(1.0..=100.0).contains(&self.cv) {
            let help = "write a number from 1 to 100; for arrivals more even than a Poisson process use `gamma`";
            return Err(Invalid::new("cv", format!("`{}` is outside 1 to 100", self.cv), help));
        }
        Ok(())
    }
}

impl ArrivalModel for Hyperexponential {
    fn process(&self, stream: Stream, _start: &Civil) -> Box<dyn ArrivalProcess> {
        let square = self.cv * self.cv;
        let often = 0.5 * (1.0 + ((square - 1.0) / (square + 1.0)).sqrt());
        let law = TwoMeans { often, short: 0.5 / often, long: 0.5 / (1.0 - often) };
        Renewal::process(self.rate, law, stream)
    }

    fn mean_rate(&self) -> Rate {
        self.rate
    }
}

struct TwoMeans {
    often: f64, // the share of short gaps, in 0.5..1
    short: f64, // their mean
    long: f64,
}

impl Gaps for TwoMeans {
    fn fill(&mut self, stream: &mut Stream, out: &mut [f64]) {
        out.fill_with(|| {
            let mean = if stream.uniform() < self.often { self.short } else { self.long };
            stream.exponential() * mean
        });
    }
}
