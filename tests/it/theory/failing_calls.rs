//! Clients without back-off whose calls fail by chance: what retries save, and what they add to the load.
//!
//! The peer is Brooker's simulation of retry policies (`mbrooker/simulator_example`, 2022): a hundred clients of ten calls a
//! second for ten seconds, so some 10,000 requests a row, printed with four digits. Its clients with a bucket of retries
//! begin with a full one, ours with an empty one; those rows are left out, and so are those of its breaker, which only
//! stops retries.

use super::setup::{REQUESTS, Setup, poisson, secs};
use ratecast::client::retry::{Constant, Persistence, RetryPolicy};
use ratecast::units::{Share, SimDuration};
use rayon::prelude::*;

/// A row of the peer's table.
struct Row {
    failing: f64,
    attempts: u32,
    success: f64,
    load: f64,
    requests: f64,
}

/// The rows of the table.
fn rows() -> Vec<Row> {
    let row = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        let number = |at: usize| cells[at].parse::<f64>().expect("a number");
        let attempts = match cells[1] {
            "no_retries" => 1,
            "three_retries" => 4,
            other => panic!("no policy {other}"),
        };
        Row { failing: number(0), attempts, success: number(2), load: number(3), requests: number(4) }
    };
    include_str!("../../data/failing_calls.csv").lines().skip(1).map(row).collect()
}

/// Mean and standard deviation over requests of a chance and of the calls of one request.
struct Moments {
    success: (f64, f64),
    load: (f64, f64),
}

/// Calls fail independently: a request makes more than `k` with chance `p^k`, and fails with chance `p^n`.
fn exact(row: &Row) -> Moments {
    let (p, attempts) = (row.failing, row.attempts as i32);
    let success = 1.0 - p.powi(attempts);
    let load: f64 = (0..attempts).map(|made| p.powi(made)).sum();
    let square: f64 = (0..attempts).map(|made| f64::from(2 * made + 1) * p.powi(made)).sum();
    Moments {
        success: (success, (success * (1.0 - success)).sqrt()),
        load: (load, (square - load * load).max(0.0).sqrt()),
    }
}

/// The share of requests that are served, and calls per request, of a whole run.
fn simulated(row: &Row, seed: u64) -> (f64, f64) {
    let mut setup = Setup::new(seed, poisson(1_000.0), secs(REQUESTS / 1_000.0));
    setup.scenario.provider.faults.errors = Share::from_hundred_millionths((row.failing * 1e8).round() as u64);
    let persistence = Persistence { attempts: row.attempts, ..Persistence::default() };
    setup.strategy.retry = RetryPolicy::Constant(Constant { base: SimDuration::ZERO, persistence });
    let total = setup.run(0).total();
    let offered = total.offered as f64;
    (total.served() as f64 / offered, total.attempts() as f64 / offered)
}

/// Against theory with a million requests, and against the peer within what its 10,000 leave open and half a unit of its
/// last digit. 44 scores of each kind pass 4 once in 180 times by chance; the seeds are fixed.
#[test]
fn retries_of_failing_calls_succeed_and_load_as_they_should() {
    let rows = rows();
    assert_eq!(rows.len(), 22);
    let runs: Vec<(f64, f64)> = rows.par_iter().enumerate().map(|(at, row)| simulated(row, 300 + at as u64)).collect();
    for (row, (success, load)) in rows.iter().zip(runs) {
        let Moments { success: (rate, spread), load: (calls, calls_spread) } = exact(row);
        for (what, seen, (mean, sigma), theirs) in
            [("success", success, (rate, spread), row.success), ("load", load, (calls, calls_spread), row.load)]
        {
            let context = format!(
                "{what} of {} attempts where {} fail: {seen:.5}, in theory {mean:.5}, by the peer {theirs}",
                row.attempts, row.failing
            );
            println!("{context}");
            assert!((seen - mean).abs() <= 4.0 * sigma / REQUESTS.sqrt() + 1e-12, "{context}");
            let open = sigma * (1.0 / row.requests + 1.0 / REQUESTS).sqrt();
            assert!((seen - theirs).abs() <= 4.0 * open + 5e-5, "{context}");
        }
    }
}
