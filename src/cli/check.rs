//! `ratecast check`.

use super::{Check, Status, output, oversize};
use crate::scenario::diagnostic::printable;
use crate::scenario::{self, resolved};
use crate::traffic::replay::TraceSummary;

/// Reads every scenario and its logs, and prints what is wrong, or how the logs were read; with `--resolved` prints what it
/// means.
pub fn run(arguments: &Check) -> Status {
    let mut status = Status::Done;
    for path in &arguments.scenarios {
        let shown = scenario::diagnostic::printable(&path.display().to_string());
        match scenario::load(path, &arguments.settings.all()) {
            Ok(mut ready) => {
                output::warnings(&ready, &arguments.settings.day);
                oversize::warn(&ready);
                let text = if arguments.resolved {
                    resolved::print(&mut ready.scenario, Some(&ready.loaded))
                } else {
                    format!("{shown}: ok\n{}", ready.logs.iter().map(log).collect::<String>())
                };
                status = status.worst(output::result(&text));
            }
            Err(failure) => status = status.worst(output::failure(&failure)),
        }
    }
    status
}

/// How the log of one source was read, indented below its name.
fn log((source, summary): &(String, TraceSummary)) -> String {
    let facts = format!("requests: {}\n{}", summary.rows, summary.detected);
    let facts: String = facts.lines().map(|fact| format!("    {fact}\n")).collect();
    format!("  {}:\n{facts}", printable(&format!("traffic.{source}")))
}
