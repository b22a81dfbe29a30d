//! What keeps the client from storming the service: a budget for its retries, and a breaker and a throttle on each route.

use super::{Agent, Note};
use crate::client::control::Throttles;
use crate::client::control::breaker::Breaker;
use crate::client::control::budget::{Budget, Grant, Load};
use crate::client::retry::Failing;
use crate::engine::run::Cell;
use crate::rng::{Seed, Uniforms};
use crate::units::SimTime;

/// The budget of the client and what guards its routes.
pub(super) struct Storm {
    budget: Option<Box<dyn Budget>>,
    guards: Vec<Guard>,   // by route
    draws: Vec<Uniforms>, // by class
}

/// What stands before a route.
struct Guard {
    breaker: Option<Breaker>,
    throttle: Option<Throttles>,
}

impl Storm {
    /// That of `cell` in one replication.
    pub fn new(cell: Cell, replication: u64) -> Self {
        let Cell { scenario, strategy, .. } = cell;
        let guard = |_| Guard {
            breaker: strategy.breaker.as_ref().map(Breaker::new),
            throttle: strategy.throttle.as_ref().map(Throttles::new),
        };
        let draws =
            |class: &String| Uniforms::new(Seed(scenario.seed).stream(replication, &format!("throttle/{class}")));
        Storm {
            budget: strategy.budget.as_ref().map(|budget| budget.model().start()),
            guards: (0..=strategy.route.len()).map(guard).collect(),
            draws: scenario.classes().iter().map(draws).collect(),
        }
    }
}

impl Agent<'_> {
    /// Whether the client lets a call for the request in `slot` out on `route`. If it does the call must be sent.
    pub(super) fn lets_out(&mut self, now: SimTime, slot: u32, route: usize) -> bool {
        let errand = self.errands.get(slot);
        let Guard { breaker, throttle } = &mut self.storm.guards[route];
        let (draws, client) = (&mut self.storm.draws[usize::from(errand.request.source)], errand.request.client);
        // A breaker that lets nothing through leaves the throttle without a say: it counts what might have been sent.
        let is_let = breaker.as_ref().is_none_or(|breaker| breaker.allows(now))
            && throttle.as_mut().is_none_or(|throttle| throttle.of(client).admits(now, || draws.draw()));
        if let (Some(throttle), Some(gauge)) = (throttle, &mut self.record.learnt.refusal)
            && self.ways.is_here(route)
        {
            gauge.set(now, Some(throttle.of(client).chance(now)));
        }
        if !is_let {
            self.record.turned_down(&errand.request);
            self.note(now, slot, Note::TurnedDown);
            return false;
        }
        if let Some(breaker) = breaker {
            errand.pass = breaker.sent(now);
        }
        if errand.calls == 0
            && let Some(budget) = &mut self.storm.budget
        {
            budget.began(now);
        }
        true
    }

    /// The call for the request in `slot` was answered, or has failed.
    pub(super) fn call_ended(&mut self, now: SimTime, slot: u32, failing: Option<Failing>) {
        let errand = self.errands.get(slot);
        let grant = std::mem::take(&mut errand.grant);
        if let Some(budget) = &mut self.storm.budget {
            match failing {
                None => budget.succeeded(now, grant),
                Some(failing) => budget.failed(now, failing, grant),
            }
        }
        let guard = &mut self.storm.guards[errand.route];
        if let Some(throttle) = &mut guard.throttle {
            throttle.of(errand.request.client).answered(now, failing);
        }
        if let Some(breaker) = &mut guard.breaker
            && breaker.answered(now, errand.pass, failing)
        {
            self.record.breaker_opened(&errand.request);
            // Calls that are spread over routes go by the others meanwhile.
            self.ways.rest(errand.route, breaker.open_until().unwrap_or(now));
        }
    }

    /// The call for the request in `slot` told nothing about the service: it could never pass.
    pub(super) fn call_was_void(&mut self, slot: u32) {
        let errand = self.errands.get(slot);
        if let Some(breaker) = &mut self.storm.guards[errand.route].breaker {
            breaker.ignored(errand.pass);
        }
        self.drop_grant(slot);
    }

    /// Whether the request in `slot`, whose call has failed so, may try again.
    pub(super) fn may_retry(&mut self, now: SimTime, slot: u32, failing: Failing) -> bool {
        let Some(budget) = &mut self.storm.budget else { return true };
        let load = Load { calls: self.ways.under_way(), waiting: self.line.len() };
        let errand = self.errands.get(slot);
        let grant = budget.grants(now, failing, load);
        match grant {
            Some(grant) => errand.grant = grant,
            None => {
                self.record.denied(&errand.request);
                self.note(now, slot, Note::Denied);
            }
        }
        grant.is_some()
    }

    /// The request in `slot` makes no use of its grant, if it has one.
    pub(super) fn drop_grant(&mut self, slot: u32) {
        let grant = std::mem::take(&mut self.errands.get(slot).grant);
        if let Some(budget) = &mut self.storm.budget
            && grant != Grant::FREE
        {
            budget.dropped(grant);
        }
    }
}
