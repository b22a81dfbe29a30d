//! How a log was read: what was detected, what was taken for granted, and what was left out.

use super::source::Packing;
use super::{RowOrder, TimeUnit, TraceFormat};
use crate::units::SimDuration;
use crate::words;
use std::fmt;

words! {
    /// What holds the records of a log.
    #[derive(Default)]
    pub enum Container {
        /// A table with commas, semicolons or tabs between its fields.
        #[default]
        Table = "table",
        /// One JSON object after the other.
        JsonLines = "json-lines",
        /// One JSON document with a list of objects in it.
        Json = "json",
        /// Lines with blanks between their fields, as web servers write them.
        AccessLog = "access-log",
    }
}

/// How a log was read. It prints as one line for each fact.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Detected {
    /// How it is laid out; never [`TraceFormat::Auto`].
    pub format: TraceFormat,
    /// What holds its records.
    pub container: Container,
    /// How its bytes are packed.
    pub packing: Packing,
    /// What was read, and from which columns or keys: `("time", "created_at")`.
    pub columns: Vec<(&'static str, String)>,
    /// What the numbers in the time column count; absent where stamps are dates.
    pub unit: Option<TimeUnit>,
    /// Whether stamps name instants that everybody agrees on; otherwise they count from the log's own zero.
    pub is_absolute: bool,
    /// Whether dates without a zone were read.
    pub has_bare_dates: bool,
    /// The zone whose clocks they show, where it was stated; otherwise UTC.
    pub zone: Option<String>,
    /// Whether stamps were taken when requests were answered.
    pub is_completion: bool,
    /// Whether its records count the requests of a period, which were then spread over it.
    pub is_counts: bool,
    /// The longest of these periods.
    pub period: Option<SimDuration>,
    /// What happens to rows that are earlier than the row above.
    pub order: RowOrder,
    /// What was taken for granted, one sentence each.
    pub assumptions: Vec<String>,
    /// Records in the file.
    pub records: u64,
    /// Records that are no request, by reason.
    pub skipped: Vec<(String, u64)>,
    /// Records that repeat a request, such as the parts of a streamed answer.
    pub repeated: u64,
    /// Requests that are earlier than the one in front of them in the file.
    pub steps_back: u64,
    /// Requests that were stamped when they were answered and whose duration is not known.
    pub without_duration: u64,
    /// Requests that arrive at the same instant as the one before.
    pub ties: u64,
    /// The smallest step from one instant of arrival to the next, as recorded; bursts within it cannot be seen.
    pub smallest_step: Option<SimDuration>,
}

impl Detected {
    /// The line about one kind of count, unless there is nothing to say.
    fn counted(f: &mut fmt::Formatter<'_>, what: &str, count: u64) -> fmt::Result {
        if count > 0 { writeln!(f, "{what}: {count}") } else { Ok(()) }
    }
}

impl fmt::Display for Detected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let packed = if self.packing == Packing::Plain { String::new() } else { format!(", {}", self.packing.word()) };
        writeln!(f, "format: {} ({}{packed})", self.format.word(), self.container.word())?;
        for (meaning, name) in &self.columns {
            writeln!(f, "{meaning}: {}", super::error::quote(name.as_bytes()))?;
        }
        let clock = match (self.unit, self.is_absolute) {
            (None, _) => "dates",
            (Some(_), true) => "Unix time",
            (Some(_), false) => "time since the log's own zero",
        };
        let unit = self.unit.map_or(String::new(), |unit| format!(" in {}", unit.name()));
        let zone = match (self.has_bare_dates, &self.zone) {
            (false, _) => String::new(),
            (true, None) => ", in UTC where no zone is stated".to_owned(),
            (true, Some(zone)) => format!(", of {zone} where no zone is stated"),
        };
        let taken = if self.is_completion { ", stamped when answered" } else { "" };
        writeln!(f, "clock: {clock}{unit}{zone}{taken}")?;
        writeln!(f, "records: {}", self.records)?;
        for (reason, count) in &self.skipped {
            writeln!(f, "skipped: {count} {reason}")?;
        }
        Self::counted(f, "repeated", self.repeated)?;
        Self::counted(f, "earlier than the row above", self.steps_back)?;
        Self::counted(f, "without a duration", self.without_duration)?;
        Self::counted(f, "at the same instant as the one before", self.ties)?;
        if let Some(step) = self.smallest_step {
            writeln!(f, "smallest step: {step}")?;
        }
        self.assumptions.iter().try_for_each(|assumption| writeln!(f, "assumed: {assumption}"))
    }
}
