//! Figures as pixels.
//!
//! Drawn at twice the size in each direction and averaged, which gives smooth edges and even letter spacing. Lines are
//! drawn segment by segment and text sits where SVG puts it; plotters' own bitmap backend turns a thick jagged line into
//! a polygon that crosses itself, and sets text about an eighth of an em higher than SVG does.

use std::convert::Infallible;

use plotters::style::{FontDesc, FontTransform};
use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind};

use super::ChartError;
use super::font::{RASTER_SIZE_PER_EM, SVG_SIZE_PER_EM, X_HEIGHT};

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

/// Samples per pixel, in each direction.
const FINE: i32 = 2;
/// 144 dots per inch: the figures are laid out for twice the usual screen density.
const PIXELS_PER_METRE: u32 = 5669;

/// A drawing surface over [`Raster::buffer`].
pub(super) struct Raster<'a> {
    size: (u32, u32),
    samples: &'a mut [u8],
}

impl<'a> Raster<'a> {
    /// A white buffer for a figure of `size` pixels.
    pub(super) fn buffer(size: (u32, u32)) -> Vec<u8> {
        vec![255; 3 * (FINE * FINE) as usize * size.0 as usize * size.1 as usize]
    }

    /// Draws on `samples`, which [`Raster::buffer`] made for the same size.
    pub(super) fn new(samples: &'a mut [u8], size: (u32, u32)) -> Self {
        Raster { size, samples }
    }

    fn fine_size(&self) -> (i32, i32) {
        (self.size.0 as i32 * FINE, self.size.1 as i32 * FINE)
    }

    /// Mixes `color` into one sample; `cover` in 0..=1 is how much of the sample the shape covers.
    fn blend(&mut self, x: i32, y: i32, color: BackendColor, cover: f64) {
        let (width, height) = self.fine_size();
        let alpha = (color.alpha * cover).clamp(0.0, 1.0);
        if x < 0 || y < 0 || x >= width || y >= height || alpha == 0.0 {
            return;
        }
        let at = 3 * (y as usize * width as usize + x as usize);
        let (r, g, b) = color.rgb;
        for (sample, new) in self.samples[at..at + 3].iter_mut().zip([r, g, b]) {
            let old = f64::from(*sample);
            *sample = (old + (f64::from(new) - old) * alpha).round() as u8;
        }
    }

    fn fill_fine(&mut self, (left, top): BackendCoord, (right, bottom): BackendCoord, color: BackendColor) {
        let (width, height) = self.fine_size();
        for y in top.max(0)..bottom.min(height) {
            for x in left.max(0)..right.min(width) {
                self.blend(x, y, color, 1.0);
            }
        }
    }

    /// One straight piece of a line, `radius` samples to each side. An end that another piece follows is round.
    fn segment(&mut self, ends: [(f64, f64); 2], radius: f64, joined: [bool; 2], color: BackendColor) {
        let [(x0, y0), (x1, y1)] = ends;
        let length = distance(x1 - x0, y1 - y0);
        if length == 0.0 {
            return;
        }
        let (ux, uy) = ((x1 - x0) / length, (y1 - y0) / length);
        let reach = radius + 1.0;
        let (width, height) = self.fine_size();
        let columns = span(x0.min(x1) - reach, x0.max(x1) + reach, width);
        for y in span(y0.min(y1) - reach, y0.max(y1) + reach, height) {
            for x in columns.clone() {
                let (dx, dy) = (f64::from(x) + 0.5 - x0, f64::from(y) + 0.5 - y0);
                let (along, across) = (dx * ux + dy * uy, (dx * uy - dy * ux).abs());
                let (beyond, round) =
                    if along < length / 2.0 { (-along, joined[0]) } else { (along - length, joined[1]) };
                let cover = if beyond > 0.0 && round {
                    radius + 0.5 - distance(beyond, across)
                } else {
                    (radius + 0.5 - across).min(0.5 - beyond)
                };
                self.blend(x, y, color, cover.clamp(0.0, 1.0));
            }
        }
    }

    /// The figure as the bytes of a PNG file.
    pub(super) fn encode(samples: &[u8], size: (u32, u32)) -> Result<Vec<u8>, ChartError> {
        let failed = |e: png::EncodingError| ChartError::Encode(e.to_string());
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, size.0, size.1);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        // Flat colours compress best as they are.
        encoder.set_compression(png::Compression::Best);
        encoder.set_adaptive_filter(png::AdaptiveFilterType::NonAdaptive);
        encoder.set_filter(png::FilterType::NoFilter);
        encoder.set_pixel_dims(Some(png::PixelDimensions {
            xppu: PIXELS_PER_METRE,
            yppu: PIXELS_PER_METRE,
            unit: png::Unit::Meter,
        }));
        let mut writer = encoder.write_header().map_err(failed)?;
        writer.write_image_data(&averaged(samples, size)).map_err(failed)?;
        writer.finish().map_err(failed)?;
        Ok(bytes)
    }
}

/// Not `hypot`: a square root is the same on every machine.
fn distance(x: f64, y: f64) -> f64 {
    (x * x + y * y).sqrt()
}

/// The whole samples from `low` to `high`, inside `0..limit`.
fn span(low: f64, high: f64, limit: i32) -> std::ops::Range<i32> {
    (low.floor() as i32).clamp(0, limit)..(high.ceil() as i32).clamp(0, limit)
}

