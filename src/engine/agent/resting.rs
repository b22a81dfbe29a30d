//! Lanes whose first request waits for nothing but its own client's pace: nobody asks them before that lets them go. With
//! thousands of clients that are all held back, asking each at every event would cost more than all the rest.

use crate::units::SimTime;
use std::collections::{BTreeMap, BTreeSet};

/// The lanes that rest, and until when.
#[derive(Debug, Default)]
pub(super) struct Resting {
    until: BTreeMap<u64, SimTime>,
    due: BTreeSet<(SimTime, u64)>,
}

impl Resting {
    /// `lane` rests until then.
    pub fn rest(&mut self, lane: u64, until: SimTime) {
        self.rouse(lane);
        self.until.insert(lane, until);
        self.due.insert((until, lane));
    }

    /// `lane` rests no more.
    pub fn rouse(&mut self, lane: u64) {
        if let Some(until) = self.until.remove(&lane) {
            self.due.remove(&(until, lane));
        }
    }

    /// When the next one has rested enough; [`SimTime::NEVER`] where none rests.
    pub fn next(&self) -> SimTime {
        self.due.first().map_or(SimTime::NEVER, |(until, _)| *until)
    }

    /// A lane that has rested enough by `now`.
    pub fn take(&mut self, now: SimTime) -> Option<u64> {
        let &(until, lane) = self.due.first().filter(|(until, _)| *until <= now)?;
        self.due.remove(&(until, lane));
        self.until.remove(&lane);
        Some(lane)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rests_until_its_own_time() {
        let at = SimTime::from_nanos;
        let mut resting = Resting::default();
        for (lane, until) in [(7, 30), (8, 10), (7, 20), (9, 15)] {
            resting.rest(lane, at(until));
        }
        resting.rouse(9);
        resting.rouse(5);
        assert_eq!((resting.next(), resting.take(at(9))), (at(10), None));
        assert_eq!([resting.take(at(25)), resting.take(at(25)), resting.take(at(99))], [Some(8), Some(7), None]);
        assert_eq!(resting.next(), SimTime::NEVER);
    }
}
