//! What retries do: to the load, to those who meet at a reset, and to the time that a client spends waiting.

use super::Trial;
use super::case::Case;
use super::judge::Estimate;
use super::setup::{REQUESTS, Setup, mean, secs};
use ratecast::client::retry::{
    Backoff, Constant, DecorrelatedJitter, EqualJitter, Exponential, FullJitter, Growth, Persistence, RetryPolicy,
};
use ratecast::durations::{Durations, Lognormal};
use ratecast::limiter::{Align, Concurrency, LimiterSpec};
use ratecast::rng::{Seed, Uniforms};
use ratecast::units::SimDuration;

pub const TRIALS: &[Trial] = &[
    Trial::new("P-RT-06", "constant", immediate),
    Trial::new("P-RT-08", "full-jitter", total_back_off),
    Trial::new("P-RT-09", "equal-jitter", total_back_off),
    Trial::new("P-RT-10", "exponential", total_back_off),
    Trial::new("P-RT-12", "full-jitter", total_back_off),
    Trial::new("P-RT-13", "decorrelated-jitter", total_back_off),
    Trial::new("P-RT-14", "decorrelated-jitter", total_back_off),
    Trial::new("P-RT-15", "exact hint", herd),
    Trial::new("P-RT-16", "exact hint", herd),
];

fn obeying(attempts: u64) -> Persistence {
    Persistence { attempts: attempts as u32, honor_retry_after: true, ..Persistence::default() }
}

fn deaf(attempts: u64) -> Persistence {
    Persistence { honor_retry_after: false, ..obeying(attempts) }
}

/// No time passes between the attempts of a request, so they all meet the same full house.
fn immediate(case: &Case, seed: u64) -> Vec<Estimate> {
    let lambda = case.number("lambda");
    let limiter = LimiterSpec::Concurrency(Concurrency { limit: case.count("concurrency_limit") });
    let mut setup = Setup::measured(seed, lambda, 1e5 / lambda, REQUESTS).limit(limiter);
    let law = Lognormal { mean: secs(case.number("service_mean")), cv: case.number("service_cv") };
    setup.scenario.provider.time_to_first_token = Durations::Lognormal(law);
    let persistence = deaf(case.count("max_attempts"));
    setup.strategy.retry = RetryPolicy::Constant(Constant { base: SimDuration::ZERO, persistence });
    let total = setup.run(0).total();
    let offered = total.offered as f64;
    let rejected = total.rejected() as f64 / total.attempts() as f64;
    vec![
        Estimate::new("final_failure_fraction", total.failed() as f64 / offered, offered),
        Estimate::new("attempts_per_request", total.attempts() as f64 / offered, offered),
        Estimate::new("rejected_attempt_fraction", rejected, offered),
    ]
}

fn policy(case: &Case) -> RetryPolicy {
    let (base, cap) = (secs(case.number("base")), secs(case.number("cap")));
    let persistence = deaf(case.count("rejections") + 1);
    if case.title.contains("decorrelated") {
        assert_eq!(case.count("multiplier"), 3);
        return RetryPolicy::DecorrelatedJitter(DecorrelatedJitter { base, cap, persistence });
    }
    assert_eq!(case.count("first_exponent"), 0);
    let growth = Growth { base, cap, factor: case.number("factor") };
    match case.text("jitter") {
        "none" => RetryPolicy::Exponential(Exponential { growth, persistence }),
        "full" => RetryPolicy::FullJitter(FullJitter { growth, persistence }),
        "equal" => RetryPolicy::EqualJitter(EqualJitter { growth, persistence }),
        other => panic!("no jitter {other}"),
    }
}

/// The time that a client waits in all, refused so many times in a row.
fn back_off(backoff: &Backoff, rejections: u32, uniforms: &mut Uniforms) -> f64 {
    let (mut total, mut previous) = (SimDuration::ZERO, SimDuration::ZERO);
    for refusals in 1..=rejections {
        let delay = backoff.delay(refusals, previous, None, total, || uniforms.draw());
        previous = delay.expect("attempts are left");
        total = total + previous;
    }
    assert_eq!(backoff.delay(rejections + 1, previous, None, total, || uniforms.draw()), None);
    total.as_secs_f64()
}

fn total_back_off(case: &Case, seed: u64) -> Vec<Estimate> {
    const RUNS: u32 = 1_000_000;
    let backoff = Backoff::new(&policy(case));
    let mut uniforms = Uniforms::new(Seed(seed).stream(0, "jitter"));
    let rejections = case.count("rejections") as u32;
    let mut totals: Vec<f64> = (0..RUNS).map(|_| back_off(&backoff, rejections, &mut uniforms)).collect();
    totals.sort_by(f64::total_cmp);
    let centre = mean(&totals);
    let variance = totals.iter().map(|total| (total - centre).powi(2)).sum::<f64>() / f64::from(RUNS - 1);
    let mut estimates = vec![Estimate::new("mean_total_sleep_s", centre, RUNS)];
    if case.expected.contains_key("variance_total_sleep_s2") {
        estimates.push(Estimate::new("variance_total_sleep_s2", variance, RUNS));
    }
    for (metric, percent) in case.thresholds("total_sleep_p", "_s") {
        estimates.push(Estimate::new(metric, totals[(percent / 100.0 * f64::from(RUNS)) as usize], RUNS));
    }
    estimates
}

/// All who were refused come back at the very instant of the reset, before any new request.
fn herd(case: &Case, seed: u64) -> Vec<Estimate> {
    let (lambda, length) = (case.number("lambda"), case.number("window"));
    let windows = (REQUESTS / lambda / length).ceil();
    let limiter = super::setup::window(case.count("limit"), length, Align::Start);
    let mut setup = Setup::measured(seed, lambda, 1_000.0 * length, windows * length * lambda).limit(limiter);
    setup.strategy.retry = RetryPolicy::Constant(Constant { base: secs(1.0), persistence: obeying(u32::MAX.into()) });
    let total = setup.run(0).total();
    let (offered, attempts) = (total.offered as f64, total.attempts() as f64);
    vec![
        Estimate::new("attempts_per_request", attempts / offered, offered),
        Estimate::new("first_attempt_rejection_fraction", total.first_rejected() as f64 / offered, offered),
        // Nobody retries but at a reset.
        Estimate::new("mean_backlog_at_reset", (attempts - offered) / windows, windows),
        Estimate::new("mean_delay_s", total.latency.mean_s().unwrap(), offered),
    ]
}
