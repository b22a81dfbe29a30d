//! What is fitted: a rate, gaps within it, and how the rate moves or requests come together.

use crate::traffic::Traffic;
use crate::traffic::arrivals::{Arrivals, Batch, BatchLaw, ClusterLaw, Clusters, Delays, Gamma, OnOff, Poisson};
use crate::traffic::fit::Profile;
use crate::traffic::shape::{Random, Shape};
use crate::units::{Rate, SimDuration};

/// How the rate moves, apart from the course of the day, or requests come together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Movement {
    /// Not at all.
    None,
    /// It wanders: the logarithm of the factor is an Ornstein-Uhlenbeck process.
    Random {
        /// Standard deviation over mean of the factor.
        cv: f64,
        /// Seconds after which its correlation has fallen to 1/e.
        memory: f64,
    },
    /// It is on or off, for exponential times.
    OnOff {
        /// Mean seconds on.
        on: f64,
        /// Mean seconds off.
        off: f64,
    },
    /// Several requests come at one instant.
    Batches {
        /// Their mean number.
        size: f64,
        /// Whether it is always the same; geometric otherwise.
        is_fixed: bool,
    },
    /// Several come one by one after a common beginning.
    Clusters {
        /// Their mean number; it is geometric.
        size: f64,
        /// Mean seconds from the beginning to each.
        spread: f64,
    },
}

/// A model of arrivals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Model {
    /// Mean arrivals a second.
    pub rate: f64,
    /// Gamma shape of the gaps within the current rate; 1 is a Poisson process.
    pub gap_shape: f64,
    /// How the rate moves.
    pub movement: Movement,
}

