//! The workloads by which the engine's speed is judged (`benches/engine.rs`) mean what other programs make of them.

use ratecast::engine::{Cell, Stop, simulate};
use ratecast::scenario;
use ratecast::units::SimDuration;
use rayon::prelude::*;
use std::path::Path;

/// Attempts and refused first attempts a request, the share that gave up, and of the latency the mean and the 50th, 95th and
/// 99th percentile in seconds: the means over a hundred runs of a million requests by other programs.
const KNOWN: [(&str, [f64; 7]); 3] = [
    ("w1", [2.856, 0.414, 0.1666, 5.562, 2.19, 22.21, 27.04]),
    ("w2", [3.106, 0.658, 0.1666, 4.563, 2.73, 15.79, 24.20]),
    ("w2s", [3.083, 0.651, 0.1666, 4.658, 2.82, 15.97, 24.49]),
];

fn figures(name: &str, seed: u64) -> [f64; 7] {
    const REQUESTS: u64 = 500_000;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("benches/workloads/{name}.toml"));
    let mut scenario = scenario::load(&path, &[]).unwrap_or_else(|failure| panic!("{failure}")).scenario;
    scenario.traffic[0].1.requests = Some(REQUESTS);
    scenario.seed = seed;
    let cell = Cell { scenario: &scenario, tier: &scenario.tier[0].1, strategy: &scenario.strategy[0].1 };
    let class = simulate(cell, 0, Stop::default()).unwrap().total();
    let share = |count: u64| count as f64 / REQUESTS as f64;
    let [p50, p95, p99] =
        [0.5, 0.95, 0.99].map(|q| class.latency.quantile(q).map_or(f64::NAN, SimDuration::as_secs_f64));
    let first = share(class.rejected_by_attempt[0]);
    [share(class.attempts()), first, share(class.failed()), class.latency.mean_s().unwrap(), p50, p95, p99]
}

/// Eight runs of half a million requests give most figures to a tenth of a per cent, and the share that gave up with a standard
/// error of 0.36 %: four of these make the bound, which a right engine fails with one set of seeds of fifty at most. The seeds
/// are fixed.
#[test]
fn workloads_have_their_figures() {
    for (name, known) in KNOWN {
        let runs: Vec<[f64; 7]> = (1..=8u64).into_par_iter().map(|seed| figures(name, seed)).collect();
        for (at, known) in known.into_iter().enumerate() {
            let mean = runs.iter().map(|run| run[at]).sum::<f64>() / runs.len() as f64;
            let squares: f64 = runs.iter().map(|run| (run[at] - mean) * (run[at] - mean)).sum();
            let error = (squares / (runs.len() as f64 - 1.0) / runs.len() as f64).sqrt();
            println!("{name} {at}: {mean:.4} ± {error:.4}, known {known}");
            assert!((mean / known - 1.0).abs() < 0.015, "{name}, figure {at}: {mean} ± {error}, not {known}");
        }
    }
}
