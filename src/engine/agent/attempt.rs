//! Attempts: what the provider says to one, and what the client makes of that.

use super::errand::State;
use super::tempo::End;
use super::{Agent, Note};
use crate::client::retry::Failing;
use crate::engine::event::Kind;
use crate::engine::flight::Calling;
use crate::protocol::{Reply, Request};
use crate::provider::faults::Call;
use crate::provider::{Admitted, Course};
use crate::recorder::Failure;
use crate::units::{SimDuration, SimTime, Tokens};

impl Agent<'_> {
    /// The request in `slot` is called for, by the way that it has come to.
    pub(super) fn send(&mut self, now: SimTime, slot: u32) {
        let errand = self.errands.get(slot);
        let Some(route) = self.ways.choose(now, errand.request.source, errand.way) else {
            // Every class has a way, and none is asked for beyond the last.
            return self.fail(now, slot, Failure::GaveUp);
        };
        if !self.lets_out(now, slot, route) {
            return self.try_next_way(now, slot, Failure::Shed);
        }
        let errand = self.errands.get(slot);
        if errand.taken == SimTime::NEVER {
            (errand.taken, errand.standing) = (now, self.retries.begin(now));
        }
        errand.calls += 1;
        errand.route = route;
        let request = errand.request;
        let call = Call { class: request.source, number: errand.number, attempt: errand.calls };
        if std::mem::replace(&mut errand.is_tried, true) {
            self.record.retried(&request);
        }
        let seen = self.call_for(now, slot, route);
        if let Some(diary) = &mut self.diary {
            let site = self.ways.site(route);
            diary.called(now, self.errands.get(slot), &seen, &mut site.quota, site.limits.start);
        }
        self.count_call(false);
        self.goes(now, slot, &seen);
        let reply = self.ask(now, route, call, &seen);
        if let Reply::Accepted { wait, spilled } = reply {
            return self.admitted(now, slot, call, &seen, (wait, spilled));
        }
        self.turned_down(now, slot, &seen, reply);
        match reply {
            Reply::TooManyRequests { retry_after, .. } => self.after(now, slot, Failing::Refused(retry_after)),
            Reply::TooLarge { .. } => self.try_next_way(now, slot, Failure::Never),
            Reply::Failed { fault } => {
                let hint = self.ways.site(route).hint(fault);
                self.after(now, slot, Failing::by(fault, hint));
            }
            Reply::Accepted { .. } => {}
        }
    }

    /// The call of the errand in `slot` goes, as the provider will have `seen` it.
    pub(super) fn goes(&mut self, now: SimTime, slot: u32, seen: &Request) {
        let errand = self.errands.get(slot);
        if self.ways.is_here(errand.route) {
            self.gate.take(now, seen);
            errand.in_flight = self.tempo.sent(now);
        }
    }

    /// The call of the errand in `slot`, which goes at `now`, is turned down: what is written down and learnt from that.
    pub(super) fn turned_down(&mut self, now: SimTime, slot: u32, seen: &Request, reply: Reply) {
        let errand = self.errands.get(slot);
        let (request, route, attempt) = (errand.request, errand.route, errand.calls);
        match reply {
            Reply::Accepted { .. } => {}
            Reply::TooManyRequests { limit, retry_after } => {
                let limit = self.ways.site(route).limits.start as u16 + limit;
                self.record.rejected(now, &request, attempt, limit);
                self.note(now, slot, Note::Refused { limit: usize::from(limit), hint: retry_after });
                self.hear(now, route, seen, true);
                self.ended(now, slot, now, End::Refused);
                self.call_ended(now, slot, Some(Failing::Refused(retry_after)));
            }
            Reply::TooLarge { limit } => {
                let site = self.ways.site(route);
                let (is_barred, at) = (site.quota.bars(limit), site.limits.start + usize::from(limit));
                self.record.rejected(now, &request, attempt, at as u16);
                self.call_was_void(slot);
                self.note(now, slot, if is_barred { Note::Barred { limit: at } } else { Note::TooLarge { limit: at } });
                self.hear_nothing(now, route, seen);
                self.ended(now, slot, now, End::Hopeless);
            }
            Reply::Failed { fault } => {
                let hint = self.ways.site(route).hint(fault);
                self.record.call_failed(now, &request, fault);
                self.note(now, slot, Note::Failed { fault, hint });
                self.hear_nothing(now, route, seen);
                self.ended(now, slot, now, End::Failed);
                self.call_ended(now, slot, Some(Failing::by(fault, hint)));
            }
        }
    }

    /// What the provider says: first whether it takes on anything, then its limits.
    pub(super) fn ask(&mut self, now: SimTime, route: usize, call: Call, seen: &Request) -> Reply {
        let site = self.ways.site(route);
        if let Some(behaviour) = &mut site.behaviour
            && let Some(fault) = behaviour.turns_away(now, call)
        {
            return Reply::Failed { fault };
        }
        site.quota.call(now, seen)
    }

    /// A call begins.
    pub(super) fn admitted(&mut self, now: SimTime, slot: u32, call: Call, seen: &Request, reply: (SimDuration, bool)) {
        let (wait, spilled) = reply;
        let errand = self.errands.get(slot);
        self.record.admitted(now, &errand.request);
        self.ways.begin(errand.route);
        self.keep_prompt(now, slot);
        let errand = self.errands.get(slot);
        let site = self.ways.site(errand.route);
        let course = match &mut site.behaviour {
            None => Course::plain(seen, wait),
            Some(behaviour) => behaviour.admit(now, call, seen, wait),
        };
        let admitted = Admitted { at: now, generated: Tokens::default(), spilled, factor: site.quota.factor() };
        errand.calling = Calling { admitted, course };
        errand.state = State::Calling;
        if let Some(diary) = &mut self.diary {
            diary.charged(errand, seen, &site.quota, site.limits.start);
            diary.note(now, errand, Note::Accepted { wait: course.wait, work: course.work });
        }
        let meters = site.quota.meters();
        let (at, kind) =
            if meters { errand.calling.next_progress(now) } else { (errand.calling.ends(), Kind::Completion) };
        self.events.push(at, kind, slot);
        self.take_slot();
        self.watch(now, slot);
    }

    fn take_slot(&mut self) {
        if self.cell.strategy.concurrency.is_some() {
            self.free_slots -= 1;
        }
    }

    fn give_slot_back(&mut self) {
        if self.cell.strategy.concurrency.is_some() {
            self.free_slots += 1;
        }
    }

    /// A call goes on: what was generated since the last time is charged.
    pub(super) fn progress(&mut self, now: SimTime, slot: u32) {
        let errand = self.errands.get(slot);
        let seen = errand.seen;
        let output = errand.calling.generated_by(now);
        self.ways.site(errand.route).quota.generate(now, &seen, &errand.calling.admitted, output);
        errand.calling.admitted.generated = output;
        let (at, kind) = errand.calling.next_progress(now);
        self.events.push(at, kind, slot);
        self.settled(now);
    }

    /// A call ends.
    pub(super) fn complete(&mut self, now: SimTime, slot: u32) {
        let errand = self.errands.get(slot);
        let (route, Calling { admitted, course }) = (errand.route, errand.calling);
        let seen = errand.seen;
        self.ways.end(route);
        let site = self.ways.site(route);
        site.quota.settle(now, &seen, &admitted, course.paid_output());
        if let Some(behaviour) = &mut site.behaviour {
            behaviour.ended(&seen);
        }
        self.give_slot_back();
        self.ended(now, slot, admitted.at, if course.fault.is_some() { End::Failed } else { End::Served });
        match course.fault {
            None => {
                self.call_ended(now, slot, None);
                self.answered(now, route, admitted.at, &seen);
                self.learn_latency(now - admitted.at);
                if self.wins(slot) { self.go_on(now, slot) } else { self.overtaken(now, slot, seen) }
            }
            Some(fault) => {
                self.hear_nothing(now, route, &seen);
                if let Some(output) = course.paid_output() {
                    self.charge(now, slot, Request { output, ..seen }, false);
                    self.paid(slot);
                }
                self.record.call_failed(now, &self.errands.get(slot).request, fault);
                self.note(now, slot, Note::Failed { fault, hint: None });
                self.call_ended(now, slot, Some(Failing::Fault(fault)));
                if !self.others_go_on(now, slot) {
                    self.after(now, slot, Failing::Fault(fault));
                }
            }
        }
        self.settled(now);
    }

    /// A call has failed: the request waits for its next one, takes another way, or fails for good.
    fn after(&mut self, now: SimTime, slot: u32, failing: Failing) {
        let errand = self.errands.get(slot);
        let class = errand.request.source;
        let (jitter, coins) = (&mut self.jitter[usize::from(class)], &mut self.coins[usize::from(class)]);
        let delay = self.retries.after(now, failing, &mut errand.standing, || jitter.draw(), || coins.draw());
        let elsewhere = self.ways.failed(now, class, errand.route, failing.hint());
        let Some(delay) = delay else {
            let is_tried = self.retries.retries(failing) || matches!(failing, Failing::Refused(_));
            return self.try_next_way(now, slot, if is_tried { Failure::GaveUp } else { Failure::Error });
        };
        let at = now.saturating_add(if elsewhere { SimDuration::ZERO } else { delay });
        if at > self.places.deadline(&errand.request) {
            // There is no time left for this way, but perhaps for another one.
            let has_next = self.ways.has_next(class, errand.way);
            return if has_next {
                self.try_next_way(now, slot, Failure::Expired)
            } else {
                self.give_up(now, slot, Failure::Expired)
            };
        }
        if !self.may_retry(now, slot, failing) {
            return self.try_next_way(now, slot, Failure::GaveUp);
        }
        let errand = self.errands.get(slot);
        errand.state = State::BackingOff;
        self.events.push(at, Kind::Retry, slot);
        self.note(now, slot, Note::Waits(at - now));
    }

    /// A way has come to its end: there is another one, or a canned answer, or the request fails.
    fn try_next_way(&mut self, now: SimTime, slot: u32, why: Failure) {
        let errand = self.errands.get(slot);
        if self.ways.has_next(errand.request.source, errand.way) {
            errand.way += 1;
            errand.standing = self.retries.begin(now);
            self.note(now, slot, Note::NextWay);
            return self.enter(now, slot);
        }
        if self.cell.strategy.canned { self.answer_canned(now, slot) } else { self.deliver_again(now, slot, why) }
    }
}
