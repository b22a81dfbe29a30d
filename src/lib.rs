#![forbid(unsafe_code)]
pub mod cli;
pub mod client;
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
