//! Budgets, breakers and throttles: how often they say no to a service that fails at random.

use super::Trial;
use super::case::Case;
use super::judge::Estimate;
use super::setup::{Setup, poisson, rate, secs, window};
use ratecast::client::control::Throttle;
use ratecast::client::control::breaker::{Breaker, CircuitBreaker, Consecutive, Terms, Window};
use ratecast::client::control::budget::{Aws, Deposit, Grpc, RetryBudget};
use ratecast::client::retry::{Constant, Failing, Persistence, RetryOn, RetryPolicy};
use ratecast::limiter::{Align, LimiterSpec, TokenBucket};
use ratecast::protocol::Fault;
use ratecast::provider::faults::{Outage, Says};
use ratecast::recorder::ClassRecord;
use ratecast::rng::{Seed, Uniforms};
use ratecast::traffic::Clients;
use ratecast::units::{Moment, Share, SimDuration, SimTime};

pub const TRIALS: &[Trial] = &[
    Trial::new("P-RC-01", "aws", budget_of_a_run),
    Trial::new("P-RC-02", "aws", budget_of_a_run),
    Trial::new("P-RC-03", "grpc", budget_of_a_run),
    Trial::new("P-RC-04", "grpc", budget_of_a_run),
    Trial::new("P-RC-05", "deposit", budget_of_a_run),
    Trial::new("P-RC-06", "deposit", budget_of_a_run),
    Trial::new("P-RC-07", "consecutive", breaker_of_a_run),
    Trial::new("P-RC-08", "consecutive", breaker_of_a_run),
    Trial::new("P-RC-09", "window", breaker_of_a_run),
    Trial::new("P-RC-09", "window alone", closed_periods),
    Trial::new("P-RC-10", "throttle", throttle_of_a_run),
];

/// A service that turns calls away at random, all the time.
fn failing(seed: u64, case: &Case, lambda: f64, (warmup, requests): (f64, f64)) -> Setup {
    let mut setup = Setup::measured(seed, lambda, warmup / lambda, requests);
    let always = Outage {
        at: Some(Moment::After(SimDuration::ZERO)),
        length: setup.scenario.duration,
        share: share(case.number("failure_probability")),
        says: Says::Unavailable,
        ..Outage::default()
    };
    setup.scenario.provider.faults.outage.push(("always".to_owned(), always));
    setup
}

fn share(share: f64) -> Share {
    Share::from_hundred_millionths((share * 1e8).round() as u64)
}

fn budget(case: &Case) -> RetryBudget {
    if case.has("retry_cost") {
        assert_eq!(case.count("success_increment"), 1);
        let (capacity, cost) = (case.count("capacity") as u32, case.count("retry_cost") as u32);
        return RetryBudget::Aws(Aws { capacity, throttled_cost: cost, fault_cost: cost, timeout_cost: None });
    }
    if case.has("tokenRatio") {
        let (max_tokens, token_ratio) = (case.count("maxTokens") as u32, case.number("tokenRatio"));
        return RetryBudget::Grpc(Grpc { max_tokens, token_ratio });
    }
    RetryBudget::Deposit(Deposit { share: share(case.number("deposit")), bucket: case.count("bucket"), initial: 0 })
}

/// No time passes between the attempts of a request, so that no two requests overlap.
fn budget_of_a_run(case: &Case, seed: u64) -> Vec<Estimate> {
    let mut setup = failing(seed, case, 1_000.0, (1e5, 2e6));
    let persistence = Persistence { attempts: case.count("max_attempts") as u32, ..Persistence::default() };
    setup.strategy.retry = RetryPolicy::Constant(Constant { base: SimDuration::ZERO, persistence });
    setup.strategy.budget = Some(budget(case));
    let total = setup.run(0).total();
    let per_request = |count: u64| count as f64 / total.offered as f64;
    let mut estimates = vec![
        Estimate::new("attempts_per_request", per_request(total.attempts()), total.offered as f64),
        Estimate::new("final_failure_fraction", per_request(total.failed()), total.offered as f64),
    ];
    for name in ["retry_denied_fraction", "retry_throttled_fraction"] {
        if case.expected.contains_key(name) {
            estimates.push(Estimate::new(name, per_request(total.denied), total.offered as f64));
        }
    }
    estimates
}

fn breaker(case: &Case) -> CircuitBreaker {
    let terms = Terms { open_time: secs(case.number("open_time")), counts: RetryOn::ALL };
    if case.has("threshold") {
        let (failures, probes) = (case.count("threshold") as u32, case.count("probes") as u32);
        return CircuitBreaker::Consecutive(Consecutive { failures, probes, terms });
    }
    let calls = case.count("window_calls") as u32;
    let failures = share(case.number("failures_to_open") / f64::from(calls));
    CircuitBreaker::Window(Window { calls: Some(calls), failures, trials: 1, terms, ..Window::default() })
}

