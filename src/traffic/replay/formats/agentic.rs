//! Recorded sessions of coding agents (kv-cache-tester), flattened to CSV or one JSON file a session. Each session has its own
//! zero in seconds, so the scenario says when sessions start. Answers were waited for: such traffic slows down with the
//! limiter, which a replay does not.

use super::{Clocks, Format, Looks};
use crate::traffic::replay::TimeUnit;
use crate::traffic::replay::layout::Test;

pub(super) const FORMAT: Format = Format {
    looks: &[
        Looks::Keys { roots: &[""], has: &["session", "t_s", "input_tokens", "output_tokens"], lacks: &[] },
        Looks::Keys { roots: &["requests"], has: &["t", "in", "out", "type"], lacks: &[] },
    ],
    time: &["t_s", "t"],
    clock: Clocks::Since(TimeUnit::Seconds),
    input: &[&["input_tokens", "in"]],
    cached: &[&["cached_input_tokens"]],
    output: &[&["output_tokens", "out"]],
    keep: &[(&["type"], Test::IsNot(&["subagent"]), "sub-agents without their requests")],
    nested: &["requests"],
    session: &["session"],
    notes: &["stamps are fixed, though an agent waits for each answer before it asks again"],
    ..Format::NONE
};
