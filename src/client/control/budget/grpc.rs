//! The throttling of retries in gRPC.

use super::{Budget, BudgetModel, Grant, Load};
use crate::client::retry::Failing;
use crate::params::{Invalid, Parameters, Visitor};
use crate::units::SimTime;

/// Tokens, `max-tokens` at first and at most. An attempt that fails takes one, one that succeeds gives `token-ratio`, and
/// retries are made only while there are more than half of `max-tokens` (gRPC proposal A6, `retryThrottling`).
#[derive(Clone, Debug, PartialEq)]
pub struct Grpc {
    /// The most tokens, in 1..=1000.
    pub max_tokens: u32,
    /// What a success gives, above 0 and up to 1000, with at most three decimals.
    pub token_ratio: f64,
}

impl Default for Grpc {
    /// The proposal's sample.
    fn default() -> Self {
        Grpc { max_tokens: 10, token_ratio: 0.1 }
    }
}

const THOUSAND: f64 = 1_000.0;

impl Parameters for Grpc {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("max-tokens", &mut self.max_tokens);
        visitor.optional("token-ratio", &mut self.token_ratio);
    }

    fn check(&self) -> Result<(), Invalid> {
        if !(1..=1_000).contains(&self.max_tokens) {
            let message = format!("{} is outside 1 to 1000", self.max_tokens);
            return Err(Invalid::new("max-tokens", message, "write a whole number from 1 to 1000, as in `10`"));
        }
        let ratio = self.token_ratio;
        let is_exact = f64::from(self.thousandths()) / THOUSAND == ratio;
        if !(is_exact && ratio > 0.0 && ratio <= THOUSAND) {
            let message = format!("`{ratio:?}` is not a number of at most three decimals above 0 and up to 1000");
            return Err(Invalid::new("token-ratio", message, "write what a success gives, as in `0.1`"));
        }
        Ok(())
    }
}

impl Grpc {
    /// The ratio as gRPC keeps it.
    fn thousandths(&self) -> u32 {
        (self.token_ratio * THOUSAND).round() as u32
    }
}

impl BudgetModel for Grpc {
    fn start(&self) -> Box<dyn Budget> {
        let most = self.max_tokens * 1_000;
        Box::new(Tokens { most, left: most, gives: self.thousandths() })
    }
}

/// In thousandths.
#[derive(Debug)]
struct Tokens {
    most: u32,
    left: u32, // at most `most`
    gives: u32,
}

impl Budget for Tokens {
    fn succeeded(&mut self, _now: SimTime, _grant: Grant) {
        self.left = self.left.saturating_add(self.gives).min(self.most);
    }

    fn failed(&mut self, _now: SimTime, _failing: Failing, _grant: Grant) {
        self.left = self.left.saturating_sub(1_000);
    }

    fn grants(&mut self, _now: SimTime, _failing: Failing, _load: Load) -> Option<Grant> {
        (self.left > self.most / 2).then_some(Grant::FREE)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::granted;
    use super::*;

    #[test]
    fn five_failures_stop_retries_and_ten_successes_buy_one() {
        let now = SimTime::ZERO;
        let mut budget = Grpc::default().start();
        let fails = |budget: &mut dyn Budget| {
            budget.failed(now, Failing::Refused(None), Grant::FREE);
            granted(budget, now, 1)
        };
        assert_eq!([(); 5].map(|()| fails(&mut *budget)), [1, 1, 1, 1, 0]);
        budget.succeeded(now, Grant::FREE);
        assert_eq!(granted(&mut *budget, now, 1), 1, "5.1 tokens are more than half");
        assert_eq!(fails(&mut *budget), 0);
        let gives = (1..).find(|_| {
            budget.succeeded(now, Grant::FREE);
            granted(&mut *budget, now, 1) == 1
        });
        assert_eq!(gives, Some(10), "from 4.1 to 5.1 tokens");
    }

    #[test]
    fn ratios_are_kept_to_three_decimals() {
        let of = |token_ratio| Grpc { token_ratio, ..Grpc::default() }.check();
        assert!([0.1, 0.001, 1.0, 0.3, 0.015, 1000.0].iter().all(|&ratio| of(ratio).is_ok()));
        assert!([0.0, -0.1, 0.0005, 1e-9, 1000.5, 1e300].iter().all(|&ratio| of(ratio).is_err()));
    }
}
