//! What may spare a request its call: an answer that is kept, a call that is under way for the same, a batch.

use super::Agent;
use super::diary::Note;
use super::errand::Errand;
use crate::client::batch::{self, Batcher, Joined};
use crate::client::cache::Cache;
use crate::client::coalesce::{Bereaved, SingleFlight};
use crate::client::{Key, Strategy};
use crate::engine::event::Kind;
use crate::engine::run::Cell;
use crate::protocol::{Class, Request};
use crate::recorder::{Failure, Spared, Spent};
use crate::rng::{Seed, Uniforms};
use crate::traffic::replay::TraceError;
use crate::traffic::{Keys, RecordedKeys, Traffic};
use crate::units::{SimDuration, SimTime, Tokens};
use std::collections::VecDeque;

/// The state of all that.
pub(super) struct Front {
    keys: Vec<Option<Keys>>, // by class
    /// By source, of those whose log says what is asked for.
    recorded: Vec<Option<RecordedKeys>>,
    source_of: Vec<usize>, // by class
    /// What stopped such a log before its end.
    error: Option<TraceError>,
    cache: Option<(Cache, Uniforms)>,
    flights: Option<SingleFlight>,
    batcher: Option<Batcher>,
    batched: Vec<bool>, // by class
    timers: Vec<u64>,   // by class the event at which the batch leaves that is being filled
    /// Those who lead from now on, because who led before them has failed.
    successors: VecDeque<u32>,
}

impl Front {
    /// That of `cell` in one replication.
    ///
    /// # Errors
    /// If a log cannot be opened that says what is asked for.
    pub fn new(cell: Cell, replication: u64) -> Result<Self, TraceError> {
        let Cell { scenario, strategy, .. } = cell;
        let asks = strategy.cache.is_some() || strategy.coalesce.is_some();
        let luck = || Uniforms::new(Seed(scenario.seed).stream(replication, "cache-eviction"));
        let of_source = |(at, (name, traffic)): (usize, &(String, Traffic))| vec![at; traffic.class_names(name).len()];
        Ok(Front {
            recorded: if asks { scenario.recorded_keys(replication)? } else { Vec::new() },
            source_of: scenario.traffic.iter().enumerate().flat_map(of_source).collect(),
            error: None,
            keys: if asks { scenario.keys(replication) } else { Vec::new() },
            cache: strategy.cache.as_ref().map(|cache| (Cache::new(cache), luck())),
            flights: strategy.coalesce.as_ref().map(SingleFlight::new),
            batcher: strategy.batch.as_ref().map(Batcher::new),
            batched: scenario.classes().iter().map(|class| is_batched(strategy, class)).collect(),
            timers: vec![0; scenario.classes().len()],
            successors: VecDeque::new(),
        })
    }

    /// What stopped a log before its end.
    pub fn error(&mut self) -> Option<TraceError> {
        self.error.take()
    }

    /// What the request asks for that has just arrived as the `number`-th of `class`.
    fn key(&mut self, class: u16, number: u64) -> Option<Key> {
        let at = usize::from(class);
        let question = match self.recorded.get_mut(self.source_of[at]).and_then(Option::as_mut) {
            Some(recorded) => recorded.next_key().unwrap_or_else(|error| {
                self.error = Some(error);
                None
            })?,
            None => self.keys.get(at)?.as_ref()?.of(number).into(),
        };
        Some(Key { class, question })
    }

    fn look_up(&mut self, now: SimTime, client: u32, key: Key) -> Option<SimDuration> {
        let (cache, luck) = self.cache.as_mut()?;
        cache.look_up(now, client, key, || luck.draw())
    }

    /// An answer to the request for `key` came of a call, and is kept.
    pub fn keep(&mut self, now: SimTime, client: u32, key: Option<Key>) {
        if let (Some((cache, luck)), Some(key)) = (&mut self.cache, key) {
            cache.store(now, client, key, || luck.draw());
        }
    }

    /// Those who waited for the answer to the request that led, which is there.
    pub fn followers(&mut self, client: u32, key: Option<Key>) -> VecDeque<u32> {
        self.flights.as_mut().zip(key).map(|(flights, key)| flights.answered(client, key)).unwrap_or_default()
    }

    /// Those who waited for the answer to the request that led, and fail with it. Where they do not, one of them leads.
    pub fn bereaved(&mut self, client: u32, key: Option<Key>) -> VecDeque<u32> {
        match self.flights.as_mut().zip(key).map(|(flights, key)| flights.failed(client, key)) {
            Some(Bereaved::Fail(followers)) => followers,
            Some(Bereaved::Lead(next)) => {
                self.successors.push_back(next);
                VecDeque::new()
            }
            None => VecDeque::new(),
        }
    }
}

fn is_batched(strategy: &Strategy, class: &str) -> bool {
    strategy.batch.as_ref().is_some_and(|batch| batch.carries(class))
}

