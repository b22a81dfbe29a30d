//! A recorded log as the arguments name it: opened, read to its end with a progress bar, and what is wrong printed.

use super::{Status, output, progress};
use crate::params::quoted;
use crate::report::files::WriteError;
use crate::report::trace::read_as;
use crate::scenario::{self, Diagnostic, Failure, Loaded};
use crate::traffic::replay::{Replay, TraceError, TraceErrorKind, TraceReader, TraceRow};
use crate::units::{Civil, SimDuration, SimTime};
use indicatif::ProgressBar;
use std::path::{Path, PathBuf};

/// A log that is being read.
pub struct Log {
    path: PathBuf,
    spec: Replay,
    loaded: Loaded,
    reader: TraceReader,
    begins: Option<Civil>,
    bar: ProgressBar,
}

/// Rows that are read at once.
const BLOCK: usize = 4_096;

impl Log {
    /// Opens the log at `path`, to be read as `set` says (each `KEY=VALUE` of a `replay`); with a bar, if one is `wanted`.
    pub fn open(path: &Path, set: &[String], wanted: bool) -> Result<Log, Status> {
        let mut spec = Replay::default();
        let text = format!("file = {}\n", quoted(&path.to_string_lossy()));
        let loaded = scenario::read_text("the log", &text, set, &mut spec)
            .and_then(|loaded| check_as_recorded(&spec, loaded))
            .map_err(|why| output::failure(&why))?;
        let reader = TraceReader::with_outcomes(path, &spec).map_err(|error| failed(&error))?;
        progress::watch_interrupt();
        let bar = progress::spinner("rows", wanted);
        Ok(Log { path: path.to_owned(), spec, loaded, reader, begins: None, bar })
    }

    /// Goes back to before its first row.
    pub fn rewind(&mut self) -> Result<(), Status> {
        self.reader = TraceReader::with_outcomes(&self.path, &self.spec).map_err(|error| failed(&error))?;
        Ok(())
    }

    /// Tells `take` every row and, from the first on, when the log begins.
    pub fn each(&mut self, mut take: impl FnMut(&TraceRow, Option<&Civil>)) -> Result<(), Status> {
        let mut rows = Vec::with_capacity(BLOCK);
        let after = |span: Option<SimDuration>| span.map(|span| SimTime::ZERO.saturating_add(span));
        let (from, to) =
            (after(self.spec.from).unwrap_or(SimTime::ZERO), after(self.spec.to).unwrap_or(SimTime::NEVER));
        while self.reader.read(&mut rows, BLOCK).map_err(|error| failed(&error))? > 0 {
            for row in rows.iter().filter(|row| row.at >= from && row.at < to) {
                if self.begins.is_none() {
                    self.begins = self.reader.begins().map(|begins| begins.later(row.at - SimTime::ZERO));
                }
                take(row, self.begins.as_ref());
            }
            self.bar.inc(rows.len() as u64);
            rows.clear();
            if progress::interrupted() {
                output::note("error: interrupted");
                return Err(Status::Interrupted);
            }
        }
        self.bar.finish_and_clear();
        Ok(())
    }

    /// The civil instant of the first row that was told, where stamps are dates.
    pub fn begins(&self) -> Option<Civil> {
        self.begins.clone()
    }

    /// The length of a period, in logs that count the requests of each.
    pub fn period(&self) -> Option<SimDuration> {
        self.reader.detected().period
    }

    /// The name of client `number`, in letters that are safe everywhere.
    pub fn client(&self, number: u32) -> Option<String> {
        self.reader.client(number)
    }

    /// How it was read, as sentences: what was stated, what was detected and what was assumed.
    pub fn read_as(&self) -> Vec<String> {
        let mut lines = read_as(&self.reader.detected(), self.loaded.states("format"));
        if self.spec.from.is_some() || self.spec.to.is_some() {
            let end = |at: Option<SimDuration>, open: &str| at.map_or(open.to_owned(), |at| at.to_string());
            lines.push(format!(
                "from {} to {} only",
                end(self.spec.from, "the first row"),
                end(self.spec.to, "the last")
            ));
        }
        lines
    }
}

/// Refuses keys of a replay that change what was recorded: a description is of the log as it is.
fn check_as_recorded(spec: &Replay, loaded: Loaded) -> Result<Loaded, Failure> {
    let as_it_is = Replay::default();
    let changed = [
        ("speed", spec.speed != as_it_is.speed),
        ("repeat", spec.repeat),
        ("lap", spec.lap.is_some()),
        ("multiply", spec.multiply != as_it_is.multiply),
        ("thin", spec.thin != as_it_is.thin),
        ("delay", spec.delay != as_it_is.delay),
    ];
    let refused = changed.into_iter().filter(|(_, is_changed)| *is_changed).map(|(key, _)| {
        let message =
            format!("`{key}` plays a log otherwise than it was recorded, and this command is about the record");
        Diagnostic::error(message).at(loaded.at(key)).help(format!("leave `{key}` out"))
    });
    let refused: Vec<Diagnostic> = refused.collect();
    if refused.is_empty() { Ok(loaded) } else { Err(loaded.refuse(refused)) }
}

/// Prints why a file was not written.
pub fn unwritten(error: &WriteError) -> Status {
    let message = format!("cannot write `{}`: {}", error.path.display(), error.cause);
    output::failure_text(&message, "choose another place");
    Status::Failed
}

/// Prints what is wrong with a log, and says how the command ends.
pub fn failed(error: &TraceError) -> Status {
    output::failure_text(&error.to_string(), &error.help);
    match error.kind {
        TraceErrorKind::Io => Status::Failed,
        TraceErrorKind::Data => Status::Wrong,
    }
}
