//! A log played otherwise than as it stands: cut to a window, over and over, several times at once, or thinned.
//!
//! ```text
//!  log ──► window ──► laps ──► copies, each from another place of the lap ──► thinned
//! ```

use super::error::TraceError;
use super::{Replay, TraceReader, TraceRow, TraceSummary};
use crate::params::Invalid;
use crate::rng::Stream;
use crate::units::grammar::Misread;
use crate::units::{Civil, Share, SimDuration, SimTime};
use std::path::{Path, PathBuf};

/// How the log is opened that is played.
type Open = fn(&Path, &Replay) -> Result<TraceReader, TraceError>;

/// Plays a log as a [`Replay`] says.
pub struct Player {
    copies: Vec<Copy>,
    /// The share of rows that is kept, with the stream that decides.
    thin: Option<(f64, Stream)>,
    delay: SimDuration,
}

impl Player {
    /// Opens the log at `path`; `stream` makes a stream by purpose.
    ///
    /// # Errors
    /// As [`TraceReader::open`]; and where copies or laps ask for the length of the log, whatever is wrong with it.
    pub fn open(path: &Path, replay: &Replay, stream: impl Fn(&str) -> Stream) -> Result<Self, TraceError> {
        Player::open_by(TraceReader::open, (path, replay), stream)
    }

    /// The same, to be told what requests ask for. It plays the same rows where the streams are the same.
    ///
    /// # Errors
    /// As [`Player::open`].
    pub fn with_keys(path: &Path, replay: &Replay, stream: impl Fn(&str) -> Stream) -> Result<Self, TraceError> {
        Player::open_by(TraceReader::with_keys, (path, replay), stream)
    }

    /// Whether the log says what requests ask for, as far as that is read.
    pub fn has_keys(&self) -> bool {
        self.copies.iter().all(|copy| copy.reader.has_keys())
    }

    fn open_by(
        open: Open,
        (path, replay): (&Path, &Replay),
        stream: impl Fn(&str) -> Stream,
    ) -> Result<Self, TraceError> {
        let window = Window::of(replay);
        let lap = if replay.is_cyclic() { Some(lap(path, replay, window)?) } else { None };
        let mut phases = stream("phases");
        let copy = |number| {
            // The first copy begins where the log does; the others anywhere.
            let phase = lap.filter(|_| number > 0).map_or(0.0, |lap| phases.uniform() * lap.as_nanos() as f64);
            Copy::open(open, (path, replay), window, lap, SimDuration::from_nanos_f64(phase))
        };
        let copies = (0..replay.multiply).map(copy).collect::<Result<_, _>>()?;
        let thin = (replay.thin < Share::ONE).then(|| (replay.thin.as_f64(), stream("thinning")));
        Ok(Player { copies, thin, delay: replay.delay })
    }

    /// Appends the next rows, at most `most`, to `rows` and returns how many; 0 is the end.
    ///
    /// # Errors
    /// The first row that is wrong; the rows before it have been appended.
    pub fn read(&mut self, rows: &mut Vec<TraceRow>, most: usize) -> Result<usize, TraceError> {
        if let ([Copy { is_plain: true, reader, .. }], None, true) =
            (&mut self.copies[..], &self.thin, self.delay.is_zero())
        {
            return reader.read(rows, most);
        }
        let mut count = 0;
        while count < most {
            let Some(row) = self.next()? else { break };
            let is_kept = self.thin.as_mut().is_none_or(|(share, stream)| stream.uniform() < *share);
            if is_kept {
                rows.push(TraceRow { at: row.at.saturating_add(self.delay), ..row });
                count += 1;
            }
        }
        Ok(count)
    }

    /// The earliest row of all copies; at one instant in the order of the copies.
    fn next(&mut self) -> Result<Option<TraceRow>, TraceError> {
        for copy in &mut self.copies {
            copy.look_ahead()?;
        }
        let earliest = self.copies.iter_mut().filter(|copy| copy.ahead.is_some());
        let earliest = earliest.min_by_key(|copy| copy.ahead.map_or(SimTime::NEVER, |row| row.at));
        Ok(earliest.and_then(|copy| copy.ahead.take()))
    }
}

