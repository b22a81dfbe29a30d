//! The gate in front of the calls: whether the next one may go although a slot is free.

use super::Agent;
use crate::client::flow::{Known, Pace, Steering};
use crate::engine::event::Kind;
use crate::engine::run::Cell;
use crate::limiter::LimiterModel;
use crate::protocol::{Class, Request, Told};
use crate::provider::{Beyond, LimitSpec, Scope};
use crate::units::{SimDuration, SimTime};

/// Everything that holds calls back, and how long it does.
pub(super) struct Gate {
    pace: Option<Pace>,
    steering: Option<Steering>,
    /// When the client looks again, [`SimTime::NEVER`] where no such event is under way.
    wakes_at: SimTime,
    /// Since when it has kept somebody who might have gone otherwise.
    closed_since: Option<SimTime>,
    closed: SimDuration, // in all, before that
}

impl Gate {
    /// That of `cell`, for calls of such classes to the tier that is judged.
    pub fn new(cell: Cell, classes: &[Class]) -> Self {
        let limits =
            || -> Vec<Known> { cell.tier.limits.iter().filter_map(|(_, spec)| known(spec, classes)).collect() };
        Gate {
            pace: cell.strategy.pacing.as_ref().map(|pacing| Pace::new(pacing, &limits(), classes)),
            steering: cell.strategy.steer.as_ref().map(|steer| Steering::new(steer, classes)),
            wakes_at: SimTime::NEVER,
            closed_since: None,
            closed: SimDuration::ZERO,
        }
    }

    /// When a call for `request` may go, `now` or later; [`SimTime::NEVER`] where that is to be asked again after a reply.
    fn ready_at(&mut self, now: SimTime, request: &Request) -> SimTime {
        let paced = self.pace.as_mut().map_or(now, |pace| pace.ready_at(now, request));
        let steered = self.steering.as_mut().map_or(now, |steering| steering.ready_at(now, request));
        paced.max(steered)
    }

    /// A call for `request` goes.
    pub fn take(&mut self, now: SimTime, request: &Request) {
        if let Some(pace) = &mut self.pace {
            pace.take(now, request);
        }
        if let Some(steering) = &mut self.steering {
            steering.take(now, request);
        }
    }

    /// A reply to such a call comes, whose headers tell so much.
    fn hear(&mut self, now: SimTime, request: &Request, told: &[Told]) {
        if let Some(steering) = &mut self.steering {
            steering.hear(now, request, told);
        }
    }

    /// How long it has been closed by `now` while slots were free.
    pub fn closed_by(&self, now: SimTime) -> SimDuration {
        self.closed + self.closed_since.map_or(SimDuration::ZERO, |since| now - since)
    }

    /// From `now` on it keeps somebody, or nobody.
    pub fn turn(&mut self, now: SimTime, is_closed: bool) {
        self.closed = self.closed_by(now);
        self.closed_since = is_closed.then_some(now);
    }
}

/// What a client knows of a limit to keep below it; nothing of those that count by client, and of those over which calls
/// spill.
fn known(spec: &LimitSpec, classes: &[Class]) -> Option<Known> {
    let limiter = &spec.limiter;
    if spec.scope == Scope::Client || spec.beyond == Beyond::Spill || limiter.is_quota() {
        return None;
    }
    Some(Known {
        counts: spec.counts,
        rate: limiter.sustained()?,
        capacity: limiter.capacity(),
        period: limiter.period(),
        pools: spec.pools(classes),
    })
}

impl Agent<'_> {
    /// When the request in `slot` may be sent, as far as the gate is concerned. Calls by other routes go around it.
    pub(super) fn ready_at(&mut self, now: SimTime, slot: u32) -> SimTime {
        let errand = self.errands.get(slot);
        let class = errand.request.source;
        match self.ways.next(now, class, errand.way).filter(|route| self.ways.is_here(*route)) {
            Some(route) => {
                let call = self.asks(now, slot, route);
                self.gate.ready_at(now, &call).max(self.tempo.ready_at(now))
            }
            None => now,
        }
    }

    /// Makes sure that the line is looked at again at `at`.
    pub(super) fn wake_at(&mut self, at: SimTime) {
        if at < self.gate.wakes_at {
            self.gate.wakes_at = at;
            self.events.push(at, Kind::Wake, 0);
        }
    }

    /// The gate may have opened.
    pub(super) fn wake(&mut self, now: SimTime) {
        if now >= self.gate.wakes_at {
            self.gate.wakes_at = SimTime::NEVER;
        }
        self.dispatch(now);
    }

    /// A call by `route` that was `sent` then is answered.
    pub(super) fn answered(&mut self, now: SimTime, route: usize, sent: SimTime, seen: &Request) {
        if let Some(pace) = self.gate.pace.as_mut().filter(|_| self.ways.is_here(route)) {
            pace.answered(now, sent, seen);
        }
        self.hear(now, route, seen);
    }

    /// A reply with headers comes by `route`.
    pub(super) fn hear(&mut self, now: SimTime, route: usize, seen: &Request) {
        if self.gate.steering.is_none() || !self.ways.is_here(route) {
            return;
        }
        let since_1970 = self.cell.scenario.start.epoch_nanos().saturating_add(now.as_nanos());
        let levels = self.ways.site(route).quota.levels(now, seen);
        let told = self.cell.tier.headers.tell(&levels, since_1970);
        self.gate.hear(now, seen, &told);
    }

    /// A reply without headers comes by `route`.
    pub(super) fn hear_nothing(&mut self, now: SimTime, route: usize, seen: &Request) {
        if self.ways.is_here(route) {
            self.gate.hear(now, seen, &[]);
        }
    }
}
