//! What the records of a log say, one request after the other as they stand in the file.

use super::count;
use super::error::{TraceError, nul_byte, quote};
use super::json::{self, Objects};
use super::layout::{Layout, Place, Simple, Test};
use super::paths::{Cells as Found, Paths};
use super::periods::Periods;
use super::plain::{self, Reading};
use super::records::{Record, Records, Stop};
use super::source::Bytes;
use super::stamp::{self, Clock, Stamp};
use super::web::{Fields, Lines};
use super::{Replay, Thousands};
use crate::units::grammar::Misread;
use crate::units::{SimDuration, Tokens};
use std::collections::{BTreeMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

/// The most requests that wait for further records of theirs.
const MOST_OPEN: usize = 1 << 16;

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
    pub(super) records: u64,
    pub(super) repeated: u64,
}

/// What is needed to understand a record.
struct State {
    clock: Clock,
    thousands: Option<Thousands>,
    session_every: Option<SimDuration>,
    /// The session of the last record, and how many came before it.
    session: Option<(Vec<u8>, u64)>,
    /// For each test the cell of the record before.
    before: Vec<Vec<u8>>,
    /// How many records each test took away.
    skipped: Vec<u64>,
    /// How many requests were not wanted, by reason.
    left_out: Vec<u64>,
    without_duration: u64,
    /// For the JSON in a column.
    found: Found,
}

/// The records of a file by what holds them.
enum Rows {
    Table(Box<Records>),
    Json(Box<Objects>, Paths, Found),
    Web(Lines),
}

/// What a cell of a record is called in messages, and what is wrong with it.
type Wrong = (Option<usize>, Misread);

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
        let clock = Clock::new(layout.writing);
        let (tests, wants) = (layout.keep.len(), layout.only.len());
        Ok(Readings {
            path: path.to_owned(),
            rows,
            may_be_plain: clock.is_civil() && layout.is_stamp_and_two_counts(),
            simple: layout.simple_columns(),
            layout,
            state: State {
                clock,
                thousands: spec.thousands,
                session_every: spec.session_every,
                session: None,
                before: vec![Vec::new(); tests],
                skipped: vec![0; tests],
                left_out: vec![0; wants],
                without_duration: 0,
                found: Found::default(),
            },
            line: 1,
            open: Open::default(),
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
            match self.record(None)? {
                Some(Row::Request(reading, _)) => return Ok(Some(reading)),
                Some(Row::Skipped) => {}
                None => return Ok(None),
            }
        }
    }

    /// The next request, when all of its records have been read or enough others came.
    fn once(&mut self) -> Result<Option<Reading>, TraceError> {
        while self.open.requests.len() < MOST_OPEN {
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
                let row = match read {
                    Ok(()) => state.row(layout, found, periods),
                    Err(error) => Err((None, json::misread(&error))),
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
        self.records += 1;
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

/// One record.
enum Row {
    /// A request, and what tells it from others where a request has several records.
    Request(Reading, Option<u128>),
    /// No request.
    Skipped,
}

/// The cells of one record.
pub(super) trait Cells {
    /// How many values there are for `slot`.
    fn count(&self, slot: usize) -> usize;
    /// The value at `at` of `slot`, from 0.
    fn get(&self, slot: usize, at: usize) -> Option<&[u8]>;
}

impl Cells for Found {
    fn count(&self, slot: usize) -> usize {
        self.all(slot).count()
    }

    fn get(&self, slot: usize, at: usize) -> Option<&[u8]> {
        self.all(slot).nth(at)
    }
}

/// The fields of a record in a table.
struct Columns<'r> {
    record: Record<'r>,
    columns: &'r [usize],
}

impl Cells for Columns<'_> {
    fn count(&self, _: usize) -> usize {
        1
    }

    #[inline]
    fn get(&self, slot: usize, at: usize) -> Option<&[u8]> {
        (at == 0).then(|| self.record.field(self.columns[slot]))
    }
}

/// The fields of a line of an access log.
struct WebColumns<'l> {
    fields: Fields<'l>,
    columns: &'l [usize],
}

impl Cells for WebColumns<'_> {
    fn count(&self, slot: usize) -> usize {
        usize::from(self.get(slot, 0).is_some())
    }

    fn get(&self, slot: usize, at: usize) -> Option<&[u8]> {
        if at == 0 { self.fields.get(self.columns[slot]) } else { None }
    }
}

impl Simple {
    #[inline]
    fn read(self, record: Record<'_>, state: &mut State) -> Result<Reading, Wrong> {
        if record.len() != self.fields {
            return Err((None, wrong_number_of_fields(record, self.fields)));
        }
        let (slot, column) = self.time;
        let stamp = state.clock.read(record.field(column)).map_err(|misread| (Some(slot), misread))?;
        let tokens = |at: Option<(usize, usize)>| match at {
            None => Ok(None),
            Some((slot, column)) => {
                count::read(record.field(column), state.thousands).map_err(|misread| (Some(slot), misread))
            }
        };
        Ok(Reading { stamp, input: tokens(self.input)?, cached: None, output: tokens(self.output)? })
    }
}

