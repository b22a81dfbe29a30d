//! `ratecast trace`.

use super::log::Log;
use super::{Format, Status, Trace, output};
use crate::report::trace::{self, TraceDocument};
use crate::scenario::diagnostic::printable;
use crate::traffic::measure::{Description, Measure};

/// Describes a recorded log.
pub fn run(arguments: &Trace) -> Status {
    match described(arguments) {
        Ok(text) => output::result(&text),
        Err(status) => status,
    }
}

fn described(arguments: &Trace) -> Result<String, Status> {
    let mut log = Log::open(&arguments.file, &arguments.set, !arguments.quiet && !arguments.no_progress)?;
    let description = measured(&mut log)?;
    let file = printable(&arguments.file.display().to_string());
    let begins = log.begins().map(|begins| begins.to_string());
    let document = TraceDocument::new(&file, log.read_as(), begins, &description);
    Ok(match arguments.format {
        Format::Table => trace::text(&document, &format!("ratecast fit {file}   (the same as a model)")),
        Format::Json => document.to_json(),
        Format::Csv => trace::csv(&document),
        Format::Markdown => trace::markdown(&document),
    })
}

/// The description of a log from its first row to its last.
pub fn measured(log: &mut Log) -> Result<Description, Status> {
    let mut measure: Option<Measure> = None;
    log.each(|row, begins| {
        measure.get_or_insert_with(|| Measure::new(begins)).add(row);
    })?;
    Ok(measure.unwrap_or_else(|| Measure::new(None)).finish(log.period()))
}
