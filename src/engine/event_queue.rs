//! The event queue.

use super::event::{Event, Kind};
use crate::units::SimTime;

/// Events in the order of time, rank and insertion: a sorted row while they are few, which is most of the time, and a heap
/// while they are many. Popping an event to push the next one of the same request, [`EventQueue::replace`], costs half of
/// both.
#[derive(Clone, Debug, Default)]
pub struct EventQueue {
    few: Row,
    many: Heap, // one of the two is empty
    pushed: u64,
}

impl EventQueue {
    /// The time of the next event, [`SimTime::NEVER`] without one.
    #[inline]
    pub fn next_at(&self) -> SimTime {
        self.peek().at()
    }

    /// The next event, which stays; only when there is one.
    #[inline]
    pub fn peek(&self) -> Event {
        self.few.first().unwrap_or_else(|| self.many.first())
    }

    /// How many events were pushed so far.
    #[inline]
    pub fn pushed(&self) -> u64 {
        self.pushed
    }

    /// How many events wait.
    pub fn len(&self) -> usize {
        self.few.len + self.many.len
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[inline]
    fn event(&mut self, at: SimTime, kind: Kind, slot: u32) -> Event {
        self.pushed += 1;
        Event::new(at, kind, self.pushed, slot)
    }

    /// Adds an event and gives its number.
    #[inline]
    pub fn push(&mut self, at: SimTime, kind: Kind, slot: u32) -> u64 {
        let event = self.event(at, kind, slot);
        if self.many.len == 0 && self.few.len < ROW {
            self.few.insert(event);
        } else {
            self.push_to_many(event);
        }
        event.number()
    }

    #[inline(never)]
    fn push_to_many(&mut self, event: Event) {
        while let Some(event) = self.few.pop() {
            self.many.push(event);
        }
        self.many.push(event);
    }

    /// Takes the next event out; only when there is one.
    #[inline]
    pub fn pop(&mut self) -> Event {
        self.few.pop().unwrap_or_else(|| self.pop_of_many())
    }

    #[inline(never)]
    fn pop_of_many(&mut self) -> Event {
        let first = self.many.pop();
        // Well below a full row, so that a queue about so long does not change from one to the other all the time.
        if self.many.len == ROW / 2 {
            for place in (0..ROW / 2).rev() {
                self.few.events[place] = self.many.pop();
            }
            self.few.len = ROW / 2;
        }
        first
    }

    /// Takes the next event out and adds another.
    #[inline]
    pub fn replace(&mut self, at: SimTime, kind: Kind, slot: u32) {
        let event = self.event(at, kind, slot);
        if self.few.pop().is_some() {
            self.few.insert(event);
        } else {
            self.many.sift_down(event);
        }
    }
}

/// Few events, the latest first and the next one last.
#[derive(Clone, Debug)]
struct Row {
    events: [Event; ROW],
    len: usize,
}

/// The longest row, a power of two, so that a place is one without being checked: beyond, moving events to make room costs
/// more than a heap.
const ROW: usize = 32;

impl Default for Row {
    fn default() -> Self {
        Row { events: [Event::NEVER; ROW], len: 0 }
    }
}

impl Row {
    #[inline]
    fn first(&self) -> Option<Event> {
        (self.len > 0).then(|| self.events[(self.len - 1) % ROW])
    }

    #[inline]
    fn pop(&mut self) -> Option<Event> {
        let first = self.first()?;
        self.len -= 1;
        Some(first)
    }

    /// Adds `event`; only while there are fewer than [`ROW`].
    #[inline]
    fn insert(&mut self, event: Event) {
        let mut place = self.len;
        while place > 0 && self.events[(place - 1) % ROW] < event {
            self.events[place % ROW] = self.events[(place - 1) % ROW];
            place -= 1;
        }
        self.events[place % ROW] = event;
        self.len += 1;
    }
}

/// Many events as a 4-ary heap, for its depth, padded with events that never come, so that a family always has four children
/// and the least of them is found without a branch.
#[derive(Clone, Debug)]
struct Heap {
    events: Vec<Event>, // `len` of them, then padding
    len: usize,
}

const FAMILY: usize = 4;

impl Default for Heap {
    fn default() -> Self {
        Heap { events: vec![Event::NEVER; 64], len: 0 }
    }
}

impl Heap {
    #[inline]
    fn first(&self) -> Event {
        self.events[0]
    }

