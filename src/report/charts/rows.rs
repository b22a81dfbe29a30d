//! Cells as rows with their names at the left, for the figures that show all of them side by side.

use plotters::style::text_anchor::HPos;
use plotters_backend::DrawingBackend;

use super::ChartError;
use super::canvas::{Canvas, Frame};
use super::frame::MARGIN;
use super::look::{GRID, LABEL, NOTE, TINT};

/// More rows than this are a table's work; the rest is counted, not drawn.
pub(super) const MOST_ROWS: usize = 40;
/// From one row to the next.
pub(super) const ROW: f64 = 72.0;
/// Left of the plots, for the names.
pub(super) const NAME_ROOM: f64 = 380.0;

/// What a row stands for.
pub(super) trait Row {
    /// The cell.
    fn label(&self) -> &str;

    /// Whether this is the one to choose.
    fn is_recommended(&self) -> bool;
}

/// The rows of `cells` that are drawn.
pub(super) fn drawn<R>(cells: &[R]) -> &[R] {
    &cells[..cells.len().min(MOST_ROWS)]
}

/// The height of the rows of `cells`, at least that of two, which words for no data need.
pub(super) fn height<R>(cells: &[R]) -> f64 {
    drawn(cells).len().max(2) as f64 * ROW
}

/// Where the rows of `cells` are that begin at height `top`.
pub(super) fn place<DB: DrawingBackend, R>(canvas: &Canvas<DB>, cells: &[R], top: f64) -> Frame {
    let bottom = top + ROW * drawn(cells).len() as f64;
    Frame { left: MARGIN, top, right: canvas.frame().right - MARGIN, bottom }
}

/// The height of the middle of the `at`-th row.
pub(super) fn middle(rows: Frame, at: usize) -> f64 {
    rows.top + ROW * (at as f64 + 0.5)
}

/// Draws the names, each with a rule below it, and marks the one to choose.
pub(super) fn draw_names<DB: DrawingBackend, R: Row>(
    canvas: &Canvas<DB>,
    rows: Frame,
    cells: &[R],
) -> Result<(), ChartError> {
    const OVERHANG: f64 = 24.0;
    let (left, right) = (rows.left - OVERHANG, rows.right + OVERHANG);
    for (i, cell) in drawn(cells).iter().enumerate() {
        let y = middle(rows, i);
        let (top, bottom) = (y - ROW / 2.0, y + ROW / 2.0);
        let name = |text: &str, y: f64| canvas.text_within(text, (rows.left, y), LABEL, HPos::Left, NAME_ROOM - 30.0);
        if cell.is_recommended() {
            canvas.block(Frame { left, right, top, bottom }, TINT, 1.0)?;
            name(&format!("★ {}", cell.label()), y - 13.0)?;
            canvas.text("recommended", (rows.left + 32.0, y + 18.0), NOTE, HPos::Left)?;
        } else {
            name(cell.label(), y)?;
        }
        canvas.line(&[(left, bottom), (right, bottom)], GRID)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_grows_with_its_rows_up_to_forty() {
        assert_eq!([0, 2, 3, 40, 1000].map(|rows| height(&vec![(); rows]) / ROW), [2.0, 2.0, 3.0, 40.0, 40.0]);
        let rows = Frame { left: 0.0, top: 100.0, right: 1.0, bottom: 100.0 + 3.0 * ROW };
        assert_eq!((middle(rows, 0), middle(rows, 2)), (100.0 + 0.5 * ROW, rows.bottom - 0.5 * ROW));
    }
}
