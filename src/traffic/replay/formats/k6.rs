//! CSV results of k6. Each request is several rows, one for each metric; it is stamped when it is finished, and its duration
//! stands in another row.

use super::{Format, Looks};
use crate::traffic::replay::layout::Test;
use crate::traffic::replay::outcome::Outcome;

pub(super) const FORMAT: Format = Format {
    looks: &[Looks::Keys { roots: &[""], has: &["metric_name", "timestamp", "metric_value"], lacks: &[] }],
    time: &["timestamp"],
    is_completion: true,
    keep: &[(&["metric_name"], Test::Is(&["http_reqs"]), "rows of other metrics")],
    path: &["url"],
    failed: Some((&["status"], Outcome::Http)),
    ..Format::NONE
};
