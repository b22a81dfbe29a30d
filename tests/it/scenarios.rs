//! Every file in `scenarios/`: what people read of it, what programs read of it, and that the two agree.

use crate::golden;
use crate::program::{Program, ratecast, scenarios};
use ratecast::metrics::Metric;
use ratecast::report::Document;

/// The names that the contract promises.
const PROMISED: &[&str] = &[
    "offered",
    "served",
    "failed",
    "pending",
    "attempts",
    "rejected_attempts",
    "attempt_rejection_rate",
    "first_attempt_rejection_rate",
    "failure_rate",
    "attempts_per_served",
    "latency_mean_s",
    "latency_p50_s",
    "latency_p90_s",
    "latency_p95_s",
    "latency_p99_s",
    "latency_max_s",
    "latency_all_p50_s",
    "latency_all_p90_s",
    "latency_all_p95_s",
    "latency_all_p99_s",
    "queue_wait_mean_s",
    "retry_wait_mean_s",
    "service_mean_s",
    "throughput_per_s",
    "input_tokens",
    "output_tokens",
    "cost_usd",
    "cost_per_1000_served_usd",
    "retry_cost_usd",
    "cache_hit_rate",
];

/// Few replications, so that all of them together take seconds.
fn run(path: &std::path::Path, format: &str) -> String {
    let path = path.display().to_string();
    let ended = ratecast(["run", &path, "--format", format, "--replications", "3"]);
    assert!([0, 1, 5].contains(&ended.status), "{path}: {} {}", ended.status, ended.stderr);
    ended.stdout
}

#[test]
fn what_people_read() {
    for path in scenarios() {
        let text = run(&path, "table");
        assert!(text.lines().count() <= 40, "{} has {} lines", path.display(), text.lines().count());
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{}: {line}", path.display());
            assert!(!line.ends_with(' ') && !line.contains(|c: char| c.is_control()), "{line:?}");
        }
        let name = path.with_extension("txt");
        golden::one("runs", name.file_name().unwrap().to_str().unwrap(), &text);
    }
}

/// A client that does nearly all there is, under a name that no table has room for.
const BUSY: &str = r#"
duration = "20min"
replications = 2
tiers = ["small"]
tier.small.limits.calls.fixed-window = { limit = "60/min" }
tier.small.price.month = "0 USD/month"
tier.other.limits.calls.fixed-window = { limit = "10/min" }
provider.time-to-first-token.lognormal = { mean = "2s", cv = 1.0 }
provider.time-per-output-token.constant = "0s"

[traffic.app]
arrivals.poisson = { rate = "120/min" }
cache-keys = { count = 200, exponent = 1.0 }
output-tokens.constant = 900
max-tokens = 500
re-asks = 2

[strategy.everything-that-a-client-can-do-about-it]
retry.full-jitter = { base = "1s", cap = "5s", attempts = 3 }
hedge.delay = "3s"
budget.deposit = { share = "10%" }
breaker.consecutive = { failures = 5, open-time = "5s" }
cache.shared = { capacity = 20, ttl = "1min" }
coalesce = {}
pacing.requests = "100/min"
route.other.tier = "other"
canned = true

[strategy.nothing-at-all]
retry.none = {}
"#;

#[test]
fn what_the_clients_did_has_room_in_every_report() {
    let run = |format: &str| {
        let ended = Program::new(["run", "busy.toml", "--format", format]).file("busy.toml", BUSY).ended();
        assert_eq!(ended.status, 0, "{}", ended.stderr);
        ended.stdout
    };
    let text = run("table");
    assert!(text.lines().count() <= 40 && text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert!(text.contains("for each request\n"), "{text}");
    assert!(text.contains("… and 5 more figures: `--format markdown` shows all"), "{text}");
    let header = "|  | calls | retries | hedges | denied | turned down | rerouted | canned | cached | coalesced | paced | \
                  joining | re-asks |";
    assert!(run("markdown").contains(header), "{}", run("markdown"));
}

#[test]
fn what_programs_read_is_conserved_and_complete() {
    for path in scenarios() {
        let document: Document = serde_json::from_str(&run(&path, "json")).unwrap();
        for cell in &document.cells {
            for metrics in std::iter::once(&cell.metrics).chain(cell.classes.values()) {
                let mean = |name: &str| metrics[name].mean.unwrap();
                let ended = mean("served") + mean("failed") + mean("pending");
                assert!((mean("offered") - ended).abs() < 1e-6 * ended.max(1.0), "{}: {}", path.display(), cell.tier);
                let spared = mean("cache_hit_rate") * mean("served") + mean("coalesced") + mean("batched");
                // The mean of a share times a mean is not quite the mean of the product.
                assert!(mean("attempts") + spared >= mean("served") * 0.99);
            }
            let missing: Vec<_> = PROMISED.iter().filter(|name| !cell.metrics.contains_key(**name)).collect();
            assert!(missing.is_empty(), "{missing:?}");
            assert_eq!(cell.metrics.len(), Metric::ALL.len());
        }
    }
}

#[test]
fn a_document_reads_back_as_it_was() {
    for path in scenarios() {
        let text = run(&path, "json");
        let document: Document = serde_json::from_str(&text).unwrap();
        assert_eq!(document.to_json(), text);
    }
}

#[test]
fn the_table_of_figures_says_what_the_document_says() {
    let path = &scenarios()[0];
    let document: Document = serde_json::from_str(&run(path, "json")).unwrap();
    let csv = run(path, "csv");
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let mut compared = 0;
    for row in reader.records().map(Result::unwrap).filter(|row| row[2].is_empty()) {
        let cell = document.cells.iter().find(|cell| cell.tier == row[0] && cell.strategy == row[1]).unwrap();
        let estimate = &cell.metrics[&row[3]];
        assert_eq!(row[4].parse().ok(), estimate.mean, "{row:?}");
        assert_eq!(row[6].parse().ok(), estimate.high, "{row:?}");
        compared += 1;
    }
    assert_eq!(compared, document.cells.len() * Metric::ALL.len());
}

#[test]
fn markdown_names_every_cell() {
    let path = &scenarios()[0];
    let document: Document = serde_json::from_str(&run(path, "json")).unwrap();
    let rows = run(path, "markdown").lines().filter(|line| line.starts_with("| m") || line.starts_with("| u")).count();
    assert_eq!(rows, document.cells.len());
}
