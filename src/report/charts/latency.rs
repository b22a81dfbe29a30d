//! How long requests wait: the share of all measured requests that has its answer within each time, or that still waits for it.

use plotters::coord::Shift;
use plotters::drawing::DrawingArea;
use plotters_backend::DrawingBackend;

use super::axis::{Scale, Tick, log, log_range, log_time, usable};
use super::canvas::{Canvas, Frame, Point};
use super::curves::{EndLabel, MOST_CURVES, curve, end_labels, plot_of_curves};
use super::flags::{Flag, FlagKind, Flags};
use super::frame::{AXIS_ROOM, horizontal_axis, no_data, panel_title, vertical_axis};
use super::look::{BOUND, INK, Marker, NOTE, Stroke, Type, look};
use super::text::{duration, percent};
use super::{Chart, ChartError};

/// One cumulative curve per cell. Requests that failed never get an answer, so a curve ends below 100 % if there are any.
#[derive(Debug, Clone, PartialEq)]
pub struct CumulativeLatency {
    /// The headline.
    pub title: String,
    /// What is shown: the scenario, the number of replications.
    pub subtitle: String,
    /// From which end.
    pub view: LatencyView,
    /// One per cell; the first ten are drawn.
    pub curves: Vec<LatencyCurve>,
    /// What the user asked for, as marks in the plot.
    pub objectives: Vec<LatencyObjective>,
}

/// Which share a figure of latency shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LatencyView {
    /// Of the requests answered within the time.
    Answered,
    /// Of those that wait for longer, on a logarithmic axis that shows the slowest one in a thousand.
    Waiting,
}

/// The cumulative distribution of one cell's latency.
#[derive(Debug, Clone, PartialEq)]
pub struct LatencyCurve {
    /// The cell.
    pub label: String,
    /// Latency in seconds (at least 0) and the share (0 to 1) of all measured requests answered within it. Both rise;
    /// the last share is that of the requests ever answered. Empty: none was.
    pub points: Vec<(f64, f64)>,
}

/// A latency objective.
#[derive(Debug, Clone, PartialEq)]
pub struct LatencyObjective {
    /// As the user wrote it: `p95 <= 10 s`.
    pub label: String,
    /// The bound in seconds, above 0.
    pub latency_s: f64,
    /// The share that must be answered by then (0 to 1), if it is about a quantile.
    pub share: Option<f64>,
}

const OBJECTIVE: FlagKind = FlagKind { face: Type { color: INK, ..NOTE }, pole: BOUND, crosses: true };

impl Chart for CumulativeLatency {
    fn title(&self) -> &str {
        &self.title
    }

    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Result<(), ChartError> {
        let canvas = Canvas::new(area)?;
        let plot = plot_of_curves(&canvas, (&self.title, &self.subtitle), self.curves.len())?;
        let whole = canvas.frame();
        if self.curves.is_empty() {
            return no_data(&canvas, Frame { right: whole.right - AXIS_ROOM, ..plot });
        }
        panel_title(&canvas, plot, self.view.title(), "")?;
        let flags = Flags::place(self.flags(&self.time(plot)), whole)?;
        let data = flags.below(plot);
        let axes = Axes { time: self.time(plot), share: self.view.scale(data), view: self.view };
        let shares = self.view.ticks();
        vertical_axis(&canvas, data, &axes.share, &shares)?;
        flags.draw(&canvas, data)?;
        self.draw_curves(&canvas, data, &axes)?;
        self.draw_targets(&canvas, data, &axes)?;
        let times = log_time(&axes.time, 110.0);
        horizontal_axis(&canvas, data, &axes.time, &times, "time from arrival to answer (log scale)")
    }
}

struct Axes {
    /// From log seconds to pixels.
    time: Scale,
    /// From what the view makes of a share to pixels.
    share: Scale,
    view: LatencyView,
}

impl Axes {
    fn place(&self, latency_s: f64, share: f64) -> Point {
        (self.time.at(log(latency_s)), self.height(share))
    }

    /// Where so many are answered.
    fn height(&self, share: f64) -> f64 {
        self.share.at(self.view.value(share))
    }
}

