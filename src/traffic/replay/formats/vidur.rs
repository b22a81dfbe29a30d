//! vidur's processed traces (Agrawal et al., "Vidur", MLSys 2024): seconds from the log's own zero.

use super::{Clocks, Format, Looks};
use crate::traffic::replay::TimeUnit;

pub(super) const FORMAT: Format = Format {
    looks: &[Looks::Headers(&[&["arrived_at", "num_prefill_tokens", "num_decode_tokens"]])],
    time: &["arrived_at"],
    clock: Clocks::Since(TimeUnit::Seconds),
    input: &[&["num_prefill_tokens"]],
    output: &[&["num_decode_tokens"]],
    ..Format::NONE
};
