//! A run of the full client.
//!
//! ```text
//!  arrival ──► front ──► line ──► way ──► attempt ──► served
//!   kept or under way ◄┘   ▲       ▲        │
//!                          │       └─ next ◄┤ failed for good on this way
//!                          └──── back-off ◄─┘ failed, or takes long: a further call beside it
//! ```
//!
//! The plain client of [`Run`](super::run) is a special case, in which nothing of this is left but a queue and retries; it is
//! told apart for its speed. Both must leave the same record of a plain strategy, which a test demands.

mod attempt;
mod calls;
mod diary;
mod errand;
mod front;
mod gate;
mod hedge;
mod lanes;
mod line;
mod outcome;
mod resting;
mod storm;
mod tempo;
mod ways;

use super::arrivals::Arrivals;
use super::drive::{Turns, check, close_books, new_record};
use super::event::Kind;
use super::event_queue::EventQueue;
use super::run::{Cell, RunError};
use crate::client::queue::{Line, Patience, Places};
use crate::client::retry::Stack;
use crate::recorder::Record;
use crate::rng::{Seed, Uniforms};
use crate::traffic::replay::TraceError;
use crate::units::SimTime;
use calls::Calls;
use diary::Diary;
use errand::{Errand, Errands};
use front::Front;
use gate::Gate;
use hedge::Hedges;
use outcome::Answer;
use storm::Storm;
use tempo::Tempo;
use ways::Ways;

pub use diary::{Entry, Look, Note, Story, Use, story};

/// The run of a client with everything that a strategy may state.
pub(super) struct Agent<'s> {
    cell: Cell<'s>,
    arrivals: Arrivals,
    events: EventQueue,
    errands: Errands,
    line: Line,
    places: Places,
    /// None where those who wait are patient.
    patience: Option<Patience>,
    gate: Gate,
    tempo: Tempo,
    is_dispatching: bool,
    free_slots: u32,
    front: Front,
    calls: Calls,
    ways: Ways,
    retries: Stack,
    storm: Storm,
    jitter: Vec<Uniforms>, // by class
    coins: Vec<Uniforms>,  // by class, for those who may give up at any time
    numbers: Vec<u64>,     // requests so far, by class
    hedges: Option<Hedges>,
    arrived: u64, // requests so far
    record: Record,
    end: SimTime,
    /// Kept where somebody wants the story of a request.
    diary: Option<Box<Diary>>,
    /// Outcomes that a user waits for and has not been told of.
    told: Vec<Answer>,
}

impl Turns for Agent<'_> {
    fn next_arrival(&self) -> SimTime {
        self.arrivals.next_at()
    }

    fn next_event(&self) -> SimTime {
        self.events.next_at()
    }

    fn end(&self) -> SimTime {
        self.end
    }

    fn arrive(&mut self) {
        let request = self.arrivals.take();
        let now = request.arrived;
        self.record.offered(&request);
        let number = &mut self.numbers[usize::from(request.source)];
        *number += 1;
        self.arrived += 1;
        let mut errand = Errand::new(request, *number, self.arrived);
        if let Some(patience) = &mut self.patience {
            errand.patience = patience.draw(request.source);
        }
        let slot = self.errands.insert(errand);
        self.receive(now, slot);
        self.succeed(now);
        self.tell();
    }

    fn happen(&mut self) {
        let event = self.events.pop();
        let (now, slot) = (event.at(), event.slot());
        match event.kind() {
            Kind::Completion => self.complete(now, slot),
            Kind::Progress => self.progress(now, slot),
            Kind::Retry => self.enter(now, slot),
            Kind::Deadline => self.expire(now, slot, event.number()),
            Kind::Linger => self.linger(now, slot, event.number()),
            Kind::Wake => self.wake(now),
            Kind::Hedge => self.hedge(now, slot, event.number()),
        }
        self.succeed(now);
        self.tell();
    }

    fn is_nearly_full(&self, more: usize) -> bool {
        self.errands.is_nearly_full(more)
    }
}

