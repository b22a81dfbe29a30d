//! All limits of a tier together: a call passes only if every one admits it, and is otherwise charged to none.

use super::{Hint, LimitSpec, Scope, Tier};
use crate::limiter::{AnyLimiter, Limiter, LimiterModel, Verdict};
use crate::protocol::{Counts, Reply, Request};
use crate::units::{Civil, SimDuration, SimTime};

/// The state of a tier's limits.
#[derive(Clone, Debug)]
pub struct Quota {
    limits: Vec<Limit>,
    hint: Hint,
    holds: bool,
    /// Whether a refusal closes the door for everybody: every limit counts the requests of all, so that all ask for the
    /// same, and none waits for calls to end.
    gated: bool,
    gate: Gate,
}

/// Until when every request is refused, and by which limit. While one limit refuses all, nothing is charged to any, so
/// the others open when they would have, and the last of them stays the last.
#[derive(Clone, Copy, Debug)]
struct Gate {
    until: SimTime,
    limit: u16,
}

#[derive(Clone, Debug)]
struct Limit {
    counts: Counts,
    scope: Scope,
    capacity: u64,
    holds: bool,
    /// All of the account; of a limit that counts some apart, how each of them begins.
    whole: Part,
    /// Those that it counts apart, by number.
    parts: Vec<Part>,
}

/// What a limit counts together.
#[derive(Clone, Debug)]
struct Part {
    state: AnyLimiter,
    usage: Usage,
}

/// What was charged to one limit during a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Usage {
    /// Requests or tokens.
    pub charged: u64,
    /// For a limit that holds an amount during the call: amount times nanoseconds.
    pub held: u128,
}

impl Quota {
    /// The limits of `tier` with nothing used. `hint` is what a 429 says; [`Hint::None`] spares the work where the client
    /// does not read it.
    pub fn new(tier: &Tier, civil: &Civil, hint: Hint) -> Self {
        let limits: Vec<Limit> = tier.limits.iter().map(|(_, spec)| Limit::new(spec, civil)).collect();
        let holds = limits.iter().any(|limit| limit.holds);
        let asks_all_alike = |limit: &Limit| limit.counts == Counts::Requests && limit.scope == Scope::Account;
        let gated = !holds && limits.iter().all(asks_all_alike);
        Quota { limits, hint, holds, gated, gate: Gate { until: SimTime::ZERO, limit: 0 } }
    }

    /// Whether a limit needs to hear when calls end.
    pub fn holds(&self) -> bool {
        self.holds
    }

    /// What was charged to each limit so far; of a limit that counts some apart, to the one that used it most.
    pub fn usage(&self) -> impl Iterator<Item = Usage> + '_ {
        let most = |limit: &Limit| limit.parts.iter().chain([&limit.whole]).map(|part| part.usage).max();
        self.limits.iter().map(move |limit| most(limit).unwrap_or_default())
    }

    /// Asks all limits, and charges all of them or none.
    #[inline]
    pub fn call(&mut self, now: SimTime, request: &Request) -> Reply {
        if now < self.gate.until {
            let Gate { until, limit } = self.gate;
            return Reply::TooManyRequests { limit, retry_after: self.hint.of(until - now) };
        }
        self.ask(now, request)
    }

    fn ask(&mut self, now: SimTime, request: &Request) -> Reply {
        let mut refusals = 0;
        let mut refusing = 0;
        for (at, limit) in self.limits.iter_mut().enumerate() {
            let amount = limit.counts.of(request);
            if !limit.part(request).state.admits(now, amount) {
                refusals += 1;
                refusing = at;
            }
        }
        match refusals {
            0 => self.admit(now, request),
            1 => self.refuse(now, request, refusing),
            _ => {
                let last = self.last_to_open(now, request);
                self.refuse(now, request, last)
            }
        }
    }

    #[inline]
    fn admit(&mut self, now: SimTime, request: &Request) -> Reply {
        for limit in &mut self.limits {
            let amount = limit.counts.of(request);
            // A limit on tokens has nothing to say about a request without any.
            if amount > 0 {
                let holds = limit.holds;
                let part = limit.part(request);
                part.state.charge(now, amount);
                part.usage.charged += amount;
                if holds {
                    part.usage.held += u128::from(amount) * u128::from(request.service.as_nanos());
                }
            }
        }
        Reply::Accepted
    }

    fn refuse(&mut self, now: SimTime, request: &Request, at: usize) -> Reply {
        let limit = &mut self.limits[at];
        let amount = limit.counts.of(request);
        if amount > limit.capacity {
            return Reply::TooLarge { limit: at as u16 };
        }
        let mut retry_after = None;
        if (self.gated || self.hint != Hint::None)
            && let Verdict::RetryAt(instant) = limit.part(request).state.opens(now, amount)
        {
            retry_after = self.hint.of(instant - now);
            if self.gated {
                self.gate = Gate { until: instant, limit: at as u16 };
            }
        }
        Reply::TooManyRequests { limit: at as u16, retry_after }
    }

    /// Of several limits that refuse, the one that would open last; one that waits for calls in flight counts as opening
    /// soon, one that never opens as last of all.
    #[cold]
    fn last_to_open(&mut self, now: SimTime, request: &Request) -> usize {
        let opens = |limit: &mut Limit| {
            let amount = limit.counts.of(request);
            match limit.part(request).state.verdict(now, amount) {
                Verdict::Admit => None,
                Verdict::Busy => Some(now),
                Verdict::RetryAt(instant) => Some(instant),
                Verdict::Never => Some(SimTime::NEVER),
            }
        };
        let refusals = self.limits.iter_mut().enumerate().filter_map(|(at, limit)| Some((opens(limit)?, at)));
        // Of several that open together the first one stated is named.
        refusals.reduce(|last, next| if next.0 > last.0 { next } else { last }).map_or(0, |(_, at)| at)
    }

    /// A call that was admitted has ended.
    #[inline]
    pub fn settle(&mut self, now: SimTime, request: &Request) {
        if !self.holds {
            return;
        }
        for limit in self.limits.iter_mut().filter(|limit| limit.holds) {
            let amount = limit.counts.of(request);
            limit.part(request).state.settle(now, amount);
        }
    }
}

impl Limit {
    fn new(spec: &LimitSpec, civil: &Civil) -> Self {
        Limit {
            counts: spec.counts,
            scope: spec.scope,
            capacity: spec.limiter.capacity(),
            holds: spec.limiter.holds(),
            whole: Part { state: spec.limiter.start(civil), usage: Usage::default() },
            parts: Vec::new(),
        }
    }

    /// Where `request` is counted.
    #[inline]
    fn part(&mut self, request: &Request) -> &mut Part {
        if self.scope == Scope::Account { &mut self.whole } else { self.part_of(request) }
    }

    /// Where a limit that counts some apart counts `request`.
    #[inline(never)]
    fn part_of(&mut self, request: &Request) -> &mut Part {
        let number = match self.scope {
            Scope::Account => 0,
            Scope::Source => usize::from(request.source),
            Scope::Client => request.client as usize,
        };
        if number >= self.parts.len() {
            self.parts.resize(number + 1, self.whole.clone());
        }
        &mut self.parts[number]
    }
}

impl Hint {
    /// What the reply says about so long a wait.
    #[inline]
    fn of(self, wait: SimDuration) -> Option<SimDuration> {
        match self {
            Hint::WholeSeconds => Some(SimDuration::from_secs(wait.as_nanos().div_ceil(1_000_000_000))),
            Hint::Exact => Some(wait),
            Hint::None => None,
        }
    }
}
