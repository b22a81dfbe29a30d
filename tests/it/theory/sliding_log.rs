//! The sliding log: a loss system whose service takes exactly one window.

use super::Trial;
use super::arrivals::stated;
use super::case::Case;
use super::fixed_window::by_cost;
use super::judge::Estimate;
use super::setup::{REQUESTS, Setup, evenly_spaced, secs, sizes};
use super::token_bucket::evenly;
use ratecast::limiter::{LimiterSpec, SlidingLog};
use ratecast::protocol::Counts;
use ratecast::units::{Allowance, SimDuration};

pub const TRIALS: &[Trial] = &[
    Trial::new("P-SL-01", "sliding-log", equal_costs),
    Trial::new("P-SL-02", "sliding-log", equal_costs),
    Trial::new("P-SL-03", "sliding-log", equal_costs),
    Trial::new("P-SL-04", "counts-refused", counting_refused),
    Trial::new("P-SL-05", "sliding-log", mixed_costs),
    Trial::new("P-SL-06", "sliding-log", deterministic),
    Trial::new("P-SL-11", "sliding-log", equal_costs),
];

/// Windows that go by before any request is measured.
const WARMUP: f64 = 100.0;

fn log(amount: u64, length: f64) -> LimiterSpec {
    LimiterSpec::SlidingLog(SlidingLog { limit: Allowance::per(amount, secs(length)) })
}

fn equal_costs(case: &Case, seed: u64) -> Vec<Estimate> {
    let (lambda, length) = (case.number("lambda"), case.number("window"));
    let setup = Setup::measured_of(seed, stated(case), lambda, (WARMUP * length, REQUESTS));
    let setup = setup.limit(log(case.count("limit"), length));
    let total = setup.run(0).total();
    let offered = total.offered as f64;
    // Each admitted request is in the log for one window.
    let occupancy = total.admitted as f64 * length / (REQUESTS / lambda);
    let mut estimates = vec![
        Estimate::new("rejection_fraction", total.rejected() as f64 / offered, offered),
        Estimate::new("mean_retry_after_s", setup.mean_retry_after(1), offered),
        Estimate::new("mean_log_occupancy", occupancy, offered),
    ];
    estimates.retain(|estimate| case.expected.contains_key(&estimate.metric));
    estimates
}

/// The log holds refused requests too.
fn counting_refused(case: &Case, seed: u64) -> Vec<Estimate> {
    let (lambda, length) = (case.number("lambda"), case.number("window"));
    let setup = Setup::measured(seed, lambda, WARMUP * length, REQUESTS);
    let total = setup.limit(log(case.count("limit"), length)).counting_refused().run(0).total();
    let offered = total.offered as f64;
    vec![Estimate::new("rejection_fraction", total.rejected() as f64 / offered, offered)]
}

fn mixed_costs(case: &Case, seed: u64) -> Vec<Estimate> {
    let (lambda, costs, shares) = (case.number("lambda"), case.list("costs"), case.list("cost_probabilities"));
    let length = case.number("window");
    let mut setup = Setup::measured(seed, lambda, WARMUP * length, REQUESTS)
        .limit_on(Counts::InputTokens, log(case.count("limit"), length));
    setup.scenario.traffic[0].1.input_tokens = sizes(&costs, &shares);
    let total = setup.run(0).total();
    let offered = total.offered as f64;
    let mut estimates = vec![Estimate::new("rejection_fraction", total.rejected() as f64 / offered, offered)];
    estimates.extend(by_cost(&setup.split(lambda, &costs, &shares), 1, &costs));
    estimates
}

fn deterministic(case: &Case, seed: u64) -> Vec<Estimate> {
    let length = case.text("window").parse::<f64>().expect("a whole number");
    evenly(case, |spacing, n| {
        let mut setup = Setup::new(seed, evenly_spaced(spacing), SimDuration::HORIZON);
        setup.scenario.traffic[0].1.requests = Some(n);
        setup.limit(log(case.count("limit"), length))
    })
}
