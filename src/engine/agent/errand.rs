//! Requests under way at a full client.

use crate::client::Key;
use crate::client::control::breaker::Pass;
use crate::client::control::budget::Grant;
use crate::client::queue::Ticket;
use crate::client::retry::{MOST_LAYERS, Standing};
use crate::engine::event::MOST_SLOTS;
use crate::engine::flight::Calling;
use crate::protocol::Request;
use crate::units::{SimDuration, SimTime, Tokens};

/// A request under way.
#[derive(Clone, Debug)]
pub struct Errand {
    /// What was asked for.
    pub request: Request,
    /// Which request of its class it is, from 1.
    pub number: u64,
    /// Which request of all it is by arrival, from 1.
    pub arrival: u64,
    /// What it waits for.
    pub state: State,
    /// Calls made for it so far, whichever way.
    pub calls: u32,
    /// Whether a call was made for it, or for the present part of its answer: the next one is a retry.
    pub is_tried: bool,
    /// Which of its ways is next, as a place in their list.
    pub way: usize,
    /// The route that its last call took.
    pub route: usize,
    /// Where it stands with each retry policy on this way.
    pub standing: [Standing; MOST_LAYERS],
    /// The state of the breaker in which its last call was sent.
    pub pass: Pass,
    /// What the budget granted its next call, or that under way.
    pub grant: Grant,
    /// Whether a call for it was paid for.
    pub is_paid: bool,
    /// The call under way, or the last one.
    pub calling: Calling,
    /// That call as the provider sees it.
    pub seen: Request,
    /// What of its prompt that call has the provider keep.
    pub written: Tokens,
    /// Calls that led to parts of the answer, all but the last one of which were cut off.
    pub parts: u32,
    /// Time that the calls before this one waited within the provider which led to parts of the answer.
    pub held_up: SimDuration,
    /// Time that the provider worked on them.
    pub worked: SimDuration,
    /// What it asks for, if another may ask for the same and somebody minds.
    pub key: Option<Key>,
    /// Whether those who ask for the same wait for it.
    pub leads: bool,
    /// Those whom its call carries, by slot; none where it is a request itself.
    pub members: Vec<u32>,
    /// Time that it waited for others, to share a call.
    pub joined: SimDuration,
    /// Since when it waits for them.
    pub joined_since: SimTime,
    /// How long it waits in the line, in all its stays together.
    pub patience: SimDuration,
    /// Time spent in the line before this stay.
    pub queued: SimDuration,
    /// Since when it stands in the line.
    pub queued_since: SimTime,
    /// Its place there, while it is queued.
    pub ticket: Option<Ticket>,
    /// The number of the event that ends its stay there.
    pub deadline_event: u64,
    /// Calls in flight when its last one went, that one among them.
    pub in_flight: u32,
    /// For a further call: where the request is that it helps, until that has an answer.
    pub first: Option<u32>,
    /// Where the other calls are that are under way for it.
    pub others: Vec<u32>,
    /// Further calls made for it.
    pub further: u32,
    /// The number of the event that gives its call a further one.
    pub hedge_event: u64,
    /// Time spent in the line before this stay while the gate alone kept it.
    pub paced: SimDuration,
    /// How long the gate had been closed when it joined the line.
    pub closed_before: SimDuration,
    /// Deliveries of it so far, this one included.
    pub delivery: u32,
    /// When a worker took it in this delivery, [`SimTime::NEVER`] before.
    pub taken: SimTime,
}

/// What a request under way waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing: the slot is free.
    Free,
    /// Its turn.
    Queued,
    /// The end of a back-off.
    BackingOff,
    /// The end of a call.
    Calling,
    /// Nothing: another call for the same request has been answered, and this one goes on.
    Loose,
    /// Others, with whom it shares a call.
    Joined,
}

impl Errand {
    /// A request that has just arrived as the `number`-th of its class and the `arrival`-th of all.
    pub fn new(request: Request, number: u64, arrival: u64) -> Self {
        Errand {
            request,
            number,
            arrival,
            state: State::Free,
            calls: 0,
            is_tried: false,
            way: 0,
            route: 0,
            standing: [Standing::default(); MOST_LAYERS],
            pass: Pass::default(),
            grant: Grant::FREE,
            is_paid: false,
            calling: Calling::NONE,
            seen: request,
            written: Tokens::new(0),
            parts: 0,
            held_up: SimDuration::ZERO,
            worked: SimDuration::ZERO,
            key: None,
            leads: false,
            members: Vec::new(),
            joined: SimDuration::ZERO,
            joined_since: request.arrived,
            patience: SimDuration::FOREVER,
            queued: SimDuration::ZERO,
            queued_since: request.arrived,
            ticket: None,
            deadline_event: u64::MAX,
            in_flight: 0,
            first: None,
            others: Vec::new(),
            further: 0,
            hedge_event: u64::MAX,
            paced: SimDuration::ZERO,
            closed_before: SimDuration::ZERO,
            delivery: 1,
            taken: SimTime::NEVER,
        }
    }
}

impl Errand {
    /// Whether it is no request without an outcome, but a further call for one, or one that came too late.
    pub fn is_further(&self) -> bool {
        self.first.is_some() || self.state == State::Loose
    }

    /// It waits for others, from `now` on.
    pub fn wait_for_others(&mut self, now: SimTime) {
        self.state = State::Joined;
        self.joined_since = now;
    }

    /// It has waited for others.
    pub fn has_waited(&mut self, now: SimTime) {
        self.joined = self.joined.saturating_add(now - self.joined_since);
    }
}

/// Errands in slots that are used again.
#[derive(Clone, Debug, Default)]
pub struct Errands {
    slots: Vec<Errand>,
    free: Vec<u32>,
}

impl Errands {
    /// Whether so many more might be too many to tell apart.
    pub fn is_nearly_full(&self, more: usize) -> bool {
        self.slots.len() - self.free.len() + more > MOST_SLOTS
    }

    /// Keeps `errand` and says where.
    pub fn insert(&mut self, errand: Errand) -> u32 {
        match self.free.pop() {
            Some(slot) => {
                self.slots[slot as usize] = errand;
                slot
            }
            None => {
                self.slots.push(errand);
                (self.slots.len() - 1) as u32
            }
        }
    }

    /// The errand in `slot`.
    pub fn get(&mut self, slot: u32) -> &mut Errand {
        &mut self.slots[slot as usize]
    }

    /// Those in two slots that differ.
    pub fn pair(&mut self, one: u32, other: u32) -> [&mut Errand; 2] {
        self.slots.get_disjoint_mut([one as usize, other as usize]).expect("two slots in use")
    }

    /// Frees `slot`.
    pub fn remove(&mut self, slot: u32) {
        self.slots[slot as usize].state = State::Free;
        self.free.push(slot);
    }

    /// Those that wait for something, be they requests or further calls for one; what carries others is neither.
    pub fn under_way(&self) -> impl Iterator<Item = &Errand> {
        self.slots.iter().filter(|errand| errand.state != State::Free && errand.members.is_empty())
    }
}
