//! Random whole scenarios: whatever the limits, the queue, the policy and the warm-up, nothing is lost or invented.
//!
//! Every run checks its own conservation; the checks here do not trust the record's arithmetic but compare figures that
//! were counted at different places, or in runs that must agree. A failure prints the scenario's number, which is all that
//! it takes to make it again, and the scenario itself.

use crate::generate::{self, Dice, OnPanic};
use ratecast::client::adaptive::rate::SendRate;
use ratecast::client::adaptive::window::WindowSpec;
use ratecast::client::batch::Batch;
use ratecast::client::cache::{CacheSpec, Evict, LayerSpec};
use ratecast::client::coalesce::{self, Among, Coalesce};
use ratecast::client::control::Throttle;
use ratecast::client::control::breaker::CircuitBreaker;
use ratecast::client::control::budget::RetryBudget;
use ratecast::client::flow::{Pacing, Steer, Until};
use ratecast::client::prompt_cache::PromptCache;
use ratecast::client::queue::{Order, Redelivery, Shed};
use ratecast::client::retry::RetryPolicy;
use ratecast::client::{Estimate, Queue, Strategy};
use ratecast::durations::{self, Durations};
use ratecast::engine::{Cell, Stop, simulate, simulate_in_full};
use ratecast::limiter::{Align, LimiterModel, LimiterSpec};
use ratecast::params::Parameters;
use ratecast::protocol::{Counts, Fault, ReAsking, Resume};
use ratecast::provider::faults::{Outage, Overload, Says};
use ratecast::provider::{Beyond, Congestion, Faults, Headers, Hint, LimitSpec, Load, Scope, Service, Tier};
use ratecast::recorder::{Bin, Failure, Record, Spared};
use ratecast::scenario::Scenario;
use ratecast::traffic::arrivals::{self, Arrivals};
use ratecast::traffic::sizes::{self, Sizes};
use ratecast::traffic::users::{Agents, ClosedLoop, OnFailure, Sessions, SubAgents, Users};
use ratecast::traffic::{CacheKeys, Clients, Columns, Feed, Traffic};
use ratecast::units::{Allowance, Moment, Rate, Share, SimDuration, Tokens};
use rayon::prelude::*;

const SCENARIOS: u64 = 2_500;
const SECOND: u64 = 1_000_000_000;

/// Every other span is a whole number of quarter seconds, so that events of different kinds fall on one instant.
fn millis(dice: &mut Dice, most: u64) -> SimDuration {
    let millis = dice.pick(0..=most);
    let grid = if dice.percent(50) { 250 } else { 1 };
    SimDuration::from_nanos(millis / grid * grid * 1_000_000)
}

fn rate(dice: &mut Dice) -> Rate {
    Rate::new(dice.pick(1..=40), SimDuration::from_secs(dice.pick(1..=10))).expect("a positive rate")
}

/// A cell that owns its parts.
#[derive(Clone, Debug)]
struct Trial {
    scenario: Scenario,
    tier: Tier,
    strategy: Strategy,
    replication: u64,
}

impl Trial {
    fn new(dice: &mut Dice) -> Self {
        let duration = SimDuration::from_secs(dice.pick(1..=60));
        let sources = dice.pick(1..=4);
        let limits = dice.pick(0..=4);
        let scenario = Scenario {
            start: generate::start(dice),
            duration,
            warmup: if dice.percent(50) { millis(dice, duration.as_nanos() / 2_000_000) } else { SimDuration::ZERO },
            drain: if dice.percent(50) { millis(dice, 5_000) } else { SimDuration::from_secs(86_400) },
            seed: dice.pick(0..=u64::MAX - 1),
            traffic: (0..sources).map(|at| (format!("source-{at}"), traffic(dice))).collect(),
            provider: service(dice),
            ..Scenario::default()
        };
        let tier = generate::tier(dice, limits, SimDuration::from_secs(1));
        Trial { scenario, tier, strategy: strategy(dice), replication: dice.pick(0..=3) }
    }

    fn check(&mut self) {
        self.scenario.check().expect("a valid scenario");
        self.tier.check().expect("a valid tier");
        self.strategy.check().expect("a valid strategy");
    }

    fn run(&self) -> Record {
        self.run_with(&self.strategy)
    }

    fn run_with(&self, strategy: &Strategy) -> Record {
        self.run_cell(&self.tier, strategy)
    }

    fn run_cell(&self, tier: &Tier, strategy: &Strategy) -> Record {
        // A run that does not get on should fail, not hang.
        let stop = Stop { events: 20_000_000, ..Stop::default() };
        let cell = Cell { scenario: &self.scenario, tier, strategy };
        simulate(cell, self.replication, stop).unwrap_or_else(|error| panic!("{error}"))
    }

