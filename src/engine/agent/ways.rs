//! Where calls go: the tiers in use, and the routes to them.

use super::front;
use crate::client::{self, Choice, Route, Spread};
use crate::engine::run::Cell;
use crate::protocol::{Class, Fault, Labels, Request};
use crate::provider::{Behaviour, LOAD, Pressure, Quota, Service, ServiceTimes, Tier};
use crate::rng::{Seed, Stream};
use crate::units::{SimDuration, SimTime};
use std::ops::Range;

/// A tier in use: its limits, its prices and the service behind them.
pub(super) struct Site {
    pub quota: Quota,
    /// None where every call simply takes its time.
    pub behaviour: Option<Behaviour>,
    /// The numbers of its limits in the record.
    pub limits: Range<usize>,
}

/// One way to an answer.
struct Way {
    site: usize,
    /// What is added to the number of a class to name the same class with the route's labels.
    shift: u16,
    /// How long calls take there, by class, where that is not drawn with the request.
    times: Vec<Option<ServiceTimes>>,
    under_way: u32,
    cools_until: SimTime,
    /// Until when the breaker before it lets nothing through.
    rests_until: SimTime,
}

/// All ways: that of the tier that is judged is route 0.
pub(super) struct Ways {
    pub sites: Vec<Site>,
    /// The classes of calls to the tier that is judged, whatever the route.
    pub here: Vec<Class>,
    ways: Vec<Way>,
    /// By class the number of the same class whose calls state a `max_tokens` that has grown once, less one.
    grown: Vec<u16>,
    /// By class the routes that it may take, in order.
    allowed: Vec<Vec<usize>>,
    spread: Option<Spread>,
    turn: usize,
}

impl Ways {
    /// Those of `cell` in one replication. Replies carry hints if `reads_hints`.
    pub fn new(cell: Cell, replication: u64, reads_hints: bool) -> Self {
        let routes = &cell.strategy.route;
        let classes = front::classes(cell.strategy, cell.scenario.facts());
        let (all, grown) = with_grown(&classes);
        let mut tiers: Vec<(&Tier, Vec<Class>)> =
            cell.tiers().into_iter().map(|(_, tier)| (tier, Vec::new())).collect();
        tiers[0].1.extend(all.iter().cloned());
        let mut ways = vec![Way::new(0, 0, vec![None; classes.len()])];
        for (name, route) in routes {
            let tier = route.tier.as_ref().and_then(|name| cell.scenario.tier.find(name)).unwrap_or(cell.tier);
            let site = tiers.iter().position(|(known, _)| std::ptr::eq(*known, tier)).unwrap_or(0);
            let shift = tiers[site].1.len() as u16;
            let there: Vec<Class> = all.iter().map(|class| relabelled(class, route)).collect();
            ways.push(Way::new(site, shift, times(cell, replication, (name, tier), &classes, &there)));
            tiers[site].1.extend(there);
        }
        let here = tiers[0].1.clone();
        let mut next = 0;
        let sites = tiers.into_iter().map(|(tier, there)| {
            let site = Site::new(cell, replication, tier, &there, reads_hints, next);
            next = site.limits.end;
            site
        });
        Ways {
            sites: sites.collect(),
            here,
            ways,
            grown,
            allowed: classes.iter().map(|class| allowed(routes, &class.name)).collect(),
            spread: cell.strategy.spread,
            turn: 0,
        }
    }

    /// The route that the next call for a request of `class` takes at `now`, where it has come to its `way`-th way; `None`
    /// where it has none left.
    pub fn choose(&mut self, now: SimTime, class: u16, way: usize) -> Option<usize> {
        let chosen = self.next(now, class, way)?;
        self.turn = chosen + 1;
        Some(chosen)
    }

