//! Scenarios: from a TOML file to a value with every default filled in.

mod slo;
mod spec;

pub use slo::{AtMost, Slo};
pub use spec::Scenario;
