//! Budgets, breakers and throttles: how often they say no to a service that fails at random.

use super::Trial;
use super::case::Case;
use super::judge::Estimate;
use super::setup::secs;
use ratecast::client::control::breaker::{Breaker, CircuitBreaker, Consecutive, Terms, Window};
use ratecast::client::control::budget::{Aws, Deposit, Grant, Grpc, Load, RetryBudget};
use ratecast::client::control::{Throttle, ThrottleState, Trouble};
use ratecast::client::retry::RetryOn;
use ratecast::protocol::Fault;
use ratecast::rng::{Seed, Uniforms};
use ratecast::units::{Share, SimDuration, SimTime};

pub const TRIALS: &[Trial] = &[
    Trial::new("P-RC-01", "aws", budget_alone),
    Trial::new("P-RC-02", "aws", budget_alone),
    Trial::new("P-RC-03", "grpc", budget_alone),
    Trial::new("P-RC-04", "grpc", budget_alone),
    Trial::new("P-RC-05", "deposit", budget_alone),
    Trial::new("P-RC-06", "deposit", budget_alone),
    Trial::new("P-RC-07", "consecutive", breaker_alone),
    Trial::new("P-RC-08", "consecutive", breaker_alone),
    Trial::new("P-RC-09", "window", breaker_alone),
    Trial::new("P-RC-10", "throttle", throttle_alone),
];

const TURNED_AWAY: Trouble = Trouble::Failed(Fault::Unavailable);

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
    RetryBudget::Deposit(Deposit { share: share(case.number("deposit")), bucket: case.count("bucket") })
}

/// Requests one after the other, each with its retries at once.
fn budget_alone(case: &Case, seed: u64) -> Vec<Estimate> {
    const WARMUP: u32 = 100_000;
    const REQUESTS: u32 = 2_000_000;
    let mut budget = budget(case).model().start();
    let mut uniforms = Uniforms::new(Seed(seed).stream(0, "faults"));
    let (p, most) = (case.number("failure_probability"), case.count("max_attempts"));
    let (mut attempts, mut failed, mut denied) = (0u32, 0u32, 0u32);
    for request in 0..WARMUP + REQUESTS {
        if request == WARMUP {
            (attempts, failed, denied) = (0, 0, 0);
        }
        let now = SimTime::from_nanos(request.into());
        budget.began(now);
        let mut grant = Grant::FREE;
        for attempt in 1..=most {
            attempts += 1;
            if uniforms.draw() >= p {
                budget.succeeded(now, grant);
                break;
            }
            budget.failed(now, TURNED_AWAY, grant);
            let granted = if attempt < most { budget.grants(now, TURNED_AWAY, Load::default()) } else { None };
            match granted {
                Some(next) => grant = next,
                None => {
                    failed += 1;
                    denied += u32::from(attempt < most);
                    break;
                }
            }
        }
    }
    let per_request = |count: u32| f64::from(count) / f64::from(REQUESTS);
    let mut estimates = vec![
        Estimate::new("attempts_per_request", per_request(attempts), REQUESTS),
        Estimate::new("final_failure_fraction", per_request(failed), REQUESTS),
    ];
    for name in ["retry_denied_fraction", "retry_throttled_fraction"] {
        if case.expected.contains_key(name) {
            estimates.push(Estimate::new(name, per_request(denied), REQUESTS));
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
    CircuitBreaker::Window(Window { calls, failures, minimum: None, trials: 1, terms })
}

/// Poisson requests whose calls take no time.
fn breaker_alone(case: &Case, seed: u64) -> Vec<Estimate> {
    const REQUESTS: u32 = 2_000_000;
    let mut breaker = Breaker::new(&breaker(case));
    let stream = |name| Uniforms::new(Seed(seed).stream(0, name));
    let (mut gaps, mut faults) = (stream("arrivals"), stream("faults"));
    let (lambda, p) = (case.number("lambda"), case.number("failure_probability"));
    let (mut rejected, mut failed, mut openings) = (0, 0, 0);
    let (mut calls, mut periods, mut is_closed) = (0u32, 0u32, true);
    let mut now = SimTime::ZERO;
    for _ in 0..REQUESTS {
        now += SimDuration::from_secs_f64(-libm::log(1.0 - gaps.draw()) / lambda);
        if !breaker.allows(now) {
            rejected += 1;
            continue;
        }
        let pass = breaker.sent(now);
        let trouble = (faults.draw() < p).then_some(TURNED_AWAY);
        failed += u32::from(trouble.is_some());
        let opened = breaker.answered(now, pass, trouble);
        openings += u32::from(opened);
        // With one probe, the first success closes it.
        calls += u32::from(is_closed);
        periods += u32::from(is_closed && opened);
        is_closed = if opened { false } else { is_closed || trouble.is_none() };
    }
    let per_request = |count: u32| f64::from(count) / f64::from(REQUESTS);
    let mut estimates = vec![Estimate::new("rejection_fraction", per_request(rejected), REQUESTS)];
    if case.expected.contains_key("mean_calls_while_closed") {
        estimates.push(Estimate::new("mean_calls_while_closed", f64::from(calls) / f64::from(periods), periods));
        return estimates;
    }
    let time = now.as_secs_f64();
    estimates.push(Estimate::new("failed_call_fraction", per_request(failed), REQUESTS));
    estimates.push(Estimate::new("openings_per_s", f64::from(openings) / time, time));
    estimates
}

fn throttle_alone(case: &Case, seed: u64) -> Vec<Estimate> {
    let (lambda, capacity) = (case.number("lambda"), case.count("capacity"));
    let throttle = Throttle { k: case.number("K"), window: secs(case.number("history")), ..Throttle::default() };
    let mut throttle = ThrottleState::new(&throttle);
    let stream = |name| Uniforms::new(Seed(seed).stream(0, name));
    let (mut gaps, mut chances) = (stream("arrivals"), stream("throttle"));
    let (mut now, mut second, mut taken) = (SimTime::ZERO, 0, 0);
    let (mut offered, mut dropped) = (0u32, 0u32);
    while now.as_secs_f64() < 24_000.0 {
        now += SimDuration::from_secs_f64(-libm::log(1.0 - gaps.draw()) / lambda);
        if now.as_nanos() / 1_000_000_000 > second {
            (second, taken) = (now.as_nanos() / 1_000_000_000, 0);
        }
        let is_sent = throttle.admits(now, || chances.draw());
        if is_sent {
            let is_taken = taken < capacity;
            taken += u64::from(is_taken);
            throttle.answered(now, (!is_taken).then_some(Trouble::Refused));
        }
        if second >= 1_200 {
            offered += 1;
            dropped += u32::from(!is_sent);
        }
    }
    vec![Estimate::new("local_drop_fraction", f64::from(dropped) / f64::from(offered), offered)]
}