    /// The same before it is taken.
    pub fn next(&self, now: SimTime, class: u16, way: usize) -> Option<usize> {
        let allowed = &self.allowed[usize::from(class)];
        let Some(spread) = self.spread else { return allowed.get(way).copied() };
        let is_ready = |route: &&usize| self.ways[**route].ready_at() <= now;
        let chosen = match spread.by {
            Choice::LeastBusy => allowed.iter().filter(is_ready).min_by_key(|route| self.ways[**route].under_way),
            Choice::RoundRobin => {
                let later = allowed.iter().filter(|route| **route >= self.turn).find(is_ready);
                later.or_else(|| allowed.iter().find(is_ready))
            }
        };
        // Where all cool down the one that is ready first has to do.
        let soonest = || allowed.iter().min_by_key(|route| self.ways[**route].ready_at());
        chosen.or_else(soonest).copied()
    }

    /// The routes of which a request of `class` takes one, where it has come to its `way`-th way.
    pub fn routes(&self, class: u16, way: usize) -> &[usize] {
        let allowed = &self.allowed[usize::from(class)];
        if self.spread.is_some() { allowed } else { allowed.get(way..).and_then(|rest| rest.get(..1)).unwrap_or(&[]) }
    }

    /// How many ways requests of `class` have.
    pub fn count(&self, class: u16) -> usize {
        if self.spread.is_some() { 1 } else { self.allowed[usize::from(class)].len() }
    }

    /// How many classes of requests there are.
    pub fn classes(&self) -> u16 {
        self.allowed.len() as u16
    }

    /// Whether a request of `class` has another way after its `way`-th one.
    pub fn has_next(&self, class: u16, way: usize) -> bool {
        self.spread.is_none() && way + 1 < self.allowed[usize::from(class)].len()
    }

    /// A call on `route` failed at `now`, with such a hint. Says whether the next one may go at once, elsewhere.
    pub fn failed(&mut self, now: SimTime, class: u16, route: usize, hint: Option<SimDuration>) -> bool {
        let Some(spread) = self.spread else { return false };
        self.ways[route].cools_until = now.saturating_add(hint.unwrap_or(spread.cool_down));
        self.allowed[usize::from(class)].iter().any(|route| self.ways[*route].ready_at() <= now)
    }

    /// The breaker before `route` lets nothing through until then.
    pub fn rest(&mut self, route: usize, until: SimTime) {
        self.ways[route].rests_until = until;
    }

    /// Whether `route` leads to the tier that is judged.
    pub fn is_here(&self, route: usize) -> bool {
        self.ways[route].site == 0
    }

    /// The site that `route` leads to.
    pub fn site(&mut self, route: usize) -> &mut Site {
        &mut self.sites[self.ways[route].site]
    }

    /// `request` as the provider at the end of `route` sees it, where its `max_tokens` has `grown` so often.
    pub fn seen(&mut self, request: &Request, route: usize, grown: u16) -> Request {
        let source = self.class_on(route, request.source, grown);
        let way = &mut self.ways[route];
        let service = match &mut way.times[usize::from(request.source)] {
            Some(times) => times.draw(request.output),
            None => request.service,
        };
        Request { source, service, ..*request }
    }

    /// Whether calls of `class` take a time on `route` that is not drawn with the request.
    pub fn has_own_times(&self, route: usize, class: u16) -> bool {
        self.ways[route].times[usize::from(class)].is_some()
    }

    /// The number of `class` with the labels of `route`, as the site at its end counts, where the `max_tokens` of its calls
    /// has `grown` so often.
    pub fn class_on(&self, route: usize, class: u16, grown: u16) -> u16 {
        let class = if grown == 0 { class } else { self.grown[usize::from(class)] + grown };
        class + self.ways[route].shift
    }

    /// Calls in flight, on all of them.
    pub fn under_way(&self) -> u64 {
        self.ways.iter().map(|way| u64::from(way.under_way)).sum()
    }

    /// A call on `route` has begun.
    pub fn begin(&mut self, route: usize) {
        self.ways[route].under_way += 1;
    }

    /// A call on `route` has ended.
    pub fn end(&mut self, route: usize) {
        self.ways[route].under_way -= 1;
    }
}

impl Way {
    fn new(site: usize, shift: u16, times: Vec<Option<ServiceTimes>>) -> Self {
        Way { site, shift, times, under_way: 0, cools_until: SimTime::ZERO, rests_until: SimTime::ZERO }
    }

