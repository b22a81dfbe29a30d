//! The retry budget of Envoy.

use super::{Budget, BudgetModel, Grant, Load, check_share};
use crate::client::retry::Failing;
use crate::params::{Invalid, Parameters, Visitor};
use crate::units::{Share, SimTime};

/// Retries that are under way at once, back-off included, are at most `share` of the calls in flight and the requests that
/// wait for a slot, and `least` in any case (Envoy's `retry_budget`; without one a cluster has no share and 3 at least).
#[derive(Clone, Debug, PartialEq)]
pub struct Envoy {
    /// Retries per call under way, in 0..=1.
    pub share: Share,
    /// Retries that may be under way whatever else is; at least 1 where there is no share.
    pub least: u64,
}

impl Default for Envoy {
    fn default() -> Self {
        Envoy { share: Share::from_hundred_millionths(20_000_000), least: 3 }
    }
}

impl Parameters for Envoy {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("share", &mut self.share);
        visitor.optional("least", &mut self.least);
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.share == Share::default() && self.least > 0 { Ok(()) } else { check_share(self.share) }
    }
}

impl BudgetModel for Envoy {
    fn start(&self) -> Box<dyn Budget> {
        Box::new(UnderWay { terms: self.clone(), retries: 0 })
    }
}

/// That of every retry: it must be told when it ends.
const TAKEN: Grant = Grant(1);

#[derive(Debug)]
struct UnderWay {
    terms: Envoy,
    retries: u64,
}

impl UnderWay {
    fn release(&mut self, grant: Grant) {
        self.retries -= u64::from(grant == TAKEN).min(self.retries);
    }
}

impl Budget for UnderWay {
    fn succeeded(&mut self, _now: SimTime, grant: Grant) {
        self.release(grant);
    }

    fn failed(&mut self, _now: SimTime, _failing: Failing, grant: Grant) {
        self.release(grant);
    }

    fn dropped(&mut self, grant: Grant) {
        self.release(grant);
    }

    fn grants(&mut self, _now: SimTime, _failing: Failing, load: Load) -> Option<Grant> {
        let most = self.terms.share.of(load.calls.saturating_add(load.waiting)).max(self.terms.least);
        if self.retries >= most {
            return None;
        }
        self.retries += 1;
        Some(TAKEN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_are_a_share_of_what_is_under_way_and_at_least_three() {
        let now = SimTime::ZERO;
        let mut budget = Envoy::default().start();
        let ask = |budget: &mut dyn Budget, calls, waiting| {
            let load = Load { calls, waiting };
            (0..99).map_while(|_| budget.grants(now, Failing::Refused(None), load)).count()
        };
        assert_eq!([ask(&mut *budget, 0, 0), ask(&mut *budget, 14, 5), ask(&mut *budget, 15, 10)], [3, 0, 2]);
        budget.succeeded(now, TAKEN);
        budget.failed(now, Failing::Refused(None), TAKEN);
        budget.dropped(TAKEN);
        budget.succeeded(now, Grant::FREE); // a first attempt ends, which took nothing
        assert_eq!(ask(&mut *budget, 25, 0), 3);
    }
}
