//! Growth from month to month.

use super::ShapeModel;
use super::curve::{Curve, Line, nanos};
use crate::params::{Invalid, Parameters, Visitor};
use crate::rng::{Stream, exp};
use crate::units::{CalendarUnit, Civil, Share, SimDuration, SimTime};

/// Compound growth: after `t` months of 30.436875 days the rate is `(1 + per-month)^t` times what it was at the start,
/// and at most a million times.
#[derive(Clone, Debug, PartialEq)]
pub struct Growth {
    /// How much the rate gains in a month, in 0%..=1000%.
    pub per_month: Share,
}

impl Default for Growth {
    fn default() -> Self {
        Growth { per_month: Share::from_hundred_millionths(5_000_000) }
    }
}

impl Parameters for Growth {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("per-month", &mut self.per_month);
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.per_month.as_f64() <= 10.0 {
            return Ok(());
        }
        let message = format!("`{}` is more than 1000%", self.per_month);
        Err(Invalid::new("per-month", message, "write a lower growth, as in `\"8%\"`"))
    }
}

/// The most that it multiplies by, as a logarithm: a million.
const MOST: f64 = 13.815_510_557_964_274;

impl ShapeModel for Growth {
    fn curve(&self, _start: &Civil, _stream: Option<Stream>) -> Box<dyn Curve> {
        let a_month = CalendarUnit::Month.mean_length();
        let rate = libm::log1p(self.per_month.as_f64()) / a_month.as_nanos() as f64;
        Box::new(Growing { rate })
    }
}

struct Growing {
    rate: f64, // of the logarithm, per ns
}

impl Growing {
    fn factor(&self, at: SimTime) -> f64 {
        exp((self.rate * nanos(SimTime::ZERO, at)).min(MOST))
    }
}

impl Curve for Growing {
    /// Straight over at most a day and a 256th of the logarithm, which is right to two millionths.
    fn line(&mut self, at: SimTime) -> Line {
        let step = SimDuration::from_nanos_f64(1.0 / (256.0 * self.rate)).min(SimDuration::from_secs(86_400));
        let until = at.saturating_add(step);
        Line { from: at, until, first: self.factor(at), last: self.factor(until) }
    }
}