    /// How many requests of each source arrive, and how many of them are measured; of users nobody knows before.
    fn arrivals(&self) -> Vec<Option<(u64, u64)>> {
        let count = |(name, traffic): &(String, Traffic)| {
            traffic.arrivals.as_ref()?;
            let feed = Feed::new(traffic, name, &self.scenario.setting(self.replication)).expect("no log");
            let most = traffic.requests.unwrap_or(u64::MAX);
            Some(count_arrivals(feed, most, self.scenario.warmup, self.scenario.duration))
        };
        self.scenario.traffic.iter().map(count).collect()
    }
}

fn count_arrivals(mut feed: Feed, most: u64, warmup: SimDuration, duration: SimDuration) -> (u64, u64) {
    let (mut all, mut measured) = (0, 0);
    let mut columns = Columns::default();
    loop {
        let rows = feed.fill(&mut columns).expect("no log");
        for at in &columns.arrived[..rows] {
            if at.as_nanos() >= duration.as_nanos() || all == most {
                return (all, measured);
            }
            all += 1;
            measured += u64::from(at.as_nanos() >= warmup.as_nanos());
        }
    }
}

fn traffic(dice: &mut Dice) -> Traffic {
    let rate = rate(dice);
    let arrivals = match dice.pick(0..=1) {
        0 => Arrivals::Poisson(arrivals::Poisson { rate }),
        _ => Arrivals::Constant(arrivals::Constant { rate }),
    };
    let users = dice.perhaps(20, users);
    Traffic {
        arrivals: if users.is_some() { None } else { Some(arrivals) },
        users,
        input_tokens: token_sizes(dice),
        output_tokens: token_sizes(dice),
        clients: dice.perhaps(30, |dice| Clients {
            count: dice.pick(1..=9) as u32,
            exponent: 2.0 * dice.uniform(),
            first: 0,
        }),
        cached_input: Share::from_hundred_millionths(dice.pick(0..=2) * 50_000_000),
        requests: dice.perhaps(20, |dice| dice.pick(0..=200)),
        shape: dice.perhaps(30, |dice| dice.one_of(&generate::shapes())),
        ..Traffic::default()
    }
}

fn users(dice: &mut Dice) -> Users {
    let pause = Durations::Exponential(durations::Exponential {
        mean: millis(dice, 3_000) + SimDuration::from_nanos(1_000_000),
    });
    let starts =
        Arrivals::Poisson(arrivals::Poisson { rate: Rate::new(dice.pick(1..=5), SimDuration::from_secs(10)).unwrap() });
    let turns = Sizes::Geometric(sizes::Geometric { mean: 1.0 + 4.0 * dice.uniform(), max: None });
    let on_failure = dice.one_of(&[OnFailure::Leave, OnFailure::GoOn]);
    match dice.pick(0..=2) {
        0 => Users::ClosedLoop(ClosedLoop { count: dice.pick(1..=12) as u32, think_time: pause }),
        1 => Users::Sessions(Sessions { starts, turns, think_time: pause, on_failure, ..Sessions::default() }),
        _ => {
            let sub_agents =
                Some(SubAgents { turns: turns.clone(), depth: dice.pick(1..=3) as u32, ..SubAgents::default() });
            Users::Agents(Agents { starts, turns, tool_time: pause, on_failure, sub_agents, ..Agents::default() })
        }
    }
}

fn token_sizes(dice: &mut Dice) -> Sizes {
    match dice.pick(0..=2) {
        0 => Sizes::constant(dice.pick(0..=3) as u32),
        1 => Sizes::Uniform(sizes::Uniform { min: Tokens::new(0), max: Tokens::new(dice.pick(0..=14) as u32) }),
        _ => Sizes::Lognormal(sizes::Lognormal { mean: Tokens::new(4), cv: 1.0, max: None }),
    }
}

fn durations(dice: &mut Dice) -> Durations {
    let mean = millis(dice, 1_500);
    match dice.pick(0..=3) {
        0 => Durations::constant(SimDuration::ZERO),
        1 => Durations::constant(mean),
        2 => Durations::Exponential(durations::Exponential { mean }),
        _ => {
            let mean = mean + SimDuration::from_nanos(1);
            Durations::Lognormal(durations::Lognormal { mean, cv: 2.0 * dice.uniform() })
        }
    }
}

