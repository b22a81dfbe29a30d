//! A fitted model: as lines of a scenario, for people and for programs.

mod document;
mod pairs;
mod text;
mod toml;
mod words;

pub use document::{CheckDocument, FitDocument, ParameterDocument, SCHEMA, Subject};
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
    out.push_str("\n| parameter | estimate | 5 % | 95 % |\n|---|---|---|---|\n");
    for row in words::parameters(document) {
        let _ = writeln!(out, "| {} |", row.join(" | "));
    }
    out.push_str("\n| | log | 10 % | median | 90 % | | Poisson 10 % | median | 90 % |\n");
    out.push_str("|---|---|---|---|---|---|---|---|---|\n");
    for row in words::checks(document) {
        let _ = writeln!(out, "| {} |", row.join(" | "));
    }
    let _ = writeln!(out, "\n```toml\n{}```", document.toml);
    section(&mut out, "Warnings", document.warnings.iter().cloned());
    out
}
