#![forbid(unsafe_code)]
pub mod client;
pub mod limiter;
pub mod params;
pub mod protocol;
pub mod provider;
pub mod rng;
pub mod traffic;
pub mod units;