fn service(dice: &mut Dice) -> Service {
    let mut service = Service {
        time_to_first_token: durations(dice),
        time_per_output_token: durations(dice),
        retry_after: dice.one_of(&[Hint::WholeSeconds, Hint::Exact, Hint::None]),
        congestion: dice.perhaps(20, |dice| Congestion { at: dice.pick(1..=20), ..Congestion::default() }),
        servers: dice.perhaps(20, |dice| dice.pick(1..=20) as u32),
        load: dice.perhaps(20, |dice| Load {
            cv: dice.uniform(),
            limits_above: dice.perhaps(50, Dice::uniform),
            ..Load::default()
        }),
        faults: if dice.percent(40) { faults(dice) } else { Faults::default() },
        ..Service::default()
    };
    if let Some(load) = service.load.as_mut().filter(|_| service.servers.is_some()) {
        load.servers = dice.perhaps(70, |dice| Share::from_hundred_millionths(dice.pick(0..=10) * 10_000_000));
    }
    service
}

fn faults(dice: &mut Dice) -> Faults {
    let rare = |dice: &mut Dice| Share::from_hundred_millionths(dice.pick(0..=2) * 10_000_000);
    let timeout = dice.perhaps(50, |dice| millis(dice, 4_000) + SimDuration::from_nanos(1_000_000));
    Faults {
        errors: rare(dice),
        drops: rare(dice),
        hangs: if timeout.is_some() { rare(dice) } else { Share::default() },
        timeout,
        overload: dice.perhaps(30, |dice| Overload {
            at: dice.pick(1..=20),
            retry_after: hint(dice),
            ..Overload::default()
        }),
        outage: (0..dice.pick(0..=2)).map(|at| (format!("outage-{at}"), outage(dice))).collect(),
    }
}

fn outage(dice: &mut Dice) -> Outage {
    let is_planned = dice.percent(60);
    Outage {
        at: is_planned.then(|| Moment::After(millis(dice, 30_000))),
        every: (!is_planned).then(|| SimDuration::from_secs(60)),
        length: millis(dice, 20_000) + SimDuration::from_nanos(1_000_000),
        share: Share::from_hundred_millionths(dice.pick(1..=10) * 10_000_000),
        says: dice.one_of(&[Says::Unavailable, Says::Overloaded]),
        retry_after: hint(dice),
    }
}

fn hint(dice: &mut Dice) -> Option<SimDuration> {
    dice.perhaps(30, |dice| millis(dice, 10_000))
}

fn strategy(dice: &mut Dice) -> Strategy {
    let kind = dice.one_of(&generate::kinds_of(&RetryPolicy::registered()));
    let concurrency = dice.perhaps(60, |dice| dice.pick(1..=20) as u32);
    let capacity = if concurrency.is_some() { dice.perhaps(50, |dice| dice.pick(0..=20)) } else { None };
    let deadline = dice.perhaps(40, |dice| millis(dice, 20_000));
    let retry = generate::retry_policy(dice, kind);
    let controls = dice.percent(40);
    let mut control = |percent| controls && dice.percent(percent);
    let (has_budget, has_breaker, has_throttle) = (control(70), control(40), control(30));
    let (budgets, breakers) = (RetryBudget::registered(), CircuitBreaker::registered());
    Strategy {
        concurrency,
        queue: Queue { capacity, deadline, ..Queue::default() },
        retry,
        budget: has_budget.then(|| {
            let kind = dice.one_of(&generate::kinds_of(&budgets));
            generate::retry_budget(dice, kind)
        }),
        breaker: has_breaker.then(|| {
            let kind = dice.one_of(&generate::kinds_of(&breakers));
            generate::breaker(dice, kind)
        }),
        throttle: has_throttle.then(|| Throttle { per_client: dice.percent(30), ..Throttle::default() }),
        ..Strategy::default()
    }
}

/// How often the swarm saw what it is for: outcomes, and seconds or windows in which a bound was checked.
#[derive(Clone, Copy, Default, Debug)]
struct Seen {
    served: u64,
    pending: u64,
    failures: [u64; Failure::COUNT],
    errors: [u64; Fault::COUNT],
    retries: u64,
    elided: u64,
    windows: u64,
    slots: u64,
    denied: u64,
    turned_down: u64,
}

impl Seen {
    fn of(trial: &Trial, record: &Record) -> Self {
        let total = record.total();
        Seen {
            served: total.served(),
            pending: total.pending,
            failures: total.failures,
            errors: total.errors,
            retries: total.retried,
            elided: u64::from(trial.strategy.concurrency.is_none()),
            windows: windows_hold(trial, record),
            slots: slots_hold(trial, record),
            denied: total.denied,
            turned_down: total.turned_down,
        }
    }

    fn add(mut self, other: Seen) -> Seen {
        self.served += other.served;
        self.pending += other.pending;
        self.retries += other.retries;
        self.denied += other.denied;
        self.turned_down += other.turned_down;
        self.elided += other.elided;
        self.windows += other.windows;
        self.slots += other.slots;
        self.failures.iter_mut().zip(other.failures).for_each(|(mine, theirs)| *mine += theirs);
        self.errors.iter_mut().zip(other.errors).for_each(|(mine, theirs)| *mine += theirs);
        self
    }
}

