//! Several series over one axis of time, each with its name at its right end.

use plotters_backend::DrawingBackend;

use super::ChartError;
use super::axis::{Elapsed, Scale, elapsed, usable};
use super::canvas::{Canvas, Frame, Point};
use super::columns::group;
use super::curves::{EndLabel, curve, end_labels};
use super::look::Look;

/// An axis of time over intervals of equal length, some of which make one point.
pub(super) struct Steps {
    /// From seconds to pixels.
    pub scale: Scale,
    pub axis: Elapsed,
    /// Intervals that make a point.
    pub group: usize,
    interval_s: f64,
}

impl Steps {
    /// The axis of so many intervals of `interval_s` seconds over the width of `plot`, in at most `most` points; `None` where
    /// that is no time.
    pub(super) fn new(plot: Frame, intervals: usize, interval_s: f64, most: usize) -> Option<Self> {
        let length = intervals as f64 * interval_s;
        (interval_s > 0.0 && length > 0.0 && usable(length)).then(|| Steps {
            scale: Scale { from: 0.0, to: length, low: plot.left, high: plot.right },
            axis: elapsed(length, 10),
            group: group(intervals, interval_s, most),
            interval_s,
        })
    }

    /// Where the point is that stands for the `at`-th group of intervals: in its middle.
    fn middle(&self, at: usize) -> f64 {
        self.scale.at((at as f64 + 0.5) * self.group as f64 * self.interval_s)
    }

    /// How long a point stands for, in seconds.
    pub(super) fn span_s(&self) -> f64 {
        self.group as f64 * self.interval_s
    }
}

/// One series.
pub(super) struct Trend<'a> {
    pub name: &'a str,
    /// What stands below its name.
    pub note: String,
    /// A value for each group of intervals; one that is not usable leaves a gap.
    pub values: Vec<f64>,
    pub look: Look,
}

/// Draws `trends`, and their names beside the plot.
pub(super) fn draw_trends<DB: DrawingBackend>(
    canvas: &Canvas<DB>,
    plot: Frame,
    (steps, scale): (&Steps, &Scale),
    trends: &[Trend],
) -> Result<(), ChartError> {
    let mut labels = Vec::new();
    for (i, trend) in trends.iter().enumerate() {
        let mut end = plot.bottom;
        for run in runs(&trend.values) {
            let points: Vec<Point> = run.map(|at| (steps.middle(at), scale.at(trend.values[at]))).collect();
            curve(canvas, &points, trend.look, (i, trends.len()))?;
            end = points.last().map_or(end, |point| point.1);
        }
        labels.push(EndLabel { y: end, name: trend.name.to_owned(), note: trend.note.clone(), look: trend.look });
    }
    end_labels(canvas, plot, &labels)
}

/// The stretches of usable values.
fn runs(values: &[f64]) -> Vec<std::ops::Range<usize>> {
    let mut runs: Vec<std::ops::Range<usize>> = Vec::new();
    for at in (0..values.len()).filter(|at| usable(values[*at])) {
        match runs.last_mut() {
            Some(run) if run.end == at => run.end += 1,
            _ => runs.push(at..at + 1),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_value_leaves_a_gap() {
        assert_eq!(runs(&[f64::NAN, 1.0, 2.0, f64::INFINITY, 3.0]), [1..3, 4..5]);
        assert!(runs(&[f64::NAN]).is_empty());
    }

    #[test]
    fn a_point_is_in_the_middle_of_what_it_stands_for() {
        let plot = Frame { left: 0.0, top: 0.0, right: 1800.0, bottom: 100.0 };
        let steps = Steps::new(plot, 1800, 1.0, 120).unwrap();
        assert_eq!((steps.span_s(), steps.middle(0), steps.middle(119)), (15.0, 7.5, 1792.5));
        assert!(Steps::new(plot, 0, 1.0, 120).is_none() && Steps::new(plot, 5, f64::NAN, 120).is_none());
    }
}
