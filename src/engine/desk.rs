//! Where attempts are made: what the provider says to one, and what the client makes of that.

use super::event::Kind;
use super::flight::{Calling, Flight, State};
use super::slots::Slots;
use crate::client::Strategy;
use crate::client::retry::Backoff;
use crate::protocol::{Fault, NOBODY, Reply, Request};
use crate::provider::faults::Call;
use crate::provider::{Admitted, Behaviour, Course, Quota};
use crate::recorder::{Cause, Failure, Record, Spent};
use crate::rng::{Seed, Uniforms};
use crate::scenario::Scenario;
use crate::units::{SimDuration, SimTime, Tokens};

/// Where an attempt is made and its outcome written down: client and provider with the record between them.
pub(super) struct Desk {
    pub(super) quota: Quota,
    /// None where every call simply takes its time.
    pub(super) behaviour: Option<Box<Behaviour>>,
    pub(super) client: Client,
    pub(super) record: Record,
    /// Completions need no event of their own where at most slots depend on them: no limit waits for the end of a call.
    pub(super) elides_completions: bool,
    /// Requests that ended without a call, by class.
    pub(super) unsent: Vec<u64>,
    /// What has no outcome by then stays pending.
    pub(super) end: SimTime,
    /// Outcomes that a user waits for and has not been told of.
    pub(super) told: Vec<Answer>,
}

/// The outcome of a request, for the user who waits for it.
pub(super) struct Answer {
    pub(super) request: Request,
    pub(super) at: SimTime,
    pub(super) is_served: bool,
}

/// The client's side of a run.
pub(super) struct Client {
    pub(super) backoff: Backoff,
    jitter: Vec<Uniforms>, // by class
    pub(super) slots: Slots,
    pub(super) capacity: u64,
    pub(super) deadline: Option<SimDuration>,
}

impl Client {
    pub(super) fn new(strategy: &Strategy, scenario: &Scenario, replication: u64) -> Self {
        let jitter = |name: &String| Uniforms::new(Seed(scenario.seed).stream(replication, &format!("jitter/{name}")));
        Client {
            backoff: Backoff::new(&strategy.retry),
            jitter: scenario.classes().iter().map(jitter).collect(),
            slots: Slots::new(strategy.concurrency),
            capacity: strategy.queue.capacity.unwrap_or(u64::MAX),
            deadline: strategy.queue.deadline,
        }
    }
}

/// What becomes of a request after an attempt.
pub(super) enum Next {
    /// It has its outcome.
    Done,
    /// Its call ends then.
    Completion(SimTime),
    /// Its call goes on then, and is charged.
    Progress(SimTime),
    /// It tries again then.
    Retry(SimTime),
}

impl Next {
    /// The event that is still to come, if any.
    #[inline]
    pub(super) fn event(self) -> Option<(SimTime, Kind)> {
        match self {
            Next::Done => None,
            Next::Completion(at) => Some((at, Kind::Completion)),
            Next::Progress(at) => Some((at, Kind::Progress)),
            Next::Retry(at) => Some((at, Kind::Retry)),
        }
    }
}

impl Desk {
    /// The answer to a request is complete at `at`, now or later, by a call of such a `course`, which may have `spilled` over.
    #[inline(always)]
    fn serve(&mut self, at: SimTime, flight: &Flight, course: &Course, spilled: bool) {
        let request = &flight.request;
        let spent = Spent { queued: flight.queued, held_up: course.wait, worked: course.work };
        self.record.served(request, at - request.arrived, spent);
        if !self.quota.prices().is_free() {
            self.charge(at, request, flight.is_paid, spilled, true);
        }
        if request.thread != NOBODY {
            self.tell(request, at, true);
        }
    }

    /// A call for `request` is paid for that ended at `at`. Apart from its callers, which free tiers pass too.
    #[inline(never)]
    fn charge(&mut self, at: SimTime, request: &Request, is_paid: bool, spilled: bool, is_answered: bool) {
        let cost = self.quota.prices().beyond(spilled).of(request);
        let cause = if is_paid { Cause::Retry } else { Cause::First };
        self.record.charged(at, request, cost, cause, is_answered);
    }

