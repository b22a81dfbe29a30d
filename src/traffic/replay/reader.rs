//! The rows of a log, one block after the other.

use super::Replay;
use super::count;
use super::error::{TraceError, nul_byte, quote};
use super::layout::{Column, Header, Layout};
use super::plain::{self, Reading};
use super::records::{Record, Records, Stop};
use super::source::Source;
use super::speed::Speed;
use super::stamp::{Clock, Stamp};
use crate::params::Parameters;
use crate::units::grammar::Misread;
use crate::units::{Civil, SimDuration, SimTime, Tokens};
use std::path::{Path, PathBuf};

/// One request of a log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TraceRow {
    /// When it arrives, in `0..=HORIZON`; the first row of a log arrives at the replay's `delay`.
    pub at: SimTime,
    /// Tokens of the prompt, where the log has them.
    pub input: Option<Tokens>,
    /// Tokens of the answer, where the log has them.
    pub output: Option<Tokens>,
}

/// No row arrives later.
const END: SimTime = SimTime::ZERO.saturating_add(SimDuration::HORIZON);

/// Reads a log row by row in a fixed amount of memory, whatever the file holds.
///
/// Rows come in the order of the file, and their times never decrease.
pub struct TraceReader {
    path: PathBuf,
    records: Records,
    layout: Layout,
    clock: Clock,
    speed: Speed,
    delay: SimDuration,
    /// Whether rows can be [`plain`].
    may_be_plain: bool,
    /// The stamps of the first row and of the last one read.
    span: Option<(Stamp, Stamp)>,
    /// What stopped the reader; it stays stopped.
    failure: Option<TraceError>,
}

impl TraceReader {
    /// Opens the log at `path` and reads its header; `spec.file` is not looked at.
    ///
    /// # Errors
    ///
    /// Where `path` is not a regular file that can be read, where its header is not what `spec` expects, and where `spec`
    /// does not pass its own check.
    pub fn open(path: &Path, spec: &Replay) -> Result<Self, TraceError> {
        if let Err(invalid) = (Replay { file: path.to_string_lossy().into_owned(), ..spec.clone() }).check() {
            return Err(TraceError::data(path, None, None, Misread::new(invalid.message, invalid.help)));
        }
        let mut records = Records::new(Source::open(path)?).map_err(|stop| stopped(path, 1, stop))?;
        if !records.next_record_begins().map_err(|error| TraceError::read(path, 1, &error))? {
            let misread = Misread::new("the file is empty", "write a header and at least one row");
            return Err(TraceError::data(path, None, None, misread));
        }
        let line = records.line();
        let at_header = |misread| TraceError::data(path, Some(line), None, misread);
        let header = records.record().map_err(|stop| stopped(path, line, stop))?;
        let header = Header::read(header).map_err(at_header)?;
        let layout = Layout::find(&header, spec).map_err(at_header)?;
        let clock = Clock::new(layout.unit);
        Ok(TraceReader {
            path: path.to_owned(),
            may_be_plain: records.is_comma_separated() && clock.is_civil() && layout.is_stamp_and_two_counts(),
            records,
            layout,
            clock,
            speed: Speed::new(spec.speed),
            delay: spec.delay,
            span: None,
            failure: None,
        })
    }

    /// The civil instant of the first row in UTC, once it was read, where stamps are dates.
    pub fn begins(&self) -> Option<Civil> {
        let (first, _) = self.span.filter(|_| self.clock.is_civil())?;
        Civil::parse(&self.clock.write(first)).ok()
    }

