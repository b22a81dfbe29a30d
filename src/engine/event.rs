//! The event queue: a 4-ary heap of packed keys.

use crate::units::SimTime;

/// What goes first at one instant. Arrivals and the end never stand in the queue, yet have their place in the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// A call ends, and its slot and its amounts are given back.
    Completion = 0,
    /// A window resets. Limiters do this by themselves when they are next asked, which comes to the same.
    Reset = 1,
    /// A retry, a queued attempt or a deadline is due.
    Due = 2,
    /// A request arrives.
    Arrival = 3,
    /// The run is over.
    End = 4,
}

/// What an event is, at most two for each rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A call ends.
    Completion,
    /// Back-off is over.
    Retry,
    /// A queued request has waited as long as it may.
    Deadline,
}

/// An event with everything that orders it, packed into one integer that compares as a whole: from the top the time (64
/// bits), the rank (3), the insertion number (36), the kind within the rank (1) and the slot of the request (24).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Event(u128);

const SLOT_BITS: u32 = 24;
const NUMBER_SHIFT: u32 = SLOT_BITS + 1;
const RANK_SHIFT: u32 = NUMBER_SHIFT + 36;
const TIME_SHIFT: u32 = 64;

/// The most requests under way at once that events can tell apart.
pub const MOST_SLOTS: usize = 1 << SLOT_BITS;
/// The most events of a run.
pub const MOST_EVENTS: u64 = 1 << 36;

impl Event {
    const LAST: Event = Event(u128::MAX);

    #[inline]
    fn new(at: SimTime, kind: Kind, number: u64, slot: u32) -> Self {
        let (rank, second) = match kind {
            Kind::Completion => (Rank::Completion, 0),
            Kind::Retry => (Rank::Due, 0),
            Kind::Deadline => (Rank::Due, 1),
        };
        let low = (rank as u64) << RANK_SHIFT | number << NUMBER_SHIFT | second << SLOT_BITS | u64::from(slot);
        Event(u128::from(at.as_nanos()) << TIME_SHIFT | u128::from(low))
    }

    /// When.
    #[inline]
    pub fn at(self) -> SimTime {
        SimTime::from_nanos((self.0 >> TIME_SHIFT) as u64)
    }

    /// What.
    #[inline]
    pub fn kind(self) -> Kind {
        let low = self.0 as u64;
        match (low >> RANK_SHIFT, low >> SLOT_BITS & 1) {
            (0, _) => Kind::Completion,
            (_, 0) => Kind::Retry,
            _ => Kind::Deadline,
        }
    }

    /// Whose.
    #[inline]
    pub fn slot(self) -> u32 {
        self.0 as u32 & (MOST_SLOTS as u32 - 1)
    }

    /// The insertion number, unlike that of any other event.
    #[inline]
    pub fn number(self) -> u64 {
        self.0 as u64 >> NUMBER_SHIFT & (MOST_EVENTS - 1)
    }
}

/// Events in the order of time, rank and insertion. Push and pop cost O(log₄ n); popping an event to push the next one of
/// the same request, [`EventQueue::replace`], costs half of both.
///
/// The heap is 4-ary for its depth, and padded with events that never come, so that a family always has four children and
/// the least of them is found without a branch.
#[derive(Clone, Debug)]
pub struct EventQueue {
    heap: Vec<Event>, // `len` events, then padding
    len: usize,
    pushed: u64,
}

const FAMILY: usize = 4;

impl Default for EventQueue {
    fn default() -> Self {
        EventQueue { heap: vec![Event::LAST; 64], len: 0, pushed: 0 }
    }
}

impl EventQueue {
    /// The time of the next event, [`SimTime::NEVER`] without one.
    #[inline]
    pub fn next_at(&self) -> SimTime {
        self.heap[0].at()
    }

    /// The next event, which stays; only when there is one.
    #[inline]
    pub fn peek(&self) -> Event {
        self.heap[0]
    }

    /// How many events were pushed so far.
    #[inline]
    pub fn pushed(&self) -> u64 {
        self.pushed
    }

    /// How many events wait.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.len == 0
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
        if self.len + FAMILY >= self.heap.len() {
            self.heap.resize(2 * self.heap.len(), Event::LAST);
        }
        let mut hole = self.len;
        self.len += 1;
        while hole > 0 {
            let parent = (hole - 1) / FAMILY;
            if self.heap[parent] <= event {
                break;
            }
            self.heap[hole] = self.heap[parent];
            hole = parent;
        }
        self.heap[hole] = event;
        event.number()
    }

    /// Takes the next event out; only when there is one.
    #[inline]
    pub fn pop(&mut self) -> Event {
        let first = self.heap[0];
        self.len -= 1;
        let last = self.heap[self.len];
        self.heap[self.len] = Event::LAST;
        if self.len > 0 {
            self.sift_down(last);
        }
        first
    }

    /// Takes the next event out and adds another.
    #[inline]
    pub fn replace(&mut self, at: SimTime, kind: Kind, slot: u32) {
        let event = self.event(at, kind, slot);
        self.sift_down(event);
    }

    /// Puts `event` where the first one was, and then where it belongs.
    #[inline]
    fn sift_down(&mut self, event: Event) {
        let mut hole = 0;
        loop {
            let first = FAMILY * hole + 1;
            let Some(children) = self.heap.get(first..).and_then(|rest| rest.first_chunk::<FAMILY>()) else { break };
            let [a, b, c, d] = *children;
            // Arithmetic on comparisons stays free of branches whatever the optimiser does.
            let (left, right) = (usize::from(b < a), 2 + usize::from(d < c));
            let (low, high) = (a.min(b), c.min(d));
            let least = left + (right - left) * usize::from(high < low);
            let child = low.min(high);
            if child >= event {
                break;
            }
            self.heap[hole] = child;
            hole = first + least;
        }
        self.heap[hole] = event;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
