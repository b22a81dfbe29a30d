//! What decides where a request stands in the line.

use super::{Order, Queue, Tenancy};
use crate::protocol::{Class, Request};
use crate::units::{SimDuration, SimTime};

/// What a line knows of a request that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Higher goes first where priorities count, in 0..=255.
    pub priority: u8,
    /// What serving it costs, in the order's own measure; 0 where the order asks for none.
    pub size: u64,
    /// After which it is of no use; [`SimTime::NEVER`] where it always is.
    pub deadline: SimTime,
    /// On whose account it goes; 0 where the order tells nobody apart.
    pub tenant: u32,
    /// What it waits for beside its turn: who serves the line numbers that; 0 where all wait for the same.
    pub lane: u64,
}

/// Finds the places of requests.
#[derive(Clone, Debug)]
pub struct Places {
    order: Order,
    deadline: Option<SimDuration>,
    classes: Vec<Class>,
    /// By class, where tenants go by what classes say of themselves.
    tenants: Vec<u32>,
}

impl Places {
    /// The places in `queue` of requests of `classes`.
    pub fn new(queue: &Queue, classes: &[Class]) -> Self {
        let tenants = match queue.order.model().tenancy() {
            Some(by) => number(classes.iter().map(|class| by.name_of(class))),
            None => Vec::new(),
        };
        Places { order: queue.order.clone(), deadline: queue.deadline, classes: classes.to_vec(), tenants }
    }

    /// When `request` expires: by the queue's deadline or its own, whichever is earlier.
    pub fn deadline(&self, request: &Request) -> SimTime {
        let own = self.classes[usize::from(request.source)].deadline;
        let span = own.unwrap_or(SimDuration::FOREVER).min(self.deadline.unwrap_or(SimDuration::FOREVER));
        request.arrived.saturating_add(span)
    }

    /// Where `request` stands in `lane`.
    pub fn of(&self, request: &Request, lane: u64) -> Place {
        let class = &self.classes[usize::from(request.source)];
        let tenant = match self.order.model().tenancy() {
            None => 0,
            Some(Tenancy::Client) => request.client,
            Some(_) => self.tenants[usize::from(request.source)],
        };
        Place {
            priority: class.priority,
            size: self.order.model().size(request, class),
            deadline: self.deadline(request),
            tenant,
            lane,
        }
    }
}

/// Numbers for names, equal ones for equal names.
fn number<'n>(names: impl Iterator<Item = &'n str>) -> Vec<u32> {
    let mut known: Vec<&str> = Vec::new();
    let mut number_of = |name| match known.iter().position(|other| *other == name) {
        Some(at) => at as u32,
        None => {
            known.push(name);
            known.len() as u32 - 1
        }
    };
    names.map(&mut number_of).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Cost, Fair, Shortest};
    use super::*;
    use crate::client::Estimate;
    use crate::protocol::Labels;
    use crate::units::Tokens;

    fn class(name: &str, team: &str) -> Class {
        let labels = Labels { team: Some(team.to_owned()), ..Labels::default() };
        Class { name: name.to_owned(), labels, ..Class::default() }
    }

    #[test]
    fn tenants_are_teams_classes_or_clients() {
        let classes = [class("a", "red"), class("b", "blue"), class("c", "red")];
        let tenants = |by: Tenancy| {
            let order = Order::Fair(Fair { by, cost: Cost::Tokens, estimate: Estimate::Actual });
            let places = Places::new(&Queue { order, ..Queue::default() }, &classes);
            [0, 1, 2].map(|source| places.of(&Request { source, client: 7, ..Request::default() }, 0).tenant)
        };
        assert_eq!(tenants(Tenancy::Team), [0, 1, 0]);
        assert_eq!(tenants(Tenancy::Class), [0, 1, 2]);
        assert_eq!(tenants(Tenancy::Client), [7, 7, 7]);
    }

    #[test]
    fn the_earlier_deadline_counts() {
        let secs = SimDuration::from_secs;
        let at = |own: Option<u64>, queue: Option<u64>| {
            let classes = [Class { deadline: own.map(secs), ..Class::default() }];
            let order = Order::Shortest(Shortest::default());
            let places = Places::new(&Queue { deadline: queue.map(secs), order, ..Queue::default() }, &classes);
            let arrived = SimTime::ZERO + secs(10);
            let place = places.of(&Request { arrived, input: Tokens::new(5), ..Request::default() }, 0);
            assert_eq!(place.size, 5);
            place.deadline
        };
        assert_eq!(at(Some(3), Some(4)), SimTime::ZERO + secs(13));
        assert_eq!(at(Some(5), Some(4)), SimTime::ZERO + secs(14));
        assert_eq!([at(None, Some(4)), at(None, None)], [SimTime::ZERO + secs(14), SimTime::NEVER]);
    }
}
