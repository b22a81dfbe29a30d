//! A fit as a traffic source of a scenario.

use super::document::{FitDocument, ParameterDocument, Part, PartDocument};
use super::pairs::COLUMNS as PAIRS;
use super::words;
use crate::params::quoted;
use crate::report::format::{Figure, number, significant};
use crate::report::table::capitalised;
use crate::report::text::{table, wrap};
use crate::scenario::path;
use crate::traffic::Clients;
use crate::traffic::fit::{Fit, Movement, Source};
use crate::traffic::measure::{Description, SizeTally};
use crate::traffic::shape::Shape;
use crate::units::SimDuration;
use std::fmt::Write;

/// The sources with everything about them as comments: where they come from, why, how well they do, and what they cannot tell.
pub fn render(of: &FitDocument) -> String {
    let mut out = String::new();
    let (rows, span) = (number(of.rows as f64, Figure::Count), words::time(of.span_s));
    let origin = format!("Fitted by ratecast {} to {}: {rows} requests in {span}.", of.version, of.file);
    wrap(&mut out, "# ", "# ", &origin);
    wrap(&mut out, "# ", "# ", &format!("{}.", capitalised(&of.reason)));
    out.push_str("#\n");
    commented(&mut out, |lines| {
        comparison(lines, of);
        parameters(lines, &Estimates::of(of));
    });
    out.push_str("#\n");
    of.warnings.iter().for_each(|warning| wrap(&mut out, "# ! ", "#   ", warning));
    if of.parts.is_empty() {
        return out + &of.toml;
    }
    for part in &of.parts {
        out.push('\n');
        wrap(&mut out, "# ", "# ", &format!("{}.", words::heading(part)));
        wrap(&mut out, "# ", "# ", &format!("{}.", capitalised(&part.reason)));
        commented(&mut out, |lines| parameters(lines, &Estimates::of_part(part)));
        part.warnings.iter().for_each(|warning| wrap(&mut out, "# ! ", "#   ", warning));
        out.push_str(&part.toml);
    }
    out
}

/// Adds the lines that `write` makes, as comments.
fn commented(out: &mut String, write: impl FnOnce(&mut String)) {
    let mut lines = String::new();
    write(&mut lines);
    lines.lines().for_each(|line| {
        let _ = writeln!(out, "{}", format!("# {line}").trim_end());
    });
}

/// The table of what log, model and Poisson process have in common.
pub(super) fn comparison(out: &mut String, of: &FitDocument) {
    let model = if of.parts.is_empty() { "the model" } else { "all sources at once" };
    let runs = format!("{} runs of {model}, and of a Poisson process: 10 %, median, 90 %", of.replications);
    wrap(out, "", "  ", &runs);
    let header = ["", "log", "10%", "50%", "90%", "", "Poisson", "50%", "90%"];
    table(out, header, words::checks(&of.checks));
}

/// What was estimated, and from how many blocks of so many seconds.
pub(super) struct Estimates<'d> {
    parameters: &'d [ParameterDocument],
    blocks: (usize, u64),
}

impl<'d> Estimates<'d> {
    pub(super) fn of(of: &'d FitDocument) -> Self {
        Estimates { parameters: &of.parameters, blocks: (of.blocks, of.block_s) }
    }

    pub(super) fn of_part(of: &'d PartDocument) -> Self {
        Estimates { parameters: &of.parameters, blocks: (of.blocks, of.block_s) }
    }
}

/// The table of parameters, if there are any.
pub(super) fn parameters(out: &mut String, of: &Estimates) {
    if of.parameters.is_empty() {
        return;
    }
    let has = |source: Source| {
        of.parameters.iter().any(|parameter| parameter.interval_from.as_deref() == Some(words::source(source)))
    };
    let blocks = || format!("resampling {} blocks of {}", of.blocks.0, words::time(of.blocks.1 as f64));
    let intervals = match (has(Source::Runs), has(Source::Blocks)) {
        (false, false) => "parameters; the log is too short for their intervals".to_owned(),
        (false, true) => format!("parameters with 90% intervals, from {}", blocks()),
        (true, false) => "parameters with 90% intervals, from runs of the model".to_owned(),
        (true, true) => {
            format!("parameters with 90% intervals, from runs of the model, that of gap-shape from {}", blocks())
        }
    };
    out.push('\n');
    wrap(out, "", "  ", &intervals);
    table(out, ["", "estimate", "5%", "95%"], words::parameters(of.parameters));
}

/// `[traffic.NAME]` with its arrivals, shape, sizes and clients.
pub(super) fn block(part: &Part) -> String {
    let Part { fit, description, .. } = part;
    let mut out = format!("[{}]\n{}\n", path::join(["traffic", part.name]), arrivals(fit));
    if let Some(shape) = fit.profile.shape() {
        course(&mut out, shape);
    }
    if let Movement::Random { cv, memory } = fit.model.movement {
        let _ = writeln!(out, "shape.random = {{ cv = {cv:?}, memory = \"{}\" }}", SimDuration::from_secs_f64(memory));
    }
    match part.pairs {
        Some(file) => pairs(&mut out, file, description),
        None => apart(&mut out, description),
    }
    if let Some(clients) = &part.clients {
        self::clients(&mut out, clients);
    }
    out
}