/// The part of a log that is played, in played time after its first row.
#[derive(Clone, Copy)]
struct Window {
    from: SimTime,
    to: SimTime, // not part of it
}

impl Window {
    fn of(replay: &Replay) -> Self {
        let at = |span: SimDuration| SimTime::ZERO.saturating_add(span.scale(1.0 / replay.speed));
        Window { from: replay.from.map_or(SimTime::ZERO, at), to: replay.to.map_or(SimTime::NEVER, at) }
    }

    /// Where it is the whole log.
    fn is_open(self) -> bool {
        self.from == SimTime::ZERO && self.to == SimTime::NEVER
    }
}

/// The length of a lap: of the window where its end is stated, otherwise from its start to the last row and a mean gap more,
/// so that the first row of a lap does not meet the last one of the lap before.
fn lap(path: &Path, replay: &Replay, window: Window) -> Result<SimDuration, TraceError> {
    if let Some(lap) = replay.lap {
        return Ok(lap.scale(1.0 / replay.speed));
    }
    if window.to < SimTime::NEVER {
        return Ok(window.to - window.from);
    }
    let (mut reader, mut rows, mut count, mut last) =
        (TraceReader::open(path, replay)?, Vec::with_capacity(BLOCK), 0u64, SimTime::ZERO);
    while reader.read(&mut rows, BLOCK)? > 0 {
        for row in rows.drain(..).filter(|row| row.at >= window.from) {
            (count, last) = (count + 1, row.at);
        }
    }
    let span = if count > 0 { last - window.from } else { SimDuration::ZERO };
    let gap = if count > 1 { span.as_nanos() / (count - 1) } else { 0 };
    let lap = span.saturating_add(SimDuration::from_nanos(gap));
    if lap < SHORTEST_LAP {
        return Err(TraceError::data(path, None, None, too_short(lap)));
    }
    Ok(lap)
}

fn too_short(lap: SimDuration) -> Misread {
    let message = format!("what is played of the log lasts {lap}, too short to say how long a lap is");
    Misread::new(message, "state the length of a lap, as in `lap = \"1h\"`")
}

/// A shorter lap would open the file more often than it reads rows.
pub(super) const SHORTEST_LAP: SimDuration = SimDuration::from_nanos(1_000_000);

const BLOCK: usize = 256;

/// One pass over the window after the other, the first from `phase` on.
struct Copy {
    open: Open,
    path: PathBuf,
    replay: Replay,
    reader: TraceReader,
    is_plain: bool,
    window: Window,
    /// How long a lap is, where there is more than one or it begins in the middle.
    lap: Option<SimDuration>,
    phase: SimDuration,
    /// Passes over the file that were begun before this one.
    passes: u64,
    rows: Vec<TraceRow>,
    next: usize,
    rows_of_pass: u64,
    is_over: bool,
    ahead: Option<TraceRow>,
}

impl Copy {
    fn open(
        open: Open,
        (path, replay): (&Path, &Replay),
        window: Window,
        lap: Option<SimDuration>,
        phase: SimDuration,
    ) -> Result<Self, TraceError> {
        Ok(Copy {
            open,
            path: path.to_owned(),
            replay: replay.clone(),
            reader: open(path, replay)?,
            is_plain: window.is_open() && lap.is_none(),
            window,
            lap,
            phase,
            passes: 0,
            rows: Vec::with_capacity(BLOCK),
            next: 0,
            rows_of_pass: 0,
            is_over: false,
            ahead: None,
        })
    }

    /// Makes sure that the next row is at hand, if there is one.
    fn look_ahead(&mut self) -> Result<(), TraceError> {
        while self.ahead.is_none() && !self.is_over {
            match self.row()? {
                Some(row) => self.ahead = self.place(row),
                None => self.turn()?,
            }
        }
        Ok(())
    }

    /// The next row of the file.
    fn row(&mut self) -> Result<Option<TraceRow>, TraceError> {
        if self.next == self.rows.len() {
            self.rows.clear();
            self.next = 0;
            if self.reader.read(&mut self.rows, BLOCK)? == 0 {
                return Ok(None);
            }
        }
        self.next += 1;
        let row = self.rows[self.next - 1];
        Ok((row.at < self.window.to).then_some(row))
    }

