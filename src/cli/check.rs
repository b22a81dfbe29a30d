//! `ratecast check`.

use super::{Check, Status, output, oversize};
use crate::report::wrapped;
use crate::scenario::diagnostic::printable;
use crate::scenario::{self, Scenario, resolved};
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
                    let logs: String = ready.logs.iter().map(log).collect();
                    format!("{shown}: ok\n{}{logs}", past(&ready.scenario))
                };
                status = status.worst(output::result(&text));
            }
            Err(failure) => status = status.worst(output::failure(&failure)),
        }
    }
    status
}

/// Which tiers are of the past, and what has taken their place; nothing where all are of today.
fn past(scenario: &Scenario) -> String {
    let of = |name: &String| {
        let tier = scenario.tier.find(name)?;
        let (since, dated) = (tier.superseded_by.as_ref()?, if tier.as_of.is_empty() { "" } else { " of " });
        Some(printable(&format!("{name}{dated}{} (now {since})", tier.as_of)))
    };
    let mut tiers: Vec<String> = scenario.tiers.iter().filter_map(of).collect();
    if let Some(first) = tiers.first_mut() {
        first.insert_str(0, "of the past: ");
    }
    wrapped(2, tiers.into_iter())
}

/// How the log of one source was read, indented below its name.
fn log((source, summary): &(String, TraceSummary)) -> String {
    let facts = format!("requests: {}\n{}", summary.rows, summary.detected);
    let facts: String = facts.lines().map(|fact| format!("    {fact}\n")).collect();
    format!("  {}:\n{facts}", printable(&format!("traffic.{source}")))
}
