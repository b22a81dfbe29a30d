//! Fits: parameters come back, and recorded traffic is met where limits bite.

use crate::traces::recorded;
use ratecast::rng::Seed;
use ratecast::traffic::fit::{Feature, Fit, Options, Profile, Study, fit};
use ratecast::traffic::measure::Measure;
use ratecast::traffic::replay::{Replay, TraceFormat, TraceReader, TraceRow};
use ratecast::units::Civil;
use std::path::Path;

/// The whole way of a log: two passes and a fit.
fn fitted(rows: &[TraceRow], begins: Option<&Civil>, replications: u64) -> Fit {
    let mut measure = Measure::new(begins);
    rows.iter().for_each(|row| measure.add(row));
    let description = measure.finish();
    let start = begins.cloned().unwrap_or_default();
    let profile = Profile::of(&description, &start, begins.is_some());
    let mut study = Study::new(&description, profile, Seed(1));
    rows.iter().for_each(|row| study.add(row));
    let options =
        Options { start: &start, seed: Seed(1), replications, progress: &|| {}, interrupted: &|| false };
    fit(&description, study.finish(), options).unwrap()
}

fn all(path: &Path, spec: &Replay) -> (Vec<TraceRow>, Option<Civil>) {
    let mut reader = TraceReader::open(path, spec).unwrap();
    let mut rows = Vec::new();
    while reader.read(&mut rows, 10_000).unwrap() > 0 {}
    (rows, reader.begins())
}

fn show(fit: &Fit) {
    println!("{:?} {:?}", fit.model, fit.reason);
    for parameter in &fit.parameters {
        println!("  {parameter:?}");
    }
    for c in &fit.comparisons {
        println!("  {:?} {:.2} fitted {:.2} {:.2} {:.2} poisson {:.2} {:.2} {:.2}", c.feature, c.observed, c.fitted.low, c.fitted.median, c.fitted.high, c.poisson.low, c.poisson.median, c.poisson.high);
    }
    println!("{:?}", fit.doubts);
}

#[test]
fn azure() {
    let Some(log) = recorded("azure-llm-2023/AzureLLMInferenceTrace_conv.csv") else { return };
    let (rows, begins) = all(&log, &Replay::default());
    let t = std::time::Instant::now();
    show(&fitted(&rows, begins.as_ref(), 100));
    println!("{:?}", t.elapsed());
}

#[test]
fn burst() {
    let Some(log) = recorded("burstgpt/BurstGPT_1_head.csv") else { return };
    let (rows, begins) = all(&log, &Replay { format: TraceFormat::BurstGpt, ..Replay::default() });
    let t = std::time::Instant::now();
    show(&fitted(&rows, begins.as_ref(), 100));
    println!("{:?}", t.elapsed());
}
