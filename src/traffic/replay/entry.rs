//! One request of a log before it has a place on the simulated clock, and what was counted on the way to it.

use super::stamp::Stamp;
use crate::units::Tokens;
use std::collections::BTreeMap;

/// A request as its row tells of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Entry {
    pub(super) stamp: Stamp,
    pub(super) input: Option<Tokens>,
    pub(super) output: Option<Tokens>,
    /// The part of `input` that was served from a cache.
    pub(super) cached: Tokens,
    /// Its model's number in [`Tally::models`].
    pub(super) model: u32,
}

/// The most models that are told apart; the rest are counted together.
const MODELS: usize = 10_000;

/// What was read of a log so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    /// Rows that were no requests, by reason.
    pub(super) skipped: BTreeMap<&'static str, u64>,
    /// Requests that failed.
    pub(super) failed: u64,
    /// Rows that are earlier than the row above.
    pub(super) steps_back: u64,
    /// Bins whose counts were spread, where a log is made of counts.
    pub(super) bins: u64,
    numbers: BTreeMap<String, u32>,
    /// The number and the name of the model above.
    last: (u32, Vec<u8>),
}

impl Tally {
    pub(super) fn skip(&mut self, reason: &'static str) {
        *self.skipped.entry(reason).or_default() += 1;
    }

    /// The number of the model called `name`, from 1; 0 where it has no name or there are too many.
    pub(super) fn model(&mut self, name: &[u8]) -> u32 {
        if name == self.last.1 {
            return self.last.0;
        }
        let text = String::from_utf8_lossy(&name[..name.len().min(200)]);
        let number = match self.numbers.get(text.as_ref()) {
            Some(&number) => number,
            None if self.numbers.len() >= MODELS || name.is_empty() => 0,
            None => {
                let number = self.numbers.len() as u32 + 1;
                self.numbers.insert(text.into_owned(), number);
                number
            }
        };
        self.last = (number, name.to_vec());
        number
    }

    /// The names of the models by their numbers.
    pub(super) fn models(&self) -> BTreeMap<u32, String> {
        self.numbers.iter().map(|(name, &number)| (number, name.clone())).collect()
    }
}
