//! Answers that were given before and are kept to be given again.
//!
//! ```text
//!  request ──► local (each client its own) ──► shared (one for all) ──► call
//!                   ▲                              │ a hit fills it        │
//!                   └──────────────────────────────┴───────────────────────┘ an answer fills both
//! ```

mod evict;
mod layer;

use super::Key;
use crate::params::{Invalid, Parameters, Visitor};
use crate::units::{SimDuration, SimTime};
use layer::Layer;

pub use evict::Evict;
pub use layer::LayerSpec;

/// A response cache with exact keys, in one layer or two.
///
/// An answer is kept from the instant at which it is complete. Requests that find none make calls of their own; when
/// several are under way for one key, the first answer is kept and the later ones change nothing. A request looks once, when it
/// arrives: a client that tries again does not look again.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct CacheSpec {
    /// In front: one for each client of the traffic.
    pub local: Option<LayerSpec>,
    /// Behind it, on a server: one for all clients.
    pub shared: Option<LayerSpec>,
}

impl Parameters for CacheSpec {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional_section("local", &mut self.local);
        visitor.optional_section("shared", &mut self.shared);
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.local.is_none() && self.shared.is_none() {
            let help = "say whose it is, as in `cache.shared = { ttl = \"1h\", capacity = 10_000 }`, or `cache.local`";
            return Err(Invalid::new("shared", "a cache of no layer keeps nothing", help));
        }
        Ok(())
    }
}

/// What is kept at the moment.
#[derive(Clone, Debug)]
pub struct Cache {
    local: Option<Layer>,
    shared: Option<Layer>,
}

impl Cache {
    /// Nothing is kept yet.
    pub fn new(spec: &CacheSpec) -> Self {
        Cache { local: spec.local.as_ref().map(Layer::new), shared: spec.shared.as_ref().map(Layer::new) }
    }

    /// How long the kept answer to `key` takes to be handed to `client`, or `None` where none is kept. Times must not run
    /// backwards; `draw` gives a uniform number from [0, 1) where chance decides what is dropped.
    ///
    /// The time is that of the layer which has the answer; to look in vain takes none.
    pub fn look_up(&mut self, now: SimTime, client: u32, key: Key, draw: impl FnOnce() -> f64) -> Option<SimDuration> {
        if let Some(taken) = self.local.as_mut().and_then(|local| local.look_up(now, client, key)) {
            return Some(taken);
        }
        let taken = self.shared.as_mut()?.look_up(now, EVERYBODY, key)?;
        if let Some(local) = &mut self.local {
            local.store(now, client, key, draw);
        }
        Some(taken)
    }

    /// Keeps the answer to `key`, which `client` was given at `now`; `draw` as above, for each layer.
    pub fn store(&mut self, now: SimTime, client: u32, key: Key, mut draw: impl FnMut() -> f64) {
        if let Some(local) = &mut self.local {
            local.store(now, client, key, &mut draw);
        }
        if let Some(shared) = &mut self.shared {
            shared.store(now, EVERYBODY, key, &mut draw);
        }
    }
}

/// The owner of what is shared.
const EVERYBODY: u32 = 0;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> SimTime {
        SimTime::ZERO + SimDuration::from_secs(secs)
    }

    fn key(question: u64) -> Key {
        Key { class: 0, question }
    }

    fn never() -> f64 {
        unreachable!("nothing is left to chance")
    }

    #[test]
    fn a_shared_answer_comes_to_the_client_that_asked() {
        let local = LayerSpec { ttl: Some(SimDuration::from_secs(10)), ..LayerSpec::default() };
        let shared = LayerSpec { hit_latency: SimDuration::from_nanos(5), ..LayerSpec::default() };
        let mut cache = Cache::new(&CacheSpec { local: Some(local), shared: Some(shared) });
        assert_eq!(cache.look_up(at(0), 1, key(7), never), None);
        cache.store(at(1), 1, key(7), never);
        // The client that asked has it at hand; another is served by the server, and has it at hand from then on.
        assert_eq!(cache.look_up(at(2), 1, key(7), never), Some(SimDuration::ZERO));
        assert_eq!(cache.look_up(at(2), 2, key(7), never), Some(SimDuration::from_nanos(5)));
        assert_eq!(cache.look_up(at(3), 2, key(7), never), Some(SimDuration::ZERO));
        // Ten seconds after the answer, and after the hit, each asks the server again.
        assert_eq!(cache.look_up(at(11), 1, key(7), never), Some(SimDuration::from_nanos(5)));
        assert_eq!(cache.look_up(at(11), 2, key(7), never), Some(SimDuration::ZERO));
        assert_eq!(cache.look_up(at(12), 2, key(7), never), Some(SimDuration::from_nanos(5)));
        assert_eq!(cache.look_up(at(12), 2, key(8), never), None);
    }

    #[test]
    fn what_one_client_keeps_another_does_not_find() {
        let mut cache = Cache::new(&CacheSpec { local: Some(LayerSpec::default()), shared: None });
        cache.store(at(0), 1, key(7), never);
        assert_eq!(cache.look_up(at(0), 2, key(7), never), None);
        assert_eq!(cache.look_up(at(0), 1, Key { class: 1, question: 7 }, never), None);
        assert_eq!(cache.look_up(at(0), 1, key(7), never), Some(SimDuration::ZERO));
    }
}
