//! How fast the engine is: three workloads against hand-tuned references in the same run, and what a year, a decision and an
//! event cost.
//!
//! `cargo bench --bench engine` measures everything, `cargo bench --bench engine -- w1 queue` some of it: `memory`, `w1`,
//! `w2`, `w2s`, `year`, `limiters`, `queue`. All times are processor time of this process, which other programs disturb less than they
//! do the clock on the wall; ratios are medians over interleaved rounds. With `RATECAST_BENCH_GATE` set, a ratio above the
//! bound ends the run with 1.
#![allow(clippy::print_stdout)]

mod reference;

use ratecast::engine::{Cell, EventQueue, Kind, Stop, simulate};
use ratecast::limiter::{Limiter, LimiterModel, LimiterSpec};
use ratecast::params::Choice;
use ratecast::recorder::{ClassRecord, Record};
use ratecast::rng::Seed;
use ratecast::scenario::{self, Scenario};
use ratecast::units::{Civil, SimDuration, SimTime};
use std::hint::black_box;
use std::path::Path;
use std::process::ExitCode;

/// What the engine may take of the reference's time.
const BOUND: f64 = 1.5;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --all-targets` starts benches too, without this flag; nothing is to be timed then.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    let names: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let wanted = |name: &str| names.is_empty() || names.iter().any(|wanted| *wanted == name);
    // First, because the process's peak is what is read.
    if wanted("memory") {
        memory();
    }
    let ratios = RACES.iter().filter(|race| wanted(race.name)).map(Race::run);
    let ratio = ratios.fold(0.0, f64::max);
    if wanted("year") {
        year();
    }
    if wanted("limiters") {
        limiters();
    }
    if wanted("queue") {
        queue();
    }
    let is_gated = std::env::var_os("RATECAST_BENCH_GATE").is_some();
    if is_gated && ratio > BOUND { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Processor time of this process, in nanoseconds.
#[cfg(unix)]
fn cpu_nanos() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}

/// Where processor time is not to be had: the clock on the wall.
#[cfg(not(unix))]
#[allow(clippy::disallowed_methods)]
fn cpu_nanos() -> f64 {
    use std::sync::LazyLock;
    use std::time::Instant;
    static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
    BEGIN.elapsed().as_nanos() as f64
}

/// What `work` gives, and the nanoseconds that it took.
fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let begin = cpu_nanos();
    let result = black_box(work());
    (result, cpu_nanos() - begin)
}

/// Nanoseconds for each of `count` calls of `work`: the median of five series.
fn each(count: u64, mut work: impl FnMut()) -> f64 {
    median((0..5).map(|_| timed(|| (0..count).for_each(|_| work())).1 / count as f64).collect())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn workload(name: &str) -> Scenario {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/workloads").join(name);
    scenario::load(&path, &[]).expect("the workload is well formed").scenario
}

fn run(scenario: &Scenario) -> Record {
    let cell = Cell { scenario, tier: &scenario.tier[0].1, strategy: &scenario.strategy[0].1 };
    simulate(cell, 0, Stop::default()).expect("the workload runs to its end")
}

fn workload_of(name: &str, requests: u64, seed: u64) -> Scenario {
    let mut scenario = workload(&format!("{name}.toml"));
    scenario.traffic[0].1.requests = Some(requests);
    scenario.seed = seed;
    scenario
}

fn memory() {
    const REQUESTS: u64 = 10_000_000;
    let (record, nanos) = timed(|| run(&workload_of("w1", REQUESTS, 1)));
    assert_eq!(record.total().offered, REQUESTS);
    let peak = peak_mib().map_or("unknown on this system".to_owned(), |mib| format!("{mib:.1} MiB"));
    println!("memory: 10 million requests of W1 in {:.2} s; peak of the process {peak} (bound: 50 MB)\n", nanos * 1e-9);
}

/// The most memory that this process ever held.
fn peak_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok().map(|kib: f64| kib / 1024.0)
}

/// What is compared of a workload.
const FIGURES: [&str; 12] = [
    "attempts per request",
    "refused, 1st attempt",
    "refused, 2nd attempt",
    "refused, 3rd attempt",
    "refused, 4th attempt",
    "refused, 5th attempt",
    "refused, 6th attempt",
    "gave up",
    "latency, mean (s)",
    "latency, p50 (s)",
    "latency, p95 (s)",
    "latency, p99 (s)",
];

type Figures = [f64; FIGURES.len()];

/// A workload that the engine and a hand-tuned program run in turn.
struct Race {
    name: &'static str,
    reference: fn(u64, u64) -> reference::Outcome,
    /// What a hundred runs of a million requests by other programs gave.
    expected: Figures,
}

const RACES: [Race; 3] = [
    Race {
        name: "w1",
        reference: reference::w1,
        expected: [2.856, 0.414, 0.406, 0.389, 0.356, 0.290, 0.167, 0.1666, 5.562, 2.19, 22.21, 27.04],
    },
    Race {
        name: "w2",
        reference: reference::w2,
        expected: [3.106, 0.658, 0.518, 0.400, 0.303, 0.227, 0.167, 0.1666, 4.563, 2.73, 15.79, 24.20],
    },
    Race {
        name: "w2s",
        reference: reference::w2s,
        expected: [3.083, 0.651, 0.511, 0.395, 0.300, 0.226, 0.167, 0.1666, 4.658, 2.82, 15.97, 24.49],
    },
];

impl Race {
    /// Compares the engine with the reference and gives the median of their ratios.
    fn run(&self) -> f64 {
        const ROUNDS: u64 = 15;
        const REQUESTS: u64 = 1_000_000;
        let name = self.name;
        let (mut ours, mut theirs, mut times) = (Vec::new(), Vec::new(), Vec::new());
        for seed in 1..=ROUNDS {
            let scenario = workload_of(name, REQUESTS, seed);
            let (record, engine) = timed(|| run(&scenario));
            let (outcome, reference) = timed(|| (self.reference)(REQUESTS, seed));
            times.push((engine / REQUESTS as f64, reference / REQUESTS as f64));
            ours.push(figures_of_engine(&record.total(), REQUESTS as f64));
            theirs.push(figures_of_reference(&outcome, REQUESTS as f64));
        }
        let ratio = median(times.iter().map(|(engine, reference)| engine / reference).collect());
        let engine = median(times.iter().map(|time| time.0).collect());
        let reference = median(times.iter().map(|time| time.1).collect());
        println!("{name}: {engine:.1} ns a request in the engine, {reference:.1} ns in the reference");
        println!("    median of the ratios over {ROUNDS} interleaved rounds: {ratio:.2} (bound: {BOUND})\n");
        self.print_figures(&ours, &theirs);
        ratio
    }

    /// Prints the means over all runs, beside what they should be, with their standard errors.
    fn print_figures(&self, ours: &[Figures], theirs: &[Figures]) {
        println!("    {:22}{:>10}{:>18}{:>9}{:>18}{:>9}", "", "expected", "engine", "error", "reference", "error");
        for (at, (name, expected)) in FIGURES.iter().zip(self.expected).enumerate() {
            let print = |figures: &[Figures]| {
                let values: Vec<f64> = figures.iter().map(|run| run[at]).collect();
                let error = format!("{:+.2} %", (mean(&values) / expected - 1.0) * 100.0);
                format!("{:>18}{error:>9}", format!("{:.4} ± {:.4}", mean(&values), standard_error(&values)))
            };
            println!("    {name:22}{expected:>10}{}{}", print(ours), print(theirs));
        }
        println!();
    }
}

fn figures_of_engine(class: &ClassRecord, requests: f64) -> Figures {
    let share = |count: u64| count as f64 / requests;
    let quantile = |q| class.latency.quantile(q).map_or(f64::NAN, SimDuration::as_secs_f64);
    let [first, second, third, fourth, fifth, sixth, ..] = class.rejected_by_attempt.map(share);
    let mean = class.latency.mean_s().unwrap_or(f64::NAN);
    let (attempts, failed) = (share(class.attempts()), share(class.failed()));
    let [p50, p95, p99] = [0.5, 0.95, 0.99].map(quantile);
    [attempts, first, second, third, fourth, fifth, sixth, failed, mean, p50, p95, p99]
}

fn figures_of_reference(outcome: &reference::Outcome, requests: f64) -> Figures {
    let share = |count: u64| count as f64 / requests;
    let [first, second, third, fourth, fifth, sixth] = outcome.refused.map(share);
    let (attempts, gave_up) = (share(outcome.attempts), share(outcome.gave_up));
    let [p50, p95, p99] = [0.5, 0.95, 0.99].map(|q| outcome.latency.quantile(q));
    [attempts, first, second, third, fourth, fifth, sixth, gave_up, outcome.latency.mean(), p50, p95, p99]
}

fn standard_error(values: &[f64]) -> f64 {
    let (mean, n) = (mean(values), values.len() as f64);
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (squares / (n - 1.0) / n).sqrt()
}

fn year() {
    let scenario = workload("year.toml");
    let runs: Vec<(Record, f64)> = (0..3).map(|_| timed(|| run(&scenario))).collect();
    let total = runs[0].0.total();
    let (offered, attempts) = (total.offered as f64, total.attempts() as f64);
    let nanos = median(runs.iter().map(|run| run.1).collect());
    let (of_request, of_attempt) = (nanos / offered, nanos / attempts);
    println!(
        "year: claude-paid for a year, {:.2} M requests in {:.2} s of processor time",
        offered * 1e-6,
        nanos * 1e-9
    );
    println!("      {of_request:.0} ns a request, {of_attempt:.0} ns an attempt; {} failed\n", total.failed());
}

/// The cost of one decision, with its charge or its instant of opening, at a rate at which most limits refuse sometimes.
fn limiters() {
    println!("limiters: one decision");
    for spec in LimiterSpec::registered() {
        let mut state = spec.start(&Civil::default());
        let (mut now, gap) = (SimTime::ZERO, SimDuration::from_nanos(900_000_000));
        let mut is_held = false;
        let nanos = each(1_000_000, || {
            now += gap;
            if is_held {
                state.settle(now, 1);
            }
            is_held = state.admits(now, 1);
            if is_held {
                state.charge(now, 1);
            } else {
                black_box(state.opens(now, 1));
            }
        });
        println!("    {:20}{nanos:>6.1} ns", spec.kind());
    }
    println!();
}

/// The cost of taking an event out and putting another in, by how many wait: the hold model, with exponential increments.
fn queue() {
    println!("queue: one event out and one in{:>16}{:>12}", "pop, push", "replace");
    let mut stream = Seed(1).stream(0, "increments");
    let increments: Vec<u64> = (0..1 << 16).map(|_| (stream.exponential() * 1e9) as u64 + 1).collect();
    for waiting in [10, 1_000, 100_000] {
        let mut increments = increments.iter().cycle().map(|&nanos| SimDuration::from_nanos(nanos));
        let mut next = || increments.next().expect("a cycle does not end");
        let mut queue = EventQueue::default();
        for slot in 0..waiting {
            queue.push(SimTime::ZERO + next(), Kind::Retry, slot);
        }
        let operations = 1_000_000;
        let pop_and_push = each(operations, || {
            let event = queue.pop();
            queue.push(event.at() + next(), Kind::Retry, event.slot());
        });
        let replace = each(operations, || {
            let event = queue.peek();
            queue.replace(event.at() + next(), Kind::Retry, event.slot());
        });
        println!("    {waiting:>7} waiting{pop_and_push:>29.1} ns{replace:>9.1} ns");
    }
    println!();
}
