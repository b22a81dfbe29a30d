//! A fixed number of users against a few servers.

use super::Trial;
use super::case::Case;
use super::judge::Estimate;
use super::setup::{REQUESTS, Setup, secs};
use ratecast::durations::{Durations, Exponential, Lognormal};
use ratecast::limiter::{Concurrency, LimiterSpec};
use ratecast::traffic::Traffic;
use ratecast::traffic::users::{ClosedLoop, Users};

pub const TRIALS: &[Trial] =
    &[Trial::new("P-CQ-17", "closed-loop", refused), Trial::new("P-CQ-18", "closed-loop", queued)];

/// Users with exponential or lognormal thoughts and answers, for about so many requests a second.
fn setup(case: &Case, seed: u64, per_second: f64) -> Setup {
    let law = |what: &str, fallback: &str| {
        let (mean, cv) = (secs(case.number(&format!("{what}_mean"))), format!("{what}_cv"));
        match fallback {
            "exponential" => Durations::Exponential(Exponential { mean }),
            _ => Durations::Lognormal(Lognormal { mean, cv: case.number(&cv) }),
        }
    };
    let is_queued = case.id == "P-CQ-18";
    let think_time = law("think", if is_queued { "lognormal" } else { "exponential" });
    let users = Users::ClosedLoop(ClosedLoop { count: case.count("users") as u32, think_time });
    let source = Traffic { users: Some(users), ..Traffic::default() };
    let warmup = 1e5 / per_second;
    let mut setup = Setup::new(seed, source, secs(warmup + REQUESTS / per_second));
    setup.scenario.warmup = secs(warmup);
    setup.scenario.provider.time_to_first_token = law("service", case.text("service_distribution"));
    setup
}

/// How long requests are measured, in seconds.
fn measured(setup: &Setup) -> f64 {
    (setup.scenario.duration - setup.scenario.warmup).as_secs_f64()
}

/// Users who are refused while all servers are busy think again.
fn refused(case: &Case, seed: u64) -> Vec<Estimate> {
    let limiter = LimiterSpec::Concurrency(Concurrency { limit: case.count("concurrency_limit") });
    let setup = setup(case, seed, case.expected["attempt_rate_per_s"]).limit(limiter);
    let total = setup.run(0).total();
    let (attempts, secs) = (total.attempts() as f64, measured(&setup));
    vec![
        Estimate::new("rejection_fraction", total.rejected() as f64 / attempts, attempts),
        Estimate::new("attempt_rate_per_s", attempts / secs, secs),
    ]
}

/// Users who wait in a queue while all servers are busy.
fn queued(case: &Case, seed: u64) -> Vec<Estimate> {
    let mut setup = setup(case, seed, case.expected["throughput_per_s"]);
    setup.strategy.concurrency = Some(case.count("servers") as u32);
    let (total, secs) = (setup.run(0).total(), measured(&setup));
    let served = total.served() as f64;
    vec![
        Estimate::new("throughput_per_s", served / secs, secs),
        Estimate::new("mean_response_s", total.latency.mean_s().unwrap(), served),
    ]
}
