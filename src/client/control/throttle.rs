//! Adaptive throttling: a client that turns its own calls down when the service does not take them.

use super::recent::Recent;
use crate::client::retry::{Failing, RetryOn};
use crate::params::{Invalid, Parameters, Visitor};
use crate::protocol::Fault;
use crate::units::{SimDuration, SimTime};
use std::collections::BTreeMap;

/// Turns a call down locally with the chance `max(0, (requests - k * accepts) / (requests + 1))`, counted over the last
/// `window` (Beyer and others, *Site Reliability Engineering*, 2016, chapter 21).
///
/// `requests` are all calls that were wanted, those that were turned down locally too, so the chance keeps rising while
/// the service refuses; `accepts` are those that the service took on, counted when its answer comes. In balance the
/// service gets about `k` calls for each that it takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Throttle {
    /// Calls per call that the service takes which still pass freely, in 1..=100.
    pub k: f64,
    /// How far back counts reach.
    pub window: SimDuration,
    /// Counts are forgotten in steps of this; `window` may hold at most 10,000 of them.
    pub resolution: SimDuration,
    /// The answers that say the service did not take a call on.
    pub counts: RetryOn,
    /// Whether each client of the traffic counts its own calls alone, as processes do that know nothing of one another. Of
    /// more than 10,000 clients some share their counts, and `window` may hold at most 120 steps then.
    pub per_client: bool,
}

impl Default for Throttle {
    fn default() -> Self {
        Throttle {
            k: 2.0,
            window: SimDuration::from_secs(120),
            resolution: SimDuration::from_secs(1),
            // What an overloaded service says; a call that breaks off with 500 was taken on.
            counts: RetryOn::of(true, &[Fault::Unavailable, Fault::Timeout, Fault::Overloaded]),
            per_client: false,
        }
    }
}

const MOST_STEPS: u64 = 10_000;
/// The same of each client, of so many at most.
const MOST_STEPS_EACH: u64 = 120;
const MOST_CLIENTS: u32 = 10_000;

impl Parameters for Throttle {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("k", &mut self.k);
        visitor.optional("window", &mut self.window);
        visitor.optional("resolution", &mut self.resolution);
        visitor.optional("counts", &mut self.counts);
        visitor.optional("per-client", &mut self.per_client);
    }

    fn check(&self) -> Result<(), Invalid> {
        if !(1.0..=100.0).contains(&self.k) {
            let message = format!("`{:?}` is outside 1 to 100", self.k);
            return Err(Invalid::new("k", message, "write a number from 1 to 100, as in `2.0`"));
        }
        if self.resolution.is_zero() {
            return Err(Invalid::new("resolution", "steps of no length never end", "write a time, as in `\"1s\"`"));
        }
        if self.window < self.resolution {
            let message = format!("`{}` is shorter than `resolution`, which is {}", self.window, self.resolution);
            return Err(Invalid::new("window", message, "write a longer time, as in `\"2min\"`"));
        }
        let most = if self.per_client { MOST_STEPS_EACH } else { MOST_STEPS };
        if self.steps() > most {
            let message = format!("`window` holds {} steps of `{}`, more than {most}", self.steps(), self.resolution);
            return Err(Invalid::new("resolution", message, "write a longer time, as in `\"1s\"`"));
        }
        Ok(())
    }
}

impl Throttle {
    fn steps(&self) -> u64 {
        self.window.as_nanos().div_ceil(self.resolution.as_nanos())
    }
}

/// What a throttle remembers, of all clients together or of each.
#[derive(Clone, Debug)]
pub struct Throttles {
    spec: Throttle,
    states: BTreeMap<u32, ThrottleState>,
}

impl Throttles {
    /// Those of clients which have sent nothing.
    pub fn new(spec: &Throttle) -> Self {
        Throttles { spec: spec.clone(), states: BTreeMap::new() }
    }

    /// What is remembered for `client`.
    pub fn of(&mut self, client: u32) -> &mut ThrottleState {
        let who = if self.spec.per_client { client % MOST_CLIENTS } else { 0 };
        self.states.entry(who).or_insert_with(|| ThrottleState::new(&self.spec))
    }
}

