//! The description for a terminal, in 80 columns.

use super::document::TraceDocument;
use super::words;
use crate::report::format::{Figure, number, shorten, significant};
use crate::report::text::{table, wrap};
use std::fmt::Write;

/// The heading, what was found, the tables of windows and tokens, the day, and what to do next.
pub fn render(of: &TraceDocument, next: &str) -> String {
    let mut out = String::new();
    let rate = of.mean_rate_per_s.map(|rate| format!(", {}/s", significant(rate))).unwrap_or_default();
    let (rows, span) = (number(of.rows as f64, Figure::Count), words::time(of.span_s));
    let _ = writeln!(out, "{}: {rows} requests in {span}{rate}", shorten(&of.file, 40));
    out.push('\n');
    let lines = words::summary(of);
    let width = lines.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let indent = " ".repeat(width + 1);
    lines.iter().for_each(|(name, text)| wrap(&mut out, &format!("{name:<width$} "), &indent, text));
    windows(&mut out, of);
    sizes(&mut out, of);
    day(&mut out, of);
    if !of.warnings.is_empty() {
        out.push('\n');
        of.warnings.iter().for_each(|warning| wrap(&mut out, "! ", "  ", warning));
    }
    let _ = write!(out, "\nNext: {next}\n");
    out
}

fn windows(out: &mut String, of: &TraceDocument) {
    out.push('\n');
    let header = ["requests in", "bins", "mean", "peak", "peak/mean", "var/mean", "empty", "sliding"];
    table(out, header, words::windows(of));
}

fn sizes(out: &mut String, of: &TraceDocument) {
    if let Some(rows) = words::sizes(of) {
        out.push('\n');
        table(out, ["tokens", "rows", "mean", "p50", "p90", "p95", "p99", "max", "CV", "zeros"], rows);
    }
}

fn day(out: &mut String, of: &TraceDocument) {
    let Some(weights) = &of.hour_weights else { return };
    let clock = if of.begins.is_some() { "UTC" } else { "from the log's first request" };
    let _ = writeln!(out, "\nrate in each hour of the day over the mean ({clock})");
    for (at, eight) in weights.chunks(8).enumerate() {
        let cells: Vec<String> = eight.iter().map(|weight| format!("{weight:>5.2}")).collect();
        let _ = writeln!(out, "  {:02}-{:02} {}", at * 8, at * 8 + 7, cells.join(" "));
    }
}
