//! Outcomes: what is written down and told when a request has one.

use super::{Agent, Note};
use crate::protocol::{NOBODY, Request};
use crate::recorder::{Cause, Failure, Spared, Spent};
use crate::units::{SimDuration, SimTime};

/// The outcome of a request, for the user who waits for it.
pub(super) struct Answer {
    pub request: Request,
    pub at: SimTime,
    pub is_served: bool,
}

impl Agent<'_> {
    /// The answer to the request in `slot` is complete.
    pub(super) fn serve(&mut self, now: SimTime, slot: u32) {
        let errand = self.errands.get(slot);
        let (request, route, course) = (errand.request, errand.route, errand.calling.course);
        let spent = Spent { queued: errand.queued, held_up: course.wait, worked: course.work };
        let paced = errand.paced;
        self.record.served(&request, now - request.arrived, spent);
        self.record.paced(&request, paced);
        if route != 0 {
            self.record.rerouted(&request);
        }
        let source = self.ways.class_on(route, request.source);
        self.charge(now, slot, Request { source, ..request }, true);
        self.end_story(now, slot, Note::Served);
        self.errands.remove(slot);
        self.answer(now, &request, true);
    }

    /// A call for the request in `slot` is paid for, as the provider has `seen` it.
    pub(super) fn charge(&mut self, now: SimTime, slot: u32, seen: Request, is_answered: bool) {
        let errand = self.errands.get(slot);
        let prices = self.ways.site(errand.route).quota.prices();
        if prices.is_free() {
            return;
        }
        let cost = prices.beyond(errand.calling.admitted.spilled).of(&seen);
        let cause = if errand.is_paid { Cause::Retry } else { Cause::First };
        self.record.charged(now, &errand.request, cost, cause, is_answered);
    }

    /// The request in `slot` gets an answer that takes no call.
    pub(super) fn answer_canned(&mut self, now: SimTime, slot: u32) {
        self.drop_grant(slot);
        let errand = self.errands.get(slot);
        let request = errand.request;
        let spent = Spent { queued: errand.queued, held_up: SimDuration::ZERO, worked: SimDuration::ZERO };
        let paced = errand.paced;
        self.record.served(&request, now - request.arrived, spent);
        self.record.paced(&request, paced);
        self.record.spared(&request, Spared::Canned);
        self.end_story(now, slot, Note::Canned);
        self.errands.remove(slot);
        self.answer(now, &request, true);
    }

    /// The request in `slot` will never be answered.
    pub(super) fn fail(&mut self, now: SimTime, slot: u32, why: Failure) {
        self.drop_grant(slot);
        let request = self.errands.get(slot).request;
        self.record.failed(now, &request, why);
        self.end_story(now, slot, Note::Lost(why));
        self.errands.remove(slot);
        self.answer(now, &request, false);
    }

    /// The request in `slot` has its outcome.
    fn end_story(&mut self, now: SimTime, slot: u32, note: Note) {
        let errand = self.errands.get(slot);
        let is_measured = errand.request.arrived >= self.record.warmup();
        if let Some(diary) = &mut self.diary {
            match note {
                Note::Lost(_) if is_measured => diary.lost(errand),
                Note::Served if is_measured => diary.served(now, errand),
                _ => {}
            }
            diary.note(now, errand, note);
        }
    }

    /// Keeps an outcome for the user who waits for it.
    fn answer(&mut self, at: SimTime, request: &Request, is_served: bool) {
        if request.thread != NOBODY {
            self.told.push(Answer { request: *request, at, is_served });
        }
    }
}