/// What a throttle remembers.
#[derive(Clone, Debug)]
pub struct ThrottleState {
    k: f64,
    counts: RetryOn,
    requests: Recent,
    accepts: Recent,
}

impl ThrottleState {
    /// That of a client which has sent nothing.
    pub fn new(throttle: &Throttle) -> Self {
        let steps = throttle.steps();
        let recent = Recent::new(throttle.resolution.saturating_mul(steps), steps);
        ThrottleState { k: throttle.k, counts: throttle.counts, requests: recent.clone(), accepts: recent }
    }

    /// The chance that a call is turned down at `now`. Times must not run backwards.
    pub fn chance(&mut self, now: SimTime) -> f64 {
        let (requests, accepts) = (self.requests.total(now) as f64, self.accepts.total(now) as f64);
        ((requests - self.k * accepts) / (requests + 1.0)).max(0.0)
    }

    /// Whether a call that is wanted at `now` may be sent; `draw` gives a uniform number from [0, 1) and is called at most
    /// once.
    pub fn admits(&mut self, now: SimTime, draw: impl FnOnce() -> f64) -> bool {
        let chance = self.chance(now);
        self.requests.add(now, 1);
        chance == 0.0 || draw() >= chance
    }

    /// The answer to a call that was sent has come, or went wrong.
    pub fn answered(&mut self, now: SimTime, failing: Option<Failing>) {
        if failing.is_none_or(|failing| !failing.is_among(self.counts)) {
            self.accepts.add(now, 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(requests: u32, accepts: u32) -> f64 {
        let mut state = ThrottleState::new(&Throttle::default());
        (0..requests).for_each(|_| assert!(state.admits(SimTime::ZERO, || 1.0 - f64::EPSILON)));
        (0..accepts).for_each(|_| state.answered(SimTime::ZERO, None));
        state.chance(SimTime::ZERO)
    }

    #[test]
    fn chances_are_those_of_the_formula() {
        let rounded = |chance: f64| (chance * 1000.0).round() / 1000.0;
        let chances = [after(100, 100), after(100, 50), after(100, 25), after(100, 0), after(0, 0)];
        assert_eq!(chances.map(rounded), [0.0, 0.0, 0.495, 0.990, 0.0]);
    }

    #[test]
    fn what_is_turned_down_counts_as_a_request() {
        let mut state = ThrottleState::new(&Throttle::default());
        assert!(state.admits(SimTime::ZERO, || unreachable!("the first call is always sent")));
        state.answered(SimTime::ZERO, Some(Failing::Refused(None)));
        assert!(!state.admits(SimTime::ZERO, || 0.49));
        assert_eq!(state.chance(SimTime::ZERO), 2.0 / 3.0);
        assert_eq!(state.chance(SimTime::ZERO + SimDuration::from_secs(119)), 2.0 / 3.0);
        assert_eq!(state.chance(SimTime::ZERO + SimDuration::from_secs(120)), 0.0);
    }

    #[test]
    fn clients_count_together_or_apart() {
        let refused = |per_client| {
            let mut throttles = Throttles::new(&Throttle { per_client, ..Throttle::default() });
            (0..9).for_each(|_| _ = throttles.of(1).admits(SimTime::ZERO, || 0.99));
            [1, 2].map(|client| throttles.of(client).chance(SimTime::ZERO))
        };
        assert_eq!([refused(false), refused(true)], [[0.9, 0.9], [0.9, 0.0]]);
    }

    #[test]
    fn counts_of_many_clients_are_bounded() {
        let of =
            |secs, per_client| Throttle { window: SimDuration::from_secs(secs), per_client, ..Throttle::default() };
        assert!(of(120, true).check().is_ok() && of(121, false).check().is_ok());
        assert_eq!(of(121, true).check().unwrap_err().key, "resolution");
    }

    #[test]
    fn a_call_that_breaks_off_was_taken_on() {
        let mut state = ThrottleState::new(&Throttle::default());
        for failing in [Fault::Internal, Fault::Dropped].map(Failing::Fault) {
            assert!(state.admits(SimTime::ZERO, || 0.0));
            state.answered(SimTime::ZERO, Some(failing));
            assert_eq!(state.chance(SimTime::ZERO), 0.0);
        }
    }
}