    /// When it gets calls again.
    fn ready_at(&self) -> SimTime {
        self.cools_until.max(self.rests_until)
    }
}

/// The routes that a class may take, in order.
fn allowed(routes: &[(String, Route)], class: &str) -> Vec<usize> {
    let open = routes.iter().enumerate().filter(|(_, (_, route))| client::lists(&route.classes, class));
    let (first, then): (Vec<_>, Vec<_>) = open.partition(|(_, (_, route))| route.first);
    let number = |(at, _): (usize, _)| at + 1;
    first.into_iter().map(number).chain([0]).chain(then.into_iter().map(number)).collect()
}

/// `classes` and, behind them, those of them whose answers are asked for again as they are after each growth of their
/// `max_tokens`; by class the number of the first of those, less one.
fn with_grown(classes: &[Class]) -> (Vec<Class>, Vec<u16>) {
    let mut all = classes.to_vec();
    let mut numbers = Vec::new();
    for class in classes {
        numbers.push(all.len() as u16 - 1);
        let first = class.max_tokens.unwrap_or_default();
        let steps = class.re_asking.steps(first, class.re_asks);
        all.extend(steps.map(|grown| Class { max_tokens: Some(grown), ..class.clone() }));
    }
    (all, numbers)
}

/// `class` with the labels of `route`.
fn relabelled(class: &Class, route: &Route) -> Class {
    let Route { model, endpoint, region, .. } = route.clone();
    let labels = Labels { model, endpoint, region, ..Labels::default() }.or(&class.labels);
    Class { labels, ..class.clone() }
}

/// `service` for a client that waits so long for an answer: whoever loses patience first ends the call.
fn bounded(service: &Service, patience: Option<SimDuration>) -> Service {
    let mut service = service.clone();
    let both = service.faults.timeout.into_iter().chain(patience);
    service.faults.timeout = both.min();
    service
}

/// The times of each class on a route, by its name and its tier, where they differ from those that are drawn with the request.
fn times(
    cell: Cell,
    replication: u64,
    (name, tier): (&str, &Tier),
    here: &[Class],
    there: &[Class],
) -> Vec<Option<ServiceTimes>> {
    let [service_here, service_there] = [cell.tier, tier].map(|tier| cell.scenario.provider.at(tier));
    let time = |(here, there): (&Class, &Class)| {
        let latency = service_there.latency(there);
        let stream = |purpose: &str| {
            let name = format!("{purpose}/route/{name}/{}", here.name);
            Seed(cell.scenario.seed).stream(replication, &name)
        };
        let differs = latency != service_here.latency(here);
        differs.then(|| ServiceTimes::new(&latency, stream("first-token"), stream("per-token")))
    };
    here.iter().zip(there).map(time).collect()
}

impl Site {
    /// The hint of a call that has just failed there by `fault`.
    pub fn hint(&self, fault: Fault) -> Option<SimDuration> {
        self.behaviour.as_ref()?.hint(fault)
    }

    fn new(
        cell: Cell,
        replication: u64,
        tier: &Tier,
        classes: &[Class],
        reads_hints: bool,
        first_limit: usize,
    ) -> Self {
        let scenario = cell.scenario;
        let stream = |name: &str| -> Stream { Seed(scenario.seed).stream(replication, name) };
        // Another provider shares neither the load nor the faults of this one.
        let elsewhere = Service {
            load: None,
            congestion: None,
            servers: None,
            faults: Default::default(),
            ..scenario.provider.clone()
        };
        let is_here = std::ptr::eq(tier, cell.tier) || (tier.provider.is_some() && tier.provider == cell.tier.provider);
        let service = if is_here { &scenario.provider } else { &elsewhere };
        let service = &bounded(service, cell.strategy.timeout);
        let pressure = service.load.as_ref().and_then(|load| Pressure::new(load, stream(LOAD)));
        let quota = Quota::new(tier, classes, &scenario.start, service.retry_after).under(pressure);
        Site {
            quota: if reads_hints { quota } else { quota.muted() },
            behaviour: Behaviour::new(service, tier, classes, &scenario.start, &stream),
            limits: first_limit..first_limit + tier.limits.len(),
        }
    }
}
