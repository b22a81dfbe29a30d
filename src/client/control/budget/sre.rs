//! The retry budget of Google's clients.

use super::{Budget, BudgetModel, Grant, Load, check_memory, check_share};
use crate::client::control::recent::Recent;
use crate::client::retry::Failing;
use crate::params::{Invalid, Parameters, Visitor};
use crate::units::{Share, SimDuration, SimTime};

/// A retry is made only while those of the last `window` are less than `share` of the requests of it, so that retries add
/// at most that much to the load (Beyer and others, *Site Reliability Engineering*, 2016, chapter 21: 10 %).
///
/// The book does not say how far back a client counts; two minutes are what its throttling has. Requests and retries are
/// forgotten in steps of a hundredth of the window.
#[derive(Clone, Debug, PartialEq)]
pub struct Sre {
    /// Retries per request, above 0 and up to 1.
    pub share: Share,
    /// How long requests and retries count, from 1 ms to a day.
    pub window: SimDuration,
}

impl Default for Sre {
    fn default() -> Self {
        Sre { share: Share::from_hundred_millionths(10_000_000), window: SimDuration::from_secs(120) }
    }
}

impl Parameters for Sre {
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

impl BudgetModel for Sre {
    fn start(&self) -> Box<dyn Budget> {
        let none = Recent::new(self.window, SLICES);
        Box::new(Ratio { share: self.share, requests: none.clone(), retries: none })
    }
}

#[derive(Debug)]
struct Ratio {
    share: Share,
    requests: Recent,
    retries: Recent,
}

impl Budget for Ratio {
    fn began(&mut self, now: SimTime) {
        self.requests.add(now, 1);
    }

    fn grants(&mut self, now: SimTime, _failing: Failing, _load: Load) -> Option<Grant> {
        let [requests, retries] = [&mut self.requests, &mut self.retries].map(|recent| i128::from(recent.total(now)));
        let [share, all] = [self.share, Share::ONE].map(|share| i128::from(share.hundred_millionths()));
        if retries * all >= requests * share {
            return None;
        }
        self.retries.add(now, 1);
        Some(Grant::FREE)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::granted;
    use super::*;

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
