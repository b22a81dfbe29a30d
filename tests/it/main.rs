//! Everything that is tested from outside, in one binary.

mod azure_hour;
mod errors;
mod golden;
mod reading;
mod recorded_log;
mod round_trip;
mod toy;
mod traces;
