//! Failures among the last calls.

use super::{BreakerModel, Decision, Judge, Terms, Trials};
use crate::params::{Invalid, Parameters, Visitor};
use crate::units::Share;
use std::collections::VecDeque;

/// Opens when at least `failures` of the last `calls` failed, once `minimum` were made since it closed. Half-open, it lets
/// `trials` calls out, and when all have ended their share of failures decides alike (resilience4j, `COUNT_BASED`).
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// Calls that are remembered, in 1..=100,000.
    pub calls: u32,
    /// The share of them that opens it, above 0 and up to 1.
    pub failures: Share,
    /// Calls below which it never opens, in 1..=`calls`; by default as many as `calls`.
    pub minimum: Option<u32>,
    /// Calls that it makes while it is half-open, at least 1.
    pub trials: u32,
    /// How long it stays open, and what is a failure.
    pub terms: Terms,
}

impl Default for Window {
    fn default() -> Self {
        let failures = Share::from_hundred_millionths(50_000_000);
        Window { calls: 100, failures, minimum: None, trials: 10, terms: Terms::default() }
    }
}

const MOST_CALLS: u32 = 100_000;

impl Parameters for Window {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("calls", &mut self.calls);
        visitor.optional("failures", &mut self.failures);
        visitor.optional("minimum", &mut self.minimum);
        visitor.optional("trials", &mut self.trials);
        self.terms.visit(visitor);
    }

    fn check(&self) -> Result<(), Invalid> {
        if !(1..=MOST_CALLS).contains(&self.calls) {
            let message = format!("{} is outside 1 to {MOST_CALLS}", self.calls);
            return Err(Invalid::new("calls", message, "write how many calls are remembered, as in `100`"));
        }
        if self.failures == Share::default() || self.failures > Share::ONE {
            let message = format!("`{}` of the calls can never be reached, or always is", self.failures);
            let help = "write a share above `0%` and up to `100%`, as in `\"50%\"`";
            return Err(Invalid::new("failures", message, help));
        }
        if let Some(minimum) = self.minimum
            && !(1..=self.calls).contains(&minimum)
        {
            let message = format!("{minimum} is outside 1 to {}, the number of `calls`", self.calls);
            return Err(Invalid::new("minimum", message, format!("write at most {}, or leave it out", self.calls)));
        }
        if self.trials == 0 {
            return Err(Invalid::new("trials", "without a trial it never closes", "write at least 1"));
        }
        self.terms.check()
    }
}

impl BreakerModel for Window {
    fn terms(&self) -> Terms {
        self.terms
    }

    fn judge(&self) -> Box<dyn Judge> {
        Box::new(LastCalls { rule: self.clone(), failed: VecDeque::new(), failures: 0 })
    }
}

#[derive(Debug)]
struct LastCalls {
    rule: Window,
    failed: VecDeque<bool>, // at most `calls`
    failures: u32,          // of `failed`
}

impl LastCalls {
    fn is_bad(&self, failures: u32, calls: u32) -> bool {
        let [failures, calls] = [failures, calls].map(u128::from);
        let [share, all] = [self.rule.failures, Share::ONE].map(|share| u128::from(share.hundred_millionths()));
        failures * all >= calls * share
    }
}

impl Judge for LastCalls {
    fn opens(&mut self, is_failure: bool) -> bool {
        if self.failed.len() >= self.rule.calls as usize {
            self.failures -= u32::from(self.failed.pop_front() == Some(true));
        }
        self.failed.push_back(is_failure);
        self.failures += u32::from(is_failure);
        let calls = self.failed.len() as u32;
        calls >= self.rule.minimum.unwrap_or(self.rule.calls) && self.is_bad(self.failures, calls)
    }

    fn most_trials(&self) -> u32 {
        self.rule.trials
    }

    fn decides(&self, trials: Trials) -> Option<Decision> {
        let ended = trials.succeeded + trials.failed;
        let is_bad = self.is_bad(trials.failed, ended);
        (ended >= self.rule.trials).then_some(if is_bad { Decision::Open } else { Decision::Close })
    }

    fn reset(&mut self) {
        self.failed.clear();
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(calls: u32, percent: u64, minimum: Option<u32>) -> Box<dyn Judge> {
        let failures = Share::from_hundred_millionths(percent * 1_000_000);
        Window { calls, failures, minimum, ..Window::default() }.judge()
    }

    /// After which call it opens.
    fn opens_at(judge: &mut dyn Judge, calls: &str) -> Option<usize> {
        calls.chars().position(|call| judge.opens(call == 'x')).map(|at| at + 1)
    }

    #[test]
    fn opens_at_half_of_a_hundred_calls() {
        let mut judge = Window::default().judge();
        assert_eq!(opens_at(&mut *judge, &"x".repeat(200)), Some(100), "not before there are a hundred");
        judge.reset();
        assert_eq!(opens_at(&mut *judge, &format!("{}{}", ".".repeat(51), "x".repeat(99))), Some(101));
        judge.reset();
        assert_eq!(opens_at(&mut *judge, &"x.".repeat(99)), Some(100));
        judge.reset();
        assert_eq!(opens_at(&mut *judge, &"x..".repeat(99)), None);
    }

    #[test]
    fn the_oldest_calls_are_forgotten_and_few_are_not_judged() {
        assert_eq!(opens_at(&mut *judge(4, 75, None), "xx..x.x..xx."), None);
        assert_eq!(opens_at(&mut *judge(4, 75, None), "xx..x.x.xx"), Some(10));
        assert_eq!(opens_at(&mut *judge(10, 50, Some(3)), "x.x"), Some(3));
        assert_eq!(opens_at(&mut *judge(10, 50, Some(3)), "x..x"), Some(4));
    }

    #[test]
    fn trials_decide_when_all_have_ended() {
        let judge = Window { trials: 4, ..Window::default() }.judge();
        let decides = |succeeded, failed| judge.decides(Trials { out: 0, succeeded, failed });
        assert_eq!([decides(0, 3), decides(3, 0)], [None, None]);
        assert_eq!([decides(2, 2), decides(3, 1)], [Some(Decision::Open), Some(Decision::Close)]);
    }
}
