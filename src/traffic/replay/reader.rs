//! The rows of a log, one block after the other.

use super::detected::Detected;
use super::error::TraceError;
use super::formats::TraceFormat;
use super::order::{self, Survey};
use super::periods::{Periods, Spreading};
use super::plain::Reading;
use super::purpose::Purpose;
use super::readings::Readings;
use super::shape::Sample;
use super::sort::{Sorted, Sorter};
use super::source::{Opened, Packing};
use super::speed::Speed;
use super::stamp::{Clock, Stamp, Zone};
use super::ties::{Grid, Spreader};
use super::{Replay, RowOrder, Ties};
use crate::params::Parameters;
use crate::units::grammar::Misread;
use crate::units::{Civil, SimDuration, SimTime, Tokens};
use std::num::NonZeroU64;
use std::path::Path;

/// One request of a log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TraceRow {
    /// When it arrives, in `0..=HORIZON`; the first row of a log arrives at [`SimTime::ZERO`].
    pub at: SimTime,
    /// Tokens of the prompt, those from a cache included, where the log has them.
    pub input: Option<Tokens>,
    /// Those tokens of the prompt that were read from a cache, at most `input`, where the log has both.
    pub cached: Option<Tokens>,
    /// Tokens of the answer, where the log has them.
    pub output: Option<Tokens>,
    /// The number of its client, where the log says who asked: from 0 on, in the order in which clients appear in the file.
    pub client: Option<u32>,
    /// The number of what it asks for, where that is read ([`TraceReader::with_keys`]): equal ones ask for the same.
    pub key: Option<NonZeroU64>,
    /// Whether the log says that it failed, as far as that is read ([`TraceReader::with_outcomes`]): it arrived all the same.
    pub failed: bool,
}

/// Reads a log row by row in a fixed amount of memory, whatever the file holds.
///
/// Rows come in the order of time. A log that is in that order is streamed. Any other is read whole before its first row is
/// given out, and sorted: in memory up to a million requests (some 40 MB), beyond that through a temporary file of 36 bytes
/// for each. Which of the two a log is takes a pass over it, up to the first row that is earlier than the one above:
/// [`describe`](super::describe) makes it on its way, and [`TraceReader::open`] where nobody did before. The answer is
/// remembered as long as the file stays as it is. With [`RowOrder::File`] there is no such pass. A log of counts per period is
/// read whole when it is opened. Ties are spread as they are read, each stamp's rows being in memory at once; the step of the
/// log's clock is found in the same pass as its order, which then goes to the end.
pub struct TraceReader {
    readings: Readings,
    supply: Supply,
    /// The longest period in nanoseconds, in logs of counts.
    period: Option<u64>,
    speed: Speed,
    packing: Packing,
    order: RowOrder,
    /// Spreads requests that share a stamp, where that is wanted.
    spreader: Option<Box<Spreader>>,
    /// The stamp of the first row, spread.
    first: Option<Stamp>,
    /// The stamp that was read last, as recorded.
    last: Option<Stamp>,
    steps_back: u64,
    ties: u64,
    smallest_step: Option<u64>,
    /// What stopped the reader; it stays stopped.
    failure: Option<TraceError>,
}

/// Where rows in the order of time come from.
enum Supply {
    /// Straight from the file.
    Stream,
    /// From the file, which is to be sorted first.
    Unsorted,
    Sorted(Sorted),
    Periods(Spreading),
}

/// What to do about the order of rows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Stream,
    Sort,
}

impl TraceReader {
    /// Opens the log at `path` and tells its layout; `spec.file` is not looked at.
    ///
    /// # Errors
    ///
    /// Where `path` is not a regular file that can be read, where its start is not what `spec` expects or leaves a question
    /// open, and where `spec` does not pass its own check.
    pub fn open(path: &Path, spec: &Replay) -> Result<Self, TraceError> {
        TraceReader::open_for(path, spec, Purpose::Play)
    }

    /// The same, to be told which calls failed wherever the log says so: to play a log nobody need know, and it takes time.
    ///
    /// # Errors
    ///
    /// As [`TraceReader::open`].
    pub fn with_outcomes(path: &Path, spec: &Replay) -> Result<Self, TraceError> {
        TraceReader::open_for(path, spec, Purpose::Measure)
    }

