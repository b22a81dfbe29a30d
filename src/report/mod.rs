//! What people and other programs get to see of a result.

#[cfg(feature = "charts")]
pub mod charts;
mod document;
mod doings;
#[cfg(feature = "charts")]
pub mod figures;
pub mod files;
pub mod fit;
mod format;
pub mod rows;
mod table;
mod tally;
mod text;
pub mod trace;
pub mod why;
mod words;

pub use document::{Document, SCHEMA, exit_status};
pub use format::wrapped;
pub use table::{csv, markdown};
pub use text::render as text;
