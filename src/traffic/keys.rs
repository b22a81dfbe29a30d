//! Which requests of a class ask for the same, so that an answer to one answers the others.

use super::replay::{Player, TraceError, TraceRow};
use super::{Setting, Traffic};
use crate::params::{Invalid, Parameters, Visitor};
use crate::rng::{BLOCK, Keyed, Stream, Zipf};
use std::num::NonZeroU64;

/// Questions whose popularity follows Zipf's law: the `k`-th most popular is asked in proportion to `k^-exponent`.
///
/// Web objects have exponents from 0.64 to 0.83 (Breslau et al., INFOCOM 1999), words and search queries about 1. A class
/// has questions of its own. What is asked says nothing about the size of a request, which is drawn apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CacheKeys {
    /// How many different ones there are, in 1..=10000000.
    pub count: u32,
    /// 0 makes all alike; in 0..=10.
    pub exponent: f64,
}

const MOST_KEYS: u32 = 10_000_000;

impl Default for CacheKeys {
    fn default() -> Self {
        CacheKeys { count: 1_000, exponent: 1.0 }
    }
}

impl Parameters for CacheKeys {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("count", &mut self.count);
        visitor.optional("exponent", &mut self.exponent);
    }

    fn check(&self) -> Result<(), Invalid> {
        if !(1..=MOST_KEYS).contains(&self.count) {
            let message = format!("{} keys are outside 1 to {MOST_KEYS}", self.count);
            return Err(Invalid::new("count", message, "write a number from 1 to 10000000, as in `10_000`"));
        }
        if !(0.0..=10.0).contains(&self.exponent) {
            let message = format!("`{:?}` is outside 0 to 10", self.exponent);
            return Err(Invalid::new("exponent", message, "write a number from 0 to 10, as in `1.0`"));
        }
        Ok(())
    }
}

/// The keys of one class's requests in one replication.
///
/// A key depends on nothing but which request of its class it is, so that every tier and strategy meets the same.
#[derive(Clone, Copy, Debug)]
pub struct Keys {
    law: Zipf,
    luck: Keyed,
}

impl Keys {
    /// The keys that `keys` describes, by the numbers of `stream`.
    pub fn new(keys: &CacheKeys, stream: Stream) -> Self {
        Keys { law: Zipf::new(keys.count, keys.exponent), luck: Keyed::new(stream) }
    }

    /// What the `number`-th request of the class asks for, in 1..=count; 1 is the most popular.
    pub fn of(&self, number: u64) -> u32 {
        self.law.draw(|draw| self.luck.uniform([number, draw, 0]))
    }
}

/// What the requests of a source ask for that plays a log which says it, one request after the other. The log is read a
/// second time, so that a source whose answers nobody keeps pays nothing for it.
pub struct RecordedKeys {
    player: Player,
    rows: Vec<TraceRow>,
    next: usize,
}

impl RecordedKeys {
    /// Those of `traffic` under the name `source`; `None` where no log says them.
    ///
    /// # Errors
    /// If the log cannot be opened.
    pub fn open(traffic: &Traffic, source: &str, setting: &Setting) -> Result<Option<Self>, TraceError> {
        let Some(replay) = &traffic.replay else { return Ok(None) };
        let streams = setting.streams(source);
        let player = Player::with_keys(&setting.folder.join(&replay.file), replay, |purpose| streams.of(purpose))?;
        Ok(player.has_keys().then(|| RecordedKeys { player, rows: Vec::with_capacity(BLOCK), next: 0 }))
    }

    /// What the source's next request asks for; `None` where the log does not say it.
    ///
    /// # Errors
    /// If the row cannot be read.
    pub fn next_key(&mut self) -> Result<Option<u64>, TraceError> {
        if self.next == self.rows.len() {
            self.rows.clear();
            self.next = 0;
            if self.player.read(&mut self.rows, BLOCK)? == 0 {
                return Ok(None);
            }
        }
        self.next += 1;
        Ok(self.rows[self.next - 1].key.map(NonZeroU64::get))
    }
}
