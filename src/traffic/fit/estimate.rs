//! From moments to models.

use super::Moments;
use super::evidence::Batches;
use super::model::{Model, Movement};
use crate::traffic::measure::{digamma, trigamma};

/// The gamma shape of gaps within their local mean; 1 where nothing tells it from 1.
///
/// A gap over the mean of `m` gaps that it belongs to is `m` times a beta variate with the parameters `k` and `k (m - 1)`,
/// so the mean of its logarithm is `ψ(k) - ψ(k m) + ln m` whatever the rate.
pub(super) fn gap_shape(moments: &Moments) -> f64 {
    let (Some(log_ratio), m) = (moments.log_ratio, moments.local) else { return 1.0 };
    let expected = |k: f64| digamma(k) - digamma(k * m) + libm::log(m);
    let k = bisect(|k| expected(k) < log_ratio, (0.02, 500.0));
    settled(k, moments.gaps)
}

/// The same for a rate that is now on, now off, by the local variation of neighbouring gaps, `3/(2k + 1)` in the mean
/// (Shinomoto, Shima and Tanji, Neural Computation 15, 2003). Gaps that hold a silence make a share of `silences` pairs
/// with the largest variation there is.
fn gap_shape_between(moments: &Moments, silences: f64) -> f64 {
    let Some(variation) = moments.variation else { return 1.0 };
    let clean = (variation - silences) / (1.0 - silences);
    // ((a - b) / (a + b))² has the mean 1 / (2k + 1).
    if !(silences < 0.5 && clean > 0.002) {
        return 1.0;
    }
    settled(((1.0 / clean - 1.0) / 2.0).clamp(0.02, 100.0), moments.gaps)
}

/// `k`, or 1 where that is within three standard errors of a likelihood estimate from so many gaps.
fn settled(k: f64, gaps: u64) -> f64 {
    let error = 1.0 / (gaps.max(1) as f64 * (trigamma(1.0) - 1.0)).sqrt();
    if (k - 1.0).abs() < (3.0 * error).max(0.02) { 1.0 } else { k }
}

/// The `x` in the range, on a scale of ratios, at which `is_below` turns from true to false.
fn bisect(is_below: impl Fn(f64) -> bool, (mut low, mut high): (f64, f64)) -> f64 {
    for _ in 0..60 {
        let middle = (low * high).sqrt();
        if is_below(middle) { low = middle } else { high = middle }
    }
    (low * high).sqrt()
}

/// A constant rate.
pub(super) fn level(moments: &Moments) -> Model {
    Model { rate: moments.rate, gap_shape: gap_shape(moments), movement: Movement::None }
}

/// Whether counts vary more than gaps within their local mean explain.
pub(super) fn moves(moments: &Moments, level: &Model) -> bool {
    let beyond = |&(w, bins, seen): &(f64, f64, f64)| {
        let expected = level.dispersion(w, bins);
        // The standard error of I(w) of independent counts is I √(2 / (bins - 1)); four of them, as there are ten windows.
        // A rate that moves by so little that a seventh is not passed bears on no peak.
        seen > expected * (1.15 + 4.0 * (2.0 / (bins - 1.0)).sqrt())
    };
    // Counts of few requests vary by other laws, and a rate that moves shows in longer windows anyway.
    moments.windows.iter().filter(|(w, _, _)| w * level.rate >= 5.0).any(beyond)
}

/// A rate that wanders.
pub(super) fn random(moments: &Moments, span: f64) -> Model {
    closest(moments, span, &wandering(level(moments)))
}

/// A rate that is on or off.
pub(super) fn on_off(moments: &Moments, span: f64) -> Model {
    let base = Model { gap_shape: 1.0, ..level(moments) };
    let first = closest(moments, span, &switching(base));
    let Some((on, off)) = first.on_and_off() else { return first };
    // Each silence is one long gap in two pairs.
    let silences = 2.0 / ((on + off) * moments.rate);
    closest(moments, span, &switching(Model { gap_shape: gap_shape_between(moments, silences), ..base }))
}

/// `model` with its memory and as much movement as brings it closest to `moments`.
pub(super) fn with_its_memory(moments: &Moments, span: f64, model: &Model) -> Model {
    let memory = model.memory();
    match model.movement {
        Movement::None | Movement::Batches { .. } => *model,
        Movement::Clusters { .. } => Search::new(moments, span, memory, &clustering(*model)).best(memory),
        Movement::Random { .. } => Search::new(moments, span, memory, &wandering(*model)).best(memory),
        Movement::OnOff { .. } => Search::new(moments, span, memory, &switching(*model)).best(memory),
    }
}