fn arrivals(fit: &Fit) -> String {
    let model = &fit.model;
    let rate = model.stated_rate().map_or_else(String::new, |rate| rate.to_string());
    match model.movement {
        Movement::OnOff { on, off } => {
            let (on, off) = (SimDuration::from_secs_f64(on), SimDuration::from_secs_f64(off));
            let gap_cv = match model.gap_cv() {
                1.0 => String::new(),
                cv => format!(", gap-cv = {cv:?}"),
            };
            format!("arrivals.on-off = {{ rate = \"{rate}\", on = \"{on}\", off = \"{off}\"{gap_cv} }}")
        }
        Movement::Batches { size, is_fixed: true } => {
            format!("arrivals.batch = {{ rate = \"{rate}\", size = {size:?} }}")
        }
        Movement::Batches { size, is_fixed: false } => {
            format!("arrivals.batch = {{ rate = \"{rate}\", size = {size:?}, law = \"geometric\" }}")
        }
        Movement::Clusters { size, spread } => {
            let spread = SimDuration::from_secs_f64(spread);
            format!("arrivals.clusters = {{ rate = \"{rate}\", size = {size:?}, spread = \"{spread}\" }}")
        }
        _ if model.gap_shape == 1.0 => format!("arrivals.poisson = {{ rate = \"{rate}\" }}"),
        _ => format!("arrivals.gamma = {{ rate = \"{rate}\", shape = {:?} }}", model.gap_shape),
    }
}

/// The hours of the day and, of a long log, the weekend.
fn course(out: &mut String, shape: &Shape) {
    let list = |weights: &[f64]| weights.iter().map(|weight| format!("{weight:?}")).collect::<Vec<_>>();
    if let Some(daily) = &shape.daily {
        out.push_str("shape.daily.zone = \"UTC\"\nshape.daily.weights = [\n");
        list(&daily.weights).chunks(12).for_each(|hours| {
            let _ = writeln!(out, "    {},", hours.join(", "));
        });
        out.push_str("]\n");
    }
    if let Some(weekly) = &shape.weekly {
        let weights = list(&weekly.weights).join(", ");
        let _ = writeln!(out, "shape.weekly = {{ weights = [{weights}], between = \"level\", zone = \"UTC\" }}");
    }
}

/// How many there are and how unequal; one alone by its number, which others do not have.
fn clients(out: &mut String, of: &Clients) {
    let exponent = if of.count > 1 { format!(", exponent = {:?}", of.exponent) } else { String::new() };
    let first = if of.first > 0 { format!(", first = {}", of.first) } else { String::new() };
    let _ = writeln!(out, "clients = {{ count = {}{exponent}{first} }}", of.count);
}

/// Sizes as they were seen, from the table at `file`.
fn pairs(out: &mut String, file: &str, description: &Description) {
    let [input, cached, output] = PAIRS;
    let cached = match description.cached.rows() {
        0 => String::new(),
        _ => format!(", cached-column = \"{cached}\""),
    };
    let columns = format!("input-column = \"{input}\", output-column = \"{output}\"{cached}");
    let _ = writeln!(out, "pairs = {{ file = {}, {columns} }}", quoted(file));
}

/// Input and output each by a law, with the correlation of their ranks where that of the counts is worth a word.
fn apart(out: &mut String, description: &Description) {
    sizes(out, "input-tokens", &description.input);
    sizes(out, "output-tokens", &description.output);
    let (input, cached) = (description.input.sum() as f64, description.cached.sum() as f64);
    if cached > 0.0 && input > 0.0 {
        let share = (cached / input * 1e4).round() / 1e2;
        let _ = writeln!(out, "cached-input = \"{share}%\"");
    }
    let varies = |tally: &SizeTally| tally.cv().is_some_and(|cv| cv > 0.0);
    let both = varies(&description.input) && varies(&description.output);
    if let Some(correlation) = description.correlation.filter(|r| both && r.abs() >= 0.05) {
        let _ = writeln!(out, "correlation = {:?}", (correlation * 1e2).round() / 1e2);
    }
}

fn sizes(out: &mut String, key: &str, of: &SizeTally) {
    let (Some(mean), Some(cv)) = (of.mean(), of.cv()) else { return };
    if cv == 0.0 {
        let _ = writeln!(out, "{key}.constant = {}", of.max());
        return;
    }
    let (mean, max) = (mean.round().max(1.0), of.max().get().max(1));
    let cv: f64 = significant(cv.min(100.0)).replace(',', "").parse().unwrap_or(1.0);
    let _ = writeln!(out, "{key}.lognormal = {{ mean = {mean}, cv = {cv:?}, max = {max} }}");
}
