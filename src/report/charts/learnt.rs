//! What clients learnt to allow themselves over time: a rate, calls in flight, a share of calls turned down.

use plotters::coord::Shift;
use plotters::drawing::DrawingArea;
use plotters_backend::DrawingBackend;

use super::axis::{Scale, largest, linear, usable};
use super::canvas::{Canvas, Frame};
use super::columns::columns;
use super::curves::{MOST_CURVES, NAME_HEIGHT, NAME_ROOM};
use super::frame::{
    AXIS_FLOOR, AXIS_ROOM, heading, horizontal_axis, no_data, panel_title, since, ticked_base, vertical_axis,
    with_omitted,
};
use super::look::{BOUND, look};
use super::text::{number, percent};
use super::trend::{Steps, Trend, draw_trends};
use super::{Chart, ChartError, LimitLine, WIDTH};

/// A panel for each kind of thing that is learnt, with a curve for each cell that learns it.
#[derive(Debug, Clone, PartialEq)]
pub struct Learnt {
    /// The headline.
    pub title: String,
    /// What is shown: the scenario, which run.
    pub subtitle: String,
    /// The civil time at which the run starts, for the axis. May be empty.
    pub start: String,
    /// Length of one interval in seconds, above 0.
    pub interval_s: f64,
    /// From top to bottom.
    pub panels: Vec<LearntPanel>,
}

/// One kind of thing that is learnt.
#[derive(Debug, Clone, PartialEq)]
pub struct LearntPanel {
    /// What it is.
    pub kind: LearntKind,
    /// What the tier really allows, if that is known in the same unit.
    pub limit: Option<LimitLine>,
    /// One per cell; the first ten are drawn.
    pub curves: Vec<LearntCurve>,
}

/// What can be learnt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LearntKind {
    /// Calls a second.
    Rate,
    /// Calls in flight.
    Window,
    /// The share of calls that the client turns down itself, 0 to 1.
    Refusal,
}

impl LearntKind {
    fn title(self) -> &'static str {
        match self {
            LearntKind::Rate => "calls a second that a client lets itself send",
            LearntKind::Window => "calls in flight that a client allows itself",
            LearntKind::Refusal => "share of calls that a client turns down itself",
        }
    }

    fn format(self, value: f64) -> String {
        match self {
            LearntKind::Rate | LearntKind::Window => number(value),
            LearntKind::Refusal => percent(value),
        }
    }
}

/// What one cell's client learnt.
#[derive(Debug, Clone, PartialEq)]
pub struct LearntCurve {
    /// The cell.
    pub label: String,
    /// Its mean over the time of each interval, at least 0; NaN while it holds nothing back.
    pub levels: Vec<f64>,
}

/// As many as show a sawtooth.
const MOST_POINTS: usize = 400;
/// Title and subtitle.
const HEAD: f64 = 148.0;
/// Above a panel, for its title, and below the last one.
const PANEL_HEAD: f64 = 80.0;
const LEAST_PANEL: f64 = 330.0;

impl Chart for Learnt {
    fn title(&self) -> &str {
        &self.title
    }

