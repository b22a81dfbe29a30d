//! Request logs of vLLM's benchmarks, as LLMServingSim publishes them. Only `arrival_time` is on the clock of the world; the
//! other stamps count from the start of the machine.

use super::{Clocks, Format, Looks};
use crate::traffic::replay::TimeUnit;

pub(super) const FORMAT: Format = Format {
    looks: &[Looks::Keys {
        roots: &[""],
        has: &["request_id", "arrival_time", "input_toks", "output_toks"],
        lacks: &[],
    }],
    time: &["arrival_time"],
    clock: Clocks::Unix(TimeUnit::Seconds),
    input: &[&["input_toks"]],
    output: &[&["output_toks"]],
    ..Format::NONE
};
