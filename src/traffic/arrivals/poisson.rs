//! The Poisson process.

use super::renewal::{Exponential, Renewal};
use super::{ArrivalModel, ArrivalProcess, check_rate, once_a_second};
use crate::params::{Invalid, Parameters, Visitor};
use crate::rng::Stream;
use crate::units::{Civil, Rate};

/// Independent arrivals at a constant rate; gaps are exponential.
#[derive(Clone, Debug, PartialEq)]
pub struct Poisson {
    /// Mean arrivals per time. At most 10 million a second, where gaps of whole nanoseconds are still fine.
    pub rate: Rate,
}

impl Default for Poisson {
    fn default() -> Self {
        Poisson { rate: once_a_second() }
    }
}

impl Parameters for Poisson {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("rate", &mut self.rate);
    }

    fn check(&self) -> Result<(), Invalid> {
        check_rate(self.rate)
    }
}

impl ArrivalModel for Poisson {
    fn process(&self, stream: Stream, _start: &Civil) -> Box<dyn ArrivalProcess> {
        Renewal::process(self.rate, Exponential, stream)
    }

    fn mean_rate(&self) -> Rate {
        self.rate
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{BLOCK, Seed};
    use crate::units::{SimDuration, SimTime};

    #[test]
    fn a_request_in_ten_years_does_not_run_past_the_end_of_time() {
        let rate = Rate::new(1, SimDuration::from_secs(3_650 * 86_400)).unwrap();
        let mut out = [SimTime::ZERO; BLOCK];
        Poisson { rate }.process(Seed(1).stream(0, ""), &Civil::default()).fill(&mut out);
        assert!(out[0] > SimTime::ZERO && out.is_sorted());
        assert_eq!(out[BLOCK - 1], SimTime::NEVER);
    }
}
