//! What the records of a log say, one request after the other as they stand in the file.

use super::Replay;
use super::error::TraceError;
use super::json::{self, Objects};
use super::layout::{Layout, Place, Simple};
use super::nested;
use super::open::Open;
use super::paths::{Cells as Found, Paths};
use super::periods::Periods;
use super::plain::{self, Reading};
use super::records::{Records, Stop};
use super::row::{Row, State};
use super::source::Bytes;
use super::stamp::Clock;
use super::web::Lines;
use crate::units::grammar::Misread;
use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

/// Reads the requests of a log in the order of the file.
pub(super) struct Readings {
    path: PathBuf,
    rows: Rows,
    layout: Layout,
    state: State,
    /// Whether rows can be [`plain`].
    may_be_plain: bool,
    /// Where the time, the input and the output stand, if rows have nothing else to look at.
    simple: Option<Simple>,
    /// The line of the record that was read last.
    line: u64,
    open: Open,
    /// Requests of a record that has several.
    nested: VecDeque<Reading>,
    pub(super) records: u64,
    pub(super) repeated: u64,
}

/// The records of a file by what holds them.
enum Rows {
    Table(Box<Records>),
    Json(Box<Objects>, Paths, Found),
    Web(Lines),
}

impl Readings {
    /// The requests of the log at `path`, whose unpacked `bytes` begin at its front.
    pub(super) fn new(path: &Path, bytes: Bytes, layout: Layout, spec: &Replay) -> Result<Self, TraceError> {
        let rows = match &layout.place {
            Place::Table { delimiter, has_header, .. } => {
                let mut records = Records::new(bytes, *delimiter);
                if *has_header {
                    pass_header(path, &mut records)?;
                }
                Rows::Table(Box::new(records))
            }
            Place::Json { root, paths } => {
                Rows::Json(Box::new(Objects::new(bytes, root)), paths.clone(), Found::default())
            }
            Place::Web { .. } => Rows::Web(Lines::new(bytes)),
        };
        let state = State::new(&layout, spec);
        Ok(Readings {
            path: path.to_owned(),
            rows,
            may_be_plain: layout.is_stamp_and_two_counts(),
            simple: layout.simple_columns(),
            layout,
            state,
            line: 1,
            open: Open::default(),
            nested: VecDeque::new(),
            records: 0,
            repeated: 0,
        })
    }

    pub(super) fn layout(&self) -> &Layout {
        &self.layout
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.state.clock
    }

    /// The beginning of the name of client `number`.
    pub(super) fn client(&self, number: u32) -> Option<&[u8]> {
        self.state.clients.name(number)
    }

    pub(super) fn without_duration(&self) -> u64 {
        self.state.without_duration
    }

    /// Records that are no request, by reason.
    pub(super) fn skipped(&self) -> impl Iterator<Item = (&str, u64)> {
        let skipped = self.layout.keep.iter().zip(&self.state.skipped).map(|(test, count)| (test.2, *count));
        let left_out = self.layout.only.iter().zip(&self.state.left_out);
        skipped.chain(left_out.map(|(wanted, count)| (wanted.others.as_str(), *count)))
    }

    /// The next request; `None` at the end of the log.
    #[inline]
    pub(super) fn next(&mut self) -> Result<Option<Reading>, TraceError> {
        match self.simple {
            Some(simple) => self.simple(simple),
            None if self.layout.once.is_empty() => self.any(),
            None => self.once(),
        }
    }

    /// The next request of a table that says no more than a time and counts.
    #[inline]
    fn simple(&mut self, simple: Simple) -> Result<Option<Reading>, TraceError> {
        let Rows::Table(records) = &mut self.rows else { return Ok(None) };
        if !records.next_record_begins().map_err(|error| TraceError::read(&self.path, self.line, &error))? {
            return Ok(None);
        }
        self.line = records.line();
        self.records += 1;
        if self.may_be_plain
            && let Some((reading, bytes)) = plain::read(records.ahead(), &mut self.state.clock)
        {
            records.pass(bytes);
            return Ok(Some(reading));
        }
        let record = match records.record() {
            Ok(record) => record,
            Err(stop) => return Err(stopped(&self.path, self.line, stop)),
        };
        match simple.read(record, &mut self.state) {
            Ok(reading) => Ok(Some(reading)),
            Err((slot, misread)) => Err(self.wrong(None, slot, misread)),
        }
    }

