//! A policy put together from parts, as real clients are.

use super::growth::check_cap;
use super::jitter::{Jitter, exponential_factor, smooth_factor};
use super::{Persistence, RetryModel};
use crate::params::{Invalid, Parameters, Visitor};
use crate::units::SimDuration;

crate::words! {
    /// How delays grow from retry to retry.
    #[derive(Default)]
    pub enum Law {
        /// Always `base`.
        Constant = "constant",
        /// One `base` more each time.
        Linear = "linear",
        /// `factor` times as long each time.
        #[default]
        Exponential = "exponential",
        /// The sum of the two before: 1, 1, 2, 3, 5, … times `base`.
        Fibonacci = "fibonacci",
    }
}

/// A growth, bounds and a jitter; a part that is not stated is not there.
#[derive(Clone, Debug, PartialEq)]
pub struct Composed {
    /// How delays grow.
    pub law: Law,
    /// The first delay.
    pub base: SimDuration,
    /// What an exponential delay is multiplied by each time, in 1..=100.
    pub factor: f64,
    /// The delays themselves, in place of a law; the last one serves all later retries.
    pub delays: Option<Vec<SimDuration>>,
    /// The first delay after a fault of the provider, where it differs from that after a 429.
    pub fault_base: Option<SimDuration>,
    /// Whether the first retry comes at once; the law counts it all the same.
    pub first_at_once: bool,
    /// The shortest step.
    pub least: Option<SimDuration>,
    /// The longest step.
    pub cap: Option<SimDuration>,
    /// What a draw makes of the step.
    pub jitter: Jitter,
    /// Whether `cap` bounds the delay with its jitter too.
    pub cap_jittered: bool,
    /// How long the client keeps at it.
    pub persistence: Persistence,
}

impl Default for Composed {
    fn default() -> Self {
        Composed {
            law: Law::Exponential,
            base: SimDuration::from_secs(1),
            factor: 2.0,
            delays: None,
            fault_base: None,
            first_at_once: false,
            least: None,
            cap: None,
            jitter: Jitter::None,
            cap_jittered: false,
            persistence: Persistence::default(),
        }
    }
}

impl Parameters for Composed {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("law", &mut self.law);
        visitor.optional("base", &mut self.base);
        visitor.optional("factor", &mut self.factor);
        visitor.optional("delays", &mut self.delays);
        visitor.optional("fault-base", &mut self.fault_base);
        visitor.optional("first-at-once", &mut self.first_at_once);
        visitor.optional("least", &mut self.least);
        visitor.optional("cap", &mut self.cap);
        visitor.optional("jitter", &mut self.jitter);
        visitor.optional("cap-jittered", &mut self.cap_jittered);
        self.persistence.visit(visitor);
    }

    fn check(&self) -> Result<(), Invalid> {
        if !(1.0..=100.0).contains(&self.factor) {
            let message = format!("`{:?}` is outside 1 to 100", self.factor);
            return Err(Invalid::new("factor", message, "write a number from 1 to 100, as in `2.0`"));
        }
        if let Some(delays) = &self.delays
            && !(1..=super::STEPS as usize).contains(&delays.len())
        {
            let message = format!("there are {} delays", delays.len());
            return Err(Invalid::new("delays", message, format!("write 1 to {}, or leave it out", super::STEPS)));
        }
        self.check_bounds()?;
        self.check_own_law()?;
        self.persistence.check()
    }
}

impl Composed {
    fn check_bounds(&self) -> Result<(), Invalid> {
        let Some(cap) = self.cap else {
            let needs_cap = self.cap_jittered;
            let help = "add `cap`, as in `cap = \"60s\"`, or leave this out";
            return if needs_cap { Err(Invalid::new("cap-jittered", "there is no cap", help)) } else { Ok(()) };
        };
        match self.least {
            Some(least) if least > cap => {
                let message = format!("the least delay is {least}, above `cap`, which is {cap}");
                Err(Invalid::new("least", message, format!("write at most `{cap}`")))
            }
            _ if self.delays.is_some() => Ok(()),
            _ => check_cap(self.base, cap),
        }
    }

