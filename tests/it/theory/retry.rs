//! What retries do: to the load, to those who meet at a reset, and to the time that a client spends waiting.

use super::Trial;
use super::case::Case;
use super::judge::Estimate;
use super::setup::{REQUESTS, Setup, mean, secs};
use ratecast::client::retry::{
    Backoff, Composed, Constant, DecorrelatedJitter, EqualJitter, Exponential, FullJitter, Growth, Jitter, Law,
    Persistence, RetryPolicy,
};
use ratecast::durations::{self, Durations, Lognormal};
use ratecast::limiter::{Align, Concurrency, LimiterSpec};
use ratecast::rng::{Seed, Uniforms};
use ratecast::units::{Share, SimDuration};

pub const TRIALS: &[Trial] = &[
    Trial::new("P-RT-01", "exponential jitter", retrials),
    Trial::new("P-RT-02", "exponential jitter", retrials),
    Trial::new("P-RT-03", "exponential jitter", fickle_retrials),
    Trial::new("P-RT-04", "exponential jitter", few_retrials),
    Trial::new("P-RT-05", "exponential jitter", few_retrials),
    Trial::new("P-RT-06", "constant", immediate),
    Trial::new("P-RT-07", "full jitter", failing_calls),
    Trial::new("P-RT-08", "full-jitter", total_back_off),
    Trial::new("P-RT-09", "equal-jitter", total_back_off),
    Trial::new("P-RT-10", "exponential", total_back_off),
    Trial::new("P-RT-11", "backoff", total_back_off),
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

/// Requests without a queue that are refused while all slots are taken and come back after exponential delays of such
/// means, the last one again and again.
fn retrial_queue(case: &Case, seed: u64, delays: &[f64], persistence: Persistence) -> Setup {
    assert_eq!(case.text("service_distribution"), "exponential");
    let lambda = case.number("lambda");
    let limiter = LimiterSpec::Concurrency(Concurrency { limit: case.count("concurrency_limit") });
    let mut setup = Setup::measured(seed, lambda, 1e5 / lambda, REQUESTS).limit(limiter);
    let mean = secs(case.number("service_mean"));
    setup.scenario.provider.time_to_first_token = Durations::Exponential(durations::Exponential { mean });
    let delays = Some(delays.iter().map(|&delay| secs(delay)).collect());
    let policy = Composed { delays, jitter: Jitter::Exponential, persistence, ..Composed::default() };
    setup.strategy.retry = RetryPolicy::Composed(policy);
    setup
}

/// Nobody gives up: what is not spent in service is spent between attempts.
fn retrials(case: &Case, seed: u64) -> Vec<Estimate> {
    assert_eq!(case.number("persistence"), 1.0);
    let setup = retrial_queue(case, seed, &[case.number("retry_delay_mean")], deaf(u32::MAX.into()));
    let total = setup.run(0).total();
    let offered = total.offered as f64;
    assert_eq!(total.served(), total.offered);
    vec![
        Estimate::new("first_attempt_rejection_fraction", total.first_rejected() as f64 / offered, offered),
        Estimate::new("attempts_per_request", total.attempts() as f64 / offered, offered),
        Estimate::new("mean_retry_waiting_s", total.backed_off() as f64 * 1e-9 / offered, offered),
    ]
}

/// Two or three attempts.
fn few_retrials(case: &Case, seed: u64) -> Vec<Estimate> {
    let persistence = deaf(case.count("max_attempts"));
    some_give_up(&retrial_queue(case, seed, &case.list("delay_means"), persistence))
}

/// A coin after each refusal.
fn fickle_retrials(case: &Case, seed: u64) -> Vec<Estimate> {
    let hundred_millionths = (case.number("persistence") * 1e8).round() as u64;
    let persistence = Share::from_hundred_millionths(hundred_millionths);
    let persistence = Persistence { persistence, ..deaf(u32::MAX.into()) };
    some_give_up(&retrial_queue(case, seed, &[case.number("retry_delay_mean")], persistence))
}

/// How long those waited who gave up no record says.
fn some_give_up(setup: &Setup) -> Vec<Estimate> {
    let total = setup.run(0).total();
    let offered = total.offered as f64;
    vec![
        Estimate::new("first_attempt_rejection_fraction", total.first_rejected() as f64 / offered, offered),
        Estimate::new("final_failure_fraction", total.failed() as f64 / offered, offered),
        Estimate::new("attempts_per_request", total.attempts() as f64 / offered, offered),
    ]
}

/// Calls that fail whatever the load and take their full time all the same: they hang, and the service gives up as late as
/// it would have answered.
fn failing_calls(case: &Case, seed: u64) -> Vec<Estimate> {
    let service = secs(case.number("service_time"));
    let mut setup = Setup::measured(seed, 100.0, 0.0, REQUESTS);
    setup.scenario.provider.time_to_first_token = Durations::constant(service);
    let hundred_millionths = (case.number("failure_probability") * 1e8).round() as u64;
    setup.scenario.provider.faults.hangs = Share::from_hundred_millionths(hundred_millionths);
    setup.scenario.provider.faults.timeout = Some(service);
    let delays = Some(case.list("ceilings").into_iter().map(secs).collect());
    let persistence = deaf(case.count("max_attempts"));
    let policy = Composed { delays, jitter: Jitter::Full, persistence, ..Composed::default() };
    setup.strategy.retry = RetryPolicy::Composed(policy);
    let total = setup.run(0).total();
    let offered = total.offered as f64;
    vec![
        Estimate::new("final_failure_fraction", total.failed() as f64 / offered, offered),
        Estimate::new("attempts_per_request", total.attempts() as f64 / offered, offered),
        Estimate::new("mean_latency_of_successes_s", total.latency.mean_s().unwrap(), offered),
    ]
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
        // Half the step less to half the step more, as its text says.
        "proportional" => {
            let half = Share::from_hundred_millionths(50_000_000);
            let jitter = Jitter::Factor { below: half, above: half };
            let (law, factor, cap) = (Law::Exponential, growth.factor, Some(cap));
            RetryPolicy::Composed(Composed { law, base, factor, cap, jitter, persistence, ..Composed::default() })
        }
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
