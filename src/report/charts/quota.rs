//! How the month's quota goes: the share of it used up, day by day, and the day on which it is gone.

use plotters::coord::Shift;
use plotters::drawing::DrawingArea;
use plotters_backend::DrawingBackend;

use super::axis::{Scale, elapsed, largest, linear, usable};
use super::canvas::{Canvas, Frame, Point};
use super::curves::{EndLabel, MOST_CURVES, curve, end_labels, plot_of_curves};
use super::flags::{Flag, FlagKind, Flags};
use super::frame::{AXIS_ROOM, horizontal_axis, no_data, panel_title, since, vertical_axis};
use super::look::{BOUND, GREY, INK, LEADER, NOTE, Stroke, Type, look};
use super::text::percent;
use super::{Chart, ChartError};

/// One curve per cell, which falls back to zero where the quota resets.
#[derive(Debug, Clone, PartialEq)]
pub struct QuotaUse {
    /// The headline.
    pub title: String,
    /// What is shown: the scenario, the number of replications.
    pub subtitle: String,
    /// The civil time at which the run starts, for the axis: `2025-03-03 00:00 UTC`. May be empty.
    pub start: String,
    /// One per cell that has a monthly quota; the first ten are drawn.
    pub curves: Vec<QuotaCurve>,
    /// Where a new month brings a new quota.
    pub resets: Vec<QuotaReset>,
}

/// One cell's use of its quota.
#[derive(Debug, Clone, PartialEq)]
pub struct QuotaCurve {
    /// The cell.
    pub label: String,
    /// Days since the start (fractions allowed, rising) and the share of the current month's quota used by then: 1 is
    /// all of it. A share that falls is a reset.
    pub points: Vec<(f64, f64)>,
    /// Days since the start and the ends of the 95 % interval of the share. May be empty.
    pub band: Vec<(f64, f64, f64)>,
    /// When the quota was gone, in each month in which it was.
    pub exhausted: Vec<Exhaustion>,
}

/// The instant at which a quota is used up.
#[derive(Debug, Clone, PartialEq)]
pub struct Exhaustion {
    /// Days since the start.
    pub day: f64,
    /// The civil date, as it is shown: `19 Mar 14:05`.
    pub date: String,
}

/// The start of a new quota.
#[derive(Debug, Clone, PartialEq)]
pub struct QuotaReset {
    /// Days since the start.
    pub day: f64,
    /// As it is shown: `1 Apr`.
    pub label: String,
}

const DAY_S: f64 = 86_400.0;
const BAND: f64 = 0.18;
const EXHAUSTED: FlagKind = FlagKind { face: Type { color: INK, ..NOTE }, pole: LEADER, crosses: false };
const RESET: FlagKind =
    FlagKind { face: NOTE, pole: Stroke { color: GREY, width: 2, dash: &[4.0, 6.0] }, crosses: true };

impl Chart for QuotaUse {
    fn title(&self) -> &str {
        &self.title
    }

    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Result<(), ChartError> {
        let canvas = Canvas::new(area)?;
        let plot = plot_of_curves(&canvas, (&self.title, &self.subtitle), self.curves.len())?;
        let whole = canvas.frame();
        if self.last_day() <= 0.0 {
            return no_data(&canvas, Frame { right: whole.right - AXIS_ROOM, ..plot });
        }
        let days = Scale { from: 0.0, to: self.last_day(), low: plot.left, high: plot.right };
        let flags = Flags::place(self.flags(&days), whole)?;
        panel_title(&canvas, plot, "share of the month's quota used (100 %: it is gone)", "")?;
        let data = flags.below(plot);
        let ticks = linear(self.most_used().max(1.0), 5, percent);
        let most = ticks.last().map_or(1.0, |tick| tick.at);
        let share = Scale { from: 0.0, to: most, low: data.bottom, high: data.top };
        vertical_axis(&canvas, data, &share, &ticks)?;
        let axes = Axes { days, share };
        let full = share.at(1.0);
        canvas.line(&[(plot.left, full), (plot.right, full)], BOUND)?;
        flags.draw(&canvas, data)?;
        self.draw_curves(&canvas, data, &axes)?;
        self.draw_dots(&canvas, &axes)?;
        self.draw_time(&canvas, data)
    }
}

struct Axes {
    days: Scale,
    share: Scale,
}

impl Axes {
    fn place(&self, day: f64, share: f64) -> Point {
        (self.days.at(day), self.share.at(share))
    }
}

impl QuotaUse {
    fn drawn(&self) -> &[QuotaCurve] {
        &self.curves[..self.curves.len().min(MOST_CURVES)]
    }

    fn last_day(&self) -> f64 {
        largest(self.drawn().iter().flat_map(QuotaCurve::good).map(|(day, _)| day))
    }

    fn most_used(&self) -> f64 {
        largest(self.drawn().iter().flat_map(QuotaCurve::good).map(|(_, share)| share))
    }

