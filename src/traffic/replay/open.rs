//! Requests that have several records, such as the parts of a streamed answer.

use super::plain::Reading;
use std::collections::{BTreeMap, VecDeque};

/// The most requests that wait for further records of theirs.
const MOST_OPEN: usize = 1 << 16;

/// Requests whose further records may still come, oldest first.
#[derive(Default)]
pub(super) struct Open {
    requests: VecDeque<(Reading, Option<u128>)>,
    /// The place of each id, counted from the first request of the log.
    places: BTreeMap<u128, u64>,
    taken: u64,
}

impl Open {
    /// Whether no further request may wait.
    pub(super) fn is_full(&self) -> bool {
        self.requests.len() >= MOST_OPEN
    }

    /// Adds a request, or what a further record says of one; whether it is new.
    pub(super) fn add(&mut self, reading: Reading, id: Option<u128>) -> bool {
        if let Some(id) = id {
            if let Some(place) = self.places.get(&id)
                && let Some((known, _)) = self.requests.get_mut((place - self.taken) as usize)
            {
                // It arrived with its first record, and the last has all of its tokens.
                *known = Reading { stamp: known.stamp, ..reading };
                return false;
            }
            self.places.insert(id, self.taken + self.requests.len() as u64);
        }
        self.requests.push_back((reading, id));
        true
    }

    pub(super) fn take(&mut self) -> Option<Reading> {
        let (reading, id) = self.requests.pop_front()?;
        self.taken += 1;
        if let Some(id) = id {
            self.places.remove(&id);
        }
        Some(reading)
    }
}
