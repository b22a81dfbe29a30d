//! The activity export of OpenRouter. `tokens_prompt` holds the cached tokens too.

use super::{Format, Looks};
use crate::traffic::replay::outcome::Outcome;

pub(super) const FORMAT: Format = Format {
    looks: &[Looks::Keys {
        roots: &["", "data"],
        has: &["generation_id", "created_at", "tokens_prompt", "tokens_completion"],
        lacks: &[],
    }],
    time: &["created_at"],
    input: &[&["tokens_prompt"]],
    cached: &[&["tokens_cached"]],
    output: &[&["tokens_completion"]],
    failed: Some((&["finish_reason_normalized"], Outcome::Is(&["error"]))),
    ..Format::NONE
};
