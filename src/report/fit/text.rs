//! A fit for a terminal, in 80 columns.

use super::document::FitDocument;
use super::{toml, words};
use crate::report::format::{Figure, number, shorten};
use crate::report::table::capitalised;
use crate::report::text::wrap;
use crate::scenario::path;
use std::fmt::Write;

/// The kind and why, the comparison, the parameters, warnings, and what to do next.
pub fn render(of: &FitDocument, next: &str) -> String {
    let mut out = String::new();
    let (rows, span) = (number(of.rows as f64, Figure::Count), words::time(of.span_s));
    let _ = writeln!(out, "{}: {rows} requests in {span}, fitted by `{}`", shorten(&of.file, 40), of.kind);
    wrap(&mut out, "", "", &format!("{}.", capitalised(&of.reason)));
    out.push('\n');
    toml::comparison(&mut out, of);
    toml::parameters(&mut out, &toml::Estimates::of(of));
    out.push('\n');
    of.warnings.iter().for_each(|warning| wrap(&mut out, "! ", "  ", warning));
    for part in &of.parts {
        let _ = writeln!(out, "\n[{}] fitted by `{}`", path::join(["traffic", &part.name]), part.kind);
        wrap(&mut out, "", "", &format!("{}.", words::heading(part)));
        wrap(&mut out, "", "", &format!("{}.", capitalised(&part.reason)));
        toml::parameters(&mut out, &toml::Estimates::of_part(part));
        part.warnings.iter().for_each(|warning| wrap(&mut out, "! ", "  ", warning));
    }
    let _ = write!(out, "\nNext: {next}\n");
    out
}
