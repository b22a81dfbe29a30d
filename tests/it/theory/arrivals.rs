//! Arrival processes and shapes: counts in windows, gaps, and what windows, buckets and logs refuse of them.

use super::Trial;
use super::case::Case;
use super::judge::Estimate;
use super::setup::{REQUESTS, Setup, mean, rate, secs, traffic, window};
use ratecast::limiter::Align;
use ratecast::traffic::Traffic;
use ratecast::traffic::arrivals::{
    Arrivals, Batch, BatchLaw, ClusterLaw, Clusters, Delays, Gamma, Hawkes, Hyperexponential, Level, Mmpp, Poisson,
    Weibull,
};
use ratecast::traffic::shape::{Between, Daily, Shape, Weekly};
use ratecast::units::{Civil, Rate};

pub const TRIALS: &[Trial] = &[
    Trial::new("P-AR-01", "daily", sine),
    Trial::new("P-AR-02", "daily, weekly", working_hours),
    Trial::new("P-AR-03", "mmpp", modulated),
    Trial::new("P-AR-04", "gamma", |case, seed| renewal(case, seed, 102.0)),
    Trial::new("P-AR-05", "gamma", |case, seed| renewal(case, seed, 102.0)),
    Trial::new("P-AR-06", "weibull", gaps),
    Trial::new("P-AR-07", "hawkes", self_exciting),
    Trial::new("P-AR-08", "clusters", sessions),
];

/// The arrivals that a case states, whatever its family.
pub fn stated(case: &Case) -> Traffic {
    let of_rate = || rate(case.number("lambda"));
    traffic(if case.has("gamma_shape") {
        Arrivals::Gamma(Gamma { rate: of_rate(), cv: None, shape: Some(case.number("gamma_shape")) })
    } else if case.has("weibull_shape") {
        Arrivals::Weibull(Weibull { rate: of_rate(), cv: None, shape: Some(case.number("weibull_shape")) })
    } else if case.has("scv") {
        Arrivals::Hyperexponential(Hyperexponential { rate: of_rate(), cv: case.number("scv").sqrt() })
    } else if case.has("sigma1") {
        let level = |key: &str| Level(Some(rate(case.number(key))));
        let (out, back) = (case.number("sigma1"), case.number("sigma2"));
        let generator = vec![vec![-out, out], vec![back, -back]];
        Arrivals::Mmpp(Mmpp { rates: vec![level("lambda1"), level("lambda2")], sojourns: vec![], generator })
    } else if case.has("batch_geometric_p") {
        let size = 1.0 / case.number("batch_geometric_p");
        Arrivals::Batch(Batch { rate: rate(case.number("lambda_batch") * size), size, law: BatchLaw::Geometric })
    } else if case.has("batch_size") {
        let size = case.number("batch_size");
        Arrivals::Batch(Batch { rate: rate(case.number("lambda_batch") * size), size, law: BatchLaw::Fixed })
    } else if case.has("branching_ratio") {
        let branching = case.number("branching_ratio");
        let rate = rate(case.number("mu") / (1.0 - branching));
        Arrivals::Hawkes(Hawkes { rate, branching, decay: secs(1.0 / case.number("beta")) })
    } else if case.has("q") {
        let size = 1.0 / (1.0 - case.number("q"));
        let (law, delays) = (ClusterLaw::Geometric, Delays::InTurn);
        let rate = Rate::nearest(case.number("nu") * size).expect("a rate");
        Arrivals::Clusters(Clusters { rate, size, law, spread: secs(1.0 / case.number("eta")), delays })
    } else {
        Arrivals::Poisson(Poisson { rate: of_rate() })
    })
}

/// Requests a second in the long run.
pub fn mean_rate(traffic: &Traffic) -> f64 {
    traffic.arrivals.as_ref().expect("made up").model().mean_rate().per_second()
}

/// Traffic as stated of which about [`REQUESTS`] are measured after `warmup` seconds, in whole windows of `length`.
fn in_windows(seed: u64, traffic: Traffic, warmup: f64, length: f64) -> Setup {
    let windows = (REQUESTS / (mean_rate(&traffic) * length)).ceil();
    let mut setup = Setup::new(seed, traffic, secs(warmup + windows * length));
    setup.scenario.warmup = secs(warmup);
    setup
}

