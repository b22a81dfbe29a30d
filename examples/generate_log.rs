//! Makes `scenarios/recorded.csv`, the log that `scenarios/recorded.toml` replays: two hours of made-up traffic in the
//! layout of the Azure LLM inference traces.
//!
//! cargo run --release --example generate_log > scenarios/recorded.csv

use ratecast::rng::{BLOCK, Seed};
use ratecast::scenario::load_text;
use ratecast::traffic::{Columns, Feed};
use ratecast::units::SimTime;
use std::error::Error;
use std::path::Path;

const TRAFFIC: &str = r#"
start = "2025-04-07T09:00:00Z"
duration = "2h"

[traffic.chat]
arrivals.poisson = { rate = "14/min" }
input-tokens.lognormal = { mean = 1200, cv = 1.1 }
output-tokens.lognormal = { mean = 260, cv = 0.9, max = 2048 }

[traffic.batch]
arrivals.constant = { rate = "1/90s" }
input-tokens.uniform = { min = 3000, max = 9000 }
output-tokens.constant = 400
"#;

fn main() -> Result<(), Box<dyn Error>> {
    let scenario = load_text("traffic", TRAFFIC, &[])?.scenario;
    let end = SimTime::ZERO + scenario.duration;
    let mut rows = Vec::new();
    for (name, traffic) in &scenario.traffic {
        let mut feed = Feed::new(traffic, name, Path::new(""), Seed(scenario.seed), 0)?;
        let mut columns = Columns::default();
        while rows.last().is_none_or(|row: &(SimTime, _, _)| row.0 < end) {
            for row in 0..feed.fill(&mut columns)?.min(BLOCK) {
                rows.push((columns.arrived[row], columns.input[row], columns.output[row]));
            }
        }
        rows.retain(|row| row.0 < end);
        rows.sort();
    }
    println!("TIMESTAMP,ContextTokens,GeneratedTokens");
    for (at, input, output) in rows {
        let stamp = scenario.start.at(at);
        println!("{},{input},{output}", stamp.strftime("%Y-%m-%d %H:%M:%S%.7f"));
    }
    Ok(())
}
