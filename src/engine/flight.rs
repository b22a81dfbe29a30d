//! Requests under way, kept in place from arrival to outcome.

use super::event::MOST_SLOTS;
use crate::protocol::Request;
use crate::provider::Course;
use crate::units::{SimDuration, SimTime};

/// A request under way.
#[derive(Clone, Copy, Debug)]
pub struct Flight {
    /// What was asked for.
    pub request: Request,
    /// Attempts made so far.
    pub attempts: u32,
    /// What it waits for.
    pub state: State,
    /// When the first attempt was made.
    pub first_attempt: SimTime,
    /// The last delay before a retry.
    pub delay: SimDuration,
    /// Time spent in the queue before this stay.
    pub queued: SimDuration,
    /// Since when it stands in the queue.
    pub queued_since: SimTime,
    /// Which request of its class it is, where the provider may fail calls.
    pub number: u64,
    /// The course of its call, where the provider's behaviour makes it another than its service time.
    pub course: Option<Course>,
    /// The number of the event that ends its stay in the queue.
    pub deadline_event: u64,
}

/// What a request under way waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing: the slot is free.
    Free,
    /// A slot of the client.
    Queued,
    /// The end of a back-off.
    BackingOff,
    /// The end of a call.
    Calling,
    /// Nothing any more; its place in the queue is still to be passed over.
    Expired,
}

impl Flight {
    /// A request that has just arrived.
    #[inline]
    pub fn new(request: Request) -> Self {
        Flight {
            request,
            attempts: 0,
            state: State::Free,
            first_attempt: request.arrived,
            delay: SimDuration::ZERO,
            queued: SimDuration::ZERO,
            queued_since: request.arrived,
            number: 0,
            course: None,
            deadline_event: 0,
        }
    }
}

impl Flight {
    /// The request with the time that its call takes.
    #[inline]
    pub fn worked_on(&self) -> Request {
        let service = self.course.map_or(self.request.service, |course| course.takes);
        Request { service, ..self.request }
    }
}

/// Flights in slots that are used again: after the busiest moment nothing is allocated.
#[derive(Clone, Debug, Default)]
pub struct Flights {
    slots: Vec<Flight>,
    free: Vec<u32>,
}

impl Flights {
    /// Whether `more` might be too many for the events to tell apart.
    pub fn is_nearly_full(&self, more: usize) -> bool {
        self.slots.len() - self.free.len() + more > MOST_SLOTS
    }

    /// Keeps `flight` and says where.
    #[inline]
    pub fn insert(&mut self, flight: Flight) -> u32 {
        match self.free.pop() {
            Some(slot) => {
                self.slots[slot as usize] = flight;
                slot
            }
            None => {
                self.slots.push(flight);
                (self.slots.len() - 1) as u32
            }
        }
    }

    /// The flight in `slot`.
    #[inline]
    pub fn get(&mut self, slot: u32) -> &mut Flight {
        &mut self.slots[slot as usize]
    }

    /// Frees `slot`.
    #[inline]
    pub fn remove(&mut self, slot: u32) {
        self.slots[slot as usize].state = State::Free;
        self.free.push(slot);
    }

    /// Requests that have no outcome yet.
    pub fn under_way(&self) -> impl Iterator<Item = &Request> {
        let waits = |flight: &&Flight| !matches!(flight.state, State::Free | State::Expired);
        self.slots.iter().filter(waits).map(|flight| &flight.request)
    }
}
