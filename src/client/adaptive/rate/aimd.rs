//! Additive increase, multiplicative decrease of a rate.

use super::{RateControl, RateModel};
use crate::client::adaptive::check_factor;
use crate::params::{Invalid, Parameters, Visitor};
use crate::units::{Rate, SimDuration, SimTime};

/// The rate x(t) grows by `increase` each second and is multiplied by `beta` at every 429 (Chiu and Jain 1989). A call
/// goes whenever the integral of x since the last one has come to one, so calls are spaced and never bunched.
///
/// At a limit of C calls a second it swings between `beta` C and C: (1 + `beta`) C / 2 on average, and one 429 each
/// (1 - `beta`) C / `increase` seconds. It grows with time and not with use, so after a long pause it starts at `ceiling`.
#[derive(Clone, Debug, PartialEq)]
pub struct Aimd {
    /// The rate at the start of the scenario.
    pub start: Rate,
    /// What comes on top each second: `0.5/s` adds half a call a second, each second.
    pub increase: Rate,
    /// What a 429 leaves of the rate, between 0 and 1.
    pub beta: f64,
    /// The least rate.
    pub floor: Rate,
    /// The greatest rate.
    pub ceiling: Rate,
}

impl Default for Aimd {
    fn default() -> Self {
        let rate = |calls, secs| Rate::new(calls, SimDuration::from_secs(secs)).expect("a positive rate");
        Aimd { start: rate(1, 1), increase: rate(1, 10), beta: 0.5, floor: rate(1, 60), ceiling: rate(1_000, 1) }
    }
}

impl Parameters for Aimd {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("start", &mut self.start);
        visitor.optional("increase", &mut self.increase);
        visitor.optional("beta", &mut self.beta);
        visitor.optional("floor", &mut self.floor);
        visitor.optional("ceiling", &mut self.ceiling);
    }

    fn check(&self) -> Result<(), Invalid> {
        check_factor("beta", self.beta)?;
        let is_above = |one: Rate, other: Rate| one.per_second() > other.per_second();
        if is_above(self.floor, self.start) {
            let message = format!("it starts at {}, below `floor`, which is {}", self.start, self.floor);
            return Err(Invalid::new("start", message, format!("write at least `{}`, or lower `floor`", self.floor)));
        }
        if is_above(self.start, self.ceiling) {
            let message = format!("the ceiling is {}, below `start`, which is {}", self.ceiling, self.start);
            return Err(Invalid::new("ceiling", message, format!("write at least `{}`", self.start)));
        }
        Ok(())
    }
}

impl RateModel for Aimd {
    fn start(&self) -> Box<dyn RateControl> {
        Box::new(State {
            increase: self.increase.per_second(),
            beta: self.beta,
            floor: self.floor.per_second(),
            ceiling: self.ceiling.per_second(),
            rate: self.start.per_second(),
            calls: 1.0,
            at: SimTime::ZERO,
        })
    }
}

#[derive(Clone, Debug)]
struct State {
    increase: f64, // calls a second, a second
    beta: f64,
    floor: f64,
    ceiling: f64,
    rate: f64,  // at `at`
    calls: f64, // that may go at `at`, at most 1
    at: SimTime,
}

/// So much of a call may be missing: sums of floats are off by less.
const SLACK: f64 = 1e-9;

impl State {
    /// Seconds until the rate is at its ceiling.
    fn climbs_for(&self) -> f64 {
        ((self.ceiling - self.rate) / self.increase).max(0.0)
    }

    /// Calls that the rate lets go within so many seconds.
    fn within(&self, secs: f64) -> f64 {
        let climbing = secs.min(self.climbs_for());
        let level = if secs > climbing { (secs - climbing) * self.ceiling } else { 0.0 };
        climbing * (self.rate + 0.5 * self.increase * climbing) + level
    }

    /// Seconds in which the rate lets so many calls go.
    fn takes(&self, calls: f64) -> f64 {
        let climbs_for = self.climbs_for();
        let most = self.within(climbs_for);
        if calls > most {
            return climbs_for + (calls - most) / self.ceiling;
        }
        // The root of x t + a t²/2 = calls, in the form that loses no digits.
        2.0 * calls / (self.rate + libm::sqrt(self.rate * self.rate + 2.0 * self.increase * calls))
    }

