//! Policies around one another: an SDK within a framework within a gateway. Each takes a whole course of what is inside it
//! for one try of its own.

use super::{Backoff, RetryOn, RetryPolicy};
use crate::protocol::Fault;
use crate::units::{SimDuration, SimTime};

/// Policies around one another, the innermost first; at least one.
#[derive(Clone, Debug)]
pub struct Stack {
    pub(super) layers: Vec<Backoff>,
}

/// The most policies around one another.
pub const MOST_LAYERS: usize = 4;

/// Where a request stands with one policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Standing {
    /// Tries that failed.
    pub tries: u32,
    /// The delay before the last try.
    pub previous: SimDuration,
    /// When the first try began.
    pub since: SimTime,
}

/// How a call failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failing {
    /// By a 429, with the hint that it carried.
    Refused(Option<SimDuration>),
    /// By a fault of the provider.
    Fault(Fault),
    /// By one that says when to come again.
    Told(Fault, SimDuration),
}

impl Failing {
    /// By a fault of the provider, with the hint that it carried.
    pub fn by(fault: Fault, hint: Option<SimDuration>) -> Self {
        hint.map_or(Failing::Fault(fault), |hint| Failing::Told(fault, hint))
    }

    /// The hint that it carried.
    pub fn hint(self) -> Option<SimDuration> {
        match self {
            Failing::Refused(hint) => hint,
            Failing::Fault(_) => None,
            Failing::Told(_, hint) => Some(hint),
        }
    }

    /// The provider's fault, if it is one.
    pub fn fault(self) -> Option<Fault> {
        match self {
            Failing::Refused(_) => None,
            Failing::Fault(fault) | Failing::Told(fault, _) => Some(fault),
        }
    }

    /// Whether `answers` has it.
    pub fn is_among(self, answers: RetryOn) -> bool {
        self.fault().map_or(answers.refusals, |fault| answers.has(fault))
    }
}

impl Stack {
    /// Those of `policies`, the innermost first.
    pub fn new<'p>(policies: impl IntoIterator<Item = &'p RetryPolicy>) -> Self {
        Stack { layers: policies.into_iter().map(Backoff::new).collect() }
    }

    /// Where a request stands that is called for the first time at `now`.
    pub fn begin(&self, now: SimTime) -> [Standing; MOST_LAYERS] {
        [Standing { since: now, ..Standing::default() }; MOST_LAYERS]
    }

    /// Whether any of them reads `Retry-After`.
    pub fn reads_hints(&self) -> bool {
        self.layers.iter().any(Backoff::reads_hints)
    }

    /// Whether any of them ever tries again after `failing`.
    pub fn retries(&self, failing: Failing) -> bool {
        self.layers.iter().any(|layer| layer.tries(failing) > 1)
    }

    /// How long until the next call of a request whose call has failed so at `now`, by the innermost policy that goes on;
    /// `None` where all give up. `draw` gives uniform numbers from [0, 1), and so does `toss`, for coins.
    pub fn after(
        &self,
        now: SimTime,
        failing: Failing,
        standing: &mut [Standing],
        mut draw: impl FnMut() -> f64,
        mut toss: impl FnMut() -> f64,
    ) -> Option<SimDuration> {
        for (at, layer) in self.layers.iter().enumerate() {
            let mine = &mut standing[at];
            mine.tries += 1;
            if let Some(delay) = layer.after(failing, mine.tries, mine.previous, now - mine.since, &mut draw)
                && layer.goes_on(&mut toss)
            {
                mine.previous = delay;
                let since = now.saturating_add(delay);
                standing[..at].fill(Standing { since, ..Standing::default() });
                return Some(delay);
            }
        }
        None
    }
}

impl Backoff {
    /// The delay after the given number of calls, the last of which failed so.
    pub(super) fn after(
        &self,
        failing: Failing,
        calls: u32,
        previous: SimDuration,
        elapsed: SimDuration,
        draw: impl FnOnce() -> f64,
    ) -> Option<SimDuration> {
        match failing.fault() {
            None => self.delay(calls, previous, failing.hint(), elapsed, draw),
            Some(fault) if !self.retries(fault) => None,
            Some(_) => self.delay_after_fault(calls, previous, failing.hint(), elapsed, draw),
        }
    }

    /// Whether the coin, if there is one, has it try again.
    fn goes_on(&self, toss: impl FnOnce() -> f64) -> bool {
        self.persistence.is_sure() || toss() < self.persistence.persistence.as_f64()
    }

    /// Calls that it makes at most where all fail so.
    pub(super) fn tries(&self, failing: Failing) -> u32 {
        match failing.fault() {
            None => self.most_refused.max(1),
            Some(fault) if self.retries(fault) => self.persistence.attempts,
            Some(_) => 1,
        }
    }
}
