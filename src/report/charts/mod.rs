//! Figures of a result, as SVG or PNG: one file for each figure.
//!
//! A figure is a plain value that whoever has the numbers fills in; [`render`] turns it into the bytes of a file. Strings
//! may hold anything: control characters are dropped, long ones shortened. Numbers may be anything too: what is not
//! finite or beyond 1e15 is left out, and a figure without data says so. The same figure gives the same bytes on every
//! machine, with or without fonts.

mod amplification;
mod axis;
mod breakdown;
mod canvas;
mod columns;
mod comparison;
mod curves;
mod flags;
mod font;
mod frame;
mod latency;
mod learnt;
mod likeness;
mod look;
mod over_time;
mod quota;
mod raster;
mod rows;
mod text;
mod trend;

use std::error::Error;
use std::fmt;

use plotters::backend::SVGBackend;
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters_backend::DrawingBackend;

pub use amplification::{Amplification, AmplifiedCell};
pub use breakdown::{Breakdown, BrokenDown, FATES, TIMES};
pub use comparison::{Bounds, ComparedCell, Comparison, Estimate, Measured};
pub use latency::{CumulativeLatency, LatencyCurve, LatencyObjective, LatencyView};
pub use learnt::{Learnt, LearntCurve, LearntKind, LearntPanel};
pub use likeness::{Likeness, LikenessPanel, LikenessPoint};
pub use over_time::{LimitLine, OverTime};
pub use quota::{Exhaustion, QuotaCurve, QuotaReset, QuotaUse};

use raster::Raster;

/// Width of every figure in pixels, for twice the usual screen density.
pub const WIDTH: u32 = 1800;
/// Height of most figures in pixels.
pub const HEIGHT: u32 = 1000;

/// Something that can be drawn.
pub trait Chart {
    /// The headline, which is also what a screen reader says in place of the figure.
    fn title(&self) -> &str;

    /// Width and height in pixels.
    fn size(&self) -> (u32, u32) {
        (WIDTH, HEIGHT)
    }

    /// Draws the figure over the whole of `area`, which should be of [`Chart::size`].
    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Result<(), ChartError>;
}

/// The kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Lines and text, at any size.
    Svg,
    /// Pixels, with the text drawn in.
    Png,
}

impl Format {
    /// `svg` or `png`.
    pub fn extension(self) -> &'static str {
        match self {
            Format::Svg => "svg",
            Format::Png => "png",
        }
    }
}

/// Why a figure could not be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChartError {
    /// The embedded font failed.
    Font(String),
    /// The drawing backend failed.
    Draw(String),
    /// The picture could not be written as a file.
    Encode(String),
}

impl fmt::Display for ChartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ChartError::Font(cause) => write!(f, "cannot set the text of a figure: {cause}"),
            ChartError::Draw(cause) => write!(f, "cannot draw a figure: {cause}"),
            ChartError::Encode(cause) => write!(f, "cannot encode a figure: {cause}"),
        }
    }
}

impl Error for ChartError {}

/// The bytes of `chart` as a file of `format`.
pub fn render(chart: &impl Chart, format: Format) -> Result<Vec<u8>, ChartError> {
    match format {
        Format::Svg => svg(chart),
        Format::Png => png(chart),
    }
}

fn svg(chart: &impl Chart) -> Result<Vec<u8>, ChartError> {
    let mut document = String::new();
    draw(chart, SVGBackend::with_string(&mut document, chart.size()))?;
    Ok(with_spoken_title(&document, chart.title()).into_bytes())
}

fn png(chart: &impl Chart) -> Result<Vec<u8>, ChartError> {
    let mut samples = Raster::buffer(chart.size());
    draw(chart, Raster::new(&mut samples, chart.size()))?;
    Raster::encode(&samples, chart.size())
}

fn draw<DB: DrawingBackend>(chart: &impl Chart, backend: DB) -> Result<(), ChartError> {
    let area = backend.into_drawing_area();
    chart.draw(&area)?;
    area.present().map_err(|e| ChartError::Draw(e.to_string()))
}

/// The SVG backend has no element for what a screen reader says, so it goes in behind the opening tag.
fn with_spoken_title(document: &str, title: &str) -> String {
    let title = text::clean(title).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    document.replacen(
        "xmlns=\"http://www.w3.org/2000/svg\">",
        &format!("xmlns=\"http://www.w3.org/2000/svg\" role=\"img\">\n<title>{title}</title>"),
        1,
    )
}

#[cfg(test)]
mod tests;
