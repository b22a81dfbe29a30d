//! When a quota is used up, and what a month costs.

use super::Trial;
use super::case::Case;
use super::judge::Estimate;
use super::setup::{Setup, mean, poisson, secs, window};
use ratecast::limiter::Align;
use ratecast::provider::Price;
use ratecast::traffic::sizes::{Lognormal, Sizes};
use ratecast::units::{Money, TokenPrice, Tokens};

pub const TRIALS: &[Trial] = &[
    Trial::new("P-CO-01", "lognormal", bill),
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

/// The bill of one month. Tokens are whole numbers here, the nearest ones, which changes a mean by far less than chance.
fn bill(case: &Case, seed: u64) -> Vec<Estimate> {
    let cap = case.count("max_output_tokens") as u32;
    let sizes = |mean: &str, cv: &str| {
        Sizes::Lognormal(Lognormal { mean: Tokens::new(case.count(mean) as u32), cv: case.number(cv), max: None })
    };
    let mut setup = Setup::new(seed, poisson(case.number("lambda")), secs(case.number("days") * 86_400.0));
    let traffic = &mut setup.scenario.traffic[0].1;
    traffic.input_tokens = sizes("mean_tokens_in", "cv_tokens_in");
    traffic.output_tokens = sizes("mean_tokens_out", "cv_tokens_out");
    traffic.correlation = case.number("log_correlation");
    // Where an answer of just the cap was cut is seen without it: of those that round to the cap half were longer.
    let mut twice_cut = 0;
    setup.each_request(0, |request, _| {
        let output = request.output.get();
        twice_cut += 2 * u32::from(output > cap) + u32::from(output == cap);
    });
    setup.scenario.traffic[0].1.max_tokens = Some(Tokens::new(cap));
    let total = setup.run(0).total();
    let per_million = |price: &str| TokenPrice(Money::from_picos(i128::from(case.count(price)) * 1_000_000));
    let price = Price { input: per_million("price_in"), output: per_million("price_out"), ..Price::default() };
    let bill = price.usage(total.served(), total.input_tokens, total.output_tokens).as_usd_f64();
    let offered = total.offered as f64;
    vec![
        Estimate::new("mean_cost_per_month_usd", bill, 1),
        Estimate::new("mean_cost_per_request_usd", bill / offered, offered),
        Estimate::new("mean_output_tokens_billed", total.output_tokens as f64 / offered, offered),
        Estimate::new("fraction_capped", f64::from(twice_cut) / 2.0 / offered, offered),
    ]
}