    fn draw_curves<DB: DrawingBackend>(&self, canvas: &Canvas<DB>, plot: Frame, axes: &Axes) -> Result<(), ChartError> {
        let cells = self.drawn();
        for (i, cell) in cells.iter().enumerate() {
            canvas.fill(&cell.band_outline(axes), look(i).stroke.color, BAND)?;
        }
        let mut labels = Vec::new();
        for (i, cell) in cells.iter().enumerate() {
            let points: Vec<(f64, f64)> = cell.good().collect();
            // A new quota begins a new line: nothing was given back.
            for month in points.chunk_by(|a, b| b.1 >= a.1) {
                let line: Vec<Point> = month.iter().map(|(day, share)| axes.place(*day, *share)).collect();
                curve(canvas, &line, look(i), (i, cells.len()))?;
            }
            let end = points.last().map_or(0.0, |(_, share)| *share);
            let y = axes.share.at(end);
            labels.push(EndLabel { y, name: cell.label.clone(), note: cell.note(), look: look(i) });
        }
        end_labels(canvas, plot, &labels)
    }

    fn draw_dots<DB: DrawingBackend>(&self, canvas: &Canvas<DB>, axes: &Axes) -> Result<(), ChartError> {
        let run = 0.0..=axes.days.to;
        for (i, cell) in self.drawn().iter().enumerate() {
            for exhaustion in cell.exhausted.iter().filter(|exhaustion| run.contains(&exhaustion.day)) {
                canvas.marker(axes.place(exhaustion.day, 1.0), look(i).marker, look(i).stroke.color, 13.0)?;
            }
        }
        Ok(())
    }

    fn draw_time<DB: DrawingBackend>(&self, canvas: &Canvas<DB>, plot: Frame) -> Result<(), ChartError> {
        let seconds = self.last_day() * DAY_S;
        let scale = Scale { from: 0.0, to: seconds, low: plot.left, high: plot.right };
        let axis = elapsed(seconds, 15);
        let title = since(axis.unit, &self.start);
        horizontal_axis(canvas, plot, &scale, &axis.ticks, &title)
    }

    /// The dates of resets and exhaustions.
    fn flags(&self, days: &Scale) -> Vec<Flag> {
        let resets = self.resets.iter().map(|reset| (reset.day, &reset.label, RESET));
        let exhausted = self.drawn().iter().flat_map(|cell| &cell.exhausted);
        let events = resets.chain(exhausted.map(|exhaustion| (exhaustion.day, &exhaustion.date, EXHAUSTED)));
        events
            .filter(|(day, ..)| (0.0..=days.to).contains(day))
            .map(|(day, text, kind)| Flag { x: days.at(day), text: text.clone(), kind })
            .collect()
    }
}

impl QuotaCurve {
    fn good(&self) -> impl Iterator<Item = (f64, f64)> {
        self.points.iter().copied().filter(|(day, share)| usable(*day) && usable(*share) && *day >= 0.0)
    }

    fn band_outline(&self, axes: &Axes) -> Vec<Point> {
        let good = || self.band.iter().filter(|(day, low, high)| [day, low, high].into_iter().all(|v| usable(*v)));
        let upper = good().map(|(day, _, high)| axes.place(*day, *high));
        let lower = good().rev().map(|(day, low, _)| axes.place(*day, *low));
        upper.chain(lower).collect()
    }

    fn note(&self) -> String {
        match (self.exhausted.first(), self.good().last()) {
            (Some(exhaustion), _) => format!("gone on {}", exhaustion.date),
            (None, Some((_, share))) => format!("{} used at the end", percent(share)),
            (None, None) => "no data".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reset(day: f64) -> QuotaReset {
        QuotaReset { day, label: "1 Apr".into() }
    }

    fn chart(resets: Vec<QuotaReset>) -> QuotaUse {
        let cell = QuotaCurve {
            label: "cell".into(),
            points: vec![(0.0, 0.0), (30.0, 0.4)],
            band: Vec::new(),
            exhausted: Vec::new(),
        };
        QuotaUse { title: String::new(), subtitle: String::new(), start: String::new(), curves: vec![cell], resets }
    }

    #[test]
    fn a_flag_outside_the_run_is_left_out() {
        let days = Scale { from: 0.0, to: 30.0, low: 0.0, high: 1000.0 };
        let chart = chart(vec![reset(-1.0), reset(31.0), reset(f64::NAN), reset(15.0)]);
        assert_eq!(chart.flags(&days).iter().map(|flag| flag.x).collect::<Vec<_>>(), [500.0]);
    }

    #[test]
    fn the_end_of_a_curve_says_when_the_quota_was_gone() {
        let mut cell = chart(Vec::new()).curves.remove(0);
        assert_eq!(cell.note(), "40 % used at the end");
        cell.exhausted.push(Exhaustion { day: 19.0, date: "22 Mar".into() });
        assert_eq!(cell.note(), "gone on 22 Mar");
    }
}