/// All that the timeline counted, the drain included.
fn timeline_total(record: &Record) -> Bin {
    let mut total = record.timeline.drain();
    for bin in record.timeline.bins() {
        total.offered += bin.offered;
        total.admitted += bin.admitted;
        total.rejected += bin.rejected;
        total.errors += bin.errors;
        total.turned_away += bin.turned_away;
        total.failed += bin.failed;
    }
    total
}

/// All that arrives is offered, once, and to the source that made it.
fn every_arrival_is_offered(trial: &Trial, record: &Record) {
    let arrivals = trial.arrivals();
    for (class, arrived) in record.classes.iter().zip(&arrivals) {
        assert!(arrived.is_none_or(|(_, measured)| class.offered == measured), "offered by source");
    }
    let all: u64 = arrivals.iter().flatten().map(|(all, _)| all).sum();
    let offered = timeline_total(record).offered;
    assert!(if arrivals.contains(&None) { offered >= all } else { offered == all }, "{offered} offered, {all} arrived");
}

/// Outcomes, attempts and charges add up, wherever they were counted.
fn the_books_agree(trial: &Trial, record: &Record) {
    let (total, time) = (record.total(), timeline_total(record));
    assert_eq!(total.offered, total.served() + total.failed() + total.pending);
    // Every admitted call leads to an answer or a part of one, breaks off, comes too late, or is under way at the end.
    let ended = total.answered_calls() + total.continued + total.broken_off() + total.overtaken;
    assert!(total.admitted >= ended && total.admitted <= ended + total.pending, "completions");
    let counted = |bin: u64, class: u64, what: &str| {
        let all_measured = trial.scenario.warmup.is_zero();
        assert!(if all_measured { bin == class } else { bin >= class }, "{what}: {bin} over time, {class} by source");
    };
    counted(time.admitted, total.admitted, "admitted");
    counted(time.rejected, total.rejected(), "rejected");
    counted(time.errors, total.failed_calls(), "errors");
    counted(time.calls(), total.attempts(), "calls");
    // A call is the first for a request or for a part of its answer, a retry, or a hedge.
    let firsts = total.attempts() - total.retried - total.hedged;
    assert!(firsts >= total.answered_calls(), "too many retries");
    assert!(firsts <= total.offered + total.continued, "too few retries");
    counted(time.failed, total.failed(), "failed");
    for ((name, limit), seen) in trial.tier.limits.iter().zip(&record.limits) {
        if trial.scenario.provider.load.as_ref().is_some_and(|load| load.limits_above.is_some()) {
            continue; // a call may count as several
        }
        let (all, one) = (time.admitted, limit.scope == Scope::Account);
        let adds_up = if one { seen.charged == all } else { seen.charged <= all };
        assert!(limit.counts != Counts::Requests || !is_simple(limit) || adds_up, "{name}: charged");
    }
    assert!(total.latency.sum_nanos() >= total.queued + total.service, "waits and service are parts of latency");
    total.backed_off();
}

/// Whether a limit counts each admitted call and no other.
fn is_simple(limit: &LimitSpec) -> bool {
    limit.counts_all() && limit.beyond == Beyond::Refuse && !limit.counts_refused
}

/// Outcomes that the strategy or the tier rule out do not occur.
fn impossible_outcomes_do_not_occur(trial: &Trial, record: &Record) {
    let (total, strategy) = (record.total(), &trial.strategy);
    let failed = |why: Failure| total.failures[why as usize];
    let attempts = u64::from(strategy.retry.model().persistence().attempts);
    assert!(total.attempts() <= attempts * total.offered, "more than {attempts} attempts");
    assert!(
        total.rejected_by_attempt[attempts as usize..].iter().all(|&n| n == 0),
        "a refusal of attempt {attempts} + 1"
    );
    let queue_sheds = strategy.queue.capacity.is_some();
    assert!(queue_sheds || failed(Failure::Shed) == total.turned_down, "shed");
    assert!(strategy.breaker.is_some() || strategy.throttle.is_some() || total.turned_down == 0, "turned down");
    assert!(strategy.breaker.is_some() || total.breaker_openings == 0, "breaker");
    assert!(strategy.budget.is_some() || total.denied == 0, "denied");
    assert!(total.denied <= failed(Failure::GaveUp), "denied retries are the last ones");
    assert!(strategy.queue.deadline.is_some() || failed(Failure::Expired) == 0, "expired");
    assert!(!trial.tier.limits.is_empty() || total.rejected() == 0, "refused without limits");
    if strategy.concurrency.is_none() {
        assert_eq!(total.queued, 0, "queued without a bound");
    }
    if attempts == 1 {
        assert_eq!(failed(Failure::GaveUp) + failed(Failure::Never), total.first_rejected(), "refused for good");
        assert_eq!(failed(Failure::Error), total.failed_calls(), "failed for good");
        assert_eq!(total.backed_off(), 0, "back-off without retries");
    }
}

