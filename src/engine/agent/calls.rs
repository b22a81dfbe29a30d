//! What a call for a request looks like: which part of the answer it is for, what of its prompt is cached, and how long its
//! way is.

use super::Agent;
use super::diary::Note;
use super::errand::Errand;
use crate::client::continuation;
use crate::client::prompt_cache::Prefixes;
use crate::client::transfer::Transfer;
use crate::engine::run::Cell;
use crate::protocol::{ReAsking, Request, Resume};
use crate::units::{Money, SimDuration, SimTime, Tokens};

/// What bears on that.
pub(super) struct Calls {
    first: Vec<SimDuration>, // by class the mean time to the first token
    /// By class the longest answer of a first call, and how it is asked for again when it is cut off there.
    cut: Vec<Option<(Tokens, ReAsking)>>,
    prefixes: Option<Prefixes>,
    transfer: Option<Transfer>,
}

impl Calls {
    pub fn new(cell: Cell) -> Self {
        let Cell { scenario, strategy, .. } = cell;
        let classes = scenario.facts();
        let first = |class| scenario.provider.latency(class).time_to_first_token.model().mean();
        Calls {
            first: classes.iter().map(first).collect(),
            cut: classes
                .iter()
                .map(|class| Some((class.max_tokens.filter(|_| class.re_asks > 0)?, class.re_asking)))
                .collect(),
            prefixes: strategy.prompt_cache.as_ref().map(Prefixes::new),
            transfer: strategy.transfer.clone(),
        }
    }

    /// The mean time to the first token of calls of `class`.
    pub fn first_token(&self, class: u16) -> SimDuration {
        self.first[usize::from(class)]
    }

    /// The next part of the answer to a request, and how often its `max_tokens` has grown.
    fn part(&self, errand: &Errand) -> (Request, u16) {
        let (class, done) = (errand.request.source, errand.parts);
        match self.cut[usize::from(class)] {
            Some((max_tokens, how)) => {
                let part = continuation::part(&errand.request, max_tokens, &how, done, self.first_token(class));
                (part, how.step(max_tokens, done))
            }
            None => (errand.request, 0),
        }
    }

    /// Whether the calls for a request have led to all of its answer, and whether the last one has led to any of it.
    fn has_all(&self, errand: &Errand) -> (bool, bool) {
        match self.cut[usize::from(errand.request.source)] {
            Some((max_tokens, how)) => {
                let is_complete = continuation::is_complete(&errand.request, max_tokens, &how, errand.parts);
                (is_complete, is_complete || how.from == Resume::Cut)
            }
            None => (true, true),
        }
    }

    /// `call` by `route` for a request of `class` with what is cached of its prompt, and what it has the provider keep.
    fn marked(&self, now: SimTime, class: u16, route: usize, call: Request) -> (Request, Tokens) {
        match &self.prefixes {
            Some(prefixes) => prefixes.mark(now, self.place(class, route), &call),
            None => (call, Tokens::new(0)),
        }
    }

    /// How long `call` and its answer are on the network.
    pub fn transit(&self, call: &Request) -> SimDuration {
        self.transfer.as_ref().map_or(SimDuration::ZERO, |transfer| transfer.takes(call))
    }

    /// Where prompts of `class` are kept that go by `route`.
    fn place(&self, class: u16, route: usize) -> usize {
        route * self.first.len() + usize::from(class)
    }
}

impl Agent<'_> {
    /// The next call for the request in `slot` by `route`, as the provider sees it.
    pub(super) fn call_for(&mut self, now: SimTime, slot: u32, route: usize) -> Request {
        let errand = self.errands.get(slot);
        let (request, (part, grown)) = (errand.request, self.calls.part(errand));
        let seen = self.ways.seen(&part, route, grown);
        let (mut seen, written) = self.calls.marked(now, request.source, route, seen);
        errand.written = written;
        if let Some(transfer) = &self.calls.transfer {
            let cost = transfer.cost(&seen);
            if cost > Money::ZERO {
                self.record.transferred(&request, cost);
            }
            seen.service = seen.service.saturating_add(self.calls.transit(&seen)).min(SimDuration::HORIZON);
        }
        errand.seen = seen;
        seen
    }

    /// What the next call for the request in `slot` asks of the limits at the end of `route`.
    pub(super) fn asks(&mut self, now: SimTime, slot: u32, route: usize) -> Request {
        let errand = self.errands.get(slot);
        let class = errand.request.source;
        let (part, grown) = self.calls.part(errand);
        let call = Request { source: self.ways.class_on(route, class, grown), ..part };
        self.calls.marked(now, class, route, call).0
    }

    /// The provider has admitted the call for the request in `slot`.
    pub(super) fn keep_prompt(&mut self, now: SimTime, slot: u32) {
        let errand = self.errands.get(slot);
        let (class, route) = (errand.request.source, errand.route);
        let (place, first) = (self.calls.place(class, route), self.calls.first_token(class));
        if let Some(prefixes) = &mut self.calls.prefixes {
            prefixes.used(now, place, &errand.seen, first);
        }
    }

    /// A call for the request in `slot` has led to its answer, or to one that was cut off and is asked for again.
    pub(super) fn go_on(&mut self, now: SimTime, slot: u32) {
        let errand = self.errands.get(slot);
        errand.parts += 1;
        let seen = errand.seen;
        let (is_complete, is_of_use) = self.calls.has_all(errand);
        self.charge(now, slot, seen, is_of_use);
        if is_complete {
            return self.serve(now, slot);
        }
        let errand = self.errands.get(slot);
        (errand.is_paid, errand.is_tried) = (true, false);
        let course = errand.calling.course;
        errand.held_up = errand.held_up.saturating_add(course.wait);
        errand.worked = errand.worked.saturating_add(course.work);
        errand.standing = self.retries.begin(now);
        self.record.continued(&errand.request);
        self.note(now, slot, Note::CutOff);
        self.enter(now, slot);
    }
}