/// The classes as a provider sees those of a client with such a `strategy`: a batch states the `max_tokens` of all whom it
/// may hold.
pub(super) fn classes(strategy: &Strategy, classes: Vec<Class>) -> Vec<Class> {
    let size = strategy.batch.as_ref().map_or(1, |batch| batch.size);
    let stated = |class: Class| {
        let size = if is_batched(strategy, &class.name) { size } else { 1 };
        let max_tokens = class.max_tokens.map(|max| Tokens::new(max.get().saturating_mul(size)));
        Class { max_tokens, ..class }
    };
    classes.into_iter().map(stated).collect()
}

impl Agent<'_> {
    /// The request in `slot` has arrived.
    pub(super) fn receive(&mut self, now: SimTime, slot: u32) {
        let errand = self.errands.get(slot);
        let client = errand.request.client;
        errand.key = self.front.key(errand.request.source, errand.number);
        if let Some(key) = errand.key {
            if let Some(takes) = self.front.look_up(now, client, key) {
                return self.hand_out(now, slot, takes);
            }
            if let Some(flights) = &mut self.front.flights {
                errand.leads = flights.leads(client, key, slot);
                if !errand.leads {
                    errand.wait_for_others(now);
                    return self.note(now, slot, Note::Follows);
                }
            }
        }
        self.collect(now, slot);
    }

    /// The request in `slot` is answered by what is kept, which takes so long.
    fn hand_out(&mut self, now: SimTime, slot: u32, takes: SimDuration) {
        let at = now.saturating_add(takes);
        if at > self.end {
            return self.errands.get(slot).wait_for_others(now);
        }
        let request = self.errands.get(slot).request;
        self.note(now, slot, Note::Kept { takes });
        self.end_story(at, slot, Note::Served);
        self.record.served(&request, takes, Spent { worked: takes, ..Spent::NOTHING });
        self.record.spared(&request, Spared::Cache);
        self.errands.remove(slot);
        self.answer(at, &request, true);
    }

    /// The request in `slot` needs a call: it joins a batch, or goes its own way.
    fn collect(&mut self, now: SimTime, slot: u32) {
        let errand = self.errands.get(slot);
        let class = errand.request.source;
        let is_batched = self.front.batched[usize::from(class)];
        let Some(batcher) = self.front.batcher.as_mut().filter(|_| is_batched) else { return self.enter(now, slot) };
        errand.wait_for_others(now);
        if let Some(diary) = &mut self.diary {
            diary.note(now, errand, Note::Joins);
        }
        match batcher.join(now, class, slot) {
            Joined::Opened(leaves) => {
                self.front.timers[usize::from(class)] = self.events.push(leaves, Kind::Linger, class.into());
            }
            Joined::Waits => {}
            Joined::Full(members) => self.carry(now, members),
        }
    }

    /// The time of a batch of `class` has come by the event `number`, if that is still being filled.
    pub(super) fn linger(&mut self, now: SimTime, class: u32, number: u64) {
        let is_open = self.front.timers.get(class as usize) == Some(&number);
        if let Some(batcher) = self.front.batcher.as_mut().filter(|_| is_open) {
            let members = batcher.due(class as u16); // it was one when the event was made
            self.carry(now, members);
        }
    }

    /// A batch leaves with those in the slots `members` whose time has not passed. One alone is its own call.
    fn carry(&mut self, now: SimTime, members: Vec<u32>) {
        let (late, members): (Vec<u32>, Vec<u32>) = members.into_iter().partition(|member| self.is_late(now, *member));
        late.into_iter().for_each(|late| self.give_up(now, late, Failure::Expired));
        members.iter().for_each(|member| self.errands.get(*member).has_waited(now));
        let requests: Vec<Request> = members.iter().map(|member| self.errands.get(*member).request).collect();
        match (&members[..], &self.front.batcher) {
            ([], _) | (_, None) => {}
            ([alone], _) => self.enter(now, *alone),
            ([first, ..], Some(batcher)) => {
                let arrivals: Vec<u64> = members.iter().map(|member| self.errands.get(*member).arrival).collect();
                let first = self.errands.get(*first);
                let (class, number, arrival) = (first.request.source, first.number, first.arrival);
                // The calls of a batch are a part of the story of each of its members.
                let watched = self.diary.as_ref().and_then(|diary| diary.watched_of(&arrivals));
                let begins = self.calls.first_token(class);
                let request = batch::carrier(&requests, batcher.shared_input(), begins);
                // The first who has enough takes all others along: a call is for all of them or for none.
                let patience = members.iter().map(|member| self.errands.get(*member).patience).min();
                let mut carrier = Errand::new(request, number, watched.unwrap_or(arrival));
                (carrier.patience, carrier.members) = (patience.unwrap_or(SimDuration::FOREVER), members);
                let slot = self.errands.insert(carrier);
                self.note(now, slot, Note::Leaves { with: requests.len() as u64 });
                self.enter(now, slot);
            }
        }
    }

    /// Lets those lead whose leader has failed.
    pub(super) fn succeed(&mut self, now: SimTime) {
        while let Some(slot) = self.front.successors.pop_front() {
            let errand = self.errands.get(slot);
            errand.has_waited(now);
            errand.leads = true;
            self.collect(now, slot);
        }
    }
}
