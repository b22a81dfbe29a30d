//! Every order of a queue keeps its promise, and loses nobody.

use crate::generate::{Dice, OnPanic};
use ratecast::client::Strategy;
use ratecast::client::queue::{Fair, Line, Offer, Order, Place, Queue, Shed, Tenancy, Ticket, Turn};
use ratecast::client::retry::{NoRetry, RetryPolicy};
use ratecast::engine::{Cell, Stop, simulate_in_full};
use ratecast::params::Choice;
use ratecast::provider::Tier;
use ratecast::scenario::load_text;
use ratecast::units::SimTime;
use std::collections::BTreeMap;

/// Who waits, and an order by its definition: all that wait are looked at, every time.
struct Twin {
    order: Order,
    waiting: Vec<Waiting>,
    joined: u64,
    virtual_time: u64,
    ended: BTreeMap<u32, u64>,
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    slot: u32,
    place: Place,
    number: u64,
    came: u64,
}

impl Twin {
    /// The lowest goes first. A new order needs a line here.
    fn rank(&self, one: &Waiting) -> (u64, u64) {
        let first = |number: u64| (0, number);
        match self.order {
            Order::Fifo(_) => first(one.number),
            Order::Lifo(_) => first(u64::MAX - one.number),
            Order::Priority(_) => (255 - u64::from(one.place.priority), one.number),
            Order::Shortest(_) => (one.place.size, one.number),
            Order::Deadline(_) => (one.place.deadline.as_nanos(), one.number),
            Order::Fair(_) => (self.start(one), one.number),
        }
    }

    /// The start tag of one that waits: after those of its tenant that came before it in its lane.
    fn start(&self, one: &Waiting) -> u64 {
        let ended = self.ended.get(&one.place.tenant).copied().unwrap_or(0);
        let is_beside = |w: &&Waiting| (w.place.tenant, w.place.lane) == (one.place.tenant, one.place.lane);
        let mut before: Vec<&Waiting> = self.waiting.iter().filter(is_beside).collect();
        before.sort_by_key(|w| w.number);
        let mut end = ended;
        for other in before {
            let start = end.max(other.came);
            if other.number == one.number {
                return start;
            }
            end = start + other.place.size;
        }
        unreachable!("it waits");
    }

    fn push(&mut self, slot: u32, place: Place) {
        if self.waiting.is_empty() {
            self.virtual_time = self.ended.values().copied().max().unwrap_or(0).max(self.virtual_time);
        }
        let (number, came) = (self.joined, self.virtual_time);
        self.waiting.push(Waiting { slot, place, number, came });
        self.joined += 1;
    }

    /// Those who are first in their lanes, in their order.
    fn leads(&self) -> Vec<u32> {
        let mut all = self.waiting.clone();
        all.sort_by_key(|one| self.rank(one));
        let is_first = |at: usize| all[..at].iter().all(|before| before.place.lane != all[at].place.lane);
        (0..all.len()).filter(|at| is_first(*at)).map(|at| all[at].slot).collect()
    }

    fn go(&mut self, slot: u32) {
        let at = self.waiting.iter().position(|one| one.slot == slot).expect("it waits");
        let start = self.start(&self.waiting[at]);
        let one = self.waiting.remove(at);
        if matches!(self.order, Order::Fair(_)) {
            self.virtual_time = self.virtual_time.max(start);
            self.ended.insert(one.place.tenant, start + one.place.size);
        }
    }

    /// Makes room for one at `place`: who goes, if it is not that one itself.
    fn victim(&self, shed: Shed, place: Place) -> Option<usize> {
        let all = 0..self.waiting.len();
        match shed {
            Shed::Newest => None,
            Shed::Oldest => all.min_by_key(|&at| self.waiting[at].number),
            Shed::LowestPriority => {
                let least =
                    all.min_by_key(|&at| (self.waiting[at].place.priority, u64::MAX - self.waiting[at].number))?;
                (self.waiting[least].place.priority < place.priority).then_some(least)
            }
        }
    }
}

/// Those who lead their lanes.
fn leads(line: &Line) -> Vec<(Turn, u32)> {
    std::iter::successors(line.next(None), |(turn, _)| line.next(Some(*turn))).collect()
}

fn first(line: &mut Line) -> Option<u32> {
    let (turn, _) = line.next(None)?;
    line.go(turn)
}

fn place(dice: &mut Dice) -> Place {
    Place {
        priority: dice.one_of(&[0, 1, 1, 2, 255]),
        size: dice.pick(1..=30),
        deadline: dice.perhaps(80, |dice| dice.pick(0..=50)).map_or(SimTime::NEVER, SimTime::from_nanos),
        tenant: dice.pick(0..=3) as u32,
        lane: dice.pick(0..=2),
    }
}

