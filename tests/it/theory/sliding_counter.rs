//! The sliding counter: two counters, of windows that begin with the run.

use super::Trial;
use super::case::Case;
use super::fixed_window::{Windows, sum};
use super::judge::Estimate;
use super::setup::{Setup, mean, poisson, secs};
use ratecast::limiter::{Align, LimiterSpec, SlidingCounter, Weighted};
use ratecast::recorder::Bin;
use ratecast::units::Allowance;

/// Whole numbers below a limit stay below it when rounded down, so that "the weight and what is used are below the limit" is
/// the rounded weight, and "with one more they are at most the limit" the exact one.
pub const TRIALS: &[Trial] = &[
    Trial::new("P-SL-07", "rounded-down", |case, seed| counter(case, seed, Weighted::RoundedDown)),
    Trial::new("P-SL-08", "exact", |case, seed| counter(case, seed, Weighted::Exact)),
    Trial::new("P-SL-09", "rounded-down", |case, seed| counter(case, seed, Weighted::RoundedDown)),
    Trial::new("P-SL-10", "counts-refused", counting_refused),
];

/// Windows of each run that are not measured.
const WARMUP: usize = 100;

/// The case with its windows.
fn setup(case: &Case, seed: u64, weighted: Weighted) -> (Setup, Windows) {
    let (lambda, windows) = (case.number("lambda"), Windows::new(case.number("lambda"), case.number("window")));
    let limit = Allowance::per(case.count("limit"), secs(windows.length));
    let limiter = SlidingCounter { limit, weighted, align: Align::Start };
    let setup = Setup::new(seed, poisson(lambda), windows.duration()).limit(LimiterSpec::SlidingCounter(limiter));
    (setup, windows)
}

/// Both counters count refused requests too.
fn counting_refused(case: &Case, seed: u64) -> Vec<Estimate> {
    let (setup, windows) = setup(case, seed, Weighted::Exact);
    let setup = setup.counting_refused();
    let seen: Vec<Bin> = setup.runs(windows.runs, |record| windows.of(&record).split_off(WARMUP)).concat();
    let Bin { offered, rejected, .. } = sum(&seen);
    vec![Estimate::new("rejection_fraction", rejected as f64 / offered as f64, offered as f64)]
}

fn counter(case: &Case, seed: u64, weighted: Weighted) -> Vec<Estimate> {
    let (setup, windows) = setup(case, seed, weighted);
    let seen: Vec<Bin> = setup.runs(windows.runs, |record| windows.of(&record).split_off(WARMUP)).concat();
    let Bin { offered, rejected, .. } = sum(&seen);
    let admitted: Vec<f64> = seen.iter().map(|window| window.admitted as f64).collect();
    let average = mean(&admitted);
    let squares: Vec<f64> = admitted.iter().map(|admitted| (admitted - average).powi(2)).collect();
    vec![
        Estimate::new("rejection_fraction", rejected as f64 / offered as f64, offered as f64),
        Estimate::new("mean_admitted_per_window", average, admitted.len() as f64),
        Estimate::new("variance_of_admitted_per_window", mean(&squares), admitted.len() as f64),
    ]
}
