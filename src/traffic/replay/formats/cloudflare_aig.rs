//! Logs of Cloudflare's AI Gateway, as its API gives them. What the gateway's cache answered never reached the provider.

use super::{Format, Looks};
use crate::traffic::replay::layout::Test;

pub(super) const FORMAT: Format = Format {
    looks: &[Looks::Keys { roots: &["result", ""], has: &["created_at", "tokens_in", "tokens_out"], lacks: &[] }],
    time: &["created_at"],
    input: &[&["tokens_in"]],
    output: &[&["tokens_out"]],
    keep: &[(&["cached"], Test::IsNot(&["true", "1"]), "answered by the gateway's cache")],
    ..Format::NONE
};
