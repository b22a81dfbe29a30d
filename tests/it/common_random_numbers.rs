//! What a request is does not depend on who competes for it: tiers, strategies and other sources leave the arrivals, sizes
//! and service times of a source as they were, bit for bit. Only so are two cells compared on the same traffic.

use crate::generate::{self, Dice, OnPanic};
use ratecast::client::Strategy;
use ratecast::client::retry::{Constant, Persistence, RetryPolicy};
use ratecast::durations::{self, Durations};
use ratecast::engine::{Cell, Stop, simulate};
use ratecast::limiter::{LimiterModel, LimiterSpec};
use ratecast::provider::{Hint, LimitSpec, Service, ServiceTimes, Tier};
use ratecast::recorder::{ClassRecord, Record};
use ratecast::rng::Seed;
use ratecast::scenario::Scenario;
use ratecast::traffic::arrivals::{self, Arrivals, Poisson};
use ratecast::traffic::sizes::{self, Sizes};
use ratecast::traffic::{Columns, Feed, Traffic};
use ratecast::units::{Rate, SimDuration, Tokens};
use rayon::prelude::*;

const PAIRS: u64 = 200;

fn sizes(mean: u32) -> Sizes {
    Sizes::Lognormal(sizes::Lognormal { mean: Tokens::new(mean), cv: 1.0, max: None })
}

fn source(dice: &mut Dice) -> Traffic {
    let rate = Rate::new(dice.pick(1..=30), SimDuration::from_secs(10)).unwrap();
    Traffic {
        arrivals: Some(Arrivals::Poisson(Poisson { rate })),
        input_tokens: sizes(dice.pick(1..=900) as u32),
        output_tokens: sizes(dice.pick(1..=300) as u32),
        shape: dice.perhaps(30, |dice| dice.one_of(&generate::shapes())),
        ..Traffic::default()
    }
}

fn scenario(dice: &mut Dice) -> Scenario {
    let mean = |dice: &mut Dice| SimDuration::from_nanos(dice.pick(1..=50_000_000));
    let sources = dice.pick(1..=3);
    Scenario {
        duration: SimDuration::from_secs(60),
        seed: dice.pick(1..=u64::MAX),
        traffic: (0..sources).map(|at| (format!("source-{at}"), source(dice))).collect(),
        provider: Service {
            time_to_first_token: Durations::Lognormal(durations::Lognormal { mean: mean(dice), cv: 1.0 }),
            time_per_output_token: Durations::Exponential(durations::Exponential { mean: mean(dice) }),
            retry_after: Hint::Exact,
        },
        ..Scenario::default()
    }
}

/// A tier that lets everybody through in the end.
fn tier(dice: &mut Dice) -> Tier {
    let kinds = generate::kinds_of(&LimiterSpec::registered());
    let limits = dice.pick(0..=3);
    let limit = |at: u64| {
        let limiter = loop {
            let kind = dice.one_of(&kinds);
            let limiter = generate::limiter(dice, kind, SimDuration::from_nanos(250_000_000));
            // A month of waiting is longer than any drain here, and credit does not come back.
            if limiter.period() < SimDuration::from_secs(60 * 60) && !limiter.is_of_money() {
                break limiter;
            }
        };
        (format!("limit-{at}"), LimitSpec { limiter, ..LimitSpec::default() })
    };
    Tier { limits: (0..limits).map(limit).collect(), ..Tier::default() }
}

/// A client that never gives up.
fn strategy(dice: &mut Dice) -> Strategy {
    let persistence = Persistence { attempts: u32::MAX, honor_retry_after: dice.percent(50), ..Persistence::default() };
    let base = SimDuration::from_nanos(dice.pick(100_000_000..=5_000_000_000));
    let retry = RetryPolicy::Constant(Constant { base, persistence });
    Strategy { concurrency: dice.perhaps(50, |dice| dice.pick(1..=20) as u32), retry, ..Strategy::default() }
}

fn run(scenario: &Scenario, tier: &Tier, strategy: &Strategy) -> Record {
    // A run that does not get on should fail, not hang.
    let stop = Stop { events: 20_000_000, ..Stop::default() };
    simulate(Cell { scenario, tier, strategy }, 1, stop).unwrap_or_else(|error| panic!("{error}"))
}

/// What the requests of a source are, whatever becomes of them: all that were served, as many as there are.
fn requests(class: &ClassRecord) -> [u128; 4] {
    assert_eq!(class.served(), class.offered, "a client that never gives up is served");
    [class.offered.into(), class.input_tokens.into(), class.output_tokens.into(), class.service]
}

