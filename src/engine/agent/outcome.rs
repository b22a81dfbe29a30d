//! Outcomes: what is written down and told when a request has one.

use super::{Agent, Note};
use crate::protocol::{NOBODY, Request};
use crate::recorder::{Cause, Failure, Spared, Spent};
use crate::units::{SimDuration, SimTime};
use std::mem;

/// The outcome of a request, for the user who waits for it.
pub(super) struct Answer {
    pub request: Request,
    pub at: SimTime,
    pub is_served: bool,
}

/// How a request was served.
#[derive(Clone, Copy)]
struct Served {
    spent: Spent,
    /// Time that the gate alone kept it.
    paced: SimDuration,
    /// By another route than that of the tier that is judged.
    is_rerouted: bool,
    /// By what, if not by a call of its own.
    instead: Option<Spared>,
}

impl Agent<'_> {
    /// The answer to the request in `slot` is complete, or to those that its call has carried.
    pub(super) fn serve(&mut self, now: SimTime, slot: u32) {
        let errand = self.errands.get(slot);
        let course = errand.calling.course;
        let spent = Spent {
            queued: errand.queued,
            held_up: errand.held_up.saturating_add(course.wait),
            worked: errand.worked.saturating_add(course.work),
        };
        let served = Served { spent, paced: errand.paced, is_rerouted: errand.route != 0, instead: None };
        self.serve_all(now, slot, served);
    }

    /// The request in `slot` gets an answer that takes no call.
    pub(super) fn answer_canned(&mut self, now: SimTime, slot: u32) {
        self.drop_grant(slot);
        let errand = self.errands.get(slot);
        let (spent, paced) = (Spent { queued: errand.queued, ..Spent::NOTHING }, errand.paced);
        self.serve_all(now, slot, Served { spent, paced, is_rerouted: false, instead: Some(Spared::Canned) });
    }

    fn serve_all(&mut self, now: SimTime, slot: u32, served: Served) {
        let members = mem::take(&mut self.errands.get(slot).members);
        if members.is_empty() {
            self.served(now, slot, served);
        } else {
            self.errands.remove(slot);
        }
        let mut served = served;
        for member in members {
            self.served(now, member, served);
            // One of them has the call.
            served.instead = served.instead.or(Some(Spared::Batched));
        }
    }

    /// The request in `slot` is served, and those who ask the same and waited for it.
    fn served(&mut self, now: SimTime, slot: u32, served: Served) {
        let errand = self.errands.get(slot);
        let (client, key, leads) = (errand.request.client, errand.key, errand.leads);
        self.write_down(now, slot, served);
        if served.instead != Some(Spared::Canned) {
            self.front.keep(now, client, key);
        }
        if leads {
            let Served { is_rerouted, .. } = served;
            let along = Served {
                spent: Spent::NOTHING,
                paced: SimDuration::ZERO,
                is_rerouted,
                instead: Some(Spared::Coalesced),
            };
            for follower in self.front.followers(client, key) {
                self.errands.get(follower).has_waited(now);
                self.write_down(now, follower, along);
            }
        }
    }

    fn write_down(&mut self, now: SimTime, slot: u32, served: Served) {
        let errand = self.errands.get(slot);
        let (request, joined) = (errand.request, errand.joined);
        self.record.served(&request, now - request.arrived, served.spent);
        self.record.paced(&request, served.paced);
        if joined > SimDuration::ZERO {
            self.record.joined(&request, joined);
        }
        if let Some(how) = served.instead {
            self.record.spared(&request, how);
        }
        if served.is_rerouted {
            self.record.rerouted(&request);
        }
        let is_canned = served.instead == Some(Spared::Canned);
        self.end_story(now, slot, if is_canned { Note::Canned } else { Note::Served });
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
        let cost = prices.beyond(errand.calling.admitted.spilled).of_writing(&seen, errand.written);
        let cause = if errand.is_paid { Cause::Retry } else { Cause::First };
        self.record.charged(now, &errand.request, cost, cause, is_answered);
    }

    /// The request in `slot` will never be answered, nor those that its call has carried.
    pub(super) fn fail(&mut self, now: SimTime, slot: u32, why: Failure) {
        self.drop_grant(slot);
        let members = mem::take(&mut self.errands.get(slot).members);
        if members.is_empty() {
            self.failed(now, slot, why);
        }
        for member in members {
            self.failed(now, member, why);
            self.errands.remove(member);
        }
        self.errands.remove(slot);
    }

    /// The request in `slot` has failed, and with it those who ask the same and waited for it.
    fn failed(&mut self, now: SimTime, slot: u32, why: Failure) {
        let errand = self.errands.get(slot);
        let (request, key) = (errand.request, errand.key);
        let leads = mem::take(&mut errand.leads);
        self.record.failed(now, &request, why);
        self.end_story(now, slot, Note::Lost(why));
        self.answer(now, &request, false);
        if leads {
            for follower in self.front.bereaved(request.client, key) {
                self.failed(now, follower, why);
                self.errands.remove(follower);
            }
        }
    }

    /// The request in `slot` has its outcome.
    pub(super) fn end_story(&mut self, now: SimTime, slot: u32, note: Note) {
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
    pub(super) fn answer(&mut self, at: SimTime, request: &Request, is_served: bool) {
        if request.thread != NOBODY {
            self.told.push(Answer { request: *request, at, is_served });
        }
    }
}
