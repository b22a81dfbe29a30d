//! The line itself.

use super::{Order, Place, Queue, Shed};
use std::collections::BTreeMap;
use std::ops::Bound;

/// Requests that wait, by their slots. Each operation takes time in proportion to the logarithm of their number.
///
/// The requests of each tenant are in the order of ranks; of the first ones of all tenants the one with the lowest start tag
/// goes first (see [`Fair`](super::Fair)). An order that tells nobody apart has one tenant, and tags that are all zero.
///
/// Whoever serves the line may let some wait and serve others behind them: requests stand in lanes, by what they wait for
/// beside their turn, and who is not the first of his lane need not be asked. [`Line::next`] goes from lane to lane in the
/// order of those who lead them.
#[derive(Clone, Debug)]
pub struct Line {
    order: Order,
    is_shared: bool,
    capacity: u64,
    shed: Shed,
    /// Those of each tenant in each lane where any wait.
    rows: BTreeMap<(u32, u64), Row>,
    /// By lane the first request of each tenant, and whose it is.
    lanes: BTreeMap<u64, BTreeMap<Turn, u32>>,
    /// The first request of each lane.
    leads: BTreeMap<Turn, u64>,
    /// By tenant the tag at which the last one that went has ended, where the line is shared.
    ended: BTreeMap<u32, u64>,
    /// Those that wait, from the one that is shed first on; empty where the newest is.
    victims: BTreeMap<(u64, u64), Ticket>,
    waiting: u64,
    joined: u64,
    virtual_time: u64,
    last_end: u64, // the latest tag at which a request that went has ended
}

/// When it is a request's turn: the lower goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Turn {
    start: u64,
    rank: u64,
    number: u64,
}

/// What is left when a request leaves its place, or to take it out of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket {
    tenant: u32,
    lane: u64,
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
struct Row {
    waiting: BTreeMap<(u64, u64), Entry>, // by rank and number
    head: Option<Turn>,                   // of its first one, as its lane knows it
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
            rows: BTreeMap::new(),
            lanes: BTreeMap::new(),
            leads: BTreeMap::new(),
            ended: BTreeMap::new(),
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

    /// Whether somebody waits in `lane`.
    pub fn has_lane(&self, lane: u64) -> bool {
        self.lanes.contains_key(&lane)
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
        let (rank, number) = (self.order.model().rank(&place, self.joined), self.joined);
        let ticket = Ticket { tenant, lane: place.lane, rank, number };
        let size = if self.is_shared { place.size } else { 0 };
        let entry = Entry { slot, priority: place.priority, size, came: self.virtual_time };
        self.joined += 1;
        self.waiting += 1;
        if let Some(key) = self.victim_key(entry.priority, ticket.number) {
            self.victims.insert(key, ticket);
        }
        self.rows.entry((tenant, place.lane)).or_default().waiting.insert((rank, number), entry);
        self.lead(tenant, place.lane);
        ticket
    }

    /// Whose turn it is first of those who lead their lanes, or first after `passed`.
    pub fn next(&self, passed: Option<Turn>) -> Option<(Turn, u32)> {
        let from = passed.map_or(Bound::Unbounded, Bound::Excluded);
        let (&turn, &lane) = self.leads.range((from, Bound::Unbounded)).next()?;
        let tenant = *self.lanes.get(&lane)?.get(&turn)?;
        let entry = self.rows.get(&(tenant, lane))?.waiting.first_key_value()?.1;
        Some((turn, entry.slot))
    }

    /// Who leads a lane at this `turn` leaves the line, and goes.
    pub fn go(&mut self, turn: Turn) -> Option<u32> {
        let lane = *self.leads.get(&turn)?;
        let tenant = *self.lanes.get(&lane)?.get(&turn)?;
        let ((_, joined), entry) = self.rows.get_mut(&(tenant, lane))?.waiting.pop_first()?;
        let ended = turn.start.saturating_add(entry.size);
        // Who was passed starts earlier than what has gone since.
        self.virtual_time = self.virtual_time.max(turn.start);
        self.last_end = self.last_end.max(ended);
        self.left(tenant, lane, joined, entry);
        if self.is_shared {
            self.ended.insert(tenant, ended);
            let others: Vec<u64> =
                self.rows.range((tenant, 0)..=(tenant, u64::MAX)).map(|((_, lane), _)| *lane).collect();
            others.into_iter().for_each(|lane| self.lead(tenant, lane));
        }
        Some(entry.slot)
    }

