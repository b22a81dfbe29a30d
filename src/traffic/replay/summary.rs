//! What a log holds, in one pass over it.

use super::Replay;
use super::error::TraceError;
use super::reader::{TraceReader, TraceRow};
use crate::units::{Civil, SimDuration, SimTime, Tokens};
use std::path::Path;

/// What a whole log holds.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TraceSummary {
    /// Requests, at least one.
    pub rows: u64,
    /// From the start of the scenario to the last row, as played with the replay's speed and delay.
    pub span: SimDuration,
    /// The civil instant in UTC at which a scenario starts that plays the log at its recorded time, where stamps are dates.
    pub begins: Option<Civil>,
    /// Rows that lack their input tokens or their output tokens.
    pub rows_without_tokens: u64,
    /// The input tokens of the rows that have them.
    pub input: TokenCounts,
    /// The output tokens of the rows that have them.
    pub output: TokenCounts,
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
    }
}

/// Reads the log at `path` from the first row to the last.
///
/// # Errors
///
/// Whatever is wrong with the file: a log that passes can be replayed, unless it changes in between.
pub fn describe(path: &Path, spec: &Replay) -> Result<TraceSummary, TraceError> {
    const BLOCK: usize = 1_024;
    let mut reader = TraceReader::open(path, spec)?;
    let mut summary = TraceSummary::default();
    let mut rows = Vec::with_capacity(BLOCK);
    while reader.read(&mut rows, BLOCK)? > 0 {
        rows.drain(..).for_each(|row| summary.add(row));
    }
    summary.begins = reader.begins().and_then(|begins| begins.earlier(spec.delay));
    Ok(summary)
}
