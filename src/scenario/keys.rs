//! The keys that models have, to tell what was meant by a key that stands in the wrong place.

use super::names::nearest;
use super::reader::table_of;
use super::source::{Entry, Table};
use crate::params::{Choice, Named, OptionalSection, Parameter, Parameters, Presence, Visitor};

/// Collects the keys of a model.
#[derive(Default)]
struct Keys(Vec<&'static str>);

impl Keys {
    fn of(model: &mut dyn Parameters) -> Vec<&'static str> {
        let mut keys = Keys::default();
        model.visit(&mut keys);
        keys.0
    }
}

impl Visitor for Keys {
    fn value(&mut self, key: &'static str, _presence: Presence, _slot: &mut dyn Parameter) {
        self.0.push(key);
    }

    fn section(&mut self, key: &'static str, _slot: &mut dyn Parameters) {
        self.0.push(key);
    }

    fn optional_section(&mut self, key: &'static str, _slot: &mut dyn OptionalSection) {
        self.0.push(key);
    }

    fn kind(&mut self, _presence: Presence, slot: &mut dyn Choice) {
        self.0.extend(slot.kinds().iter().map(|(kind, _)| *kind));
    }

    fn choice(&mut self, key: &'static str, _presence: Presence, _slot: &mut dyn Choice) {
        self.0.push(key);
    }

    fn named(&mut self, key: &'static str, _slot: &mut dyn Named) {
        self.0.push(key);
    }
}

/// Whether `entry`, which should be a name over keys of `model`, is one of those keys itself.
pub(super) fn is_key_of(model: &mut dyn Parameters, entry: &Entry) -> bool {
    let keys = Keys::of(model);
    let inner = table_of(&entry.node).map_or(&[][..], Table::entries);
    // A name may read like a key, as long as keys stand below it.
    keys.contains(&entry.key.as_str()) && inner.iter().all(|inner| nearest(&inner.key, keys.iter().copied()).is_none())
}

/// The kind that has all the keys in `table`, where the user forgot to name it.
pub(super) fn kind_of_keys(slot: &mut dyn Choice, table: &Table) -> Option<&'static str> {
    let kinds = slot.kinds();
    let is_meant = |at: &usize| {
        // The scenario is refused anyway, so that the choice may change.
        slot.choose(*at);
        let keys = Keys::of(slot.parameters());
        !table.entries().is_empty() && table.entries().iter().all(|entry| keys.contains(&entry.key.as_str()))
    };
    (0..kinds.len()).find(is_meant).map(|at| kinds[at].0)
}
