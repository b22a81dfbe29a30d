//! Further calls for a request whose call takes long: each is an errand of its own, with the one that it helps as its `first`.
//!
//! An answer ends the request, whichever of its calls it comes from; the others go on at the provider and are paid for. A
//! call that fails while another is under way is no concern of the retry policies: the request waits for the other one.

use super::Agent;
use super::errand::{Errand, State};
use crate::client::adaptive::hedge::Hedging;
use crate::client::control::budget::Grant;
use crate::engine::event::Kind;
use crate::engine::run::Cell;
use crate::protocol::{Reply, Request};
use crate::provider::ServiceTimes;
use crate::provider::faults::Call;
use crate::rng::Seed;
use crate::units::{SimDuration, SimTime, Tokens};
use std::mem::swap;

/// What a client that hedges knows, and how long its further calls take.
pub(super) struct Hedges {
    hedging: Hedging,
    times: Vec<ServiceTimes>, // by class
}

impl Hedges {
    /// Those of `cell` in one replication; `None` where it never hedges.
    pub fn new(cell: Cell, replication: u64) -> Option<Self> {
        let hedging = Hedging::new(cell.strategy.hedge.as_ref()?);
        let service = cell.scenario.provider.at(cell.tier);
        let times = cell.scenario.facts().into_iter().map(|class| {
            let latency = service.latency(&class);
            let stream = |purpose: &str| {
                Seed(cell.scenario.seed).stream(replication, &format!("{purpose}/hedge/{}", class.name))
            };
            ServiceTimes::new(&latency, stream("first-token"), stream("per-token"))
        });
        Some(Hedges { hedging, times: times.collect() })
    }

    /// How long the service works on a further call of `class` with so much output.
    fn again(&mut self, class: u16, output: Tokens) -> SimDuration {
        self.times[usize::from(class)].draw(output)
    }
}

