//! The line: who waits, who goes next, who is shed, who expires and who is delivered again.

use super::errand::State;
use super::{Agent, Note};
use crate::client::flow::Kept;
use crate::client::queue::{Offer, Ticket};
use crate::engine::event::Kind;
use crate::recorder::Failure;
use crate::units::SimTime;

impl Agent<'_> {
    /// The request in `slot` wants to be sent: at once if it may, or else it joins the line. One that goes on by another way
    /// has had its turn, and passes those whom the gate keeps.
    pub(super) fn enter(&mut self, now: SimTime, slot: u32) {
        if self.is_late(now, slot) {
            // Its time has passed while it waited for others, or for a call that was not the last.
            return self.give_up(now, slot, Failure::Expired);
        }
        if self.is_free(now, slot) {
            return self.send(now, slot);
        }
        let errand = self.errands.get(slot);
        let place = self.places.of(&errand.request, self.gate.lane(&errand.request, errand.way));
        match self.line.offer(slot, place) {
            Offer::Refused => return self.give_up(now, slot, Failure::Shed),
            Offer::Waits(ticket) => self.join(now, slot, ticket, place.deadline),
            Offer::Instead(ticket, victim) => {
                self.join(now, slot, ticket, place.deadline);
                self.leave(now, victim);
                self.give_up(now, victim, Failure::Shed);
            }
        }
        // It may stand before those who wait, and ask for less than they.
        self.settled(now);
    }

    /// Whether a call for the request in `slot` may go at once, past nobody whose turn it is.
    pub(super) fn is_free(&mut self, now: SimTime, slot: u32) -> bool {
        if self.free_slots == 0 {
            return false;
        }
        let is_first = self.line.is_empty() || self.errands.get(slot).way > 0;
        if is_first { self.ready_at(now, slot) <= now } else { self.passes_all(now, slot) }
    }

    /// Whether all who wait have to, and for nothing that the request in `slot` needs, which need not wait itself.
    fn passes_all(&mut self, now: SimTime, slot: u32) -> bool {
        let errand = self.errands.get(slot);
        if self.line.has_lane(self.gate.lane(&errand.request, errand.way)) {
            return false;
        }
        self.rouse(now);
        let (mut kept, mut passed) = (Kept::default(), None);
        while let Some((turn, other)) = self.line.next(passed) {
            if self.ready_behind(now, other, &mut kept) <= now || self.gate.is_shut(&kept) {
                return false;
            }
            passed = Some(turn);
        }
        self.ready_behind(now, slot, &mut kept) <= now
    }

    /// Whether the request in `slot` has waited longer than it may.
    pub(super) fn is_late(&mut self, now: SimTime, slot: u32) -> bool {
        now > self.places.deadline(&self.errands.get(slot).request)
    }

    fn join(&mut self, now: SimTime, slot: u32, ticket: Ticket, deadline: SimTime) {
        self.note(now, slot, Note::Queued { behind: self.line.len() - 1 });
        let closed_before = self.gate.closed_by(now);
        let errand = self.errands.get(slot);
        errand.state = State::Queued;
        (errand.queued_since, errand.ticket, errand.closed_before) = (now, Some(ticket), closed_before);
        errand.deadline_event = u64::MAX;
        let waited = errand.queued.saturating_add(errand.paced);
        let leaves = now.saturating_add(errand.patience.max(waited) - waited);
        let ends = deadline.min(leaves);
        if ends != SimTime::NEVER {
            errand.deadline_event = self.events.push(ends, Kind::Deadline, slot);
        }
    }

    /// Sends requests of the line while they may be sent, each in its turn: who has to wait is passed by those who wait for
    /// nothing of the same. A refused one gives its slot back at once.
    pub(super) fn dispatch(&mut self, now: SimTime) {
        // A request that fails on one way joins the line for the next one: who dispatches already comes to it.
        if std::mem::replace(&mut self.is_dispatching, true) {
            return;
        }
        self.rouse(now);
        let (mut kept, mut passed) = (Kept::default(), None);
        while self.free_slots > 0
            && !self.gate.is_shut(&kept)
            && let Some((turn, slot)) = self.line.next(passed)
        {
            let ready_at = self.ready_behind(now, slot, &mut kept);
            if ready_at > now {
                self.wait_until(now, slot, turn, ready_at);
                passed = Some(turn);
                continue;
            }
            self.line.go(turn);
            self.leave(now, slot);
            self.send(now, slot);
            // What came of that may be news for those who were passed.
            (kept, passed) = (Kept::default(), None);
        }
        self.wake_resting();
        self.gate.turn(now, self.free_slots > 0 && !self.line.is_empty());
        self.is_dispatching = false;
    }

    /// The request in `slot` has left the line.
    fn leave(&mut self, now: SimTime, slot: u32) {
        let closed_by = self.gate.closed_by(now);
        let errand = self.errands.get(slot);
        let paced = closed_by - errand.closed_before;
        errand.ticket = None;
        errand.paced = errand.paced + paced;
        errand.queued = errand.queued + ((now - errand.queued_since) - paced);
    }

    /// A deadline comes.
    pub(super) fn expire(&mut self, now: SimTime, slot: u32, number: u64) {
        let errand = self.errands.get(slot);
        // The request may have been sent since, and its slot be another's by now.
        if errand.state != State::Queued || errand.deadline_event != number {
            return;
        }
        if let Some(ticket) = errand.ticket {
            self.line.remove(ticket);
        }
        self.leave(now, slot);
        let errand = self.errands.get(slot);
        if now < self.places.deadline(&errand.request) {
            // It is whoever asked that has left, and takes no answer of any kind.
            self.fail(now, slot, Failure::Expired);
        } else {
            self.give_up(now, slot, Failure::Expired);
        }
        // The next one may ask for less than the one that was first.
        self.settled(now);
    }

    /// The request in `slot` is not called for any more: it gets the canned answer, if there is one, or fails.
    pub(super) fn give_up(&mut self, now: SimTime, slot: u32, why: Failure) {
        if self.cell.strategy.canned { self.answer_canned(now, slot) } else { self.fail(now, slot, why) }
    }

    /// The request in `slot` has failed for good in this delivery: a message queue delivers it again, or it is over.
    pub(super) fn deliver_again(&mut self, now: SimTime, slot: u32, why: Failure) {
        let errand = self.errands.get(slot);
        let queue = &self.cell.strategy.queue;
        let taken = errand.taken.min(now);
        let Some(at) = queue.redelivery.and_then(|redelivery| redelivery.again(errand.delivery, taken, now)) else {
            return self.fail(now, slot, why);
        };
        if at > self.places.deadline(&errand.request) {
            return self.fail(now, slot, Failure::Expired);
        }
        errand.delivery += 1;
        (errand.way, errand.taken, errand.state) = (0, SimTime::NEVER, State::BackingOff);
        self.note(now, slot, Note::Waits(at - now));
        self.events.push(at, Kind::Retry, slot);
    }
}
