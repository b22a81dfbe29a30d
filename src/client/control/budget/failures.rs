//! A budget that failures use up.

use super::of_late::{OfLate, Tally};
use super::{Budget, BudgetModel, Grant, Load};
use crate::client::retry::Failing;
use crate::params::{Invalid, Parameters, Visitor};
use crate::units::SimTime;

/// No retry is made while the calls of the last `window` that went wrong are more than `share` of the requests of it:
/// a breaker that stops retries alone, and never a first attempt (Brooker, *Fixing retries with token buckets and circuit
/// breakers*, 2022, who counts since the start).
///
/// Failed retries count too, so retries stop where clearly fewer than `share` of the calls fail.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Failures {
    /// Failed calls per request up to which it tries again.
    pub failed: OfLate,
}

impl Parameters for Failures {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        self.failed.visit(visitor);
    }

    fn check(&self) -> Result<(), Invalid> {
        self.failed.check()
    }
}

impl BudgetModel for Failures {
    fn start(&self) -> Box<dyn Budget> {
        Box::new(Failed(Tally::new(&self.failed)))
    }
}

#[derive(Debug)]
struct Failed(Tally);

impl Budget for Failed {
    fn began(&mut self, now: SimTime) {
        self.0.request(now);
    }

    fn failed(&mut self, now: SimTime, _failing: Failing, _grant: Grant) {
        self.0.other(now);
    }

    fn grants(&mut self, now: SimTime, _failing: Failing, _load: Load) -> Option<Grant> {
        self.0.compare(now).is_le().then_some(Grant::FREE)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::granted;
    use super::*;
    use crate::units::SimDuration;

    #[test]
    fn retries_stop_when_more_than_a_tenth_has_failed_and_go_on_when_that_is_forgotten() {
        let at = |secs: u64| SimTime::ZERO + SimDuration::from_secs(secs);
        let mut budget = Failures::default().start();
        (0..20).for_each(|_| budget.began(at(0)));
        let mut fails = |secs| {
            budget.failed(at(secs), Failing::Refused(None), Grant::FREE);
            let grants = budget.grants(at(secs), Failing::Refused(None), Load::default());
            budget.began(at(secs));
            grants.is_some()
        };
        assert_eq!([fails(0), fails(1), fails(2), fails(3)], [true, true, false, false]);
        assert!(!fails(121), "what failed lately is more than a tenth of the few that came since");
        (0..9).for_each(|_| budget.began(at(400)));
        budget.failed(at(400), Failing::Refused(None), Grant::FREE);
        assert_eq!(granted(&mut *budget, at(400), 3), 0, "one of nine");
        budget.began(at(400));
        assert_eq!(granted(&mut *budget, at(400), 3), 3, "one of ten");
    }
}