    /// Appends the next rows, at most `most`, to `rows` and returns how many; 0 is the end of the log.
    ///
    /// # Errors
    ///
    /// The first row that is wrong, or that there is none at all. The rows before it have been appended, and every later
    /// call fails in the same way.
    pub fn read(&mut self, rows: &mut Vec<TraceRow>, most: usize) -> Result<usize, TraceError> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        for count in 0..most {
            match self.row() {
                Ok(Some(row)) => rows.push(row),
                Ok(None) => return Ok(count),
                Err(error) => {
                    self.failure = Some(error.clone());
                    return Err(error);
                }
            }
        }
        Ok(most)
    }

    #[inline]
    fn row(&mut self) -> Result<Option<TraceRow>, TraceError> {
        match self.records.next_record_begins() {
            Ok(true) => {}
            Ok(false) => return self.end(),
            Err(error) => return Err(TraceError::read(&self.path, self.records.line(), &error)),
        }
        let line = self.records.line();
        let Reading { stamp, input, output } = match self.plain() {
            Some(reading) => reading,
            None => self.any(line)?,
        };
        Ok(Some(TraceRow { at: self.place(stamp, line)?, input, output }))
    }

    #[inline]
    fn plain(&mut self) -> Option<Reading> {
        if !self.may_be_plain {
            return None;
        }
        let (reading, bytes) = plain::read(self.records.ahead(), &mut self.clock)?;
        self.records.pass(bytes);
        Some(reading)
    }

    /// Reads a row that may be quoted, sparse or wrong.
    fn any(&mut self, line: u64) -> Result<Reading, TraceError> {
        let record = self.records.record().map_err(|stop| stopped(&self.path, line, stop))?;
        reading(record, &self.layout, &mut self.clock).map_err(|(column, misread)| {
            let column = column.map(|column| column.name.as_str());
            TraceError::data(&self.path, Some(line), column, misread)
        })
    }

    /// The instant at which a row with this stamp plays.
    #[inline]
    fn place(&mut self, stamp: Stamp, line: u64) -> Result<SimTime, TraceError> {
        let (first, last) = self.span.unwrap_or((stamp, stamp));
        if stamp < last {
            return Err(self.misplaced(line, self.step_back(stamp, last)));
        }
        self.span = Some((first, stamp));
        let played = stamp.nanos_since(first).and_then(|nanos| self.speed.instant(nanos));
        let instant = played.map(|played| played.saturating_add(self.delay));
        instant.filter(|&at| at <= END).ok_or_else(|| self.misplaced(line, self.too_far(first, stamp)))
    }

    #[cold]
    fn misplaced(&self, line: u64, misread: Misread) -> TraceError {
        TraceError::data(&self.path, Some(line), Some(&self.layout.time.name), misread)
    }

    #[cold]
    fn step_back(&self, stamp: Stamp, last: Stamp) -> Misread {
        let (earlier, later) = (self.clock.write(stamp), self.clock.write(last));
        let by = SimDuration::from_nanos(last.nanos_since(stamp).unwrap_or_default());
        let message = format!("time runs backwards: `{earlier}` is {by} before `{later}` in the row above");
        Misread::new(message, "sort the rows by time; rows of one instant may stay as they are")
    }

    #[cold]
    fn too_far(&self, first: Stamp, stamp: Stamp) -> Misread {
        let (first, stamp) = (self.clock.write(first), self.clock.write(stamp));
        let message = format!("`{stamp}` would play more than 100 years after the first row, `{first}`");
        Misread::new(message, "check `time-unit` and `speed`, or cut the log")
    }

    #[cold]
    fn end(&self) -> Result<Option<TraceRow>, TraceError> {
        match self.span {
            Some(_) => Ok(None),
            None => {
                let misread = Misread::new("there is a header but no row", "write at least one row below the header");
                Err(TraceError::data(&self.path, None, None, misread))
            }
        }
    }
}

fn stopped(path: &Path, line: u64, stop: Stop) -> TraceError {
    match stop {
        Stop::Io(error) => TraceError::read(path, line, &error),
        Stop::Data(misread) => TraceError::data(path, Some(line), None, misread),
    }
}

/// What `record` says, or what is wrong with it and in which column.
fn reading<'l>(
    record: Record<'_>,
    layout: &'l Layout,
    clock: &mut Clock,
) -> Result<Reading, (Option<&'l Column>, Misread)> {
    if record.len() != layout.fields {
        return Err((None, wrong_number_of_fields(record, layout.fields)));
    }
    let stamp = clock.read(record.field(layout.time.index)).map_err(|misread| (Some(&layout.time), misread))?;
    let tokens = |column: &'l Option<Column>| match column {
        None => Ok(None),
        Some(column) => count::read(record.field(column.index)).map_err(|misread| (Some(column), misread)),
    };
    Ok(Reading { stamp, input: tokens(&layout.input)?, output: tokens(&layout.output)? })
}

fn wrong_number_of_fields(record: Record<'_>, expected: usize) -> Misread {
    if record.text().contains(&0) {
        return nul_byte();
    }
    let found = record.len();
    let noun = if found == 1 { "field" } else { "fields" };
    let start = quote(&record.fields().collect::<Vec<_>>().join(&b','));
    let message = format!("found {found} {noun} instead of {expected}: {start}");
    let help = match () {
        _ if record.spans_lines => "look for a quote `\"` that is not closed: the record goes over several lines",
        _ if found < expected => "complete the row or delete it: the file may have been cut off here",
        _ => "quote text that has a comma in it, and write counts without commas",
    };
    Misread::new(message, help)
}
