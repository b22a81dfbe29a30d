//! One run: the loop, and what each event does.

use super::agent::Agent;
use super::arrivals::Arrivals;
use super::desk::{Answer, Client, Desk};
use super::drive::{Turns, check, close_books, drive, new_record};
use super::event::{Kind, MOST_EVENTS};
use super::event_queue::EventQueue;
use super::flight::{Flights, State};
use crate::client::Strategy;
use crate::provider::{Behaviour, LOAD, LimitSpec, Pressure, Quota, Tier};
use crate::recorder::{Failure, Record};
use crate::rng::Seed;
use crate::scenario::Scenario;
use crate::traffic::replay::TraceError;
use crate::units::SimTime;
use std::collections::VecDeque;
use std::fmt;

/// One tier with one strategy, under one scenario: a value that can be run for any replication, anywhere.
#[derive(Clone, Copy, Debug)]
pub struct Cell<'s> {
    /// The traffic, the service, and how long.
    pub scenario: &'s Scenario,
    /// The limits.
    pub tier: &'s Tier,
    /// The client.
    pub strategy: &'s Strategy,
}

impl<'s> Cell<'s> {
    /// The tiers whose limits calls meet, each once: that of the cell, and those that its strategy's routes lead to, by
    /// name.
    pub fn tiers(self) -> Vec<(Option<&'s str>, &'s Tier)> {
        let mut tiers: Vec<(Option<&str>, &Tier)> = vec![(None, self.tier)];
        for name in self.strategy.route.iter().filter_map(|(_, route)| route.tier.as_deref()) {
            if let Some(tier) = self.scenario.tier.find(name)
                && !tiers.iter().any(|(_, known)| std::ptr::eq(*known, tier))
            {
                tiers.push((Some(name), tier));
            }
        }
        tiers
    }

    /// All limits that calls meet, in the order of the record: those of the tier, and, after its name and a slash, those of each
    /// tier that a route leads to.
    pub fn limits(self) -> Vec<(String, &'s LimitSpec)> {
        let named = |name: Option<&str>, limit: &str| name.map_or(limit.to_owned(), |name| format!("{name}/{limit}"));
        let of = |(name, tier): (Option<&'s str>, &'s Tier)| {
            tier.limits.iter().map(move |(limit, spec)| (named(name, limit), spec))
        };
        self.tiers().into_iter().flat_map(of).collect()
    }
}

/// What may stop a run before its end.
#[derive(Clone, Copy)]
pub struct Stop<'s> {
    /// The most events that it may take.
    pub events: u64,
    /// Asked now and then; true means that nobody wants the result any more.
    pub interrupted: &'s (dyn Fn() -> bool + Sync),
}

impl Default for Stop<'_> {
    fn default() -> Self {
        Stop { events: MOST_EVENTS - 1, interrupted: &|| false }
    }
}

/// Why a run has no result.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum RunError {
    /// A log cannot be read to its end.
    Trace(TraceError),
    /// It took more events than it may.
    Events {
        /// The bound.
        most: u64,
        /// How far it had come.
        at: SimTime,
    },
    /// More requests were under way at once than can be told apart (16.7 million).
    UnderWay {
        /// How far it had come.
        at: SimTime,
    },
    /// It was interrupted.
    Interrupted,
    /// Requests were lost or invented: a bug of ours.
    NotConserved {
        /// What does not add up, with the seed and the replication that show it.
        what: String,
    },
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RunError::Trace(error) => error.fmt(f),
            RunError::Events { most, at } => write!(f, "a run took more than {most} events; it had come to {at:?}"),
            RunError::UnderWay { at } => write!(f, "more than 16.7 million requests were under way at {at:?}"),
            RunError::Interrupted => f.write_str("interrupted"),
            RunError::NotConserved { what } => write!(f, "requests were lost or invented: {what}"),
        }
    }
}

impl std::error::Error for RunError {}

/// Runs one replication of `cell` to its end.
pub fn simulate(cell: Cell, replication: u64, stop: Stop) -> Result<Record, RunError> {
    // Requests that expire by themselves, and those that may take several calls, are the business of the full client.
    let has_deadlines = cell.scenario.facts().iter().any(|class| class.deadline.is_some());
    if has_deadlines || cell.scenario.has_re_asks() || !cell.strategy.is_plain() {
        return simulate_in_full(cell, replication, stop);
    }
    let mut run = Run::new(cell, replication).map_err(RunError::Trace)?;
    drive(&mut run, stop)?;
    run.finish(replication)
}

