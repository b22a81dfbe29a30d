//! How fast calls are answered: what a client that knows no limit can measure.

use crate::units::{SimDuration, SimTime};

/// The rate of answers over stretches of fixed length on the clock, smoothed. It moves when the first answer of a new
/// stretch comes, which is counted with those before it.
#[derive(Clone, Debug)]
pub(super) struct Clocker {
    stretch: u64, // ns
    weight: f64,
    measured: f64, // answers a second
    answers: u64,  // since `begun`
    begun: u64,    // the number of a stretch
}

impl Clocker {
    /// Nothing was answered yet. `weight` is that of the latest stretch, in 0..=1; `stretch` is not empty.
    pub(super) fn new(stretch: SimDuration, weight: f64) -> Self {
        Clocker { stretch: stretch.as_nanos().max(1), weight, measured: 0.0, answers: 0, begun: 0 }
    }

    /// An answer comes; what is measured then, a second.
    pub(super) fn record(&mut self, now: SimTime) -> f64 {
        let stretch = now.as_nanos() / self.stretch;
        self.answers += 1;
        if stretch > self.begun {
            let secs = SimDuration::from_nanos(self.stretch).as_secs_f64() * (stretch - self.begun) as f64;
            let latest = self.answers as f64 / secs;
            self.measured = self.weight * latest + (1.0 - self.weight) * self.measured;
            self.answers = 0;
            self.begun = stretch;
        }
        self.measured
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moves_when_a_stretch_is_over_and_smooths() {
        let mut clocker = Clocker::new(SimDuration::from_nanos(500_000_000), 0.8);
        let mut at = |millis: u64| clocker.record(SimTime::from_nanos(millis * 1_000_000));
        // Four answers within the first half second count for nothing until the fifth comes after it.
        assert_eq!([at(0), at(100), at(200), at(499)], [0.0; 4]);
        assert_eq!(at(500), 0.8 * 5.0 / 0.5);
        assert_eq!(at(900), 8.0);
        // Two in the second and a half since.
        assert_eq!(at(2_000), 0.8 * 2.0 / 1.5 + (1.0 - 0.8) * 8.0);
    }
}
