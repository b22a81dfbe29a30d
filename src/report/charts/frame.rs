//! What every figure has around its data: title, axes, legend, and the words for no data.

use plotters::style::RGBColor;
use plotters::style::text_anchor::HPos;
use plotters_backend::DrawingBackend;

use super::ChartError;
use super::axis::{Scale, Tick};
use super::canvas::{Canvas, Frame, fit, width};
use super::look::{AXIS_LINE, GRID, LABEL, NO_DATA, NOTE, SUBTITLE, Stroke, TICK, TITLE};

/// Between the edge of the figure and its text.
pub(super) const MARGIN: f64 = 48.0;
/// Left of a plot, for the labels of its vertical axis.
pub(super) const AXIS_ROOM: f64 = 138.0;
/// Below a plot, for the labels and the title of its horizontal axis.
pub(super) const AXIS_FLOOR: f64 = 112.0;
/// Right of a plot whose last label is centred on its end.
pub(super) const LABEL_OVERHANG: f64 = 64.0;

/// Draws title and subtitle; gives the height at which the rest of the figure may begin.
pub(super) fn heading<DB: DrawingBackend>(canvas: &Canvas<DB>, title: &str, subtitle: &str) -> Result<f64, ChartError> {
    let room = canvas.frame().right - 2.0 * MARGIN;
    canvas.text_within(title, (MARGIN, 56.0), TITLE, HPos::Left, room)?;
    if subtitle.trim().is_empty() {
        return Ok(100.0);
    }
    canvas.text_within(subtitle, (MARGIN, 106.0), SUBTITLE, HPos::Left, room)?;
    Ok(148.0)
}

/// `subtitle`, and how many of `count` are not drawn where no more than `most` are.
pub(super) fn with_omitted(subtitle: &str, count: usize, most: usize) -> String {
    match count.saturating_sub(most) {
        0 => subtitle.to_owned(),
        more => format!("{subtitle} ({more} more not drawn)").trim().to_owned(),
    }
}

/// The title of a vertical axis, written above it where it needs no turning of the head, and a note at the right.
pub(super) fn panel_title<DB: DrawingBackend>(
    canvas: &Canvas<DB>,
    plot: Frame,
    title: &str,
    note: &str,
) -> Result<(), ChartError> {
    let above = plot.top - 30.0;
    let note_width = width(note, NOTE)?;
    canvas.text_within(title, (MARGIN, above), LABEL, HPos::Left, plot.right - MARGIN - note_width - 30.0)?;
    canvas.text(note, (plot.right, above), NOTE, HPos::Right)
}

/// Horizontal rules with their labels at the left of the plot.
pub(super) fn vertical_axis<DB: DrawingBackend>(
    canvas: &Canvas<DB>,
    plot: Frame,
    scale: &Scale,
    ticks: &[Tick],
) -> Result<(), ChartError> {
    for tick in ticks {
        let y = scale.at(tick.at);
        canvas.line(&[(plot.left, y), (plot.right, y)], GRID)?;
        canvas.text(&tick.label, (plot.left - 16.0, y), TICK, HPos::Right)?;
    }
    Ok(())
}

/// The base line with its ticks, and below it their labels and the title of the axis. Drawn after the data.
pub(super) fn horizontal_axis<DB: DrawingBackend>(
    canvas: &Canvas<DB>,
    plot: Frame,
    scale: &Scale,
    ticks: &[Tick],
    title: &str,
) -> Result<(), ChartError> {
    ticked_base(canvas, plot, scale, ticks)?;
    for tick in ticks {
        canvas.text(&tick.label, (scale.at(tick.at), plot.bottom + 30.0), TICK, HPos::Center)?;
    }
    let middle = (plot.left + plot.right) / 2.0;
    canvas.text_within(title, (middle, plot.bottom + 76.0), LABEL, HPos::Center, plot.right - plot.left)
}

/// The title of an axis of time: `days since 2025-03-03 00:00 UTC`.
pub(super) fn since(unit: &str, start: &str) -> String {
    match start.trim() {
        "" => format!("{unit} since the start"),
        start => format!("{unit} since {start}"),
    }
}

/// The base line with its ticks, without words.
pub(super) fn ticked_base<DB: DrawingBackend>(
    canvas: &Canvas<DB>,
    plot: Frame,
    scale: &Scale,
    ticks: &[Tick],
) -> Result<(), ChartError> {
    canvas.line(&[(plot.left, plot.bottom), (plot.right, plot.bottom)], AXIS_LINE)?;
    for tick in ticks {
        let x = scale.at(tick.at);
        canvas.line(&[(x, plot.bottom), (x, plot.bottom + 10.0)], AXIS_LINE)?;
    }
    Ok(())
}

/// How a legend shows one series.
#[derive(Debug, Clone, Copy)]
pub(super) enum Swatch {
    Line(Stroke),
    /// A filled area with a line on top.
    Area(Stroke, f64),
    Band(RGBColor, f64),
}

/// One row of swatches and their names, from `left` at height `y`; what does not fit any more is left out.
pub(super) fn legend<DB: DrawingBackend>(
    canvas: &Canvas<DB>,
    (left, y): (f64, f64),
    entries: &[(Swatch, String)],
) -> Result<(), ChartError> {
    const SAMPLE: f64 = 58.0;
    const LONGEST_NAME: f64 = 420.0;
    let mut x = left;
    for (swatch, name) in entries {
        let name = fit(name, LABEL, LONGEST_NAME);
        let name_width = width(&name, LABEL)?;
        if x + SAMPLE + 14.0 + name_width > canvas.frame().right - MARGIN {
            break;
        }
        sample(canvas, Frame { left: x, top: y - 13.0, right: x + SAMPLE, bottom: y + 13.0 }, *swatch)?;
        canvas.text(&name, (x + SAMPLE + 14.0, y), LABEL, HPos::Left)?;
        x += SAMPLE + 14.0 + name_width + 44.0;
    }
    Ok(())
}

fn sample<DB: DrawingBackend>(canvas: &Canvas<DB>, at: Frame, swatch: Swatch) -> Result<(), ChartError> {
    let middle = (at.top + at.bottom) / 2.0;
    match swatch {
        Swatch::Line(stroke) => canvas.line(&[(at.left, middle), (at.right, middle)], stroke),
        Swatch::Band(color, alpha) => canvas.block(at, color, alpha),
        Swatch::Area(stroke, alpha) => {
            canvas.block(at, stroke.color, alpha)?;
            canvas.line(&[(at.left, at.top), (at.right, at.top)], stroke)
        }
    }
}

/// Says that there is nothing to show.
pub(super) fn no_data<DB: DrawingBackend>(canvas: &Canvas<DB>, plot: Frame) -> Result<(), ChartError> {
    let middle = ((plot.left + plot.right) / 2.0, (plot.top + plot.bottom) / 2.0);
    canvas.text("no data", middle, NO_DATA, HPos::Center)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_drawn_is_counted() {
        assert_eq!(with_omitted("20 replications", 40, 40), "20 replications");
        assert_eq!(with_omitted("20 replications", 42, 40), "20 replications (2 more not drawn)");
        assert_eq!(with_omitted("", 11, 10), "(1 more not drawn)");
    }
}