impl State {
    fn table(&mut self, layout: &Layout, record: Record<'_>, periods: Option<&mut Periods>) -> Result<Row, Wrong> {
        let Place::Table { fields, columns, inner, .. } = &layout.place else { return Ok(Row::Skipped) };
        if record.len() != *fields {
            return Err((None, wrong_number_of_fields(record, *fields)));
        }
        if inner.iter().all(Option::is_none) {
            return self.row(layout, &Columns { record, columns }, periods);
        }
        let mut found = std::mem::take(&mut self.found);
        let read = within_cells(&mut found, record, columns, inner);
        let row = read.and_then(|()| self.row(layout, &found, periods));
        self.found = found;
        row
    }

    fn web(&mut self, layout: &Layout, fields: Fields<'_>, periods: Option<&mut Periods>) -> Result<Row, Wrong> {
        let Place::Web { least, columns } = &layout.place else { return Ok(Row::Skipped) };
        if fields.len() < *least {
            return Err((None, too_few_fields(fields, *least)));
        }
        self.row(layout, &WebColumns { fields, columns }, periods)
    }

    #[inline]
    fn row(&mut self, layout: &Layout, cells: &impl Cells, periods: Option<&mut Periods>) -> Result<Row, Wrong> {
        if !layout.keep.is_empty() && !self.is_kept(layout, cells) {
            return Ok(Row::Skipped);
        }
        for (wanted, left_out) in layout.only.iter().zip(&mut self.left_out) {
            if !wanted.holds(cells)? {
                *left_out += 1;
                return Ok(Row::Skipped);
            }
        }
        if let Some(periods) = periods {
            periods.add(layout, cells, &mut self.clock, self.thousands)?;
            return Ok(Row::Skipped);
        }
        let stamp = self.stamp(layout, cells)?;
        let input = self.tokens(layout, cells, &layout.input)?;
        let cached = self.tokens(layout, cells, &layout.cached)?;
        let cached = input.and_then(|input| cached.map(|cached| cached.min(input)));
        let output = self.tokens(layout, cells, &layout.output)?;
        let id = if layout.once.is_empty() { None } else { identity(layout, cells) };
        Ok(Row::Request(Reading { stamp, input, cached, output }, id))
    }

    fn is_kept(&mut self, layout: &Layout, cells: &impl Cells) -> bool {
        for (at, &(slot, test, _)) in layout.keep.iter().enumerate() {
            let cell = cells.get(slot, 0).unwrap_or_default().trim_ascii();
            let is_in = |words: &[&str]| words.iter().any(|word| cell.eq_ignore_ascii_case(word.as_bytes()));
            let is_kept = match test {
                Test::Is(words) => is_in(words),
                Test::IsNot(words) => !is_in(words),
                Test::Present => !cell.is_empty(),
                Test::Changes => {
                    let changes = self.before[at] != cell || cell.is_empty();
                    self.before[at] = cell.to_vec();
                    changes
                }
            };
            if !is_kept {
                self.skipped[at] += 1;
                return false;
            }
        }
        true
    }

    /// When the request arrived.
    #[inline]
    fn stamp(&mut self, layout: &Layout, cells: &impl Cells) -> Result<Stamp, Wrong> {
        let slot = layout.time;
        let in_time = |misread| (Some(slot), misread);
        let cell = one(layout, cells, slot)?;
        let mut stamp = self.clock.read(cell.unwrap_or_default()).map_err(in_time)?;
        if layout.is_completion {
            stamp = self.arrival(layout, cells, stamp)?;
        }
        match layout.session {
            None => Ok(stamp),
            Some(session) => {
                let start = self.session_start(cells.get(session, 0).unwrap_or_default()).map_err(in_time)?;
                stamp.plus(start).ok_or_else(|| (Some(slot), too_late(stamp)))
            }
        }
    }

    /// The arrival of a request that was answered at `stamp`.
    fn arrival(&mut self, layout: &Layout, cells: &impl Cells, stamp: Stamp) -> Result<Stamp, Wrong> {
        let (mut nanos, mut is_known) = (0u64, false);
        for &slot in &layout.duration {
            let cell = one(layout, cells, slot)?.unwrap_or_default();
            let part = stamp::duration(cell, layout.duration_unit).map_err(|misread| (Some(slot), misread))?;
            is_known |= part.is_some();
            nanos = nanos.saturating_add(part.unwrap_or_default());
        }
        self.without_duration += u64::from(!is_known);
        stamp.minus(nanos).ok_or_else(|| {
            let message = "the request would have arrived centuries before its answer";
            (layout.duration.first().copied(), Misread::new(message, "check `duration-unit`"))
        })
    }