/// One pixel for each square of samples.
fn averaged(samples: &[u8], (width, height): (u32, u32)) -> Vec<u8> {
    let fine = FINE as usize;
    let row = 3 * fine * width as usize;
    let mut pixels = Vec::with_capacity(3 * width as usize * height as usize);
    for rows in samples.chunks_exact(row * fine) {
        for left in (0..row).step_by(3 * fine) {
            for channel in 0..3 {
                let square = (0..fine * fine).map(|i| rows[i / fine * row + left + 3 * (i % fine) + channel]);
                let sum: usize = square.map(usize::from).sum();
                pixels.push(((sum + fine * fine / 2) / (fine * fine)) as u8);
            }
        }
    }
    pixels
}

/// Where the outline crosses the horizontal line at `y`, from left to right.
fn crossings(outline: &[(f64, f64)], y: f64) -> Vec<f64> {
    let next = outline.iter().cycle().skip(1);
    let mut xs: Vec<f64> = outline
        .iter()
        .zip(next)
        .filter(|(a, b)| (a.1 <= y) != (b.1 <= y))
        .map(|(a, b)| a.0 + (y - a.1) / (b.1 - a.1) * (b.0 - a.0))
        .collect();
    xs.sort_by(f64::total_cmp);
    xs
}

fn fine((x, y): BackendCoord) -> (f64, f64) {
    (f64::from(x) * f64::from(FINE), f64::from(y) * f64::from(FINE))
}

impl DrawingBackend for Raster<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, color: BackendColor) -> Drawn {
        self.fill_fine((x * FINE, y * FINE), ((x + 1) * FINE, (y + 1) * FINE), color);
        Ok(())
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Drawn {
        self.draw_path([from, to], style)
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        (left, top): BackendCoord,
        (right, bottom): BackendCoord,
        style: &S,
        fill: bool,
    ) -> Drawn {
        if !fill {
            return self.draw_path([(left, top), (right, top), (right, bottom), (left, bottom), (left, top)], style);
        }
        self.fill_fine((left * FINE, top * FINE), (right * FINE, bottom * FINE), style.color());
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Drawn {
        let mut points: Vec<(f64, f64)> = path.into_iter().map(fine).collect();
        points.dedup();
        let radius = f64::from(style.stroke_width()) * f64::from(FINE) / 2.0;
        let last = points.len().saturating_sub(2);
        for (i, ends) in points.windows(2).enumerate() {
            self.segment([ends[0], ends[1]], radius, [i > 0, i < last], style.color());
        }
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(&mut self, center: BackendCoord, radius: u32, style: &S, fill: bool) -> Drawn {
        let (cx, cy) = fine(center);
        let radius = f64::from(radius) * f64::from(FINE);
        let half_stroke = f64::from(style.stroke_width()) * f64::from(FINE) / 2.0;
        let reach = radius + half_stroke + 1.0;
        let (width, height) = self.fine_size();
        for y in span(cy - reach, cy + reach, height) {
            for x in span(cx - reach, cx + reach, width) {
                let from_center = distance(f64::from(x) + 0.5 - cx, f64::from(y) + 0.5 - cy);
                let inside = if fill { radius - from_center } else { half_stroke - (from_center - radius).abs() };
                self.blend(x, y, style.color(), (inside + 0.5).clamp(0.0, 1.0));
            }
        }
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, vert: I, style: &S) -> Drawn {
        let outline: Vec<(f64, f64)> = vert.into_iter().map(fine).collect();
        let (top, bottom) = outline.iter().fold((f64::MAX, f64::MIN), |(t, b), p| (t.min(p.1), b.max(p.1)));
        for y in span(top, bottom, self.fine_size().1) {
            for pair in crossings(&outline, f64::from(y) + 0.5).chunks_exact(2) {
                let (left, right) = (pair[0].round() as i32, pair[1].round() as i32);
                self.fill_fine((left, y), (right, y + 1), style.color());
            }
        }
        Ok(())
    }

    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, (x, y): BackendCoord) -> Drawn {
        let em = style.size() / SVG_SIZE_PER_EM * f64::from(FINE);
        let size = em * RASTER_SIZE_PER_EM;
        let font = FontDesc::new(style.family(), size, style.style()).transform(FontTransform::None);
        let failed = |e| DrawingErrorKind::FontError(Box::new(e));
        let (_, (width, _)) = font.layout_box(text).map_err(failed)?;
        let left = match style.anchor().h_pos {
            HPos::Left => 0,
            HPos::Center => -width / 2,
            HPos::Right => -width,
        };
        // The distances that the SVG backend writes as `dy`.
        let baseline = match style.anchor().v_pos {
            VPos::Top => 0.76 * em,
            VPos::Center => X_HEIGHT / 2.0 * em,
            VPos::Bottom => -X_HEIGHT / 2.0 * em,
        };
        // The glyph renderer puts the baseline half a size below the position that it is given.
        let at = (x * FINE + left, y * FINE + (baseline - size / 2.0).round() as i32);
        let color = style.color();
        let drawn = font.draw(text, at, |x, y, cover| {
            self.blend(x, y, color, f64::from(cover));
            Ok::<(), Infallible>(())
        });
        drawn.map(|_| ()).map_err(failed)
    }
}
