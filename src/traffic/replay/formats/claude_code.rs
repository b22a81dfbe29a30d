//! Session files of Claude Code. One answer is several lines with the same ids, of which the last has the usage of the whole;
//! lines of users, of tools and of summaries are no requests. The input comes in three parts.

use super::{Clocks, Format, Looks};
use crate::traffic::replay::layout::Test;

pub(super) const FORMAT: Format = Format {
    looks: &[
        Looks::Keys { roots: &[""], has: &["timestamp", "message.id", "message.usage.output_tokens"], lacks: &[] },
        Looks::Keys { roots: &[""], has: &["timestamp", "sessionId", "parentUuid"], lacks: &[] },
        Looks::Keys { roots: &[""], has: &["timestamp", "sessionId", "isSidechain"], lacks: &[] },
    ],
    time: &["timestamp"],
    clock: Clocks::Dates,
    input: &[
        &["message.usage.input_tokens"],
        &["message.usage.cache_creation_input_tokens"],
        &["message.usage.cache_read_input_tokens"],
    ],
    cached: &[&["message.usage.cache_read_input_tokens"]],
    output: &[&["message.usage.output_tokens"]],
    keep: &[
        (&["type"], Test::Is(&["assistant"]), "lines of users, tools and summaries"),
        (&["message.usage.output_tokens"], Test::Present, "answers without a usage"),
        (&["message.model"], Test::IsNot(&["<synthetic>"]), "messages that no model wrote"),
    ],
    once: &[&["message.id"], &["requestId"]],
    notes: &["a line is written when the answer comes, so requests arrived somewhat earlier than stamped"],
    ..Format::NONE
};
