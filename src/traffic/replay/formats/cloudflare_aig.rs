//! Logs of Cloudflare's AI Gateway, as its API gives them. What the gateway's cache answered never reached the provider.

use super::{Format, Looks};
use crate::traffic::replay::layout::Test;
use crate::traffic::replay::outcome::Outcome;

pub(super) const FORMAT: Format = Format {
    looks: &[Looks::Keys {
        roots: &["result", ""],
        has: &["created_at", "provider", "cached", "tokens_in", "tokens_out"],
        lacks: &[],
    }],
    time: &["created_at"],
    input: &[&["tokens_in"]],
    output: &[&["tokens_out"]],
    keep: &[(&["cached"], Test::IsNot(&["true", "1"]), "answered by the gateway's cache")],
    failed: Some((&["success"], Outcome::Success)),
    ..Format::NONE
};
