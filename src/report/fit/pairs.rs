//! Sizes of requests as a table.

use crate::traffic::Size;
use std::fmt::Write;

/// The columns.
pub(super) const COLUMNS: [&str; 3] = ["input_tokens", "cached_tokens", "output_tokens"];

/// One row for each size, with a header.
pub fn table(sizes: &[Size]) -> String {
    let mut out = format!("{}\n", COLUMNS.join(","));
    for size in sizes {
        let _ = writeln!(out, "{},{},{}", size.input, size.cached, size.output);
    }
    out
}
