//! The cells as a table for spreadsheets and for pages: CSV in long form, Markdown in wide form.

use super::document::Document;
use super::text::{cost, cost_notes, label, reading_order};
use super::{doings, format, words};
use crate::metrics::Metric;
use crate::plan::Forecast;
use crate::scenario::Scenario;
use std::fmt::Write;

/// One row for each metric of each cell and source: `tier,strategy,class,metric,mean,low,high,n,never`. The class of all
/// sources together is empty.
pub fn csv(document: &Document) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let header = ["tier", "strategy", "class", "metric", "mean", "low", "high", "n", "never"];
    let mut rows = vec![header.map(str::to_owned)];
    for cell in &document.cells {
        let all = std::iter::once(("", &cell.metrics));
        for (class, metrics) in all.chain(cell.classes.iter().map(|(name, metrics)| (name.as_str(), metrics))) {
            for (metric, estimate) in metrics {
                let figure = |value: Option<f64>| value.map(|v| v.to_string()).unwrap_or_default();
                rows.push([
                    inert(&cell.tier),
                    inert(&cell.strategy),
                    inert(class),
                    metric.clone(),
                    figure(estimate.mean),
                    figure(estimate.low),
                    figure(estimate.high),
                    estimate.n.to_string(),
                    (estimate.never > 0).to_string(),
                ]);
            }
        }
    }
    let written: Result<(), csv::Error> = rows.iter().try_for_each(|row| writer.write_record(row));
    let bytes = written.ok().and_then(|()| writer.into_inner().ok()).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A text that no spreadsheet takes for a formula.
pub(super) fn inert(text: &str) -> String {
    match text.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\0') => format!("'{text}"),
        _ => text.to_owned(),
    }
}

/// The comparison of all cells, the recommendation and the excuses as Markdown.
pub fn markdown(scenario: &Scenario, forecast: &Forecast, document: &Document) -> String {
    let mut out = format!("# {}\n\n", escaped(&document.scenario.name));
    let recommendation = &document.recommendation;
    let _ = match (&recommendation.tier, &recommendation.strategy) {
        (Some(tier), Some(strategy)) => {
            writeln!(out, "**Recommended: {} with {}** ({}).", escaped(tier), escaped(strategy), recommendation.verdict)
        }
        _ => writeln!(out, "**No tier and strategy compared here meets every objective.**"),
    };
    let _ = writeln!(out, "{}.\n", capitalised(&escaped(&recommendation.because)));
    out.push_str("| | tier/strategy | 429s | failed | p50 | p95 | cost a month | binding limit |\n");
    out.push_str("|---|---|---|---|---|---|---|---|\n");
    for at in reading_order(forecast) {
        let cell = &forecast.cells[at];
        let figure = |metric| format::estimate(&cell.metric(metric), words::figure(metric));
        let binding = cell.binding().map_or("none", |limit| &limit.name);
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} | {} | {} |",
            cell.verdict().name(),
            escaped(&label(forecast, cell)),
            figure(Metric::AttemptRejectionRate),
            figure(Metric::FailureRate),
            figure(Metric::LatencyAllP50),
            figure(Metric::LatencyAllP95),
            cost(cell),
            escaped(binding),
        );
    }
    let _ = writeln!(
        out,
        "\nLatency is over all measured requests, a failed one counted as never. ± is half the 95 % interval."
    );
    doings(&mut out, forecast);
    section(
        &mut out,
        "Why not the others",
        recommendation.excuses.iter().map(|e| format!("{}/{}: {}", e.tier, e.strategy, e.reason)),
    );
    section(&mut out, "What else there is to the cost", cost_notes(forecast).into_iter());
    section(&mut out, "Warnings", document.warnings.iter().cloned());
    section(&mut out, "Assumed", document.assumptions.iter().cloned());
    let _ = writeln!(
        out,
        "\nratecast {}, model {}, seed {}, {} replications of {} from {}.",
        document.version,
        document.model,
        scenario.seed,
        forecast.replications,
        scenario.duration,
        escaped(&document.scenario.start)
    );
    out
}

/// What the clients did, where that is anything but one call for each request.
fn doings(out: &mut String, forecast: &Forecast) {
    for (at, row) in doings::rows(forecast).iter().enumerate() {
        if at == 0 {
            let _ = writeln!(out, "\n## {}\n", doings::TITLE);
        }
        let cells: Vec<String> = row.iter().map(|cell| escaped(cell)).collect();
        let _ = writeln!(out, "| {} |", cells.join(" | "));
        if at == 0 {
            let _ = writeln!(out, "|{}", "---|".repeat(row.len()));
        }
    }
}

pub(super) fn section(out: &mut String, title: &str, lines: impl Iterator<Item = String>) {
    for (at, line) in lines.enumerate() {
        if at == 0 {
            let _ = writeln!(out, "\n## {title}\n");
        }
        let _ = writeln!(out, "- {}", escaped(&line));
    }
}

pub(super) fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// A text in which nothing is markup.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            '|' | '*' | '_' | '[' | ']' | '\\' | '#' => out.extend(['\\', c]),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
