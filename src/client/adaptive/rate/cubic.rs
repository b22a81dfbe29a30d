//! The send limiter of botocore's adaptive mode.

use super::clocker::Clocker;
use super::{RateControl, RateModel};
use crate::client::adaptive::check_factor;
use crate::params::{Invalid, Parameters, Visitor};
use crate::units::{Rate, SimDuration, SimTime};

/// CUBIC for calls, as botocore 1.44 has it (`retries/adaptive.py`, after Ha, Rhee and Xu 2008).
///
/// A 429 at a rate r sets w = r, K = ∛(w (1 - `beta`) / `scale`) and lets the client send `beta` r calls a second; t
/// seconds later any other answer makes that `scale` (t - K)³ + w, so that the rate of the last 429 is reached again after
/// K seconds, slowly, and left behind. It never passes `headroom` times what was measured, and never falls below
/// `floor`. A bucket of as many calls as the rate lets through in a second, at least one, spends it. Before the first 429
/// nothing is held back.
#[derive(Clone, Debug, PartialEq)]
pub struct Cubic {
    /// What a 429 leaves of the rate, between 0 and 1.
    pub beta: f64,
    /// How steep the curve is, in calls per second to the fourth; above 0.
    pub scale: f64,
    /// The least rate.
    pub floor: Rate,
    /// How far above the measured rate the client may go: a factor, at least 1.
    pub headroom: f64,
    /// Answers are counted over stretches of this length.
    pub measured_over: SimDuration,
    /// The weight of the last stretch in what is measured, above 0 and at most 1.
    pub weight: f64,
}

impl Default for Cubic {
    fn default() -> Self {
        Cubic {
            beta: 0.7,
            scale: 0.4,
            floor: Rate::new(1, SimDuration::from_secs(2)).expect("a positive rate"),
            headroom: 2.0,
            measured_over: SimDuration::from_nanos(500_000_000),
            weight: 0.8,
        }
    }
}

impl Parameters for Cubic {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("beta", &mut self.beta);
        visitor.optional("scale", &mut self.scale);
        visitor.optional("floor", &mut self.floor);
        visitor.optional("headroom", &mut self.headroom);
        visitor.optional("measured-over", &mut self.measured_over);
        visitor.optional("weight", &mut self.weight);
    }

    fn check(&self) -> Result<(), Invalid> {
        check_factor("beta", self.beta)?;
        if !(1e-9..=1e9).contains(&self.scale) {
            let message = format!("`{:?}` is outside 1e-9 to 1e9", self.scale);
            return Err(Invalid::new("scale", message, "write a number above zero, as in `0.4`"));
        }
        if !(1.0..=1e3).contains(&self.headroom) {
            let message = format!("`{:?}` is outside 1 to 1000", self.headroom);
            return Err(Invalid::new("headroom", message, "write a number from 1 to 1000, as in `2.0`"));
        }
        if self.measured_over.is_zero() {
            return Err(Invalid::new("measured-over", "nothing is answered in no time", "write a time above zero"));
        }
        if !(self.weight > 0.0 && self.weight <= 1.0) {
            let message = format!("`{:?}` is not above 0 and at most 1", self.weight);
            return Err(Invalid::new("weight", message, "write a number from 0 to 1, as in `0.8`"));
        }
        Ok(())
    }
}

impl RateModel for Cubic {
    fn start(&self) -> Box<dyn RateControl> {
        let curve = Curve { peak: 0.0, back_after: 0.0, since: SimTime::ZERO };
        let clocker = Clocker::new(self.measured_over, self.weight);
        let bucket = Bucket { rate: 1f64.max(self.floor.per_second()), most: 1.0, calls: 0.0, at: SimTime::ZERO };
        Box::new(State { model: self.clone(), curve, clocker, bucket, limits: false })
    }
}

#[derive(Clone, Debug)]
struct State {
    model: Cubic,
    curve: Curve,
    clocker: Clocker,
    bucket: Bucket,
    limits: bool, // from the first 429 on
}

impl RateControl for State {
    fn ready_at(&self, now: SimTime) -> SimTime {
        if self.limits { self.bucket.ready_at(now) } else { now }
    }

    fn sent(&mut self, now: SimTime) {
        if self.limits {
            self.bucket.take(now);
        }
    }

    fn answered(&mut self, now: SimTime, throttled: bool) {
        let measured = self.clocker.record(now);
        let wanted = if throttled {
            let rate = if self.limits { measured.min(self.bucket.rate) } else { measured };
            self.limits = true;
            self.curve = Curve::from_peak(rate, now, &self.model);
            self.model.beta * rate
        } else {
            self.curve.rate(now, &self.model)
        };
        let rate = wanted.min(self.model.headroom * measured);
        self.bucket.set(now, rate, self.model.floor.per_second());
    }

    fn rate(&self, _now: SimTime) -> Option<f64> {
        self.limits.then_some(self.bucket.rate)
    }
}

/// The way back to the rate of the last 429, and past it.
#[derive(Clone, Debug)]
struct Curve {
    peak: f64,       // the rate at the last 429
    back_after: f64, // seconds after which the curve is there again
    since: SimTime,  // that 429
}

