//! Factors that repeat on the clock: every day, every week.

use super::curve::{Curve, Line};
use super::path::Path;
use crate::params::Invalid;
use crate::units::{Civil, SimTime};

crate::words! {
    /// What a factor does between the middles of two parts of its period.
    #[derive(Default)]
    pub enum Between {
        /// It runs straight from one weight to the next.
        #[default]
        Straight = "straight",
        /// It keeps each weight from the beginning to the end of its part, and jumps.
        Level = "level",
    }
}

/// Nodes at equal distances of a period on the clocks of a zone. A clock change skips or repeats what it skips or repeats
/// on the clock.
pub(super) struct Cycle {
    clock: Civil,
    period: i128,    // ns
    first: i128,     // ns after the epoch's midnight at which the first node lies
    nodes: Vec<f64>, // with a mean of 1
    between: Between,
    local: i128,     // ns from the scenario's start on the simulated clock to that on the wall
    change: SimTime, // until which `local` holds
}

impl Cycle {
    /// `weights` (not all 0) from `first` on, brought to a mean of 1.
    pub(super) fn new(clock: Civil, (first, period): (i128, i128), weights: &[f64], between: Between) -> Self {
        let mean = weights.iter().sum::<f64>() / weights.len() as f64;
        let nodes = weights.iter().map(|weight| weight / mean).collect();
        Cycle { clock, period, first, nodes, between, local: 0, change: SimTime::ZERO }
    }

    /// A recorded `preset` or else the stated `weights` as parts of a period; level where there is neither.
    pub(super) fn stated(
        clock: Civil,
        period: (i128, i128),
        preset: Option<Vec<f64>>,
        weights: &[f64],
        between: impl Fn(usize) -> Between,
    ) -> Box<dyn Curve> {
        let weights = preset.as_deref().unwrap_or(weights);
        if weights.is_empty() {
            return Box::new(Path::level(1.0));
        }
        Box::new(Cycle::of_parts(clock, period, weights, between(weights.len())))
    }

    /// `weights` of the parts of a period that begins at `begins`; straight lines go from middle to middle.
    fn of_parts(clock: Civil, (begins, period): (i128, i128), weights: &[f64], between: Between) -> Self {
        let half_a_part = period / (2 * weights.len().max(1) as i128);
        let first = if between == Between::Straight { begins + half_a_part } else { begins };
        Cycle::new(clock, (first, period), weights, between)
    }

    /// How far `at` is into the period.
    fn position(&mut self, at: SimTime) -> i128 {
        if at >= self.change {
            let offset = self.clock.at(at).offset().seconds();
            self.local = i128::from(self.clock.epoch_nanos()) + i128::from(offset) * 1_000_000_000;
            self.change = self.clock.next_clock_change(at);
        }
        (self.local + i128::from(at.as_nanos()) - self.first).rem_euclid(self.period)
    }
}

impl Curve for Cycle {
    fn line(&mut self, at: SimTime) -> Line {
        let position = self.position(at);
        let count = self.nodes.len() as i128;
        let node = position * count / self.period;
        let value = |node: i128| self.nodes[(node % count) as usize];
        // Rounded up, so that an edge belongs to the part that it begins.
        let edge = ((node + 1) * self.period + count - 1) / count;
        let left = u64::try_from(edge - position).unwrap_or(u64::MAX);
        let until = SimTime::from_nanos(at.as_nanos().saturating_add(left)).min(self.change);
        let (here, next) = (value(node), value(node + 1));
        if self.between == Between::Level {
            return Line::level(at, until, here);
        }
        let along = |position: i128| {
            let part = (position * count - node * self.period) as f64 / self.period as f64;
            here + (next - here) * part.clamp(0.0, 1.0)
        };
        let last = along(position + i128::from(until.as_nanos() - at.as_nanos()));
        Line { from: at, until, first: along(position), last }
    }
}

/// Refuses several forms of one course at once, and with `nothing` none of them; each is a key and whether it is stated.
pub(super) fn check_one(forms: &[(&'static str, bool)], nothing: Invalid) -> Result<(), Invalid> {
    let mut stated = forms.iter().filter(|(_, is_stated)| *is_stated).map(|(key, _)| *key);
    let first = stated.next().ok_or(nothing)?;
    match stated.next() {
        Some(second) => {
            let message = format!("both `{first}` and `{second}` are stated");
            Err(Invalid::new(second, message, "keep one of them"))
        }
        None => Ok(()),
    }
}

/// Refuses weights that are negative or all zero.
pub(super) fn check_weights(key: &'static str, weights: &[f64]) -> Result<(), Invalid> {
    if let Some(bad) = weights.iter().find(|weight| !(0.0..=1e12).contains(*weight)) {
        let help = "list weights from 0 to 1000000000000, such as requests in each part";
        return Err(Invalid::new(key, format!("`{bad}` is no weight"), help));
    }
    if weights.iter().sum::<f64>() <= 0.0 {
        return Err(Invalid::new(key, "all weights are zero", "list at least one weight above zero"));
    }
    Ok(())
}