    /// Nanoseconds from the log's zero to the start of the session called `name`.
    fn session_start(&mut self, name: &[u8]) -> Result<u64, Misread> {
        let Some(every) = self.session_every else {
            let message = "each session has its own zero, and nothing says when sessions start";
            return Err(Misread::new(message, "say how far apart, as in `session-every = \"10min\"`"));
        };
        match &mut self.session {
            Some((known, _)) if known == name => {}
            Some((known, number)) => (*known, *number) = (name.to_vec(), *number + 1),
            none => *none = Some((name.to_vec(), 0)),
        }
        let number = self.session.as_ref().map_or(0, |(_, number)| *number);
        Ok(every.as_nanos().saturating_mul(number))
    }

    /// The sum of the counts in `slots`; `None` where none of them was recorded.
    #[inline]
    fn tokens(&self, layout: &Layout, cells: &impl Cells, slots: &[usize]) -> Result<Option<Tokens>, Wrong> {
        let read = |slot: usize| {
            let Some(cell) = one(layout, cells, slot)? else { return Ok(None) };
            count::read(cell, self.thousands).map_err(|misread| (Some(slot), misread))
        };
        if let [slot] = slots {
            return read(*slot);
        }
        let mut sum: Option<u64> = None;
        for &slot in slots {
            if let Some(count) = read(slot)? {
                sum = Some(sum.unwrap_or_default() + u64::from(count));
            }
        }
        let narrow = |sum: u64| {
            count::narrow(sum, sum.to_string().as_bytes()).map_err(|misread| (slots.first().copied(), misread))
        };
        sum.map(narrow).transpose()
    }
}

/// The value of `slot`, of which a record has at most one.
#[inline]
fn one<'c>(layout: &Layout, cells: &'c impl Cells, slot: usize) -> Result<Option<&'c [u8]>, Wrong> {
    let cell = cells.get(slot, 0);
    if cell.is_some() && !layout.slots[slot].may_repeat && cells.count(slot) > 1 {
        let message = format!("there are {} values instead of one", cells.count(slot));
        return Err((Some(slot), Misread::new(message, "give every key once, and one value")));
    }
    Ok(cell)
}

fn too_late(stamp: Stamp) -> Misread {
    let message = format!(
        "with `session-every`, {} seconds into its session lie past the year 2200",
        stamp.nanos() / 1_000_000_000
    );
    Misread::new(message, "state a shorter `session-every`")
}

/// What tells a request from others; `None` where it has no ids at all.
fn identity(layout: &Layout, cells: &impl Cells) -> Option<u128> {
    let ids = layout.once.iter().map(|&slot| cells.get(slot, 0));
    if ids.clone().all(|id| id.is_none()) {
        return None;
    }
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        salt.hash(&mut hasher);
        ids.clone().for_each(|id| id.hash(&mut hasher));
        u128::from(hasher.finish())
    };
    Some(half(0) << 64 | half(1))
}

/// Takes the cells of `record` into `found`, from within their JSON where that is wanted.
fn within_cells(
    found: &mut Found,
    record: Record<'_>,
    columns: &[usize],
    inner: &[Option<Paths>],
) -> Result<(), Wrong> {
    let mut deep = Found::default();
    found.clear();
    for (slot, (&column, paths)) in columns.iter().zip(inner).enumerate() {
        let cell = record.field(column);
        match paths {
            None => found.push(slot, cell),
            Some(_) if cell.trim_ascii().is_empty() => {}
            Some(paths) => {
                paths.read(cell, &mut deep).map_err(|error| (Some(slot), json::misread(&error)))?;
                deep.all(0).for_each(|value| found.push(slot, value));
            }
        }
    }
    Ok(())
}

/// Requests whose further records may still come, oldest first.
#[derive(Default)]
struct Open {
    requests: VecDeque<(Reading, Option<u128>)>,
    /// The place of each id, counted from the first request of the log.
    places: BTreeMap<u128, u64>,
    taken: u64,
}

impl Open {
    /// Adds a request, or what a further record says of one; whether it is new.
    fn add(&mut self, reading: Reading, id: Option<u128>) -> bool {
        if let Some(id) = id {
            if let Some(place) = self.places.get(&id)
                && let Some((known, _)) = self.requests.get_mut((place - self.taken) as usize)
            {
                // It arrived with its first record, and the last has all of its tokens.
                *known = Reading { stamp: known.stamp, ..reading };
                return false;
            }
            self.places.insert(id, self.taken + self.requests.len() as u64);
        }
        self.requests.push_back((reading, id));
        true
    }

    fn take(&mut self) -> Option<Reading> {
        let (reading, id) = self.requests.pop_front()?;
        self.taken += 1;
        if let Some(id) = id {
            self.places.remove(&id);
        }
        Some(reading)
    }
}

fn too_few_fields(fields: Fields<'_>, expected: usize) -> Misread {
    if fields.text().contains(&0) {
        return nul_byte();
    }
    let found = fields.len();
    let noun = if found == 1 { "field" } else { "fields" };
    let message = format!("found {found} {noun} instead of {expected} or more: {}", quote(fields.text()));
    Misread::new(message, "complete the line or delete it: the file may have been cut off here")
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
