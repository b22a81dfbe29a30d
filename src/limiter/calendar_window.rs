//! A quota per calendar day or month.

use super::{Limiter, LimiterModel, Verdict};
use crate::params::{Invalid, Parameters, Visitor};
use crate::units::{Allowance, CalendarUnit, Civil, Period, Rate, SimDuration, SimTime};

/// `limit` per calendar day or month: free again at midnight, or at midnight of the first, in `zone`.
#[derive(Clone, Debug, PartialEq)]
pub struct CalendarWindow {
    /// Amount per `day` or `month`.
    pub limit: Allowance,
    /// IANA name of the time zone whose midnight counts.
    pub zone: String,
}

impl Default for CalendarWindow {
    fn default() -> Self {
        let limit = Allowance { amount: 5_000, is_money: false, period: Period::Calendar(CalendarUnit::Month) };
        CalendarWindow { limit, zone: "UTC".to_owned() }
    }
}

impl CalendarWindow {
    fn unit(&self) -> Option<CalendarUnit> {
        match self.limit.period {
            Period::Calendar(unit) => Some(unit),
            Period::Fixed(_) => None,
        }
    }
}

impl Parameters for CalendarWindow {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("limit", &mut self.limit);
        visitor.optional("zone", &mut self.zone);
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.unit().is_none() {
            let message = format!("`{}` is per fixed length of time, not per calendar `day` or `month`", self.limit);
            return Err(Invalid::new("limit", message, "write it per `day` or `month`, or use a `fixed-window`"));
        }
        Civil::default().in_zone(&self.zone).map(drop).map_err(|_| {
            let message = format!("`{}` is not a time zone", self.zone);
            Invalid::new("zone", message, "write an IANA name, as in `\"UTC\"` or `\"America/Los_Angeles\"`")
        })
    }
}

impl LimiterModel for CalendarWindow {
    type State = State;

    fn start(&self, civil: &Civil) -> State {
        let civil = civil.in_zone(&self.zone).unwrap_or_else(|_| civil.clone());
        let unit = self.unit().unwrap_or(CalendarUnit::Month);
        let end = civil.next_boundary(unit, SimTime::ZERO);
        State { amount: self.limit.amount, used: 0, end, unit, civil }
    }

    fn capacity(&self) -> u64 {
        self.limit.amount
    }

    fn sustained(&self) -> Option<Rate> {
        Some(self.limit.rate())
    }

    /// The allowance of every day or month that the run touches.
    fn allows(&self, civil: &Civil, span: SimDuration) -> Option<f64> {
        let mut state = self.start(civil);
        let (end, mut windows) = (SimTime::ZERO.saturating_add(span), 1);
        while state.end < end {
            state.roll(state.end);
            windows += 1;
        }
        Some(windows as f64 * self.limit.amount as f64)
    }

    fn is_quota(&self) -> bool {
        true
    }

    fn period(&self) -> SimDuration {
        self.limit.period.mean_length()
    }

    fn is_of_money(&self) -> bool {
        self.limit.is_money
    }

    fn label(&self) -> String {
        self.limit.to_string()
    }
}

/// The counter of the present day or month.
#[derive(Clone, Debug)]
pub struct State {
    amount: u64,
    used: u64,    // more than `amount` where it was overdrawn
    end: SimTime, // of the present window
    unit: CalendarUnit,
    civil: Civil,
}

impl State {
    #[cold]
    #[inline(never)]
    fn roll(&mut self, now: SimTime) {
        self.used = 0;
        self.end = self.civil.next_boundary(self.unit, now);
    }
}

impl Limiter for State {
    #[inline]
    fn admits(&mut self, now: SimTime, amount: u64) -> bool {
        if now >= self.end {
            self.roll(now);
        }
        self.amount.saturating_sub(self.used) >= amount
    }

    #[inline]
    fn charge(&mut self, _now: SimTime, amount: u64) {
        self.used += amount;
    }

    #[inline]
    fn opens(&self, _now: SimTime, amount: u64) -> Verdict {
        if amount > self.amount { Verdict::Never } else { Verdict::RetryAt(self.end) }
    }

    /// What is over the limit lapses with the window.
    fn overdraw(&mut self, now: SimTime, amount: u64) {
        self.admits(now, 1);
        self.charge(now, amount);
    }

    fn refund(&mut self, now: SimTime, charged: SimTime, amount: u64) {
        self.admits(now, 1);
        if self.civil.next_boundary(self.unit, charged) == self.end {
            self.used -= amount;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_february_opens_on_its_last_midnight() {
        let civil = Civil::parse("2025-02-27T12:00:00Z").unwrap();
        let limit = Allowance { amount: 1, is_money: false, period: Period::Calendar(CalendarUnit::Month) };
        let mut quota = CalendarWindow { limit, zone: "UTC".to_owned() }.start(&civil);
        assert!(quota.admits(SimTime::ZERO, 1));
        quota.charge(SimTime::ZERO, 1);
        let march = SimTime::ZERO + SimDuration::from_secs(36 * 3_600);
        assert_eq!(quota.verdict(SimTime::ZERO, 1), Verdict::RetryAt(march));
        assert_eq!(quota.verdict(march, 1), Verdict::Admit);
        assert_eq!(quota.verdict(march, 2), Verdict::Never);
    }
}
