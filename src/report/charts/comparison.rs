//! The cells side by side: a row for each cell, a panel for each of the numbers that decide.

use plotters::coord::Shift;
use plotters::drawing::DrawingArea;
use plotters::style::RGBColor;
use plotters::style::text_anchor::HPos;
use plotters_backend::DrawingBackend;

use super::axis::{Scale, Tick, linear, log, log_range, log_time, usable};
use super::canvas::{Canvas, Frame, Point, fit};
use super::frame::{MARGIN, heading, no_data, ticked_base, with_omitted};
use super::look::{AXIS, BOUND, GREEN, GRID, INK, LABEL, Marker, NAVY, NOTE, ORANGE, Stroke, TICK, Type, VERMILLION};
use super::rows::{self, MOST_ROWS, NAME_ROOM, Row};
use super::text::{dollars, duration, percent};
use super::{Chart, ChartError, WIDTH};

/// The cells compared by rejections, failures, waiting and cost, each with its uncertainty.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The headline.
    pub title: String,
    /// What is shown: the scenario, the number of replications.
    pub subtitle: String,
    /// In the order to be shown, the best first; the first forty are drawn, the others counted.
    pub cells: Vec<ComparedCell>,
    /// What the user asked for.
    pub bounds: Bounds,
}

/// One cell's numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct ComparedCell {
    /// The cell.
    pub label: String,
    /// Whether this is the one to choose.
    pub recommended: bool,
    /// The share of calls answered with 429, 0 to 1.
    pub rejection_rate: Measured,
    /// The share of requests that failed, 0 to 1.
    pub failure_rate: Measured,
    /// 95th percentile of latency in seconds over all measured requests, a failed one counted as never.
    pub p95_latency_s: Measured,
    /// US dollars per month.
    pub monthly_cost_usd: Measured,
}

/// A number as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Measured {
    /// A mean and its uncertainty.
    Known(Estimate),
    /// A latency that is infinite: too few requests were ever answered.
    Never,
    /// Not measured, or a price that is not public.
    Unknown,
}

/// The mean over replications.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// At least 0.
    pub mean: f64,
    /// The ends of its 95 % interval, if there were replications enough for one. The upper end may be infinite.
    pub interval: Option<(f64, f64)>,
}

/// The largest values that meet the objectives, in the units of [`ComparedCell`]; none where nothing was asked.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Bounds {
    /// Share of calls.
    pub rejection_rate: Option<f64>,
    /// Share of requests.
    pub failure_rate: Option<f64>,
    /// Seconds.
    pub p95_latency_s: Option<f64>,
    /// US dollars.
    pub monthly_cost_usd: Option<f64>,
}

/// Above the rows, for the names of the panels, and below them, for their axes.
const HEAD: f64 = 96.0;
const FLOOR: f64 = 96.0;
/// The room of the title, subtitle included.
const TITLE_ROOM: f64 = 158.0;
/// Left of each panel's plot, for the number.
const NUMBER_ROOM: f64 = 140.0;
const PANEL_GAP: f64 = 32.0;
const BAR: f64 = 15.0;

/// One of the numbers compared.
struct Metric {
    name: &'static str,
    explained: &'static str,
    of: fn(&ComparedCell) -> Measured,
    bound: fn(&Bounds) -> Option<f64>,
    format: fn(f64) -> String,
    /// Bars start at zero; a logarithmic axis has none, so there is a point instead.
    is_log: bool,
    color: RGBColor,
}

const METRICS: [Metric; 4] = [
    Metric {
        name: "429 rate",
        explained: "share of calls",
        of: |cell| cell.rejection_rate,
        bound: |bounds| bounds.rejection_rate,
        format: percent,
        is_log: false,
        color: ORANGE,
    },
    Metric {
        name: "failure rate",
        explained: "share of requests",
        of: |cell| cell.failure_rate,
        bound: |bounds| bounds.failure_rate,
        format: percent,
        is_log: false,
        color: VERMILLION,
    },
    Metric {
        name: "p95 latency",
        explained: "failed = never, log scale",
        of: |cell| cell.p95_latency_s,
        bound: |bounds| bounds.p95_latency_s,
        format: duration,
        is_log: true,
        color: NAVY,
    },
    Metric {
        name: "cost per month",
        explained: "US dollars",
        of: |cell| cell.monthly_cost_usd,
        bound: |bounds| bounds.monthly_cost_usd,
        format: dollars,
        is_log: false,
        color: GREEN,
    },
];