/// The smallest share that waits which is shown.
const LEAST: f64 = 0.001;

impl LatencyView {
    fn title(self) -> &'static str {
        match self {
            LatencyView::Answered => "share of all requests answered within the time",
            LatencyView::Waiting => "share of all requests that wait for longer (log scale)",
        }
    }

    /// What is drawn where so many are answered.
    fn value(self, answered: f64) -> f64 {
        match self {
            LatencyView::Answered => answered,
            LatencyView::Waiting => libm::log10((1.0 - answered).max(LEAST)),
        }
    }

    /// The axis of time begins where so many are answered: a tail has no need of the first ones.
    fn least_shown(self) -> f64 {
        match self {
            LatencyView::Answered => 0.0,
            LatencyView::Waiting => 0.05,
        }
    }

    fn scale(self, data: Frame) -> Scale {
        let (from, to) = match self {
            LatencyView::Answered => (0.0, 1.0),
            LatencyView::Waiting => (libm::log10(LEAST), 0.0),
        };
        Scale { from, to, low: data.bottom, high: data.top }
    }

    fn ticks(self) -> Vec<Tick> {
        let answered: &[f64] = match self {
            LatencyView::Answered => &[0.0, 0.2, 0.4, 0.6, 0.8, 1.0],
            LatencyView::Waiting => &[0.0, 0.9, 0.99, 0.999],
        };
        let label = |answered: f64| match self {
            LatencyView::Answered => percent(answered),
            LatencyView::Waiting => percent(1.0 - answered),
        };
        answered.iter().map(|&at| Tick { at: self.value(at), label: label(at) }).collect()
    }
}

impl CumulativeLatency {
    fn drawn(&self) -> &[LatencyCurve] {
        &self.curves[..self.curves.len().min(MOST_CURVES)]
    }

    /// From log seconds to pixels.
    fn time(&self, plot: Frame) -> Scale {
        let points = self.drawn().iter().flat_map(|curve| curve.shown(self.view));
        let latencies = points.filter(|(_, share)| *share >= self.view.least_shown()).map(|(latency, _)| latency);
        let bounds = self.good_objectives().map(|objective| objective.latency_s);
        let (from, to) = log_range(latencies.chain(bounds));
        Scale { from, to, low: plot.left, high: plot.right }
    }

    fn good_objectives(&self) -> impl Iterator<Item = &LatencyObjective> {
        self.objectives.iter().filter(|objective| usable(objective.latency_s) && objective.latency_s > 0.0)
    }

    fn flags(&self, time: &Scale) -> Vec<Flag> {
        let flag = |objective: &LatencyObjective| Flag {
            x: time.at(log(objective.latency_s)),
            text: objective.label.clone(),
            kind: OBJECTIVE,
        };
        self.good_objectives().map(flag).collect()
    }

    fn draw_curves<DB: DrawingBackend>(&self, canvas: &Canvas<DB>, plot: Frame, axes: &Axes) -> Result<(), ChartError> {
        let curves = self.drawn();
        let mut labels = Vec::new();
        for (i, cell) in curves.iter().enumerate() {
            let points: Vec<Point> =
                cell.shown(self.view).into_iter().map(|(latency, share)| axes.place(latency, share)).collect();
            let end = (plot.right, axes.height(cell.ever_answered()));
            let from = points.last().copied().unwrap_or((plot.left, end.1));
            // Nothing more is answered after the last point, and that is part of the curve.
            if end.1 < axes.share.low {
                canvas.line(&[from, end], Stroke { width: 3, dash: &[3.0, 7.0], ..look(i).stroke })?;
            }
            curve(canvas, &points, look(i), (i, curves.len()))?;
            labels.push(EndLabel { y: end.1, name: cell.label.clone(), note: cell.note(self.view), look: look(i) });
        }
        end_labels(canvas, plot, &labels)
    }