impl Model {
    /// Its kind in a word.
    pub fn name(&self) -> &'static str {
        match (self.movement, self.gap_shape == 1.0) {
            (Movement::None, true) => "poisson",
            (Movement::None, false) => "gamma",
            (Movement::Random { .. }, _) => "random-rate",
            (Movement::OnOff { .. }, _) => "on-off",
            (Movement::Batches { .. }, _) => "batch",
            (Movement::Clusters { .. }, _) => "clusters",
        }
    }

    /// Independent arrivals at the same rate: what a simpler model would be.
    pub fn poisson(&self) -> Model {
        Model { gap_shape: 1.0, movement: Movement::None, ..*self }
    }

    /// Standard deviation over mean of the gaps within the current rate, as it is written.
    pub fn gap_cv(&self) -> f64 {
        significant(1.0 / self.gap_shape.sqrt(), 3)
    }

    /// The variation and the memory of a rate that wanders.
    pub fn cv_and_memory(&self) -> Option<(f64, f64)> {
        if let Movement::Random { cv, memory } = self.movement { Some((cv, memory)) } else { None }
    }

    /// The mean times on and off of a rate that switches.
    pub fn on_and_off(&self) -> Option<(f64, f64)> {
        if let Movement::OnOff { on, off } = self.movement { Some((on, off)) } else { None }
    }

    /// The mean size of batches or clusters.
    pub fn size(&self) -> Option<f64> {
        match self.movement {
            Movement::Batches { size, .. } | Movement::Clusters { size, .. } => Some(size),
            _ => None,
        }
    }

    /// The mean delay in clusters.
    pub fn spread(&self) -> Option<f64> {
        if let Movement::Clusters { spread, .. } = self.movement { Some(spread) } else { None }
    }

    /// How many clusters go on at one time, if each lasts as long as its mean delay; 0 without clusters.
    pub(super) fn clusters_at_a_time(&self) -> f64 {
        match self.movement {
            Movement::Clusters { size, spread } => self.rate / size * spread,
            _ => 0.0,
        }
    }

    /// The time in seconds after which the covariance of the rate has fallen to 1/e or less; 0 of a constant rate.
    pub fn memory(&self) -> f64 {
        match self.movement {
            Movement::None | Movement::Batches { .. } => 0.0,
            Movement::Random { memory, .. } => memory,
            Movement::Clusters { spread, .. } => spread,
            Movement::OnOff { on, off } => on * off / (on + off),
        }
    }

    /// With as many digits as the estimates deserve, so that what is checked is what is written.
    pub fn rounded(&self) -> Model {
        let round = |value: f64| significant(value, 3);
        let movement = match self.movement {
            Movement::None => Movement::None,
            Movement::Random { cv, memory } => Movement::Random { cv: round(cv), memory: whole(memory) },
            Movement::OnOff { on, off } => Movement::OnOff { on: whole(on), off: whole(off) },
            Movement::Batches { is_fixed: true, .. } => self.movement,
            Movement::Batches { size, is_fixed } => Movement::Batches { size: round(size), is_fixed },
            Movement::Clusters { size, spread } => Movement::Clusters { size: round(size), spread: round(spread) },
        };
        Model { rate: significant(self.rate, 4), gap_shape: round(self.gap_shape), movement }
    }

    /// The rate as a scenario states it: the largest of the usual units in which it is at least 1.
    pub fn stated_rate(&self) -> Option<Rate> {
        let units = [1u64, 60, 3_600, 86_400];
        let unit = units.into_iter().find(|&unit| self.rate * unit as f64 >= 1.0).unwrap_or(86_400);
        let in_unit = significant(self.rate * unit as f64, 4);
        // Up to four decimals of it as a fraction.
        let parts = 10_000u64;
        let events = (in_unit * parts as f64).round();
        let exact =
            (1.0..1e15).contains(&events).then(|| Rate::new(events as u64, SimDuration::from_secs(unit * parts)));
        exact.flatten().or_else(|| Rate::nearest(self.rate))
    }

    /// The source of requests that it stands for, with the course of the day.
    pub fn traffic(&self, profile: &Profile) -> Option<Traffic> {
        let rate = self.stated_rate()?;
        let span = |seconds: f64| SimDuration::from_secs_f64(seconds);
        let arrivals = match self.movement {
            Movement::OnOff { on, off } => {
                let (on, off, gap_cv) = (span(on), Some(span(off)), self.gap_cv());
                Arrivals::OnOff(OnOff { rate, on, off, on_share: None, gap_cv })
            }
            Movement::Batches { size, is_fixed } => {
                let law = if is_fixed { BatchLaw::Fixed } else { BatchLaw::Geometric };
                Arrivals::Batch(Batch { rate, size, law })
            }
            Movement::Clusters { size, spread } => {
                let (law, delays) = (ClusterLaw::Geometric, Delays::Independent);
                Arrivals::Clusters(Clusters { rate, size, law, spread: span(spread), delays })
            }
            _ if self.gap_shape == 1.0 => Arrivals::Poisson(Poisson { rate }),
            _ => Arrivals::Gamma(Gamma { rate, cv: None, shape: Some(self.gap_shape) }),
        };
        let random = match self.movement {
            Movement::Random { cv, memory } => Some(Random { cv, memory: span(memory) }),
            _ => None,
        };
        let shape = match (profile.shape(), random) {
            (None, None) => None,
            (shape, random) => Some(Shape { random, ..shape.cloned().unwrap_or_default() }),
        };
        Some(Traffic { arrivals: Some(arrivals), shape, ..Traffic::default() })
    }

    /// The variance of counts in windows of `w` seconds of an endless run, over the square of their mean, as far as the
    /// movement of the rate makes it: the mean covariance of the factor at two instants of the window.
    ///
    /// On and off: `(1 - p)/p · h(w r)` with the share `p` of the time on and `r = 1/on + 1/off` (Fischer and
    /// Meier-Hellstern, Perform. Eval. 18, 1993). The wandering factor has the covariance `e^(σ² e^(-t/τ)) - 1`, whose power
    /// series gives `Σ σ²ᵏ/k! · h(k w/τ)`; `h(x) = 2 (x - 1 + e^(-x)) / x²`. Batches and clusters: what their I(w) has beyond
    /// 1, over the mean.
    fn excess(&self, w: f64) -> f64 {
        match self.movement {
            Movement::None => 0.0,
            Movement::OnOff { on, off } => off / on * mean_decay(w * (1.0 / on + 1.0 / off)),
            Movement::Batches { size, is_fixed: true } => (size - 1.0) / (self.rate * w),
            Movement::Batches { size, is_fixed: false } => (2.0 * size - 2.0) / (self.rate * w),
            Movement::Clusters { size, spread } => (2.0 * size - 2.0) * (1.0 - ramp(w / spread)) / (self.rate * w),
            Movement::Random { cv, memory } => {
                let variance = libm::log1p(cv * cv);
                let (mut term, mut sum) = (1.0, 0.0);
                for k in 1..=60 {
                    term *= variance / f64::from(k);
                    sum += term * mean_decay(f64::from(k) * w / memory);
                    if term < 1e-9 * sum {
                        break;
                    }
                }
                sum
            }
        }
    }

    /// The variance of counts in windows of `w` seconds of an endless run.
    fn variance(&self, w: f64) -> f64 {
        let mean = self.rate * w;
        let live = match self.movement {
            Movement::OnOff { on, off } => self.rate * (on + off) / on,
            _ => self.rate,
        };
        // Renewal counts have ratio 1 in windows far below a gap and 1/shape far above (Cox, Renewal Theory, 1962). In
        // between the form is that of an interrupted Poisson process, its scale right to 5 % for shapes from 0.2 to 4.
        let scale = if self.gap_shape < 1.0 { 2.0 } else { 4.0 };
        let within = 1.0 + (1.0 / self.gap_shape - 1.0) * (1.0 - ramp(scale * live * w));
        mean * within + mean * mean * self.excess(w)
    }

    /// What I(w) comes to in the mean when it is computed from `bins` windows in a row: their own mean takes away the
    /// variance that all of them share.
    pub fn dispersion(&self, w: f64, bins: f64) -> f64 {
        let shared = self.variance(w * bins) / (bins * bins);
        let seen = (self.variance(w) - shared) * bins / (bins - 1.0);
        seen / (self.rate * w)
    }
}

