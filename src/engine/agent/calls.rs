//! What a call for a request looks like: which part of the answer it is for, what of its prompt is cached, and how long its
//! way is.

use super::Agent;
use super::diary::Note;
use super::errand::Errand;
use crate::client::continuation;
use crate::client::prompt_cache::Prefixes;
use crate::client::transfer::Transfer;
use crate::engine::run::Cell;
use crate::protocol::Request;
use crate::units::{Money, SimDuration, SimTime, Tokens};

/// What bears on that.
pub(super) struct Calls {
    first: Vec<SimDuration>,      // by class the mean time to the first token
    longest: Vec<Option<Tokens>>, // by class the longest answer of a call, where another call may go on with it
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
            longest: classes.iter().map(|class| class.max_tokens.filter(|_| class.re_asks > 0)).collect(),
            prefixes: strategy.prompt_cache.as_ref().map(Prefixes::new),
            transfer: strategy.transfer.clone(),
        }
    }

    /// The mean time to the first token of calls of `class`.
    pub fn first_token(&self, class: u16) -> SimDuration {
        self.first[usize::from(class)]
    }

    /// The next part of the answer to a request.
    fn part(&self, errand: &Errand) -> Request {
        let class = errand.request.source;
        match self.longest[usize::from(class)] {
            Some(longest) => continuation::part(&errand.request, longest, errand.parts, self.first_token(class)),
            None => errand.request,
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
        let (request, part) = (errand.request, self.calls.part(errand));
        let (mut seen, written) = self.calls.marked(now, request.source, route, self.ways.seen(&part, route));
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
        let call = Request { source: self.ways.class_on(route, class), ..self.calls.part(errand) };
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

    /// A call for the request in `slot` has led to its answer, or to a part of it that another call goes on with.
    pub(super) fn go_on(&mut self, now: SimTime, slot: u32) {
        let errand = self.errands.get(slot);
        let seen = errand.seen;
        self.charge(now, slot, seen, true);
        let errand = self.errands.get(slot);
        errand.parts += 1;
        let longest = self.calls.longest[usize::from(errand.request.source)];
        if longest.is_none_or(|longest| continuation::is_complete(&errand.request, longest, errand.parts)) {
            return self.serve(now, slot);
        }
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
