//! Everything that is tested from outside, in one binary.

#![allow(clippy::print_stdout, reason = "what a test skips or measures is for its reader")]

mod azure_hour;
mod common_random_numbers;
mod errors;
mod generate;
mod golden;
mod laws;
mod reading;
mod recorded_log;
mod round_trip;
mod stability;
mod swarm;
mod theory;
mod toy;
mod traces;
