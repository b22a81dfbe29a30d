//! What the API saw over time: in each interval the requests that arrive and the calls that are admitted, rejected and failed,
//! against the limit.

use plotters::coord::Shift;
use plotters::drawing::DrawingArea;
use plotters_backend::DrawingBackend;

use super::axis::{Elapsed, Scale, Tick, elapsed, largest, linear, usable};
use super::canvas::{Canvas, Frame, Point};
use super::columns::{Column, columns, group, runs};
use super::frame::{
    AXIS_FLOOR, AXIS_ROOM, LABEL_OVERHANG, MARGIN, Swatch, heading, horizontal_axis, legend, no_data, panel_title,
    since, ticked_base, vertical_axis,
};
use super::look::{BOUND, INK, NAVY, ROSE, Stroke, VERMILLION};
use super::text::{interval_name, number};
use super::{Chart, ChartError};

/// New requests and admitted calls per interval over the whole run, above; how many calls were rejected, below, and how many the
/// provider failed, if any. An admitted call need not lead to an answer: the provider may fail it later.
///
/// A long run is drawn in columns of several intervals: a line for their mean, a band from the least to the busiest.
#[derive(Debug, Clone, PartialEq)]
pub struct OverTime {
    /// The headline.
    pub title: String,
    /// What is shown: the cell, the number of replications.
    pub subtitle: String,
    /// The civil time at which the run starts, for the axis: `2025-03-03 00:00 America/New_York`. May be empty.
    pub start: String,
    /// Length of one interval in seconds, above 0.
    pub interval_s: f64,
    /// Requests that arrived in each interval, the mean over replications. NaN leaves a gap.
    pub arrived: Vec<f64>,
    /// Calls that the API admitted, in the same intervals.
    pub admitted: Vec<f64>,
    /// Calls that the API answered with 429, in the same intervals.
    pub rejected: Vec<f64>,
    /// Calls that the provider failed by a fault of its own, in the same intervals.
    pub faulted: Vec<f64>,
    /// The limit that binds, if one can be told in calls per interval.
    pub limit: Option<LimitLine>,
}

/// A limit as a line.
#[derive(Debug, Clone, PartialEq)]
pub struct LimitLine {
    /// Calls per interval.
    pub per_interval: f64,
    /// Its name, such as `60/min limit`.
    pub label: String,
}

const ARRIVED: Stroke = Stroke::full(INK, 3);
const ADMITTED: Stroke = Stroke::full(NAVY, 3);
const REJECTED: Stroke = Stroke::full(VERMILLION, 3);
/// Lighter than the rejected ones, and without their area, so that grey tells them apart.
const FAULTED: Stroke = Stroke::full(ROSE, 3);
const ADMITTED_FILL: f64 = 0.22;
const REJECTED_FILL: f64 = 0.3;
const BAND: f64 = 0.16;
/// More columns than this cannot be told apart.
const MOST_COLUMNS: usize = 1000;
/// More columns than this are drawn as a thin line instead of steps.
const MOST_STEPS: usize = 300;
/// A limit this many times above the data would press it flat; it is named, not drawn.
const FAR_LIMIT: f64 = 4.0;

impl Chart for OverTime {
    fn title(&self) -> &str {
        &self.title
    }

    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Result<(), ChartError> {
        let canvas = Canvas::new(area)?;
        let top = heading(&canvas, &self.title, &self.subtitle)?;
        let whole = canvas.frame();
        let plot = Frame {
            left: AXIS_ROOM,
            top: top + 118.0,
            right: whole.right - LABEL_OVERHANG,
            bottom: whole.bottom - AXIS_FLOOR,
        };
        if !self.has_data() {
            return no_data(&canvas, plot);
        }
        legend(&canvas, (MARGIN, top + 24.0), &self.legend())?;
        let split = plot.top + (plot.bottom - plot.top) * 0.6;
        let time = self.time(plot);
        self.draw_calls(&canvas, Frame { bottom: split - 46.0, ..plot }, &time)?;
        self.draw_lost(&canvas, Frame { top: split + 46.0, ..plot }, &time)
    }
}

/// The horizontal axis, common to both panels.
struct Time {
    /// From seconds to pixels.
    scale: Scale,
    axis: Elapsed,
    /// Intervals in a column.
    group: usize,
    interval_s: f64,
}

impl OverTime {
    fn series(&self) -> [&Vec<f64>; 4] {
        [&self.arrived, &self.admitted, &self.rejected, &self.faulted]
    }

    fn intervals(&self) -> usize {
        self.series().into_iter().map(Vec::len).max().unwrap_or(0)
    }

    fn has_faults(&self) -> bool {
        self.faulted.iter().any(|faults| *faults > 0.0)
    }

