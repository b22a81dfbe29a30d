//! What the clients did with the requests: by what strategies differ besides the figures that decide.

use super::format::{Figure, number, shorten};
use super::text::{COLUMNS, aligned, label, reading_order};
use crate::metrics::Metric;
use crate::plan::{CellForecast, Forecast};
use crate::recorder::{ClassRecord, Spared};
use std::fmt::Write;

/// The heading of the table.
pub(super) const TITLE: &str = "What the clients did, for each request";
const LONGEST_NAME: usize = 24;

/// A figure of a cell, for each request that arrived.
struct Column {
    name: &'static str,
    of: fn(&CellForecast) -> f64,
    figure: Figure,
    /// What says nothing: a column of it is left out.
    nothing: &'static str,
}

impl Column {
    const fn count(name: &'static str, of: fn(&CellForecast) -> f64) -> Self {
        Column { name, of, figure: Figure::Count, nothing: "0" }
    }

    const fn wait(name: &'static str, of: fn(&CellForecast) -> f64) -> Self {
        Column { name, of, figure: Figure::Time, nothing: "0s" }
    }

    fn text(&self, cell: &CellForecast) -> String {
        let value = (self.of)(cell);
        if self.figure == Figure::Time { number(value, Figure::Time) } else { count(value) }
    }
}

/// In the order of what they weigh: the last ones give way where there is no room.
const ALL: [Column; 13] = [
    Column { nothing: "1.00", ..Column::count("calls", |cell| mean(cell, Metric::CallsPerRequest)) },
    Column::count("retries", |cell| per_request(cell, Metric::RetryCalls)),
    Column::count("hedges", |cell| per_request(cell, Metric::HedgedCalls)),
    Column::count("denied", |cell| per_request(cell, Metric::DeniedRetries)),
    Column::count("turned down", |cell| per_request(cell, Metric::TurnedDownCalls)),
    Column::count("rerouted", |cell| of_record(cell, |total| total.rerouted)),
    Column::count("canned", |cell| of_record(cell, |total| total.spared[Spared::Canned as usize])),
    Column::count("cached", |cell| of_record(cell, |total| total.spared[Spared::Cache as usize])),
    Column::count("coalesced", |cell| per_request(cell, Metric::Coalesced)),
    Column::count("batched", |cell| per_request(cell, Metric::Batched)),
    Column::wait("paced", |cell| mean(cell, Metric::PacingWaitMean)),
    Column::wait("joining", |cell| mean(cell, Metric::JoiningWaitMean)),
    Column::count("re-asks", |cell| per_request(cell, Metric::ReAsks)),
];

/// To two digits after the point.
fn count(value: f64) -> String {
    match value {
        0.0 => "0".to_owned(),
        v if v < 0.005 => "<0.01".to_owned(),
        v => format!("{v:.2}"),
    }
}

fn mean(cell: &CellForecast, metric: Metric) -> f64 {
    cell.metric(metric).mean.unwrap_or(0.0)
}

/// What all replications together counted, for each request.
fn of_record(cell: &CellForecast, count: fn(&ClassRecord) -> u64) -> f64 {
    let total = cell.record.total();
    count(&total) as f64 / total.offered.max(1) as f64
}

fn per_request(cell: &CellForecast, metric: Metric) -> f64 {
    mean(cell, metric) / mean(cell, Metric::Offered).max(1.0)
}

/// A row of names, and one for each cell in the order in which they should be read, with those figures that tell something of
/// any; no rows where there are none.
pub(super) fn rows(forecast: &Forecast) -> Vec<Vec<String>> {
    let tells = |column: &&Column| forecast.cells.iter().any(|cell| column.text(cell) != column.nothing);
    let columns: Vec<&Column> = ALL.iter().filter(tells).collect();
    if columns.is_empty() {
        return Vec::new();
    }
    let header = std::iter::once(String::new()).chain(columns.iter().map(|column| column.name.to_owned()));
    let row = |at: usize| {
        let cell = &forecast.cells[at];
        std::iter::once(label(forecast, cell)).chain(columns.iter().map(|column| column.text(cell))).collect()
    };
    std::iter::once(header.collect()).chain(reading_order(forecast).into_iter().map(row)).collect()
}

/// The table for a terminal, of so many cells at most.
pub(super) fn render(forecast: &Forecast, most: usize) -> String {
    let all = rows(forecast);
    if all.is_empty() {
        return String::new();
    }
    let cells = all.len() - 1;
    let mut rows: Vec<Vec<String>> = all.into_iter().take(most + 1).collect();
    rows.iter_mut().for_each(|row| row[0] = shorten(&row[0], LONGEST_NAME));
    let columns = rows[0].len();
    let mut table = aligned(&rows);
    while table.lines().any(|line| line.chars().count() > COLUMNS) && rows[0].len() > 2 {
        rows.iter_mut().for_each(|row| row.truncate(row.len() - 1));
        table = aligned(&rows);
    }
    let mut out = format!("\n{TITLE}\n{table}");
    let left_out = [(cells.saturating_sub(most), "cells"), (columns - rows[0].len(), "figures")];
    let left_out: Vec<String> =
        left_out.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} more {what}")).collect();
    if !left_out.is_empty() {
        let _ = writeln!(out, "  … and {}: `--format markdown` shows all", left_out.join(", "));
    }
    out
}
