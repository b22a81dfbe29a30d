//! What a client does after a 429 or a fault of the provider: how long it waits, how often it tries, and whether it believes `Retry-After`.
//!
//! Which policy is best depends on what refuses. Brooker's ranking (AWS Architecture Blog 2015: full jitter does the least
//! work, plain exponential back-off the most) is about clients that contend for a lock, where every collision is work
//! lost and spreading out saves it. A rate limit loses nothing in a collision: it lets through the same amount whatever the
//! clients do, and what counts is whether a client still tries when the limit opens. `scenarios/jitter.toml` shows it: 120
//! requests at once against a minute window of 60, without `Retry-After`, with the same base, cap and eight attempts for
//! all. Plain exponential back-off waits 71 s in all and serves everybody; decorrelated jitter fails 30 %, equal jitter
//! 43 %, and full jitter, which halves every wait, 50 %, as many as a client that never tries again.
//!
//! To add a policy: a file with its parameters and its law, and a line in the list below.

mod composed;
mod constant;
mod decorrelated_jitter;
mod equal_jitter;
mod exponential;
mod full_jitter;
mod growth;
mod hints;
mod jitter;
mod linear;
mod none;
mod persistence;
mod retry_on;
pub mod schedule;
mod stack;

use crate::params::Parameters;
use crate::protocol::Fault;
use crate::units::SimDuration;

pub use composed::{Composed, Law};
pub use constant::Constant;
pub use decorrelated_jitter::DecorrelatedJitter;
pub use equal_jitter::EqualJitter;
pub use exponential::Exponential;
pub use full_jitter::FullJitter;
pub use growth::Growth;
pub use hints::{HintRules, HintUse, LongHint};
pub use jitter::Jitter;
pub use linear::Linear;
pub use none::NoRetry;
pub use persistence::Persistence;
pub use retry_on::RetryOn;
pub use stack::{Failing, MOST_LAYERS, Stack, Standing};

/// The parameters of a retry policy and its law of delays, a pure function of what it is given.
pub trait RetryModel: Parameters {
    /// The delay before the `retry`-th retry (from 1) without any jitter.
    fn step(&self, retry: u32) -> SimDuration;

    /// The same after a fault of the provider.
    fn fault_step(&self, retry: u32) -> SimDuration {
        self.step(retry)
    }

    /// The delay itself, from that `step`, the delay before (zero at the first retry) and a uniform draw from [0, 1).
    fn jitter(&self, step: SimDuration, _previous: SimDuration, _draw: f64) -> SimDuration {
        step
    }

    /// The mean of [`RetryModel::jitter`] over the draw, where it depends on nothing but the step and is known exactly.
    fn mean(&self, step: SimDuration) -> Option<SimDuration> {
        Some(step)
    }

    /// How long the client keeps at it.
    fn persistence(&self) -> Persistence;
}

crate::models! {
    /// Any retry policy.
    pub enum RetryPolicy: dyn RetryModel {
        /// Gives up at the first refusal.
        none::NoRetry = "none",
        /// Always the same delay.
        constant::Constant = "constant",
        /// One `base` more each time.
        linear::Linear = "linear",
        /// Grows by `factor` each time, without jitter.
        exponential::Exponential = "exponential",
        /// Uniform between zero and the exponential delay.
        full_jitter::FullJitter = "full-jitter",
        /// Half the exponential delay, and up to as much again.
        equal_jitter::EqualJitter = "equal-jitter",
        /// Uniform between `base` and three times the delay before.
        decorrelated_jitter::DecorrelatedJitter = "decorrelated-jitter",
        /// A law, bounds and a jitter of your choice.
        composed::Composed = "backoff",
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        RetryPolicy::FullJitter(FullJitter::default())
    }
}

/// A retry policy made ready for a run: its steps are computed once.
#[derive(Clone, Debug)]
pub struct Backoff {
    policy: RetryPolicy,
    persistence: Persistence,
    most_refused: u32,             // attempts after which a refusal is the last
    bends_hints: bool,             // whether it does anything else about a hint than to obey or ignore it
    steps: Vec<SimDuration>,       // of retry 1, 2, …; the last one serves all later retries
    fault_steps: Vec<SimDuration>, // the same after faults
}