/// The same by the full client, whatever the strategy: for a plain one it comes to the same record, in more time.
pub fn simulate_in_full(cell: Cell, replication: u64, stop: Stop) -> Result<Record, RunError> {
    let mut run = Agent::new(cell, replication).map_err(RunError::Trace)?;
    drive(&mut run, stop)?;
    run.finish(replication)
}

/// A run of a plain client, which queues and tries again and does nothing else.
struct Run<'s> {
    cell: Cell<'s>,
    arrivals: Arrivals,
    events: EventQueue,
    flights: Flights,
    queue: VecDeque<u32>,
    waiting: u64,    // those in `queue` that have not expired
    is_called: bool, // whether an event will wake the queue, where the ends of calls have none
    desk: Desk,
}

impl Turns for Run<'_> {
    #[inline(always)]
    fn next_arrival(&self) -> SimTime {
        self.arrivals.next_at()
    }

    #[inline(always)]
    fn next_event(&self) -> SimTime {
        self.events.next_at()
    }

    #[inline(always)]
    fn end(&self) -> SimTime {
        self.desk.end
    }

    #[inline(always)]
    fn arrive(&mut self) {
        self.take_in();
        self.tell();
    }

    #[inline(always)]
    fn happen(&mut self) {
        self.take_event();
        self.tell();
    }

    fn is_nearly_full(&self, more: usize) -> bool {
        self.flights.is_nearly_full(more)
    }
}

/// Whose a completion is that only wakes the queue.
const NO_SLOT: u32 = 0;

impl<'s> Run<'s> {
    fn new(cell: Cell<'s>, replication: u64) -> Result<Self, TraceError> {
        let Cell { scenario, tier, strategy } = cell;
        let client = Client::new(strategy, scenario, replication);
        let stream = |name: &str| Seed(scenario.seed).stream(replication, name);
        let pressure = scenario.provider.load.as_ref().and_then(|load| Pressure::new(load, stream(LOAD)));
        let quota = Quota::new(tier, &scenario.facts(), &scenario.start, scenario.provider.retry_after).under(pressure);
        let quota = if client.backoff.reads_hints() { quota } else { quota.muted() };
        let behaviour = Behaviour::new(&scenario.provider, tier, &scenario.facts(), &scenario.start, &stream);
        let needs_ends = behaviour.as_ref().is_some_and(Behaviour::needs_ends);
        let desk = Desk {
            elides_completions: client.slots.are_few() && !quota.listens() && !needs_ends,
            quota,
            behaviour: behaviour.map(Box::new),
            client,
            record: new_record(cell, tier.limits.len()),
            unsent: vec![0; scenario.classes().len()],
            end: SimTime::ZERO.saturating_add(scenario.duration).saturating_add(scenario.drain),
            told: Vec::new(),
        };
        Ok(Run {
            cell,
            arrivals: Arrivals::on(tier, scenario, replication)?,
            events: EventQueue::default(),
            flights: Flights::default(),
            queue: VecDeque::new(),
            waiting: 0,
            is_called: false,
            desk,
        })
    }

    fn finish(mut self, replication: u64) -> Result<Record, RunError> {
        if let Some(error) = self.arrivals.error() {
            return Err(RunError::Trace(error));
        }
        for flight in self.flights.under_way() {
            self.desk.record.pending(&flight.request);
            self.desk.note_unsent(flight);
        }
        let (quota, mut record) = self.desk.close();
        let from = record.warmup();
        close_books(self.cell, &quota, &mut record.limits, from);
        check(self.cell, replication, &record)?;
        Ok(record)
    }

    /// Tells users the outcomes that they wait for.
    #[inline(always)]
    fn tell(&mut self) {
        if !self.desk.told.is_empty() {
            self.tell_all();
        }
    }

    #[inline(never)]
    fn tell_all(&mut self) {
        for Answer { request, at, is_served } in self.desk.told.drain(..) {
            self.arrivals.answered(&request, at, is_served);
        }
    }

    /// The next request arrives.
    #[inline]
    fn take_in(&mut self) {
        let request = self.arrivals.take();
        let now = request.arrived;
        self.desk.record.offered(&request);
        let slot = self.flights.insert(request);
        if let Some(behaviour) = &mut self.desk.behaviour {
            self.flights.get(slot).number = behaviour.number(request.source);
        }
        if self.desk.client.slots.has_free(now) {
            self.send(now, slot);
        } else {
            self.enqueue(now, slot);
        }
    }

    /// A request that has a slot of the client is sent, and what comes next joins the queue.
    #[inline(always)]
    fn send(&mut self, now: SimTime, slot: u32) {
        let (flight, calling) = self.flights.both(slot);
        match self.desk.attempt(now, flight, calling).event() {
            Some((at, kind)) => {
                self.events.push(at, kind, slot);
            }
            None => self.flights.remove(slot),
        }
    }