/// A few hundred steps of a line beside its twin.
fn judge(order: &Order, dice: &mut Dice) {
    let capacity = dice.perhaps(70, |dice| dice.pick(0..=12));
    let shed = if capacity.is_some() {
        dice.one_of(&[Shed::Newest, Shed::Oldest, Shed::LowestPriority])
    } else {
        Shed::Newest
    };
    let queue = Queue { capacity, shed, order: order.clone(), ..Queue::default() };
    let mut line = Line::new(&queue);
    let (ended, waiting) = (BTreeMap::new(), Vec::new());
    let mut twin = Twin { order: order.clone(), waiting, joined: 0, virtual_time: 0, ended };
    let mut tickets: BTreeMap<u32, Ticket> = BTreeMap::new();
    let (mut offered, mut out) = (0u32, Vec::new());
    for _ in 0..300 {
        match dice.pick(0..=9) {
            0..=4 => {
                let (slot, place) = (offered, place(dice));
                offered += 1;
                let is_full = capacity.is_some_and(|capacity| twin.waiting.len() as u64 >= capacity);
                let victim = if is_full { twin.victim(shed, place) } else { None };
                match (line.offer(slot, place), is_full, victim) {
                    (Offer::Waits(ticket), false, None) => drop(tickets.insert(slot, ticket)),
                    (Offer::Refused, true, None) => {
                        out.push(slot);
                        continue;
                    }
                    (Offer::Instead(ticket, shed), true, Some(at)) => {
                        assert_eq!(twin.waiting.remove(at).slot, shed);
                        tickets.insert(slot, ticket);
                        out.push(shed);
                    }
                    other => panic!("{other:?}"),
                }
                twin.push(slot, place);
            }
            5..=8 => {
                let leads = leads(&line);
                assert_eq!(leads.iter().map(|(_, slot)| *slot).collect::<Vec<_>>(), twin.leads());
                // Some wait for what is in none of our hands.
                let passed = dice.pick(0..=2) as usize;
                let Some((turn, slot)) = leads.get(passed.min(leads.len().saturating_sub(1))) else { continue };
                assert_eq!(line.go(*turn), Some(*slot));
                twin.go(*slot);
                out.push(*slot);
            }
            _ if twin.waiting.is_empty() => {}
            _ => {
                let at = dice.pick(0..=twin.waiting.len() as u64 - 1) as usize;
                let slot = twin.waiting.remove(at).slot;
                assert_eq!(line.remove(tickets[&slot]), Some(slot));
                assert_eq!(line.remove(tickets[&slot]), None, "twice");
                out.push(slot);
            }
        }
        assert_eq!((line.len(), line.is_empty()), (twin.waiting.len() as u64, twin.waiting.is_empty()));
    }
    out.extend(std::iter::from_fn(|| first(&mut line)));
    out.sort_unstable();
    assert_eq!(out, (0..offered).collect::<Vec<_>>(), "everybody leaves once");
}

#[test]
fn every_order_does_what_its_definition_says() {
    for order in Order::registered() {
        for case in 0..400 {
            let _tried = OnPanic(|| format!("case {case} of the dice `queue`, {}", order.kind()));
            judge(&order, &mut Dice::new("queue", case));
        }
    }
}

/// As long as two tenants both wait, what they were given differs by at most the largest request of each (Goyal et al.,
/// theorem 1).
#[test]
fn tenants_that_wait_are_given_the_same() {
    let order = Order::Fair(Fair { by: Tenancy::Client, ..Fair::default() });
    for case in 0..200 {
        let dice = &mut Dice::new("fair", case);
        let _tried = OnPanic(|| format!("case {case} of the dice `fair`"));
        let largest = [dice.pick(1..=100), dice.pick(1..=100), dice.pick(1..=100)];
        let mut line = Line::new(&Queue { order: order.clone(), ..Queue::default() });
        let mut who = Vec::new();
        let join = |line: &mut Line, who: &mut Vec<(usize, u64)>, tenant: usize, dice: &mut Dice| {
            let size = dice.pick(1..=largest[tenant]);
            let place = Place { priority: 0, size, deadline: SimTime::NEVER, tenant: tenant as u32, lane: 0 };
            line.push(who.len() as u32, place);
            who.push((tenant, size));
        };
        for tenant in [0, 1, 2, 0, 1, 2] {
            join(&mut line, &mut who, tenant, dice);
        }
        let mut given = [0u64; 3];
        for _ in 0..500 {
            let (tenant, size) = who[first(&mut line).expect("somebody waits") as usize];
            given[tenant] += size;
            join(&mut line, &mut who, tenant, dice);
            for (one, other) in [(0, 1), (0, 2), (1, 2)] {
                assert!(given[one].abs_diff(given[other]) <= largest[one] + largest[other], "{given:?} of {largest:?}");
            }
        }
    }
}

/// Whatever the order, slots that are free are used: where all calls take equally long, the waits of all together are the
/// same to the nanosecond.
#[test]
fn no_order_leaves_a_slot_idle() {
    let text = r#"
        name = "orders"
        duration = "10min"
        tiers = ["open"]
        tier.open.max-output = 1000
        provider.time-to-first-token.constant = "1s"
        provider.time-per-output-token.constant = "0s"
        [traffic.low]
        arrivals.poisson.rate = "1.4/s"
        output-tokens.lognormal = { mean = 100, cv = 2.0 }
        clients.count = 5
        [traffic.high]
        arrivals.poisson.rate = "1.4/s"
        priority = 7
        deadline = "1d"
    "#;
    let scenario = load_text("orders", text, &[]).unwrap_or_else(|failure| panic!("{failure}")).scenario;
    let run = |order: Order| {
        let retry = RetryPolicy::NoRetry(NoRetry {});
        let queue = Queue { order, ..Queue::default() };
        let strategy = Strategy { concurrency: Some(3), queue, retry, ..Strategy::default() };
        let cell = Cell { scenario: &scenario, tier: &Tier::default(), strategy: &strategy };
        simulate_in_full(cell, 0, Stop::default()).unwrap_or_else(|error| panic!("{error}"))
    };
    let all: Vec<_> = Order::registered().into_iter().map(run).collect();
    let waited: Vec<u128> = all.iter().map(|record| record.total().queued).collect();
    assert!(waited[0] > 0 && waited.iter().all(|&waits| waits == waited[0]), "{waited:?}");
    let of_low: Vec<u128> = all.iter().map(|record| record.classes[0].queued).collect();
    assert!(2 * of_low[2] > 3 * of_low[0], "low priorities wait for high ones: {of_low:?}");
    assert!(all.iter().all(|record| record.total().served() == record.total().offered));
}