    fn calls_at(&self, now: SimTime) -> f64 {
        (self.calls + self.within(now.saturating_since(self.at).as_secs_f64())).min(1.0)
    }

    fn rate_at(&self, now: SimTime) -> f64 {
        (self.rate + self.increase * now.saturating_since(self.at).as_secs_f64()).min(self.ceiling)
    }

    fn advance(&mut self, now: SimTime) {
        (self.calls, self.rate, self.at) = (self.calls_at(now), self.rate_at(now), now);
    }
}

impl RateControl for State {
    fn ready_at(&self, now: SimTime) -> SimTime {
        if self.calls_at(now) >= 1.0 - SLACK {
            return now;
        }
        let nanos = libm::ceil(self.takes(1.0 - self.calls) * 1e9);
        self.at.saturating_add(SimDuration::from_nanos_f64(nanos)).max(now)
    }

    fn sent(&mut self, now: SimTime) {
        self.advance(now);
        self.calls -= 1.0;
    }

    fn answered(&mut self, now: SimTime, throttled: bool) {
        if throttled {
            self.advance(now);
            self.rate = (self.beta * self.rate).max(self.floor);
        }
    }

    fn rate(&self, now: SimTime) -> Option<f64> {
        Some(self.rate_at(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(millis: u64) -> SimTime {
        SimTime::from_nanos(millis * 1_000_000)
    }

    fn per_second(calls: u64) -> Rate {
        Rate::new(calls, SimDuration::from_secs(1)).unwrap()
    }

    /// From 0 on a rate of 1 + t lets the k-th call go where t + t²/2 = k.
    #[test]
    fn spaces_calls_by_the_integral_of_the_rate() {
        let mut state = Aimd { increase: per_second(1), ..Aimd::default() }.start();
        assert_eq!(state.ready_at(SimTime::ZERO), SimTime::ZERO);
        state.sent(SimTime::ZERO);
        for k in 1..100 {
            let at = state.ready_at(SimTime::ZERO);
            let exact = (1.0 + 2.0 * f64::from(k)).sqrt() - 1.0;
            assert!((at.as_secs_f64() - exact).abs() < 2e-9 * f64::from(k), "call {k} at {at:?}");
            assert_eq!(state.ready_at(at), at);
            state.sent(at);
        }
    }

    #[test]
    fn climbs_to_its_ceiling_and_falls_to_its_floor() {
        let model = Aimd { increase: per_second(1), floor: per_second(1), ceiling: per_second(4), ..Aimd::default() };
        let mut state = model.start();
        let rates = [0, 1_500, 3_000, 60_000].map(|at| state.rate(millis(at)).unwrap());
        assert_eq!(rates, [1.0, 2.5, 4.0, 4.0]);
        state.sent(millis(2_000));
        // The integral: 3.5 up to 3 s would be 1, reached at the root of 3 t + t²/2 = 1.
        assert_eq!(state.ready_at(millis(2_000)).as_secs_f64(), 2.0 + 0.316624791);
        state.sent(millis(10_000));
        assert_eq!(state.ready_at(millis(10_000)), millis(10_250));
        let falls: Vec<f64> = (0..4)
            .map(|_| {
                state.answered(millis(10_000), true);
                state.rate(millis(10_000)).unwrap()
            })
            .collect();
        assert_eq!(falls, [2.0, 1.0, 1.0, 1.0]);
        // Other answers change nothing.
        state.answered(millis(10_000), false);
        assert_eq!(state.rate(millis(10_000)), Some(1.0));
    }

    #[test]
    fn contradictions_are_refused() {
        let slow = Rate::new(1, SimDuration::from_secs(3_600)).unwrap();
        let complaint = |aimd: Aimd| aimd.check().unwrap_err().key;
        assert_eq!(complaint(Aimd { beta: 1.0, ..Aimd::default() }), "beta");
        assert_eq!(complaint(Aimd { start: slow, ..Aimd::default() }), "start");
        assert_eq!(complaint(Aimd { ceiling: slow, ..Aimd::default() }), "ceiling");
    }
}
