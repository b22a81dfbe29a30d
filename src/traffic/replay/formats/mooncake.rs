//! Mooncake's traces (Qin et al., "Mooncake", FAST 2025): milliseconds from the log's own zero, in lots of about three
//! seconds. Prompts are told by the hashes of their blocks of 512 tokens: those with the same list are taken for the same.

use super::{Clocks, Format, Looks};
use crate::traffic::replay::TimeUnit;

pub(super) const FORMAT: Format = Format {
    looks: &[Looks::Keys {
        roots: &[""],
        has: &["timestamp", "input_length", "output_length", "hash_ids"],
        lacks: &["chat_id"],
    }],
    time: &["timestamp"],
    clock: Clocks::Since(TimeUnit::Millis),
    input: &[&["input_length"]],
    output: &[&["output_length"]],
    key: &["hash_ids"],
    ..Format::NONE
};
