//! Counts over time.

use crate::units::{SimDuration, SimTime};

/// What happened in one interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Bin {
    /// Requests that arrived.
    pub offered: u64,
    /// Attempts that were admitted.
    pub admitted: u64,
    /// Attempts that were refused.
    pub rejected: u64,
    /// Attempts that the provider failed.
    pub errors: u64,
    /// Those of them that were refused before any limit was asked; the others had been admitted.
    pub turned_away: u64,
    /// Requests that failed.
    pub failed: u64,
}

/// Counts per interval from the start to the scenario's duration, and one last interval for the drain after it.
///
/// The interval is the shortest of 1 s, 1 min, 1 h and 1 day that makes at most [`Timeline::MOST`] of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeline {
    step: SimDuration,
    bins: Vec<Bin>,
    /// Counts of the present interval that `bins` does not hold yet: events of one interval come together, and need no
    /// look-up this way.
    open: Bin,
    current: usize,
    next: SimTime, // where `current` ends
}

impl Timeline {
    /// The most intervals.
    pub const MOST: u64 = 50_000;

    /// Empty intervals over `duration`.
    pub fn new(duration: SimDuration) -> Self {
        let steps = [1, 60, 3_600, 86_400].map(SimDuration::from_secs);
        let fits = |step: &SimDuration| duration.as_nanos().div_ceil(step.as_nanos()) <= Self::MOST;
        let step = steps.into_iter().find(fits).unwrap_or(steps[3]);
        let count = duration.as_nanos().div_ceil(step.as_nanos()) as usize;
        let bins = vec![Bin::default(); count + 1];
        let mut timeline = Timeline { step, bins, open: Bin::default(), current: 0, next: SimTime::ZERO };
        timeline.next = timeline.end_of(0);
        timeline
    }

    fn end_of(&self, bin: usize) -> SimTime {
        if bin + 1 == self.bins.len() {
            return SimTime::NEVER;
        }
        SimTime::ZERO.saturating_add(self.step.saturating_mul(bin as u64 + 1))
    }

    /// The counts of the interval that holds `now`, which must not be earlier than in the call before.
    #[inline]
    pub fn at(&mut self, now: SimTime) -> &mut Bin {
        if now >= self.next {
            self.advance(now);
        }
        &mut self.open
    }

    #[cold]
    #[inline(never)]
    fn advance(&mut self, now: SimTime) {
        self.close();
        let bin = (now.as_nanos() / self.step.as_nanos()) as usize;
        self.current = bin.min(self.bins.len() - 1);
        self.next = self.end_of(self.current);
    }

    /// Writes the present interval down; to be called once nothing more happens.
    pub fn close(&mut self) {
        self.bins[self.current].add(std::mem::take(&mut self.open));
    }

    /// The length of an interval.
    pub fn step(&self) -> SimDuration {
        self.step
    }

    /// The intervals up to the duration.
    pub fn bins(&self) -> &[Bin] {
        &self.bins[..self.bins.len() - 1]
    }

    /// What happened in the drain after the duration.
    pub fn drain(&self) -> Bin {
        self.bins[self.bins.len() - 1]
    }

    /// Adds the counts of `other`, which must be closed and of the same duration.
    pub fn merge(&mut self, other: &Timeline) {
        self.bins.iter_mut().zip(&other.bins).for_each(|(mine, theirs)| mine.add(*theirs));
    }
}

impl Bin {
    /// Attempts made.
    pub fn calls(&self) -> u64 {
        self.admitted + self.rejected + self.turned_away
    }

    fn add(&mut self, other: Bin) {
        self.offered += other.offered;
        self.admitted += other.admitted;
        self.rejected += other.rejected;
        self.errors += other.errors;
        self.turned_away += other.turned_away;
        self.failed += other.failed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_told_by_the_minute() {
        let timeline = Timeline::new(SimDuration::from_secs(30 * 86_400));
        assert_eq!((timeline.step(), timeline.bins().len()), (SimDuration::from_secs(60), 43_200));
    }

    #[test]
    fn what_comes_after_the_end_is_the_drain() {
        let mut timeline = Timeline::new(SimDuration::from_nanos(2_500_000_000));
        for nanos in [0, 999_999_999, 1_000_000_000, 2_400_000_000, 3_000_000_000, 9_000_000_000] {
            timeline.at(SimTime::from_nanos(nanos)).offered += 1;
        }
        timeline.close();
        let offered: Vec<u64> = timeline.bins().iter().map(|bin| bin.offered).collect();
        assert_eq!((offered, timeline.drain().offered), (vec![2, 1, 1], 2));
    }
}