    fn has_data(&self) -> bool {
        let length = self.intervals() as f64 * self.interval_s;
        let has_any = self.series().into_iter().flatten().any(|value| usable(*value));
        self.interval_s > 0.0 && length > 0.0 && usable(length) && has_any
    }

    fn time(&self, plot: Frame) -> Time {
        let length = self.intervals() as f64 * self.interval_s;
        Time {
            scale: Scale { from: 0.0, to: length, low: plot.left, high: plot.right },
            axis: elapsed(length, 15),
            group: group(self.intervals(), self.interval_s, MOST_COLUMNS),
            interval_s: self.interval_s,
        }
    }

    fn busiest(&self) -> f64 {
        largest(self.arrived.iter().chain(&self.admitted).copied())
    }

    /// The limit, if it is near enough to the data for one axis.
    fn near_limit(&self) -> Option<&LimitLine> {
        let near = |limit: &&LimitLine| {
            usable(limit.per_interval) && limit.per_interval <= FAR_LIMIT * self.busiest().max(1e-9)
        };
        self.limit.as_ref().filter(near)
    }

    fn legend(&self) -> Vec<(Swatch, String)> {
        let mut entries = vec![
            (Swatch::Line(ARRIVED), "new requests".to_owned()),
            (Swatch::Area(ADMITTED, ADMITTED_FILL), "admitted calls".to_owned()),
            (Swatch::Area(REJECTED, REJECTED_FILL), "rejected calls (429)".to_owned()),
        ];
        if self.has_faults() {
            entries.push((Swatch::Line(FAULTED), "provider faults".to_owned()));
        }
        if let Some(limit) = &self.limit {
            let far = if self.near_limit().is_some() { "" } else { " (far above)" };
            entries.push((Swatch::Line(BOUND), format!("{}{far}", limit.label)));
        }
        let group = group(self.intervals(), self.interval_s, MOST_COLUMNS);
        if group > 1 {
            let span = interval_name(group as f64 * self.interval_s);
            entries.push((Swatch::Band(INK, BAND), format!("range in each {span}")));
        }
        entries
    }

    fn draw_calls<DB: DrawingBackend>(&self, canvas: &Canvas<DB>, plot: Frame, time: &Time) -> Result<(), ChartError> {
        let limit = self.near_limit().map(|limit| limit.per_interval);
        let busiest = self.busiest();
        let (scale, ticks) = count_axis(plot, busiest.max(limit.unwrap_or(0.0) * 1.02), 5);
        let name = interval_name(self.interval_s);
        let peak = peak_note(busiest, &name);
        panel_title(canvas, plot, &format!("per {name}: new requests, and calls admitted"), &peak)?;
        vertical_axis(canvas, plot, &scale, &ticks)?;
        let admitted = columns(&self.admitted, time.group);
        let arrived = columns(&self.arrived, time.group);
        let panel = Panel { canvas, plot, scale, time };
        panel.area(&admitted, ADMITTED, ADMITTED_FILL)?;
        panel.line(&admitted, ADMITTED)?;
        panel.band(&arrived, ARRIVED, BAND)?;
        panel.line(&arrived, ARRIVED)?;
        if let Some(limit) = limit {
            let y = scale.at(limit);
            canvas.line(&[(plot.left, y), (plot.right, y)], BOUND)?;
        }
        ticked_base(canvas, plot, &time.scale, &time.axis.ticks)
    }

    /// What led to nothing: rejected calls, and failed ones where there are any.
    fn draw_lost<DB: DrawingBackend>(&self, canvas: &Canvas<DB>, plot: Frame, time: &Time) -> Result<(), ChartError> {
        let [rejections, faults] = [&self.rejected, &self.faulted].map(|series| largest(series.iter().copied()));
        let (scale, ticks) = count_axis(plot, rejections.max(faults), 3);
        let name = interval_name(self.interval_s);
        let (what, peak) = match self.has_faults() {
            false => ("calls rejected (429)", peak_note(rejections, &name)),
            true => (
                "calls rejected (429), and failed by the provider",
                format!("busiest {name}: {} and {}", number(rejections), number(faults)),
            ),
        };
        panel_title(canvas, plot, &format!("per {name}: {what}"), &peak)?;
        vertical_axis(canvas, plot, &scale, &ticks)?;
        let rejected = columns(&self.rejected, time.group);
        let panel = Panel { canvas, plot, scale, time };
        panel.area(&rejected, REJECTED, REJECTED_FILL)?;
        panel.band(&rejected, REJECTED, REJECTED_FILL)?;
        panel.line(&rejected, REJECTED)?;
        if self.has_faults() {
            panel.line(&columns(&self.faulted, time.group), FAULTED)?;
        }
        let title = since(time.axis.unit, &self.start);
        horizontal_axis(canvas, plot, &time.scale, &time.axis.ticks, &title)
    }
}