/// Requests that come at the same instants, if one in twenty comes with the one before: else they do so by chance.
///
/// The size is the one that gives the counts their variance: I(w) is the mean square of sizes over their mean.
pub(super) fn batches(moments: &Moments) -> Option<Model> {
    let Batches { count, sum, squares } = moments.batches;
    let (mean, dispersion) = (sum / count, squares / sum);
    // A NaN of no batches is neither.
    if !(count >= 20.0 && 1.0 - 1.0 / mean > 0.05) {
        return None;
    }
    let is_fixed = dispersion == mean;
    let size = if is_fixed { mean } else { (1.0 + dispersion) / 2.0 };
    let movement = Movement::Batches { size: size.min(1e6), is_fixed };
    Some(Model { rate: moments.rate, gap_shape: 1.0, movement })
}

/// Requests that come in clusters.
pub(super) fn clusters(moments: &Moments, span: f64) -> Model {
    closest(moments, span, &clustering(Model { gap_shape: 1.0, ..level(moments) }))
}

/// Models by the strength of their movement, within these bounds, and its memory in seconds.
struct Family<F> {
    strengths: (f64, f64),
    /// The shortest memory that can be told from none.
    shortest: f64,
    of: F,
}

/// By what the mean size is beyond 1. Windows of a second still tell a spread of a tenth of it from none.
fn clustering(base: Model) -> Family<impl Fn(f64, f64) -> Model> {
    let of = move |more: f64, spread: f64| Model { movement: Movement::Clusters { size: 1.0 + more, spread }, ..base };
    Family { strengths: (0.05, 1_000.0), shortest: 0.1, of }
}

/// By the variation of the rate.
fn wandering(base: Model) -> Family<impl Fn(f64, f64) -> Model> {
    let of = move |cv: f64, memory: f64| Model { movement: Movement::Random { cv, memory }, ..base };
    Family { strengths: (0.005, 8.0), shortest: 1.0, of }
}

/// By the ratio of the time off to that on. The memory is 1/r with r = 1/on + 1/off.
fn switching(base: Model) -> Family<impl Fn(f64, f64) -> Model> {
    let of = move |ratio: f64, memory: f64| {
        let (on, off) = (memory * (1.0 + ratio) / ratio, memory * (1.0 + ratio));
        Model { movement: Movement::OnOff { on, off }, ..base }
    };
    Family { strengths: (0.01, 99.0), shortest: 1.0, of }
}

/// Of a family the model whose I(w) is closest to that seen, in the mean square of logarithms.
fn closest<F: Fn(f64, f64) -> Model>(moments: &Moments, span: f64, family: &Family<F>) -> Model {
    let all_alike = Search::new(moments, span, span, family).closest();
    Search::new(moments, span, all_alike.memory(), family).closest()
}

/// A search for that model.
struct Search<'s, F> {
    moments: &'s Moments,
    span: f64,
    /// How much each window can tell.
    weights: Vec<f64>,
    family: &'s Family<F>,
}

impl<'s, F: Fn(f64, f64) -> Model> Search<'s, F> {
    /// With windows trusted as if the memory were `pilot`.
    fn new(moments: &'s Moments, span: f64, pilot: f64, family: &'s Family<F>) -> Self {
        // As many independent counts as there are windows, or stretches of the memory, whichever are fewer.
        let trust = |&(w, bins, _): &(f64, f64, f64)| {
            let expected = w * moments.rate;
            // Short windows with next to nothing in them have I(w) near 1 whatever the model.
            expected / (1.0 + expected) / (1.0 / bins + 2.0 * pilot / span)
        };
        Search { moments, span, weights: moments.windows.iter().map(trust).collect(), family }
    }

    fn distance(&self, model: &Model) -> f64 {
        let windows = self.moments.windows.iter().zip(&self.weights);
        windows.map(|(window, weight)| weight * off_by(model, window)).sum()
    }

    /// The best one with this memory.
    fn best(&self, memory: f64) -> Model {
        let of = |log: f64| (self.family.of)(libm::exp(log), memory);
        let (low, high) = self.family.strengths;
        of(golden(|log| self.distance(&of(log)), (libm::log(low), libm::log(high))))
    }

    /// The best one. A memory beyond a quarter of the span cannot be told from a trend.
    fn closest(&self) -> Model {
        const STEPS: i32 = 16;
        let (shortest, longest) = (libm::log(self.family.shortest), libm::log((self.span / 4.0).max(2.0)));
        let at = |step: f64| self.best(libm::exp(shortest + (longest - shortest) * step / f64::from(STEPS)));
        let tried = (0..=STEPS).map(f64::from).map(|step| (step, self.distance(&at(step))));
        let coarse = tried.min_by(|a, b| a.1.total_cmp(&b.1)).map_or(0.0, |(step, _)| step);
        let around = ((coarse - 1.0).max(0.0), (coarse + 1.0).min(f64::from(STEPS)));
        at(golden(|step| self.distance(&at(step)), around))
    }
}