/// How many requests arrive in each window of `length` seconds after the warm-up.
fn counts(setup: &Setup, replication: u64, length: f64) -> Vec<f64> {
    let scenario = &setup.scenario;
    let (warmup, length) = (scenario.warmup.as_nanos(), secs(length).as_nanos());
    let mut counts = vec![0.0; ((scenario.duration.as_nanos() - warmup) / length) as usize];
    setup.each_request(replication, |request, is_measured| {
        if is_measured {
            counts[((request.arrived.as_nanos() - warmup) / length) as usize] += 1.0;
        }
    });
    counts
}

/// Mean and variance of counts, and the covariance of neighbours.
fn moments(counts: &[f64]) -> [(&'static str, f64); 3] {
    let mean = mean(counts);
    let products = |lag: usize| counts.iter().zip(&counts[lag..]).map(|(one, next)| (one - mean) * (next - mean));
    let average = |lag: usize| products(lag).sum::<f64>() / (counts.len() - lag) as f64;
    [("mean_count_per_window", mean), ("variance_of_count", average(0)), ("covariance_of_adjacent_counts", average(1))]
}

/// Those moments of which the case knows the value.
fn known_moments(case: &Case, counts: &[f64]) -> Vec<Estimate> {
    let known = moments(counts).into_iter().filter(|(metric, _)| case.expected.contains_key(*metric));
    known.map(|(metric, value)| Estimate::new(metric, value, counts.len() as f64)).collect()
}

/// What a fixed window lets through of the measured requests.
fn refused(case: &Case, setup: Setup, length: f64) -> Estimate {
    let total = setup.limit(window(case.count("limit"), length, Align::Start)).run(0).total();
    Estimate::new("rejection_fraction", total.rejected() as f64 / total.offered as f64, total.offered as f64)
}

fn modulated(case: &Case, seed: u64) -> Vec<Estimate> {
    let length = case.number("window");
    let setup = in_windows(seed, stated(case), 0.0, length);
    let counts = counts(&setup, 0, length);
    let empty = counts.iter().filter(|count| **count == 0.0).count() as f64 / counts.len() as f64;
    let mut estimates = known_moments(case, &counts);
    estimates.push(Estimate::new("fraction_of_empty_windows", empty, counts.len() as f64));
    estimates.push(refused(case, setup, length));
    estimates
}

/// After a warm-up of whole windows.
fn renewal(case: &Case, seed: u64, warmup: f64) -> Vec<Estimate> {
    let length = case.number("window");
    let setup = in_windows(seed, stated(case), warmup, length);
    let mut estimates = known_moments(case, &counts(&setup, 0, length));
    estimates.push(refused(case, setup, length));
    estimates
}

fn gaps(case: &Case, seed: u64) -> Vec<Estimate> {
    let runs = REQUESTS / (case.number("lambda") * case.number("horizon"));
    let setup = Setup::new(seed, stated(case), secs(case.number("horizon")));
    let (mut gaps, mut seen) = (Vec::new(), 0);
    for run in 0..runs as u64 {
        let mut last = 0.0;
        setup.each_request(run, |request, _| {
            let at = request.arrived.as_secs_f64();
            // The gap that the horizon cuts is a long one: leaving such out favours short ones, so the last few go too.
            gaps.push((at, at - last));
            last = at;
            seen += 1;
        });
    }
    let cut = case.number("horizon") - 60.0;
    let gaps: Vec<f64> = gaps.into_iter().filter(|(at, gap)| at - gap < cut).map(|(_, gap)| gap).collect();
    let units = gaps.len() as f64;
    let long = gaps.iter().filter(|gap| **gap > 1.0).count() as f64 / units;
    let squares: Vec<f64> = gaps.iter().map(|gap| gap * gap).collect();
    vec![
        Estimate::new("mean_interarrival_s", mean(&gaps), units),
        Estimate::new("mean_square_interarrival_s2", mean(&squares), units),
        Estimate::new("fraction_of_gaps_longer_than_1_s", long, units),
        Estimate::new("mean_count_per_run", f64::from(seen) / runs, runs),
    ]
}

/// Sessions that wait for no answers are clusters whose requests come in turn.
fn sessions(case: &Case, seed: u64) -> Vec<Estimate> {
    let (length, q) = (case.number("window"), case.number("q"));
    let setup = in_windows(seed, stated(case), 600.0, length);
    assert!(50.0 / (case.number("eta") * (1.0 - q)) <= 600.0);
    known_moments(case, &counts(&setup, 0, length))
}

fn self_exciting(case: &Case, seed: u64) -> Vec<Estimate> {
    const RUNS: u32 = 50_000;
    let length = case.number("window");
    let setup = in_windows(seed, stated(case), 50.0, length);
    let mut estimates = known_moments(case, &counts(&setup, 0, length));
    let empty = Setup::new(seed + 1, stated(case), secs(case.number("horizon")));
    let seen: Vec<f64> = (0..RUNS).map(|run| counts(&empty, run.into(), case.number("horizon"))[0]).collect();
    estimates.push(Estimate::new("mean_count_from_empty", mean(&seen), RUNS));
    estimates
}

/// A rate with a shape, over windows of an hour from midnight on, in runs of so many days: the counts of each run, and how
/// many requests of a run are refused on average.
fn hourly(case: &Case, setup: Setup, runs: u64) -> (Vec<Vec<f64>>, f64) {
    let all = (0..runs).map(|run| counts(&setup, run, 3_600.0)).collect();
    let limited = setup.limit(window(case.count("limit"), 3_600.0, Align::Start));
    let refused = limited.runs(runs, |record| record.total().rejected() as f64);
    (all, mean(&refused))
}

/// 288 weights make a sine that is right to 0.00004.
fn sine(case: &Case, seed: u64) -> Vec<Estimate> {
    const RUNS: u32 = 100;
    let angle = |part: usize| (part as f64 + 0.5) / 288.0 * std::f64::consts::TAU + case.number("phase");
    let weights = (0..288).map(|part| 1.0 + case.number("amplitude") * angle(part).sin()).collect();
    let daily = Daily { weights, ..Daily::default() };
    let arrivals = Arrivals::Poisson(Poisson { rate: rate(case.number("lambda0")) });
    let shape = Shape { daily: Some(daily), ..Shape::default() };
    let source = Traffic { shape: Some(shape), ..traffic(arrivals) };
    let (runs, refused) = hourly(case, Setup::new(seed, source, secs(86_400.0)), RUNS.into());
    let hour = |hour: usize| mean(&runs.iter().map(|run| run[hour]).collect::<Vec<_>>());
    vec![
        Estimate::new("mean_count_window_11", hour(11), RUNS),
        Estimate::new("mean_count_window_23", hour(23), RUNS),
        Estimate::new("mean_count_per_run", (0..24).map(hour).sum(), RUNS),
        Estimate::new("mean_rejections_per_run", refused, RUNS),
    ]
}

/// Hours that are level, days that differ, and a rate that is the mean of all of them.
fn working_hours(case: &Case, seed: u64) -> Vec<Estimate> {
    const RUNS: u32 = 40;
    let (profile, weekend) = (case.list("profile"), case.number("weekend"));
    let week = [[1.0; 5].as_slice(), &[weekend; 2]].concat();
    let base = Rate::nearest(case.number("base") * mean(&profile) * mean(&week)).expect("a rate");
    let daily = Daily { weights: profile, between: Some(Between::Level), ..Daily::default() };
    let shape =
        Shape { daily: Some(daily), weekly: Some(Weekly { weights: week, ..Weekly::default() }), ..Shape::default() };
    let source = Traffic { shape: Some(shape), ..traffic(Arrivals::Poisson(Poisson { rate: base })) };
    let mut setup = Setup::new(seed, source, secs(case.number("days") * 86_400.0));
    // A Thursday, as the case has it.
    setup.scenario.start = Civil::parse("2025-01-02T00:00:00Z").expect("an instant");
    assert_eq!(case.count("start_weekday"), 3);
    let (runs, refused) = hourly(case, setup, RUNS.into());
    let average = |of: &dyn Fn(&[f64]) -> f64| mean(&runs.iter().map(|run| of(run)).collect::<Vec<_>>());
    let is_weekend = |hour: usize| (3 + hour / 24) % 7 >= 5;
    let limit = case.number("limit");
    let at_weekends = |run: &[f64]| run.iter().enumerate().filter(|(hour, _)| is_weekend(*hour)).map(|(_, n)| n).sum();
    vec![
        Estimate::new("mean_count_per_run", average(&|run| run.iter().sum()), RUNS),
        Estimate::new("mean_count_weekend", average(&at_weekends), RUNS),
        Estimate::new("mean_rejections_per_run", refused, RUNS),
        Estimate::new(
            "mean_hours_with_rejection",
            average(&|run| run.iter().filter(|count| **count > limit).count() as f64),
            RUNS,
        ),
    ]
}