impl Chart for Comparison {
    fn title(&self) -> &str {
        &self.title
    }

    fn size(&self) -> (u32, u32) {
        (WIDTH, (TITLE_ROOM + HEAD + rows::height(&self.cells) + FLOOR) as u32)
    }

    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Result<(), ChartError> {
        let canvas = Canvas::new(area)?;
        heading(&canvas, &self.title, &with_omitted(&self.subtitle, self.cells.len(), MOST_ROWS))?;
        let rows = rows::place(&canvas, &self.cells, TITLE_ROOM + HEAD);
        if self.cells.is_empty() {
            return no_data(&canvas, Frame { bottom: canvas.frame().bottom - MARGIN, ..rows });
        }
        rows::draw_names(&canvas, rows, &self.cells)?;
        let panels = rows.right - rows.left - NAME_ROOM;
        let pitch = (panels + PANEL_GAP) / METRICS.len() as f64;
        for (i, metric) in METRICS.iter().enumerate() {
            let left = rows.left + NAME_ROOM + pitch * i as f64;
            self.draw_panel(&canvas, Frame { left, right: left + pitch - PANEL_GAP, ..rows }, metric)?;
        }
        Ok(())
    }
}

impl Row for ComparedCell {
    fn label(&self) -> &str {
        &self.label
    }

    fn is_recommended(&self) -> bool {
        self.recommended
    }
}

impl Comparison {
    fn drawn(&self) -> &[ComparedCell] {
        rows::drawn(&self.cells)
    }

    fn draw_panel<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<DB>,
        panel: Frame,
        metric: &Metric,
    ) -> Result<(), ChartError> {
        let plot = Frame { left: panel.left + NUMBER_ROOM, ..panel };
        let bound = (metric.bound)(&self.bounds).filter(|bound| usable(*bound) && *bound >= 0.0);
        let axis = self.axis(plot, metric, bound);
        let room = panel.right - panel.left;
        canvas.text_within(metric.name, (panel.left, panel.top - 66.0), LABEL, HPos::Left, room)?;
        canvas.text_within(metric.explained, (panel.left, panel.top - 34.0), NOTE, HPos::Left, room)?;
        axis.draw(canvas, plot)?;
        for (i, cell) in self.drawn().iter().enumerate() {
            let y = rows::middle(panel, i);
            axis.draw_value(canvas, (panel.left, y), (metric.of)(cell), metric)?;
        }
        match bound {
            Some(bound) => axis.draw_bound(canvas, plot, bound, metric),
            None => Ok(()),
        }
    }

    fn axis(&self, plot: Frame, metric: &Metric, bound: Option<f64>) -> Axis {
        let values = || self.drawn().iter().flat_map(|cell| (metric.of)(cell).ends()).chain(bound);
        let pixels = |from, to| Scale { from, to, low: plot.left, high: plot.right };
        if metric.is_log {
            let (from, to) = log_range(values());
            let scale = pixels(from, to);
            return Axis { scale, ticks: log_time(&scale, 92.0), is_log: true };
        }
        // A panel as narrow as this has room for three labels.
        let ticks = linear(super::axis::largest(values()), 2, metric.format);
        Axis { scale: pixels(0.0, ticks.last().map_or(1.0, |tick| tick.at)), ticks, is_log: false }
    }
}

impl Measured {
    /// The mean and the ends of the interval.
    fn ends(self) -> impl Iterator<Item = f64> {
        let estimate = match self {
            Measured::Known(estimate) => Some(estimate),
            Measured::Never | Measured::Unknown => None,
        };
        let ends = |e: Estimate| [Some(e.mean), e.interval.map(|i| i.0), e.interval.map(|i| i.1)];
        estimate.into_iter().flat_map(ends).flatten()
    }

    /// What can be drawn of it: a mean that is no number is unknown, one that is infinite is never.
    fn checked(self) -> Measured {
        match self {
            Measured::Known(Estimate { mean, .. }) if mean == f64::INFINITY => Measured::Never,
            Measured::Known(Estimate { mean, .. }) if !usable(mean) => Measured::Unknown,
            other => other,
        }
    }
}

