//! Arrivals that bring further arrivals.

use super::renewal::Clock;
use super::{ArrivalModel, ArrivalProcess, check_rate, once_a_second};
use crate::params::{Invalid, Parameters, Visitor};
use crate::rng::{Stream, exp};
use crate::units::{Civil, Rate, SimDuration, SimTime};

/// The Hawkes process with an exponential kernel: each arrival brings `branching` further ones on average, which follow
/// after exponential delays of mean `decay`.
///
/// The intensity is `λ(t) = μ + Σ (branching/decay) · exp(-(t - tᵢ)/decay)` over the arrivals `tᵢ` before, with
/// `μ = (1 - branching) · rate` (Hawkes, Biometrika 58, 1971). It starts with no past, so the first few `decay` are
/// quieter. Simulated exactly and in constant memory (Dassios and Zhao, Electron. Commun. Probab. 18, 2013).
#[derive(Clone, Debug, PartialEq)]
pub struct Hawkes {
    /// Mean arrivals per time, followers included. At most 10 million a second.
    pub rate: Rate,
    /// Mean number of arrivals that one arrival brings directly, in 0..=0.99. Counts over long windows have a variance of
    /// `1 / (1 - branching)²` times their mean.
    pub branching: f64,
    /// Mean delay between an arrival and one that it brings; above zero.
    pub decay: SimDuration,
}

impl Default for Hawkes {
    fn default() -> Self {
        Hawkes { rate: once_a_second(), branching: 0.5, decay: SimDuration::from_secs(10) }
    }
}

impl Parameters for Hawkes {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("rate", &mut self.rate);
        visitor.required("branching", &mut self.branching);
        visitor.required("decay", &mut self.decay);
    }

    fn check(&self) -> Result<(), Invalid> {
        check_rate(self.rate)?;
        if !(0.0..=0.99).contains(&self.branching) {
            let message = format!("`{}` is outside 0 to 0.99", self.branching);
            let help = "write a number from 0 to 0.99: from 1 on arrivals would never cease to multiply";
            return Err(Invalid::new("branching", message, help));
        }
        if self.decay.is_zero() {
            let help = "write a duration above zero, or use `batch` for arrivals at one instant";
            return Err(Invalid::new("decay", "a decay of 0 is impossible", help));
        }
        Ok(())
    }
}

impl ArrivalModel for Hawkes {
    fn process(&self, stream: Stream, _start: &Civil) -> Box<dyn ArrivalProcess> {
        let per_nano = self.rate.events() as f64 / self.rate.nanos() as f64;
        let beta = 1.0 / self.decay.as_nanos() as f64;
        Box::new(Process {
            background: per_nano * (1.0 - self.branching),
            jump: self.branching * beta,
            beta,
            excess: 0.0,
            clock: Clock::default(),
            stream,
        })
    }

    fn mean_rate(&self) -> Rate {
        self.rate
    }
}

/// Rates are per nanosecond.
struct Process {
    background: f64,
    jump: f64, // of the intensity, at an arrival
    beta: f64,
    excess: f64, // of the intensity over the background, right after the last arrival
    clock: Clock,
    stream: Stream,
}

impl Process {
    /// The next gap is the shorter of one of the background and one of the excess. The excess holds `excess / beta`
    /// arrivals in all, so its gap is finite only if an exponential variate falls below that.
    fn gap(&mut self) -> f64 {
        let background = self.stream.exponential() / self.background;
        let left = 1.0 - self.beta * self.stream.exponential() / self.excess;
        if self.excess > 0.0 && left > 0.0 { background.min(-libm::log(left) / self.beta) } else { background }
    }
}

impl ArrivalProcess for Process {
    fn fill(&mut self, out: &mut [SimTime]) {
        for instant in out {
            let gap = self.gap();
            self.clock.advance(gap);
            self.excess = self.excess * exp(-self.beta * gap) + self.jump;
            *instant = self.clock.now();
        }
    }
}
