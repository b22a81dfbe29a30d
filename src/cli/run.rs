//! `ratecast run`.

use super::simulation::{Outcome, simulate, verdict};
use super::tables::write_tables;
use super::{Format, Run, Status, output, progress};
use crate::plan::Forecast;
use crate::report;
use crate::scenario::{self, Scenario};
use std::path::Path;

/// Runs the scenarios one after the other and prints each result.
pub fn run(arguments: &Run) -> Status {
    let mut status = Status::Done;
    let mut documents = Vec::new();
    for path in &arguments.scenarios {
        match simulate(path, &arguments.simulation) {
            Ok(outcome) => {
                status = status.worst(verdict(&outcome.forecast));
                if arguments.format == Format::Json {
                    documents.push(outcome.document.to_json());
                } else {
                    status = status.worst(output::result(&rendered(path, &outcome, arguments.format)));
                }
                if let Some(out) = &arguments.out {
                    status = status.worst(write_tables(&outcome, out, arguments.force).1);
                }
            }
            Err(failed) => status = status.worst(failed),
        }
        if progress::interrupted() {
            break;
        }
    }
    if arguments.format == Format::Json {
        status = status.worst(output::result(&json(arguments.scenarios.len(), documents)));
    }
    status
}

/// One document as it is; of several scenarios a list of documents, whatever failed.
fn json(scenarios: usize, mut documents: Vec<String>) -> String {
    match scenarios {
        1 => documents.pop().unwrap_or_default(),
        _ => format!("[\n{}]\n", documents.join(",\n")),
    }
}

fn rendered(path: &Path, outcome: &Outcome, format: Format) -> String {
    let Outcome { ready, forecast, document } = outcome;
    match format {
        Format::Table => {
            let next = next_step(path, &ready.scenario, forecast);
            report::text(&ready.scenario, forecast, &ready.assumptions, &next)
        }
        Format::Json => document.to_json(),
        Format::Csv => report::csv(document),
        Format::Markdown => report::markdown(&ready.scenario, forecast, document),
    }
}

/// The command to try next.
fn next_step(path: &Path, scenario: &Scenario, forecast: &Forecast) -> String {
    let path = scenario::diagnostic::printable(&path.display().to_string());
    match forecast.recommendation.standing {
        crate::plan::Standing::Unsure { more: Some(more) } => {
            let replications = u64::from(scenario.replications).saturating_add(more);
            format!("ratecast run {path} --replications {replications}")
        }
        _ => format!("ratecast report {path}   (tables and charts)"),
    }
}
