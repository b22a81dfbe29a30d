//! The description of a log, for people and for programs.

mod document;
mod text;
mod words;

pub use document::{CountsDocument, GapsDocument, SCHEMA, SizesDocument, SlidingDocument, TraceDocument};
pub use text::render as text;
pub use words::{concern, read_as, time};

use super::table::{escaped, section};
use super::{format, tally};
use std::fmt::Write;

/// One row for each figure: `figure,value`.
pub fn csv(document: &TraceDocument) -> String {
    tally::csv(document)
}

/// The figures as tables, and the warnings.
pub fn markdown(document: &TraceDocument) -> String {
    let mut out = format!("# {}\n\n", escaped(&document.file));
    words::summary(document).iter().for_each(|(name, text)| {
        let _ = writeln!(out, "- {name}: {}", escaped(text));
    });
    out.push_str("\n| window | bins | mean | peak | peak/mean | variance/mean | empty | busiest sliding |\n");
    out.push_str("|---|---|---|---|---|---|---|---|\n");
    for row in words::windows(document) {
        let _ = writeln!(out, "| {} |", row.join(" | "));
    }
    if let Some(rows) = words::sizes(document) {
        out.push_str("\n| tokens | rows | mean | p50 | p90 | p95 | p99 | max | cv | zeros |\n");
        out.push_str("|---|---|---|---|---|---|---|---|---|---|\n");
        rows.iter().for_each(|row| {
            let _ = writeln!(out, "| {} |", row.join(" | "));
        });
    }
    if let Some(weights) = &document.hour_weights {
        out.push_str("\n| hour of day | rate over the mean |\n|---|---|\n");
        weights.iter().enumerate().for_each(|(hour, weight)| {
            let _ = writeln!(out, "| {hour} | {} |", format::significant(*weight));
        });
    }
    section(&mut out, "Warnings", document.warnings.iter().cloned());
    out
}
