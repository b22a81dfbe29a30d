//! The line itself.

use super::{Order, Place, Queue, Shed};
use std::collections::BTreeMap;

/// Requests that wait, by their slots. Each operation takes time in proportion to the logarithm of their number.
///
/// The line of each tenant is in the order of ranks; of the first ones of all tenants the one with the lowest start tag goes
/// first (see [`Fair`](super::Fair)). An order that tells nobody apart has one tenant, and tags that are all zero.
#[derive(Clone, Debug)]
pub struct Line {
    order: Order,
    is_shared: bool,
    capacity: u64,
    shed: Shed,
    tenants: BTreeMap<u32, Tenant>,
    /// The first request of each tenant that has any, by start tag and number.
    heads: BTreeMap<(u64, u64), u32>,
    /// Those that wait, from the one that is shed first on; empty where the newest is.
    victims: BTreeMap<(u64, u64), Ticket>,
    waiting: u64,
    joined: u64,
    virtual_time: u64,
    last_end: u64, // the latest tag at which a request that went has ended
}

/// What is left when a request leaves its place, or to take it out of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket {
    tenant: u32,
    rank: u64,
    number: u64,
}

/// What becomes of a request that joins a line with a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// It waits.
    Waits(Ticket),
    /// There is no room, and it is the one that is shed.
    Refused,
    /// It waits, and the one in that slot is shed instead.
    Instead(Ticket, u32),
}

#[derive(Clone, Debug, Default)]
struct Tenant {
    waiting: BTreeMap<(u64, u64), Entry>, // by rank and number
    ended: u64,                           // the tag at which the last one that went has ended
    head: Option<(u64, u64)>,             // its key in `heads`
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    slot: u32,
    priority: u8,
    size: u64,
    came: u64, // the virtual time at which it joined
}

impl Line {
    /// An empty line.
    pub fn new(queue: &Queue) -> Self {
        Line {
            is_shared: queue.order.model().tenancy().is_some(),
            order: queue.order.clone(),
            capacity: queue.capacity.unwrap_or(u64::MAX),
            shed: queue.shed,
            tenants: BTreeMap::new(),
            heads: BTreeMap::new(),
            victims: BTreeMap::new(),
            waiting: 0,
            joined: 0,
            virtual_time: 0,
            last_end: 0,
        }
    }

    /// How many wait.
    pub fn len(&self) -> u64 {
        self.waiting
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.waiting == 0
    }

    /// The request in `slot` joins if there is room for it, or is made.
    pub fn offer(&mut self, slot: u32, place: Place) -> Offer {
        if self.waiting < self.capacity {
            return Offer::Waits(self.push(slot, place));
        }
        match self.victim(place) {
            None => Offer::Refused,
            Some(ticket) => match self.remove(ticket) {
                None => Offer::Refused,
                Some(victim) => Offer::Instead(self.push(slot, place), victim),
            },
        }
    }

    /// The request in `slot` joins, be there room or not.
    pub fn push(&mut self, slot: u32, place: Place) -> Ticket {
        if self.waiting == 0 {
            // Nobody is owed anything.
            self.virtual_time = self.last_end.max(self.virtual_time);
        }
        let tenant = if self.is_shared { place.tenant } else { 0 };
        let ticket = Ticket { tenant, rank: self.order.model().rank(&place, self.joined), number: self.joined };
        let size = if self.is_shared { place.size } else { 0 };
        let entry = Entry { slot, priority: place.priority, size, came: self.virtual_time };
        self.joined += 1;
        self.waiting += 1;
        if let Some(key) = self.victim_key(entry.priority, ticket.number) {
            self.victims.insert(key, ticket);
        }
        self.tenants.entry(tenant).or_default().waiting.insert((ticket.rank, ticket.number), entry);
        self.lead(tenant);
        ticket
    }

    /// Who goes next.
    pub fn peek(&self) -> Option<u32> {
        let tenant = self.tenants.get(self.heads.first_key_value()?.1)?;
        tenant.waiting.first_key_value().map(|(_, entry)| entry.slot)
    }

    /// Who goes next leaves the line.
    pub fn pop(&mut self) -> Option<u32> {
        let (&(start, _), &number) = self.heads.first_key_value()?;
        let tenant = self.tenants.get_mut(&number)?;
        let ((_, joined), entry) = tenant.waiting.pop_first()?;
        tenant.ended = start.saturating_add(entry.size);
        self.virtual_time = start;
        self.last_end = self.last_end.max(tenant.ended);
        self.left(number, joined, entry);
        Some(entry.slot)
    }

    /// Takes a request out of the line that will not go: its slot, if it still stood there. Its tenant has nothing to pay for.
    pub fn remove(&mut self, ticket: Ticket) -> Option<u32> {
        let entry = self.tenants.get_mut(&ticket.tenant)?.waiting.remove(&(ticket.rank, ticket.number))?;
        self.left(ticket.tenant, ticket.number, entry);
        Some(entry.slot)
    }

    fn left(&mut self, tenant: u32, number: u64, entry: Entry) {
        self.waiting -= 1;
        if let Some(key) = self.victim_key(entry.priority, number) {
            self.victims.remove(&key);
        }
        self.lead(tenant);
    }

    /// Puts the first request of `tenant` among the heads, in place of the one that was there.
    fn lead(&mut self, number: u32) {
        let Some(tenant) = self.tenants.get_mut(&number) else { return };
        if let Some(head) = tenant.head.take() {
            self.heads.remove(&head);
        }
        if let Some((&(_, joined), entry)) = tenant.waiting.first_key_value() {
            let head = (entry.came.max(tenant.ended), joined);
            self.heads.insert(head, number);
            tenant.head = Some(head);
        }
    }

