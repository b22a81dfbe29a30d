//! The table `LiteLLM_SpendLogs` of a LiteLLM proxy, exported as CSV or fetched as JSON. Calls that failed have no tokens and
//! met the limiter all the same; answers from the proxy's cache never reached it.

use super::{Format, Looks};
use crate::traffic::replay::layout::Test;
use crate::traffic::replay::outcome::Outcome;

pub(super) const FORMAT: Format = Format {
    looks: &[Looks::Keys {
        roots: &[""],
        has: &["request_id", "startTime", "prompt_tokens", "completion_tokens"],
        lacks: &[],
    }],
    time: &["startTime"],
    input: &[&["prompt_tokens"]],
    output: &[&["completion_tokens"]],
    keep: &[(&["cache_hit"], Test::IsNot(&["true", "1", "t"]), "answered by the proxy's cache")],
    failed: Some((&["status"], Outcome::Status)),
    ..Format::NONE
};
