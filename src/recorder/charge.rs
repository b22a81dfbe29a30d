//! What was charged: by cause for each class, and by calendar month in all.

use crate::protocol::Uptime;
use crate::units::{Money, SimTime};

/// Why a call was paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It was the first call for its request that was charged.
    First,
    /// An earlier call for the same request was charged already.
    Retry,
}

/// What calls cost one by one, before what a month's allowance or contract makes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Charges {
    /// The first charged call of each request.
    pub first: Money,
    /// All further ones.
    pub retry: Money,
    /// The part of both that led to no answer.
    pub wasted: Money,
}

impl Charges {
    /// First calls and further ones.
    pub fn total(&self) -> Money {
        self.first.saturating_add(self.retry)
    }

    #[inline]
    pub(super) fn add(&mut self, cost: Money, cause: Cause, is_answered: bool) {
        let sum = match cause {
            Cause::First => &mut self.first,
            Cause::Retry => &mut self.retry,
        };
        *sum = sum.saturating_add(cost);
        if !is_answered {
            self.wasted = self.wasted.saturating_add(cost);
        }
    }

    pub(super) fn merge(&mut self, other: &Charges) {
        self.first = self.first.saturating_add(other.first);
        self.retry = self.retry.saturating_add(other.retry);
        self.wasted = self.wasted.saturating_add(other.wasted);
    }
}

/// What all classes used in one calendar month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct MonthUse {
    /// Calls that were charged, also those that cost nothing.
    pub calls: u64,
    /// What they cost one by one.
    pub listed: Money,
    /// How calls fared that ended in it.
    pub uptime: Uptime,
}

impl MonthUse {
    /// Adds the use of `other`.
    pub fn add(&mut self, other: &MonthUse) {
        self.calls += other.calls;
        self.listed = self.listed.saturating_add(other.listed);
        self.uptime.add(other.uptime);
    }
}

/// The use of each calendar month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Months {
    /// Where each but the last one ends.
    ends: Vec<SimTime>,
    uses: Vec<MonthUse>,
}

impl Months {
    pub fn new(ends: Vec<SimTime>) -> Self {
        Months { uses: vec![MonthUse::default(); ends.len() + 1], ends }
    }

    pub fn uses(&self) -> &[MonthUse] {
        &self.uses
    }

    #[inline]
    fn of(&mut self, at: SimTime) -> &mut MonthUse {
        let month = self.ends.partition_point(|end| *end <= at);
        &mut self.uses[month]
    }

    #[inline]
    pub fn add(&mut self, at: SimTime, cost: Money, is_answered: bool) {
        let uptime = Uptime { answered: u64::from(is_answered), failed: 0 };
        self.of(at).add(&MonthUse { calls: 1, listed: cost, uptime });
    }

    pub fn fail(&mut self, at: SimTime) {
        self.of(at).uptime.failed += 1;
    }

    pub fn merge(&mut self, other: &Months) {
        self.uses.iter_mut().zip(&other.uses).for_each(|(mine, theirs)| mine.add(theirs));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::SimDuration;

    #[test]
    fn a_call_counts_for_its_month_whenever_it_is_told() {
        let at = |seconds| SimTime::ZERO + SimDuration::from_secs(seconds);
        let mut months = Months::new(vec![at(10), at(20)]);
        for second in [25, 9, 10, 19, 0] {
            months.add(at(second), Money::from_usd(second as i64), second != 9);
        }
        months.fail(at(9));
        let seen: Vec<_> = months.uses().iter().map(|month| (month.calls, month.listed)).collect();
        assert_eq!(seen, [(2, Money::from_usd(9)), (2, Money::from_usd(29)), (1, Money::from_usd(25))]);
        let once = months.clone();
        months.merge(&once);
        let uptime = Uptime { answered: 4, failed: 0 };
        assert_eq!(months.uses()[1], MonthUse { calls: 4, listed: Money::from_usd(58), uptime });
        assert_eq!(months.uses()[0].uptime, Uptime { answered: 2, failed: 2 });
    }

    #[test]
    fn charges_are_told_apart_by_cause_and_by_what_they_led_to() {
        let mut charges = Charges::default();
        charges.add(Money::from_usd(4), Cause::First, false);
        charges.add(Money::from_usd(3), Cause::Retry, false);
        charges.add(Money::from_usd(10), Cause::Retry, true);
        let [first, retry, wasted] = [4, 13, 7].map(Money::from_usd);
        assert_eq!(charges, Charges { first, retry, wasted });
        assert_eq!(charges.total(), Money::from_usd(17));
    }
}
