//! Exports of Langfuse's observations, as CSV or JSON: of these the generations are calls of a model.

use super::{Clocks, Format, Looks};
use crate::traffic::replay::layout::Test;
use crate::traffic::replay::outcome::Outcome;

pub(super) const FORMAT: Format = Format {
    looks: &[
        Looks::Keys { roots: &["", "data"], has: &["type", "start_time", "trace_id"], lacks: &[] },
        Looks::Keys { roots: &["", "data"], has: &["type", "startTime", "traceId"], lacks: &[] },
    ],
    time: &["start_time", "startTime"],
    clock: Clocks::Dates,
    input: &[&[
        "usage_details.input",
        "usageDetails.input",
        "input_usage",
        "inputUsage",
        "usage.input",
        "prompt_tokens",
        "promptTokens",
    ]],
    output: &[&[
        "usage_details.output",
        "usageDetails.output",
        "output_usage",
        "outputUsage",
        "usage.output",
        "completion_tokens",
        "completionTokens",
    ]],
    keep: &[(&["type"], Test::Is(&["generation"]), "observations that are no generation")],
    failed: Some((&["level"], Outcome::Is(&["error"]))),
    ..Format::NONE
};
