//! Time that passes as fast as the day's course says.

use super::super::measure::Description;
use crate::traffic::shape::{Between, Daily, Shape, Weekly};
use crate::units::{Civil, SimDuration};

/// The course of day and week that a log shows, and the operational time in which it is level.
#[derive(Clone, Debug)]
pub struct Profile {
    shape: Option<Shape>,
    table: Vec<f64>, // operational ns at each quarter of an hour of the first week
}

const QUARTER: u64 = 900_000_000_000;
const QUARTERS_A_WEEK: usize = 672;

impl Profile {
    /// What `of` shows of a log that begins at `start`: hours from two days on, weekends from two weeks on. Where
    /// `is_civil` is not set, nobody knows which day it was.
    pub fn of(of: &Description, start: &Civil, is_civil: bool) -> Self {
        let daily = of.hours.by_hour().map(|weights| Daily {
            weights: weights.iter().map(|weight| (weight * 1e3).round() / 1e3).collect(),
            zone: Some("UTC".to_owned()),
            ..Daily::default()
        });
        let weekend = of.hours.weekend_to_weekday().filter(|_| is_civil && daily.is_some());
        let weekly = weekend.map(|ratio| {
            let ratio = (ratio * 1e3).round() / 1e3;
            let weights = vec![1.0, 1.0, 1.0, 1.0, 1.0, ratio, ratio];
            Weekly { weights, between: Some(Between::Level), zone: Some("UTC".to_owned()), ..Weekly::default() }
        });
        let shape = daily.map(|daily| Shape { daily: Some(daily), weekly, ..Shape::default() });
        let passed = |quarter: usize| match &shape {
            Some(shape) => shape.integral(SimDuration::from_nanos(quarter as u64 * QUARTER), start) * 1e9,
            None => 0.0,
        };
        let table = if shape.is_some() { (0..=QUARTERS_A_WEEK).map(passed).collect() } else { Vec::new() };
        Profile { shape, table }
    }

    /// None: all hours are alike.
    pub fn level() -> Self {
        Profile { shape: None, table: Vec::new() }
    }

    /// The shape, where there is one.
    pub fn shape(&self) -> Option<&Shape> {
        self.shape.as_ref()
    }

    /// The operational time `nanos` after the start.
    pub fn operational(&self, nanos: u64) -> u64 {
        let Some(&week) = self.table.last() else { return nanos };
        let quarters = nanos / QUARTER;
        let (weeks, quarter) = (quarters / QUARTERS_A_WEEK as u64, (quarters % QUARTERS_A_WEEK as u64) as usize);
        let (from, to) = (self.table[quarter], self.table[quarter + 1]);
        let passed = from + (to - from) * ((nanos % QUARTER) as f64 / QUARTER as f64);
        (weeks as f64 * week + passed) as u64
    }
}
