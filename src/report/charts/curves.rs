//! Several curves in one plot, each with its name at its right end instead of in a legend.

use plotters::style::text_anchor::HPos;
use plotters_backend::DrawingBackend;

use super::ChartError;
use super::canvas::{Canvas, Frame, Point};
use super::frame::{AXIS_FLOOR, AXIS_ROOM, MARGIN, heading, with_omitted};
use super::look::{LABEL, LEADER, Look, NOTE};

/// As many as there are looks, and more would be a tangle; the rest is counted, not drawn.
pub(super) const MOST_CURVES: usize = 10;
/// Right of the plot, for the names.
pub(super) const NAME_ROOM: f64 = 560.0;
/// From one name to the next.
pub(super) const NAME_HEIGHT: f64 = 64.0;

/// Writes the heading of a chart of so many curves, and says where they stand below it: beside an axis, above another, and left
/// of their names.
pub(super) fn plot_of_curves<DB: DrawingBackend>(
    canvas: &Canvas<DB>,
    (title, subtitle): (&str, &str),
    curves: usize,
) -> Result<Frame, ChartError> {
    let top = heading(canvas, title, &with_omitted(subtitle, curves, MOST_CURVES))? + 70.0;
    let whole = canvas.frame();
    let (right, bottom) = (whole.right - NAME_ROOM, whole.bottom - AXIS_FLOOR);
    Ok(Frame { left: AXIS_ROOM, top, right, bottom })
}

/// What stands at the right end of a curve.
pub(super) struct EndLabel {
    /// Where the curve ends, in pixels.
    pub y: f64,
    pub name: String,
    /// A second line, in small type.
    pub note: String,
    pub look: Look,
}

/// Draws the names beside the plot, moved apart where curves end close together.
pub(super) fn end_labels<DB: DrawingBackend>(
    canvas: &Canvas<DB>,
    plot: Frame,
    labels: &[EndLabel],
) -> Result<(), ChartError> {
    let wanted: Vec<f64> = labels.iter().map(|label| label.y).collect();
    let edge = NAME_HEIGHT / 2.0;
    let places = spread(&wanted, NAME_HEIGHT, (plot.top + edge - 20.0, plot.bottom - edge + 20.0));
    for (label, y) in labels.iter().zip(places) {
        end_label(canvas, plot.right, label, y)?;
    }
    Ok(())
}

fn end_label<DB: DrawingBackend>(canvas: &Canvas<DB>, right: f64, label: &EndLabel, y: f64) -> Result<(), ChartError> {
    let (start, end) = (right + 46.0, right + 110.0);
    canvas.line(&[(right + 6.0, label.y), (start - 8.0, y)], LEADER)?;
    canvas.line(&[(start, y), (end, y)], label.look.stroke)?;
    canvas.marker(((start + end) / 2.0, y), label.look.marker, label.look.stroke.color, 9.0)?;
    let text = end + 18.0;
    let room = canvas.frame().right - MARGIN - text;
    canvas.text_within(&label.name, (text, y - 13.0), LABEL, HPos::Left, room)?;
    canvas.text_within(&label.note, (text, y + 16.0), NOTE, HPos::Left, room)
}

/// A line with a marker here and there, which stand at other places on each of the `count` curves.
pub(super) fn curve<DB: DrawingBackend>(
    canvas: &Canvas<DB>,
    points: &[Point],
    look: Look,
    (index, count): (usize, usize),
) -> Result<(), ChartError> {
    /// Pixels of line for one marker.
    const PITCH: f64 = 330.0;
    /// A line that goes up and down has no more than a long one.
    const MOST: f64 = 8.0;
    canvas.line(points, look.stroke)?;
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return Ok(()) };
    if first == last {
        return canvas.marker(*first, look.marker, look.stroke.color, 9.0);
    }
    // A stub between two resets needs none.
    let markers = (length(points) / PITCH + 0.7).floor().min(MOST);
    for i in 0..markers as usize {
        let share = (i as f64 + (index as f64 + 0.5) / count as f64) / markers;
        let at = along(points, share);
        canvas.marker(at, look.marker, look.stroke.color, 9.0)?;
    }
    Ok(())
}

/// The point at `share` of the way along the line through `points`.
fn along(points: &[Point], share: f64) -> Point {
    let mut left = length(points) * share;
    for ends in points.windows(2) {
        let (a, b) = (ends[0], ends[1]);
        let piece = length(ends);
        if piece > 0.0 && left <= piece {
            return (a.0 + (b.0 - a.0) * left / piece, a.1 + (b.1 - a.1) * left / piece);
        }
        left -= piece;
    }
    points.last().copied().unwrap_or_default()
}

/// Pixels along the line through `points`.
fn length(points: &[Point]) -> f64 {
    let piece = |ends: &[Point]| {
        let (dx, dy) = (ends[1].0 - ends[0].0, ends[1].1 - ends[0].1);
        (dx * dx + dy * dy).sqrt()
    };
    points.windows(2).map(piece).sum()
}

/// Places near `wanted`, in the same order, at least `gap` apart and inside `low..=high` as far as they fit.
fn spread(wanted: &[f64], gap: f64, (low, high): (f64, f64)) -> Vec<f64> {
    let gap = gap.min((high - low).max(0.0) / wanted.len().max(1) as f64);
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|a, b| wanted[*a].total_cmp(&wanted[*b]));
    let mut places = vec![0.0; wanted.len()];
    let mut least = low;
    for &i in &order {
        places[i] = wanted[i].max(least);
        least = places[i] + gap;
    }
    let mut most = high;
    for &i in order.iter().rev() {
        places[i] = places[i].min(most);
        most = places[i] - gap;
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_move_apart_and_stay_inside() {
        assert_eq!(spread(&[10.0, 10.0, 10.0], 5.0, (0.0, 100.0)), [10.0, 15.0, 20.0]);
        assert_eq!(spread(&[99.0, 98.0], 5.0, (0.0, 100.0)), [100.0, 95.0]);
        assert_eq!(spread(&[1.0; 4], 50.0, (0.0, 100.0)), [1.0, 26.0, 51.0, 76.0]);
        assert!(spread(&[], 5.0, (0.0, 100.0)).is_empty());
    }

    #[test]
    fn half_way_along_a_corner() {
        assert_eq!(along(&[(0.0, 0.0), (4.0, 0.0), (4.0, 4.0)], 0.75), (4.0, 2.0));
        assert_eq!(along(&[], 0.5), (0.0, 0.0));
    }
}
