//! Factors that are straight between stated points.

use super::curve::{Curve, Line};
use crate::units::SimTime;

/// Straight lines from point to point; before the first and after the last its value. Two points at one instant are a
/// jump.
pub(super) struct Path {
    points: Vec<(i64, f64)>, // ns after the start, in order
    next: usize,             // the first point that is later
}

impl Path {
    /// Through `points`, at least one, in any order; of several jumps at an instant the last one stays.
    pub(super) fn new(mut points: Vec<(i64, f64)>) -> Self {
        points.sort_by_key(|(at, _)| *at);
        Path { points, next: 0 }
    }

    /// One value for ever.
    pub(super) fn level(value: f64) -> Self {
        Path::new(vec![(0, value)])
    }

    /// A factor of 1 until the first of `levels`, and each one's from its instant on.
    pub(super) fn steps(mut levels: Vec<(i64, f64)>) -> Self {
        levels.sort_by_key(|(at, _)| *at);
        let mut points = vec![(i64::MIN, 1.0)];
        for (at, factor) in levels {
            let before = points[points.len() - 1].1;
            points.extend([(at, before), (at, factor)]);
        }
        Path::new(points)
    }
}

impl Curve for Path {
    fn line(&mut self, at: SimTime) -> Line {
        let now = i64::try_from(at.as_nanos()).unwrap_or(i64::MAX);
        while self.points.get(self.next).is_some_and(|(point, _)| *point <= now) {
            self.next += 1;
        }
        match (self.next.checked_sub(1).map(|last| self.points[last]), self.points.get(self.next)) {
            (Some((before, first)), Some(&(after, last))) => {
                let until = SimTime::from_nanos(after.unsigned_abs());
                let part = (now as f64 - before as f64) / (after as f64 - before as f64);
                Line { from: at, until, first: first + (last - first) * part, last }
            }
            (None, Some(&(after, value))) => Line::level(at, SimTime::from_nanos(after.unsigned_abs()), value),
            (Some((_, value)), None) => Line::level(at, SimTime::NEVER, value),
            (None, None) => Line::level(at, SimTime::NEVER, 1.0),
        }
    }
}