impl<'s> Agent<'s> {
    /// One replication of `cell`, at its start.
    pub fn new(cell: Cell<'s>, replication: u64) -> Result<Self, TraceError> {
        let Cell { scenario, tier, strategy } = cell;
        let around = strategy.around.iter().map(|(_, layer)| &layer.retry);
        let retries = Stack::new([&strategy.retry].into_iter().chain(around));
        let ways = Ways::new(cell, replication, retries.reads_hints());
        let classes = scenario.classes();
        let uniforms = |purpose: &str| -> Vec<Uniforms> {
            let stream = |name: &String| Seed(scenario.seed).stream(replication, &format!("{purpose}/{name}"));
            classes.iter().map(|name| Uniforms::new(stream(name))).collect()
        };
        let limits = ways.sites.last().map_or(0, |site| site.limits.end);
        let tempo = Tempo::new(cell, replication);
        let mut agent = Agent {
            cell,
            arrivals: Arrivals::on(tier, scenario, replication)?,
            events: EventQueue::default(),
            errands: Errands::default(),
            front: Front::new(cell, replication)?,
            calls: Calls::new(cell),
            line: Line::new(&strategy.queue),
            places: Places::new(&strategy.queue, &scenario.facts()),
            patience: strategy.queue.patience.as_ref().map(|law| {
                let stream = |name: &String| Seed(scenario.seed).stream(replication, &format!("patience/{name}"));
                Patience::new(law, classes.iter().map(stream))
            }),
            gate: Gate::new(cell, &ways, &tempo),
            tempo,
            is_dispatching: false,
            free_slots: strategy.concurrency.unwrap_or(u32::MAX),
            ways,
            retries,
            storm: Storm::new(cell, replication),
            jitter: uniforms("jitter"),
            coins: uniforms("persistence"),
            numbers: vec![0; classes.len()],
            hedges: Hedges::new(cell, replication),
            arrived: 0,
            diary: None,
            record: new_record(cell, limits),
            end: SimTime::ZERO.saturating_add(scenario.duration).saturating_add(scenario.drain),
            told: Vec::new(),
        };
        // One run shows how a client learns; the mean of several would hide it.
        if replication == 0 {
            agent.watch_learning();
        }
        Ok(agent)
    }

    /// What the run leaves behind.
    pub fn finish(mut self, replication: u64) -> Result<Record, RunError> {
        if let Some(error) = self.arrivals.error().or_else(|| self.front.error()) {
            return Err(RunError::Trace(error));
        }
        let mut record = self.record;
        record.timeline.close();
        record.learnt.close();
        for errand in self.errands.under_way() {
            if errand.is_further() { record.overtaken(&errand.request) } else { record.pending(&errand.request) }
        }
        let from = record.warmup();
        for site in &self.ways.sites {
            close_books(self.cell, &site.quota, &mut record.limits[site.limits.clone()], from);
        }
        check(self.cell, replication, &record)?;
        Ok(record)
    }

    /// All that ends or is charged at this instant comes before a queued request is sent.
    fn settled(&mut self, now: SimTime) {
        let settles = |kind| matches!(kind, Kind::Completion | Kind::Progress);
        if !(self.events.next_at() == now && settles(self.events.peek().kind())) {
            self.dispatch(now);
        }
    }

    /// Writes down what happens to the request in `slot`, if somebody wants its story.
    fn note(&mut self, now: SimTime, slot: u32, note: Note) {
        if let Some(diary) = &mut self.diary {
            diary.note(now, self.errands.get(slot), note);
        }
    }

    /// Tells users the outcomes that they wait for.
    fn tell(&mut self) {
        for Answer { request, at, is_served } in self.told.drain(..) {
            self.arrivals.answered(&request, at, is_served);
        }
    }
}
