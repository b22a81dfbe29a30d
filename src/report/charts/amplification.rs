//! By how much clients amplify their traffic: the calls that they send for each new request, over time.

use plotters::coord::Shift;
use plotters::drawing::DrawingArea;
use plotters_backend::DrawingBackend;

use super::axis::{Scale, largest, linear, usable};
use super::canvas::{Canvas, Frame};
use super::curves::{MOST_CURVES, plot_of_curves};
use super::frame::{AXIS_ROOM, horizontal_axis, no_data, panel_title, since, vertical_axis};
use super::look::{BOUND, look};
use super::text::{interval_name, number};
use super::trend::{Steps, Trend, draw_trends};
use super::{Chart, ChartError};

/// One curve per cell. At 1 each new request comes with one call; a client whose retries keep it above that long after their
/// cause is gone is in a retry storm.
#[derive(Debug, Clone, PartialEq)]
pub struct Amplification {
    /// The headline.
    pub title: String,
    /// What is shown: the scenario, the number of replications.
    pub subtitle: String,
    /// The civil time at which the run starts, for the axis. May be empty.
    pub start: String,
    /// Length of one interval in seconds, above 0.
    pub interval_s: f64,
    /// One per cell; the first ten are drawn.
    pub curves: Vec<AmplifiedCell>,
}

/// One cell's calls.
#[derive(Debug, Clone, PartialEq)]
pub struct AmplifiedCell {
    /// The cell.
    pub label: String,
    /// Requests that arrived in each interval, at least 0.
    pub requests: Vec<f64>,
    /// Calls that the client sent in the same intervals, for whichever requests.
    pub calls: Vec<f64>,
}

/// More points than this are noise: each needs requests enough for a ratio.
const MOST_POINTS: usize = 120;

impl Chart for Amplification {
    fn title(&self) -> &str {
        &self.title
    }

    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Result<(), ChartError> {
        let canvas = Canvas::new(area)?;
        let plot = plot_of_curves(&canvas, (&self.title, &self.subtitle), self.curves.len())?;
        let whole = canvas.frame();
        let intervals = self.curves.iter().map(|cell| cell.requests.len()).max().unwrap_or(0);
        let Some(steps) = Steps::new(plot, intervals, self.interval_s, MOST_POINTS) else {
            return no_data(&canvas, Frame { right: whole.right - AXIS_ROOM, ..plot });
        };
        let trends = self.trends(steps.group);
        let most = largest(trends.iter().flat_map(|trend| trend.values.iter().copied()));
        let ticks = linear(most.max(1.0), 5, number);
        let to = ticks.last().map_or(1.0, |tick| tick.at);
        let scale = Scale { from: 0.0, to, low: plot.bottom, high: plot.top };
        let title = format!("calls in each {}, for each request that arrives in it", interval_name(steps.span_s()));
        panel_title(&canvas, plot, &title, "dashed: one call each")?;
        vertical_axis(&canvas, plot, &scale, &ticks)?;
        canvas.line(&[(plot.left, scale.at(1.0)), (plot.right, scale.at(1.0))], BOUND)?;
        draw_trends(&canvas, plot, (&steps, &scale), &trends)?;
        horizontal_axis(&canvas, plot, &steps.scale, &steps.axis.ticks, &since(steps.axis.unit, &self.start))
    }
}

impl Amplification {
    fn trends<'a>(&'a self, group: usize) -> Vec<Trend<'a>> {
        let trend = |(i, cell): (usize, &'a AmplifiedCell)| {
            let values = cell.ratios(group);
            Trend { name: &cell.label, note: note(&values), values, look: look(i) }
        };
        self.curves.iter().take(MOST_CURVES).enumerate().map(trend).collect()
    }
}

impl AmplifiedCell {
    /// Calls for each new request, `group` intervals together; NaN where there is none.
    fn ratios(&self, group: usize) -> Vec<f64> {
        let sum = |values: &[f64]| values.iter().filter(|value| usable(**value)).sum::<f64>();
        let ratio = |(calls, requests): (&[f64], &[f64])| match sum(requests) {
            requests if requests > 0.0 => sum(calls) / requests,
            _ => f64::NAN,
        };
        self.calls.chunks(group).zip(self.requests.chunks(group)).map(ratio).collect()
    }
}

/// How high it gets, and where it ends: in the mean of the last tenth.
fn note(values: &[f64]) -> String {
    let good: Vec<f64> = values.iter().copied().filter(|value| usable(*value)).collect();
    let last = &good[good.len() - good.len().div_ceil(10)..];
    if last.is_empty() {
        return "no new requests".to_owned();
    }
    let two_digits = |value: f64| number((value * 100.0).round() / 100.0);
    format!("at most {}, {} in the end", two_digits(largest(good.iter().copied())), two_digits(mean(last)))
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_of_sums_and_needs_requests() {
        let cell = AmplifiedCell {
            label: String::new(),
            requests: vec![1.0, 3.0, 0.0, 0.0, 2.0],
            calls: vec![4.0, 4.0, 5.0, 5.0, 2.0],
        };
        let ratios = cell.ratios(2);
        assert_eq!((ratios[0], ratios[2]), (2.0, 1.0));
        assert!(ratios[1].is_nan());
        assert_eq!(note(&ratios), "at most 2, 1 in the end");
        assert_eq!(note(&[f64::NAN]), "no new requests");
    }
}
