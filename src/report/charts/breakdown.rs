//! The cells side by side, taken apart: what the answered spent their time on, and what became of all requests.

use plotters::coord::Shift;
use plotters::drawing::DrawingArea;
use plotters::style::RGBColor;
use plotters::style::text_anchor::HPos;
use plotters_backend::DrawingBackend;

use super::axis::{Scale, Tick, linear, linear_time, usable};
use super::canvas::{Canvas, Frame, fit};
use super::frame::{MARGIN, Swatch, heading, legend, no_data, ticked_base, with_omitted};
use super::look::{GREEN, GREY, GRID, LABEL, NAVY, NOTE, ORANGE, ROSE, SKY, TICK, VERMILLION};
use super::rows::{self, MOST_ROWS, NAME_ROOM, Row};
use super::text::{duration, percent};
use super::{Chart, ChartError, WIDTH};

/// Where time and requests went, cell by cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Breakdown {
    /// The headline.
    pub title: String,
    /// What is shown: the scenario, the number of replications.
    pub subtitle: String,
    /// In the order to be shown, the best first; the first forty are drawn, the others counted.
    pub cells: Vec<BrokenDown>,
}

/// One cell taken apart.
#[derive(Debug, Clone, PartialEq)]
pub struct BrokenDown {
    /// The cell.
    pub label: String,
    /// Whether this is the one to choose.
    pub recommended: bool,
    /// Mean seconds of an answered request, for each of [`TIMES`].
    pub times_s: [f64; TIMES.len()],
    /// Shares of all requests, for each of [`FATES`].
    pub fates: [f64; FATES.len()],
}

/// What the time of an answered request is spent on.
pub const TIMES: [&str; 6] =
    ["the client's queue", "pacing", "others' calls", "back-off", "the provider's queue", "service"];
/// What becomes of a request: what answers it, or that nothing does.
pub const FATES: [&str; 7] =
    ["own call", "another route", "a cache", "a shared call", "canned answer", "failed", "pending"];

/// So many of them, the first ones, are answers.
const ANSWERED: usize = 5;

const TIME_COLORS: [RGBColor; TIMES.len()] = [NAVY, SKY, ROSE, ORANGE, GREY, GREEN];
const FATE_COLORS: [RGBColor; FATES.len()] = [GREEN, NAVY, SKY, ROSE, ORANGE, VERMILLION, GREY];

const BAR: f64 = 17.0;
/// The room of the title, subtitle included, and of the legends below it.
const HEAD: f64 = 340.0;
const FLOOR: f64 = 70.0;
/// Left of a legend, for what it is about.
const SUBJECT_ROOM: f64 = 130.0;
const PANEL_GAP: f64 = 110.0;
/// Right of a bar, for the number behind it.
const NUMBER_ROOM: f64 = 130.0;
/// Parts are drawn as solid as this, so that a grid shows through.
const SOLID: f64 = 0.85;

/// One of the two panels: stacked bars.
struct Panel<'c> {
    name: &'static str,
    /// What its legend is about.
    subject: &'static str,
    parts: &'static [&'static str],
    colors: &'static [RGBColor],
    of: fn(&'c BrokenDown) -> &'c [f64],
    /// What the number behind a bar says: of so many of its parts together.
    summed: usize,
    format: fn(f64) -> String,
    /// The ticks up to a value, about so many.
    ticks: fn(f64, usize) -> Vec<Tick>,
}

impl Chart for Breakdown {
    fn title(&self) -> &str {
        &self.title
    }

