//! A budget that failures use up.

use super::{Budget, BudgetModel, Grant, Load, check_memory, check_share};
use crate::client::control::recent::Recent;
use crate::client::retry::Failing;
use crate::params::{Invalid, Parameters, Visitor};
use crate::units::{Share, SimDuration, SimTime};

/// No retry is made while the calls of the last `window` that went wrong are more than `share` of the requests of it:
/// a breaker that stops retries alone, and never a first attempt (Brooker, *Fixing retries with token buckets and circuit
/// breakers*, 2022, who counts since the start).
///
/// Failed retries count too, so retries stop where clearly fewer than `share` of the calls fail. Requests and failures are
/// forgotten in steps of a hundredth of the window.
#[derive(Clone, Debug, PartialEq)]
pub struct Failures {
    /// Failed calls per request up to which it tries again, above 0 and up to 1.
    pub share: Share,
    /// How long requests and failures count, from 1 ms to a day.
    pub window: SimDuration,
}

impl Default for Failures {
    fn default() -> Self {
        Failures { share: Share::from_hundred_millionths(10_000_000), window: SimDuration::from_secs(120) }
    }
}

impl Parameters for Failures {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("share", &mut self.share);
        visitor.optional("window", &mut self.window);
    }

    fn check(&self) -> Result<(), Invalid> {
        check_memory("window", self.window)?;
        check_share(self.share)
    }
}

const SLICES: u64 = 100;

impl BudgetModel for Failures {
    fn start(&self) -> Box<dyn Budget> {
        let none = Recent::new(self.window, SLICES);
        Box::new(Rate { share: self.share, requests: none.clone(), failures: none })
    }
}

#[derive(Debug)]
struct Rate {
    share: Share,
    requests: Recent,
    failures: Recent,
}

impl Budget for Rate {
    fn began(&mut self, now: SimTime) {
        self.requests.add(now, 1);
    }

    fn failed(&mut self, now: SimTime, _failing: Failing, _grant: Grant) {
        self.failures.add(now, 1);
    }

    fn grants(&mut self, now: SimTime, _failing: Failing, _load: Load) -> Option<Grant> {
        let [requests, failures] = [&mut self.requests, &mut self.failures].map(|recent| i128::from(recent.total(now)));
        let [share, all] = [self.share, Share::ONE].map(|share| i128::from(share.hundred_millionths()));
        (failures * all <= requests * share).then_some(Grant::FREE)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::granted;
    use super::*;

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