impl Agent<'_> {
    /// A call goes out, as a further one or not.
    pub(super) fn count_call(&mut self, is_further: bool) {
        if let Some(hedges) = &mut self.hedges {
            hedges.hedging.sent(is_further);
        }
    }

    /// A call was served in so long.
    pub(super) fn learn_latency(&mut self, took: SimDuration) {
        if let Some(hedges) = &mut self.hedges {
            hedges.hedging.served(took);
        }
    }

    /// A call has begun for the request in `slot`, or goes on: when it may get a further one.
    pub(super) fn watch(&mut self, now: SimTime, slot: u32) {
        let Some(hedges) = &self.hedges else { return };
        let errand = self.errands.get(slot);
        if errand.first.is_none()
            && errand.further < hedges.hedging.most()
            && let Some(delay) = hedges.hedging.delay()
        {
            errand.hedge_event = self.events.push(now.saturating_add(delay), Kind::Hedge, slot);
        }
    }

    /// The call for the request in `slot` has taken so long that it gets a further one: if there is room for it, and nobody
    /// else waits for that. Otherwise it gets none any more.
    pub(super) fn hedge(&mut self, now: SimTime, slot: u32, number: u64) {
        let errand = self.errands.get(slot);
        // The call may have ended since, and its slot be another's by now.
        if errand.hedge_event != number || errand.state != State::Calling {
            return;
        }
        if self.is_free(now, slot) && self.hedges.as_ref().is_some_and(|hedges| hedges.hedging.allows()) {
            self.send_further(now, slot);
            self.watch(now, slot);
        }
    }

    fn send_further(&mut self, now: SimTime, slot: u32) {
        let errand = self.errands.get(slot);
        let (request, way) = (errand.request, errand.way);
        let Some(route) = self.ways.choose(now, request.source, way) else { return };
        errand.further += 1;
        let further = errand.further_call(slot, route);
        let call = Call { class: request.source, number: errand.number, attempt: further.calls };
        let other = self.errands.insert(further);
        if !self.lets_out(now, other, route) {
            return self.errands.remove(other);
        }
        self.errands.get(slot).calls += 1;
        let mut seen = self.call_for(now, other, route);
        if let Some(hedges) = self.hedges.as_mut().filter(|_| !self.ways.has_own_times(route, request.source)) {
            let takes = hedges.again(request.source, seen.output);
            seen.service = takes.saturating_add(self.calls.transit(&seen)).min(SimDuration::HORIZON);
            self.errands.get(other).seen = seen;
        }
        self.count_call(true);
        self.record.hedged(&request);
        if let Some(diary) = &mut self.diary {
            let site = self.ways.site(route);
            diary.called(now, self.errands.get(other), &seen, &mut site.quota, site.limits.start);
        }
        self.goes(now, other, &seen);
        let reply = self.ask(now, route, call, &seen);
        if let Reply::Accepted { wait, spilled } = reply {
            self.errands.get(slot).others.push(other);
            return self.admitted(now, other, call, &seen, (wait, spilled));
        }
        let hint = match reply {
            Reply::TooManyRequests { retry_after, .. } => retry_after,
            Reply::Failed { fault } => self.ways.site(route).hint(fault),
            _ => None,
        };
        self.ways.failed(now, request.source, route, hint);
        self.turned_down(now, other, &seen, reply);
        self.errands.remove(other);
    }

    /// The call in `slot` has an answer: whether it is the first for its request, which is in that slot from now on. The
    /// request's other calls have come too late.
    pub(super) fn wins(&mut self, slot: u32) -> bool {
        let errand = self.errands.get(slot);
        if errand.state == State::Loose {
            return false;
        }
        if let Some(first) = errand.first {
            self.take_over(first, slot);
        }
        for other in std::mem::take(&mut self.errands.get(slot).others) {
            let other = self.errands.get(other);
            (other.state, other.first, other.is_paid) = (State::Loose, None, true);
            // The story of the request is over.
            other.arrival = 0;
        }
        true
    }

    /// The answer in `slot` comes too late: it is paid for, and nobody reads it.
    pub(super) fn overtaken(&mut self, now: SimTime, slot: u32, seen: Request) {
        let request = self.errands.get(slot).request;
        self.record.overtaken(&request);
        self.charge(now, slot, seen, false);
        self.errands.remove(slot);
    }

    /// The call in `slot` was paid for.
    pub(super) fn paid(&mut self, slot: u32) {
        let errand = self.errands.get(slot);
        errand.is_paid = true;
        if let Some(first) = errand.first {
            self.errands.get(first).is_paid = true;
        }
    }

    /// A call in `slot` fails. Whether that is all: its request has its answer, or waits for another call.
    pub(super) fn others_go_on(&mut self, now: SimTime, slot: u32) -> bool {
        let errand = self.errands.get(slot);
        let (first, next) = (errand.first, errand.others.first().copied());
        match (first, next) {
            _ if errand.state == State::Loose => {}
            (Some(first), _) => self.errands.get(first).others.retain(|other| *other != slot),
            (None, Some(next)) => {
                self.take_over(slot, next);
                self.errands.get(next).others.retain(|other| *other != slot);
                self.watch(now, next);
            }
            (None, None) => return false,
        }
        self.errands.remove(slot);
        true
    }

    /// The request in slot `first` moves to that of its call in slot `other`, and its own call becomes one of the others.
    fn take_over(&mut self, first: u32, other: u32) {
        let [one, two] = self.errands.pair(first, other);
        swap(one, two);
        // Events know calls by their slots, so these stay where they are.
        swap(&mut one.calling, &mut two.calling);
        swap(&mut one.route, &mut two.route);
        swap(&mut one.seen, &mut two.seen);
        swap(&mut one.written, &mut two.written);
        swap(&mut one.in_flight, &mut two.in_flight);
        swap(&mut one.pass, &mut two.pass);
        swap(&mut one.grant, &mut two.grant);
        one.first = Some(other);
        let mut others = std::mem::take(&mut two.others);
        for slot in &mut others {
            if *slot == other {
                *slot = first;
            }
            self.errands.get(*slot).first = Some(other);
        }
        self.errands.get(other).others = others;
    }
}

impl Errand {
    /// A further call for the request in slot `first`.
    fn further_call(&self, first: u32, route: usize) -> Errand {
        Errand {
            first: Some(first),
            others: Vec::new(),
            // Whom the request carries or leads is its own concern.
            members: Vec::new(),
            leads: false,
            hedge_event: u64::MAX,
            calls: self.calls + 1,
            grant: Grant::FREE,
            route,
            ..self.clone()
        }
    }
}
