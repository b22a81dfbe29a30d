//! Anthropic's usage per minute, hour or day: the Console's CSV export or the pages of the usage API. It counts tokens and no
//! requests, so the scenario says how many tokens a request has.

use super::{Clocks, Counts, Format, Looks};

pub(super) const FORMAT: Format = Format {
    looks: &[
        Looks::Keys {
            roots: &["data"],
            has: &["starting_at", "ending_at", "results.uncached_input_tokens"],
            lacks: &[],
        },
        Looks::Keys { roots: &[""], has: &["usage_date_utc", "usage_output_tokens"], lacks: &[] },
    ],
    time: &["starting_at", "usage_date_utc"],
    clock: Clocks::Days,
    input: &[
        &["results.uncached_input_tokens", "usage_input_tokens_no_cache"],
        &["results.cache_creation.ephemeral_5m_input_tokens", "usage_input_tokens_cache_write_5m"],
        &["results.cache_creation.ephemeral_1h_input_tokens", "usage_input_tokens_cache_write_1h"],
        &["results.cache_read_input_tokens", "usage_input_tokens_cache_read"],
    ],
    cached: &[&["results.cache_read_input_tokens", "usage_input_tokens_cache_read"]],
    output: &[&["results.output_tokens", "usage_output_tokens"]],
    counts: Some(Counts { requests: &[], end: &["ending_at"], series: &[] }),
    ..Format::NONE
};
