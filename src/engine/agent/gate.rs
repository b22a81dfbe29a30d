//! The gate in front of the calls: whether the next one may go although a slot is free.

use super::Agent;
use super::lanes::Lanes;
use super::resting::Resting;
use super::tempo::Tempo;
use super::ways::Ways;
use crate::client::flow::{Hold, Kept, Known, Pace, Pacing, Steering};
use crate::client::queue::Turn;
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
    lanes: Lanes,
    resting: Resting,
    asked: Vec<(Hold, SimTime)>, // of the request that was asked about last
    /// When the client looks again, [`SimTime::NEVER`] where no such event is under way.
    wakes_at: SimTime,
    /// Since when it has kept somebody who might have gone otherwise.
    closed_since: Option<SimTime>,
    closed: SimDuration, // in all, before that
}

impl Gate {
    /// That of `cell`, for calls by such `ways`; whoever sends has such a `tempo`.
    pub fn new(cell: Cell, ways: &Ways, tempo: &Tempo) -> Self {
        let classes = &ways.here;
        let limits = |pacing| -> Vec<Known> {
            cell.tier.limits.iter().filter_map(|(_, spec)| known(spec, classes, pacing)).collect()
        };
        let pace = cell.strategy.pacing.as_ref().map(|pacing| Pace::new(pacing, &limits(pacing), classes));
        let steering = cell.strategy.steer.as_ref().map(|steer| Steering::new(steer, classes));
        let holds = |class: u16| {
            let paced = pace.iter().flat_map(|pace| pace.holds_of(class));
            let told = steering.iter().map(|steering| steering.hold_of(class));
            paced.chain(told).chain(tempo.is_set().then_some(Hold::Tempo)).collect()
        };
        Gate {
            lanes: Lanes::new(ways, holds),
            resting: Resting::default(),
            asked: Vec::new(),
            pace,
            steering,
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

    /// The same of one that comes after others, who keep so much.
    fn ready_behind(&mut self, now: SimTime, request: &Request, kept: &mut Kept, tempo: &Tempo) -> SimTime {
        let Gate { pace, steering, asked, .. } = self;
        asked.clear();
        if let Some(pace) = pace {
            pace.holds(now, request, asked);
        }
        if let Some(steering) = steering {
            asked.push((steering.hold_of(request.source), steering.ready_at(now, request)));
        }
        if tempo.is_set() {
            asked.push((Hold::Tempo, tempo.ready_at(now)));
        }
        kept.ready_at(now, asked)
    }

    /// The lane in which `request` waits that has come to its `way`-th way.
    pub fn lane(&self, request: &Request, way: usize) -> u64 {
        self.lanes.of(request, way)
    }

    /// Whether the request that was asked about last waits for nothing but the pace of `client`, and nobody in another lane
    /// does.
    fn waits_for_itself(&self, now: SimTime, client: u32) -> bool {
        let is_own = |hold: &Hold| matches!((hold, &self.pace), (Hold::Paced(..), Some(pace)) if pace.is_apart(*hold));
        self.lanes.of_client(client).is_some() && self.asked.iter().all(|(hold, at)| *at <= now || is_own(hold))
    }

    /// Whether nobody may go behind those who keep so much.
    pub fn is_shut(&self, kept: &Kept) -> bool {
        kept.has_any(self.lanes.common())
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

/// What a client knows of a limit to keep below it; nothing of quotas, and of those over which calls spill only where
/// `pacing` keeps within what is reserved.
fn known(spec: &LimitSpec, classes: &[Class], pacing: &Pacing) -> Option<Known> {
    let limiter = &spec.limiter;
    if (spec.beyond == Beyond::Spill && !pacing.within_reserved) || limiter.is_quota() {
        return None;
    }
    Some(Known {
        counts: spec.counts,
        rate: limiter.sustained()?,
        capacity: limiter.capacity(),
        period: limiter.period(),
        pools: spec.pools(classes),
        is_apart: spec.scope == Scope::Client,
    })
}

impl Agent<'_> {
    /// When the request in `slot` may be sent, as far as the gate is concerned. Calls by other routes go around it.
    pub(super) fn ready_at(&mut self, now: SimTime, slot: u32) -> SimTime {
        match self.call_at_gate(now, slot) {
            Some(call) => self.gate.ready_at(now, &call).max(self.tempo.ready_at(now)),
            None => now,
        }
    }

    /// The same if it comes after others, who keep so much; what it has to wait for itself is kept too from now on.
    pub(super) fn ready_behind(&mut self, now: SimTime, slot: u32, kept: &mut Kept) -> SimTime {
        match self.call_at_gate(now, slot) {
            Some(call) => self.gate.ready_behind(now, &call, kept, &self.tempo),
            None => now,
        }
    }

    /// The next call for the request in `slot`, if it passes the gate.
    fn call_at_gate(&mut self, now: SimTime, slot: u32) -> Option<Request> {
        let errand = self.errands.get(slot);
        let class = errand.request.source;
        let route = self.ways.next(now, class, errand.way).filter(|route| self.ways.is_here(*route))?;
        Some(self.asks(now, slot, route))
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

    /// Who leads a lane at this `turn`, in `slot`, which was asked about last, has to wait until then: it is not asked before, if
    /// nothing can let it go earlier.
    pub(super) fn wait_until(&mut self, now: SimTime, slot: u32, turn: Turn, ready_at: SimTime) {
        self.wake_at(ready_at);
        let client = self.errands.get(slot).request.client;
        if ready_at != SimTime::NEVER
            && self.gate.waits_for_itself(now, client)
            && let Some(lane) = self.line.rest(turn)
        {
            self.gate.resting.rest(lane, ready_at);
        }
    }

    /// Lanes that have rested enough are asked again.
    pub(super) fn rouse(&mut self, now: SimTime) {
        while let Some(lane) = self.gate.resting.take(now) {
            self.line.rouse(lane);
        }
    }

    /// Makes sure that they are in time.
    pub(super) fn wake_resting(&mut self) {
        self.wake_at(self.gate.resting.next());
    }

    /// A call by `route` that was `sent` then is answered.
    pub(super) fn answered(&mut self, now: SimTime, route: usize, sent: SimTime, seen: &Request) {
        if let Some(pace) = self.gate.pace.as_mut().filter(|_| self.ways.is_here(route)) {
            pace.answered(now, sent, seen);
            // What was guessed too much may let the next one of that client go earlier.
            if let Some(lane) = self.gate.lanes.of_client(seen.client) {
                self.gate.resting.rouse(lane);
                self.line.rouse(lane);
            }
        }
        self.hear(now, route, seen, false);
    }

    /// A reply, with an answer or a 429, comes by `route`.
    pub(super) fn hear(&mut self, now: SimTime, route: usize, seen: &Request, is_refusal: bool) {
        if self.gate.steering.is_none() || !self.ways.is_here(route) {
            return;
        }
        if !self.cell.tier.headers.speaks(is_refusal) {
            return self.gate.hear(now, seen, &[]);
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