/// No window admits more than its amount, where windows are whole seconds as the timeline's are.
fn windows_hold(trial: &Trial, record: &Record) -> u64 {
    assert_eq!(record.timeline.step(), SimDuration::from_secs(1));
    let starts_on_a_second = trial.scenario.start.epoch_nanos().is_multiple_of(SECOND);
    let mut windows = 0;
    for (name, limit) in &trial.tier.limits {
        let LimiterSpec::FixedWindow(model) = &limit.limiter else { continue };
        let offset = match model.align {
            Align::Start => 0,
            Align::Epoch if starts_on_a_second => trial.scenario.start.epoch_nanos() / SECOND,
            _ => continue,
        };
        if limit.counts != Counts::Requests || limit.scope != Scope::Account || !is_simple(limit) {
            continue;
        }
        let length = model.period().as_nanos() / SECOND;
        let bins = record.timeline.bins().iter().enumerate();
        let mut admitted = std::collections::BTreeMap::<u64, u64>::new();
        bins.for_each(|(second, bin)| *admitted.entry((second as u64 + offset) / length).or_default() += bin.admitted);
        for (window, admitted) in admitted {
            assert!(admitted <= model.limit.amount, "{name}: {admitted} in window {window}");
            windows += 1;
        }
    }
    windows
}

/// Slots that are held for a least time each can be taken only so often in a second.
fn slots_hold(trial: &Trial, record: &Record) -> u64 {
    let Durations::Constant(first_token) = &trial.scenario.provider.time_to_first_token else { return 0 };
    // A call that breaks off, or that finds others idle, gives its slot back earlier.
    let is_shortened = trial.scenario.provider.load.is_some() || trial.scenario.provider.faults.change_the_course();
    if first_token.value.is_zero() || is_shortened {
        return 0;
    }
    let in_flight = trial.tier.limits.iter().filter_map(|(_, limit)| match &limit.limiter {
        LimiterSpec::Concurrency(model) => {
            let counts_all = limit.counts == Counts::Requests && limit.scope == Scope::Account && is_simple(limit);
            counts_all.then_some(model.limit)
        }
        _ => None,
    });
    let Some(slots) = in_flight.chain(trial.strategy.concurrency.map(u64::from)).min() else { return 0 };
    let most = slots * (SECOND / first_token.value.as_nanos() + 1);
    let bins = record.timeline.bins();
    assert!(bins.iter().all(|bin| bin.admitted <= most), "more than {most} calls in a second from {slots} slots");
    bins.len() as u64
}

/// A bound on concurrency that is never met changes nothing, though calls then end by an event of their own.
fn an_idle_bound_changes_nothing(trial: &Trial, record: &Record) {
    if trial.strategy.concurrency.is_none() {
        let bounded = Strategy { concurrency: Some(1_000_000), ..trial.strategy.clone() };
        let other = trial.run_with(&bounded);
        assert!(*record == other, "{:?}\n{:?}", figures(record), figures(&other));
    }
}

/// A limit that is never met changes nothing, though the provider can then take no short cut.
fn an_idle_limit_changes_nothing(trial: &Trial, record: &Record) {
    let mut tier = trial.tier.clone();
    let idle = LimiterSpec::Concurrency(ratecast::limiter::Concurrency { limit: u64::MAX });
    tier.limits.push((
        "idle".to_owned(),
        ratecast::provider::LimitSpec { counts: Counts::TotalTokens, limiter: idle, ..Default::default() },
    ));
    let mut other = trial.run_cell(&tier, &trial.strategy);
    other.limits.pop();
    assert!(*record == other, "{:?}\n{:?}", figures(record), figures(&other));
}

/// The full client leaves the same record of a plain strategy as the loop that is made for such.
fn the_full_client_agrees(trial: &Trial, record: &Record) {
    if !trial.strategy.is_plain() {
        return;
    }
    let cell = Cell { scenario: &trial.scenario, tier: &trial.tier, strategy: &trial.strategy };
    let other = simulate_in_full(cell, trial.replication, Stop::default()).unwrap_or_else(|error| panic!("{error}"));
    assert!(*record == other, "{:?}\n{:?}", figures(record), figures(&other));
}

