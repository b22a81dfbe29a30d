//! Requests that share a stamp because the clock of their log is coarse, spread over its step.

use super::error::TraceError;
use super::plain::Reading;
use super::spread::Places;
use super::stamp::Stamp;
use super::{Replay, Ties};
use crate::rng::Seed;
use crate::units::SimDuration;
use crate::units::grammar::Misread;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};

/// The most requests at one stamp: they are all in memory before the first of them is given out.
const MOST_TIED: usize = 1 << 20;

/// The grid of a log: the largest step on which all of its stamps lie.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Grid {
    first: Option<Stamp>,
    step: u64, // ns; 0 where there is but one stamp
}

impl Grid {
    /// Adds a stamp; they may come in any order.
    pub(super) fn add(&mut self, stamp: Stamp) {
        let first = *self.first.get_or_insert(stamp);
        let (mut rest, mut step) = (self.step, stamp.nanos().abs_diff(first.nanos()));
        while rest != 0 {
            (rest, step) = (step % rest, rest);
        }
        self.step = step;
    }

    /// The step in nanoseconds; `None` where all stamps are one.
    pub(super) fn step(&self) -> Option<u64> {
        (self.step > 0).then_some(self.step)
    }
}

/// Spreads the requests of each stamp over the step of the clock, in their order.
pub(super) struct Spreader {
    path: PathBuf,
    places: Places,
    step: u64,
    /// The requests of one stamp, how many they were at first, and how long they are spread over.
    group: VecDeque<Reading>,
    size: u64,
    length: u64,
    /// The first request of the next stamp.
    ahead: Option<Reading>,
    /// What came instead of a next request.
    over: Option<Result<(), TraceError>>,
}

impl Spreader {
    /// As `spec` says, over the stated step or that of the `grid`; `None` where ties are kept.
    pub(super) fn new(path: &Path, spec: &Replay, grid: Option<u64>) -> Result<Option<Self>, Misread> {
        let random = match spec.ties {
            Ties::Keep => return Ok(None),
            Ties::Even => None,
            Ties::Random => Some(Seed(spec.spread_seed).stream(0, "replay/ties")),
        };
        let Some(step) = spec.tie_step.map(SimDuration::as_nanos).or(grid) else {
            let message = "all rows have one stamp, and nothing says over how long they are to be spread";
            return Err(Misread::new(message, "say so, as in `tie-step = \"1s\"`, or leave `ties` out"));
        };
        let (group, places) = (VecDeque::new(), Places::new(random));
        Ok(Some(Spreader { path: path.to_owned(), places, step, group, size: 0, length: 0, ahead: None, over: None }))
    }

    /// How long the step is.
    pub(super) fn step(&self) -> SimDuration {
        SimDuration::from_nanos(self.step)
    }

    /// The next request of those that `recorded` gives in the order of time; what is wrong comes behind all before it.
    pub(super) fn next(
        &mut self,
        recorded: impl FnMut() -> Result<Option<Reading>, TraceError>,
    ) -> Result<Option<Reading>, TraceError> {
        if self.group.is_empty() {
            self.gather(recorded)?;
        }
        let Some(reading) = self.group.pop_front() else { return self.over.clone().unwrap_or(Ok(())).map(|()| None) };
        let number = self.size - 1 - self.group.len() as u64;
        let offset = self.places.next(number, self.size, self.length);
        // No stamp is so late that a step behind it would not be one.
        Ok(Some(Reading { stamp: reading.stamp.plus(offset).unwrap_or(reading.stamp), ..reading }))
    }

