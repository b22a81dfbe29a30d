//! The bucket that refills in steps: a Markov chain of its level from one step to the next.

use super::Trial;
use super::case::Case;
use super::judge::Estimate;
use super::setup::{REQUESTS, Setup, secs};
use ratecast::limiter::{IntervalBucket, LimiterSpec};
use ratecast::units::Allowance;

pub const TRIALS: &[Trial] = &[Trial::new("P-TB-19", "interval-bucket", steps)];

/// Steps that go by before any request is measured.
const WARMUP: f64 = 1_000.0;

fn steps(case: &Case, seed: u64) -> Vec<Estimate> {
    let (lambda, interval) = (case.number("lambda"), case.number("interval"));
    let refill = Allowance::per(case.count("refill"), secs(interval));
    let limiter = LimiterSpec::IntervalBucket(IntervalBucket { refill, capacity: Some(case.count("capacity")) });
    let steps = (REQUESTS / (lambda * interval)).ceil();
    let setup = Setup::measured(seed, lambda, WARMUP * interval, steps * lambda * interval).limit(limiter);
    let total = setup.run(0).total();
    let offered = total.offered as f64;
    vec![Estimate::new("rejection_fraction", total.rejected() as f64 / offered, offered)]
}
