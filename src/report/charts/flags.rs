//! Words about places on the horizontal axis, on poles above the data so that they never cover it.

use plotters::style::text_anchor::HPos;
use plotters_backend::DrawingBackend;

use super::ChartError;
use super::canvas::{Canvas, Frame, fit, width};
use super::frame::MARGIN;
use super::look::{Stroke, Type};

const HEIGHT: f64 = 34.0;
const GAP: f64 = 10.0;
/// More rows than this would leave too little of the plot; what finds no room has no words.
const MOST_ROWS: usize = 5;

/// A place and its words.
#[derive(Debug, Clone)]
pub(super) struct Flag {
    /// In pixels.
    pub x: f64,
    pub text: String,
    pub kind: FlagKind,
}

/// What a flag is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct FlagKind {
    pub face: Type,
    pub pole: Stroke,
    /// Whether the pole goes on through the data.
    pub crosses: bool,
}

/// Flags in rows, none over another; row 0 is next to the data.
pub(super) struct Flags {
    placed: Vec<(Flag, usize)>,
}

impl Flags {
    /// From the right to the left, each in the lowest row in which it reaches no other.
    pub(super) fn place(mut flags: Vec<Flag>, figure: Frame) -> Result<Flags, ChartError> {
        flags.sort_by(|a, b| b.x.total_cmp(&a.x));
        let mut placed: Vec<(Flag, usize)> = Vec::new();
        for mut flag in flags {
            flag.text = fit(&flag.text, flag.kind.face, figure.right - MARGIN - flag.x - GAP);
            let end = flag.x + width(&flag.text, flag.kind.face)? + 3.0 * GAP;
            let taken = |row: usize| placed.iter().any(|(other, at)| *at == row && other.x < end);
            let row = (0..MOST_ROWS).find(|row| !taken(*row));
            placed.extend(row.map(|row| (flag, row)));
        }
        Ok(Flags { placed })
    }

    /// What is left of `plot` for the data.
    pub(super) fn below(&self, plot: Frame) -> Frame {
        let rows = self.placed.iter().map(|(_, row)| row + 1).max().unwrap_or(0);
        Frame { top: plot.top + HEIGHT * rows as f64, ..plot }
    }

    /// Draws them above `data`, which [`Flags::below`] gave.
    pub(super) fn draw<DB: DrawingBackend>(&self, canvas: &Canvas<DB>, data: Frame) -> Result<(), ChartError> {
        for (flag, row) in &self.placed {
            let top = data.top - HEIGHT * (*row as f64 + 1.0) + 6.0;
            let foot = if flag.kind.crosses { data.bottom } else { data.top };
            canvas.line(&[(flag.x, foot), (flag.x, top)], flag.kind.pole)?;
            canvas.text(&flag.text, (flag.x + GAP, top + HEIGHT / 2.0 - 6.0), flag.kind.face, HPos::Left)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::font;
    use super::super::look::{LEADER, NOTE};
    use super::*;

    const FIGURE: Frame = Frame { left: 0.0, top: 0.0, right: 1800.0, bottom: 1000.0 };

    fn rows(places: &[f64]) -> Result<Vec<usize>, ChartError> {
        font::register()?;
        let kind = FlagKind { face: NOTE, pole: LEADER, crosses: false };
        let flags = places.iter().map(|x| Flag { x: *x, text: "1 Apr".into(), kind }).collect();
        Ok(Flags::place(flags, FIGURE)?.placed.into_iter().map(|(_, row)| row).collect())
    }

    #[test]
    fn flags_that_would_cover_each_other_take_rows() -> Result<(), ChartError> {
        assert_eq!(rows(&[300.0, 310.0, 600.0])?, [0, 0, 1]);
        Ok(())
    }

    #[test]
    fn a_flag_without_room_is_left_out() -> Result<(), ChartError> {
        assert_eq!(rows(&[300.0; 9])?, [0, 1, 2, 3, 4]);
        Ok(())
    }
}
