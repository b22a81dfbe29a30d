//! One layer of a cache.

use super::{Evict, Key};
use crate::params::{Invalid, Parameters, Visitor};
use crate::units::{SimDuration, SimTime};
use std::collections::{BTreeMap, BTreeSet};

/// How one layer keeps answers.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct LayerSpec {
    /// How long an answer is kept; without it until it makes room. Exactly then it is gone.
    pub ttl: Option<SimDuration>,
    /// Answers that are kept at once, by each owner; in 1..=1000000. Without it there is no bound but that of the layer,
    /// which keeps a million in all: beyond them an owner that keeps nothing yet keeps nothing.
    pub capacity: Option<u64>,
    /// Which answer makes room.
    pub evict: Evict,
    /// Whether an answer that is asked for is kept for `ttl` from then on.
    pub refresh: bool,
    /// How long a kept answer takes.
    pub hit_latency: SimDuration,
}

const MOST_ENTRIES: u64 = 1_000_000;

impl Parameters for LayerSpec {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("ttl", &mut self.ttl);
        visitor.optional("capacity", &mut self.capacity);
        visitor.optional("evict", &mut self.evict);
        visitor.optional("refresh", &mut self.refresh);
        visitor.optional("hit-latency", &mut self.hit_latency);
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.ttl.is_some_and(SimDuration::is_zero) {
            let help = "write a time above zero, as in `\"10min\"`, or leave it out";
            return Err(Invalid::new("ttl", "an answer is gone as soon as it is kept", help));
        }
        if self.refresh && self.ttl.is_none() {
            let help = "state `ttl`, or leave `refresh` out";
            return Err(Invalid::new("refresh", "answers without a `ttl` need no refreshing", help));
        }
        match self.capacity {
            Some(0) => Err(Invalid::new("capacity", "a cache of 0 keeps nothing", "write at least 1, or leave it out")),
            Some(more) if more > MOST_ENTRIES => {
                let help = format!("write at most {MOST_ENTRIES}, or leave it out");
                Err(Invalid::new("capacity", format!("{more} answers are too many"), help))
            }
            _ => Ok(()),
        }
    }
}

/// Whose answer to what.
type Place = (u32, Key);

/// What is kept in one layer.
#[derive(Clone, Debug)]
pub struct Layer {
    spec: LayerSpec,
    capacity: u64,
    entries: BTreeMap<Place, Entry>,
    /// For each owner those that it keeps, by their place in line.
    line: BTreeMap<(u32, (u64, u64)), Key>,
    /// Those that are kept for a time only, by its end.
    ends: BTreeSet<(SimTime, Place)>,
    /// How many each owner keeps, where that is any.
    kept: BTreeMap<u32, u64>,
    steps: u64,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    in_line: (u64, u64),
    ends: SimTime, // NEVER without a ttl
    uses: u64,
}

impl Layer {
    pub fn new(spec: &LayerSpec) -> Self {
        Layer {
            spec: spec.clone(),
            capacity: spec.capacity.unwrap_or(MOST_ENTRIES),
            entries: BTreeMap::new(),
            line: BTreeMap::new(),
            ends: BTreeSet::new(),
            kept: BTreeMap::new(),
            steps: 0,
        }
    }

    /// How long `owner` waits for its kept answer to `key`, if it has one.
    pub fn look_up(&mut self, now: SimTime, owner: u32, key: Key) -> Option<SimDuration> {
        self.drop_old(now);
        let entry = self.entries.get_mut(&(owner, key))?;
        self.steps += 1;
        entry.uses += 1;
        let before = *entry;
        entry.in_line = self.spec.evict.place(before.in_line, before.uses, self.steps);
        if self.spec.refresh {
            entry.ends = ends(&self.spec, now);
        }
        let after = *entry;
        if after.in_line != before.in_line {
            self.line.remove(&(owner, before.in_line));
            self.line.insert((owner, after.in_line), key);
        }
        if after.ends != before.ends {
            self.ends.remove(&(before.ends, (owner, key)));
            self.ends.insert((after.ends, (owner, key)));
        }
        Some(self.spec.hit_latency)
    }

    /// Keeps the answer to `key` for `owner`; one that is kept already stays as it is.
    pub fn store(&mut self, now: SimTime, owner: u32, key: Key, draw: impl FnOnce() -> f64) {
        self.drop_old(now);
        if self.entries.contains_key(&(owner, key)) {
            return;
        }
        if self.kept_by(owner) >= self.capacity {
            self.evict(owner, draw);
        }
        if self.entries.len() as u64 >= MOST_ENTRIES && self.kept_by(owner) > 0 {
            self.evict(owner, || 0.0);
        }
        if (self.entries.len() as u64) < MOST_ENTRIES {
            self.insert(now, owner, key);
        }
    }

    fn kept_by(&self, owner: u32) -> u64 {
        self.kept.get(&owner).copied().unwrap_or(0)
    }

    fn insert(&mut self, now: SimTime, owner: u32, key: Key) {
        self.steps += 1;
        // By chance the place in line is a number from 0 without gaps; `evict` draws one, `remove` closes the gap.
        let last = (self.kept_by(owner), 0);
        let in_line = self.spec.evict.place(last, 1, self.steps);
        let entry = Entry { in_line, ends: ends(&self.spec, now), uses: 1 };
        self.entries.insert((owner, key), entry);
        self.line.insert((owner, in_line), key);
        if self.spec.ttl.is_some() {
            self.ends.insert((entry.ends, (owner, key)));
        }
        *self.kept.entry(owner).or_default() += 1;
    }

