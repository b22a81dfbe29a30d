//! Shapes: factors by which a rate moves in time. A source may have several at once; they multiply.
//!
//! `daily` and `weekly` have a mean of 1 over their period and `random` has one over many runs, so that the `rate` of the
//! arrivals stays the mean; `holidays`, `growth`, `ramp`, `steps` and `spike` multiply on top of that.
//!
//! A shape bends time: an arrival process runs in an operational time that passes as fast as the factors' product says.
//! Requests expected in an interval are exactly the integral of the rate, gaps keep their law in terms of the current
//! rate, and nothing jumps at the edge of an hour. Spells of on/off and Markov-modulated arrivals, and the decay of
//! self-exciting ones, pass in operational time too.
//!
//! To add a shape: a file with its parameters and its curve, and a line in the list below.

mod curve;
mod cycle;
mod daily;
mod growth;
mod holidays;
mod path;
mod presets;
mod ramp;
mod random;
mod spike;
mod steps;
mod table;
mod warp;
mod weekly;

use crate::params::{Invalid, Parameters, Visitor};
use crate::rng::Stream;
use crate::traffic::replay::TraceError;
use crate::units::{Civil, Rate, SimDuration, SimTime};
use curve::{Curve, Product};
use std::path::Path;

pub use cycle::Between;
pub use daily::Daily;
pub use growth::Growth;
pub use holidays::Holidays;
pub use presets::{DayPreset, Week};
pub use ramp::Ramp;
pub use random::Random;
pub use spike::Spike;
pub use steps::Steps;
pub use table::WeightTable;
pub(super) use warp::Warped;
pub use weekly::Weekly;

/// The parameters of a shape.
trait ShapeModel: Parameters {
    /// The factor from the scenario's start on, which is the civil instant `start`; the chance in it is drawn from
    /// `stream`, and without one the curve is what it is expected to be.
    fn curve(&self, start: &Civil, stream: Option<Stream>) -> Box<dyn Curve>;

    /// Refuses what would move very often between two arrivals at `rate`: it would cost time and show nowhere.
    fn check_changes(&self, _rate: Rate) -> Result<(), Invalid> {
        Ok(())
    }
}

/// Registers shapes: makes the table with an optional section for each.
macro_rules! shapes {
    ($(#[doc = $doc:literal] $module:ident::$model:ident = $key:literal,)+) => {
        /// How a rate moves; without any section it does not.
        #[derive(Clone, Debug, PartialEq, Default)]
        pub struct Shape { $(#[doc = $doc] pub $module: Option<$model>,)+ }

        impl Parameters for Shape {
            fn visit(&mut self, visitor: &mut dyn Visitor) {
                $(visitor.optional_section($key, &mut self.$module);)+
            }

            fn check(&self) -> Result<(), Invalid> {
                self.check_hours()
            }
        }

        impl Shape {
            /// One with each registered section alone at its defaults, for tests that hold for all of them.
            pub fn registered() -> Vec<Shape> {
                vec![$(Shape { $module: Some($model::default()), ..Shape::default() },)+]
            }

            /// The sections that are there, with their keys.
            fn models(&self) -> impl Iterator<Item = (&'static str, &dyn ShapeModel)> {
                let all = [$(($key, self.$module.as_ref().map(|model| model as &dyn ShapeModel)),)+];
                all.into_iter().filter_map(|(key, model)| Some((key, model?)))
            }
        }
    };
}

shapes! {
    /// The course of a day, on the clocks of a time zone.
    daily::Daily = "daily",
    /// The course of a week, likewise.
    weekly::Weekly = "weekly",
    /// Days that are not like others.
    holidays::Holidays = "holidays",
    /// Compound growth from month to month.
    growth::Growth = "growth",
    /// From one factor to another over some time.
    ramp::Ramp = "ramp",
    /// Other factors from stated instants on.
    steps::Steps = "steps",
    /// A rush, at a stated instant or now and then.
    spike::Spike = "spike",
    /// A rate that wanders at random, as that of many users does.
    random::Random = "random",
}

impl Shape {
    /// Whether the rate stays as it is.
    pub fn is_level(&self) -> bool {
        self.models().next().is_none()
    }

    /// Reads the weights that stand in files below `folder`; gives what is wrong with the tables of which sections.
    pub fn read_tables(&mut self, folder: &Path) -> Vec<(&'static str, TraceError)> {
        let mut wrong = Vec::new();
        let mut read =
            |key, table: &mut Option<WeightTable>, weights: &mut Vec<f64>, check: fn(&[f64]) -> _| match table
                .as_ref()
                .map(|table| table.read(folder, check))
            {
                Some(Ok(found)) => (*table, *weights) = (None, found),
                Some(Err(error)) => wrong.push((key, error)),
                None => {}
            };
        if let Some(daily) = &mut self.daily {
            read("daily", &mut daily.table, &mut daily.weights, daily::check_day);
        }
        if let Some(weekly) = &mut self.weekly {
            read("weekly", &mut weekly.table, &mut weekly.weights, weekly::check_week);
        }
        wrong
    }

    /// Refuses two courses of the day at once, whose product has no mean of 1.
    fn check_hours(&self) -> Result<(), Invalid> {
        if self.daily.is_some() && self.weekly.as_ref().is_some_and(Weekly::has_hours) {
            let help = "leave one of them out, or list 7 weights of days in `weekly`";
            return Err(Invalid::new("daily", "`weekly` says already how the hours go", help));
        }
        Ok(())
    }

    /// Refuses a shape that moves very often between two arrivals at `rate`.
    pub(super) fn check_changes(&self, rate: Rate) -> Result<(), Invalid> {
        self.models().try_for_each(|(_, model)| model.check_changes(rate))
    }

    /// The product of all factors, each with the stream that `stream` makes for its key.
    fn product(&self, start: &Civil, stream: impl Fn(&str) -> Option<Stream>) -> Product {
        Product::new(self.models().map(|(key, model)| model.curve(start, stream(key))).collect())
    }

    /// The integral of the factor, in seconds, over the first `duration` of a scenario that starts at `start`; what is
    /// random counts as it is expected.
    ///
    /// A source with the mean rate λ (per second) makes λ times as many requests.
    pub fn integral(&self, duration: SimDuration, start: &Civil) -> f64 {
        let end = SimTime::ZERO.saturating_add(duration);
        let mut product = self.product(start, |_| None);
        let masses = std::iter::from_fn(|| product.next(end)).map(|piece| piece.mass());
        masses.sum::<f64>() * 1e-9
    }
}

/// Refuses a factor outside 0..=1000000.
fn check_factor(key: &'static str, factor: f64) -> Result<(), Invalid> {
    if (0.0..=1e6).contains(&factor) {
        return Ok(());
    }
    let help = "write a number from 0 to 1000000, as in `1.5`";
    Err(Invalid::new(key, format!("`{factor}` is outside 0 to 1000000"), help))
}
