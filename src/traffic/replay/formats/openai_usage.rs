//! OpenAI's usage per minute, hour or day: the dashboard's CSV export or the pages of the usage API. A period has one row, or
//! one result, for each group; they are added up.

use super::{Counts, Format, Looks};

pub(super) const FORMAT: Format = Format {
    looks: &[
        Looks::Keys {
            roots: &[""],
            has: &["start_time", "end_time", "num_model_requests", "input_tokens", "output_tokens"],
            lacks: &[],
        },
        Looks::Keys { roots: &["data"], has: &["start_time", "end_time", "results.num_model_requests"], lacks: &[] },
    ],
    time: &["start_time"],
    input: &[&["results.input_tokens", "input_tokens"]],
    cached: &[&["results.input_cached_tokens", "input_cached_tokens"]],
    output: &[&["results.output_tokens", "output_tokens"]],
    counts: Some(Counts {
        requests: &["results.num_model_requests", "num_model_requests"],
        end: &["end_time"],
        series: &[],
    }),
    ..Format::NONE
};
