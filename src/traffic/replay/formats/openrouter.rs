//! The activity export of OpenRouter. `tokens_prompt` holds the cached tokens too.

use super::{Format, Looks};

pub(super) const FORMAT: Format = Format {
    looks: &[Looks::Keys {
        roots: &["", "data"],
        has: &["created_at", "tokens_prompt", "tokens_completion"],
        lacks: &[],
    }],
    time: &["created_at"],
    input: &[&["tokens_prompt"]],
    cached: &[&["tokens_cached"]],
    output: &[&["tokens_completion"]],
    ..Format::NONE
};
