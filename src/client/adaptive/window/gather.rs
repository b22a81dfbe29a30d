//! Samples put together, so that one odd call does not move the limit.

use super::Sample;
use crate::params::{Invalid, Parameters, Visitor};
use crate::units::{SimDuration, SimTime};

/// Takes the samples of a stretch of time together (`WindowedLimit` of concurrency-limits): their mean time, the most
/// calls in flight, and whether any was turned away. A stretch ends at the first sample after its time and counts it in; one
/// with fewer samples than it needs is thrown away.
///
/// Two things differ: a call that was turned away does not count into the mean time, because refusals take no time here,
/// and there is no least time below which a sample is ignored, for the same reason.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gather {
    /// Samples that a stretch needs.
    pub samples: u64,
    /// How long a stretch is; with zero each sample stands for itself.
    pub time: SimDuration,
}

impl Gather {
    /// Each sample by itself.
    pub const EACH: Gather = Gather { samples: 1, time: SimDuration::ZERO };
}

impl Default for Gather {
    fn default() -> Self {
        Gather { samples: 10, time: SimDuration::from_secs(1) }
    }
}

impl Parameters for Gather {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("samples", &mut self.samples);
        visitor.optional("time", &mut self.time);
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.samples == 0 {
            return Err(Invalid::new("samples", "nothing teaches nothing", "write at least 1"));
        }
        if self.time.is_zero() && self.samples > 1 {
            let message = format!("{} samples never come in no `time`", self.samples);
            return Err(Invalid::new("samples", message, "write 1, or add a `time`, as in `time = \"1s\"`"));
        }
        Ok(())
    }
}

/// What some samples say together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gathered {
    /// The mean time of the calls that were not turned away; `None` where all were.
    pub took: Option<SimDuration>,
    /// The most calls in flight.
    pub in_flight: u32,
    /// Whether any was turned away.
    pub dropped: bool,
}

/// Gathers.
#[derive(Clone, Debug)]
pub(super) struct Gatherer {
    gather: Gather,
    stretch: Stretch,
    ends: SimTime, // the first sample after it ends the stretch
}

#[derive(Clone, Copy, Debug, Default)]
struct Stretch {
    samples: u64,
    served: u64,
    took: u128, // ns, of those served
    in_flight: u32,
    dropped: bool,
}

impl Gatherer {
    pub(super) fn new(gather: Gather) -> Self {
        Gatherer { gather, stretch: Stretch::default(), ends: SimTime::ZERO }
    }

    /// What the stretch says that `sample` ends, if it does and has enough samples.
    pub(super) fn add(&mut self, sample: Sample) -> Option<Gathered> {
        self.stretch.add(sample);
        if !self.gather.time.is_zero() && sample.at <= self.ends {
            return None;
        }
        self.ends = sample.at.saturating_add(self.gather.time);
        let stretch = std::mem::take(&mut self.stretch);
        (stretch.samples >= self.gather.samples).then(|| stretch.gathered())
    }
}

impl Stretch {
    fn add(&mut self, sample: Sample) {
        self.samples += 1;
        self.in_flight = self.in_flight.max(sample.in_flight);
        self.dropped |= sample.dropped;
        if !sample.dropped {
            self.served += 1;
            self.took += u128::from(sample.took.as_nanos());
        }
    }

    fn gathered(self) -> Gathered {
        let mean = |served| SimDuration::from_nanos((self.took / u128::from(served)) as u64);
        let took = (self.served > 0).then(|| mean(self.served));
        Gathered { took, in_flight: self.in_flight, dropped: self.dropped }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(millis: u64) -> SimDuration {
        SimDuration::from_nanos(millis * 1_000_000)
    }

    fn sample(at: u64, took: u64, in_flight: u32, dropped: bool) -> Sample {
        Sample { at: SimTime::ZERO + millis(at), took: millis(took), in_flight, dropped }
    }

    #[test]
    fn a_stretch_needs_its_time_and_its_samples() {
        let mut gatherer = Gatherer::new(Gather { samples: 3, time: millis(1_000) });
        // The first sample ends the stretch before it, which has too few.
        assert_eq!(gatherer.add(sample(500, 1, 90, true)), None);
        assert_eq!(gatherer.add(sample(600, 100, 4, false)), None);
        assert_eq!(gatherer.add(sample(1_500, 0, 7, true)), None);
        let gathered = Gathered { took: Some(millis(200)), in_flight: 7, dropped: true };
        assert_eq!(gatherer.add(sample(1_501, 300, 5, false)), Some(gathered));
        // Two in the next one are too few, and are gone.
        assert_eq!(gatherer.add(sample(2_000, 100, 4, false)), None);
        assert_eq!(gatherer.add(sample(2_502, 100, 4, false)), None);
        assert_eq!(gatherer.add(sample(2_503, 0, 1, true)), None);
        assert_eq!(gatherer.add(sample(2_504, 0, 2, true)), None);
        let all_dropped = Gathered { took: None, in_flight: 3, dropped: true };
        assert_eq!(gatherer.add(sample(9_000, 0, 3, true)), Some(all_dropped));
    }

    #[test]
    fn each_sample_may_stand_for_itself() {
        let mut gatherer = Gatherer::new(Gather::EACH);
        for at in [0, 0, 1] {
            let gathered = Gathered { took: Some(millis(5)), in_flight: 2, dropped: false };
            assert_eq!(gatherer.add(sample(at, 5, 2, false)), Some(gathered));
        }
        assert_eq!(Gather { samples: 2, ..Gather::EACH }.check().unwrap_err().key, "samples");
    }
}
