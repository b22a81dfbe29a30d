//! Provisioned throughput, metered by how far it is utilised.

use super::{Limiter, LimiterModel, TokenBucket, Verdict, token_bucket};
use crate::params::{Invalid, Parameters, Visitor};
use crate::units::{Civil, Rate, SimDuration, SimTime};

/// A meter that fills with all that is used and drains at `throughput`. While it stands below `burst` (utilisation below 100
/// %) any amount passes, and may lift it far above; while it does not, none does.
#[derive(Clone, Debug, PartialEq)]
pub struct Provisioned {
    /// How fast the meter drains.
    pub throughput: Rate,
    /// Where it stands at 100 %. By default what drains in a minute, at least 1.
    pub burst: Option<u64>,
}

impl Default for Provisioned {
    fn default() -> Self {
        Provisioned { throughput: Rate::new(1, SimDuration::from_secs(1)).expect("a positive rate"), burst: None }
    }
}

impl Provisioned {
    fn as_bucket(&self) -> TokenBucket {
        TokenBucket { refill: self.throughput, capacity: self.burst }
    }
}

impl Parameters for Provisioned {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("throughput", &mut self.throughput);
        visitor.optional("burst", &mut self.burst);
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.burst == Some(0) {
            return Err(Invalid::new("burst", "at 0 it admits nothing", "write at least 1, or leave it out"));
        }
        Ok(())
    }
}

impl LimiterModel for Provisioned {
    type State = State;

    fn start(&self, civil: &Civil) -> State {
        State { meter: self.as_bucket().start(civil) }
    }

    /// Any amount passes while there is room at all.
    fn capacity(&self) -> u64 {
        u64::MAX
    }

    fn sustained(&self) -> Option<Rate> {
        Some(self.throughput)
    }

    fn allows(&self, _civil: &Civil, span: SimDuration) -> Option<f64> {
        let burst = self.as_bucket().capacity() as f64;
        Some((self.throughput.per_second() * span.as_secs_f64()).max(burst))
    }

    fn period(&self) -> SimDuration {
        self.as_bucket().period()
    }

    fn label(&self) -> String {
        format!("{} provisioned", self.throughput.quoted())
    }
}

/// The meter: a bucket that is overdrawn rather than exceeded.
#[derive(Clone, Debug)]
pub struct State {
    meter: token_bucket::State,
}

impl Limiter for State {
    fn admits(&mut self, now: SimTime, amount: u64) -> bool {
        self.meter.admits(now, amount) || self.meter.is_above_empty(now)
    }

    fn charge(&mut self, now: SimTime, amount: u64) {
        self.meter.charge(now, amount);
    }

    fn opens(&self, now: SimTime, _amount: u64) -> Verdict {
        Verdict::RetryAt(self.meter.above_empty_from(now))
    }

    fn overdraw(&mut self, now: SimTime, amount: u64) {
        self.meter.overdraw(now, amount);
    }

    fn refund(&mut self, now: SimTime, charged: SimTime, amount: u64) {
        self.meter.refund(now, charged, amount);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_large_call_passes_and_all_pay_for_it() {
        let throughput = Rate::new(100, SimDuration::from_secs(1)).unwrap();
        let mut meter = Provisioned { throughput, burst: Some(1_000) }.start(&Civil::default());
        let second = |s: u64| SimTime::ZERO + SimDuration::from_secs(s);
        assert_eq!(meter.verdict(second(0), 5_000), Verdict::Admit);
        meter.charge(second(0), 5_000);
        // At 100 % after 40 seconds, below it a nanosecond later.
        let opens = SimTime::from_nanos(40_000_000_001);
        assert_eq!(meter.verdict(second(40), 1), Verdict::RetryAt(opens));
        assert_eq!(meter.verdict(opens, 1), Verdict::Admit);
    }
}
