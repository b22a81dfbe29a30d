//! How full batches are when they leave, and how long requests wait for that.

use super::Trial;
use super::case::Case;
use super::judge::Estimate;
use super::setup::{REQUESTS, Setup, mean, poisson, secs, share_within};
use ratecast::client::batch::{Batch, Batcher, Joined};
use ratecast::units::SimTime;

pub const TRIALS: &[Trial] = &[
    Trial::new("P-BA-01", "batches", batches),
    Trial::new("P-BA-01", "whole run", whole_run),
    Trial::new("P-BA-02", "batches", batches),
    Trial::new("P-BA-02", "whole run", whole_run),
    Trial::new("P-BA-03", "batches", batches),
    Trial::new("P-BA-03", "whole run", whole_run),
    Trial::new("P-BA-04", "batches", batches),
    Trial::new("P-BA-04", "whole run", whole_run),
];

fn batch(case: &Case) -> Batch {
    let span = |key: &str| case.has(key).then(|| secs(case.number(key)));
    let size = case.count("max_size") as u32;
    Batch { size, linger: span("linger"), every: span("period"), ..Batch::default() }
}

/// Poisson traffic for a whole number of the clock's periods, if there is one.
fn setup(case: &Case, seed: u64) -> (Setup, f64) {
    let period = if case.has("period") { case.number("period") } else { 1.0 };
    let length = (REQUESTS / case.number("lambda") / period).ceil() * period;
    (Setup::new(seed, poisson(case.number("lambda")), secs(length)), length)
}

/// Those of `figures` that the case expects, each with its number of units.
fn asked(case: &Case, figures: Vec<(String, f64, f64)>) -> Vec<Estimate> {
    let known = figures.into_iter().filter(|(metric, ..)| case.expected.contains_key(metric));
    known.map(|(metric, value, units)| Estimate::new(metric, value, units)).collect()
}

/// Batches by size, and how long each request waited.
#[derive(Default)]
struct Log {
    sizes: Vec<usize>,
    waits: Vec<f64>,
}

impl Log {
    fn left(&mut self, at: SimTime, members: &[u32], arrived: &[SimTime]) {
        self.sizes.push(members.len());
        self.waits.extend(members.iter().map(|member| (at - arrived[*member as usize]).as_secs_f64()));
    }
}

fn logged(case: &Case, setup: &Setup) -> Log {
    let mut batcher = Batcher::new(&batch(case));
    let (mut log, mut arrived, mut leaves) = (Log::default(), Vec::new(), None);
    setup.each_request(0, |request, _| {
        let now = request.arrived;
        if let Some(at) = leaves.filter(|at| *at <= now) {
            log.left(at, &batcher.due(0), &arrived);
            leaves = None;
        }
        arrived.push(now);
        match batcher.join(now, 0, arrived.len() as u32 - 1) {
            Joined::Opened(at) => leaves = Some(at),
            Joined::Waits => {}
            Joined::Full(members) => {
                log.left(now, &members, &arrived);
                leaves = None;
            }
        }
    });
    log
}

fn batches(case: &Case, seed: u64) -> Vec<Estimate> {
    let (setup, length) = setup(case, seed);
    let Log { sizes, mut waits } = logged(case, &setup);
    let (number, requests) = (sizes.len() as f64, waits.len() as f64);
    let share = |size: u64| sizes.iter().filter(|found| **found as u64 == size).count() as f64 / number;
    waits.sort_by(f64::total_cmp);
    let squares: Vec<f64> = waits.iter().map(|wait| wait * wait).collect();
    let mut figures = vec![
        ("fraction_of_batches_flushed_by_size".to_owned(), share(case.count("max_size")), number),
        ("fraction_of_batches_of_size_1".to_owned(), share(1), number),
        ("batches_per_s".to_owned(), number / length, length),
        ("mean_wait_s".to_owned(), mean(&waits), requests),
        ("mean_square_wait_s2".to_owned(), mean(&squares), requests),
        ("wait_p90_s".to_owned(), waits[(0.9 * requests) as usize], requests),
    ];
    figures.push(match case.has("period") {
        true => ("mean_batch_size".to_owned(), requests / number, length / case.number("period")),
        false => ("mean_batch_size".to_owned(), requests / number, number),
    });
    if case.has("period") {
        let periods = length / case.number("period");
        figures.push(("batches_per_period".to_owned(), number / periods, periods));
    }
    for (metric, wait) in case.thresholds("fraction_waiting_more_than_", "_s") {
        let longer = waits.len() - waits.partition_point(|waited| *waited <= wait);
        figures.push((metric, longer as f64 / requests, requests));
    }
    asked(case, figures)
}

/// The same of a whole run, as far as its record tells: calls take no time, so all latency is the wait for a batch.
fn whole_run(case: &Case, seed: u64) -> Vec<Estimate> {
    let (mut setup, length) = setup(case, seed);
    setup.strategy.batch = Some(batch(case));
    let total = setup.run(0).total();
    let (number, requests) = (total.admitted as f64, total.served() as f64);
    assert_eq!(total.joining, total.latency.sum_nanos());
    let mut figures = vec![
        ("batches_per_s".to_owned(), number / length, length),
        ("mean_wait_s".to_owned(), total.latency.mean_s().unwrap(), requests),
    ];
    match case.has("period") {
        true => {
            let periods = length / case.number("period");
            figures.push(("batches_per_period".to_owned(), number / periods, periods));
            figures.push(("mean_batch_size".to_owned(), requests / number, periods));
        }
        false => figures.push(("mean_batch_size".to_owned(), requests / number, number)),
    }
    for (metric, wait) in case.thresholds("fraction_waiting_more_than_", "_s") {
        figures.push((metric, 1.0 - share_within(&total.latency, wait, total.served()), requests));
    }
    asked(case, figures)
}
