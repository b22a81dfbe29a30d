//! A recorded log as the arguments name it: opened, read to its end with a progress bar, and what is wrong printed.

use super::{Status, output, progress};
use crate::params::quoted;
use crate::report::files::WriteError;
use crate::scenario::{self, Loaded};
use crate::traffic::replay::{Replay, TraceError, TraceErrorKind, TraceReader, TraceRow};
use crate::units::Civil;
use indicatif::ProgressBar;
use std::path::{Path, PathBuf};

/// A log that is being read.
pub struct Log {
    path: PathBuf,
    spec: Replay,
    loaded: Loaded,
    reader: TraceReader,
    bar: ProgressBar,
}

/// Rows that are read at once.
const BLOCK: usize = 4_096;

impl Log {
    /// Opens the log at `path`, to be read as `set` says (each `KEY=VALUE` of a `replay`); with a bar, if one is `wanted`.
    pub fn open(path: &Path, set: &[String], wanted: bool) -> Result<Log, Status> {
        let mut spec = Replay::default();
        let text = format!("file = {}\n", quoted(&path.to_string_lossy()));
        let loaded = scenario::read_text("the log", &text, set, &mut spec).map_err(|why| output::failure(&why))?;
        let reader = TraceReader::open(path, &spec).map_err(|error| failed(&error))?;
        progress::watch_interrupt();
        Ok(Log { path: path.to_owned(), spec, loaded, reader, bar: progress::spinner("rows", wanted) })
    }

    /// Goes back to before its first row.
    pub fn rewind(&mut self) -> Result<(), Status> {
        self.reader = TraceReader::open(&self.path, &self.spec).map_err(|error| failed(&error))?;
        Ok(())
    }

    /// Tells `take` every row and, from the first on, when the log begins.
    pub fn each(&mut self, mut take: impl FnMut(&TraceRow, Option<&Civil>)) -> Result<(), Status> {
        let mut rows = Vec::with_capacity(BLOCK);
        let mut begins = None;
        while self.reader.read(&mut rows, BLOCK).map_err(|error| failed(&error))? > 0 {
            begins = begins.or_else(|| self.reader.begins());
            rows.iter().for_each(|row| take(row, begins.as_ref()));
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

    /// The civil instant of the first row, once it was read, where stamps are dates.
    pub fn begins(&self) -> Option<Civil> {
        self.reader.begins()
    }

    /// How it was read, as sentences: what was stated and what was assumed.
    pub fn read_as(&self) -> Vec<String> {
        let assumed = if self.loaded.states("format") { "" } else { " (assumed)" };
        vec![format!("as `{}`{assumed}", self.spec.format.word())]
    }
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
