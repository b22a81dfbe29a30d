//! The embedded font: how plotters finds it, and how wide its text is.

use std::sync::OnceLock;

use plotters::style::{FontDesc, FontFamily, FontStyle, register_font};

use super::ChartError;

/// What the figures ask for. An SVG shows the first of these that its reader has: Verdana is as wide as DejaVu Sans,
/// so the layout holds on every system. For a PNG the whole list is the name of the embedded font.
pub(super) const FAMILY: FontFamily<'static> = FontFamily::Name("DejaVu Sans, Verdana, sans-serif");
/// Height of a lower-case x, in em.
pub(super) const X_HEIGHT: f64 = 0.547;
/// The size that makes the SVG backend write one em.
pub(super) const SVG_SIZE_PER_EM: f64 = 1.24;
/// The size that makes the glyph renderer draw one em: it scales by ascent plus descent.
pub(super) const RASTER_SIZE_PER_EM: f64 = (1901.0 + 483.0) / 2048.0;

static BYTES: &[u8] = include_bytes!("DejaVuSans-subset.ttf");

/// Makes the embedded font known to plotters; any number of calls.
pub(super) fn register() -> Result<(), ChartError> {
    static DONE: OnceLock<bool> = OnceLock::new();
    let done = *DONE.get_or_init(|| register_font(FAMILY.as_str(), FontStyle::Normal, BYTES).is_ok());
    if done { Ok(()) } else { Err(ChartError::Font("the embedded font is not readable".into())) }
}

/// Width in pixels of `text` where an em is `em` pixels.
pub(super) fn width(text: &str, em: f64) -> Result<f64, ChartError> {
    // The answer is in whole pixels, so ask at a large size.
    const LARGE: f64 = 1000.0;
    let font = FontDesc::new(FAMILY, LARGE * RASTER_SIZE_PER_EM, FontStyle::Normal);
    let (_, (right, _)) = font.layout_box(text).map_err(|e| ChartError::Font(e.to_string()))?;
    Ok(f64::from(right) * em / LARGE)
}
