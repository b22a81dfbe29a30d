//! Which lane of the line a request stands in: those that wait for the same stand in one.

use super::ways::Ways;
use crate::client::flow::Hold;
use crate::protocol::Request;
use std::collections::{BTreeMap, BTreeSet};

/// The lanes of a client.
pub(super) struct Lanes {
    numbers: Vec<Vec<(u64, bool)>>, // by class and way, and whether there is one of each client
    /// What all lanes may have to wait for.
    common: Vec<Hold>,
    /// The number of those of each client, if there is one such number only, and one route.
    of_each: Option<u64>,
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
            let holds: BTreeSet<Vec<Hold>> = ways.routes(class, way).iter().map(of).collect();
            let is_of_each = holds.iter().flatten().any(Hold::is_of_each);
            (*known.entry(holds).or_insert(next), is_of_each)
        };
        let of_class = |class| (0..ways.count(class)).map(|way| number(class, way)).collect();
        let numbers: Vec<Vec<(u64, bool)>> = (0..ways.classes()).map(of_class).collect();
        let mut of_each = known.iter().filter(|(routes, _)| routes.iter().flatten().any(Hold::is_of_each));
        let of_each = match (of_each.next(), of_each.next()) {
            // Where calls are spread, another route may be next before the pace lets it go by this one.
            (Some((routes, number)), None) if routes.len() == 1 => Some(*number),
            _ => None,
        };
        let mut all = known.keys().flatten();
        let mut common = all.next().cloned().unwrap_or_default();
        all.for_each(|holds| common.retain(|hold| holds.contains(hold)));
        Lanes { numbers, common, of_each }
    }

    /// That of `request`, where it has come to its `way`-th way.
    pub fn of(&self, request: &Request, way: usize) -> u64 {
        let ways = &self.numbers[usize::from(request.source)];
        let (number, is_of_each) = ways.get(way).or(ways.last()).copied().unwrap_or_default();
        number | if is_of_each { u64::from(request.client) << 32 } else { 0 }
    }

    /// That in which alone requests wait for the pace of `client`.
    pub fn of_client(&self, client: u32) -> Option<u64> {
        self.of_each.map(|number| number | u64::from(client) << 32)
    }

    /// What all lanes may have to wait for.
    pub fn common(&self) -> &[Hold] {
        &self.common
    }
}
