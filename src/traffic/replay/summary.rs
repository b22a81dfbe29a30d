//! What a log holds, in one pass over it.

use super::detected::Detected;
use super::error::TraceError;
use super::order::{self, Survey};
use super::purpose::Purpose;
use super::reader::{TraceReader, TraceRow, Way};
use super::{Replay, RowOrder, Ties};
use crate::units::{Civil, SimDuration, SimTime, Tokens};
use std::path::Path;

/// What a whole log holds.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TraceSummary {
    /// Requests, at least one.
    pub rows: u64,
    /// From the first row to the last, as played at the replay's speed.
    pub span: SimDuration,
    /// The civil instant of the first row in UTC, where stamps are dates.
    pub begins: Option<Civil>,
    /// Rows that lack their input tokens or their output tokens.
    pub rows_without_tokens: u64,
    /// The input tokens of the rows that have them.
    pub input: TokenCounts,
    /// The output tokens of the rows that have them.
    pub output: TokenCounts,
    /// The cached input tokens of the rows that have them.
    pub cached: TokenCounts,
    /// How it was read.
    pub detected: Detected,
}

/// The token counts of one column.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct TokenCounts {
    /// How many rows have a count.
    pub rows: u64,
    /// Their sum.
    pub total: u64,
    /// The largest, zero where no row has a count.
    pub max: Tokens,
}

impl TokenCounts {
    /// The mean over the rows that have a count; `None` where none has.
    pub fn mean(&self) -> Option<f64> {
        (self.rows > 0).then(|| self.total as f64 / self.rows as f64)
    }

    fn add(&mut self, count: Option<Tokens>) {
        if let Some(count) = count {
            self.rows += 1;
            self.total += u64::from(count);
            self.max = self.max.max(count);
        }
    }
}

impl TraceSummary {
    fn add(&mut self, row: TraceRow) {
        self.rows += 1;
        self.span = row.at - SimTime::ZERO;
        self.rows_without_tokens += u64::from(row.input.is_none() || row.output.is_none());
        self.input.add(row.input);
        self.output.add(row.output);
        self.cached.add(row.cached);
    }
}

/// Reads the log at `path` from the first row to the last: once, or twice where it must be sorted or ties are spread.
///
/// # Errors
///
/// Whatever is wrong with the file: a log that passes can be replayed, unless it changes in between.
pub fn describe(path: &Path, spec: &Replay) -> Result<TraceSummary, TraceError> {
    if spec.order == RowOrder::Sort && spec.ties == Ties::Keep && order::known(path, spec).is_none() {
        let mut reader = TraceReader::begin(path, spec, Way::Stream, Purpose::Play)?;
        let summary = summarize(&mut reader);
        let is_sorted = !reader.met_disorder();
        order::remember(path, spec, Survey { is_sorted, grid: None });
        if is_sorted {
            return summary;
        }
    }
    summarize(&mut TraceReader::open(path, spec)?)
}

fn summarize(reader: &mut TraceReader) -> Result<TraceSummary, TraceError> {
    const BLOCK: usize = 1_024;
    let mut summary = TraceSummary::default();
    let mut rows = Vec::with_capacity(BLOCK);
    while reader.read(&mut rows, BLOCK)? > 0 {
        rows.drain(..).for_each(|row| summary.add(row));
    }
    summary.begins = reader.begins();
    summary.detected = reader.detected();
    Ok(summary)
}