/// The same with a queue, a pace and headers of its own: nothing is lost or invented either, and bounds hold.
fn a_full_client_conserves_too(mut trial: Trial, number: u64) {
    let dice = &mut Dice::new("swarm-flow", number);
    flow(dice, &mut trial);
    trial.check();
    let trial = trial;
    let _tried = OnPanic(|| format!("scenario {number} of the dice `swarm-flow`: {trial:#?}"));
    let record = trial.run();
    every_arrival_is_offered(&trial, &record);
    the_books_agree(&trial, &record);
    windows_hold(&trial, &record);
    slots_hold(&trial, &record);
    let total = record.total();
    let strategy = &trial.strategy;
    let has_gate = strategy.pacing.is_some() || strategy.steer.is_some() || strategy.send_rate.is_some();
    assert!(has_gate || total.paced == 0, "paced without a pace");
    let has_bound = strategy.concurrency.is_some() || strategy.window.is_some();
    assert!(has_bound || total.queued == 0, "waited for slots without a bound");
    // What the client turned down may have been delivered again.
    let shed = total.failures[Failure::Shed as usize];
    assert!(strategy.queue.capacity.is_some() || shed <= total.turned_down, "shed");
    assert!(record == trial.run(), "the same seed gives the same record");
}

/// Gives the trial an order, a pace, a reading of headers, deadlines and deliveries, each by chance.
fn flow(dice: &mut Dice, trial: &mut Trial) {
    let rate = |dice: &mut Dice| Allowance::per(dice.pick(1..=40), SimDuration::from_secs(dice.pick(1..=10)));
    let share = |dice: &mut Dice| Share::from_hundred_millionths(dice.pick(0..=9) * 10_000_000);
    let estimate = |dice: &mut Dice| dice.one_of(&[Estimate::MaxTokens, Estimate::Actual, Estimate::Input]);
    for (_, traffic) in &mut trial.scenario.traffic {
        traffic.priority = dice.pick(0..=2) as u32;
        traffic.deadline = dice.perhaps(20, |dice| millis(dice, 20_000) + SimDuration::from_nanos(1_000_000));
    }
    trial.tier.headers = dice.one_of(&[Headers::None, Headers::Anthropic, Headers::OpenAi, Headers::Azure]);
    let strategy = &mut trial.strategy;
    strategy.pacing = dice.perhaps(50, |dice| Pacing {
        requests: dice.perhaps(50, rate),
        tokens: dice.perhaps(20, |dice| Allowance { amount: dice.pick(1..=5_000), ..rate(dice) }),
        margin: dice.perhaps(50, share),
        burst: dice.perhaps(50, |dice| millis(dice, 4_000)),
        estimate: estimate(dice),
        correct: dice.percent(50),
        ..Pacing::default()
    });
    if let Some(pacing) = strategy.pacing.as_mut().filter(|pacing| pacing.is_of_tier()) {
        pacing.within_reserved = dice.percent(50);
    }
    strategy.steer = dice.perhaps(50, |dice| Steer {
        reserve: share(dice),
        until: dice.one_of(&[Until::Reset, Until::Refill]),
        slack: millis(dice, 2_000),
        blind: dice.perhaps(50, |dice| dice.pick(1..=4) as u32),
        estimate: estimate(dice),
    });
    strategy.timeout = dice.perhaps(30, |dice| millis(dice, 8_000) + SimDuration::from_nanos(1_000_000));
    let queue = &mut strategy.queue;
    if strategy.concurrency.is_some() || strategy.pacing.is_some() || strategy.steer.is_some() {
        queue.order = dice.one_of(&Order::registered());
        queue.capacity = dice.perhaps(40, |dice| dice.pick(0..=20));
        let mean = millis(dice, 20_000).max(SimDuration::from_nanos(1));
        queue.patience = dice.perhaps(30, |_| Durations::Exponential(durations::Exponential { mean }));
    }
    if queue.capacity.is_some() {
        queue.shed = dice.one_of(&[Shed::Newest, Shed::Oldest, Shed::LowestPriority]);
    }
    queue.redelivery = dice.perhaps(30, |dice| Redelivery {
        deliveries: dice.pick(2..=4) as u32,
        visibility_timeout: millis(dice, 20_000),
        delay: millis(dice, 5_000),
    });
}

/// What to read when two records differ.
fn figures(record: &Record) -> Vec<String> {
    let class = |class: &ratecast::recorder::ClassRecord| {
        format!(
            "offered {} admitted {} rejected {:?} failed {:?} pending {} latency {} queued {}",
            class.offered,
            class.admitted,
            class.rejected_by_attempt,
            class.failures,
            class.pending,
            class.latency.sum_nanos(),
            class.queued
        )
    };
    record.classes.iter().map(class).chain(record.limits.iter().map(|limit| format!("{limit:?}"))).collect()
}

