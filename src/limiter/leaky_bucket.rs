//! A leaky bucket with a queue: a limit that delays before it refuses.

use super::{Gcra, Limiter, LimiterModel, Verdict, gcra};
use crate::params::{Parameters, Visitor};
use crate::units::{Civil, Rate, SimDuration, SimTime};

/// Lets amounts go on one after the other at `rate`. What comes sooner waits its turn, and is refused where more than `queue`
/// would wait behind the one whose turn it is. This is the leaky bucket as a queue (Tanenbaum, Computer Networks), which nginx
/// calls `limit_req` with a `burst`; which amounts pass is what GCRA with a burst of one more would say.
#[derive(Clone, Debug, PartialEq)]
pub struct LeakyBucket {
    /// How fast it leaks.
    pub rate: Rate,
    /// Requests or tokens that may wait.
    pub queue: u64,
}

impl Default for LeakyBucket {
    fn default() -> Self {
        LeakyBucket { rate: Rate::new(1, SimDuration::from_secs(1)).expect("a positive rate"), queue: 10 }
    }
}

impl LeakyBucket {
    fn as_gcra(&self) -> Gcra {
        Gcra { rate: self.rate, burst: self.queue.saturating_add(1) }
    }
}

impl Parameters for LeakyBucket {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("rate", &mut self.rate);
        visitor.optional("queue", &mut self.queue);
    }
}

impl LimiterModel for LeakyBucket {
    type State = State;

    fn start(&self, civil: &Civil) -> State {
        State { pace: self.as_gcra().start(civil), delay: SimDuration::ZERO }
    }

    fn capacity(&self) -> u64 {
        self.as_gcra().capacity()
    }

    fn sustained(&self) -> Option<Rate> {
        Some(self.rate)
    }

    fn period(&self) -> SimDuration {
        self.as_gcra().period()
    }

    fn delays(&self) -> bool {
        true
    }

    fn label(&self) -> String {
        format!("{} leaky", self.rate.quoted())
    }
}

/// Its pace, and how long the last amount waits.
#[derive(Clone, Debug)]
pub struct State {
    pace: gcra::State,
    delay: SimDuration,
}

impl Limiter for State {
    fn admits(&mut self, now: SimTime, amount: u64) -> bool {
        self.pace.admits(now, amount)
    }

    fn charge(&mut self, now: SimTime, amount: u64) {
        self.delay = self.pace.backlog(now);
        self.pace.charge(now, amount);
    }

    fn opens(&self, now: SimTime, amount: u64) -> Verdict {
        self.pace.opens(now, amount)
    }

    fn overdraw(&mut self, now: SimTime, amount: u64) {
        self.pace.overdraw(now, amount);
    }

    fn refund(&mut self, now: SimTime, charged: SimTime, amount: u64) {
        self.pace.refund(now, charged, amount);
    }

    fn delay(&self, _now: SimTime) -> SimDuration {
        self.delay
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_wait_and_the_fourth_is_refused() {
        let rate = Rate::new(10, SimDuration::from_secs(1)).unwrap();
        let mut bucket = LeakyBucket { rate, queue: 3 }.start(&Civil::default());
        for tenths in 0..4 {
            assert_eq!(bucket.verdict(SimTime::ZERO, 1), Verdict::Admit);
            bucket.charge(SimTime::ZERO, 1);
            assert_eq!(bucket.delay(SimTime::ZERO), SimDuration::from_nanos(tenths * 100_000_000));
        }
        assert_eq!(bucket.verdict(SimTime::ZERO, 1), Verdict::RetryAt(SimTime::from_nanos(100_000_000)));
    }
}