fn arrivals_over_time(record: &Record) -> Vec<u64> {
    record.timeline.bins().iter().map(|bin| bin.offered).collect()
}

#[test]
fn tiers_and_strategies_leave_requests_as_they_are() {
    (0..PAIRS).into_par_iter().for_each(|pair| {
        let dice = &mut Dice::new("cells", pair);
        let scenario = scenario(dice);
        let cells = [(tier(dice), strategy(dice)), (tier(dice), strategy(dice))];
        let _tried = OnPanic(|| format!("pair {pair} of the dice `cells`: {cells:?}"));
        let [one, other] = cells.each_ref().map(|(tier, strategy)| run(&scenario, tier, strategy));
        assert_eq!(arrivals_over_time(&one), arrivals_over_time(&other));
        for (class, same) in one.classes.iter().zip(&other.classes) {
            assert!(class.offered > 0);
            assert_eq!(requests(class), requests(same));
        }
    });
}

#[test]
fn another_source_leaves_requests_as_they_are() {
    (0..PAIRS).into_par_iter().for_each(|pair| {
        let dice = &mut Dice::new("sources", pair);
        let alone = scenario(dice);
        let mut joined = alone.clone();
        joined.traffic.insert(dice.pick(0..=1) as usize, ("newcomer".to_owned(), source(dice)));
        let _tried = OnPanic(|| format!("pair {pair} of the dice `sources`"));
        // Without limits nobody is in anybody's way, so that all figures are those of the requests themselves.
        let (tier, strategy) = (Tier::default(), Strategy::default());
        let (before, after) = (run(&alone, &tier, &strategy), run(&joined, &tier, &strategy));
        for ((name, _), class) in alone.traffic.iter().zip(&before.classes) {
            let at = joined.traffic.iter().position(|(other, _)| other == name).unwrap();
            assert!(*class == after.classes[at], "{name} has changed");
        }
    });
}

/// The first rows of a source.
fn rows(traffic: &Traffic, name: &str) -> Columns {
    let mut columns = Columns::default();
    let scenario = Scenario { seed: 9, ..Scenario::default() };
    let mut feed = Feed::new(traffic, name, &scenario.setting(2)).expect("no log");
    feed.fill(&mut columns).expect("no log");
    columns
}

#[test]
fn each_property_of_a_request_has_a_stream_of_its_own() {
    let dice = &mut Dice::new("streams", 0);
    let traffic = source(dice);
    let base = rows(&traffic, "chat");
    let other = |change: &dyn Fn(&mut Traffic)| {
        let mut traffic = traffic.clone();
        change(&mut traffic);
        rows(&traffic, "chat")
    };
    let uniform = Sizes::Uniform(sizes::Uniform { min: Tokens::new(1), max: Tokens::new(9) });
    let rate = Rate::new(7, SimDuration::from_secs(1)).unwrap();
    let spaced = other(&|t| t.arrivals = Some(Arrivals::Constant(arrivals::Constant { rate })));
    assert!(spaced.arrived != base.arrived && spaced.input == base.input && spaced.output == base.output);
    let short = other(&|t| t.input_tokens = uniform.clone());
    assert!(short.arrived == base.arrived && short.input != base.input && short.output == base.output);
    let terse = other(&|t| t.output_tokens = uniform.clone());
    assert!(terse.arrived == base.arrived && terse.input == base.input && terse.output != base.output);
    let renamed = rows(&traffic, "chats");
    assert!(renamed.arrived != base.arrived && renamed.input != base.input && renamed.output != base.output);
}

#[test]
fn a_slower_token_leaves_the_first_one_as_it_was() {
    let mean = SimDuration::from_secs;
    let law = |secs| Durations::Exponential(durations::Exponential { mean: mean(secs) });
    let times = |per_token: u64, outputs: u32| {
        let service =
            Service { time_to_first_token: law(5), time_per_output_token: law(per_token), ..Service::default() };
        let stream = |name: &str| Seed(4).stream(0, name);
        let mut out = [SimDuration::ZERO; 64];
        ServiceTimes::new(&service, stream("first"), stream("per")).fill(&[Tokens::new(outputs); 64], &mut out);
        out
    };
    assert_eq!(times(1, 0), times(2, 0));
    let first = times(1, 0).map(SimDuration::as_nanos);
    for ((first, one), two) in first.iter().zip(times(1, 1)).zip(times(2, 1)) {
        let (one, two) = (one.as_nanos() - first, two.as_nanos() - first);
        assert!(two.abs_diff(2 * one) <= 2, "twice the mean is twice the draw: {one} and {two}");
    }
}