/// The horizontal axis of one panel.
struct Axis {
    scale: Scale,
    ticks: Vec<Tick>,
    is_log: bool,
}

impl Axis {
    fn at(&self, value: f64) -> f64 {
        self.scale.at(if self.is_log { log(value) } else { value })
    }

    fn draw<DB: DrawingBackend>(&self, canvas: &Canvas<DB>, plot: Frame) -> Result<(), ChartError> {
        for tick in &self.ticks {
            let x = self.scale.at(tick.at);
            canvas.line(&[(x, plot.top), (x, plot.bottom)], GRID)?;
            canvas.text(&tick.label, (x, plot.bottom + 30.0), TICK, HPos::Center)?;
        }
        ticked_base(canvas, plot, &self.scale, &self.ticks)
    }

    fn draw_bound<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<DB>,
        plot: Frame,
        bound: f64,
        metric: &Metric,
    ) -> Result<(), ChartError> {
        let x = self.at(bound);
        canvas.line(&[(x, plot.top - 12.0), (x, plot.bottom)], BOUND)?;
        let label = format!("objective ≤ {}", (metric.format)(bound));
        canvas.text(&label, (plot.right, plot.bottom + 68.0), Type { color: INK, ..NOTE }, HPos::Right)
    }

    /// The number at the left, its bar or point and its whiskers in the plot.
    fn draw_value<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<DB>,
        (left, y): Point,
        value: Measured,
        metric: &Metric,
    ) -> Result<(), ChartError> {
        let end = self.scale.high;
        match value.checked() {
            Measured::Unknown => canvas.text("unknown", (left, y), NOTE, HPos::Left),
            Measured::Never => {
                canvas.text("never", (left, y), LABEL, HPos::Left)?;
                canvas.line(
                    &[(self.scale.low, y), (end - 16.0, y)],
                    Stroke { color: AXIS, width: 3, dash: &[4.0, 8.0] },
                )?;
                canvas.marker((end - 12.0, y), Marker::Arrow, metric.color, 12.0)
            }
            Measured::Known(estimate) => {
                let text = fit(&(metric.format)(estimate.mean), LABEL, NUMBER_ROOM - 12.0);
                canvas.text(&text, (left, y), LABEL, HPos::Left)?;
                self.draw_estimate(canvas, y, estimate, metric.color)
            }
        }
    }

    fn draw_estimate<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<DB>,
        y: f64,
        estimate: Estimate,
        color: RGBColor,
    ) -> Result<(), ChartError> {
        let x = self.at(estimate.mean);
        if self.is_log {
            self.draw_whiskers(canvas, y, estimate)?;
            canvas.marker((x, y), Marker::Circle, color, 8.0)
        } else {
            let bar = Frame { left: self.scale.low, top: y - BAR, right: x, bottom: y + BAR };
            canvas.block(bar, color, 0.8)?;
            self.draw_whiskers(canvas, y, estimate)
        }
    }

    fn draw_whiskers<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<DB>,
        y: f64,
        estimate: Estimate,
    ) -> Result<(), ChartError> {
        const WHISKER: Stroke = Stroke::full(INK, 3);
        // Higher than a point, so that a narrow interval shows above and below it.
        const END: f64 = 13.0;
        let Some((low, high)) = estimate.interval.filter(|(low, high)| usable(*low) && high > low) else {
            return Ok(());
        };
        let (from, to) = (self.at(low), self.at(high));
        canvas.line(&[(from, y), (to, y)], WHISKER)?;
        canvas.line(&[(from, y - END), (from, y + END)], WHISKER)?;
        if usable(high) {
            canvas.line(&[(to, y - END), (to, y + END)], WHISKER)
        } else {
            canvas.marker((to - 8.0, y), Marker::Arrow, INK, 8.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_that_is_no_number_is_not_drawn_as_one() {
        let known = |mean| Measured::Known(Estimate { mean, interval: None });
        assert_eq!(known(f64::NAN).checked(), Measured::Unknown);
        assert_eq!(known(f64::INFINITY).checked(), Measured::Never);
        assert_eq!(known(1e308).checked(), Measured::Unknown);
        assert_eq!(known(0.5).checked(), known(0.5));
    }
}
