//! OpenTelemetry spans in JSON, as the collector's file exporter writes them. Two generations of names are in use for the
//! counts; spans of agents and tools are no calls of a model, and may repeat the counts of the calls in them.

use super::{Clocks, Format, Looks};
use crate::traffic::replay::TimeUnit;
use crate::traffic::replay::layout::Test;
use crate::traffic::replay::outcome::Outcome;

pub(super) const FORMAT: Format = Format {
    looks: &[Looks::Keys {
        roots: &["resourceSpans.scopeSpans.spans", "batches.scopeSpans.spans"],
        has: &["startTimeUnixNano"],
        lacks: &[],
    }],
    time: &["startTimeUnixNano"],
    clock: Clocks::Unix(TimeUnit::Nanos),
    input: &[&["attributes:gen_ai.usage.input_tokens", "attributes:gen_ai.usage.prompt_tokens"]],
    cached: &[&["attributes:gen_ai.usage.cache_read.input_tokens"]],
    output: &[&["attributes:gen_ai.usage.output_tokens", "attributes:gen_ai.usage.completion_tokens"]],
    keep: &[(
        &["attributes:gen_ai.operation.name"],
        Test::Is(&["chat", "text_completion", "embeddings", "generate_content"]),
        "spans that are no call of a model",
    )],
    notes: &["the trace has every call: a sampled one shows a part of the traffic"],
    failed: Some((&["status.code"], Outcome::Is(&["2", "STATUS_CODE_ERROR"]))),
    ..Format::NONE
};
