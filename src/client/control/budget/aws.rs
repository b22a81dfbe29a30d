//! The retry quota of the AWS SDKs.

use super::{Budget, BudgetModel, Grant, Load};
use crate::client::retry::Failing;
use crate::params::{Invalid, Parameters, Visitor};
use crate::protocol::Fault;
use crate::units::SimTime;

/// A purse of `capacity`, full at first. A retry takes its cost, and is not made where less is left. A success at the first
/// attempt gives back 1, one after retries what the last of them cost; what failed gives back nothing.
///
/// From botocore 1.44 on retries cost 5 after throttling and 14 otherwise, before it 5, and 10 after a timeout. So at most
/// 100 throttled retries are made, or 35 others, before the purse is empty.
#[derive(Clone, Debug, PartialEq)]
pub struct Aws {
    /// What the purse holds.
    pub capacity: u32,
    /// What a retry after a 429 costs, at least 1.
    pub throttled_cost: u32,
    /// What a retry after a fault costs, at least 1.
    pub fault_cost: u32,
    /// What one after a timeout (504) costs, where that differs.
    pub timeout_cost: Option<u32>,
}

impl Default for Aws {
    fn default() -> Self {
        Aws { capacity: 500, throttled_cost: 5, fault_cost: 14, timeout_cost: None }
    }
}

impl Parameters for Aws {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("capacity", &mut self.capacity);
        visitor.optional("throttled-cost", &mut self.throttled_cost);
        visitor.optional("fault-cost", &mut self.fault_cost);
        visitor.optional("timeout-cost", &mut self.timeout_cost);
    }

    fn check(&self) -> Result<(), Invalid> {
        let costs = [
            ("throttled-cost", self.throttled_cost),
            ("fault-cost", self.fault_cost),
            ("timeout-cost", self.timeout_cost.unwrap_or(self.fault_cost)),
        ];
        for (key, cost) in costs {
            if cost == 0 {
                return Err(Invalid::new(key, "retries that cost nothing need no budget", "write at least 1"));
            }
            if cost > self.capacity {
                let message = format!("{cost} is more than `capacity`, which is {}", self.capacity);
                return Err(Invalid::new(
                    key,
                    message,
                    format!("write at most {}, or raise `capacity`", self.capacity),
                ));
            }
        }
        Ok(())
    }
}

impl BudgetModel for Aws {
    fn start(&self) -> Box<dyn Budget> {
        Box::new(Purse { terms: self.clone(), left: self.capacity })
    }
}

#[derive(Debug)]
struct Purse {
    terms: Aws,
    left: u32, // at most the capacity
}

impl Budget for Purse {
    fn succeeded(&mut self, _now: SimTime, grant: Grant) {
        self.left = self.left.saturating_add(grant.0.max(1)).min(self.terms.capacity);
    }

    fn grants(&mut self, _now: SimTime, failing: Failing, _load: Load) -> Option<Grant> {
        let cost = match failing.fault() {
            None => self.terms.throttled_cost,
            Some(Fault::Timeout) => self.terms.timeout_cost.unwrap_or(self.terms.fault_cost),
            Some(_) => self.terms.fault_cost,
        };
        self.left = self.left.checked_sub(cost)?;
        Some(Grant(cost))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::granted;
    use super::*;

    fn grants(budget: &mut dyn Budget, failing: Failing) -> Option<Grant> {
        budget.grants(SimTime::ZERO, failing, Load::default())
    }

    #[test]
    fn the_purse_lasts_for_100_throttled_retries_or_35_others() {
        assert_eq!(granted(&mut *Aws::default().start(), SimTime::ZERO, 1_000), 100);
        let mut budget = Aws::default().start();
        let broken = Failing::Fault(Fault::Unavailable);
        assert_eq!((0..1_000).filter(|_| grants(&mut *budget, broken).is_some()).count(), 35);
        let old = Aws { fault_cost: 5, timeout_cost: Some(10), ..Aws::default() };
        let mut budget = old.start();
        let late = Failing::Fault(Fault::Timeout);
        assert_eq!((0..1_000).filter(|_| grants(&mut *budget, late).is_some()).count(), 50);
    }

    #[test]
    fn successes_give_back_one_or_the_last_cost() {
        let mut budget = Aws { capacity: 20, ..Aws::default() }.start();
        let first = grants(&mut *budget, Failing::Fault(Fault::Internal)).unwrap(); // 6 left
        let second = grants(&mut *budget, Failing::Refused(None)).unwrap(); // 1 left
        assert_eq!([first, second], [Grant(14), Grant(5)]);
        budget.succeeded(SimTime::ZERO, second); // 6 left: the first cost stays taken
        assert_eq!(granted(&mut *budget, SimTime::ZERO, 9), 1); // 1 left
        (0..4).for_each(|_| budget.succeeded(SimTime::ZERO, Grant::FREE)); // 5 left
        assert_eq!(granted(&mut *budget, SimTime::ZERO, 9), 1);
        (0..99).for_each(|_| budget.succeeded(SimTime::ZERO, Grant(5)));
        assert_eq!(granted(&mut *budget, SimTime::ZERO, 9), 4, "it never holds more than its capacity");
    }
}
