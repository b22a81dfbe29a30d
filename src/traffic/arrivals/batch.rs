//! Requests that come together.

use super::renewal::Clock;
use super::{ArrivalModel, ArrivalProcess, check_rate, once_a_second};
use crate::params::{Invalid, Parameters, Visitor};
use crate::rng::Stream;
use crate::units::{Civil, Rate, SimTime};

crate::words! {
    /// How sizes of batches differ.
    pub enum BatchLaw {
        /// Every batch has the same size.
        Fixed = "fixed",
        /// Geometric on 1, 2, 3 …: after each request another one follows with the same chance.
        Geometric = "geometric",
    }
}

/// Batches at the instants of a Poisson process; all requests of a batch arrive at one instant.
///
/// Counts have a variance-to-mean ratio of `size` where sizes are fixed and of `2 size - 1` where they are geometric.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Mean requests (not batches) per time. At most 10 million a second.
    pub rate: Rate,
    /// Mean requests of a batch, in 1..=1000000; a whole number where sizes are fixed.
    pub size: f64,
    /// Whether all batches have that size.
    pub law: BatchLaw,
}

impl Default for Batch {
    fn default() -> Self {
        Batch { rate: once_a_second(), size: 10.0, law: BatchLaw::Fixed }
    }
}

impl Parameters for Batch {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("rate", &mut self.rate);
        visitor.required("size", &mut self.size);
        visitor.optional("law", &mut self.law);
    }

    fn check(&self) -> Result<(), Invalid> {
        check_rate(self.rate)?;
        if !(1.0..=1e6).contains(&self.size) {
            let message = format!("`{}` is outside 1 to 1000000", self.size);
            return Err(Invalid::new("size", message, "write a number from 1 to 1000000, as in `20`"));
        }
        if self.law == BatchLaw::Fixed && self.size != libm::trunc(self.size) {
            let help = "write a whole number, or `law = \"geometric\"` for sizes with this mean";
            return Err(Invalid::new("size", format!("no batch has `{}` requests", self.size), help));
        }
        Ok(())
    }
}

impl ArrivalModel for Batch {
    fn process(&self, stream: Stream, _start: &Civil) -> Box<dyn ArrivalProcess> {
        let mean_gap = self.rate.nanos() as f64 / self.rate.events() as f64 * self.size;
        let per_exponential = match self.law {
            BatchLaw::Fixed => None,
            // ⌊E / -ln(1 - p)⌋ more than one, with p = 1/size; a size of 1 gives 0.
            BatchLaw::Geometric => Some(-1.0 / libm::log1p(-1.0 / self.size)),
        };
        let size = self.size as u64;
        Box::new(Process { mean_gap, size, per_exponential, left: 0, clock: Clock::default(), stream })
    }

    fn mean_rate(&self) -> Rate {
        self.rate
    }
}

struct Process {
    mean_gap: f64, // ns between batches
    size: u64,
    per_exponential: Option<f64>,
    left: u64, // of the batch
    clock: Clock,
    stream: Stream,
}

impl ArrivalProcess for Process {
    fn fill(&mut self, out: &mut [SimTime]) {
        for instant in out {
            if self.left == 0 {
                self.clock.advance(self.stream.exponential() * self.mean_gap);
                self.left = match self.per_exponential {
                    None => self.size,
                    Some(scale) => 1 + (self.stream.exponential() * scale) as u64,
                };
            }
            self.left -= 1;
            *instant = self.clock.now();
        }
    }
}
