//! What the figures draw with: lines, dashes, areas, markers and clean text in pixels, errors as [`ChartError`].

use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind};
use plotters::element::{Circle, PathElement, Polygon, Rectangle, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontDesc, FontStyle, RGBColor, ShapeStyle, TextStyle};
use plotters_backend::DrawingBackend;

use super::ChartError;
use super::font;
use super::look::{Marker, PAPER, Stroke, Type};
use super::text::{clean, shorten};

/// A place on the figure: pixels right of and below its upper left corner.
pub(super) type Point = (f64, f64);

/// A rectangle of the figure, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Frame {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

/// A drawing area with a few strokes of its own.
pub(super) struct Canvas<'a, DB: DrawingBackend> {
    area: &'a DrawingArea<DB, Shift>,
}

impl<'a, DB: DrawingBackend> Canvas<'a, DB> {
    /// A white canvas over the whole of `area`.
    pub(super) fn new(area: &'a DrawingArea<DB, Shift>) -> Result<Self, ChartError> {
        font::register()?;
        area.fill(&PAPER).map_err(failed)?;
        Ok(Canvas { area })
    }

    /// The whole figure.
    pub(super) fn frame(&self) -> Frame {
        let (width, height) = self.area.dim_in_pixel();
        Frame { left: 0.0, top: 0.0, right: f64::from(width), bottom: f64::from(height) }
    }

    /// A line through `points`, dashed if `stroke` says so.
    pub(super) fn line(&self, points: &[Point], stroke: Stroke) -> Result<(), ChartError> {
        let style = ShapeStyle { color: stroke.color.to_rgba(), filled: false, stroke_width: stroke.width };
        for piece in dashes(points, stroke.dash) {
            self.area.draw(&PathElement::new(pixels(&piece), style)).map_err(failed)?;
        }
        Ok(())
    }

    /// A filled outline; `alpha` in 0..=1 is how much it hides.
    pub(super) fn fill(&self, outline: &[Point], color: RGBColor, alpha: f64) -> Result<(), ChartError> {
        self.area.draw(&Polygon::new(pixels(outline), color.mix(alpha))).map_err(failed)
    }

    /// A filled rectangle.
    pub(super) fn block(&self, frame: Frame, color: RGBColor, alpha: f64) -> Result<(), ChartError> {
        let corners = [pixel((frame.left, frame.top)), pixel((frame.right, frame.bottom))];
        self.area.draw(&Rectangle::new(corners, color.mix(alpha).filled())).map_err(failed)
    }

    /// A marker on a white rim, so that it stands out of the lines below it.
    pub(super) fn marker(&self, at: Point, marker: Marker, color: RGBColor, radius: f64) -> Result<(), ChartError> {
        self.shape(at, marker, PAPER, radius + 3.0)?;
        self.shape(at, marker, color, radius)
    }

    fn shape(&self, at: Point, marker: Marker, color: RGBColor, radius: f64) -> Result<(), ChartError> {
        match marker.corners() {
            Some(corners) => {
                let outline: Vec<Point> = corners.iter().map(|(x, y)| (at.0 + x * radius, at.1 + y * radius)).collect();
                self.fill(&outline, color, 1.0)
            }
            None => self.area.draw(&Circle::new(pixel(at), radius.round() as u32, color.filled())).map_err(failed),
        }
    }

    /// One line of text, centred vertically on `at`.
    pub(super) fn text(&self, text: &str, at: Point, face: Type, align: HPos) -> Result<(), ChartError> {
        let font = FontDesc::new(font::FAMILY, face.em * font::SVG_SIZE_PER_EM, FontStyle::Normal);
        let style = TextStyle::from(font).color(&face.color).pos(Pos::new(align, VPos::Center));
        self.area.draw(&Text::new(clean(text), pixel(at), style)).map_err(failed)
    }

    /// Like [`Canvas::text`], shortened to `room` pixels.
    pub(super) fn text_within(
        &self,
        text: &str,
        at: Point,
        face: Type,
        align: HPos,
        room: f64,
    ) -> Result<(), ChartError> {
        self.text(&fit(text, face, room), at, face, align)
    }
}

/// Width in pixels of `text` once it is clean.
pub(super) fn width(text: &str, face: Type) -> Result<f64, ChartError> {
    font::width(&clean(text), face.em)
}

/// `text`, clean and not wider than `room` pixels.
pub(super) fn fit(text: &str, face: Type, room: f64) -> String {
    shorten(&clean(text), |short| font::width(short, face.em).is_ok_and(|width| width <= room))
}

fn failed<E: std::error::Error + Send + Sync>(error: DrawingAreaErrorKind<E>) -> ChartError {
    ChartError::Draw(error.to_string())
}

fn pixel((x, y): Point) -> (i32, i32) {
    // Far outside every figure, and far from overflow in the backends.
    const FAR: f64 = 100_000.0;
    (x.clamp(-FAR, FAR).round() as i32, y.clamp(-FAR, FAR).round() as i32)
}

fn pixels(points: &[Point]) -> Vec<(i32, i32)> {
    let mut pixels: Vec<_> = points.iter().copied().map(pixel).collect();
    pixels.dedup();
    pixels
}

/// The pieces of the line that a pen draws which is down and up in turn, for so many pixels each as `pattern` says.
/// Dashes of our own because the SVG backend has none.
fn dashes(points: &[Point], pattern: &[f64]) -> Vec<Vec<Point>> {
    if pattern.is_empty() {
        return vec![points.to_vec()];
    }
    let mut pieces = Vec::new();
    let mut piece: Vec<Point> = points.first().into_iter().copied().collect();
    let (mut turn, mut left) = (0, pattern[0]);
    for ends in points.windows(2) {
        let ((mut x, mut y), (x1, y1)) = (ends[0], ends[1]);
        let mut rest = ((x1 - x) * (x1 - x) + (y1 - y) * (y1 - y)).sqrt();
        while rest > left {
            (x, y) = (x + (x1 - x) * left / rest, y + (y1 - y) * left / rest);
            rest -= left;
            if turn % 2 == 0 {
                piece.push((x, y));
                pieces.push(std::mem::take(&mut piece));
            }
            turn += 1;
            left = pattern[turn % pattern.len()];
            if turn % 2 == 0 {
                piece.push((x, y));
            }
        }
        left -= rest;
        if turn % 2 == 0 {
            piece.push((x1, y1));
        }
    }
    pieces.push(piece);
    pieces.retain(|piece| piece.len() > 1);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dashed_line_has_its_gaps() {
        let pieces = dashes(&[(0.0, 0.0), (10.0, 0.0)], &[4.0, 2.0]);
        assert_eq!(pieces, [[(0.0, 0.0), (4.0, 0.0)], [(6.0, 0.0), (10.0, 0.0)]]);
    }

    #[test]
    fn a_dash_goes_round_a_corner() {
        let pieces = dashes(&[(0.0, 0.0), (3.0, 0.0), (3.0, 3.0)], &[4.0, 9.0]);
        assert_eq!(pieces, [[(0.0, 0.0), (3.0, 0.0), (3.0, 1.0)]]);
    }

    #[test]
    fn nothing_dashes_to_nothing() {
        assert!(dashes(&[], &[4.0, 2.0]).is_empty());
    }
}
