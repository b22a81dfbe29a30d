//! Clients that adapt, by runs small enough to foretell.

use ratecast::client::Strategy;
use ratecast::client::adaptive::hedge::Hedge;
use ratecast::client::adaptive::rate::{self, SendRate};
use ratecast::client::adaptive::window::{self, WindowSpec};
use ratecast::client::retry::{self, NoRetry, Persistence, RetryPolicy};
use ratecast::durations::Durations;
use ratecast::engine::{Cell, Stop, simulate, simulate_in_full};
use ratecast::limiter::{FixedWindow, LimiterSpec, TokenBucket};
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
    assert_eq!(usd(&total), [30, 30, 30]);
    // All take as long, so the first call wins.
    assert_eq!(total.latency.sum_nanos(), u128::from(secs(90).as_nanos()));
    // At 1 s and at 2 s; at 3 s the answer is there, before a third one goes.
    let total = run(&scenario(3), &tier(100), &after(1, 5)).total();
    assert_eq!((total.attempts(), total.hedged, total.retried), (90, 60, 0));
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

/// So many calls a second.
fn per_second(calls: u64) -> Rate {
    Rate::new(calls, secs(1)).unwrap()
}

/// So many requests, all within the first second, whose calls take so many seconds.
fn rush(requests: u64, service: u64) -> Scenario {
    let mut scenario = scenario(service);
    let arrivals = Arrivals::Constant(Constant { rate: per_second(1_000_000) });
    let traffic = &mut scenario.traffic[0].1;
    (traffic.arrivals, traffic.requests) = (Some(arrivals), Some(requests));
    scenario
}

/// The k-th of thirty requests goes k seconds after the first.
#[test]
fn a_send_rate_spaces_calls() {
    let one = per_second(1);
    let model = rate::Aimd { start: one, floor: one, ceiling: one, ..rate::Aimd::default() };
    let strategy = Strategy { send_rate: Some(SendRate::Aimd(model)), ..Strategy::default() };
    let total = run(&rush(30, 3), &tier(1_000), &strategy).total();
    let waits = (0..30).sum::<u64>() as f64;
    assert_eq!((total.served(), total.rejected(), total.queued), (30, 0, 0));
    assert!((total.paced as f64 / 1e9 - waits).abs() < 1e-3, "{} for {waits}", total.paced);
    assert!((total.latency.sum_nanos() as f64 / 1e9 - waits - 90.0).abs() < 1e-3);
}

/// Before the first 429 the adaptive mode of botocore does nothing at all.
#[test]
fn cubic_sleeps_until_a_429_wakes_it() {
    let scenario = rush(60, 3);
    let without = Strategy::default();
    let cubic = Strategy { send_rate: Some(SendRate::default()), ..Strategy::default() };
    let tier_of = |calls| Tier { price: Price::default(), ..tier(calls) };
    let full = |tier: &Tier| {
        let cell = Cell { scenario: &scenario, tier, strategy: &without };
        simulate_in_full(cell, 0, Stop::default()).unwrap_or_else(|error| panic!("{error}"))
    };
    let mut idle = run(&scenario, &tier_of(100), &cubic);
    let learnt = std::mem::take(&mut idle.learnt);
    assert!(learnt.rate.is_some_and(|rate| rate.levels().all(|level| level.is_none())));
    assert!(idle == full(&tier_of(100)));
    let (held, bounced) = (run(&scenario, &tier_of(10), &cubic).total(), full(&tier_of(10)).total());
    assert!(held.rejected() < bounced.rejected(), "{} with, {} without", held.rejected(), bounced.rejected());
    assert!(held.paced > 0);
}

/// The client that it is taken from has it, with the constants that are the defaults.
#[test]
fn the_adaptive_mode_of_botocore_limits_what_it_sends() {
    let text = "strategy.sdk.preset = \"botocore-adaptive\"\n[traffic.app]\narrivals.poisson = { rate = \"1/s\" }";
    let ready = ratecast::scenario::load_text("adaptive", text, &[]).unwrap();
    let (_, strategy) = &ready.scenario.strategy[0];
    assert_eq!(strategy.send_rate, Some(SendRate::Cubic(rate::Cubic::default())));
}

