//! Additive increase, multiplicative decrease of the calls in flight.

use super::gather::{Gather, Gathered};
use super::{WindowLaw, WindowModel, check_bounds};
use crate::client::adaptive::check_factor;
use crate::params::{Invalid, Parameters, Visitor};
use crate::units::SimDuration;

/// Grows by one, and falls to `beta` times the limit, rounded down, when a call is turned away or takes longer than
/// `timeout`, as Netflix's `AIMDLimit` has it (January 2026). While less than half of the limit is in use it stays.
#[derive(Clone, Debug, PartialEq)]
pub struct Aimd {
    /// Calls in flight at the start.
    pub start: u32,
    /// The least limit, at least 1.
    pub least: u32,
    /// The greatest limit.
    pub most: u32,
    /// What is left of the limit, between 0 and 1.
    pub beta: f64,
    /// A call that takes longer counts as one turned away.
    pub timeout: SimDuration,
    /// How samples are put together before an update.
    pub gather: Gather,
}

impl Default for Aimd {
    fn default() -> Self {
        let timeout = SimDuration::from_secs(5);
        Aimd { start: 20, least: 20, most: 200, beta: 0.9, timeout, gather: Gather::EACH }
    }
}

impl Parameters for Aimd {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("start", &mut self.start);
        visitor.optional("least", &mut self.least);
        visitor.optional("most", &mut self.most);
        visitor.optional("beta", &mut self.beta);
        visitor.optional("timeout", &mut self.timeout);
        visitor.section("gather", &mut self.gather);
    }

    fn check(&self) -> Result<(), Invalid> {
        check_bounds(self.start, self.least, self.most)?;
        check_factor("beta", self.beta)
    }
}

impl WindowModel for Aimd {
    fn gather(&self) -> Gather {
        self.gather
    }

    fn bounds(&self) -> (u32, u32) {
        (self.least, self.most)
    }

    fn start(&self) -> Box<dyn WindowLaw> {
        Box::new(Law { model: self.clone(), limit: self.start })
    }
}

#[derive(Clone, Debug)]
struct Law {
    model: Aimd,
    limit: u32,
}

impl WindowLaw for Law {
    fn limit(&self) -> u32 {
        self.limit
    }

    fn update(&mut self, gathered: &Gathered, _draw: &mut dyn FnMut() -> f64) {
        let is_late = gathered.took.is_some_and(|took| took > self.model.timeout);
        let wanted = if gathered.dropped || is_late {
            (f64::from(self.limit) * self.model.beta) as u32
        } else if gathered.in_flight.saturating_mul(2) >= self.limit {
            self.limit.saturating_add(1)
        } else {
            self.limit
        };
        self.limit = wanted.clamp(self.model.least, self.model.most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_by_one_and_falls_by_a_factor() {
        let mut law = Aimd { start: 50, most: 52, ..Aimd::default() }.start();
        let mut limit = |secs, in_flight, dropped: bool| {
            let took = (!dropped).then(|| SimDuration::from_secs(secs));
            law.update(&Gathered { took, in_flight, dropped }, &mut || 0.0);
            law.limit()
        };
        assert_eq!(
            [limit(1, 25, false), limit(1, 25, false), limit(1, 26, false), limit(1, 26, false)],
            [51, 51, 52, 52]
        );
        assert_eq!([limit(6, 1, false), limit(5, 1, false), limit(0, 1, true)], [46, 46, 41]);
        assert_eq!((0..20).map(|_| limit(0, 1, true)).last(), Some(20));
    }
}