    /// The same, to be told what requests ask for wherever the log says so.
    ///
    /// # Errors
    ///
    /// As [`TraceReader::open`].
    pub fn with_keys(path: &Path, spec: &Replay) -> Result<Self, TraceError> {
        TraceReader::open_for(path, spec, Purpose::Keys)
    }

    fn open_for(path: &Path, spec: &Replay, purpose: Purpose) -> Result<Self, TraceError> {
        let is_surveyed = spec.order == RowOrder::Sort || (spec.ties != Ties::Keep && spec.tie_step.is_none());
        let survey = match order::known(path, spec) {
            _ if !is_surveyed => Survey { is_sorted: true, grid: None },
            Some(survey) => survey,
            None => {
                let survey = TraceReader::begin(path, spec, Way::Stream, Purpose::Play)?.survey(spec);
                order::remember(path, spec, survey);
                survey
            }
        };
        let is_streamed = spec.order == RowOrder::File || survey.is_sorted;
        let way = if is_streamed { Way::Stream } else { Way::Sort };
        let mut reader = TraceReader::begin(path, spec, way, purpose)?;
        if !matches!(reader.supply, Supply::Periods(_)) {
            let spreader = Spreader::new(path, spec, survey.grid);
            reader.spreader = spreader.map_err(|misread| reader.readings.misplaced(false, misread))?.map(Box::new);
        }
        Ok(reader)
    }

    /// Opens the log to be read in the given way.
    pub(super) fn begin(path: &Path, spec: &Replay, way: Way, purpose: Purpose) -> Result<Self, TraceError> {
        if let Err(invalid) = (Replay { file: path.to_string_lossy().into_owned(), ..spec.clone() }).check() {
            return Err(TraceError::data(path, None, None, Misread::new(invalid.message, invalid.help)));
        }
        let opened = Opened::new(path)?;
        let packing = opened.packing;
        let sample = Sample::new(&opened.head, opened.is_whole)
            .map_err(|(line, misread)| TraceError::data(path, line, None, misread))?;
        let layout = TraceFormat::layout(&sample, spec, purpose)
            .map_err(|misread| TraceError::data(path, sample.header_line(), None, misread))?;
        if let (Some(unit), Some(_)) = (layout.writing.unit, &spec.zone) {
            let message = format!("`zone` is stated, and times are numbers of {}, which have none", unit.name());
            let misread = Misread::new(message, "leave `zone` out");
            return Err(TraceError::data(path, sample.header_line(), None, misread));
        }
        let is_counts = layout.periods.is_some();
        let mut readings = Readings::new(path, opened.into_bytes(), layout, spec)?;
        let supply = match way {
            _ if is_counts => Supply::Periods(read_periods(&mut readings, spec)?),
            Way::Stream => Supply::Stream,
            Way::Sort => Supply::Unsorted,
        };
        Ok(TraceReader {
            readings,
            period: if let Supply::Periods(periods) = &supply { Some(periods.longest()) } else { None },
            supply,
            speed: Speed::new(spec.speed),
            packing,
            order: spec.order,
            spreader: None,
            first: None,
            last: None,
            steps_back: 0,
            ties: 0,
            smallest_step: None,
            failure: None,
        })
    }

    /// Reads up to the first row that is wrong or the end; only up to the first that is earlier than the one above, unless the
    /// grid of all is wanted.
    fn survey(&mut self, spec: &Replay) -> Survey {
        let (mut last, mut is_sorted, mut grid) = (None, true, Grid::default());
        if matches!(self.supply, Supply::Periods(_)) {
            return Survey { is_sorted, grid: None };
        }
        while let Ok(Some(Reading { stamp, .. })) = self.readings.next() {
            is_sorted &= last.is_none_or(|last| stamp >= last);
            last = Some(stamp);
            match spec.ties {
                Ties::Keep if !is_sorted => break,
                Ties::Keep => {}
                Ties::Even | Ties::Random => grid.add(stamp),
            }
        }
        Survey { is_sorted, grid: grid.step() }
    }

    /// Whether reading stopped at a row that is earlier than the one above.
    pub(super) fn met_disorder(&self) -> bool {
        self.steps_back > 0 && matches!(self.supply, Supply::Stream)
    }

