//! Whether a log is in the order of time, and on which grid its stamps lie, which is found out once.
//!
//! A log that is in order can be streamed; any other is sorted first. To know it takes a pass over the file, so what was found
//! is remembered for the rest of the process: a plan plays the same log many times.

use super::Replay;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// How many logs are remembered.
const MOST: usize = 64;

/// A file as it was, and how it is read.
#[derive(Clone, PartialEq)]
struct Version {
    path: PathBuf,
    bytes: u64,
    modified: Option<SystemTime>,
    spec: Replay,
}

/// What a pass over a log found.
#[derive(Clone, Copy)]
pub(super) struct Survey {
    /// Whether no row is earlier than the one above.
    pub(super) is_sorted: bool,
    /// The step on which all stamps lie, in nanoseconds, where ties are spread and there is one.
    pub(super) grid: Option<u64>,
}

static KNOWN: Mutex<Vec<(Version, Survey)>> = Mutex::new(Vec::new());

fn version(path: &Path, spec: &Replay) -> Option<Version> {
    let metadata = fs::metadata(path).ok()?;
    // The order does not depend on the speed.
    let spec = Replay { speed: 1.0, ..spec.clone() };
    Some(Version { path: path.to_owned(), bytes: metadata.len(), modified: metadata.modified().ok(), spec })
}

/// What was found about the log, if anything was. A wrong answer costs an error or time, and never a wrong order.
pub(super) fn known(path: &Path, spec: &Replay) -> Option<Survey> {
    let version = version(path, spec)?;
    let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known.iter().find(|(other, _)| *other == version).map(|&(_, survey)| survey)
}

/// Remembers what was found about the log.
pub(super) fn remember(path: &Path, spec: &Replay, survey: Survey) {
    let Some(version) = version(path, spec) else { return };
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known.retain(|(other, _)| other.path != version.path || other.spec != version.spec);
    if known.len() == MOST {
        known.remove(0);
    }
    known.push((version, survey));
}
