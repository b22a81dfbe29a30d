//! Evenly spaced arrivals.

use super::{ArrivalModel, ArrivalProcess, check_rate, once_a_second};
use crate::params::{Invalid, Parameters, Visitor};
use crate::rng::Stream;
use crate::units::{Civil, Rate, SimTime};

/// One request every `1 / rate`, the first one at the start.
#[derive(Clone, Debug, PartialEq)]
pub struct Constant {
    /// Arrivals per time. At most 10 million a second.
    pub rate: Rate,
}

impl Default for Constant {
    fn default() -> Self {
        Constant { rate: once_a_second() }
    }
}

impl Parameters for Constant {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("rate", &mut self.rate);
    }

    fn check(&self) -> Result<(), Invalid> {
        check_rate(self.rate)
    }
}

impl ArrivalModel for Constant {
    fn process(&self, _stream: Stream, _start: &Civil) -> Box<dyn ArrivalProcess> {
        Box::new(Process { rate: self.rate, made: 0 })
    }

    fn mean_rate(&self) -> Rate {
        self.rate
    }
}

struct Process {
    rate: Rate,
    made: u64,
}

impl ArrivalProcess for Process {
    fn fill(&mut self, out: &mut [SimTime]) {
        let (events, nanos) = (u128::from(self.rate.events()), u128::from(self.rate.nanos()));
        for instant in out {
            // Rounded up: a bucket that refills at a commensurate rate has then had all the time it was promised.
            let at = (u128::from(self.made) * nanos).div_ceil(events);
            *instant = u64::try_from(at).map_or(SimTime::NEVER, SimTime::from_nanos);
            self.made += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Seed;
    use crate::units::SimDuration;

    #[test]
    fn thirds_of_a_second_do_not_drift() {
        let rate = Rate::new(3, SimDuration::from_secs(1)).unwrap();
        let mut out = [SimTime::ZERO; 7];
        Constant { rate }.process(Seed(1).stream(0, ""), &Civil::default()).fill(&mut out);
        let nanos = out.map(SimTime::as_nanos);
        assert_eq!(nanos, [0, 333_333_334, 666_666_667, 1_000_000_000, 1_333_333_334, 1_666_666_667, 2_000_000_000]);
    }
}