impl Curve {
    fn from_peak(peak: f64, since: SimTime, model: &Cubic) -> Self {
        Curve { peak, back_after: libm::cbrt(peak * (1.0 - model.beta) / model.scale), since }
    }

    fn rate(&self, now: SimTime, model: &Cubic) -> f64 {
        let away = now.saturating_since(self.since).as_secs_f64() - self.back_after;
        model.scale * (away * away * away) + self.peak
    }
}

/// Calls that may go, refilled at `rate`.
#[derive(Clone, Debug)]
struct Bucket {
    rate: f64, // calls a second
    most: f64,
    calls: f64, // at `at`
    at: SimTime,
}

/// So much of a call may be missing: sums of floats are off by less.
const SLACK: f64 = 1e-9;

impl Bucket {
    fn calls_at(&self, now: SimTime) -> f64 {
        (self.calls + now.saturating_since(self.at).as_secs_f64() * self.rate).min(self.most)
    }

    fn ready_at(&self, now: SimTime) -> SimTime {
        let missing = 1.0 - self.calls_at(now);
        if missing <= SLACK {
            return now;
        }
        now.saturating_add(SimDuration::from_nanos_f64(libm::ceil(missing / self.rate * 1e9)))
    }

    fn take(&mut self, now: SimTime) {
        self.calls = self.calls_at(now) - 1.0;
        self.at = now;
    }

    /// What has come in by now came in at the old rate.
    fn set(&mut self, now: SimTime, rate: f64, floor: f64) {
        let calls = self.calls_at(now);
        self.rate = rate.max(floor);
        self.most = rate.max(1.0);
        self.calls = calls.min(self.most);
        self.at = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(secs: f64) -> SimTime {
        SimTime::ZERO + SimDuration::from_secs_f64(secs)
    }

    /// The curve of the reference, before the bound of twice what is measured.
    #[test]
    fn comes_back_along_the_published_curve() {
        let model = Cubic::default();
        let follows = |peak, back_after: f64, points: &[(f64, f64)]| {
            let curve = Curve::from_peak(peak, secs(5.0), &model);
            assert!((curve.back_after - back_after).abs() < 5e-4, "{}", curve.back_after);
            for &(after, rate) in points {
                let found = curve.rate(secs(5.0 + after), &model);
                assert!((found / rate - 1.0).abs() < 1e-4, "{found} after {after} s, not {rate}");
            }
        };
        follows(10.0, 1.957, &[(0.0, 7.0), (1.0, 9.649), (2.0, 10.0), (4.0, 13.41)]);
        follows(100.0, 4.217, &[(0.0, 70.0), (1.0, 86.68), (2.0, 95.64), (4.0, 99.996), (8.0, 121.65)]);
    }

    /// Ten answers a second until a 429 at 10 s; the figures follow from the rules by hand.
    #[test]
    fn the_first_429_switches_it_on_at_the_measured_rate() {
        let mut state = Cubic::default().start();
        for tenth in 0..100 {
            let now = secs(f64::from(tenth) / 10.0);
            assert_eq!((state.ready_at(now), state.rate(now)), (now, None));
            state.sent(now);
            state.answered(now, false);
        }
        state.answered(secs(10.0), true);
        // Five answers in each stretch, seen twenty times: 10 a second but for 0.2 to the twentieth and the first answer.
        let rate = state.rate(secs(10.0)).unwrap();
        assert!((rate - 7.0).abs() < 1e-3, "{rate}");
        // The bucket was filled before, at up to a second's worth of what was allowed, and holds seven calls.
        let mut now = secs(10.0);
        let mut at_once = 0;
        while state.ready_at(now) == now {
            state.sent(now);
            at_once += 1;
        }
        assert_eq!(at_once, 7);
        for _ in 0..5 {
            let next = state.ready_at(now);
            assert!(next > now && (next - now).as_secs_f64() < 1.0 / 6.99);
            assert_eq!(state.ready_at(next), next);
            assert!(
                state.ready_at(SimTime::from_nanos(next.as_nanos() - 2)) > SimTime::from_nanos(next.as_nanos() - 2)
            );
            state.sent(next);
            now = next;
        }
    }

    #[test]
    fn a_second_429_starts_from_the_lesser_of_both_rates() {
        let mut state = Cubic::default().start();
        (0..40).for_each(|k| state.answered(secs(f64::from(k) / 10.0), false));
        state.answered(secs(4.0), true);
        let first = state.rate(secs(4.0)).unwrap();
        state.answered(secs(4.1), true);
        let second = state.rate(secs(4.1)).unwrap();
        assert!((second / first - 0.7).abs() < 1e-12, "{first} then {second}");
    }

    #[test]
    fn stays_between_the_floor_and_twice_what_is_measured() {
        let mut state = Cubic::default().start();
        (0..50).for_each(|k| state.answered(secs(f64::from(k) / 10.0), true));
        assert_eq!(state.rate(secs(5.0)), Some(0.5));
        // One answer a minute: the curve is far up by then, what is measured is not.
        (1..20).for_each(|minute| state.answered(secs(60.0 * f64::from(minute)), false));
        assert_eq!(state.rate(secs(1_200.0)), Some(0.5));
    }
}