    /// Takes all requests of the next stamp.
    fn gather(&mut self, mut recorded: impl FnMut() -> Result<Option<Reading>, TraceError>) -> Result<(), TraceError> {
        self.group.extend(self.ahead.take());
        while self.ahead.is_none() && self.over.is_none() {
            match recorded() {
                Ok(Some(reading)) if self.group.front().is_none_or(|first| first.stamp == reading.stamp) => {
                    if self.group.len() == MOST_TIED {
                        let message = format!("more than {MOST_TIED} rows share a stamp, too many to spread");
                        let misread = Misread::new(message, "leave `ties` out, or cut the log");
                        return Err(TraceError::data(&self.path, None, None, misread));
                    }
                    self.group.push_back(reading);
                }
                Ok(Some(reading)) => self.ahead = Some(reading),
                Ok(None) => self.over = Some(Ok(())),
                Err(error) => self.over = Some(Err(error)),
            }
        }
        self.size = self.group.len() as u64;
        let stamps = self.group.front().zip(self.ahead);
        let up_to_next = stamps.and_then(|(first, next)| next.stamp.nanos_since(first.stamp));
        self.length = up_to_next.map_or(self.step, |nanos| nanos.min(self.step));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "log.csv";

    fn reading(stamp: i64) -> Reading {
        Reading {
            stamp: Stamp::at(stamp),
            input: None,
            cached: None,
            output: None,
            client: None,
            key: None,
            failed: false,
        }
    }

    fn spread(spec: &Replay, step: Option<u64>, stamps: &[i64]) -> Vec<i64> {
        let mut spreader = Spreader::new(LOG.as_ref(), spec, step).unwrap().unwrap();
        let mut stamps = stamps.iter();
        let mut next = || spreader.next(|| Ok(stamps.next().map(|&stamp| reading(stamp)))).unwrap();
        std::iter::from_fn(|| next().map(|reading| reading.stamp.nanos())).collect()
    }

    #[test]
    fn the_grid_is_what_divides_all_distances() {
        let step = |stamps: &[i64]| {
            let mut grid = Grid::default();
            stamps.iter().for_each(|&stamp| grid.add(Stamp::at(stamp)));
            grid.step()
        };
        assert_eq!(step(&[]), None);
        assert_eq!(step(&[7, 7, 7]), None);
        assert_eq!(step(&[7, 13, 7, 1, 19]), Some(6));
        assert_eq!(step(&[-3, 7, 22]), Some(5));
        assert_eq!(step(&[0, 6, 10]), Some(2));
    }

    #[test]
    fn even_ties_share_the_step_and_no_more() {
        let even = Replay { ties: Ties::Even, ..Replay::default() };
        assert_eq!(spread(&even, Some(12), &[0, 0, 0, 12, 60, 60, 72]), [0, 4, 8, 12, 60, 66, 72]);
        let stated = Replay { tie_step: Some(SimDuration::from_nanos(20)), ..even };
        // Up to the next stamp at most.
        assert_eq!(spread(&stated, None, &[0, 0, 12, 40, 40]), [0, 6, 12, 40, 50]);
    }

    #[test]
    fn random_ties_stay_within_the_step_and_in_order() {
        let spec = Replay { ties: Ties::Random, ..Replay::default() };
        let stamps: Vec<i64> = (0..3_000).map(|row| row / 3 * 1_000_000).collect();
        let found = spread(&spec, Some(1_000_000), &stamps);
        assert!(found.is_sorted());
        assert!(found.iter().zip(&stamps).all(|(found, stamp)| (0..1_000_000).contains(&(found - stamp))));
        let mean = found.iter().map(|stamp| (stamp % 1_000_000) as f64).sum::<f64>() / 3_000.0;
        // A uniform place has a standard deviation of 0.2887 of the step: 5 standard errors are passed by chance once in
        // a million seeds; this seed is fixed.
        assert!((mean - 500_000.0).abs() < 5.0 * 288_675.0 / 3_000f64.sqrt(), "{mean}");
    }

    #[test]
    fn what_is_wrong_comes_behind_the_rows_before_it() {
        let even = Replay { ties: Ties::Even, ..Replay::default() };
        let mut spreader = Spreader::new(LOG.as_ref(), &even, Some(10)).unwrap().unwrap();
        let wrong = || TraceError::data(LOG.as_ref(), Some(3), None, Misread::new("wrong", "mend it"));
        let mut left = vec![Err(wrong()), Ok(Some(reading(5))), Ok(Some(reading(5)))];
        let mut next = || spreader.next(|| left.pop().unwrap());
        assert_eq!(next().unwrap().unwrap().stamp.nanos(), 5);
        assert_eq!(next().unwrap().unwrap().stamp.nanos(), 10);
        assert_eq!(next().err(), Some(wrong()));
        assert_eq!(next().err(), Some(wrong()));
    }

    #[test]
    fn one_stamp_has_no_step() {
        let even = Replay { ties: Ties::Even, ..Replay::default() };
        assert!(Spreader::new(LOG.as_ref(), &even, None).is_err_and(|misread| misread.help.contains("`tie-step")));
        assert!(Spreader::new(LOG.as_ref(), &Replay::default(), None).is_ok_and(|none| none.is_none()));
    }
}
