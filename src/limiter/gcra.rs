//! The generic cell rate algorithm.

use super::{Limiter, LimiterModel, Verdict};
use crate::params::{Invalid, Parameters, Visitor};
use crate::units::{Civil, Rate, SimDuration, SimTime};

/// Virtual scheduling after ITU-T I.371: an amount conforms if the theoretical arrival time (TAT) is at most a tolerance
/// ahead of `now`; then TAT moves to `max(now, TAT) + amount / rate`. With `burst` b the tolerance lets b pass at once,
/// so it decides as a token bucket of capacity b does, and keeps one number instead of two.
#[derive(Clone, Debug, PartialEq)]
pub struct Gcra {
    /// The sustained rate.
    pub rate: Rate,
    /// How much may pass at once.
    pub burst: u64,
}

impl Default for Gcra {
    fn default() -> Self {
        Gcra { rate: Rate::new(1, SimDuration::from_secs(1)).expect("a positive rate"), burst: 1 }
    }
}

impl Parameters for Gcra {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("rate", &mut self.rate);
        visitor.optional("burst", &mut self.burst);
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.burst == 0 {
            return Err(Invalid::new("burst", "a burst of 0 admits nothing", "write at least 1"));
        }
        Ok(())
    }
}

impl LimiterModel for Gcra {
    type State = State;

    fn start(&self, _civil: &Civil) -> State {
        let increment = u128::from(self.rate.nanos());
        State { scale: u128::from(self.rate.events()), increment, horizon: u128::from(self.burst) * increment, tat: 0 }
    }

    fn capacity(&self) -> u64 {
        self.burst
    }

    fn sustained(&self) -> Option<Rate> {
        Some(self.rate)
    }

    /// The time after which a spent burst is whole again.
    fn period(&self) -> SimDuration {
        let nanos = u128::from(self.burst) * u128::from(self.rate.nanos()) / u128::from(self.rate.events());
        SimDuration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    fn label(&self) -> String {
        format!("{} gcra", self.rate.quoted())
    }
}

/// The theoretical arrival time, counted in `1 / scale` nanoseconds so that the increment is whole.
#[derive(Clone, Debug)]
pub struct State {
    scale: u128,     // the rate's numerator
    increment: u128, // the rate's denominator: what one request or token adds
    horizon: u128,   // burst * increment: TAT is never further ahead of now than this
    tat: u128,
}

impl State {
    /// How long what was charged takes to lapse.
    pub(super) fn backlog(&self, now: SimTime) -> SimDuration {
        let nanos = self.tat.saturating_sub(self.scaled(now)).div_ceil(self.scale);
        SimDuration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    #[inline]
    fn scaled(&self, now: SimTime) -> u128 {
        u128::from(now.as_nanos()) * self.scale
    }

    /// The earliest (scaled) instant at which `amount` conforms; it may lie before the start.
    #[inline]
    fn conforms_from(&self, now: u128, amount: u64) -> (u128, u128) {
        (self.tat.max(now) + u128::from(amount) * self.increment, self.horizon)
    }
}

impl Limiter for State {
    #[inline]
    fn admits(&mut self, now: SimTime, amount: u64) -> bool {
        let now = self.scaled(now);
        let (next, horizon) = self.conforms_from(now, amount);
        next <= now + horizon
    }

    #[inline]
    fn charge(&mut self, now: SimTime, amount: u64) {
        self.tat = self.conforms_from(self.scaled(now), amount).0;
    }

    #[inline]
    fn opens(&self, now: SimTime, amount: u64) -> Verdict {
        if u128::from(amount) * self.increment > self.horizon {
            return Verdict::Never;
        }
        let (next, horizon) = self.conforms_from(self.scaled(now), amount);
        let at = (next - horizon).div_ceil(self.scale);
        Verdict::RetryAt(SimTime::from_nanos(u64::try_from(at).unwrap_or(u64::MAX)))
    }

    fn overdraw(&mut self, now: SimTime, amount: u64) {
        self.charge(now, amount);
    }

    /// What was charged has lapsed as far as its theoretical arrival time has passed.
    fn refund(&mut self, _now: SimTime, _charged: SimTime, amount: u64) {
        self.tat = self.tat.saturating_sub(u128::from(amount) * self.increment);
    }
}

#[cfg(test)]
mod tests {
    use super::super::TokenBucket;
    use super::*;

    #[test]
    fn decides_as_a_token_bucket_of_the_same_size() {
        let rate = Rate::new(7, SimDuration::from_nanos(3)).unwrap();
        let mut gcra = Gcra { rate, burst: 5 }.start(&Civil::default());
        let mut bucket = TokenBucket { refill: rate, capacity: Some(5) }.start(&Civil::default());
        let mut nanos = 0u64;
        for step in 0..5_000u64 {
            nanos += (step * 7_919 % 13) / 5;
            let (now, amount) = (SimTime::from_nanos(nanos), 1 + step * 31 % 6);
            let verdict = gcra.verdict(now, amount);
            assert_eq!(verdict, bucket.verdict(now, amount), "step {step}");
            if verdict == Verdict::Admit {
                gcra.charge(now, amount);
                bucket.charge(now, amount);
            }
        }
    }
}