    /// The lane that is led at this `turn` is passed over by [`Line::next`] until it is roused, or somebody else leads it: which
    /// lane that is.
    pub fn rest(&mut self, turn: Turn) -> Option<u64> {
        self.leads.remove(&turn)
    }

    /// Who leads `lane` is asked again.
    pub fn rouse(&mut self, lane: u64) {
        if let Some((turn, _)) = self.lanes.get(&lane).and_then(BTreeMap::first_key_value) {
            self.leads.insert(*turn, lane);
        }
    }

    /// Takes a request out of the line that will not go: its slot, if it still stood there. Its tenant has nothing to pay for.
    pub fn remove(&mut self, ticket: Ticket) -> Option<u32> {
        let Ticket { tenant, lane, rank, number } = ticket;
        let entry = self.rows.get_mut(&(tenant, lane))?.waiting.remove(&(rank, number))?;
        self.left(tenant, lane, number, entry);
        Some(entry.slot)
    }

    fn left(&mut self, tenant: u32, lane: u64, number: u64, entry: Entry) {
        self.waiting -= 1;
        if let Some(key) = self.victim_key(entry.priority, number) {
            self.victims.remove(&key);
        }
        self.lead(tenant, lane);
    }

    /// Puts the first request of `tenant` in `lane` among the first ones there, in place of the one that was.
    fn lead(&mut self, tenant: u32, lane: u64) {
        let Some(row) = self.rows.get_mut(&(tenant, lane)) else { return };
        let ended = self.ended.get(&tenant).copied().unwrap_or(0);
        let head = row.waiting.first_key_value();
        let head = head.map(|(&(rank, number), entry)| Turn { start: entry.came.max(ended), rank, number });
        let before = std::mem::replace(&mut row.head, head);
        if before == head {
            return;
        }
        let heads = self.lanes.entry(lane).or_default();
        let led = heads.first_key_value().map(|(turn, _)| *turn);
        if let Some(turn) = before {
            heads.remove(&turn);
        }
        match head {
            Some(turn) => drop(heads.insert(turn, tenant)),
            None => drop(self.rows.remove(&(tenant, lane))),
        }
        let leads = heads.first_key_value().map(|(turn, _)| *turn);
        if leads.is_none() {
            self.lanes.remove(&lane);
        }
        if led != leads {
            led.map(|turn| self.leads.remove(&turn));
            leads.map(|turn| self.leads.insert(turn, lane));
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

    const PLACE: Place = Place { priority: 0, size: 1, deadline: SimTime::NEVER, tenant: 0, lane: 0 };

    fn line(order: Order) -> Line {
        Line::new(&Queue { order, ..Queue::default() })
    }

    fn first(line: &mut Line) -> Option<u32> {
        let (turn, _) = line.next(None)?;
        line.go(turn)
    }

    fn drained(mut line: Line) -> Vec<u32> {
        std::iter::from_fn(|| first(&mut line)).collect()
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
        assert_eq!([first(&mut line), first(&mut line), first(&mut line)], [Some(0), Some(1), Some(2)]);
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

    /// Lane 7 is passed over; who goes from lane 9 pays for the tenant in both.
    #[test]
    fn who_leads_a_lane_may_be_passed() {
        let mut line = line(Order::Fair(Fair::default()));
        for (slot, (tenant, lane)) in [(0, 7), (0, 7), (0, 9), (1, 9), (1, 7)].into_iter().enumerate() {
            line.push(slot as u32, Place { tenant, lane, size: 10, ..PLACE });
        }
        let leads = |line: &Line| {
            let mut passed = None;
            let next = || {
                let (turn, slot) = line.next(passed)?;
                passed = Some(turn);
                Some((turn, slot))
            };
            std::iter::from_fn(next).collect::<Vec<_>>()
        };
        let slots = |line: &Line| leads(line).into_iter().map(|(_, slot)| slot).collect::<Vec<_>>();
        assert_eq!(slots(&line), [0, 2]);
        let (turn, _) = leads(&line)[1];
        assert_eq!((line.go(turn), line.go(turn)), (Some(2), None));
        // Tenant 0 has had 10, so that tenant 1 leads both.
        assert_eq!((slots(&line), line.has_lane(7), line.has_lane(8)), (vec![3, 4], true, false));
        let (turn, _) = leads(&line)[1];
        assert_eq!((line.rest(turn), slots(&line), line.go(turn)), (Some(7), vec![3], None));
        line.rouse(8);
        line.rouse(7);
        assert_eq!(slots(&line), [3, 4]);
        assert_eq!(drained(line), [3, 0, 4, 1]);
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