    /// Whether it is read what requests ask for.
    pub fn has_keys(&self) -> bool {
        self.readings.layout().key.is_some()
    }

    /// The civil instant of the first row in UTC, once it was read, where stamps name such instants.
    pub fn begins(&self) -> Option<Civil> {
        let clock = self.readings.clock();
        let first = self.first.filter(|_| clock.is_absolute())?;
        Civil::parse(&clock.date(first)).ok()
    }

    /// The name of client `number` of those that were read so far, as far as letters, digits and `_.-` go, each other
    /// character as a `-`; of a long one the beginning.
    pub fn client(&self, number: u32) -> Option<String> {
        let tame = |&byte: &u8| if byte.is_ascii_alphanumeric() || b"_.".contains(&byte) { byte as char } else { '-' };
        self.readings.client(number).map(|name| name.iter().map(tame).collect())
    }

    /// How the log is read; its counts are about what was read so far.
    pub fn detected(&self) -> Detected {
        let (readings, layout, clock) = (&self.readings, self.readings.layout(), self.readings.clock());
        let mut columns = vec![("time", layout.slots[layout.time].name.clone())];
        let mut name = |what, slots: &[usize]| {
            let seen = slots.iter().map(|&slot| &layout.slots[slot]).filter(|slot| slot.is_seen);
            columns.extend(seen.map(|slot| (what, slot.name.clone())));
        };
        if layout.is_completion {
            name("duration", &layout.duration);
        }
        name("input tokens", &layout.input);
        name("cached input tokens", &layout.cached);
        name("output tokens", &layout.output);
        name("client", layout.client.as_slice());
        name("key", layout.key.as_slice());
        name("status", layout.failed.map(|(slot, _)| slot).as_slice());
        if let Some(periods) = layout.periods {
            name("requests", periods.requests.as_slice());
        }
        let mut assumptions = layout.notes.clone();
        if layout.periods.is_some() {
            assumptions.push("requests are spread over their period: bursts within it do not show".into());
        }
        assumptions.extend(clock.zone().map(Zone::doubts).unwrap_or_default());
        if let Some(spreader) = &self.spreader {
            assumptions.push(format!("rows that share a stamp are spread over its step of {}", spreader.step()));
        }
        let skipped = readings.skipped().filter(|(_, count)| *count > 0);
        Detected {
            format: layout.format,
            container: layout.container,
            packing: self.packing,
            columns,
            unit: layout.writing.unit,
            is_absolute: clock.is_absolute(),
            has_bare_dates: clock.has_bare_dates(),
            zone: clock.zone().map(|zone| zone.name().to_owned()),
            is_completion: layout.is_completion,
            is_counts: layout.periods.is_some(),
            period: self.period.map(SimDuration::from_nanos),
            order: self.order,
            assumptions,
            records: readings.records,
            skipped: skipped.map(|(what, count)| (what.to_owned(), count)).collect(),
            repeated: readings.repeated,
            steps_back: self.steps_back,
            without_duration: readings.without_duration(),
            ties: self.ties,
            smallest_step: self.smallest_step.map(SimDuration::from_nanos),
        }
    }