    /// The decorrelated jitters have laws of their own, and only `base` and `cap` mean anything to them.
    fn check_own_law(&self) -> Result<(), Invalid> {
        if !self.has_own_law() {
            return Ok(());
        }
        let stated = [
            ("delays", self.delays.is_some()),
            ("fault-base", self.fault_base.is_some()),
            ("least", self.least.is_some()),
            ("cap-jittered", self.cap_jittered),
        ];
        match stated.iter().find(|(_, is_stated)| *is_stated) {
            Some((key, _)) => {
                let message = "a decorrelated jitter goes by `base` and `cap` alone";
                Err(Invalid::new(key, message, "leave it out, or choose another `jitter`"))
            }
            None => Ok(()),
        }
    }

    fn has_own_law(&self) -> bool {
        matches!(self.jitter, Jitter::Decorrelated | Jitter::DecorrelatedV2)
    }

    /// What the law gives for the `retry`-th retry, before any bound.
    fn grown(&self, base: SimDuration, retry: u32) -> SimDuration {
        let again = 1..retry;
        // The first of those that have their own law asks for the first delay alone, the second for an exponent.
        match self.law {
            _ if self.jitter == Jitter::Decorrelated => base,
            _ if self.jitter == Jitter::DecorrelatedV2 => base.saturating_mul(1 << (retry - 1).min(63)),
            Law::Constant => base,
            Law::Linear => base.saturating_mul(u64::from(retry)),
            Law::Exponential => again.fold(base, |step, _| step.scale(self.factor)),
            Law::Fibonacci => again.fold((SimDuration::ZERO, base), |(a, b), _| (b, a.saturating_add(b))).1,
        }
    }

    fn bounded(&self, base: SimDuration, retry: u32) -> SimDuration {
        if self.first_at_once && retry == 1 {
            return SimDuration::ZERO;
        }
        let listed = self.delays.as_ref().and_then(|delays| delays.get(retry as usize - 1).or(delays.last()));
        let step = listed.copied().unwrap_or_else(|| self.grown(base, retry));
        // The cap comes first: that is the order of every client that has both.
        let capped = if self.jitter == Jitter::DecorrelatedV2 { step } else { step.min(self.most()) };
        capped.max(self.least.unwrap_or_default())
    }

    fn most(&self) -> SimDuration {
        self.cap.unwrap_or(SimDuration::HORIZON)
    }

    /// Whether the delay is uniform between its ends, for no cap cuts it.
    fn is_uniform(&self, step: SimDuration) -> bool {
        match self.jitter {
            _ if self.has_own_law() => false,
            Jitter::Exponential => false,
            _ if !self.cap_jittered => true,
            _ => self.jitter(step, SimDuration::ZERO, 1.0) < self.most() || step >= self.most(),
        }
    }

    /// The mean of an exponential delay, `m`, or of the lesser of it and the cap `c`: `m (1 - exp(-c / m))`.
    fn exponential_mean(&self, step: SimDuration) -> SimDuration {
        if !self.cap_jittered || step.is_zero() {
            return step;
        }
        let caps = self.most().as_nanos() as f64 / step.as_nanos() as f64;
        step.scale(-libm::expm1(-caps))
    }

    fn jittered(&self, step: SimDuration, previous: SimDuration, draw: f64) -> SimDuration {
        match self.jitter {
            Jitter::None => step,
            Jitter::Full => step.scale(draw),
            Jitter::AboveLeast => {
                let least = self.least.unwrap_or_default().min(step);
                least + (step - least).scale(draw)
            }
            Jitter::Equal => step.scale(0.5 + 0.5 * draw),
            Jitter::Factor { below, above } => {
                let (below, above) = (below.as_f64(), above.as_f64());
                step.scale(1.0 - below + (below + above) * draw)
            }
            Jitter::Added(most) => step.saturating_add(most.scale(draw)),
            Jitter::Exponential => step.scale(exponential_factor(draw)),
            Jitter::Decorrelated => {
                let reach = previous.max(self.base).saturating_mul(3) - self.base;
                self.base.saturating_add(reach.scale(draw)).min(self.most())
            }
            Jitter::DecorrelatedV2 => {
                let base = self.base.as_nanos().max(1);
                let at = (step.as_nanos() / base).max(1).ilog2();
                self.base.scale(smooth_factor(at, draw)).min(self.most())
            }
        }
    }
}

impl RetryModel for Composed {
    fn step(&self, retry: u32) -> SimDuration {
        self.bounded(self.base, retry)
    }

