//! From a scenario's text to filled parameters, with every problem drawn at its place.
//!
//! ```text
//!  scenario.toml ─┐
//!  its bases ─────┼─► document ──► reader ──► any `Parameters`, and where each value came from
//!  --set ... ─────┘   (one tree)      └─────► diagnostics, all of them
//! ```
//!
//! None of that knows a concrete model: a model lists its keys in [`crate::params::Parameters::visit`], and the reader
//! does the rest. What a scenario consists of is one more such model, [`Scenario`].

pub mod catalog;
pub mod clients;
pub mod diagnostic;
pub mod document;
mod keys;
mod load;
mod loaded;
pub mod names;
pub mod path;
pub mod reader;
pub mod resolved;
mod slo;
pub mod source;
mod spec;

pub use catalog::Tiers;
pub use diagnostic::{Diagnostic, Paint, Severity};
pub use document::Document;
pub use load::{Ready, load, load_text};
pub use loaded::{Failure, Loaded, Problems};
pub use slo::{AtMost, Slo};
pub use source::Origin;
pub use spec::Scenario;

use crate::params::Parameters;
use std::path::Path;

/// Reads the scenario file at `path`, with what it extends below and `set` (each `KEY=VALUE`) above, into `into`.
///
/// The values that `into` holds already are the defaults.
pub fn read(path: &Path, set: &[String], into: &mut dyn Parameters) -> Result<Loaded, Failure> {
    Document::open(path, set)?.fill(into)
}

/// Reads a scenario from `text`, which `name` stands for in diagnostics; it can extend nothing.
pub fn read_text(name: &str, text: &str, set: &[String], into: &mut dyn Parameters) -> Result<Loaded, Failure> {
    Document::from_text(name, text, set).fill(into)
}