    /// The next request, however it is written.
    fn any(&mut self) -> Result<Option<Reading>, TraceError> {
        loop {
            if let Some(reading) = self.nested.pop_front() {
                return Ok(Some(reading));
            }
            match self.record(None)? {
                Some(Row::Request(reading, _)) => return Ok(Some(reading)),
                Some(Row::Skipped) => {}
                None => return Ok(None),
            }
        }
    }

    /// The next request, when all of its records have been read or enough others came.
    fn once(&mut self) -> Result<Option<Reading>, TraceError> {
        while !self.open.is_full() {
            match self.record(None)? {
                Some(Row::Request(reading, id)) => self.repeated += u64::from(!self.open.add(reading, id)),
                Some(Row::Skipped) => {}
                None => break,
            }
        }
        Ok(self.open.take())
    }

    /// Adds the next record, which counts the requests of one period or of several, to `periods`; false at the end.
    pub(super) fn next_period(&mut self, periods: &mut Periods) -> Result<bool, TraceError> {
        Ok(self.record(Some(periods))?.is_some())
    }

    /// The next record; `None` at the end of the log.
    fn record(&mut self, periods: Option<&mut Periods>) -> Result<Option<Row>, TraceError> {
        let (path, layout, state) = (&self.path, &self.layout, &mut self.state);
        let line = match &mut self.rows {
            Rows::Table(records) => records.line(),
            Rows::Json(objects, ..) => objects.line(),
            Rows::Web(lines) => lines.line(),
        };
        let stopped = |line, stop| stopped(path, line, stop);
        let (line, number, row) = match &mut self.rows {
            Rows::Table(records) => {
                if !records.next_record_begins().map_err(|error| TraceError::read(path, line, &error))? {
                    return Ok(None);
                }
                let line = records.line();
                let record = records.record().map_err(|stop| stopped(line, stop))?;
                (line, None, state.table(layout, record, periods))
            }
            Rows::Json(objects, paths, found) => {
                let object = objects.next();
                let line = objects.line();
                let Some(object) = object.map_err(|stop| stopped(line, stop))? else { return Ok(None) };
                let read = paths.read(objects.bytes(object), found);
                let read = read.map_err(|error| (None, json::misread(&error)));
                let row = match read.and_then(|()| nested::read(found, (layout, paths), state, &mut self.nested)) {
                    Ok(true) => Ok(Row::Skipped),
                    Ok(false) => state.row(layout, found, periods),
                    Err(wrong) => Err(wrong),
                };
                objects.pass(object);
                (object.line, Some(object.number), row)
            }
            Rows::Web(lines) => {
                let next = lines.next();
                let line = lines.line();
                let Some(bytes) = next.map_err(|stop| stopped(line, stop))? else { return Ok(None) };
                let row = state.web(layout, lines.fields(bytes), periods);
                lines.pass(bytes);
                (line, None, row)
            }
        };
        self.line = line;
        self.records += 1 + self.nested.len() as u64;
        row.map(Some).map_err(|(slot, misread)| self.wrong(number, slot, misread))
    }

    /// An error in the record that was read last, of which an object has a `number`.
    #[cold]
    fn wrong(&self, number: Option<u64>, slot: Option<usize>, misread: Misread) -> TraceError {
        let column = slot.map(|slot| self.layout.slots[slot].name.as_str());
        let error = TraceError::data(&self.path, Some(self.line), column, misread);
        let object = number.and_then(|number| NonZeroU32::new(u32::try_from(number).unwrap_or(u32::MAX)));
        TraceError { object, ..error }
    }

    /// An error about the time of a request: of the record that was read last, or of one that nobody knows any more.
    #[cold]
    pub(super) fn misplaced(&self, is_last: bool, misread: Misread) -> TraceError {
        let layout = &self.layout;
        let line = is_last.then_some(self.line);
        TraceError::data(&self.path, line, Some(&layout.slots[layout.time].name), misread)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

fn pass_header(path: &Path, records: &mut Records) -> Result<(), TraceError> {
    records.next_record_begins().map_err(|error| TraceError::read(path, 1, &error))?;
    let line = records.line();
    records.record().map(|_| ()).map_err(|stop| stopped(path, line, stop))
}

fn stopped(path: &Path, line: u64, stop: Stop) -> TraceError {
    match stop {
        Stop::Io(error) => TraceError::read(path, line, &error),
        Stop::Data(misread) => TraceError::data(path, Some(line), None, misread),
    }
}
