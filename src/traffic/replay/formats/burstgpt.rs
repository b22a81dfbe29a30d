//! BurstGPT (Wang et al., "BurstGPT", KDD 2025), with sessions and without: seconds from midnight of the first day. A row of
//! `0,0,0` is a call that failed; it met the limiter all the same, so it counts.

use super::{Clocks, Format, Looks};
use crate::traffic::replay::TimeUnit;
use crate::traffic::replay::outcome::Outcome;

pub(super) const FORMAT: Format = Format {
    looks: &[Looks::Headers(&[
        &["Timestamp", "Model", "Request tokens", "Response tokens", "Total tokens", "Log Type"],
        &[
            "Timestamp",
            "Session ID",
            "Elapsed time",
            "Model",
            "Request tokens",
            "Response tokens",
            "Total tokens",
            "Log Type",
        ],
    ])],
    time: &["Timestamp"],
    clock: Clocks::Since(TimeUnit::Seconds),
    input: &[&["Request tokens"]],
    output: &[&["Response tokens"]],
    failed: Some((&["Response tokens"], Outcome::Is(&["0", "0.0"]))),
    ..Format::NONE
};
