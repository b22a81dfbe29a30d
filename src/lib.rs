//! A forecast for rate limits: know your 429s, your latency, your bill and your tier before you launch.
//!
//! ratecast replays traffic, made up or recorded, against a model of an API's tiers and of the client that calls it, and
//! says what will happen and what to choose.
//!
//! ```text
//!  scenario ──► traffic ──► client ──► provider ──► recorder ──► metrics ──► plan ──► report
//!  (TOML file   arrivals,   retries,   limiters,    one outcome  estimates   search,  text, JSON,
//!   → Scenario) sizes,      queue,     service      per request  with their  excuses, CSV, charts
//!               logs        deadlines  times, 429                intervals   cost
//!               └────── engine: one event queue, one clock, named random streams ──────┘
//! ```
//!
//! Data goes one way. [`client`] and [`provider`] meet only through [`protocol`]; limiters, retry laws and charging are
//! pure functions or state machines that are told the time; only [`engine`] owns a clock, a queue or a generator. Models
//! (limiters, retry policies, arrival processes, sizes, latencies) are one file and one line in their registry each, and
//! list their parameters once, in [`params`].
//!
//! # Example
//!
//! ```
//! use ratecast::plan::{Options, forecast};
//! use ratecast::scenario::load_text;
//!
//! let text = r#"
//!     duration = "1h"
//!     tiers = ["claude-free", "claude-paid"]
//!     [traffic.app]
//!     arrivals.poisson = { rate = "12/min" }
//! "#;
//! let ready = load_text("example", text, &[]).unwrap();
//! let forecast = forecast(&ready.scenario, Options::default()).unwrap();
//! // Twelve a minute do not fit ten a minute.
//! let refused = forecast.cells[0].metric(ratecast::metrics::Metric::AttemptRejectionRate);
//! assert!(refused.mean.unwrap() > 0.2);
//! ```

#![forbid(unsafe_code)]

pub mod cli;
pub mod client;
pub mod durations;
pub mod engine;
pub mod limiter;
pub mod metrics;
pub mod params;
pub mod plan;
pub mod protocol;
pub mod provider;
pub mod recorder;
pub mod report;
pub mod rng;
pub mod scenario;
pub mod traffic;
pub mod units;