/// Adds to `trial` what spares calls, alone or together.
fn share_calls(dice: &mut Dice, trial: &mut Trial) {
    let strategy = &mut trial.strategy;
    strategy.cache =
        dice.perhaps(60, |dice| CacheSpec { local: dice.perhaps(50, cache_layer), shared: Some(cache_layer(dice)) });
    let among = dice.one_of(&[Among::All, Among::Client]);
    let on_failure = dice.one_of(&[coalesce::OnFailure::Share, coalesce::OnFailure::Next]);
    strategy.coalesce = dice.perhaps(60, |_| Coalesce { among, on_failure });
    let span = millis(dice, 5_000).max(SimDuration::from_nanos(1));
    let (linger, every) = if dice.percent(50) { (Some(span), None) } else { (None, Some(span)) };
    let (size, shared_input) = (dice.pick(2..=9) as u32, Tokens::new(dice.pick(0..=50) as u32));
    let classes = dice.perhaps(30, |_| vec![trial.scenario.traffic[0].0.clone()]);
    strategy.batch = dice.perhaps(50, |_| Batch { size, linger, every, shared_input, classes });
    strategy.prompt_cache =
        dice.perhaps(40, |dice| PromptCache { prefix: Tokens::new(dice.pick(1..=50) as u32), ttl: span });
    strategy.canned = dice.percent(20);
    for (_, traffic) in &mut trial.scenario.traffic {
        let count = dice.pick(1..=30) as u32;
        traffic.cache_keys = dice.perhaps(80, |dice| CacheKeys { count, exponent: dice.uniform() });
        if trial.strategy.batch.is_none() && dice.percent(40) {
            traffic.max_tokens = Some(Tokens::new(dice.pick(1..=20) as u32));
            traffic.re_asks = dice.pick(1..=3) as u32;
            let (growth, from) = (dice.pick(2..=3) as u32, dice.one_of(&[Resume::Cut, Resume::Start]));
            let cap = dice.perhaps(50, |dice| Tokens::new(dice.pick(61..=200) as u32));
            traffic.re_asking = dice.perhaps(50, |_| ReAsking { growth, cap, from });
        }
    }
}

fn cache_layer(dice: &mut Dice) -> LayerSpec {
    LayerSpec {
        ttl: dice.perhaps(60, |dice| millis(dice, 20_000).max(SimDuration::from_nanos(1))),
        capacity: dice.perhaps(60, |dice| dice.pick(1..=9)),
        evict: dice.one_of(&Evict::ALL),
        refresh: dice.percent(30),
        hit_latency: millis(dice, 100),
    }
}

/// Served requests without a call, by the way in which they were spared it, and calls for parts of an answer.
#[derive(Clone, Copy, Default, Debug)]
struct Shared {
    spared: [u64; Spared::COUNT],
    continued: u64,
    failed: u64,
    pending: u64,
}

fn judge_sharing(number: u64) -> Shared {
    let mut dice = Dice::new("sharing", number);
    let mut trial = Trial::new(&mut dice);
    share_calls(&mut dice, &mut trial);
    let trial = trial;
    let _tried = OnPanic(|| format!("scenario {number} of the dice `sharing`: {trial:#?}"));
    let record = trial.run();
    every_arrival_is_offered(&trial, &record);
    the_books_agree(&trial, &record);
    assert!(record == trial.run(), "the same seed gives the same record");
    let total = record.total();
    Shared { spared: total.spared, continued: total.continued, failed: total.failed(), pending: total.pending }
}

#[test]
fn nothing_is_lost_where_calls_are_shared() {
    let add = |mut one: Shared, other: Shared| {
        one.spared.iter_mut().zip(other.spared).for_each(|(mine, theirs)| *mine += theirs);
        let Shared { continued, failed, pending, .. } = other;
        (one.continued, one.failed, one.pending) =
            (one.continued + continued, one.failed + failed, one.pending + pending);
        one
    };
    let seen = (0..SCENARIOS).into_par_iter().map(judge_sharing).reduce(Shared::default, add);
    println!("{seen:?}");
    // Calls that go on without their request are rare where a breaker turns most of them down.
    let enough = [2 * seen.continued, seen.failed, seen.pending];
    assert!(enough.iter().chain(&seen.spared).all(|&n| n > 500), "the swarm has become tame: {seen:?}");
}

fn judge(number: u64) -> Seen {
    let mut trial = Trial::new(&mut Dice::new("swarm", number));
    trial.check();
    let trial = trial;
    let _tried = OnPanic(|| format!("scenario {number} of the dice `swarm`: {trial:#?}"));
    let record = trial.run();
    every_arrival_is_offered(&trial, &record);
    the_books_agree(&trial, &record);
    impossible_outcomes_do_not_occur(&trial, &record);
    an_idle_bound_changes_nothing(&trial, &record);
    an_idle_limit_changes_nothing(&trial, &record);
    the_full_client_agrees(&trial, &record);
    a_full_client_conserves_too(trial.clone(), number);
    assert!(record == trial.run(), "the same seed gives the same record");
    Seen::of(&trial, &record)
}

