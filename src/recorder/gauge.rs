//! A level over time, such as a rate that a client has learnt.

use super::Timeline;
use crate::units::{SimDuration, SimTime};

/// What a client has learnt to allow itself; each is there where the strategy has such a part, in one run of several.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Learnt {
    /// Calls a second that it lets itself send.
    pub rate: Option<Gauge>,
    /// Calls that it keeps in flight at most.
    pub window: Option<Gauge>,
    /// The chance that it turns a call down itself, from 0 to 1.
    pub refusal: Option<Gauge>,
}

impl Learnt {
    fn gauges(&mut self) -> [&mut Option<Gauge>; 3] {
        [&mut self.rate, &mut self.window, &mut self.refusal]
    }

    /// Writes all of them down; to be called once nothing more happens.
    pub fn close(&mut self) {
        self.gauges().into_iter().flatten().for_each(Gauge::close);
    }

    /// Takes over what only `other` has.
    pub fn merge(&mut self, other: &Learnt) {
        let others = [&other.rate, &other.window, &other.refusal];
        for (mine, theirs) in self.gauges().into_iter().zip(others) {
            if mine.is_none() {
                mine.clone_from(theirs);
            }
        }
    }
}

/// A level that stays as it is until it is set again, in the mean over each interval of a [`Timeline`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gauge {
    step: SimDuration,
    bins: Vec<Held>,
    level: Option<u64>, // in millionths
    since: SimTime,
}

/// What a level was in one interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
struct Held {
    sum: u128, // millionths times nanoseconds
    time: u64, // nanoseconds for which there was one
}

const MILLION: f64 = 1e6;

impl Gauge {
    /// One without a level, over the intervals of `timeline`.
    pub fn new(timeline: &Timeline) -> Self {
        let bins = vec![Held::default(); timeline.bins().len()];
        Gauge { step: timeline.step(), bins, level: None, since: SimTime::ZERO }
    }

    /// From `now` on it is at `level`, at least 0, or nowhere. Times must not run backwards.
    pub fn set(&mut self, now: SimTime, level: Option<f64>) {
        let level = level.map(|level| libm::round(level * MILLION) as u64);
        if level != self.level {
            self.hold(now);
            (self.level, self.since) = (level, now);
        }
    }

    /// Writes down that it stays there to the end of the last interval.
    pub fn close(&mut self) {
        self.hold(SimTime::NEVER);
        self.level = None;
    }

    /// Adds what it has been since it was set, up to `now`, to the intervals.
    fn hold(&mut self, now: SimTime) {
        let Some(level) = self.level else { return };
        let step = self.step.as_nanos();
        let (mut at, end) = (self.since.as_nanos(), now.as_nanos().min(step * self.bins.len() as u64));
        while at < end {
            let bin = at / step;
            let until = end.min((bin + 1) * step);
            let held = &mut self.bins[bin as usize];
            held.sum += u128::from(level) * u128::from(until - at);
            held.time += until - at;
            at = until;
        }
    }

    /// Its mean over the time in each interval for which it was anywhere; `None` where it never was.
    pub fn levels(&self) -> impl Iterator<Item = Option<f64>> {
        let mean = |held: &Held| (held.time > 0).then(|| held.sum as f64 / held.time as f64 / MILLION);
        self.bins.iter().map(mean)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_counts_for_as_long_as_it_lasts() {
        let seconds = |tenths: u64| SimTime::from_nanos(tenths * 100_000_000);
        let mut gauge = Gauge::new(&Timeline::new(SimDuration::from_secs(4)));
        gauge.set(seconds(5), Some(4.0));
        gauge.set(seconds(12), Some(4.0));
        gauge.set(seconds(15), Some(2.0));
        gauge.set(seconds(30), None);
        gauge.close();
        assert_eq!(gauge.levels().collect::<Vec<_>>(), [Some(4.0), Some(3.0), Some(2.0), None]);
        // To the end, and not beyond it.
        let mut gauge = Gauge::new(&Timeline::new(SimDuration::from_nanos(1_500_000_000)));
        gauge.set(seconds(10), Some(1.0));
        gauge.set(seconds(90), Some(9.0));
        gauge.close();
        assert_eq!(gauge.levels().collect::<Vec<_>>(), [None, Some(1.0)]);
    }
}