    fn fault_step(&self, retry: u32) -> SimDuration {
        self.bounded(self.fault_base.unwrap_or(self.base), retry)
    }

    // Kept out of the loop of the engine, which it would only make longer.
    #[inline(never)]
    fn jitter(&self, step: SimDuration, previous: SimDuration, draw: f64) -> SimDuration {
        if self.first_at_once && step.is_zero() {
            return SimDuration::ZERO;
        }
        let delay = self.jittered(step, previous, draw);
        if self.cap_jittered { delay.min(self.most()) } else { delay }
    }

    fn mean(&self, step: SimDuration) -> Option<SimDuration> {
        if self.jitter == Jitter::Exponential {
            return Some(self.exponential_mean(step));
        }
        self.is_uniform(step).then(|| self.jitter(step, SimDuration::ZERO, 0.5))
    }

    fn persistence(&self) -> Persistence {
        self.persistence
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(composed: &Composed, draw: f64) -> Vec<u64> {
        let delay = |retry| composed.jitter(composed.step(retry), SimDuration::ZERO, draw).as_nanos() / 1_000_000;
        (1..=6).map(delay).collect()
    }

    #[test]
    fn laws_grow_as_they_say() {
        let of = |law| millis(&Composed { law, ..Composed::default() }, 0.0);
        assert_eq!(of(Law::Constant), [1000; 6]);
        assert_eq!(of(Law::Linear), [1000, 2000, 3000, 4000, 5000, 6000]);
        assert_eq!(of(Law::Exponential), [1000, 2000, 4000, 8000, 16_000, 32_000]);
        assert_eq!(of(Law::Fibonacci), [1000, 1000, 2000, 3000, 5000, 8000]);
        let delays = Some([25, 75, 175].map(|ms| SimDuration::from_nanos(ms * 1_000_000)).to_vec());
        assert_eq!(millis(&Composed { delays, ..Composed::default() }, 0.0), [25, 75, 175, 175, 175, 175]);
    }

    #[test]
    fn bounds_hold_before_the_jitter_or_after_it() {
        let (least, cap) = (Some(SimDuration::from_secs(4)), Some(SimDuration::from_secs(10)));
        let bounded = Composed { least, cap, ..Composed::default() };
        assert_eq!(millis(&bounded, 0.0), [4000, 4000, 4000, 8000, 10_000, 10_000]);
        let added = Composed { cap, jitter: Jitter::Added(SimDuration::from_secs(4)), ..Composed::default() };
        assert_eq!(millis(&added, 0.5), [3000, 4000, 6000, 10_000, 12_000, 12_000]);
        let all = Composed { cap_jittered: true, ..added };
        assert_eq!(millis(&all, 0.5), [3000, 4000, 6000, 10_000, 10_000, 10_000]);
        let at_once = Composed { first_at_once: true, ..all.clone() };
        assert_eq!(millis(&at_once, 0.5), [0, 4000, 6000, 10_000, 10_000, 10_000]);
        let tailed = Composed { jitter: Jitter::Exponential, ..all };
        let draw = -libm::expm1(-1.5);
        assert_eq!(millis(&tailed, draw), [1500, 3000, 6000, 10_000, 10_000, 10_000]);
        assert_eq!(millis(&Composed { cap_jittered: false, ..tailed }, draw)[3..], [12_000, 15_000, 15_000]);
    }

    /// The mean of an exponential delay against sums over its quantiles, which fall short by a part of the tail.
    #[test]
    fn an_exponential_delay_has_its_stated_mean() {
        const STEPS: u32 = 1_000_000;
        let (second, cap) = (SimDuration::from_secs(1), SimDuration::from_secs(2));
        for cap_jittered in [false, true] {
            let jitter = Jitter::Exponential;
            let composed = Composed { jitter, cap: Some(cap), cap_jittered, ..Composed::default() };
            let at = |n: u32| composed.jitter(second, SimDuration::ZERO, (f64::from(n) + 0.5) / f64::from(STEPS));
            let mean = (0..STEPS).map(|n| at(n).as_secs_f64()).sum::<f64>() / f64::from(STEPS);
            let stated = composed.mean(second).unwrap().as_secs_f64();
            assert!((mean - stated).abs() < 1e-6, "{mean} and {stated}");
        }
    }
}
