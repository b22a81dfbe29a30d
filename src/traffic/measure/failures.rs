//! Requests that failed.

use super::{Counts, LEAST_BINS, SECOND};
use crate::traffic::replay::TraceRow;

/// Requests of which the log says that they failed.
#[derive(Clone, Debug, PartialEq)]
pub struct Failures {
    rows: u64,
    without_tokens: u64,
    zero_tokens: u64,
    counts: Counts,
}

impl Default for Failures {
    fn default() -> Self {
        Failures { rows: 0, without_tokens: 0, zero_tokens: 0, counts: Counts::new(60 * SECOND) }
    }
}

impl Failures {
    /// Counts a request that failed, `nanos` after the first of all.
    pub(super) fn add(&mut self, row: &TraceRow, nanos: u64) {
        self.rows += 1;
        self.without_tokens += u64::from(row.input.is_none() || row.output.is_none());
        self.zero_tokens += u64::from([row.input, row.output].iter().flatten().any(|tokens| tokens.get() == 0));
        self.counts.add(nanos, 1);
    }

    /// How many.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// How many of them lack their input or their output tokens.
    pub fn without_tokens(&self) -> u64 {
        self.without_tokens
    }

    /// How many of them have no token in one of the two.
    pub fn zero_tokens(&self) -> u64 {
        self.zero_tokens
    }

    /// The I(60 s) of their counts, if it is beyond what chance would have.
    pub fn burstiness(&self) -> Option<f64> {
        let (bins, dispersion) = (self.counts.bins(), self.counts.dispersion()?);
        // The standard error of I(w) for a Poisson process is √(2 / (bins - 1)).
        let is_beyond_chance = dispersion > 1.5 && dispersion > 1.0 + 5.0 * (2.0 / (bins as f64 - 1.0)).sqrt();
        (bins >= LEAST_BINS && is_beyond_chance).then_some(dispersion)
    }
}
