//! An exact sliding window: each admitted amount counts for one period.

use super::{Limiter, LimiterModel, Verdict};
use crate::params::{Invalid, Parameters, Visitor, fixed_period};
use crate::units::{Allowance, Civil, Rate, SimDuration, SimTime};
use std::collections::VecDeque;

/// `limit` in any span of the period's length: at `now` the amounts admitted in `(now - period, now]` count.
#[derive(Clone, Debug, PartialEq)]
pub struct SlidingLog {
    /// Amount in any such span, and the span's length.
    pub limit: Allowance,
}

impl Default for SlidingLog {
    fn default() -> Self {
        SlidingLog { limit: Allowance::per(60, SimDuration::from_secs(60)) }
    }
}

impl Parameters for SlidingLog {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("limit", &mut self.limit);
    }

    fn check(&self) -> Result<(), Invalid> {
        fixed_period("limit", self.limit).map(drop)
    }
}

impl LimiterModel for SlidingLog {
    type State = State;

    fn start(&self, _civil: &Civil) -> State {
        State { amount: self.limit.amount, length: self.period(), used: 0, log: VecDeque::new() }
    }

    fn capacity(&self) -> u64 {
        self.limit.amount
    }

    fn sustained(&self) -> Option<Rate> {
        Some(self.limit.rate())
    }

    fn period(&self) -> SimDuration {
        self.limit.period.mean_length()
    }

    fn is_of_money(&self) -> bool {
        self.limit.is_money
    }

    fn label(&self) -> String {
        format!("{} sliding", self.limit)
    }
}

/// What was admitted and still counts, oldest first.
#[derive(Clone, Debug)]
pub struct State {
    amount: u64,
    length: SimDuration,
    used: u64, // the sum over `log`; more than `amount` where it was overdrawn
    log: VecDeque<(SimTime, u64)>,
}

impl Limiter for State {
    #[inline]
    fn admits(&mut self, now: SimTime, amount: u64) -> bool {
        while let Some(&(at, freed)) = self.log.front()
            && at.saturating_add(self.length) <= now
        {
            self.used -= freed;
            self.log.pop_front();
        }
        self.amount.saturating_sub(self.used) >= amount
    }

    #[inline]
    fn charge(&mut self, now: SimTime, amount: u64) {
        self.used += amount;
        match self.log.back_mut() {
            Some((at, logged)) if *at == now => *logged += amount,
            _ => self.log.push_back((now, amount)),
        }
    }

    fn opens(&self, _now: SimTime, amount: u64) -> Verdict {
        if amount > self.amount {
            return Verdict::Never;
        }
        let mut missing = amount + self.used - self.amount;
        for &(at, freed) in &self.log {
            if freed >= missing {
                return Verdict::RetryAt(at.saturating_add(self.length));
            }
            missing -= freed;
        }
        unreachable!("an amount within the limit fits when the log has emptied")
    }

    fn overdraw(&mut self, now: SimTime, amount: u64) {
        self.admits(now, 1);
        self.charge(now, amount);
    }

    fn refund(&mut self, now: SimTime, charged: SimTime, amount: u64) {
        self.admits(now, 1);
        if let Ok(entry) = self.log.binary_search_by_key(&charged, |(at, _)| *at) {
            self.log[entry].1 -= amount;
            self.used -= amount;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_when_enough_has_left_the_window() {
        let at = SimTime::from_nanos;
        let mut log = SlidingLog { limit: Allowance::per(10, SimDuration::from_nanos(100)) }.start(&Civil::default());
        for (time, amount) in [(0, 4), (10, 4), (20, 2)] {
            assert_eq!(log.verdict(at(time), amount), Verdict::Admit);
            log.charge(at(time), amount);
        }
        assert_eq!(log.verdict(at(30), 3), Verdict::RetryAt(at(100)));
        assert_eq!(log.verdict(at(30), 5), Verdict::RetryAt(at(110)));
        assert_eq!(log.verdict(at(30), 11), Verdict::Never);
        assert_eq!(log.verdict(at(99), 1), Verdict::RetryAt(at(100)));
        assert_eq!(log.verdict(at(100), 4), Verdict::Admit);
    }
}
