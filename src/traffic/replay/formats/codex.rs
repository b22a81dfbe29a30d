//! Session files of the Codex command line. A count of tokens is written after each call; some only repeat the last one, with
//! new limits.

use super::{Clocks, Format, Looks};
use crate::traffic::replay::layout::Test;

pub(super) const FORMAT: Format = Format {
    looks: &[
        Looks::Keys { roots: &[""], has: &["timestamp", "payload.info.last_token_usage.output_tokens"], lacks: &[] },
        Looks::Keys { roots: &[""], has: &["timestamp", "type", "payload.type"], lacks: &[] },
    ],
    time: &["timestamp"],
    clock: Clocks::Dates,
    is_completion: true,
    input: &[&["payload.info.last_token_usage.input_tokens"]],
    cached: &[&["payload.info.last_token_usage.cached_input_tokens"]],
    output: &[&["payload.info.last_token_usage.output_tokens"]],
    keep: &[
        (&["payload.type"], Test::Is(&["token_count"]), "lines that are no count of tokens"),
        (&["payload.info.last_token_usage.output_tokens"], Test::Present, "counts of limits only"),
        (&["payload.info.total_token_usage.total_tokens"], Test::Changes, "counts that repeat the one before"),
    ],
    ..Format::NONE
};
