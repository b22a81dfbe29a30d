//! Printing: results to stdout, everything else to stderr.

use super::Status;
use super::day::Day;
use crate::scenario::source::Sources;
use crate::scenario::{Diagnostic, Failure, Paint, Ready, diagnostic};
use std::io::{ErrorKind, IsTerminal, Write};

/// Prints a result. A reader that has gone away is no error.
pub fn result(text: &str) -> Status {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => Status::Done,
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Status::Done,
        Err(error) => {
            note(&format!("error: cannot write the result: {error}"));
            Status::Failed
        }
    }
}

/// Prints a line to stderr; there is nowhere to complain if that fails.
pub fn note(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", text.trim_end());
}

/// Whether stderr may be coloured: it is a terminal and nobody objects (`NO_COLOR`).
pub fn paint() -> Paint {
    let objects = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if std::io::stderr().is_terminal() && !objects { Paint::Coloured } else { Paint::Plain }
}

/// Prints why there is no scenario, and says how the command ends.
pub fn failure(failure: &Failure) -> Status {
    match failure {
        Failure::World { .. } => {
            note(&failure.to_string());
            Status::Failed
        }
        Failure::Scenario(problems) => {
            note(&problems.draw(paint()));
            Status::Wrong
        }
    }
}

/// Prints what the user should know about a scenario that can be run on such a day.
pub fn warnings(ready: &Ready, day: &Day) {
    let mut warnings = ready.loaded.warnings.clone();
    warnings.extend(ready.old_figures(day.today()));
    draw(&warnings, &ready.loaded.sources);
}

/// Prints a warning that has no place in a scenario.
pub fn warning(warning: Option<Diagnostic>) {
    draw(warning.as_slice(), &Sources::default());
}

/// Prints warnings, if there are any.
pub fn draw(warnings: &[Diagnostic], sources: &Sources) {
    if !warnings.is_empty() {
        note(&diagnostic::draw(warnings, sources, paint()));
    }
}

/// Prints an error that has no place in a scenario, with how to mend it.
pub fn failure_text(message: &str, help: &str) {
    let printable = crate::scenario::diagnostic::printable;
    note(&format!("error: {}\n  = help: {}", printable(message), printable(help)));
}
