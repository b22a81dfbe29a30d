//! How well a model does what a log did: figures of both in windows of many lengths, with those of a simpler model.

use plotters::coord::Shift;
use plotters::drawing::DrawingArea;
use plotters_backend::DrawingBackend;

use super::axis::{Scale, Tick, log, log_range, log_time, usable};
use super::canvas::{Canvas, Frame, Point};
use super::frame::{
    AXIS_FLOOR, AXIS_ROOM, LABEL_OVERHANG, MARGIN, Swatch, heading, horizontal_axis, legend, no_data, vertical_axis,
};
use super::look::{GREY, INK, Marker, NAVY, Stroke};
use super::text::number;
use super::{Chart, ChartError};

/// Panels side by side, each of one figure against the length of the window.
#[derive(Debug, Clone, PartialEq)]
pub struct Likeness {
    /// The headline.
    pub title: String,
    /// What is shown: the log, the number of runs.
    pub subtitle: String,
    /// The model, for the legend.
    pub model: String,
    /// One panel for each figure; two fit.
    pub panels: Vec<LikenessPanel>,
}

/// One figure.
#[derive(Debug, Clone, PartialEq)]
pub struct LikenessPanel {
    /// What it is.
    pub title: String,
    /// In the order of the windows.
    pub points: Vec<LikenessPoint>,
}

/// The figure in windows of one length; all values above 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LikenessPoint {
    /// The length in seconds.
    pub window_s: f64,
    /// In the log.
    pub observed: f64,
    /// In the model: 10th percentile, median, 90th percentile of the runs.
    pub model: [f64; 3],
    /// The same of the simpler model.
    pub simple: [f64; 3],
}

const MODEL: Stroke = Stroke::full(NAVY, 4);
const SIMPLE: Stroke = Stroke { color: GREY, width: 4, dash: &[14.0, 8.0] };
const OBSERVED: Stroke = Stroke::full(INK, 3);
const BAND: f64 = 0.2;

impl Chart for Likeness {
    fn title(&self) -> &str {
        &self.title
    }

    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Result<(), ChartError> {
        let canvas = Canvas::new(area)?;
        let top = heading(&canvas, &self.title, &self.subtitle)?;
        let whole = canvas.frame();
        let panels: Vec<&LikenessPanel> = self.panels.iter().filter(|panel| panel.has_data()).take(2).collect();
        let plot = Frame { left: 0.0, top: top + 118.0, right: whole.right, bottom: whole.bottom - AXIS_FLOOR };
        if panels.is_empty() {
            return no_data(&canvas, plot);
        }
        legend(&canvas, (MARGIN, top + 24.0), &self.legend())?;
        let width = whole.right / panels.len() as f64;
        for (at, panel) in panels.into_iter().enumerate() {
            let left = width * at as f64;
            panel.draw(&canvas, Frame { left: left + AXIS_ROOM, right: left + width - LABEL_OVERHANG, ..plot })?;
        }
        Ok(())
    }
}

impl Likeness {
    fn legend(&self) -> Vec<(Swatch, String)> {
        vec![
            (Swatch::Line(OBSERVED), "the log".into()),
            (Swatch::Area(MODEL, BAND), format!("{}: median, 10–90 %", self.model)),
            (Swatch::Area(SIMPLE, BAND), "Poisson: median, 10–90 %".into()),
        ]
    }
}

impl LikenessPoint {
    fn values(&self) -> impl Iterator<Item = f64> {
        self.model.into_iter().chain(self.simple).chain([self.observed])
    }

    fn is_drawable(&self) -> bool {
        usable(self.window_s) && self.window_s > 0.0 && self.values().all(|value| usable(value) && value > 0.0)
    }
}

impl LikenessPanel {
    fn good(&self) -> Vec<LikenessPoint> {
        self.points.iter().copied().filter(LikenessPoint::is_drawable).collect()
    }

    fn has_data(&self) -> bool {
        self.points.iter().any(LikenessPoint::is_drawable)
    }

    fn draw<DB: DrawingBackend>(&self, canvas: &Canvas<DB>, plot: Frame) -> Result<(), ChartError> {
        let points = self.good();
        let (from, to) = log_range(points.iter().map(|point| point.window_s));
        let time = Scale { from, to, low: plot.left, high: plot.right };
        let largest = points.iter().flat_map(LikenessPoint::values).fold(0.0, f64::max);
        let value = Vertical::new(plot, points.iter().flat_map(LikenessPoint::values), largest);
        canvas.text_within(
            &self.title,
            (plot.left - AXIS_ROOM + MARGIN, plot.top - 30.0),
            super::look::LABEL,
            plotters::style::text_anchor::HPos::Left,
            plot.right - plot.left + AXIS_ROOM - MARGIN,
        )?;
        vertical_axis(canvas, plot, &value.scale, &value.ticks)?;
        let place = |window_s: f64, figure: f64| -> Point { (time.at(log(window_s)), value.at(figure)) };
        for (stroke, of) in [(SIMPLE, (|point| point.simple) as fn(&LikenessPoint) -> [f64; 3]), (MODEL, |p| p.model)] {
            let line = |at: usize| points.iter().map(|point| place(point.window_s, of(point)[at])).collect::<Vec<_>>();
            let band: Vec<Point> = line(0).into_iter().chain(line(2).into_iter().rev()).collect();
            canvas.fill(&band, stroke.color, BAND)?;
            canvas.line(&line(1), stroke)?;
        }
        let observed: Vec<Point> = points.iter().map(|point| place(point.window_s, point.observed)).collect();
        canvas.line(&observed, OBSERVED)?;
        observed.iter().try_for_each(|&at| canvas.marker(at, Marker::Circle, INK, 8.0))?;
        horizontal_axis(canvas, plot, &time, &log_time(&time, 90.0), "length of the window (log scale)")
    }
}

/// A logarithmic axis of plain numbers.
struct Vertical {
    scale: Scale,
    ticks: Vec<Tick>,
}

impl Vertical {
    fn new(plot: Frame, values: impl Iterator<Item = f64>, largest: f64) -> Self {
        let least = values.fold(largest, f64::min).max(largest * 1e-9);
        let (from, to) = (libm::log10(least) - 0.05, libm::log10(largest) + 0.05);
        let scale = Scale { from, to: to.max(from + 0.3), low: plot.bottom, high: plot.top };
        let mut ticks: Vec<Tick> = Vec::new();
        // Ones first, then the others where there is room.
        for digit in [1.0, 5.0, 2.0, 3.0, 1.5, 7.0] {
            for power in -12..=15 {
                let number_at = digit * libm::pow(10.0, f64::from(power));
                let at = libm::log10(number_at);
                let fits = at >= scale.from && at <= scale.to;
                if fits && ticks.iter().all(|tick| (scale.at(tick.at) - scale.at(at)).abs() >= 60.0) {
                    ticks.push(Tick { at, label: number(number_at) });
                }
            }
        }
        Vertical { scale, ticks }
    }

    fn at(&self, value: f64) -> f64 {
        self.scale.at(libm::log10(value))
    }
}