    /// Whom to shed for the sake of one that would stand at `place`; `None` where that one is to go.
    fn victim(&self, place: Place) -> Option<Ticket> {
        let (key, ticket) = self.victims.first_key_value()?;
        let newcomer = self.victim_key(place.priority, self.joined)?;
        (*key < newcomer).then_some(*ticket)
    }

    /// Orders those that wait from the one that is shed first on.
    fn victim_key(&self, priority: u8, number: u64) -> Option<(u64, u64)> {
        match self.shed {
            Shed::Newest => None,
            Shed::Oldest => Some((0, number)),
            Shed::LowestPriority => Some((u64::from(priority), u64::MAX - number)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Deadline, Fair, Lifo, Priority, Shortest};
    use super::*;
    use crate::units::SimTime;

    const PLACE: Place = Place { priority: 0, size: 1, deadline: SimTime::NEVER, tenant: 0 };

    fn line(order: Order) -> Line {
        Line::new(&Queue { order, ..Queue::default() })
    }

    fn drained(mut line: Line) -> Vec<u32> {
        std::iter::from_fn(|| line.pop()).collect()
    }

    fn order_of(order: Order, places: &[Place]) -> Vec<u32> {
        let mut line = line(order);
        for (slot, place) in places.iter().enumerate() {
            line.push(slot as u32, *place);
        }
        drained(line)
    }

    #[test]
    fn each_order_goes_by_its_own_measure() {
        let at = SimTime::from_nanos;
        let places = [
            Place { priority: 1, size: 30, deadline: at(9), ..PLACE },
            Place { priority: 5, size: 20, deadline: SimTime::NEVER, ..PLACE },
            Place { priority: 1, size: 10, deadline: at(3), ..PLACE },
            Place { priority: 5, size: 20, deadline: at(9), ..PLACE },
        ];
        assert_eq!(order_of(Order::default(), &places), [0, 1, 2, 3]);
        assert_eq!(order_of(Order::Lifo(Lifo {}), &places), [3, 2, 1, 0]);
        assert_eq!(order_of(Order::Priority(Priority {}), &places), [1, 3, 0, 2]);
        assert_eq!(order_of(Order::Shortest(Shortest::default()), &places), [2, 1, 3, 0]);
        assert_eq!(order_of(Order::Deadline(Deadline {}), &places), [2, 0, 3, 1]);
    }

    /// Start tags: of tenant 0 at 0, 100 and 200, of tenant 1 at 0, 40, 80 and 120.
    #[test]
    fn small_requests_catch_up_with_large_ones() {
        let places = [(0, 100), (0, 100), (0, 100), (1, 40), (1, 40), (1, 40), (1, 40)];
        let places = places.map(|(tenant, size)| Place { tenant, size, ..PLACE });
        assert_eq!(order_of(Order::Fair(Fair::default()), &places), [0, 3, 4, 5, 1, 6, 2]);
    }

    #[test]
    fn a_tenant_that_comes_late_is_owed_nothing() {
        let mut line = line(Order::Fair(Fair::default()));
        let big = |tenant| Place { tenant, size: 100, ..PLACE };
        for slot in 0..4 {
            line.push(slot, big(0));
        }
        assert_eq!([line.pop(), line.pop(), line.pop()], [Some(0), Some(1), Some(2)]);
        // Tenant 1 starts at the virtual time, 200, where the fourth of tenant 0 has 300.
        for slot in 4..7 {
            line.push(slot, big(1));
        }
        assert_eq!(drained(line), [4, 3, 5, 6]);
    }

    #[test]
    fn who_is_taken_out_costs_the_tenant_nothing() {
        let mut line = line(Order::Fair(Fair::default()));
        let of = |tenant, size| Place { tenant, size, ..PLACE };
        let first = line.push(0, of(0, 1_000));
        line.push(1, of(0, 10));
        line.push(2, of(1, 10));
        line.push(3, of(1, 10));
        assert_eq!((line.remove(first), line.remove(first)), (Some(0), None));
        assert_eq!(drained(line), [1, 2, 3]);
    }

    #[test]
    fn a_full_line_sheds_as_it_is_told() {
        let offered = |shed: Shed, priorities: [u8; 4]| {
            let mut line = Line::new(&Queue { capacity: Some(2), shed, ..Queue::default() });
            let offer = |(slot, priority)| match line.offer(slot, Place { priority, ..PLACE }) {
                Offer::Waits(_) => None,
                Offer::Refused => Some(slot),
                Offer::Instead(_, victim) => Some(victim),
            };
            let shed: Vec<u32> = (0..).zip(priorities).filter_map(offer).collect();
            (shed, drained(line))
        };
        assert_eq!(offered(Shed::Newest, [0, 0, 0, 9]), (vec![2, 3], vec![0, 1]));
        assert_eq!(offered(Shed::Oldest, [9, 0, 0, 0]), (vec![0, 1], vec![2, 3]));
        assert_eq!(offered(Shed::LowestPriority, [1, 1, 1, 2]), (vec![2, 1], vec![0, 3]));
        assert_eq!(offered(Shed::LowestPriority, [3, 1, 0, 2]), (vec![2, 1], vec![0, 3]));
    }

    #[test]
    fn a_line_without_room_sheds_everything() {
        for shed in [Shed::Newest, Shed::Oldest, Shed::LowestPriority] {
            let mut line = Line::new(&Queue { capacity: Some(0), shed, ..Queue::default() });
            assert_eq!((line.offer(0, PLACE), line.len()), (Offer::Refused, 0));
        }
    }
}
