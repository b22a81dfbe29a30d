//! `scenarios/recorded.csv`, the log that `scenarios/recorded.toml` replays, is made up by ratecast: two hours of traffic
//! in the layout of the Azure LLM inference traces. This makes it again and compares.

use crate::golden;
use ratecast::rng::BLOCK;
use ratecast::scenario::load_text;
use ratecast::traffic::{Columns, Feed};
use ratecast::units::{SimTime, Tokens};
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

#[test]
fn the_recorded_log_is_what_its_traffic_makes() {
    let scenario = load_text("traffic", TRAFFIC, &[]).unwrap().scenario;
    let end = SimTime::ZERO + scenario.duration;
    let mut rows: Vec<(SimTime, Tokens, Tokens)> = Vec::new();
    for (name, traffic) in &scenario.traffic {
        let mut feed = Feed::new(traffic, name, &scenario.setting(0)).unwrap();
        let mut columns = Columns::default();
        while columns.arrived[BLOCK - 1] < end || columns.arrived[BLOCK - 1] == SimTime::NEVER {
            feed.fill(&mut columns).unwrap();
            let row = |at| (columns.arrived[at], columns.input[at], columns.output[at]);
            rows.extend((0..BLOCK).map(row).filter(|row| row.0 < end));
        }
    }
    rows.sort();
    let mut log = "TIMESTAMP,ContextTokens,GeneratedTokens\n".to_owned();
    for (at, input, output) in rows {
        let stamp = scenario.start.at(at);
        log += &format!("{},{input},{output}\n", stamp.strftime("%Y-%m-%d %H:%M:%S%.7f"));
    }
    golden::same(&Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/recorded.csv"), &log);
}
