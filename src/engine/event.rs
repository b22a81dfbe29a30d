//! What happens, packed into a key that orders it.

use crate::units::SimTime;

/// What goes first at one instant. Arrivals and the end never stand in the queue, yet have their place in the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// A call ends, and its slot and its amounts are given back; or it goes on, and is charged.
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

/// What an event is. Those of one instant go by their [`Rank`]: completions and progress before all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A call ends.
    Completion,
    /// A call goes on, and what was generated so far is charged.
    Progress,
    /// Back-off is over.
    Retry,
    /// A queued request has waited as long as it may.
    Deadline,
    /// The client may send again.
    Wake,
    /// A batch has waited for as long as it may.
    Linger,
    /// A call has been under way for so long that it gets a second one.
    Hedge,
}

impl Kind {
    const ALL: [Kind; 8] = [
        Kind::Completion,
        Kind::Progress,
        Kind::Retry,
        Kind::Deadline,
        Kind::Wake,
        Kind::Linger,
        Kind::Hedge,
        Kind::Hedge, // so that three bits are always a kind
    ];

    /// Where it stands among the events of its instant.
    pub const fn rank(self) -> Rank {
        match self {
            Kind::Completion | Kind::Progress => Rank::Completion,
            _ => Rank::Due,
        }
    }
}

/// An event with everything that orders it, packed into one integer that compares as a whole: from the top the time (64
/// bits), whether its rank is [`Rank::Due`] (1), the insertion number (36), the kind (3) and the slot of the request (24).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Event(u128);

const SLOT_BITS: u32 = 24;
const NUMBER_SHIFT: u32 = SLOT_BITS + 3;
const RANK_SHIFT: u32 = NUMBER_SHIFT + 36;
const TIME_SHIFT: u32 = 64;

/// The most requests under way at once that events can tell apart.
pub const MOST_SLOTS: usize = 1 << SLOT_BITS;
/// The most events of a run.
pub const MOST_EVENTS: u64 = 1 << 36;

impl Event {
    /// After every other one; it never comes.
    pub const NEVER: Event = Event(u128::MAX);

    /// The `number`-th event (below 2³⁶), which concerns `slot`.
    #[inline]
    pub fn new(at: SimTime, kind: Kind, number: u64, slot: u32) -> Self {
        let is_due = u64::from(kind.rank() == Rank::Due);
        let low = is_due << RANK_SHIFT | number << NUMBER_SHIFT | (kind as u64) << SLOT_BITS | u64::from(slot);
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
        Kind::ALL[(self.0 as usize >> SLOT_BITS) % Kind::ALL.len()]
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
