//! The tables of a result as files.

use super::simulation::Outcome;
use super::{Status, output};
use crate::report::files::{Disk, WriteError, prepare_folder, write_whole};
use crate::report::{csv, markdown};
use std::path::{Path, PathBuf};

/// Writes the tables to the scenario's folder below `out`; the folder, if it could be made.
pub fn write_tables(outcome: &Outcome, out: &Path, force: bool) -> (Option<PathBuf>, Status) {
    let Outcome { ready, forecast, document } = outcome;
    let folder = match prepare_folder(&mut Disk, out, &ready.scenario.name, force) {
        Ok(folder) => folder,
        Err(error) => return (None, failed(&error)),
    };
    let tables = [
        ("result.json", document.to_json()),
        ("cells.csv", csv(document)),
        ("summary.md", markdown(&ready.scenario, forecast, document)),
    ];
    let write = |(name, text): &(&str, String)| match write_whole(&mut Disk, &folder.join(name), text.as_bytes()) {
        Ok(()) => Status::Done,
        Err(error) => failed(&error),
    };
    let status = tables.iter().map(write).fold(Status::Done, Status::worst);
    (Some(folder), status)
}

/// Prints why a file was not written.
pub fn failed(error: &WriteError) -> Status {
    let path = error.path.display();
    output::failure_text(&format!("cannot write `{path}`: {}", error.cause), "choose another folder with `--out`");
    Status::Failed
}
