//! The retry budget of Google's clients.

use super::of_late::{OfLate, Tally};
use super::{Budget, BudgetModel, Grant, Load};
use crate::client::retry::Failing;
use crate::params::{Invalid, Parameters, Visitor};
use crate::units::SimTime;

/// A retry is made only while those of the last `window` are less than `share` of the requests of it, so that retries add
/// at most that much to the load (Beyer and others, *Site Reliability Engineering*, 2016, chapter 21: 10 %).
///
/// The book does not say how far back a client counts; two minutes are what its throttling has.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Sre {
    /// Retries per request.
    pub retries: OfLate,
}

impl Parameters for Sre {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        self.retries.visit(visitor);
    }

    fn check(&self) -> Result<(), Invalid> {
        self.retries.check()
    }
}

impl BudgetModel for Sre {
    fn start(&self) -> Box<dyn Budget> {
        Box::new(Retries(Tally::new(&self.retries)))
    }
}

#[derive(Debug)]
struct Retries(Tally);

impl Budget for Retries {
    fn began(&mut self, now: SimTime) {
        self.0.request(now);
    }

    fn grants(&mut self, now: SimTime, _failing: Failing, _load: Load) -> Option<Grant> {
        if self.0.compare(now).is_ge() {
            return None;
        }
        self.0.other(now);
        Some(Grant::FREE)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::granted;
    use super::*;
    use crate::units::SimDuration;

    #[test]
    fn retries_stay_at_a_tenth_of_the_requests_of_two_minutes() {
        let at = |secs: u64| SimTime::ZERO + SimDuration::from_secs(secs);
        let mut budget = Sre::default().start();
        let mut asked = |secs, requests| {
            (0..requests).for_each(|_| budget.began(at(secs)));
            granted(&mut *budget, at(secs), 1_000)
        };
        assert_eq!([asked(0, 0), asked(0, 10), asked(0, 1), asked(0, 9), asked(60, 30)], [0, 1, 1, 0, 3]);
        // The 20 requests and the two retries of the beginning are forgotten.
        assert_eq!([asked(119, 0), asked(121, 0), asked(121, 20), asked(400, 0)], [0, 0, 2, 0]);
    }
}
