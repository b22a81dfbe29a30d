//! What a cache and single flight spare: hit ratios of whole runs.

use super::Trial;
use super::case::Case;
use super::judge::Estimate;
use super::setup::{REQUESTS, Setup, secs, traffic};
use ratecast::client::cache::{CacheSpec, Evict, LayerSpec};
use ratecast::client::coalesce::Coalesce;
use ratecast::durations::{Durations, Exponential};
use ratecast::recorder::{ClassRecord, Spared};
use ratecast::traffic::CacheKeys;
use ratecast::traffic::arrivals::{Arrivals, Gamma};

pub const TRIALS: &[Trial] = &[
    Trial::new("P-CA-01", "lru", evicting),
    Trial::new("P-CA-02", "lru", evicting),
    Trial::new("P-CA-03", "fifo", evicting),
    Trial::new("P-CA-04", "random", evicting),
    Trial::new("P-CA-05", "ttl", expiring),
    Trial::new("P-CA-06", "single flight", one_key),
    Trial::new("P-CA-07", "single flight", one_key),
    Trial::new("P-CA-08", "refresh", one_key),
    Trial::new("P-CA-09", "stampede", one_key),
    Trial::new("P-CA-10", "stampede", one_key),
    Trial::new("P-CA-11", "ttl", one_key),
    Trial::new("P-CA-12", "no bound", from_cold),
];

fn shared(layer: LayerSpec) -> Option<CacheSpec> {
    Some(CacheSpec { local: None, shared: Some(layer) })
}

fn keys(case: &Case) -> Option<CacheKeys> {
    Some(CacheKeys { count: case.count("keys") as u32, exponent: case.number("zipf_alpha") })
}

fn hits(record: &ClassRecord) -> f64 {
    record.spared[Spared::Cache as usize] as f64
}

fn evicting(case: &Case, seed: u64) -> Vec<Estimate> {
    let evict = match &case.title {
        title if title.starts_with("LRU") => Evict::Lru,
        title if title.starts_with("FIFO") => Evict::Fifo,
        _ => Evict::Random,
    };
    let rate = 100.0;
    let warmup = 1e5f64.max(1_000.0 * case.number("keys")) / rate;
    let mut setup = Setup::measured(seed, rate, warmup, REQUESTS);
    setup.scenario.traffic[0].1.cache_keys = keys(case);
    let capacity = Some(case.count("capacity"));
    setup.strategy.cache = shared(LayerSpec { capacity, evict, ..LayerSpec::default() });
    let total = setup.run(0).total();
    vec![Estimate::new("hit_ratio", hits(&total) / total.offered as f64, total.offered as f64)]
}

fn expiring(case: &Case, seed: u64) -> Vec<Estimate> {
    let (lambda, ttl) = (case.number("lambda"), case.number("ttl"));
    let mut setup = Setup::measured(seed, lambda, 20.0 * ttl, REQUESTS);
    setup.scenario.traffic[0].1.cache_keys = keys(case);
    setup.strategy.cache = shared(LayerSpec { ttl: Some(secs(ttl)), ..LayerSpec::default() });
    let total = setup.run(0).total();
    let misses = total.offered as f64 - hits(&total);
    vec![
        Estimate::new("hit_ratio", hits(&total) / total.offered as f64, total.offered as f64),
        // Each miss keeps one answer for the ttl.
        Estimate::new("mean_objects_cached", misses * ttl * lambda / REQUESTS, 1),
    ]
}

/// All ask for the same, and the answer takes its time.
fn one_key(case: &Case, seed: u64) -> Vec<Estimate> {
    let lambda = case.number("lambda");
    let mut setup = match case.has("gamma_shape") {
        true => {
            let rate = super::setup::rate(lambda);
            let gamma = Gamma { rate, cv: None, shape: Some(case.number("gamma_shape")) };
            Setup::measured_of(seed, traffic(Arrivals::Gamma(gamma)), lambda, (0.0, REQUESTS))
        }
        false => Setup::measured(seed, lambda, 0.0, REQUESTS),
    };
    setup.scenario.traffic[0].1.cache_keys = Some(CacheKeys { count: 1, exponent: 1.0 });
    let refresh = case.title.contains("refreshed");
    setup.strategy.cache = shared(LayerSpec { ttl: Some(secs(case.number("ttl"))), refresh, ..LayerSpec::default() });
    if case.has("fetch_time_mean") {
        let mean = secs(case.number("fetch_time_mean"));
        setup.scenario.provider.time_to_first_token = match case.text("fetch_time_distribution") {
            "deterministic" => Durations::constant(mean),
            _ => Durations::Exponential(Exponential { mean }),
        };
    }
    if !case.title.contains("no single flight") {
        setup.strategy.coalesce = Some(Coalesce::default());
    }
    let total = setup.run(0).total();
    let offered = total.offered as f64;
    let figures = [
        ("hit_ratio", hits(&total) / offered),
        ("collapsed_fraction", total.spared[Spared::Coalesced as usize] as f64 / offered),
        ("upstream_calls_per_request", total.admitted as f64 / offered),
        ("mean_latency_s", total.latency.mean_s().unwrap()),
    ];
    let asked = figures.into_iter().filter(|(metric, _)| case.expected.contains_key(*metric));
    asked.map(|(metric, value)| Estimate::new(metric, value, offered)).collect()
}

fn from_cold(case: &Case, seed: u64) -> Vec<Estimate> {
    const RUNS: u32 = 400;
    let n = case.number("n");
    let mut setup = Setup::measured(seed, 100.0, 0.0, 2.0 * n);
    let source = &mut setup.scenario.traffic[0].1;
    (source.cache_keys, source.requests) = (keys(case), Some(case.count("n")));
    setup.strategy.cache = shared(LayerSpec::default());
    let hits: f64 = setup.runs(RUNS.into(), |record| hits(&record.total())).iter().sum();
    let hit_ratio = hits / f64::from(RUNS) / n;
    vec![Estimate::new("mean_misses_per_run", n * (1.0 - hit_ratio), RUNS), Estimate::new("hit_ratio", hit_ratio, RUNS)]
}