/// Poisson requests whose calls take no time.
fn breaker_of_a_run(case: &Case, seed: u64) -> Vec<Estimate> {
    let mut setup = failing(seed, case, case.number("lambda"), (0.0, 2e6));
    setup.strategy.breaker = Some(breaker(case));
    let total = setup.run(0).total();
    let of_requests = |name, count: u64| Estimate::new(name, count as f64 / total.offered as f64, total.offered as f64);
    let mut estimates = vec![of_requests("rejection_fraction", total.turned_down)];
    if case.expected.contains_key("failed_call_fraction") {
        let time = setup.scenario.duration.as_secs_f64();
        estimates.push(of_requests("failed_call_fraction", total.failed_calls()));
        estimates.push(Estimate::new("openings_per_s", total.breaker_openings as f64 / time, time));
    }
    estimates
}

/// Calls between closing and opening, which a run does not tell apart from probes.
fn closed_periods(case: &Case, seed: u64) -> Vec<Estimate> {
    const PERIODS: u32 = 50_000;
    let mut breaker = Breaker::new(&breaker(case));
    let mut faults = Uniforms::new(Seed(seed).stream(0, "faults"));
    let p = case.number("failure_probability");
    let (mut now, mut calls) = (SimTime::ZERO, 0u32);
    let mut fails = |breaker: &mut Breaker, now: SimTime| {
        let failing = (faults.draw() < p).then_some(Failing::Fault(Fault::Unavailable));
        let pass = breaker.sent(now);
        breaker.answered(now, pass, failing);
        failing.is_some()
    };
    for _ in 0..PERIODS {
        while breaker.allows(now) {
            calls += 1;
            fails(&mut breaker, now);
        }
        // Probes, one after each time that it is open, until one is good.
        loop {
            now += secs(case.number("open_time"));
            if !fails(&mut breaker, now) {
                break;
            }
        }
    }
    vec![Estimate::new("mean_calls_while_closed", f64::from(calls) / f64::from(PERIODS), PERIODS)]
}

/// A client that throttles itself, before a service with such a limit.
fn throttled(seed: u64, client: (f64, f64), limit: LimiterSpec, seconds: (f64, f64)) -> ClassRecord {
    throttling(seed, client, limit, seconds).run(0).total()
}

fn throttling(seed: u64, (lambda, k): (f64, f64), limit: LimiterSpec, seconds: (f64, f64)) -> Setup {
    let (warmup, measured) = seconds;
    let mut setup = Setup::new(seed, poisson(lambda), secs(warmup + measured));
    setup.scenario.warmup = secs(warmup);
    setup = setup.limit(limit);
    setup.strategy.throttle = Some(Throttle { k, ..Throttle::default() });
    setup
}

fn throttle_of_a_run(case: &Case, seed: u64) -> Vec<Estimate> {
    assert_eq!(case.count("history"), 120);
    let limit = window(case.count("capacity"), 1.0, Align::Start);
    let total = throttled(seed, (case.number("lambda"), case.number("K")), limit, (1_200.0, 22_800.0));
    let (offered, dropped) = (total.offered as f64, total.turned_down as f64);
    vec![Estimate::new("local_drop_fraction", dropped / offered, offered)]
}

/// Demand a second before a service that takes 100, K, and clients who each count their own calls; sent and accepted a
/// second and the share that was turned down, as an independent program printed them.
const BY_ANOTHER_PROGRAM: &[(f64, f64, u32, f64, f64, f64)] = &[
    (500.0, 2.0, 1, 199.5, 100.0, 0.602),
    (500.0, 1.1, 1, 109.4, 100.0, 0.782),
    (150.0, 2.0, 1, 149.9, 100.0, 0.0),
    (300.0, 2.0, 1, 199.9, 100.0, 0.334),
    (500.0, 2.0, 20, 199.5, 100.0, 0.602),
    (500.0, 1.1, 20, 109.7, 100.0, 0.781),
];

#[test]
fn throttling_is_as_in_another_program() {
    for &(lambda, k, clients, sent, accepted, turned_down) in BY_ANOTHER_PROGRAM {
        let limit = LimiterSpec::TokenBucket(TokenBucket { refill: rate(100.0), capacity: Some(100) });
        let mut setup = throttling(7, (lambda, k), limit, (600.0, 1_000.0));
        setup.scenario.traffic[0].1.clients = Some(Clients { count: clients, exponent: 0.0, first: 0 });
        setup.strategy.throttle.as_mut().unwrap().per_client = true;
        let total = setup.run(0).total();
        let per_second = |count: u64| count as f64 / 1_000.0;
        // Demand alone has a standard error of 0.15 % at 500 a second; the other program's last digit is worth 0.1 %.
        let near = |is: f64, wanted: f64| (is - wanted).abs() <= 0.008 * wanted + 0.002;
        let (is_sent, is_accepted) = (per_second(total.attempts()), per_second(total.admitted));
        let share = total.turned_down as f64 / total.offered as f64;
        println!("{lambda} {k} {clients}: {is_sent} sent, {is_accepted} accepted, {share} turned down");
        assert!(
            near(is_sent, sent) && near(is_accepted, accepted) && near(share, turned_down),
            "{lambda} {k} {clients} (seed 7)"
        );
    }
}
