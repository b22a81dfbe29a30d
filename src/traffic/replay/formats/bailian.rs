//! Qwen-Bailian's traces (Wang et al., "KVCache Cache in the Wild", ATC 2025): seconds from the log's own zero. Only the
//! chats tell them from Mooncake's, whose stamps are milliseconds.

use super::{Clocks, Format, Looks};
use crate::traffic::replay::TimeUnit;

pub(super) const FORMAT: Format = Format {
    looks: &[Looks::Keys { roots: &[""], has: &["timestamp", "input_length", "output_length", "chat_id"], lacks: &[] }],
    time: &["timestamp"],
    clock: Clocks::Since(TimeUnit::Seconds),
    input: &[&["input_length"]],
    output: &[&["output_length"]],
    key: &["hash_ids"],
    ..Format::NONE
};