    /// Where a curve must have risen by then.
    fn draw_targets<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<DB>,
        plot: Frame,
        axes: &Axes,
    ) -> Result<(), ChartError> {
        for objective in self.good_objectives() {
            let Some(share) = objective.share.filter(|share| usable(*share)) else { continue };
            let (x, y) = axes.place(objective.latency_s, share);
            canvas.line(&[(plot.left, y), (x, y)], BOUND)?;
            canvas.marker((x, y), Marker::Diamond, INK, 9.0)?;
        }
        Ok(())
    }
}

impl LatencyCurve {
    fn good(&self) -> impl Iterator<Item = (f64, f64)> {
        self.points.iter().copied().filter(|(latency, share)| usable(*latency) && usable(*share))
    }

    /// The share of requests that got an answer at all.
    fn ever_answered(&self) -> f64 {
        self.good().map(|(_, share)| share).fold(0.0, f64::max).min(1.0)
    }

    /// Its points as far as they can be told apart.
    fn shown(&self, view: LatencyView) -> Vec<(f64, f64)> {
        let points: Vec<(f64, f64)> = self.good().collect();
        let first_beyond = match view {
            LatencyView::Answered => None,
            LatencyView::Waiting => points.iter().position(|(_, share)| 1.0 - share <= LEAST),
        };
        points[..first_beyond.map_or(points.len(), |at| at + 1)].to_vec()
    }

    fn note(&self, view: LatencyView) -> String {
        if view == LatencyView::Waiting {
            let p99 = self.good().find(|(_, share)| *share >= 0.99);
            let never = || format!("{} never answered", percent(1.0 - self.ever_answered()));
            return p99.map_or_else(never, |(latency, _)| format!("p99 {}", duration(latency)));
        }
        match self.ever_answered() {
            0.0 => "never answered".into(),
            1.0 => "all answered".into(),
            share => format!("{} ever answered", percent(share)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(points: &[(f64, f64)]) -> LatencyCurve {
        LatencyCurve { label: "cell".into(), points: points.to_vec() }
    }

    #[test]
    fn the_end_of_a_curve_says_who_was_answered() {
        assert_eq!(curve(&[(1.0, 0.5), (2.0, 1.0)]).note(LatencyView::Answered), "all answered");
        assert_eq!(curve(&[(1.0, 0.5), (2.0, 0.61)]).note(LatencyView::Answered), "61 % ever answered");
        assert_eq!(curve(&[(1.0, 0.5), (2.0, 0.9996)]).note(LatencyView::Answered), "99.96 % ever answered");
        assert_eq!(curve(&[]).note(LatencyView::Answered), "never answered");
        assert_eq!(curve(&[(f64::NAN, 0.5), (1.0, f64::INFINITY)]).note(LatencyView::Answered), "never answered");
    }

    #[test]
    fn those_who_wait_are_shown_down_to_one_in_a_thousand() {
        let view = LatencyView::Waiting;
        let cell = curve(&[(1.0, 0.5), (2.0, 0.99), (3.0, 0.9995), (4.0, 1.0)]);
        assert_eq!((cell.note(view).as_str(), cell.shown(view).len()), ("p99 2 s", 3));
        assert_eq!(
            (curve(&[(1.0, 0.5)]).note(view).as_str(), cell.shown(LatencyView::Answered).len()),
            ("50 % never answered", 4)
        );
        let labels: Vec<String> = view.ticks().into_iter().map(|tick| tick.label).collect();
        assert_eq!(labels, ["100 %", "10 %", "1 %", "0.1 %"]);
        assert_eq!([0.0, 0.9, 1.0].map(|answered| view.value(answered).round()), [0.0, -1.0, -3.0]);
    }

    #[test]
    fn an_objective_is_inside_the_axis() {
        let chart = CumulativeLatency {
            title: String::new(),
            subtitle: String::new(),
            view: LatencyView::Answered,
            curves: vec![curve(&[(1.0, 0.5), (2.0, 1.0)])],
            objectives: vec![LatencyObjective { label: "p95".into(), latency_s: 600.0, share: Some(0.95) }],
        };
        let time = chart.time(Frame { left: 0.0, top: 0.0, right: 100.0, bottom: 100.0 });
        let x = chart.flags(&time)[0].x;
        assert!(x < 100.0 && x > 50.0);
    }
}