/// `2 (x - 1 + e^(-x)) / x²`: the mean of `e^(-x |s - t|)` over `s` and `t` in 0..=1.
fn mean_decay(x: f64) -> f64 {
    if x < 1e-3 { 1.0 - x / 3.0 } else { 2.0 * (x + libm::expm1(-x)) / (x * x) }
}

/// `(1 - e^(-x)) / x`.
fn ramp(x: f64) -> f64 {
    if x < 1e-6 { 1.0 } else { -libm::expm1(-x) / x }
}

/// `value` to so many digits that count.
fn significant(value: f64, digits: i32) -> f64 {
    if !(value.is_finite() && value != 0.0) {
        return value;
    }
    let places = digits - 1 - libm::floor(libm::log10(value.abs())) as i32;
    // Through text, so that the result is the decimal that will be read.
    format!("{value:.*}", places.max(0) as usize).parse::<f64>().map_or(value, |rounded| {
        let scale = libm::pow(10.0, f64::from(-places));
        if places < 0 { (rounded / scale).round() * scale } else { rounded }
    })
}

/// Seconds to three digits, and whole ones from ten on.
fn whole(seconds: f64) -> f64 {
    let rounded = significant(seconds, 3);
    if rounded >= 10.0 { rounded.round() } else { rounded.max(1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_dispersions() {
        let poisson = Model { rate: 3.0, gap_shape: 1.0, movement: Movement::None };
        assert!((poisson.dispersion(60.0, 1e9) - 1.0).abs() < 1e-6);
        // 1 + λ cv² w for windows far below the memory.
        let random = Model { movement: Movement::Random { cv: 0.2, memory: 1e6 }, ..poisson };
        assert!((random.dispersion(60.0, 1e12) - (1.0 + 3.0 * 0.04 * 60.0)).abs() < 1e-3);
        // A = 2 λ₁ (1 - p) / r with λ₁ = 9, p = 1/3, r = 0.15: I(∞) = 81.
        let on_off = Model { movement: Movement::OnOff { on: 10.0, off: 20.0 }, ..poisson };
        assert!((on_off.dispersion(1e7, 1e6) - 81.0).abs() < 0.1, "{}", on_off.dispersion(1e7, 1e6));
        // 2 size - 1 for geometric batches and, in the end, for clusters; size for fixed ones.
        let of = |movement, w| Model { movement, ..poisson }.dispersion(w, 1e6);
        assert!((of(Movement::Batches { size: 4.0, is_fixed: false }, 1.0) - 7.0).abs() < 1e-3);
        assert!((of(Movement::Batches { size: 4.0, is_fixed: true }, 60.0) - 4.0).abs() < 1e-3);
        assert!((of(Movement::Clusters { size: 4.0, spread: 0.5 }, 1e4) - 7.0).abs() < 1e-2);
        // A span that shows one state only shows no variance of it.
        assert!(random.dispersion(60.0, 20.0) < 1.1, "{}", random.dispersion(60.0, 20.0));
    }

    #[test]
    fn digits_that_count() {
        assert_eq!([5.529_73, 0.010_706, 12_345.0, 0.0].map(|x| significant(x, 3)), [5.53, 0.010_7, 12_300.0, 0.0]);
        let model = Model { rate: 0.010_7, gap_shape: 1.0, movement: Movement::None };
        assert_eq!(model.stated_rate().unwrap().to_string(), "38.52/h");
        assert_eq!(Model { rate: 5.53, ..model }.stated_rate().unwrap().to_string(), "5.53/s");
    }
}
