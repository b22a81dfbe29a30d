//! Answers of Prometheus to a range query for counters: of requests and, by their names, of input and output tokens. A counter
//! grows; where it drops, it was reset.

use super::{Clocks, Counts, Format, Looks};
use crate::traffic::replay::TimeUnit;

pub(super) const FORMAT: Format = Format {
    looks: &[Looks::Keys { roots: &["data.result"], has: &["values"], lacks: &[] }],
    time: &["values.0"],
    clock: Clocks::Unix(TimeUnit::Seconds),
    counts: Some(Counts { requests: &["values.1"], end: &[], series: &["metric.__name__"] }),
    ..Format::NONE
};
