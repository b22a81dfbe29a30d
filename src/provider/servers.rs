//! A queue inside the provider.

use crate::params::Invalid;
use crate::units::SimTime;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

const MOST: u32 = 1_000_000;

/// The check of every key `servers`.
pub(super) fn check_count(count: Option<u32>) -> Result<(), Invalid> {
    let help = "write how many calls it works on at once, as in `16`";
    match count {
        Some(0) => Err(Invalid::new("servers", "0 servers answer nothing", help)),
        Some(more) if more > MOST => Err(Invalid::new("servers", format!("{more} servers are more than {MOST}"), help)),
        _ => Ok(()),
    }
}

/// Servers that each work on one call at a time, with one queue in front of them, first come first served.
///
/// How long a call occupies a server is known when it is admitted, so the instants at which servers become free say all:
/// a call starts at the earliest of them, and no event is needed.
#[derive(Clone, Debug)]
pub struct Servers {
    count: u32,
    /// When each server that was ever needed becomes free.
    free_at: BinaryHeap<Reverse<SimTime>>, // at most `count`
}

impl Servers {
    /// So many, at least 1, all free.
    pub fn new(count: u32) -> Self {
        Servers { count, free_at: BinaryHeap::new() }
    }

    /// When a call that comes at `now`, which must not be earlier than in the call before, is begun.
    pub fn starts(&self, now: SimTime) -> SimTime {
        match self.free_at.peek() {
            Some(Reverse(first)) if self.free_at.len() >= self.count as usize => now.max(*first),
            _ => now,
        }
    }

    /// Gives that call its server until an instant not before [`Servers::starts`]. A call that leaves the queue before it is
    /// begun takes none.
    pub fn occupy(&mut self, until: SimTime) {
        if self.free_at.len() >= self.count as usize {
            self.free_at.pop();
        }
        self.free_at.push(Reverse(until));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_to_come_takes_the_first_to_be_free() {
        let mut servers = Servers::new(2);
        let mut call = |at: u64, takes: u64| {
            let starts = servers.starts(SimTime::from_nanos(at)).as_nanos();
            servers.occupy(SimTime::from_nanos(starts + takes));
            starts
        };
        let starts = [call(0, 10), call(1, 3), call(2, 4), call(3, 1), call(20, 5), call(21, 1), call(21, 1)];
        assert_eq!(starts, [0, 1, 4, 8, 20, 21, 22]);
    }
}
