//! A rate that wanders at random.

use super::ShapeModel;
use super::curve::{Curve, Line};
use crate::params::{Invalid, Parameters, Visitor};
use crate::rng::{Stream, Wandering};
use crate::units::{Civil, Rate, SimDuration, SimTime};

/// The logarithm of the factor is an Ornstein-Uhlenbeck process (Uhlenbeck and Ornstein, Phys. Rev. 36, 1930): the rate of
/// many users, who never all do the same.
///
/// The factor is lognormal with mean 1; its logarithm has the variance `ln(1 + cv²)` and the correlation `e^(-t/memory)`.
/// On Poisson arrivals at the rate λ, counts in windows of `w` well below `memory` have the variance-to-mean ratio
/// `1 + λ cv² w`; large services have a `cv` near 0.2 with 5 to 10 minutes.
#[derive(Clone, Debug, PartialEq)]
pub struct Random {
    /// Standard deviation of the rate over its mean, in 0..=10.
    pub cv: f64,
    /// After this time the correlation has fallen to 1/e; at least 1 s.
    pub memory: SimDuration,
}

impl Default for Random {
    fn default() -> Self {
        Random { cv: 0.2, memory: SimDuration::from_secs(300) }
    }
}

impl Parameters for Random {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("cv", &mut self.cv);
        visitor.optional("memory", &mut self.memory);
    }

    fn check(&self) -> Result<(), Invalid> {
        if !(0.0..=10.0).contains(&self.cv) {
            let help = "write a number from 0 to 10, as in `0.2`";
            return Err(Invalid::new("cv", format!("`{}` is outside 0 to 10", self.cv), help));
        }
        if self.memory < SimDuration::from_secs(1) {
            let message = format!("`{}` is shorter than 1s", self.memory);
            return Err(Invalid::new("memory", message, "write a longer time, as in `\"5min\"`"));
        }
        Ok(())
    }
}

/// The path is drawn so many times within its memory, and straight in between. The variance of counts over windows longer
/// than a step is right to `(1/32)² / 12`, a ten-thousandth.
const STEPS: u64 = 32;

impl ShapeModel for Random {
    fn curve(&self, _start: &Civil, stream: Option<Stream>) -> Box<dyn Curve> {
        let wander = |mut stream: Stream| (Wandering::new(self.cv, STEPS, &mut stream), stream);
        Box::new(Path {
            step: SimDuration::from_nanos(self.memory.as_nanos() / STEPS),
            wandering: stream.filter(|_| self.cv > 0.0).map(wander),
        })
    }

    fn check_changes(&self, rate: Rate) -> Result<(), Invalid> {
        if rate.per_second() * self.memory.as_secs_f64() < 1e-3 {
            let message = format!("a memory of {} passes a thousand times between two arrivals at {rate}", self.memory);
            return Err(Invalid::new("shape", message, "write a longer `random.memory`, or a higher rate"));
        }
        Ok(())
    }
}

struct Path {
    step: SimDuration,
    wandering: Option<(Wandering, Stream)>,
}

impl Curve for Path {
    fn line(&mut self, at: SimTime) -> Line {
        let Some((wandering, stream)) = &mut self.wandering else { return Line::level(at, SimTime::NEVER, 1.0) };
        let first = wandering.factor();
        wandering.step(stream);
        Line { from: at, until: at.saturating_add(self.step), first, last: wandering.factor() }
    }
}
