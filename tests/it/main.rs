//! Everything that is tested from outside, in one binary.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what a test skips or measures is for its reader")]
#![allow(clippy::disallowed_methods, reason = "that something is not slow beyond all measure needs a clock")]

mod adaptive;
mod azure_hour;
mod behaviour;
mod broken;
mod broken_logs;
mod catalogue;
mod charging;
mod classes;
mod cli;
mod clients;
mod common_random_numbers;
mod determinism;
mod documents;
mod dresses;
mod errors;
mod fit;
mod flow;
mod foretold;
mod formats;
mod generate;
mod golden;
mod hostile_logs;
mod independent;
mod laws;
mod layers;
mod log_layouts;
mod logs;
mod measure;
mod memory;
mod mutated_logs;
mod outcomes;
mod play;
mod prices;
mod program;
mod published_waits;
mod reading;
mod real_clients;
mod recorded_keys;
mod recorded_log;
mod recorded_sets;
mod round_trip;
mod scenarios;
mod sparing;
mod stability;
mod storms;
mod swarm;
mod theory;
mod toy;
mod traces;
mod users;
mod ways;
mod why;
mod workloads;
