//! The Poisson process.

use super::{ArrivalModel, ArrivalProcess};
use crate::params::{Invalid, Parameters, Visitor};
use crate::rng::{BLOCK, Stream};
use crate::units::{Rate, SimDuration, SimTime};

/// Independent arrivals at a constant rate; gaps are exponential.
#[derive(Clone, Debug, PartialEq)]
pub struct Poisson {
    /// Mean arrivals per time. At most 10 million a second, where gaps of whole nanoseconds are still fine.
    pub rate: Rate,
}

impl Default for Poisson {
    fn default() -> Self {
        Poisson { rate: Rate::new(1, SimDuration::from_secs(1)).expect("a positive rate") }
    }
}

impl Parameters for Poisson {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("rate", &mut self.rate);
    }

    fn check(&self) -> Result<(), Invalid> {
        super::constant::check_rate(self.rate)
    }
}

impl ArrivalModel for Poisson {
    fn process(&self, stream: Stream) -> Box<dyn ArrivalProcess> {
        let mean_gap = self.rate.nanos() as f64 / self.rate.events() as f64;
        Box::new(Process { mean_gap, last: SimTime::ZERO, gaps: [0.0; BLOCK], stream })
    }

    fn mean_rate(&self) -> Rate {
        self.rate
    }
}

struct Process {
    mean_gap: f64, // ns
    last: SimTime,
    gaps: [f64; BLOCK],
    stream: Stream,
}

impl ArrivalProcess for Process {
    fn fill(&mut self, out: &mut [SimTime]) {
        for instants in out.chunks_mut(BLOCK) {
            let gaps = &mut self.gaps[..instants.len()];
            gaps.fill_with(|| self.stream.exponential());
            for (instant, gap) in instants.iter_mut().zip(gaps) {
                self.last = self.last.saturating_add(SimDuration::from_nanos_f64(*gap * self.mean_gap));
                *instant = self.last;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Seed;

    #[test]
    fn a_request_in_ten_years_does_not_run_past_the_end_of_time() {
        let rate = Rate::new(1, SimDuration::from_secs(3_650 * 86_400)).unwrap();
        let mut out = [SimTime::ZERO; BLOCK];
        Poisson { rate }.process(Seed(1).stream(0, "")).fill(&mut out);
        assert!(out[0] > SimTime::ZERO && out.is_sorted());
        assert_eq!(out[BLOCK - 1], SimTime::NEVER);
    }
}
