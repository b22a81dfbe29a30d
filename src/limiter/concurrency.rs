//! A bound on what is in flight.

use super::{Limiter, LimiterModel, Verdict};
use crate::params::{Invalid, Parameters, Visitor};
use crate::units::{Civil, Rate, SimDuration, SimTime};

/// At most `limit` in flight; an amount is held until its call ends.
#[derive(Clone, Debug, PartialEq)]
pub struct Concurrency {
    /// The most that may be in flight.
    pub limit: u64,
}

impl Default for Concurrency {
    fn default() -> Self {
        Concurrency { limit: 10 }
    }
}

impl Parameters for Concurrency {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("limit", &mut self.limit);
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.limit == 0 {
            return Err(Invalid::new("limit", "a limit of 0 admits nothing", "write at least 1"));
        }
        Ok(())
    }
}

impl LimiterModel for Concurrency {
    type State = State;

    fn start(&self, _civil: &Civil) -> State {
        State { limit: self.limit, held: 0 }
    }

    fn capacity(&self) -> u64 {
        self.limit
    }

    fn sustained(&self) -> Option<Rate> {
        None
    }

    fn period(&self) -> SimDuration {
        SimDuration::ZERO
    }

    fn holds(&self) -> bool {
        true
    }

    fn label(&self) -> String {
        format!("{} in flight", self.limit)
    }
}

/// What is in flight.
#[derive(Clone, Debug)]
pub struct State {
    limit: u64,
    held: u64, // more than `limit` where it was overdrawn
}

impl Limiter for State {
    #[inline]
    fn admits(&mut self, _now: SimTime, amount: u64) -> bool {
        self.limit.saturating_sub(self.held) >= amount
    }

    #[inline]
    fn charge(&mut self, _now: SimTime, amount: u64) {
        self.held += amount;
    }

    #[inline]
    fn opens(&self, _now: SimTime, amount: u64) -> Verdict {
        if amount > self.limit { Verdict::Never } else { Verdict::Busy }
    }

    #[inline]
    fn settle(&mut self, _now: SimTime, amount: u64) {
        self.held -= amount;
    }

    fn overdraw(&mut self, now: SimTime, amount: u64) {
        self.charge(now, amount);
    }

    fn refund(&mut self, now: SimTime, _charged: SimTime, amount: u64) {
        self.settle(now, amount);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_makes_room() {
        let now = SimTime::ZERO;
        let mut limit = Concurrency { limit: 3 }.start(&Civil::default());
        limit.charge(now, 3);
        assert_eq!(limit.verdict(now, 1), Verdict::Busy);
        limit.settle(now, 2);
        assert_eq!(limit.verdict(now, 2), Verdict::Admit);
        assert_eq!(limit.verdict(now, 4), Verdict::Never);
    }
}