    /// The request will never be answered.
    #[inline]
    pub(super) fn fail(&mut self, now: SimTime, flight: &Flight, why: Failure) {
        let request = &flight.request;
        self.record.failed(now, request, why);
        self.note_unsent(flight);
        if request.thread != NOBODY {
            self.tell(request, now, false);
        }
    }

    /// Counts a request that ends without a call for it.
    #[inline]
    pub(super) fn note_unsent(&mut self, flight: &Flight) {
        if flight.attempts == 0 && flight.request.arrived >= self.record.warmup() {
            self.unsent[usize::from(flight.request.source)] += 1;
        }
    }

    /// What the run leaves behind. Every call but the first of each request was a retry: to count them one by one would cost
    /// more than a run can spare.
    pub(super) fn close(mut self) -> (Quota, Record) {
        for (class, unsent) in self.record.classes.iter_mut().zip(self.unsent) {
            class.retried = class.attempts() - (class.offered - unsent);
        }
        self.record.timeline.close();
        (self.quota, self.record)
    }

    /// Keeps an outcome for the user who waits for it. Apart from its callers, which sources without users pass too.
    #[cold]
    #[inline(never)]
    pub(super) fn tell(&mut self, request: &Request, at: SimTime, is_served: bool) {
        self.told.push(Answer { request: *request, at, is_served });
    }

    /// One call of a request that has a slot; `calling` is where it is kept. Inlined whatever the compiler thinks, as is what
    /// it calls on the way to a retry: entering and leaving functions would be a tenth of an attempt.
    #[inline(always)]
    pub(super) fn attempt(&mut self, now: SimTime, flight: &mut Flight, calling: &mut Calling) -> Next {
        if flight.attempts == 0 {
            flight.first_attempt = now;
        }
        flight.attempts += 1;
        match self.ask(now, flight) {
            Reply::Accepted { wait, spilled } => self.admitted(now, flight, calling, (wait, spilled)),
            Reply::TooManyRequests { limit, retry_after } => {
                self.record.rejected(now, &flight.request, flight.attempts, limit);
                self.refused(now, flight, retry_after)
            }
            Reply::TooLarge { limit } => {
                self.record.rejected(now, &flight.request, flight.attempts, limit);
                self.fail(now, flight, Failure::Never);
                Next::Done
            }
            Reply::Failed { fault } => self.call_failed(now, flight, fault),
        }
    }

    /// What the provider says: first whether it takes on anything, then its limits.
    #[inline(always)]
    fn ask(&mut self, now: SimTime, flight: &Flight) -> Reply {
        if let Some(behaviour) = &mut self.behaviour
            && let Some(fault) = behaviour.turns_away(now, call_of(flight))
        {
            return Reply::Failed { fault };
        }
        self.quota.call(now, &flight.request)
    }

    #[inline(always)]
    fn admitted(
        &mut self,
        now: SimTime,
        flight: &mut Flight,
        calling: &mut Calling,
        (wait, spilled): (SimDuration, bool),
    ) -> Next {
        let request = &flight.request;
        self.record.admitted(now, request);
        let course = match &mut self.behaviour {
            None => Course::plain(request, wait),
            Some(behaviour) => behaviour.admit(now, call_of(flight), request, wait),
        };
        if !self.elides_completions {
            return self.call(now, flight, calling, course, spilled);
        }
        let ends = now.saturating_add(course.takes());
        self.client.slots.take_until(ends);
        if ends > self.end {
            self.record.pending(request);
        } else {
            self.serve(ends, flight, &course, spilled);
        }
        Next::Done
    }