    /// The row at its instant in this pass; `None` where it is not played in it.
    ///
    /// Pass `p` plays a row that is `t` into the window at `p · lap + t - phase`: the first pass leaves out what lies before
    /// the phase, and the last pass of a copy that plays once leaves out what lies behind it.
    fn place(&mut self, row: TraceRow) -> Option<TraceRow> {
        if row.at < self.window.from {
            return None;
        }
        let into = u128::from((row.at - self.window.from).as_nanos());
        let lap = self.lap.map_or(0, |lap| u128::from(lap.as_nanos()));
        if self.lap.is_some() && into >= lap {
            return None;
        }
        let shifted = u128::from(self.passes) * lap + into;
        let at = shifted.checked_sub(u128::from(self.phase.as_nanos()))?;
        let plays_once = self.lap.is_some() && !self.replay.repeat;
        if plays_once && at >= lap {
            self.is_over = true;
            return None;
        }
        self.rows_of_pass += 1;
        let at = u64::try_from(at).map_or(SimTime::NEVER, SimTime::from_nanos);
        Some(TraceRow { at, ..row })
    }

    /// The file is at its end: another pass, or none.
    fn turn(&mut self) -> Result<(), TraceError> {
        let begun_in_the_middle = self.passes == 0 && !self.phase.is_zero();
        let is_empty = self.rows_of_pass == 0 && !begun_in_the_middle;
        let is_last = if self.replay.repeat { is_empty } else { self.lap.is_none() || !begun_in_the_middle };
        if is_last {
            self.is_over = true;
            return Ok(());
        }
        self.passes += 1;
        self.rows_of_pass = 0;
        self.rows.clear();
        self.next = 0;
        self.reader = (self.open)(&self.path, &self.replay)?;
        Ok(())
    }
}

impl Replay {
    /// How long after the start of the scenario the last row of `log` plays; `None` where it never ends.
    pub fn plays_for(&self, log: &TraceSummary) -> Option<SimDuration> {
        if self.repeat {
            return None;
        }
        let window = Window::of(self);
        let end = SimTime::ZERO.saturating_add(log.span).min(window.to);
        let length = if end > window.from { end - window.from } else { SimDuration::ZERO };
        Some(length.saturating_add(self.delay))
    }

    /// About how many rows of `log` play in `duration`, as if they were spread evenly.
    pub fn rows(&self, log: &TraceSummary, duration: SimDuration) -> f64 {
        let length = self.plays_for(log).map_or(duration, |end| end.min(duration));
        let share = length.as_secs_f64() / log.span.max(SHORTEST_LAP).as_secs_f64();
        log.rows as f64 * share * f64::from(self.multiply) * self.thin.as_f64()
    }

    /// Whether `log` can be played so: something lies in the window, and a lap has a length.
    pub fn check_against(&self, log: &TraceSummary) -> Result<(), Invalid> {
        let (begins, span) = (self.begins_after(), log.span.scale(self.speed));
        if begins > span {
            let message = format!("the window begins at {begins}, after the last row of the log at {span}");
            return Err(Invalid::new("from", message, "write an earlier beginning, or leave it out"));
        }
        let has_stated_lap = self.lap.is_some() || self.to.is_some();
        let rest = (span - begins).scale(1.0 / self.speed);
        if self.is_cyclic() && !has_stated_lap && rest < SHORTEST_LAP {
            let Misread { message, help, .. } = too_short(rest);
            return Err(Invalid::new("file", message, help));
        }
        Ok(())
    }

    /// Whether the length of a lap matters.
    fn is_cyclic(&self) -> bool {
        self.repeat || self.multiply > 1
    }

    /// When a scenario starts that plays a log whose first row is of `begins` at its recorded time; `None` before 1970.
    pub fn starts(&self, begins: &Civil) -> Option<Civil> {
        begins.later(self.begins_after()).earlier(self.delay)
    }

    /// How long after the log's first row, in recorded time, what is played begins.
    fn begins_after(&self) -> SimDuration {
        self.from.unwrap_or(SimDuration::ZERO)
    }
}
