//! What calls wait for, and what those who wait keep from others.

use crate::units::SimTime;
use std::collections::BTreeSet;

/// Something that holds calls back until there is room in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hold {
    /// A paced limit, by number, and the pool in it, or the client where each is paced apart.
    Paced(u16, u32),
    /// What replies to calls with the same labels have told, by number.
    Told(u32),
    /// How fast the client lets itself send, and how many calls it keeps in flight.
    Tempo,
}

impl Hold {
    /// In place of the client, where it may be any.
    pub const EACH: u32 = u32::MAX;

    /// Whether it stands for one of each client.
    pub fn is_of_each(&self) -> bool {
        matches!(self, Hold::Paced(_, Hold::EACH))
    }
}

/// What those who were passed wait for. Nobody behind them may have of it first: a large request would wait for ever while
/// small ones take what it waits for.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    holds: BTreeSet<Hold>,
}

impl Kept {
    /// When one may go that comes after all who were asked before, and that each of `holds` lets go then; `now` or later.
    /// [`SimTime::NEVER`] where it has to wait for one of those.
    pub fn ready_at(&mut self, now: SimTime, holds: &[(Hold, SimTime)]) -> SimTime {
        if holds.iter().any(|(hold, _)| self.holds.contains(hold)) {
            return SimTime::NEVER;
        }
        let closed = holds.iter().filter(|(_, ready_at)| *ready_at > now);
        self.holds.extend(closed.map(|(hold, _)| *hold));
        holds.iter().map(|(_, ready_at)| *ready_at).max().unwrap_or(now).max(now)
    }

    /// Whether one of `holds` is kept.
    pub fn has_any(&self, holds: &[Hold]) -> bool {
        holds.iter().any(|hold| self.holds.contains(hold))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHARED: Hold = Hold::Told(0);

    fn own(number: u32) -> Hold {
        Hold::Paced(0, number)
    }

    #[test]
    fn who_waits_keeps_what_it_waits_for_and_nothing_else() {
        let at = SimTime::from_nanos;
        let mut kept = Kept::default();
        assert_eq!(kept.ready_at(at(5), &[(SHARED, at(5)), (own(1), at(9))]), at(9));
        // The second has room in both, but not before the first; the third has nothing to do with that.
        assert_eq!(kept.ready_at(at(5), &[(SHARED, at(5)), (own(1), at(5))]), SimTime::NEVER);
        assert_eq!(kept.ready_at(at(5), &[(SHARED, at(5)), (own(2), at(5))]), at(5));
        assert!(kept.has_any(&[own(2), own(1)]) && !kept.has_any(&[own(2), SHARED]));
        // Large for what all share.
        assert_eq!(kept.ready_at(at(5), &[(SHARED, at(7)), (own(2), at(5))]), at(7));
        assert_eq!(kept.ready_at(at(5), &[(SHARED, at(5)), (own(3), at(5))]), SimTime::NEVER);
        assert_eq!(kept.ready_at(at(5), &[]), at(5));
    }
}