    /// The next event of the queue happens.
    #[inline]
    fn take_event(&mut self) {
        let event = self.events.peek();
        let (now, slot) = (event.at(), event.slot());
        match event.kind() {
            Kind::Completion => self.complete(now, slot),
            Kind::Progress => self.progress(now, slot),
            Kind::Retry => self.retry(now, slot),
            // There are no others: a plain client neither paces, nor batches, nor hedges.
            _ => self.expire(now, slot, event.number()),
        }
    }

    /// A back-off is over; its event is the head of the queue.
    #[inline]
    fn retry(&mut self, now: SimTime, slot: u32) {
        if !self.desk.client.slots.has_free(now) {
            self.events.pop();
            self.enqueue(now, slot);
            return;
        }
        let (flight, calling) = self.flights.both(slot);
        match self.desk.attempt(now, flight, calling).event() {
            Some((at, kind)) => self.events.replace(at, kind, slot),
            None => {
                self.events.pop();
                self.flights.remove(slot);
            }
        }
    }

    /// A call ends; its event is the head of the queue.
    fn complete(&mut self, now: SimTime, slot: u32) {
        self.events.pop();
        if self.desk.elides_completions {
            self.wake(now);
            return;
        }
        let (flight, calling) = self.flights.both(slot);
        match self.desk.complete(now, flight, calling).event() {
            Some((at, kind)) => {
                self.events.push(at, kind, slot);
            }
            None => self.flights.remove(slot),
        }
        self.settled(now);
    }

    /// A call goes on; its event is the head of the queue.
    #[cold]
    fn progress(&mut self, now: SimTime, slot: u32) {
        let (flight, calling) = self.flights.both(slot);
        self.desk.progress(now, &flight.request, calling);
        let (at, kind) = calling.next_progress(now);
        self.events.replace(at, kind, slot);
        self.settled(now);
    }

    /// A call ends whose outcome is known, and the queue waits for its slot.
    fn wake(&mut self, now: SimTime) {
        self.is_called = false;
        self.dispatch(now);
        if !self.queue.is_empty() {
            self.call_queue();
        }
    }

    /// The queue is to be woken at the next end of a call.
    fn call_queue(&mut self) {
        self.events.push(self.desk.client.slots.next_end(), Kind::Completion, NO_SLOT);
        self.is_called = true;
    }

    /// All that ends or is charged at this instant comes before a queued request is sent.
    fn settled(&mut self, now: SimTime) {
        let settles = |kind| matches!(kind, Kind::Completion | Kind::Progress);
        let more = self.events.next_at() == now && settles(self.events.peek().kind());
        if !more && !self.queue.is_empty() {
            self.dispatch(now);
        }
    }

    /// Sends queued requests while there are slots. A refused one gives its slot back at once.
    fn dispatch(&mut self, now: SimTime) {
        while self.desk.client.slots.has_free(now)
            && let Some(slot) = self.queue.pop_front()
        {
            let flight = self.flights.get(slot);
            if flight.state == State::Expired {
                self.flights.remove(slot);
                continue;
            }
            self.waiting -= 1;
            flight.queued = flight.queued + (now - flight.queued_since);
            self.send(now, slot);
        }
    }

    /// A request is to be sent while no slot of the client is free.
    fn enqueue(&mut self, now: SimTime, slot: u32) {
        if self.waiting >= self.desk.client.capacity {
            self.desk.fail(now, self.flights.get(slot), Failure::Shed);
            self.flights.remove(slot);
            return;
        }
        let flight = self.flights.get(slot);
        flight.state = State::Queued;
        flight.queued_since = now;
        if let Some(deadline) = self.desk.client.deadline {
            let at = flight.request.arrived.saturating_add(deadline);
            flight.deadline_event = self.events.push(at, Kind::Deadline, slot);
        }
        self.queue.push_back(slot);
        self.waiting += 1;
        if self.desk.elides_completions && !self.is_called {
            self.call_queue();
        }
    }

    /// A deadline comes; its event is the head of the queue.
    fn expire(&mut self, now: SimTime, slot: u32, number: u64) {
        self.events.pop();
        let flight = self.flights.get(slot);
        // The request may have been sent since, and its slot be another's by now.
        if flight.state != State::Queued || flight.deadline_event != number {
            return;
        }
        flight.state = State::Expired;
        self.waiting -= 1;
        self.desk.fail(now, flight, Failure::Expired);
    }
}
