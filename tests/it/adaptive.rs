//! Clients that adapt, by runs small enough to foretell.

use ratecast::client::Strategy;
use ratecast::client::adaptive::hedge::Hedge;
use ratecast::client::retry::{NoRetry, RetryPolicy};
use ratecast::durations::Durations;
use ratecast::engine::{Cell, Stop, simulate};
use ratecast::limiter::{FixedWindow, LimiterSpec};
use ratecast::provider::{Faults, LimitSpec, Price, Service, Tier};
use ratecast::recorder::{ClassRecord, Failure, Record};
use ratecast::scenario::Scenario;
use ratecast::traffic::Traffic;
use ratecast::traffic::arrivals::{Arrivals, Constant};
use ratecast::traffic::sizes::Sizes;
use ratecast::units::{Allowance, Money, Rate, RequestPrice, Share, SimDuration};

fn secs(secs: u64) -> SimDuration {
    SimDuration::from_secs(secs)
}

/// Thirty requests, one each ten seconds from 0 s on, whose calls take so many seconds.
fn scenario(service: u64) -> Scenario {
    let arrivals = Arrivals::Constant(Constant { rate: Rate::new(1, secs(10)).unwrap() });
    let sizes = Sizes::constant(100);
    let traffic =
        Traffic { arrivals: Some(arrivals), input_tokens: sizes.clone(), output_tokens: sizes, ..Traffic::default() };
    let provider = Service {
        time_to_first_token: Durations::constant(secs(service)),
        time_per_output_token: Durations::constant(secs(0)),
        ..Service::default()
    };
    Scenario { duration: secs(300), traffic: vec![("app".to_owned(), traffic)], provider, ..Scenario::default() }
}

/// A dollar a call, and at most so many a second.
fn tier(calls: u64) -> Tier {
    let limiter =
        LimiterSpec::FixedWindow(FixedWindow { limit: Allowance::per(calls, secs(10)), ..Default::default() });
    Tier {
        limits: vec![("calls".to_owned(), LimitSpec { limiter, ..LimitSpec::default() })],
        price: Price { request: RequestPrice(Money::from_usd(1)), ..Price::default() },
        ..Tier::default()
    }
}

fn hedging(hedge: Hedge) -> Strategy {
    Strategy { retry: RetryPolicy::NoRetry(NoRetry {}), hedge: Some(hedge), ..Strategy::default() }
}

fn after(delay: u64, extra: u32) -> Strategy {
    hedging(Hedge { delay: Some(secs(delay)), extra, ..Hedge::default() })
}

fn run(scenario: &Scenario, tier: &Tier, strategy: &Strategy) -> Record {
    simulate(Cell { scenario, tier, strategy }, 0, Stop::default()).unwrap_or_else(|error| panic!("{error}"))
}

fn usd(class: &ClassRecord) -> [u64; 3] {
    let usd = |money: Money| (money.as_usd_f64()).round() as u64;
    [usd(class.charges.first), usd(class.charges.retry), usd(class.charges.wasted)]
}

#[test]
fn a_call_that_comes_too_late_is_paid_for() {
    let total = run(&scenario(3), &tier(100), &after(1, 1)).total();
    assert_eq!((total.served(), total.attempts(), total.hedged, total.overtaken), (30, 60, 30, 30));
    assert_eq!((usd(&total), total.wasted_output_tokens), ([30, 30, 30], 3_000));
    // All take as long, so the first call wins.
    assert_eq!(total.latency.sum_nanos(), u128::from(secs(90).as_nanos()));
    // At 1 s and at 2 s; at 3 s the answer is there, before a third one goes.
    let total = run(&scenario(3), &tier(100), &after(1, 5)).total();
    assert_eq!((total.attempts(), total.hedged), (90, 60));
    // Nothing takes 4 s.
    let total = run(&scenario(3), &tier(100), &after(4, 1)).total();
    assert_eq!((total.attempts(), total.hedged, total.overtaken), (30, 0, 0));
}

#[test]
fn a_refused_hedge_is_over_and_a_full_client_sends_none() {
    let total = run(&scenario(3), &tier(1), &after(1, 1)).total();
    assert_eq!((total.served(), total.hedged, total.overtaken, total.rejected()), (30, 30, 0, 30));
    assert_eq!(total.rejected_by_attempt[..3], [0, 30, 0]);
    let one_slot = Strategy { concurrency: Some(1), ..after(1, 1) };
    let total = run(&scenario(3), &tier(100), &one_slot).total();
    assert_eq!((total.served(), total.hedged), (30, 0));
}

#[test]
fn a_request_fails_when_its_last_call_does() {
    let mut scenario = scenario(3);
    scenario.provider.faults = Faults { errors: Share::ONE, ..Faults::default() };
    let total = run(&scenario, &tier(100), &after(1, 1)).total();
    // Whoever breaks off within a second has no second call.
    assert_eq!(total.failures[Failure::Error as usize], 30);
    assert_eq!(total.failed_calls(), 30 + total.hedged);
    assert!((10..30).contains(&total.hedged), "{}", total.hedged);
    assert_eq!(total.overtaken, 0);
    // An answer counts although the call before it broke off, and the other way round.
    scenario.provider.faults.errors = Share::from_hundred_millionths(50_000_000);
    let total = run(&scenario, &tier(100), &after(1, 1)).total();
    let alone = run(&scenario, &tier(100), &Strategy { hedge: None, ..after(1, 1) }).total();
    assert!(total.served() > alone.served(), "{} with, {} without", total.served(), alone.served());
    assert_eq!(total.served() + total.overtaken + total.failed_calls(), 30 + total.hedged);
}

/// What is under way at the end is neither lost nor pending twice.
#[test]
fn the_end_finds_one_request_in_two_calls() {
    let scenario = Scenario { drain: secs(0), duration: secs(12), ..scenario(5) };
    let total = run(&scenario, &tier(100), &after(1, 1)).total();
    assert_eq!((total.offered, total.served(), total.pending), (2, 1, 1));
    assert_eq!((total.hedged, total.overtaken), (2, 2));
}