/// How far the model's I(w) is from that seen.
fn off_by(model: &Model, &(w, bins, seen): &(f64, f64, f64)) -> f64 {
    let expected = model.dispersion(w, bins);
    if !(seen > 0.0 && expected > 0.0) {
        return 0.0;
    }
    let ratio = libm::log(seen / expected);
    ratio * ratio
}

/// The least of a function with one hollow (golden-section search, Kiefer 1953).
fn golden(f: impl Fn(f64) -> f64, (mut low, mut high): (f64, f64)) -> f64 {
    const RATIO: f64 = 0.618_033_988_749_894_9;
    let (mut a, mut b) = (high - RATIO * (high - low), low + RATIO * (high - low));
    let (mut at_a, mut at_b) = (f(a), f(b));
    for _ in 0..16 {
        if at_a < at_b {
            (high, b, at_b) = (b, a, at_a);
            a = high - RATIO * (high - low);
            at_a = f(a);
        } else {
            (low, a, at_a) = (a, b, at_b);
            b = low + RATIO * (high - low);
            at_b = f(b);
        }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The moments of an endless log of `model`.
    fn moments(model: &Model) -> Moments {
        let windows = [1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0];
        let windows = windows.into_iter().map(|w| (w, 1e5 / w, model.dispersion(w, 1e5 / w))).collect();
        let (k, m) = (model.gap_shape, 201.0);
        let log_ratio = digamma(k) - digamma(k * m) + libm::log(m);
        let (rate, gaps, log_ratio) = (model.rate, 1_000_000, Some(log_ratio));
        Moments { rate, windows, gaps, log_ratio, local: m, ..Moments::default() }
    }

    #[test]
    fn exact_moments_give_the_model_back() {
        let random = Model { rate: 5.0, gap_shape: 0.8, movement: Movement::Random { cv: 0.3, memory: 400.0 } };
        let found = super::random(&moments(&random), 1e5);
        let Movement::Random { cv, memory } = found.movement else { panic!("{found:?}") };
        assert!((found.gap_shape - 0.8).abs() < 1e-6, "{found:?}");
        assert!((cv / 0.3 - 1.0).abs() < 0.01 && (memory / 400.0 - 1.0).abs() < 0.02, "{found:?}");
        let switching = Model { rate: 2.0, gap_shape: 1.0, movement: Movement::OnOff { on: 40.0, off: 120.0 } };
        let found = on_off(&moments(&switching), 1e5);
        let Movement::OnOff { on, off } = found.movement else { panic!("{found:?}") };
        assert!((on / 40.0 - 1.0).abs() < 0.02 && (off / 120.0 - 1.0).abs() < 0.02, "{found:?}");
    }

    #[test]
    fn exact_moments_give_clusters_and_batches_back() {
        for spread in [0.3, 8.0, 200.0] {
            let model = Model { rate: 2.0, gap_shape: 1.0, movement: Movement::Clusters { size: 6.0, spread } };
            let found = clusters(&moments(&model), 1e5);
            assert!((found.size().unwrap() / 6.0 - 1.0).abs() < 0.02, "{found:?}");
            assert!((found.spread().unwrap() / spread - 1.0).abs() < 0.05, "{found:?}");
        }
        // 100 batches of one, two and three: 14/3 over 2.
        let of = |batches| Moments { rate: 1.0, batches, ..Moments::default() };
        let found = batches(&of(Batches { count: 300.0, sum: 600.0, squares: 1_400.0 })).unwrap();
        assert!((found.size().unwrap() - 5.0 / 3.0).abs() < 1e-9, "{found:?}");
        let fixed = batches(&of(Batches { count: 300.0, sum: 600.0, squares: 1_200.0 })).unwrap();
        assert_eq!(fixed.movement, Movement::Batches { size: 2.0, is_fixed: true });
        assert_eq!(batches(&of(Batches { count: 300.0, sum: 310.0, squares: 330.0 })), None);
        assert_eq!(batches(&of(Batches::default())), None);
    }

    #[test]
    fn only_what_moves_moves() {
        let level = Model { rate: 5.0, gap_shape: 0.5, movement: Movement::None };
        assert!(!moves(&moments(&level), &level));
        let random = Model { movement: Movement::Random { cv: 0.2, memory: 100.0 }, ..level };
        assert!(moves(&moments(&random), &level));
    }
}