/// One plot of counts over time.
struct Panel<'a, DB: DrawingBackend> {
    canvas: &'a Canvas<'a, DB>,
    plot: Frame,
    scale: Scale,
    time: &'a Time,
}

impl<DB: DrawingBackend> Panel<'_, DB> {
    fn line(&self, columns: &[Column], stroke: Stroke) -> Result<(), ChartError> {
        let width = if columns.len() <= MOST_STEPS { stroke.width } else { 2 };
        runs(columns).try_for_each(|run| self.canvas.line(&self.outline(run, |c| c.mean), Stroke { width, ..stroke }))
    }

    fn area(&self, columns: &[Column], stroke: Stroke, alpha: f64) -> Result<(), ChartError> {
        runs(columns).try_for_each(|run| {
            let mut outline = self.outline(run, |c| c.mean);
            if let (Some((first, _)), Some((last, _))) = (outline.first().copied(), outline.last().copied()) {
                outline.extend([(last, self.plot.bottom), (first, self.plot.bottom)]);
            }
            self.canvas.fill(&outline, stroke.color, alpha)
        })
    }

    /// From the least to the busiest interval of each column.
    fn band(&self, columns: &[Column], stroke: Stroke, alpha: f64) -> Result<(), ChartError> {
        if self.time.group == 1 {
            return Ok(());
        }
        runs(columns).try_for_each(|run| {
            let mut outline = self.outline(run, |c| c.most);
            outline.extend(self.outline(run, |c| c.least).into_iter().rev());
            self.canvas.fill(&outline, stroke.color, alpha)
        })
    }

    /// Each column as wide as the time that it stands for; where they are many, from the middle of one to the next.
    fn outline(&self, run: &[Column], value: impl Fn(&Column) -> f64) -> Vec<Point> {
        let Some((first, last)) = run.first().zip(run.last()) else { return Vec::new() };
        let x = |interval: usize| self.time.scale.at(interval as f64 * self.time.interval_s);
        let y = |column: &Column| self.scale.at(value(column));
        if run.len() <= MOST_STEPS {
            return run.iter().flat_map(|column| [(x(column.from), y(column)), (x(column.to), y(column))]).collect();
        }
        let middles = run.iter().map(|column| ((x(column.from) + x(column.to)) / 2.0, y(column)));
        [(x(first.from), y(first))].into_iter().chain(middles).chain([(x(last.to), y(last))]).collect()
    }
}

/// A vertical axis of counts from 0 to `most`.
fn count_axis(plot: Frame, most: f64, count: usize) -> (Scale, Vec<Tick>) {
    let ticks = linear(most, count, number);
    let top = ticks.last().map_or(1.0, |tick| tick.at);
    (Scale { from: 0.0, to: top, low: plot.bottom, high: plot.top }, ticks)
}

fn peak_note(busiest: f64, interval: &str) -> String {
    if busiest > 0.0 { format!("busiest {interval}: {}", number(busiest)) } else { format!("none in any {interval}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(minutes: usize) -> OverTime {
        OverTime {
            title: "t".into(),
            subtitle: String::new(),
            start: String::new(),
            interval_s: 60.0,
            arrived: vec![50.0; minutes],
            admitted: vec![50.0; minutes],
            rejected: vec![0.0; minutes],
            faulted: vec![0.0; minutes],
            limit: Some(LimitLine { per_interval: 60.0, label: "60/min limit".into() }),
        }
    }

    #[test]
    fn a_limit_far_above_is_only_named() {
        let mut chart = chart(3);
        assert!(chart.near_limit().is_some());
        chart.limit = Some(LimitLine { per_interval: 1000.0, label: "1k/min limit".into() });
        assert!(chart.near_limit().is_none());
        assert!(chart.legend().iter().any(|(_, name)| name == "1k/min limit (far above)"));
    }

    #[test]
    fn the_legend_explains_columns_only_when_there_are_some() {
        assert_eq!(chart(60).legend().len(), 4);
        let month = chart(43_200).legend();
        assert_eq!(month.last().map(|(_, name)| name.as_str()), Some("range in each hour"));
    }

    #[test]
    fn faults_are_named_where_there_are_any() {
        let mut chart = chart(3);
        let names_them = |chart: &OverTime| chart.legend().iter().any(|(_, name)| name == "provider faults");
        assert!(!names_them(&chart));
        chart.faulted[1] = 0.2;
        assert!(names_them(&chart));
    }

    #[test]
    fn no_interval_means_no_data() {
        assert!(!chart(0).has_data());
        for interval_s in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e308] {
            assert!(!OverTime { interval_s, ..chart(5) }.has_data());
        }
    }
}
