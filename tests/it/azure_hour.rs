//! A real hour of recorded traffic against the paid tier, with four retry policies from one scenario.

use crate::traces::recorded;
use ratecast::metrics::Metric;
use ratecast::plan::{CellForecast, Forecast, Options, forecast};
use ratecast::protocol::{Reply, Request};
use ratecast::provider::{Hint, Quota};
use ratecast::scenario::{Ready, Scenario, load_text};
use ratecast::traffic::replay::{Replay, TraceReader};
use ratecast::units::{SimDuration, Tokens};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const LOG: &str = "azure-llm-2023/AzureLLMInferenceTrace_conv.csv";

fn forecast_of_the_hour(log: &Path) -> (Ready, Forecast) {
    let text = format!(
        "replications = 2\ntiers = [\"claude-paid\"]\n[traffic.log]\nreplay = {{ file = {:?} }}\n\
         [strategy.none]\nretry.none = {{}}\n\
         [strategy.exponential]\nretry.exponential = {{ honor-retry-after = false }}\n\
         [strategy.full-jitter]\nretry.full-jitter = {{ honor-retry-after = false }}\n\
         [strategy.obedient]\nretry.full-jitter = {{}}\n",
        log.display().to_string()
    );
    let ready = load_text("hour", &text, &[]).unwrap_or_else(|failure| panic!("{failure}"));
    let forecast = forecast(&ready.scenario, Options::default()).unwrap();
    (ready, forecast)
}

/// What anybody would count: the rows of each minute of the clock, at most 60 of them.
fn admitted_by_minute(log: &Path) -> BTreeMap<String, u64> {
    let text = fs::read_to_string(log).unwrap();
    let mut minutes = BTreeMap::new();
    for row in text.lines().skip(1) {
        *minutes.entry(row[..16].to_owned()).or_insert(0u64) += 1;
    }
    minutes.values_mut().for_each(|count| *count = (*count).min(60));
    minutes
}

fn mean(cell: &CellForecast, metric: Metric) -> f64 {
    cell.metric(metric).mean.unwrap()
}

/// The same by ratecast: each row is one call, and the tier's limits say which are admitted.
fn simulated_by_minute(log: &Path, scenario: &Scenario) -> BTreeMap<String, u64> {
    let tier = scenario.tier.find("claude-paid").unwrap();
    let mut quota = Quota::new(tier, &scenario.facts(), &scenario.start, Hint::None);
    let mut reader = TraceReader::open(log, &Replay::default()).unwrap();
    let (mut rows, mut minutes) = (Vec::new(), BTreeMap::new());
    while reader.read(&mut rows, 1_000).unwrap() > 0 {
        for row in rows.drain(..) {
            let none = Tokens::default();
            let (arrived, service) = (row.at, SimDuration::ZERO);
            let request = Request { arrived, input: none, output: none, service, ..Request::default() };
            let minute = scenario.start.at(row.at).strftime("%Y-%m-%d %H:%M").to_string();
            *minutes.entry(minute).or_insert(0) +=
                u64::from(matches!(quota.call(row.at, &request), Reply::Accepted { .. }));
        }
    }
    minutes
}

#[test]
fn without_retries_each_minute_admits_what_a_script_counts() {
    let Some(log) = recorded(LOG) else { return };
    let (ready, forecast) = forecast_of_the_hour(&log);
    let counted = admitted_by_minute(&log);
    assert_eq!(simulated_by_minute(&log, &ready.scenario), counted);
    assert_eq!(mean(&forecast.cells[0], Metric::Served), counted.values().sum::<u64>() as f64);
}

#[test]
fn retries_win_little_where_the_demand_is_five_times_the_limit() {
    let Some(log) = recorded(LOG) else { return };
    let (_, forecast) = forecast_of_the_hour(&log);
    let served: Vec<f64> = forecast.cells.iter().map(|cell| mean(cell, Metric::Served)).collect();
    for (cell, served) in forecast.cells.iter().zip(&served) {
        assert_eq!(mean(cell, Metric::Offered), 19_366.0);
        // 59 minutes of the hour, and at most six more in which late retries come.
        assert!(*served <= 66.0 * 60.0, "{} serves {served}", cell.strategy);
        println!(
            "{:<12} served {served:>7.1}  429s {:.4}  calls for each answer {:>6.2}",
            cell.strategy,
            mean(cell, Metric::AttemptRejectionRate),
            mean(cell, Metric::AttemptsPerServed),
        );
    }
    assert!(served[1..].iter().all(|retried| *retried >= served[0]));
}
