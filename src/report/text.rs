//! The result for a terminal: at most 40 lines of at most 80 columns.

use super::format::{Figure, estimate, number, shorten};
use super::{doings, words};
use crate::metrics::{Estimate, Metric};
use crate::plan::{CellForecast, Forecast, Standing};
use crate::scenario::Scenario;
use std::fmt::Write;

pub(super) const COLUMNS: usize = 80;
const LINES: usize = 40;
/// Rows of the table, excuses, and notes that are shown; the rest is counted.
const MOST_CELLS: usize = 8;
const MOST_EXCUSES: usize = 7;
const MOST_NOTES: usize = 5;

/// The verdict, the table of cells, the excuses, warnings and assumptions, and what to do next.
pub fn render(scenario: &Scenario, forecast: &Forecast, assumptions: &[String], next: &str) -> String {
    let mut out = String::new();
    heading(&mut out, scenario, forecast);
    verdict(&mut out, forecast);
    out.push('\n');
    cells(&mut out, forecast);
    let mut reasons = String::new();
    excuses(&mut reasons, scenario, forecast);
    let mut end = String::new();
    notes(&mut end, forecast, assumptions);
    let _ = write!(end, "\nNext: {next}\n");
    let room = |out: &str| LINES.saturating_sub([out, &reasons, &end].map(|part| part.lines().count()).iter().sum());
    let doings = doings::render(forecast, MOST_CELLS);
    if doings.lines().count() <= room(&out) {
        out.push_str(&doings);
    }
    let room = room(&out);
    out.push_str(&reasons);
    costs(&mut out, forecast, room);
    out + &end
}

fn heading(out: &mut String, scenario: &Scenario, forecast: &Forecast) {
    let requests = forecast.cells.first().and_then(|cell| cell.metric(Metric::Offered).mean).unwrap_or(0.0);
    let line = format!(
        "{}: {} from {}, {} requests, {} replications, seed {}",
        shorten(&scenario.name, 24),
        scenario.duration,
        words::civil_start(scenario),
        number(requests, Figure::Count),
        forecast.replications,
        scenario.seed,
    );
    wrap(out, "", "  ", &line);
    if !forecast.complete {
        out.push_str("! interrupted: these are the replications that were complete\n");
    }
}

fn verdict(out: &mut String, forecast: &Forecast) {
    let assumed = if forecast.objectives_stated { "" } else { " (assumed objectives)" };
    let name = |at: usize| format!("{} with {}", forecast.cells[at].tier, forecast.cells[at].strategy);
    let line = match (forecast.recommendation.standing, forecast.recommendation.cell) {
        (Standing::Meets, Some(at)) => format!("✓ recommended: {}, which meets every objective{assumed}", name(at)),
        (Standing::Unsure { .. }, Some(at)) => format!("? perhaps {}: too close to call{assumed}", name(at)),
        _ => format!("✗ no tier and strategy compared here meets every objective{assumed}"),
    };
    wrap(out, "", "  ", &line);
    if forecast.recommendation.cell.is_some() {
        words::because(forecast).iter().for_each(|reason| wrap(out, "  - ", "    ", reason));
    }
}

/// The cells in the order in which they should be read: the recommended one first, then those that meet, then the others.
pub(super) fn reading_order(forecast: &Forecast) -> Vec<usize> {
    let chosen = forecast.recommendation.cell;
    let mut order: Vec<usize> = (0..forecast.cells.len()).collect();
    let rank = |verdict: &str| ["meets", "unsure", "misses"].iter().position(|name| *name == verdict);
    order.sort_by_key(|&at| (Some(at) != chosen, rank(forecast.cells[at].verdict().name())));
    order
}

fn cells(out: &mut String, forecast: &Forecast) {
    let order = reading_order(forecast);
    let shown = order.iter().take(MOST_CELLS).map(|&at| row(forecast, at));
    let header = ["", "tier/strategy", "429", "failed", "p50", "p95", "$/month", "binds"].map(str::to_owned);
    let rows: Vec<[String; 8]> = std::iter::once(header).chain(shown).collect();
    let mut widths = [0; 8];
    for row in &rows {
        row.iter().zip(&mut widths).for_each(|(cell, width)| *width = (*width).max(cell.chars().count()));
    }
    let others: usize = widths.iter().sum::<usize>() - widths[1] - widths[7] + 7;
    // Names give way first, to no less than 16 characters; then the limit's.
    widths[7] = widths[7].min(COLUMNS.saturating_sub(others + widths[1].min(16)).max(5));
    widths[1] = widths[1].min(COLUMNS.saturating_sub(others + widths[7]).max(8));
    for row in rows {
        let cells = row.iter().zip(widths).enumerate().map(|(at, (cell, width))| match at {
            0 | 1 | 7 => format!("{:<width$}", shorten(cell, width)),
            _ => format!("{cell:>width$}"),
        });
        let _ = writeln!(out, "{}", cells.collect::<Vec<_>>().join(" ").trim_end());
    }
    if order.len() > MOST_CELLS {
        let _ = writeln!(out, "  … and {} more: `--format markdown` shows all", order.len() - MOST_CELLS);
    }
}

fn row(forecast: &Forecast, at: usize) -> [String; 8] {
    let cell = &forecast.cells[at];
    let mark = match cell.verdict().name() {
        "meets" => "✓",
        "misses" => "✗",
        _ => "?",
    };
    let figure = |metric| estimate(&cell.metric(metric), words::figure(metric));
    [
        mark.to_owned(),
        label(forecast, cell),
        figure(Metric::AttemptRejectionRate),
        figure(Metric::FailureRate),
        figure(Metric::LatencyAllP50),
        figure(Metric::LatencyAllP95),
        cost(cell),
        cell.binding().map_or_else(|| "none".to_owned(), |limit| limit.label()),
    ]
}