    /// A call begins whose end somebody waits for.
    #[inline(always)]
    fn call(
        &mut self,
        now: SimTime,
        flight: &mut Flight,
        calling: &mut Calling,
        course: Course,
        spilled: bool,
    ) -> Next {
        let admitted = Admitted { at: now, generated: Tokens::default(), spilled, factor: self.quota.factor() };
        *calling = Calling { admitted, course };
        self.client.slots.take();
        flight.state = State::Calling;
        if !self.quota.meters() {
            return Next::Completion(calling.ends());
        }
        match calling.next_progress(now) {
            (at, Kind::Progress) => Next::Progress(at),
            (at, _) => Next::Completion(at),
        }
    }

    /// A call goes on: what was generated since the last time is charged.
    pub(super) fn progress(&mut self, now: SimTime, request: &Request, calling: &mut Calling) {
        let output = calling.generated_by(now);
        self.quota.generate(now, request, &calling.admitted, output);
        calling.admitted.generated = output;
    }

    #[inline(always)]
    pub(super) fn refused(&mut self, now: SimTime, flight: &mut Flight, hint: Option<SimDuration>) -> Next {
        let request = &flight.request;
        let elapsed = now - flight.first_attempt;
        let jitter = &mut self.client.jitter[usize::from(request.source)];
        let delay = self.client.backoff.delay(flight.attempts, flight.delay, hint, elapsed, || jitter.draw());
        self.try_again(now, flight, delay)
    }

    /// The provider fails a call, at the door or in its course.
    #[cold]
    #[inline(never)]
    fn call_failed(&mut self, now: SimTime, flight: &mut Flight, fault: Fault) -> Next {
        let request = &flight.request;
        self.record.call_failed(now, request, fault);
        if !self.client.backoff.retries(fault) {
            self.fail(now, flight, Failure::Error);
            return Next::Done;
        }
        let elapsed = now - flight.first_attempt;
        let jitter = &mut self.client.jitter[usize::from(request.source)];
        let hint = self.behaviour.as_ref().and_then(|behaviour| behaviour.hint(fault));
        let backoff = &self.client.backoff;
        let delay = backoff.delay_after_fault(flight.attempts, flight.delay, hint, elapsed, || jitter.draw());
        self.try_again(now, flight, delay)
    }

    /// Waits so long for the next attempt, or gives up.
    #[inline(always)]
    fn try_again(&mut self, now: SimTime, flight: &mut Flight, delay: Option<SimDuration>) -> Next {
        let request = &flight.request;
        let Some(delay) = delay else {
            self.fail(now, flight, Failure::GaveUp);
            return Next::Done;
        };
        let at = now.saturating_add(delay);
        if let Some(deadline) = self.client.deadline
            && at > request.arrived.saturating_add(deadline)
        {
            self.fail(now, flight, Failure::Expired);
            return Next::Done;
        }
        flight.delay = delay;
        flight.state = State::BackingOff;
        Next::Retry(at)
    }

    /// A call has ended.
    pub(super) fn complete(&mut self, now: SimTime, flight: &mut Flight, calling: &Calling) -> Next {
        let Calling { admitted, course } = calling;
        self.quota.settle(now, &flight.request, admitted, course.paid_output());
        self.client.slots.release();
        if let Some(behaviour) = &mut self.behaviour {
            behaviour.ended(&flight.request);
        }
        match course.fault {
            None => {
                self.serve(now, flight, course, admitted.spilled);
                Next::Done
            }
            Some(fault) => self.broken_off(now, flight, calling, fault),
        }
    }

    /// A call ends with a fault, after a part of its answer that may have to be paid for.
    #[cold]
    fn broken_off(&mut self, now: SimTime, flight: &mut Flight, calling: &Calling, fault: Fault) -> Next {
        if let Some(output) = calling.course.paid_output() {
            let paid = Request { output, ..flight.request };
            self.charge(now, &paid, flight.is_paid, calling.admitted.spilled, false);
            flight.is_paid = true;
        }
        self.call_failed(now, flight, fault)
    }
}

/// Which call this is.
fn call_of(flight: &Flight) -> Call {
    Call { class: flight.request.source, number: flight.number, attempt: flight.attempts }
}
