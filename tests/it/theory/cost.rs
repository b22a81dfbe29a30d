//! When a quota is used up.

use super::Trial;
use super::case::Case;
use super::judge::Estimate;
use super::setup::{Setup, mean, poisson, secs, window};
use ratecast::limiter::Align;

pub const TRIALS: &[Trial] = &[
    Trial::new("P-CO-04", "start", |case, seed| exhaustion(case, seed, 10_000)),
    Trial::new("P-CO-05", "start", |case, seed| exhaustion(case, seed, 8)),
];

fn exhaustion(case: &Case, seed: u64, runs: u32) -> Vec<Estimate> {
    let (quota, month) = (case.count("quota"), case.number("days") * 86_400.0);
    // A record knows when the first request was refused: with a quota of one less, the one that uses the quota up. The
    // window is longer than the month, for the run goes on until that happens.
    let mut setup = Setup::new(seed, poisson(case.number("lambda")), secs(4.0 * month)).limit(window(
        quota - 1,
        5.0 * month,
        Align::Start,
    ));
    setup.scenario.traffic[0].1.requests = Some(quota);
    let refused = |record: ratecast::recorder::Record| record.limits[0].first_refused.expect("used up").as_secs_f64();
    let mut times = setup.runs(runs.into(), refused);
    times.sort_by(f64::total_cmp);
    let exhausted = times.iter().filter(|&&at| at < month).count() as f64;
    let blocked: f64 = times.iter().map(|at| (month - at).max(0.0)).sum();
    let runs_made = f64::from(runs);
    let mut estimates = vec![
        Estimate::new("mean_time_of_Qth_request_s", mean(&times), runs),
        Estimate::new("probability_exhausted_in_month", exhausted / runs_made, runs),
        Estimate::new("mean_blocked_s", blocked / runs_made, runs),
    ];
    // A quantile of a few runs is far from normal.
    if runs >= 1_000 {
        for (metric, percent) in case.thresholds("time_of_Qth_request_p", "_s") {
            estimates.push(Estimate::new(metric, times[(percent / 100.0 * runs_made) as usize], runs));
        }
    }
    estimates
}