#[test]
fn nothing_is_lost_or_invented() {
    let seen = (0..SCENARIOS).into_par_iter().map(judge).reduce(Seen::default, Seen::add);
    println!("{seen:?}");
    let enough =
        [seen.served, seen.pending, seen.retries, seen.elided, seen.windows, seen.slots, seen.denied, seen.turned_down];
    assert!(
        enough.iter().chain(&seen.failures).chain(&seen.errors).all(|&n| n > 500),
        "the swarm has become tame: {seen:?}"
    );
}

/// The same of clients that hedge and adapt, which differ from others in what they send and when.
#[test]
fn what_adapts_loses_nothing_either() {
    let learns = |number: u64| {
        let dice = &mut Dice::new("swarm/adaptive", number);
        let mut trial = Trial::new(dice);
        let (rates, windows) = (SendRate::registered(), WindowSpec::registered());
        let rate = dice.perhaps(40, |dice| dice.one_of(&generate::kinds_of(&rates)));
        let window = dice.perhaps(40, |dice| dice.one_of(&generate::kinds_of(&windows)));
        trial.strategy.hedge = dice.perhaps(70, generate::hedge);
        trial.strategy.send_rate = rate.map(|kind| generate::send_rate(dice, kind));
        trial.strategy.window = window.map(|kind| generate::window(dice, kind));
        trial.check();
        let trial = trial;
        let _tried = OnPanic(|| format!("scenario {number} of the dice `swarm/adaptive`: {trial:#?}"));
        let record = trial.run();
        every_arrival_is_offered(&trial, &record);
        the_books_agree(&trial, &record);
        an_idle_limit_changes_nothing(&trial, &record);
        windows_hold(&trial, &record);
        slots_hold(&trial, &record);
        assert!(record == trial.run(), "the same seed gives the same record");
        let total = record.total();
        [total.served(), total.hedged, total.overtaken, total.pending, u64::from(total.paced > 0)]
    };
    let seen = (0..600)
        .into_par_iter()
        .map(learns)
        .reduce(|| [0; 5], |one, other| std::array::from_fn(|at| one[at] + other[at]));
    println!("{seen:?}");
    assert!(seen.iter().all(|&seen| seen > 100), "the swarm has become tame: {seen:?}");
}

/// One slot that is never free, two places, and a deadline that comes before a third request does: nobody is shed.
#[test]
fn the_expired_leave_their_place_in_the_queue() {
    let secs = SimDuration::from_secs;
    let arrivals = Arrivals::Constant(arrivals::Constant { rate: Rate::new(1, secs(1)).unwrap() });
    let none = Durations::constant(SimDuration::ZERO);
    let scenario = Scenario {
        duration: secs(100),
        traffic: vec![("app".to_owned(), Traffic { arrivals: Some(arrivals), ..Traffic::default() })],
        provider: Service {
            time_to_first_token: Durations::constant(secs(1_000)),
            time_per_output_token: none,
            ..Service::default()
        },
        ..Scenario::default()
    };
    let queue =
        Queue { capacity: Some(2), deadline: Some(SimDuration::from_nanos(3 * SECOND / 2)), ..Queue::default() };
    let strategy = Strategy { concurrency: Some(1), queue, ..Strategy::default() };
    let trial = Trial { scenario, tier: Tier::default(), strategy, replication: 0 };
    let total = trial.run().total();
    let failed = |why: Failure| total.failures[why as usize];
    assert_eq!((total.served(), failed(Failure::Expired), failed(Failure::Shed)), (1, 99, 0));
}

/// A call whose answer is complete at the very end of the drain is served, whether its end is an event or not.
#[test]
fn a_call_that_ends_with_the_drain_is_served() {
    let secs = SimDuration::from_secs;
    let arrivals = Arrivals::Constant(arrivals::Constant { rate: Rate::new(1, secs(1)).unwrap() });
    let scenario = Scenario {
        duration: secs(10),
        drain: secs(5),
        traffic: vec![("app".to_owned(), Traffic { arrivals: Some(arrivals), ..Traffic::default() })],
        provider: Service {
            time_to_first_token: Durations::constant(secs(6)),
            time_per_output_token: Durations::constant(SimDuration::ZERO),
            ..Service::default()
        },
        ..Scenario::default()
    };
    for concurrency in [None, Some(100)] {
        let strategy = Strategy { concurrency, ..Strategy::default() };
        let trial = Trial { scenario: scenario.clone(), tier: Tier::default(), strategy, replication: 0 };
        let total = trial.run().total();
        // The last one arrives at 9 s and is answered at 15 s.
        assert_eq!((total.served(), total.pending), (10, 0), "{concurrency:?}");
    }
}
