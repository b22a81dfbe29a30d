//! What a log and its model must have in common: the busiest windows, the empty minutes, and how counts vary.

use crate::traffic::measure::{Counts, Sliding};

const SECOND: u64 = 1_000_000_000;

/// Widths of the windows in which I(w) is compared, in seconds.
pub const COMPARED: [u64; 12] = super::FIT_WINDOWS;
/// Widths of the busiest windows that are compared, in seconds.
pub const BUSIEST: [u64; 3] = [1, 10, 60];

/// Adds arrivals up on the clock's own time.
#[derive(Clone, Debug)]
pub struct Likeness {
    first: Option<u64>,
    last: u64,
    rows: u64,
    counts: Vec<Counts>,
    sliding: Vec<Sliding>,
}

impl Default for Likeness {
    fn default() -> Self {
        Likeness {
            first: None,
            last: 0,
            rows: 0,
            counts: COMPARED.iter().map(|seconds| Counts::new(seconds * SECOND)).collect(),
            sliding: BUSIEST.iter().map(|seconds| Sliding::new(seconds * SECOND)).collect(),
        }
    }
}

/// One figure that is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    /// Requests in the busiest window of so many seconds, wherever it begins.
    Busiest(u64),
    /// Whole minutes without a request.
    EmptyMinutes,
    /// Variance over mean of counts in windows of so many seconds.
    Dispersion(u64),
}

impl Feature {
    /// All of them, in the order in which people read them.
    pub fn all() -> Vec<Feature> {
        let busiest = BUSIEST.iter().map(|&seconds| Feature::Busiest(seconds));
        let dispersion = COMPARED.iter().map(|&seconds| Feature::Dispersion(seconds));
        busiest.chain([Feature::EmptyMinutes]).chain(dispersion).collect()
    }
}

impl Likeness {
    /// Of a part of a log that begins at 0.
    pub fn of_part() -> Self {
        Likeness { first: Some(0), ..Likeness::default() }
    }

    /// Says that the log of which this is a part ends at `nanos`.
    pub fn end(&mut self, nanos: u64) {
        self.counts.iter_mut().for_each(|counts| counts.add(nanos, 0));
    }

    /// Adds an arrival, not before the last one.
    pub fn add(&mut self, nanos: u64) {
        // A file that changes between two passes may step back.
        let at = nanos.saturating_sub(*self.first.get_or_insert(nanos)).max(self.last);
        self.last = at;
        self.rows += 1;
        self.counts.iter_mut().for_each(|counts| counts.add(at, 1));
        self.sliding.iter_mut().for_each(|sliding| sliding.add(at, 1));
    }

    /// Arrivals.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Whole minutes, if there is one.
    pub fn minutes(&self) -> Option<f64> {
        let minutes = self.counts.iter().find(|counts| counts.width() == 60 * SECOND)?;
        (minutes.bins() > 0).then(|| minutes.bins() as f64)
    }

    /// Windows of at least `least` seconds: their width, how many there are, and their I(w).
    pub(super) fn windows(&self, least: f64) -> Vec<(f64, f64, f64)> {
        let wide_enough = COMPARED.iter().zip(&self.counts).filter(|(seconds, _)| **seconds as f64 >= least);
        let window = |(&seconds, counts): (&u64, &Counts)| {
            let dispersion = self.get(Feature::Dispersion(seconds))?;
            Some((seconds as f64, counts.bins() as f64, dispersion))
        };
        wide_enough.filter_map(window).collect()
    }

    /// What it has of `feature`; `None` where there are too few windows.
    pub fn get(&self, feature: Feature) -> Option<f64> {
        let counts = |seconds: u64| self.counts.iter().find(|counts| counts.width() == seconds * SECOND);
        match feature {
            Feature::Busiest(seconds) => {
                let found = self.sliding.iter().find(|sliding| sliding.width() == seconds * SECOND);
                found.map(|sliding| sliding.busiest() as f64)
            }
            Feature::EmptyMinutes => counts(60).filter(|counts| counts.bins() > 0).map(|counts| counts.empty() as f64),
            Feature::Dispersion(seconds) => {
                counts(seconds).filter(|counts| counts.bins() >= 8).and_then(Counts::dispersion)
            }
        }
    }
}
