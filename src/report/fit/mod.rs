//! A fitted model: as lines of a scenario, for people and for programs.

mod document;
mod pairs;
mod text;
mod toml;
mod words;

pub use document::{CheckDocument, FitDocument, ParameterDocument, Part, PartDocument, SCHEMA, Subject};
pub use pairs::table as pairs;
pub use text::render as text;
pub use toml::render as toml;

use super::table::{capitalised, escaped, section};
use super::tally;
use std::fmt::Write;

/// One row for each figure: `figure,value`.
pub fn csv(document: &FitDocument) -> String {
    tally::csv(document)
}

/// The parameters and the comparison as tables, the lines of the scenario, and the warnings.
pub fn markdown(document: &FitDocument) -> String {
    let mut out = format!("# {}\n\n{}.\n", escaped(&document.file), capitalised(&escaped(&document.reason)));
    parameters(&mut out, &document.parameters);
    out.push_str("\n| | log | 10 % | median | 90 % | | Poisson 10 % | median | 90 % |\n");
    out.push_str("|---|---|---|---|---|---|---|---|---|\n");
    for row in words::checks(&document.checks) {
        let _ = writeln!(out, "| {} |", row.join(" | "));
    }
    for part in &document.parts {
        let _ = write!(out, "\n## {}\n\n{}.\n", escaped(&part.name), escaped(&words::heading(part)));
        let _ = writeln!(out, "{}.", capitalised(&escaped(&part.reason)));
        parameters(&mut out, &part.parameters);
        section(&mut out, "Warnings", part.warnings.iter().cloned());
    }
    let _ = writeln!(out, "\n```toml\n{}```", document.toml);
    section(&mut out, "Warnings", document.warnings.iter().cloned());
    out
}

fn parameters(out: &mut String, of: &[ParameterDocument]) {
    if of.is_empty() {
        return;
    }
    out.push_str("\n| parameter | estimate | 5 % | 95 % |\n|---|---|---|---|\n");
    for row in words::parameters(of) {
        let _ = writeln!(out, "| {} |", row.join(" | "));
    }
}
