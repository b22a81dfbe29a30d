//! Model invocation logs of Amazon Bedrock, as it writes them to S3. Cached input is counted apart.

use super::{Clocks, Format, Looks};
use crate::traffic::replay::layout::Test;
use crate::traffic::replay::outcome::Outcome;

pub(super) const FORMAT: Format = Format {
    looks: &[Looks::Keys { roots: &[""], has: &["schemaType", "timestamp", "modelId"], lacks: &[] }],
    time: &["timestamp"],
    clock: Clocks::Dates,
    input: &[&["input.inputTokenCount"], &["input.cacheReadInputTokenCount"], &["input.cacheWriteInputTokenCount"]],
    cached: &[&["input.cacheReadInputTokenCount"]],
    output: &[&["output.outputTokenCount"]],
    keep: &[(&["schemaType"], Test::Is(&["ModelInvocationLog"]), "records of another kind")],
    failed: Some((&["errorCode"], Outcome::Error)),
    ..Format::NONE
};