    /// Drops one of `owner`'s answers.
    fn evict(&mut self, owner: u32, draw: impl FnOnce() -> f64) {
        let from = match self.spec.evict {
            Evict::Random => (draw() * self.kept_by(owner) as f64) as u64,
            _ => 0,
        };
        let first = self.line.range((owner, (from, 0))..).next();
        if let Some((&(whose, _), &key)) = first
            && whose == owner
        {
            self.remove((owner, key));
        }
    }

    fn drop_old(&mut self, now: SimTime) {
        while let Some(&(ends, place)) = self.ends.first()
            && ends <= now
        {
            self.remove(place);
        }
    }

    fn remove(&mut self, place: Place) {
        let owner = place.0;
        let Some(entry) = self.entries.remove(&place) else { return };
        self.line.remove(&(owner, entry.in_line));
        self.ends.remove(&(entry.ends, place));
        let left = self.kept_by(owner) - 1;
        if left == 0 {
            self.kept.remove(&owner);
            return;
        }
        self.kept.insert(owner, left);
        if self.spec.evict == Evict::Random && entry.in_line.0 < left {
            self.close_gap(owner, entry.in_line, (left, 0));
        }
    }

    /// Moves the answer at `last` to the place `gap`.
    fn close_gap(&mut self, owner: u32, gap: (u64, u64), last: (u64, u64)) {
        if let Some(key) = self.line.remove(&(owner, last)) {
            self.line.insert((owner, gap), key);
            if let Some(moved) = self.entries.get_mut(&(owner, key)) {
                moved.in_line = gap;
            }
        }
    }
}

/// Until when an answer is kept that is kept, or kept anew, at `now`.
fn ends(spec: &LayerSpec, now: SimTime) -> SimTime {
    spec.ttl.map_or(SimTime::NEVER, |ttl| now.saturating_add(ttl))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> SimTime {
        SimTime::ZERO + SimDuration::from_secs(secs)
    }

    fn key(question: u64) -> Key {
        Key { class: 0, question }
    }

    /// Which of the keys 1 to 4 a cache of three keeps after 1 2 3 1 1 2 3 3 4, the second 1 and all after it as hits.
    fn kept(evict: Evict, draw: f64) -> Vec<u64> {
        let mut layer = Layer::new(&LayerSpec { capacity: Some(3), evict, ..LayerSpec::default() });
        for (second, question) in [1, 2, 3, 1, 1, 2, 3, 3, 4].into_iter().enumerate() {
            let now = at(second as u64);
            if layer.look_up(now, 0, key(question)).is_none() {
                layer.store(now, 0, key(question), || draw);
            }
        }
        (1..=4).filter(|&question| layer.entries.contains_key(&(0, key(question)))).collect()
    }

    #[test]
    fn each_policy_drops_its_own() {
        assert_eq!(kept(Evict::Lru, 0.0), [2, 3, 4]); // 1 was asked for longest ago
        assert_eq!(kept(Evict::Lfu, 0.0), [1, 3, 4]); // 2 has 2 uses, the others 3
        assert_eq!(kept(Evict::Fifo, 0.0), [2, 3, 4]);
        assert_eq!(kept(Evict::Random, 0.0), [2, 3, 4]);
        assert_eq!(kept(Evict::Random, 0.34), [1, 3, 4]);
        assert_eq!(kept(Evict::Random, 0.99), [1, 2, 4]);
    }

    #[test]
    fn an_answer_is_gone_exactly_at_its_end_and_hits_may_extend_it() {
        let ttl = Some(SimDuration::from_secs(10));
        for (refresh, later) in [(false, None), (true, Some(SimDuration::ZERO))] {
            let mut layer = Layer::new(&LayerSpec { ttl, refresh, ..LayerSpec::default() });
            layer.store(at(0), 0, key(1), || 0.0);
            // A second answer changes nothing, and does not keep the first one longer.
            layer.store(at(5), 0, key(1), || 0.0);
            assert_eq!(layer.look_up(at(9), 0, key(1)), Some(SimDuration::ZERO));
            assert_eq!(layer.look_up(at(10), 0, key(1)), later);
            assert_eq!(layer.look_up(at(20), 0, key(1)), None);
            assert!(
                layer.entries.is_empty() && layer.line.is_empty() && layer.ends.is_empty() && layer.kept.is_empty()
            );
        }
    }

    #[test]
    fn what_has_ended_takes_no_room() {
        let spec = LayerSpec { ttl: Some(SimDuration::from_secs(10)), capacity: Some(2), ..LayerSpec::default() };
        let mut layer = Layer::new(&spec);
        layer.store(at(0), 0, key(1), || 0.0);
        layer.store(at(5), 0, key(2), || 0.0);
        layer.store(at(10), 0, key(3), || 0.0);
        assert!(layer.look_up(at(10), 0, key(2)).is_some() && layer.look_up(at(10), 0, key(3)).is_some());
    }
}