/// One request each ten seconds, whose answer comes after three: a rate that grows by 0.1 a second is looked at then.
#[test]
fn the_first_run_writes_down_what_is_learnt() {
    let strategy = Strategy { send_rate: Some(SendRate::Aimd(rate::Aimd::default())), ..Strategy::default() };
    let (scenario, tier) = (scenario(3), tier(100));
    let cell = Cell { scenario: &scenario, tier: &tier, strategy: &strategy };
    let [first, second] = [0, 1].map(|replication| simulate(cell, replication, Stop::default()).unwrap().learnt);
    assert_eq!((second.rate, &first.window, &first.refusal), (None, &None, &None));
    let levels: Vec<f64> = first.rate.unwrap().levels().flatten().collect();
    assert_eq!((levels.len(), levels[2], levels[3], levels[12], levels[13]), (300, 1.0, 1.3, 1.3, 2.3));
}

/// A window that cannot move bounds calls as slots do.
#[test]
fn a_window_bounds_the_calls_in_flight() {
    let scenario = rush(30, 3);
    let two = window::Aimd { start: 2, least: 2, most: 2, ..window::Aimd::default() };
    let windowed = Strategy { window: Some(WindowSpec::Aimd(two)), ..Strategy::default() };
    let slots = Strategy { concurrency: Some(2), ..Strategy::default() };
    let [windowed, slots] = [windowed, slots].map(|strategy| run(&scenario, &tier(1_000), &strategy).total());
    assert_eq!((windowed.served(), windowed.rejected()), (30, 0));
    assert_eq!(windowed.latency.max().map(|most| most.as_secs_f64().round()), Some(45.0));
    assert_eq!((windowed.latency, windowed.paced, windowed.queued), (slots.latency, slots.queued, 0));
    // One that may grow does: 2, then one more for each call that finds it in use.
    let more = window::Aimd { start: 2, least: 2, most: 8, ..window::Aimd::default() };
    let growing = Strategy { window: Some(WindowSpec::Aimd(more)), ..Strategy::default() };
    let total = run(&scenario, &tier(1_000), &growing).total();
    // At 0 s two, at 3 s four, at 6 s eight, then eight and eight: 30 by 15 s.
    assert_eq!((total.served(), total.latency.max().map(|most| most.as_secs_f64().round())), (30, Some(15.0)));
}

/// The sawtooth of theory, in a whole run: more requests than the limit takes, whose refused calls are tried again. The
/// limit has room for one call, so the first one that comes too early is refused.
#[test]
fn aimd_swings_below_the_limit_as_theory_has_it() {
    let (capacity, alpha, beta, span) = (20.0, 2.0, 0.5, 500.0);
    let mut scenario = rush(20_000, 0);
    (scenario.duration, scenario.drain) = (secs(500), secs(0));
    let bucket = LimiterSpec::TokenBucket(TokenBucket { refill: per_second(20), capacity: Some(1) });
    let limits = vec![("calls".to_owned(), LimitSpec { limiter: bucket, ..LimitSpec::default() })];
    let tier = Tier { limits, ..Tier::default() };
    let model = rate::Aimd { start: per_second(10), increase: per_second(2), beta, ..rate::Aimd::default() };
    let persistence = Persistence { attempts: 1_000, honor_retry_after: false, ..Persistence::default() };
    let retry = RetryPolicy::Constant(retry::Constant { base: secs(1), persistence });
    let strategy = Strategy { send_rate: Some(SendRate::Aimd(model)), retry, ..Strategy::default() };
    let total = run(&scenario, &tier, &strategy).total();
    let (mean, period) = ((1.0 + beta) * capacity / 2.0, (1.0 - beta) * capacity / alpha);
    let (sent, refused) = (total.attempts() as f64 / span, total.rejected() as f64 * period / span);
    // A call passes the limit only when it goes, so the rate overshoots by what it grows from one call to the next: 0.1 of 20.
    assert!((sent / mean - 1.0).abs() < 0.01 && (refused - 1.0).abs() < 0.02, "{sent} a second, {refused} a period");
}
