//! The client's pace, and a queue by priority.

use super::Trial;
use super::case::Case;
use super::judge::Estimate;
use super::setup::{REQUESTS, Setup, poisson, secs, share_within};
use ratecast::client::flow::Pacing;
use ratecast::client::queue::{Order, Priority, Queue};
use ratecast::durations::{Durations, Lognormal};
use ratecast::protocol::Labels;
use ratecast::provider::ModelLatency;
use ratecast::traffic::Traffic;
use ratecast::units::{Allowance, SimDuration};

pub const TRIALS: &[Trial] = &[
    Trial::new("P-TB-20", "pacing", paced),
    Trial::new("P-TB-21", "pacing", paced),
    Trial::new("P-CQ-24", "queue-order", priorities),
];

/// Requests that go by before any is measured.
const WARMUP: f64 = 1e5;

/// A pace that may run ahead by all but one of the bucket.
fn paced(case: &Case, seed: u64) -> Vec<Estimate> {
    let (lambda, refill) = (case.number("lambda"), case.number("refill_rate"));
    let mut setup = Setup::measured(seed, lambda, WARMUP / lambda, REQUESTS);
    let requests = Some(Allowance::per(refill as u64, SimDuration::from_secs(1)));
    let burst = Some(secs((case.count("capacity") - 1) as f64 / refill));
    setup.strategy.pacing = Some(Pacing { requests, burst, ..Pacing::default() });
    let total = setup.run(0).total();
    let offered = total.offered as f64;
    assert_eq!(total.paced, total.latency.sum_nanos(), "calls take no time");
    let at_once = match total.latency.cumulative().first() {
        Some((wait, count)) if wait.is_zero() => *count as f64,
        _ => 0.0,
    };
    let mut estimates = vec![
        Estimate::new("fraction_delayed", 1.0 - at_once / offered, offered),
        Estimate::new("mean_wait_s", total.latency.mean_s().unwrap(), offered),
    ];
    for (metric, secs) in case.thresholds("fraction_waiting_more_than_", "_s") {
        estimates.push(Estimate::new(metric, 1.0 - share_within(&total.latency, secs, total.offered), offered));
    }
    estimates
}

/// Each class asks for a model of its own, which takes its own time.
fn priorities(case: &Case, seed: u64) -> Vec<Estimate> {
    let lambda = case.number("lambda_1") + case.number("lambda_2");
    let mut setup = Setup::measured(seed, lambda, WARMUP / lambda, REQUESTS);
    let source = |name: &str, key: &str, priority: u32| {
        let labels = Labels { model: Some(name.to_owned()), ..Labels::default() };
        let arrivals = poisson(case.number(key)).arrivals;
        (name.to_owned(), Traffic { arrivals, priority, labels, ..Traffic::default() })
    };
    setup.scenario.traffic = vec![source("first", "lambda_1", 1), source("second", "lambda_2", 0)];
    let constant = Durations::constant(secs(case.number("service_1_mean")));
    let (mean, cv) = (secs(case.number("service_2_mean")), case.number("service_2_cv"));
    let lognormal = Durations::Lognormal(Lognormal { mean, cv });
    let model = |name: &str, time: Durations| {
        (name.to_owned(), ModelLatency { time_to_first_token: Some(time), ..ModelLatency::default() })
    };
    setup.scenario.provider.models = vec![model("first", constant), model("second", lognormal)];
    setup.strategy.concurrency = Some(1);
    setup.strategy.queue = Queue { order: Order::Priority(Priority {}), ..Queue::default() };
    let record = setup.run(0);
    let (total, classes) = (record.total(), &record.classes);
    let metrics = ["mean_wait_class_1_s", "mean_wait_class_2_s"].into_iter().zip(classes);
    let wait = |(metric, class): (&str, &ratecast::recorder::ClassRecord)| {
        Estimate::new(metric, class.queued as f64 * 1e-9 / class.served() as f64, total.offered as f64)
    };
    metrics.map(wait).collect()
}