/// Steps computed beforehand: by then every law has met its cap, or a delay of years.
const STEPS: u32 = 64;

impl Backoff {
    /// `policy`, ready to be asked.
    pub fn new(policy: &RetryPolicy) -> Self {
        let model = policy.model();
        let steps = (1..=STEPS).map(|retry| model.step(retry).min(SimDuration::HORIZON)).collect();
        let fault_steps = (1..=STEPS).map(|retry| model.fault_step(retry).min(SimDuration::HORIZON)).collect();
        let persistence = model.persistence();
        let most_refused = if persistence.retry_on.refusals { persistence.attempts } else { 0 };
        let bends_hints = persistence.hints != HintRules::NONE;
        Backoff { policy: policy.clone(), persistence, most_refused, bends_hints, steps, fault_steps }
    }

    /// Whether the client reads `Retry-After` at all.
    pub fn reads_hints(&self) -> bool {
        self.persistence.honor_retry_after
    }

    /// Whether the client ever tries again after `fault`.
    pub fn retries(&self, fault: Fault) -> bool {
        self.persistence.retries(fault)
    }

    /// The delay before the next attempt of a request whose last one of so many `calls` failed by a fault that the client
    /// retries, or `None` where it gives up; the rest as in [`Backoff::delay`].
    pub fn delay_after_fault(
        &self,
        calls: u32,
        previous: SimDuration,
        hint: Option<SimDuration>,
        elapsed: SimDuration,
        draw: impl FnOnce() -> f64,
    ) -> Option<SimDuration> {
        if calls >= self.persistence.attempts {
            return None;
        }
        let draw = draw();
        let own = self.own_delay(&self.fault_steps, calls, previous, || draw);
        self.in_time(hint.map_or(Some(own), |hint| self.persistence.obey(hint, own, draw))?, elapsed)
    }

    /// The delay before the next attempt of a request that was refused `refusals` times (at least once), or `None` where
    /// the client gives up.
    ///
    /// `previous` is the delay before the refused attempt, `hint` what the reply said, `elapsed` the time since the first
    /// attempt; `draw` gives a uniform number from [0, 1) and is called at most once.
    #[inline(always)]
    pub fn delay(
        &self,
        refusals: u32,
        previous: SimDuration,
        hint: Option<SimDuration>,
        elapsed: SimDuration,
        draw: impl FnOnce() -> f64,
    ) -> Option<SimDuration> {
        if refusals >= self.most_refused {
            return None;
        }
        let delay = match hint {
            Some(hint) if self.bends_hints => self.bent(refusals, previous, hint, draw)?,
            Some(hint) if self.persistence.believes(hint) => hint,
            _ => self.own_delay(&self.steps, refusals, previous, draw),
        };
        self.in_time(delay, elapsed)
    }

    /// The delay after a hint of which the client makes something of its own.
    #[cold]
    #[inline(never)]
    fn bent(
        &self,
        refusals: u32,
        previous: SimDuration,
        hint: SimDuration,
        draw: impl FnOnce() -> f64,
    ) -> Option<SimDuration> {
        let draw = draw();
        let own = self.own_delay(&self.steps, refusals, previous, || draw);
        self.persistence.obey(hint, own, draw)
    }

    /// `delay`, unless the client's time is up before its end.
    #[inline(always)]
    fn in_time(&self, delay: SimDuration, elapsed: SimDuration) -> Option<SimDuration> {
        match self.persistence.total_time {
            Some(total) if elapsed.saturating_add(delay) > total => None,
            _ => Some(delay),
        }
    }

    #[inline(always)]
    fn own_delay(
        &self,
        steps: &[SimDuration],
        retry: u32,
        previous: SimDuration,
        draw: impl FnOnce() -> f64,
    ) -> SimDuration {
        let step = steps[(retry as usize).min(steps.len()) - 1];
        let draw = draw();
        self.policy.ask(|model| model.jitter(step, previous, draw))
    }
}