    fn size(&self) -> (u32, u32) {
        (WIDTH, (HEAD + rows::height(&self.cells) + FLOOR) as u32)
    }

    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Result<(), ChartError> {
        let canvas = Canvas::new(area)?;
        heading(&canvas, &self.title, &with_omitted(&self.subtitle, self.cells.len(), MOST_ROWS))?;
        let rows = rows::place(&canvas, &self.cells, HEAD);
        if self.cells.is_empty() {
            return no_data(&canvas, Frame { bottom: canvas.frame().bottom - MARGIN, ..rows });
        }
        rows::draw_names(&canvas, rows, &self.cells)?;
        let (left, wide) = (rows.left + NAME_ROOM, (rows.right - rows.left - NAME_ROOM - PANEL_GAP) / 2.0);
        let first = Frame { left, right: left + wide, ..rows };
        let times = Panel {
            name: "mean time of an answered request",
            subject: "time:",
            parts: &TIMES,
            colors: &TIME_COLORS,
            of: |cell| &cell.times_s,
            summed: TIMES.len(),
            format: duration,
            ticks: linear_time,
        };
        let fates = Panel {
            name: "all requests, and the share answered",
            subject: "requests:",
            parts: &FATES,
            colors: &FATE_COLORS,
            of: |cell| &cell.fates,
            summed: ANSWERED,
            format: percent,
            ticks: |most, count| linear(most, count, percent),
        };
        self.draw_panel(&canvas, first, &times, 168.0)?;
        self.draw_panel(&canvas, Frame { left: first.right + PANEL_GAP, right: rows.right, ..rows }, &fates, 214.0)
    }
}

impl Row for BrokenDown {
    fn label(&self) -> &str {
        &self.label
    }

    fn is_recommended(&self) -> bool {
        self.recommended
    }
}

impl Breakdown {
    fn drawn(&self) -> &[BrokenDown] {
        rows::drawn(&self.cells)
    }

    /// The bars of one panel, and its legend at height `legend_at`.
    fn draw_panel<'c, DB: DrawingBackend>(
        &'c self,
        canvas: &Canvas<DB>,
        plot: Frame,
        panel: &Panel<'c>,
        legend_at: f64,
    ) -> Result<(), ChartError> {
        let occurs = |part: &usize| self.drawn().iter().any(|cell| drawable((panel.of)(cell)[*part]) > 0.0);
        let entry = |part: usize| (Swatch::Band(panel.colors[part], SOLID), panel.parts[part].to_owned());
        let entries: Vec<(Swatch, String)> = (0..panel.parts.len()).filter(occurs).map(entry).collect();
        canvas.text(panel.subject, (MARGIN, legend_at), LABEL, HPos::Left)?;
        legend(canvas, (MARGIN + SUBJECT_ROOM, legend_at), &entries)?;
        canvas.text_within(panel.name, (plot.left, plot.top - 40.0), LABEL, HPos::Left, plot.right - plot.left)?;
        let sum = |parts: &[f64]| parts.iter().map(|part| drawable(*part)).sum::<f64>();
        let largest = self.drawn().iter().map(|cell| sum((panel.of)(cell))).fold(0.0, f64::max);
        let plot = Frame { right: plot.right - NUMBER_ROOM, ..plot };
        let scale = Scale { from: 0.0, to: largest.max(f64::MIN_POSITIVE), low: plot.left, high: plot.right };
        let mut ticks = (panel.ticks)(largest, 3);
        ticks.retain(|tick| tick.at <= 1.001 * largest);
        for tick in &ticks {
            let x = scale.at(tick.at);
            canvas.line(&[(x, plot.top), (x, plot.bottom)], GRID)?;
            canvas.text(&tick.label, (x, plot.bottom + 30.0), TICK, HPos::Center)?;
        }
        ticked_base(canvas, plot, &scale, &ticks)?;
        for (i, cell) in self.drawn().iter().enumerate() {
            let y = rows::middle(plot, i);
            let mut from = 0.0;
            for (part, color) in (panel.of)(cell).iter().zip(panel.colors) {
                let to = from + drawable(*part);
                let bar = Frame { left: scale.at(from), right: scale.at(to), top: y - BAR, bottom: y + BAR };
                canvas.block(bar, *color, SOLID)?;
                from = to;
            }
            let number = sum(&(panel.of)(cell)[..panel.summed]);
            // Shares that make one whole do so but for their rounding.
            let number = if (number - 1.0).abs() < 1e-9 { 1.0 } else { number };
            let text = fit(&(panel.format)(number), NOTE, NUMBER_ROOM);
            canvas.text(&text, (scale.at(from) + 10.0, y), NOTE, HPos::Left)?;
        }
        Ok(())
    }
}

/// What can be drawn of a part.
fn drawable(part: f64) -> f64 {
    if usable(part) { part.max(0.0) } else { 0.0 }
}
