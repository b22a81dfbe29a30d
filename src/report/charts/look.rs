//! Colours, dashes, markers and sizes of type.
//!
//! The colours are told apart by the colour-blind (after Okabe and Ito) and differ in lightness; since six greys are too
//! many to tell apart, every series also has its own dash, its own marker and its name at the end of its line.

use plotters::style::RGBColor;

/// The ground of every figure.
pub(super) const PAPER: RGBColor = RGBColor(255, 255, 255);
/// Titles and labels.
pub(super) const INK: RGBColor = RGBColor(28, 32, 38);
/// What explains.
pub(super) const SOFT_INK: RGBColor = RGBColor(88, 96, 106);
/// Grid lines.
pub(super) const RULE: RGBColor = RGBColor(226, 229, 233);
/// Axes.
pub(super) const AXIS: RGBColor = RGBColor(140, 148, 158);
/// Behind a recommended row.
pub(super) const TINT: RGBColor = RGBColor(238, 243, 250);

pub(super) const NAVY: RGBColor = RGBColor(11, 61, 145);
pub(super) const ORANGE: RGBColor = RGBColor(230, 145, 0);
pub(super) const GREEN: RGBColor = RGBColor(0, 128, 96);
pub(super) const ROSE: RGBColor = RGBColor(204, 108, 158);
pub(super) const SKY: RGBColor = RGBColor(74, 160, 218);
pub(super) const VERMILLION: RGBColor = RGBColor(200, 72, 0);
pub(super) const GREY: RGBColor = RGBColor(120, 126, 134);

/// A size and colour of type; `em` in pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Type {
    pub em: f64,
    pub color: RGBColor,
}

pub(super) const TITLE: Type = Type { em: 36.0, color: INK };
pub(super) const SUBTITLE: Type = Type { em: 24.0, color: SOFT_INK };
pub(super) const LABEL: Type = Type { em: 24.0, color: INK };
pub(super) const TICK: Type = Type { em: 22.0, color: SOFT_INK };
pub(super) const NOTE: Type = Type { em: 20.0, color: SOFT_INK };
pub(super) const NO_DATA: Type = Type { em: 30.0, color: SOFT_INK };

/// How a line is drawn; `width` and the lengths of pen down and pen up in `dash` are pixels, no dash is a full line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stroke {
    pub color: RGBColor,
    pub width: u32,
    pub dash: &'static [f64],
}

impl Stroke {
    /// A full line.
    pub(super) const fn full(color: RGBColor, width: u32) -> Self {
        Stroke { color, width, dash: &[] }
    }
}

/// A limit, an objective, the quota: what a line is measured against.
pub(super) const BOUND: Stroke = Stroke { color: INK, width: 3, dash: &[14.0, 8.0] };
pub(super) const GRID: Stroke = Stroke::full(RULE, 2);
pub(super) const AXIS_LINE: Stroke = Stroke::full(AXIS, 2);
/// From a point to the text about it.
pub(super) const LEADER: Stroke = Stroke::full(AXIS, 2);

/// The shape of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marker {
    Circle,
    Square,
    Triangle,
    Diamond,
    Arrow,
    Bar,
}

impl Marker {
    /// The corners for a radius of 1, none for a circle.
    pub(super) fn corners(self) -> Option<&'static [(f64, f64)]> {
        match self {
            Marker::Circle => None,
            Marker::Square => Some(&[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]),
            Marker::Triangle => Some(&[(0.0, -1.15), (1.1, 0.85), (-1.1, 0.85)]),
            Marker::Diamond => Some(&[(0.0, -1.25), (1.25, 0.0), (0.0, 1.25), (-1.25, 0.0)]),
            Marker::Arrow => Some(&[(1.2, 0.0), (-0.9, -1.1), (-0.9, 1.1)]),
            Marker::Bar => Some(&[(-0.45, -1.2), (0.45, -1.2), (0.45, 1.2), (-0.45, 1.2)]),
        }
    }
}

/// How one of several series looks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    pub stroke: Stroke,
    pub marker: Marker,
}

const FULL: &[f64] = &[];
const LONG: &[f64] = &[18.0, 8.0];
const SHORT: &[f64] = &[6.0, 6.0];
const MIXED: &[f64] = &[26.0, 7.0, 6.0, 7.0];

const LOOKS: [Look; 10] = [
    Look::new(NAVY, FULL, Marker::Circle),
    Look::new(ORANGE, FULL, Marker::Square),
    Look::new(GREEN, LONG, Marker::Triangle),
    Look::new(ROSE, LONG, Marker::Diamond),
    Look::new(SKY, SHORT, Marker::Bar),
    Look::new(INK, MIXED, Marker::Arrow),
    Look::new(VERMILLION, SHORT, Marker::Circle),
    Look::new(NAVY, MIXED, Marker::Square),
    Look::new(SKY, FULL, Marker::Triangle),
    Look::new(GREEN, SHORT, Marker::Diamond),
];

impl Look {
    const fn new(color: RGBColor, dash: &'static [f64], marker: Marker) -> Self {
        Look { stroke: Stroke { color, width: 5, dash }, marker }
    }
}

/// The look of the series at `index`; they repeat after ten.
pub(super) fn look(index: usize) -> Look {
    LOOKS[index % LOOKS.len()]
}
