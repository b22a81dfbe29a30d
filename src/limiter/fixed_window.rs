//! A counter for each window of fixed length.

use super::{Limiter, LimiterModel, Verdict};
use crate::params::{Invalid, Parameters, Visitor, fixed_period};
use crate::units::{Allowance, Civil, Rate, SimDuration, SimTime};

crate::words! {
    /// Where windows begin.
    pub enum Align {
        /// At whole multiples of the period since 1970 in UTC: a minute window begins with the clock's minute.
        Epoch = "epoch",
        /// At the scenario's start.
        Start = "start",
        /// With the first request after the last window ended.
        FirstRequest = "first-request",
    }
}

impl Align {
    /// When the first window of `length` ends that the scenario's start lies in; at the start if there is none yet.
    pub(super) fn first_edge(self, length: SimDuration, civil: &Civil) -> SimTime {
        match self {
            Align::Epoch => {
                let into = SimDuration::from_nanos(civil.epoch_nanos() % length.as_nanos());
                SimTime::ZERO + (length - into)
            }
            Align::Start => SimTime::ZERO + length,
            Align::FirstRequest => SimTime::ZERO,
        }
    }
}

/// `limit` per window; what is not used lapses, and everything is free again at the edge.
#[derive(Clone, Debug, PartialEq)]
pub struct FixedWindow {
    /// Amount per window, and the window's length.
    pub limit: Allowance,
    /// Where windows begin.
    pub align: Align,
}

impl Default for FixedWindow {
    fn default() -> Self {
        FixedWindow { limit: Allowance::per(60, SimDuration::from_secs(60)), align: Align::Epoch }
    }
}

impl Parameters for FixedWindow {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("limit", &mut self.limit);
        visitor.optional("align", &mut self.align);
    }

    fn check(&self) -> Result<(), Invalid> {
        fixed_period("limit", self.limit).map(drop)
    }
}

impl LimiterModel for FixedWindow {
    type State = State;

    fn start(&self, civil: &Civil) -> State {
        let length = self.period();
        let end = self.align.first_edge(length, civil);
        State { amount: self.limit.amount, length, floats: self.align == Align::FirstRequest, used: 0, end }
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
        self.limit.to_string()
    }
}

/// The counter of the present window.
#[derive(Clone, Debug)]
pub struct State {
    amount: u64,
    length: SimDuration,
    floats: bool,
    used: u64,    // more than `amount` where it was overdrawn
    end: SimTime, // of the present window; the counter is stale from then on
}

impl State {
    /// Whether there is room for `amount` in the window that [`Limiter::admits`] last looked at.
    #[inline]
    pub(super) fn fits(&self, amount: u64) -> bool {
        self.amount.saturating_sub(self.used) >= amount
    }

    /// Whether `charged` lies in the present window, which holds `now`.
    fn is_present(&self, now: SimTime, charged: SimTime) -> bool {
        now < self.end && charged.saturating_add(self.length) >= self.end
    }

    #[cold]
    fn roll(&mut self, now: SimTime) {
        self.used = 0;
        if !self.floats {
            let length = self.length.as_nanos();
            let windows = (now - self.end).as_nanos() / length + 1;
            self.end = self.end.saturating_add(self.length.saturating_mul(windows));
        }
    }
}

impl Limiter for State {
    #[inline]
    fn admits(&mut self, now: SimTime, amount: u64) -> bool {
        if now >= self.end {
            self.roll(now);
        }
        self.fits(amount)
    }

    #[inline]
    fn charge(&mut self, now: SimTime, amount: u64) {
        // A floating window begins with the first amount that is charged after the last one ended.
        if self.floats && now >= self.end {
            self.end = now.saturating_add(self.length);
        }
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
        if self.is_present(now, charged) {
            self.used -= amount;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(s: u64) -> SimTime {
        SimTime::ZERO + SimDuration::from_secs(s)
    }

    #[test]
    fn epoch_windows_follow_the_clock_and_not_the_start() {
        let civil = Civil::parse("2025-01-01T00:00:55Z").unwrap();
        let mut limit =
            FixedWindow { limit: Allowance::per(1, SimDuration::from_secs(60)), align: Align::Epoch }.start(&civil);
        assert_eq!(limit.verdict(secs(0), 1), Verdict::Admit);
        limit.charge(secs(0), 1);
        assert_eq!(limit.verdict(secs(1), 1), Verdict::RetryAt(secs(5)));
        assert_eq!(limit.verdict(secs(5), 1), Verdict::Admit);
        limit.charge(secs(5), 1);
        assert_eq!(limit.verdict(secs(64), 1), Verdict::RetryAt(secs(65)));
    }

    #[test]
    fn a_floating_window_begins_with_its_first_request() {
        let spec = FixedWindow { limit: Allowance::per(2, SimDuration::from_secs(10)), align: Align::FirstRequest };
        let mut limit = spec.start(&Civil::default());
        for second in [3, 12] {
            assert_eq!(limit.verdict(secs(second), 1), Verdict::Admit);
            limit.charge(secs(second), 1);
        }
        assert_eq!(limit.verdict(secs(12), 1), Verdict::RetryAt(secs(13)));
        assert_eq!(limit.verdict(secs(20), 1), Verdict::Admit);
        limit.charge(secs(20), 2);
        assert_eq!(limit.verdict(secs(29), 1), Verdict::RetryAt(secs(30)));
    }
}
