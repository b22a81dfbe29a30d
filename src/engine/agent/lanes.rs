//! Which lane of the line a request stands in: those that wait for the same stand in one.

use super::ways::Ways;
use crate::client::flow::Hold;
use std::collections::{BTreeMap, BTreeSet};

/// The lanes of a client.
pub(super) struct Lanes {
    numbers: Vec<Vec<u64>>, // by class and way
    /// What all lanes may have to wait for.
    common: Vec<Hold>,
}

impl Lanes {
    /// Those in which `holds` holds back calls of a class, as numbered at the tier that is judged. Calls that lead elsewhere
    /// wait for nothing.
    pub fn new(ways: &Ways, holds: impl Fn(u16) -> Vec<Hold>) -> Self {
        let mut known: BTreeMap<BTreeSet<Vec<Hold>>, u64> = BTreeMap::new();
        let mut number = |class, way| {
            let of = |route: &usize| {
                if ways.is_here(*route) { holds(ways.class_on(*route, class, 0)) } else { Vec::new() }
            };
            let next = known.len() as u64;
            *known.entry(ways.routes(class, way).iter().map(of).collect()).or_insert(next)
        };
        let of_class = |class| (0..ways.count(class)).map(|way| number(class, way)).collect();
        let numbers = (0..ways.classes()).map(of_class).collect();
        let mut all = known.keys().flatten();
        let mut common = all.next().cloned().unwrap_or_default();
        all.for_each(|holds| common.retain(|hold| holds.contains(hold)));
        Lanes { numbers, common }
    }

    /// That of a request of `class`, where it has come to its `way`-th way.
    pub fn of(&self, class: u16, way: usize) -> u64 {
        let ways = &self.numbers[usize::from(class)];
        ways.get(way).or(ways.last()).copied().unwrap_or(0)
    }

    /// What all lanes may have to wait for.
    pub fn common(&self) -> &[Hold] {
        &self.common
    }
}