    /// Appends the next rows, at most `most`, to `rows` and returns how many; 0 is the end of the log.
    ///
    /// # Errors
    ///
    /// The first row that is wrong, or that there is none at all. The rows before it have been appended, unless the log had
    /// to be sorted first, and every later call fails in the same way.
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
        let reading = if self.spreader.is_some() { self.spread()? } else { self.recorded()? };
        let Some(Reading { stamp, input, cached, output, client, key, failed }) = reading else { return self.end() };
        Ok(Some(TraceRow { at: self.place(stamp)?, input, cached, output, client, key, failed }))
    }

    /// The next request, at an instant of its own where its stamp is shared.
    #[cold]
    fn spread(&mut self) -> Result<Option<Reading>, TraceError> {
        let Some(mut spreader) = self.spreader.take() else { return self.recorded() };
        let reading = spreader.next(|| self.recorded());
        self.spreader = Some(spreader);
        reading
    }

    /// The next request at its stamp.
    #[inline]
    fn recorded(&mut self) -> Result<Option<Reading>, TraceError> {
        let reading = match &mut self.supply {
            Supply::Stream => self.readings.next()?,
            _ => self.supplied()?,
        };
        if let Some(Reading { stamp, .. }) = reading {
            self.note(stamp)?;
        }
        Ok(reading)
    }

    /// The next request that does not come straight from the file.
    fn supplied(&mut self) -> Result<Option<Reading>, TraceError> {
        if let Supply::Unsorted = self.supply {
            self.supply = Supply::Sorted(self.sort()?);
        }
        match &mut self.supply {
            Supply::Stream | Supply::Unsorted => self.readings.next(),
            Supply::Sorted(sorted) => sorted.next(),
            Supply::Periods(periods) => Ok(periods.next()),
        }
    }

    /// Reads the rest of the file and puts it in order.
    fn sort(&mut self) -> Result<Sorted, TraceError> {
        let (mut sorter, mut last) = (Sorter::new(), None);
        while let Some(reading) = self.readings.next()? {
            self.steps_back += u64::from(last.is_some_and(|last| reading.stamp < last));
            last = Some(reading.stamp);
            sorter.push(reading)?;
        }
        sorter.sort()
    }

    /// Counts the step from the stamp before, and refuses one back.
    #[inline]
    fn note(&mut self, stamp: Stamp) -> Result<(), TraceError> {
        if let Some(last) = self.last {
            match stamp.nanos_since(last) {
                Some(0) => self.ties += 1,
                Some(step) => self.smallest_step = Some(self.smallest_step.map_or(step, |least| least.min(step))),
                None => {
                    self.steps_back += 1;
                    return Err(self.readings.misplaced(true, self.step_back(stamp, last)));
                }
            }
        }
        self.last = Some(stamp);
        Ok(())
    }

    /// The instant at which a row with this stamp plays.
    #[inline]
    fn place(&mut self, stamp: Stamp) -> Result<SimTime, TraceError> {
        let first = *self.first.get_or_insert(stamp);
        let instant = stamp.nanos_since(first).and_then(|nanos| self.speed.instant(nanos));
        let is_last = matches!(self.supply, Supply::Stream) && self.spreader.is_none();
        instant.ok_or_else(|| self.readings.misplaced(is_last, self.too_far(first, stamp)))
    }

    fn clock(&self) -> &Clock {
        self.readings.clock()
    }

    #[cold]
    fn step_back(&self, stamp: Stamp, last: Stamp) -> Misread {
        let (earlier, later) = (self.clock().write(stamp), self.clock().write(last));
        let by = SimDuration::from_nanos(last.nanos_since(stamp).unwrap_or_default());
        let message = format!("time runs backwards: `{earlier}` is {by} before `{later}` in the row above");
        Misread::new(message, "sort the rows by time; rows of one instant may stay as they are")
    }

    #[cold]
    fn too_far(&self, first: Stamp, stamp: Stamp) -> Misread {
        let (first, stamp) = (self.clock().write(first), self.clock().write(stamp));
        let message = format!("`{stamp}` would play more than 100 years after the first row, `{first}`");
        Misread::new(message, "check `time-unit` and `speed`, or cut the log")
    }

    #[cold]
    fn end(&self) -> Result<Option<TraceRow>, TraceError> {
        if self.first.is_some() {
            return Ok(None);
        }
        let records = self.readings.records;
        let misread = match self.readings.skipped().max_by_key(|(_, count)| *count) {
            Some((what, count)) if count > 0 => {
                let format = self.readings.layout().format.word();
                let message =
                    format!("read as `{format}`, none of its {records} records is a request: {count} are {what}");
                Misread::new(message, "check that this is the right file, or state its `format`")
            }
            _ if records > 0 => Misread::new("it counts no request at all", "check that this is the right file"),
            _ => Misread::new("there is a header but no row", "write at least one row below the header"),
        };
        Err(TraceError::data(self.readings.path(), None, None, misread))
    }
}

/// Reads all periods of a log, and what they stand for.
fn read_periods(readings: &mut Readings, spec: &Replay) -> Result<Spreading, TraceError> {
    let mut periods = Periods::default();
    while readings.next_period(&mut periods)? {}
    if readings.records == 0 {
        let misread = Misread::new("there is a header but no row", "write at least one row below the header");
        return Err(TraceError::data(readings.path(), None, None, misread));
    }
    periods.spread(spec).map_err(|misread| TraceError::data(readings.path(), None, None, misread))
}
