//! Counts per period under `timestamp,value`, as in the Numenta Anomaly Benchmark, or the data points of CloudWatch's
//! `get-metric-statistics`. Periods without traffic are absent.

use super::{Counts, Format, Looks};

pub(super) const FORMAT: Format = Format {
    looks: &[
        Looks::Headers(&[&["timestamp", "value"]]),
        Looks::Keys { roots: &["Datapoints"], has: &["Timestamp", "Sum"], lacks: &[] },
    ],
    time: &["timestamp", "Timestamp"],
    counts: Some(Counts { requests: &["value", "Sum"], end: &[], series: &[] }),
    notes: &["values are counts of requests"],
    ..Format::NONE
};
