//! A bucket that refills continuously.

use super::{Limiter, LimiterModel, Verdict};
use crate::params::{Invalid, Parameters, Visitor};
use crate::units::{Civil, Rate, SimDuration, SimTime};

/// Holds at most `capacity`, is full at the start and gains `refill` continuously. An amount passes if the level is at
/// least as high, and lowers it.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenBucket {
    /// How fast it refills.
    pub refill: Rate,
    /// The most that it holds: the largest burst. By default what it gains in a minute, at least 1.
    pub capacity: Option<u64>,
}

impl Default for TokenBucket {
    fn default() -> Self {
        TokenBucket { refill: Rate::new(1, SimDuration::from_secs(1)).expect("a positive rate"), capacity: None }
    }
}

impl Parameters for TokenBucket {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("refill", &mut self.refill);
        visitor.optional("capacity", &mut self.capacity);
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.capacity == Some(0) {
            return Err(Invalid::new("capacity", "a bucket of 0 admits nothing", "write at least 1, or leave it out"));
        }
        Ok(())
    }
}

impl LimiterModel for TokenBucket {
    type State = State;

    fn start(&self, _civil: &Civil) -> State {
        let unit = self.refill.nanos();
        let full = u128::from(self.capacity()) * u128::from(unit);
        State { unit, gain: self.refill.events(), full, missing: 0, at: SimTime::ZERO }
    }

    fn capacity(&self) -> u64 {
        self.capacity.unwrap_or_else(|| {
            let minute = u128::from(self.refill.events()) * 60_000_000_000 / u128::from(self.refill.nanos());
            u64::try_from(minute).unwrap_or(u64::MAX).max(1)
        })
    }

    fn sustained(&self) -> Option<Rate> {
        Some(self.refill)
    }

    /// The time in which an empty bucket fills.
    fn period(&self) -> SimDuration {
        let nanos = u128::from(self.capacity()) * u128::from(self.refill.nanos()) / u128::from(self.refill.events());
        SimDuration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    fn label(&self) -> String {
        format!("{} bucket", self.refill.quoted())
    }
}

/// What is missing to a full bucket, counted in `1 / unit` so that a nanosecond gains a whole number.
#[derive(Clone, Debug)]
pub struct State {
    unit: u64,     // the rate's denominator: one request or token is this much
    gain: u64,     // the rate's numerator: gained in a nanosecond
    full: u128,    // capacity * unit, < 2^128
    missing: u128, // as it was at `at`; more than `full` where it was overdrawn
    at: SimTime,
}

impl State {
    /// Whether anything is left in it.
    pub(super) fn is_above_empty(&self, now: SimTime) -> bool {
        self.missing_at(now) < self.full
    }

    /// The first instant at which anything is left in it.
    pub(super) fn above_empty_from(&self, now: SimTime) -> SimTime {
        let over = self.missing_at(now).saturating_sub(self.full);
        let wait = u64::try_from(over / u128::from(self.gain) + 1).unwrap_or(u64::MAX);
        now.saturating_add(SimDuration::from_nanos(wait))
    }

    #[inline]
    fn missing_at(&self, now: SimTime) -> u128 {
        // Factors of 64 bits: their product is one instruction and cannot overflow.
        let gained = u128::from((now - self.at).as_nanos()) * u128::from(self.gain);
        self.missing.saturating_sub(gained)
    }

    #[inline]
    fn units(&self, amount: u64) -> u128 {
        u128::from(amount) * u128::from(self.unit)
    }
}

impl Limiter for State {
    #[inline]
    fn admits(&mut self, now: SimTime, amount: u64) -> bool {
        // Nearly every bucket fits into 64 bits, where the same takes half the time.
        if let (Ok(full), Ok(missing)) = (u64::try_from(self.full), u64::try_from(self.missing)) {
            let missing = missing.saturating_sub((now - self.at).as_nanos().saturating_mul(self.gain));
            let units = amount.checked_mul(self.unit).and_then(|units| units.checked_add(missing));
            return units.is_some_and(|units| units <= full);
        }
        self.missing_at(now).saturating_add(self.units(amount)) <= self.full
    }

    #[inline]
    fn charge(&mut self, now: SimTime, amount: u64) {
        self.missing = self.missing_at(now).saturating_add(self.units(amount));
        self.at = now;
    }

    #[inline]
    fn opens(&self, now: SimTime, amount: u64) -> Verdict {
        let asked = self.units(amount);
        if asked > self.full {
            return Verdict::Never;
        }
        let wait = (self.missing_at(now) - (self.full - asked)).div_ceil(u128::from(self.gain));
        Verdict::RetryAt(now.saturating_add(SimDuration::from_nanos(u64::try_from(wait).unwrap_or(u64::MAX))))
    }

    fn overdraw(&mut self, now: SimTime, amount: u64) {
        self.charge(now, amount);
    }

    fn charge_refused(&mut self, now: SimTime, amount: u64) {
        let missing = self.missing_at(now);
        self.missing = missing.saturating_add(self.units(amount)).min(self.full.max(missing));
        self.at = now;
    }

    /// What is given back to a bucket that has filled up meanwhile is lost.
    fn refund(&mut self, now: SimTime, _charged: SimTime, amount: u64) {
        self.missing = self.missing_at(now).saturating_sub(self.units(amount));
        self.at = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_third_of_a_nanosecond_is_not_lost() {
        // 3 per second: one token every 333,333,333 1/3 ns. A truncating bucket would drift by a token in 32 years.
        let refill = Rate::new(3, SimDuration::from_secs(1)).unwrap();
        let mut bucket = TokenBucket { refill, capacity: Some(1) }.start(&Civil::default());
        bucket.charge(SimTime::ZERO, 1);
        assert_eq!(bucket.verdict(SimTime::ZERO, 1), Verdict::RetryAt(SimTime::from_nanos(333_333_334)));
        let second = SimTime::from_nanos(1_000_000_000);
        let mut bucket = TokenBucket { refill, capacity: Some(3) }.start(&Civil::default());
        bucket.charge(SimTime::ZERO, 3);
        assert_eq!(bucket.verdict(SimTime::ZERO, 3), Verdict::RetryAt(second));
        assert_eq!(bucket.verdict(second, 3), Verdict::Admit);
        assert_eq!(bucket.verdict(second, 4), Verdict::Never);
    }

    #[test]
    fn calls_that_are_refused_keep_it_empty() {
        let at = |millis: u64| SimTime::from_nanos(millis * 1_000_000);
        let refill = Rate::new(1, SimDuration::from_secs(1)).unwrap();
        let mut bucket = TokenBucket { refill, capacity: Some(3) }.start(&Civil::default());
        bucket.charge(at(0), 3);
        for step in 1..10 {
            // Asked every 900 ms it never gets to the 1 that is wanted, and owes nothing.
            assert_eq!(bucket.verdict(at(900 * step), 1), Verdict::RetryAt(at(900 * step + 100)));
            bucket.charge_refused(at(900 * step), 1);
            assert_eq!(bucket.opens(at(900 * step), 1), Verdict::RetryAt(at(900 * step + 1_000)));
        }
    }

    #[test]
    fn the_default_capacity_is_a_minute_of_refill() {
        let bucket = |events, secs| TokenBucket {
            refill: Rate::new(events, SimDuration::from_secs(secs)).unwrap(),
            capacity: None,
        };
        assert_eq!(bucket(90_000, 60).capacity(), 90_000);
        assert_eq!(bucket(1, 3_600).capacity(), 1);
    }
}
