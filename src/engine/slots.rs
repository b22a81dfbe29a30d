//! The slots of a client, which bound its calls in flight.

use crate::units::SimTime;

/// How many calls may still begin.
///
/// Where nothing but a slot waits for the end of a call, that end needs no event: who finds no slot free looks which calls
/// have ended since, and only a queue has to be woken, at [`Slots::next_end`].
#[derive(Clone, Debug)]
pub struct Slots {
    free: u32, // u32::MAX where there is no bound
    is_bounded: bool,
    ends: Vec<SimTime>, // of calls whose end has no event
}

/// The most slots whose ends are kept here: to look through more would cost more than an event for each.
const FEW: u32 = 32;

impl Slots {
    /// All of them free; without a bound where `most` is `None`.
    pub fn new(most: Option<u32>) -> Self {
        Slots { free: most.unwrap_or(u32::MAX), is_bounded: most.is_some(), ends: Vec::new() }
    }

    /// Whether calls may be known by their ends alone: there are few slots, or no bound.
    pub fn are_few(&self) -> bool {
        !self.is_bounded || self.free <= FEW
    }

    /// Whether a call may begin at `now`.
    #[inline(always)]
    pub fn has_free(&mut self, now: SimTime) -> bool {
        self.free > 0 || self.look(now)
    }

    /// A call begins that will [`Slots::release`] its slot.
    #[inline(always)]
    pub fn take(&mut self) {
        if self.is_bounded {
            self.free -= 1;
        }
    }

    /// A call begins that has its slot until `end`.
    #[inline(always)]
    pub fn take_until(&mut self, end: SimTime) {
        if self.is_bounded {
            self.free -= 1;
            self.ends.push(end);
        }
    }

    /// A call has ended.
    #[inline(always)]
    pub fn release(&mut self) {
        if self.is_bounded {
            self.free += 1;
        }
    }

    /// When the next call ends of those that are known by their ends alone, [`SimTime::NEVER`] without one.
    pub fn next_end(&self) -> SimTime {
        self.ends.iter().copied().min().unwrap_or(SimTime::NEVER)
    }

    /// Frees the slots of calls that have ended by `now`, and says whether there are any.
    #[inline(never)]
    fn look(&mut self, now: SimTime) -> bool {
        let mut kept = 0;
        for at in 0..self.ends.len() {
            // Without a branch: which call ends first is for nobody to foresee.
            let end = self.ends[at];
            self.ends[kept] = end;
            kept += usize::from(end > now);
        }
        self.free += (self.ends.len() - kept) as u32;
        self.ends.truncate(kept);
        self.free > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_free_again_from_the_end_of_its_call_on() {
        let at = SimTime::from_nanos;
        let mut slots = Slots::new(Some(2));
        slots.take_until(at(9));
        slots.take_until(at(5));
        assert_eq!((slots.has_free(at(4)), slots.next_end()), (false, at(5)));
        assert_eq!((slots.has_free(at(5)), slots.next_end()), (true, at(9)));
        slots.take_until(at(5));
        assert!(slots.has_free(at(9)));
        assert_eq!((slots.free, slots.next_end()), (2, SimTime::NEVER));
    }

    #[test]
    fn without_a_bound_all_may_begin() {
        let mut slots = Slots::new(None);
        (0..100).for_each(|_| slots.take_until(SimTime::NEVER));
        assert!(slots.are_few() && slots.has_free(SimTime::ZERO) && slots.ends.is_empty());
    }
}