    fn size(&self) -> (u32, u32) {
        let panels: f64 = self.panels.iter().map(|panel| PANEL_HEAD + panel.height()).sum();
        (WIDTH, (HEAD + panels.max(PANEL_HEAD + LEAST_PANEL) + AXIS_FLOOR) as u32)
    }

    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Result<(), ChartError> {
        let canvas = Canvas::new(area)?;
        let curves = || self.panels.iter().flat_map(|panel| &panel.curves);
        let omitted = self.panels.iter().map(|panel| panel.curves.len() - panel.drawn().len()).sum::<usize>();
        heading(&canvas, &self.title, &with_omitted(&self.subtitle, omitted, 0))?;
        let whole = canvas.frame();
        let row = Frame { left: AXIS_ROOM, top: HEAD, right: whole.right - NAME_ROOM, bottom: whole.bottom };
        let intervals = curves().map(|curve| curve.levels.len()).max().unwrap_or(0);
        let Some(steps) = Steps::new(row, intervals, self.interval_s, MOST_POINTS) else {
            let bottom = whole.bottom - AXIS_FLOOR;
            return no_data(&canvas, Frame { right: whole.right - AXIS_ROOM, bottom, ..row });
        };
        let mut top = HEAD;
        for (i, panel) in self.panels.iter().enumerate() {
            let plot = Frame { top: top + PANEL_HEAD, bottom: top + PANEL_HEAD + panel.height(), ..row };
            self.draw_panel(&canvas, plot, panel, &steps)?;
            if i + 1 == self.panels.len() {
                horizontal_axis(&canvas, plot, &steps.scale, &steps.axis.ticks, &since(steps.axis.unit, &self.start))?;
            } else {
                ticked_base(&canvas, plot, &steps.scale, &steps.axis.ticks)?;
            }
            top = plot.bottom;
        }
        Ok(())
    }
}

impl Learnt {
    fn draw_panel<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<DB>,
        plot: Frame,
        panel: &LearntPanel,
        steps: &Steps,
    ) -> Result<(), ChartError> {
        let trends: Vec<Trend> = panel.drawn().iter().map(|curve| self.trend(curve, panel.kind, steps.group)).collect();
        let limit = panel.limit.as_ref().filter(|limit| usable(limit.per_interval));
        let values = trends.iter().flat_map(|trend| trend.values.iter().copied());
        let ticks =
            linear(largest(values.chain(limit.map(|limit| limit.per_interval))), 4, |value| panel.kind.format(value));
        let to = ticks.last().map_or(1.0, |tick| tick.at);
        let scale = Scale { from: 0.0, to, low: plot.bottom, high: plot.top };
        let note = limit.map_or(String::new(), |limit| format!("dashed: {}", limit.label));
        panel_title(canvas, plot, panel.kind.title(), &note)?;
        vertical_axis(canvas, plot, &scale, &ticks)?;
        if let Some(limit) = limit {
            let y = scale.at(limit.per_interval);
            canvas.line(&[(plot.left, y), (plot.right, y)], BOUND)?;
        }
        draw_trends(canvas, plot, (steps, &scale), &trends)
    }

    fn trend<'a>(&self, curve: &'a LearntCurve, kind: LearntKind, group: usize) -> Trend<'a> {
        let mut values = vec![f64::NAN; curve.levels.len().div_ceil(group)];
        for column in columns(&curve.levels, group) {
            values[column.from / group] = column.mean;
        }
        // A client looks alike in each panel.
        let mut names: Vec<&str> = Vec::new();
        for other in self.panels.iter().flat_map(LearntPanel::drawn) {
            if !names.contains(&other.label.as_str()) {
                names.push(&other.label);
            }
        }
        let index = names.iter().position(|name| *name == curve.label).unwrap_or(0);
        Trend { name: &curve.label, note: note(&curve.levels, kind), values, look: look(index) }
    }
}

impl LearntPanel {
    fn drawn(&self) -> &[LearntCurve] {
        &self.curves[..self.curves.len().min(MOST_CURVES)]
    }

    fn height(&self) -> f64 {
        LEAST_PANEL.max(self.drawn().len() as f64 * NAME_HEIGHT)
    }
}

/// Between which values it is, and its mean.
fn note(levels: &[f64], kind: LearntKind) -> String {
    match columns(levels, levels.len()).first() {
        Some(all) => {
            let [least, most, mean] = [all.least, all.most, all.mean].map(|value| kind.format(value));
            format!("{least} to {most}, mean {mean}")
        }
        None => "holds nothing back".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_says_between_which_values() {
        assert_eq!(note(&[f64::NAN, 2.0, 4.0], LearntKind::Rate), "2 to 4, mean 3");
        assert_eq!(note(&[f64::NAN], LearntKind::Window), "holds nothing back");
        assert_eq!(note(&[], LearntKind::Refusal), "holds nothing back");
    }
}
