//! The course of a day.

use super::ShapeModel;
use super::curve::Curve;
use super::cycle::{Between, Cycle, check_one, check_weights};
use super::presets::DayPreset;
use super::table::WeightTable;
use crate::params::{Invalid, Parameters, Visitor};
use crate::rng::Stream;
use crate::units::{Civil, TimeOfDay};

/// The same course every day on the clocks of a zone, with a mean of 1 over 24 hours.
///
/// At a clock change the day has 23 or 25 hours: the course skips or repeats what the clocks do.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Daily {
    /// When the rate is highest; with `peak-to-mean`.
    pub peak: Option<TimeOfDay>,
    /// How many times the day's mean the rate then is, in 1..=10.
    pub peak_to_mean: Option<f64>,
    /// A recorded day; in place of `peak`.
    pub preset: Option<DayPreset>,
    /// The file that holds the weights; in place of them, until a scenario is loaded.
    pub table: Option<WeightTable>,
    /// Weights of equal parts of the day from midnight on, 2 to 1440 of them: 24 are hours. In place of `peak`.
    pub weights: Vec<f64>,
    /// What the rate does between the middles of two parts; by default it runs straight.
    pub between: Option<Between>,
    /// The zone whose clocks count; by default the scenario's.
    pub zone: Option<String>,
}

const DAY: i128 = 86_400_000_000_000; // ns
const MOST_WEIGHTS: usize = 1_440;

impl Parameters for Daily {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("peak", &mut self.peak);
        visitor.optional("peak-to-mean", &mut self.peak_to_mean);
        visitor.optional("preset", &mut self.preset);
        visitor.optional_section("table", &mut self.table);
        visitor.optional("weights", &mut self.weights);
        visitor.optional("between", &mut self.between);
        visitor.optional("zone", &mut self.zone);
    }

    fn check(&self) -> Result<(), Invalid> {
        let help = "state `peak`, as in `\"14:00\"`, with `peak-to-mean`, or a `preset`, or 24 `weights`";
        let nothing = Invalid::new("peak", "nothing says how the day goes", help);
        let forms = [
            ("peak", self.peak.is_some()),
            ("preset", self.preset.is_some()),
            ("table", self.table.is_some()),
            ("weights", !self.weights.is_empty()),
        ];
        check_one(&forms, nothing)?;
        if self.peak.is_some() && self.between.is_some() {
            return Err(Invalid::new("between", "a `peak` has no parts", "leave `between` out, or state `weights`"));
        }
        self.check_peak()?;
        if !self.weights.is_empty() {
            check_day(&self.weights)?;
        }
        crate::traffic::check_zone(self.zone.as_deref())
    }
}

impl Daily {
    fn check_peak(&self) -> Result<(), Invalid> {
        let invalid = |message: String, help| Err(Invalid::new("peak-to-mean", message, help));
        match (self.peak, self.peak_to_mean) {
            (None, None) => Ok(()),
            (None, Some(_)) => invalid("there is no `peak` that it could be about".into(), "state `peak` as well"),
            (Some(_), None) => {
                let help = "state how many times the day's mean the peak is, as in `2.5`";
                invalid("nothing says how high the peak is".into(), help)
            }
            (Some(_), Some(ratio)) if (1.0..=10.0).contains(&ratio) => Ok(()),
            (Some(_), Some(ratio)) => {
                invalid(format!("`{ratio}` is outside 1 to 10"), "write a number from 1 to 10, as in `2.5`")
            }
        }
    }
}

/// Refuses weights that make no day.
pub(super) fn check_day(weights: &[f64]) -> Result<(), Invalid> {
    match weights.len() {
        2..=MOST_WEIGHTS => check_weights("weights", weights),
        count => {
            let help = "list one weight for each part of the day, such as 24 for hours";
            Err(Invalid::new("weights", format!("the list has {count}, not 2 to 1440 weights"), help))
        }
    }
}

/// Quarters of an hour.
const PARTS: usize = 96;

/// `e^(κ cos φ)` once around (von Mises): a single hump that is always above 0, with κ such that its top is `ratio` times
/// its mean. A cosine has at most twice its mean.
fn hump(ratio: f64) -> Vec<f64> {
    let cosines: Vec<f64> =
        (0..PARTS).map(|part| libm::cos(std::f64::consts::TAU * part as f64 / PARTS as f64)).collect();
    let weights = |kappa: f64| cosines.iter().map(|cosine| libm::exp(kappa * (cosine - 1.0))).collect::<Vec<f64>>();
    let top = |kappa: f64| PARTS as f64 / weights(kappa).iter().sum::<f64>();
    let (mut low, mut high) = (0.0, 100.0);
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if top(middle) < ratio { low = middle } else { high = middle }
    }
    weights(0.5 * (low + high))
}

impl ShapeModel for Daily {
    fn curve(&self, start: &Civil, _stream: Option<Stream>) -> Box<dyn Curve> {
        let clock = crate::traffic::in_zone(start, self.zone.as_deref());
        if let Some(peak) = self.peak {
            let weights = hump(self.peak_to_mean.unwrap_or(1.0));
            let at = i128::from(peak.minutes()) * 60_000_000_000;
            return Box::new(Cycle::new(clock, (at, DAY), &weights, Between::Straight));
        }
        let preset = self.preset.map(DayPreset::weights);
        Cycle::stated(clock, (0, DAY), preset, &self.weights, |_| self.between.unwrap_or_default())
    }
}
