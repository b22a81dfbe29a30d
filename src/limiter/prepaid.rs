//! Credit that was paid for beforehand.

use super::{Limiter, LimiterModel, Verdict};
use crate::params::{Invalid, Parameters, Visitor};
use crate::units::{Civil, Money, Rate, SimDuration, SimTime};

/// Dollars that are there once; when they are spent, nothing passes any more.
#[derive(Clone, Debug, PartialEq)]
pub struct Prepaid {
    /// What was paid; above zero.
    pub credit: Money,
}

impl Default for Prepaid {
    fn default() -> Self {
        Prepaid { credit: Money::from_usd(5) }
    }
}

impl Parameters for Prepaid {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("credit", &mut self.credit);
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.credit.billionths() == 0 {
            return Err(Invalid::new("credit", "a credit of nothing admits nothing", "write it as in `\"50 USD\"`"));
        }
        Ok(())
    }
}

impl LimiterModel for Prepaid {
    type State = State;

    fn start(&self, _civil: &Civil) -> State {
        State { credit: self.credit.billionths(), spent: 0 }
    }

    fn capacity(&self) -> u64 {
        self.credit.billionths()
    }

    fn sustained(&self) -> Option<Rate> {
        None
    }

    fn allows(&self, _civil: &Civil, _span: SimDuration) -> Option<f64> {
        Some(self.capacity() as f64)
    }

    fn is_of_money(&self) -> bool {
        true
    }

    fn is_quota(&self) -> bool {
        true
    }

    fn period(&self) -> SimDuration {
        SimDuration::ZERO
    }

    fn label(&self) -> String {
        format!("{} USD prepaid", self.credit)
    }
}

/// What is left.
#[derive(Clone, Debug)]
pub struct State {
    credit: u64, // billionths of a dollar
    spent: u64,  // more than `credit` where it was overdrawn
}

impl Limiter for State {
    fn admits(&mut self, _now: SimTime, amount: u64) -> bool {
        self.credit.saturating_sub(self.spent) >= amount
    }

    fn charge(&mut self, _now: SimTime, amount: u64) {
        self.spent += amount;
    }

    fn opens(&self, _now: SimTime, _amount: u64) -> Verdict {
        Verdict::Never
    }

    fn overdraw(&mut self, now: SimTime, amount: u64) {
        self.charge(now, amount);
    }

    fn refund(&mut self, _now: SimTime, _charged: SimTime, amount: u64) {
        self.spent -= amount;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_spent_does_not_come_back() {
        let now = SimTime::ZERO;
        let mut credit = Prepaid { credit: Money::from_usd(5) }.start(&Civil::default());
        credit.overdraw(now, 5_000_000_001);
        assert_eq!(credit.verdict(now, 1), Verdict::Never);
        credit.refund(now, now, 2);
        assert_eq!(credit.verdict(now, 1), Verdict::Admit);
        assert_eq!(credit.verdict(now, 2), Verdict::Never);
    }
}
