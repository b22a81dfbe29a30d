//! A bucket that refills in steps.

use super::{Limiter, LimiterModel, Verdict};
use crate::params::{Invalid, Parameters, Visitor, fixed_period};
use crate::units::{Allowance, Civil, Rate, SimDuration, SimTime};

/// Holds at most `capacity`, is full at the start and gains the whole amount of `refill` at the end of each of its periods,
/// counted from the scenario's start. An amount passes if the level is at least as high, and lowers it.
#[derive(Clone, Debug, PartialEq)]
pub struct IntervalBucket {
    /// What it gains, and how often.
    pub refill: Allowance,
    /// The most that it holds. By default what it gains at once.
    pub capacity: Option<u64>,
}

impl Default for IntervalBucket {
    fn default() -> Self {
        IntervalBucket { refill: Allowance::per(60, SimDuration::from_secs(60)), capacity: None }
    }
}

impl Parameters for IntervalBucket {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("refill", &mut self.refill);
        visitor.optional("capacity", &mut self.capacity);
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.capacity == Some(0) {
            return Err(Invalid::new("capacity", "a bucket of 0 admits nothing", "write at least 1, or leave it out"));
        }
        fixed_period("refill", self.refill).map(drop)
    }
}

impl LimiterModel for IntervalBucket {
    type State = State;

    fn start(&self, _civil: &Civil) -> State {
        State {
            gain: u128::from(self.refill.amount),
            length: self.refill.period.mean_length(),
            full: u128::from(self.capacity()),
            missing: 0,
            refills: 0,
        }
    }

    fn capacity(&self) -> u64 {
        self.capacity.unwrap_or(self.refill.amount)
    }

    fn sustained(&self) -> Option<Rate> {
        Some(self.refill.rate())
    }

    /// The time in which an empty bucket fills, at most.
    fn period(&self) -> SimDuration {
        self.refill.period.mean_length().saturating_mul(self.capacity().div_ceil(self.refill.amount))
    }

    fn is_of_money(&self) -> bool {
        self.refill.is_money
    }

    fn label(&self) -> String {
        format!("{} in steps", self.refill)
    }
}

/// What is missing to a full bucket.
#[derive(Clone, Debug)]
pub struct State {
    gain: u128,
    length: SimDuration,
    full: u128,
    missing: u128, // after `refills`; more than `full` where it was overdrawn
    refills: u64,
}

impl Limiter for State {
    fn admits(&mut self, now: SimTime, amount: u64) -> bool {
        let refills = now.as_nanos() / self.length.as_nanos();
        self.missing = self.missing.saturating_sub(u128::from(refills - self.refills) * self.gain);
        self.refills = refills;
        self.missing + u128::from(amount) <= self.full
    }

    fn charge(&mut self, _now: SimTime, amount: u64) {
        self.missing += u128::from(amount);
    }

    fn opens(&self, _now: SimTime, amount: u64) -> Verdict {
        let asked = u128::from(amount);
        if asked > self.full {
            return Verdict::Never;
        }
        let refills = (self.missing - (self.full - asked)).div_ceil(self.gain);
        let refills = u64::try_from(refills).unwrap_or(u64::MAX).saturating_add(self.refills);
        Verdict::RetryAt(SimTime::ZERO.saturating_add(self.length.saturating_mul(refills)))
    }

    fn overdraw(&mut self, now: SimTime, amount: u64) {
        self.admits(now, 1);
        self.charge(now, amount);
    }

    /// What is given back to a bucket that has filled up meanwhile is lost.
    fn refund(&mut self, now: SimTime, _charged: SimTime, amount: u64) {
        self.admits(now, 1);
        self.missing = self.missing.saturating_sub(u128::from(amount));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_comes_between_two_refills() {
        let at = |millis: u64| SimTime::from_nanos(millis * 1_000_000);
        let refill = Allowance::per(5, SimDuration::from_nanos(500_000_000));
        let mut bucket = IntervalBucket { refill, capacity: Some(20) }.start(&Civil::default());
        bucket.charge(at(0), 20);
        assert_eq!(bucket.verdict(at(499), 1), Verdict::RetryAt(at(500)));
        assert_eq!(bucket.verdict(at(499), 6), Verdict::RetryAt(at(1_000)));
        assert_eq!(bucket.verdict(at(500), 5), Verdict::Admit);
        assert_eq!(bucket.verdict(at(500), 21), Verdict::Never);
    }
}