    fn push(&mut self, event: Event) {
        if self.len + FAMILY >= self.events.len() {
            self.events.resize(2 * self.events.len(), Event::NEVER);
        }
        let mut hole = self.len;
        self.len += 1;
        while hole > 0 {
            let parent = (hole - 1) / FAMILY;
            if self.events[parent] <= event {
                break;
            }
            self.events[hole] = self.events[parent];
            hole = parent;
        }
        self.events[hole] = event;
    }

    fn pop(&mut self) -> Event {
        let first = self.events[0];
        self.len -= 1;
        let last = self.events[self.len];
        self.events[self.len] = Event::NEVER;
        if self.len > 0 {
            self.sift_down(last);
        }
        first
    }

    /// Puts `event` where the first one was, and then where it belongs.
    fn sift_down(&mut self, event: Event) {
        let mut hole = 0;
        loop {
            let first = FAMILY * hole + 1;
            let Some(children) = self.events.get(first..).and_then(|rest| rest.first_chunk::<FAMILY>()) else { break };
            // Arithmetic on comparisons stays free of branches whatever the optimiser does.
            let left = usize::from(children[1] < children[0]);
            let right = 2 + usize::from(children[3] < children[2]);
            let least = left + (right - left) * usize::from(children[right] < children[left]);
            let child = children[least % FAMILY];
            if child >= event {
                break;
            }
            self.events[hole] = child;
            hole = first + least;
        }
        self.events[hole] = event;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Rank;
    use crate::rng::Seed;
    use std::collections::BTreeMap;

    #[test]
    fn equal_times_go_by_rank_and_then_by_insertion() {
        let (mut queue, at) = (EventQueue::default(), SimTime::from_nanos(5));
        queue.push(at, Kind::Retry, 1);
        queue.push(at, Kind::Deadline, 2);
        queue.push(at, Kind::Completion, 3);
        queue.push(at, Kind::Retry, 4);
        queue.push(SimTime::from_nanos(4), Kind::Retry, 5);
        let order: Vec<(Kind, u32)> = (0..5).map(|_| queue.pop()).map(|e| (e.kind(), e.slot())).collect();
        let expected =
            [(Kind::Retry, 5), (Kind::Completion, 3), (Kind::Retry, 1), (Kind::Deadline, 2), (Kind::Retry, 4)];
        assert_eq!(order, expected);
        assert_eq!(queue.next_at(), SimTime::NEVER);
    }

    /// A map from (time, rank, insertion) to slot is the obvious queue; a million random operations must agree with it.
    #[test]
    fn agrees_with_an_ordered_map() {
        let mut stream = Seed(11).stream(0, "queue");
        let (mut queue, mut map) = (EventQueue::default(), BTreeMap::new());
        let mut now = 0;
        for step in 0..1_000_000u64 {
            // The population swells and shrinks, between nothing and some thousands.
            let grows = step / 20_000 % 2 == 0;
            let (at, slot) = (now + stream.index(50), stream.index(1_000) as u32);
            let kind = [Kind::Completion, Kind::Retry][stream.index(2) as usize];
            let rank = if kind == Kind::Completion { Rank::Completion } else { Rank::Due };
            let draw = stream.index(100);
            if map.is_empty() || draw < if grows { 55 } else { 25 } {
                let number = queue.push(SimTime::from_nanos(at), kind, slot);
                map.insert((at, rank, number), slot);
                continue;
            }
            let ((expected_at, _, number), expected_slot) = map.pop_first().unwrap();
            let next = queue.peek();
            assert_eq!((next.at().as_nanos(), next.number(), next.slot()), (expected_at, number, expected_slot));
            now = expected_at;
            if draw < 70 {
                queue.pop();
            } else {
                queue.replace(SimTime::from_nanos(at + 1), kind, slot);
                map.insert((at + 1, rank, queue.pushed()), slot);
            }
            assert_eq!(queue.len(), map.len());
        }
    }
}
