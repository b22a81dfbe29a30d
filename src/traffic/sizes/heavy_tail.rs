//! A lognormal body with a Pareto tail.

use super::SizeModel;
use crate::params::{Invalid, Parameters, Visitor};
use crate::rng::{self, Stream};
use crate::units::{Share, Tokens};

/// Mostly lognormal, and with the chance `tail` from a Pareto law that starts at `tail-from`, as prompts of large services
/// are (ServeGen, NSDI 2026). Rounded to the nearest whole count.
#[derive(Clone, Debug, PartialEq)]
pub struct HeavyTail {
    /// Mean count of the body before the ceiling, at least 1.
    pub mean: Tokens,
    /// Coefficient of variation of the body before the ceiling, in 0..=100.
    pub cv: f64,
    /// The share of counts from the tail, in 0..=1.
    pub tail: Share,
    /// The least count of the tail, at least 1.
    pub tail_from: Tokens,
    /// The exponent of the tail, in 0.1..=20: a count is above `x` with chance `(tail-from / x)^exponent`.
    pub tail_exponent: f64,
    /// The largest count, above `tail-from`; larger draws are cut to it. A tail needs one: the longest prompt a model takes.
    pub max: Tokens,
}

impl Default for HeavyTail {
    fn default() -> Self {
        HeavyTail {
            mean: Tokens::new(1_000),
            cv: 1.0,
            tail: Share::from_hundred_millionths(5_000_000),
            tail_from: Tokens::new(8_000),
            tail_exponent: 1.5,
            max: Tokens::new(200_000),
        }
    }
}

impl Parameters for HeavyTail {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("mean", &mut self.mean);
        visitor.optional("cv", &mut self.cv);
        visitor.optional("tail", &mut self.tail);
        visitor.required("tail-from", &mut self.tail_from);
        visitor.optional("tail-exponent", &mut self.tail_exponent);
        visitor.required("max", &mut self.max);
    }

    fn check(&self) -> Result<(), Invalid> {
        super::check_mean("lognormal", self.mean)?;
        if self.tail > Share::ONE {
            let help = "write a share of at most `100%`, as in `\"5%\"`";
            return Err(Invalid::new("tail", format!("`{}` is more than all counts", self.tail), help));
        }
        if self.tail_from == Tokens::new(0) {
            return Err(Invalid::new("tail-from", "a tail from 0 on has no shape", "write at least 1"));
        }
        if !(0.1..=20.0).contains(&self.tail_exponent) {
            let message = format!("`{:?}` is outside 0.1 to 20", self.tail_exponent);
            return Err(Invalid::new("tail-exponent", message, "write a number from 0.1 to 20, as in `1.5`"));
        }
        if self.max <= self.tail_from {
            let message = format!("`max` is {}, not above `tail-from`, which is {}", self.max, self.tail_from);
            return Err(Invalid::new("max", message, format!("write more than {}", self.tail_from)));
        }
        rng::check_cv(self.cv)
    }
}

impl HeavyTail {
    fn body(&self) -> rng::Lognormal {
        rng::Lognormal::new(f64::from(self.mean.get()), self.cv)
    }

    /// The mean of the tail when it is cut to `max`: the integral of the chance to be above `x`, from 0 to `max`.
    fn tail_mean(&self) -> f64 {
        let (from, max) = (f64::from(self.tail_from.get()), f64::from(self.max.get()));
        let beyond = 1.0 - self.tail_exponent;
        let log = libm::log(max / from);
        if beyond == 0.0 { from + from * log } else { from + from * libm::expm1(beyond * log) / beyond }
    }
}

impl SizeModel for HeavyTail {
    fn fill(&self, stream: &mut Stream, out: &mut [Tokens]) {
        let (body, tail) = (self.body(), self.tail.as_f64());
        let (from, flatness) = (f64::from(self.tail_from.get()), 1.0 / self.tail_exponent);
        let mut count = [0.0];
        out.fill_with(|| {
            if stream.uniform() < tail {
                // The logarithm of a Pareto variate over its least value is exponential.
                count[0] = from * rng::exp(stream.exponential() * flatness);
            } else {
                body.fill(stream, &mut count);
            }
            Tokens::from_f64(count[0]).min(self.max)
        });
    }

    fn mean(&self) -> f64 {
        let tail = self.tail.as_f64();
        (1.0 - tail) * self.body().mean_capped(f64::from(self.max.get())) + tail * self.tail_mean()
    }

    fn largest(&self) -> Option<Tokens> {
        Some(self.max)
    }
}