/// The cell's name as far as it tells it from the others.
pub(super) fn label(forecast: &Forecast, cell: &CellForecast) -> String {
    let differ = |of: fn(&CellForecast) -> &str| forecast.cells.iter().any(|other| of(other) != of(cell));
    match (differ(|cell| &cell.tier), differ(|cell| &cell.strategy)) {
        (_, false) => cell.tier.clone(),
        (false, true) => cell.strategy.clone(),
        (true, true) => format!("{}/{}", cell.tier, cell.strategy),
    }
}

/// The bill of a month; `+fee` where the subscription is unknown.
pub(super) fn cost(cell: &CellForecast) -> String {
    let cost: Estimate = cell.metric(Metric::MonthlyCost);
    match (cell.fee_is_known, cost.mean) {
        (true, _) => estimate(&cost, Figure::Money),
        (false, Some(0.0)) => "unknown".to_owned(),
        (false, _) => format!("{}+fee", estimate(&cost, Figure::Money)),
    }
}

fn excuses(out: &mut String, scenario: &Scenario, forecast: &Forecast) {
    let order = reading_order(forecast);
    let mut excuses: Vec<_> = forecast.recommendation.excuses.iter().collect();
    excuses.sort_by_key(|excuse| order.iter().position(|&at| at == excuse.cell));
    if excuses.is_empty() {
        return;
    }
    out.push_str(if forecast.recommendation.cell.is_some() { "\nWhy not the others\n" } else { "\nWhy not\n" });
    for excuse in excuses.iter().take(MOST_EXCUSES) {
        let cell = &forecast.cells[excuse.cell];
        let text = format!("{}: {}", label(forecast, cell), words::excuse(scenario, forecast, excuse));
        wrap(out, "  - ", "    ", &text);
    }
    if excuses.len() > MOST_EXCUSES {
        let _ = writeln!(out, "  … and {} more", excuses.len() - MOST_EXCUSES);
    }
}

/// What there is to know of each cell's cost, in the order in which they should be read.
pub(super) fn cost_notes(forecast: &Forecast) -> Vec<String> {
    let note = |at| {
        let cell: &CellForecast = &forecast.cells[at];
        Some(format!("{}: {}", label(forecast, cell), words::cost(cell)?))
    };
    reading_order(forecast).into_iter().filter_map(note).collect()
}

/// As many of them as there is room for in so many lines.
fn costs(out: &mut String, forecast: &Forecast, room: usize) {
    let wrapped = |note: String| {
        let mut lines = String::new();
        wrap(&mut lines, "  - ", "    ", &note);
        lines
    };
    let notes: Vec<String> = cost_notes(forecast).into_iter().map(wrapped).collect();
    // Two lines for the heading, and one to count those that are left out.
    let ends = notes.iter().scan(2, |lines, note| {
        *lines += note.lines().count();
        Some(*lines)
    });
    let fits = |(shown, end): (usize, usize)| end + usize::from(shown + 1 < notes.len()) <= room;
    let shown = ends.enumerate().take_while(|end| fits(*end)).count();
    if shown == 0 {
        return;
    }
    out.push_str("\nWhat else there is to the cost\n");
    notes.iter().take(shown).for_each(|note| out.push_str(note));
    if notes.len() > shown {
        let _ = writeln!(out, "  … and {} more: `--format markdown` shows all", notes.len() - shown);
    }
}

fn notes(out: &mut String, forecast: &Forecast, assumptions: &[String]) {
    let warnings: Vec<String> = forecast.warnings.iter().map(words::warning).collect();
    if !warnings.is_empty() || !assumptions.is_empty() {
        out.push('\n');
    }
    for (mark, notes) in [("! ", warnings.as_slice()), ("assumed: ", assumptions)] {
        notes.iter().take(MOST_NOTES).for_each(|note| wrap(out, mark, "  ", note));
        if notes.len() > MOST_NOTES {
            let _ = writeln!(out, "  … and {} more: `--format json` has them", notes.len() - MOST_NOTES);
        }
    }
}

/// A table with right-aligned columns, the first one left-aligned.
pub(super) fn table<const N: usize>(out: &mut String, header: [&str; N], rows: Vec<[String; N]>) {
    let rows: Vec<[String; N]> = std::iter::once(header.map(str::to_owned)).chain(rows).collect();
    out.push_str(&aligned(&rows));
}

/// `rows` of as many cells each, the first column left-aligned, the others right-aligned.
pub(super) fn aligned(rows: &[impl AsRef<[String]>]) -> String {
    let mut widths: Vec<usize> = Vec::new();
    for row in rows {
        widths.resize(row.as_ref().len(), 0);
        row.as_ref().iter().zip(&mut widths).for_each(|(cell, width)| *width = (*width).max(cell.chars().count()));
    }
    let mut out = String::new();
    for row in rows {
        let cells = row.as_ref().iter().zip(&widths).enumerate().map(|(at, (cell, &width))| match at {
            0 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        });
        let _ = writeln!(out, "{}", cells.collect::<Vec<_>>().join(" ").trim_end());
    }
    out
}

/// Writes `text` after `first` in lines of at most 80 columns, later ones after `rest`.
pub(super) fn wrap(out: &mut String, first: &str, rest: &str, text: &str) {
    let mut line = first.to_owned();
    let mut is_empty = true;
    for word in text.split_whitespace() {
        if !is_empty && line.chars().count() + 1 + word.chars().count() > COLUMNS {
            let _ = writeln!(out, "{line}");
            line = rest.to_owned();
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(word);
        is_empty = false;
    }
    let _ = writeln!(out, "{line}");
}
