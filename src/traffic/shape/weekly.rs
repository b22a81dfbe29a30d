//! The course of a week.

use super::ShapeModel;
use super::curve::Curve;
use super::cycle::{Between, Cycle, check_one, check_weights};
use super::presets::Week;
use super::table::WeightTable;
use crate::params::{Invalid, Parameters, Visitor};
use crate::rng::Stream;
use crate::units::Civil;

/// The same course every week from Monday on, on the clocks of a zone, with a mean of 1 over seven days of 24 hours.
///
/// Beside a `daily` shape, state seven `weights`: what each day has of the day's course.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Weekly {
    /// A recorded week; its hours are those of UTC unless a `zone` is stated.
    pub preset: Option<Week>,
    /// The file that holds the weights; in place of them, until a scenario is loaded.
    pub table: Option<WeightTable>,
    /// 7 weights of days or 168 of hours, from Monday on. In place of `preset`.
    pub weights: Vec<f64>,
    /// What the rate does between the middles of two parts; by default days are level and hours run straight.
    pub between: Option<Between>,
    /// The zone whose clocks count; by default the scenario's.
    pub zone: Option<String>,
}

const WEEK: i128 = 7 * 86_400_000_000_000; // ns
/// The Monday before the epoch, which was a Thursday.
const MONDAY: i128 = -3 * 86_400_000_000_000; // ns

impl Parameters for Weekly {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("preset", &mut self.preset);
        visitor.optional_section("table", &mut self.table);
        visitor.optional("weights", &mut self.weights);
        visitor.optional("between", &mut self.between);
        visitor.optional("zone", &mut self.zone);
    }

    fn check(&self) -> Result<(), Invalid> {
        let help = "list 7 `weights` of days or 168 of hours, or state a `preset`";
        let nothing = Invalid::new("preset", "nothing says how the week goes", help);
        let forms =
            [("preset", self.preset.is_some()), ("table", self.table.is_some()), ("weights", !self.weights.is_empty())];
        check_one(&forms, nothing)?;
        if !self.weights.is_empty() {
            check_week(&self.weights)?;
        }
        crate::traffic::check_zone(self.zone.as_deref())
    }
}

/// Refuses weights that make no week.
pub(super) fn check_week(weights: &[f64]) -> Result<(), Invalid> {
    match weights.len() {
        7 | 168 => check_weights("weights", weights),
        count => {
            let help = "list 7 weights of days or 168 of hours, from Monday on";
            Err(Invalid::new("weights", format!("{count} weights make no week"), help))
        }
    }
}

impl Weekly {
    /// Whether it says more than how days differ.
    pub(super) fn has_hours(&self) -> bool {
        self.preset.is_some()
            || self.table.is_some()
            || self.weights.len() > 7
            || self.between == Some(Between::Straight)
    }
}

impl ShapeModel for Weekly {
    fn curve(&self, start: &Civil, _stream: Option<Stream>) -> Box<dyn Curve> {
        let zone = self.zone.as_deref().or(self.preset.map(|_| "UTC"));
        let clock = crate::traffic::in_zone(start, zone);
        let preset = self.preset.map(Week::weights);
        let usual = |parts: usize| if parts == 7 { Between::Level } else { Between::Straight };
        Cycle::stated(clock, (MONDAY, WEEK), preset, &self.weights, |parts| self.between.unwrap_or(usual(parts)))
    }
}
